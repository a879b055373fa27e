/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * Archives: ar, tar, cpio and zip through libarchive, all as streams. Nothing is written; names of members
 * are only names, and what is no regular file is passed over.
 */
#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>

#include <archive.h>
#include <archive_entry.h>

#include "lib/base/cleanup.h"
#include "lib/kernel/harvest_name.h"
#include "lib/kernel/harvest_package.h"
#include "lib/kernel/harvest_take.h"
#include "lib/kernel/harvest_unpack.h"

/* An archive that is being read, and its current member as a stream. */
struct walk {
	struct stream member;
	struct unit *unit;
	struct stream *under;
	struct archive *ar;
	struct skep_err *err; /* of the call that is running */
	int failed;           /* code of what lies under */
	size_t entries;
	bool is_ar; /* whose members may be the tars of a .deb */
	bool is_deb, has_data;
};

static int walk_archive(struct unit *u, struct stream *s, bool nested,
			struct skep_err *err);

static ssize_t input(struct archive *ar, void *ctx, const void **data)
{
	struct walk *w = ctx;
	size_t len = 0;

	w->failed = stream_next(w->under, data, &len, w->err);
	if (w->failed) {
		archive_set_error(ar, EIO, "input failed");
		return ARCHIVE_FATAL;
	}
	return (ssize_t)len;
}

static int walk_failed(struct walk *w, struct skep_err *err)
{
	const char *text = archive_error_string(w->ar);

	if (w->failed)
		return w->failed;
	if (archive_errno(w->ar) == ENOMEM)
		return skep_fail(err, ENOMEM, "out of memory");
	return skep_fail(err, SKEP_ECORRUPT, "damaged archive at byte %lld: %s",
			 (long long)archive_filter_bytes(w->ar, -1),
			 text ? text : "unreadable");
}

static int member_next(struct stream *s, const void **data, size_t *len,
		       struct skep_err *err)
{
	struct walk *w = (struct walk *)s;
	la_int64_t off = 0;
	int ret;

	w->err = err;
	do {
		ret = archive_read_data_block(w->ar, data, len, &off);
	} while (ret == ARCHIVE_OK && !*len);
	if (ret == ARCHIVE_EOF) {
		*len = 0;
		return 0;
	}
	if (ret != ARCHIVE_OK)
		return walk_failed(w, err);
	if ((uint64_t)off != s->pos)
		return skep_fail(err, SKEP_ECORRUPT, "a member with holes: refused");
	return 0;
}

static int read_text(struct stream *s, struct buf *text, struct skep_err *err)
{
	_cleanup_(stream_closep) struct stream *unpacked = NULL;
	const void *head;
	size_t len;
	enum pack pack;
	int ret = stream_peek(s, PACK_MAGIC_MAX, &head, &len, err);

	if (ret)
		return ret;
	pack = pack_of(head, len);
	if (pack == PACK_NONE)
		return stream_read(s, HARVEST_MAX_TEXT, text, err);
	return stream_unpack(&unpacked, s, pack, 1, HARVEST_MAX_TEXT, err)
		       ?: stream_read(unpacked, HARVEST_MAX_TEXT, text, err);
}

typedef int text_fn(struct unit *u, const char *text, struct skep_err *err);

static int take_text(struct walk *w, text_fn *fn, struct skep_err *err)
{
	struct buf text = { 0 };
	int ret = read_text(&w->member, &text, err);

	if (!ret && text.len)
		ret = fn(w->unit, text.data, err);
	buf_release(&text);
	return ret;
}

/* What a package holds its files in: control.tar.xz and data.tar.xz of a .deb, the payload of an .rpm. */
static int walk_packed(struct unit *u, struct stream *s, struct skep_err *err)
{
	_cleanup_(stream_closep) struct stream *unpacked = NULL;
	const void *head;
	size_t len;
	enum pack pack;
	int ret = stream_peek(s, PACK_MAGIC_MAX, &head, &len, err);

	if (ret)
		return ret;
	pack = pack_of(head, len);
	if (pack == PACK_NONE)
		return walk_archive(u, s, true, err);
	return stream_unpack(&unpacked, s, pack, crew_size(u->gather->crew),
			     HARVEST_MAX_UNPACKED, err)
		       ?: walk_archive(u, unpacked, true, err);
}

static bool is_deb_part(const char *name)
{
	return !strncmp(name, "control.tar", 11) || !strncmp(name, "data.tar", 8);
}

