/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * Types a skeleton may declare. libbpf prints what BTF says: names that are no
 * identifiers would be C of the object's author in the user's program, and unnamed
 * structs that hold each other have no end.
 */
#include "lib/build/skeleton_parts.h"

#include <ctype.h>
#include <string.h>

#include <bpf/btf.h>

#include "lib/base/text.h"

#define MAX_DEPTH 64
#define MAX_COST  100000
#define ON_PATH   UINT32_MAX

static int fail_name(const char *name, struct skep_err *err)
{
	return skep_fail(err, SKEP_ECORRUPT, "type name '%.64s' is no C identifier",
			 name ? name : "");
}

static int check_name(const struct decls *d, uint32_t off, struct skep_err *err)
{
	const char *name = btf__name_by_offset(d->btf, off);

	return name && text_is_cident(name) ? 0 : fail_name(name, err);
}

static int check_optional_name(const struct decls *d, uint32_t off, struct skep_err *err)
{
	return off ? check_name(d, off, err) : 0;
}

/* "long unsigned int" */
static int check_words(const struct decls *d, uint32_t off, struct skep_err *err)
{
	const char *name = btf__name_by_offset(d->btf, off);
	const char *s = name;

	while (s && (isalnum((unsigned char)*s) || *s == '_' || *s == ' '))
		s++;
	return s && s > name && !*s ? 0 : fail_name(name, err);
}

static int64_t cost_of(struct decls *d, uint32_t id, unsigned int depth,
		       struct skep_err *err);

static int64_t cost_members(struct decls *d, const struct btf_type *t, unsigned int depth,
			    struct skep_err *err)
{
	const struct btf_member *m = btf_members(t);
	int64_t sum = 1;

	for (uint32_t i = 0; i < btf_vlen(t) && sum > 0 && sum <= MAX_COST; i++) {
		int64_t cost = check_optional_name(d, m[i].name_off, err);

		if (!cost)
			cost = cost_of(d, m[i].type, depth, err);
		sum = cost < 0 ? cost : sum + cost;
	}
	return sum;
}

static int64_t cost_params(struct decls *d, const struct btf_type *t, unsigned int depth,
			   struct skep_err *err)
{
	const struct btf_param *p = btf_params(t);
	int64_t sum = cost_of(d, t->type, depth, err);

	for (uint32_t i = 0; i < btf_vlen(t) && sum > 0 && sum <= MAX_COST; i++) {
		int64_t cost = check_optional_name(d, p[i].name_off, err);

		if (!cost)
			cost = cost_of(d, p[i].type, depth, err);
		sum = cost < 0 ? cost : sum + cost;
	}
	return sum;
}

static int64_t cost_enumerators(struct decls *d, const struct btf_type *t,
				struct skep_err *err)
{
	uint32_t n = btf_vlen(t);
	int rc = 0;

	for (uint32_t i = 0; i < n && !rc; i++)
		rc = check_name(d,
				btf_is_enum64(t) ? btf_enum64(t)[i].name_off
						 : btf_enum(t)[i].name_off,
				err);
	return rc ? rc : (int64_t)n + 1;
}

static int64_t cost_of_kind(struct decls *d, const struct btf_type *t, unsigned int depth,
			    struct skep_err *err)
{
	int64_t rc = 0;

	switch (btf_kind(t)) {
	case BTF_KIND_INT:
	case BTF_KIND_FLOAT:
		rc = check_words(d, t->name_off, err);
		return rc ? rc : 1;
	case BTF_KIND_TYPE_TAG:
		rc = check_name(d, t->name_off, err);
		return rc ? rc : cost_of(d, t->type, depth, err);
	case BTF_KIND_PTR:
	case BTF_KIND_CONST:
	case BTF_KIND_VOLATILE:
	case BTF_KIND_RESTRICT:
		return cost_of(d, t->type, depth, err);
	case BTF_KIND_ARRAY:
		return cost_of(d, btf_array(t)->type, depth, err);
	case BTF_KIND_FUNC_PROTO:
		return cost_params(d, t, depth, err);
	case BTF_KIND_FWD:
	case BTF_KIND_TYPEDEF:
		rc = check_name(d, t->name_off, err);
		return rc ? rc : 1;
	case BTF_KIND_STRUCT:
	case BTF_KIND_UNION:
	case BTF_KIND_ENUM:
	case BTF_KIND_ENUM64:
		if (t->name_off) { /* only its name is printed */
			rc = check_name(d, t->name_off, err);
			return rc ? rc : 1;
		}
		return btf_is_composite(t) ? cost_members(d, t, depth, err)
					   : cost_enumerators(d, t, err);
	default:
		return skep_fail(err, SKEP_ECORRUPT,
				 "a variable has a type of BTF kind %u", btf_kind(t));
	}
}

/* Lines a declaration takes, or a negative error. */
static int64_t cost_of(struct decls *d, uint32_t id, unsigned int depth,
		       struct skep_err *err)
{
	const struct btf_type *t = btf__type_by_id(d->btf, id);
	int64_t cost;

	if (!t)
		return skep_fail(err, SKEP_ECORRUPT, "a variable has no type");
	if (!id)
		return 1; /* void */
	if (d->costs[id] == ON_PATH || depth > MAX_DEPTH)
		return skep_fail(err, SKEP_ECORRUPT,
				 "type %u holds itself or is nested too deep", id);
	if (d->costs[id])
		return d->costs[id];
	d->costs[id] = ON_PATH;
	cost = cost_of_kind(d, t, depth + 1, err);
	d->costs[id] = cost > 0 && cost <= MAX_COST ? (uint32_t)cost : 0;
	if (cost > MAX_COST)
		return skep_fail(err, SKEP_ECORRUPT, "type %u takes more than %d lines",
				 id, MAX_COST);
	return cost;
}

int decls_check(struct decls *d, uint32_t type_id, struct skep_err *err)
{
	int64_t cost = cost_of(d, type_id, 0, err);

	return cost < 0 ? (int)cost : 0;
}
