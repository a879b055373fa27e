/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * A verifier log, as kernels write it at level 1:
 *
 *	; *r = 1; @ probe.bpf.c:12                  source line, its file since Linux 6.10
 *	19: (63) *(u32 *)(r0 +0) = r1               instruction, counted from the start of the program
 *	R0 invalid mem access 'map_value_or_null'   one or more lines of error
 *	processed 18 insns (limit 1000000) ...      statistics
 *
 * Linux 7.3 puts a report in front of the statistics; all of it but its headings is indented:
 *
 *	Verification failed: Register Type Safety: Invalid dereference
 *	Reason:
 *	  wrapped text
 *	At:
 *	  function @ probe.bpf.c:12:5
 *	  Source context:
 *	  >>> 12 |         *r = 1;
 *	  Instruction context:
 *	  >>> 19 | (63) *(u32 *)(r0 +0) = r1
 *	Causal path:                                how it came to that: like "At:", any number of times
 *	Suggestion:
 *	  wrapped text
 */
#include "lib/run/verifier_log.h"

#include <string.h>

#include "lib/base/cleanup.h"

#define REPORT "Verification failed: "
#define STATS  "processed "

static bool begins(const char *line, size_t len, const char *with)
{
	size_t n = strlen(with);

	return len >= n && !memcmp(line, with, n);
}

/* Lines that say nothing about the cause: statistics, states, calls, arguments that were looked at. */
static bool is_noise(const char *line, size_t len)
{
	static const char *const noise[] = {
		STATS,
		"verification time",
		"stack depth",
		"peak_states",
		"max_states",
		"mark_",
		"func#",
		"Validating ",
		"cur state:",
		"old state:",
		"from ",
		"parent ",
		"last_idx",
		"regs=",
		"Func#",
		"caller:",
		"callee:",
		"returning ",
		"to caller at",
		" frame",
		"frame1",
		"frame2",
		"propagating ",
		"Live regs",
		"stack use/def",
		"subprog#",
		"reg type unsupported for arg#",
	};

	if (!len || begins(line, len, "  "))
		return true;
	for (size_t i = 0; i < ARRAY_SIZE(noise); i++)
		if (begins(line, len, noise[i]))
			return true;
	return (begins(line, len, "arg#") && memmem(line, len, " reference type(", 16));
}

static size_t number(const char *s, size_t len, uint32_t *value)
{
	size_t n = 0;

	for (*value = 0; n < len && n < 9 && s[n] >= '0' && s[n] <= '9'; n++)
		*value = *value * 10 + (uint32_t)(s[n] - '0');
	return n;
}

/* "R0_w=inv1 R1=ctx(...": of kernels before 5.18. */
static bool is_registers(const char *line, size_t len)
{
	size_t at = 1;

	if (!len || line[0] != 'R')
		return false;
	for (; at < len && line[at] >= '0' && line[at] <= '9'; at++)
		;
	return begins(line + at, len - at, "=") || begins(line + at, len - at, "_w=") ||
	       begins(line + at, len - at, "_rw=") || begins(line + at, len - at, "_r=");
}

enum verifier_line verifier_line(const char *line, size_t len, int *insn)
{
	uint32_t value;
	size_t digits = number(line, len, &value);

	*insn = -1;
	if (begins(line, len, "; "))
		return VERIFIER_SOURCE;
	if (is_registers(line, len))
		return VERIFIER_STATE;
	if (digits && digits < len && line[digits] == ':') {
		*insn = (int)value;
		return begins(line + digits, len - digits, ": (") ||
				       begins(line + digits, len - digits, ": <invalid ")
			       ? VERIFIER_INSN
			       : VERIFIER_STATE;
	}
	return is_noise(line, len) ? VERIFIER_NOISE : VERIFIER_TEXT;
}

/* `u32 x = *p; @ probe.bpf.c:12` */
void verifier_source(struct verifier_source *s, const char *line, size_t len)
{
	const char *at = NULL, *next = line, *colon;

	*s = (struct verifier_source){ .text = line, .text_len = len };
	while ((next = memmem(next, (size_t)(line + len - next), " @ ", 3)))
		at = next++;
	colon = at ? memrchr(at, ':', (size_t)(line + len - at)) : NULL;
	if (!colon || !number(colon + 1, (size_t)(line + len - colon) - 1, &s->line))
		return;
	s->text_len = (size_t)(at - line);
	s->file = at + 3;
	s->file_len = (size_t)(colon - at) - 3;
}

enum part { NO_PART, REASON, AT, SUGGESTION, OTHER };

/* Headings that begin a report also where the middle of a log is missing. */
static enum part known_part(const char *line, size_t len)
{
	static const struct {
		const char *heading;
		enum part part;
	} parts[] = { { "Reason:", REASON },
		      { "At:", AT },
		      { "Suggestion:", SUGGESTION },
		      { "Causal path:", OTHER },
		      { "Active lock:", OTHER } };

	for (size_t i = 0; i < ARRAY_SIZE(parts); i++)
		if (len == strlen(parts[i].heading) && begins(line, len, parts[i].heading))
			return parts[i].part;
	return NO_PART;
}

/* And whatever else a report may have. */
static enum part part_of(const char *line, size_t len)
{
	enum part part = known_part(line, len);

