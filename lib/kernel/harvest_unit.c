/* SPDX-License-Identifier: BSD-2-Clause */
/* What one package, folder or file holds, put together. */
#include "lib/kernel/harvest_unit.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "lib/base/cleanup.h"
#include "lib/base/text.h"
#include "lib/kernel/harvest_name.h"
#include "lib/kernel/harvest_set.h"

void facts_release(struct facts *facts)
{
	free(facts->release);
	free(facts->version);
	free(facts->why_no_btf);
	blob_release(&facts->btf);
	blob_release(&facts->config);
	*facts = (struct facts){ 0 };
}

void facts_arch(struct facts *facts, const struct arch *arch)
{
	if (!arch || facts->arch)
		return;
	facts->arch = arch;
	facts->ptr_size = arch->pointer_size;
	facts->big_endian = arch->big_endian;
}

void unit_init(struct unit *u, struct gather *gather)
{
	*u = (struct unit){ .gather = gather };
	u->budget.max = gather->opts->max_unpacked ?: HARVEST_MAX_PARTS;
	pthread_mutex_init(&u->lock, NULL);
}

void unit_release(struct unit *u)
{
	harvest_release(&u->found);
	free(u->source.name);
	free(u->source.digest);
	free(u->release);
	free(u->package_version);
	free(u->distro);
	free(u->suite);
	pthread_mutex_destroy(&u->lock);
}

/* All that is kept of all kernels is counted: an archive may hold any number of them. */
static int count(struct unit *u, const struct harvest_blob *blob, struct skep_err *err)
{
	u->gather->kept += blob->size;
	if (u->gather->kept <= HARVEST_MAX_KEPT)
		return 0;
	skep_fail(err, SKEP_ECORRUPT, "more than %llu MiB of kernels at once",
		  (unsigned long long)(HARVEST_MAX_KEPT >> 20));
	return skep_err_hint(err, "add fewer files or folders at a time");
}

static int lock_kernel(struct unit *u, const char *release, struct harvest **h,
		       struct skep_err *err)
{
	int ret;

	pthread_mutex_lock(&u->lock);
	ret = set_kernel(&u->found, release && *release ? release : NULL, h, err);
	if (ret)
		pthread_mutex_unlock(&u->lock);
	return ret;
}

/* Put a blob where none is yet; the first find wins. */
static int add_blob(struct unit *u, const char *release, size_t offset,
		    struct harvest_blob *blob, struct skep_err *err)
{
	struct harvest *h;
	int ret = count(u, blob, err) ?: lock_kernel(u, release, &h, err);

	if (!ret) {
		struct harvest_blob *place = (void *)((char *)h + offset);

		if (!place->data)
			*place = TAKE_BLOB(blob);
		pthread_mutex_unlock(&u->lock);
	}
	blob_release(blob);
	return ret;
}

int unit_add_image(struct unit *u, const char *release, struct harvest_blob *image,
		   struct skep_err *err)
{
	return add_blob(u, release, offsetof(struct harvest, image), image, err);
}

int unit_add_config(struct unit *u, const char *release, struct harvest_blob *config,
		    struct skep_err *err)
{
	return add_blob(u, release, offsetof(struct harvest, config), config, err);
}

static int add_one(struct unit *u, const char *release, struct harvest_blob *blob,
		   int (*add)(struct harvest *, struct harvest_blob *, struct skep_err *),
		   struct skep_err *err)
{
	struct harvest *h;
	int ret = count(u, blob, err) ?: lock_kernel(u, release, &h, err);

	if (ret) {
		blob_release(blob);
		return ret;
	}
	ret = add(h, blob, err);
	pthread_mutex_unlock(&u->lock);
	return ret;
}

int unit_add_module(struct unit *u, const char *release, struct harvest_blob *module,
		    struct skep_err *err)
{
	return add_one(u, release, module, harvest_add_module, err);
}

