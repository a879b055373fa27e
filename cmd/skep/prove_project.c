/* SPDX-License-Identifier: BSD-2-Clause */
/* skep prove PROJECT: built first; its package is proved on the kernels that skep.yaml names. */
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/stat.h>

#include <skep/build.h>

#include "cmd/common/buildenv.h"
#include "cmd/skep/prove.h"

bool prove_is_project(const char *path)
{
	struct stat st;

	return !stat(path, &st) && S_ISDIR(st.st_mode);
}

void prove_project_release(struct prove_project *p)
{
	skep_report_free(p->report);
	free(p->package);
	free(p->kernels);
}

static int name_kernels(struct prove_project *p, struct skep_err *err)
{
	const char *id;
	size_t n = 0;

	while (skep_report_item(p->report, "kernels", n))
		n++;
	p->kernels = calloc(n + 1, sizeof(*p->kernels));
	if (!p->kernels)
		return skep_fail(err, ENOMEM, "out of memory");
	while ((id = skep_report_item(p->report, "kernels", p->kernel_cnt)))
		p->kernels[p->kernel_cnt++] = id;
	return 0;
}

int prove_project_build(struct prove_project *p, const char *folder,
			const struct cmd_common *common, struct skep_err *err)
{
	struct skep_build_opts opts = { .sz = sizeof(opts), .log = &common->log };
	struct buildenv env;
	const char *path;
	int rc = buildenv_fill(&opts, &env, err);

	p->report = skep_report_new();
	if (!rc)
		rc = skep_build(folder, &opts, p->report, err);
	if (rc)
		return rc;
	path = skep_report_str(p->report, "package");
	if (!path || asprintf(&p->package, "%s/%s", folder, path) < 0) {
		p->package = NULL;
		return skep_fail(err, ENOMEM, "out of memory");
	}
	return name_kernels(p, err);
}
