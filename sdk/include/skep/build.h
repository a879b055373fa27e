/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * Building: skep.yaml and sources in, object, skeleton and package out.
 */
#ifndef SKEP_BUILD_H
#define SKEP_BUILD_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include <skep/error.h>
#include <skep/log.h>
#include <skep/report.h>

#ifdef __cplusplus
extern "C" {
#endif

struct skep_build_opts {
	size_t sz;         /* sizeof(struct skep_build_opts) */
	unsigned int jobs; /* steps at once; 0: the number of processors */
	bool print_flags;  /* fill the report with the clang lines and build nothing */
	const char *share_dir; /* where bpf/, libbpf/ and templates/ are; NULL: ../share/skep of the program */
	const char *cache_dir; /* NULL: no cache of vmlinux.h between projects */
	const char *clang;     /* program; NULL: newest clang in path_env */
	const char *path_env;  /* value of $PATH */
	int64_t epoch;         /* SOURCE_DATE_EPOCH, default 0 */
	const struct skep_log *log;
	const char *output; /* the package is put here as well; NULL: only into build/ */
	const char *home;   /* of the kernel library; NULL: none */
	bool pin; /* write the generated vmlinux.h into the project, where later builds take it from */
};

/**
 * skep_build - bring build/ of a project up to date.
 * @dir:    folder with skep.yaml
 * @opts:   NULL for defaults
 * @report: is filled with what was made: objects, skeletons, package, its digest, steps run; kernels, as skep.yaml
 *          names them; and, if it does, checks: [{kernel, arch, object, variant, verdict, reason}]
 *
 * Nothing changed: nothing is started. An interrupted build leaves each file old or new, never a part.
 *
 * Errors: -SKEP_EPROJECT skep.yaml (where = skep.yaml:line:column); -SKEP_ECOMPILE with clang's own text
 * through the log; -SKEP_ENO an object fails on a kernel of skep.yaml: all files are there but opts.output; -SKEP_ETOOL no usable clang; errno of files.   Since: 0.1
 */
int skep_build(const char *dir, const struct skep_build_opts *opts,
	       struct skep_report *report, struct skep_err *err);

struct skep_pack_opts {
	size_t sz;           /* sizeof(struct skep_pack_opts) */
	const char *name;    /* of the package, [a-z0-9-]; required */
	const char *version; /* required */
	const char *license; /* NULL: what the first object says in section "license" */
	const char *arch;    /* NULL: this machine's */
	int64_t epoch;       /* SOURCE_DATE_EPOCH, default 0 */
	const char *home;    /* of the kernel library; NULL: none */
	const char *const *
		kernels; /* whose types go into the package: profile ids, suites, ranges */
	size_t kernel_cnt;
	const struct skep_log *log; /* NULL: silent */
};

/**
 * skep_pack - make a package of objects that were built otherwise.
 * @paths:  BPF objects, NAME.bpf.o or NAME.o; debug information is left out
 * @n:      number of them, at least 1
 * @output: .skep file to write; replaced whole or not at all
 * @opts:   required
 * @report: is filled: package, digest
 *
 * Errors: -SKEP_EUSAGE bad name, version or file name, ambiguous kernel; -ENOENT no such kernel; -SKEP_EKIND no BPF object, or one of another byte
 * order than the architecture; -SKEP_ECORRUPT malformed; errno of files.   Since: 0.1
 */
int skep_pack(const char *const *paths, size_t n, const char *output,
	      const struct skep_pack_opts *opts, struct skep_report *report,
	      struct skep_err *err);

/**
 * skep_pack_oci - make a canonical package of one that another tool wrote as the tar of an OCI image layout.
 * @path:   tar
 * @output: .skep file to write; replaced whole or not at all
 * @report: is filled: package, digest
 *
 * Errors: -SKEP_EKIND no tar of a layout; -SKEP_ECORRUPT it holds no package, or a digest is wrong; errno
 * of files.   Since: 0.1
 */
int skep_pack_oci(const char *path, const char *output, struct skep_report *report,
		  struct skep_err *err);

struct skep_new_opts {
	size_t sz;                 /* sizeof(struct skep_new_opts) */
	const char *template_name; /* default "exec-watch" */
	const char *share_dir;     /* NULL: ../share/skep of the program */
};

/**
 * skep_new - write a project from a template.
 * @dir:    folder to make; its last part is the project's name, [a-z0-9-]
 * @opts:   NULL for defaults
 * @report: is filled with the files written and what to do next
 *
 * Errors: -SKEP_EEXISTS the folder exists; -SKEP_EUSAGE bad name or template; errno of writing.   Since: 0.1
 */
int skep_new(const char *dir, const struct skep_new_opts *opts,
	     struct skep_report *report, struct skep_err *err);

/**
 * skep_templates - which templates there are.
 * @share_dir: NULL: ../share/skep of the program
 * @report:    is filled: name, program type, one line
 *
 * Errors: errno of reading.   Since: 0.1
 */
int skep_templates(const char *share_dir, struct skep_report *report,
		   struct skep_err *err);

/**
 * skep_skeleton - C header that a user program includes to load an object.
 * @path:   BPF object (.bpf.o) or package (.skep)
 * @name:   identifier prefix; NULL: from the file's name
 * @header: on success a NUL-terminated string the caller frees
 *
 * Drop-in for `bpftool gen skeleton`.
 *
 * Errors: as skep_inspect().   Since: 0.1
 */
int skep_skeleton(const char *path, const char *name, char **header, struct skep_err *err);

/**
 * skep_skeleton_file - the same into a file, which is replaced whole or not at all.
 * @path:   BPF object (.bpf.o) or package (.skep)
 * @name:   identifier prefix; NULL: from the file's name
 * @output: file to write
 *
 * Errors: as skep_skeleton(); errno of writing.   Since: 0.1
 */
int skep_skeleton_file(const char *path, const char *name, const char *output,
		       struct skep_err *err);

#ifdef __cplusplus
}
#endif

#endif
