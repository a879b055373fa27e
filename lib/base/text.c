/* SPDX-License-Identifier: BSD-2-Clause */
/* Words, numbers and durations as users write them. */
#include "lib/base/text.h"

#include <ctype.h>
#include <errno.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "lib/base/cleanup.h"

#define WORD_MAX_LEN 64

static size_t min3(size_t a, size_t b, size_t c)
{
	size_t m = a < b ? a : b;

	return m < c ? m : c;
}

static size_t edits(const char *a, const char *b)
{
	size_t row[WORD_MAX_LEN + 1], la = strlen(a), lb = strlen(b);

	if (la > WORD_MAX_LEN || lb > WORD_MAX_LEN)
		return SIZE_MAX;
	for (size_t j = 0; j <= lb; j++)
		row[j] = j;
	for (size_t i = 1; i <= la; i++) {
		size_t diagonal = row[0];

		row[0] = i;
		for (size_t j = 1; j <= lb; j++) {
			size_t above = row[j];

			row[j] = min3(above + 1, row[j - 1] + 1,
				      diagonal + (a[i - 1] != b[j - 1]));
			diagonal = above;
		}
	}
	return row[lb];
}

const char *text_nearest(const char *word, const char *const *names, size_t n)
{
	size_t best = strlen(word) / 3 + 1, at = n;

	for (size_t i = 0; i < n; i++) {
		size_t d = edits(word, names[i]);

		if (d <= best && (at == n || d < best)) {
			best = d;
			at = i;
		}
	}
	return at == n ? NULL : names[at];
}

static int number_base(const char **s)
{
	static const struct {
		char letter;
		int base;
	} prefixes[] = { { 'x', 16 }, { 'b', 2 }, { 'o', 8 } };

	if ((*s)[0] != '0' || !(*s)[1])
		return 10;
	for (size_t i = 0; i < ARRAY_SIZE(prefixes); i++) {
		if ((*s)[1] != prefixes[i].letter)
			continue;
		*s += 2;
		return prefixes[i].base;
	}
	return 10;
}

bool text_u64(const char *s, uint64_t *value)
{
	int base = number_base(&s);
	unsigned long long v;
	char *end;

	if (!isalnum((unsigned char)*s))
		return false;
	errno = 0;
	v = strtoull(s, &end, base);
	if (errno || *end || end == s)
		return false;
	*value = v;
	return true;
}

bool text_s64(const char *s, int64_t *value)
{
	bool negative = *s == '-';
	uint64_t v;

	if (!text_u64(s + negative, &v) || v > (uint64_t)INT64_MAX + negative)
		return false;
	*value = negative ? (int64_t)(0 - v) : (int64_t)v;
	return true;
}

bool text_duration_ns(const char *s, uint64_t unit_ns, uint64_t *ns)
{
	static const struct {
		const char *suffix;
		uint64_t ns;
	} units[] = {
		{ "ns", 1 },         { "us", 1000 },          { "ms", 1000000 },
		{ "s", 1000000000 }, { "m", 60000000000ULL }, { "h", 3600000000000ULL },
	};
	double v, scaled;
	char *end;

	if (!isdigit((unsigned char)*s))
		return false;
	v = strtod(s, &end);
	for (size_t i = 0; i < ARRAY_SIZE(units); i++)
		if (!strcmp(end, units[i].suffix)) {
			unit_ns = units[i].ns;
			end += strlen(end);
		}
	scaled = v * (double)unit_ns;
	if (*end || !(scaled >= 0) || scaled >= 9.2e18)
		return false;
	*ns = (uint64_t)scaled;
	return true;
}

bool text_is_name(const char *s)
{
	size_t n = strspn(s, "abcdefghijklmnopqrstuvwxyz0123456789-");

	return n && n <= 63 && !s[n] && *s != '-';
}

bool text_is_cident(const char *s)
{
	if (!isalpha((unsigned char)*s) && *s != '_')
		return false;
	while (isalnum((unsigned char)*s) || *s == '_')
		s++;
	return !*s;
}

char *text_fmt(const char *fmt, ...)
{
	char *s = NULL;
	va_list ap;
	int n;

	va_start(ap, fmt);
	n = vasprintf(&s, fmt, ap);
	va_end(ap);
	return n < 0 ? NULL : s;
}

bool text_same_but_underscores(const char *a, const char *b)
{
	size_t n, m;

	a += strspn(a, "_");
	b += strspn(b, "_");
	n = strlen(a);
	m = strlen(b);
	while (n && a[n - 1] == '_')
		n--;
	while (m && b[m - 1] == '_')
		m--;
	return n && n == m && !memcmp(a, b, n);
}
