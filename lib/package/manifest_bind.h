/* SPDX-License-Identifier: BSD-2-Clause */
/* Spelling of enum param_bind in manifest.json. */
#ifndef LIB_PACKAGE_MANIFEST_BIND_H
#define LIB_PACKAGE_MANIFEST_BIND_H

#include "lib/package/manifest.h"

static const char *const manifest_bind[] = {
	[PARAM_RODATA] = "rodata",
	[PARAM_MAX_ENTRIES] = "max_entries",
	[PARAM_ENTRIES] = "entries",
};

#endif
