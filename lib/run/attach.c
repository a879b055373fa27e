/* SPDX-License-Identifier: BSD-2-Clause */
/* Which way each program is attached, and undoing it. */
#include "lib/run/attach.h"

#include <errno.h>
#include <limits.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include <bpf/bpf.h>

#include "lib/base/buf.h"
#include "lib/base/cleanup.h"
#include "lib/base/text.h"
#include "lib/btf/messages.h"
#include "lib/run/hook.h"

/* A way of attaching and what it must and may be told. */
struct way {
	int (*attach)(struct attachments *a, struct attachment *at, struct skep_err *err);
	bool wants_ifname;
	bool ifname, cgroup, pid, path;
	const char *not_attached; /* why there is no way */
};

static const struct way none = { .not_attached =
					 "programs of this type are called by others" };
static const struct way for_map = { .not_attached = "it is for a device or CPU map" };
static const struct way automatic = { attach_auto };
static const struct way netdev = { attach_xdp, .wants_ifname = true, .ifname = true };
static const struct way classifier = { attach_tc, .wants_ifname = true, .ifname = true };
static const struct way netkit = { attach_netkit, .wants_ifname = true, .ifname = true };
static const struct way filter = { attach_socket, .wants_ifname = true, .ifname = true };
static const struct way control_group = { attach_cgroup, .cgroup = true };
static const struct way namespace = { attach_netns, .path = true };
static const struct way tracepoint = { attach_tracepoint };
static const struct way sampler = { attach_perf, .pid = true };
static const struct way uprobe = { attach_uprobe, .pid = true, .path = true };

static bool is_user(const struct obj_program *p)
{
	return !strncmp(p->section, "uprobe", 6) ||
	       !strncmp(p->section, "uretprobe", 9) || !strncmp(p->section, "usdt", 4);
}

static const struct way *way_of_kprobe(const struct obj_program *p)
{
	return is_user(p) && !strstr(p->section, ".multi") ? &uprobe : &automatic;
}

static const struct way *way_of_xdp(const struct obj_program *p)
{
	bool of_map = p->expected_attach_type == BPF_XDP_DEVMAP ||
		      p->expected_attach_type == BPF_XDP_CPUMAP;

	return of_map ? &for_map : &netdev;
}

static const struct way *way_of(const struct obj_program *p)
{
	switch (p->prog_type) {
	case BPF_PROG_TYPE_XDP:
		return way_of_xdp(p);
	case BPF_PROG_TYPE_SCHED_CLS:
	case BPF_PROG_TYPE_SCHED_ACT:
		return !strncmp(p->section, "netkit", 6) ? &netkit : &classifier;
	case BPF_PROG_TYPE_SOCKET_FILTER:
		return &filter;
	case BPF_PROG_TYPE_CGROUP_SKB:
	case BPF_PROG_TYPE_CGROUP_SOCK:
	case BPF_PROG_TYPE_CGROUP_SOCK_ADDR:
	case BPF_PROG_TYPE_CGROUP_SOCKOPT:
	case BPF_PROG_TYPE_CGROUP_SYSCTL:
	case BPF_PROG_TYPE_CGROUP_DEVICE:
	case BPF_PROG_TYPE_SOCK_OPS:
		return &control_group;
	case BPF_PROG_TYPE_LSM:
		return p->expected_attach_type == BPF_LSM_CGROUP ? &control_group
								 : &automatic;
	case BPF_PROG_TYPE_SK_LOOKUP:
	case BPF_PROG_TYPE_FLOW_DISSECTOR:
		return &namespace;
	case BPF_PROG_TYPE_TRACEPOINT:
		return &tracepoint;
	case BPF_PROG_TYPE_PERF_EVENT:
		return &sampler;
	case BPF_PROG_TYPE_KPROBE:
		return way_of_kprobe(p);
	case BPF_PROG_TYPE_TRACING:
	case BPF_PROG_TYPE_RAW_TRACEPOINT:
	case BPF_PROG_TYPE_RAW_TRACEPOINT_WRITABLE:
		return &automatic;
	default:
		return &none;
	}
}

