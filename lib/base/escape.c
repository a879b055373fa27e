/* SPDX-License-Identifier: BSD-2-Clause */
/* Escaping of strings that come from programs, processes and packets. */
#include "lib/base/escape.h"

#include <string.h>

size_t utf8_next(const unsigned char *s, size_t len, uint32_t *c)
{
	static const uint32_t least[] = { 0, 0, 0x80, 0x800, 0x10000 };
	size_t n = s[0] < 0x80   ? 1
		   : s[0] < 0xc0 ? 0
		   : s[0] < 0xe0 ? 2
		   : s[0] < 0xf0 ? 3
				 : 4;

	if (!n || n > len || s[0] > 0xf4)
		return 0;
	*c = n == 1 ? s[0] : s[0] & (0x7f >> n);
	for (size_t i = 1; i < n; i++) {
		if ((s[i] & 0xc0) != 0x80)
			return 0;
		*c = *c << 6 | (s[i] & 0x3f);
	}
	if (*c < least[n] || *c > 0x10ffff || (*c >= 0xd800 && *c <= 0xdfff))
		return 0;
	return n;
}

/* Characters that steer a terminal or change the order in which text is shown. */
static bool steers(uint32_t c)
{
	return c < 0x20 || (c >= 0x7f && c < 0xa0) || c == 0x200e || c == 0x200f ||
	       (c >= 0x2028 && c <= 0x202e) || (c >= 0x2066 && c <= 0x2069) ||
	       c == 0xfeff;
}

static void add_text_escape(struct buf *out, const unsigned char *s, size_t n)
{
	static const char names[] = { ['\t'] = 't', ['\n'] = 'n', ['\r'] = 'r' };

	if (n == 1 && s[0] < sizeof(names) && names[s[0]]) {
		buf_fmt(out, "\\%c", names[s[0]]);
		return;
	}
	for (size_t i = 0; i < n; i++)
		buf_fmt(out, "\\x%02x", s[i]);
}

void escape_text(struct buf *out, const char *s, size_t len)
{
	const unsigned char *p = (const unsigned char *)s;

	while (len) {
		uint32_t c = 0;
		size_t n = utf8_next(p, len, &c);

		if (c == '\\' && n)
			buf_str(out, "\\\\");
		else if (n && !steers(c))
			buf_add(out, p, n);
		else
			add_text_escape(out, p, n ? n : 1);
		p += n ? n : 1;
		len -= n ? n : 1;
	}
}

/* Most of what is escaped has nothing to escape. */
static size_t plain_run(const unsigned char *p, size_t len)
{
	size_t n = 0;

	while (n < len && p[n] >= 0x20 && p[n] < 0x7f)
		n++;
	return n;
}

void escape_lines(struct buf *out, const char *s, size_t len)
{
	const unsigned char *p = (const unsigned char *)s;

	while (len) {
		size_t run = plain_run(p, len), n;
		uint32_t c = 0;

		buf_add(out, p, run);
		p += run;
		len -= run;
		if (!len)
			break;
		n = utf8_next(p, len, &c);

		if (n && (!steers(c) || c == '\n' || c == '\t'))
			buf_add(out, p, n);
		else
			add_text_escape(out, p, n ? n : 1);
		p += n ? n : 1;
		len -= n ? n : 1;
	}
}

void escape_in_place(char *s, size_t size)
{
	struct buf b = { 0 };
	size_t len = strlen(s);

	if (escape_needed(s, len)) {
		escape_lines(&b, s, len);
		len = b.len < size ? b.len : size - 1;
		memcpy(s, b.data ? b.data : "", b.err ? 0 : len);
		s[b.err ? 0 : len] = '\0';
	}
	buf_release(&b);
}

bool escape_needed(const char *s, size_t len)
{
	const unsigned char *p = (const unsigned char *)s;

	while (len) {
		uint32_t c = 0;
		size_t n = utf8_next(p, len, &c);

		if (!n || steers(c))
			return true;
		p += n;
		len -= n;
	}
	return false;
}

void escape_json(struct buf *out, const char *s, size_t len)
{
	const unsigned char *p = (const unsigned char *)s;

	buf_char(out, '"');
	while (len) {
		uint32_t c = 0;
		size_t n = utf8_next(p, len, &c);

		if (!n)
			buf_str(out, "\xef\xbf\xbd");
		else if (c == '"' || c == '\\')
			buf_fmt(out, "\\%c", (char)c);
		else if (steers(c))
			buf_fmt(out, "\\u%04x", c);
		else
			buf_add(out, p, n);
		p += n ? n : 1;
		len -= n ? n : 1;
	}
	buf_char(out, '"');
}

size_t escape_columns(const struct buf *out, size_t from)
{
	size_t columns = 0;

	for (size_t i = from; i < out->len; i++)
		columns += ((unsigned char)out->data[i] & 0xc0) != 0x80;
	return columns;
}
