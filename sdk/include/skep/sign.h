/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * Signing: keys, package signatures, and whom to trust. Trust is by exact public key; there are no
 * chains.
 */
#ifndef SKEP_SIGN_H
#define SKEP_SIGN_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include <skep/error.h>
#include <skep/package.h>
#include <skep/report.h>

#ifdef __cplusplus
extern "C" {
#endif

/* Asks for a passphrase. Writes a NUL-terminated string of at most size - 1 bytes; 0 or negative. */
struct skep_passphrase {
	int (*ask)(void *ctx, const char *prompt, char *out, size_t size);
	void *ctx;
};

struct skep_keygen_opts {
	size_t sz;               /* sizeof(struct skep_keygen_opts) */
	const char *type;        /* "rsa3072" (default) or "ecdsa-p256" */
	const char *common_name; /* of the certificate; default "skep signing key" */
	uint64_t days;           /* of validity; default 1095 */
	const struct skep_passphrase *passphrase; /* NULL: the key file is not encrypted */
	int64_t not_before; /* seconds since 1970; 0: five minutes ago */
};

/**
 * skep_keygen - make a signing key and its certificate.
 * @dir:    folder to write skep.key (0600) and skep.crt into; made if absent
 * @opts:   NULL for defaults
 * @report: is filled with file names and the key's fingerprint
 *
 * Both files appear complete or neither does.
 *
 * Errors: -SKEP_EEXISTS a file of that name exists; -SKEP_EUSAGE type, name, days or an empty passphrase;
 * errno of writing.   Since: 0.1
 */
int skep_keygen(const char *dir, const struct skep_keygen_opts *opts,
		struct skep_report *report, struct skep_err *err);

/**
 * skep_sign - add a signature to a package, in place.
 * @path:       .skep file; replaced whole or not at all; the package digest stays
 * @key:        PEM private key file
 * @cert:       PEM or DER certificate of that key
 * @passphrase: asked if the key is encrypted; NULL makes that an error
 * @report:     is filled
 *
 * One signature per key: a good one that is there already stays and nothing is written, a bad one is
 * replaced. Signers of the same file wait for each other.
 *
 * Errors: as skep_pkg_open(); -SKEP_EUSAGE key and certificate do not belong together, the certificate has
 * expired, no passphrase; -SKEP_EVERIFY wrong passphrase; -SKEP_EKIND key or certificate is none.
 * Since: 0.1
 */
int skep_sign(const char *path, const char *key, const char *cert,
	      const struct skep_passphrase *passphrase, struct skep_report *report,
	      struct skep_err *err);

struct skep_verify_opts {
	size_t sz;         /* sizeof(struct skep_verify_opts) */
	const char *trust; /* folder of certificates; default "/etc/skep/trust.d" */
	int64_t now;       /* seconds since 1970; 0: the clock */
	bool ignore_expiry;
	bool allow_unsigned; /* accept a missing or untrusted signature; never a bad digest */
};

/**
 * skep_verify - did a trusted key sign this package.
 * @pkg:    an opened package
 * @opts:   NULL for defaults
 * @report: is filled: who signed, key fingerprints, over which digest, and "verdict", the whole in
 *          one line for skep_report_str(); NULL if not wanted
 *
 * One good signature by a trusted key within its validity suffices; a bad one by a trusted key refuses,
 * whatever else there is; unknown keys and statements about other things are listed and ignored. Signed proofs (see
 * skep/prove.h) are listed apart, in "proofs", and sign no package. With allow_unsigned the store may be absent.
 *
 * Returns 0: yes (or allowed).
 *
 * Errors: -SKEP_EVERIFY unsigned, untrusted, bad or expired (where = package@digest); -SKEP_ETRUST the
 * trust store is absent or others can write it.   Since: 0.1
 */
int skep_verify(const struct skep_pkg *pkg, const struct skep_verify_opts *opts,
		struct skep_report *report, struct skep_err *err);

#ifdef __cplusplus
}
#endif

#endif
