/* SPDX-License-Identifier: BSD-2-Clause */
/* Baseline against a matrix: both as sorted entries, walked side by side. */
#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "lib/base/json.h"
#include "lib/check/matrix_parts.h"
#include "lib/prove/baseline_parts.h"

void baseline_free(struct baseline *b)
{
	if (!b)
		return;
	for (size_t i = 0; i < b->title_cnt; i++)
		free(b->titles[i]);
	free(b->titles);
	js_free(b->json);
	free(b->entries);
	free(b);
}

int baseline_order(const struct baseline_entry *a, const struct baseline_entry *b)
{
	int order = strcmp(a->kernel, b->kernel);

	order = order ? order : strcmp(a->object, b->object);
	return order ? order : strcmp(a->program, b->program);
}

static int by_name(const void *a, const void *b)
{
	return baseline_order(a, b);
}

void baseline_sort(struct baseline *b)
{
	if (b->n)
		qsort(b->entries, b->n, sizeof(*b->entries), by_name);
}

static void add_entry(struct baseline *b, struct baseline_entry e,
		      const struct proof_program *p)
{
	if (p->load == PROOF_UNTRIED)
		return;
	e.loaded = p->load == PROOF_LOADED;
	if (e.loaded) {
		e.stats[0] = p->stats.insns;
		e.stats[1] = p->stats.states;
		e.stats[2] = p->stats.peak_states;
		e.stats[3] = p->stats.stack;
		e.stats[4] = p->stats.jited;
	}
	b->entries[b->n++] = e;
}

static void add_row(struct baseline *b, const struct matrix *m, size_t row, size_t kernel)
{
	const struct matrix_row *r = &m->rows[row];
	const struct matrix_proven *v = r->proven ? r->proven[kernel] : NULL;
	const struct matrix_kernel *k = &m->kernels[kernel];
	struct baseline_entry e = { .kernel = k->id,
				    .object = b->titles[row],
				    .kernel_id = k->id,
				    .object_name = r->name };

	/* the same name on every machine: its release is what tells it from the next */
	if (!strcmp(k->id, "host") && k->release)
		e.kernel = k->release;
	for (size_t i = 0; v && i < r->program_cnt && i < v->proof->program_cnt; i++) {
		e.program = r->programs[i];
		add_entry(b, e, &v->proof->programs[i]);
	}
}

static int name_rows(struct baseline *b, const struct matrix *m)
{
	b->titles = calloc(m->row_cnt + 1, sizeof(*b->titles));
	if (!b->titles)
		return -ENOMEM;
	for (; b->title_cnt < m->row_cnt; b->title_cnt++) {
		struct buf title = { 0 };

		matrix_title(&title, m, &m->rows[b->title_cnt]);
		b->titles[b->title_cnt] = buf_take(&title, NULL);
		if (!b->titles[b->title_cnt])
			return -ENOMEM;
	}
	return 0;
}

int baseline_of(struct baseline **out, const struct matrix *m, struct skep_err *err)
{
	_cleanup_(baseline_freep) struct baseline *b = calloc(1, sizeof(*b));
	size_t most = 1;

	for (size_t i = 0; i < m->row_cnt; i++)
		most += m->rows[i].program_cnt * m->kernel_cnt;
	if (b)
		b->entries = calloc(most, sizeof(*b->entries));
	if (!b || !b->entries || name_rows(b, m))
		return skep_fail(err, ENOMEM, "out of memory");
	for (size_t i = 0; i < m->row_cnt; i++)
		for (size_t k = 0; k < m->kernel_cnt; k++)
			add_row(b, m, i, k);
	baseline_sort(b);
	*out = TAKE(b);
	return 0;
}

/* --- side by side --- */

static bool grew(uint64_t before, uint64_t now, unsigned int percent)
{
	return (unsigned __int128)now * 100 >
	       (unsigned __int128)before * (100 + (uint64_t)percent);
}

static void compare(const struct baseline_entry *old, const struct baseline_entry *new,
		    unsigned int percent, struct matrix_growth *to, size_t *n)
{
	struct matrix_growth g = { .kernel = new->kernel_id,
				   .object = new->object_name,
				   .program = new->program };

	if (!old->loaded)
		return;
	if (!new->loaded) {
		g.what = "verdict";
		g.before = 1;
		to[(*n)++] = g;
		return;
	}
	for (size_t i = 0; i < BASELINE_STATS; i++) {
		if (!grew(old->stats[i], new->stats[i], percent))
			continue;
		g.what = baseline_stat(i);
		g.before = old->stats[i];
		g.now = new->stats[i];
		to[(*n)++] = g;
	}
}

/* Which of the two is next; 0: both. */
static int next(const struct baseline *b, size_t i, const struct baseline *now, size_t j)
{
	if (i == b->n || j == now->n)
		return i == b->n ? 1 : -1;
	return baseline_order(&b->entries[i], &now->entries[j]);
}

int baseline_compare(const struct baseline *b, const struct matrix *m,
		     unsigned int percent, struct matrix_growth **out, size_t *n,
		     size_t *compared, struct skep_err *err)
{
	_cleanup_(baseline_freep) struct baseline *now = NULL;
	struct matrix_growth *grown;
	size_t grown_cnt = 0, both = 0;
	int rc = baseline_of(&now, m, err);

	if (rc)
		return rc;
	grown = calloc(now->n * BASELINE_STATS + 1, sizeof(*grown));
	if (!grown)
		return skep_fail(err, ENOMEM, "out of memory");
	for (size_t i = 0, j = 0; i < b->n || j < now->n;) {
		int which = next(b, i, now, j);

		if (!which) {
			compare(&b->entries[i], &now->entries[j], percent, grown,
				&grown_cnt);
			both++;
		}
		i += which <= 0;
		j += which >= 0;
	}
	if (now->n && !both) {
		free(grown);
		skep_fail(err, SKEP_EUSAGE,
			  "the baseline has none of these programs on these kernels");
		return skep_err_hint(err, "skep prove --save FILE writes one of them");
	}
	*out = grown;
	*n = grown_cnt;
	*compared = both;
	return 0;
}

static bool has_kernel(const struct baseline *b, const char *kernel)
{
	for (size_t i = 0; i < b->n; i++)
		if (!strcmp(b->entries[i].kernel, kernel))
			return true;
	return false;
}

static void tell(const struct skep_log *log, const struct baseline_entry *e,
		 const char *what)
{
	skep_log(log, SKEP_LOG_INFO, "%s %s on %s %s", e->object, e->program, e->kernel,
		 what);
}

void baseline_tell(const struct baseline *b, const struct matrix *m,
		   const struct skep_log *log)
{
	_cleanup_(baseline_freep) struct baseline *now = NULL;
	const char *absent = NULL;

	if (baseline_of(&now, m, NULL))
		return;
	for (size_t i = 0, j = 0; i < b->n || j < now->n;) {
		int which = next(b, i, now, j);
		const struct baseline_entry *old = which < 0 ? &b->entries[i] : NULL;

		if (which > 0) {
			tell(log, &now->entries[j], "is not in the baseline");
		} else if (old && has_kernel(now, old->kernel)) {
			tell(log, old, "is in the baseline alone");
		} else if (old && (!absent || strcmp(absent, old->kernel))) {
			absent = old->kernel;
			skep_log(log, SKEP_LOG_INFO,
				 "%s is in the baseline, and was not asked", absent);
		}
		i += which <= 0;
		j += which >= 0;
	}
}
