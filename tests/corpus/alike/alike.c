/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * Do kernels that a key calls alike to an object relocate it alike?
 *
 *   alike HOME OBJECT...
 *
 * Every kernel of a library is resolved by itself, and by what was resolved on the first one with the same key. Per
 * object and policy one line, then one per difference:
 *
 *   OBJECT user|kernel records=N kernels=N layouts=N different=N
 */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "lib/btf/index.h"
#include "lib/check/layout.h"
#include "lib/check/patch.h"
#include "lib/check/resolve.h"
#include "lib/kernel/library.h"
#include "lib/object/image.h"

enum { MAX_KERNELS = 256 };

struct kernels {
	struct library *lib; /* of the ids */
	const char *ids[MAX_KERNELS];
	struct btf_index *ix[MAX_KERNELS];
	size_t n;
};

struct subject {
	const struct image *im;
	const struct layout_plan *plan;
	enum resolve_policy policy;
};

/* What was resolved on the first kernel of a key. */
struct class
{
	struct layout_key key;
	struct resolve relos;
};

static void give_up(const char *where, const struct skep_err *err)
{
	fprintf(stderr, "alike: %s: %s\n", where, err->what);
	exit(3);
}

static void open_library(struct kernels *k, const char *home)
{
	const struct profile *const *profiles;
	struct skep_err err = { 0 };
	size_t n;

	if (library_open(&k->lib, home, &err) || library_list(k->lib, &profiles, &n, &err))
		give_up(home, &err);
	for (; k->n < n && k->n < MAX_KERNELS; k->n++) {
		k->ids[k->n] = profiles[k->n]->id;
		if (library_index(k->lib, profiles[k->n], &k->ix[k->n], &err))
			give_up(k->ids[k->n], &err);
	}
}

static bool same_row(const struct resolve_row *a, const struct resolve_row *b)
{
	return a->err == b->err && !a->why == !b->why && a->poison == b->poison &&
	       a->validate == b->validate && a->orig_val == b->orig_val &&
	       a->new_val == b->new_val && a->orig_sz == b->orig_sz &&
	       a->new_sz == b->new_sz && a->cand_cnt == b->cand_cnt &&
	       a->fail_memsz_adjust == b->fail_memsz_adjust;
}

static unsigned int differences(const struct image *im, const struct resolve *a,
				const struct resolve *b)
{
	struct skep_err err = { 0 };
	struct patch pa, pb;
	unsigned int n = 0;

	if (patch_make(&pa, im, a, &err) || patch_make(&pb, im, b, &err))
		give_up(im->o->where, &err);
	for (size_t i = 0; i < a->n; i++)
		n += !same_row(&a->rows[i], &b->rows[i]) ||
		     pa.rows[i].word != pb.rows[i].word;
	n += !!memcmp(pa.insns, pb.insns, im->insn_cnt * sizeof(*pa.insns));
	patch_release(&pa);
	patch_release(&pb);
	return n;
}

/* Against the class that the kernel is of, or as the first of a new one. */
static unsigned int judge_kernel(const struct subject *s, const struct btf_index *ix,
				 struct class *classes, size_t *n)
{
	const struct resolve_opts opts = { .policy = s->policy, .no_targets = true };
	struct skep_err err = { 0 };
	struct layout_key key;
	struct resolve own;
	unsigned int differ;

	if (layout_key(&key, s->plan, ix, s->policy, &err) ||
	    resolve_relos(&own, s->im->o, &s->im->ext.relos, ix, &opts, &err))
		give_up(s->im->o->where, &err);
	for (size_t i = 0; i < *n; i++) {
		if (memcmp(&classes[i].key, &key, sizeof(key)))
			continue;
		if (layout_ids(&classes[i].relos, s->plan, ix, &err))
			give_up(s->im->o->where, &err);
		differ = differences(s->im, &own, &classes[i].relos);
		resolve_release(&own);
		return differ;
	}
	classes[(*n)++] = (struct class){ key, own };
	return 0;
}

static void judge(const struct subject *s, const struct kernels *k)
{
	struct class *classes = calloc(k->n + 1, sizeof(*classes));
	const char *policy = s->policy == RESOLVE_USER ? "user" : "kernel";
	unsigned int different = 0;
	size_t n = 0;

	for (size_t i = 0; i < k->n; i++) {
		unsigned int differ = judge_kernel(s, k->ix[i], classes, &n);

		different += differ;
		if (differ)
			printf("  different: %s: %u\n", k->ids[i], differ);
	}
	printf("%s %s records=%zu kernels=%zu layouts=%zu different=%u\n",
	       s->im->o->where, policy, s->im->ext.relos.n, k->n, n, different);
	fflush(stdout);
	while (n--)
		resolve_release(&classes[n].relos);
	free(classes);
}

static void judge_object(const char *path, const struct kernels *k)
{
	struct skep_err err = { 0 };
	struct layout_plan *plan;
	struct object *o;
	struct image im;

	if (object_read_file(&o, path, &err))
		return;
	if (!image_read(&im, o, &err)) {
		if (layout_plan_new(&plan, &im, &err))
			give_up(path, &err);
		judge(&(struct subject){ &im, plan, RESOLVE_USER }, k);
		judge(&(struct subject){ &im, plan, RESOLVE_KERNEL }, k);
		layout_plan_free(plan);
		image_release(&im);
	}
	object_free(o);
}

int main(int argc, char **argv)
{
	struct kernels k = { .n = 0 };

	if (argc < 3)
		return 2;
	open_library(&k, argv[1]);
	for (int i = 2; i < argc; i++)
		judge_object(argv[i], &k);
	while (k.n--)
		btf_index_close(k.ix[k.n]);
	library_free(k.lib);
	return 0;
}
