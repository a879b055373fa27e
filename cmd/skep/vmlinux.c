/* SPDX-License-Identifier: BSD-2-Clause */
/* skep vmlinux: the C header with a kernel's types, all or those that sources need. */
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>

#include <skep/btf.h>

#include "cmd/common/cmd.h"
#include "cmd/common/home.h"

static int write_header(const struct skep_vmlinux_opts *opts, const char *output,
			struct skep_err *err)
{
	char *header;
	int ret;

	if (output)
		return skep_vmlinux_file(opts, output, err);
	ret = skep_vmlinux(opts, &header, err);
	if (ret)
		return ret;
	ret = cmd_puts(header, err);
	free(header);
	return ret;
}

/* What of clang's command line says where names come from. */
struct flags {
	struct opt_list folders, macros, headers;
};

static void add_flags(const char **cflags, size_t *n, const char *flag,
		      const struct opt_list *values)
{
	for (size_t i = 0; i < values->n; i++) {
		cflags[(*n)++] = flag;
		cflags[(*n)++] = values->items[i];
	}
}

static int write_with(struct skep_vmlinux_opts *opts, const struct flags *f,
		      const char *output, struct skep_err *err)
{
	size_t n = f->folders.n + f->macros.n + f->headers.n;
	const char **cflags;
	int ret;

	if (n && !opts->source_cnt)
		return skep_fail(
			err, SKEP_EUSAGE,
			"-I, -D and --include are of the sources that --for names");
	cflags = calloc(2 * n + 1, sizeof(*cflags));
	if (!cflags)
		return skep_fail(err, ENOMEM, "out of memory");
	add_flags(cflags, &opts->cflag_cnt, "-I", &f->folders);
	add_flags(cflags, &opts->cflag_cnt, "-D", &f->macros);
	add_flags(cflags, &opts->cflag_cnt, "-include", &f->headers);
	opts->cflags = cflags;
	ret = write_header(opts, output, err);
	free(cflags);
	return ret;
}

static int run(const struct cmd *cmd, int argc, char **argv, struct skep_err *err)
{
	struct skep_vmlinux_opts opts = { .sz = sizeof(opts) };
	struct opt_list operands = { 0 }, sources = { 0 };
	struct flags f = { 0 };
	const char *output = NULL;
	const struct opt table[] = {
		OPT_LIST(0, "for", &sources, "FILE",
			 "lean: only the types that this C file needs; may be repeated"),
		OPT_STRING(0, "btf", &opts.btf, "FILE",
			   "raw BTF or ELF with BTF, instead of the running kernel's"),
		OPT_STRING(0, "kernel", &opts.kernel, "ID",
			   "a kernel of the library, instead of the running one"),
		OPT_LIST('I', "include-dir", &f.folders, "DIR",
			 "folder of headers, as clang takes it"),
		OPT_LIST('D', "define", &f.macros, "NAME[=TEXT]",
			 "macro, as clang takes it"),
		OPT_LIST(0, "include", &f.headers, "FILE",
			 "header before each source, as clang takes it"),
		OPT_STRING('o', "output", &output, "FILE",
			   "write there instead of to stdout"),
		OPT_END,
	};
	struct cmd_common common;
	char home[CMD_HOME_MAX], cache[CMD_HOME_MAX];
	int ret;

	ret = cmd_options(cmd, table, argc, argv, 0, 0, &operands, &common, err);
	opt_list_release(&operands);
	if (!ret) {
		opts.home = cmd_home(home, sizeof(home));
		opts.cache_dir = cmd_cache(cache, sizeof(cache));
		opts.sources = sources.items;
		opts.source_cnt = sources.n;
		ret = write_with(&opts, &f, output, err);
	}
	opt_list_release(&sources);
	opt_list_release(&f.folders);
	opt_list_release(&f.macros);
	opt_list_release(&f.headers);
	return ret < 0 ? ret : 0;
}

const struct cmd cmd_vmlinux = {
	.name = "vmlinux",
	.synopsis =
		"[--for FILE]... [-I DIR]... [-D NAME]... [--include FILE]... [--btf FILE | --kernel ID] [-o FILE]",
	.summary = "write vmlinux.h, the C header of a kernel's types",
	.details =
		"With --for, a lean header: a source compiles to the same program as with the full one, "
		"several\ntimes faster.",
	.run = run,
};
