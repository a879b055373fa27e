/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * vmlinux.h of a unit: build/gen/<object>/vmlinux.h. The step's note tells which it is:
 *
 *	given	a link to a header that skep.yaml or a pin names
 *	lean	made from the types that the unit's sources name
 *	full	all types: a lean header was not enough for clang, or only a preprocessor knows the names
 *
 * Objects made with the one and the other are the same programs, but not the same bytes: their BTF holds
 * more or less of what nobody looks at. So that a build is a function of its sources, each edit begins
 * lean again; where that is in vain it takes clang a tenth of the time that the full header does.
 */
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "lib/base/cleanup.h"
#include "lib/base/fs.h"
#include "lib/base/text.h"
#include "lib/btf/index.h"
#include "lib/btf/lean.h"
#include "lib/btf/scan.h"
#include "lib/btf/vmlinux.h"
#include "lib/build/build.h"

#define LEAN  "lean"
#define FULL  "full"
#define GIVEN "given"

/* What the header's step reads, makes and decides. */
struct making {
	struct step step;
	struct words inputs, absent, outputs;
	char *header; /* build/gen/<object>/vmlinux.h */
	char *note;
};

static void making_release(struct making *m)
{
	step_release(&m->step);
	words_release(&m->inputs);
	words_release(&m->absent);
	words_release(&m->outputs);
	free(m->header);
	free(m->note);
}

/* Replace a link in one step, as files are. */
static int publish_link(const struct build *b, const char *target, const char *name,
			struct skep_err *err)
{
	_cleanup_free_ char *link = build_path(b, name);
	_cleanup_free_ char *dir = link ? fs_dirname(link) : NULL;
	_cleanup_free_ char *tmp = link ? text_fmt("%s.%d", link, (int)getpid()) : NULL;
	int rc;

	if (!dir || !tmp)
		return skep_fail(err, ENOMEM, "out of memory");
	rc = fs_mkdirs(dir, 0777, err);
	if (rc)
		return rc;
	unlink(tmp);
	if (symlink(target, tmp) || rename(tmp, link)) {
		skep_fail(err, errno, "cannot make link: %s", strerror(errno));
		unlink(tmp);
		return skep_err_at(err, link, 0, 0);
	}
	return 0;
}

static int put_full(struct build *b, const struct unit *u, const struct btf_index *ix,
		    const char *name, struct skep_err *err)
{
	_cleanup_(buf_release) struct buf text = { 0 };
	int rc = vmlinux_full(&text, ix, b->opts->cache_dir, err);

	if (rc)
		return rc;
	skep_log(b->log, SKEP_LOG_EXPLAIN, "%s: every type of %s", name, u->origin.name);
	return build_publish(b, name, text.data, text.len, err);
}

static int scan_unit(const struct build *b, const struct unit *u, struct scan **out,
		     struct skep_err *err)
{
	_cleanup_(words_release) struct words flags = { 0 };
	_cleanup_free_ char *libbpf = fs_join(b->share, "libbpf");
	const char *weak[] = { libbpf };
	struct scan_opts opts = {
		.dir = b->project->dir,
		.sources = (const char *const *)u->object->sources,
		.source_cnt = u->object->source_cnt,
		.weak_dirs = weak,
		.weak_dir_cnt = ARRAY_SIZE(weak),
	};

	if (!libbpf)
		return skep_fail(err, ENOMEM, "out of memory");
	for (size_t i = 0; i < u->object->cflag_cnt; i++)
		words_add(&flags, u->object->cflags[i]);
	words_fmt(&flags, "-D__TARGET_ARCH_%s", u->arch->srcarch);
	words_fmt(&flags, "-isystem%s/bpf", b->share);
	words_fmt(&flags, "-isystem%s", libbpf);
	opts.cflags = (const char *const *)flags.v;
	opts.cflag_cnt = flags.n;
	return words_check(&flags, err) ?: scan_sources(out, &opts, err);
}

/* Definitions in a header, for --explain. */
static size_t count_types(const struct buf *text)
{
	size_t n = 0;

	for (const char *s = text->data; s && (s = strchr(s, '\n')); s++)
		n += s[1] == '}' || !strncmp(s + 1, "typedef ", 8);
	return n;
}

static int choose(struct build *b, struct unit *u, struct making *m,
		  const struct btf_index *ix, const struct scan *names,
		  struct skep_err *err)
{
	_cleanup_(buf_release) struct buf text = { 0 };
	int rc;

	if (scan_vague(names)) {
		skep_log(b->log, SKEP_LOG_EXPLAIN,
			 "%s: ## puts names together that a lean header may lack",
			 m->header);
		m->note = strdup(FULL);
		return put_full(b, u, ix, m->header, err);
	}
	rc = lean_header(&text, ix, names, b->opts->cache_dir, err);
	if (rc)
		return rc;
	skep_log(b->log, SKEP_LOG_EXPLAIN,
		 "%s: lean, %zu types for the names in %zu files", m->header,
		 count_types(&text), m->inputs.n);
	m->note = strdup(LEAN);
	return build_publish(b, m->header, text.data, text.len, err);
}

