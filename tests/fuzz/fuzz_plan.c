/* SPDX-License-Identifier: BSD-2-Clause */
/* A plan: what is read, is written and read again the same. */
#include <string.h>

#include "lib/prove/plan.h"
#include "tests/fuzz/fuzz.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	struct buf first = { 0 }, second = { 0 };
	struct skep_err err = { 0 };
	struct plan *p, *again;

	if (fuzz_checked(plan_read(&p, (const char *)data, size, &err), &err))
		return 0;
	FUZZ_ENSURE(!plan_write(p, &first, NULL));
	FUZZ_ENSURE(!plan_read(&again, first.data, first.len, NULL));
	FUZZ_ENSURE(!plan_write(again, &second, NULL));
	FUZZ_ENSURE(first.len == second.len &&
		    !memcmp(first.data, second.data, first.len));
	plan_free(p);
	plan_free(again);
	buf_release(&first);
	buf_release(&second);
	return 0;
}
