/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * Writing maps. As JSON a line per entry, {"skep":"entry","map":"drops","key":"10.0.0.1","value":3}, and
 * {"skep":"map","map":"drops","empty":true} for none. For people a table of at most 64 rows.
 */
#include "lib/run/maps.h"

#include <ctype.h>
#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include <bpf/btf.h>
#include <bpf/libbpf.h>

#include "lib/base/cleanup.h"
#include "lib/base/escape.h"
#include "lib/object/object.h"
#include "lib/run/decode.h"

#define MAX_ROWS   64
#define MAX_GLOBAL 4096 /* bytes of a variable */

void maps_json_open(const char *kind, const char *map, struct buf *out)
{
	buf_fmt(out, "{\"skep\":\"%s\",\"map\":", kind);
	escape_json(out, map, strlen(map));
}

void maps_line(const struct shape *shape, const void *data, size_t len, struct buf *out)
{
	bool first = true;

	for (size_t i = 0; i < shape->field_cnt; i++) {
		if (!field_is_value(&shape->fields[i]))
			continue;
		if (!first)
			buf_char(out, ' ');
		decode_text(shape, &shape->fields[i], data, len, out);
		first = false;
	}
}

static void print_json(const struct mapdata *m, const char *map, struct buf *out)
{
	for (size_t i = 0; i < m->cnt; i++) {
		maps_json_open("entry", map, out);
		buf_str(out, ",\"key\":");
		decode_json(m->key, mapdata_key(m, i), m->key_size, out);
		buf_str(out, ",\"value\":");
		decode_json(m->value, mapdata_value(m, i), m->value_size, out);
		buf_str(out, "}\n");
	}
	if (m->cnt && !m->more)
		return;
	maps_json_open("map", map, out);
	buf_str(out, m->more ? ",\"more\":true}\n" : ",\"empty\":true}\n");
}

/* One column of a table: a field of the key or of the value, its cells one behind the other. */
struct column {
	const struct field *field;
	struct buf cells;
	size_t *ends; /* of each cell in cells; the heading is the first */
	size_t width;
};

static void add_heading(struct column *c, const char *bare)
{
	buf_str(&c->cells, *c->field->path ? c->field->path : bare);
	for (size_t i = 0; i < c->cells.len; i++)
		c->cells.data[i] = (char)toupper((unsigned char)c->cells.data[i]);
	c->ends[0] = c->cells.len;
	c->width = c->cells.len;
}

static void add_cells(struct column *c, const struct mapdata *m, bool of_key, size_t rows)
{
	const struct shape *shape = of_key ? m->key : m->value;

	add_heading(c, of_key ? "key" : "value");
	for (size_t i = 0; i < rows; i++) {
		size_t from = c->cells.len, width;

		if (of_key)
			decode_text(shape, c->field, mapdata_key(m, i), m->key_size,
				    &c->cells);
		else
			decode_text(shape, c->field, mapdata_value(m, i), m->value_size,
				    &c->cells);
		c->ends[i + 1] = c->cells.len;
		width = escape_columns(&c->cells, from);
		c->width = width > c->width ? width : c->width;
	}
}

static void print_row(const struct column *columns, size_t n, size_t row, struct buf *out)
{
	for (size_t i = 0; i < n; i++) {
		const struct column *c = &columns[i];
		size_t from = row ? c->ends[row - 1] : 0, len = c->ends[row] - from,
		       at = out->len, pad;
		bool right = decode_is_number(c->field);

		if (c->cells.err || !c->cells.data)
			continue;
		buf_str(out, "  ");
		at = out->len;
		buf_add(out, c->cells.data + from, len);
		pad = c->width - escape_columns(out, at);
		if (right) {
			out->len = at;
			buf_fill(out, ' ', pad);
			buf_add(out, c->cells.data + from, len);
		} else if (i + 1 < n) {
			buf_fill(out, ' ', pad);
		}
	}
	buf_char(out, '\n');
}

static size_t add_columns(struct column *to, const struct mapdata *m, bool of_key,
			  size_t rows)
{
	const struct shape *shape = of_key ? m->key : m->value;
	size_t n = 0;

	for (size_t i = 0; i < shape->field_cnt; i++) {
		if (!field_is_value(&shape->fields[i]))
			continue;
		to[n].field = &shape->fields[i];
		to[n].ends = calloc(rows + 1, sizeof(*to[n].ends));
		if (to[n].ends)
			add_cells(&to[n], m, of_key, rows);
		else
			to[n].cells.err = -ENOMEM;
		n++;
	}
	return n;
}

static int print_rows(const struct mapdata *m, struct buf *out, struct skep_err *err)
{
	size_t rows = m->cnt < MAX_ROWS ? m->cnt : MAX_ROWS, n;
	_cleanup_free_ struct column *columns =
		calloc(m->key->field_cnt + m->value->field_cnt, sizeof(*columns));
	int rc = 0;

	if (!columns)
		return skep_fail(err, ENOMEM, "out of memory");
	n = add_columns(columns, m, true, rows);
	n += add_columns(columns + n, m, false, rows);
	for (size_t i = 0; i < n && !rc; i++)
		rc = buf_check(&columns[i].cells, err);
	for (size_t row = 0; row <= rows && !rc; row++)
		print_row(columns, n, row, out);
	for (size_t i = 0; i < n; i++) {
		buf_release(&columns[i].cells);
		free(columns[i].ends);
	}
	return rc;
}

