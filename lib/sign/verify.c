/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * Verify: hold every signature of a package against the trust store. One good signature by a trusted key
 * within its validity is enough; one bad signature by a trusted key is too much; strangers are listed
 * and count for nothing. What its statement says decides what a bundle is: a signed proof vouches for the
 * proof and never for the package.
 */
#include <skep/sign.h>

#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

#include "lib/base/cleanup.h"
#include "lib/base/opts.h"
#include "lib/package/package.h"
#include "lib/sign/bundle.h"
#include "lib/sign/cert.h"
#include "lib/sign/crypto.h"
#include "lib/sign/signer.h"
#include "lib/sign/statement.h"
#include "lib/sign/trust.h"

#define DEFAULT_TRUST "/etc/skep/trust.d"

/* In the order of how well they explain a refusal. */
enum verdict { ALIEN, UNKNOWN, OTHER, EARLY, EXPIRED, GOOD, BAD };

static const char *const verdict_text[] = {
	[ALIEN] = "not understood, ignored",
	[UNKNOWN] = "unknown key, ignored",
	[OTHER] = "about something else, ignored",
	[EARLY] = "certificate not yet valid",
	[EXPIRED] = "certificate expired",
	[GOOD] = "good",
	[BAD] = "bad signature",
};

struct finding {
	enum verdict verdict;
	bool in_time;
	bool proof; /* of another kind than a signature of the package */
	uint8_t key[SKEP_SHA256_LEN];
	const struct cert *cert; /* borrowed from the trust store, NULL if unknown */
};

struct check {
	const struct skep_pkg *pkg;
	struct skep_verify_opts opts;
	struct trust trust;
	struct finding *findings;
	size_t n;
};

static bool is_bundle(const struct skep_pkg *p, const struct pkg_referrer *r)
{
	return !strcmp(r->artifact_type, BUNDLE_TYPE) &&
	       !strcmp(r->subject, skep_pkg_digest(p));
}

static bool is_proof(const struct bundle *b)
{
	_cleanup_free_ char *type = statement_type(b->payload, b->payload_len);

	return type && !strcmp(type, STATEMENT_PROOF);
}

static enum verdict judge(const struct check *k, const struct bundle *b, struct finding *f)
{
	const struct cert *c = trust_find(&k->trust, b->key, k->opts.now);

	memcpy(f->key, b->key, sizeof(f->key));
	f->proof = is_proof(b);
	if (!c)
		return UNKNOWN;
	f->cert = c;
	if (!cert_signed(c, b->pae, b->pae_len, b->sig, b->sig_len))
		return BAD;
	if (!bundle_states(b, f->proof ? STATEMENT_PROOF : STATEMENT_SIGNED,
			   skep_pkg_digest(k->pkg)))
		return OTHER;
	f->in_time = k->opts.now >= c->not_before && k->opts.now <= c->not_after;
	if (f->in_time || k->opts.ignore_expiry)
		return GOOD;
	return k->opts.now < c->not_before ? EARLY : EXPIRED;
}

static int judge_all(struct check *k, struct skep_err *err)
{
	struct pkg_referrer r;
	struct bundle b;

	k->findings = calloc(pkg_referrer_cnt(k->pkg) + 1, sizeof(*k->findings));
	if (!k->findings)
		return skep_fail(err, ENOMEM, "out of memory");
	for (size_t i = 0; i < pkg_referrer_cnt(k->pkg); i++) {
		struct finding *f = &k->findings[k->n];

		pkg_referrer(k->pkg, i, &r);
		if (!is_bundle(k->pkg, &r))
			continue;
		k->n++;
		if (bundle_read(&b, r.data, r.size, r.digest, NULL))
			continue;
		f->verdict = judge(k, &b, f);
		bundle_release(&b);
	}
	return 0;
}

/* The finding that decides: the highest verdict; of proofs only a bad one. NULL without signatures. */
static const struct finding *decisive(const struct check *k)
{
	const struct finding *best = NULL;

	for (size_t i = 0; i < k->n; i++) {
		const struct finding *f = &k->findings[i];

		if (f->proof && f->verdict != BAD)
			continue;
		if (!best || f->verdict > best->verdict ||
		    (f->verdict == best->verdict && f->in_time && !best->in_time))
			best = f;
	}
	return best;
}

static int refuse(const struct check *k, const struct finding *f, struct skep_err *err)
{
	char key[SKEP_DIGEST_STR], date[CERT_DATE_LEN];
	const char *name = f && f->cert ? f->cert->name : "";

	if (f)
		digest_fmt(f->key, key);
	if (!f) {
		skep_fail(err, SKEP_EVERIFY, "not signed");
		skep_err_hint(
			err,
			"sign it: skep sign FILE --key K --cert C; or allow it: --allow-unsigned");
	} else if (f->verdict == BAD) {
		skep_fail(err, SKEP_EVERIFY, "bad signature by trusted key '%s' (%s)",
			  name, key);
	} else if (f->verdict == EXPIRED) {
		cert_date(f->cert->not_after, date);
		skep_fail(err, SKEP_EVERIFY, "certificate of '%s' (%s) expired on %s",
			  name, key, date);
	} else if (f->verdict == EARLY) {
		cert_date(f->cert->not_before, date);
		skep_fail(err, SKEP_EVERIFY,
			  "certificate of '%s' (%s) is not valid before %s", name, key,
			  date);
	} else if (f->verdict == UNKNOWN) {
		skep_fail(err, SKEP_EVERIFY,
			  "signed by no key of the trust store, but by %s", key);
		skep_err_hint(err, "if you trust that key, put its certificate into '%s'",
			      k->opts.trust);
	} else {
		skep_fail(err, SKEP_EVERIFY, "no signature is about this package");
	}
	skep_err_at(err, pkg_where(k->pkg), 0, 0);
	return -SKEP_EVERIFY;
}

