/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * Write: from objects and manifests to the bytes of a package, a function of its arguments alone.
 *
 * Layer of one platform (tar.c, then gzip.c): <object>.bpf.o in skep.yaml's order, skep/manifest.json,
 * the other files sorted by name. Platforms that differ in nothing but their architecture have one layer,
 * whose manifest names none.
 */
#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "lib/base/arch.h"
#include "lib/base/cleanup.h"
#include "lib/base/json.h"
#include "lib/base/text.h"
#include "lib/package/gzip.h"
#include "lib/package/pkg.h"

#define MAX_VERSION 63

static int check_object_name(const struct manifest *m, size_t i, const char *file,
			     struct skep_err *err)
{
	size_t len = strlen(m->objects[i].name);

	if (!strncmp(file, m->objects[i].name, len) &&
	    !strcmp(file + len, PKG_OBJECT_SUFFIX))
		return 0;
	return skep_fail(err, SKEP_EUSAGE,
			 "layer entry %zu is '%s', not '%s" PKG_OBJECT_SUFFIX "'", i + 1,
			 file, m->objects[i].name);
}

static int check_files(const struct pkg_platform *p, struct skep_err *err)
{
	const struct manifest *m = p->manifest;

	if (!m->object_cnt || p->file_cnt < m->object_cnt || p->file_cnt >= PKG_MAX_FILES)
		return skep_fail(err, SKEP_EUSAGE,
				 "%zu objects and %zu files do not make a package",
				 m->object_cnt, p->file_cnt);
	for (size_t i = 0; i < p->file_cnt; i++) {
		const char *name = p->files[i].name;
		int rc = 0;

		if (!tar_name_ok(name) || !strcmp(name, PKG_MANIFEST))
			return skep_fail(err, SKEP_EUSAGE, "'%s' cannot be a layer entry",
					 name);
		if (i < m->object_cnt)
			rc = check_object_name(m, i, name, err);
		else if (i > m->object_cnt && strcmp(p->files[i - 1].name, name) >= 0)
			rc = skep_fail(err, SKEP_EUSAGE,
				       "layer entry '%s' is out of order", name);
		if (rc)
			return rc;
	}
	return 0;
}

static int by_name(const void *a, const void *b)
{
	return strcmp(((const struct manifest_file *)a)->name,
		      ((const struct manifest_file *)b)->name);
}

/* Digest and size of every entry go into the manifest. */
static int list_files(const struct pkg_platform *p, struct skep_err *err)
{
	struct manifest *m = p->manifest;

	for (size_t i = 0; i < m->file_cnt; i++) {
		free(m->files[i].name);
		free(m->files[i].digest);
	}
	free(m->files);
	m->file_cnt = 0;
	m->files = calloc(p->file_cnt, sizeof(*m->files));
	if (!m->files)
		return skep_fail(err, ENOMEM, "out of memory");
	for (size_t i = 0; i < p->file_cnt; i++) {
		struct manifest_file *f = &m->files[m->file_cnt++];
		char digest[SKEP_DIGEST_STR];

		digest_str(p->files[i].data, p->files[i].size, digest);
		f->name = strdup(p->files[i].name);
		f->digest = strdup(digest);
		f->size = p->files[i].size;
		if (!f->name || !f->digest)
			return skep_fail(err, ENOMEM, "out of memory");
	}
	qsort(m->files, m->file_cnt, sizeof(*m->files), by_name);
	return 0;
}

/* The manifest, without its architecture if others share it. */
static char *write_manifest(struct manifest *m, bool shared, size_t *len,
			    struct skep_err *err)
{
	char *arch = m->arch, *text;

	if (shared)
		m->arch = NULL;
	text = manifest_write(m, len, err);
	m->arch = arch;
	return text;
}

/* The same, known to be text that the reader will accept. */
static int manifest_text(struct manifest *m, bool shared, char **out, size_t *len,
			 struct skep_err *err)
{
	_cleanup_free_ char *text = write_manifest(m, shared, len, err);
	struct manifest *again;
	int rc;

	if (!text)
		return -ENOMEM;
	if (*len > PKG_MAX_JSON)
		return skep_fail(err, EFBIG, "manifest has %zu bytes", *len);
	rc = manifest_read(&again, text, *len, PKG_MANIFEST, err);
	if (rc)
		return rc;
	manifest_free(again);
	*out = TAKE(text);
	return 0;
}

static int make_layer(const struct pkg_platform *p, bool shared, int64_t epoch,
		      struct buf *tar, struct skep_err *err)
{
	_cleanup_free_ char *text = NULL;
	size_t len;
	int rc = manifest_text(p->manifest, shared, &text, &len, err);

	if (rc)
		return rc;
	for (size_t i = 0; i < p->file_cnt; i++) {
		const struct pkg_file *f = &p->files[i];

		if (i == p->manifest->object_cnt)
			tar_add(tar, PKG_MANIFEST, text, len, epoch);
		tar_add(tar, f->name, f->data, f->size, epoch);
	}
	if (p->file_cnt == p->manifest->object_cnt)
		tar_add(tar, PKG_MANIFEST, text, len, epoch);
	tar_end(tar);
	rc = buf_check(tar, err);
	if (!rc && tar->len > PKG_MAX_LAYER)
		rc = skep_fail(err, EFBIG,
			       "layer has %zu bytes, at most %zu MiB are possible",
			       tar->len, PKG_MAX_LAYER >> 20);
	return rc;
}

