/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause */
/* What sched_latency.bpf.c and user space share. */
#ifndef SCHED_LATENCY_H
#define SCHED_LATENCY_H

/*
 * Slots of the histogram `latency`: slot i holds 2^i to 2^(i+1) - 1 ns, the last one the
 * rest.
 */
#define LATENCY_SLOTS 32

#endif