/* What nobody named is told, once. */
static void tell_origin(struct build *b, const struct unit *u, const struct making *m)
{
	const struct state_step *was = state_step(&b->state, m->header);
	bool known =
		was && was->facts.n > 1 && !strcmp(was->facts.v[1], u->origin.identity);

	skep_log(b->log, u->origin.chosen && !known ? SKEP_LOG_WARN : SKEP_LOG_INFO,
		 "vmlinux.h of '%s' for %s: types of %s%s", u->object->name,
		 u->arch->name, u->origin.name,
		 u->origin.chosen ? ", the newest in the library" : "");
}

static int make_lean(struct build *b, struct unit *u, struct making *m,
		     struct skep_err *err)
{
	struct btf_index *ix = NULL;
	struct scan *names = NULL;
	const char *path;
	int rc;

	tell_origin(b, u, m);
	rc = origin_index(&u->origin, b, u, &ix, err) ?: scan_unit(b, u, &names, err);
	for (size_t i = 0; !rc && (path = scan_file(names, i)); i++)
		words_add(&m->inputs, path);
	for (size_t i = 0; !rc && (path = scan_absent(names, i)); i++)
		words_add(&m->absent, path);
	if (!rc)
		rc = choose(b, u, m, ix, names, err);
	scan_free(names);
	btf_index_close(ix);
	return rc;
}

static int make(struct build *b, struct unit *u, struct making *m, struct skep_err *err)
{
	int rc;

	b->steps++;
	if (!origin_is_header(&u->origin))
		return make_lean(b, u, m, err);
	rc = publish_link(b, u->origin.path, m->header, err);
	m->note = strdup(GIVEN);
	return rc;
}

static void add_facts(const struct build *b, const struct unit *u, struct step *step)
{
	_cleanup_free_ char *line = NULL;
	struct words flags = { 0 };

	step_fact(step, "vmlinux", u->origin.identity);
	step_fact(step, "arch", u->arch->name);
	step_fact(step, "skep", b->self);
	if (origin_is_header(&u->origin))
		return;
	for (size_t i = 0; i < u->object->source_cnt; i++)
		step_fact(step, "source", u->object->sources[i]);
	words_fmt(&flags, "%s", b->share);
	for (size_t i = 0; i < u->object->cflag_cnt; i++)
		words_add(&flags, u->object->cflags[i]);
	line = words_join(&flags, " ");
	step_fact(step, "flags", line);
	words_release(&flags);
}

static int begin(struct making *m, struct build *b, const struct unit *u,
		 struct skep_err *err)
{
	m->header = text_fmt("%s/vmlinux.h", u->gen);
	if (!m->header)
		return skep_fail(err, ENOMEM, "out of memory");
	step_init(&m->step, &b->state, b->log, m->header);
	add_facts(b, u, &m->step);
	words_add(&m->outputs, m->header);
	return words_check(&m->outputs, err) ?: words_check(&m->step.facts, err);
}

static int finish(struct making *m, struct skep_err *err)
{
	struct step_result result = { .inputs = &m->inputs,
				      .absent = &m->absent,
				      .outputs = &m->outputs,
				      .note = m->note };

	if (!m->note)
		return skep_fail(err, ENOMEM, "out of memory");
	return words_check(&m->inputs, err)
		       ?: words_check(&m->absent, err) ?: step_done(&m->step, &result, err);
}

int build_vmlinux(struct build *b, struct unit *u, struct skep_err *err)
{
	struct making m = { 0 };
	int rc = origin_find(&u->origin, b, u, err) ?: begin(&m, b, u, err);

	if (!rc && !step_fresh(&m.step))
		rc = make(b, u, &m, err) ?: finish(&m, err);
	if (!rc)
		u->lean = step_note(&m.step) && !strcmp(step_note(&m.step), LEAN);
	making_release(&m);
	return rc;
}

int build_full_header(struct build *b, struct unit *u, struct skep_err *err)
{
	_cleanup_free_ char *name = text_fmt("%s/vmlinux.h", u->gen);
	_cleanup_(buf_release) struct buf text = { 0 };
	struct btf_index *ix = NULL;
	int rc;

	if (u->lean_text)
		return 0;
	rc = name ? build_read(b, name, &u->lean_text, &u->lean_size, err)
		  : skep_fail(err, ENOMEM, "out of memory");
	if (!rc)
		rc = origin_index(&u->origin, b, u, &ix, err);
	if (!rc)
		rc = vmlinux_full(&text, ix, b->opts->cache_dir, err);
	btf_index_close(ix);
	if (rc)
		return rc;
	/* where nothing less would do, that is what is there */
	u->lean = text.len != u->lean_size || memcmp(text.data, u->lean_text, text.len);
	return build_publish(b, name, text.data, text.len, err);
}

int build_lean_header(struct build *b, struct unit *u, struct skep_err *err)
{
	_cleanup_free_ char *name = text_fmt("%s/vmlinux.h", u->gen);

	return name ? build_publish(b, name, u->lean_text, u->lean_size, err)
		    : skep_fail(err, ENOMEM, "out of memory");
}

int build_settle_header(struct build *b, struct unit *u, const struct words *deps,
			int64_t begun_ns, struct skep_err *err)
{
	_cleanup_(words_release) struct words made = { 0 };
	struct step_result more = { .inputs = deps, .outputs = &made, .note = FULL };
	struct step step = { .state = &b->state, .log = b->log, .begun_ns = begun_ns };

	words_fmt(&made, "%s/vmlinux.h", u->gen);
	if (words_check(&made, err))
		return -ENOMEM;
	step.name = made.v[0];
	return step_amend(&step, &more, err);
}
