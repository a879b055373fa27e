/* SPDX-License-Identifier: BSD-2-Clause */
/* An object's needs against a platform's sets. What no code of it gets to, whatever the platform, does not count. */
#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include <bpf/libbpf.h>

#include "lib/base/buf.h"
#include "lib/base/cleanup.h"
#include "lib/base/text.h"
#include "lib/check/flow.h"
#include "lib/check/platform_parts.h"
#include "lib/object/facts.h"

enum { LD_MODE = 0xe0 };

/* --- one need --- */

static bool refers(const struct platform_work *w, enum platform_reference what)
{
	return w->p->references & what;
}

static int answer_feature(struct platform_work *w, struct matrix_finding *f,
			  const char *name)
{
	if (platform_has(&w->p->features, name))
		return 0;
	f->name = name;
	if (platform_has(&w->p->unknown, name)) {
		f->status = MATRIX_UNKNOWN;
		f->reason = platform_string(w, "nothing tells whether %s has %s",
					    w->p->title, name);
	} else {
		f->status = MATRIX_FAILS;
		f->reason = platform_string(w, "%s does not have %s", w->p->title, name);
	}
	return 1;
}

static int answer_helper(struct platform_work *w, struct matrix_finding *f,
			 const struct platform_program *kind, const char *name)
{
	const struct platform *p = w->p;

	if (platform_has(&p->helpers, name) ||
	    (kind && platform_has(&kind->helpers, name)))
		return 0;
	f->status = MATRIX_FAILS;
	f->name = name;
	for (size_t i = 0; i < p->program_cnt; i++)
		if (platform_has(&p->programs[i].helpers, name)) {
			f->reason = platform_string(w, "%s() is for %s programs alone",
						    name, p->programs[i].type);
			return 1;
		}
	f->reason = platform_string(w, "%s() does not exist in %s", name, p->title);
	return 1;
}

static int answer_map(struct platform_work *w, struct matrix_finding *f, int32_t type)
{
	const char *name = libbpf_bpf_map_type_str(type);

	if (name && platform_has(&w->p->maps, name))
		return 0;
	f->status = MATRIX_FAILS;
	f->name = name ?: "unknown";
	f->reason = platform_string(w, "%s has no maps of type %s", w->p->title, f->name);
	return 1;
}

static int answer_reference(struct platform_work *w, struct matrix_finding *f,
			    enum platform_reference what, const char *word,
			    const char *things)
{
	if (refers(w, what))
		return 0;
	f->status = MATRIX_FAILS;
	f->reason = platform_string(w, "%s: %s has no %s", f->name, w->p->title, things);
	f->remedy = js_str(w->p->remedies, word);
	return 1;
}

static int answer_map_field(struct platform_work *w, struct matrix_finding *f)
{
	if (platform_has(&w->p->map_fields, f->name))
		return 0;
	f->status = MATRIX_FAILS;
	f->reason = platform_string(w, "%s has no '%s' in the values of maps",
				    w->p->title, f->name);
	return 1;
}

/* 1: it is not there, and f says so. */
static int answer(struct platform_work *w, struct matrix_finding *f, const struct need *n,
		  const struct platform_program *kind)
{
	const struct facts_feature_row *feature;
	const char *helper;

	*f = (struct matrix_finding){ .kind = need_kind_name(n->kind), .name = n->name };
	switch (n->kind) {
	case NEED_HELPER:
		helper = facts_helper(n->id) ? facts_helper(n->id)->name : n->name;
		return answer_helper(w, f, kind, helper);
	case NEED_MAP_TYPE:
		return answer_map(w, f, n->id);
	case NEED_FEATURE:
		feature = facts_feature(n->id);
		return feature ? answer_feature(w, f, feature->name) : 0;
	case NEED_MAP_FIELD:
		return answer_map_field(w, f);
	case NEED_RELO:
		return answer_reference(w, f, REFERENCE_RELOCATIONS, "relocations",
					"kernel types to relocate against");
	case NEED_KFUNC:
		return answer_reference(w, f, REFERENCE_KFUNCS, "kfuncs",
					"kernel functions to call");
	case NEED_KSYM:
		return answer_reference(w, f, REFERENCE_KSYMS, "ksyms", "kernel symbols");
	case NEED_KCONFIG:
		return answer_reference(w, f, REFERENCE_KCONFIG, "kconfig",
					"kernel configuration");
	case NEED_STRUCT_OPS:
		return answer_reference(w, f, REFERENCE_STRUCT_OPS, "struct_ops",
					"structs of operations");
	default:
		return 0; /* what Linux alone tells apart */
	}
}

/* --- one program --- */

/* The uses of a need by a program. */
static const struct need_use *uses_of(const struct needs *needs, const struct need *n,
				      uint32_t program, size_t *cnt)
{
	const struct need_use *uses = &needs->uses[n->use_first];
	size_t low = 0, high = n->use_cnt;

	while (low < high) {
		size_t mid = (low + high) / 2;

		if (uses[mid].program < program)
			low = mid + 1;
		else
			high = mid;
	}
	for (*cnt = 0; low + *cnt < n->use_cnt && uses[low + *cnt].program == program;)
		++*cnt;
	return &uses[low];
}

