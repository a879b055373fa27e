/* SPDX-License-Identifier: BSD-2-Clause */
/* skep_btf_dump(): which types are meant, and as what. */
#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include <bpf/btf.h>
#include <skep/btf.h>

#include "lib/base/cleanup.h"
#include "lib/base/opts.h"
#include "lib/base/text.h"
#include "lib/btf/dump.h"
#include "lib/btf/index.h"
#include "lib/btf/lean.h"
#include "lib/check/btf_kernel.h"

/* What a root is looked for among. */
static const enum btf_index_table tables[] = { BTF_INDEX_TYPE, BTF_INDEX_FUNC };

struct roots {
	uint32_t *ids;
	size_t n;
};

static int add_root(struct roots *r, uint32_t id, struct skep_err *err)
{
	uint32_t *ids = reallocarray(r->ids, r->n + 1, sizeof(*ids));

	if (!ids)
		return skep_fail(err, ENOMEM, "out of memory");
	r->ids = ids;
	r->ids[r->n++] = id;
	return 0;
}

static int no_such(const struct btf_kernel *k, const char *name, struct skep_err *err)
{
	_cleanup_free_ const char **names = NULL;
	size_t n = 0, cap = 0, unused;
	const uint32_t *ids;
	const char *near;

	skep_fail(err, SKEP_EUSAGE, "no type or function '%s' in '%s'", name, k->name);
	for (size_t i = 0; i < ARRAY_SIZE(tables); i++) {
		const char *other;

		for (uint32_t c = 0;
		     btf_index_each(k->ix, tables[i], &c, &other, &ids, &unused);) {
			if (n == cap) {
				size_t more = cap ? cap * 2 : 1024;
				const char **grown =
					reallocarray(names, more, sizeof(*names));

				if (!grown)
					return -SKEP_EUSAGE;
				names = grown;
				cap = more;
			}
			names[n++] = other;
		}
	}
	near = text_nearest(name, names, n);
	if (near)
		skep_err_hint(err, "did you mean '%s'?", near);
	return -SKEP_EUSAGE;
}

/* "struct task_struct" means what C means, "task_struct" whatever has that name. */
static bool kind_matches(const struct btf_type *t, const char *tag, size_t len)
{
	const char *own = btf_is_struct(t)     ? "struct"
			  : btf_is_union(t)    ? "union"
			  : btf_is_any_enum(t) ? "enum"
					       : "";

	return !btf_is_fwd(t) && (!len || (strlen(own) == len && !memcmp(own, tag, len)));
}

static int find_root(struct roots *r, const struct btf_kernel *k, const char *root,
		     struct skep_err *err)
{
	const char *space = strrchr(root, ' '), *name = space ? space + 1 : root;
	size_t tag = space ? space - root : 0, before = r->n;
	int ret = 0;

	for (size_t i = 0; i < ARRAY_SIZE(tables); i++) {
		size_t len = tables[i] == BTF_INDEX_TYPE ? btf_essential_len(name)
							 : strlen(name);
		const uint32_t *ids;
		size_t n = btf_index_find(k->ix, tables[i], name, len, &ids);

		for (size_t j = 0; !ret && j < n; j++) {
			const struct btf_type *t = btf_index_type(k->ix, ids[j]);

			if (t && kind_matches(t, root, tag) &&
			    !strcmp(btf_index_str(k->ix, t->name_off), name))
				ret = add_root(r, ids[j], err);
		}
	}
	if (!ret && r->n == before)
		ret = no_such(k, root, err);
	return ret;
}

static int dump_roots(struct buf *out, const struct btf_kernel *k,
		      const struct skep_btf_opts *o, struct skep_err *err)
{
	struct roots r = { 0 };
	int ret = 0;

	for (size_t i = 0; !ret && i < o->root_cnt; i++)
		ret = find_root(&r, k, o->roots[i], err);
	for (size_t i = 0; !ret && o->raw && i < r.n; i++)
		dump_raw(out, k->ix, r.ids[i], 1);
	if (!ret && !o->raw)
		ret = dump_c(out, k->ix, r.ids, r.n, err);
	free(r.ids);
	return ret;
}

static int find_part(const struct btf_kernel *k, const char *module,
		     struct btf_index_part *part, struct skep_err *err)
{
	for (uint32_t i = 0; btf_index_part(k->ix, i, part); i++)
		if (!strcmp(part->name, module))
			return 0;
	skep_fail(err, SKEP_EUSAGE, "no module '%s' in '%s'", module, k->name);
	skep_err_hint(err, "skep btf info --json lists the modules");
	return -SKEP_EUSAGE;
}

/* Of a module everything that it defines, with what that needs of vmlinux. */
static int dump_module(struct buf *out, const struct btf_kernel *k,
		       const struct skep_btf_opts *o, struct skep_err *err)
{
	_cleanup_free_ uint32_t *ids = NULL;
	struct btf_index_part part;
	size_t n = 0;
	int ret = find_part(k, o->module, &part, err);

	if (ret)
		return ret;
	if (o->raw) {
		dump_raw(out, k->ix, part.first, part.cnt);
		return 0;
	}
	ids = calloc((size_t)part.cnt + 1, sizeof(*ids));
	if (!ids)
		return skep_fail(err, ENOMEM, "out of memory");
	for (uint32_t id = part.first; id < part.first + part.cnt; id++) {
		const struct btf_type *t = btf_index_type(k->ix, id);

		if (t && (btf_is_composite(t) || btf_is_any_enum(t) || btf_is_typedef(t)))
			ids[n++] = id;
	}
	return dump_c(out, k->ix, ids, n, err);
}

static int dump(struct buf *out, const struct btf_kernel *k,
		const struct skep_btf_opts *o, struct skep_err *err)
{
	if (o->root_cnt && o->module)
		return skep_fail(err, SKEP_EUSAGE,
				 "roots and a module exclude each other");
	if (o->root_cnt)
		return dump_roots(out, k, o, err);
	if (o->module)
		return dump_module(out, k, o, err);
	if (!o->raw)
		return full_header(out, NULL, k->ix, err);
	dump_raw(out, k->ix, 1, btf_index_info(k->ix)->cnt - 1);
	return 0;
}

int skep_btf_dump(const struct skep_types *types, const struct skep_btf_opts *opts,
		  char **text, struct skep_err *err)
{
	_cleanup_(buf_release) struct buf out = { 0 };
	_cleanup_(btf_kernel_close) struct btf_kernel k = { 0 };
	struct skep_btf_opts o;
	char *s;
	int ret;

	ret = opts_take(&o, sizeof(o), opts, err);
	if (!ret)
		ret = btf_kernel_open(&k, types, &o, err);
	if (!ret)
		ret = dump(&out, &k, &o, err);
	if (ret)
		return ret;
	buf_str(&out, "");
	s = buf_take(&out, NULL);
	if (!s)
		return skep_fail(err, ENOMEM, "out of memory");
	*text = s;
	return 0;
}
