/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * Hooks of security modules. Which may sleep and which are closed to BPF are lists that BTF has not.
 * Source: sleepable_lsm_hooks and bpf_lsm_disabled_hooks, kernel/bpf/bpf_lsm.c of Linux 6.12.
 */
#include <string.h>

#include "lib/base/cleanup.h"
#include "lib/btf/hook.h"
#include "lib/check/hold_parts.h"

#define SLEEPING_SINCE FACTS_VERSION(5, 11)

static const struct closed {
	const char *name;
	facts_version since;
} closed[] = {
	{ "audit_rule_match", FACTS_VERSION(6, 12) },
	{ "file_alloc_security",
	  FACTS_VERSION(7, 2) }, /* measured there, and not on 6.18 */
	{ "getprocattr", FACTS_VERSION(6, 12) },
	{ "getselfattr", FACTS_VERSION(6, 12) },
	{ "inode_copy_up_xattr", FACTS_VERSION(6, 12) },
	{ "inode_getsecurity", FACTS_VERSION(6, 12) },
	{ "inode_listsecurity", FACTS_VERSION(6, 12) },
	{ "inode_need_killpriv", FACTS_VERSION(6, 12) },
	{ "ismaclabel", FACTS_VERSION(6, 12) },
	{ "key_getsecurity", FACTS_VERSION(6, 12) },
	{ "setprocattr", FACTS_VERSION(6, 12) },
	{ "vm_enough_memory", FACTS_VERSION(6, 12) },
	{ "xfrm_decode_session", FACTS_VERSION(6, 12) },
};

static const char *const sleeping[] = {
	"bpf",
	"bpf_map",
	"bpf_map_create",
	"bpf_map_free",
	"bpf_prog",
	"bpf_prog_free",
	"bpf_prog_load",
	"bpf_token_capable",
	"bpf_token_cmd",
	"bpf_token_create",
	"bpf_token_free",
	"bprm_check_security",
	"bprm_committed_creds",
	"bprm_committing_creds",
	"bprm_creds_for_exec",
	"bprm_creds_from_file",
	"capget",
	"capset",
	"cred_prepare",
	"current_getsecid_subj",
	"file_ioctl",
	"file_lock",
	"file_open",
	"file_post_open",
	"file_receive",
	"inode_create",
	"inode_free_security",
	"inode_getattr",
	"inode_getxattr",
	"inode_mknod",
	"inode_need_killpriv",
	"inode_post_setxattr",
	"inode_readlink",
	"inode_rename",
	"inode_rmdir",
	"inode_setattr",
	"inode_setxattr",
	"inode_symlink",
	"inode_unlink",
	"kernel_module_request",
	"kernel_read_file",
	"kernfs_init_security",
	"mmap_file",
	"netlink_send",
	"path_chmod",
	"path_chown",
	"path_link",
	"path_mkdir",
	"path_notify",
	"path_rename",
	"path_rmdir",
	"path_symlink",
	"path_truncate",
	"path_unlink",
	"release_secctx",
	"sb_alloc_security",
	"sb_eat_lsm_opts",
	"sb_kern_mount",
	"sb_mount",
	"sb_remount",
	"sb_set_mnt_opts",
	"sb_show_options",
	"sb_statfs",
	"sb_umount",
	"settime",
	"socket_accept",
	"socket_bind",
	"socket_connect",
	"socket_create",
	"socket_getpeername",
	"socket_getpeersec_dgram",
	"socket_getsockname",
	"socket_getsockopt",
	"socket_listen",
	"socket_post_create",
	"socket_recvmsg",
	"socket_sendmsg",
	"socket_shutdown",
	"socket_socketpair",
	"syslog",
	"task_alloc",
	"task_getsecid_obj",
	"task_prctl",
	"task_setscheduler",
	"userns_create",
};

static bool may_sleep(const char *name)
{
	for (size_t i = 0; i < ARRAY_SIZE(sleeping); i++)
		if (!strcmp(name, sleeping[i]))
			return true;
	return false;
}

/* The release that closed a hook that the kernel has closed; 0: open. */
static facts_version closed_since(const char *name, const struct target *t)
{
	for (size_t i = 0; i < ARRAY_SIZE(closed); i++)
		if (!strcmp(name, closed[i].name) &&
		    hold_since(t, closed[i].since) == TARGET_YES)
			return closed[i].since;
	return 0;
}

/* Is "bpf" among the names of CONFIG_LSM? Else its hooks are never called, unless lsm= of the command line says so. */
static bool is_inactive(const struct target *t)
{
	size_t len;
	const char *list = target_config_text(t, "LSM", &len);
	const char *end = list ? list + len : NULL;

	while (list && list < end) {
		size_t n = 0;

		list += *list == '"' || *list == ',';
		while (list + n < end && list[n] != ',' && list[n] != '"')
			n++;
		if (n == strlen("bpf") && !strncmp(list, "bpf", n))
			return false;
		list += n ? n : 1;
	}
	return end;
}

struct answer hold_lsm(const struct hook *h, const struct target *t)
{
	struct answer a;
	facts_version since;

	if (!h->target)
		return hold_unknown(WHY_TARGET_UNKNOWN);
	if (!hold_find_func(t, h->target, "bpf_lsm_") ||
	    !hook_is_real(t->ix, BTF_HOOK_LSM, h->target))
		return hold_no(WHY_NO_LSM_HOOK, 0);
	since = closed_since(h->target, t);
	if (since)
		return hold_no(WHY_HOOK_CLOSED, since);
	if (h->sleepable && hold_since(t, SLEEPING_SINCE) == TARGET_NO)
		return hold_no(WHY_NOT_SLEEPABLE, SLEEPING_SINCE);
	if (h->sleepable && !may_sleep(h->target))
		return hold_unknown(WHY_SLEEP_UNKNOWN);
	a = hold_by_option(t, HOLD_ATTACH, OPTION_DIRECT_CALLS);
	if (hold_is_yes(&a) && is_inactive(t))
		return hold_say(HOLD_WARN, HOLD_ATTACH, WHY_LSM_INACTIVE, 0);
	return a;
}
