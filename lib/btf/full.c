/* SPDX-License-Identifier: BSD-2-Clause */
/* The full header: every type of vmlinux, and the prototype of every kfunc. */
#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include <bpf/btf.h>
#include <libbpf_internal.h>

#include "lib/base/cleanup.h"
#include "lib/base/text.h"
#include "lib/btf/alias.h"
#include "lib/btf/header.h"
#include "lib/btf/index.h"
#include "lib/btf/index_format.h"
#include "lib/btf/lean.h"

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

/* Let end be behind the names of a type, which lie one behind the other from name 0; false if they do not. */
static bool reach_names(const struct btf_index *ix, const struct btf_type *t, size_t *end)
{
	const char *first = btf_index_str(ix, 0);
	struct btf_field_iter it;
	uint32_t *off;

	/* the iterator hands out places to write to; here they are only read */
	if (btf_field_iter_init(&it, (struct btf_type *)t, BTF_FIELD_ITER_STRS))
		return false;
	while ((off = btf_field_iter_next(&it))) {
		const char *name = btf_index_str(ix, *off);

		if (name != first + *off)
			return false;
		if (*off >= *end)
			*end = *off + strlen(name) + 1;
	}
	return true;
}

/* vmlinux' types have their own ids in the index: laid end to end they are its BTF. */
static int whole_btf(const struct btf_index *ix, struct btf **out, struct skep_err *err)
{
	const struct btf_index_info *info = btf_index_info(ix);
	_cleanup_(buf_release) struct buf raw = { 0 };
	struct btf_header h = { .magic = BTF_MAGIC,
				.version = BTF_VERSION,
				.hdr_len = sizeof(h) };
	size_t end = 1;

	buf_add(&raw, &h, sizeof(h));
	for (uint32_t id = 1; id < info->base_cnt; id++) {
		const struct btf_type *t = btf_index_type(ix, id);

		if (!t || !reach_names(ix, t, &end))
			return skep_fail(err, SKEP_ECORRUPT, "damaged index of types");
		buf_add(&raw, t, index_record_size(t));
	}
	h.type_len = h.str_off = raw.len - sizeof(h);
	h.str_len = end;
	buf_add(&raw, btf_index_str(ix, 0), end);
	if (raw.err)
		return skep_fail(err, ENOMEM, "out of memory");
	memcpy(raw.data, &h, sizeof(h));
	*out = btf__new(raw.data, raw.len);
	if (!*out)
		return skep_fail(err, SKEP_ECORRUPT, "damaged index of types");
	btf__set_pointer_size(*out, info->ptr_size);
	btf__set_endianness(*out, info->big_endian ? BTF_BIG_ENDIAN : BTF_LITTLE_ENDIAN);
	return 0;
}

int full_header(struct buf *out, struct aliases *aliases, const struct btf_index *ix,
		struct skep_err *err)
{
	_cleanup_(aliases_release) struct aliases learned = { 0 };
	uint32_t cnt = btf_index_info(ix)->base_cnt;
	_cleanup_free_ uint32_t *ids = calloc((size_t)cnt + 1, sizeof(*ids));
	_cleanup_free_ uint32_t *kfuncs = NULL;
	struct header h = { .ix = ix, .ids = ids };
	int ret = ids ? 0 : skep_fail(err, ENOMEM, "out of memory");

	ret = ret ? ret : kfunc_list(ix, &kfuncs, &h.kfunc_cnt, err);
	ret = ret ? ret : whole_btf(ix, &h.btf, err);
	if (ret)
		return ret;
	h.kfuncs = kfuncs;
	for (uint32_t id = 1; id < cnt; id++)
		ids[id] = id;
	ret = header_write(out, &h, NULL, &learned, err);
	if (!ret && aliases) {
		*aliases = learned;
		learned = (struct aliases){ 0 };
	}
	return ret;
}
