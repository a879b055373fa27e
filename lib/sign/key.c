/* SPDX-License-Identifier: BSD-2-Clause */
/* Key: a private key, from a file or fresh, and what it signs. */
#include "lib/sign/key.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include <openssl/crypto.h>
#include <openssl/ec.h>
#include <openssl/err.h>
#include <openssl/evp.h>
#include <openssl/pem.h>
#include <openssl/pkcs12.h>
#include <openssl/rand.h>
#include <openssl/rsa.h>
#include <openssl/x509.h>

#include "lib/base/fs.h"
#include "lib/base/text.h"
#include "lib/sign/crypto.h"

#define PBKDF2_ITERATIONS 600000
#define SALT_LEN          16

struct question {
	const struct skep_passphrase *passphrase;
	const char *path;
	int rc; /* 0 not asked, 1 answered, negative failed */
};

static int answer(char *out, int size, int writing, void *ctx)
{
	struct question *q = ctx;
	_cleanup_free_ char *prompt = text_fmt("passphrase of '%s'", q->path);

	if (!q->passphrase || !prompt) {
		q->rc = -SKEP_EUSAGE;
		return -1;
	}
	q->rc = q->passphrase->ask(q->passphrase->ctx, prompt, out, size);
	if (q->rc)
		return -1;
	q->rc = 1;
	return strlen(out);
}

/* What is to be said when asking failed; none is for when there was nobody to ask. */
static int ask_fail(int code, const char *none, struct skep_err *err)
{
	if (code == -EOVERFLOW)
		return skep_fail(err, SKEP_EUSAGE, "passphrase is too long");
	if (code == -ECANCELED)
		return skep_fail(err, SKEP_EUSAGE, "no passphrase was given");
	return skep_fail(err, code, "%s", none);
}

static int load_fail(const struct question *q, struct skep_err *err)
{
	int rc;

	if (q->rc < 0) {
		rc = ask_fail(q->rc, "the key is encrypted and there is no passphrase",
			      err);
		if (q->rc != -EOVERFLOW && q->rc != -ECANCELED)
			skep_err_hint(err, "set SKEP_PASSPHRASE, or run it on a terminal");
	} else if (q->rc) {
		rc = skep_fail(err, SKEP_EVERIFY, "wrong passphrase");
	} else {
		rc = crypto_fail(err, SKEP_EKIND, "not a private key in PEM");
	}
	ERR_clear_error();
	skep_err_at(err, q->path, 0, 0);
	return rc;
}

int key_load(EVP_PKEY **out, const char *path, const struct skep_passphrase *passphrase,
	     struct skep_err *err)
{
	struct question q = { passphrase, path, 0 };
	EVP_PKEY *key = NULL;
	char *pem;
	size_t len;
	BIO *bio;
	int rc = fs_read(path, FS_MAX_SOURCE, &pem, &len, err);

	if (rc)
		return rc;
	bio = BIO_new_mem_buf(pem, len);
	if (bio)
		key = PEM_read_bio_PrivateKey(bio, NULL, answer, &q);
	BIO_free(bio);
	if (!key)
		rc = load_fail(&q, err);
	key_scrub(pem, len);
	if (!rc)
		*out = key;
	return rc;
}

int key_generate(EVP_PKEY **out, const char *type, struct skep_err *err)
{
	EVP_PKEY *key;

	if (!strcmp(type, "rsa3072"))
		key = EVP_RSA_gen(3072);
	else if (!strcmp(type, "ecdsa-p256"))
		key = EVP_EC_gen("P-256");
	else
		return skep_fail(err, SKEP_EUSAGE,
				 "key type wants rsa3072 or ecdsa-p256, not '%s'", type);
	if (!key)
		return crypto_fail(err, EIO, "cannot make a key");
	*out = key;
	return 0;
}

void key_free(EVP_PKEY *key)
{
	EVP_PKEY_free(key);
}

