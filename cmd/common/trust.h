/* SPDX-License-Identifier: BSD-2-Clause */
/* Trust: which trust store a command uses. */
#ifndef CMD_COMMON_TRUST_H
#define CMD_COMMON_TRUST_H

/* --trust DIR if given, else $SKEP_TRUST, else /etc/skep/trust.d. Borrowed. */
const char *trust_dir(const char *option);

#endif
