/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * The verifier's log: kept within bounds, and what its last lines count. All kernels since 5.2 write
 *
 *	verification time 180 usec
 *	stack depth 32+0
 *	processed 123 insns (limit 1000000) max_states_per_insn 0 total_states 9 peak_states 9 mark_read 1
 *
 * and Linux 7.3 in place of the depths the deepest chain of calls, and each function by itself:
 *
 *	stack depth max 40
 *	subprog 0 (name) main insns_self 20 insns_total 20 stack 8
 */
#include "lib/prove/measure_parts.h"

#include <stdlib.h>
#include <string.h>

#include "lib/base/buf.h"

#define STATS_LEN 65536 /* at the end of a log: they stand there */

char *measure_log_cut(const char *log, size_t max, bool *cut)
{
	size_t len = strlen(log), head = max / 2,
	       tail = len > max / 2 ? len - max / 2 : 0;
	struct buf b = { 0 };

	*cut = len > max;
	if (!*cut)
		return strdup(log);
	while (head && log[head - 1] != '\n')
		head--;
	while (tail < len && log[tail - 1] != '\n')
		tail++;
	buf_add(&b, log, head);
	buf_fmt(&b, "... %zu bytes left out ...\n", tail - head);
	buf_add(&b, log + tail, len - tail);
	return buf_take(&b, NULL);
}

/* The number behind a word, wherever on the line. */
static uint64_t number_after(const char *line, size_t len, const char *word)
{
	const char *at = memmem(line, len, word, strlen(word));

	return at ? strtoull(at + strlen(word), NULL, 10) : 0;
}

/* "32+0+16": of all functions */
static uint64_t sum_of(const char *s)
{
	uint64_t sum = 0;
	char *end;

	for (;; s = end + 1) {
		sum += strtoull(s, &end, 10);
		if (end == s || *end != '+')
			return sum;
	}
}

static bool starts(const char *line, const char *word)
{
	return !strncmp(line, word, strlen(word));
}

void measure_log_stats(const char *log, struct proof_stats *stats)
{
	size_t total = strlen(log);
	const char *line = log + (total > STATS_LEN ? total - STATS_LEN : 0);

	while (*line) {
		size_t len = strcspn(line, "\n");

		if (starts(line, "processed ")) {
			stats->insns = number_after(line, len, "processed ");
			stats->states = number_after(line, len, " total_states ");
			stats->peak_states = number_after(line, len, " peak_states ");
		} else if (starts(line, "verification time ")) {
			stats->time_ns =
				1000 * number_after(line, len, "verification time ");
		} else if (starts(line, "stack depth ")) {
			stats->stack = sum_of(line + strlen("stack depth "));
		} else if (starts(line, "subprog ")) {
			stats->stack += number_after(line, len, " stack ");
		}
		line += len + (line[len] == '\n');
	}
}
