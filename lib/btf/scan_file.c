/* SPDX-License-Identifier: BSD-2-Clause */
/* Files of the scanner: which #include means which, in clang's order of folders, and reading them once. */
#include <errno.h>
#include <fcntl.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "lib/base/cleanup.h"
#include "lib/base/fs.h"
#include "lib/btf/scan_files.h"

#define HEADER_OF_TYPES "vmlinux.h"

/* libbpf's headers, wherever a project has them. */
static const char *const weak_headers[] = { "bpf_helper_defs.h", "bpf_helpers.h",
					    "bpf_tracing.h",     "bpf_core_read.h",
					    "bpf_endian.h",      "usdt.bpf.h" };

static bool is_weak(const struct search *f, const char *path)
{
	for (size_t i = 0; i < f->opts->weak_dir_cnt; i++) {
		size_t n = strlen(f->opts->weak_dirs[i]);

		if (!strncmp(path, f->opts->weak_dirs[i], n) && path[n] == '/')
			return true;
	}
	for (size_t i = 0; i < ARRAY_SIZE(weak_headers); i++)
		if (!strcmp(fs_basename(path), weak_headers[i]))
			return true;
	return false;
}

/* Was it read already, in a way that counts now? */
static bool is_known(const struct scan *s, uint32_t name)
{
	uint32_t file = s->names[name].file;

	return file && (s->files.v[file - 1].early || !s->early);
}

static void add_absent(struct scan *s, const char *path)
{
	uint32_t name = scan_intern(s, path, strlen(path));

	if (s->names[name].absent)
		return;
	s->names[name].absent = true;
	scan_add_path(s, &s->absent, path);
}

static void include(struct search *f, struct scan_lexer *l, const struct place *from,
		    bool next);

static void directive(struct search *f, struct scan_lexer *l, const struct place *at)
{
	uint32_t t;

	l->directive = true;
	t = scan_lex(l);
	if (t == TOK_NAME + KNOWN_DEFINE)
		scan_define(l, at->weak);
	else if (t == TOK_NAME + KNOWN_INCLUDE || t == TOK_NAME + KNOWN_IMPORT)
		include(f, l, at, false);
	else if (t == TOK_NAME + KNOWN_INCLUDE_NEXT)
		include(f, l, at, true);
	while (scan_lex(l) != TOK_END)
		;
	l->directive = false;
}

static void mark_file(struct scan *s, bool weak)
{
	scan_push(s, &s->tokens, weak ? TOK_WEAK : TOK_STRONG);
}

static void read_text(struct search *f, const char *text, size_t len,
		      const struct place *at)
{
	struct scan *s = f->s;
	struct scan_lexer l = { .s = s, .p = text, .end = text + len, .fresh = true };
	uint32_t t;

	mark_file(s, at->weak);
	while (!s->err && !s->vague) {
		l.fresh = l.p == text;
		t = scan_lex(&l);
		if (t == TOK_END)
			break;
		if (t == '#' && l.fresh)
			directive(f, &l, at);
		else
			scan_push(s, &s->tokens, t);
	}
}

/* -ENOENT and the like: it is not there. Too large, or too many: seen, but not looked into. */
static int open_file(struct search *f, const char *path, char **text, size_t *len,
		     struct skep_err *err)
{
	_cleanup_close_ int fd =
		openat(f->dirfd, path, O_RDONLY | O_CLOEXEC | O_NONBLOCK);

	if (fd < 0)
		return skep_fail(err, errno, "%s", strerror(errno));
	return fs_read_fd(fd, path, FS_MAX_SOURCE, text, len, err);
}

static void add_file(struct scan *s, uint32_t name, const char *path)
{
	uint32_t known = s->names[name].file;

	if (known) {
		s->files.v[known - 1].early = s->early;
		return;
	}
	scan_add_path(s, &s->files, path);
	s->names[name].file = s->files.n;
}

int scan_read(struct search *f, const char *path, const struct place *found,
	      struct skep_err *err)
{
	struct scan *s = f->s;
	struct place at = *found;
	_cleanup_free_ char *text = NULL;
	uint32_t name = scan_intern(s, path, strlen(path));
	size_t len;
	int ret;

	if (is_known(s, name))
		return 0;
	ret = open_file(f, path, &text, &len, err);
	if (ret)
		return ret;
	add_file(s, name, path);
	s->bytes += len;
	if (at.depth > SCAN_MAX_DEPTH || s->files.n > SCAN_MAX_FILES ||
	    s->bytes > SCAN_MAX_BYTES)
		s->vague = true;
	if (s->vague || s->err)
		return 0;
	at.path = path;
	at.weak = is_weak(f, path);
	read_text(f, text, len, &at);
	return 0;
}

/* One folder's file of that name. */
static bool try_folder(struct search *f, const char *dir, const char *name, size_t folder,
		       const struct place *from)
{
	_cleanup_free_ char *path = *dir ? fs_join(dir, name) : strdup(name);
	struct place at = { .folder = folder, .depth = from->depth + 1 };

	if (!path) {
		f->s->err = -ENOMEM;
		return true;
	}
	if (!scan_read(f, path, &at, NULL))
		return true;
	add_absent(f->s, path);
	return false;
}

void scan_find(struct search *f, const char *name, bool angle, bool next,
	       const struct place *from)
{
	size_t first = next ? from->folder + 1 : 0, i;
	_cleanup_free_ char *own = NULL;

	if (!strcmp(fs_basename(name), HEADER_OF_TYPES)) {
		f->s->early = false;
		return;
	}
	if (!angle && !next) {
		own = from->path && strchr(from->path, '/') ? fs_dirname(from->path)
							    : strdup("");
		if (!own || try_folder(f, own, name, 0, from))
			return;
	}
	for (i = first; i < f->cnt; i++) {
		if (angle && f->folders[i].kind == FOLDER_QUOTE)
			continue;
		if (try_folder(f, f->folders[i].path, name, i, from))
			return;
	}
}

static void include(struct search *f, struct scan_lexer *l, const struct place *from,
		    bool next)
{
	_cleanup_free_ char *name = NULL;
	const char *text;
	bool angle;
	size_t len = scan_lex_include(l, &text, &angle);

	if (++f->s->includes > SCAN_MAX_INCLUDES)
		f->s->vague = true;
	if (!len) /* a macro says which, or nothing does */
		f->s->vague |= scan_lex(l) >= TOK_NAME;
	if (!len || f->s->vague)
		return;
	name = strndup(text, len);
	if (!name) {
		f->s->err = -ENOMEM;
		return;
	}
	scan_find(f, name, angle, next, from);
	mark_file(f->s, from->weak);
}