static bool is_ops(const struct obj_map *m)
{
	return m->map_type == BPF_MAP_TYPE_STRUCT_OPS && bpf_map__autocreate(m->bpf);
}

/* What lacks to attach a program; NULL nothing. */
static const char *lacks(const struct way *way, const struct obj_program *p,
			 const struct params_place *place)
{
	if (way->wants_ifname && !place->ifname)
		return "it is attached to a network interface, and none is named";
	if (way == &uprobe && !*p->target && !place->path)
		return "it is attached to a function, and none is named";
	return NULL;
}

static int check_program(struct attach_needs *needs, const struct obj_program *p,
			 const struct params_place *place, struct skep_err *err)
{
	const struct way *way = way_of(p);
	const char *what = lacks(way, p, place);

	if (!p->autoload || !bpf_program__autoattach(p->bpf) || !way->attach)
		return 0;
	needs->any = true;
	needs->ifname |= way->ifname;
	needs->cgroup |= way->cgroup;
	needs->pid |= way->pid;
	needs->path |= way->path;
	if (!what)
		return 0;
	/* behind "it" */
	skep_fail(err, SKEP_EUSAGE, "'%s' (%s)%s", p->name, p->section, what + 2);
	return skep_err_hint(err, way->wants_ifname ? "--param ifname=NAME"
						    : "--param path=BINARY:FUNCTION");
}

int attach_check(struct attach_needs *needs, const struct object *o,
		 const struct params_place *place, struct skep_err *err)
{
	for (size_t i = 0; i < o->program_cnt; i++) {
		int rc = check_program(needs, &o->programs[i], place, err);

		if (rc)
			return rc;
	}
	for (size_t i = 0; i < o->map_cnt; i++)
		needs->any |= is_ops(&o->maps[i]);
	return 0;
}

int attach_take(struct attachment *at, struct bpf_link *link, const char *to,
		struct skep_err *err)
{
	int code = errno, rc;
	bool no;

	if (link) {
		at->link = link;
		return 0;
	}
	no = code == ENOENT || code == ESRCH || code == EINVAL || code == EOPNOTSUPP;
	rc = skep_fail(err, no ? SKEP_EREJECTED : code, "cannot attach '%s' to '%s': %s",
		       at->program ? at->program->name : to, to, strerror(code));
	if (code == EBUSY)
		skep_err_hint(err, "another program is attached there");
	if (code == EPERM || code == EACCES)
		skep_err_hint(
			err,
			"run as root, or with CAP_BPF, CAP_PERFMON and CAP_NET_ADMIN");
	return rc;
}

int attach_keep(struct attachment *at, int fd, struct skep_err *err)
{
	int *fds = realloc(at->fds, (at->fd_cnt + 1) * sizeof(*fds));

	if (!fds) {
		close(fd);
		return skep_fail(err, ENOMEM, "out of memory");
	}
	at->fds = fds;
	fds[at->fd_cnt++] = fd;
	return 0;
}

int attach_pid(const struct params_place *place, int *pid, struct skep_err *err)
{
	uint64_t v;

	*pid = -1;
	if (!place->pid)
		return 0;
	if (!text_u64(place->pid, &v) || !v || v > INT_MAX)
		return skep_fail(err, SKEP_EUSAGE,
				 "--param pid wants a process id, not '%s'", place->pid);
	*pid = (int)v;
	return 0;
}

int attach_auto(struct attachments *a, struct attachment *at, struct skep_err *err)
{
	const char *to =
		*at->program->target ? at->program->target : at->program->section;
	struct messages m;
	struct bpf_link *link;
	bool absent;
	int rc;

	messages_begin(&m, a->log);
	link = bpf_program__attach(at->program->bpf);
	absent = !link && (errno == ENOENT || errno == ESRCH);
	rc = attach_take(at, link, to, err);
	messages_end(&m);
	if (absent && !is_user(at->program))
		hook_hint(at->program, err);
	return rc;
}

static struct attachment *add(struct attachments *a, const struct obj_program *p,
			      struct skep_err *err)
{
	struct attachment *items = realloc(a->items, (a->cnt + 1) * sizeof(*items));

