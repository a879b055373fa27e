/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * Kernel types: headers from them, what is in them, how they differ, and the little of them that objects need.
 */
#ifndef SKEP_BTF_H
#define SKEP_BTF_H

#include <stdbool.h>
#include <stddef.h>

#include <skep/error.h>
#include <skep/log.h>
#include <skep/report.h>

#ifdef __cplusplus
extern "C" {
#endif

/* Where the types of a kernel come from; all NULL: the running kernel. */
struct skep_types {
	const char *btf; /* file: raw BTF, or ELF with .BTF */
	const char *kernel; /* profile id of the kernel library, or unambiguous prefix; not with btf */
};

struct skep_vmlinux_opts {
	size_t sz;       /* sizeof(struct skep_vmlinux_opts) */
	const char *btf; /* raw BTF or ELF with .BTF; NULL: /sys/kernel/btf/vmlinux */
	const char *cache_dir;      /* keeps indexes of BTF; NULL: no cache */
	const char *kernel;         /* profile id of the kernel library, instead of btf */
	const char *home;           /* of the kernel library; NULL: none */
	const char *const *sources; /* lean: only what these C files need; NULL: every type */
	size_t source_cnt;
	const char *const *cflags; /* -I, -D, -include … that the sources are compiled with */
	size_t cflag_cnt;
	const char *share_dir; /* where bpf/ and libbpf/ are; NULL: ../share/skep of the program */
	const struct skep_log *log;
};

/**
 * skep_vmlinux - the C header with the types of a kernel.
 * @opts:   NULL for defaults
 * @header: on success a NUL-terminated string the caller frees
 *
 * Same BTF and same sources, same bytes. A program compiled with a lean header is the same as with the full
 * one; if clang misses a name (one that ## puts together), the full header is the one to take.
 *
 * Errors: errno of reading; -SKEP_EKIND neither BTF nor ELF with BTF; -SKEP_ECORRUPT malformed BTF;
 * -ENOENT no such profile; -SKEP_EUSAGE an ambiguous one.   Since: 0.1
 */
int skep_vmlinux(const struct skep_vmlinux_opts *opts, char **header,
		 struct skep_err *err);

/**
 * skep_vmlinux_file - the same header as a file, which appears whole or not at all.
 * @opts: NULL for defaults
 * @path: file to write; an old one is replaced
 *
 * Errors: as skep_vmlinux(); errno of writing.   Since: 0.1
 */
int skep_vmlinux_file(const struct skep_vmlinux_opts *opts, const char *path,
		      struct skep_err *err);

struct skep_btf_opts {
	size_t sz;             /* sizeof(struct skep_btf_opts) */
	const char *home;      /* of the kernel library; NULL: none */
	const char *cache_dir; /* keeps indexes of BTF; NULL: no cache */
	const struct skep_log *log;
	const char *const
		*roots; /* dump: only these types and functions, with what they need */
	size_t root_cnt;
	bool raw;           /* dump: every record, instead of C */
	const char *object; /* diff: only what this object uses; NULL: everything */
	const char *module; /* dump: of this module only; NULL: of vmlinux, raw: of all */
	bool summary;       /* diff: numbers only */
};

/**
 * skep_btf_info - what a BTF holds.
 * @types:  whose
 * @opts:   NULL for defaults
 * @report: is filled: counts by kind, modules, hooks, pointer size, byte order, digest
 *
 * JSON: "source", "release" and "arch" where known, "pointer_size", "byte_order" (little or big), "digest",
 * "types" (records, modules included), "functions" (distinct names), "kfuncs", "tracepoints", "lsm_hooks",
 * "iterators", "struct_ops", "module_count", "kinds": [{"kind", "count"}], "modules": [{"name", "types"}].
 *
 * Errors: as skep_vmlinux().   Since: 0.1
 */
int skep_btf_info(const struct skep_types *types, const struct skep_btf_opts *opts,
		  struct skep_report *report, struct skep_err *err);

/**
 * skep_btf_dump - types as text: C, or record by record.
 * @types: whose
 * @opts:  NULL for defaults: all of vmlinux as C
 * @text:  on success a NUL-terminated string the caller frees
 *
 * A root is "task_struct" or "struct task_struct"; a function becomes its prototype. Numbers of raw records are
 * the kernel's for vmlinux; those of modules follow, module by module.
 *
 * Errors: as skep_vmlinux(); -SKEP_EUSAGE a root that does not exist (hint: the nearest) or a module.   Since: 0.1
 */
int skep_btf_dump(const struct skep_types *types, const struct skep_btf_opts *opts,
		  char **text, struct skep_err *err);

/**
 * skep_btf_diff - what changed from one kernel to another.
 * @from:   the one
 * @to:     the other
 * @opts:   NULL for defaults
 * @report: is filled: types, fields, enumerators, functions that are gone, new, moved, resized, retyped,
 *          renamed; and a summary
 *
 * Returns 0 also when they differ: the report says. Things are matched by name. Types are equal if C spells
 * them the same, type tags and names of parameters apart; fields of structs without name are their parent's.
 * That something was renamed is never known: something gone and something new were alike enough.
 *
 * JSON: "from", "to", "result" (same or different), "scope" (vmlinux or all), "pointer_size" and "byte_order"
 * as {"from", "to"} if they differ, "modules_gone", "modules_new"; then, of what both have, objects by name:
 * "types": {"struct x": {"name", "new_name" (null: not renamed), "from_kind", "to_kind", "from_size", "to_size",
 *   "fields": [{"change": [gone, new, probably renamed, retyped, resized],
 *     and of each side on which it is, from_ and to_: "offset" (bytes), "bit" and "width" of bitfields, "type",
 *     "size", "name", and "from" and "to": the declaration}],
 *   "moved": [{"by", "range", "fields": [{"name", "from_bits", "to_bits"}]}]}}, fields that only moved, in runs;
 * "enums": the same with "enumerators": [{"change", "from", "to" (values as strings), "from_name", "to_name"}];
 * "constants" (of enums without name): such rows; "typedefs", "scalars", "tracepoints", "lsm_hooks",
 * "iterators", "kfuncs", "functions", "variables": {name: {"from", "to"}}, declarations;
 * "gone", "new": {kind as above: [{"name", "declaration" or "value"}]};
 * "summary": [{"what", "label", "gone", "new", "renamed", "changed", "moved"}], kinds without a difference left
 * out. With opts->summary nothing lies between. With opts->object also "object" and "uses", their number.
 *
 * Errors: as skep_vmlinux() and skep_inspect().   Since: 0.1
 */
int skep_btf_diff(const struct skep_types *from, const struct skep_types *to,
		  const struct skep_btf_opts *opts, struct skep_report *report,
		  struct skep_err *err);

/**
 * skep_btf_kernels - every kernel of the library.
 * @home:  of the kernel library
 * @types: on success an array the caller frees with one free(), strings included; NULL if there are none
 * @n:     number of them
 *
 * Errors: errno of reading; -SKEP_ECORRUPT a damaged profile.   Since: 0.1
 */
int skep_btf_kernels(const char *home, struct skep_types **types, size_t *n,
		     struct skep_err *err);

struct skep_btf_min_opts {
	size_t sz;             /* sizeof(struct skep_btf_min_opts) */
	const char *home;      /* of the kernel library; NULL: none */
	const char *cache_dir; /* keeps indexes of BTF; NULL: no cache */
	const struct skep_log *log;
	bool raw; /* one kernel: its BTF alone, as other tools read it, instead of a bundle */
};

/**
 * skep_btf_min - the types that objects' relocations reach, of many kernels, in one bundle.
 * @objects: BPF objects
 * @object_cnt: number of them, at least 1
 * @types:   kernels; each a file or a profile
 * @type_cnt: number of them, at least 1
 * @output:  file to write; replaced whole or not at all
 * @opts:    NULL for defaults
 * @report:  is filled: kernels, bytes each, distinct ones, bytes of the bundle
 *
 * The same objects and profiles give the same bytes. Relocations that a kernel cannot satisfy take nothing
 * from it; libbpf poisons them as it would with the whole BTF.
 *
 * Errors: as skep_vmlinux() and skep_inspect(); errno of writing.   Since: 0.1
 */
int skep_btf_min(const char *const *objects, size_t object_cnt,
		 const struct skep_types *types, size_t type_cnt, const char *output,
		 const struct skep_btf_min_opts *opts, struct skep_report *report,
		 struct skep_err *err);

#ifdef __cplusplus
}
#endif

#endif
