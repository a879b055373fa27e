/* SPDX-License-Identifier: BSD-2-Clause */
/* Telling hooks from functions that only begin like them. */
#include "lib/btf/hook.h"

#include <stdio.h>
#include <string.h>

#include <bpf/btf.h>

#define LSM_HOOKS "security_list_options"

static bool in_lsm_hooks(const struct btf_index *ix, const char *name)
{
	const uint32_t *hooks, *ids;
	size_t n =
		btf_index_find(ix, BTF_INDEX_TYPE, LSM_HOOKS, strlen(LSM_HOOKS), &hooks);
	size_t m = btf_index_find(ix, BTF_INDEX_MEMBER, name, strlen(name), &ids);

	for (size_t i = 0; i < n; i++)
		for (size_t j = 0; j < m; j++)
			if (hooks[i] == ids[j])
				return true;
	return !n; /* a kernel without LSM still has the functions */
}

bool hook_is_real(const struct btf_index *ix, enum btf_index_hook kind, const char *name)
{
	char context[128];
	const uint32_t *ids;
	int len;

	if (kind == BTF_HOOK_LSM)
		return in_lsm_hooks(ix, name);
	if (kind != BTF_HOOK_ITER)
		return true;
	len = snprintf(context, sizeof(context), "bpf_iter__%s", name);
	return len < (int)sizeof(context) &&
	       btf_index_find(ix, BTF_INDEX_TYPE, context, len, &ids);
}

size_t hook_count(const struct btf_index *ix, enum btf_index_hook kind)
{
	const uint32_t *ids;
	size_t n = btf_index_hooks(ix, kind, &ids), count = 0;
	const char *last = NULL;

	for (size_t i = 0; i < n; i++) {
		const char *name = btf_index_hook_name(ix, kind, ids[i]);

		if (last && !strcmp(last, name))
			continue;
		last = name;
		count += hook_is_real(ix, kind, name);
	}
	return count;
}
