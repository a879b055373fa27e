/* SPDX-License-Identifier: BSD-2-Clause */
/* skep_btf_info(): what there is, counted. */
#include <string.h>

#include <bpf/btf.h>
#include <skep/btf.h>

#include "lib/base/cleanup.h"
#include "lib/base/opts.h"
#include "lib/btf/hook.h"
#include "lib/btf/index.h"
#include "lib/check/btf_kernel.h"

static const char *const kinds[] = {
	[BTF_KIND_INT] = "int",
	[BTF_KIND_PTR] = "ptr",
	[BTF_KIND_ARRAY] = "array",
	[BTF_KIND_STRUCT] = "struct",
	[BTF_KIND_UNION] = "union",
	[BTF_KIND_ENUM] = "enum",
	[BTF_KIND_FWD] = "fwd",
	[BTF_KIND_TYPEDEF] = "typedef",
	[BTF_KIND_VOLATILE] = "volatile",
	[BTF_KIND_CONST] = "const",
	[BTF_KIND_RESTRICT] = "restrict",
	[BTF_KIND_FUNC] = "func",
	[BTF_KIND_FUNC_PROTO] = "func_proto",
	[BTF_KIND_VAR] = "var",
	[BTF_KIND_DATASEC] = "datasec",
	[BTF_KIND_FLOAT] = "float",
	[BTF_KIND_DECL_TAG] = "decl_tag",
	[BTF_KIND_TYPE_TAG] = "type_tag",
	[BTF_KIND_ENUM64] = "enum64",
};

static void add_kinds(struct skep_node *root, const struct btf_index *ix)
{
	struct skep_node *table = skep_node_table(root, "kinds", "types");
	uint32_t count[ARRAY_SIZE(kinds)] = { 0 }, id;

	for (id = 1; id < btf_index_info(ix)->cnt; id++) {
		const struct btf_type *t = btf_index_type(ix, id);

		if (t && btf_kind(t) < ARRAY_SIZE(kinds))
			count[btf_kind(t)]++;
	}
	for (size_t i = 0; i < ARRAY_SIZE(kinds); i++) {
		struct skep_node *row;

		if (!kinds[i] || !count[i])
			continue;
		row = skep_node_row(table);
		skep_node_str(row, "kind", "", kinds[i]);
		skep_node_uint(row, "count", "", count[i]);
	}
}

static void add_hooks(struct skep_node *root, const struct btf_index *ix)
{
	static const struct {
		enum btf_index_hook kind;
		const char *key, *label;
	} rows[] = {
		{ BTF_HOOK_KFUNC, "kfuncs", "kfuncs" },
		{ BTF_HOOK_TRACEPOINT, "tracepoints", "tracepoints" },
		{ BTF_HOOK_LSM, "lsm_hooks", "LSM hooks" },
		{ BTF_HOOK_ITER, "iterators", "iterators" },
		{ BTF_HOOK_STRUCT_OPS, "struct_ops", "struct_ops" },
	};

	for (size_t i = 0; i < ARRAY_SIZE(rows); i++)
		skep_node_uint(root, rows[i].key, rows[i].label,
			       hook_count(ix, rows[i].kind));
}

/* A thousand modules are for programs to read: people get their number. */
static void add_modules(struct skep_node *root, const struct btf_index *ix)
{
	struct skep_node *table = skep_node_table(root, "modules", NULL);
	struct btf_index_part part;

	for (uint32_t i = 1; btf_index_part(ix, i, &part); i++) {
		struct skep_node *row = skep_node_row(table);

		skep_node_str(row, "name", "", part.name);
		skep_node_uint(row, "types", "types", part.cnt);
	}
}

/* Names of functions: several may share one. */
static size_t count_functions(const struct btf_index *ix)
{
	const uint32_t *ids;
	const char *name;
	uint32_t cursor = 0;
	size_t n, count = 0;

	while (btf_index_each(ix, BTF_INDEX_FUNC, &cursor, &name, &ids, &n))
		count++;
	return count;
}

static void add_digest(struct skep_node *root, const struct btf_index_info *info)
{
	char hex[SKEP_SHA256_HEX];

	hex_encode(info->digest, SKEP_SHA256_LEN, hex);
	skep_node_fmt(root, "digest", "digest", "sha256:%s", hex);
}

static void fill(struct skep_node *root, const struct btf_kernel *k)
{
	const struct btf_index_info *info = btf_index_info(k->ix);

	skep_node_str(root, "source", "types of", k->name);
	if (k->release)
		skep_node_str(root, "release", "release", k->release);
	if (k->arch)
		skep_node_str(root, "arch", "architecture", k->arch->name);
	skep_node_uint(root, "pointer_size", "pointer size", info->ptr_size);
	skep_node_str(root, "byte_order", "byte order",
		      info->big_endian ? "big" : "little");
	add_digest(root, info);
	skep_node_uint(root, "types", "types", info->cnt - 1);
	skep_node_uint(root, "functions", "functions", count_functions(k->ix));
	add_hooks(root, k->ix);
	skep_node_uint(root, "module_count", "modules", info->part_cnt - 1);
	add_kinds(root, k->ix);
	add_modules(root, k->ix);
}

int skep_btf_info(const struct skep_types *types, const struct skep_btf_opts *opts,
		  struct skep_report *report, struct skep_err *err)
{
	struct skep_btf_opts o;
	struct btf_kernel k;
	int ret;

	ret = opts_take(&o, sizeof(o), opts, err);
	if (!ret)
		ret = btf_kernel_open(&k, types, &o, err);
	if (ret)
		return ret;
	fill(skep_report_root(report), &k);
	btf_kernel_close(&k);
	return 0;
}
