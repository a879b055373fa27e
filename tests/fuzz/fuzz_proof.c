/* SPDX-License-Identifier: BSD-2-Clause */
/* A proof from outside: what is read, is written and read again the same; logs, cut and counted. */
#include <string.h>

#include "lib/base/json.h"
#include "lib/check/proof.h"
#include "lib/prove/measure_parts.h"
#include "tests/fuzz/fuzz.h"

static char *written(const struct proof *p)
{
	struct json_t *v = proof_json(p);
	char *text = js_canonical(v, NULL);

	FUZZ_ENSURE(text);
	js_free(v);
	return text;
}

static void read_again(const struct proof *p)
{
	char *first = written(p), *second;
	struct proof *again;
	struct json_t *v;

	FUZZ_ENSURE(!js_parse(&v, first, strlen(first), "first", NULL));
	FUZZ_ENSURE(!proof_read(&again, v, NULL));
	second = written(again);
	FUZZ_ENSURE(!strcmp(first, second));
	proof_free(again);
	js_free(v);
	free(first);
	free(second);
}

static void cut(const uint8_t *data, size_t size)
{
	char *log = strndup((const char *)data, size), *kept;
	struct proof_stats stats = { 0 };
	bool was;

	measure_log_stats(log, &stats);
	kept = measure_log_cut(log, size / 2, &was);
	FUZZ_ENSURE(kept && (was || !strcmp(kept, log)));
	FUZZ_ENSURE(strlen(kept) <= size / 2 + 64 || !was);
	free(kept);
	free(log);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	struct skep_err err = { 0 };
	struct proof *p = NULL;
	struct json_t *v;

	cut(data, size);
	if (js_parse(&v, (const char *)data, size, "proof", NULL))
		return 0;
	if (!fuzz_checked(proof_read(&p, v, &err), &err))
		read_again(p);
	proof_free(p);
	js_free(v);
	return 0;
}
