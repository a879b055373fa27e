/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * The kernel library: profiles of kernels, harvested from what distributions ship, kept below one folder.
 */
#ifndef SKEP_KERNEL_H
#define SKEP_KERNEL_H

#include <stdbool.h>
#include <stddef.h>

#include <skep/error.h>
#include <skep/log.h>
#include <skep/report.h>

#ifdef __cplusplus
extern "C" {
#endif

struct skep_kernel_opts {
	size_t sz;        /* sizeof(struct skep_kernel_opts) */
	const char *home; /* folder of the library; required */
	const char *path_env; /* value of $PATH: where pahole and apt are; NULL: the usual folders */
	const char *tmp_dir; /* for large intermediate files; NULL: /tmp */
	const struct skep_log *log;
	const char *id;    /* add: of the profile; NULL: from what the files say */
	unsigned int jobs; /* add: threads; 0: the number of processors */
	bool progress;     /* fetch: report bytes on the log as they come */
};

/**
 * skep_kernel_add - put kernels into the library.
 * @paths:  packages, images, vmlinux, raw BTF, archives, folders of them, or "host"; those that belong to one
 *          kernel come together
 * @n:      number of them, at least 1
 * @opts:   required
 * @report: is filled: profiles, new or known
 *
 * All or nothing. Needs libskep-kernel.
 *
 * Errors: -SKEP_EKIND nothing of a kernel, or a kernel without BTF (hint: what to do); -SKEP_ECORRUPT damaged;
 * -SKEP_ETOOL pahole is needed and missing; errno of files.   Since: 0.1
 */
int skep_kernel_add(const char *const *paths, size_t n,
		    const struct skep_kernel_opts *opts, struct skep_report *report,
		    struct skep_err *err);

/**
 * skep_kernel_fetch - get a kernel of a distribution through apt, and add it.
 * @what:   "debian/SUITE[:ARCH][/FLAVOUR]"
 * @opts:   required
 * @report: is filled as by skep_kernel_add()
 *
 * The system's apt is not touched: sources, lists and downloads are the library's own, resumed when
 * interrupted, checked against the archive's signature. Needs libskep-kernel.
 *
 * Errors: -SKEP_EUSAGE not of that form; -SKEP_ETOOL no apt; -SKEP_EFETCH a step failed (what says which; the
 * library is as it was); as skep_kernel_add().   Since: 0.1
 */
int skep_kernel_fetch(const char *what, const struct skep_kernel_opts *opts,
		      struct skep_report *report, struct skep_err *err);

/**
 * skep_kernel_list - which kernels there are.
 * @opts:   required
 * @report: is filled: id, release, architecture, whether it boots, modules
 *
 * Errors: errno of reading; -SKEP_ECORRUPT a damaged profile.   Since: 0.1
 */
int skep_kernel_list(const struct skep_kernel_opts *opts, struct skep_report *report,
		     struct skep_err *err);

/**
 * skep_kernel_show - all that is known of one kernel.
 * @id:     profile id or unambiguous prefix
 * @opts:   required
 * @report: is filled
 *
 * Errors: -ENOENT none of that name; -SKEP_EUSAGE ambiguous.   Since: 0.1
 */
int skep_kernel_show(const char *id, const struct skep_kernel_opts *opts,
		     struct skep_report *report, struct skep_err *err);

/**
 * skep_kernel_remove - forget kernels, and what only they needed.
 * @ids:    profile ids or unambiguous prefixes
 * @n:      number of them, at least 1
 * @opts:   required
 * @report: is filled: what was removed, bytes freed
 *
 * Errors: as skep_kernel_show(); all or nothing.   Since: 0.1
 */
int skep_kernel_remove(const char *const *ids, size_t n,
		       const struct skep_kernel_opts *opts, struct skep_report *report,
		       struct skep_err *err);

#ifdef __cplusplus
}
#endif

#endif
