/* SPDX-License-Identifier: BSD-2-Clause */
/* Plan: what the host wants of a guest, as the file PLAN_PATH of its initramfs. */
#ifndef LIB_PROVE_PLAN_H
#define LIB_PROVE_PLAN_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include <skep/error.h>

#include "lib/base/buf.h"

#define PLAN_FOLDER    "/skep"
#define PLAN_PATH      PLAN_FOLDER "/plan.json"
#define PLAN_STIMULUS  PLAN_FOLDER "/stimulus" /* the script, executable */
#define PLAN_TOKEN_LEN 32                      /* hex digits */

struct plan_object {
	char *file; /* in the initramfs: PLAN_FOLDER "/0.bpf.o" */
	char *name; /* for messages */
};

/* Strings are the plan's own. */
struct plan {
	char token[PLAN_TOKEN_LEN +
		   1]; /* known to host and guest's first process alone: marks true frames */
	struct plan_object *objects;
	size_t object_cnt;
	char **presets;
	size_t preset_cnt;
	char **programs; /* only these: patterns of fnmatch(3); none: all */
	size_t program_cnt;
	char **modules; /* files in the initramfs, in the order in which to load them */
	size_t module_cnt;
	bool attach, trace;
	bool events;          /* send them as lines */
	bool network;         /* make the pair of interfaces, the peer namespace */
	bool stimulus;        /* run PLAN_STIMULUS */
	uint64_t duration_ns; /* to watch, at least; with a stimulus until that ends, at most */
	uint64_t limit_ns; /* for all: then the guest says what it has and ends */
	int64_t epoch;     /* the host's clock, seconds since 1970 */
};

int plan_write(const struct plan *p, struct buf *out, struct skep_err *err);
int plan_read(struct plan **out, const char *json, size_t len, struct skep_err *err);
/* Of a plan that is wrong, so that this can be told; false: not even that is in it. */
bool plan_token(const char *json, size_t len, char token[static PLAN_TOKEN_LEN + 1]);
void plan_free(struct plan *p);

#endif
