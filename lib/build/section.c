/* SPDX-License-Identifier: BSD-2-Clause */
/* Section: names as libbpf 1.7 spells them, without what follows the slash. */
#include "lib/build/section.h"

#include <string.h>

#include "lib/base/cleanup.h"
#include "lib/base/text.h"

/* Of two that are equally near, the first is suggested. */
static const char *const sections[] = {
	"xdp",
	"tc",
	"tp",
	"kprobe",
	"kretprobe",
	"fentry",
	"fexit",
	"lsm",
	"tp_btf",
	"raw_tp",
	"uprobe",
	"tracepoint",
	"socket",
	"sk_reuseport",
	"kprobe.multi",
	"kretprobe.multi",
	"kprobe.session",
	"uretprobe",
	"uprobe.s",
	"uretprobe.s",
	"uprobe.multi",
	"uretprobe.multi",
	"uprobe.session",
	"ksyscall",
	"kretsyscall",
	"usdt",
	"usdt.s",
	"tcx/ingress",
	"tcx/egress",
	"tc/ingress",
	"tc/egress",
	"classifier",
	"action",
	"netkit/primary",
	"netkit/peer",
	"raw_tracepoint",
	"raw_tracepoint.w",
	"raw_tp.w",
	"fmod_ret",
	"fentry.s",
	"fmod_ret.s",
	"fexit.s",
	"freplace",
	"lsm.s",
	"lsm_cgroup",
	"iter",
	"iter.s",
	"syscall",
	"xdp.frags",
	"xdp/devmap",
	"xdp/cpumap",
	"xdp.frags/devmap",
	"xdp.frags/cpumap",
	"perf_event",
	"lwt_in",
	"lwt_out",
	"lwt_xmit",
	"lwt_seg6local",
	"sockops",
	"sk_skb",
	"sk_skb/stream_parser",
	"sk_skb/stream_verdict",
	"sk_skb/verdict",
	"sk_msg",
	"lirc_mode2",
	"flow_dissector",
	"cgroup_skb/ingress",
	"cgroup_skb/egress",
	"cgroup/skb",
	"cgroup/sock_create",
	"cgroup/sock_release",
	"cgroup/sock",
	"cgroup/post_bind4",
	"cgroup/post_bind6",
	"cgroup/bind4",
	"cgroup/bind6",
	"cgroup/connect4",
	"cgroup/connect6",
	"cgroup/connect_unix",
	"cgroup/sendmsg4",
	"cgroup/sendmsg6",
	"cgroup/recvmsg4",
	"cgroup/recvmsg6",
	"cgroup/getpeername4",
	"cgroup/getpeername6",
	"cgroup/getsockname4",
	"cgroup/getsockname6",
	"cgroup/sysctl",
	"cgroup/getsockopt",
	"cgroup/setsockopt",
	"cgroup/dev",
	"struct_ops",
	"struct_ops.s",
	"sk_lookup",
	"netfilter",
};

void section_check(const struct object *o, const struct skep_log *log)
{
	for (size_t i = 0; i < o->program_cnt; i++) {
		const struct obj_program *p = &o->programs[i];
		_cleanup_free_ char *head = NULL;
		const char *near;

		if (strcmp(p->type, "unspec"))
			continue;
		head = strndup(p->section, strcspn(p->section, "/"));
		near = head ? text_nearest(p->section, sections, ARRAY_SIZE(sections))
				       ?: text_nearest(head, sections,
						       ARRAY_SIZE(sections))
			    : NULL;
		skep_log(log, SKEP_LOG_WARN,
			 "%s: program '%s': SEC(\"%s\") names no kind of program%s%s%s",
			 o->where, p->name, p->section, near ? "; did you mean '" : "",
			 near ?: "", near ? "'?" : "");
	}
}
