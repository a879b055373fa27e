/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * Harvest: what files say of kernels. Packages, images, vmlinux, raw BTF, configurations and folders of
 * them go in; what belongs to one kernel (by release and architecture) comes together.
 */
#ifndef LIB_KERNEL_HARVEST_H
#define LIB_KERNEL_HARVEST_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include <skep/error.h>
#include <skep/log.h>

#include "lib/base/arch.h"

struct harvest_blob {
	char *name; /* module "nf_conntrack", or source file name */
	void *data;
	size_t size;
};

struct harvest_source {
	char *name;   /* file name without folders */
	char *digest; /* "sha256:…" */
};

/* All that was found of one kernel. Strings are NULL where nothing says. */
struct harvest {
	char *release;         /* uname -r */
	char *version;         /* uname -v */
	char *distro;          /* "debian", "fedora", "ubuntu" … */
	char *suite;           /* "bookworm", "40", "22.04" */
	char *flavour;         /* "cloud", "generic"; NULL: the only one */
	char *package_version; /* "6.1.192-1" */
	const struct arch *arch;
	unsigned int ptr_size; /* 0 unknown */
	bool big_endian;
	struct harvest_blob btf;      /* data NULL: none found */
	struct harvest_blob *modules; /* sorted by name; split BTF */
	size_t module_cnt;
	struct harvest_blob *files; /* modules to load, whole and unpacked; sorted by name */
	size_t file_cnt;
	struct harvest_blob config, image;
	struct harvest_source *sources;
	size_t source_cnt;
	char *btf_path; /* of the file whose types they are */
	char *why_no_btf; /* what to tell when there is none: "built without CONFIG_DEBUG_INFO_BTF" … */
};

struct harvest_set {
	struct harvest **kernels;
	size_t n;
};

struct harvest_opts {
	const struct skep_log *log; /* progress; NULL: none */
	const char *pahole;         /* program for DWARF; NULL: from path_env */
	const char *path_env;
	const char *tmp_dir; /* for what must be a file: DWARF goes through pahole; NULL: /tmp */
	unsigned int jobs;          /* threads; 0: processors */
	const char *const *modules; /* to keep as files besides the usual ones; "all" */
	size_t module_cnt;
	uint64_t max_unpacked; /* bytes that all packed parts of one file hold; 0: 16 GiB */
};

/*
 * Read files, folders or "host". -SKEP_EKIND a file that is nothing of a kernel (in a folder: left
 * alone); -SKEP_EEXISTS two BTFs of one kernel; -SKEP_ECORRUPT damaged, with offset and reason; -SKEP_ETOOL pahole is needed and missing.
 */
int harvest_paths(struct harvest_set *set, const char *const *paths, size_t n,
		  const struct harvest_opts *opts, struct skep_err *err);
void harvest_release(struct harvest_set *set);

#endif
