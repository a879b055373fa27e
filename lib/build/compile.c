/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * Compile: every source of every unit through clang, as many at once as wanted. clang's words are
 * told in the order of the sources, however the processes ended.
 */
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "lib/base/cleanup.h"
#include "lib/base/fs.h"
#include "lib/base/text.h"
#include "lib/build/clang_words.h"
#include "lib/build/compile.h"
#include "lib/build/depfile.h"
#include "lib/build/explain.h"
#include "lib/build/shadow.h"

#define DATABASE "build/compile_commands.json"

static void compile_release(struct compile *c)
{
	free(c->out);
	free(c->dep);
	free(c->json);
	step_release(&c->step);
	words_release(&c->argv);
	buf_release(&c->job.out);
	buf_release(&c->first.out);
}

/* The line as facts: places of outputs do not count, the program is a fact of its own. */
static int add_facts(const struct build *b, struct compile *c, const struct words *flags)
{
	_cleanup_free_ char *line = words_join(flags, " ");

	if (!line)
		return -ENOMEM;
	step_fact(&c->step, "clang", b->clang.identity);
	step_fact(&c->step, "flags", strchr(line, ' ') ?: "");
	return 0;
}

static int prepare(struct build *b, struct compile *c, struct unit *u, const char *source,
		   struct skep_err *err)
{
	struct clang_target target = unit_target(b, u);
	const char *folder = fs_basename(u->gen);
	int rc;

	c->unit = u;
	c->source = source;
	c->out = text_fmt("build/obj/%s/%s/%s.o", u->arch->name, folder, source);
	c->dep = text_fmt("build/obj/%s/%s/%s.d", u->arch->name, folder, source);
	c->json = text_fmt("build/obj/%s/%s/%s.json", u->arch->name, folder, source);
	if (!c->out || !c->dep || !c->json)
		return skep_fail(err, ENOMEM, "out of memory");
	step_init(&c->step, &b->state, b->log, c->out);
	clang_flags(&c->argv, &b->clang, &target);
	rc = add_facts(b, c, &c->argv);
	words_add(&c->argv, "-fno-crash-diagnostics");
	words_add(&c->argv, "-MD");
	words_add(&c->argv, "-MP");
	words_add(&c->argv, "-MF");
	words_add(&c->argv, c->dep);
	words_add(&c->argv, "-MJ");
	words_add(&c->argv, c->json);
	words_add(&c->argv, "-c");
	words_add(&c->argv, source);
	words_add(&c->argv, "-o");
	words_add(&c->argv, c->out);
	words_add(&u->parts, c->out);
	return rc ? skep_fail(err, ENOMEM, "out of memory") : words_check(&c->argv, err);
}

int compile_deps(const struct build *b, const struct compile *c, struct words *deps,
		 struct skep_err *err)
{
	_cleanup_free_ char *text = NULL;
	size_t len;
	int rc = build_read(b, c->dep, &text, &len, err);

	return rc ?: depfile_parse(deps, text, len, c->dep, err);
}

bool compile_read_header(const struct build *b, const struct compile *c)
{
	_cleanup_(words_release) struct words deps = { 0 };
	_cleanup_free_ char *header = text_fmt("%s/vmlinux.h", c->unit->gen);

	if (!header || compile_deps(b, c, &deps, NULL))
		return true;
	for (size_t i = 0; i < deps.n; i++)
		if (!strcmp(deps.v[i], header))
			return true;
	return false;
}

/* What the source was made from according to clang, made the step's inputs. */
static int record(struct build *b, struct compile *c, struct skep_err *err)
{
	_cleanup_(words_release) struct words deps = { 0 };
	_cleanup_(words_release) struct words absent = { 0 };
	_cleanup_(words_release) struct words made = { 0 };
	struct step_result result = { .inputs = &deps,
				      .absent = &absent,
				      .outputs = &made };
	int rc = compile_deps(b, c, &deps, err);

	if (!rc)
		rc = shadow_paths(&absent, &deps, &c->argv, &b->state, err);
	if (!rc)
		shadow_warn(b, c->unit, &deps);
	words_add(&made, c->out);
	words_add(&made, c->json);
	return rc ?: words_check(&made, err) ?: step_done(&c->step, &result, err);
}

static int compile_failed(const struct compile *c, struct skep_err *err)
{
	const char *text = c->job.out.data ?: "";
	const struct explain *known = explain_find(text);
	int code = clang_words_system(text);
	bool found = clang_words_error(text, err);

	if (!found && c->job.status > 128)
		code = skep_fail(err, SKEP_ETOOL, "clang was ended by signal %d",
				 c->job.status - 128);
	else if (!found)
		skep_fail(err, SKEP_ECOMPILE, "clang ended with status %d", c->job.status);
	skep_err_at(err, c->source, 0, 0);
	if (c->unit->origin.kind == ORIGIN_PINNED && clang_words_undeclared(text))
		skep_err_hint(
			err,
			"vmlinux.h is pinned and may lack it: skep build --pin makes "
			"'%s' anew",
			c->unit->origin.name);
	else if (known)
		skep_err_hint(err, "%s: %s", known->cause, known->fix);
	if (code && err)
		err->code = abs(code);
	return code ? -abs(code) : -SKEP_ECOMPILE;
}

/* A pinned header has the types that the sources named when it was pinned. */
static void tell_declared(const struct build *b, const struct compile *c)
{
	char name[DECLARED_NAME];

	if (c->unit->origin.kind == ORIGIN_PINNED && declared_only(b, c->out, name))
		skep_log(b->log, SKEP_LOG_WARN,
			 "%s: asks whether kernels have '%s', which the pinned vmlinux.h "
			 "does not define: the answer will be no; skep build --pin makes "
			 "'%s' anew",
			 c->source, name, c->unit->origin.name);
}

