/* SPDX-License-Identifier: BSD-2-Clause */
/* What all harnesses share: one entry point, and that an error says what it is. */
#ifndef TESTS_FUZZ_FUZZ_H
#define TESTS_FUZZ_FUZZ_H

#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>

#include <skep/error.h>

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

#define FUZZ_ENSURE(cond)        \
	do {                     \
		if (!(cond))     \
			abort(); \
	} while (0)

/* A refusal has a code and a text; success leaves no error behind. */
static inline int fuzz_checked(int ret, const struct skep_err *err)
{
	FUZZ_ENSURE(ret <= 0);
	FUZZ_ENSURE(!ret == !err->code);
	FUZZ_ENSURE(!ret || err->what[0]);
	return ret;
}

#endif
