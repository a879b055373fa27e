/* SPDX-License-Identifier: BSD-2-Clause */
/* skep_btf_min(): objects and kernels by name, a bundle or one min-BTF out. */
#include <skep/btf.h>

#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <sys/utsname.h>

#include <linux/bpf.h>

#include "lib/base/cleanup.h"
#include "lib/base/fs.h"
#include "lib/base/opts.h"
#include "lib/btf/bundle.h"
#include "lib/btf/cache.h"
#include "lib/btf/cname.h"
#include "lib/btf/index.h"
#include "lib/check/min.h"
#include "lib/kernel/library.h"
#include "lib/object/elffile.h"
#include "lib/object/ext.h"
#include "lib/object/object.h"

DEFINE_CLEANUP(struct btf_index *, btf_index_close)

/* A kernel of the result; strings owned. */
struct one {
	char *id, *release, *version;
	const struct arch *arch;
	bool big_endian;
	struct buf btf;
	struct min_stats stats;
};

struct job {
	struct skep_btf_min_opts opts;
	struct library *lib;
	struct object **objects;
	size_t object_cnt;
	struct one *kernels;
	size_t n;
};

static char *copy(const char *s)
{
	return strdup(s ? s : "");
}

static int open_profile(struct job *j, struct one *k, const char *id,
			struct btf_index **ix, struct skep_err *err)
{
	const struct profile *p = NULL;
	int rc = 0;

	if (!j->opts.home)
		rc = skep_fail(err, ENOENT, "no kernel '%s': there is no library", id);
	if (!rc && !j->lib)
		rc = library_open(&j->lib, j->opts.home, err);
	if (!rc)
		rc = library_find(j->lib, id, arch_host(), &p, err);
	if (!rc)
		rc = library_index(j->lib, p, ix, err);
	if (rc)
		return rc;
	k->id = copy(p->id);
	k->release = copy(p->release);
	k->version = copy(p->version);
	k->arch = p->arch;
	return 0;
}

/* "5.4.0-1009-aws.btf": files of types are named after the release. */
static char *release_of(const char *path)
{
	const char *base = fs_basename(path);
	size_t len = strlen(base);

	return strndup(base, len > 4 && !strcmp(base + len - 4, ".btf") ? len - 4 : len);
}

static int open_file(struct job *j, struct one *k, const char *path,
		     struct btf_index **ix, struct skep_err *err)
{
	struct utsname u = { 0 };
	int rc = btf_cache_index(ix, path, j->opts.cache_dir, err);

	if (rc)
		return rc;
	if (!path)
		uname(&u);
	k->id = path ? release_of(path) : copy("host");
	k->release = path ? release_of(path) : copy(u.release);
	k->version = copy(u.version);
	k->arch = arch_host();
	return 0;
}

static int check_order(const struct job *j, const struct one *k, struct skep_err *err)
{
	for (size_t i = 0; i < j->object_cnt; i++) {
		const struct object *o = j->objects[i];

		if (o->big_endian == k->big_endian)
			continue;
		skep_fail(err, SKEP_EKIND, "object is of another byte order than '%s'",
			  k->id);
		return skep_err_at(err, o->where, 0, 0);
	}
	return 0;
}

static int add_kernel(struct job *j, const struct skep_types *types, struct skep_err *err)
{
	_cleanup_(btf_index_closep) struct btf_index *ix = NULL;
	struct one *k = &j->kernels[j->n++];
	int rc;

	if (types->kernel && types->btf)
		return skep_fail(err, SKEP_EUSAGE,
				 "types are of a kernel or of a file, not of both");
	rc = types->kernel ? open_profile(j, k, types->kernel, &ix, err)
			   : open_file(j, k, types->btf, &ix, err);
	if (!rc && (!k->id || !k->release || !k->version))
		rc = skep_fail(err, ENOMEM, "out of memory");
	if (rc)
		return rc;
	if (!*k->release && !j->opts.raw)
		skep_log(j->opts.log, SKEP_LOG_WARN, BUNDLE_NAMELESS, k->id);
	k->big_endian = btf_index_info(ix)->big_endian;
	rc = check_order(j, k, err);
	return rc ? rc
		  : min_make(&k->btf, (const struct object *const *)j->objects,
			     j->object_cnt, ix, &k->stats, err);
}

static int read_objects(struct job *j, const char *const *paths, size_t n,
			struct skep_err *err)
{
	int rc = 0;

	j->objects = calloc(n, sizeof(*j->objects));
	if (!j->objects)
		return skep_fail(err, ENOMEM, "out of memory");
	for (size_t i = 0; i < n && !rc; i++) {
		rc = object_read_file(&j->objects[i], paths[i], err);
		j->object_cnt += !rc;
	}
	return rc;
}

static int write_bundle(const struct job *j, struct buf *out, struct skep_err *err)
{
	_cleanup_free_ struct bundle_kernel *all = calloc(j->n, sizeof(*all));

	if (!all)
		return skep_fail(err, ENOMEM, "out of memory");
	for (size_t i = 0; i < j->n; i++) {
		const struct one *k = &j->kernels[i];

		all[i] = (struct bundle_kernel){
			.id = k->id,
			.release = k->release,
			.version = k->version,
			.arch = k->arch ? k->arch->name : "",
			.btf = k->btf.data,
			.btf_size = k->btf.len,
		};
	}
	return btf_bundle_write(out, all, j->n, BUNDLE_DEFLATED, err);
}

