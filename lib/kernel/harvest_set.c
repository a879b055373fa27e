/* SPDX-License-Identifier: BSD-2-Clause */
/* Kernels by what identifies them: release, architecture and version of the package. */
#include "lib/kernel/harvest_set.h"

#include <errno.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include "lib/base/cleanup.h"

#define KERNELS_MAX 8192 /* each is compared with each */

void blob_release(struct harvest_blob *blob)
{
	free(blob->name);
	free(blob->data);
	*blob = (struct harvest_blob){ 0 };
}

void harvest_free(struct harvest *h)
{
	if (!h)
		return;
	free(h->release);
	free(h->version);
	free(h->distro);
	free(h->suite);
	free(h->flavour);
	free(h->package_version);
	free(h->btf_path);
	free(h->why_no_btf);
	blob_release(&h->btf);
	blob_release(&h->config);
	blob_release(&h->image);
	for (size_t i = 0; i < h->module_cnt; i++)
		blob_release(&h->modules[i]);
	free(h->modules);
	for (size_t i = 0; i < h->file_cnt; i++)
		blob_release(&h->files[i]);
	free(h->files);
	for (size_t i = 0; i < h->source_cnt; i++) {
		free(h->sources[i].name);
		free(h->sources[i].digest);
	}
	free(h->sources);
	free(h);
}

void harvest_release(struct harvest_set *set)
{
	for (size_t i = 0; i < set->n; i++)
		harvest_free(set->kernels[i]);
	free(set->kernels);
	*set = (struct harvest_set){ 0 };
}

/* Room for one more of an array that grows by doubling. */
static bool grow(void **array, size_t cnt, size_t size)
{
	void *more;

	if (cnt & (cnt - 1))
		return true;
	more = reallocarray(*array, cnt ? 2 * cnt : 1, size);
	if (more)
		*array = more;
	return more;
}

static int append(struct harvest_set *set, struct harvest *h, struct skep_err *err)
{
	if (set->n == KERNELS_MAX) {
		skep_fail(err, SKEP_ECORRUPT, "more than %d kernels at once", KERNELS_MAX);
		return skep_err_hint(err, "add fewer files or folders at a time");
	}
	if (!grow((void **)&set->kernels, set->n, sizeof(struct harvest *)))
		return skep_fail(err, ENOMEM, "out of memory");
	set->kernels[set->n++] = h;
	return 0;
}

static bool equal(const char *a, const char *b)
{
	return a == b || (a && b && !strcmp(a, b));
}

int set_kernel(struct harvest_set *set, const char *release, struct harvest **out,
	       struct skep_err *err)
{
	struct harvest *h;
	int ret;

	for (size_t i = 0; i < set->n; i++)
		if (equal(set->kernels[i]->release, release)) {
			*out = set->kernels[i];
			return 0;
		}
	h = calloc(1, sizeof(*h));
	if (!h || (release && !(h->release = strdup(release)))) {
		free(h);
		return skep_fail(err, ENOMEM, "out of memory");
	}
	ret = append(set, h, err);
	if (ret) {
		harvest_free(h);
		return ret;
	}
	*out = h;
	return 0;
}

static int add_blob(struct harvest_blob **all, size_t *n, struct harvest_blob *blob,
		    struct skep_err *err)
{
	if (!grow((void **)all, *n, sizeof(**all))) {
		blob_release(blob);
		return skep_fail(err, ENOMEM, "out of memory");
	}
	(*all)[(*n)++] = TAKE_BLOB(blob);
	return 0;
}

int harvest_add_module(struct harvest *h, struct harvest_blob *module,
		       struct skep_err *err)
{
	return add_blob(&h->modules, &h->module_cnt, module, err);
}

int harvest_add_file(struct harvest *h, struct harvest_blob *file, struct skep_err *err)
{
	return add_blob(&h->files, &h->file_cnt, file, err);
}

bool harvest_only_files(const struct harvest *h)
{
	return h->file_cnt && !h->btf.data && !h->image.data && !h->module_cnt &&
	       !h->config.data && !h->package_version;
}

/* Where both are known. */
static bool agree(const char *a, const char *b)
{
	return !a || !b || !strcmp(a, b);
}

