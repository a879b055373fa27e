/* SPDX-License-Identifier: BSD-2-Clause */
/* Maps: what loaded objects counted, written at the end: tables, histograms, globals. */
#ifndef LIB_RUN_MAPS_H
#define LIB_RUN_MAPS_H

#include <stdbool.h>

#include <skep/error.h>

#include "lib/base/buf.h"
#include "lib/run/mapdata.h"

struct object;

/* Append all maps of a loaded object to out. */
int maps_print(const struct object *o, bool json, struct buf *out, struct skep_err *err);

/* `{"skep":"entry","map":"name"`: how every JSON line of a map begins. */
void maps_json_open(const char *kind, const char *map, struct buf *out);

/* All fields of a key or value in one line: "1.2.3.4", "1 eth0". */
void maps_line(const struct shape *shape, const void *data, size_t len, struct buf *out);

/* Append a map that a tag "skep:hist=SCALE:UNIT" makes a histogram; tag is what follows the '='. */
void hist_print(const struct mapdata *m, const char *map, const char *tag, bool json,
		struct buf *out);

/* Can it be one: is there something to count with. */
bool hist_fits(const struct mapdata *m);

#endif