/* The first use that is reached; else the first, and guarded. */
static const struct need_use *choose(const struct need_use *uses, size_t n,
				     const struct flow *f, bool *guarded)
{
	*guarded = false;
	for (size_t i = 0; i < n; i++)
		if (!f || uses[i].insn == IMAGE_NONE || flow_reached(f, uses[i].insn))
			return &uses[i];
	*guarded = true;
	return &uses[0];
}

/* f NULL: of the object as a whole. */
static int check_needs(struct platform_work *w, const struct platform_program *kind,
		       uint32_t program, const struct flow *f, struct skep_err *err)
{
	int rc = 0;

	for (size_t i = 0; i < w->needs->n && !rc; i++) {
		const struct need *n = &w->needs->rows[i];
		const struct need_use *use;
		struct matrix_finding found;
		bool guarded;
		size_t cnt;

		use = uses_of(w->needs, n, program, &cnt);
		if (!cnt || !answer(w, &found, n, kind))
			continue;
		use = choose(use, cnt, f, &guarded);
		if (guarded)
			found.status = MATRIX_GUARDED;
		rc = platform_tell(w, program, use->insn, found, err);
	}
	return rc;
}

static bool is_packet_load(const struct bpf_insn *insn)
{
	uint8_t mode = insn->code & LD_MODE;

	return BPF_CLASS(insn->code) == BPF_LD && (mode == BPF_ABS || mode == BPF_IND);
}

static int check_packet_loads(struct platform_work *w, uint32_t program,
			      const struct flow *f, struct skep_err *err)
{
	for (uint32_t i = 0; i < w->im->insn_cnt; i++) {
		struct matrix_finding found = { .kind = need_kind_name(NEED_FEATURE) };

		if (flow_reached(f, i) && is_packet_load(&w->im->insns[i]) &&
		    answer_feature(w, &found, PLATFORM_PACKET_LOADS))
			return platform_tell(w, program, i, found, err);
	}
	return 0;
}

static const char *sections(struct platform_work *w)
{
	struct buf b = { 0 };
	const char *s = NULL;

	for (size_t i = 0; i < w->p->program_cnt; i++)
		for (size_t k = 0; k < w->p->programs[i].sections.n; k++)
			buf_fmt(&b, "%s%s", b.len ? ", " : "",
				w->p->programs[i].sections.names[k]);
	if (b.data)
		s = platform_string(w, "there are %s", b.data);
	buf_release(&b);
	return s;
}

static int check_section(struct platform_work *w, uint32_t program, struct skep_err *err)
{
	const char *section = w->im->o->programs[program].section;
	struct matrix_finding f = {
		.status = MATRIX_FAILS,
		.kind = need_kind_name(NEED_PROG_TYPE),
		.name = section,
		.reason = platform_string(w, "%s has no programs of section '%s'",
					  w->p->title, section),
		.instead = sections(w),
	};

	return platform_tell(w, program, w->im->funcs[w->im->program_func[program]].first,
			     f, err);
}

static int check_program(struct platform_work *w, uint32_t program,
			 const struct flow_env *env, struct skep_err *err)
{
	const struct platform_program *kind =
		platform_program(w->p, w->im->o->programs[program].section);
	struct flow f;
	int rc = flow_program(&f, w->im, program, env, err);

	if (rc)
		return rc;
	if (!kind)
		rc = check_section(w, program, err);
	if (!rc)
		rc = check_needs(w, kind, program, &f, err);
	if (!rc)
		rc = check_packet_loads(w, program, &f, err);
	if (!rc && kind)
		rc = platform_check_context(w, kind, program, &f, err);
	flow_release(&f);
	return rc;
}

/* --- the object as a whole --- */

static int check_name(struct platform_work *w, const char *kind, const char *name,
		      struct skep_err *err)
{
	struct matrix_finding f = { .status = MATRIX_FAILS, .kind = kind, .name = name };

	if ((int64_t)strlen(name) <= w->p->object_name)
		return 0;
	f.reason = platform_string(w, "names are at most %lld bytes long in %s",
				   (long long)w->p->object_name, w->p->title);
	f.remedy = "give it a shorter name";
	return platform_tell(w, IMAGE_NONE, IMAGE_NONE, f, err);
}

static int check_size(struct platform_work *w, uint32_t program, struct skep_err *err)
{
	const struct obj_program *p = &w->im->o->programs[program];
	struct matrix_finding f = { .status = MATRIX_FAILS,
				    .kind = "limit",
				    .name = "instructions" };

	if ((int64_t)p->insn_cnt <= w->p->insn_cnt)
		return 0;
	f.reason = platform_string(w, "programs have at most %lld instructions in %s",
				   (long long)w->p->insn_cnt, w->p->title);
	return platform_tell(w, program, w->im->funcs[w->im->program_func[program]].first,
			     f, err);
}

