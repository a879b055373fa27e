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
};

/**
 * skep_run - load, attach, stream events, show maps, detach.
 * @pkg:  a package the caller has verified
 * @opts: required
 *
 * Errors: -SKEP_EUSAGE unknown or malformed parameter; -SKEP_EREJECTED the verifier said no (its log goes
 * through the log callback); -SKEP_EPRIV; errno of attaching.   Since: 0.1
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
