/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * Fuzz: an object judged on a kernel, both hostile, and every finding put in words. Input: u32 size of raw BTF, little
 * endian, the BTF, the object.
 */
#include <string.h>

#include <bpf/libbpf.h>

#include "lib/base/buf.h"
#include "lib/btf/index.h"
#include "lib/check/explain.h"
#include "lib/check/judge.h"
#include "tests/fuzz/fuzz.h"

static struct btf_index *index_of(const void *data, size_t size)
{
	const struct btf_blob blob = { "vmlinux", data, size };
	struct btf_index *ix = NULL;
	struct skep_err err = { 0 };
	struct buf out = { 0 };

	if (!btf_index_make(&out, &blob, 1, 0, &err))
		FUZZ_ENSURE(!btf_index_own(&ix, &out, &err));
	buf_release(&out);
	return ix;
}

static void explain(struct judge *j, const struct verdict *v, const struct target *t)
{
	struct skep_err err = { 0 };
	struct subject s;

	FUZZ_ENSURE(!judge_subject(j, v, &s, &err));
	for (size_t i = 0; i < v->n; i++) {
		const struct finding *f = &v->findings[i];
		const struct need *n =
			f->need == IMAGE_NONE ? NULL : &s.needs->rows[f->need];
		struct explained words;

		if (fuzz_checked(explain_answer(&words, &s, n, f->program, f->arg,
						&f->answer, t, &err),
				 &err))
			return;
		FUZZ_ENSURE(words.what && *words.what);
		explained_release(&words);
	}
}

static void judge(const struct object *o, const struct target *t,
		  enum resolve_policy policy)
{
	const struct verdict *v = NULL, *again = NULL;
	struct skep_err err = { 0 };
	struct judge *j;

	if (fuzz_checked(judge_new(&j, o, policy, &err), &err))
		return;
	if (!fuzz_checked(judge_kernel(j, t, &v, &err), &err)) {
		FUZZ_ENSURE(!judge_kernel(j, t, &again, &err));
		FUZZ_ENSURE(v == again);
		explain(j, v, t);
	}
	judge_free(j);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	struct target t = { .id = (char *)"toy", .release = (char *)"6.1.0" };
	struct skep_err err = { 0 };
	struct object *o;
	uint32_t n;

	libbpf_set_print(NULL);
	if (size < 4)
		return 0;
	memcpy(&n, data, sizeof(n));
	if (n > size - 4)
		return 0;
	t.version = 6 << 16 | 1 << 8;
	t.ix = index_of(data + 4, n);
	if (t.ix &&
	    !fuzz_checked(object_read(&o, data + 4 + n, size - 4 - n, "o", NULL, &err),
			  &err)) {
		judge(o, &t, RESOLVE_USER);
		judge(o, &t, RESOLVE_KERNEL);
		object_free(o);
	}
	btf_index_close(t.ix);
	return 0;
}
