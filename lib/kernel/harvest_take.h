/* SPDX-License-Identifier: BSD-2-Clause */
/* Take: bytes of whatever kind become part of a unit. The bytes decide, names only help. */
#ifndef LIB_KERNEL_HARVEST_TAKE_H
#define LIB_KERNEL_HARVEST_TAKE_H

#include <stdbool.h>
#include <stddef.h>

#include <skep/error.h>

#include "lib/kernel/harvest_stream.h"
#include "lib/kernel/harvest_unit.h"

struct take {
	struct unit *unit;
	const char *path;    /* or name within an archive */
	const char *release; /* NULL: what the path says */
	int fd; /* that the stream reads, so that it may be read elsewhere; -1: none */
	bool member; /* of an archive: archives within are left alone */
};

/* What is nothing of a kernel is left alone. */
int take(const struct take *t, struct stream *s, struct skep_err *err);

/* Walk an archive that s unpacks to. */
int archive_take(struct unit *u, struct stream *s, struct skep_err *err);
bool archive_is(const void *head, size_t len);
#define ARCHIVE_HEAD 512

#endif
