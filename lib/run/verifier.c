/* SPDX-License-Identifier: BSD-2-Clause */
/* From the end of a log, and from libbpf's message where there is none, to what was refused, where, why and what helps. */
#include "lib/run/verifier.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "lib/base/cleanup.h"
#include "lib/base/escape.h"
#include "lib/run/verifier_catalogue.h"
#include "lib/run/verifier_log.h"
#include "lib/run/verifier_where.h"

#define MAX_LINE 400 /* bytes of any text that is quoted */

static char *printable(const char *text, size_t len)
{
	struct buf b = { 0 };

	for (; len && (*text == ' ' || *text == '\t'); len--)
		text++;
	for (; len && (text[len - 1] == ' ' || text[len - 1] == '\n'); len--)
		;
	if (!len)
		return NULL;
	escape_text(&b, text, len < MAX_LINE ? len : MAX_LINE);
	return buf_take(&b, NULL);
}

static char *printable_str(const char *text)
{
	return text ? printable(text, strlen(text)) : NULL;
}

/* Of the lines behind the trace, the one that the catalogue knows best; else the first. */
static void choose_line(struct verifier_reading *r, const struct verifier_log *l,
			const struct verifier_entry **entry)
{
	size_t best = 0;

	*entry = NULL;
	for (size_t i = 0; i < l->n; i++) {
		const struct verifier_entry *e =
			verifier_entry_for(l->errors[i].text, l->errors[i].len);

		if (!e || (*entry && e >= *entry))
			continue;
		*entry = e;
		best = i;
	}
	if (l->n)
		r->line = printable(l->errors[best].text, l->errors[best].len);
}

/* "infinite loop detected at insn 9", "unreachable insn 4": the trace may have ended elsewhere. */
static int named_insn(const char *line)
{
	const char *at = line ? strstr(line, "insn ") : NULL;
	long n;
	char *end;

	if (!at || (at > line && at[-1] != ' '))
		return -1;
	n = strtol(at + 5, &end, 10);
	return end > at + 5 && n >= 0 && n < 1 << 24 ? (int)n : -1;
}

static void locate_by_object(struct verifier_reading *r,
			     const struct verifier_lines *lines,
			     const struct ext_row *row)
{
	r->file = printable_str(verifier_lines_file(lines, row));
	r->source_line = row->line.line_col >> 10;
	r->column = row->line.line_col & 1023;
	r->text = printable_str(verifier_lines_text(lines, row));
	r->function = printable_str(verifier_lines_function(lines, row));
}

static void locate_by_log(struct verifier_reading *r, const struct verifier_log *l)
{
	const struct verifier_source *s = &l->source;

	r->file = s->file ? printable(s->file, s->file_len) : NULL;
	r->source_line = s->line;
	r->column = s->column;
	r->text = s->text ? printable(s->text, s->text_len) : NULL;
	r->function = l->function ? printable(l->function, l->function_len) : NULL;
}

static void locate(struct verifier_reading *r, const struct verifier_log *l,
		   const struct object *o, const char *program)
{
	int named = named_insn(r->line);
	struct verifier_lines lines;
	const struct ext_row *row;

	r->insn = named >= 0 && !l->report ? named : l->insn;
	verifier_lines_open(&lines, o, program);
	row = verifier_lines_find(&lines, r->insn, &l->source);
	if (row)
		locate_by_object(r, &lines, row);
	else
		locate_by_log(r, l);
	if (!r->function && lines.program && r->insn >= 0 &&
	    (size_t)r->insn < lines.program->insn_cnt)
		r->function = printable_str(program);
	verifier_lines_close(&lines);
}

static void explain(struct verifier_reading *r, const struct verifier_entry *e,
		    const struct verifier_log *l)
{
	if (e) {
		r->key = e->key;
		r->own = e->own;
		r->cause = printable_str(e->cause);
		r->remedy = printable_str(e->remedy);
		return;
	}
	/* What is at a call, or in front of the first instruction, may be for what is missing. */
	r->own = l->n && l->insn >= 0 && !l->call;
	r->cause = printable(l->reason.data, l->reason.len);
	r->remedy = printable(l->suggestion.data, l->suggestion.len);
}

/* "libbpf: prog 'x': ...". */
static const char *without_prefix(const char *message)
{
	return strncmp(message, "libbpf: ", 8) ? message : message + 8;
}

static void read_message(struct verifier_reading *r, const char *message, int code,
			 const struct verifier_entry **entry)
{
	message = message && *message ? without_prefix(message) : strerror(code);
	*entry = verifier_entry_for(message, strlen(message));
	free(r->line);
	r->line = printable_str(message);
}

int verifier_read(struct verifier_reading *out, const char *log, const char *message,
		  int code, const struct object *o, const char *program,
		  struct skep_err *err)
{
	const struct verifier_entry *entry;
	struct verifier_log l;

	*out = (struct verifier_reading){ .insn = -1 };
	verifier_log_read(&l, log ? log : "");
	choose_line(out, &l, &entry);
	if (!out->line || (!entry && code == ENOSPC)) /* what ends the log was cut off */
		read_message(out, message, code, &entry);
	explain(out, entry, &l);
	locate(out, &l, o, program);
	verifier_log_release(&l);
	if (!out->line)
		return skep_fail(err, ENOMEM, "out of memory");
	return 0;
}

void verifier_release(struct verifier_reading *r)
{
	free(r->line);
	free(r->cause);
	free(r->remedy);
	free(r->file);
	free(r->text);
	free(r->function);
	*r = (struct verifier_reading){ 0 };
}

void verifier_one_line(const struct verifier_reading *r, struct buf *out)
{
	if (r->file && r->source_line)
		buf_fmt(out, "%s:%u: ", r->file, r->source_line);
	if (r->function)
		buf_fmt(out, "in %s: ", r->function);
	buf_str(out, r->line ? r->line : "refused");
	if (r->cause)
		buf_fmt(out, "; %s", r->cause);
	if (r->remedy)
		buf_fmt(out, "; %s", r->remedy);
}
