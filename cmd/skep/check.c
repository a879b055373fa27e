/* SPDX-License-Identifier: BSD-2-Clause */
/* skep check: on which kernels objects load, and why not, without loading anything. */
#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>

#include <skep/check.h>

#include "cmd/common/cmd.h"
#include "cmd/common/home.h"
#include "cmd/skep/missing.h"

struct wish {
	struct opt_list files, kernels, btf;
	const char *policy;
	bool all;
};

/* "host" is the running kernel; all else of --kernel is for the library to understand. */
static int choose(const struct wish *w, struct skep_check_opts *opts,
		  struct skep_types **types, const char ***terms, struct skep_err *err)
{
	*types = calloc(w->kernels.n + w->btf.n + 1, sizeof(**types));
	*terms = calloc(w->kernels.n + 1, sizeof(**terms));
	if (!*types || !*terms)
		return skep_fail(err, ENOMEM, "out of memory");
	for (size_t i = 0; i < w->btf.n; i++)
		(*types)[opts->kernel_cnt++].btf = w->btf.items[i];
	for (size_t i = 0; i < w->kernels.n; i++)
		if (!strcmp(w->kernels.items[i], "host"))
			opts->kernel_cnt++;
		else
			(*terms)[opts->term_cnt++] = w->kernels.items[i];
	opts->kernels = *types;
	opts->terms = *terms;
	return 0;
}

static int refuse(const struct wish *w, const struct skep_check_opts *opts,
		  struct skep_err *err)
{
	struct stat st;

	if (w->all + !!opts->platform + !!(w->kernels.n + w->btf.n) > 1)
		return skep_fail(
			err, SKEP_EUSAGE,
			"--all, --platform, and --kernel or --btf exclude each other");
	for (size_t i = 0; i < w->files.n; i++)
		if (!stat(w->files.items[i], &st) && S_ISDIR(st.st_mode)) {
			skep_fail(err, SKEP_EUSAGE,
				  "'%s' is a folder, not an object or a package",
				  w->files.items[i]);
			return skep_err_hint(err, "skep build checks a project's kernels");
		}
	return 0;
}

static int check(const struct wish *w, struct skep_check_opts *opts,
		 const struct cmd_common *common, struct skep_err *err)
{
	char home[CMD_HOME_MAX], cache[CMD_HOME_MAX];
	struct skep_report *report = skep_report_new();
	enum skep_verdict verdict = SKEP_LOADS;
	struct skep_types *types = NULL;
	const char **terms = NULL;
	int rc;

	opts->home = cmd_home(home, sizeof(home));
	opts->cache_dir = cmd_cache(cache, sizeof(cache));
	opts->log = &common->log;
	opts->explain = common->explain;
	if (w->policy)
		opts->policy = *w->policy == 'k'   ? SKEP_POLICY_KERNEL
			       : *w->policy == 'b' ? SKEP_POLICY_BOTH
						   : SKEP_POLICY_USER;
	rc = refuse(w, opts, err);
	if (!rc)
		rc = choose(w, opts, &types, &terms, err);
	if (!rc)
		rc = skep_check(w->files.items, w->files.n, opts, report, &verdict, err);
	if (!rc)
		rc = cmd_print(common, report, err);
	if (!rc)
		rc = verdict == SKEP_LOADS   ? 0
		     : verdict == SKEP_FAILS ? 1
					     : missing_kernel(report, err);
	free(terms);
	free(types);
	skep_report_free(report);
	return rc;
}

static int run(const struct cmd *cmd, int argc, char **argv, struct skep_err *err)
{
	struct skep_check_opts opts = { .sz = sizeof(opts) };
	struct cmd_common common = { 0 };
	struct wish w = { 0 };
	const struct opt table[] = {
		OPT_LIST(0, "kernel", &w.kernels, "ID",
			 "of the library: id, prefix, suite or \">=5.15\"; or host"),
		OPT_LIST(0, "btf", &w.btf, "FILE", "a kernel's BTF, raw or in an ELF"),
		OPT_FLAG(0, "all", &w.all, "all kernels of the library: the default"),
		OPT_STRING(0, "platform", &opts.platform, "NAME",
			   "instead of kernels: windows, or a file that describes one"),
		OPT_CHOICE(0, "policy", &w.policy, "user|kernel|both",
			   "who relocates: libbpf, or the kernel of a signed loader"),
		OPT_FLAG(0, "explain", &common.explain,
			 "all that is lacking: where, what is there instead, what to do"),
		OPT_STRING(0, "html", &opts.html, "FILE", "also write a page to look at"),
		OPT_STRING(0, "junit", &opts.junit, "FILE", "also write JUnit's XML"),
		OPT_STRING(0, "sarif", &opts.sarif, "FILE", "also write SARIF 2.1.0"),
		OPT_END,
	};
	int rc = cmd_options(cmd, table, argc, argv, 1, 1024, &w.files, &common, err);

	if (rc)
		rc = rc < 0 ? rc : 0;
	else
		rc = check(&w, &opts, &common, err);
	opt_list_release(&w.files);
	opt_list_release(&w.kernels);
	opt_list_release(&w.btf);
	return rc;
}

const struct cmd cmd_check = {
	"check",
	"FILE... [--kernel ID]... [--btf FILE]... [--all] [--platform NAME] [--policy user|kernel|both] "
	"[--explain] [--json] [--html FILE] [--junit FILE] [--sarif FILE]",
	"will it load there? every kernel of the library, without loading anything",
	"Exit status: 0 it loads everywhere; 1 it fails somewhere; 3 something is unknown, or a kernel that was asked for\n"
	"is not in the library. What only the verifier can find (unbounded loops, unchecked pointers) is not looked for.",
	0,
	run,
};
