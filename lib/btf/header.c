/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * Writing a header: by kind and name, not by id, so that the headers of two kernels can be compared. libbpf
 * writes the C.
 */
#include "lib/btf/header.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <bpf/btf.h>

#include "lib/base/cleanup.h"
#include "lib/base/embed.h"
#include "lib/base/text.h"
#include "lib/btf/alias.h"
#include "lib/btf/index.h"
#include "lib/btf/messages.h"

#define MAX_HEADER ((size_t)64 << 20)

EMBED(vmlinux_head, "skeletons/vmlinux_head.h.in");
EMBED(vmlinux_tail, "skeletons/vmlinux_tail.h.in");

struct entry {
	uint32_t id;
	int rank;
	const char *name;
};

struct writer {
	struct buf *out;
	const struct header *h;
	struct btf *btf;
	struct btf_dump *dump;
	struct entry *types, *kfuncs;
	size_t type_cnt, kfunc_cnt;
	struct skep_err *err;
};

/* Called for every few words: most are short, and need not be formatted twice. */
static void append(void *ctx, const char *fmt, va_list ap)
{
	struct buf *out = ctx;
	char text[256];
	va_list again;
	int n;

	if (out->len >= MAX_HEADER)
		return;
	va_copy(again, ap);
	n = vsnprintf(text, sizeof(text), fmt, ap);
	if (n >= 0 && n < (int)sizeof(text))
		buf_add(out, text, n);
	else
		buf_vfmt(out, fmt, again);
	va_end(again);
}

/* -1: no definition of its own. Anonymous types are written where they are used, but enums may be free. */
static int rank_of(const struct btf_type *t)
{
	switch (btf_kind(t)) {
	case BTF_KIND_ENUM:
	case BTF_KIND_ENUM64:
		return t->name_off ? 1 : 0;
	case BTF_KIND_TYPEDEF:
		return 2;
	case BTF_KIND_STRUCT:
	case BTF_KIND_UNION:
		return t->name_off ? 3 : -1;
	case BTF_KIND_FWD:
		return 4;
	default:
		return -1;
	}
}

/* An anonymous enum is known by its first constant. */
static const char *sort_name(const struct btf_index *ix, uint32_t id)
{
	const struct btf_type *t = btf_index_type(ix, id);

	if (!t->name_off && btf_vlen(t) && btf_is_any_enum(t))
		return btf_index_str(ix, *(const uint32_t *)(t + 1));
	return btf_index_str(ix, t->name_off);
}

static int compare_entries(const void *a, const void *b)
{
	const struct entry *x = a, *y = b;
	int by_name;

	if (x->rank != y->rank)
		return x->rank < y->rank ? -1 : 1;
	by_name = strcmp(x->name, y->name);
	if (by_name)
		return by_name;
	return (x->id > y->id) - (x->id < y->id);
}

static int compare_ids(const void *a, const void *b)
{
	uint32_t x = *(const uint32_t *)a, y = *(const uint32_t *)b;

	return (x > y) - (x < y);
}

/* The id in btf of one of the index; 0 if it is not there. */
static uint32_t id_in(const struct writer *w, uint32_t id)
{
	uint32_t n = btf__type_cnt(w->btf) - 1;
	const uint32_t *at = bsearch(&id, w->h->ids + 1, n, sizeof(id), compare_ids);

	return at ? at - w->h->ids : 0;
}

static int sort_types(struct writer *w)
{
	uint32_t n = btf__type_cnt(w->btf), id;

	w->types = calloc(n, sizeof(*w->types));
	w->kfuncs = calloc(w->h->kfunc_cnt + 1, sizeof(*w->kfuncs));
	if (!w->types || !w->kfuncs)
		return skep_fail(w->err, ENOMEM, "out of memory");
	for (id = 1; id < n; id++) {
		int rank = rank_of(btf__type_by_id(w->btf, id));

		if (rank >= 0)
			w->types[w->type_cnt++] =
				(struct entry){ id, rank,
						sort_name(w->h->ix, w->h->ids[id]) };
	}
	for (size_t i = 0; i < w->h->kfunc_cnt; i++)
		w->kfuncs[w->kfunc_cnt++] =
			(struct entry){ w->h->kfuncs[i], 0,
					sort_name(w->h->ix, w->h->kfuncs[i]) };
	qsort(w->types, w->type_cnt, sizeof(*w->types), compare_entries);
	qsort(w->kfuncs, w->kfunc_cnt, sizeof(*w->kfuncs), compare_entries);
	return 0;
}

