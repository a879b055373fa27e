/* SPDX-License-Identifier: BSD-2-Clause */
/* The library as reports: all kernels, or all of one. */
#include <errno.h>
#include <fcntl.h>
#include <unistd.h>

#include <skep/kernel.h>

#include "lib/base/cleanup.h"
#include "lib/base/opts.h"
#include "lib/btf/hook.h"
#include "lib/btf/index.h"
#include "lib/kernel/kept.h"
#include "lib/kernel/library.h"
#include "lib/kernel/modules.h"
#include "lib/kernel/rows.h"
#include "lib/kernel/store.h"

uint32_t profile_modules(const struct library *lib, const struct profile *p)
{
	_cleanup_free_ char *path = p->modules ? library_blob(lib, p->modules) : NULL;
	_cleanup_close_ int fd = path ? open(path, O_RDONLY | O_CLOEXEC) : -1;
	uint8_t head[MODULES_HEAD];

	if (fd < 0 || read(fd, head, sizeof(head)) != (ssize_t)sizeof(head))
		return 0;
	return modules_count(head);
}

void profile_row(struct skep_node *row, const struct library *lib, const struct profile *p)
{
	skep_node_str(row, "id", "id", p->id);
	skep_node_str(row, "release", "release", *p->release ? p->release : NULL);
	skep_node_str(row, "arch", "arch", p->arch->name);
	skep_node_uint(row, "modules", "modules", profile_modules(lib, p));
	skep_node_bool(row, "config", "config", p->config);
	skep_node_bool(row, "boots", "boots", p->image);
}

static uint64_t total_bytes(const struct library *lib, const struct profile *p)
{
	const struct store *s = library_store(lib);

	return store_size(s, p->btf) + store_size(s, p->modules) +
	       store_size(s, p->config) + store_size(s, p->image) +
	       store_size(s, p->module_files);
}

int skep_kernel_list(const struct skep_kernel_opts *given, struct skep_report *report,
		     struct skep_err *err)
{
	struct skep_node *root = skep_report_root(report), *table;
	_cleanup_(library_freep) struct library *lib = NULL;
	const struct profile *const *all;
	struct skep_kernel_opts opts;
	size_t n = 0;
	int rc = opts_take(&opts, sizeof(opts), given, err);

	if (!rc)
		rc = library_open(&lib, opts.home, err);
	if (!rc)
		rc = library_list(lib, &all, &n, err);
	if (rc)
		return rc;
	skep_node_str(root, "home", NULL, library_store(lib)->home);
	table = skep_node_table(root, "kernels", "");
	for (size_t i = 0; i < n; i++) {
		struct skep_node *row = skep_node_row(table);

		profile_row(row, lib, all[i]);
		skep_node_uint(row, "bytes", "bytes", total_bytes(lib, all[i]));
		skep_node_str(row, "digest", NULL, all[i]->digest);
	}
	if (!n)
		skep_log(opts.log, SKEP_LOG_INFO,
			 "no kernels yet: skep kernel add host, or skep kernel fetch "
			 "debian/SUITE");
	return 0;
}

/* ---- one ---- */

static void add_file(struct skep_node *table, const struct library *lib, const char *what,
		     const char *digest)
{
	_cleanup_free_ char *path = digest ? library_blob(lib, digest) : NULL;
	struct skep_node *row;

	if (!digest)
		return;
	row = skep_node_row(table);
	skep_node_str(row, "what", "what", what);
	skep_node_uint(row, "bytes", "bytes", store_size(library_store(lib), digest));
	skep_node_str(row, "digest", NULL, digest);
	skep_node_str(row, "path", "path", path);
}

static void add_types(struct skep_node *root, const struct btf_index *ix)
{
	static const struct {
		enum btf_index_hook kind;
		const char *key, *label;
	} hooks[] = {
		{ BTF_HOOK_TRACEPOINT, "tracepoints", "tracepoints" },
		{ BTF_HOOK_LSM, "lsm", "LSM hooks" },
		{ BTF_HOOK_ITER, "iterators", "iterators" },
		{ BTF_HOOK_STRUCT_OPS, "struct_ops", "struct_ops" },
		{ BTF_HOOK_KFUNC, "kfuncs", "kfuncs" },
	};
	struct skep_node *types = skep_node_section(root, "types", "types");
	const struct btf_index_info *info = btf_index_info(ix);

	skep_node_uint(types, "types", "all", info->cnt - 1);
	skep_node_uint(types, "modules", "modules", info->part_cnt - 1);
	for (size_t i = 0; i < ARRAY_SIZE(hooks); i++)
		skep_node_uint(types, hooks[i].key, hooks[i].label,
			       hook_count(ix, hooks[i].kind));
}

