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
	bool replace;      /* add: put a kernel in the place of another one of that id */
	const char *arch;  /* add: where files do not say; NULL: what their types tell */
	const char *cache_dir; /* fetch: for lists and downloads; NULL: below home */
	const char *mirror; /* fetch: URI of the archive; NULL: the one apt is configured with */
	const char *keyring; /* fetch: keys the archive is signed with; NULL: Debian's */
	/* add, fetch: modules that guests shall be able to load besides the usual ones and what they depend on; "all" */
	const char *const *modules;
	size_t module_cnt;
};

/**
 * skep_kernel_add - put kernels into the library.
 * @paths:  packages, images, vmlinux, raw BTF, archives, folders of them, or "host"; those that belong to one
 *          kernel come together
 * @n:      number of them, at least 1
 * @opts:   required
 * @report: is filled: table "kernels" of id, release (null: unknown), arch, modules (number), config and boots
 *          (truth), status ("new", "known": the same was there, "replaced") and digest of the profile
 *
 * All or nothing: an error leaves the library as it was. A process that is killed leaves some of the kernels,
 * each whole, or none. A kernel whose id is taken by one with other bytes is refused unless replace is set;
 * the running host, whose modules come and go, is always replaced. Of a kernel that is there already more modules can be
 * kept: it stays "known". Needs libskep-kernel.
 *
 * Errors: -SKEP_EKIND nothing of a kernel, or a kernel without BTF (hint: what to do), or of an architecture
 * that nothing tells; -SKEP_ECORRUPT damaged; -SKEP_EEXISTS id taken, or two BTFs of one release; -SKEP_EUSAGE no id or architecture;
 * -SKEP_ETOOL pahole is needed and missing; -EPERM others may write to the library; errno of files.   Since: 0.1
 */
int skep_kernel_add(const char *const *paths, size_t n,
		    const struct skep_kernel_opts *opts, struct skep_report *report,
		    struct skep_err *err);

/**
 * skep_kernel_fetch - get a kernel of a distribution through apt, and add it.
 * @what:   "debian/SUITE[:ARCH][/FLAVOUR]": a suite or codename; ARCH in any spelling, default this
 *          machine's; FLAVOUR as in ids or in package names, default "cloud" where there is one, else "generic"
 * @opts:   required
 * @report: is filled as by skep_kernel_add()
 *
 * The newest kernel of the suite, its security updates and other updates. The system's apt is not touched:
 * sources, lists and downloads are skep's own, resumed when interrupted, checked against the archive's
 * signature. A kernel that is there already, with the modules that are wanted, is not downloaded again; one that was built anew under its old
 * release replaces it. Needs libskep-kernel.
 *
 * Errors: -SKEP_EUSAGE not of that form, or no such flavour (hint: those there are); -SKEP_ETOOL no apt, or
 * no keys; -SKEP_EFETCH a step failed (what says which; the library is as it was); as
 * skep_kernel_add().   Since: 0.1
 */
int skep_kernel_fetch(const char *what, const struct skep_kernel_opts *opts,
		      struct skep_report *report, struct skep_err *err);

/**
 * skep_kernel_list - which kernels there are.
 * @opts:   required
 * @report: is filled: home; table "kernels" of id, release, arch, modules (number), config and boots (truth),
 *          bytes (of all that belongs to it) and digest of the profile, sorted by id
 *
 * Errors: errno of reading; -SKEP_ECORRUPT a damaged profile; -EPERM others may write to the
 * library.   Since: 0.1
 */
int skep_kernel_list(const struct skep_kernel_opts *opts, struct skep_report *report,
		     struct skep_err *err);

/**
 * skep_kernel_show - all that is known of one kernel.
 * @id:     profile id or unambiguous prefix; of a suite the newest
 * @opts:   required
 * @report: is filled: id, release, version (uname -v), arch, pointer_size, endian ("little", "big"), digest;
 *          section "types" with the number of types, modules, tracepoints, lsm hooks, iterators, struct_ops,
 *          kfuncs; array "loadable" of the modules that guests can load; table "files" of what ("btf", "modules",
 *          "config", "image", "module files"), bytes, digest and path; table "sources" of name and digest
 *
 * Errors: -ENOENT none of that name; -SKEP_EUSAGE ambiguous; -SKEP_ECORRUPT damaged blobs.   Since: 0.1
 */
int skep_kernel_show(const char *id, const struct skep_kernel_opts *opts,
		     struct skep_report *report, struct skep_err *err);

/**
 * skep_kernel_remove - forget kernels, and what only they needed.
 * @ids:    profile ids or prefixes, each of one kernel alone
 * @n:      number of them, at least 1
 * @opts:   required
 * @report: is filled: array "removed" of ids; bytes freed
 *
 * Errors: as skep_kernel_show(); all or nothing.   Since: 0.1
 */
int skep_kernel_remove(const char *const *ids, size_t n,
		       const struct skep_kernel_opts *opts, struct skep_report *report,
		       struct skep_err *err);

/**
 * skep_kernel_unpack - write the kernel that is packed in an image to a file.
 * @image:  path of a vmlinuz or what else boots
 * @output: path of the file, which appears whole or not at all
 * @opts:   required; home is not used
 * @report: is filled: output, bytes
 *
 * Needs libskep-kernel.
 *
 * Errors: -SKEP_EUSAGE no output; -SKEP_EKIND no kernel in it, or one that is not packed; errno of
 * files.   Since: 0.1
 */
int skep_kernel_unpack(const char *image, const char *output,
		       const struct skep_kernel_opts *opts, struct skep_report *report,
		       struct skep_err *err);

#ifdef __cplusplus
}
#endif

#endif
