/* SPDX-License-Identifier: BSD-2-Clause */
/* Host: what this machine's kernel and the caller's privileges allow. */
#ifndef LIB_RUN_HOST_H
#define LIB_RUN_HOST_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include <linux/capability.h>

bool host_has_cap(int cap); /* effective for this process: CAP_BPF … */

/*
 * A file system of the kernel ("tracefs", "securityfs") for this process alone: no folder shows it, it
 * goes with its descriptor, which the caller closes. Negative without CAP_SYS_ADMIN.
 */
int host_private_fs(const char *type);

/* First line of a file of securityfs, mounted or not; caller frees; NULL if unreadable. */
char *host_security_line(const char *name);

/* Lockdown mode: "none", "integrity" or "confidentiality"; NULL where it cannot be found out. */
const char *host_lockdown(void);

/* Folder of the first mount of a file system type; caller frees; NULL if there is none. */
char *host_mount(const char *type);

/* First line of a small file of /proc or /sys without its newline; caller frees; NULL if unreadable. */
char *host_line(const char *path);

#endif
