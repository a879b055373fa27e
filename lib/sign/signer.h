/* SPDX-License-Identifier: BSD-2-Clause */
/* Signer: how a certificate is shown to people and scripts. */
#ifndef LIB_SIGN_SIGNER_H
#define LIB_SIGN_SIGNER_H

#include <skep/report.h>

#include "lib/sign/cert.h"

/* Adds name, fingerprint and validity to a section or row. */
void signer_report(struct skep_node *node, const struct cert *c);

#endif
