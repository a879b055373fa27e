/* SPDX-License-Identifier: BSD-2-Clause */
/* Reading a bundle: hostile until it is what bundle.c would write. */
#include "lib/btf/bundle.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <zlib.h>

#include "lib/base/cleanup.h"
#include "lib/base/sha256.h"
#include "lib/btf/bundle_parts.h"

DEFINE_CLEANUP(struct btf_bundle *, btf_bundle_free)

void btf_bundle_release(struct btf_bundle *b)
{
	for (uint32_t i = 0; b->btfs && i < b->btf_cnt; i++)
		buf_release(&b->btfs[i]);
	free(b->btfs);
	free(b->strings.all);
	free(b->strings.seen);
	free(b->shapes);
	free(b->kernels);
	free(b->body);
}

void btf_bundle_free(struct btf_bundle *b)
{
	if (!b)
		return;
	btf_bundle_release(b);
	free(b);
}

/* Room for the items of a part, each of which takes a byte or more. */
static void *part(struct view *v, uint32_t *n, uint32_t max, size_t size)
{
	uint32_t cnt = bundle_get(v);
	void *items;

	if (v->bad || cnt > max || cnt > view_left(v)) {
		v->bad = true;
		return NULL;
	}
	items = calloc((size_t)cnt + 1, size);
	*n = items ? cnt : 0;
	return items;
}

/* All of them may be shown to people. */
static bool is_plain(const char *s)
{
	while (*s >= 0x20 && *s < 0x7f)
		s++;
	return !*s;
}

static int read_strings(struct btf_bundle *b, struct view *v)
{
	struct bundle_strings *s = &b->strings;

	s->all = part(v, &s->n, BUNDLE_STRINGS, sizeof(*s->all));
	s->seen = calloc((size_t)s->n + 1, sizeof(*s->seen));
	if (!s->all || !s->seen)
		return v->bad ? -EBADMSG : -ENOMEM;
	for (uint32_t i = 0; i < s->n; i++) {
		size_t left = view_left(v), len;

		s->all[i] = (const char *)v->data + v->pos;
		len = left ? strnlen(s->all[i], left) : 0;
		view_take(v, len + 1);
		if (v->bad || !is_plain(s->all[i]))
			return -EBADMSG;
	}
	return 0;
}

static int read_shapes(struct btf_bundle *b, struct view *v)
{
	b->shapes = part(v, &b->shape_cnt, BUNDLE_KERNELS, sizeof(*b->shapes));
	if (!b->shapes)
		return v->bad ? -EBADMSG : -ENOMEM;
	for (uint32_t i = 0; i < b->shape_cnt; i++) {
		b->shapes[i] = *v;
		if (!bundle_skip_shape(v))
			return -EBADMSG;
	}
	return 0;
}

static int read_btfs(struct btf_bundle *b, struct view *v)
{
	size_t left = BUNDLE_MAX;

	b->btfs = part(v, &b->btf_cnt, BUNDLE_KERNELS, sizeof(*b->btfs));
	if (!b->btfs)
		return v->bad ? -EBADMSG : -ENOMEM;
	for (uint32_t i = 0; i < b->btf_cnt; i++) {
		uint8_t big = view_u8(v);
		uint32_t shape = bundle_get(v);

		if (v->bad || big > 1 || shape >= b->shape_cnt ||
		    !bundle_join(&b->strings, b->shapes[shape], v, big, left, &b->btfs[i]))
			return b->btfs[i].err ? -ENOMEM : -EBADMSG;
		left -= b->btfs[i].len;
	}
	return 0;
}

static const char *get_string(const struct btf_bundle *b, struct view *v)
{
	uint32_t number = bundle_get(v);

	v->bad |= number >= b->strings.n;
	return v->bad ? "" : b->strings.all[number];
}

static int read_kernels(struct btf_bundle *b, struct view *v)
{
	b->kernels = part(v, &b->cnt, BUNDLE_KERNELS, sizeof(*b->kernels));
	if (!b->kernels)
		return v->bad ? -EBADMSG : -ENOMEM;
	for (uint32_t i = 0; i < b->cnt; i++) {
		struct bundle_kernel *k = &b->kernels[i];
		uint32_t number;

		k->id = get_string(b, v);
		k->release = get_string(b, v);
		k->version = get_string(b, v);
		k->arch = get_string(b, v);
		number = bundle_get(v);
		if (v->bad || number >= b->btf_cnt)
			return -EBADMSG;
		k->btf = b->btfs[number].data;
		k->btf_size = b->btfs[number].len;
	}
	return view_done(v) ? 0 : -EBADMSG;
}

