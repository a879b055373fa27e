/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause */
/* What xdp_filter.bpf.c and user space share. For BPF, include vmlinux.h first. */
#ifndef XDP_FILTER_H
#define XDP_FILTER_H

#ifndef __bpf__
#include <linux/types.h>
#endif

/* Index into the map `counters`. */
enum verdict {
	PASSED,
	DROPPED,
	VERDICTS,
};

struct counter {
	__u64 packets;
	__u64 bytes; /* Ethernet header included */
};

#endif
