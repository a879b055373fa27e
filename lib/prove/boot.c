/* SPDX-License-Identifier: BSD-2-Clause */
/* Boots: all of them run, and what one leaves is given back. */
#include "lib/prove/boot.h"

#include <stdlib.h>

#include "lib/prove/boot_parts.h"

int boots_run(struct boot *boots, size_t n, const struct boot_opts *opts,
	      struct skep_err *err)
{
	return boot_run_all(boots, n, opts, false, err);
}

void boot_release(struct boot *b)
{
	for (size_t i = 0; b->proofs && i < b->object_cnt; i++)
		proof_free(b->proofs[i]);
	free(b->proofs);
	free(b->reason);
	free(b->hint);
	free(b->release);
	free(b->stimulus);
	free(b->problems);
	free(b->serial);
	b->proofs = NULL;
	b->reason = b->hint = b->release = b->stimulus = b->problems = b->serial = NULL;
}
