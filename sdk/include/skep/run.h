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

/**
 * skep_run_verdict - who checked the signature of a package about to run, in one line.
 * @verified: what skep_verify() reported
 * @line:     on success a NUL-terminated string the caller frees: "verified by skep: key
 *            sha256:… over sha256:…", or "verified by nobody: …"
 *
 * Errors: -ENOMEM; -SKEP_EKIND the report is not of skep_verify().   Since: 0.1
 */
int skep_run_verdict(const struct skep_report *verified, char **line,
		     struct skep_err *err);

/**
 * skep_run_built - the package that a build made, to be run.
 * @built:   what skep_build() reported
 * @project: folder that was built
 * @path:    on success a file name the caller frees
 *
 * Errors: -ENOMEM; -SKEP_EKIND the report is not of skep_build().   Since: 0.1
 */
int skep_run_built(const struct skep_report *built, const char *project, char **path,
		   struct skep_err *err);

#endif
