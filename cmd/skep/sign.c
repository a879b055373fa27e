/* SPDX-License-Identifier: BSD-2-Clause */
/* skep sign: add a signature to a package. */
#include <skep/sign.h>

#include "cmd/common/cmd.h"
#include "cmd/common/passphrase.h"

static int sign(const struct cmd_common *common, const char *file, const char *key,
		const char *cert, struct skep_err *err)
{
	struct skep_report *report = skep_report_new();
	int rc = skep_sign(file, key, cert, &passphrase_known, report, err);

	if (!rc)
		rc = cmd_print(common, report, err);
	skep_report_free(report);
	return rc;
}

static int run(const struct cmd *cmd, int argc, char **argv, struct skep_err *err)
{
	struct cmd_common common = { 0 };
	struct opt_list operands = { 0 };
	const char *key = NULL, *cert = NULL;
	const struct opt table[] = {
		OPT_STRING(0, "key", &key, "K", "private key, PEM, required"),
		OPT_STRING(0, "cert", &cert, "C",
			   "certificate of that key, PEM or DER, required"),
		OPT_END,
	};
	int rc = cmd_options(cmd, table, argc, argv, 1, 1, &operands, &common, err);

	if (rc)
		rc = rc < 0 ? rc : 0;
	else if (!key || !cert)
		rc = skep_fail(err, SKEP_EUSAGE, "--%s is missing", key ? "cert" : "key");
	else
		rc = sign(&common, operands.items[0], key, cert, err);
	opt_list_release(&operands);
	return rc;
}

const struct cmd cmd_sign = {
	"sign",
	"FILE --key K --cert C",
	"sign a package in place",
	"The package digest stays the same. Signing again with the same key leaves one signature of\n"
	"it; another key adds another. The passphrase of an encrypted key is asked on the terminal or\n"
	"taken from $SKEP_PASSPHRASE.",
	0,
	run,
};
