/* SPDX-License-Identifier: BSD-2-Clause */
/* skep_kernel_fetch: lists, packages, downloads, then as skep_kernel_add(). */
#include "lib/kernel/fetch.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "lib/base/fs.h"
#include "lib/base/opts.h"
#include "lib/kernel/add.h"
#include "lib/kernel/harvest_keep.h"
#include "lib/kernel/id.h"
#include "lib/kernel/kept.h"
#include "lib/kernel/library.h"
#include "lib/kernel/rows.h"
#include "lib/kernel/store.h"

#define FORM "debian/SUITE[:ARCH][/FLAVOUR]"

/* ---- what is wanted ---- */

static bool is_word(const char *s)
{
	return *s && strspn(s, "abcdefghijklmnopqrstuvwxyz0123456789-.") == strlen(s) &&
	       *s != '-' && *s != '.';
}

static int not_of_form(const char *text, struct skep_err *err)
{
	if (strncmp(text, "debian/", 7) && strchr(text, '/')) {
		skep_fail(err, SKEP_EUSAGE,
			  "only Debian's kernels can be fetched, not '%s'", text);
		return skep_err_hint(err, "add others from their packages: skep kernel "
					  "add FILE...");
	}
	skep_fail(err, SKEP_EUSAGE, "not of the form " FORM ": '%s'", text);
	return skep_err_hint(err, "as debian/bookworm, debian/trixie:arm64 or "
				  "debian/sid/generic");
}

int fetch_want(struct fetch_want *w, const char *text, struct skep_err *err)
{
	char words[128], *arch, *flavour;

	*w = (struct fetch_want){ 0 };
	if (strncmp(text, "debian/", 7) || strlen(text + 7) >= sizeof(words))
		return not_of_form(text, err);
	snprintf(words, sizeof(words), "%s", text + 7);
	flavour = strchr(words, '/');
	if (flavour)
		*flavour++ = '\0';
	arch = strchr(words, ':');
	if (arch)
		*arch++ = '\0';
	if (!is_word(words) || (flavour && !is_word(flavour)) ||
	    snprintf(w->suite, sizeof(w->suite), "%s", words) >= (int)sizeof(w->suite) ||
	    snprintf(w->flavour, sizeof(w->flavour), "%s", flavour ? flavour : "") >=
		    (int)sizeof(w->flavour))
		return not_of_form(text, err);
	w->arch = arch ? arch_find(arch) : arch_host();
	if (w->arch)
		return 0;
	skep_fail(err, SKEP_EUSAGE, "no architecture '%s'",
		  arch ? arch : "of this machine");
	return skep_err_hint(err, "x86_64, arm64, s390x, riscv64, ppc64le, arm, "
				  "loongarch64");
}

/* ---- what is there already ---- */

static bool is_among(const struct fetch_files *files, const char *digest)
{
	const char *hex = digest + strlen("sha256:");

	for (size_t i = 0; i < files->n; i++)
		if (!strncmp(files->all[i].hash, "SHA256:", 7) &&
		    !strcmp(files->all[i].hash + 7, hex))
			return true;
	return false;
}

/* Made of these very files, and filed under the suite. */
static bool is_made_of(const struct profile *p, const struct fetch_files *files,
		       const char *codename)
{
	size_t n = strlen(codename);

	if (strncmp(p->id, "debian/", 7) || strncmp(p->id + 7, codename, n) ||
	    p->id[7 + n] != '/' || !p->source_cnt)
		return false;
	for (size_t i = 0; i < p->source_cnt; i++)
		if (!is_among(files, p->sources[i].digest))
			return false;
	return true;
}

static bool keeps(const struct kept *kept, const char *name, size_t module_cnt)
{
	char word[ID_MAX + 1];

	if (!strcmp(name, KEEP_ALL))
		return kept->n >= module_cnt;
	snprintf(word, sizeof(word), "%s", name);
	for (char *c = word; (c = strchr(c, '-'));)
		*c = '_';
	return kept_find(kept, word, strlen(word));
}

