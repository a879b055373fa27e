/* SPDX-License-Identifier: BSD-2-Clause */
/* Frames as they are read: found among whatever a console says, checked, joined, decoded. */
#include "lib/prove/frame.h"

#include <errno.h>
#include <string.h>

#include <zlib.h>

#include "lib/base/cleanup.h"
#include "lib/base/json.h"

#define MARK        "@skep "
#define MARK_LEN    (sizeof(MARK) - 1)
#define CHATTER_MAX 4096
/* What the longest message can be at worst: deflate adds less than 1/1000, base64 a third. */
#define TEXT_MAX (FRAME_PAYLOAD_MAX / 3 * 4 + FRAME_PAYLOAD_MAX / 256 + 1024)

DEFINE_CLEANUP(struct json_t *, js_free)

static int damaged(const struct frame_reader *r, const char *how, struct skep_err *err)
{
	return skep_fail(err, SKEP_ECORRUPT, "frame %u is damaged: %s", r->sequence, how);
}

/* --- decoding a whole message --- */

static int digit(unsigned char c)
{
	if (c >= 'A' && c <= 'Z')
		return c - 'A';
	if (c >= 'a' && c <= 'z')
		return c - 'a' + 26;
	if (c >= '0' && c <= '9')
		return c - '0' + 52;
	return c == '+' ? 62 : c == '/' ? 63 : -1;
}

/* In place; the length is a multiple of four. False: not base64. */
static bool decode(char *text, size_t len, size_t *out_len)
{
	unsigned char *out = (unsigned char *)text;
	size_t i, j, pad = 0;

	while (pad < 2 && pad < len && text[len - 1 - pad] == '=')
		pad++;
	for (i = 0; i < len; i += 4) {
		uint32_t v = 0;

		for (j = i; j < i + 4; j++) {
			int d = j >= len - pad ? 0 : digit((unsigned char)text[j]);

			if (d < 0)
				return false;
			v = v << 6 | (uint32_t)d;
		}
		*out++ = v >> 16 & 255;
		*out++ = v >> 8 & 255;
		*out++ = v & 255;
	}
	*out_len = len / 4 * 3 - pad;
	return true;
}

/* Nothing may follow the stream, and what comes out of it is bounded. */
static int inflate_all(const struct frame_reader *r, z_stream *z, struct buf *out,
		       struct skep_err *err)
{
	unsigned char chunk[16384];
	int ret;

	do {
		z->next_out = chunk;
		z->avail_out = sizeof(chunk);
		ret = inflate(z, Z_NO_FLUSH);
		buf_add(out, chunk, sizeof(chunk) - z->avail_out);
		if (out->len > FRAME_PAYLOAD_MAX)
			return damaged(r, "its message is longer than 16 MiB", err);
	} while (ret == Z_OK);
	if (ret != Z_STREAM_END || z->avail_in)
		return damaged(r, "its zlib stream is none", err);
	return buf_check(out, err);
}

static int inflated(const struct frame_reader *r, const void *data, size_t len,
		    struct buf *out, struct skep_err *err)
{
	z_stream z = { .next_in = (Bytef *)data, .avail_in = (uInt)len };
	int ret;

	if (inflateInit(&z) != Z_OK)
		return skep_fail(err, ENOMEM, "no memory for a message");
	ret = inflate_all(r, &z, out, err);
	inflateEnd(&z);
	return ret;
}

static int take_message(struct frame_reader *r, struct skep_err *err)
{
	_cleanup_(buf_release) struct buf json = { 0 };
	_cleanup_(js_freep) struct json_t *v = NULL;
	size_t len;
	int ret;

	if (!decode(r->payload.data, r->payload.len, &len))
		return damaged(r, "its payload is not base64", err);
	ret = inflated(r, r->payload.data, len, &json, err);
	r->payload.len = 0;
	if (!ret)
		ret = js_parse(&v, json.data ?: "", json.len, "frame", err);
	if (!ret && !js_is_object(v))
		ret = damaged(r, "its message is no JSON object", err);
	if (ret)
		return ret;
	return r->message(r->ctx, v, err);
}

/* --- one line --- */

/* A decimal or hex number and the space behind it; false: there is none. */
static bool number(const char **p, int base, size_t most, uint32_t *value)
{
	const char *s = *p;
	uint64_t v = 0;
	int d;

	for (; *s && *s != ' '; s++) {
		d = *s >= '0' && *s <= '9'   ? *s - '0'
		    : *s >= 'a' && *s <= 'f' ? *s - 'a' + 10
					     : 99;
		if (d >= base || (size_t)(s - *p) >= most)
			return false;
		v = v * (uint64_t)base + (uint64_t)d;
	}
	if (s == *p || *s != ' ' || v > UINT32_MAX)
		return false;
	*p = s + 1;
	*value = (uint32_t)v;
	return true;
}

