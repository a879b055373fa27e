/* SPDX-License-Identifier: BSD-2-Clause */
/* Which entry of the catalogue a line fits. */
#include "lib/run/verifier_catalogue.h"

#include <string.h>

#include "lib/base/cleanup.h"
#include "lib/run/verifier.h"

#define OWN                                     true
#define LACK                                    false
#define ENTRY(key, own, pattern, cause, remedy) { key, pattern, cause, remedy, own },

static const struct verifier_entry entries[] = { VERIFIER_CATALOGUE(ENTRY) };

/* Anywhere in the line, one piece between stars after the other. */
static bool fits(const char *line, const char *end, const char *pattern, size_t len)
{
	const char *last = pattern + len;

	while (pattern < last) {
		const char *star = memchr(pattern, '*', (size_t)(last - pattern));
		size_t piece = (size_t)((star ? star : last) - pattern);
		const char *at = memmem(line, (size_t)(end - line), pattern, piece);

		if (!at)
			return false;
		line = at + piece;
		pattern += piece + (star != NULL);
	}
	return true;
}

static bool fits_any(const char *line, size_t len, const char *patterns)
{
	for (size_t n; *patterns; patterns += n + (patterns[n] != '\0')) {
		n = strcspn(patterns, OR);
		if (fits(line, line + len, patterns, n))
			return true;
	}
	return false;
}

const struct verifier_entry *verifier_entry_for(const char *line, size_t len)
{
	for (size_t i = 0; i < ARRAY_SIZE(entries); i++)
		if (fits_any(line, len, entries[i].pattern))
			return &entries[i];
	return NULL;
}

const struct verifier_entry *verifier_catalogue(size_t *n)
{
	*n = ARRAY_SIZE(entries);
	return entries;
}
