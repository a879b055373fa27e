/* SPDX-License-Identifier: BSD-2-Clause */
/* Helpers: the names of libbpf's linux/bpf.h, the source of the ids. */
#include "lib/object/helpers.h"

#include <stddef.h>

#include <linux/bpf.h>

#define ROW(name, value) [value] = "bpf_" #name,

static const char *const names[] = { ___BPF_FUNC_MAPPER(ROW) };

const char *helper_name(int32_t id)
{
	if (id < 0 || (size_t)id >= sizeof(names) / sizeof(names[0]))
		return NULL;
	return names[id];
}
