/* SPDX-License-Identifier: BSD-2-Clause */
/* Sign: one signature per key, as a referrer to the package index, in place. */
#include <skep/sign.h>

#include "lib/base/json.h"
#include "lib/package/revise.h"
#include "lib/sign/attest.h"
#include "lib/sign/earlier.h"
#include "lib/sign/signer.h"
#include "lib/sign/statement.h"

static void fill_report(struct skep_report *report, const char *path,
			const struct skep_pkg *p, const struct cert *c, bool already)
{
	struct skep_node *root = skep_report_root(report);

	skep_node_str(root, "file", "file", path);
	skep_node_fmt(root, "package", "package", "%s:%s", skep_pkg_name(p),
		      skep_pkg_version(p));
	skep_node_str(root, "digest", "digest", skep_pkg_digest(p));
	signer_report(root, c);
	skep_node_str(root, "result", "result",
		      already ? "already signed by this key" : "signed");
}

static int sign(const char *path, const struct signer *s, struct skep_report *report,
		struct skep_err *err)
{
	struct revision r = {};
	struct earlier earlier = {};
	int rc = revise_open(&r, path, err);

	if (rc)
		return rc;
	rc = earlier_find(&earlier, r.pkg, STATEMENT_SIGNED, &s->cert, err);
	if (!rc && !earlier.valid)
		rc = attest(&r, s, STATEMENT_SIGNED, js_object(), &earlier, err);
	if (!rc)
		fill_report(report, path, r.pkg, &s->cert, earlier.valid);
	earlier_release(&earlier);
	revise_release(&r);
	return rc;
}

int skep_sign(const char *path, const char *key_path, const char *cert_path,
	      const struct skep_passphrase *passphrase, struct skep_report *report,
	      struct skep_err *err)
{
	struct signer s = {};
	int rc = signer_open(&s, key_path, cert_path, passphrase, err);

	if (rc)
		return rc;
	rc = sign(path, &s, report, err);
	signer_release(&s);
	return rc;
}