static int take_payload(struct frame_reader *r, const char *text, size_t len,
			struct skep_err *err)
{
	bool more = len % 4 == 1 && text[len - 1] == '+';

	len -= more;
	if (!len || len % 4)
		return damaged(r, "its payload is not of whole groups", err);
	if (r->payload.len + len > TEXT_MAX)
		return damaged(r, "its message is longer than 16 MiB", err);
	buf_add(&r->payload, text, len);
	if (buf_check(&r->payload, err))
		return -ENOMEM;
	r->sequence++;
	return more ? 0 : take_message(r, err);
}

static int take_frame(struct frame_reader *r, const char *line, size_t len,
		      struct skep_err *err)
{
	const char *end = line + len, *p = line + MARK_LEN;
	size_t token_len = strlen(r->token);
	uint32_t sequence, crc;

	if (memchr(line, 0, len))
		return damaged(r, "it has a NUL in it", err);
	if (strncmp(p, r->token, token_len) || p[token_len] != ' ')
		return skep_fail(err, SKEP_ECORRUPT,
				 "a line that looks like frame %u is forged: "
				 "its token is not this guest's",
				 r->sequence);
	p += token_len + 1;
	if (!number(&p, 10, 10, &sequence))
		return damaged(r, "it has no sequence number", err);
	if (sequence != r->sequence)
		return skep_fail(err, SKEP_ECORRUPT,
				 "frame %u is lost or forged: frame %u came instead",
				 r->sequence, sequence);
	if (!number(&p, 16, 8, &crc))
		return damaged(r, "it has no checksum", err);
	if (crc != crc32(0, (const Bytef *)p, (uInt)(end - p)))
		return damaged(r, "its checksum is another", err);
	return take_payload(r, p, (size_t)(end - p), err);
}

static void say(const struct frame_reader *r, const char *text, size_t len)
{
	if (r->chatter && len && !r->skips)
		r->chatter(r->ctx, text, len < CHATTER_MAX ? len : CHATTER_MAX);
}

static int end_line(struct frame_reader *r, struct skep_err *err)
{
	size_t len = r->line.len;
	int ret = 0;

	while (len && r->line.data[len - 1] == '\r')
		r->line.data[--len] = 0;
	if (r->framed)
		ret = take_frame(r, r->line.data, len, err);
	else
		say(r, r->line.data, len);
	r->line.len = 0;
	r->skips = r->framed = false;
	return ret;
}

/* --- the console --- */

/* A frame begins in the line: what stands before it is said and dropped. */
static void find_mark(struct frame_reader *r, size_t from)
{
	char *mark = memmem(r->line.data + from, r->line.len - from, MARK, MARK_LEN);
	size_t before;

	if (!mark)
		return;
	before = (size_t)(mark - r->line.data);
	say(r, r->line.data, before);
	memmove(r->line.data, mark, r->line.len - before + 1);
	r->line.len -= before;
	r->framed = true;
}

/* Of a line without end that is no frame so far, the start of a mark is all that has to stay. */
static void cut_line(struct frame_reader *r)
{
	size_t keep = MARK_LEN - 1;

	say(r, r->line.data, CHATTER_MAX);
	r->skips = true;
	memmove(r->line.data, r->line.data + r->line.len - keep, keep + 1);
	r->line.len = keep;
}

/* Bytes of one line, without its end. */
static int add(struct frame_reader *r, const char *data, size_t len, struct skep_err *err)
{
	size_t from = r->line.len < MARK_LEN ? 0 : r->line.len - MARK_LEN;

	buf_add(&r->line, data, len);
	if (buf_check(&r->line, err))
		return -ENOMEM;
	if (!r->framed && r->line.len)
		find_mark(r, from);
	if (r->framed && r->line.len > FRAME_PART_MAX)
		return damaged(r, "its line is longer than 48 KiB", err);
	if (!r->framed && r->line.len > CHATTER_MAX + MARK_LEN)
		cut_line(r);
	return 0;
}

static int feed(struct frame_reader *r, const char *data, size_t len, struct skep_err *err)
{
	int ret = 0;

	while (len && !ret) {
		const char *nl = memchr(data, '\n', len);
		size_t n = nl ? (size_t)(nl - data) : len;

		if (n > FRAME_PART_MAX)
			n = FRAME_PART_MAX;
		ret = add(r, data, n, err);
		if (!ret && nl == data + n) {
			ret = end_line(r, err);
			n++;
		}
		data += n;
		len -= n;
	}
	return ret;
}

int frame_feed(struct frame_reader *r, const void *data, size_t len, struct skep_err *err)
{
	if (r->broken)
		return skep_fail(err, r->broken, "the guest's frames broke off before");
	r->broken = feed(r, data, len, err);
	return r->broken;
}

void frame_reader_release(struct frame_reader *r)
{
	buf_release(&r->line);
	buf_release(&r->payload);
}
