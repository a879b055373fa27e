/* SPDX-License-Identifier: BSD-2-Clause */
/* skep btf min: the little of kernels' types that objects need, for kernels that have none of their own. */
#include <errno.h>
#include <stdlib.h>

#include "cmd/skep/btf.h"

struct wish {
	struct opt_list objects, kernels, files;
	const char *output;
	bool all;
};

static int find_kernels(const struct wish *w, const char *home, struct skep_types **types,
			size_t *n, struct skep_err *err)
{
	size_t i;

	*n = w->kernels.n + w->files.n;
	if (w->all && *n)
		return skep_fail(err, SKEP_EUSAGE, "--all excludes --kernel and --btf");
	if (w->all && !home)
		return skep_fail(err, ENOENT, "there is no kernel library");
	if (w->all)
		return skep_btf_kernels(home, types, n, err);
	*types = calloc(*n + 1, sizeof(**types));
	if (!*types)
		return skep_fail(err, ENOMEM, "out of memory");
	for (i = 0; i < w->kernels.n; i++)
		(*types)[i].kernel = w->kernels.items[i];
	for (i = 0; i < w->files.n; i++)
		(*types)[w->kernels.n + i].btf = w->files.items[i];
	return 0;
}

static int make(const struct wish *w, struct skep_btf_min_opts *opts,
		const struct cmd_common *common, struct skep_err *err)
{
	char home[CMD_HOME_MAX], cache[CMD_HOME_MAX];
	struct skep_report *report = skep_report_new();
	struct skep_types *types = NULL;
	size_t n = 0;
	int ret;

	opts->home = cmd_home(home, sizeof(home));
	opts->cache_dir = cmd_cache(cache, sizeof(cache));
	opts->log = &common->log;
	ret = find_kernels(w, opts->home, &types, &n, err);
	if (!ret && !n) {
		ret = skep_fail(err, SKEP_EUSAGE, "no kernel to make it for");
		skep_err_hint(err, "name some with --kernel or --btf, or add them to the "
				   "library with skep kernel add");
	}
	if (!ret)
		ret = skep_btf_min(w->objects.items, w->objects.n, types, n, w->output,
				   opts, report, err);
	if (!ret)
		ret = cmd_print(common, report, err);
	free(types);
	skep_report_free(report);
	return ret;
}

static int run(const struct cmd *cmd, int argc, char **argv, struct skep_err *err)
{
	struct skep_btf_min_opts opts = { .sz = sizeof(opts) };
	struct wish w = { 0 };
	const struct opt table[] = {
		OPT_LIST(0, "kernel", &w.kernels, "ID", "a kernel of the library"),
		OPT_LIST(0, "btf", &w.files, "FILE", "a kernel's BTF, raw or in an ELF"),
		OPT_FLAG(0, "all", &w.all, "all kernels of the library"),
		OPT_STRING('o', "output", &w.output, "FILE", "write there; required"),
		OPT_FLAG(0, "raw", &opts.raw,
			 "of one kernel the BTF alone, as other tools read it"),
		OPT_END,
	};
	struct cmd_common common;
	int ret;

	ret = cmd_options(cmd, table, argc, argv, 1, 1024, &w.objects, &common, err);
	if (!ret && !w.output)
		ret = skep_fail(err, SKEP_EUSAGE, "-o is missing: where to write");
	if (!ret)
		ret = make(&w, &opts, &common, err);
	opt_list_release(&w.objects);
	opt_list_release(&w.kernels);
	opt_list_release(&w.files);
	return ret < 0 ? ret : 0;
}

const struct cmd cmd_btf_min = {
	.name = "min",
	.synopsis = "OBJECT... ((--kernel ID | --btf FILE)... | --all) -o FILE [--raw]",
	.summary =
		"only the types that objects' relocations reach, of many kernels, as a bundle",
	.details = "With it libbpf relocates on kernels that have no BTF of their own.",
	.run = run,
	.group = "skep btf ",
};
