/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * A package whose digests all hold, so that mutations reach what reads its parts. The input is six of
 * them with an empty line between: image index, platform manifest, config, referrer, its bundle, and
 * the layer's tar. In the JSON, @c is the digest of the config and #c its size; l is the layer, d the
 * layer before gzip, m the platform manifest, i the index, b the bundle, e the empty config.
 */
#include <string.h>

#include "lib/base/buf.h"
#include "lib/base/sha256.h"
#include "lib/package/gzip.h"
#include "lib/package/package.h"
#include "lib/package/tar.h"
#include "tests/fuzz/fuzz.h"

#define EPOCH 0

struct part {
	char letter;
	char digest[SKEP_DIGEST_STR];
	struct buf bytes;
};

enum { LAYER, DIFF, CONFIG, MANIFEST, INDEX, EMPTY, BUNDLE, REFERRER, PARTS };

static const struct part *by_letter(const struct part *parts, char letter)
{
	for (int i = 0; i < PARTS; i++)
		if (parts[i].letter == letter && parts[i].bytes.len)
			return &parts[i];
	return NULL;
}

/* Copy a part, putting in digests and sizes of those before it. */
static void expand(struct part *parts, int which, const char *text, size_t len)
{
	struct part *p = &parts[which];

	for (size_t i = 0; i < len; i++) {
		const struct part *other =
			i + 1 < len && (text[i] == '@' || text[i] == '#')
				? by_letter(parts, text[i + 1])
				: NULL;

		if (!other)
			buf_char(&p->bytes, text[i]);
		else if (text[i++] == '@')
			buf_str(&p->bytes, other->digest);
		else
			buf_fmt(&p->bytes, "%zu", other->bytes.len);
	}
	digest_str(p->bytes.data ?: "", p->bytes.len, p->digest);
}

static int by_digest(const void *a, const void *b)
{
	return strcmp(((const struct part *)a)->digest, ((const struct part *)b)->digest);
}

/* The tar of the layout; parts are sorted by this. */
static void assemble(struct part *parts, struct buf *out)
{
	static const char layout[] = "{\"imageLayoutVersion\":\"1.0.0\"}";
	const struct part *index = &parts[INDEX], *referrer = &parts[REFERRER];
	struct buf json = { 0 };
	char name[128];

	buf_fmt(&json,
		"{\"manifests\":[{\"annotations\":{\"org.opencontainers.image.ref.name\":"
		"\"exec-watch:0.1.0\"},\"digest\":\"%s\",\"mediaType\":"
		"\"application/vnd.oci.image.index.v1+json\",\"size\":%zu}",
		index->digest, index->bytes.len);
	if (referrer->bytes.len)
		buf_fmt(&json,
			",{\"digest\":\"%s\",\"mediaType\":"
			"\"application/vnd.oci.image.manifest.v1+json\",\"size\":%zu}",
			referrer->digest, referrer->bytes.len);
	buf_str(&json, "],\"mediaType\":\"application/vnd.oci.image.index.v1+json\","
		       "\"schemaVersion\":2}");
	qsort(parts, PARTS, sizeof(*parts), by_digest);
	for (int i = 0; i < PARTS; i++) {
		if (!parts[i].bytes.len || parts[i].letter == 'd')
			continue;
		snprintf(name, sizeof(name), "blobs/sha256/%s", parts[i].digest + 7);
		tar_add(out, name, parts[i].bytes.data, parts[i].bytes.len, EPOCH);
	}
	tar_add(out, "index.json", json.data, json.len, EPOCH);
	tar_add(out, "oci-layout", layout, sizeof(layout) - 1, EPOCH);
	tar_end(out);
	buf_release(&json);
}

static void try_package(struct part *parts)
{
	struct skep_err err = { 0 };
	struct skep_pkg *pkg;
	struct buf tar = { 0 };

	assemble(parts, &tar);
	if (!fuzz_checked(pkg_read(&pkg, tar.data, tar.len, "x.skep", &err), &err))
		skep_pkg_free(pkg);
	buf_release(&tar);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	static const int order[] = { INDEX, MANIFEST, CONFIG, REFERRER, BUNDLE };
	static const char letters[] = "ldcmiebr";
	const char *at = (const char *)data, *end = at + size, *text[PARTS] = { 0 };
	struct part parts[PARTS] = { 0 };
	size_t len[PARTS] = { 0 }, gz_size;
	void *gz;

	for (size_t i = 0; i < sizeof(order) / sizeof(*order); i++) {
		const char *stop = memmem(at, end - at, "\n\n", 2);

		if (!stop)
			return -1;
		text[order[i]] = at;
		len[order[i]] = stop - at;
		at = stop + 2;
	}
	if (gzip_pack(at, end - at, &gz, &gz_size, NULL))
		return 0;
	for (int i = 0; i < PARTS; i++)
		parts[i].letter = letters[i];
	buf_add(&parts[DIFF].bytes, at, end - at);
	buf_add(&parts[LAYER].bytes, gz, gz_size);
	if (len[REFERRER])
		buf_str(&parts[EMPTY].bytes, "{}");
	for (int i = LAYER; i <= EMPTY; i += i == DIFF ? EMPTY - DIFF : 1)
		digest_str(parts[i].bytes.data ?: "", parts[i].bytes.len, parts[i].digest);
	expand(parts, CONFIG, text[CONFIG], len[CONFIG]);
	expand(parts, MANIFEST, text[MANIFEST], len[MANIFEST]);
	expand(parts, INDEX, text[INDEX], len[INDEX]);
	expand(parts, BUNDLE, text[BUNDLE], len[BUNDLE]);
	expand(parts, REFERRER, text[REFERRER], len[REFERRER]);
	try_package(parts);
	for (int i = 0; i < PARTS; i++)
		buf_release(&parts[i].bytes);
	free(gz);
	return 0;
}
