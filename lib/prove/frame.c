/* SPDX-License-Identifier: BSD-2-Clause */
/* Frames as they are written: JSON, deflated, as base64, in lines that say whose they are. */
#include "lib/prove/frame.h"

#include <errno.h>
#include <string.h>

#include <zlib.h>

#include "lib/base/cleanup.h"
#include "lib/base/json.h"

/* The header is far below 256 bytes, and a part is of whole groups. */
#define PART_PAYLOAD ((FRAME_PART_MAX - 256) / 4 * 4)

static void encode_group(const unsigned char *in, size_t left, char *out)
{
	static const char digits[] =
		"ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/";
	uint32_t v = (uint32_t)in[0] << 16 | (left > 1 ? in[1] : 0) << 8 |
		     (left > 2 ? in[2] : 0);

	out[0] = digits[v >> 18];
	out[1] = digits[v >> 12 & 63];
	out[2] = left > 1 ? digits[v >> 6 & 63] : '=';
	out[3] = left > 2 ? digits[v & 63] : '=';
}

static char *encode(const unsigned char *in, size_t len, size_t *out_len)
{
	char *out = malloc((len + 2) / 3 * 4 + 1);
	size_t i;

	for (i = 0; out && i < len; i += 3)
		encode_group(in + i, len - i, out + i / 3 * 4);
	*out_len = (len + 2) / 3 * 4;
	return out;
}

/* The fastest level: a guest is emulated, and text of verifiers deflates well at any. */
static unsigned char *deflated(const char *text, size_t len, size_t *out_len)
{
	uLongf n = compressBound(len);
	unsigned char *out = malloc(n);

	if (out && compress2(out, &n, (const Bytef *)text, len, Z_BEST_SPEED) != Z_OK) {
		free(out);
		return NULL;
	}
	*out_len = n;
	return out;
}

static void write_part(struct buf *out, const char *token, uint32_t sequence,
		       const char *text, size_t len, bool more)
{
	uLong crc = crc32(0, (const Bytef *)text, len);

	if (more)
		crc = crc32(crc, (const Bytef *)"+", 1);
	buf_fmt(out, "@skep %s %u %08lx ", token, sequence, crc);
	buf_add(out, text, len);
	buf_str(out, more ? "+\n" : "\n");
}

int frame_write_text(struct buf *out, const char *token, uint32_t *sequence,
		     const char *json, size_t len, struct skep_err *err)
{
	_cleanup_free_ unsigned char *packed = NULL;
	_cleanup_free_ char *text = NULL;
	size_t packed_len, text_len, at, n;

	if (len > FRAME_PAYLOAD_MAX)
		return skep_fail(err, EMSGSIZE, "a message of %zu bytes is too long", len);
	packed = deflated(json, len, &packed_len);
	text = packed ? encode(packed, packed_len, &text_len) : NULL;
	if (!text)
		return skep_fail(err, ENOMEM, "no memory for a message");
	for (at = 0; at < text_len; at += n) {
		n = text_len - at < PART_PAYLOAD ? text_len - at : PART_PAYLOAD;
		write_part(out, token, (*sequence)++, text + at, n, at + n < text_len);
	}
	return buf_check(out, err);
}

int frame_write(struct buf *out, const char *token, uint32_t *sequence,
		const struct json_t *message, struct skep_err *err)
{
	size_t len;
	_cleanup_free_ char *json = js_canonical(message, &len);

	if (!json)
		return skep_fail(err, ENOMEM, "no memory for a message");
	return frame_write_text(out, token, sequence, json, len, err);
}
