/* SPDX-License-Identifier: BSD-2-Clause */
/* Names: what paths and releases say without a look at the bytes. Paths are names only, nothing is opened. */
#ifndef LIB_KERNEL_HARVEST_NAME_H
#define LIB_KERNEL_HARVEST_NAME_H

#include <stdbool.h>
#include <stddef.h>

#include "lib/base/arch.h"

enum part {
	PART_NONE,
	PART_IMAGE,   /* boot/vmlinuz-<release>, lib/modules/<release>/vmlinuz */
	PART_VMLINUX, /* vmlinux: not what boots, but where BTF or DWARF is */
	PART_CONFIG,
	PART_MODULE,
	PART_BTF,
	PART_CHANGELOG, /* of Debian */
	PART_PKGINFO,   /* of Arch */
};

#define NAME_RELEASE_MAX 128

/* What a path is of a kernel; release "" when it does not say. */
enum part name_part(const char *path, char release[static NAME_RELEASE_MAX]);

bool name_is_release(const char *s, size_t len); /* 6.1.0-56-cloud-amd64 */
bool name_is_package(const char *path); /* .deb, .rpm, .pkg.tar.zst, .btf.tar.xz … */
char *name_module(const char *path);    /* "nf_conntrack"; caller frees, NULL no memory */
char *name_flavour(const char *release); /* "cloud"; NULL: the only one, or no memory */
const struct arch *name_arch(const char *release); /* that the release names, or NULL */

/* .../<distro>/<suite>/<arch>/<release>.btf…, as BTFHub lays them out. Borrowed from path. */
struct name_hub {
	const char *distro, *suite;
	size_t distro_len, suite_len;
	const struct arch *arch;
};
bool name_hub(const char *path, struct name_hub *hub);

#endif
