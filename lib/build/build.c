/* SPDX-License-Identifier: BSD-2-Clause */
/* Build: one project at a time, stage by stage; what each stage did is kept even if a later one fails. */
#include "lib/build/build.h"

#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/file.h>
#include <sys/stat.h>
#include <unistd.h>

#include "lib/base/cleanup.h"
#include "lib/base/fs.h"
#include "lib/base/json.h"
#include "lib/base/opts.h"
#include "lib/base/text.h"
#include "lib/build/minbtf.h"
#include "lib/build/output.h"
#include "lib/build/predecessor.h"
#include "lib/kernel/library.h"

char *build_path(const struct build *b, const char *path)
{
	return fs_join(b->project->dir, path);
}

int build_read(const struct build *b, const char *path, char **data, size_t *len,
	       struct skep_err *err)
{
	_cleanup_free_ char *whole = build_path(b, path);

	return whole ? fs_read(whole, FS_MAX_OBJECT, data, len, err)
		     : skep_fail(err, ENOMEM, "out of memory");
}

int build_publish(const struct build *b, const char *path, const void *data, size_t len,
		  struct skep_err *err)
{
	_cleanup_free_ char *whole = build_path(b, path);
	_cleanup_free_ char *dir = whole ? fs_dirname(whole) : NULL;
	int rc;

	if (!dir)
		return skep_fail(err, ENOMEM, "out of memory");
	rc = fs_mkdirs(dir, 0777, err);
	return rc ?: output_write(whole, data, len, err);
}

struct clang_target unit_target(const struct build *b, const struct unit *u)
{
	return (struct clang_target){ .arch = u->arch,
				      .object = u->object,
				      .project = b->project->dir,
				      .gen = u->gen,
				      .share = b->share };
}

/* What the running program makes of the same bytes is only known to be the same for the same program. */
static char *self_identity(void)
{
	struct stat st;

	if (stat("/proc/self/exe", &st))
		return strdup(SKEP_VERSION);
	return text_fmt(SKEP_VERSION " %lld %lld.%09ld", (long long)st.st_size,
			(long long)st.st_mtim.tv_sec, st.st_mtim.tv_nsec);
}

/* The first architecture has the plain names; the others a folder of their own. */
static int init_unit(struct build *b, struct unit *u, size_t arch,
		     const struct project_object *o, struct skep_err *err)
{
	const char *sub = arch ? b->project->archs[arch]->name : "";
	const char *slash = arch ? "/" : "";

	u->object = o;
	u->arch = b->project->archs[arch];
	u->arch_at = b->project->arch_mark[arch];
	u->gen = text_fmt("build/gen/%s%s%s", sub, slash, o->name);
	u->out = text_fmt("build/%s%s%s.bpf.o", sub, slash, o->name);
	u->skeleton = arch ? NULL : text_fmt("build/%s.skel.h", o->name);
	return u->gen && u->out && (arch || u->skeleton)
		       ? 0
		       : skep_fail(err, ENOMEM, "out of memory");
}

static int init_units(struct build *b, struct skep_err *err)
{
	const struct project *p = b->project;
	int rc = 0;

	b->units = calloc(p->arch_cnt * p->object_cnt, sizeof(*b->units));
	if (!b->units)
		return skep_fail(err, ENOMEM, "out of memory");
	for (size_t i = 0; i < p->arch_cnt; i++)
		for (size_t j = 0; j < p->object_cnt && !rc; j++)
			rc = init_unit(b, &b->units[b->unit_cnt++], i, &p->objects[j],
				       err);
	return rc;
}

