/* SPDX-License-Identifier: BSD-2-Clause */
/* skep build: bring a project's object, skeleton and package up to date. */
#include <skep/build.h>

#include "cmd/common/buildenv.h"
#include "cmd/common/cmd.h"

static int build(const char *dir, struct skep_build_opts *opts, struct cmd_common *common,
		 struct skep_err *err)
{
	struct skep_report *report = skep_report_new();
	struct buildenv env;
	int rc = buildenv_fill(opts, &env, err);

	opts->log = &common->log;
	if (!rc)
		rc = skep_build(dir, opts, report, err);
	if (!rc)
		rc = cmd_print(common, report, err);
	skep_report_free(report);
	return rc;
}

static int run(const struct cmd *cmd, int argc, char **argv, struct skep_err *err)
{
	struct skep_build_opts opts = { .sz = sizeof(opts) };
	struct opt_list operands = { 0 };
	struct cmd_common common = { 0 };
	const char *dir = ".";
	uint64_t jobs = 0;
	const struct opt table[] = {
		OPT_STRING('C', "directory", &dir, "DIR", "the project; default: here"),
		OPT_UINT('j', "jobs", &jobs, "N",
			 "steps at once; default: one per processor"),
		OPT_FLAG(0, "explain", &common.explain,
			 "say of every step why it is done or not"),
		OPT_FLAG(0, "print-flags", &opts.print_flags,
			 "print the clang lines and build nothing"),
		OPT_FLAG(0, "pin", &opts.pin,
			 "write the generated vmlinux.h into the project's vmlinux/"),
		OPT_STRING(0, "clang", &opts.clang, "PROGRAM",
			   "default: newest clang in $PATH"),
		OPT_END,
	};
	int rc = cmd_options(cmd, table, argc, argv, 0, 0, &operands, &common, err);

	opt_list_release(&operands);
	if (rc)
		return rc > 0 ? 0 : rc;
	opts.jobs = jobs < 256 ? (unsigned int)jobs : 256;
	return build(dir, &opts, &common, err);
}

const struct cmd cmd_build = {
	.name = "build",
	.synopsis =
		"[-C DIR] [-j N] [--explain] [--pin] [--clang PROGRAM] [--print-flags]",
	.summary = "compile, link, make skeleton and package; only what changed",
	.details =
		"Makes build/OBJECT.bpf.o, build/OBJECT.skel.h, build/NAME.skep and "
		"build/compile_commands.json\nof the project. Compiler flags come from skep.yaml alone, "
		"never from the environment.\n\n"
		"vmlinux.h is generated for each object and architecture, from the types that 'vmlinux' in "
		"skep.yaml names\n(default: the running kernel's), and holds what the sources need. --pin writes "
		"it to\nvmlinux/ARCH/OBJECT/vmlinux.h; builds take it from there as long as it exists, whatever "
		"kernel is\nrunning. Pin again when the sources need more types; remove the file to be rid of it.\n\n"
		"Every object is checked against the kernels that 'kernels' in skep.yaml names and the library "
		"has. If one\nfails there, exit is 1; what was built stays in build/ to be looked into with skep "
		"check. Of 'variants' a\nkernel needs the one it gets: the first that asks for nothing the kernel "
		"lacks.",
	.run = run,
};
