/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * The end of a verifier log, as the kernel writes it at level 1:
 *
 *	; *r = 1; @ probe.bpf.c:12                  source line, its file since Linux 6.10
 *	19: (63) *(u32 *)(r0 +0) = r1               instruction, counted from the start of the program
 *	R0 invalid mem access 'map_value_or_null'   one or more lines of error
 *	processed 18 insns (limit 1000000) ...      statistics
 */
#include "lib/run/refusal.h"

#include <stdbool.h>
#include <stdlib.h>
#include <string.h>

#include <bpf/btf.h>

#include "lib/base/buf.h"
#include "lib/base/cleanup.h"
#include "lib/base/escape.h"
#include "lib/object/ext.h"
#include "lib/object/object.h"

/* Lines that say nothing about the cause: statistics, states, calls. */
static bool is_noise(const char *line, size_t len)
{
	static const char *const noise[] = { "processed ",  "verification time",
					     "stack depth", "peak_states",
					     "max_states",  "mark_",
					     "arg#",        "func#",
					     "Validating ", "cur state:",
					     "old state:",  "from ",
					     "parent ",     "last_idx",
					     "regs=",       "Func#",
					     "caller:",     "callee:",
					     "returning ",  "to caller at",
					     " frame" };

	for (size_t i = 0; i < ARRAY_SIZE(noise); i++)
		if (len >= strlen(noise[i]) && !strncmp(line, noise[i], strlen(noise[i])))
			return true;
	return !len;
}

/* Source lines, and "12: (07) r2 += -8" or "12: R1=ctx()". */
static bool is_trace(const char *line, const char **source, int *insn)
{
	size_t digits = strspn(line, "0123456789");

	if (!strncmp(line, "; ", 2)) {
		*source = line + 2;
		return true;
	}
	if (!digits || digits > 9 || line[digits] != ':')
		return false;
	*insn = atoi(line);
	return true;
}

/* The log quotes source lines that came with the object. */
static char *printable(const char *text, size_t len)
{
	struct buf b = { 0 };

	escape_text(&b, text, len);
	return buf_take(&b, NULL);
}

/* `u32 x = *p; @ probe.bpf.c:12` */
static void read_source(struct refusal *r, const char *source)
{
	char *at, *next, *colon;

	r->source = printable(source, strcspn(source, "\n"));
	at = r->source ? strstr(r->source, " @ ") : NULL;
	while (at && (next = strstr(at + 1, " @ ")))
		at = next;
	colon = at ? strrchr(at, ':') : NULL;
	if (!colon)
		return;
	*at = *colon = '\0';
	r->file = strdup(at + 3);
	r->line_no = atoi(colon + 1);
}

void refusal_read(struct refusal *r, const char *log)
{
	const char *source = NULL, *last = NULL;
	size_t last_len = 0;
	struct buf errors = { 0 };

	*r = (struct refusal){ .insn = -1 };
	for (const char *line = log; *line;) {
		size_t len = strcspn(line, "\n");

		if (is_trace(line, &source, &r->insn)) {
			buf_release(&errors);
			last = memmem(line, len, "<invalid ", 9) ? line : NULL;
			last_len = len;
		} else if (!is_noise(line, len)) {
			escape_text(&errors, line, len);
			buf_char(&errors, '\n');
			last = line;
			last_len = len;
		}
		line += len + (line[len] == '\n');
	}
	r->errors = buf_take(&errors, NULL);
	r->line = last ? printable(last, last_len) : NULL;
	if (source)
		read_source(r, source);
}

void refusal_release(struct refusal *r)
{
	free(r->errors);
	free(r->line);
	free(r->source);
	free(r->file);
	*r = (struct refusal){ 0 };
}

static const struct obj_program *find_program(const struct object *o, const char *name)
{
	for (size_t i = 0; name && i < o->program_cnt; i++)
		if (!strcmp(o->programs[i].name, name))
			return &o->programs[i];
	return NULL;
}

static const char *func_name(const struct btf *btf, const struct ext_row *func)
{
	const struct btf_type *t = btf__type_by_id(btf, func->func.type_id);

	return t ? btf__name_by_offset(btf, t->name_off) : NULL;
}

/* Instructions behind the program's own are of functions it calls, in an order libbpf chose. */
static const struct ext_row *line_of_insn(const struct refusal *r, const struct object *o,
					  const struct ext *ext, const char *name)
{
	const struct obj_program *p = find_program(o, name);

	if (!p || r->insn < 0 || (size_t)r->insn >= p->insn_cnt)
		return NULL;
	for (size_t i = 0; i < ext->funcs.n; i++) {
		const struct ext_row *f = &ext->funcs.rows[i];
		const char *found = func_name(o->btf, f);

		if (found && !strcmp(found, name))
			return ext_at(&ext->lines, f->section,
				      f->insn_off + 8 * (uint32_t)r->insn);
	}
	return NULL;
}

/* The line by what the log says of it. */
static const struct ext_row *line_of_log(const struct refusal *r, const struct object *o,
					 const struct ext *ext)
{
	for (size_t i = 0; r->file && i < ext->lines.n; i++) {
		const struct ext_row *row = &ext->lines.rows[i];
		const char *path = btf__str_by_offset(o->btf, row->line.file);
		const char *slash = path ? strrchr(path, '/') : NULL;

		if (path && (int)(row->line.line_col >> 10) == r->line_no &&
		    !strcmp(slash ? slash + 1 : path, r->file))
			return row;
	}
	return NULL;
}

void refusal_locate(const struct refusal *r, const struct object *o, const char *program,
		    struct skep_err *err)
{
	_cleanup_free_ char *path = NULL;
	const struct ext_row *row = NULL;
	struct elf_file elf = { 0 };
	struct ext ext = { 0 };
	const char *file;

	if (!elf_file_read(&elf, o->data, o->size, NULL) &&
	    !ext_read(&ext, &elf, o->btf, NULL)) {
		ext_sort(&ext.lines);
		row = line_of_insn(r, o, &ext, program);
		row = row ? row : line_of_log(r, o, &ext);
	}
	file = row ? btf__str_by_offset(o->btf, row->line.file) : NULL;
	file += file && !strncmp(file, "./", 2) ? 2 : 0;
	path = file ? printable(file, strlen(file)) : NULL;
	if (path)
		skep_err_at(err, path, (int)(row->line.line_col >> 10), 0);
	else if (r->file)
		skep_err_at(err, r->file, r->line_no, 0);
	ext_release(&ext);
	elf_file_release(&elf);
}
