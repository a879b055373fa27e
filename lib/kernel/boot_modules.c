/* SPDX-License-Identifier: BSD-2-Clause */
/* Modules for a guest, each behind those that it depends on. */
#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "lib/base/cleanup.h"
#include "lib/kernel/boot.h"
#include "lib/kernel/kept.h"
#include "lib/kernel/store.h"

#define HEIGHT_MAX 64 /* of what stands on what; eight is much */

/* Of one module: how many stand below it at most, and whether it is in the order. */
struct place {
	int height; /* 0: not looked at; -1: looked at, and not to be had (also: just looked at, as in a ring) */
	bool taken;
};

struct ordering {
	struct kept kept;
	struct place *places;
	const struct kept_module **order;
	size_t cnt;
};

static struct place *place_of(const struct ordering *o, const struct kept_module *m)
{
	return &o->places[m - o->kept.all];
}

/* The next module of a list; false at its end. *m NULL: it is not kept. */
static bool next(const struct ordering *o, const char **list, const struct kept_module **m)
{
	size_t n = strcspn(*list, " ");

	*m = n ? kept_find(&o->kept, *list, n) : NULL;
	*list += n;
	*list += strspn(*list, " ");
	return n;
}

/* Its height; negative: something below it is missing. */
static int measure(const struct ordering *o, const struct kept_module *m, int depth)
{
	struct place *p = place_of(o, m);
	const char *list = m->depends;
	const struct kept_module *below;
	int height = 1;

	if (p->height || depth == HEIGHT_MAX)
		return p->height ? p->height : -1;
	p->height = -1;
	while (next(o, &list, &below)) {
		int under = below ? measure(o, below, depth + 1) : -1;

		if (under < 0 || under >= HEIGHT_MAX)
			return -1;
		if (height <= under)
			height = under + 1;
	}
	return p->height = height;
}

static void take(struct ordering *o, const struct kept_module *m)
{
	const char *list = m->depends;
	const struct kept_module *below;

	if (place_of(o, m)->taken)
		return;
	place_of(o, m)->taken = true;
	while (next(o, &list, &below))
		take(o, below);
	o->order[o->cnt++] = m;
}

static int copy_all(const struct ordering *o, struct boot_module *all,
		    struct skep_err *err)
{
	for (size_t i = 0; i < o->cnt; i++) {
		all[i].name = strdup(o->order[i]->name);
		all[i].data = malloc(o->order[i]->size + 1);
		if (!all[i].name || !all[i].data)
			return skep_fail(err, ENOMEM, "out of memory");
		memcpy(all[i].data, o->order[i]->data, o->order[i]->size);
		all[i].size = o->order[i]->size;
	}
	return 0;
}

/* An empty archive where the library keeps none. */
static int read_kept(struct ordering *o, char **blob, const struct library *lib,
		     const struct profile *p, struct skep_err *err)
{
	size_t size;
	int rc = 0;

	if (p->module_files)
		rc = store_read(library_store(lib), p->module_files, blob, &size, err)
			     ?: kept_read(&o->kept, *blob, size, err);
	if (rc)
		return skep_err_note(err, "while reading the modules of '%s'", p->id);
	o->places = calloc(o->kept.n + 1, sizeof(*o->places));
	o->order = calloc(o->kept.n + 1, sizeof(*o->order));
	return o->places && o->order ? 0 : skep_fail(err, ENOMEM, "out of memory");
}

static void ordering_release(struct ordering *o)
{
	kept_release(&o->kept);
	free(o->places);
	free(o->order);
}

int boot_modules(const struct library *lib, const struct profile *p,
		 const char *const *names, size_t n, struct boot_module **out,
		 size_t *cnt, const char ***missing, size_t *missing_cnt,
		 struct skep_err *err)
{
	_cleanup_free_ const char **left = calloc(n + 1, sizeof(*left));
	_cleanup_free_ char *blob = NULL;
	_cleanup_(ordering_release) struct ordering o = { 0 };
	struct boot_module *all;
	size_t left_cnt = 0;
	int rc = left ? read_kept(&o, &blob, lib, p, err)
		      : skep_fail(err, ENOMEM, "out of memory");

	if (rc)
		return rc;
	for (size_t i = 0; i < n; i++) {
		const struct kept_module *m =
			kept_find(&o.kept, names[i], strlen(names[i]));

		if (m && measure(&o, m, 0) > 0)
			take(&o, m);
		else
			left[left_cnt++] = names[i];
	}
	all = calloc(o.cnt + 1, sizeof(*all));
	rc = all ? copy_all(&o, all, err) : skep_fail(err, ENOMEM, "out of memory");
	if (rc) {
		if (all)
			boot_modules_free(all, o.cnt);
		return rc;
	}
	*out = all;
	*cnt = o.cnt;
	*missing = TAKE(left);
	*missing_cnt = left_cnt;
	return 0;
}

void boot_modules_free(struct boot_module *m, size_t n)
{
	for (size_t i = 0; m && i < n; i++) {
		free(m[i].name);
		free(m[i].data);
	}
	free(m);
}