int unit_add_file(struct unit *u, const char *release, struct harvest_blob *file,
		  struct skep_err *err)
{
	return add_one(u, release, file, harvest_add_file, err);
}

int unit_add_facts(struct unit *u, const char *release, struct facts *facts,
		   struct skep_err *err)
{
	const char *name = facts->release ? facts->release : release;
	struct harvest *h;
	int ret = count(u, &facts->btf, err) ?:
			  count(u, &facts->config, err) ?:
			  lock_kernel(u, name, &h, err);

	if (!ret) {
		struct harvest more = {
			.version = TAKE(facts->version),
			.arch = facts->arch,
			.ptr_size = facts->ptr_size,
			.big_endian = facts->big_endian,
			.btf = TAKE_BLOB(&facts->btf),
			.config = TAKE_BLOB(&facts->config),
			.why_no_btf = TAKE(facts->why_no_btf),
		};

		ret = harvest_merge(h, &more, err);
		pthread_mutex_unlock(&u->lock);
		free(more.version);
		free(more.why_no_btf);
		blob_release(&more.btf);
		blob_release(&more.config);
	}
	facts_release(facts);
	return ret;
}

/* --- the end of a unit --------------------------------------------------------------------------- */

/* A part that does not say its release belongs to the only kernel of a package. */
static int adopt_orphan(struct unit *u, struct skep_err *err)
{
	struct harvest *named = NULL, *orphan = NULL;
	int ret;

	for (size_t i = 0; i < u->found.n; i++) {
		struct harvest *h = u->found.kernels[i];

		if (!h->release)
			orphan = h;
		else
			named = h;
	}
	if (!orphan || u->found.n > 2)
		return 0;
	if (!named && u->release)
		orphan->release = TAKE(u->release);
	if (!named)
		return 0;
	ret = harvest_merge(named, orphan, err);
	harvest_free(orphan);
	u->found.kernels[0] = named;
	u->found.n = 1;
	return ret;
}

/* A package of a kernel that holds nothing of it only tells what belongs together. */
static int note_empty(struct unit *u, struct skep_err *err)
{
	struct harvest *h;

	if (u->found.n || !u->release || !u->package_version)
		return 0;
	return set_kernel(&u->found, u->release, &h, err);
}

static int copy_text(char **to, const char *from, struct skep_err *err)
{
	if (*to || !from)
		return 0;
	*to = strdup(from);
	return *to ? 0 : skep_fail(err, ENOMEM, "out of memory");
}

static int dress(struct unit *u, struct harvest *h, struct skep_err *err)
{
	int ret = copy_text(&h->package_version, u->package_version, err) ?:
			  copy_text(&h->distro, u->distro, err) ?:
			  copy_text(&h->suite, u->suite, err);

	if (!ret && h->btf.data)
		ret = copy_text(&h->btf_path, u->path, err);
	if (!h->arch)
		h->arch = u->arch;
	if (!h->arch && h->release)
		h->arch = name_arch(h->release);
	if (h->arch && !h->ptr_size) {
		h->ptr_size = h->arch->pointer_size;
		h->big_endian = h->arch->big_endian;
	}
	if (!h->flavour && h->release)
		h->flavour = name_flavour(h->release);
	if (ret || !u->source.name)
		return ret;
	h->sources = calloc(1, sizeof(*h->sources));
	if (!h->sources)
		return skep_fail(err, ENOMEM, "out of memory");
	h->source_cnt = 1;
	return copy_text(&h->sources->name, u->source.name, err)
		       ?: copy_text(&h->sources->digest, u->source.digest, err);
}

int unit_finish(struct unit *u, bool *any, struct skep_err *err)
{
	int ret = adopt_orphan(u, err) ?: note_empty(u, err);

	for (size_t i = 0; i < u->found.n && !ret; i++)
		ret = dress(u, u->found.kernels[i], err);
	*any = u->found.n > 0;
	return ret ?: set_merge(u->gather->set, &u->found, err);
}
