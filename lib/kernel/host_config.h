/* SPDX-License-Identifier: BSD-2-Clause */
/* Host config: the configuration of the running kernel, from where libbpf reads it. */
#ifndef LIB_KERNEL_HOST_CONFIG_H
#define LIB_KERNEL_HOST_CONFIG_H

#include <stddef.h>

/*
 * The text of /boot/config-RELEASE, packed or not, else of /proc/config.gz. NULL: neither can be read, or it is
 * larger than any is. Caller frees.
 */
char *host_config(const char *release, size_t *len);

#endif
