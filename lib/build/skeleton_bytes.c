/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * Bytes as C: string literals, which compilers read an order of magnitude faster than
 * lists of numbers. Printable bytes stay as they are; the others are octal, which ends by
 * itself after three digits.
 */
#include "lib/build/skeleton_parts.h"

#include <stdbool.h>

#define LINE_LEN 120

/* '?' might begin a trigraph. */
static bool is_plain(unsigned char c)
{
	return c >= ' ' && c <= '~' && c != '"' && c != '\\' && c != '?';
}

/*
 * Writes 1 to 4 characters; next tells whether a short escape would swallow what follows.
 */
static size_t put_byte(char *out, unsigned char c, bool digit_next)
{
	size_t n = 0;

	if (is_plain(c)) {
		out[n++] = (char)c;
		return n;
	}
	out[n++] = '\\';
	if (c > 077 || digit_next)
		out[n++] = (char)('0' + (c >> 6));
	if (c > 07 || digit_next)
		out[n++] = (char)('0' + ((c >> 3) & 7));
	out[n++] = (char)('0' + (c & 7));
	return n;
}

void skeleton_bytes(struct buf *out, const void *data, size_t size)
{
	const unsigned char *p = data;
	size_t i = 0;

	do {
		char line[LINE_LEN + 8];
		size_t n = 0;

		while (i < size && n < LINE_LEN) {
			bool last = i + 1 == size;
			bool digit_next = !last && p[i + 1] >= '0' && p[i + 1] <= '9';

			n += put_byte(line + n, p[i++], digit_next);
		}
		buf_str(out, "\t\t\"");
		buf_add(out, line, n);
		buf_str(out, i < size ? "\"\n" : "\"");
	} while (i < size);
}
