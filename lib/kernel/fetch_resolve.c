/* SPDX-License-Identifier: BSD-2-Clause */
/* Which packages a kernel is made of: linux-image-FLAVOUR -> linux-image-RELEASE -> the rest of that release. */
#include <ctype.h>
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "lib/base/fs.h"
#include "lib/base/text.h"
#include "lib/kernel/fetch.h"

#define IMAGE       "linux-image-"
#define MAX_WORD    256
#define MAX_FILES   16
#define MAX_METAS   64
#define MAX_RELEASE 128

/* ---- flavours ---- */

static bool ends_with(const char *s, const char *end)
{
	size_t n = strlen(s), m = strlen(end);

	return n >= m && !strcmp(s + n - m, end);
}

/* "cloud-amd64", "amd64", "arm64-16k" or a flavour of ours as one of ours: without the architecture. */
static void flavour_of(const char *name, const struct arch *arch, char *out, size_t size)
{
	char words[MAX_WORD], *save = NULL;
	size_t len = 0;

	out[0] = '\0';
	snprintf(words, sizeof(words), "%s", name);
	for (char *w = strtok_r(words, "-", &save); w; w = strtok_r(NULL, "-", &save))
		if (arch_find(w) != arch && len < size)
			len += (size_t)snprintf(out + len, size - len, "%s%s",
						len ? "-" : "", w);
	if (!len)
		snprintf(out, size, "generic");
}

/* A package that only depends on the newest of its flavour. */
static bool is_meta(const char *package)
{
	return !strncmp(package, IMAGE, strlen(IMAGE)) &&
	       !isdigit((unsigned char)package[strlen(IMAGE)]) &&
	       !ends_with(package, "-dbg") && !ends_with(package, "-unsigned") &&
	       !ends_with(package, "-template");
}

struct metas {
	char package[MAX_METAS][MAX_WORD];
	char flavour[MAX_METAS][64];
	size_t n;
};

static int list_metas(const struct apt *apt, struct metas *m, struct skep_err *err)
{
	const char *const argv[] = { apt->cache, "pkgnames", IMAGE, NULL };
	const struct apt_call call = { .argv = argv, .conf = true };
	_cleanup_(buf_release) struct buf out = { 0 };
	char line[MAX_WORD];
	const char *text;
	int status;
	int rc = apt_run(apt, &call, &out, &status, err);

	for (text = out.data; !rc && fetch_line(&text, line, sizeof(line));) {
		if (!is_meta(line) || m->n == MAX_METAS)
			continue;
		memcpy(m->package[m->n], line, sizeof(line));
		flavour_of(line + strlen(IMAGE), apt->want->arch, m->flavour[m->n],
			   sizeof(m->flavour[0]));
		m->n++;
	}
	return rc;
}

static const char *of_flavour(const struct metas *m, const char *flavour)
{
	for (size_t i = 0; i < m->n; i++)
		if (!strcmp(m->flavour[i], flavour))
			return m->package[i];
	return NULL;
}

/* What is asked for; else the smallest that is about the same kernel; else the plainest name. */
static const char *choose(const struct metas *m, const char *flavour)
{
	const char *package;

	if (*flavour)
		return of_flavour(m, flavour);
	package = of_flavour(m, "cloud");
	if (!package)
		package = of_flavour(m, "generic");
	for (size_t i = 0; !package && i < m->n; i++)
		package = m->package[i];
	return package;
}

static int no_flavour(const struct apt *apt, const struct metas *m, struct skep_err *err)
{
	_cleanup_(buf_release) struct buf b = { 0 };

	if (!m->n) {
		skep_fail(err, SKEP_EFETCH, "debian/%s has no kernels for %s",
			  apt->want->suite, apt->want->arch->name);
		return -SKEP_EFETCH;
	}
	for (size_t i = 0; i < m->n; i++)
		buf_fmt(&b, "%s%s", i ? ", " : "", m->flavour[i]);
	skep_fail(err, SKEP_EUSAGE, "debian/%s has no flavour '%s' for %s",
		  apt->want->suite, apt->want->flavour, apt->want->arch->name);
	return skep_err_hint(err, "there are %s", b.data ? b.data : "");
}

/* ---- packages ---- */

struct packages {
	char names[MAX_FILES][MAX_WORD];
	size_t n;
	char release[MAX_RELEASE];
};

static void add_once(struct packages *p, const char *name)
{
	for (size_t i = 0; i < p->n; i++)
		if (!strcmp(p->names[i], name))
			return;
	if (p->n < MAX_FILES)
		snprintf(p->names[p->n++], sizeof(p->names[0]), "%s", name);
}

/* One of those that a kernel of that release is divided into. */
static bool belongs(const char *name, const char *release)
{
	static const char *const parts[] = { IMAGE, "linux-binary-", "linux-base-",
					     "linux-modules-", "linux-modules-extra-" };

	for (size_t i = 0; i < ARRAY_SIZE(parts); i++) {
		size_t n = strlen(parts[i]);

		if (!strncmp(name, parts[i], n) && !strcmp(name + n, release))
			return true;
	}
	return false;
}

/* Lines "  Depends: linux-image-6.1.0-56-cloud-amd64", also "PreDepends" and " |Depends". */
static const char *dependency(const char *line)
{
	const char *at = strstr(line, "Depends: ");

	return at ? at + strlen("Depends: ") : NULL;
}

/* What the packages from one on depend on. */
static int depends(const struct apt *apt, struct packages *p, size_t from,
		   struct skep_err *err)
{
	const char *argv[MAX_FILES + 4] = { apt->cache, "depends", "--important" };
	const struct apt_call call = { .argv = argv, .conf = true };
	_cleanup_(buf_release) struct buf out = { 0 };
	char line[MAX_WORD];
	const char *text, *name;
	int rc, status;

