/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * What a kernel says to each need of an object, and the verdict's findings:
 *
 *	probe_hold OBJECT host | file BTF | HOME ID [TIMES]
 *
 * And of each program "program", name, "type" or "hook", word, reason, what, remedy. One line each, fields with tabs between: "need", kind, name, word, phase, reason; "finding", word, phase, guarded,
 * program, source line, reason, what, instead, remedy; "extern", name, word, bytes. TIMES: ask that often, and tell
 * how many microseconds once takes.
 */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

#include "lib/base/arch.h"
#include "lib/check/explain.h"
#include "lib/check/hold_why.h"
#include "lib/check/judge.h"
#include "lib/kernel/library.h"
#include "lib/object/object.h"

#define NAME(name) #name,
static const char *const reasons[] = { HOLD_WHYS(NAME) };
static const char *const words[] = { "yes", "no", "unknown", "warn" };

static int fail(const struct skep_err *err)
{
	fprintf(stderr, "%s: %s\n", err->where, err->what);
	return 3;
}

static int open_target(struct target *t, char **argv, struct library **lib,
		       struct skep_err *err)
{
	const struct profile *p;
	int rc;

	if (!strcmp(argv[2], "host"))
		return target_of_host(t, NULL, err);
	if (!strcmp(argv[2], "file"))
		return target_of_file(t, argv[3], NULL, err);
	rc = library_open(lib, argv[2], err);
	if (!rc)
		rc = library_find(*lib, argv[3], arch_host(), &p, err);
	return rc ? rc : target_of_profile(t, *lib, p, err);
}

static const char *text(const char *s)
{
	return s ? s : "";
}

static void tell_need(const struct need *n, const struct answer *a)
{
	printf("need\t%s\t%s\t%s\t%s\t%s\n", need_kind_name(n->kind), text(n->name),
	       words[a->word], a->phase == HOLD_LOAD ? "load" : "attach",
	       reasons[a->why]);
}

static int tell_finding(const struct finding *f, const struct subject *s,
			const struct target *t, struct skep_err *err)
{
	const struct need *n = f->need == IMAGE_NONE ? NULL : &s->needs->rows[f->need];
	struct image_source source = { 0 };
	struct explained e;
	int rc = explain_answer(&e, s, n, f->program, f->arg, &f->answer, t, err);

	if (rc)
		return rc;
	if (f->insn != IMAGE_NONE)
		image_source(s->im, f->insn, &source);
	printf("finding\t%s\t%s\t%s\t%s\t%u\t%s\t%s\t%s\t%s\n", words[f->answer.word],
	       f->answer.phase == HOLD_LOAD ? "load" : "attach",
	       f->guarded ? "guarded" : "reached",
	       f->program == IMAGE_NONE ? "" : s->im->o->programs[f->program].name,
	       source.line, reasons[f->answer.why], text(e.what), text(e.instead),
	       text(e.remedy));
	explained_release(&e);
	return 0;
}

static int tell_externs(const struct image *im, const struct target *t,
			struct skep_err *err)
{
	static const char *const kinds[] = { "unknown", "value", "address" };
	struct flow_extern *externs;
	int rc = hold_externs(&externs, im, t, err);

	if (rc)
		return rc;
	for (uint32_t i = 0; i < im->extern_cnt; i++) {
		printf("extern\t%s\t%s\t", im->externs[i].name, kinds[externs[i].word]);
		for (uint32_t k = 0; k < externs[i].size && k < 8; k++)
			printf("%02x", externs[i].value[k]);
		putchar('\n');
	}
	free(externs);
	return 0;
}

/* Of every program, whether or not the object is known to need it. */
static int tell_programs(const struct subject *s, const struct target *t,
			 struct skep_err *err)
{
	const struct object *o = s->im->o;
	int rc = 0;

	for (uint32_t i = 0; i < o->program_cnt && !rc; i++) {
		const struct need needs[] = {
			{ .kind = NEED_PROG_TYPE,
			  .id = o->programs[i].prog_type,
			  .name = (char *)o->programs[i].type },
			{ .kind = NEED_HOOK,
			  .id = i,
			  .name = (char *)o->programs[i].section },
		};

		for (size_t k = 0; k < 2 && !rc; k++) {
			struct explained e = { 0 };
			struct answer a;

			rc = hold_need(&a, s, &needs[k], t, err);
			if (!rc && a.word != HOLD_YES)
				rc = explain_answer(&e, s, &needs[k], i, 0, &a, t, err);
			if (!rc)
				printf("program\t%s\t%s\t%s\t%s\t%s\t%s\n",
				       o->programs[i].name, k ? "hook" : "type",
				       words[a.word], reasons[a.why], text(e.what),
				       text(e.remedy));
			explained_release(&e);
		}
	}
	return rc;
}

static int ask(const struct subject *s, const struct target *t, int times,
	       struct skep_err *err)
{
	struct timespec from, to;
	int rc = 0;

	clock_gettime(CLOCK_MONOTONIC, &from);
	for (int i = 0; i < times; i++)
		for (size_t k = 0; k < s->needs->n && !rc; k++) {
			const struct need *n = &s->needs->rows[k];
			struct answer a = { 0 };

			rc = hold_need(&a, s, n, t, err);
			if (!rc && !i)
				tell_need(n, &a);
		}
	clock_gettime(CLOCK_MONOTONIC, &to);
	if (times > 1)
		printf("time\t%.1f\t%zu\n",
		       ((to.tv_sec - from.tv_sec) * 1e6 +
			(to.tv_nsec - from.tv_nsec) / 1e3) /
			       times,
		       s->needs->n);
	return rc;
}

static int judge(const struct object *o, const struct target *t, int times,
		 struct skep_err *err)
{
	static const char *const verdicts[] = { "loads", "fails", "unknown" };
	const struct verdict *v;
	struct subject s;
	struct judge *j;
	int rc = judge_new(&j, o, RESOLVE_USER, err);

	if (rc)
		return rc;
	rc = judge_kernel(j, t, &v, err);
	if (!rc)
		rc = judge_subject(j, v, &s, err);
	if (!rc) {
		printf("verdict\t%s\t%s\n", verdicts[v->word], verdicts[v->load]);
		printf("version\t%u.%u.%u\n", t->version >> 16, t->version >> 8 & 0xff,
		       t->version & 0xff);
		rc = tell_externs(judge_image(j), t, err);
	}
	if (!rc)
		rc = ask(&s, t, times, err) ?: tell_programs(&s, t, err);
	for (size_t i = 0; !rc && i < v->n; i++)
		rc = tell_finding(&v->findings[i], &s, t, err);
	judge_free(j);
	return rc;
}

int main(int argc, char **argv)
{
	struct skep_err err = { 0 };
	struct library *lib = NULL;
	struct target t = { 0 };
	struct object *o = NULL;
	int rc;

	if (argc < 3 || (argc < 4 && strcmp(argv[2], "host")))
		return 2;
	rc = object_read_file(&o, argv[1], &err);
	if (!rc)
		rc = open_target(&t, argv, &lib, &err);
	if (!rc)
		rc = judge(o, &t, argc > 4 ? atoi(argv[4]) : 1, &err);
	if (t.ix)
		target_release(&t);
	library_free(lib);
	object_free(o);
	return rc ? fail(&err) : 0;
}
