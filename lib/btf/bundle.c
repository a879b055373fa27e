/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * Bundle:
 *
 *	"skepbtfs", u8 version 1, u8 form: 0 plain, 1 deflated
 *	u32 size of the body, little endian; u8[32] its SHA-256
 *	body, or a raw deflate stream of it
 *
 * Body, where n is a number of up to 32 bits, seven a byte, low ones first, all but the last with bit 7 set:
 *
 *	n strings, each with a NUL behind it
 *	n shapes: per record n info, turned by 24 bits, then in the record's order n per name (how far the
 *		number of its string is from the last name's: 0, -1, 1, -2 …) and n per type id; 0 behind the last
 *	n BTFs: u8 byte order (0 little, 1 big), n shape, n per other word of its records, where offsets of members
 *		are turned by 3 bits
 *	n kernels, by id: n each for the strings of id, release, version, architecture, and its BTF
 *
 * Kernels share shapes more often than BTFs. Strings, shapes and BTFs are numbered as they come into use, from the
 * first kernel to the last, the names of all BTFs before what kernels are known by; so there is one body
 * for the same kernels, and no other is read.
 */
#include "lib/btf/bundle.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <zlib.h>

#include "lib/base/cleanup.h"
#include "lib/base/sha256.h"
#include "lib/btf/bundle_parts.h"

struct writer {
	struct pool strings, shapes, btfs; /* values are numbers */
	struct buf numbers;                /* of all BTFs */
	struct buf kernels;
};

static int compare_kernels(const void *a, const void *b)
{
	const struct bundle_kernel *const *x = a, *const *y = b;

	return strcmp((*x)->id, (*y)->id);
}

/* Take a BTF that no earlier kernel has; its number is in the item. */
static int add_btf(struct writer *w, const struct bundle_kernel *k,
		   struct pool_item *item, struct skep_err *err)
{
	_cleanup_(buf_release) struct buf shape = { 0 }, numbers = { 0 };
	struct pool_item *known;
	bool is_new, big;

	item->value = w->btfs.n - 1;
	if (!bundle_split(k->btf, k->btf_size, &w->strings, &shape, &numbers, &big))
		return skep_fail(err, SKEP_EKIND, "the BTF of '%s' is no min-BTF", k->id);
	known = pool_add(&w->shapes, shape.data, shape.len, &is_new);
	if (!known)
		return skep_fail(err, ENOMEM, "out of memory");
	if (is_new)
		known->value = w->shapes.n - 1;
	buf_char(&w->numbers, (char)big);
	bundle_put(&w->numbers, known->value);
	buf_add(&w->numbers, numbers.data, numbers.len);
	return 0;
}

static int add_kernel(struct writer *w, const struct bundle_kernel *k, uint32_t *number,
		      struct skep_err *err)
{
	bool is_new;
	struct pool_item *btf = pool_add(&w->btfs, k->btf, k->btf_size, &is_new);
	int rc = btf ? 0 : skep_fail(err, ENOMEM, "out of memory");

	if (!rc && is_new)
		rc = add_btf(w, k, btf, err);
	if (!rc && w->btfs.bytes.len > BUNDLE_MAX)
		rc = skep_fail(err, E2BIG, "a bundle holds at most %zu MiB",
			       BUNDLE_MAX >> 20);
	if (!rc)
		*number = btf->value;
	return rc;
}

static void put_kernel(struct writer *w, const struct bundle_kernel *k, uint32_t number)
{
	bundle_put(&w->kernels, bundle_string(&w->strings, k->id));
	bundle_put(&w->kernels, bundle_string(&w->strings, k->release));
	bundle_put(&w->kernels, bundle_string(&w->strings, k->version));
	bundle_put(&w->kernels, bundle_string(&w->strings, k->arch));
	bundle_put(&w->kernels, number);
}

static int put_body(struct writer *w, size_t n, struct buf *body, struct skep_err *err)
{
	const struct {
		uint32_t cnt;
		const struct buf *bytes;
	} parts[] = {
		{ w->strings.n, &w->strings.bytes },
		{ w->shapes.n, &w->shapes.bytes },
		{ w->btfs.n, &w->numbers },
		{ n, &w->kernels },
	};

	if (w->strings.n > BUNDLE_STRINGS)
		return skep_fail(err, E2BIG, "a bundle holds at most %d names",
				 BUNDLE_STRINGS);
	for (size_t i = 0; i < ARRAY_SIZE(parts); i++) {
		bundle_put(body, parts[i].cnt);
		buf_add(body, parts[i].bytes->data, parts[i].bytes->len);
		if (parts[i].bytes->err)
			return skep_fail(err, ENOMEM, "out of memory");
	}
	if (body->len > BUNDLE_MAX)
		return skep_fail(err, E2BIG, "a bundle holds at most %zu MiB",
				 BUNDLE_MAX >> 20);
	return buf_check(body, err);
}

