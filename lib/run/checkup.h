/* SPDX-License-Identifier: BSD-2-Clause */
/* Checkup: the rows of skep doctor. */
#ifndef LIB_RUN_CHECKUP_H
#define LIB_RUN_CHECKUP_H

#include <stdbool.h>

#include <skep/report.h>

enum verdict {
	VERDICT_OK,
	VERDICT_NOTE,    /* worth knowing; nothing a template needs */
	VERDICT_LACKING, /* templates cannot be built or run */
};

struct checkup {
	struct skep_node *checks; /* every row */
	struct skep_node
		*lacking; /* those that are not ok, with cost and remedy, for people */
	const char *path_env;
	bool bad;
};

/* One row. found is what was seen; cost and remedy may be NULL when all is well. */
void checkup_add(struct checkup *c, enum verdict verdict, const char *what,
		 const char *found, const char *cost, const char *remedy);

void checkup_tools(struct checkup *c); /* clang, libbpf, bpftool, pahole, QEMU, busybox */
void checkup_kernel(
	struct checkup *c); /* release, BTF, privileges, loading, JIT, file systems */
void checkup_security(
	struct checkup *c); /* lockdown, LSMs, unprivileged BPF, signed loading */

#endif