static int print_table(const struct mapdata *m, const char *map, struct buf *out,
		       struct skep_err *err)
{
	int rc;

	buf_str(out, "\n");
	escape_text(out, map, strlen(map));
	if (!m->cnt) {
		buf_str(out, ": empty\n");
		return 0;
	}
	buf_fmt(out, ": %zu%s %s\n", m->cnt, m->more ? " or more" : "",
		m->cnt == 1 ? "entry" : "entries");
	rc = print_rows(m, out, err);
	if (m->cnt > MAX_ROWS)
		buf_fmt(out, "  … %zu more\n", m->cnt - MAX_ROWS);
	return rc;
}

/* Arrays always have all their entries: those never written say nothing. */
static void drop_zeros(struct mapdata *m)
{
	size_t size = (size_t)m->key_size + m->value_size, kept = 0;

	if (m->cnt <= 16)
		return;
	for (size_t i = 0; i < m->cnt; i++) {
		const unsigned char *value = mapdata_value(m, i);
		size_t k = 0;

		while (k < m->value_size && !value[k])
			k++;
		if (k < m->value_size)
			memmove(m->entries + kept++ * size, mapdata_key(m, i), size);
	}
	m->cnt = kept;
}

static int print_map(const struct obj_map *map, const struct btf *btf, bool json,
		     struct buf *out, struct skep_err *err)
{
	_cleanup_(mapdata_release) struct mapdata m = { 0 };
	int rc = mapdata_read(&m, map->bpf, btf, err);

	if (rc)
		return rc;
	if (map->hist && hist_fits(&m)) {
		hist_print(&m, map->name, map->hist, json, out);
		return 0;
	}
	if (map->map_type == BPF_MAP_TYPE_ARRAY ||
	    map->map_type == BPF_MAP_TYPE_PERCPU_ARRAY)
		drop_zeros(&m);
	if (!json)
		return print_table(&m, map->name, out, err);
	print_json(&m, map->name, out);
	return 0;
}

/* One variable of .bss or .data. */
static void print_global(const struct btf *btf, const struct btf_var_secinfo *v,
			 const unsigned char *data, size_t len, bool json,
			 struct buf *out)
{
	const struct btf_type *var = btf__type_by_id(btf, v->type);
	_cleanup_(shape_freep) struct shape *shape = NULL;
	const char *name;

	if (!var || !btf_is_var(var) || v->size > MAX_GLOBAL || v->offset > len ||
	    v->size > len - v->offset)
		return;
	name = btf__name_by_offset(btf, var->name_off);
	if (!name || !strncmp(name, "__", 2) || shape_new(&shape, btf, var->type, NULL))
		return;
	if (shape->size > v->size)
		return;
	if (json) {
		buf_str(out, "{\"skep\":\"global\",\"global\":");
		escape_json(out, name, strlen(name));
		buf_str(out, ",\"value\":");
		decode_json(shape, data + v->offset, v->size, out);
		buf_str(out, "}\n");
		return;
	}
	buf_str(out, "  ");
	escape_text(out, name, strlen(name));
	buf_str(out, " = ");
	maps_line(shape, data + v->offset, v->size, out);
	buf_char(out, '\n');
}

static void print_globals(const struct obj_map *map, const struct btf *btf, bool json,
			  struct buf *out)
{
	const struct btf_type *sec =
		btf__type_by_id(btf, bpf_map__btf_value_type_id(map->bpf));
	const struct btf_var_secinfo *v;
	size_t len = 0;
	const void *data = bpf_map__initial_value(map->bpf, &len);

	if (!sec || !btf_is_datasec(sec) || !data)
		return;
	if (!json)
		buf_fmt(out, "\nglobals in %s:\n", map->name);
	v = btf_var_secinfos(sec);
	for (uint32_t i = 0; i < btf_vlen(sec); i++)
		print_global(btf, &v[i], data, len, json, out);
}

/* Variables that programs write: not .rodata, not .kconfig. */
static bool is_written_data(const struct obj_map *map)
{
	return map->data_section &&
	       (!strncmp(map->name, ".bss", 4) || !strncmp(map->name, ".data", 5));
}

int maps_print(const struct object *o, bool json, struct buf *out, struct skep_err *err)
{
	for (size_t i = 0; i < o->map_cnt; i++) {
		const struct obj_map *map = &o->maps[i];
		int rc = 0;

		if (mapdata_lists(map->bpf))
			rc = print_map(map, o->btf, json, out, err);
		else if (is_written_data(map))
			print_globals(map, o->btf, json, out);
		if (rc)
			return rc;
	}
	return buf_check(out, err);
}
