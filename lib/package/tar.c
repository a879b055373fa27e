/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * Tar: strict ustar, one form for one content.
 *
 *   archive  entry … entry, 1024 zero bytes, end of file
 *   entry    header, data, zero bytes up to the next multiple of 512
 *   header   offset  bytes  content
 *                 0    100  name, zero padded; 100 bytes at most, no prefix
 *               100      8  "0000644\0" mode
 *               108     16  "0000000\0" twice: uid, gid
 *               124     12  size, 11 octal digits and NUL
 *               136     12  mtime, likewise; the same in every entry
 *               148      8  sum of all header bytes, these taken as spaces: 6 octal digits, NUL, space
 *               156      1  '0', a regular file
 *               157    100  zero
 *               257      8  "ustar\0" "00"
 *               265     64  zero
 *               329     16  "0000000\0" twice: device numbers
 *               345    167  zero
 *
 * The strict reader parses name, size and mtime, writes the header again and demands equal bytes.
 */
#include "lib/package/tar.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "lib/base/cleanup.h"
#include "lib/base/view.h"

enum { NAME = 0, MODE = 100, UID = 108, GID = 116, SIZE = 124, MTIME = 136, SUM = 148 };
enum { TYPE = 156, MAGIC = 257, DEVMAJOR = 329, DEVMINOR = 337 };

static const char zeros[2 * 512];

static bool part_ok(const char *part, size_t len)
{
	static const char extra[] = "._+=@~-";

	if (len == 0 || (len == 1 && part[0] == '.') ||
	    (len == 2 && !memcmp(part, "..", 2)))
		return false;
	for (size_t i = 0; i < len; i++) {
		char c = part[i];

		if (!(c >= 'a' && c <= 'z') && !(c >= 'A' && c <= 'Z') &&
		    !(c >= '0' && c <= '9') && !memchr(extra, c, sizeof(extra) - 1))
			return false;
	}
	return true;
}

bool tar_name_ok(const char *name)
{
	size_t len = strlen(name);

	if (len > TAR_NAME_LEN)
		return false;
	for (;;) {
		len = strcspn(name, "/");
		if (!part_ok(name, len))
			return false;
		if (!name[len])
			return true;
		name += len + 1;
	}
}

static void put_octal(unsigned char *field, int digits, uint64_t value)
{
	for (int i = digits - 1; i >= 0; i--, value >>= 3)
		field[i] = '0' + (value & 7);
}

static unsigned int header_sum(const unsigned char *h)
{
	unsigned int sum = 8 * ' ';

	for (size_t i = 0; i < TAR_BLOCK; i++)
		if (i < SUM || i >= SUM + 8)
			sum += h[i];
	return sum;
}

static void make_header(unsigned char *h, const char *name, uint64_t size, int64_t mtime)
{
	memset(h, 0, TAR_BLOCK);
	memcpy(h + NAME, name, strlen(name));
	put_octal(h + MODE, 7, 0644);
	put_octal(h + UID, 7, 0);
	put_octal(h + GID, 7, 0);
	put_octal(h + SIZE, 11, size);
	put_octal(h + MTIME, 11, mtime);
	h[TYPE] = '0';
	memcpy(h + MAGIC, "ustar\00000", 8);
	put_octal(h + DEVMAJOR, 7, 0);
	put_octal(h + DEVMINOR, 7, 0);
	put_octal(h + SUM, 6, header_sum(h));
	h[SUM + 7] = ' ';
}

void tar_add(struct buf *b, const char *name, const void *data, size_t size, int64_t mtime)
{
	unsigned char h[TAR_BLOCK];

	make_header(h, name, size, mtime);
	buf_add(b, h, sizeof(h));
	buf_add(b, data, size);
	buf_fill(b, 0, -size % TAR_BLOCK);
}

void tar_end(struct buf *b)
{
	buf_fill(b, 0, 2 * TAR_BLOCK);
}

/* Octal number as any tar writes it: leading spaces, then digits up to NUL, space or the field's end. */
static bool get_octal(const unsigned char *field, size_t len, uint64_t *value)
{
	size_t i = 0, start;

	while (i < len && field[i] == ' ')
		i++;
	for (start = i, *value = 0; i < len && field[i] >= '0' && field[i] <= '7'; i++)
		*value = *value << 3 | (field[i] - '0');
	return i > start && (i == len || field[i] == 0 || field[i] == ' ');
}

/* What both readers need of one header. */
struct header {
	char name[TAR_NAME_LEN + 1];
	uint64_t size, mtime;
};

static int parse_header(const unsigned char *h, size_t nr, struct header *out,
			struct skep_err *err)
{
	uint64_t sum;

	if (!get_octal(h + SUM, 8, &sum) || sum != header_sum(h))
		return skep_fail(err, SKEP_ECORRUPT, "tar header of entry %zu is damaged",
				 nr);
	memcpy(out->name, h + NAME, TAR_NAME_LEN);
	out->name[TAR_NAME_LEN] = 0;
	if (!get_octal(h + SIZE, 12, &out->size) || !get_octal(h + MTIME, 12, &out->mtime))
		return skep_fail(err, SKEP_ECORRUPT,
				 "size or time of tar entry %zu is not an octal number",
				 nr);
	return 0;
}

static int check_name(const char *name, size_t nr, struct skep_err *err)
{
	if (tar_name_ok(name))
		return 0;
	return skep_fail(
		err, SKEP_ECORRUPT,
		"tar entry %zu has a name that is absolute, leaves the archive or holds "
		"odd characters",
		nr);
}