static void report_signature(struct skep_node *table, const struct finding *f)
{
	struct skep_node *row = skep_node_row(table);
	char key[SKEP_DIGEST_STR];

	skep_node_str(row, "status", "status",
		      f->verdict == GOOD && !f->in_time ? "good, expiry ignored"
							: verdict_text[f->verdict]);
	if (f->cert) {
		signer_report(row, f->cert);
		return;
	}
	digest_fmt(f->key, key);
	skep_node_str(row, "signer", "signer", NULL);
	skep_node_str(row, "fingerprint", "key fingerprint",
		      f->verdict == ALIEN ? NULL : key);
	skep_node_str(row, "not_before", NULL, NULL);
	skep_node_str(row, "not_after", "valid until", NULL);
}

static void report_signatures(struct skep_node *root, const struct check *k, bool proofs)
{
	struct skep_node *table =
		proofs ? skep_node_table(root, "proofs", "signatures of proofs")
		       : skep_node_table(root, "signatures", "signatures");

	for (size_t i = 0; i < k->n; i++)
		if (k->findings[i].proof == proofs)
			report_signature(table, &k->findings[i]);
}

/* The whole in one line, for who only runs the package. */
static void report_verdict(struct skep_node *root, const struct check *k,
			   const struct finding *f)
{
	const char *digest = skep_pkg_digest(k->pkg);
	char key[SKEP_DIGEST_STR];

	if (!f || f->verdict != GOOD) {
		skep_node_fmt(root, "verdict", NULL,
			      "verified by nobody: no trusted signature over %s", digest);
		return;
	}
	digest_fmt(f->key, key);
	skep_node_fmt(root, "verdict", NULL, "verified by skep: key %s over %s%s", key,
		      digest, f->in_time ? "" : ", expiry ignored");
}

static void fill_report(struct skep_report *report, const struct check *k,
			const struct finding *f)
{
	struct skep_node *root = skep_report_root(report);
	bool good = f && f->verdict == GOOD;

	skep_node_fmt(root, "package", "package", "%s:%s", skep_pkg_name(k->pkg),
		      skep_pkg_version(k->pkg));
	skep_node_str(root, "digest", "digest", skep_pkg_digest(k->pkg));
	skep_node_str(root, "verified_by", "verified by", good ? "skep" : "nobody");
	skep_node_bool(root, "expiry_ignored", NULL, good && !f->in_time);
	report_verdict(root, k, f);
	report_signatures(root, k, false);
	report_signatures(root, k, true);
}

static int verify(struct check *k, struct skep_report *report, struct skep_err *err)
{
	const struct finding *f;
	int rc = judge_all(k, err);

	if (rc)
		return rc;
	f = decisive(k);
	if (report)
		fill_report(report, k, f);
	if (f && f->verdict == GOOD)
		return 0;
	if (k->opts.allow_unsigned && (!f || f->verdict != BAD))
		return 0;
	return refuse(k, f, err);
}

/* Bundles, and among them any that may be a signature of the package. */
static bool has_bundle(const struct skep_pkg *p, bool *signature)
{
	struct pkg_referrer r;
	struct bundle b;
	bool found = false;

	*signature = false;
	for (size_t i = 0; i < pkg_referrer_cnt(p); i++) {
		pkg_referrer(p, i, &r);
		if (!is_bundle(p, &r))
			continue;
		found = true;
		if (bundle_read(&b, r.data, r.size, r.digest, NULL))
			continue;
		*signature |= !is_proof(&b);
		bundle_release(&b);
	}
	return found;
}

int skep_verify(const struct skep_pkg *pkg, const struct skep_verify_opts *opts,
		struct skep_report *report, struct skep_err *err)
{
	struct check k = { .pkg = pkg };
	bool signature;
	int rc = opts_take(&k.opts, sizeof(k.opts), opts, err);

	if (!rc)
		rc = crypto_init(err);
	if (!k.opts.trust)
		k.opts.trust = DEFAULT_TRUST;
	if (!k.opts.now)
		k.opts.now = time(NULL);
	if (!rc && has_bundle(pkg, &signature))
		rc = trust_open(&k.trust, k.opts.trust,
				k.opts.allow_unsigned || !signature, err);
	if (!rc)
		rc = verify(&k, report, err);
	free(k.findings);
	trust_release(&k.trust);
	return rc;
}
