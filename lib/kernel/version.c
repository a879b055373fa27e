/* SPDX-License-Identifier: BSD-2-Clause */
/* Version: comparison as dpkg and rpm do it, with the kernel's own way to say "before". */
#include "lib/kernel/version.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

static bool is_digit(char c)
{
	return c >= '0' && c <= '9';
}

/* "~" and "-rc" sort before the end, the end before all else. */
static int order(const char *s)
{
	if (*s == '~' || !strncmp(s, "-rc", 3))
		return -1;
	if (!*s || is_digit(*s))
		return 0;
	return (unsigned char)*s;
}

static size_t digits(const char *s)
{
	size_t n = 0;

	while (is_digit(s[n]))
		n++;
	return n;
}

/* The run of digits both begin with, as numbers of any size. */
static int compare_numbers(const char **a, const char **b)
{
	size_t na, nb;
	int diff;

	*a += strspn(*a, "0");
	*b += strspn(*b, "0");
	na = digits(*a);
	nb = digits(*b);
	if (na != nb)
		return na < nb ? -1 : 1;
	diff = strncmp(*a, *b, na);
	*a += na;
	*b += nb;
	return diff;
}

int version_compare(const char *a, const char *b)
{
	while (*a || *b) {
		int diff = 0;

		while ((*a && !is_digit(*a)) || (*b && !is_digit(*b))) {
			diff = order(a) - order(b);
			if (diff)
				return diff;
			a++;
			b++;
		}
		diff = compare_numbers(&a, &b);
		if (diff)
			return diff;
	}
	return 0;
}

/* ---- ranges ---- */

enum comparison {
	LESS = 1,
	EQUAL = 2,
	GREATER = 4,
};

static int comparison(const char **s)
{
	int how = 0;

	if (**s == '<' || **s == '>')
		how |= *(*s)++ == '<' ? LESS : GREATER;
	if (**s == '=')
		how |= EQUAL, (*s)++;
	if (how == EQUAL && **s == '=')
		(*s)++;
	return how;
}

bool version_is_range(const char *term)
{
	return comparison(&term) != 0;
}

/*
 * As many dotted numbers as the bound has are compared as numbers; a bound that goes on behind them
 * ("6.1.0-56") is compared whole.
 */
static int against(const char *release, const char *bound)
{
	const char *r = release, *b = bound;
	int diff;

	for (;;) {
		diff = compare_numbers(&r, &b);
		if (diff)
			return diff;
		if (*b != '.' || !is_digit(b[1]))
			break;
		b++;
		r += *r == '.' && is_digit(r[1]);
	}
	if (*b)
		return version_compare(release, bound);
	while (*r == '.' && is_digit(r[1])) {
		r++;
		if (compare_numbers(&r, &b) > 0)
			return 1;
	}
	return strncmp(r, "-rc", 3) ? 0 : -1;
}

static bool holds(int how, int diff)
{
	return how & (diff < 0 ? LESS : diff > 0 ? GREATER : EQUAL);
}

int version_in_range(const char *range, const char *release, bool *in,
		     struct skep_err *err)
{
	const char *s = range;
	bool all = true;

	while (*s) {
		int how = comparison(&s);
		char bound[64];
		size_t n;

		s += strspn(s, " ");
		n = strcspn(s, " ,<>=");
		if (!how || !is_digit(*s) || n >= sizeof(bound)) {
			skep_fail(err, SKEP_EUSAGE, "not a range of versions: '%s'",
				  range);
			return skep_err_hint(err,
					     "ranges are '>=5.15' or '>=5.15, <6.12'");
		}
		snprintf(bound, sizeof(bound), "%.*s", (int)n, s);
		all = all && is_digit(*release) && holds(how, against(release, bound));
		s += n;
		s += strspn(s, " ,");
	}
	*in = all;
	return 0;
}