static int grow(struct tar *t, size_t max, struct skep_err *err)
{
	struct tar_entry *entries;

	if (t->n == max)
		return skep_fail(err, SKEP_ECORRUPT, "tar has more than %zu entries", max);
	if (t->n & (t->n - 1))
		return 0;
	entries = realloc(t->entries, (t->n ? 2 * t->n : 1) * sizeof(*entries));
	if (!entries)
		return skep_fail(err, ENOMEM, "out of memory");
	t->entries = entries;
	return 0;
}

static int take_data(struct view *v, struct tar *t, const struct header *h, size_t max,
		     bool strict, struct skep_err *err)
{
	struct tar_entry *e;
	size_t pad = -h->size % TAR_BLOCK;
	const char *tail;
	int rc;

	if (h->size > view_left(v) || pad > view_left(v) - h->size)
		return skep_fail(err, SKEP_ECORRUPT,
				 "tar entry '%s' claims %llu bytes, %zu are left",
				 h->name, (unsigned long long)h->size, view_left(v));
	rc = grow(t, max, err);
	if (rc)
		return rc;
	e = &t->entries[t->n++];
	memcpy(e->name, h->name, sizeof(e->name));
	e->size = h->size;
	e->data = view_take(v, h->size);
	tail = view_take(v, pad);
	if (strict && memcmp(tail, zeros, pad))
		return skep_fail(err, SKEP_ECORRUPT,
				 "tar entry '%s' is padded with other than zeros",
				 h->name);
	return 0;
}

static int strict_entry(struct view *v, struct tar *t, const unsigned char *raw,
			size_t max, struct skep_err *err)
{
	unsigned char again[TAR_BLOCK];
	struct header h;
	int rc = parse_header(raw, t->n, &h, err);

	if (!rc && raw[TYPE] != '0')
		rc = skep_fail(err, SKEP_ECORRUPT, "tar entry %zu is not a regular file",
			       t->n);
	if (!rc)
		rc = check_name(h.name, t->n, err);
	if (rc)
		return rc;
	make_header(again, h.name, h.size, h.mtime);
	if (memcmp(raw, again, TAR_BLOCK))
		return skep_fail(err, SKEP_ECORRUPT,
				 "tar entry '%s' is not in canonical form", h.name);
	if (t->n == 0)
		t->mtime = h.mtime;
	else if (t->mtime != (int64_t)h.mtime)
		return skep_fail(err, SKEP_ECORRUPT,
				 "tar entry '%s' has a time of its own", h.name);
	return take_data(v, t, &h, max, true, err);
}

int tar_read(struct tar *out, const void *data, size_t size, size_t max,
	     struct skep_err *err)
{
	struct view v = view_of(data, size);
	struct tar t = {};
	int rc = 0;

	while (!rc) {
		const unsigned char *raw = view_take(&v, TAR_BLOCK);

		if (!raw)
			rc = skep_fail(err, SKEP_ECORRUPT, "tar is truncated");
		else if (raw[0])
			rc = strict_entry(&v, &t, raw, max, err);
		else
			break;
	}
	v.pos -= rc ? 0 : TAR_BLOCK;
	if (!rc && (view_left(&v) != sizeof(zeros) ||
		    memcmp(view_take(&v, sizeof(zeros)), zeros, sizeof(zeros))))
		rc = skep_fail(err, SKEP_ECORRUPT,
			       "tar does not end with exactly 1024 zero bytes");
	if (rc)
		tar_release(&t);
	else
		*out = t;
	return rc;
}

/* A pax record may say anything but another name or size. */
static bool pax_harmless(const unsigned char *data, size_t size)
{
	return !memmem(data, size, " path=", 6) && !memmem(data, size, " size=", 6) &&
	       !memmem(data, size, " linkpath=", 10) &&
	       !memmem(data, size, " GNU.sparse", 11);
}

/* Whether the entry just taken is a file to keep; the last one of t. */
static int foreign_type(struct tar *t, char type, struct skep_err *err)
{
	struct tar_entry *e = &t->entries[t->n - 1];
	size_t skip = strncmp(e->name, "./", 2) ? 0 : 2;

	if (type == '5' ||
	    ((type == 'x' || type == 'g') && pax_harmless(e->data, e->size))) {
		t->n--;
		return 0;
	}
	if (type != '0' && type != 0)
		return skep_fail(err, SKEP_ECORRUPT,
				 "tar entry '%s' is neither file nor folder", e->name);
	memmove(e->name, e->name + skip, sizeof(e->name) - skip);
	return check_name(e->name, t->n - 1, err);
}

int tar_read_foreign(struct tar *out, const void *data, size_t size, size_t max,
		     struct skep_err *err)
{
	struct view v = view_of(data, size);
	const unsigned char *raw;
	struct tar t = {};
	struct header h;
	int rc = 0;

	while (!rc && (raw = view_take(&v, TAR_BLOCK)) && raw[0]) {
		rc = parse_header(raw, t.n, &h, err);
		if (!rc && raw[345] && !memcmp(raw + MAGIC, "ustar", 6))
			rc = skep_fail(err, SKEP_ECORRUPT,
				       "tar entry '%s' has a long name", h.name);
		if (!rc)
			rc = take_data(&v, &t, &h, max, false, err);
		if (!rc)
			rc = foreign_type(&t, raw[TYPE], err);
	}
	if (!rc && v.bad)
		rc = skep_fail(err, SKEP_ECORRUPT, "tar is truncated");
	if (rc)
		tar_release(&t);
	else
		*out = t;
	return rc;
}

const struct tar_entry *tar_find(const struct tar *t, const char *name)
{
	for (size_t i = 0; i < t->n; i++)
		if (!strcmp(t->entries[i].name, name))
			return &t->entries[i];
	return NULL;
}

void tar_release(struct tar *t)
{
	free(t->entries);
	memset(t, 0, sizeof(*t));
}
