/* SPDX-License-Identifier: BSD-2-Clause */
/* Requirements: needs in words, those of one kind and name together. */
#include "lib/build/require.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include <linux/bpf.h>

#include "lib/base/cleanup.h"
#include "lib/base/text.h"
#include "lib/object/facts.h"

struct names {
	const struct image *im;
	const struct needs *needs;
	const bool *guarded; /* by need */
};

/* A need that becomes part of a row. */
struct part {
	int rank; /* of its kind, in the order of rows */
	const char *kind;
	const struct need *need;
};

static int no_memory(struct skep_err *err)
{
	return skep_fail(err, ENOMEM, "out of memory");
}

static char *release_text(uint32_t version)
{
	return text_fmt("%u.%u", version >> 16, version >> 8 & 0xff);
}

static char *source_text(const struct image_source *s)
{
	/* what -ffile-prefix-map=$PWD=. leaves */
	return text_fmt("%s:%u", s->file + (strncmp(s->file, "./", 2) ? 0 : 2), s->line);
}

/* --- which needs are told of, and under which heading --- */

static const char *relo_words(uint32_t kind)
{
	switch (kind) {
	case BPF_CORE_TYPE_ID_LOCAL:
		return NULL;
	case BPF_CORE_FIELD_EXISTS:
		return "field exists";
	case BPF_CORE_TYPE_EXISTS:
	case BPF_CORE_TYPE_MATCHES:
		return "type exists";
	case BPF_CORE_TYPE_ID_TARGET:
	case BPF_CORE_TYPE_SIZE:
		return "type";
	case BPF_CORE_ENUMVAL_EXISTS:
		return "enum value exists";
	case BPF_CORE_ENUMVAL_VALUE:
		return "enum value";
	default:
		return "field";
	}
}

static bool part_of(struct part *out, const struct names *in, const struct need *n)
{
	out->need = n;
	out->rank = n->kind;
	out->kind = need_kind_name(n->kind);
	if (!n->use_cnt)
		return false;
	switch (n->kind) {
	case NEED_HELPER_IN: /* the helper's own row has the same programs */
	case NEED_HOOK_ARG:
	case NEED_KFUNC_ADDRESS: /* asks, and needs nothing */
		return false;
	case NEED_HOOK: /* of struct_ops: a map of the object's own */
		return in->im->o->programs[n->id].prog_type != BPF_PROG_TYPE_STRUCT_OPS;
	case NEED_KFUNC_IN: /* a strong kfunc's own row is the object's */
		out->rank = NEED_KFUNC;
		out->kind = need_kind_name(NEED_KFUNC);
		return true;
	case NEED_RELO:
		out->kind = relo_words(in->im->ext.relos.rows[n->id].relo.kind);
		return out->kind;
	default:
		return true;
	}
}

static int by_row(const void *a, const void *b)
{
	const struct part *x = a, *y = b;

	if (x->rank != y->rank)
		return x->rank - y->rank;
	return strcmp(x->kind, y->kind) ?: strcmp(x->need->name, y->need->name)
		       ?: (x->need > y->need) - (x->need < y->need);
}

static bool one_row(const struct part *a, const struct part *b)
{
	return !strcmp(a->kind, b->kind) && !strcmp(a->need->name, b->need->name);
}

/* --- rows --- */

static int add_text(char ***list, size_t *n, char *text)
{
	char **grown = text ? reallocarray(*list, *n + 1, sizeof(*grown)) : NULL;

	if (!grown) {
		free(text);
		return -ENOMEM;
	}
	*list = grown;
	grown[(*n)++] = text;
	return 0;
}

static int by_source(const void *a, const void *b)
{
	const struct image_source *x = a, *y = b;

	return strcmp(x->file, y->file) ?: (x->line > y->line) - (x->line < y->line);
}

static int add_sources(struct requirement *r, struct image_source *all, size_t n,
		       struct skep_err *err)
{
	if (n)
		qsort(all, n, sizeof(*all), by_source);
	for (size_t i = 0; i < n; i++)
		if ((!i || by_source(&all[i - 1], &all[i])) &&
		    add_text(&r->sources, &r->source_cnt, source_text(&all[i])))
			return no_memory(err);
	return 0;
}

/* Of a feature, which may be on every line, the first place is enough. */
static int fill_sources(struct requirement *r, const struct names *in,
			const struct part *parts, size_t n, struct skep_err *err)
{
	_cleanup_free_ struct image_source *all = NULL;
	size_t room = n, cnt = 0, i;

	for (i = 0; i < n; i++)
		room += parts[i].need->use_cnt;
	all = calloc(room, sizeof(*all));
	if (!all)
		return no_memory(err);
	for (i = 0; i < n; i++) {
		const struct need *row = parts[i].need;

		if (row->at != IMAGE_NONE && image_source(in->im, row->at, &all[cnt]))
			cnt++;
		for (uint32_t j = 0; j < row->use_cnt && row->kind != NEED_FEATURE; j++) {
			uint32_t insn = in->needs->uses[row->use_first + j].insn;

			if (insn != IMAGE_NONE && image_source(in->im, insn, &all[cnt]))
				cnt++;
		}
	}
	return add_sources(r, all, cnt, err);
}

static int fill_programs(struct requirement *r, const struct names *in,
			 const struct part *parts, size_t n, struct skep_err *err)
{
	const struct object *o = in->im->o;
	_cleanup_free_ bool *seen = calloc(o->program_cnt + 1, sizeof(*seen));

	if (!seen)
		return no_memory(err);
	for (size_t i = 0; i < n; i++) {
		const struct need *row = parts[i].need;

		for (uint32_t j = 0; j < row->use_cnt; j++) {
			uint32_t p = in->needs->uses[row->use_first + j].program;

			if (p != IMAGE_NONE)
				seen[p] = true;
		}
	}
	for (size_t i = 0; i < o->program_cnt; i++)
		if (seen[i] &&
		    add_text(&r->programs, &r->program_cnt, strdup(o->programs[i].name)))
			return no_memory(err);
	return 0;
}

