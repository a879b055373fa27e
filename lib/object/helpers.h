/* SPDX-License-Identifier: BSD-2-Clause */
/* Helpers: BPF helper functions by id. */
#ifndef LIB_OBJECT_HELPERS_H
#define LIB_OBJECT_HELPERS_H

#include <stdint.h>

const char *helper_name(
	int32_t id); /* "bpf_map_lookup_elem"; NULL if libbpf's headers know none */

#endif