/* Layer, config and OCI manifest of one platform become blobs. */
static int add_image(struct layout *l, const struct pkg_platform *p, struct platform *out,
		     const struct buf *tar, struct skep_err *err)
{
	struct oci_desc config, layer;
	char diff_id[SKEP_DIGEST_STR], *text;
	void *gz;
	size_t len;
	int rc = gzip_pack(tar->data, tar->len, &gz, &len, err);

	if (!rc)
		rc = layout_own(l, OCI_LAYER, gz, len, &layer, err);
	if (rc)
		return rc;
	digest_str(tar->data, tar->len, diff_id);
	text = pkg_config(p->manifest, diff_id, l->epoch, &len);
	rc = layout_own(l, OCI_CONFIG, text, len, &config, err);
	if (rc)
		return rc;
	text = pkg_image(&config, &layer, &len);
	return layout_own(l, OCI_MANIFEST, text, len, &out->desc, err);
}

static int check_platform(const struct pkg_platform *p, struct platform *out,
			  struct skep_err *err)
{
	int rc = check_files(p, err);

	out->arch = p->manifest->arch ? arch_find(p->manifest->arch) : NULL;
	if (!rc && !out->arch)
		rc = skep_fail(err, SKEP_EUSAGE, "manifest names no architecture");
	return rc ? rc : list_files(p, err);
}

/* The manifest has the digests of all files: equal ones, equal layers. */
static bool same_layer(const struct pkg_platform *a, const struct pkg_platform *b)
{
	size_t n = 0, m = 0;
	_cleanup_free_ char *x = write_manifest(a->manifest, true, &n, NULL);
	_cleanup_free_ char *y = write_manifest(b->manifest, true, &m, NULL);

	return x && y && n == m && !memcmp(x, y, n);
}

static bool is_shared(const struct pkg_platform *platforms, size_t n, size_t at)
{
	for (size_t i = 0; i < n; i++)
		if (i != at && same_layer(&platforms[i], &platforms[at]))
			return true;
	return false;
}

static int add_platform(struct layout *l, const struct pkg_platform *p, bool shared,
			struct platform *out, struct skep_err *err)
{
	struct buf tar = {};
	int rc = make_layer(p, shared, l->epoch, &tar, err);

	if (!rc)
		rc = add_image(l, p, out, &tar, err);
	buf_release(&tar);
	return rc;
}

static int check_names(const struct manifest *m, struct skep_err *err)
{
	if (!m->name || !text_is_name(m->name))
		return skep_fail(err, SKEP_EUSAGE,
				 "package name wants [a-z0-9-], not '%s'",
				 m->name ? m->name : "");
	if (!m->version || strlen(m->version) > MAX_VERSION || !oci_ref_ok(m->version) ||
	    strpbrk(m->version, ":@"))
		return skep_fail(
			err, SKEP_EUSAGE,
			"version wants letters and digits joined by one of -._+, not '%s'",
			m->version ? m->version : "");
	return 0;
}

static int check_agreement(const struct pkg_platform *platforms, size_t n, int64_t epoch,
			   struct skep_err *err)
{
	if (!n || n > PKG_MAX_PLATFORMS)
		return skep_fail(err, SKEP_EUSAGE, "%zu platforms do not make a package",
				 n);
	if (epoch < 0 || epoch > TAR_MTIME_MAX)
		return skep_fail(err, SKEP_EUSAGE, "epoch %lld does not fit a tar",
				 (long long)epoch);
	for (size_t i = 0; i < n; i++) {
		const struct manifest *m = platforms[i].manifest;
		int rc = check_names(m, err);

		if (rc)
			return rc;
		if (strcmp(m->name, platforms[0].manifest->name) ||
		    strcmp(m->version, platforms[0].manifest->version))
			return skep_fail(err, SKEP_EUSAGE,
					 "platforms do not agree on name and version");
	}
	return 0;
}

static int by_goarch(const void *a, const void *b)
{
	const struct platform *x = a, *y = b;

	return strcmp(x->arch->goarch, y->arch->goarch);
}

static int finish(struct layout *l, struct platform *done, size_t n,
		  const struct manifest *m, struct skep_err *err)
{
	size_t len = 0;
	char *text;

	qsort(done, n, sizeof(*done), by_goarch);
	for (size_t i = 1; i < n; i++)
		if (done[i].arch == done[i - 1].arch)
			return skep_fail(err, SKEP_EUSAGE, "platform '%s' is there twice",
					 done[i].arch->name);
	l->ref = text_fmt("%s:%s", m->name, m->version);
	if (!l->ref)
		return skep_fail(err, ENOMEM, "out of memory");
	if (!oci_ref_ok(l->ref))
		return skep_fail(err, SKEP_EUSAGE, "'%s' cannot name an image", l->ref);
	text = pkg_index(done, n, &len);
	return layout_own(l, OCI_INDEX, text, len, &l->index, err);
}

int pkg_write(const struct pkg_platform *platforms, size_t n, int64_t epoch, void **out,
	      size_t *out_size, struct skep_err *err)
{
	struct platform done[PKG_MAX_PLATFORMS] = {};
	struct layout l = { .epoch = epoch };
	int rc = check_agreement(platforms, n, epoch, err);

	for (size_t i = 0; i < n && !rc; i++)
		rc = check_platform(&platforms[i], &done[i], err);
	for (size_t i = 0; i < n && !rc; i++)
		rc = add_platform(&l, &platforms[i], is_shared(platforms, n, i), &done[i],
				  err);
	if (!rc)
		rc = finish(&l, done, n, platforms[0].manifest, err);
	if (!rc)
		rc = layout_emit(&l, out, out_size, err);
	layout_release(&l);
	return rc;
}
