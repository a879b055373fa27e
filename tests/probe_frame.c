/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * Frames and plans, in the tests' own hands:
 *
 *   probe_frame write TOKEN SEQUENCE    JSON, one value a line, from standard input -> frames
 *   probe_frame read TOKEN STEP         a console from standard input, fed STEP bytes at a time (0: all) -> a line each:
 *                                         message JSON, chatter LENGTH TEXT
 *   probe_frame plan                    a plan from standard input, read and written again
 */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "lib/base/fs.h"
#include "lib/base/json.h"
#include "lib/prove/frame.h"
#include "lib/prove/plan.h"

static int fail(const struct skep_err *err)
{
	fprintf(stderr, "probe_frame: %s%s%s\n", err->where, *err->where ? ": " : "",
		err->what);
	return 1;
}

static int write_frames(char *text, const char *token, uint32_t sequence)
{
	struct skep_err err = { 0 };
	struct buf out = { 0 };
	char *line, *save;

	for (line = strtok_r(text, "\n", &save); line;
	     line = strtok_r(NULL, "\n", &save)) {
		struct json_t *v;

		if (js_parse(&v, line, strlen(line), "stdin", &err) ||
		    frame_write(&out, token, &sequence, v, &err))
			return fail(&err);
		js_free(v);
	}
	fwrite(out.data, 1, out.len, stdout);
	buf_release(&out);
	return 0;
}

static int on_message(void *ctx, const struct json_t *m, struct skep_err *err)
{
	char *text = js_canonical(m, NULL);

	printf("message %s\n", text);
	free(text);
	return 0;
}

static void on_chatter(void *ctx, const char *line, size_t len)
{
	printf("chatter %zu %.*s\n", len, len > 40 ? 40 : (int)len, line);
}

static int read_frames(const char *data, size_t len, const char *token, size_t step)
{
	struct frame_reader r = { .token = token,
				  .message = on_message,
				  .chatter = on_chatter };
	struct skep_err err = { 0 };
	size_t at, n;
	int ret = 0;

	for (at = 0; at < len && !ret; at += n) {
		n = step && step < len - at ? step : len - at;
		ret = frame_feed(&r, data + at, n, &err);
	}
	frame_reader_release(&r);
	return ret ? fail(&err) : 0;
}

static int copy_plan(const char *data, size_t len)
{
	struct skep_err err = { 0 };
	struct buf out = { 0 };
	struct plan *p;

	if (plan_read(&p, data, len, &err) || plan_write(p, &out, &err))
		return fail(&err);
	puts(out.data);
	buf_release(&out);
	plan_free(p);
	return 0;
}

int main(int argc, char **argv)
{
	struct skep_err err = { 0 };
	char *data;
	size_t len;
	int ret;

	if (fs_read_fd(0, "stdin", FS_MAX_OBJECT, &data, &len, &err))
		return fail(&err);
	if (argc == 4 && !strcmp(argv[1], "write"))
		ret = write_frames(data, argv[2], (uint32_t)atoi(argv[3]));
	else if (argc == 4 && !strcmp(argv[1], "read"))
		ret = read_frames(data, len, argv[2], (size_t)atoi(argv[3]));
	else
		ret = copy_plan(data, len);
	free(data);
	return ret;
}
