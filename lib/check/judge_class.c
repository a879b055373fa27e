/* SPDX-License-Identifier: BSD-2-Clause */
/* Classes: kernels that are alike to an object, as far as its relocations and externs go; each is worked out once. */
#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "lib/base/cleanup.h"
#include "lib/check/judge_parts.h"
#include "lib/object/facts.h"

/* Room for one more pointer, at 0, 1, 2, 4, 8 … of them. */
static int grow(void *array, size_t n, struct skep_err *err)
{
	void **grown;

	if (n & (n - 1))
		return 0;
	grown = reallocarray(*(void **)array, n ? 2 * n : 1, sizeof(*grown));
	if (!grown)
		return skep_fail(err, ENOMEM, "out of memory");
	*(void **)array = grown;
	return 0;
}

/*
 * Records of programs that are not loaded by default have no part in what libbpf makes of the others: those rows
 * come from a second run, as if every program were loaded.
 */
static int resolve_both(struct judge *j, const struct btf_index *ix, struct resolve *out,
			struct skep_err *err)
{
	struct resolve_opts opts = { .policy = j->policy,
				     .skip = j->skip,
				     .no_targets = true };
	struct resolve all = { 0 };
	int rc = resolve_relos(out, j->o, &j->im.ext.relos, ix, &opts, err);

	if (rc || !j->skips_any)
		return rc;
	opts.skip = NULL;
	rc = resolve_relos(&all, j->o, &j->im.ext.relos, ix, &opts, err);
	for (size_t i = 0; !rc && i < all.n; i++)
		if (j->skip[i]) {
			struct resolve_row row = out->rows[i];

			out->rows[i] = all.rows[i];
			all.rows[i] = row;
		}
	resolve_release(&all);
	return rc;
}

static int make_layout(struct judge *j, const struct target *t,
		       const struct layout_key *key, struct skep_err *err)
{
	struct layout_class *c = calloc(1, sizeof(*c));
	int rc = c ? grow(&j->layouts, j->layout_cnt, err)
		   : skep_fail(err, ENOMEM, "out of memory");

	if (!rc)
		rc = resolve_both(j, t->ix, &c->relos, err);
	if (!rc)
		rc = patch_make(&c->patch, &j->im, &c->relos, err);
	if (rc) {
		layout_class_free(c);
		return rc;
	}
	c->key = *key;
	j->layouts[j->layout_cnt++] = c;
	return 0;
}

int judge_layout(struct judge *j, const struct target *t, const struct layout_class **out,
		 struct skep_err *err)
{
	struct layout_key key;
	int rc = layout_key(&key, j->plan, t->ix, j->policy, err);

	for (size_t i = 0; !rc && i < j->layout_cnt; i++)
		if (!memcmp(&j->layouts[i]->key, &key, sizeof(key))) {
			*out = j->layouts[i];
			return 0;
		}
	if (!rc)
		rc = make_layout(j, t, &key, err);
	if (!rc)
		*out = j->layouts[j->layout_cnt - 1];
	return rc;
}

void layout_class_free(struct layout_class *c)
{
	if (!c)
		return;
	resolve_release(&c->relos);
	patch_release(&c->patch);
	free(c);
}

static bool same_extern(const struct flow_extern *a, const struct flow_extern *b)
{
	return a->word == b->word &&
	       (a->word != FLOW_VALUE || (a->size == b->size && a->size <= 8 &&
					  !memcmp(a->value, b->value, a->size)));
}

static bool same_externs(const struct flow_extern *a, const struct flow_extern *b,
			 size_t n)
{
	for (size_t i = 0; i < n; i++)
		if (!same_extern(&a[i], &b[i]))
			return false;
	return true;
}

static int make_flows(struct judge *j, struct flow_class *c, struct skep_err *err)
{
	const struct flow_env env = { .insns = c->layout->patch.insns,
				      .externs = c->externs,
				      .lazy_globals = c->lazy_globals };
	int rc = 0;

	c->flows = calloc(j->o->program_cnt + 1, sizeof(*c->flows));
	if (!c->flows)
		return skep_fail(err, ENOMEM, "out of memory");
	for (uint32_t i = 0; i < j->o->program_cnt && !rc; i++)
		rc = flow_program(&c->flows[i], &j->im, i, &env, err);
	return rc;
}

static bool has_lazy_globals(const struct target *t)
{
	const struct facts_feature_row *f = facts_feature(FEATURE_LAZY_GLOBALS);

	return target_probe(t, f->probe) == TARGET_YES;
}

int judge_flow(struct judge *j, const struct layout_class *layout, const struct target *t,
	       const struct flow_class **out, struct skep_err *err)
{
	_cleanup_free_ struct flow_extern *externs = NULL;
	bool lazy = has_lazy_globals(t);
	struct flow_class *c;
	int rc = hold_externs(&externs, &j->im, t, err);

	if (rc)
		return rc;
	for (size_t i = 0; i < j->flow_cnt; i++) {
		c = j->flows[i];
		if (c->layout == layout && c->lazy_globals == lazy &&
		    same_externs(c->externs, externs, j->im.extern_cnt)) {
			*out = c;
			return 0;
		}
	}
	c = calloc(1, sizeof(*c));
	rc = c ? grow(&j->flows, j->flow_cnt, err)
	       : skep_fail(err, ENOMEM, "out of memory");
	if (!rc) {
		*c = (struct flow_class){ .layout = layout,
					  .externs = TAKE(externs),
					  .lazy_globals = lazy };
		rc = make_flows(j, c, err);
	}
	if (rc) {
		flow_class_free(c, &j->im);
		return rc;
	}
	j->flows[j->flow_cnt++] = c;
	*out = c;
	return 0;
}

void flow_class_free(struct flow_class *c, const struct image *im)
{
	if (!c)
		return;
	for (size_t i = 0; c->flows && i < im->o->program_cnt; i++)
		flow_release(&c->flows[i]);
	free(c->flows);
	free(c->externs);
	free(c);
}
