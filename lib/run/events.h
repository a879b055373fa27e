/* SPDX-License-Identifier: BSD-2-Clause */
/* Events: ring and perf buffers of loaded objects, read and written out as lines. */
#ifndef LIB_RUN_EVENTS_H
#define LIB_RUN_EVENTS_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include <skep/error.h>
#include <skep/log.h>

#include "lib/object/object.h"
#include "lib/run/sink.h"

struct events;

/* sink NULL: events are only counted. */
int events_new(struct events **out, struct sink *sink, bool json,
	       const struct skep_log *log, struct skep_err *err);
void events_free(struct events *e);

/* Open the buffers of a loaded object, which must outlive e. */
int events_add(struct events *e, const struct object *o, struct skep_err *err);

/* Have an epoll instance wake up, with data.fd of the buffer, when there is something to drain. */
int events_watch(const struct events *e, int epoll_fd, struct skep_err *err);

/* Take some of what is there and write it. Returns 0, 1 if there may be more, or an error. */
int events_drain(struct events *e, struct skep_err *err);

/* How many have been taken from a buffer. */
uint64_t events_count(const struct events *e, const char *map);

/* Does a map carry events. */
bool events_is_buffer(const struct obj_map *map);

#endif