static int write_sorted(struct writer *w, const struct bundle_kernel **sorted, size_t n,
			struct buf *body, struct skep_err *err)
{
	_cleanup_free_ uint32_t *numbers = calloc(n + 1, sizeof(*numbers));
	int rc = numbers ? 0 : skep_fail(err, ENOMEM, "out of memory");

	for (size_t i = 0; i < n && !rc; i++) {
		if (i && !strcmp(sorted[i - 1]->id, sorted[i]->id))
			rc = skep_fail(err, SKEP_EUSAGE, "kernel '%s' is there twice",
				       sorted[i]->id);
		else
			rc = add_kernel(w, sorted[i], &numbers[i], err);
	}
	for (size_t i = 0; i < n && !rc; i++)
		put_kernel(w, sorted[i], numbers[i]);
	return rc ? rc : put_body(w, n, body, err);
}

int btf_bundle_write_body(const struct bundle_kernel *kernels, size_t n, struct buf *body,
			  struct skep_err *err)
{
	_cleanup_free_ const struct bundle_kernel **sorted =
		calloc(n + 1, sizeof(*sorted));
	struct writer w = { 0 };
	int rc;

	if (!sorted)
		return skep_fail(err, ENOMEM, "out of memory");
	if (n > BUNDLE_KERNELS)
		return skep_fail(err, E2BIG, "a bundle holds at most %d kernels",
				 BUNDLE_KERNELS);
	for (size_t i = 0; i < n; i++)
		sorted[i] = &kernels[i];
	qsort(sorted, n, sizeof(*sorted), compare_kernels);
	rc = write_sorted(&w, sorted, n, body, err);
	pool_release(&w.strings);
	pool_release(&w.shapes);
	pool_release(&w.btfs);
	buf_release(&w.numbers);
	buf_release(&w.kernels);
	return rc;
}

static int put_deflated(struct buf *out, const struct buf *body, struct skep_err *err)
{
	size_t at = out->len, bound;
	z_stream z = { 0 };
	void *to;
	int rc;

	if (deflateInit2(&z, 9, Z_DEFLATED, -MAX_WBITS, 9, Z_DEFAULT_STRATEGY) != Z_OK)
		return skep_fail(err, ENOMEM, "out of memory");
	bound = deflateBound(&z, body->len);
	to = buf_extend(out, bound);
	z.next_in = (Bytef *)body->data;
	z.avail_in = body->len;
	z.next_out = to;
	z.avail_out = bound;
	rc = to ? deflate(&z, Z_FINISH) : Z_MEM_ERROR;
	deflateEnd(&z);
	if (rc != Z_STREAM_END)
		return skep_fail(err, ENOMEM, "out of memory");
	out->len = at + z.total_out;
	return 0;
}

static int compare_id(const void *id, const void *kernel)
{
	return strcmp(id, ((const struct bundle_kernel *)kernel)->id);
}

/* What cannot be put together again is not what btf_min_write() makes. */
static int check_body(const struct buf *body, const struct bundle_kernel *kernels,
		      size_t n, struct skep_err *err)
{
	struct btf_bundle b = { 0 };
	int rc = btf_bundle_read_body(&b, view_of(body->data, body->len));
	const char *bad = NULL;

	for (size_t i = 0; i < n && !rc && !bad; i++) {
		const struct bundle_kernel *k = &kernels[i];
		const struct bundle_kernel *got =
			bsearch(k->id, b.kernels, b.cnt, sizeof(*got), compare_id);

		if (!got || got->btf_size != k->btf_size ||
		    memcmp(got->btf, k->btf, k->btf_size))
			bad = k->id;
	}
	btf_bundle_release(&b);
	if (rc == -ENOMEM)
		return skep_fail(err, ENOMEM, "out of memory");
	if (rc || bad)
		return skep_fail(err, SKEP_EKIND, "the BTF of '%s' is no min-BTF",
				 bad ? bad : "a kernel");
	return 0;
}

int btf_bundle_write(struct buf *out, const struct bundle_kernel *kernels, size_t n,
		     enum bundle_form form, struct skep_err *err)
{
	_cleanup_(buf_release) struct buf body = { 0 };
	uint8_t digest[SKEP_SHA256_LEN];
	int rc = btf_bundle_write_body(kernels, n, &body, err);

	if (!rc)
		rc = check_body(&body, kernels, n, err);
	if (rc)
		return rc;
	sha256(body.data, body.len, digest);
	buf_str(out, BUNDLE_MAGIC);
	buf_char(out, BUNDLE_VERSION);
	buf_char(out, (char)form);
	buf_le32(out, body.len);
	buf_add(out, digest, sizeof(digest));
	if (form == BUNDLE_DEFLATED)
		rc = put_deflated(out, &body, err);
	else
		buf_add(out, body.data, body.len);
	return rc ? rc : buf_check(out, err);
}
