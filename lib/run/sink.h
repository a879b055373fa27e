/* SPDX-License-Identifier: BSD-2-Clause */
/* Sink: where events and maps are written, a batch at a time, and how its reader goes away. */
#ifndef LIB_RUN_SINK_H
#define LIB_RUN_SINK_H

#include <stdbool.h>
#include <stdio.h>

#include <skep/error.h>

#include "lib/base/buf.h"

struct sink {
	FILE *file; /* or NULL, then */
	int (*take)(void *ctx, const char *data, size_t len, struct skep_err *err);
	void *ctx;
	int stop_fd; /* readable: do not wait for a reader that does not read; -1 for none */
	struct buf buf; /* what is not written yet */
	bool closed;    /* the reader is gone: everything further is dropped */
};

/*
 * Write what has gathered. A reader that went away closes the sink and is no error. While the
 * reader does not read, a stop request ends the waiting.
 */
int sink_flush(struct sink *s, struct skep_err *err);

#endif
