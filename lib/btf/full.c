/* SPDX-License-Identifier: BSD-2-Clause */
/* The full header: every type of vmlinux, and the prototype of every kfunc. */
#include <errno.h>
#include <stdlib.h>

#include <bpf/btf.h>

#include "lib/base/cleanup.h"
#include "lib/base/text.h"
#include "lib/btf/alias.h"
#include "lib/btf/header.h"
#include "lib/btf/index.h"
#include "lib/btf/lean.h"
#include "lib/btf/subset.h"

int kfunc_list(const struct btf_index *ix, uint32_t **ids, size_t *n, struct skep_err *err)
{
	const uint32_t *all;
	size_t cnt = btf_index_hooks(ix, BTF_HOOK_KFUNC, &all), i;
	uint32_t *list = calloc(cnt + 1, sizeof(*list));

	if (!list)
		return skep_fail(err, ENOMEM, "out of memory");
	*n = 0;
	for (i = 0; i < cnt; i++) {
		const struct btf_type *t = btf_index_type(ix, all[i]);

		/* with a suffix of the compiler, "foo.isra.0", it is no name in C */
		if (t && all[i] < btf_index_info(ix)->base_cnt &&
		    text_is_cident(btf_index_str(ix, t->name_off)))
			list[(*n)++] = all[i];
	}
	*ids = list;
	return 0;
}

int full_header(struct buf *out, struct aliases *aliases, const struct btf_index *ix,
		struct skep_err *err)
{
	_cleanup_(aliases_release) struct aliases learned = { 0 };
	_cleanup_(subset_release) struct subset types = { 0 };
	_cleanup_free_ uint32_t *kfuncs = NULL;
	struct header h = { .types = &types };
	int ret = subset_init(&types, ix, err);

	ret = ret ? ret : kfunc_list(ix, &kfuncs, &h.kfunc_cnt, err);
	if (ret)
		return ret;
	h.kfuncs = kfuncs;
	for (uint32_t id = 1; id < btf_index_info(ix)->base_cnt; id++)
		subset_add(&types, id, SUBSET_WHOLE);
	ret = header_write(out, &h, NULL, &learned, err);
	if (!ret && aliases) {
		*aliases = learned;
		learned = (struct aliases){ 0 };
	}
	return ret;
}
