/* SPDX-License-Identifier: BSD-2-Clause */
/* Attest: referrers to the package index: a sigstore bundle, or the statement as it is. */
#include "lib/sign/attest.h"

#include <errno.h>

#include "lib/base/cleanup.h"
#include "lib/base/json.h"
#include "lib/sign/bundle.h"
#include "lib/sign/statement.h"

static int add_signed(const struct revision *r, const struct signer *s, const char *type,
		      const char *statement, size_t len, const struct earlier *earlier,
		      struct skep_err *err)
{
	const char *const annotations[] = { "dev.sigstore.bundle.content",
					    "dsse-envelope", PKG_PREDICATE_OF_BUNDLE,
					    type, NULL };
	struct pkg_artifact a = { BUNDLE_TYPE, BUNDLE_TYPE, NULL, 0, annotations };
	_cleanup_free_ char *bundle = NULL;
	int rc = signer_bundle(s, statement, len, &bundle, &a.size, err);

	a.data = bundle;
	if (!rc && a.size > BUNDLE_MAX)
		rc = skep_fail(err, SKEP_EUSAGE,
			       "signed statement has %zu bytes, %zu are the limit",
			       a.size, BUNDLE_MAX);
	return rc ? rc : revise_write(r, earlier->digests, earlier->n, &a, err);
}

static int add_plain(const struct revision *r, const char *type, const char *statement,
		     size_t len, const struct earlier *earlier, struct skep_err *err)
{
	const char *const annotations[] = { PKG_PREDICATE, type, NULL };
	const struct pkg_artifact a = { STATEMENT_MEDIA, STATEMENT_MEDIA, statement, len,
					annotations };

	if (len > BUNDLE_MAX)
		return skep_fail(err, SKEP_EUSAGE,
				 "statement has %zu bytes, %zu are the limit", len,
				 BUNDLE_MAX);
	return revise_write(r, earlier->digests, earlier->n, &a, err);
}

int attest(const struct revision *r, const struct signer *s, const char *type,
	   struct json_t *predicate, const struct earlier *earlier, struct skep_err *err)
{
	size_t len = 0;
	_cleanup_free_ char *statement =
		statement_write(type, skep_pkg_digest(r->pkg), predicate, &len);

	if (!statement)
		return skep_fail(err, ENOMEM, "out of memory");
	if (s)
		return add_signed(r, s, type, statement, len, earlier, err);
	return add_plain(r, type, statement, len, earlier, err);
}
