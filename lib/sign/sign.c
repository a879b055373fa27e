/* SPDX-License-Identifier: BSD-2-Clause */
/* Sign: one signature per key, as a referrer to the package index, in place. */
#include <skep/sign.h>

#include <errno.h>
#include <fcntl.h>
#include <stdlib.h>
#include <string.h>
#include <sys/file.h>
#include <sys/stat.h>
#include <time.h>

#include "lib/base/cleanup.h"
#include "lib/base/fs.h"
#include "lib/package/package.h"
#include "lib/sign/bundle.h"
#include "lib/sign/cert.h"
#include "lib/sign/crypto.h"
#include "lib/sign/key.h"
#include "lib/sign/signer.h"

DEFINE_CLEANUP(struct skep_pkg *, skep_pkg_free)

/* Signatures that this key has put on the package before. */
struct earlier {
	const char **digests; /* borrowed from the package */
	size_t n;
	bool valid; /* there is one and it verifies */
};

static int load_cert(struct cert *c, const char *path, struct skep_err *err)
{
	_cleanup_free_ char *data = NULL;
	size_t len;
	int rc = fs_read(path, FS_MAX_SOURCE, &data, &len, err);

	if (rc)
		return rc;
	rc = cert_parse(c, data, len, err);
	if (rc)
		skep_err_at(err, path, 0, 0);
	return rc;
}

static int check_expiry(const struct cert *c, const char *path, struct skep_err *err)
{
	char date[CERT_DATE_LEN];

	if (time(NULL) <= c->not_after)
		return 0;
	cert_date(c->not_after, date);
	skep_fail(err, SKEP_EUSAGE, "certificate expired on %s", date);
	skep_err_hint(err, "make a new one: skep keygen --out DIR");
	skep_err_at(err, path, 0, 0);
	return -SKEP_EUSAGE;
}

static int check_pair(struct evp_pkey_st *key, const struct cert *c, const char *key_path,
		      const char *cert_path, struct skep_err *err)
{
	size_t len = 0;
	_cleanup_free_ void *spki = key_spki(key, &len);

	if (!spki)
		return crypto_fail(err, ENOMEM, "cannot encode the key");
	if (len == c->spki_len && !memcmp(spki, c->spki, len))
		return 0;
	return skep_fail(err, SKEP_EUSAGE, "certificate '%s' is not of key '%s'",
			 cert_path, key_path);
}

static int find_earlier(const struct skep_pkg *p, const struct cert *c,
			struct earlier *out, struct skep_err *err)
{
	struct pkg_referrer r;
	struct bundle b;

	out->digests = calloc(pkg_referrer_cnt(p) + 1, sizeof(*out->digests));
	if (!out->digests)
		return skep_fail(err, ENOMEM, "out of memory");
	for (size_t i = 0; i < pkg_referrer_cnt(p); i++) {
		pkg_referrer(p, i, &r);
		if (strcmp(r.artifact_type, BUNDLE_TYPE) ||
		    strcmp(r.subject, skep_pkg_digest(p)) ||
		    bundle_read(&b, r.data, r.size, r.digest, NULL))
			continue;
		if (!memcmp(b.key, c->fingerprint, sizeof(b.key))) {
			out->digests[out->n++] = r.digest;
			out->valid = bundle_states(&b, skep_pkg_digest(p)) &&
				     cert_signed(c, b.pae, b.pae_len, b.sig, b.sig_len);
		}
		bundle_release(&b);
	}
	out->valid = out->valid && out->n == 1;
	return 0;
}

