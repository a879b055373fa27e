/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * Scaffold: a project from a template. It is written beside its place under another name
 * and renamed when it is whole.
 */
#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <string.h>
#include <sys/random.h>
#include <sys/stat.h>

#include <skep/build.h>

#include "lib/base/buf.h"
#include "lib/base/cleanup.h"
#include "lib/base/fs.h"
#include "lib/base/opts.h"
#include "lib/base/text.h"
#include "lib/build/project.h"
#include "lib/build/template_list.h"

#define DEFAULT_TEMPLATE "exec-watch"
#define MAX_DEPTH        8

/* How the template's name is spelled, and what stands there in the project. */
struct spelling {
	char *from, *to;
};

enum { AS_NAME, AS_IDENT, AS_MACRO, SPELLINGS };

struct scaffold {
	struct spelling spellings[SPELLINGS];
	struct skep_node *files; /* of the report */
};

static void scaffold_release(struct scaffold *s)
{
	for (int i = 0; i < SPELLINGS; i++) {
		free(s->spellings[i].from);
		free(s->spellings[i].to);
	}
}

static char *as_ident(const char *name)
{
	char *ident = strdup(name);

	for (char *s = ident; s && *s; s++)
		*s = *s == '-' ? '_' : *s;
	return ident;
}

static char *as_macro(const char *name)
{
	char *macro = as_ident(name);

	for (char *s = macro; s && *s; s++)
		*s = *s >= 'a' && *s <= 'z' ? *s - 'a' + 'A' : *s;
	return macro;
}

static int scaffold_init(struct scaffold *s, const char *template_name, const char *name,
			 struct skep_err *err)
{
	char *(*const spell[SPELLINGS])(const char *) = { strdup, as_ident, as_macro };

	for (int i = 0; i < SPELLINGS; i++) {
		s->spellings[i].from = spell[i](template_name);
		s->spellings[i].to = spell[i](name);
		if (!s->spellings[i].from || !s->spellings[i].to)
			return skep_fail(err, ENOMEM, "out of memory");
	}
	return 0;
}

/* Append text with every spelling of the template's name replaced. */
static void substitute(const struct scaffold *s, const char *text, size_t len,
		       struct buf *out)
{
	for (size_t i = 0; i < len;) {
		const struct spelling *found = NULL;

		for (int k = 0; k < SPELLINGS && !found; k++) {
			size_t n = strlen(s->spellings[k].from);

			if (n <= len - i && !memcmp(text + i, s->spellings[k].from, n))
				found = &s->spellings[k];
		}
		if (found) {
			buf_str(out, found->to);
			i += strlen(found->from);
		} else {
			buf_char(out, text[i++]);
		}
	}
}

static int fail_path(const char *path, const char *what, struct skep_err *err)
{
	int code = errno;

	skep_fail(err, code, "%s: %s", what, strerror(code));
	return skep_err_at(err, path, 0, 0);
}

/* Write one file; shown is its path within the project. */
static int write_file(const struct scaffold *s, const char *from, const char *to,
		      mode_t mode, const char *shown, struct skep_err *err)
{
	_cleanup_(buf_release) struct buf out = { 0 };
	_cleanup_free_ char *text = NULL;
	size_t len;
	int rc = fs_read(from, FS_MAX_SOURCE, &text, &len, err);

	if (rc)
		return rc;
	substitute(s, text, len, &out);
	rc = buf_check(&out, err);
	if (!rc)
		rc = fs_publish(to, out.data ? out.data : "", out.len,
				mode & 0111 ? 0777 : 0666, err);
	if (!rc)
		skep_node_item(s->files, "files", "files", shown);
	return rc;
}

static int by_name(const struct dirent **a, const struct dirent **b)
{
	return strcmp((*a)->d_name, (*b)->d_name);
}

static int not_dots(const struct dirent *d)
{
	return strcmp(d->d_name, ".") && strcmp(d->d_name, "..");
}

