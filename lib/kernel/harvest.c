/* SPDX-License-Identifier: BSD-2-Clause */
/* The harvest as a whole: every place in turn, then what only shows when all has been read. */
#include "lib/kernel/harvest.h"

#include <errno.h>
#include <fcntl.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "lib/base/cleanup.h"
#include "lib/base/fs.h"
#include "lib/kernel/harvest_config.h"
#include "lib/kernel/harvest_keep.h"
#include "lib/kernel/harvest_places.h"
#include "lib/kernel/harvest_set.h"

static int take_path(struct gather *g, const char *path, bool *any, struct skep_err *err)
{
	_cleanup_free_ char *full = fs_abspath(path);
	struct stat st;
	int fd;

	if (!full)
		return skep_fail(err, ENOMEM, "out of memory");
	if (stat(path, &st))
		return skep_fail(err, errno, "cannot open: %s", strerror(errno));
	if (!S_ISDIR(st.st_mode))
		return harvest_file(g, AT_FDCWD, path, full, any, err);
	fd = open(path, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
	if (fd < 0)
		return skep_fail(err, errno, "cannot open: %s", strerror(errno));
	return harvest_tree(g, fd, full, any, err);
}

static int take_place(struct gather *g, const char *path, struct skep_err *err)
{
	bool any = false;
	int ret;

	if (!strcmp(path, "host"))
		return harvest_host(g, err);
	ret = take_path(g, path, &any, err);
	if (!ret && !any) {
		ret = skep_fail(err, SKEP_EKIND, "there is nothing of a kernel in it");
		skep_err_hint(err, "give a kernel's package, vmlinuz, vmlinux or BTF, a "
				   "folder of them, or 'host'");
	}
	if (ret)
		skep_err_at(err, path, 0, 0);
	return ret;
}

/* --- what only shows at the end ------------------------------------------------------------------ */

static int by_name(const void *a, const void *b)
{
	const struct harvest_blob *x = a, *y = b;

	return strcmp(x->name, y->name);
}

/* The bytes decide between two modules of a name, so that the order of reading does not. */
static int by_name_and_bytes(const void *a, const void *b)
{
	const struct harvest_blob *x = a, *y = b;
	size_t len = x->size < y->size ? x->size : y->size;

	return by_name(a, b) ?: memcmp(x->data, y->data, len) ?:
				(x->size > y->size) - (x->size < y->size);
}

static void sort_modules(struct harvest *h)
{
	size_t n = 0;

	if (!h->module_cnt)
		return;
	qsort(h->modules, h->module_cnt, sizeof(*h->modules), by_name_and_bytes);
	for (size_t i = 1; i < h->module_cnt; i++)
		if (by_name(&h->modules[n], &h->modules[i]))
			h->modules[++n] = h->modules[i];
		else
			blob_release(&h->modules[i]);
	h->module_cnt = n + 1;
}

static int explain(struct harvest *h, struct skep_err *err)
{
	const char *why = h->why_no_btf;

	if (h->btf.data) {
		free(TAKE(h->why_no_btf));
		return 0;
	}
	if (h->config.data && !config_has(h->config.data, "CONFIG_DEBUG_INFO_BTF", "y"))
		why = "it was built without CONFIG_DEBUG_INFO_BTF";
	else if (!why)
		why = "neither vmlinux nor an image of it is among the files";
	if (why == h->why_no_btf)
		return 0;
	free(h->why_no_btf);
	h->why_no_btf = strdup(why);
	return h->why_no_btf ? 0 : skep_fail(err, ENOMEM, "out of memory");
}

/* An old configuration that lies about is no kernel. */
static bool is_leftover(const struct harvest *h)
{
	return !h->btf.data && !h->image.data && !h->module_cnt && !h->package_version;
}

static void drop_leftovers(struct harvest_set *set)
{
	size_t n = 0;

	for (size_t i = 0; i < set->n; i++)
		if (harvest_only_files(set->kernels[i]) ||
		    (is_leftover(set->kernels[i]) && (n || i + 1 < set->n)))
			harvest_free(set->kernels[i]);
		else
			set->kernels[n++] = set->kernels[i];
	set->n = n;
}

static void report(const struct harvest *h, const struct skep_log *log)
{
	skep_log(log, SKEP_LOG_INFO, "%s: BTF of %zu bytes, %zu modules%s%s",
		 h->release ? h->release : "kernel without a release", h->btf.size,
		 h->module_cnt, h->config.data ? ", configuration" : "",
		 h->image.data ? ", image" : "");
}

int harvest_paths(struct harvest_set *set, const char *const *paths, size_t n,
		  const struct harvest_opts *opts, struct skep_err *err)
{
	struct harvest_set found = { 0 };
	struct gather g = { .opts = opts,
			    .set = &found,
			    .image_lock = PTHREAD_MUTEX_INITIALIZER };
	long cpus = sysconf(_SC_NPROCESSORS_ONLN);
	unsigned int jobs = opts->jobs ? opts->jobs : cpus > 0 ? (unsigned int)cpus : 1;
	int ret = crew_new(&g.crew, jobs, err);

	for (size_t i = 0; i < n && !ret; i++)
		ret = take_place(&g, paths[i], err);
	crew_free(g.crew);
	if (!ret)
		drop_leftovers(&found);
	for (size_t i = 0; i < found.n && !ret; i++) {
		sort_modules(found.kernels[i]);
		ret = keep_settle(found.kernels[i], opts, err)
			      ?: explain(found.kernels[i], err);
		report(found.kernels[i], opts->log);
	}
	if (ret) {
		harvest_release(&found);
		return ret;
	}
	*set = found;
	return 0;
}
