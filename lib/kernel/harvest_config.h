/* SPDX-License-Identifier: BSD-2-Clause */
/* Config: what a kernel's configuration tells of it. */
#ifndef LIB_KERNEL_HARVEST_CONFIG_H
#define LIB_KERNEL_HARVEST_CONFIG_H

#include <stdbool.h>
#include <stddef.h>

#include "lib/base/arch.h"

bool config_is(const char *text, size_t len);                 /* by its first lines */
const struct arch *config_arch(const char *text, size_t len); /* NULL: not told */
/* Whether an option is set to this value ("y"). text is NUL-terminated. */
bool config_has(const char *text, const char *option, const char *value);

#endif
