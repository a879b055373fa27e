/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * Making an index: BTF of vmlinux and modules parsed by libbpf, laid end to end under ids of their own,
 * checked as one, names filed.
 */
#include <errno.h>
#include <pthread.h>
#include <stdlib.h>
#include <string.h>

#include <bpf/btf.h>
#include <libbpf_internal.h>

#include "lib/base/cleanup.h"
#include "lib/base/fs.h"
#include "lib/btf/btf.h"
#include "lib/btf/index_format.h"
#include "lib/btf/index_layout.h"
#include "lib/btf/index_names.h"
#include "lib/btf/messages.h"

#define MAX_PARTS 65536
#define MAX_TOTAL ((size_t)1 << 30) /* bytes of all BTF together */

struct make {
	struct btf *base;
	struct buf types, offsets, strings, parts;
	uint32_t cnt; /* next id */
	uint32_t base_str_len;
	struct skep_err *err;
};

static void make_release(struct make *m)
{
	btf__free(m->base);
	buf_release(&m->types);
	buf_release(&m->offsets);
	buf_release(&m->strings);
	buf_release(&m->parts);
}

static int parse(struct btf **out, const struct btf_blob *blob, struct btf *base,
		 struct skep_err *err)
{
	struct messages m;

	if (blob->size > FS_MAX_OBJECT)
		return skep_fail(err, SKEP_ECORRUPT, "malformed BTF: %zu bytes",
				 blob->size);
	messages_begin(&m, NULL);
	*out = base ? btf__new_split(blob->data, blob->size, base)
		    : btf__new(blob->data, blob->size);
	messages_end(&m);
	if (!*out && errno == ENOMEM)
		return skep_fail(err, ENOMEM, "out of memory");
	if (!*out)
		return skep_fail(err, SKEP_ECORRUPT, "malformed BTF%s%s",
				 m.first[0] ? ": " : "", m.first);
	btf__set_endianness(*out, __BYTE_ORDER__ == __ORDER_LITTLE_ENDIAN__
					  ? BTF_LITTLE_ENDIAN
					  : BTF_BIG_ENDIAN);
	return 0;
}

/* Where an id or string of a module is in the index; vmlinux' are where they were. */
static bool renumber(struct btf_type *t, uint32_t base_cnt, uint32_t first,
		     uint32_t base_strs, uint32_t first_str)
{
	struct btf_field_iter it;
	uint32_t *v;

	if (btf_field_iter_init(&it, t, BTF_FIELD_ITER_IDS))
		return false;
	while ((v = btf_field_iter_next(&it)))
		if (*v >= base_cnt)
			*v += first - base_cnt;
	if (btf_field_iter_init(&it, t, BTF_FIELD_ITER_STRS))
		return false;
	while ((v = btf_field_iter_next(&it)))
		if (*v >= base_strs)
			*v += first_str - base_strs;
	return true;
}

static int add_types(struct make *m, const struct btf *btf, uint32_t from)
{
	uint32_t id, n = btf__type_cnt(btf), first = m->cnt;
	uint32_t first_str = m->strings.len;

	for (id = from; id < n; id++) {
		const struct btf_type *t = btf__type_by_id(btf, id);
		uint32_t size = index_record_size(t), at = m->types.len;

		if (!size)
			return skep_fail(m->err, SKEP_ECORRUPT,
					 "malformed BTF: type %u is of no known kind",
					 id);
		buf_add(&m->offsets, &at, sizeof(at));
		buf_add(&m->types, t, size);
		if (m->types.err || m->offsets.err)
			return skep_fail(m->err, ENOMEM, "out of memory");
		if (from > 1 && !renumber((void *)(m->types.data + at), from, first,
					  m->base_str_len, first_str))
			return skep_fail(m->err, SKEP_ECORRUPT, "malformed BTF: type %u",
					 id);
	}
	m->cnt += n - from;
	return 0;
}

static void add_part(struct make *m, uint32_t name, uint32_t first)
{
	struct index_part part = { name, first, m->cnt - first };

	buf_add(&m->parts, &part, sizeof(part));
}