/* Suites build kernels of their own under one release; parts of one version may come by several ways. */
bool harvest_same(const struct harvest *a, const struct harvest *b)
{
	if (!a->release || !b->release || strcmp(a->release, b->release) ||
	    (a->arch && b->arch && a->arch != b->arch))
		return false;
	if (a->package_version && b->package_version)
		return !strcmp(a->package_version, b->package_version);
	return agree(a->distro, b->distro) && agree(a->suite, b->suite);
}

static void take_text(char **to, char **from)
{
	if (!*to)
		*to = TAKE(*from);
}

static void take_blob(struct harvest_blob *to, struct harvest_blob *from)
{
	if (!to->data && from->data)
		*to = TAKE_BLOB(from);
}

static bool has_source(const struct harvest *h, const struct harvest_source *source)
{
	for (size_t i = 0; i < h->source_cnt; i++)
		if (equal(h->sources[i].digest, source->digest))
			return true;
	return false;
}

static int take_sources(struct harvest *h, struct harvest *other, struct skep_err *err)
{
	for (size_t i = 0; i < other->source_cnt; i++) {
		struct harvest_source *source = &other->sources[i];

		if (has_source(h, source))
			continue;
		if (!grow((void **)&h->sources, h->source_cnt, sizeof(*h->sources)))
			return skep_fail(err, ENOMEM, "out of memory");
		h->sources[h->source_cnt++] = *source;
		*source = (struct harvest_source){ 0 };
	}
	return 0;
}

/* A section may be padded: the shorter of the two has all that its header promises. */
static bool differ(const struct harvest_blob *a, const struct harvest_blob *b)
{
	return a->data && b->data &&
	       memcmp(a->data, b->data, a->size < b->size ? a->size : b->size) != 0;
}

static int check_types(const struct harvest *h, const struct harvest *other,
		       struct skep_err *err)
{
	if (!differ(&h->btf, &other->btf))
		return 0;
	if (h->btf_path)
		skep_fail(err, SKEP_EEXISTS,
			  "another kernel '%s' than in '%s': their BTF differs",
			  h->release, h->btf_path);
	else if (h->release)
		skep_fail(err, SKEP_EEXISTS,
			  "two different BTFs of kernel '%s' are in it", h->release);
	else
		skep_fail(err, SKEP_EEXISTS,
			  "two different BTFs are in it, and nothing "
			  "tells of which kernels");
	return skep_err_hint(err, "add them one by one, each with --id");
}

int harvest_merge(struct harvest *h, struct harvest *other, struct skep_err *err)
{
	int ret = check_types(h, other, err) ?: take_sources(h, other, err);

	for (size_t i = 0; i < other->module_cnt && !ret; i++)
		ret = harvest_add_module(h, &other->modules[i], err);
	for (size_t i = 0; i < other->file_cnt && !ret; i++)
		ret = harvest_add_file(h, &other->files[i], err);
	take_text(&h->release, &other->release);
	take_text(&h->version, &other->version);
	take_text(&h->distro, &other->distro);
	take_text(&h->suite, &other->suite);
	take_text(&h->flavour, &other->flavour);
	take_text(&h->package_version, &other->package_version);
	take_text(&h->why_no_btf, &other->why_no_btf);
	if (!h->btf.data)
		take_text(&h->btf_path, &other->btf_path);
	take_blob(&h->btf, &other->btf);
	take_blob(&h->config, &other->config);
	take_blob(&h->image, &other->image);
	h->big_endian |= other->big_endian;
	if (!h->arch)
		h->arch = other->arch;
	if (!h->ptr_size)
		h->ptr_size = other->ptr_size;
	return ret;
}

int set_merge(struct harvest_set *set, struct harvest_set *other, struct skep_err *err)
{
	for (size_t i = 0; i < other->n; i++) {
		struct harvest *h = other->kernels[i], *same = NULL;
		int ret;

		for (size_t j = 0; j < set->n && !same; j++)
			if (harvest_same(set->kernels[j], h))
				same = set->kernels[j];
		ret = same ? harvest_merge(same, h, err) : append(set, h, err);
		if (same)
			harvest_free(h);
		other->kernels[i] = NULL;
		if (ret) {
			if (!same)
				harvest_free(h);
			return ret;
		}
	}
	other->n = 0;
	return 0;
}