static int make_bundle(const char *digest, struct evp_pkey_st *key, const struct cert *c,
		       char **out, size_t *len, struct skep_err *err)
{
	struct bundle b = {};
	int rc = 0;

	memcpy(b.key, c->fingerprint, sizeof(b.key));
	b.payload = bundle_statement(digest, &b.payload_len);
	if (b.payload)
		b.pae = bundle_pae(b.payload, b.payload_len, &b.pae_len);
	if (!b.pae)
		rc = skep_fail(err, ENOMEM, "out of memory");
	if (!rc)
		rc = key_sign(key, b.pae, b.pae_len, &b.sig, &b.sig_len, err);
	if (!rc && !(*out = bundle_write(&b, len)))
		rc = skep_fail(err, ENOMEM, "out of memory");
	bundle_release(&b);
	return rc;
}

/* Replace the file that path names, through symbolic links, if it is still the one that is held. */
static int publish(const char *path, int held, const void *data, size_t len,
		   struct skep_err *err)
{
	_cleanup_free_ char *real = realpath(path, NULL);
	struct stat st;

	if (!real || fstat(held, &st))
		return skep_fail(err, errno, "cannot find '%s' again: %s", path,
				 strerror(errno));
	return fs_replace(real, &st, data, len, err);
}

static int add_signature(const char *path, int held, const struct skep_pkg *p,
			 struct evp_pkey_st *key, const struct cert *c,
			 const struct earlier *earlier, struct skep_err *err)
{
	static const char *const annotations[] = { "dev.sigstore.bundle.content",
						   "dsse-envelope",
						   "dev.sigstore.bundle.predicateType",
						   BUNDLE_PREDICATE, NULL };
	_cleanup_free_ char *bundle = NULL;
	_cleanup_free_ void *bytes = NULL;
	struct pkg_artifact a = { BUNDLE_TYPE, BUNDLE_TYPE, NULL, 0, annotations };
	size_t len;
	int rc = make_bundle(skep_pkg_digest(p), key, c, &bundle, &a.size, err);

	a.data = bundle;
	if (!rc)
		rc = pkg_replace_referrers(p, earlier->digests, earlier->n, &a, &bytes,
					   &len, err);
	return rc ? rc : publish(path, held, bytes, len, err);
}

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

/*
 * Hold the file that path names against other signers until the descriptor is closed: without it, of
 * two signatures added at once the first to be written is lost. Where it cannot be held it is not.
 */
static int hold(const char *path)
{
	struct stat mine, now;
	int fd;

	while ((fd = open(path, O_RDONLY | O_CLOEXEC | O_NONBLOCK | O_NOCTTY)) >= 0) {
		if (flock(fd, LOCK_EX) || fstat(fd, &mine) || stat(path, &now) ||
		    (mine.st_ino == now.st_ino && mine.st_dev == now.st_dev))
			break;
		close(fd);
	}
	return fd;
}

static int sign(const char *path, struct evp_pkey_st *key, const struct cert *c,
		struct skep_report *report, struct skep_err *err)
{
	_cleanup_(skep_pkg_freep) struct skep_pkg *p = NULL;
	_cleanup_close_ int held = hold(path);
	struct earlier earlier = {};
	int rc = skep_pkg_open(path, &p, err);

	if (!rc)
		rc = find_earlier(p, c, &earlier, err);
	if (!rc && !earlier.valid)
		rc = add_signature(path, held, p, key, c, &earlier, err);
	if (!rc)
		fill_report(report, path, p, c, earlier.valid);
	free(earlier.digests);
	return rc;
}

int skep_sign(const char *path, const char *key_path, const char *cert_path,
	      const struct skep_passphrase *passphrase, struct skep_report *report,
	      struct skep_err *err)
{
	_cleanup_(key_freep) struct evp_pkey_st *key = NULL;
	struct cert c = {};
	int rc = crypto_init(err);

	if (!rc)
		rc = load_cert(&c, cert_path, err);
	if (!rc)
		rc = check_expiry(&c, cert_path, err);
	if (!rc)
		rc = key_load(&key, key_path, passphrase, err);
	if (!rc)
		rc = check_pair(key, &c, key_path, cert_path, err);
	if (!rc)
		rc = sign(path, key, &c, report, err);
	cert_release(&c);
	return rc;
}
