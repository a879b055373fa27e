/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * What becomes of an object's CO-RE relocations, one line each, in file order:
 *
 *   probe_core whole OBJECT BTF [MODULE...]    libbpf alone, on all types of the kernel
 *   probe_core resolve OBJECT BTF [MODULE...]  skep's resolver, on an index of the same
 *   probe_core patch user|kernel OBJECT BTF [MODULE...]  what skep makes of the instructions:
 *       KIND = VALUE[ of N bytes]|poison|fails: WHY
 *   probe_core key user|kernel OBJECT BTF [MODULE...]    the key of the layouts that the object can see
 *   probe_core min OUT OBJECT... -- BTF [MODULE...]   writes the min-BTF of the objects
 *   probe_core bundle OUT plain|deflated MIN...       bundles them; ids and releases are the names
 *   probe_core unbundle BUNDLE FOLDER                 writes what is in one as FOLDER/id, and tells of it
 *
 * N KIND err=E poison=P validate=V memsz=M orig=O/SIZE new=N/SIZE cands=C
 */
#include <errno.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <linux/err.h>

#include "libbpf.h"

#include "libbpf_internal.h"
#include "relo_core.h"

#include "lib/base/fs.h"
#include "lib/btf/btf.h"
#include "lib/btf/bundle.h"
#include "lib/btf/index.h"
#include "lib/check/min.h"
#include "lib/check/layout.h"
#include "lib/check/patch.h"
#include "lib/check/resolve.h"
#include "lib/object/image.h"
#include "lib/object/relo.h"

enum { MAX_BTF = 64 };

static void fail(const char *path, const char *what)
{
	fprintf(stderr, "probe_core: %s: %s\n", path, what);
	exit(3);
}

static int quiet(enum libbpf_print_level level, const char *fmt, va_list args)
{
	return getenv("PROBE_DEBUG") ? vfprintf(stderr, fmt, args) : 0;
}

static void print(size_t number, unsigned int kind, int err,
		  const struct bpf_core_relo_res *r, size_t cands)
{
	printf("%zu %u ", number, kind);
	if (err)
		printf("err\n");
	else
		printf("poison=%d validate=%d memsz=%d orig=%llu/%u new=%llu/%u cands=%zu\n",
		       r->poison, r->validate, r->fail_memsz_adjust, r->orig_val,
		       r->orig_sz, r->new_val, r->new_sz, cands);
}

/* --- libbpf --- */

struct kernel {
	struct btf *btf[MAX_BTF];
	int n;
};

static struct bpf_core_cand_list *search(const struct kernel *k, const struct btf *local,
					 __u32 id)
{
	struct bpf_core_cand_list *cands = calloc(1, sizeof(*cands));
	struct bpf_core_cand cand = { local, id };
	const char *name =
		btf__name_by_offset(local, btf__type_by_id(local, id)->name_off);
	size_t len = bpf_core_essential_name_len(name);

	if (!*name)
		return cands;
	bpf_core_add_cands(&cand, len, k->btf[0], "vmlinux", 1, cands);
	for (int i = 1; i < k->n && !(cands->len && cands->cands[0].btf == k->btf[0]); i++)
		bpf_core_add_cands(&cand, len, k->btf[i], "module",
				   btf__type_cnt(k->btf[0]), cands);
	return cands;
}

static int whole(const char *object, char **paths)
{
	struct bpf_core_cand_list **cache;
	const struct btf_ext_info_sec *sec;
	const struct bpf_core_relo *r;
	struct kernel k = { .n = 0 };
	struct btf_ext *ext = NULL;
	struct btf *local;
	size_t number = 0;
	unsigned int i;

	for (; *paths; paths++, k.n++) {
		k.btf[k.n] = k.n ? btf__parse_split(*paths, k.btf[0])
				 : btf__parse(*paths, NULL);
		if (!k.btf[k.n])
			fail(*paths, "no BTF");
	}
	local = btf__parse(object, &ext);
	if (!local || !ext)
		fail(object, "no BTF");
	cache = calloc(btf__type_cnt(local), sizeof(*cache));
	for_each_btf_ext_sec(&ext->core_relo_info, sec)
	{
		for_each_btf_ext_rec(&ext->core_relo_info, sec, i, r)
		{
			struct bpf_core_spec specs[3] = { 0 };
			struct bpf_core_relo_res res = { 0 };
			struct bpf_core_cand_list **c = &cache[r->type_id];
			int err;

			if (!*c)
				*c = search(&k, local, r->type_id);
			err = bpf_core_calc_relo_insn("", r, number, local, *c, specs,
						      &res);
			print(number++, r->kind, err, &res, (*c)->len);
		}
	}
	for (i = 0; i < btf__type_cnt(local); i++)
		if (cache[i])
			bpf_core_free_cands(cache[i]);
	free(cache);
	btf_ext__free(ext);
	btf__free(local);
	while (k.n--)
		btf__free(k.btf[k.n]);
	return 0;
}

