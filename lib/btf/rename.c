/* SPDX-License-Identifier: BSD-2-Clause */
/* Names are changed where they lie, then the BTF is parsed again with a longer section of strings. */
#include "lib/btf/rename.h"

#include <errno.h>
#include <string.h>

#include <bpf/btf.h>

#define HOST_ORDER \
	(__BYTE_ORDER__ == __ORDER_LITTLE_ENDIAN__ ? BTF_LITTLE_ENDIAN : BTF_BIG_ENDIAN)

static const struct btf_header *header_of(struct btf *btf)
{
	uint32_t size;

	return btf__raw_data(btf, &size);
}

void rename_begin(struct renaming *r, struct btf *btf)
{
	*r = (struct renaming){ .btf = btf, .endian = btf__endianness(btf) };
	/* else its bytes are a copy in the kernel's order */
	btf__set_endianness(btf, __BYTE_ORDER__ == __ORDER_LITTLE_ENDIAN__
					 ? BTF_LITTLE_ENDIAN
					 : BTF_BIG_ENDIAN);
	r->first = header_of(btf)->str_len;
}

static uint32_t *name_at(const struct renaming *r, uint32_t id, uint32_t item)
{
	const struct btf_type *t = btf__type_by_id(r->btf, id);
	size_t stride =
		btf_is_enum64(t) ? sizeof(struct btf_enum64) : sizeof(struct btf_enum);

	if (item == RENAME_TYPE)
		return (uint32_t *)&t->name_off;
	if (!btf_is_any_enum(t) || item >= btf_vlen(t))
		return NULL;
	return (uint32_t *)((char *)(t + 1) + item * stride);
}

const char *rename_old(const struct renaming *r, uint32_t id, uint32_t item)
{
	const uint32_t *off = name_at(r, id, item);

	if (!off)
		return NULL;
	return *off < r->first ? btf__name_by_offset(r->btf, *off) : "";
}

void rename_to(struct renaming *r, uint32_t id, uint32_t item, const char *name)
{
	*name_at(r, id, item) = r->first + r->strings.len;
	buf_add(&r->strings, name, strlen(name) + 1);
}

int rename_end(struct renaming *r, struct btf **btf, struct skep_err *err)
{
	const struct btf_header *h = header_of(r->btf);
	struct btf_header bigger = *h;
	struct buf raw = { 0 };
	struct btf *renamed = NULL;

	bigger.hdr_len = sizeof(bigger);
	bigger.type_off = 0;
	bigger.str_off = h->type_len;
	bigger.str_len = h->str_len + r->strings.len;
	buf_add(&raw, &bigger, sizeof(bigger));
	buf_add(&raw, (const char *)h + h->hdr_len + h->type_off, h->type_len);
	buf_add(&raw, (const char *)h + h->hdr_len + h->str_off, h->str_len);
	if (r->strings.len)
		buf_add(&raw, r->strings.data, r->strings.len);
	if (!raw.err && !r->strings.err)
		renamed = btf__new(raw.data, raw.len);
	buf_release(&raw);
	buf_release(&r->strings);
	if (!renamed)
		return skep_fail(err, ENOMEM, "out of memory");
	btf__set_pointer_size(renamed, btf__pointer_size(r->btf));
	btf__set_endianness(renamed, r->order);
	btf__set_endianness(renamed, r->endian);
	btf__free(r->btf);
	*btf = renamed;
	return 0;
}
