/* SPDX-License-Identifier: BSD-2-Clause */
/* skep_check(): objects and packages by name, kernels by name, the matrix out. */
#include <skep/check.h>

#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "lib/base/cleanup.h"
#include "lib/base/opts.h"
#include "lib/build/check_inputs.h"
#include "lib/check/outputs.h"
#include "lib/check/platform.h"
#include "lib/check/survey.h"
#include "lib/check/survey_platform.h"

/* What the command gives of a matrix, wherever it came from. */
static int give(const struct matrix *m, const struct skep_check_opts *opts,
		struct skep_report *report, enum skep_verdict *verdict,
		struct skep_err *err)
{
	const struct outputs to = { .html = opts->html,
				    .junit = opts->junit,
				    .sarif = opts->sarif };
	int rc = outputs_write(m, &to, err);

	if (rc)
		return rc;
	matrix_report(m, opts->explain, report);
	*verdict = m->verdict;
	return 0;
}

static int check_kernels(struct check_inputs *in, const struct skep_check_opts *opts,
			 struct skep_report *report, enum skep_verdict *verdict,
			 struct skep_err *err)
{
	_cleanup_(survey_freep) struct survey *s = NULL;
	struct judge_stats stats;
	int rc = check_inputs_kernels(in, opts, err);

	if (rc)
		return rc;
	const struct survey_query q = { .objects = in->objects,
					.object_cnt = in->object_cnt,
					.lib = in->lib,
					.kernels = in->kernels,
					.kernel_cnt = in->kernel_cnt,
					.missing = (const char *const *)in->missing,
					.missing_cnt = in->missing_cnt,
					.policy = opts->policy,
					.cache_dir = opts->cache_dir };
	rc = survey_make(&s, &q, err);
	if (rc)
		return rc;
	stats = survey_stats(s);
	skep_log(opts->log, SKEP_LOG_DEBUG,
		 "answers: %zu, distinct layouts: %zu, distinct verdicts: %zu",
		 stats.kernels, stats.layouts, stats.verdicts);
	return give(survey_matrix(s), opts, report, verdict, err);
}

static int check_platform(const struct check_inputs *in,
			  const struct skep_check_opts *opts, struct skep_report *report,
			  enum skep_verdict *verdict, struct skep_err *err)
{
	_cleanup_(platform_survey_freep) struct platform_survey *s = NULL;
	struct platform *p = NULL;
	int rc;

	if (opts->kernel_cnt || opts->term_cnt)
		return skep_fail(err, SKEP_EUSAGE, "a platform has no kernels");
	rc = platform_open(&p, opts->platform, opts->share_dir, err);
	if (!rc)
		rc = platform_survey_make(&s, p, in->objects, in->object_cnt, err);
	if (!rc)
		rc = give(platform_survey_matrix(s), opts, report, verdict, err);
	platform_free(p);
	return rc;
}

int skep_check(const char *const *paths, size_t n, const struct skep_check_opts *given,
	       struct skep_report *report, enum skep_verdict *verdict,
	       struct skep_err *err)
{
	struct check_inputs in = { 0 };
	struct skep_check_opts opts;
	int rc = opts_take(&opts, sizeof(opts), given, err);

	if (!rc && !n)
		rc = skep_fail(err, SKEP_EUSAGE, "nothing to check");
	if (!rc)
		rc = check_inputs_objects(&in, paths, n, err);
	if (!rc)
		rc = opts.platform ? check_platform(&in, &opts, report, verdict, err)
				   : check_kernels(&in, &opts, report, verdict, err);
	check_inputs_release(&in);
	return rc;
}