static int check_limits(struct platform_work *w, struct skep_err *err)
{
	const struct object *o = w->im->o;
	int rc = 0;

	for (uint32_t i = 0; i < o->program_cnt && !rc; i++) {
		rc = check_name(w, "program", o->programs[i].name, err);
		rc = rc ?: check_size(w, i, err);
	}
	for (size_t i = 0; i < o->map_cnt && !rc; i++)
		rc = check_name(w, "map", o->maps[i].name, err);
	return rc;
}

static int check_all(struct platform_work *w, struct skep_err *err)
{
	const struct object *o = w->im->o;
	_cleanup_free_ struct flow_extern *externs =
		calloc(w->im->extern_cnt + 1, sizeof(*externs));
	struct flow_env env = { .insns = w->im->insns,
				.externs = externs,
				.lazy_globals = true };
	struct matrix_finding note = { .status = MATRIX_WARNING,
				       .kind = "platform",
				       .name = w->p->name };
	int rc = 0;

	if (!externs)
		return skep_fail(err, ENOMEM, "out of memory");
	if (w->p->note) {
		note.reason = platform_string(w, "%s", w->p->note);
		rc = platform_tell(w, IMAGE_NONE, IMAGE_NONE, note, err);
	}
	if (!rc)
		rc = check_limits(w, err);
	if (!rc)
		rc = check_needs(w, NULL, IMAGE_NONE, NULL, err);
	for (uint32_t i = 0; i < o->program_cnt && !rc; i++)
		rc = check_program(w, i, &env, err);
	return rc;
}

/* --- the answer --- */

static int order(const void *a, const void *b)
{
	const struct platform_row *x = a, *y = b;

	if (x->f.status != y->f.status)
		return x->f.status < y->f.status ? -1 : 1;
	if (x->program != y->program)
		return x->program < y->program ? -1 : 1;
	if (x->insn != y->insn)
		return x->insn < y->insn ? -1 : 1;
	return strcmp(x->f.name, y->f.name) ?: strcmp(x->f.kind, y->f.kind);
}

static int of_one_line(const void *a, const void *b)
{
	const struct platform_row *x = a, *y = b;
	const uint32_t xs[] = { x->f.status, x->program, x->f.line, x->f.column };
	const uint32_t ys[] = { y->f.status, y->program, y->f.line, y->f.column };
	int differ;

	for (size_t i = 0; i < ARRAY_SIZE(xs); i++)
		if (xs[i] != ys[i])
			return xs[i] < ys[i] ? -1 : 1;
	differ = strcmp(x->f.file ?: "", y->f.file ?: "");
	return differ ?: strcmp(x->f.reason, y->f.reason);
}

/* What the compiler made of a line several times is told once. */
static void once(struct platform_work *w)
{
	size_t n = 1;

	qsort(w->rows, w->n, sizeof(*w->rows), of_one_line);
	for (size_t i = 1; i < w->n; i++)
		if (!w->rows[i].f.line || of_one_line(&w->rows[n - 1], &w->rows[i]))
			w->rows[n++] = w->rows[i];
	w->n = n;
}

static const char *reason_of(struct platform_work *w)
{
	const struct matrix_finding *f = &w->rows[0].f;
	const char *more = "";
	size_t alike = 0;

	while (alike < w->n && w->rows[alike].f.status == f->status)
		alike++;
	if (alike > 1)
		more = platform_string(w, ", and %zu more", alike - 1);
	if (!more)
		return NULL;
	if (f->file)
		return platform_string(w, "%s:%u: %s%s", f->file, f->line, f->reason,
				       more);
	return platform_string(w, "%s%s", f->reason, more);
}

static int finish(struct platform_work *w, struct skep_err *err)
{
	struct platform_answer *a = w->answer;

	if (!w->n)
		return 0;
	once(w);
	qsort(w->rows, w->n, sizeof(*w->rows), order);
	a->findings = calloc(w->n, sizeof(*a->findings));
	if (!a->findings)
		return skep_fail(err, ENOMEM, "out of memory");
	for (; a->n < w->n; a->n++)
		a->findings[a->n] = w->rows[a->n].f;
	if (a->findings[0].status == MATRIX_GUARDED)
		return 0;
	a->reason = reason_of(w);
	return a->reason ? 0 : skep_fail(err, ENOMEM, "out of memory");
}

int platform_check(struct platform_answer *out, const struct platform *p,
		   const struct image *im, const struct needs *needs,
		   struct skep_err *err)
{
	struct platform_answer a = { .word = VERDICT_LOADS };
	struct platform_work w = { .p = p, .im = im, .needs = needs, .answer = &a };
	int rc;

	a.strings = calloc(1, sizeof(*a.strings));
	a.programs = calloc(im->o->program_cnt + 1, sizeof(*a.programs));
	if (a.strings && a.programs)
		rc = check_all(&w, err);
	else
		rc = skep_fail(err, ENOMEM, "out of memory");
	if (!rc)
		rc = finish(&w, err);
	free(w.rows);
	if (rc)
		platform_answer_release(&a);
	else
		*out = a;
	return rc;
}