static int write_types(struct writer *w)
{
	struct messages m;
	int ret = 0;
	size_t i;

	messages_begin(&m, NULL);
	for (i = 0; !ret && i < w->type_cnt && w->out->len < MAX_HEADER; i++)
		ret = btf_dump__dump_type(w->dump, w->types[i].id);
	messages_end(&m);
	if (ret == -ENOMEM)
		return skep_fail(w->err, ENOMEM, "out of memory");
	if (ret)
		return skep_fail(w->err, SKEP_ECORRUPT, "malformed BTF: %s",
				 m.first[0] ? m.first : "types cannot be ordered");
	return 0;
}

/* Is it a function that keeps the caller's registers? */
static bool is_fast(const struct btf_index *ix, uint32_t id)
{
	const uint32_t *ids;
	size_t n = btf_index_hooks(ix, BTF_HOOK_FASTCALL, &ids);

	while (n--)
		if (ids[n] == id)
			return true;
	return false;
}

static int write_kfunc(struct writer *w, const struct entry *e)
{
	const struct btf_type *func = btf__type_by_id(w->btf, id_in(w, e->id));
	LIBBPF_OPTS(btf_dump_emit_type_decl_opts, opts, .field_name = e->name);

	buf_fmt(w->out, "extern %s", is_fast(w->h->ix, e->id) ? "__bpf_fastcall " : "");
	if (!btf_is_func(func) || btf_dump__emit_type_decl(w->dump, func->type, &opts))
		return skep_fail(w->err, SKEP_ECORRUPT,
				 "malformed BTF: type of function '%s'", e->name);
	buf_str(w->out, " __weak __ksym;\n");
	return 0;
}

static int write_kfuncs(struct writer *w)
{
	int ret = 0;

	if (!w->kfunc_cnt)
		return 0;
	buf_str(w->out, "#ifndef BPF_NO_KFUNC_PROTOTYPES\n");
	for (size_t i = 0; !ret && i < w->kfunc_cnt && w->out->len < MAX_HEADER; i++)
		/* some are tagged twice */
		if (!i || strcmp(w->kfuncs[i].name, w->kfuncs[i - 1].name))
			ret = write_kfunc(w, &w->kfuncs[i]);
	buf_str(w->out, "#endif /* BPF_NO_KFUNC_PROTOTYPES */\n\n");
	return ret;
}

/*
 * clang warns of an attribute for all structs where there is none. One that is only declared has it, too: if
 * the program defines it, what it defines is relocated.
 */
static void write_frame(struct writer *w, const char *text, bool records)
{
	static const char begin[] = "#ifndef BPF_NO_PRESERVE_ACCESS_INDEX\n";
	static const char end[] = "#endif\n\n";
	const char *guarded = strstr(text, begin), *rest;

	rest = guarded ? strstr(guarded, end) : NULL;
	if (records || !rest) {
		buf_str(w->out, text);
		return;
	}
	buf_add(w->out, text, guarded - text);
	buf_str(w->out, rest + strlen(end));
}

static bool has_records(const struct btf *btf)
{
	uint32_t n = btf__type_cnt(btf), id;

	for (id = 1; id < n; id++) {
		const struct btf_type *t = btf__type_by_id(btf, id);

		if (btf_is_composite(t) || btf_is_fwd(t))
			return true;
	}
	return false;
}

static int write_text(struct writer *w)
{
	bool records = has_records(w->btf);
	int ret;

	w->dump = btf_dump__new(w->btf, append, w->out, NULL);
	if (!w->dump)
		return skep_fail(w->err, ENOMEM, "out of memory");
	write_frame(w, vmlinux_head, records);
	ret = sort_types(w);
	if (!ret)
		ret = write_types(w);
	if (!ret)
		ret = write_kfuncs(w);
	write_frame(w, vmlinux_tail, records);
	btf_dump__free(w->dump);
	free(w->types);
	free(w->kfuncs);
	if (!ret && w->out->len >= MAX_HEADER)
		ret = skep_fail(w->err, SKEP_ECORRUPT,
				"BTF whose header is larger than %zu MiB",
				MAX_HEADER >> 20);
	return ret ? ret : buf_check(w->out, w->err);
}

int header_write(struct buf *out, const struct header *h, const struct aliases *known,
		 struct aliases *learned, struct skep_err *err)
{
	struct writer w = { .out = out, .h = h, .btf = h->btf, .err = err };
	int ret;

	ret = known ? aliases_apply(known, &w.btf, h->ids, err)
		    : aliases_mark(&w.btf, h->ids, h->ix, err);
	if (!ret)
		ret = write_text(&w);
	if (!ret && !known)
		ret = aliases_learn(learned, out, h->ix, err);
	btf__free(w.btf);
	return ret;
}
