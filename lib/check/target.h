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
	/*
	 * As KERNEL_VERSION(): LINUX_KERNEL_VERSION of that kernel; 0 unknown. As libbpf finds it: Debian says it in
	 * uname -v. Ubuntu says its patch level in a file that profiles do not have; theirs is then 0.
	 */
	uint32_t version;
	const struct arch *arch; /* NULL unknown */
	struct btf_index *ix;
	char *config; /* text of its configuration, not NUL-terminated; NULL unknown */
	size_t config_len;
	bool config_mapped;
	bool running; /* the kernel this runs on: what its modules have is what is loaded now */
	char *profile;            /* "sha256:…" of the profile; NULL: none */
	struct target_memo *memo; /* what has been looked up; NULL: nothing is kept */
};

/* A kernel of the library. */
int target_of_profile(struct target *t, struct library *lib, const struct profile *p,
		      struct skep_err *err);
/* The running kernel: /sys/kernel/btf, /boot/config-RELEASE or /proc/config.gz. cache_dir NULL: no cache. */
int target_of_host(struct target *t, const char *cache_dir, struct skep_err *err);
/* BTF alone, raw or in an ELF; of a file named like a release ("6.1.0-18-amd64.btf"), that is its release. */
int target_of_file(struct target *t, const char *path, const char *cache_dir,
		   struct skep_err *err);
void target_release(struct target *t);

/*
 * The name that a value has there, markers of the enum's end apart: TARGET_UNKNOWN if there is no such enum. Of
 * several names the one that is asked for, if it is among them.
 */
enum target_word target_value(const struct target *t, const char *enum_name,
			      const char *name, int64_t value);
/* First function, variable (per-CPU), struct or union of that exact name; 0: none. */
uint32_t target_func(const struct target *t, const char *name);
uint32_t target_var(const struct target *t, const char *name);
uint32_t target_struct(const struct target *t, const char *name);

/*
 * Is every module's BTF among the types, so that what is not there does not exist? For what needs BTF and for what
 * does not (plain tracepoints), which kernels without BTF of modules have all the same.
 */
bool target_has_all_btf(const struct target *t);
bool target_has_all_modules(const struct target *t);

/* A probe of facts_feature_row, in the words of lib/btf/probe.h: TARGET_UNKNOWN for one that is NULL. */
enum target_word target_probe(const struct target *t, const char *probe);

/*
 * The value of an option as the configuration spells it: "y", "m", "250", "\"x\""; where it lies, not NUL-terminated.
 * NULL: unknown or not set.
 */
const char *target_config_text(const struct target *t, const char *option, size_t *len);
/* Is an option y or m? "BPF_LSM". */
enum target_word target_option(const struct target *t, const char *option);
/* An expression of facts_type.kconfig: "NET&CGROUP_BPF": y or m of each. */
enum target_word target_gate(const struct target *t, const char *expression);

/*
 * The release that the newest helper, program type or map type of its enums came with, as KERNEL_VERSION(): what is
 * known where the release is not, or where a distribution carries much back; 0: nothing.
 */
uint32_t target_at_least(const struct target *t);

/* LINUX_KERNEL_VERSION as libbpf reads it from uname -r and uname -v (NULL unknown); 0: it does not say. */
uint32_t target_version(const char *release, const char *version);

#endif
