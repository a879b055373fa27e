/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * Which fields look renamed. BTF does not say; so gone and new fields are paired when enough speaks for
 * it, the most telling pairs first, and are told of as probable:
 *
 *	8  the same name but for underscores at its ends
 *	3  the same type
 *	3  alone between the same fields that both have (or as many gone as new ones are), no bitfield
 *	2  one name is within the other; 1: they have a word in common
 *	2  the same offset
 *	1  the same size
 */
#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "lib/base/cleanup.h"
#include "lib/base/text.h"
#include "lib/btf/diff_parts.h"

#define ENOUGH    8
#define MAX_PAIRS (1u << 20) /* of one struct; beyond, nothing is guessed */

struct guess {
	size_t gone, fresh;
	unsigned int score;
};

#define MIN_WORD 3

static bool has_word(const char *s, const char *word, size_t len)
{
	for (; *s; s += strspn(s, "_")) {
		size_t n = strcspn(s, "_");

		if (n == len && !memcmp(s, word, len))
			return true;
		s += n;
	}
	return false;
}

static unsigned int alike(const char *a, const char *b)
{
	if ((strlen(a) >= MIN_WORD && strstr(b, a)) ||
	    (strlen(b) >= MIN_WORD && strstr(a, b)))
		return 2;
	for (; *a; a += strspn(a, "_")) {
		size_t n = strcspn(a, "_");

		if (n >= MIN_WORD && has_word(b, a, n))
			return 1;
		a += n;
	}
	return 0;
}

static size_t count_at(const struct diff_orphan *o, size_t n, size_t before)
{
	size_t count = 0;

	for (size_t i = 0; i < n; i++)
		count += o[i].before == before;
	return count;
}

static unsigned int score(struct diff *d, const struct diff_place *a,
			  const struct diff_place *b, bool between)
{
	unsigned int s = alike(a->name, b->name);

	if (between && !a->width && !b->width)
		s += 3;
	if (text_same_but_underscores(a->name, b->name))
		s += 8;
	if (diff_same(d, a->type, b->type))
		s += 3;
	if (a->off_bits == b->off_bits)
		s += 2;
	if (a->size == b->size && a->width == b->width)
		s += 1;
	return s;
}

static int by_score(const void *x, const void *y)
{
	const struct guess *a = x, *b = y;

	if (a->score != b->score)
		return a->score > b->score ? -1 : 1;
	if (a->gone != b->gone)
		return a->gone < b->gone ? -1 : 1;
	return (a->fresh > b->fresh) - (a->fresh < b->fresh);
}

static struct guess *guess(struct diff *d, const struct diff_orphan *gone, size_t n,
			   const struct diff_orphan *fresh, size_t m, size_t *cnt)
{
	struct guess *g = NULL;

	*cnt = 0;
	for (size_t i = 0; i < n && diff_step(d, n + m); i++) {
		bool even = count_at(gone, n, gone[i].before) ==
			    count_at(fresh, m, gone[i].before);

		for (size_t j = 0; j < m && diff_step(d, 1); j++) {
			bool between = even && fresh[j].before == gone[i].before;
			unsigned int s = score(d, gone[i].place, fresh[j].place, between);
			struct guess *slot;

			if (s < ENOUGH)
				continue;
			slot = diff_push(d, &g, cnt, sizeof(*slot));
			if (slot)
				*slot = (struct guess){ i, j, s };
		}
	}
	return g;
}

void diff_pair_orphans(struct diff *d, const struct diff_orphan *gone, size_t n,
		       const struct diff_orphan *fresh, size_t m, size_t *pairs)
{
	_cleanup_free_ struct guess *g = NULL;
	_cleanup_free_ bool *taken = calloc(m + 1, sizeof(*taken));
	size_t cnt, i;

	if (!taken)
		d->err = -ENOMEM;
	if (d->err || !n || !m || n * m > MAX_PAIRS)
		return;
	g = guess(d, gone, n, fresh, m, &cnt);
	if (cnt)
		qsort(g, cnt, sizeof(*g), by_score);
	for (i = 0; i < cnt; i++) {
		if (pairs[g[i].gone] || taken[g[i].fresh])
			continue;
		pairs[g[i].gone] = g[i].fresh + 1;
		taken[g[i].fresh] = true;
	}
}
