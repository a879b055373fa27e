/* SPDX-License-Identifier: BSD-2-Clause */
/* A verifier's log, as a guest may have written it: read, collapsed, counted. */
#include <errno.h>
#include <string.h>

#include "lib/run/verifier.h"
#include "tests/fuzz/fuzz.h"

static void read_log(const char *log)
{
	struct skep_err err = { 0 };
	struct verifier_reading r;
	struct buf line = { 0 };

	if (fuzz_checked(verifier_read(&r, log, log, EINVAL, NULL, "x", &err), &err))
		return;
	FUZZ_ENSURE(r.line && (!r.key || (r.cause && r.remedy)));
	verifier_one_line(&r, &line);
	FUZZ_ENSURE(line.len && !memchr(line.data, '\n', line.len));
	buf_release(&line);
	verifier_release(&r);
}

static void collapse(const char *log, size_t size)
{
	struct skep_err err = { 0 };
	struct buf out = { 0 };

	if (!fuzz_checked(verifier_collapse(log, &out, &err), &err))
		FUZZ_ENSURE(out.len <= 8 * size + 64);
	buf_release(&out);
}

static void count(const char *log)
{
	struct skep_err err = { 0 };
	struct verifier_hot *hot;
	size_t n;

	if (!fuzz_checked(verifier_hot_lines(log, NULL, NULL, &hot, &n, &err), &err))
		verifier_hot_free(hot, n);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	char *log = malloc(size + 1);

	if (!log)
		return 0;
	memcpy(log, data, size);
	log[size] = '\0';
	read_log(log);
	collapse(log, strlen(log));
	count(log);
	free(log);
	return 0;
}