	for (size_t i = from; i < p->n; i++)
		argv[3 + i - from] = p->names[i];
	rc = apt_run(apt, &call, &out, &status, err);
	for (text = out.data; !rc && fetch_line(&text, line, sizeof(line));) {
		name = dependency(line);
		if (!name)
			continue;
		if (!p->release[0] && !strncmp(name, IMAGE, strlen(IMAGE)) &&
		    isdigit((unsigned char)name[strlen(IMAGE)]))
			snprintf(p->release, sizeof(p->release), "%s",
				 name + strlen(IMAGE));
		if (p->release[0] && belongs(name, p->release))
			add_once(p, name);
	}
	return rc;
}

/* The parts of a kernel depend on each other: each is asked once, the first is not one of them. */
static int closure(const struct apt *apt, const char *meta, struct packages *p,
		   struct skep_err *err)
{
	size_t asked = 0;
	int rc = 0;

	add_once(p, meta);
	while (!rc && asked < p->n) {
		size_t n = p->n;

		rc = depends(apt, p, asked, err);
		asked = n;
	}
	if (!rc && p->n < 2)
		rc = skep_fail(err, SKEP_EFETCH, "'%s' of debian/%s depends on no kernel",
			       meta, apt->want->suite);
	if (!rc)
		memmove(p->names, p->names + 1, --p->n * sizeof(p->names[0]));
	return rc;
}

/* ---- files ---- */

void fetch_files_release(struct fetch_files *files)
{
	for (size_t i = 0; i < files->n; i++) {
		free(files->all[i].uri);
		free(files->all[i].name);
		free(files->all[i].hash);
	}
	free(files->all);
	*files = (struct fetch_files){ 0 };
}

/* "'URI' NAME SIZE SHA256:HEX" */
static bool parse_file(struct fetch_file *f, char *line)
{
	char *end = *line == '\'' ? strchr(line + 1, '\'') : NULL, *save = NULL;
	const char *name, *size, *hash;

	if (!end)
		return false;
	*end = '\0';
	name = strtok_r(end + 1, " ", &save);
	size = strtok_r(NULL, " ", &save);
	hash = strtok_r(NULL, " ", &save);
	if (!hash || !text_u64(size, &f->size) || strchr(name, '/') || *name == '.' ||
	    strncmp(hash, "SHA", 3))
		return false;
	f->uri = strdup(line + 1);
	f->name = strdup(name);
	f->hash = strdup(hash);
	return true;
}

static int locate(const struct apt *apt, const struct packages *p,
		  struct fetch_files *files, struct skep_err *err)
{
	const char *argv[MAX_FILES + 8] = { apt->get, "download", "--print-uris" };
	const struct apt_call call = { .argv = argv, .conf = true };
	_cleanup_(buf_release) struct buf out = { 0 };
	char line[4096], reason[400];
	const char *text;
	int rc, status;

	for (size_t i = 0; i < p->n; i++)
		argv[3 + i] = p->names[i];
	rc = apt_run(apt, &call, &out, &status, err);
	files->all = calloc(MAX_FILES, sizeof(*files->all));
	if (!rc && !files->all)
		rc = skep_fail(err, ENOMEM, "out of memory");
	for (text = out.data; !rc && fetch_line(&text, line, sizeof(line));)
		if (files->n < MAX_FILES && parse_file(&files->all[files->n], line))
			files->n++;
	if (rc || files->n == p->n)
		return rc;
	apt_reason(&out, reason, sizeof(reason));
	return skep_fail(err, SKEP_EFETCH, "cannot find the packages of %s: %s",
			 p->release, reason);
}

int fetch_resolve(const struct apt *apt, struct fetch_files *files, struct skep_err *err)
{
	_cleanup_free_ struct metas *metas = calloc(1, sizeof(*metas));
	struct packages packages = { 0 };
	char flavour[64] = "";
	const char *meta;
	int rc = metas ? list_metas(apt, metas, err)
		       : skep_fail(err, ENOMEM, "out of memory");

	if (rc)
		return rc;
	if (*apt->want->flavour)
		flavour_of(apt->want->flavour, apt->want->arch, flavour, sizeof(flavour));
	meta = choose(metas, flavour);
	if (!meta)
		return no_flavour(apt, metas, err);
	flavour_of(meta + strlen(IMAGE), apt->want->arch, files->flavour,
		   sizeof(files->flavour));
	rc = closure(apt, meta, &packages, err);
	if (!rc)
		rc = locate(apt, &packages, files, err);
	if (rc)
		fetch_files_release(files);
	return rc;
}

int fetch_codename(const struct apt *apt, char **name, struct skep_err *err)
{
	const char *const argv[] = { apt->get,
				     "indextargets",
				     "--format",
				     "$(RELEASE) $(CODENAME)",
				     "Created-By: Packages",
				     NULL };
	const struct apt_call call = { .argv = argv, .conf = true };
	_cleanup_(buf_release) struct buf out = { 0 };
	size_t n = strlen(apt->want->suite);
	char line[MAX_WORD];
	const char *text;
	int status;
	int rc = apt_run(apt, &call, &out, &status, err);

	*name = NULL;
	for (text = out.data; !rc && !*name && fetch_line(&text, line, sizeof(line));)
		if (!strncmp(line, apt->want->suite, n) && line[n] == ' ' && line[n + 1])
			*name = strdup(line + n + 1);
	if (!rc && !*name)
		*name = strdup(apt->want->suite);
	return rc || *name ? rc : skep_fail(err, ENOMEM, "out of memory");
}
