/* SPDX-License-Identifier: BSD-2-Clause */
/* Groups: what is found on several kernels in the same words is told once. */
#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "lib/base/cleanup.h"
#include "lib/check/matrix_parts.h"

struct entry {
	uint32_t row, place;
	bool optional;
	const struct matrix_finding *finding;
};

static int text_order(const char *a, const char *b)
{
	if (a == b)
		return 0;
	if (!a || !b)
		return a ? 1 : -1;
	return strcmp(a, b);
}

static int number_order(uint32_t a, uint32_t b)
{
	return (a > b) - (a < b);
}

static int source_order(const struct matrix_finding *a, const struct matrix_finding *b)
{
	int order = text_order(a->file, b->file);

	order = order ? order : number_order(a->line, b->line);
	order = order ? order : number_order(a->column, b->column);
	order = order ? order : text_order(a->text, b->text);
	order = order ? order : text_order(a->function, b->function);
	return order ? order : number_order(a->insn, b->insn);
}

static int words_order(const struct matrix_finding *a, const struct matrix_finding *b)
{
	int order = text_order(a->kind, b->kind);

	order = order ? order : text_order(a->name, b->name);
	order = order ? order : text_order(a->program, b->program);
	order = order ? order : text_order(a->phase, b->phase);
	order = order ? order : text_order(a->reason, b->reason);
	if (order || a->status == MATRIX_GUARDED)
		return order;
	order = text_order(a->instead, b->instead);
	return order ? order : text_order(a->remedy, b->remedy);
}

static int finding_order(const struct matrix_finding *a, const struct matrix_finding *b)
{
	int order = 0;

	if (a != b)
		order = number_order(a->status, b->status);
	if (!order && a != b)
		order = source_order(a, b);
	if (!order && a != b)
		order = words_order(a, b);
	return order;
}

static int entry_order(const void *a, const void *b)
{
	const struct entry *x = a, *y = b;
	int order = number_order(x->row, y->row);

	order = order ? order : finding_order(x->finding, y->finding);
	order = order ? order : x->optional - y->optional;
	return order ? order : number_order(x->place, y->place);
}

static size_t count(const struct matrix *m)
{
	size_t n = 0;

	for (size_t i = 0; i < m->row_cnt; i++)
		for (size_t k = 0; k < m->kernel_cnt; k++)
			n += m->rows[i].cells[k] ? m->rows[i].cells[k]->n : 0;
	return n;
}

static bool optional(const struct matrix_cell *c, const struct matrix_finding *f)
{
	return c->word == VERDICT_LOADS && f->status == MATRIX_FAILS;
}

static void collect(struct entry *e, const struct matrix *m, const struct matrix_lineup *l)
{
	for (uint32_t i = 0; i < m->row_cnt; i++)
		for (size_t k = 0; k < m->kernel_cnt; k++) {
			const struct matrix_cell *c = m->rows[i].cells[k];

			for (size_t j = 0; c && j < c->n; j++)
				*e++ = (struct entry){ i, l->rank[k],
						       optional(c, &c->findings[j]),
						       &c->findings[j] };
		}
}

/* Is it the very place of the group's last? Several like it on one kernel are told once. */
static void join(struct matrix_groups *g, const struct entry *e, uint32_t *at)
{
	struct matrix_group *last = g->n ? &g->items[g->n - 1] : NULL;

	if (!last || last->row != e->row || last->optional != e->optional ||
	    finding_order(last->finding, e->finding)) {
		last = &g->items[g->n++];
		*last = (struct matrix_group){ e->row, e->finding, e->optional, at, 0 };
	}
	if (last->n && last->places[last->n - 1] == e->place)
		return;
	g->places[last->places - g->places + last->n++] = e->place;
}

int matrix_groups_new(struct matrix_groups *out, const struct matrix *m,
		      const struct matrix_lineup *l, struct skep_err *err)
{
	struct matrix_groups g = { 0 };
	size_t n = count(m);
	_cleanup_free_ struct entry *entries = calloc(n + 1, sizeof(*entries));

	g.items = calloc(n + 1, sizeof(*g.items));
	g.places = calloc(n + 1, sizeof(*g.places));
	if (!entries || !g.items || !g.places) {
		matrix_groups_release(&g);
		return skep_fail(err, ENOMEM, "out of memory");
	}
	collect(entries, m, l);
	qsort(entries, n, sizeof(*entries), entry_order);
	for (size_t i = 0; i < n; i++)
		join(&g, &entries[i], g.places + i);
	*out = g;
	return 0;
}

void matrix_groups_release(struct matrix_groups *g)
{
	free(g->items);
	free(g->places);
	*g = (struct matrix_groups){ 0 };
}