static X509_SIG *encrypt(PKCS8_PRIV_KEY_INFO *info, const char *pass)
{
	unsigned char salt[SALT_LEN];
	X509_ALGOR *pbe = NULL;
	X509_SIG *sealed = NULL;

	if (RAND_bytes(salt, sizeof(salt)) == 1)
		pbe = PKCS5_pbe2_set_iv(EVP_aes_256_cbc(), PBKDF2_ITERATIONS, salt,
					sizeof(salt), NULL, NID_hmacWithSHA256);
	if (pbe)
		sealed = PKCS8_set0_pbe(pass, strlen(pass), info, pbe);
	if (!sealed)
		X509_ALGOR_free(pbe);
	return sealed;
}

static int write_pem(BIO *bio, EVP_PKEY *key, const struct skep_passphrase *passphrase,
		     struct skep_err *err)
{
	char pass[KEY_PASSPHRASE_MAX] = "";
	PKCS8_PRIV_KEY_INFO *info = EVP_PKEY2PKCS8(key);
	X509_SIG *sealed = NULL;
	int rc = info ? 0 : crypto_fail(err, ENOMEM, "cannot encode the key");

	if (!rc && passphrase)
		rc = passphrase->ask(passphrase->ctx, "passphrase for the new key", pass,
				     sizeof(pass));
	if (rc)
		rc = ask_fail(rc, "there is no passphrase for the new key", err);
	else if (passphrase && !*pass)
		rc = skep_fail(err, SKEP_EUSAGE, "an empty passphrase protects nothing");
	else if (passphrase && !(sealed = encrypt(info, pass)))
		rc = crypto_fail(err, EIO, "cannot encrypt the key");
	else if (!(sealed ? PEM_write_bio_PKCS8(bio, sealed)
			  : PEM_write_bio_PKCS8_PRIV_KEY_INFO(bio, info)))
		rc = crypto_fail(err, ENOMEM, "cannot encode the key");
	OPENSSL_cleanse(pass, sizeof(pass));
	X509_SIG_free(sealed);
	PKCS8_PRIV_KEY_INFO_free(info);
	return rc;
}

int key_pem(EVP_PKEY *key, const struct skep_passphrase *passphrase, char **out,
	    size_t *len, struct skep_err *err)
{
	BIO *bio = BIO_new(BIO_s_secmem());
	char *data, *copy = NULL;
	long n;
	int rc = bio ? write_pem(bio, key, passphrase, err)
		     : skep_fail(err, ENOMEM, "out of memory");

	if (!rc) {
		n = BIO_get_mem_data(bio, &data);
		copy = malloc(n);
		if (!copy)
			rc = skep_fail(err, ENOMEM, "out of memory");
	}
	if (!rc) {
		memcpy(copy, data, n);
		*out = copy;
		*len = n;
	}
	BIO_free(bio);
	return rc;
}

void *key_spki(EVP_PKEY *key, size_t *len)
{
	unsigned char *der = NULL;
	void *copy = NULL;
	int n = i2d_PUBKEY(key, &der);

	if (n > 0)
		copy = malloc(n);
	if (copy) {
		memcpy(copy, der, n);
		*len = n;
	}
	OPENSSL_free(der);
	return copy;
}

int key_sign(EVP_PKEY *key, const void *data, size_t len, void **sig, size_t *sig_len,
	     struct skep_err *err)
{
	EVP_MD_CTX *ctx = EVP_MD_CTX_new();
	void *bytes = NULL;
	size_t n = 0;
	int ok = ctx && EVP_DigestSignInit(ctx, NULL, EVP_sha256(), NULL, key) == 1 &&
		 EVP_DigestSign(ctx, NULL, &n, data, len) == 1 && (bytes = malloc(n)) &&
		 EVP_DigestSign(ctx, bytes, &n, data, len) == 1;

	EVP_MD_CTX_free(ctx);
	if (!ok) {
		free(bytes);
		return crypto_fail(err, EIO, "cannot sign");
	}
	*sig = bytes;
	*sig_len = n;
	return 0;
}

void key_scrub(void *secret, size_t len)
{
	if (secret)
		OPENSSL_cleanse(secret, len);
	free(secret);
}