/* --- skep --- */

static struct btf_index *index_of(char **paths)
{
	struct btf_blob blobs[MAX_BTF];
	struct skep_err err = { 0 };
	struct btf_index *ix;
	struct buf bytes = { 0 };
	size_t n = 0;

	for (; *paths; paths++, n++) {
		void *data;

		if (btf_file_bytes(*paths, &data, &blobs[n].size, &err))
			fail(*paths, err.what);
		blobs[n].data = data;
		blobs[n].name = n ? *paths : "vmlinux";
	}
	if (btf_index_make(&bytes, blobs, n, 0, &err) || btf_index_own(&ix, &bytes, &err))
		fail("index", err.what);
	while (n--)
		free((void *)blobs[n].data);
	return ix;
}

static struct object *object_of(const char *path)
{
	struct skep_err err = { 0 };
	struct object *o;

	if (object_read_file(&o, path, &err))
		fail(path, err.what);
	return o;
}

static int resolve(const char *object, char **paths)
{
	struct btf_index *ix = index_of(paths);
	struct object *o = object_of(object);
	struct skep_err err = { 0 };
	struct resolve out;

	if (resolve_object(&out, o, ix, &err))
		fail(object, err.what);
	for (size_t i = 0; i < out.n; i++) {
		const struct resolve_row *row = &out.rows[i];
		struct bpf_core_relo_res res = {
			.poison = row->poison,
			.validate = row->validate,
			.fail_memsz_adjust = row->fail_memsz_adjust,
			.orig_val = row->orig_val,
			.new_val = row->new_val,
			.orig_sz = row->orig_sz,
			.new_sz = row->new_sz,
		};

		if (row->err && getenv("PROBE_DEBUG"))
			fprintf(stderr, "%zu: %s\n", i, row->why);
		print(i, row->kind, row->err, &res, row->cand_cnt);
	}
	resolve_release(&out);
	object_free(o);
	btf_index_close(ix);
	return 0;
}

struct question {
	struct btf_index *ix;
	struct object *o;
	struct image im;
	enum resolve_policy policy;
};

static void ask(struct question *q, char **args)
{
	struct skep_err err = { 0 };

	q->policy = strcmp(args[0], "user") ? RESOLVE_KERNEL : RESOLVE_USER;
	q->o = object_of(args[1]);
	q->ix = index_of(args + 2);
	if (image_read(&q->im, q->o, &err))
		fail(args[1], err.what);
}

static void asked(struct question *q)
{
	image_release(&q->im);
	object_free(q->o);
	btf_index_close(q->ix);
}

static void print_patched(const struct bpf_insn *in)
{
	static const int sizes[] = { 4, 2, 1, 8 };

	if (BPF_CLASS(in->code) == BPF_LDX || BPF_CLASS(in->code) == BPF_ST ||
	    BPF_CLASS(in->code) == BPF_STX)
		printf("= %d of %d bytes\n", in->off, sizes[BPF_SIZE(in->code) >> 3]);
	else if (in->code == (BPF_LD | BPF_IMM | BPF_DW))
		printf("= %lld\n", (long long)((__u64)in[1].imm << 32 | (__u32)in->imm));
	else
		printf("= %d\n", in->imm);
}

static int patch(char **args)
{
	struct resolve_opts opts = { .no_targets = true };
	struct skep_err err = { 0 };
	struct resolve relos;
	struct question q;
	struct patch p;

	ask(&q, args);
	opts.policy = q.policy;
	if (resolve_relos(&relos, q.o, &q.im.ext.relos, q.ix, &opts, &err) ||
	    patch_make(&p, &q.im, &relos, &err))
		fail(args[1], err.what);
	for (size_t i = 0; i < p.n; i++) {
		printf("%s ", relo_kind_name(relos.rows[i].kind));
		if (p.rows[i].word == PATCH_FAILED)
			printf("fails: %s\n", p.rows[i].why);
		else if (p.rows[i].word == PATCH_POISONED)
			printf("poison\n");
		else
			print_patched(&p.insns[q.im.relo_insn[i]]);
	}
	patch_release(&p);
	resolve_release(&relos);
	asked(&q);
	return 0;
}