	if (part == NO_PART && len > 1 && len < 40 && line[len - 1] == ':' &&
	    line[0] >= 'A' && line[0] <= 'Z')
		return OTHER;
	return part;
}

static void add_wrapped(struct buf *out, const char *line, size_t len)
{
	for (; len && *line == ' '; len--)
		line++;
	if (out->len > 1024 || !len)
		return;
	if (out->len)
		buf_char(out, ' ');
	buf_add(out, line, len);
}

/* The line within `probe.bpf.c:12`, of which verifier_source() took the column. */
static void colon_line(struct verifier_source *s, const char *file, size_t len)
{
	const char *colon = memrchr(file, ':', len);

	s->file_len = colon ? (size_t)(colon - file) : len;
	if (colon)
		number(colon + 1, len - s->file_len - 1, &s->line);
}

/* The report cuts source lines, so what the trace said of the same one stays. */
static void report_place(struct verifier_source *now, const struct verifier_source *s)
{
	struct verifier_source found = { .file = s->file, .column = s->line };

	colon_line(&found, s->file, s->file_len);
	if (now->file && now->line == found.line && now->file_len == found.file_len &&
	    !memcmp(now->file, found.file, found.file_len)) {
		found.text = now->text;
		found.text_len = now->text_len;
	}
	*now = found;
}

/* `function @ probe.bpf.c:12:5`, then `>>> 12 | text`, then `>>> 19 | (63) instruction`. */
static void read_at(struct verifier_log *l, const char *line, size_t len)
{
	const char *bar = memmem(line, len, " | ", 3),
		   *mark = memmem(line, len, ">>> ", 4);
	const char *at = memmem(line, len, " @ ", 3);
	struct verifier_source s;
	uint32_t value;
	size_t skip;

	if (!l->function && at && !mark) {
		l->function = line + 2;
		l->function_len = (size_t)(at - line) - 2;
		verifier_source(&s, line, len);
		if (s.file)
			report_place(&l->source, &s);
	} else if (bar && mark && mark < bar) {
		skip = (size_t)(mark + 4 - line);
		for (; skip < len && line[skip] == ' '; skip++)
			;
		if (!number(line + skip, len - skip, &value))
			return;
		if (begins(bar + 3, (size_t)(line + len - bar) - 3, "(")) {
			l->insn = (int)value;
		} else if (!l->source.text) {
			l->source.text = bar + 3;
			l->source.text_len = (size_t)(line + len - bar) - 3;
		}
	}
}

/* Of the report: true; what stands behind it is as before. */
static bool read_report(struct verifier_log *l, enum part *part, const char *line,
			size_t len)
{
	enum part next = part_of(line, len);

	if (begins(line, len, REPORT))
		*part = OTHER;
	else if (next != NO_PART)
		*part = next == AT && l->function ? OTHER : next;
	else if (len && *line != ' ')
		return false;
	else if (*part == REASON)
		add_wrapped(&l->reason, line, len);
	else if (*part == SUGGESTION)
		add_wrapped(&l->suggestion, line, len);
	else if (*part == AT)
		read_at(l, line, len);
	return true;
}

static void add_error(struct verifier_log *l, const char *line, size_t len)
{
	if (l->n == VERIFIER_ERRORS) /* the last are kept */
		memmove(l->errors, l->errors + 1, --l->n * sizeof(*l->errors));
	l->errors[l->n].text = line;
	l->errors[l->n++].len = len;
}

static void read_line(struct verifier_log *l, const char *line, size_t len)
{
	int insn;

	switch (verifier_line(line, len, &insn)) {
	case VERIFIER_INSN:
		l->insn = insn;
		l->call = memmem(line, len, "(85) call", 9) ||
			  memmem(line, len, "<invalid ", 9);
		l->n = 0;
		break;
	case VERIFIER_SOURCE:
		verifier_source(&l->source, line + 2, len - 2);
		l->n = 0;
		break;
	case VERIFIER_STATE:
		l->n = 0;
		break;
	case VERIFIER_TEXT:
		add_error(l, line, len);
		break;
	case VERIFIER_NOISE:
		break;
	}
}

/* The last word of some errors lacks its newline. */
static size_t without_stats(const char *line, size_t len)
{
	const char *stats = memmem(line, len, STATS, strlen(STATS));

	return stats && stats > line &&
			       memmem(stats, (size_t)(line + len - stats),
				      " insns (limit ", 14)
		       ? (size_t)(stats - line)
		       : len;
}

void verifier_log_read(struct verifier_log *out, const char *log)
{
	enum part part = NO_PART;

	*out = (struct verifier_log){ .insn = -1 };
	for (const char *line = log; *line;) {
		const char *end = strchrnul(line, '\n');
		size_t len = (size_t)(end - line);

		if (begins(line, len, REPORT) ||
		    (part == NO_PART && known_part(line, len) != NO_PART)) {
			out->report = true;
			part = OTHER;
		}
		if (part == NO_PART || !read_report(out, &part, line, len)) {
			part = NO_PART;
			read_line(out, line, without_stats(line, len));
		}
		line = end + (*end == '\n');
	}
}

void verifier_log_release(struct verifier_log *l)
{
	buf_release(&l->reason);
	buf_release(&l->suggestion);
	*l = (struct verifier_log){ 0 };
}
