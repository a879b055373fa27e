/* SPDX-License-Identifier: BSD-2-Clause */
/* skep_kernel_add: harvest, then store. */
#include "lib/kernel/add.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "lib/base/cleanup.h"
#include "lib/base/opts.h"
#include "lib/kernel/id.h"
#include "lib/kernel/library.h"
#include "lib/kernel/rows.h"

#define HOST "host"

static const char *const status_names[] = {
	[LIBRARY_NEW] = "new",
	[LIBRARY_KNOWN] = "known",
	[LIBRARY_REPLACED] = "replaced",
};

static int arch_option(const char *name, const struct arch **arch, struct skep_err *err)
{
	*arch = name ? arch_find(name) : NULL;
	if (!name || *arch)
		return 0;
	skep_fail(err, SKEP_EUSAGE, "no architecture '%s'", name);
	return skep_err_hint(err, "x86_64, arm64, s390x, riscv64, ppc64le, arm, "
				  "loongarch64");
}

/* Before anything is read: misuse should not take minutes to be told. */
static int check_options(const struct skep_kernel_opts *opts, const struct arch **arch,
			 struct skep_err *err)
{
	if (opts->id && !id_valid(opts->id)) {
		skep_fail(err, SKEP_EUSAGE, "not an id: '%s'", opts->id);
		return skep_err_hint(err, "words of letters, digits and ._+~- "
					  "between slashes, as my/kernel/6.1");
	}
	return arch_option(opts->arch, arch, err);
}

static int open_for(struct library **lib, const struct skep_kernel_opts *opts, size_t n,
		    struct skep_err *err)
{
	if (opts->id && n > 1) {
		skep_fail(err, SKEP_EUSAGE, "one id for %zu kernels", n);
		return skep_err_hint(err, "without --id each gets one of its own");
	}
	return library_open(lib, opts->home, err);
}

static void tell(struct skep_report *report, const struct library *lib,
		 const struct library_new *new, size_t n)
{
	struct skep_node *table =
		skep_node_table(skep_report_root(report), "kernels", "");

	for (size_t i = 0; i < n; i++) {
		struct skep_node *row = skep_node_row(table);

		profile_row(row, lib, new[i].profile);
		skep_node_str(row, "status", "status", status_names[new[i].status]);
		skep_node_str(row, "digest", NULL, new[i].profile->digest);
	}
}

static bool is_host(const struct harvest *h)
{
	return h->distro && !strcmp(h->distro, HOST);
}

int add_harvests(struct harvest *const *kernels, size_t n,
		 const struct skep_kernel_opts *opts, struct skep_report *report,
		 struct skep_err *err)
{
	_cleanup_(library_freep) struct library *lib = NULL;
	_cleanup_free_ struct library_new *new = calloc(n + 1, sizeof(*new));
	const struct arch *arch;
	int rc = check_options(opts, &arch, err);

	if (!rc && !new)
		rc = skep_fail(err, ENOMEM, "out of memory");
	if (!rc)
		rc = open_for(&lib, opts, n, err);
	if (rc)
		return rc;
	for (size_t i = 0; i < n; i++)
		new[i] = (struct library_new){
			.h = kernels[i],
			.id = opts->id,
			.arch = arch,
			.replace = opts->replace || is_host(kernels[i]),
		};
	rc = library_add(lib, new, n, err);
	if (!rc)
		tell(report, lib, new, n);
	return rc;
}

struct harvest_opts add_harvest_opts(const struct skep_kernel_opts *opts)
{
	return (struct harvest_opts){ .log = opts->log,
				      .path_env = opts->path_env,
				      .tmp_dir = opts->tmp_dir,
				      .jobs = opts->jobs,
				      .modules = opts->modules,
				      .module_cnt = opts->module_cnt };
}

/* ---- what the caller names ---- */

/* Our word for it: the host's own distribution has nothing to do with where it came from. */
static int name_host(struct harvest_set *set, struct skep_err *err)
{
	for (size_t i = 0; i < set->n; i++) {
		char *name = strdup(HOST);

		if (!name)
			return skep_fail(err, ENOMEM, "out of memory");
		free(set->kernels[i]->distro);
		set->kernels[i]->distro = name;
	}
	return 0;
}

static int add_sets(const struct harvest_set *sets, size_t set_cnt,
		    const struct skep_kernel_opts *opts, struct skep_report *report,
		    struct skep_err *err)
{
	_cleanup_free_ struct harvest **all = NULL;
	size_t n = 0, total = 0;

	for (size_t i = 0; i < set_cnt; i++)
		total += sets[i].n;
	all = calloc(total + 1, sizeof(struct harvest *));
	if (!all)
		return skep_fail(err, ENOMEM, "out of memory");
	for (size_t i = 0; i < set_cnt; i++)
		for (size_t k = 0; k < sets[i].n; k++)
			all[n++] = sets[i].kernels[k];
	if (n)
		return add_harvests(all, n, opts, report, err);
	skep_fail(err, SKEP_EKIND, "there is nothing of a kernel");
	return skep_err_hint(err, "packages, vmlinuz, vmlinux, BTF, folders of them, or "
				  "the word host");
}

int skep_kernel_add(const char *const *paths, size_t n,
		    const struct skep_kernel_opts *given, struct skep_report *report,
		    struct skep_err *err)
{
	_cleanup_free_ const char **files = calloc(n + 1, sizeof(char *));
	struct harvest_set sets[2] = { 0 }; /* of files, of the host */
	static const char *const host[] = { HOST };
	struct skep_kernel_opts opts;
	const struct arch *unused;
	struct harvest_opts how;
	size_t file_cnt = 0;
	int rc = opts_take(&opts, sizeof(opts), given, err);

	if (!rc && !files)
		rc = skep_fail(err, ENOMEM, "out of memory");
	if (!rc)
		rc = check_options(&opts, &unused, err);
	if (rc)
		return rc;
	how = add_harvest_opts(&opts);
	for (size_t i = 0; i < n; i++)
		if (strcmp(paths[i], HOST))
			files[file_cnt++] = paths[i];
	if (file_cnt)
		rc = harvest_paths(&sets[0], files, file_cnt, &how, err);
	if (!rc && file_cnt < n)
		rc = harvest_paths(&sets[1], host, 1, &how, err);
	if (!rc)
		rc = name_host(&sets[1], err);
	if (!rc)
		rc = add_sets(sets, 2, &opts, report, err);
	harvest_release(&sets[0]);
	harvest_release(&sets[1]);
	return rc;
}
