/* SPDX-License-Identifier: BSD-2-Clause */
/* Interfaces of a guest, by rtnetlink (rtnetlink(7), linux/if_link.h): lo, and a pair into another namespace. */
#include "lib/prove/guest.h"

#include <arpa/inet.h>
#include <errno.h>
#include <fcntl.h>
#include <linux/if_link.h>
#include <linux/rtnetlink.h>
#include <linux/veth.h>
#include <net/if.h>
#include <sched.h>
#include <string.h>
#include <sys/mount.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <unistd.h>

#include "lib/base/cleanup.h"

#define HERE  "skep0"
#define THERE "skep1"
#define PEER  "/run/netns/peer"

/* A request as it grows; all of ours are short. */
struct request {
	union {
		struct nlmsghdr head;
		unsigned char bytes[512];
	};
};

static void *extend(struct request *r, size_t len)
{
	void *at = r->bytes + NLMSG_ALIGN(r->head.nlmsg_len);

	r->head.nlmsg_len = NLMSG_ALIGN(r->head.nlmsg_len) + (uint32_t)len;
	return at;
}

static void *begin(struct request *r, int type, int flags, size_t len)
{
	memset(r, 0, sizeof(*r));
	r->head.nlmsg_len = NLMSG_HDRLEN;
	r->head.nlmsg_type = (uint16_t)type;
	r->head.nlmsg_flags = (uint16_t)(NLM_F_REQUEST | NLM_F_ACK | flags);
	return extend(r, len);
}

static struct rtattr *add(struct request *r, int type, const void *data, size_t len)
{
	struct rtattr *a = extend(r, RTA_LENGTH(len));

	a->rta_type = (uint16_t)type;
	a->rta_len = (uint16_t)RTA_LENGTH(len);
	if (len)
		memcpy(RTA_DATA(a), data, len);
	return a;
}

/* What was added since belongs into it. */
static void nest(struct request *r, struct rtattr *a)
{
	a->rta_len = (uint16_t)(r->bytes + r->head.nlmsg_len - (unsigned char *)a);
}

/* 0 or a negative errno, the kernel's own. */
static int ask(struct request *r)
{
	struct sockaddr_nl kernel = { .nl_family = AF_NETLINK };
	_cleanup_close_ int fd =
		socket(AF_NETLINK, SOCK_RAW | SOCK_CLOEXEC, NETLINK_ROUTE);
	struct {
		struct nlmsghdr head;
		struct nlmsgerr error;
		unsigned char more[1024];
	} reply;

	if (fd < 0 || sendto(fd, r, r->head.nlmsg_len, 0, (struct sockaddr *)&kernel,
			     sizeof(kernel)) < 0)
		return -errno;
	if (recv(fd, &reply, sizeof(reply), 0) <
	    (ssize_t)(sizeof(reply.head) + sizeof(reply.error)))
		return -EPROTO;
	return reply.head.nlmsg_type == NLMSG_ERROR ? reply.error.error : -EPROTO;
}

static int set_up(const char *name)
{
	struct request r;
	struct ifinfomsg *i = begin(&r, RTM_NEWLINK, 0, sizeof(*i));

	i->ifi_index = (int)if_nametoindex(name);
	i->ifi_flags = i->ifi_change = IFF_UP;
	return i->ifi_index ? ask(&r) : -ENODEV;
}

static int make_pair(int peer_fd)
{
	struct request r;
	struct rtattr *info, *data, *peer;

	begin(&r, RTM_NEWLINK, NLM_F_CREATE | NLM_F_EXCL, sizeof(struct ifinfomsg));
	add(&r, IFLA_IFNAME, HERE, sizeof(HERE));
	info = add(&r, IFLA_LINKINFO, NULL, 0);
	add(&r, IFLA_INFO_KIND, "veth", 5);
	data = add(&r, IFLA_INFO_DATA, NULL, 0);
	peer = add(&r, VETH_INFO_PEER, NULL, 0);
	memset(extend(&r, sizeof(struct ifinfomsg)), 0, sizeof(struct ifinfomsg));
	add(&r, IFLA_IFNAME, THERE, sizeof(THERE));
	add(&r, IFLA_NET_NS_FD, &peer_fd, sizeof(peer_fd));
	nest(&r, peer);
	nest(&r, data);
	nest(&r, info);
	return ask(&r);
}

/* Without duplicate address detection, which takes a second. */
static int add_address(const char *name, int family, const char *text, unsigned char bits)
{
	struct request r;
	struct ifaddrmsg *a =
		begin(&r, RTM_NEWADDR, NLM_F_CREATE | NLM_F_REPLACE, sizeof(*a));
	unsigned char address[16];
	size_t len = family == AF_INET ? 4 : 16;

	inet_pton(family, text, address);
	a->ifa_family = (unsigned char)family;
	a->ifa_prefixlen = bits;
	a->ifa_flags = family == AF_INET ? 0 : IFA_F_NODAD;
	a->ifa_index = if_nametoindex(name);
	add(&r, IFA_LOCAL, address, len);
	add(&r, IFA_ADDRESS, address, len);
	return ask(&r);
}

/* A kernel without IPv6 is one that there is. */
static int furnish(const char *name, const char *v4, const char *v6)
{
	int ret = add_address(name, AF_INET, v4, 24);

	if (!ret)
		add_address(name, AF_INET6, v6, 64);
	return ret ? ret : set_up(name);
}

/* The namespace, with a name that nsenter(1) and ip-netns(8) take; we are in it after this. */
static int make_peer(void)
{
	int fd;

	mkdir("/run/netns", 0755);
	fd = open(PEER, O_WRONLY | O_CREAT | O_CLOEXEC, 0444);
	if (fd < 0)
		return -errno;
	close(fd);
	if (unshare(CLONE_NEWNET) || mount("/proc/self/ns/net", PEER, NULL, MS_BIND, NULL))
		return -errno;
	set_up("lo");
	return 0;
}

static int furnish_peer(int home_fd, int peer_fd)
{
	int ret;

	if (setns(peer_fd, CLONE_NEWNET))
		return -errno;
	ret = furnish(THERE, "10.99.0.2", "fd99::2");
	return setns(home_fd, CLONE_NEWNET) ? -errno : ret;
}

static int connect_peer(int home_fd)
{
	_cleanup_close_ int peer_fd = open(PEER, O_RDONLY | O_CLOEXEC);
	int ret;

	if (peer_fd < 0)
		return -errno;
	ret = make_pair(peer_fd);
	if (!ret)
		ret = furnish(HERE, "10.99.0.1", "fd99::1");
	return ret ? ret : furnish_peer(home_fd, peer_fd);
}

static int failed(int code, const char *what, struct skep_err *err)
{
	return skep_fail(err, code, "cannot %s: %s", what, strerror(-code));
}

int guest_loopback(struct skep_err *err)
{
	int ret = set_up("lo");

	return ret ? failed(ret, "start the loopback interface", err) : 0;
}

int guest_network(struct skep_err *err)
{
	_cleanup_close_ int home_fd = open("/proc/self/ns/net", O_RDONLY | O_CLOEXEC);
	int ret = guest_loopback(err);

	if (ret)
		return ret;
	if (home_fd < 0)
		return failed(-errno, "keep the network's namespace", err);
	ret = make_peer();
	if (setns(home_fd, CLONE_NEWNET))
		return failed(-errno, "return to the network's namespace", err);
	if (ret)
		return failed(ret, "make the namespace of the peer", err);
	ret = connect_peer(home_fd);
	return ret ? failed(ret, "make the interfaces '" HERE "' and '" THERE "'", err)
		   : 0;
}
