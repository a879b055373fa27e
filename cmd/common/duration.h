/* SPDX-License-Identifier: BSD-2-Clause */
/* Duration: a value of an option, as people write it: 5, 0.5, 500ms, 5m, 1h. */
#ifndef CMD_COMMON_DURATION_H
#define CMD_COMMON_DURATION_H

#include <stdint.h>

#include <skep/error.h>

/* ns stays as it is if text is NULL: the option was not given. */
int duration_parse(const char *option, const char *text, uint64_t *ns,
		   struct skep_err *err);

#endif
