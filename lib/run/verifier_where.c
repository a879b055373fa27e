/* SPDX-License-Identifier: BSD-2-Clause */
/* An object's own line info has the path that was compiled and the column; a log has the last part of the path at most. */
#include "lib/run/verifier_where.h"

#include <string.h>

#include <bpf/btf.h>

#define INSN_SIZE 8

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

static const struct ext_row *find_start(const struct verifier_lines *l)
{
	for (size_t i = 0; l->program && i < l->ext.funcs.n; i++) {
		const char *name = func_name(l->object->btf, &l->ext.funcs.rows[i]);

		if (name && !strcmp(name, l->program->name))
			return &l->ext.funcs.rows[i];
	}
	return NULL;
}

void verifier_lines_open(struct verifier_lines *l, const struct object *o,
			 const char *program)
{
	*l = (struct verifier_lines){ .object = o };
	if (!o || elf_file_read(&l->elf, o->data, o->size, NULL))
		return;
	if (ext_read(&l->ext, &l->elf, o->btf, NULL))
		return;
	l->program = find_program(o, program);
	ext_sort(&l->ext.lines);
	ext_sort(&l->ext.funcs);
	l->start = find_start(l);
}

void verifier_lines_close(struct verifier_lines *l)
{
	ext_release(&l->ext);
	elf_file_release(&l->elf);
	*l = (struct verifier_lines){ 0 };
}

static const char *base_name(const char *path)
{
	const char *slash = path ? strrchr(path, '/') : NULL;

	return slash ? slash + 1 : path;
}

static bool same(const char *s, const char *other, size_t len)
{
	return s && strlen(s) == len && !memcmp(s, other, len);
}

/* As the kernel prints it: without leading blanks. */
static const char *text_of(const struct verifier_lines *l, const struct ext_row *row)
{
	const char *text = btf__str_by_offset(l->object->btf, row->line.text);

	return text ? text + strspn(text, " \t") : NULL;
}

static bool is_said(const struct verifier_lines *l, const struct ext_row *row,
		    const struct verifier_source *said)
{
	if (!said->file)
		return said->text_len > 1 &&
		       same(text_of(l, row), said->text, said->text_len);
	return row->line.line_col >> 10 == said->line &&
	       same(base_name(btf__str_by_offset(l->object->btf, row->line.file)),
		    said->file, said->file_len);
}

static const struct ext_row *find_said(const struct verifier_lines *l,
				       const struct verifier_source *said)
{
	const struct ext_row *found = NULL;

	for (size_t i = 0; i < l->ext.lines.n; i++) {
		const struct ext_row *row = &l->ext.lines.rows[i];

		if (!is_said(l, row, said))
			continue;
		if (found && found->line.line_col >> 10 != row->line.line_col >> 10)
			return NULL;
		found = found ? found : row;
	}
	return found;
}

const struct ext_row *verifier_lines_insn(const struct verifier_lines *l, int insn)
{
	if (!l->start || insn < 0 || (size_t)insn >= l->program->insn_cnt)
		return NULL;
	return ext_at(&l->ext.lines, l->start->section,
		      l->start->insn_off + INSN_SIZE * (uint32_t)insn);
}

const struct ext_row *verifier_lines_find(const struct verifier_lines *l, int insn,
					  const struct verifier_source *said)
{
	const struct ext_row *row = verifier_lines_insn(l, insn);

	if (row || !l->object)
		return row;
	return said->text_len || said->file ? find_said(l, said) : NULL;
}

const char *verifier_lines_file(const struct verifier_lines *l, const struct ext_row *row)
{
	const char *file = btf__str_by_offset(l->object->btf, row->line.file);

	if (!file || !*file)
		return NULL;
	return strncmp(file, "./", 2) ? file : file + 2;
}

const char *verifier_lines_text(const struct verifier_lines *l, const struct ext_row *row)
{
	const char *text = text_of(l, row);

	return text && *text ? text : NULL;
}

const char *verifier_lines_function(const struct verifier_lines *l,
				    const struct ext_row *row)
{
	const struct ext_row *func = ext_at(&l->ext.funcs, row->section, row->insn_off);

	return func ? func_name(l->object->btf, func) : NULL;
}