static int fill_row(struct requirement *r, const struct names *in,
		    const struct part *parts, size_t n, struct skep_err *err)
{
	uint32_t since = need_since(parts->need);
	int ret;

	r->kind = strdup(parts->kind);
	r->name = strdup(parts->need->name);
	r->since = since ? release_text(since) : NULL;
	if (!r->kind || !r->name || (since && !r->since))
		return no_memory(err);
	r->guarded = true;
	for (size_t i = 0; i < n; i++)
		r->guarded = r->guarded && in->guarded[parts[i].need - in->needs->rows];
	ret = fill_programs(r, in, parts, n, err);
	return ret ?: fill_sources(r, in, parts, n, err);
}

static int fill_rows(struct requirements *r, const struct names *in, struct skep_err *err)
{
	_cleanup_free_ struct part *parts = calloc(in->needs->n + 1, sizeof(*parts));
	size_t n = 0, i, end;
	int ret = 0;

	r->rows = calloc(in->needs->n + 1, sizeof(*r->rows));
	if (!parts || !r->rows)
		return no_memory(err);
	for (i = 0; i < in->needs->n; i++)
		n += part_of(&parts[n], in, &in->needs->rows[i]);
	qsort(parts, n, sizeof(*parts), by_row);
	for (i = 0; i < n && !ret; i = end) {
		for (end = i + 1; end < n && one_row(&parts[i], &parts[end]); end++)
			;
		ret = fill_row(&r->rows[r->n++], in, &parts[i], end - i, err);
	}
	return ret;
}

/* --- the whole --- */

static int level_of(int32_t feature)
{
	switch (feature) {
	case FEATURE_JLT:
		return 2;
	case FEATURE_JMP32:
	case FEATURE_ATOMICS:
		return 3;
	case FEATURE_SDIV:
	case FEATURE_MOVSX:
	case FEATURE_LDSX:
	case FEATURE_BSWAP:
	case FEATURE_GOTOL:
	case FEATURE_LOAD_ACQUIRE:
	case FEATURE_GOTOX:
		return 4;
	default:
		return 1;
	}
}

static char *isa_text(const struct needs *n)
{
	int level = 1;

	for (size_t i = 0; i < n->n; i++)
		if (n->rows[i].kind == NEED_FEATURE && level_of(n->rows[i].id) > level)
			level = level_of(n->rows[i].id);
	return text_fmt("v%d", level);
}

static char *because_text(const struct need *n)
{
	bool in = n->kind == NEED_HELPER_IN || n->kind == NEED_KFUNC_IN;
	const struct facts_type *t = in ? facts_prog_type(n->type) : NULL;

	if (!t)
		return text_fmt("%s %s", need_kind_name(n->kind), n->name);
	return text_fmt("%s %s in programs of type %s",
			n->kind == NEED_HELPER_IN ? "helper" : "kfunc", n->name,
			t->name + strlen("BPF_PROG_TYPE_"));
}

static int fill_minimum(struct requirements *r, const struct names *in,
			struct need_minimum m, struct skep_err *err)
{
	const struct need *n = &in->needs->rows[m.need];
	struct image_source s;

	if (!m.version)
		return 0;
	r->minimum = release_text(m.version);
	r->because = because_text(n);
	if (!r->minimum || !r->because)
		return no_memory(err);
	if (n->at == IMAGE_NONE || !image_source(in->im, n->at, &s))
		return 0;
	r->source = source_text(&s);
	return r->source ? 0 : no_memory(err);
}

/*
 * The least release at which what is reached there needs no later one. Checks of the release make this a fixed point: each
 * round judges the code as the release that the one before asked for sees it.
 */
static int find_minimum(struct need_minimum *out, bool **guarded, const struct image *im,
			const struct needs *n, struct skep_err *err)
{
	uint32_t version = 0;
	int ret;

	for (int round = 0;; round++) {
		ret = require_guarded(guarded, im, n, version, err);
		if (ret)
			return ret;
		*out = needs_minimum(n, im, *guarded);
		if (out->version <= version || round == 16)
			return 0;
		version = out->version;
		free(*guarded);
		*guarded = NULL;
	}
}

static int fill(struct requirements *r, const struct image *im, const struct needs *n,
		struct skep_err *err)
{
	_cleanup_free_ bool *guarded = NULL;
	struct names in = { .im = im, .needs = n };
	struct need_minimum m;
	int ret;

	ret = find_minimum(&m, &guarded, im, n, err);
	if (ret)
		return ret;
	in.guarded = guarded;
	r->isa = isa_text(n);
	if (!r->isa)
		return no_memory(err);
	ret = fill_minimum(r, &in, m, err);
	return ret ?: fill_rows(r, &in, err);
}

int require_object(struct requirements **out, const struct object *o, struct skep_err *err)
{
	struct requirements *r = calloc(1, sizeof(*r));
	struct image im = { 0 };
	struct needs n = { 0 };
	int ret = r ? image_read(&im, o, err) : no_memory(err);

	if (!ret)
		ret = needs_read(&n, &im, err);
	if (!ret)
		ret = fill(r, &im, &n, err);
	needs_release(&n);
	image_release(&im);
	if (ret) {
		skep_err_at(err, o->where, 0, 0);
		requirements_free(r);
	} else {
		*out = r;
	}
	return ret;
}
