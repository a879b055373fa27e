/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * Decode: a sample of arbitrary bytes by arbitrary BTF. What comes out is JSON, and text that steers
 * no terminal. The input is BTF, and its last bytes are the sample too.
 */
#include <string.h>

#include <bpf/btf.h>
#include <jansson.h>

#include "lib/btf/btf.h"
#include "lib/run/decode.h"
#include "lib/run/shape.h"
#include "tests/fuzz/fuzz.h"

#define MAX_TYPES  64
#define MAX_SAMPLE 512

static void check_json(const struct shape *shape, const void *sample, size_t size)
{
	struct buf out = { 0 };
	json_error_t why;
	json_t *value;

	decode_json(shape, sample, size, &out);
	value = json_loadb(out.data ? out.data : "", out.len, JSON_DECODE_ANY, &why);
	/* numbers beyond what jansson holds are still JSON */
	FUZZ_ENSURE(value || !strncmp(why.text, "too big", 7) ||
		    !strncmp(why.text, "real number", 11) ||
		    !strncmp(why.text, "maximum parsing depth", 21));
	json_decref(value);
	buf_release(&out);
}

static void check_text(const struct shape *shape, const void *sample, size_t size)
{
	struct buf out = { 0 };

	for (size_t i = 0; i < shape->field_cnt; i++) {
		if (!field_is_value(&shape->fields[i]))
			continue;
		decode_text(shape, &shape->fields[i], sample, size, &out);
		FUZZ_ENSURE(decode_width(shape, &shape->fields[i]) <= 39);
	}
	for (size_t i = 0; i < out.len; i++)
		FUZZ_ENSURE((unsigned char)out.data[i] >= 0x20 && out.data[i] != 0x7f);
	buf_release(&out);
}

static void check_type(const struct btf *btf, uint32_t id, const void *sample, size_t size)
{
	struct skep_err err = { 0 };
	struct shape *shape;

	if (fuzz_checked(shape_new(&shape, btf, id, &err), &err))
		return;
	check_json(shape, sample, size);
	check_text(shape, sample, size);
	shape_free(shape);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	size_t len = size < MAX_SAMPLE ? size : MAX_SAMPLE;
	struct skep_err err = { 0 };
	uint8_t *sample;
	struct btf *btf;

	if (fuzz_checked(btf_from_raw(&btf, data, size, &err), &err))
		return 0;
	for (uint32_t id = 1; id < btf__type_cnt(btf) && id < MAX_TYPES; id++) {
		/* shorter and shorter, each of its own, so that reading past the end is seen */
		size_t part = len >> id % 8;

		sample = malloc(part ? part : 1);
		if (!sample)
			break;
		memcpy(sample, data + size - part, part);
		check_type(btf, id, sample, part);
		free(sample);
	}
	btf__free(btf);
	return 0;
}