int btf_bundle_read_body(struct btf_bundle *b, struct view v)
{
	int rc = read_strings(b, &v);

	if (!rc)
		rc = read_shapes(b, &v);
	if (!rc)
		rc = read_btfs(b, &v);
	return rc ? rc : read_kernels(b, &v);
}

/* The body of exactly size bytes. */
static int take_body(struct btf_bundle *b, struct view *v, uint8_t form, uint32_t size)
{
	size_t left = view_left(v);
	z_stream z = { 0 };
	int rc;

	if (form > BUNDLE_DEFLATED || size > BUNDLE_MAX || left > BUNDLE_MAX ||
	    (form == BUNDLE_PLAIN && left != size))
		return -EBADMSG;
	b->body = malloc((size_t)size + 1);
	if (!b->body)
		return -ENOMEM;
	if (form == BUNDLE_PLAIN) {
		memcpy(b->body, v->data + v->pos, size);
		return 0;
	}
	z.next_in = (Bytef *)v->data + v->pos;
	z.avail_in = left;
	z.next_out = (Bytef *)b->body;
	z.avail_out = size + 1;
	if (inflateInit2(&z, -MAX_WBITS) != Z_OK)
		return -ENOMEM;
	rc = inflate(&z, Z_FINISH);
	inflateEnd(&z);
	return rc == Z_STREAM_END && !z.avail_in && z.total_out == size ? 0 : -EBADMSG;
}

static int read_all(struct btf_bundle *b, struct view *v, struct skep_err *err)
{
	_cleanup_(buf_release) struct buf again = { 0 };
	const void *magic = view_take(v, strlen(BUNDLE_MAGIC));
	uint8_t version = view_u8(v), form = view_u8(v), digest[SKEP_SHA256_LEN];
	uint32_t size = view_le32(v);
	const void *want = view_take(v, SKEP_SHA256_LEN);
	int rc;

	if (!magic || memcmp(magic, BUNDLE_MAGIC, strlen(BUNDLE_MAGIC)))
		return skep_fail(err, SKEP_EKIND, "not a bundle of BTF");
	if (!want || version != BUNDLE_VERSION)
		return skep_fail(err, SKEP_ECORRUPT,
				 "bundle of version %u, this skep reads %d", version,
				 BUNDLE_VERSION);
	rc = take_body(b, v, form, size);
	if (rc == -ENOMEM)
		return skep_fail(err, ENOMEM, "out of memory");
	if (!rc)
		sha256(b->body, size, digest);
	if (rc || memcmp(digest, want, sizeof(digest)))
		return skep_fail(err, SKEP_ECORRUPT, "bundle is damaged");
	rc = btf_bundle_read_body(b, view_of(b->body, size));
	if (rc == -ENOMEM)
		return skep_fail(err, ENOMEM, "out of memory");
	if (rc || btf_bundle_write_body(b->kernels, b->cnt, &again, NULL) ||
	    again.len != size || memcmp(again.data, b->body, size))
		return skep_fail(err, SKEP_ECORRUPT,
				 "bundle is not as skep would write it");
	return 0;
}

int btf_bundle_read(struct btf_bundle **out, const void *data, size_t size,
		    const char *where, struct skep_err *err)
{
	_cleanup_(btf_bundle_freep) struct btf_bundle *b = calloc(1, sizeof(*b));
	struct view v = view_of(data, size);
	int rc = b ? read_all(b, &v, err) : skep_fail(err, ENOMEM, "out of memory");

	if (rc) {
		skep_err_at(err, where, 0, 0);
		return rc;
	}
	*out = TAKE(b);
	return 0;
}

size_t btf_bundle_cnt(const struct btf_bundle *b)
{
	return b->cnt;
}

size_t btf_bundle_distinct(const struct btf_bundle *b)
{
	return b->btf_cnt;
}

const struct bundle_kernel *btf_bundle_at(const struct btf_bundle *b, size_t i)
{
	return i < b->cnt ? &b->kernels[i] : NULL;
}

const struct bundle_kernel *btf_bundle_pick(const struct btf_bundle *b,
					    const char *release, const char *version,
					    const char *arch)
{
	const struct bundle_kernel *found = NULL;

	for (uint32_t i = 0; i < b->cnt; i++) {
		const struct bundle_kernel *k = &b->kernels[i];

		if (strcmp(k->release, release) || strcmp(k->arch, arch))
			continue;
		if (*k->version && !strcmp(k->version, version))
			return k;
		if (!*k->version || !*version)
			found = k;
	}
	return found;
}
