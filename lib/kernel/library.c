/* SPDX-License-Identifier: BSD-2-Clause */
/* Library: names are read at once, profiles when they are asked for. */
#include "lib/kernel/library.h"

#include <dirent.h>
#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "lib/base/fs.h"
#include "lib/kernel/id.h"
#include "lib/kernel/library_names.h"
#include "lib/kernel/store.h"

#define MAX_PROFILE FS_MAX_SOURCE

struct library {
	struct store store;
	struct library_name *names; /* sorted */
	size_t n;
	const struct profile **list; /* of library_list() */
	struct profile **loaded;     /* all ever handed out, until the library is freed */
	size_t loaded_cnt;
};

static void forget_names(struct library *lib)
{
	for (size_t i = 0; i < lib->n; i++)
		free(lib->names[i].id);
	free(TAKE(lib->names));
	free(TAKE(lib->list));
	lib->n = 0;
}

void library_free(struct library *lib)
{
	if (!lib)
		return;
	forget_names(lib);
	for (size_t i = 0; i < lib->loaded_cnt; i++)
		profile_free(lib->loaded[i]);
	free(lib->loaded);
	store_release(&lib->store);
	free(lib);
}

static int by_id(const void *a, const void *b)
{
	const struct library_name *x = a, *y = b;

	return id_compare(x->id, y->id);
}

static int add_name(struct library *lib, char *id, struct skep_err *err)
{
	struct library_name *more = lib->names;

	if (!(lib->n & (lib->n + 1)))
		more = realloc(more, 2 * (lib->n + 1) * sizeof(*more));
	if (!more) {
		free(id);
		return skep_fail(err, ENOMEM, "out of memory");
	}
	lib->names = more;
	lib->names[lib->n++] = (struct library_name){ .id = id };
	return 0;
}

int library_refresh(struct library *lib, struct skep_err *err)
{
	DIR *d = opendir(lib->store.kernels);
	struct dirent *e;
	int rc = 0;

	forget_names(lib);
	if (!d && errno == ENOENT)
		return 0;
	if (!d) {
		skep_fail(err, errno, "cannot read: %s", strerror(errno));
		return skep_err_at(err, lib->store.kernels, 0, 0);
	}
	while (!rc && (e = readdir(d))) {
		char *id = id_from_file(e->d_name);

		rc = id ? add_name(lib, id, err) : 0;
	}
	closedir(d);
	if (lib->n)
		qsort(lib->names, lib->n, sizeof(*lib->names), by_id);
	return rc;
}

int library_open(struct library **out, const char *home, struct skep_err *err)
{
	_cleanup_(library_freep) struct library *lib = calloc(1, sizeof(*lib));
	int rc;

	if (!lib)
		return skep_fail(err, ENOMEM, "out of memory");
	if (!home) {
		skep_fail(err, SKEP_EUSAGE, "there is no place for a kernel library");
		return skep_err_hint(err, "set SKEP_HOME or HOME");
	}
	rc = store_init(&lib->store, home, err);
	if (!rc)
		rc = library_refresh(lib, err);
	if (!rc)
		*out = TAKE(lib);
	return rc;
}

const struct store *library_store(const struct library *lib)
{
	return &lib->store;
}

size_t library_names(struct library *lib, struct library_name **names)
{
	*names = lib->names;
	return lib->n;
}

/* ---- profiles ---- */

static int read_profile(const struct library *lib, const char *id, struct profile **out,
			struct skep_err *err)
{
	_cleanup_free_ char *name = id_to_file(id);
	_cleanup_free_ char *path = name ? fs_join(lib->store.kernels, name) : NULL;
	_cleanup_(profile_freep) struct profile *p = NULL;
	_cleanup_free_ char *text = NULL;
	size_t len;
	int rc;

	if (!path)
		return skep_fail(err, ENOMEM, "out of memory");
	if (!fs_exists(path))
		return -ENOENT;
	rc = fs_read(path, MAX_PROFILE, &text, &len, err);
	if (!rc)
		rc = profile_read(&p, text, len, path, err);
	if (!rc && strcmp(p->id, id)) {
		skep_fail(err, SKEP_ECORRUPT, "malformed profile: it is of '%s'", p->id);
		rc = skep_err_at(err, path, 0, 0);
	}
	if (rc == -SKEP_ECORRUPT)
		skep_err_hint(err, "remove that file and add the kernel again");
	if (!rc)
		*out = TAKE(p);
	return rc;
}

int library_load(struct library *lib, struct library_name *name, struct skep_err *err)
{
	struct profile **more;
	int rc;

	if (name->profile)
		return 0;
	more = realloc(lib->loaded, (lib->loaded_cnt + 1) * sizeof(*more));
	if (!more)
		return skep_fail(err, ENOMEM, "out of memory");
	lib->loaded = more;
	rc = read_profile(lib, name->id, &more[lib->loaded_cnt], err);
	if (!rc)
		name->profile = more[lib->loaded_cnt++];
	return rc;
}

int library_get(struct library *lib, const char *id, const struct profile **out,
		struct skep_err *err)
{
	for (size_t i = 0; i < lib->n; i++) {
		int rc;

		if (strcmp(lib->names[i].id, id))
			continue;
		rc = library_load(lib, &lib->names[i], err);
		if (!rc)
			*out = lib->names[i].profile;
		return rc;
	}
	return -ENOENT;
}

int library_list(struct library *lib, const struct profile *const **profiles, size_t *n,
		 struct skep_err *err)
{
	size_t cnt = 0;

	free(lib->list);
	lib->list = calloc(lib->n + 1, sizeof(*lib->list));
	if (!lib->list)
		return skep_fail(err, ENOMEM, "out of memory");
	for (size_t i = 0; i < lib->n; i++) {
		int rc = library_load(lib, &lib->names[i], err);

		if (rc == -ENOENT) /* removed since we looked */
			continue;
		if (rc)
			return rc;
		lib->list[cnt++] = lib->names[i].profile;
	}
	*profiles = lib->list;
	*n = cnt;
	return 0;
}

char *library_blob(const struct library *lib, const char *digest)
{
	return store_blob(&lib->store, digest);
}
