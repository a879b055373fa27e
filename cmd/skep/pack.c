/* SPDX-License-Identifier: BSD-2-Clause */
/* skep pack: a package of a project, of plain objects, or of another tool's image layout. */
#include <stdio.h>
#include <string.h>

#include <skep/build.h>

#include "cmd/common/buildenv.h"
#include "cmd/common/cmd.h"

struct options {
	const char *dir, *output, *oci;
	struct opt_list kernels;
	struct skep_pack_opts pack;
};

static int pack_project(const struct options *o, struct cmd_common *common,
			struct skep_report *report, struct skep_err *err)
{
	struct skep_build_opts opts = { .sz = sizeof(opts),
					.log = &common->log,
					.output = o->output };
	struct buildenv env;
	int rc = buildenv_fill(&opts, &env, err);

	return rc ? rc : skep_build(o->dir ? o->dir : ".", &opts, report, err);
}

static int pack_objects(struct options *o, const struct opt_list *objects,
			struct cmd_common *common, struct skep_report *report,
			struct skep_err *err)
{
	char output[256], home[CMD_HOME_MAX];
	int rc = buildenv_epoch(&o->pack.epoch, err);

	if (rc)
		return rc;
	if (!o->pack.name || !o->pack.version)
		return skep_fail(err, SKEP_EUSAGE, "objects need --name and --version");
	o->pack.log = &common->log;
	o->pack.home = cmd_home(home, sizeof(home));
	o->pack.kernels = o->kernels.items;
	o->pack.kernel_cnt = o->kernels.n;
	snprintf(output, sizeof(output), "%s.skep", o->pack.name);
	return skep_pack(objects->items, objects->n, o->output ? o->output : output,
			 &o->pack, report, err);
}

static int pack(struct options *o, const struct opt_list *objects,
		struct cmd_common *common, struct skep_report *report,
		struct skep_err *err)
{
	bool described = o->pack.name || o->pack.version || o->pack.license ||
			 o->pack.arch || o->kernels.n;

	if (o->dir && (objects->n || o->oci))
		return skep_fail(err, SKEP_EUSAGE,
				 "-C names a project: no objects or --from-oci with it");
	if (o->oci && (objects->n || described))
		return skep_fail(
			err, SKEP_EUSAGE,
			"--from-oci takes name, version and objects from the file");
	if (o->oci && !o->output)
		return skep_fail(err, SKEP_EUSAGE, "--from-oci needs -o");
	if (o->oci)
		return skep_pack_oci(o->oci, o->output, report, err);
	if (objects->n)
		return pack_objects(o, objects, common, report, err);
	if (described)
		return skep_fail(
			err, SKEP_EUSAGE,
			"a project's name, version, license, arch and kernels are in skep.yaml");
	return pack_project(o, common, report, err);
}

static int run(const struct cmd *cmd, int argc, char **argv, struct skep_err *err)
{
	struct options o = { .pack.sz = sizeof(o.pack) };
	struct skep_report *report = NULL;
	struct opt_list objects = { 0 };
	struct cmd_common common = { 0 };
	const struct opt table[] = {
		OPT_STRING('C', "directory", &o.dir, "DIR", "the project; default: here"),
		OPT_STRING('o', "output", &o.output, "FILE",
			   "the package; default: NAME.skep"),
		OPT_STRING(0, "name", &o.pack.name, "N", "of the package, with objects"),
		OPT_STRING(0, "version", &o.pack.version, "V",
			   "of the package, with objects"),
		OPT_STRING(0, "license", &o.pack.license, "L",
			   "of the package, with objects; default: the object's"),
		OPT_STRING(0, "arch", &o.pack.arch, "A",
			   "of the objects; default: this machine's"),
		OPT_LIST(
			0, "kernel", &o.kernels, "ID",
			"with objects: put the types they need of this kernel into the package"),
		OPT_STRING(0, "from-oci", &o.oci, "FILE",
			   "rewrite another tool's tar of an OCI image layout"),
		OPT_END,
	};
	int rc = cmd_options(cmd, table, argc, argv, 0, SIZE_MAX, &objects, &common, err);

	if (!rc) {
		report = skep_report_new();
		rc = pack(&o, &objects, &common, report, err);
		if (!rc)
			rc = cmd_print(&common, report, err);
	} else if (rc > 0) {
		rc = 0;
	}
	opt_list_release(&objects);
	opt_list_release(&o.kernels);
	skep_report_free(report);
	return rc;
}

const struct cmd cmd_pack = {
	.name = "pack",
	.synopsis =
		"[-C DIR] [-o FILE] | OBJECT... --name N --version V [--license L] [--arch A] [--kernel ID]... [-o FILE] | "
		"--from-oci FILE -o FILE",
	.summary = "make a package",
	.details =
		"Without objects: the project's package, built first if it is not up to date.",
	.run = run,
};