static void tell_output(const struct build *b, const struct compile *c)
{
	char *rest = c->job.out.data, *line;

	while (rest && (line = strsep(&rest, "\n")))
		if (*line || rest)
			skep_log(b->log, SKEP_LOG_WARN, "%s", line);
}

int compile_run(struct build *b, struct compile *list, size_t n, struct skep_err *err)
{
	_cleanup_free_ struct pool_job *jobs = calloc(n + 1, sizeof(*jobs));
	_cleanup_(words_release) struct words env = { 0 };
	struct pool pool = {
		.env.cwd = b->project->dir,
		.env.inherit_fd = b->lock_fd,
		.parallel = b->opts->jobs ?: (unsigned int)sysconf(_SC_NPROCESSORS_ONLN)
	};
	size_t cnt = 0;
	int rc;

	clang_env(&env, b->opts->path_env);
	if (!jobs || words_check(&env, err))
		return skep_fail(err, ENOMEM, "out of memory");
	pool.env.env = (const char *const *)env.v;
	for (size_t i = 0; i < n; i++)
		if (list[i].run)
			jobs[cnt++].argv = (const char *const *)list[i].argv.v;
	rc = cnt ? pool_run(&pool, jobs, cnt, err) : 0;
	cnt = 0;
	for (size_t i = 0; i < n; i++) {
		if (list[i].run)
			list[i].job = jobs[cnt++];
		list[i].run = false;
	}
	return rc;
}

static int finish(struct build *b, struct compile *list, size_t n, struct skep_err *err)
{
	int failed = 0, rc;

	for (size_t i = 0; i < n; i++) {
		struct compile *c = &list[i];

		if (!c->stale)
			continue;
		b->steps++;
		if (c->job.status) {
			rc = compile_failed(c, failed ? NULL : err);
			tell_output(b, c);
		} else {
			tell_output(b, c);
			tell_declared(b, c);
			rc = record(b, c, failed ? NULL : err);
		}
		failed = failed ?: rc;
	}
	return failed;
}

/* clang's fragments, put together as the array that clangd reads. */
static int write_database(struct build *b, const struct words *fragments,
			  struct skep_err *err)
{
	_cleanup_(buf_release) struct buf all = { 0 };

	buf_str(&all, "[\n");
	for (size_t i = 0; i < fragments->n; i++) {
		_cleanup_free_ char *text = NULL;
		size_t len;
		int rc = build_read(b, fragments->v[i], &text, &len, err);

		if (rc)
			return rc;
		while (len && strchr(",\n ", text[len - 1]))
			len--;
		buf_add(&all, text, len);
		buf_str(&all, i + 1 < fragments->n ? ",\n" : "\n");
	}
	buf_str(&all, "]\n");
	return buf_check(&all, err) ?: build_publish(b, DATABASE, all.data, all.len, err);
}

static int update_database(struct build *b, const struct compile *list, size_t n,
			   struct skep_err *err)
{
	_cleanup_(words_release) struct words fragments = { 0 };
	_cleanup_(words_release) struct words made = { 0 };
	_cleanup_(step_release) struct step step;
	struct step_result result = { .inputs = &fragments, .outputs = &made };
	int rc;

	step_init(&step, &b->state, b->log, DATABASE);
	for (size_t i = 0; i < n; i++) {
		step_fact(&step, "source", list[i].json);
		words_add(&fragments, list[i].json);
	}
	words_add(&made, DATABASE);
	rc = words_check(&fragments, err) ?: words_check(&made, err);
	if (rc || step_fresh(&step))
		return rc;
	return write_database(b, &fragments, err) ?: step_done(&step, &result, err);
}

static int make_folder_of(const struct build *b, const char *path, struct skep_err *err)
{
	_cleanup_free_ char *whole = build_path(b, path);
	_cleanup_free_ char *dir = whole ? fs_dirname(whole) : NULL;

	return dir ? fs_mkdirs(dir, 0777, err) : skep_fail(err, ENOMEM, "out of memory");
}

static int compile_all(struct build *b, struct compile *list, size_t n,
		       struct skep_err *err)
{
	bool any = false;
	int rc = 0;

	for (size_t i = 0; i < n && !rc; i++) {
		list[i].stale = list[i].run = !step_fresh(&list[i].step);
		any |= list[i].stale;
		if (list[i].stale) {
			skep_log(b->log, SKEP_LOG_INFO, "clang %s", list[i].source);
			rc = make_folder_of(b, list[i].out, err);
		}
	}
	if (!rc && any)
		rc = compile_run(b, list, n, err) ?: fallback(b, list, n, err);
	if (!rc && any)
		rc = finish(b, list, n, err);
	return rc ?: update_database(b, list, n, err);
}

int build_compile(struct build *b, struct skep_err *err)
{
	_cleanup_free_ struct compile *list = NULL;
	size_t n = 0, at = 0;
	int rc = 0;

	for (size_t i = 0; i < b->unit_cnt; i++)
		n += b->units[i].object->source_cnt;
	list = calloc(n + 1, sizeof(*list));
	if (!list)
		return skep_fail(err, ENOMEM, "out of memory");
	for (size_t i = 0; i < b->unit_cnt && !rc; i++)
		for (size_t j = 0; j < b->units[i].object->source_cnt && !rc; j++) {
			struct unit *u = &b->units[i];

			rc = prepare(b, &list[at++], u, u->object->sources[j], err);
		}
	if (!rc)
		rc = compile_all(b, list, n, err);
	for (size_t i = 0; i < n; i++)
		compile_release(&list[i]);
	return rc;
}
