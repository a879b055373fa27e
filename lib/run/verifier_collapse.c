/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * Cycles of a log. Lines are the same when they are of the same instruction or say the same but for numbers: registers
 * change while a loop is followed. A cycle begins where a line is the same as an earlier one and goes on as long as each
 * is the same as the one a period before; whole periods are left out and counted. Time is linear; so many lines back are
 * remembered, whatever the length of the log.
 */
#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include <skep/error.h>

#include "lib/base/cleanup.h"
#include "lib/run/verifier.h"
#include "lib/run/verifier_log.h"

#define WINDOW (1U << 15) /* lines: the longest period */
#define SLOTS  (1U << 16)
#define MARK   "\t\xe2\x80\xa6 " /* then "7 times more" */

struct cycle {
	struct buf *out;
	uint64_t window;
	uint64_t keys[WINDOW]; /* of the last lines, by number */
	struct {
		uint64_t key;
		uint64_t line; /* 1 + number, 0: empty */
	} last[SLOTS];
	uint64_t line;        /* number of this one */
	uint64_t period, run; /* run: lines of the period that is not whole yet */
	uint64_t times;       /* whole periods left out */
	const char *dropped;  /* the first line left out, if any are, */
	const char *pending;  /* the first of the run */
};

static uint64_t mix(uint64_t key, unsigned char c)
{
	return (key ^ c) * 0x100000001b3ULL;
}

/* Of "12: (07) r2 += -8 ; R2=fp-8" what stands before the registers. */
static size_t insn_len(const char *line, size_t len)
{
	const char *regs = memmem(line, len, " ; ", 3);

	for (len = regs ? (size_t)(regs - line) : len; len && line[len - 1] == ' '; len--)
		;
	return len;
}

static bool is_number(char c)
{
	return c == '-' || c == ',' || (c >= '0' && c <= '9') || (c >= 'a' && c <= 'f');
}

static uint64_t key_of(const char *line, size_t len)
{
	uint64_t key = 0xcbf29ce484222325ULL;
	bool exact = true;
	int insn;

	switch (verifier_line(line, len, &insn)) {
	case VERIFIER_INSN:
		len = insn_len(line, len);
		break;
	case VERIFIER_STATE:
		return (uint64_t)insn << 8 | 1;
	case VERIFIER_NOISE:
		exact = false;
		break;
	case VERIFIER_TEXT:
		exact = len < strlen(MARK) || memcmp(line, MARK, strlen(MARK)) != 0;
		break;
	case VERIFIER_SOURCE:
		break;
	}
	for (size_t i = 0; i < len; i++)
		if (exact || !is_number(line[i]))
			key = mix(key, (unsigned char)line[i]);
	return key;
}

/* One line left out would be one line that says so. */
static void end_cycle(struct cycle *c, const char *line)
{
	const char *from = c->pending ? c->pending : line;

	if (c->times * c->period == 1 && c->dropped)
		buf_add(c->out, c->dropped, (size_t)(from - c->dropped));
	else if (c->times)
		buf_fmt(c->out, MARK "%llu time%s more\n", (unsigned long long)c->times,
			c->times == 1 ? "" : "s");
	buf_add(c->out, from, (size_t)(line - from));
	c->dropped = c->pending = NULL;
	c->period = c->run = c->times = 0;
}

static uint64_t find_period(struct cycle *c, uint64_t key)
{
	uint64_t before = c->last[key % SLOTS].line;

	if (!before || c->last[key % SLOTS].key != key ||
	    c->line - (before - 1) >= c->window)
		return 0;
	return c->line - (before - 1);
}

static void take_line(struct cycle *c, const char *line, const char *next)
{
	uint64_t key = key_of(line, (size_t)(next - line) - (next[-1] == '\n'));

	if (c->period && c->keys[(c->line - c->period) % WINDOW] != key)
		end_cycle(c, line);
	if (!c->period)
		c->period = find_period(c, key);
	c->keys[c->line % WINDOW] = key;
	c->last[key % SLOTS].key = key;
	c->last[key % SLOTS].line = ++c->line;
	if (!c->period) {
		buf_add(c->out, line, (size_t)(next - line));
		return;
	}
	if (!c->run++)
		c->pending = line;
	if (c->run < c->period)
		return;
	c->dropped = c->dropped ? c->dropped : c->pending;
	c->pending = NULL;
	c->run = 0;
	c->times++;
}

static int collapse(const char *log, uint64_t window, struct buf *out,
		    struct skep_err *err)
{
	struct cycle *c = calloc(1, sizeof(*c));

	if (!c)
		return skep_fail(err, ENOMEM, "out of memory");
	c->out = out;
	c->window = window;
	while (*log) {
		const char *end = strchrnul(log, '\n');
		const char *next = end + (*end == '\n');

		take_line(c, log, next);
		log = next;
	}
	end_cycle(c, log);
	free(c);
	return buf_check(out, err);
}

/* Short cycles first: what is left of loops within a loop is the same each time. */
int verifier_collapse(const char *log, struct buf *out, struct skep_err *err)
{
	static const uint64_t windows[] = { 8, 64, 512, WINDOW };
	struct buf now = { 0 }, before = { 0 };
	int rc = 0;

	for (size_t i = 0; !rc && i < ARRAY_SIZE(windows); i++) {
		buf_release(&before);
		before = now;
		now = (struct buf){ 0 };
		rc = collapse(before.data ? before.data : log, windows[i], &now, err);
	}
	buf_release(&before);
	buf_add(out, now.data, now.len);
	buf_release(&now);
	return rc ? rc : buf_check(out, err);
}
