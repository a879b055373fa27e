/* SPDX-License-Identifier: BSD-2-Clause */
/* Core: CO-RE records by name, and libbpf's own resolver on a kernel. */
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "oracle.h"
#include "signature.h"

static size_t hash_text(long key, void *ctx)
{
	return str_hash((const char *)key);
}

static bool equal_text(long a, long b, void *ctx)
{
	return strcmp((const char *)a, (const char *)b) == 0;
}

struct hashmap *text_table(void)
{
	return hashmap__new(hash_text, equal_text, NULL);
}

static size_t hash_id(long key, void *ctx)
{
	return key * 2654435761u;
}

static bool equal_id(long a, long b, void *ctx)
{
	return a == b;
}

bool holds_type_id(const struct bpf_core_relo *r)
{
	return r->kind == BPF_CORE_TYPE_ID_LOCAL || r->kind == BPF_CORE_TYPE_ID_TARGET;
}

static const char *const KINDS[] = {
	"byte_off",       "byte_sz",       "field_exists",   "signed",      "lshift_u64",
	"rshift_u64",     "local_type_id", "target_type_id", "type_exists", "type_size",
	"enumval_exists", "enumval_value", "type_matches",
};

static void print_record(const struct program *o, const char *section, int number,
			 const struct bpf_core_relo *r)
{
	const char *access = btf__name_by_offset(o->btf, r->access_str_off);
	struct bpf_core_spec spec = { 0 };

	printf("core %d %s+%#x %s ", number, section, r->insn_off,
	       r->kind < sizeof(KINDS) / sizeof(*KINDS) ? KINDS[r->kind] : "?");
	signature_print(stdout, o->btf, r->type_id,
			r->kind == BPF_CORE_TYPE_ID_LOCAL ? SIGNATURE_VALUE
							  : SIGNATURE_NAME);
	printf(" %s", access);
	if (bpf_core_parse_spec("oracle", o->btf, r, &spec))
		printf(" malformed");
	for (int i = 0; i < spec.len; i++)
		if (spec.spec[i].name)
			printf(".%s", spec.spec[i].name);
		else
			printf("[%u]", spec.spec[i].idx);
	printf("\n");
}

static struct bpf_core_cand_list *all_candidates(struct target *t, struct btf *btf,
						 __u32 id, const char *name)
{
	struct bpf_core_cand local = { .btf = btf, .id = id };
	const struct btf_type *type = btf__type_by_id(btf, id);
	int kind = btf_is_any_enum(type) ? BTF_KIND_ENUM : btf_kind(type);
	struct bpf_core_cand_list *list;
	char *key;

	if (asprintf(&key, "%d %.*s", kind, (int)bpf_core_essential_name_len(name),
		     name) < 0)
		exit(3);
	if (hashmap__find(t->found, key, &list)) {
		free(key);
		return list;
	}
	list = calloc(1, sizeof(*list));
	if (bpf_core_add_cands(&local, bpf_core_essential_name_len(name), t->btf, t->name,
			       1, list))
		exit(3);
	hashmap__add(t->found, key, list);
	return list;
}

/* By local type id, as libbpf does: relocations prune what later ones of the same type see. */
static struct bpf_core_cand_list *candidates(struct hashmap *cache, struct target *t,
					     struct btf *btf, __u32 id)
{
	const char *name = btf__name_by_offset(btf, btf__type_by_id(btf, id)->name_off);
	struct bpf_core_cand_list *list, *all;

	if (!name[0])
		return NULL;
	if (hashmap__find(cache, id, &list))
		return list;
	all = all_candidates(t, btf, id, name);
	list = calloc(1, sizeof(*list));
	list->len = all->len;
	list->cands = calloc(all->len + 1, sizeof(*list->cands));
	if (all->len)
		memcpy(list->cands, all->cands, all->len * sizeof(*list->cands));
	hashmap__add(cache, id, list);
	return list;
}

static void print_result(const struct target *t, int number, int err,
			 const struct bpf_core_relo *r,
			 const struct bpf_core_relo_res *res,
			 const struct bpf_core_cand_list *cands)
{
	printf("%s core %d err %d", t->name, number, err);
	if (!err) {
		printf(" poison %d validate %d", res->poison, res->validate);
		if (!holds_type_id(r))
			printf(" orig %llu", (unsigned long long)res->orig_val);
		if (r->kind != BPF_CORE_TYPE_ID_LOCAL)
			printf(" new %llu", (unsigned long long)res->new_val);
		printf(" size %u -> %u memsz %d", res->orig_sz, res->new_sz,
		       res->fail_memsz_adjust);
	}
	for (int i = 0; cands && i < cands->len; i++)
		printf(" [%u]", cands->cands[i].id);
	printf("\n");
}

static void resolve(const struct program *o, struct target *t, struct hashmap *cache,
		    int number, const struct bpf_core_relo *r)
{
	struct bpf_core_cand_list *cands = NULL;
	struct bpf_core_relo_res res = { 0 };
	struct bpf_core_spec specs[3] = { 0 };
	int err = 0;

	if (r->kind != BPF_CORE_TYPE_ID_LOCAL) {
		cands = candidates(cache, t, o->btf, r->type_id);
		err = cands ? 0 : -EINVAL;
	}
	if (!err)
		err = bpf_core_calc_relo_insn("oracle", r, number, o->btf, cands, specs,
					      &res);
	print_result(t, number, err, r, &res, cands);
}

static void free_cache(struct hashmap *cache)
{
	struct hashmap_entry *e;
	size_t i;

	hashmap__for_each_entry(cache, e, i) bpf_core_free_cands(e->pvalue);
	hashmap__free(cache);
}

void print_core(const struct program *o, struct target *t)
{
	const struct btf_ext_info *seg = &o->ext->core_relo_info;
	struct hashmap *cache = hashmap__new(hash_id, equal_id, NULL);
	const struct btf_ext_info_sec *sec;
	const struct bpf_core_relo *r;
	unsigned int i;
	int number = 0;

	for_each_btf_ext_sec(seg, sec)
	{
		const char *section = btf__name_by_offset(o->btf, sec->sec_name_off);

		for_each_btf_ext_rec(seg, sec, i, r)
		{
			if (t)
				resolve(o, t, cache, number++, r);
			else
				print_record(o, section, number++, r);
		}
	}
	free_cache(cache);
}
