/* SPDX-License-Identifier: BSD-2-Clause */
/* Running a package from the command line: options, verification, signals. */
#include "cmd/common/run_package.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include <skep/run.h>
#include <skep/sign.h>

#include "cmd/common/duration.h"
#include "cmd/common/stop.h"
#include "cmd/common/trust.h"

struct request {
	const char *file, *duration, *verifier, *btf;
	uint64_t duration_ns;
	struct opt_list params;
	struct skep_verify_opts verify;
	struct cmd_common common;
};

static bool is_folder(const char *path)
{
	struct stat st;

	return !stat(path, &st) && S_ISDIR(st.st_mode);
}

static int verify(const struct request *q, const struct skep_pkg *pkg,
		  struct skep_err *err)
{
	struct skep_report *report = skep_report_new();
	int rc = skep_verify(pkg, &q->verify, report, err);
	const char *verdict = skep_report_str(report, "verdict");

	if (!rc && !verdict)
		rc = skep_fail(err, ENOMEM, "out of memory");
	if (!rc)
		fprintf(stderr, "%s\n", verdict);
	skep_report_free(report);
	return rc;
}

static int run(const struct request *q, const struct skep_pkg *pkg, struct skep_err *err)
{
	struct skep_run_opts opts = { .sz = sizeof(opts),
				      .duration_ns = q->duration_ns,
				      .json = q->common.json,
				      .params = q->params.items,
				      .param_cnt = q->params.n,
				      .out = stdout,
				      .log = &q->common.log,
				      .btf = q->btf };
	int rc;

	opts.stop_fd = stop_signals(err);
	if (opts.stop_fd < 0)
		return opts.stop_fd;
	rc = skep_run(pkg, &opts, err);
	close(opts.stop_fd);
	return rc;
}

/* A package, or the one a project is built into. */
static int open_package(const struct request *q, run_build_fn build,
			struct skep_pkg **pkg, struct skep_err *err)
{
	char *built = NULL;
	int rc = 0;

	if (is_folder(q->file) && !build) {
		skep_fail(err, SKEP_EUSAGE,
			  "'%s' is a folder; this program runs packages", q->file);
		return skep_err_hint(err, "skep run builds projects and runs them");
	}
	if (is_folder(q->file))
		rc = build(q->file, &q->common, &built, err);
	if (!rc)
		rc = skep_pkg_open(built ? built : q->file, pkg, err);
	free(built);
	return rc;
}

static int help(const struct cmd *cmd, const struct opt *table, const struct request *q,
		run_build_fn build, struct skep_err *err)
{
	struct skep_report *report = skep_report_new();
	struct skep_pkg *pkg = NULL;
	int rc = 0;

	if (!q->common.json)
		rc = cmd_help(cmd, table, err);
	if (!rc && q->file) {
		rc = open_package(q, build, &pkg, err);
		if (!rc)
			rc = skep_run_params(pkg, report, err);
		if (!rc && !q->common.json)
			printf("\nparameters of %s, for --param:\n\n", skep_pkg_name(pkg));
		if (!rc)
			rc = cmd_print(&q->common, report, err);
	}
	skep_pkg_free(pkg);
	skep_report_free(report);
	return rc;
}

static int start(const struct request *q, run_build_fn build, struct skep_err *err)
{
	struct skep_pkg *pkg = NULL;
	int rc = open_package(q, build, &pkg, err);

	if (!rc && is_folder(q->file))
		fputs("built here, unsigned\n", stderr);
	else if (!rc)
		rc = verify(q, pkg, err);
	if (!rc && q->verifier && !strcmp(q->verifier, "kernel"))
		rc = skep_fail(
			err, SKEP_EVERIFY,
			"the kernel cannot verify '%s': the package carries no signature for it",
			skep_pkg_name(pkg));
	if (!rc)
		rc = run(q, pkg, err);
	skep_pkg_free(pkg);
	return rc;
}

int run_package(const struct cmd *cmd, int argc, char **argv, run_build_fn build,
		struct skep_err *err)
{
	struct request q = { .verify = { .sz = sizeof(q.verify) } };
	struct opt_list operands = { 0 };
	const struct opt table[] = {
		OPT_STRING(0, "duration", &q.duration, "S",
			   "end after so many seconds, or 500ms, 5m, 1h"),
		OPT_LIST(0, "param", &q.params, "K=V", "set a parameter of the package"),
		OPT_STRING(
			0, "trust", &q.verify.trust, "DIR",
			"trusted certificates, default $SKEP_TRUST, then /etc/skep/trust.d"),
		OPT_FLAG(0, "allow-unsigned", &q.verify.allow_unsigned,
			 "accept a missing or untrusted signature"),
		OPT_FLAG(0, "ignore-expiry", &q.verify.ignore_expiry,
			 "accept certificates outside their validity"),
		OPT_CHOICE(0, "verifier", &q.verifier, "auto|kernel|user",
			   "who must check the signature"),
		OPT_STRING(
			0, "btf", &q.btf, "auto|package|FILE",
			"kernel types for relocations: auto is the kernel's own, else the package's"),
		OPT_END,
	};
	int rc = cmd_options(cmd, table, argc, argv, 1, 1, &operands, &q.common, err);

	q.file = operands.n ? operands.items[0] : NULL;
	q.verify.trust = trust_dir(q.verify.trust);
	if (rc > 0) {
		rc = help(cmd, table, &q, build, err);
	} else if (!rc) {
		rc = duration_parse("--duration", q.duration, &q.duration_ns, err);
		if (!rc)
			rc = start(&q, build, err);
	}
	opt_list_release(&q.params);
	opt_list_release(&operands);
	return rc;
}
