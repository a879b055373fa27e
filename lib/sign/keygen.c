/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * Keygen: a key pair as skep.key and skep.crt. The certificate is self-signed and no CA; its
 * subjectKeyIdentifier is how the kernel finds the key, its codeSigning what systemd's enrolment asks for.
 */
#include <skep/sign.h>

#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <time.h>
#include <unistd.h>

#include <openssl/pem.h>
#include <openssl/rand.h>
#include <openssl/x509v3.h>

#include "lib/base/cleanup.h"
#include "lib/base/fs.h"
#include "lib/base/opts.h"
#include "lib/base/text.h"
#include "lib/sign/cert.h"
#include "lib/sign/crypto.h"
#include "lib/sign/key.h"
#include "lib/sign/signer.h"

#define DAY        ((int64_t)24 * 60 * 60)
#define MAX_DAYS   36500
#define MAX_NAME   64       /* ub-common-name of RFC 5280 */
#define CLOCK_SKEW (5 * 60) /* seconds by which other machines may be behind */

static int add_extension(X509 *x, int nid, const char *value)
{
	X509V3_CTX ctx;
	X509_EXTENSION *e;
	int ok;

	X509V3_set_ctx_nodb(&ctx);
	X509V3_set_ctx(&ctx, x, x, NULL, NULL, 0);
	e = X509V3_EXT_conf_nid(NULL, &ctx, nid, value);
	ok = e && X509_add_ext(x, e, -1);
	X509_EXTENSION_free(e);
	return ok;
}

static int add_extensions(X509 *x)
{
	return add_extension(x, NID_subject_key_identifier, "hash") &&
	       add_extension(x, NID_basic_constraints, "critical,CA:FALSE") &&
	       add_extension(x, NID_key_usage, "critical,digitalSignature") &&
	       add_extension(x, NID_ext_key_usage, "codeSigning");
}

static int set_serial(X509 *x)
{
	unsigned char raw[16];
	BIGNUM *n = NULL;
	int ok;

	if (RAND_bytes(raw, sizeof(raw)) != 1)
		return 0;
	raw[0] = (raw[0] & 0x7f) | 0x40;
	n = BN_bin2bn(raw, sizeof(raw), NULL);
	ok = n && BN_to_ASN1_INTEGER(n, X509_get_serialNumber(x));
	BN_free(n);
	return ok;
}

static int set_name(X509 *x, const char *name)
{
	X509_NAME *n = X509_get_subject_name(x);

	return X509_NAME_add_entry_by_txt(n, "CN", MBSTRING_UTF8,
					  (const unsigned char *)name, -1, -1, 0) &&
	       X509_set_issuer_name(x, n);
}

static int cert_pem(EVP_PKEY *key, const struct skep_keygen_opts *o, char **out,
		    size_t *len, struct skep_err *err)
{
	X509 *x = X509_new();
	BIO *bio = BIO_new(BIO_s_mem());
	char *data;
	int rc = 0;

	if (!x || !bio || !X509_set_version(x, X509_VERSION_3) || !set_serial(x) ||
	    !set_name(x, o->common_name) || !X509_set_pubkey(x, key) ||
	    !ASN1_TIME_set(X509_getm_notBefore(x), o->not_before) ||
	    !ASN1_TIME_set(X509_getm_notAfter(x),
			   o->not_before + (int64_t)o->days * DAY) ||
	    !add_extensions(x) || !X509_sign(x, key, EVP_sha256()) ||
	    !PEM_write_bio_X509(bio, x))
		rc = crypto_fail(err, EIO, "cannot make a certificate");
	if (!rc) {
		*len = BIO_get_mem_data(bio, &data);
		*out = malloc(*len);
		if (*out)
			memcpy(*out, data, *len);
		else
			rc = skep_fail(err, ENOMEM, "out of memory");
	}
	BIO_free(bio);
	X509_free(x);
	return rc;
}

static int fail_exists(const char *path, struct skep_err *err)
{
	skep_fail(err, SKEP_EEXISTS, "exists and is never overwritten");
	skep_err_at(err, path, 0, 0);
	return -SKEP_EEXISTS;
}

static int fail_write(const char *path, struct skep_err *err)
{
	int code = errno;

	if (code == EEXIST)
		return fail_exists(path, err);
	skep_fail(err, code, "cannot write: %s", strerror(code));
	skep_err_at(err, path, 0, 0);
	return -code;
}

/* A temporary beside path, complete and on disk; *tmp is its name as soon as it exists. */
static int prepare(const char *path, const void *data, size_t len, mode_t mode,
		   char **tmp, struct skep_err *err)
{
	_cleanup_free_ char *dir = fs_dirname(path);
	_cleanup_free_ char *name =
		text_fmt("%s/.%s.XXXXXX", dir ? dir : "", fs_basename(path));
	_cleanup_close_ int fd = -1;
	size_t done = 0;

	if (!dir || !name)
		return skep_fail(err, ENOMEM, "out of memory");
	fd = mkostemp(name, O_CLOEXEC);
	if (fd < 0)
		return fail_write(path, err);
	*tmp = TAKE(name);
	while (done < len) {
		ssize_t n = write(fd, (const char *)data + done, len - done);

		if (n < 0 && errno != EINTR)
			return fail_write(path, err);
		done += n > 0 ? n : 0;
	}
	if (fchmod(fd, mode) || fsync(fd))
		return fail_write(path, err);
	return 0;
}

