/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * libbpf's own load, up to what it would submit. A program is its function's instructions and, behind them, those of
 * all functions that it calls: where each begins, the relocated calls tell.
 */
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "libbpf.h"

#include "patched.h"

/* How far it got, from its log. */
static struct progress {
	bool began, failed;
	char function[256];
	unsigned int number; /* of the record that failed, within its section */
} progress;

static int follow(enum libbpf_print_level level, const char *fmt, va_list args)
{
	char line[1024];
	int n = 0;

	if (!strstr(fmt, "CO-RE reloc") && !strstr(fmt, "relo #%d: failed to "))
		return 0;
	vsnprintf(line, sizeof(line), fmt, args);
	if (strstr(line, ": found ") && strstr(line, " CO-RE relocations"))
		progress.began = true;
	if (sscanf(line, "libbpf: prog '%255[^']': relo #%u: failed to%n",
		   progress.function, &progress.number, &n) == 2 &&
	    n)
		progress.failed = true;
	return 0;
}

static struct bpf_object *prepared(const struct image *im, const struct kernel *k)
{
	LIBBPF_OPTS(bpf_object_open_opts, opts, .btf_custom_path = k->path);
	struct bpf_object *o = bpf_object__open_mem(im->o->data, im->o->size, &opts);
	struct bpf_program *p;
	struct bpf_map *m;

	if (!o)
		return NULL;
	bpf_object__for_each_program(p, o) bpf_program__set_autoload(p, true);
	bpf_object__for_each_map(m, o)
	{
		/* whose programs libbpf loads only with their map */
		if (bpf_map__type(m) != BPF_MAP_TYPE_STRUCT_OPS)
			bpf_map__set_autocreate(m, false);
	}
	libbpf_set_print(follow);
	bpf_object__prepare(o);
	libbpf_set_print(NULL);
	return o;
}

/* The numbering of records begins anew with every section. */
static void take_failure(struct opinion *out, const struct image *im)
{
	uint32_t section = UINT32_MAX;
	unsigned int number = 0;

	for (size_t i = 0; i < im->ext.relos.n; i++) {
		const struct ext_row *row = &im->ext.relos.rows[i];
		uint32_t insn = im->relo_insn[i];

		number = row->section == section ? number + 1 : 0;
		section = row->section;
		if (number == progress.number && insn != IMAGE_NONE &&
		    !strcmp(im->funcs[image_func_of(im, insn)].name, progress.function))
			out[i] = (struct opinion){ .by = PREPARE, .failed = true };
	}
}

struct walk {
	struct opinion *out;
	const struct image *im;
	const struct bpf_insn *insns;
	size_t cnt;
	bool *seen; /* by function */
};

static void take_record(struct walk *w, uint32_t insn, size_t at)
{
	for (size_t i = 0; i < w->im->ext.relos.n; i++) {
		struct opinion *o = &w->out[i];

		if (w->im->relo_insn[i] != insn)
			continue;
		o->by = PREPARE;
		memcpy(o->insn, &w->insns[at],
		       (is_wide(w->im, insn) ? 2 : 1) * sizeof(*o->insn));
	}
}

static void walk(struct walk *w, uint32_t func, int64_t at)
{
	const struct image_func *f = &w->im->funcs[func];

	if (w->seen[func] || at < 0 || at + f->cnt > (int64_t)w->cnt)
		return;
	w->seen[func] = true;
	for (uint32_t i = 0; i < f->cnt; i++) {
		const struct image_ref *ref = &w->im->refs[f->first + i];

		if (w->im->relo[f->first + i] != IMAGE_NONE)
			take_record(w, f->first + i, at + i);
		else if (ref->kind == IMAGE_REF_FUNC)
			walk(w, ref->index, at + i + 1 + w->insns[at + i].imm);
	}
}

static void take_program(struct opinion *out, const struct image *im, uint32_t func,
			 const struct bpf_program *p)
{
	struct walk w = { .out = out,
			  .im = im,
			  .insns = bpf_program__insns(p),
			  .cnt = bpf_program__insn_cnt(p) };

	w.seen = calloc(im->func_cnt + 1, sizeof(*w.seen));
	walk(&w, func, 0);
	free(w.seen);
}

void ask_prepare(struct opinion *out, const struct image *im, const struct kernel *k)
{
	struct bpf_program *p = NULL;
	struct bpf_object *o;

	progress = (struct progress){ 0 };
	o = im->ext.relos.n ? prepared(im, k) : NULL;
	if (!o)
		return;
	if (progress.failed)
		take_failure(out, im);
	for (size_t i = 0; i < im->o->program_cnt && progress.began && !progress.failed;
	     i++) {
		p = bpf_object__next_program(o, p);
		if (p && bpf_program__autoload(p))
			take_program(out, im, im->program_func[i], p);
	}
	bpf_object__close(o);
}