	if (!items) {
		skep_fail(err, ENOMEM, "out of memory");
		return NULL;
	}
	a->items = items;
	items[a->cnt] = (struct attachment){ .program = p };
	return &items[a->cnt++];
}

static void detach(struct attachment *at)
{
	bpf_link__destroy(at->link);
	for (size_t i = 0; i < at->fd_cnt; i++)
		close(at->fds[i]);
	free(at->fds);
	if (!at->tc)
		return;
	at->filter.flags = at->filter.prog_id = 0;
	at->filter.prog_fd = 0;
	bpf_tc_detach(&at->hook, &at->filter);
	if (at->qdisc_is_ours) {
		at->hook.attach_point = BPF_TC_INGRESS | BPF_TC_EGRESS;
		bpf_tc_hook_destroy(&at->hook);
	}
}

static int undo(struct attachments *a, int rc)
{
	if (rc)
		detach(&a->items[--a->cnt]);
	return rc;
}

int attach_program(struct attachments *a, const struct obj_program *p, const char **why,
		   struct skep_err *err)
{
	const struct way *way = way_of(p);
	struct attachment *at;

	*why = !p->autoload ? "its section begins with '?': a loader has to choose it"
	       : !bpf_program__autoattach(p->bpf) ? "it is not for attaching by itself"
	       : !way->attach                     ? way->not_attached
						  : lacks(way, p, a->place);
	if (*why)
		return 1;
	at = add(a, p, err);
	return at ? undo(a, way->attach(a, at, err)) : -ENOMEM;
}

int attach_ops(struct attachments *a, const struct obj_map *m, struct skep_err *err)
{
	struct attachment *at = add(a, NULL, err);

	return at ? undo(a, attach_take(at, bpf_map__attach_struct_ops(m->bpf), m->name,
					err))
		  : -ENOMEM;
}

static int attach_or_tell(struct attachments *a, const struct obj_program *p,
			  struct skep_err *err)
{
	const char *why;
	int rc = attach_program(a, p, &why, err);

	if (rc > 0 && p->autoload && bpf_program__autoattach(p->bpf))
		skep_log(a->log, SKEP_LOG_INFO,
			 "'%s' (%s) is loaded and not attached: %s", p->name, p->section,
			 why);
	return rc > 0 ? 0 : rc;
}

int attach_object(struct attachments *a, const struct object *o, struct skep_err *err)
{
	int rc = 0;

	for (size_t i = 0; i < o->program_cnt && !rc; i++)
		rc = attach_or_tell(a, &o->programs[i], err);
	for (size_t i = 0; i < o->map_cnt && !rc; i++)
		if (is_ops(&o->maps[i]))
			rc = attach_ops(a, &o->maps[i], err);
	return rc;
}

void attach_release(struct attachments *a)
{
	while (a->cnt)
		detach(&a->items[--a->cnt]);
	free(a->items);
	a->items = NULL;
}

int attach_read_iter(const struct attachment *at, char **text, size_t *len,
		     struct skep_err *err)
{
	bool iter = at->program && at->link &&
		    at->program->prog_type == BPF_PROG_TYPE_TRACING &&
		    at->program->expected_attach_type == BPF_TRACE_ITER;
	_cleanup_close_ int fd = iter ? bpf_iter_create(bpf_link__fd(at->link)) : -1;
	struct buf b = { 0 };
	char chunk[8192];
	ssize_t n;

	*text = NULL;
	if (!iter)
		return 0;
	if (fd < 0)
		return skep_fail(err, errno, "cannot read iterator '%s': %s",
				 at->program->name, strerror(errno));
	while ((n = read(fd, chunk, sizeof(chunk))) > 0 || (n < 0 && errno == EINTR))
		buf_add(&b, chunk, n > 0 ? (size_t)n : 0);
	if (n < 0 || b.err) {
		skep_fail(err, n < 0 ? errno : ENOMEM, "cannot read iterator '%s'",
			  at->program->name);
		buf_release(&b);
		return n < 0 ? -errno : -ENOMEM;
	}
	buf_str(&b, "");
	*text = buf_take(&b, len);
	if (!*text)
		*text = calloc(1, 1);
	return *text ? 0 : skep_fail(err, ENOMEM, "out of memory");
}
