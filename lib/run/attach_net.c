/* SPDX-License-Identifier: BSD-2-Clause */
/* Attaching to network interfaces, sockets and network namespaces. */
#include "lib/run/attach.h"

#include <arpa/inet.h>
#include <errno.h>
#include <fcntl.h>
#include <linux/if_ether.h>
#include <linux/if_link.h>
#include <linux/if_packet.h>
#include <net/if.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

#include <bpf/bpf.h>

#include "lib/base/cleanup.h"

static int find_interface(const struct attachments *a, int *ifindex, struct skep_err *err)
{
	unsigned int i = if_nametoindex(a->place->ifname);

	if (!i)
		return skep_fail(
			err, SKEP_EUSAGE,
			"--param ifname wants a network interface, there is no '%s'",
			a->place->ifname);
	*ifindex = (int)i;
	return 0;
}

static int link_xdp(const struct attachment *at, int ifindex, uint32_t mode)
{
	LIBBPF_OPTS(bpf_link_create_opts, opts, .flags = mode);
	int fd = bpf_link_create(bpf_program__fd(at->program->bpf), ifindex, BPF_XDP,
				 &opts);

	return fd < 0 ? -errno : fd;
}

static int fail_xdp(const struct attachments *a, const struct attachment *at, int code,
		    struct skep_err *err)
{
	skep_fail(err, -code, "cannot attach '%s' to '%s': %s", at->program->name,
		  a->place->ifname, strerror(-code));
	if (code == -EBUSY || code == -EEXIST)
		skep_err_hint(
			err,
			"another XDP program is attached: ip link set dev %s xdp off",
			a->place->ifname);
	if (code == -EPERM)
		skep_err_hint(err, "run as root, or with CAP_BPF and CAP_NET_ADMIN");
	return code;
}

/* In the driver if it can, else in the generic hook, which is slower; the user should know. */
int attach_xdp(struct attachments *a, struct attachment *at, struct skep_err *err)
{
	bool native = true;
	int ifindex = 0, fd, rc = find_interface(a, &ifindex, err);

	if (rc)
		return rc;
	fd = link_xdp(at, ifindex, XDP_FLAGS_DRV_MODE);
	if (fd < 0 && fd != -EBUSY && fd != -EEXIST && fd != -EPERM) {
		native = false;
		fd = link_xdp(at, ifindex, XDP_FLAGS_SKB_MODE);
	}
	if (fd < 0)
		return fail_xdp(a, at, fd, err);
	skep_log(a->log, native ? SKEP_LOG_INFO : SKEP_LOG_WARN,
		 "'%s' is attached to '%s' in %s mode", at->program->name,
		 a->place->ifname,
		 native ? "native" : "generic (slower: the driver has no XDP for it)");
	return attach_keep(at, fd, err);
}

static bool is_egress(const struct obj_program *p)
{
	return strstr(p->section, "egress");
}

/* Kernels before 6.6 have no tcx: a filter on the clsact qdisc, which nobody removes if we are killed. */
static int attach_clsact(struct attachments *a, struct attachment *at, int ifindex,
			 struct skep_err *err)
{
	struct bpf_tc_hook hook = { .sz = sizeof(hook),
				    .ifindex = ifindex,
				    .attach_point = is_egress(at->program)
							    ? BPF_TC_EGRESS
							    : BPF_TC_INGRESS };
	struct bpf_tc_opts filter = { .sz = sizeof(filter),
				      .prog_fd = bpf_program__fd(at->program->bpf) };
	int rc = bpf_tc_hook_create(&hook);

	if (rc && rc != -EEXIST)
		return skep_fail(err, -rc, "cannot make a clsact qdisc on '%s': %s",
				 a->place->ifname, strerror(-rc));
	at->qdisc_is_ours = !rc;
	at->hook = hook;
	at->tc = true;
	rc = bpf_tc_attach(&hook, &filter);
	at->filter = filter;
	if (rc)
		return skep_fail(err, -rc, "cannot attach '%s' to '%s': %s",
				 at->program->name, a->place->ifname, strerror(-rc));
	return 0;
}

/* Not through libbpf's bpf_program__attach_tcx(), which takes the direction from the section: SEC("tc") has none. */
int attach_tc(struct attachments *a, struct attachment *at, struct skep_err *err)
{
	enum bpf_attach_type type =
		is_egress(at->program) ? BPF_TCX_EGRESS : BPF_TCX_INGRESS;
	int ifindex = 0, fd, rc = find_interface(a, &ifindex, err);

	if (rc)
		return rc;
	fd = bpf_link_create(bpf_program__fd(at->program->bpf), ifindex, type, NULL);
	if (fd >= 0)
		return attach_keep(at, fd, err);
	if (errno == EINVAL)
		return attach_clsact(a, at, ifindex, err);
	return attach_take(at, NULL, a->place->ifname, err);
}

int attach_netkit(struct attachments *a, struct attachment *at, struct skep_err *err)
{
	int ifindex = 0, rc = find_interface(a, &ifindex, err);

	if (rc)
		return rc;
	return attach_take(at,
			   bpf_program__attach_netkit(at->program->bpf, ifindex, NULL),
			   a->place->ifname, err);
}

/* A packet socket that nobody reads: the filter sees every packet all the same. */
int attach_socket(struct attachments *a, struct attachment *at, struct skep_err *err)
{
	struct sockaddr_ll ll = { .sll_family = AF_PACKET,
				  .sll_protocol = htons(ETH_P_ALL) };
	int prog = bpf_program__fd(at->program->bpf), rc, fd;

	rc = find_interface(a, &ll.sll_ifindex, err);
	if (rc)
		return rc;
	fd = socket(AF_PACKET, SOCK_RAW | SOCK_CLOEXEC, 0);
	if (fd < 0)
		return skep_fail(err, errno, "cannot open a packet socket: %s",
				 strerror(errno));
	rc = attach_keep(at, fd, err);
	if (rc)
		return rc;
	if (setsockopt(fd, SOL_SOCKET, SO_ATTACH_BPF, &prog, sizeof(prog)) ||
	    bind(fd, (struct sockaddr *)&ll, sizeof(ll)))
		return skep_fail(err, errno, "cannot attach '%s' to '%s': %s",
				 at->program->name, a->place->ifname, strerror(errno));
	return 0;
}

int attach_netns(struct attachments *a, struct attachment *at, struct skep_err *err)
{
	const char *path = a->place->path ? a->place->path : "/proc/self/ns/net";
	_cleanup_close_ int fd = open(path, O_RDONLY | O_CLOEXEC);

	if (fd < 0) {
		skep_fail(err, errno, "cannot open network namespace: %s",
			  strerror(errno));
		return skep_err_at(err, path, 0, 0);
	}
	return attach_take(at, bpf_program__attach_netns(at->program->bpf, fd),
			   "the network namespace", err);
}
