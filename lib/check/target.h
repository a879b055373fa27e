/* SPDX-License-Identifier: BSD-2-Clause */
/* Target: one kernel that objects are held against: its types, configuration and release, looked up by name. */
#ifndef LIB_CHECK_TARGET_H
#define LIB_CHECK_TARGET_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include <skep/error.h>

#include "lib/base/arch.h"
#include "lib/btf/index.h"
#include "lib/kernel/library.h"

enum target_word { TARGET_NO, TARGET_YES, TARGET_UNKNOWN };

struct target {
	char *id;      /* profile id, "host", or the file's name */
	char *release; /* uname -r; "" unknown */
	uint32_t version; /* as KERNEL_VERSION(): LINUX_KERNEL_VERSION of that kernel; 0 unknown */
	const struct arch *arch; /* NULL unknown */
	struct btf_index *ix;
	char *config; /* text of its configuration; NULL unknown */
	size_t config_len;
	char *profile; /* "sha256:…" of the profile; NULL: none */
};

/* A kernel of the library. */
int target_of_profile(struct target *t, struct library *lib, const struct profile *p,
		      struct skep_err *err);
/* The running kernel: /sys/kernel/btf, /proc/config.gz or /boot/config-RELEASE. cache_dir NULL: no cache. */
int target_of_host(struct target *t, const char *cache_dir, struct skep_err *err);
/* BTF alone, raw or in an ELF; of a file named like a release ("6.1.0-18-amd64.btf"), that is its release. */
int target_of_file(struct target *t, const char *path, const char *cache_dir,
		   struct skep_err *err);
void target_release(struct target *t);

/* Is there an enumerator of an enum, and its value? "bpf_func_id", "BPF_FUNC_loop". value may be NULL. */
bool target_enumerator(const struct target *t, const char *enum_name, const char *name,
		       int64_t *value);
/* First function, variable (per-CPU), struct or union, typedef of that exact name; 0: none. */
uint32_t target_func(const struct target *t, const char *name);
uint32_t target_var(const struct target *t, const char *name);
uint32_t target_struct(const struct target *t, const char *name);
uint32_t target_typedef(const struct target *t, const char *name);
bool target_member(const struct target *t, const char *struct_name, const char *member);
/* Is there a hook of a kind: "sched_switch" of BTF_HOOK_TRACEPOINT? Its id; 0: none. */
uint32_t target_hook(const struct target *t, enum btf_index_hook kind, const char *name);

/* A probe of facts_feature_row, in the words of lib/btf/probe.h: TARGET_UNKNOWN for one that is NULL. */
enum target_word target_probe(const struct target *t, const char *probe);

/* The value of an option as the configuration spells it: "y", "m", "250", "\"x\""; "n" if it is not set. NULL: unknown. Caller frees. */
char *target_config(const struct target *t, const char *option);
/* An expression of facts_type.kconfig: "NET&CGROUP_BPF": y or m of each. */
enum target_word target_gate(const struct target *t, const char *expression);

#endif