static int init(struct build *b, const char *dir, struct skep_err *err)
{
	int rc = project_read(&b->project, dir, err);

	if (rc)
		return rc;
	b->share = b->opts->share_dir ? fs_abspath(b->opts->share_dir) : fs_share_dir();
	b->self = self_identity();
	b->package = text_fmt("build/%s.skep", b->project->name);
	if (!b->share || !b->self || !b->package)
		return skep_fail(err, ENOMEM, "out of memory");
	b->dir_fd = open(b->project->dir, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
	if (b->dir_fd < 0) {
		skep_fail(err, errno, "cannot open: %s", strerror(errno));
		return skep_err_at(err, b->project->dir, 0, 0);
	}
	return init_units(b, err);
}

static void release(struct build *b)
{
	for (size_t i = 0; i < b->unit_cnt; i++) {
		struct unit *u = &b->units[i];

		object_free(u->parsed);
		words_release(&u->parts);
		words_release(&u->rule);
		origin_release(&u->origin);
		free(u->lean_text);
		free(u->pin);
		free(u->gen);
		free(u->out);
		free(u->skeleton);
	}
	free(b->units);
	words_release(&b->shadows);
	state_release(&b->state);
	clang_release(&b->clang);
	js_free(b->checks);
	minbtf_free(b->kernels);
	library_free(b->library);
	project_free(b->project);
	free(b->share);
	free(b->self);
	free(b->package);
	free(b->digest);
	closep(&b->dir_fd);
	closep(&b->lock_fd);
}

/* clang inherits the lock: a build that is killed holds it until its last clang has ended. */
static int lock(struct build *b, struct skep_err *err)
{
	_cleanup_free_ char *build = build_path(b, "build");
	_cleanup_free_ char *path = build_path(b, "build/.lock");
	int rc;

	if (!build || !path)
		return skep_fail(err, ENOMEM, "out of memory");
	rc = fs_mkdirs(build, 0777, err);
	if (rc)
		return rc;
	b->lock_fd = open(path, O_RDWR | O_CREAT | O_CLOEXEC, 0666);
	if (b->lock_fd < 0) {
		skep_fail(err, errno, "cannot open: %s", strerror(errno));
		return skep_err_at(err, path, 0, 0);
	}
	if (!flock(b->lock_fd, LOCK_EX | LOCK_NB))
		return 0;
	skep_log(b->log, SKEP_LOG_INFO, "waiting for another build of this project");
	while (flock(b->lock_fd, LOCK_EX))
		if (errno != EINTR)
			return skep_fail(err, errno, "cannot lock '%s': %s", path,
					 strerror(errno));
	return 0;
}

static int check_source(const struct build *b, const struct unit *u, size_t i,
			struct skep_err *err)
{
	const char *source = u->object->sources[i];

	if (!faccessat(b->dir_fd, source, R_OK, 0))
		return 0;
	return project_fail(b->project, u->object->source_at[i], err, "source '%s' %s",
			    source,
			    errno == ENOENT ? "does not exist" : "cannot be read");
}

static int check_sources(const struct build *b, struct skep_err *err)
{
	int rc = 0;

	for (size_t i = 0; i < b->unit_cnt; i++)
		for (size_t j = 0; j < b->units[i].object->source_cnt && !rc; j++)
			rc = check_source(b, &b->units[i], j, err);
	return rc;
}

static int find_kernels(struct build *b, struct skep_err *err)
{
	const struct minbtf_query q = {
		.home = b->opts->home,
		.terms = (const char *const *)b->project->kernels,
		.term_cnt = b->project->kernel_cnt,
		.archs = b->project->archs,
		.arch_cnt = b->project->arch_cnt,
		.log = b->log,
	};
	int rc = minbtf_find(&b->kernels, &q, err);

	if (rc)
		skep_err_note(err, "while looking up kernels: of %s", b->project->file);
	return rc;
}

static int stages(struct build *b, struct skep_err *err)
{
	int rc = check_sources(b, err)
			 ?: clang_find(&b->clang, b->opts->clang, b->opts->path_env,
				       &b->state, b->log, err);

	for (size_t i = 0; i < b->unit_cnt && !rc; i++)
		rc = build_vmlinux(b, &b->units[i], err);
	if (!rc)
		rc = build_compile(b, err);
	if (!rc && b->opts->pin)
		rc = build_pin(b, err);
	for (size_t i = 0; i < b->unit_cnt && !rc; i++)
		rc = build_link(b, &b->units[i], err);
	return rc ?: find_kernels(b, err) ?: build_package(b, err) ?: build_check(b, err);
}

static int build_locked(struct build *b, struct skep_err *err)
{
	_cleanup_free_ char *path = build_path(b, "build/.skep-state");
	int rc, saved;

	if (!path)
		return skep_fail(err, ENOMEM, "out of memory");
	rc = state_load(&b->state, b->dir_fd, path, err);
	if (rc)
		return rc;
	rc = stages(b, err);
	saved = state_save(&b->state, path, rc != 0, rc ? NULL : err);
	return rc ?: saved;
}

static void tell(const struct build *b, struct skep_report *report)
{
	struct skep_node *root = skep_report_root(report), *table;

	table = skep_node_table(root, "objects", "");
	for (size_t i = 0; i < b->unit_cnt; i++) {
		const struct unit *u = &b->units[i];
		struct skep_node *row = skep_node_row(table);

		skep_node_str(row, "name", NULL, u->object->name);
		skep_node_str(row, "arch", NULL, u->arch->name);
		skep_node_str(row, "object", "object", u->out);
		skep_node_str(row, "skeleton", "skeleton", u->skeleton);
		if (b->opts->pin)
			skep_node_str(row, "pinned", "pinned", u->pin);
	}
	skep_node_str(root, "package", "package", b->opts->output ?: b->package);
	skep_node_str(root, "digest", "digest", b->digest);
	skep_node_item(root, "kernels", NULL, NULL);
	for (size_t i = 0; i < b->project->kernel_cnt; i++)
		skep_node_item(root, "kernels", NULL, b->project->kernels[i]);
	checks_tell(b, report);
	skep_node_uint(root, "steps", NULL, b->steps);
}

static int tell_flags(struct build *b, struct skep_report *report, struct skep_err *err)
{
	struct skep_node *table = skep_node_table(skep_report_root(report), "lines", "");
	int rc = clang_find(&b->clang, b->opts->clang, b->opts->path_env, &b->state,
			    b->log, err);

	for (size_t i = 0; i < b->unit_cnt && !rc; i++) {
		_cleanup_(words_release) struct words argv = { 0 };
		_cleanup_free_ char *line = NULL;
		struct clang_target target = unit_target(b, &b->units[i]);
		struct skep_node *row;

		clang_flags(&argv, &b->clang, &target);
		line = words_join(&argv, " ");
		row = skep_node_row(table);
		skep_node_str(row, "object", NULL, b->units[i].object->name);
		skep_node_str(row, "arch", NULL, b->units[i].arch->name);
		skep_node_str(row, "line", "", line);
	}
	return rc;
}

static int publish_copy(const struct build *b, struct skep_err *err)
{
	_cleanup_free_ char *data = NULL;
	size_t len;
	int rc = build_read(b, b->package, &data, &len, err);

	if (rc)
		return rc;
	/* asked for by name: replaced in any case */
	if (!package_is_signed(data, len))
		predecessor_stays(b->opts->output, b->opts->output, NULL, b->log);
	return fs_publish(b->opts->output, data, len, 0666, err);
}

int skep_build(const char *dir, const struct skep_build_opts *opts,
	       struct skep_report *report, struct skep_err *err)
{
	struct skep_build_opts all;
	struct build b = { .opts = &all, .dir_fd = -1, .lock_fd = -1, .state.dir_fd = -1 };
	int rc = opts_take(&all, sizeof(all), opts, err);

	if (rc)
		return rc;
	b.log = b.opts->log;
	rc = init(&b, dir, err);
	if (!rc && b.opts->print_flags) {
		rc = tell_flags(&b, report, err);
	} else if (!rc) {
		rc = lock(&b, err);
		if (!rc)
			rc = build_locked(&b, err);
		if (!rc && b.opts->output)
			rc = publish_copy(&b, err);
		if (!rc)
			tell(&b, report);
	}
	release(&b);
	return rc;
}
