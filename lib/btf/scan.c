/* SPDX-License-Identifier: BSD-2-Clause */
/* Scanning sources: clang's flags, the files, and the answers. */
#include "lib/btf/scan.h"

#include <errno.h>
#include <fcntl.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "lib/base/cleanup.h"
#include "lib/btf/scan_files.h"

/* Flags that name a folder or a file, alone or with the next word. */
enum { FLAG_INCLUDE = FOLDER_AFTER + 1, FLAG_DEFINE };
static const struct {
	const char *name;
	int kind;
} flags[] = {
	{ "-I", FOLDER_USER },         { "-iquote", FOLDER_QUOTE },
	{ "-isystem", FOLDER_SYSTEM }, { "-idirafter", FOLDER_AFTER },
	{ "-include", FLAG_INCLUDE },  { "-imacros", FLAG_INCLUDE },
	{ "-D", FLAG_DEFINE },
};
static const char *const standard[] = { "/usr/local/include", "/usr/include" };

/* The next flag of that table, and its value; false at the end. */
static bool next_flag(const struct scan_opts *o, size_t *i, int *kind, const char **value)
{
	for (; *i < o->cflag_cnt; ++*i)
		for (size_t k = 0; k < ARRAY_SIZE(flags); k++) {
			size_t n = strlen(flags[k].name);

			if (strncmp(o->cflags[*i], flags[k].name, n))
				continue;
			*kind = flags[k].kind;
			*value = o->cflags[*i] + n;
			if (!**value && ++*i < o->cflag_cnt)
				*value = o->cflags[*i];
			++*i;
			return true;
		}
	return false;
}

static bool has_flag(const struct scan_opts *o, const char *flag)
{
	for (size_t i = 0; i < o->cflag_cnt; i++)
		if (!strcmp(o->cflags[i], flag))
			return true;
	return false;
}

static void add_folder(struct search *f, const char *path, enum folder_kind kind)
{
	f->folders[f->cnt++] = (struct folder){ path, kind };
}

static int find_folders(struct search *f, struct skep_err *err)
{
	const struct scan_opts *o = f->opts;
	const char *value;
	int kind;

	f->folders = calloc(o->cflag_cnt + ARRAY_SIZE(standard), sizeof(*f->folders));
	if (!f->folders)
		return skep_fail(err, ENOMEM, "out of memory");
	for (int want = FOLDER_QUOTE; want <= FOLDER_AFTER; want++) {
		for (size_t i = 0; next_flag(o, &i, &kind, &value);)
			if (kind == want)
				add_folder(f, value, kind);
		for (size_t i = 0; want == FOLDER_STANDARD && i < ARRAY_SIZE(standard) &&
				   !has_flag(o, "-nostdinc");
		     i++)
			add_folder(f, standard[i], FOLDER_STANDARD);
	}
	return 0;
}

/* -DNAME=TEXT is "#define NAME TEXT". */
static void define(struct scan *s, const char *flag)
{
	_cleanup_free_ char *text = strdup(flag);
	struct scan_lexer l = { .s = s, .directive = true };
	char *equals;

	if (!text) {
		s->err = -ENOMEM;
		return;
	}
	equals = strchr(text, '=');
	if (equals)
		*equals = ' ';
	l.p = text;
	l.end = text + strlen(text);
	scan_define(&l, false);
}

static int read_source(struct search *f, const char *source, struct skep_err *err)
{
	struct place at = { 0 };
	const char *value;
	int kind, ret;

	f->s->early = true;
	for (size_t i = 0; next_flag(f->opts, &i, &kind, &value);)
		if (kind == FLAG_INCLUDE)
			scan_find(f, value, false, false, &at);
	ret = scan_read(f, source, &at, err);
	if (ret)
		skep_err_at(err, source, 0, 0);
	return ret;
}

static int read_all(struct search *f, struct skep_err *err)
{
	const char *value;
	int kind, ret = 0;

	f->s->early = true;
	for (size_t i = 0; next_flag(f->opts, &i, &kind, &value);)
		if (kind == FLAG_DEFINE)
			define(f->s, value);
	for (size_t i = 0; !ret && i < f->opts->source_cnt; i++)
		ret = read_source(f, f->opts->sources[i], err);
	if (!ret)
		scan_resolve(f->s);
	if (!ret && f->s->err)
		ret = skep_fail(err, ENOMEM, "out of memory");
	return ret;
}

