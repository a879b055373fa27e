/* SPDX-License-Identifier: BSD-2-Clause */
/* Signer: how a certificate is shown to people and scripts. */
#include "lib/sign/signer.h"

void signer_report(struct skep_node *node, const struct cert *c)
{
	char fingerprint[SKEP_DIGEST_STR], from[CERT_DATE_LEN], to[CERT_DATE_LEN];

	digest_fmt(c->fingerprint, fingerprint);
	cert_date(c->not_before, from);
	cert_date(c->not_after, to);
	skep_node_str(node, "signer", "signer", c->name);
	skep_node_str(node, "fingerprint", "key fingerprint", fingerprint);
	skep_node_str(node, "not_before", NULL, from);
	skep_node_str(node, "not_after", "valid until", to);
}