/* Ids that a program asks for with bpf_core_type_id_kernel() are those of the BTF libbpf is given. */
static int tell_type_ids(const struct object *o, struct skep_node *table,
			 struct skep_err *err)
{
	struct cname *names = cname_new(o->btf);
	struct elf_file elf = { 0 };
	struct ext ext = { 0 };
	int rc = names ? 0 : skep_fail(err, ENOMEM, "out of memory");

	if (!rc)
		rc = elf_file_read(&elf, o->data, o->size, err);
	if (!rc)
		rc = ext_read(&ext, &elf, o->btf, err);
	for (size_t i = 0; i < ext.relos.n && !rc; i++) {
		const struct ext_row *relo = &ext.relos.rows[i];
		_cleanup_free_ char *type = NULL;
		struct skep_node *row;

		if (relo->relo.kind != BPF_CORE_TYPE_ID_TARGET)
			continue;
		type = cname_declare(names, relo->relo.type_id, NULL);
		row = skep_node_row(table);
		skep_node_str(row, "object", "object", o->where);
		skep_node_str(row, "section", "section", elf.sections[relo->section].name);
		skep_node_uint(row, "insn", "insn", relo->insn_off / 8);
		skep_node_str(row, "type", "type", type);
	}
	ext_release(&ext);
	elf_file_release(&elf);
	cname_free(names);
	return rc;
}

static bool is_repeated(const struct job *j, size_t at)
{
	const struct buf *b = &j->kernels[at].btf;

	for (size_t i = 0; i < at; i++)
		if (j->kernels[i].btf.len == b->len &&
		    !memcmp(j->kernels[i].btf.data, b->data, b->len))
			return true;
	return false;
}

static int tell(const struct job *j, const char *output, size_t size,
		struct skep_report *report, struct skep_err *err)
{
	struct skep_node *root = skep_report_root(report);
	struct skep_node *table = skep_node_table(root, "kernels", "");
	size_t distinct = 0;
	int rc = 0;

	for (size_t i = 0; i < j->n; i++) {
		const struct one *k = &j->kernels[i];
		struct skep_node *row = skep_node_row(table);

		skep_node_str(row, "kernel", "kernel", k->id);
		skep_node_str(row, "release", "release", k->release);
		skep_node_str(row, "arch", "arch", k->arch ? k->arch->name : NULL);
		skep_node_uint(row, "bytes", "bytes", k->btf.len);
		skep_node_uint(row, "relocations", "relocations", k->stats.relocations);
		skep_node_uint(row, "unresolved", "unresolved", k->stats.unresolved);
		distinct += !is_repeated(j, i);
	}
	table = skep_node_table(
		root, "type_ids",
		"these get ids of the min-BTF instead of the kernel's (bpf_core_type_id_kernel)");
	for (size_t i = 0; i < j->object_cnt && !rc; i++)
		rc = tell_type_ids(j->objects[i], table, err);
	skep_node_str(root, "output", "output", output);
	skep_node_uint(root, "distinct", "distinct", distinct);
	skep_node_uint(root, "bytes", "bytes", size);
	return rc;
}

static int make(struct job *j, const struct skep_types *types, size_t n,
		const char *output, struct skep_report *report, struct skep_err *err)
{
	_cleanup_(buf_release) struct buf bundle = { 0 };
	const struct buf *out = &bundle;
	int rc = 0;

	j->kernels = calloc(n, sizeof(*j->kernels));
	if (!j->kernels)
		return skep_fail(err, ENOMEM, "out of memory");
	for (size_t i = 0; i < n && !rc; i++)
		rc = add_kernel(j, &types[i], err);
	if (!rc && j->opts.raw)
		out = &j->kernels[0].btf;
	else if (!rc)
		rc = write_bundle(j, &bundle, err);
	if (!rc)
		rc = fs_publish(output, out->data, out->len, 0666, err);
	return rc ? rc : tell(j, output, out->len, report, err);
}

static void release(struct job *j)
{
	for (size_t i = 0; i < j->object_cnt; i++)
		object_free(j->objects[i]);
	for (size_t i = 0; j->kernels && i < j->n; i++) {
		free(j->kernels[i].id);
		free(j->kernels[i].release);
		free(j->kernels[i].version);
		buf_release(&j->kernels[i].btf);
	}
	free(j->objects);
	free(j->kernels);
	library_free(j->lib);
}

int skep_btf_min(const char *const *objects, size_t object_cnt,
		 const struct skep_types *types, size_t type_cnt, const char *output,
		 const struct skep_btf_min_opts *opts, struct skep_report *report,
		 struct skep_err *err)
{
	struct job j = { 0 };
	int rc = opts_take(&j.opts, sizeof(j.opts), opts, err);

	if (!rc && (!object_cnt || !type_cnt))
		rc = skep_fail(err, SKEP_EUSAGE, "a min-BTF wants objects and a kernel");
	if (!rc && j.opts.raw && type_cnt != 1)
		rc = skep_fail(err, SKEP_EUSAGE,
			       "raw BTF is of one kernel; a bundle is of many");
	if (!rc)
		rc = read_objects(&j, objects, object_cnt, err);
	if (!rc)
		rc = make(&j, types, type_cnt, output, report, err);
	release(&j);
	return rc;
}
