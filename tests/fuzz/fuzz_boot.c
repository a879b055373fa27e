/* SPDX-License-Identifier: BSD-2-Clause */
/* What a guest says, one message a line: heard until one does not fit; then why it failed, from the same bytes as its console. */
#include <stdlib.h>
#include <string.h>

#include "lib/base/json.h"
#include "lib/prove/boot_parts.h"
#include "tests/fuzz/fuzz.h"

#define OBJECTS 3

static void hear_all(struct attempt *a, const char *text, size_t size)
{
	const char *end = text + size, *next;

	for (; text < end && a->end == END_NOT_YET; text = next + 1) {
		struct skep_err err = { 0 };
		struct json_t *m = NULL;

		next = memchr(text, '\n', (size_t)(end - text));
		if (!next)
			next = end;
		if (!js_parse(&m, text, (size_t)(next - text), "line", NULL) &&
		    fuzz_checked(boot_hear(a, m, &err), &err))
			a->end = END_DAMAGED;
		js_free(m);
	}
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	struct boot b = { .id = "kernel", .object_cnt = OBJECTS, .stimulus_status = -1 };
	struct attempt a = { .boot = &b, .number = 1, .word_ns = 1 };
	size_t i, proofs = 0;

	b.proofs = calloc(OBJECTS, sizeof(*b.proofs));
	hear_all(&a, (const char *)data, size);
	for (i = 0; i < OBJECTS; i++)
		proofs += b.proofs[i] != NULL;
	FUZZ_ENSURE(proofs == a.proof_cnt);
	console_add(&a.console, (const char *)data, size);
	for (a.end = END_DONE; a.end <= END_FLOOD; a.end++) {
		boot_reason(&a);
		FUZZ_ENSURE(b.reason && *b.reason && !strchr(b.reason, '\n'));
	}
	attempt_release(&a);
	boot_release(&b);
	return 0;
}
