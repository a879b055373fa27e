/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * Modules: the blob, all numbers little-endian:
 *
 *	"skepmods"
 *	u32 version (1), u32 count
 *	count times, names ascending:  u32 size, u32 length of name, name
 *	zeros up to a multiple of 8
 *	per module: its split BTF, then zeros up to a multiple of 8
 *
 * Nothing follows the last one, so that a set of modules has one spelling and one digest.
 */
#include "lib/kernel/modules.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "lib/base/view.h"
#include "lib/kernel/harvest.h"

#define MAGIC       "skepmods"
#define VERSION     1
#define ALIGN       8
#define MAX_MODULES 65536

static bool is_name(const char *s, size_t len)
{
	for (size_t i = 0; i < len; i++) {
		unsigned char c = (unsigned char)s[i];

		if (c <= ' ' || c >= 127 || c == '/')
			return false;
	}
	return len && len < sizeof(((struct module *)0)->name);
}

static size_t padding(size_t len)
{
	return -len & (ALIGN - 1);
}

int modules_write(struct buf *out, const struct harvest_blob *mods, size_t n,
		  struct skep_err *err)
{
	if (n > MAX_MODULES)
		return skep_fail(err, SKEP_ECORRUPT, "%zu modules are no kernel's", n);
	buf_add(out, MAGIC, strlen(MAGIC));
	buf_le32(out, VERSION);
	buf_le32(out, (uint32_t)n);
	for (size_t i = 0; i < n; i++) {
		size_t len = strlen(mods[i].name);

		if (!is_name(mods[i].name, len))
			return skep_fail(err, SKEP_ECORRUPT,
					 "no module is called '%.64s'", mods[i].name);
		if (mods[i].size > UINT32_MAX ||
		    (i && strcmp(mods[i - 1].name, mods[i].name) >= 0))
			return skep_fail(err, SKEP_ECORRUPT,
					 "module '%s' is there twice, or too large",
					 mods[i].name);
		buf_le32(out, (uint32_t)mods[i].size);
		buf_le32(out, (uint32_t)len);
		buf_add(out, mods[i].name, len);
	}
	buf_fill(out, 0, padding(out->len));
	for (size_t i = 0; i < n; i++) {
		buf_add(out, mods[i].data, mods[i].size);
		buf_fill(out, 0, padding(out->len));
	}
	return buf_check(out, err);
}

static int refuse(const struct view *v, const char *what, struct skep_err *err)
{
	return skep_fail(err, SKEP_ECORRUPT, "malformed modules at offset %zu: %s",
			 v->pos, what);
}

static bool skip_padding(struct view *v)
{
	static const char zeros[ALIGN];
	size_t n = padding(v->pos);
	const void *p = view_take(v, n);

	return p && !memcmp(p, zeros, n);
}

static int read_table(struct view *v, struct modules *m, size_t n, struct skep_err *err)
{
	for (; m->n < n; m->n++) {
		struct module *mod = &m->all[m->n];
		uint32_t size = view_le32(v), len = view_le32(v);
		const char *name = view_take(v, len);

		if (!name || !is_name(name, len))
			return refuse(v, "a module without a name", err);
		mod->size = size;
		memcpy(mod->name, name, len);
		mod->name[len] = '\0';
		if (m->n && strcmp(mod[-1].name, mod->name) >= 0)
			return refuse(v, "names are not in order", err);
	}
	return 0;
}

static int read_data(struct view *v, struct modules *m, struct skep_err *err)
{
	if (!skip_padding(v))
		return refuse(v, "no zeros behind the names", err);
	for (size_t i = 0; i < m->n; i++) {
		m->all[i].data = view_take(v, m->all[i].size);
		if (!m->all[i].data || !skip_padding(v))
			return refuse(v, "a module goes past the end", err);
	}
	return view_done(v) ? 0 : refuse(v, "bytes behind the last module", err);
}

int modules_read(struct modules *out, const void *blob, size_t size, struct skep_err *err)
{
	struct view v = view_of(blob, size);
	const char *magic = view_take(&v, strlen(MAGIC));
	uint32_t version = view_le32(&v), n = view_le32(&v);
	struct modules m = { 0 };
	int rc;

	if (!magic || memcmp(magic, MAGIC, strlen(MAGIC)) || version != VERSION)
		return refuse(&v, "not modules of this version", err);
	if (n > MAX_MODULES || n > view_left(&v) / 8)
		return refuse(&v, "more modules than there is room for", err);
	m.all = calloc(n + 1, sizeof(*m.all));
	if (!m.all)
		return skep_fail(err, ENOMEM, "out of memory");
	rc = read_table(&v, &m, n, err);
	if (!rc)
		rc = read_data(&v, &m, err);
	if (rc)
		modules_release(&m);
	else
		*out = m;
	return rc;
}

void modules_release(struct modules *m)
{
	free(m->all);
	*m = (struct modules){ 0 };
}

uint32_t modules_count(const uint8_t head[static MODULES_HEAD])
{
	struct view v = view_of(head, MODULES_HEAD);
	const char *magic = view_take(&v, strlen(MAGIC));

	if (memcmp(magic, MAGIC, strlen(MAGIC)) || view_le32(&v) != VERSION)
		return 0;
	return view_le32(&v);
}
