/* SPDX-License-Identifier: BSD-2-Clause */
/* Fuzz: a certificate of a trust store, and a signature held against it. */
#include <stdlib.h>
#include <string.h>

#include "lib/sign/cert.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	struct skep_err err = {};
	char date[CERT_DATE_LEN];
	struct cert c;

	if (cert_parse(&c, data, size, &err))
		return 0;
	cert_date(c.not_before, date);
	cert_date(c.not_after, date);
	if (cert_signed(&c, "data", 4, data, size < 384 ? size : 384))
		abort();
	cert_release(&c);
	return 0;
}