/* What came before modules were kept, or with fewer than are wanted now, is fetched again. */
static bool has_modules(const struct library *lib, const struct profile *p,
			const struct skep_kernel_opts *opts)
{
	_cleanup_free_ char *blob = NULL;
	struct kept kept = { 0 };
	bool all = true;
	size_t size;

	if (!p->module_files)
		return !p->modules && !opts->module_cnt;
	if (store_read(library_store(lib), p->module_files, &blob, &size, NULL) ||
	    kept_read(&kept, blob, size, NULL))
		return false;
	for (size_t i = 0; i < opts->module_cnt; i++)
		all &= keeps(&kept, opts->modules[i], profile_modules(lib, p));
	kept_release(&kept);
	return all;
}

static int find_known(const struct skep_kernel_opts *opts,
		      const struct fetch_files *files, const char *codename,
		      struct skep_report *report, bool *known, struct skep_err *err)
{
	_cleanup_(library_freep) struct library *lib = NULL;
	const struct profile *const *all;
	struct skep_node *row;
	size_t n = 0;
	int rc = library_open(&lib, opts->home, err);

	*known = false;
	if (!rc)
		rc = library_list(lib, &all, &n, err);
	for (size_t i = 0; !rc && !*known && i < n; i++) {
		if (!is_made_of(all[i], files, codename) ||
		    !has_modules(lib, all[i], opts))
			continue;
		row = skep_node_row(
			skep_node_table(skep_report_root(report), "kernels", ""));
		profile_row(row, lib, all[i]);
		skep_node_str(row, "status", "status", "known");
		skep_node_str(row, "digest", NULL, all[i]->digest);
		*known = true;
	}
	return rc;
}

/* ---- what is new ---- */

/* What the archive says is better than what can be read from a package. */
static int name_source(struct harvest *h, const char *codename, const char *flavour,
		       struct skep_err *err)
{
	free(h->distro);
	free(h->suite);
	free(h->flavour);
	h->distro = strdup("debian");
	h->suite = strdup(codename);
	h->flavour = strdup(flavour);
	return h->distro && h->suite && h->flavour
		       ? 0
		       : skep_fail(err, ENOMEM, "out of memory");
}

static int add(const struct apt *apt, const struct fetch_files *files,
	       const char *codename, struct skep_report *report, struct skep_err *err)
{
	struct harvest_opts how = add_harvest_opts(apt->opts);
	struct skep_kernel_opts opts = *apt->opts;
	const char *const paths[] = { apt->debs };
	struct harvest_set set = { 0 };
	int rc = harvest_paths(&set, paths, 1, &how, err);

	opts.replace = true;
	opts.id = opts.arch = NULL;
	if (!rc && set.n != 1)
		rc = skep_fail(err, SKEP_ECORRUPT, "%zu kernels in the packages of one",
			       set.n);
	if (!rc)
		rc = name_source(set.kernels[0], codename, files->flavour, err);
	if (!rc)
		rc = add_harvests(set.kernels, set.n, &opts, report, err);
	harvest_release(&set);
	if (!rc)
		fs_remove_tree(apt->debs, NULL);
	return rc;
}

static int fetch(const struct apt *apt, struct skep_report *report, struct skep_err *err)
{
	_cleanup_(fetch_files_release) struct fetch_files files = { 0 };
	_cleanup_free_ char *codename = NULL;
	bool known = false;
	int rc = fetch_lists(apt, err);

	if (!rc)
		rc = fetch_codename(apt, &codename, err);
	if (!rc)
		rc = fetch_resolve(apt, &files, err);
	if (!rc)
		rc = find_known(apt->opts, &files, codename, report, &known, err);
	if (rc || known)
		return rc;
	rc = fetch_download(apt, &files, err);
	return rc ? rc : add(apt, &files, codename, report, err);
}

/* A library that cannot be used is told before anything is downloaded. */
static int check_library(const struct skep_kernel_opts *opts, struct skep_err *err)
{
	_cleanup_(library_freep) struct library *lib = NULL;

	return library_open(&lib, opts->home, err);
}

int skep_kernel_fetch(const char *what, const struct skep_kernel_opts *given,
		      struct skep_report *report, struct skep_err *err)
{
	struct skep_kernel_opts opts;
	struct fetch_want want;
	struct apt apt;
	int rc = opts_take(&opts, sizeof(opts), given, err);

	if (!rc)
		rc = fetch_want(&want, what, err);
	if (!rc)
		rc = check_library(&opts, err);
	if (rc)
		return rc;
	rc = apt_open(&apt, &opts, &want, err);
	if (!rc)
		rc = fetch(&apt, report, err);
	apt_close(&apt);
	return rc;
}
