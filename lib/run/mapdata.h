/* SPDX-License-Identifier: BSD-2-Clause */
/* Map data: all entries of one loaded map, copied, added up over CPUs and sorted by key. */
#ifndef LIB_RUN_MAPDATA_H
#define LIB_RUN_MAPDATA_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include <skep/error.h>

#include "lib/run/shape.h"

struct bpf_map;

struct mapdata {
	struct shape *key, *value;
	uint32_t key_size, value_size;
	unsigned char *entries; /* key and value of each, one behind the other */
	size_t cnt;
	bool more; /* there were more than fit */
};

/* Has each CPU a value of its own. */
bool mapdata_is_per_cpu(const struct bpf_map *map);

/* Can a map's entries be listed by key. */
bool mapdata_lists(const struct bpf_map *map);

/* Read them, at most 65536. btf is of the object and must outlive *out. */
int mapdata_read(struct mapdata *out, const struct bpf_map *map, const struct btf *btf,
		 struct skep_err *err);
void mapdata_release(struct mapdata *m);

const void *mapdata_key(const struct mapdata *m, size_t i);
const void *mapdata_value(const struct mapdata *m, size_t i);

#endif
