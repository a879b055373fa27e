/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * The rival of `skep check`: libbpf's own resolver, over every CO-RE record of an object, once per kernel.
 *
 *   resolve OBJECT BTF...
 *
 * One process for all kernels, each kernel's types parsed as bpf_object__load() parses them, nothing printed but the
 * number of records that do not resolve. It answers less than skep does: no guards, no helpers, no hooks, no words.
 */
#include <stdio.h>
#include <stdlib.h>

#include <linux/err.h>

#include "libbpf.h"

#include "libbpf_internal.h"
#include "relo_core.h"

static int quiet(enum libbpf_print_level level, const char *fmt, va_list args)
{
	return 0;
}

static struct bpf_core_cand_list *search(struct btf *kernel, const struct btf *local,
					 __u32 id)
{
	struct bpf_core_cand_list *cands = calloc(1, sizeof(*cands));
	struct bpf_core_cand cand = { local, id };
	const char *name =
		btf__name_by_offset(local, btf__type_by_id(local, id)->name_off);

	if (*name)
		bpf_core_add_cands(&cand, bpf_core_essential_name_len(name), kernel,
				   "vmlinux", 1, cands);
	return cands;
}

static size_t resolve(struct btf *kernel, const struct btf *local,
		      const struct btf_ext *ext)
{
	struct bpf_core_cand_list **cache = calloc(btf__type_cnt(local), sizeof(*cache));
	const struct btf_ext_info_sec *sec;
	const struct bpf_core_relo *r;
	size_t lacking = 0;
	unsigned int i;

	for_each_btf_ext_sec(&ext->core_relo_info, sec)
	{
		for_each_btf_ext_rec(&ext->core_relo_info, sec, i, r)
		{
			struct bpf_core_spec specs[3] = { 0 };
			struct bpf_core_relo_res res = { 0 };

			if (!cache[r->type_id])
				cache[r->type_id] = search(kernel, local, r->type_id);
			if (bpf_core_calc_relo_insn("", r, i, local, cache[r->type_id],
						    specs, &res) ||
			    res.poison)
				lacking++;
		}
	}
	for (i = 0; i < btf__type_cnt(local); i++)
		if (cache[i])
			bpf_core_free_cands(cache[i]);
	free(cache);
	return lacking;
}

int main(int argc, char **argv)
{
	struct btf_ext *ext = NULL;
	struct btf *local;
	size_t lacking = 0;

	if (argc < 3)
		return 2;
	libbpf_set_print(quiet);
	local = btf__parse(argv[1], &ext);
	if (!local || !ext)
		return 3;
	for (int i = 2; i < argc; i++) {
		struct btf *kernel = btf__parse(argv[i], NULL);

		if (!kernel)
			return 3;
		lacking += resolve(kernel, local, ext);
		btf__free(kernel);
	}
	printf("%zu\n", lacking);
	btf_ext__free(ext);
	btf__free(local);
	return 0;
}
