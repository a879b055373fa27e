/* SPDX-License-Identifier: BSD-2-Clause */
/* A console from outside: as it is; as the payload of a frame whose checksum is right; written and read again. */
#include <string.h>

#include <zlib.h>

#include "lib/base/json.h"
#include "lib/prove/frame.h"
#include "tests/fuzz/fuzz.h"

#define TOKEN "0123456789abcdef0123456789abcdef"

static int on_message(void *ctx, const struct json_t *m, struct skep_err *err)
{
	FUZZ_ENSURE(js_is_object(m));
	++*(unsigned int *)ctx;
	return 0;
}

static void on_chatter(void *ctx, const char *line, size_t len)
{
	FUZZ_ENSURE(len && len <= 4096 && !memchr(line, '\n', len));
}

/* Whole, or byte by byte: the answer is the same. */
static unsigned int read_all(const char *data, size_t size, size_t step, int *ret)
{
	unsigned int messages = 0;
	struct frame_reader r = { .token = TOKEN,
				  .message = on_message,
				  .chatter = on_chatter,
				  .ctx = &messages };
	size_t at, n;

	*ret = 0;
	for (at = 0; at < size && !*ret; at += n) {
		struct skep_err err = { 0 };

		n = step < size - at ? step : size - at;
		*ret = fuzz_checked(frame_feed(&r, data + at, n, &err), &err);
	}
	frame_reader_release(&r);
	return messages;
}

static void read_both(const char *data, size_t size)
{
	int whole, parts;
	unsigned int messages = read_all(data, size, size + 1, &whole);

	FUZZ_ENSURE(messages == read_all(data, size, 1, &parts) && whole == parts);
}

static void read_framed(const uint8_t *data, size_t size)
{
	unsigned long crc = crc32(0, data, (unsigned int)size);
	struct buf line = { 0 };

	buf_fmt(&line, "@skep " TOKEN " 0 %08lx ", crc);
	buf_add(&line, data, size);
	buf_char(&line, '\n');
	read_both(line.data, line.len);
	buf_release(&line);
}

static void read_written(const uint8_t *data, size_t size)
{
	struct json_t *m = js_object();
	struct buf out = { 0 };
	uint32_t sequence = 0;
	int ret;

	js_set(m, "text", js_string((const char *)data, size));
	FUZZ_ENSURE(!frame_write(&out, TOKEN, &sequence, m, NULL));
	FUZZ_ENSURE(read_all(out.data, out.len, 4096, &ret) == 1 && !ret);
	buf_release(&out);
	js_free(m);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	read_both((const char *)data, size);
	read_framed(data, size);
	read_written(data, size);
	return 0;
}
