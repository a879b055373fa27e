/* SPDX-License-Identifier: BSD-2-Clause */
/* Trust: which trust store a command uses; a set-user-ID program does not ask the environment. */
#include "cmd/common/trust.h"

#include <stdlib.h>

const char *trust_dir(const char *option)
{
	const char *env = secure_getenv("SKEP_TRUST");

	if (option)
		return option;
	return env && *env ? env : "/etc/skep/trust.d";
}