static int write_entries(const struct scaffold *s, const char *from, const char *to,
			 const char *shown, unsigned int depth, struct skep_err *err);

static int write_entry(const struct scaffold *s, const char *from_dir, const char *to_dir,
		       const char *shown_dir, const char *name, unsigned int depth,
		       struct skep_err *err)
{
	_cleanup_(buf_release) struct buf new_name = { 0 };
	_cleanup_free_ char *from = fs_join(from_dir, name);
	_cleanup_free_ char *shown = NULL;
	_cleanup_free_ char *to = NULL;
	struct stat st;

	substitute(s, name, strlen(name), &new_name);
	if (buf_check(&new_name, err))
		return -ENOMEM;
	to = fs_join(to_dir, new_name.data);
	shown = fs_join(shown_dir, new_name.data);
	if (!from || !to || !shown)
		return skep_fail(err, ENOMEM, "out of memory");
	if (lstat(from, &st))
		return fail_path(from, "cannot read template", err);
	if (S_ISDIR(st.st_mode) && mkdir(to, 0777))
		return fail_path(to, "cannot make folder", err);
	if (S_ISDIR(st.st_mode))
		return write_entries(s, from, to, shown, depth + 1, err);
	if (S_ISREG(st.st_mode))
		return write_file(s, from, to, st.st_mode, shown, err);
	errno = EINVAL;
	return fail_path(from, "template holds neither file nor folder", err);
}

static int write_entries(const struct scaffold *s, const char *from, const char *to,
			 const char *shown, unsigned int depth, struct skep_err *err)
{
	struct dirent **entries;
	int n, rc = 0;

	if (depth > MAX_DEPTH)
		return skep_fail(err, ELOOP, "template '%s' is too deep", from);
	n = scandir(from, &entries, not_dots, by_name);
	if (n < 0)
		return fail_path(from, "cannot read template", err);
	for (int i = 0; i < n; i++) {
		if (!rc)
			rc = write_entry(s, from, to, shown, entries[i]->d_name, depth,
					 err);
		free(entries[i]);
	}
	free(entries);
	return rc;
}

static int fail_exists(const char *dir, struct skep_err *err)
{
	skep_fail(err, SKEP_EEXISTS, "'%s' exists", dir);
	skep_err_hint(
		err,
		"choose another name; skep new never writes into a folder that exists");
	return -SKEP_EEXISTS;
}

static int check_parent(const char *path, struct skep_err *err)
{
	_cleanup_free_ char *parent = fs_dirname(path);
	struct stat st;

	if (!parent)
		return skep_fail(err, ENOMEM, "out of memory");
	if (!stat(parent, &st))
		return 0;
	fail_path(parent, "cannot make a project there", err);
	return skep_err_hint(err, "mkdir -p '%s'", parent);
}

/* Give the finished folder its name, which nobody may have taken meanwhile. */
static int move_into_place(const char *tmp, const char *dir, struct skep_err *err)
{
	if (!renameat2(AT_FDCWD, tmp, AT_FDCWD, dir, RENAME_NOREPLACE))
		return 0;
	if (errno == EEXIST)
		return fail_exists(dir, err);
	/* Not every file system knows the flag. */
	if (errno == EINVAL && !fs_exists(dir) && !rename(tmp, dir))
		return 0;
	return fail_path(dir, "cannot make folder", err);
}

static int write_project(struct scaffold *s, const char *from, const char *dir,
			 struct skep_err *err)
{
	_cleanup_free_ char *tmp = NULL;
	unsigned int salt = 0;
	int rc;

	if (getrandom(&salt, sizeof(salt), 0) < 0)
		return fail_path(dir, "cannot make a temporary name", err);
	tmp = text_fmt("%s.%08x.tmp", dir, salt);
	if (!tmp)
		return skep_fail(err, ENOMEM, "out of memory");
	if (mkdir(tmp, 0777))
		return fail_path(dir, "cannot make folder", err);
	rc = write_entries(s, from, tmp, "", 0, err);
	if (!rc)
		rc = move_into_place(tmp, dir, err);
	if (rc)
		fs_remove_tree(tmp, NULL);
	return rc;
}

