/* SPDX-License-Identifier: BSD-2-Clause */
/* Passphrase: from $SKEP_PASSPHRASE, or asked on the terminal without echo. */
#ifndef CMD_COMMON_PASSPHRASE_H
#define CMD_COMMON_PASSPHRASE_H

#include <skep/sign.h>

extern const struct skep_passphrase passphrase_known; /* for a key that exists */
extern const struct skep_passphrase passphrase_new;   /* asks twice */

#endif
