/* SPDX-License-Identifier: BSD-2-Clause */
/* skep keygen: a signing key and its certificate. */
#include <skep/sign.h>

#include "cmd/common/cmd.h"
#include "cmd/common/passphrase.h"

static int keygen(const struct cmd_common *common, const char *out,
		  const struct skep_keygen_opts *opts, struct skep_err *err)
{
	struct skep_report *report = skep_report_new();
	int rc = skep_keygen(out, opts, report, err);

	if (!rc)
		rc = cmd_print(common, report, err);
	skep_report_free(report);
	return rc;
}

static int run(const struct cmd *cmd, int argc, char **argv, struct skep_err *err)
{
	struct cmd_common common = { 0 };
	struct opt_list operands = { 0 };
	const char *out = NULL, *type = "rsa3072", *name = NULL;
	bool passphrase = false;
	uint64_t days = 1095;
	const struct opt table[] = {
		OPT_STRING(0, "out", &out, "DIR",
			   "folder for skep.key and skep.crt, required"),
		OPT_CHOICE(0, "type", &type, "rsa3072|ecdsa-p256",
			   "kind of key, default rsa3072"),
		OPT_STRING(0, "cn", &name, "NAME", "common name of the certificate"),
		OPT_UINT(0, "days", &days, "N",
			 "days the certificate is valid, default 1095"),
		OPT_FLAG(0, "passphrase", &passphrase, "encrypt the key file"),
		OPT_END,
	};
	int rc = cmd_options(cmd, table, argc, argv, 0, 0, &operands, &common, err);

	opt_list_release(&operands);
	if (rc)
		return rc < 0 ? rc : 0;
	if (!out)
		return skep_fail(err, SKEP_EUSAGE, "--out is missing");
	if (!days)
		return skep_fail(err, SKEP_EUSAGE, "--days wants 1 to 36500, not 0");
	return keygen(&common, out,
		      &(struct skep_keygen_opts){
			      .sz = sizeof(struct skep_keygen_opts),
			      .type = type,
			      .common_name = name,
			      .days = days,
			      .passphrase = passphrase ? &passphrase_new : NULL },
		      err);
}

const struct cmd cmd_keygen = {
	"keygen",
	"--out DIR [--type rsa3072|ecdsa-p256] [--cn NAME] [--days N] [--passphrase]",
	"make a signing key and its certificate",
	"Writes skep.key (0600) and skep.crt into DIR; never overwrites. The passphrase is asked on\n"
	"the terminal or taken from $SKEP_PASSPHRASE.",
	0,
	run,
};