static int appear(const char *tmp, const char *path, struct skep_err *err)
{
	if (renameat2(AT_FDCWD, tmp, AT_FDCWD, path, RENAME_NOREPLACE))
		return fail_write(path, err);
	return 0;
}

/* Both files appear complete, or neither does. */
static int publish_pair(const char *key_path, const char *key, size_t key_len,
			const char *crt_path, const char *crt, size_t crt_len,
			struct skep_err *err)
{
	_cleanup_free_ char *key_tmp = NULL, *crt_tmp = NULL;
	int rc = prepare(key_path, key, key_len, 0600, &key_tmp, err);

	if (!rc)
		rc = prepare(crt_path, crt, crt_len, 0644, &crt_tmp, err);
	if (!rc)
		rc = appear(crt_tmp, crt_path, err);
	if (!rc) {
		rc = appear(key_tmp, key_path, err);
		if (rc)
			unlink(crt_path);
	}
	if (rc && key_tmp)
		unlink(key_tmp);
	if (rc && crt_tmp)
		unlink(crt_tmp);
	return rc;
}

static void fill_report(struct skep_report *report, const struct cert *c,
			const char *type, const char *key, const char *crt)
{
	struct skep_node *root = skep_report_root(report);

	skep_node_str(root, "key", "private key", key);
	skep_node_str(root, "certificate", "certificate", crt);
	skep_node_str(root, "type", "type", type);
	signer_report(root, c);
	skep_node_fmt(root, "next_sign", "to sign",
		      "skep sign FILE.skep --key %s --cert %s", key, crt);
	skep_node_fmt(root, "next_trust", "to trust",
		      "install -D -m 644 %s /etc/skep/trust.d/%s", crt, fs_basename(crt));
	skep_node_fmt(root, "next_kernel", "kernel keyring",
		      "openssl x509 -in %s -outform DER | keyctl padd asymmetric skep @s",
		      crt);
}

static int check_opts(struct skep_keygen_opts *o, struct skep_err *err)
{
	o->type = o->type ? o->type : "rsa3072";
	o->common_name = o->common_name ? o->common_name : "skep signing key";
	o->days = o->days ? o->days : 1095;
	o->not_before = o->not_before ? o->not_before : (int64_t)time(NULL) - CLOCK_SKEW;
	if (!*o->common_name || strlen(o->common_name) > MAX_NAME)
		return skep_fail(err, SKEP_EUSAGE,
				 "common name wants 1 to %d bytes, not '%s'", MAX_NAME,
				 o->common_name);
	if (o->days > MAX_DAYS)
		return skep_fail(err, SKEP_EUSAGE, "days wants 1 to %d, not %llu",
				 MAX_DAYS, (unsigned long long)o->days);
	return 0;
}

static int make_dir(const char *dir, const char *key, const char *crt,
		    struct skep_err *err)
{
	int rc = fs_mkdirs(dir, 0700, err);

	if (rc)
		return rc;
	if (fs_exists(key))
		return fail_exists(key, err);
	return fs_exists(crt) ? fail_exists(crt, err) : 0;
}

int skep_keygen(const char *dir, const struct skep_keygen_opts *opts,
		struct skep_report *report, struct skep_err *err)
{
	struct skep_keygen_opts o;
	_cleanup_free_ char *key_path = fs_join(dir, "skep.key"),
			    *crt_path = fs_join(dir, "skep.crt");
	_cleanup_free_ char *crt = NULL;
	_cleanup_(key_freep) EVP_PKEY *key = NULL;
	struct cert c = {};
	char *pem = NULL;
	size_t pem_len = 0, crt_len = 0;
	int rc;

	if (!key_path || !crt_path)
		return skep_fail(err, ENOMEM, "out of memory");
	rc = opts_take(&o, sizeof(o), opts, err);
	if (rc || (rc = check_opts(&o, err)) || (rc = crypto_init(err)) ||
	    (rc = make_dir(dir, key_path, crt_path, err)))
		return rc;
	rc = key_generate(&key, o.type, err);
	if (!rc)
		rc = key_pem(key, o.passphrase, &pem, &pem_len, err);
	if (!rc)
		rc = cert_pem(key, &o, &crt, &crt_len, err);
	if (!rc)
		rc = cert_parse(&c, crt, crt_len, err);
	if (!rc)
		rc = publish_pair(key_path, pem, pem_len, crt_path, crt, crt_len, err);
	if (!rc)
		fill_report(report, &c, o.type, key_path, crt_path);
	key_scrub(pem, pem_len);
	cert_release(&c);
	return rc;
}