/*
 * The rules for names are those of skep.yaml; here they are told before anything is
 * written.
 */
static int check_name(const char *name, struct skep_err *err)
{
	_cleanup_free_ char *yaml = NULL;
	struct skep_err why = { 0 };
	struct project *p;

	if (!text_is_name(name))
		skep_fail(err, SKEP_EUSAGE,
			  "project name '%s' is not made of a-z, 0-9 and '-'", name);
	else if (*name >= '0' && *name <= '9')
		skep_fail(
			err, SKEP_EUSAGE,
			"project name '%s' begins with a digit, and C identifiers are made of it",
			name);
	else
		yaml = text_fmt(
			"name: %s\nversion: 0.1.0\nlicense: MIT\nsources: [x.c]\n", name);
	if (!yaml)
		return skep_err_hint(err,
				     "a letter first, at most 63 characters: my-probe");
	if (project_parse(&p, ".", yaml, strlen(yaml), &why))
		return skep_fail(err, SKEP_EUSAGE, "project %s", why.what);
	project_free(p);
	return 0;
}

/* A folder as a shell reads it, so that the next command can be copied. */
static void report_next(struct skep_node *root, const char *dir)
{
	_cleanup_(buf_release) struct buf quoted = { 0 };
	const char *quote = strpbrk(dir, " \t\n\"'\\$`!&;|<>()*?[]{}#~") ? "'" : "";

	for (const char *s = dir; *s; s++)
		if (*quote && *s == '\'')
			buf_str(&quoted, "'\\''");
		else
			buf_char(&quoted, *s);
	if (quoted.data)
		skep_node_fmt(root, "next", "next", "cd %s%s%s%s && skep build",
			      *dir == '-' ? "./" : "", quote, quoted.data, quote);
}

static void report_new(struct skep_report *report, const char *name,
		       const char *template_name, const char *dir)
{
	struct skep_node *root = skep_report_root(report);

	skep_node_str(root, "name", "project", name);
	skep_node_str(root, "template", "template", template_name);
	skep_node_str(root, "folder", "folder", dir);
}

int skep_new(const char *dir, const struct skep_new_opts *opts,
	     struct skep_report *report, struct skep_err *err)
{
	_cleanup_(template_list_release) struct template_list list = { 0 };
	_cleanup_(scaffold_release) struct scaffold s = { 0 };
	_cleanup_free_ char *templates = NULL, *from = NULL;
	_cleanup_free_ char *path = fs_abspath(dir);
	struct skep_new_opts o;
	const char *wanted;
	int rc = opts_take(&o, sizeof(o), opts, err);

	if (rc)
		return rc;
	wanted = o.template_name ? o.template_name : DEFAULT_TEMPLATE;
	templates = templates_dir(o.share_dir);
	from = templates ? fs_join(templates, wanted) : NULL;
	if (!from || !path)
		return skep_fail(err, ENOMEM, "out of memory");
	rc = check_name(*dir ? fs_basename(path) : dir, err);
	if (!rc)
		rc = template_list_read(&list, templates, err);
	if (!rc)
		rc = template_list_check(&list, wanted, err);
	if (!rc && fs_exists(path))
		rc = fail_exists(dir, err);
	if (!rc)
		rc = check_parent(path, err);
	if (!rc)
		rc = scaffold_init(&s, wanted, fs_basename(path), err);
	if (rc)
		return rc;
	report_new(report, fs_basename(path), wanted, path);
	s.files = skep_report_root(report);
	rc = write_project(&s, from, path, err);
	if (!rc)
		report_next(s.files, dir);
	return rc;
}