/* The strings of a parsed BTF itself, without those of what it is split on. */
static void add_strings(struct make *m, const struct btf *btf)
{
	uint32_t size;
	const struct btf_header *h = btf__raw_data(btf, &size);

	if (!h) {
		m->strings.err = -ENOMEM;
		return;
	}
	buf_add(&m->strings, (const char *)h + h->hdr_len + h->str_off, h->str_len);
}

static int add_base(struct make *m, const struct btf_blob *blob)
{
	int ret = parse(&m->base, blob, NULL, m->err);

	if (ret)
		return ret;
	m->cnt = 1;
	buf_le32(&m->offsets, 0);
	ret = add_types(m, m->base, 1);
	if (ret)
		return ret;
	add_strings(m, m->base);
	m->base_str_len = m->strings.len;
	return 0;
}

static int add_module(struct make *m, const struct btf_blob *blob)
{
	uint32_t first = m->cnt;
	struct btf *btf = NULL;
	int ret;

	ret = parse(&btf, blob, m->base, m->err);
	if (!ret)
		ret = add_types(m, btf, btf__type_cnt(m->base));
	if (!ret) {
		add_strings(m, btf);
		add_part(m, m->strings.len, first);
		buf_add(&m->strings, blob->name, strlen(blob->name) + 1);
	}
	btf__free(btf);
	if (ret)
		skep_err_note(m->err, "while reading the types of module '%s'",
			      blob->name);
	return ret;
}

/* vmlinux has been parsed alone, but modules refer to it: what is checked is the whole. */
static int check(struct make *m)
{
	_cleanup_(buf_release) struct buf raw = { 0 };
	struct btf_header h = {
		.magic = BTF_MAGIC,
		.version = BTF_VERSION,
		.hdr_len = sizeof(h),
		.type_len = m->types.len,
		.str_off = m->types.len,
		.str_len = m->strings.len,
	};
	struct btf *all;
	int ret;

	if (m->parts.len == sizeof(struct index_part))
		return btf_check(m->base, m->err);
	if (m->types.len + m->strings.len > FS_MAX_OBJECT)
		return skep_fail(m->err, SKEP_ECORRUPT, "more BTF than %zu MiB",
				 FS_MAX_OBJECT >> 20);
	buf_add(&raw, &h, sizeof(h));
	buf_add(&raw, m->types.data, m->types.len);
	buf_add(&raw, m->strings.data, m->strings.len);
	ret = buf_check(&raw, m->err);
	ret = ret ? ret : btf_from_raw(&all, raw.data, raw.len, m->err);
	if (!ret)
		btf__free(all);
	return ret;
}

static void digest_of(const struct btf_blob *blobs, size_t n,
		      uint8_t digest[static SKEP_SHA256_LEN])
{
	struct sha256 *s = sha256_new();
	size_t i;

	for (i = 0; s && i < n; i++) {
		uint64_t size = blobs[i].size;

		sha256_add(s, blobs[i].name, strlen(blobs[i].name) + 1);
		sha256_add(s, &size, sizeof(size));
		sha256_add(s, blobs[i].data, blobs[i].size);
	}
	if (s)
		sha256_end(s, digest);
}

static struct index_span append(struct buf *out, const void *data, size_t len)
{
	struct index_span s = { .len = len };

	buf_fill(out, 0, -out->len % 8);
	s.off = out->len;
	buf_add(out, data, len);
	return s;
}

/* Names are filed, and layouts told, beside the check: both only read, and each takes half of the time that is left. */
struct filing {
	const struct make *m;
	struct names names;
	struct buf layouts;
	struct skep_err err;
	int ret;
};

static void *file_names(void *ctx)
{
	struct filing *f = ctx;
	const struct make *m = f->m;

	f->ret = names_make(&f->names, m->types.data, (const uint32_t *)m->offsets.data,
			    m->cnt, m->strings.data, &f->err);
	if (!f->ret)
		index_layouts_make(&f->layouts, m->types.data,
				   (const uint32_t *)m->offsets.data, m->cnt,
				   m->strings.data);
	return NULL;
}