/* Which modules guests can load; a blob that is damaged keeps none. */
static void add_kept(struct skep_node *root, const struct library *lib,
		     const struct profile *p)
{
	_cleanup_free_ char *blob = NULL;
	struct kept kept = { 0 };
	size_t size;

	skep_node_item(root, "loadable", "loadable", NULL);
	if (!p->module_files ||
	    store_read(library_store(lib), p->module_files, &blob, &size, NULL) ||
	    kept_read(&kept, blob, size, NULL))
		return;
	for (size_t i = 0; i < kept.n; i++)
		skep_node_item(root, "loadable", "loadable", kept.all[i].name);
	kept_release(&kept);
}

static void fill(struct skep_node *root, const struct library *lib,
		 const struct profile *p, const struct btf_index *ix)
{
	struct skep_node *table;

	skep_node_str(root, "id", "id", p->id);
	skep_node_str(root, "release", "release", *p->release ? p->release : NULL);
	skep_node_str(root, "version", "version", p->version);
	skep_node_str(root, "arch", "arch", p->arch->name);
	skep_node_uint(root, "pointer_size", "pointer size", p->ptr_size);
	skep_node_str(root, "endian", "endian", p->big_endian ? "big" : "little");
	skep_node_str(root, "digest", "digest", p->digest);
	add_types(root, ix);
	add_kept(root, lib, p);
	table = skep_node_table(root, "files", "files");
	add_file(table, lib, "btf", p->btf);
	add_file(table, lib, "modules", p->modules);
	add_file(table, lib, "config", p->config);
	add_file(table, lib, "image", p->image);
	add_file(table, lib, "module files", p->module_files);
	table = skep_node_table(root, "sources", "made from");
	for (size_t i = 0; i < p->source_cnt; i++) {
		struct skep_node *row = skep_node_row(table);

		skep_node_str(row, "name", "name", p->sources[i].name);
		skep_node_str(row, "digest", "digest", p->sources[i].digest);
	}
}

int skep_kernel_show(const char *id, const struct skep_kernel_opts *given,
		     struct skep_report *report, struct skep_err *err)
{
	_cleanup_(library_freep) struct library *lib = NULL;
	struct skep_kernel_opts opts;
	const struct profile *p;
	struct btf_index *ix;
	int rc = opts_take(&opts, sizeof(opts), given, err);

	if (!rc)
		rc = library_open(&lib, opts.home, err);
	if (!rc)
		rc = library_find_index(lib, id, NULL, &p, &ix, err);
	if (rc)
		return rc;
	fill(skep_report_root(report), lib, p, ix);
	btf_index_close(ix);
	return 0;
}

/* ---- fewer ---- */

/* Two names may mean one kernel. */
static int find_each(struct library *lib, const char *const *ids, size_t n,
		     const struct profile **profiles, size_t *cnt, struct skep_err *err)
{
	for (size_t i = 0; i < n; i++) {
		size_t at = 0;
		int rc = library_find_only(lib, ids[i], &profiles[*cnt], err);

		if (rc)
			return rc;
		while (profiles[at] != profiles[*cnt])
			at++;
		*cnt += at == *cnt;
	}
	return 0;
}

int skep_kernel_remove(const char *const *ids, size_t n,
		       const struct skep_kernel_opts *given, struct skep_report *report,
		       struct skep_err *err)
{
	_cleanup_free_ const struct profile **profiles = calloc(n + 1, sizeof(*profiles));
	_cleanup_(library_freep) struct library *lib = NULL;
	struct skep_node *root = skep_report_root(report);
	struct skep_kernel_opts opts;
	uint64_t freed = 0;
	size_t cnt = 0;
	int rc = opts_take(&opts, sizeof(opts), given, err);

	if (!rc && !profiles)
		rc = skep_fail(err, ENOMEM, "out of memory");
	if (!rc)
		rc = library_open(&lib, opts.home, err);
	if (!rc)
		rc = find_each(lib, ids, n, profiles, &cnt, err);
	if (!rc)
		rc = library_remove(lib, profiles, cnt, &freed, err);
	if (rc)
		return rc;
	for (size_t i = 0; i < cnt; i++)
		skep_node_item(root, "removed", "removed", profiles[i]->id);
	skep_node_uint(root, "bytes", "bytes freed", freed);
	return 0;
}
