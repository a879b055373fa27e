/* SPDX-License-Identifier: BSD-2-Clause */
/* Signer: a private key with its certificate, what it signs, and how it is shown to people and scripts. */
#ifndef LIB_SIGN_SIGNER_H
#define LIB_SIGN_SIGNER_H

#include <stddef.h>

#include <skep/error.h>
#include <skep/report.h>
#include <skep/sign.h>

#include "lib/sign/cert.h"

struct signer {
	struct evp_pkey_st *key;
	struct cert cert;
};

/* -SKEP_EUSAGE: the certificate has expired or is not of that key; else as cert_parse() and key_load(). */
int signer_open(struct signer *s, const char *key_path, const char *cert_path,
		const struct skep_passphrase *passphrase, struct skep_err *err);
void signer_release(struct signer *s);

/* A statement of statement.h as a bundle signed by it; caller frees *out. */
int signer_bundle(const struct signer *s, const char *statement, size_t statement_len,
		  char **out, size_t *len, struct skep_err *err);

/* Adds name, fingerprint and validity to a section or row. */
void signer_report(struct skep_node *node, const struct cert *c);

#endif
