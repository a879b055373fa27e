/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * Running: load a verified package, attach it, stream its events, show its maps, leave nothing behind.
 */
#ifndef SKEP_RUN_H
#define SKEP_RUN_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>

#include <skep/error.h>
#include <skep/log.h>
#include <skep/package.h>
#include <skep/report.h>

#ifdef __cplusplus
extern "C" {
#endif

struct skep_run_opts {
	size_t sz;            /* sizeof(struct skep_run_opts) */
	uint64_t duration_ns; /* 0: until stopped */
	bool json;            /* events and maps as JSON lines */
	const char *const
		*params; /* "key=value"; ifname, cgroup, pid and path are for attaching */
	size_t param_cnt;
	FILE *out;   /* events and maps; the caller ignores SIGPIPE if it is a pipe */
	int stop_fd; /* readable: stop (a signalfd); -1 for none */
	const struct skep_log *log;
	/*
	 * The types for relocations: NULL or "auto": the kernel's own, else what the package has for
	 * it; "package": what the package has; anything else: a file, raw BTF or ELF with .BTF.
	 */
	const char *btf;
};

/**
 * skep_run - load, attach, stream events, show maps, detach.
 * @pkg:  a package the caller has verified
 * @opts: required
 *
 * Of variants the first is loaded whose rule in the package holds on this kernel; the log says which. If the kernel
 * then refuses it, no other is tried.
 *
 * As JSON, every line is one object whose first member "skep" says what it is; the others follow in
 * this order:
 *
 *	{"skep":"variant","of":N,"variant":V,"object":O}  the variant that this kernel gets, before all else
 *	{"skep":"event","map":M,FIELD:V,...}    sample of a typed buffer; a field named skep or map is
 *	                                        written with a '_' behind; "value":V if it is no struct
 *	{"skep":"event","map":M,"hex":H}        sample of a buffer without a type, two digits a byte
 *	{"skep":"line","program":P,"line":L}    one line of an iterator's output
 *	{"skep":"entry","map":M,"key":K,"value":V}
 *	{"skep":"histogram","map":M[,"key":K],"hist":"log2"|"linear","unit":U,"slots":[S,...]}
 *	                                        S: {"low":N,"high":N,"count":N}, bounds included, high null
 *	                                        in the last slot there is
 *	{"skep":"map","map":M,"empty":true}     a map without entries, or "more":true: 65536 were written
 *	{"skep":"global","global":N,"value":V}  variable of .data or .bss
 *
 * Events and lines come as they happen, the others once, at the end. Structs are objects, arrays
 * arrays, char arrays strings, enums their names, addresses as people write them; what a short sample
 * lacks is null. New kinds and members may be added.
 *
 * Errors: -SKEP_EUSAGE unknown or malformed parameter; -SKEP_EREJECTED the verifier said no (its log goes
 * through the log callback); -SKEP_ENO there are no types for this kernel, or no variant is for it; -SKEP_EPRIV;
 * errno of attaching.   Since: 0.1
 */
int skep_run(const struct skep_pkg *pkg, const struct skep_run_opts *opts,
	     struct skep_err *err);

/**
 * skep_run_params - which parameters a package takes.
 * @pkg:    package
 * @report: is filled: name, type, default, help
 *
 * Errors: -SKEP_EUSAGE no platform for this machine.   Since: 0.1
 */
int skep_run_params(const struct skep_pkg *pkg, struct skep_report *report,
		    struct skep_err *err);

#ifdef __cplusplus
}
#endif

#endif
