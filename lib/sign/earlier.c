/* SPDX-License-Identifier: BSD-2-Clause */
/* Earlier: referrers of the package index by who stated them. */
#include "lib/sign/earlier.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "lib/base/cleanup.h"
#include "lib/sign/bundle.h"
#include "lib/sign/statement.h"

struct search {
	const char *type, *digest; /* of the package */
	const struct cert *cert;
	bool valid; /* of what was looked at last */
};

static bool of_type(const struct search *s, const void *data, size_t len)
{
	_cleanup_free_ char *type = statement_type(data, len);

	return type && !strcmp(type, s->type);
}

static bool signed_before(struct search *s, const struct pkg_referrer *r)
{
	struct bundle b;
	bool mine, good, found;

	s->valid = false;
	if (bundle_read(&b, r->data, r->size, r->digest, NULL))
		return false;
	mine = !memcmp(b.key, s->cert->fingerprint, sizeof(b.key));
	good = mine && cert_signed(s->cert, b.pae, b.pae_len, b.sig, b.sig_len);
	found = mine && (!good || of_type(s, b.payload, b.payload_len));
	s->valid = good && bundle_states(&b, s->type, s->digest);
	bundle_release(&b);
	return found;
}

static bool said_before(struct search *s, const struct pkg_referrer *r)
{
	if (strcmp(r->subject, s->digest))
		return false;
	if (s->cert)
		return !strcmp(r->artifact_type, BUNDLE_TYPE) && signed_before(s, r);
	return !strcmp(r->artifact_type, STATEMENT_MEDIA) && r->size <= BUNDLE_MAX &&
	       of_type(s, r->data, r->size);
}

int earlier_find(struct earlier *out, const struct skep_pkg *p, const char *type,
		 const struct cert *c, struct skep_err *err)
{
	struct search s = { type, skep_pkg_digest(p), c, false };
	struct earlier e = {};
	struct pkg_referrer r;

	e.digests = calloc(pkg_referrer_cnt(p) + 1, sizeof(*e.digests));
	if (!e.digests)
		return skep_fail(err, ENOMEM, "out of memory");
	for (size_t i = 0; i < pkg_referrer_cnt(p); i++) {
		pkg_referrer(p, i, &r);
		if (!said_before(&s, &r))
			continue;
		e.digests[e.n++] = r.digest;
		e.valid = s.valid;
	}
	e.valid = e.valid && e.n == 1;
	*out = e;
	return 0;
}

void earlier_release(struct earlier *e)
{
	free(e->digests);
	*e = (struct earlier){};
}
