// SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause
/*
 * Gives the program packets with BPF_PROG_TEST_RUN and judges its verdicts and counters.
 */
#include <arpa/inet.h>
#include <linux/bpf.h>
#include <linux/if_ether.h>
#include <linux/ip.h>
#include <stdio.h>
#include <string.h>

#include <bpf/bpf.h>
#include <bpf/libbpf.h>

#include "xdp_filter.h"
#include "xdp_filter.skel.h"

#define MAX_CPUS 4096

struct packet {
	const char *what;
	const char *source; /* NULL: no IPv4 header */
	int tags;           /* VLAN tags before it */
	size_t size;        /* 0: whole */
	int verdict;
};

static const struct packet packets[] = {
	{ "an address on the list", "192.0.2.1", 0, 0, XDP_DROP },
	{ "an address beside it", "192.0.2.2", 0, 0, XDP_PASS },
	{ "the address turned round", "1.2.0.192", 0, 0, XDP_PASS },
	{ "a VLAN tag before it", "192.0.2.1", 1, 0, XDP_DROP },
	{ "two VLAN tags before it", "192.0.2.1", 2, 0, XDP_DROP },
	{ "three VLAN tags before it", "192.0.2.1", 3, 0, XDP_PASS },
	{ "a cut IPv4 header", "192.0.2.1", 0, ETH_HLEN + 19, XDP_PASS },
	{ "ARP", NULL, 0, 0, XDP_PASS },
};

#define PACKETS (sizeof(packets) / sizeof(packets[0]))

static size_t write_packet(const struct packet *p, unsigned char *out)
{
	struct iphdr ip = {
		.version = 4, .ihl = 5, .ttl = 64, .tot_len = htons(sizeof(ip))
	};
	const __be16 vlan[] = { htons(ETH_P_8021Q), htons(1) };
	__be16 proto = htons(p->source ? ETH_P_IP : ETH_P_ARP);
	size_t len = 2 * ETH_ALEN;

	memset(out, 0, len);
	for (int i = 0; i < p->tags; i++, len += sizeof(vlan))
		memcpy(out + len, vlan, sizeof(vlan));
	memcpy(out + len, &proto, sizeof(proto));
	len += sizeof(proto);
	if (p->source)
		inet_pton(AF_INET, p->source, &ip.saddr);
	memcpy(out + len, &ip, sizeof(ip));
	len += sizeof(ip);
	return p->size ? p->size : len;
}

/* Returns the number of bytes given to the program, 0 if the verdict is wrong. */
static size_t run_packet(struct xdp_filter *skel, const struct packet *p)
{
	unsigned char data[128];
	LIBBPF_OPTS(bpf_test_run_opts, opts, .data_in = data, .repeat = 1);
	int err;

	opts.data_size_in = write_packet(p, data);
	err = bpf_prog_test_run_opts(bpf_program__fd(skel->progs.filter), &opts);
	if (err) {
		fprintf(stderr, "%s: cannot run: %s\n", p->what, strerror(-err));
		return 0;
	}
	if ((int)opts.retval != p->verdict) {
		fprintf(stderr, "%s: verdict %u, not %d\n", p->what, opts.retval,
			p->verdict);
		return 0;
	}
	return opts.data_size_in;
}

static int check_counter(struct xdp_filter *skel, __u32 verdict,
			 const struct counter *want)
{
	static struct counter per_cpu[MAX_CPUS];
	struct counter sum = {};
	int cpus = libbpf_num_possible_cpus();

	if (cpus < 0 || cpus > MAX_CPUS ||
	    bpf_map__lookup_elem(skel->maps.counters, &verdict, sizeof(verdict), per_cpu,
				 cpus * sizeof(per_cpu[0]), 0)) {
		perror("cannot read the counters");
		return 1;
	}
	for (int i = 0; i < cpus; i++) {
		sum.packets += per_cpu[i].packets;
		sum.bytes += per_cpu[i].bytes;
	}
	if (sum.packets == want->packets && sum.bytes == want->bytes)
		return 0;
	fprintf(stderr, "%s: %llu packets, %llu bytes; not %llu, %llu\n",
		verdict == DROPPED ? "dropped" : "passed", sum.packets, sum.bytes,
		want->packets, want->bytes);
	return 1;
}

static int check_hits(struct xdp_filter *skel, __be32 address, __u64 want)
{
	__u64 hits = 0;

	if (bpf_map__lookup_elem(skel->maps.drop_list, &address, sizeof(address), &hits,
				 sizeof(hits), 0) ||
	    hits != want) {
		fprintf(stderr, "the address was seen %llu times, not %llu\n", hits, want);
		return 1;
	}
	return 0;
}

int main(void)
{
	struct counter want[VERDICTS] = {};
	struct xdp_filter *skel = xdp_filter__open_and_load();
	__be32 address = inet_addr("192.0.2.1");
	__u64 zero = 0;
	int bad = 0;

	if (!skel) {
		perror("cannot load");
		return 1;
	}
	if (bpf_map__update_elem(skel->maps.drop_list, &address, sizeof(address), &zero,
				 sizeof(zero), BPF_ANY)) {
		perror("cannot fill the drop list");
		bad++;
	}
	for (size_t i = 0; i < PACKETS; i++) {
		size_t size = run_packet(skel, &packets[i]);
		struct counter *c =
			&want[packets[i].verdict == XDP_DROP ? DROPPED : PASSED];

		bad += !size;
		c->packets++;
		c->bytes += size;
	}
	for (__u32 v = 0; v < VERDICTS; v++)
		bad += check_counter(skel, v, &want[v]);
	bad += check_hits(skel, address, want[DROPPED].packets);
	xdp_filter__destroy(skel);
	printf("xdp-filter: %s\n", bad ? "failed" : "ok");
	return bad != 0;
}
