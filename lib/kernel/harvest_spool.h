/* SPDX-License-Identifier: BSD-2-Clause */
/* Spool: files without a name, for what must be a file: nothing is left of them, however we end. */
#ifndef LIB_KERNEL_HARVEST_SPOOL_H
#define LIB_KERNEL_HARVEST_SPOOL_H

#include <stdint.h>

#include <skep/error.h>

#include "lib/kernel/harvest_stream.h"

/* An empty one in a folder; a descriptor, or a negative error. */
int spool_open(const char *dir, struct skep_err *err);
/* The rest of a stream in one. */
int spool_stream(struct stream *s, const char *dir, uint64_t *size, struct skep_err *err);

#endif
