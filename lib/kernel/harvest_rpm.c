/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * What stands before the payload of an .rpm: a lead of 96 bytes, a signature header padded to 8, a header.
 *   header = 8e ad e8 01, 0:32, entries:32, bytes:32, entries * {tag:32 type:32 offset:32 count:32}, bytes
 * All big endian.
 */
#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "lib/base/cleanup.h"
#include "lib/base/text.h"
#include "lib/kernel/harvest_package.h"

#define LEAD        96
#define ENTRIES_MAX 65536
#define STORE_MAX   (64u << 20)
#define TYPE_STRING 6
#define TYPE_I18N   9

enum { TAG_VERSION = 1001, TAG_RELEASE, TAG_VENDOR = 1011, TAG_ARCH = 1022 };

struct header {
	unsigned char *index;
	char *store; /* NUL behind it */
	uint32_t entries, bytes;
};

static uint32_t be32(const unsigned char *p)
{
	return (uint32_t)p[0] << 24 | p[1] << 16 | p[2] << 8 | p[3];
}

static void header_release(struct header *h)
{
	free(h->index);
	free(h->store);
}

static int read_header(struct header *h, struct stream *s, bool padded,
		       struct skep_err *err)
{
	unsigned char start[16];
	uint64_t at = s->pos - s->pending_len;
	int ret = stream_take(s, start, sizeof(start), err);

	if (ret)
		return ret;
	h->entries = be32(start + 8);
	h->bytes = be32(start + 12);
	if (memcmp(start, "\x8e\xad\xe8\x01", 4) || h->entries > ENTRIES_MAX ||
	    h->bytes > STORE_MAX)
		return skep_fail(err, SKEP_ECORRUPT, "damaged at byte %llu: rpm header",
				 (unsigned long long)at);
	h->index = malloc(16 * (size_t)h->entries + 1);
	h->store = calloc(1, h->bytes + 8);
	if (!h->index || !h->store)
		return skep_fail(err, ENOMEM, "out of memory");
	return stream_take(s, h->index, 16 * (size_t)h->entries, err)
		       ?: stream_take(s, h->store,
				      padded ? (h->bytes + 7) / 8 * 8 : h->bytes, err);
}

static const char *header_text(const struct header *h, uint32_t tag)
{
	for (uint32_t i = 0; i < h->entries; i++) {
		const unsigned char *e = h->index + 16 * (size_t)i;
		uint32_t type = be32(e + 4), off = be32(e + 8);

		if (be32(e) == tag && (type == TYPE_STRING || type == TYPE_I18N) &&
		    off < h->bytes)
			return h->store + off;
	}
	return NULL;
}

static const struct {
	const char *vendor, *distro;
} vendors[] = {
	{ "Fedora", "fedora" },
	{ "Red Hat", "rhel" },
	{ "CentOS", "centos" },
	{ "AlmaLinux", "almalinux" },
	{ "Rocky", "rocky" },
	{ "openSUSE", "opensuse" },
	{ "SUSE", "sles" },
	{ "Oracle", "oracle" },
	{ "Amazon", "amazon" },
	{ "openEuler", "openeuler" },
	{ "Microsoft", "azurelinux" },
};

/* "301.fc40": what follows one of these is the suite. */
static char *suite_of(const char *release)
{
	static const char *const tags[] = { ".fc", ".el", ".amzn", ".oe", ".azl", ".cm" };

	for (size_t i = 0; i < ARRAY_SIZE(tags); i++) {
		const char *at = strstr(release, tags[i]);

		if (at) {
			at += strlen(tags[i]);
			return strndup(at, strspn(at, "0123456789"));
		}
	}
	return NULL;
}

static void describe(struct unit *u, const struct header *h)
{
	const char *version = header_text(h, TAG_VERSION);
	const char *release = header_text(h, TAG_RELEASE);
	const char *vendor = header_text(h, TAG_VENDOR);
	const char *arch = header_text(h, TAG_ARCH);

	if (arch)
		u->arch = arch_find(arch);
	if (version && release && !u->package_version)
		u->package_version = text_fmt("%s-%s", version, release);
	if (release && !u->suite)
		u->suite = suite_of(release);
	for (size_t i = 0; vendor && !u->distro && i < ARRAY_SIZE(vendors); i++)
		if (strstr(vendor, vendors[i].vendor))
			u->distro = strdup(vendors[i].distro);
}

int package_rpm(struct unit *u, struct stream *s, struct skep_err *err)
{
	struct header signature = { 0 }, h = { 0 };
	int ret = stream_take(s, NULL, LEAD, err) ?:
			  read_header(&signature, s, true, err) ?:
			  read_header(&h, s, false, err);

	if (!ret)
		describe(u, &h);
	header_release(&signature);
	header_release(&h);
	return ret;
}