static int key(char **args)
{
	struct skep_err err = { 0 };
	struct layout_plan *plan;
	struct layout_key k;
	struct question q;

	ask(&q, args);
	if (layout_plan_new(&plan, &q.im, &err) ||
	    layout_key(&k, plan, q.ix, q.policy, &err))
		fail(args[1], err.what);
	printf("%016llx%016llx\n", (unsigned long long)k.words[0],
	       (unsigned long long)k.words[1]);
	layout_plan_free(plan);
	asked(&q);
	return 0;
}

static int minimise(char **args)
{
	const struct object *objects[MAX_BTF];
	const char *to = *args++;
	struct skep_err err = { 0 };
	struct buf out = { 0 };
	struct btf_index *ix;
	size_t n = 0;

	for (; *args && strcmp(*args, "--"); args++)
		objects[n++] = object_of(*args);
	ix = index_of(args + 1);
	if (min_make(&out, objects, n, ix, NULL, &err) ||
	    fs_publish(to, out.data, out.len, 0644, &err))
		fail(to, err.what);
	while (n--)
		object_free((struct object *)objects[n]);
	buf_release(&out);
	btf_index_close(ix);
	return 0;
}

static int bundle(char **args)
{
	struct bundle_kernel kernels[MAX_BTF];
	const char *to = args[0];
	enum bundle_form form = strcmp(args[1], "plain") ? BUNDLE_DEFLATED : BUNDLE_PLAIN;
	struct skep_err err = { 0 };
	struct buf out = { 0 };
	size_t n = 0;

	for (args += 2; *args; args++, n++) {
		struct bundle_kernel *k = &kernels[n];
		char *data;

		if (fs_read(*args, FS_MAX_OBJECT, &data, &k->btf_size, &err))
			fail(*args, err.what);
		k->id = k->release = fs_basename(*args);
		k->version = "#1 SMP";
		k->arch = "x86_64";
		k->btf = data;
	}
	if (btf_bundle_write(&out, kernels, n, form, &err) ||
	    fs_publish(to, out.data, out.len, 0644, &err))
		fail(to, err.what);
	while (n--)
		free((void *)kernels[n].btf);
	buf_release(&out);
	return 0;
}

static int unbundle(const char *path, const char *folder)
{
	struct skep_err err = { 0 };
	struct btf_bundle *b;
	size_t size;
	char *data = NULL;

	if (fs_read(path, FS_MAX_OBJECT, &data, &size, &err) ||
	    btf_bundle_read(&b, data, size, path, &err)) {
		fprintf(stderr, "%s: %s\n", err.where, err.what);
		free(data);
		return skep_err_status(err.code);
	}
	for (size_t i = 0; i < btf_bundle_cnt(b); i++) {
		const struct bundle_kernel *k = btf_bundle_at(b, i);
		char to[4096];

		snprintf(to, sizeof(to), "%s/%s", folder, k->id);
		if (fs_publish(to, k->btf, k->btf_size, 0644, &err))
			fail(to, err.what);
		printf("%s %s %s %s %zu\n", k->id, k->release, k->version, k->arch,
		       k->btf_size);
	}
	printf("distinct %zu\n", btf_bundle_distinct(b));
	btf_bundle_free(b);
	free(data);
	return 0;
}

int main(int argc, char **argv)
{
	if (argc < 4)
		return 2;
	libbpf_set_print(quiet);
	if (!strcmp(argv[1], "whole"))
		return whole(argv[2], argv + 3);
	if (!strcmp(argv[1], "resolve"))
		return resolve(argv[2], argv + 3);
	if (!strcmp(argv[1], "patch"))
		return patch(argv + 2);
	if (!strcmp(argv[1], "key"))
		return key(argv + 2);
	if (!strcmp(argv[1], "bundle"))
		return bundle(argv + 2);
	if (!strcmp(argv[1], "unbundle"))
		return unbundle(argv[2], argv[3]);
	return minimise(argv + 2);
}