static int check_and_file(struct make *m, struct filing *f)
{
	pthread_t thread;
	bool apart = !pthread_create(&thread, NULL, file_names, f);
	int ret = check(m);

	if (apart)
		pthread_join(thread, NULL);
	else if (!ret)
		file_names(f);
	if (ret || !f->ret)
		return ret;
	if (m->err)
		*m->err = f->err;
	return f->ret;
}

static void append_names(struct buf *out, struct index_head *h, const struct names *names)
{
	unsigned int i;

	for (i = 0; i < BTF_INDEX_TABLES; i++) {
		const struct names_table *t = &names->tables[i];

		h->names[i] = append(out, t->names.data, t->names.len);
		h->slots[i] = append(out, t->slots.data, t->slots.len);
		h->ids[i] = append(out, t->ids.data, t->ids.len);
	}
	for (i = 0; i < BTF_HOOKS; i++)
		h->hooks[i] = append(out, names->hooks[i].data, names->hooks[i].len);
}

static int write_file(struct buf *out, struct make *m, struct index_head *h,
		      const struct filing *f)
{
	uint32_t end = m->types.len;
	int ret;

	buf_add(&m->offsets, &end, sizeof(end));
	buf_add(out, h, sizeof(*h));
	h->types = append(out, m->types.data, m->types.len);
	h->offsets = append(out, m->offsets.data, m->offsets.len);
	h->strings = append(out, m->strings.data, m->strings.len);
	h->parts = append(out, m->parts.data, m->parts.len);
	h->layouts = append(out, f->layouts.data, f->layouts.len);
	append_names(out, h, &f->names);
	ret = buf_check(out, m->err);
	if (!ret) {
		h->size = out->len;
		memcpy(out->data, h, sizeof(*h));
	}
	return ret;
}

static int make_all(struct make *m, struct buf *out, const struct btf_blob *blobs,
		    size_t n, struct index_head *h)
{
	struct filing f = { .m = m };
	size_t i, total = 0;
	int ret;

	for (i = 0; i < n; i++)
		total += blobs[i].size;
	if (!n || n > MAX_PARTS || total > MAX_TOTAL)
		return skep_fail(m->err, SKEP_ECORRUPT,
				 "%zu BTFs of %zu bytes are no kernel's", n, total);
	ret = add_base(m, &blobs[0]);
	if (ret)
		return ret;
	h->base_cnt = m->cnt;
	h->big_endian = ((const unsigned char *)blobs[0].data)[0] == 0xeb;
	if (!h->ptr_size)
		h->ptr_size = btf__pointer_size(m->base) == 4 ? 4 : 8;
	add_part(m, m->strings.len, 1);
	buf_add(&m->strings, blobs[0].name, strlen(blobs[0].name) + 1);
	for (i = 1; !ret && i < n; i++)
		ret = add_module(m, &blobs[i]);
	ret = ret ? ret
	      : m->types.len > UINT32_MAX - 4 || m->strings.len > UINT32_MAX - 4
		      ? skep_fail(m->err, SKEP_ECORRUPT, "too much BTF")
		      : 0;
	ret = ret ? ret : buf_check(&m->strings, m->err);
	ret = ret ? ret : buf_check(&m->parts, m->err);
	ret = ret ? ret : check_and_file(m, &f);
	if (!ret) {
		h->cnt = m->cnt;
		h->part_cnt = n;
		ret = buf_check(&f.layouts, m->err);
	}
	ret = ret ? ret : write_file(out, m, h, &f);
	names_release(&f.names);
	buf_release(&f.layouts);
	return ret;
}

int btf_index_make(struct buf *out, const struct btf_blob *blobs, size_t n,
		   unsigned int ptr_size, struct skep_err *err)
{
	struct index_head h = {
		.magic = INDEX_MAGIC,
		.version = INDEX_VERSION,
		.byte_order = INDEX_BYTE_ORDER,
		.ptr_size = ptr_size,
	};
	struct make m = { .err = err };
	int ret;

	digest_of(blobs, n, h.digest);
	ret = make_all(&m, out, blobs, n, &h);
	make_release(&m);
	return ret;
}