static int take_member(struct walk *w, const char *path, struct skep_err *err)
{
	struct take t = { .unit = w->unit, .path = path, .fd = -1, .member = true };
	char release[NAME_RELEASE_MAX];

	if (w->is_ar && !strcmp(path, "debian-binary"))
		w->is_deb = true;
	if (w->is_ar && is_deb_part(path)) {
		w->has_data |= *path == 'd';
		return walk_packed(w->unit, &w->member, err);
	}
	if (!strcmp(path, "./control") || !strcmp(path, "control"))
		return take_text(w, package_control, err);
	switch (name_part(path, release)) {
	case PART_NONE:
		return 0;
	case PART_CHANGELOG:
		return take_text(w, package_changelog, err);
	case PART_PKGINFO:
		return take_text(w, package_pkginfo, err);
	default:
		return take(&t, &w->member, err);
	}
}

static int walk_entry(struct walk *w, struct archive_entry *entry, struct skep_err *err)
{
	const char *path = archive_entry_pathname(entry);
	int ret;

	if (++w->entries > HARVEST_MAX_ENTRIES)
		return skep_fail(err, SKEP_ECORRUPT, "more than %zu members: refused",
				 HARVEST_MAX_ENTRIES);
	if (!path || archive_entry_filetype(entry) != AE_IFREG ||
	    archive_entry_hardlink(entry))
		return 0;
	buf_release(&w->member.head);
	w->member = (struct stream){ .next = member_next, .max = HARVEST_MAX_UNPACKED };
	ret = take_member(w, path, err);
	if (ret)
		skep_err_note(err, "while reading '%s' of the archive", path);
	return ret;
}

static int open_walk(struct walk *w, struct skep_err *err)
{
	if (!w->ar)
		return skep_fail(err, ENOMEM, "out of memory");
	archive_read_support_format_ar(w->ar);
	archive_read_support_format_tar(w->ar);
	archive_read_support_format_cpio(w->ar);
	archive_read_support_format_zip_streamable(w->ar);
	w->err = err;
	return archive_read_open(w->ar, w, NULL, input, NULL) == ARCHIVE_OK
		       ? 0
		       : walk_failed(w, err);
}

/* libarchive takes the header of a member that is cut off for the end. */
static int check_end(struct walk *w, bool nested, struct skep_err *err)
{
	if (nested || (w->entries && (!w->is_deb || w->has_data)))
		return 0;
	return skep_fail(err, SKEP_ECORRUPT,
			 "damaged archive at byte %lld: it ends there",
			 (long long)archive_filter_bytes(w->ar, -1));
}

static int walk_archive(struct unit *u, struct stream *s, bool nested,
			struct skep_err *err)
{
	struct walk w = { .unit = u, .under = s, .ar = archive_read_new() };
	int ret = open_walk(&w, err);

	while (!ret) {
		struct archive_entry *entry;
		int got;

		w.err = err;
		got = archive_read_next_header(w.ar, &entry);
		if (got == ARCHIVE_EOF)
			break;
		w.is_ar = !nested && (archive_format(w.ar) & ARCHIVE_FORMAT_BASE_MASK) ==
					     ARCHIVE_FORMAT_AR;
		ret = got < ARCHIVE_WARN ? walk_failed(&w, err)
					 : walk_entry(&w, entry, err);
	}
	if (!ret)
		ret = check_end(&w, nested, err);
	buf_release(&w.member.head);
	archive_read_free(w.ar);
	return ret;
}

int archive_take(struct unit *u, struct stream *s, struct skep_err *err)
{
	const void *head;
	size_t len;
	int ret = stream_peek(s, 4, &head, &len, err);

	if (ret)
		return ret;
	if (len >= 4 && !memcmp(head, RPM_MAGIC, 4))
		return package_rpm(u, s, err) ?: walk_packed(u, s, err);
	return walk_archive(u, s, false, err);
}

bool archive_is(const void *head, size_t len)
{
	static const struct {
		size_t off;
		const char *magic;
		size_t len;
	} kinds[] = {
		{ 0, "!<arch>\n", 8 }, { 257, "ustar", 5 }, { 0, "070701", 6 },
		{ 0, "PK\3\4", 4 },    { 0, RPM_MAGIC, 4 },
	};

	for (size_t i = 0; i < ARRAY_SIZE(kinds); i++)
		if (len >= kinds[i].off + kinds[i].len &&
		    !memcmp((const char *)head + kinds[i].off, kinds[i].magic,
			    kinds[i].len))
			return true;
	return false;
}
