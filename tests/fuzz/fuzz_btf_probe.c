/* SPDX-License-Identifier: BSD-2-Clause */
/* Probes: the names in hostile BTF asked for, of an index of it and of its types one by one: both say the same. */
#include <stdio.h>
#include <string.h>

#include <bpf/btf.h>

#include "lib/base/buf.h"
#include "lib/btf/btf.h"
#include "lib/btf/index.h"
#include "lib/btf/probe.h"
#include "tests/fuzz/fuzz.h"

enum { MOST_TYPES = 64 };

static void ask(const struct btf_index *ix, const struct btf *btf, const char *words)
{
	bool a = false, b = false;
	struct skep_err err = { 0 };
	int rc = fuzz_checked(btf_probe(ix, words, &a, &err), &err);

	FUZZ_ENSURE(rc == btf_probe_types(btf, words, &b, NULL) && a == b);
	FUZZ_ENSURE(rc == btf_probe_check(words, NULL));
}

/* A type's name with each kind of probe, then with its first member's. */
static void ask_of(const struct btf_index *ix, const struct btf *btf,
		   const struct btf_type *t)
{
	static const char *const kinds[] = { "struct",  "enum", "enumerator",
					     "typedef", "func", "var" };
	const char *name = btf__name_by_offset(btf, t->name_off), *member = NULL;
	char words[1200];

	if (btf_is_composite(t) && btf_vlen(t))
		member = btf__name_by_offset(btf, btf_members(t)->name_off);
	else if (btf_is_enum(t) && btf_vlen(t))
		member = btf__name_by_offset(btf, btf_enum(t)->name_off);
	for (size_t i = 0; i < sizeof(kinds) / sizeof(*kinds); i++) {
		snprintf(words, sizeof(words), "%s %s", kinds[i], name);
		ask(ix, btf, words);
		snprintf(words, sizeof(words), "%s %s.%s", kinds[i], name,
			 member ? member : "x");
		ask(ix, btf, words);
	}
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	struct btf_blob blob = { "vmlinux", data, size };
	struct buf bytes = { 0 };
	struct btf_index *ix = NULL;
	struct btf *btf = NULL;

	if (!btf_from_raw(&btf, data, size, NULL) &&
	    !btf_index_make(&bytes, &blob, 1, 0, NULL) &&
	    !btf_index_own(&ix, &bytes, NULL))
		for (uint32_t i = 1; i < btf__type_cnt(btf) && i < MOST_TYPES; i++)
			ask_of(ix, btf, btf__type_by_id(btf, i));
	btf_index_close(ix);
	btf__free(btf);
	buf_release(&bytes);
	return 0;
}
