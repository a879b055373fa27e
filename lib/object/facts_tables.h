/* SPDX-License-Identifier: BSD-2-Clause */
/* The tables behind facts.c, as facts.py writes them. */
#ifndef LIB_OBJECT_FACTS_TABLES_H
#define LIB_OBJECT_FACTS_TABLES_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include <linux/bpf.h>

#include "lib/object/facts.h"

#define FACTS_PROG_TYPES   __MAX_BPF_PROG_TYPE
#define FACTS_MAP_TYPES    __MAX_BPF_MAP_TYPE
#define FACTS_ATTACH_TYPES __MAX_BPF_ATTACH_TYPE
#define FACTS_HELPERS      __BPF_FUNC_MAX_ID

extern const struct facts_type facts_prog_types[FACTS_PROG_TYPES];
extern const struct facts_type facts_map_types[FACTS_MAP_TYPES];
extern const struct facts_type facts_attach_types[FACTS_ATTACH_TYPES];
extern const struct facts_helper facts_helpers[FACTS_HELPERS];

/* One helper that a type goes with, or all of a group; a list ends with neither. */
struct facts_rule {
	int32_t id; /* of the helper */
	facts_version since;
	const struct facts_rule *group;
	uint64_t attach; /* attach types, by bit; 0: all */
	const char *kconfig, *only;
	bool never; /* whatever other rules say */
	bool sleepable;
};

/* By program type; NULL: nothing is known of it. */
extern const struct facts_rule *const facts_prog_helpers[FACTS_PROG_TYPES];

#define FACTS_NO_TYPE UINT32_MAX

/* A type of program that a set of kfuncs is registered for; a list ends with FACTS_NO_TYPE. */
struct facts_kfunc_type {
	uint32_t type; /* BPF_PROG_TYPE_UNSPEC: all */
	facts_version since, until;
	uint64_t attach; /* attach types, by bit; 0: all */
	const char *only;
};

struct facts_kfunc_row {
	struct facts_kfunc kfunc;
	const struct facts_kfunc_type *sets[4]; /* unused ones NULL */
	uint64_t except;                        /* program types, by bit */
};

extern const struct facts_kfunc_row facts_kfuncs[]; /* by name */
extern const size_t facts_kfunc_cnt;

#endif