static void intern_known(struct scan *s)
{
	static const char *const known[KNOWN_CNT] = {
		[KNOWN_STRUCT] = "struct",
		[KNOWN_UNION] = "union",
		[KNOWN_ENUM] = "enum",
		[KNOWN_DEFINE] = "define",
		[KNOWN_INCLUDE] = "include",
		[KNOWN_INCLUDE_NEXT] = "include_next",
		[KNOWN_IMPORT] = "import",
		[KNOWN_OFFSETOF] = "offsetof",
		[KNOWN_OFFSETOF_BUILTIN] = "__builtin_offsetof",
		[KNOWN_TYPE_INFO] = "__builtin_preserve_type_info",
		[KNOWN_TYPE_ID] = "__builtin_btf_type_id",
		[KNOWN_VA_ARGS] = "__VA_ARGS__",
		[KNOWN_EXTERN] = "extern",
		[KNOWN_KSYM] = "__ksym",
	};

	for (size_t i = 0; i < KNOWN_CNT; i++)
		scan_intern(s, known[i], strlen(known[i]));
	if (s->err)
		return;
	s->names[KNOWN_OFFSETOF].function = true;
	s->names[KNOWN_OFFSETOF_BUILTIN].function = true;
}

int scan_sources(struct scan **out, const struct scan_opts *opts, struct skep_err *err)
{
	struct search f = { .opts = opts, .dirfd = AT_FDCWD };
	struct scan *s = calloc(1, sizeof(*s));
	int ret = 0;

	if (!s)
		return skep_fail(err, ENOMEM, "out of memory");
	f.s = s;
	intern_known(s);
	if (opts->dir)
		f.dirfd = open(opts->dir, O_PATH | O_DIRECTORY | O_CLOEXEC);
	if (opts->dir && f.dirfd < 0) {
		ret = skep_fail(err, errno, "%s", strerror(errno));
		skep_err_at(err, opts->dir, 0, 0);
	}
	if (!ret)
		ret = find_folders(&f, err);
	if (!ret)
		ret = read_all(&f, err);
	free(f.folders);
	if (f.dirfd >= 0)
		close(f.dirfd);
	if (ret)
		scan_free(s);
	else
		*out = s;
	return ret;
}

static void free_paths(struct scan_paths *p)
{
	for (size_t i = 0; i < p->n; i++)
		free(p->v[i].path);
	free(p->v);
}

void scan_free(struct scan *s)
{
	if (!s)
		return;
	buf_release(&s->text);
	free(s->names);
	free(s->slots);
	free(s->macros);
	free(s->tokens.v);
	free(s->bodies.v);
	free(s->queue.v);
	free(s->args.v);
	free_paths(&s->files);
	free_paths(&s->absent);
	free(s);
}

static unsigned int all_uses(const struct scan_name *n)
{
	return n->use | (n->early ? SCAN_IDENT | SCAN_TAG | SCAN_MEMBER : 0);
}

bool scan_each(const struct scan *s, size_t *cursor, const char **name, size_t *len,
	       unsigned int *use)
{
	while (*cursor < s->name_cnt && !all_uses(&s->names[*cursor]))
		++*cursor;
	if (*cursor >= s->name_cnt)
		return false;
	*name = s->text.data + s->names[*cursor].at;
	*len = s->names[*cursor].len;
	*use = all_uses(&s->names[*cursor]);
	++*cursor;
	return true;
}

unsigned int scan_use(const struct scan *s, const char *name, size_t len)
{
	uint32_t id;

	return scan_lookup(s, name, len, &id) ? all_uses(&s->names[id]) : 0;
}

bool scan_vague(const struct scan *s)
{
	return s->vague;
}

const char *scan_file(const struct scan *s, size_t i)
{
	return i < s->files.n ? s->files.v[i].path : NULL;
}

const char *scan_absent(const struct scan *s, size_t i)
{
	return i < s->absent.n ? s->absent.v[i].path : NULL;
}
