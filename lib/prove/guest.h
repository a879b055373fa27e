/* SPDX-License-Identifier: BSD-2-Clause */
/* Guest: the first process of a guest: makes a system of what there is, does the plan, tells the host, ends the machine. */
#ifndef LIB_PROVE_GUEST_H
#define LIB_PROVE_GUEST_H

#include <stdint.h>

#include <skep/error.h>

#include "lib/prove/plan.h"

/* What it says goes to the console as frames. */
struct guest {
	struct plan *plan;
	int console_fd;
	uint32_t sequence;
};

/* Mounts: proc, sysfs, devtmpfs, tracefs, bpffs, cgroup2. */
int guest_mount(struct skep_err *err);
/* Interfaces skep0 and, in the namespace /run/netns/peer, skep1: 10.99.0.1/24 and .2, fd99::1/64 and ::2; lo up. */
int guest_network(struct skep_err *err);
int guest_module(const char *path, struct skep_err *err);

#endif
