/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * Checking: on which kernels objects load, and why not, from bytes alone; nothing is loaded, no kernel is asked.
 *
 * The report of skep_check(), as JSON; a key is always there, null or [] when there is nothing to say:
 *
 *	{ "verdict": "loads"|"fails"|"unknown",	of all
 *	  "platform": string|null,
 *	  "kernels": [{ "kernel": id, "release", "arch": string|null }],
 *	  "missing": [what was asked for and is not in the library],
 *	  "objects": [{ "object": name, "file", "arch": string|null, "policy": "user"|"kernel",
 *	    "variant_of", "variant": string|null,
 *	    "kernels": [{ "kernel": id, "verdict": "loads"|"fails"|"unknown", "reason": string|null,
 *	      "programs": [{ "program", "verdict" }],
 *	      "findings": [{ "status": "fails"|"unknown"|"warning"|"guarded", "phase": "load"|"attach",
 *	        "kind", "name", "program": string|null (the object as a whole), "reason", "instead", "remedy",
 *	        "source": "file:line:column"|null, "text": source line|null,
 *	        "function": string|null, "insn": number within it|null }],
 *	      "more": how many findings are not among those, which are the worst }] }],
 *	  "variants": [{ "name", "kernels": [{ "kernel", "variant": string|null (none loads) }] }] }
 *
 * Kernels that are not of an object's architecture or byte order are not among its kernels.
 */
#ifndef SKEP_CHECK_H
#define SKEP_CHECK_H

#include <stdbool.h>
#include <stddef.h>

#include <skep/btf.h>
#include <skep/error.h>
#include <skep/log.h>
#include <skep/report.h>

#ifdef __cplusplus
extern "C" {
#endif

enum skep_verdict {
	SKEP_LOADS, /* nothing that can be known without loading stands against it */
	SKEP_FAILS, /* somewhere */
	SKEP_UNKNOWN, /* nowhere known to fail, but something decides that nothing here tells */
};

/* Who resolves CO-RE relocations: libbpf, or the kernel (light skeletons, signed loaders), which prunes no candidates. */
enum skep_policy {
	SKEP_POLICY_USER,
	SKEP_POLICY_KERNEL,
	SKEP_POLICY_BOTH,
};

struct skep_check_opts {
	size_t sz;             /* sizeof(struct skep_check_opts) */
	const char *home;      /* of the kernel library; NULL: none */
	const char *cache_dir; /* keeps indexes of BTF; NULL: no cache */
	const char *share_dir; /* where platforms/ is; NULL: ../share/skep of the program */
	const struct skep_types *kernels; /* both members NULL: the running kernel */
	size_t kernel_cnt; /* 0: all of the library, or, if it is empty, the running kernel */
	const char *const *
		terms; /* besides: ids, suites and ranges (">=5.15") of the library, as in skep.yaml */
	size_t term_cnt;
	const char *platform; /* "windows", or a file that describes one: instead of kernels */
	enum skep_policy policy;
	bool explain; /* the text tells every finding; JSON always does */
	const char *html; /* files to write as well; each appears whole or not at all; NULL: none */
	const char *junit;
	const char *sarif;
	const struct skep_log *log;
};

/**
 * skep_check - will it load there?
 * @paths:   BPF objects and packages
 * @n:       number of them, at least 1
 * @opts:    NULL for defaults
 * @report:  is filled: the matrix
 * @verdict: SKEP_FAILS if anything fails on any kernel, else SKEP_UNKNOWN if anything is, else SKEP_LOADS
 *
 * What only the verifier can find (unbounded loops, unchecked pointers) is not known here. A kernel asked for that is
 * not in the library is in "missing", and unknown.
 *
 * Errors: as skep_inspect() and skep_vmlinux(); -SKEP_EUSAGE unknown platform, bad range; errno of writing.   Since: 0.1
 */
int skep_check(const char *const *paths, size_t n, const struct skep_check_opts *opts,
	       struct skep_report *report, enum skep_verdict *verdict,
	       struct skep_err *err);

#ifdef __cplusplus
}
#endif

#endif
