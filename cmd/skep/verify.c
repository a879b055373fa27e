/* SPDX-License-Identifier: BSD-2-Clause */
/* skep verify: who signed a package, and is every byte what was signed. */
#include <skep/sign.h>

#include "cmd/common/cmd.h"
#include "cmd/common/trust.h"

/* Who signed is told also when it does not suffice. */
static int verify(const struct cmd_common *common, const char *file,
		  const struct skep_verify_opts *opts, struct skep_err *err)
{
	struct skep_report *report = skep_report_new();
	struct skep_pkg *pkg = NULL;
	int rc = skep_pkg_open(file, &pkg, err);

	if (!rc) {
		int printed = 0;

		rc = skep_verify(pkg, opts, report, err);
		if (!rc || rc == -SKEP_EVERIFY)
			printed = cmd_print(common, report, err);
		rc = rc ? rc : printed;
	}
	skep_pkg_free(pkg);
	skep_report_free(report);
	return rc;
}

static int run(const struct cmd *cmd, int argc, char **argv, struct skep_err *err)
{
	struct skep_verify_opts opts = { .sz = sizeof(opts) };
	struct cmd_common common = { 0 };
	struct opt_list operands = { 0 };
	const struct opt table[] = {
		OPT_STRING(
			0, "trust", &opts.trust, "DIR",
			"trusted certificates, default $SKEP_TRUST, then /etc/skep/trust.d"),
		OPT_FLAG(0, "ignore-expiry", &opts.ignore_expiry,
			 "accept certificates outside their validity"),
		OPT_FLAG(0, "allow-unsigned", &opts.allow_unsigned,
			 "accept a missing or untrusted signature"),
		OPT_END,
	};
	int rc = cmd_options(cmd, table, argc, argv, 1, 1, &operands, &common, err);

	opts.trust = trust_dir(opts.trust);
	if (rc)
		rc = rc < 0 ? rc : 0;
	else
		rc = verify(&common, operands.items[0], &opts, err);
	opt_list_release(&operands);
	return rc;
}

const struct cmd cmd_verify = {
	"verify",
	"FILE [--trust DIR] [--ignore-expiry] [--allow-unsigned]",
	"check every byte of a package and who signed it",
	"A folder of certificates says whom to trust: each *.crt, *.pem or *.der is one exact key.\n"
	"What was found is printed also when it does not suffice.",
	0,
	run,
};
