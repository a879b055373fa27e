/* SPDX-License-Identifier: BSD-2-Clause */
/* Lineup: in which order kernels are shown, and which of them are told as one when they are many. */
#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "lib/base/cleanup.h"
#include "lib/check/matrix_parts.h"

/* So many are shown one by one. */
#define FEW 16

/* The part of an id that says whose kernels these are: up to the last slash, which is in it. */
static size_t family(const char *id)
{
	const char *slash = strrchr(id, '/');

	return slash ? slash - id + 1 : 0;
}

static const char *version(const struct matrix_kernel *k)
{
	return k->release && *k->release ? k->release : k->id + family(k->id);
}

static int by_version(const void *a, const void *b, void *ctx)
{
	const struct matrix *m = ctx;
	const struct matrix_kernel *x = &m->kernels[*(const uint32_t *)a];
	const struct matrix_kernel *y = &m->kernels[*(const uint32_t *)b];
	int order = strverscmp(version(x), version(y));

	return order ? order : strverscmp(x->id, y->id);
}

struct families {
	const struct matrix *m;
	const uint32_t *rank; /* by kernel, by version */
	uint32_t *first;      /* by kernel: the least rank of its family */
};

static int compare_families(const char *a, const char *b)
{
	size_t x = family(a), y = family(b);
	int order = memcmp(a, b, x < y ? x : y);

	return order ? order : (x > y) - (x < y);
}

static int by_family(const void *a, const void *b, void *ctx)
{
	const struct families *f = ctx;
	uint32_t x = *(const uint32_t *)a, y = *(const uint32_t *)b;
	int order = compare_families(f->m->kernels[x].id, f->m->kernels[y].id);

	return order ? order : (f->rank[x] > f->rank[y]) - (f->rank[x] < f->rank[y]);
}

static int by_first(const void *a, const void *b, void *ctx)
{
	const struct families *f = ctx;
	uint32_t x = *(const uint32_t *)a, y = *(const uint32_t *)b;

	if (f->first[x] != f->first[y])
		return f->first[x] < f->first[y] ? -1 : 1;
	return (f->rank[x] > f->rank[y]) - (f->rank[x] < f->rank[y]);
}

static void number(struct matrix_lineup *l)
{
	for (size_t i = 0; i < l->n; i++)
		l->rank[l->kernels[i]] = i;
}

/* Families stay in the order of the oldest kernel of each. */
static int group(struct matrix_lineup *l, const struct matrix *m)
{
	_cleanup_free_ uint32_t *first = calloc(l->n, sizeof(*first));
	struct families f = { m, l->rank, first };

	if (!first)
		return -ENOMEM;
	qsort_r(l->kernels, l->n, sizeof(*l->kernels), by_family, &f);
	for (size_t i = 0; i < l->n; i++) {
		uint32_t k = l->kernels[i], before = i ? l->kernels[i - 1] : 0;
		bool joins =
			i && !compare_families(m->kernels[k].id, m->kernels[before].id);

		first[k] = joins ? first[before] : l->rank[k];
	}
	qsort_r(l->kernels, l->n, sizeof(*l->kernels), by_first, &f);
	number(l);
	return 0;
}

int matrix_lineup_new(struct matrix_lineup *out, const struct matrix *m,
		      struct skep_err *err)
{
	struct matrix_lineup l = { .n = m->kernel_cnt, .fold = m->kernel_cnt > FEW };

	l.kernels = calloc(l.n + 1, sizeof(*l.kernels));
	l.rank = calloc(l.n + 1, sizeof(*l.rank));
	if (!l.kernels || !l.rank)
		goto no_memory;
	for (size_t i = 0; i < l.n; i++)
		l.kernels[i] = i;
	qsort_r(l.kernels, l.n, sizeof(*l.kernels), by_version, (void *)m);
	number(&l);
	if (l.fold && group(&l, m))
		goto no_memory;
	*out = l;
	return 0;
no_memory:
	matrix_lineup_release(&l);
	return skep_fail(err, ENOMEM, "out of memory");
}

void matrix_lineup_release(struct matrix_lineup *l)
{
	free(l->kernels);
	free(l->rank);
	*l = (struct matrix_lineup){ 0 };
}

bool matrix_lineup_joins(const struct matrix_lineup *l, const struct matrix *m,
			 size_t place)
{
	const char *id = m->kernels[l->kernels[place]].id;

	if (!l->fold || !place || !family(id))
		return false;
	return !compare_families(id, m->kernels[l->kernels[place - 1]].id);
}

void matrix_lineup_name(struct buf *out, const struct matrix_lineup *l,
			const struct matrix *m, size_t first, size_t last)
{
	const char *to = m->kernels[l->kernels[last]].id;

	buf_str(out, m->platform ? m->platform : m->kernels[l->kernels[first]].id);
	if (last != first)
		buf_fmt(out, " to %s (%zu)", to + family(to), last - first + 1);
}
