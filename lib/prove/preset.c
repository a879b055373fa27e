/* SPDX-License-Identifier: BSD-2-Clause */
/* Variables set by name and value, the way down and the width taken from the object's own types. */
#include "lib/prove/preset.h"

#include <ctype.h>
#include <errno.h>
#include <limits.h>
#include <stdbool.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include <bpf/btf.h>
#include <bpf/libbpf.h>

#include "lib/base/buf.h"
#include "lib/base/cleanup.h"
#include "lib/base/text.h"

#define MAX_NAMES 65536
#define MAX_LOOKS (1U << 20)

/* What a path has led to. */
struct place {
	const struct btf *btf;
	const char *path; /* as the user wrote it, for messages */
	uint32_t id;      /* type */
	char *data;       /* of the variable */
	size_t size, off_bits;
	uint32_t bits;      /* of a bit field; else 0 */
	unsigned int looks; /* left: types may be made to be walked for ever */
};

struct names {
	const char **items;
	size_t cnt;
};

static void add_name(struct names *n, const char *name)
{
	const char **items;

	if (!name || !*name || n->cnt == MAX_NAMES)
		return;
	items = n->cnt & (n->cnt - 1)
			? n->items
			: realloc(n->items, (n->cnt ? 2 * n->cnt : 1) * sizeof(*items));
	if (!items)
		return;
	n->items = items;
	items[n->cnt++] = name;
}

static int suggest(const struct names *n, const char *word, struct skep_err *err)
{
	const char *near = text_nearest(word, n->items, n->cnt);

	if (near)
		skep_err_hint(err, "did you mean '%s'?", near);
	free(n->items);
	return -SKEP_EUSAGE;
}

/* Without typedefs and qualifiers; NULL for what is not there. */
static const struct btf_type *resolve(const struct btf *btf, uint32_t id)
{
	int resolved = btf__resolve_type(btf, id);

	return resolved < 0 ? NULL : btf__type_by_id(btf, (uint32_t)resolved);
}

static const char *name_at(const struct btf *btf, uint32_t off)
{
	const char *name = btf__name_by_offset(btf, off);

	return name ? name : "";
}

/* --- variables --- */

static bool holds_variables(const struct bpf_map *map)
{
	return bpf_map__is_internal(map) && !strstr(bpf_map__name(map), ".kconfig");
}

static const struct btf_type *section_of(const struct btf *btf, const struct bpf_map *map)
{
	const struct btf_type *sec =
		btf__type_by_id(btf, bpf_map__btf_value_type_id(map));

	return sec && btf_is_datasec(sec) ? sec : NULL;
}

static bool find_in(struct place *p, const struct bpf_map *map, const char *name,
		    struct names *names)
{
	const struct btf_type *sec = section_of(p->btf, map);
	size_t size = 0;
	char *data = sec ? bpf_map__initial_value(map, &size) : NULL;

	for (uint32_t i = 0; data && i < btf_vlen(sec); i++) {
		const struct btf_var_secinfo *v = &btf_var_secinfos(sec)[i];
		const struct btf_type *var = btf__type_by_id(p->btf, v->type);

		if (!var || !btf_is_var(var) || v->offset > size ||
		    v->size > size - v->offset)
			continue;
		add_name(names, name_at(p->btf, var->name_off));
		if (strcmp(name_at(p->btf, var->name_off), name))
			continue;
		p->id = var->type;
		p->data = data + v->offset;
		p->size = v->size;
		return true;
	}
	return false;
}

static int find_variable(struct place *p, struct bpf_object *obj, const char *name,
			 struct skep_err *err)
{
	struct names names = { 0 };
	struct bpf_map *map;

	bpf_object__for_each_map(map, obj)
	{
		if (holds_variables(map) && find_in(p, map, name, &names)) {
			free(names.items);
			return 0;
		}
	}
	skep_fail(err, SKEP_EUSAGE, "the object has no global variable '%s'", name);
	return suggest(&names, name, err);
}

/* --- the way down --- */

/* Members of what has no name are members of what is around it. */
static bool find_member(struct place *p, uint32_t id, const char *name, size_t off_bits,
			unsigned int depth, struct names *names)
{
	const struct btf_type *t = resolve(p->btf, id);

	if (!t || !depth || !btf_is_composite(t))
		return false;
	for (uint32_t i = 0; i < btf_vlen(t) && p->looks; i++, p->looks--) {
		const struct btf_member *m = &btf_members(t)[i];
		const char *own = name_at(p->btf, m->name_off);
		size_t off = off_bits + btf_member_bit_offset(t, i);

		add_name(names, own);
		if (!*own && find_member(p, m->type, name, off, depth - 1, names))
			return true;
		if (!*own || strcmp(own, name))
			continue;
		p->id = m->type;
		p->off_bits = off;
		p->bits = btf_member_bitfield_size(t, i);
		return true;
	}
	return false;
}

static int go_member(struct place *p, const char *name, struct skep_err *err)
{
	const struct btf_type *t = resolve(p->btf, p->id);
	struct names names = { 0 };

	if (!t || !btf_is_composite(t))
		return skep_fail(err, SKEP_EUSAGE,
				 "'%s' has no members: what '.%s' is of is no struct",
				 p->path, name);
	if (find_member(p, p->id, name, p->off_bits, 8, &names)) {
		free(names.items);
		return 0;
	}
	skep_fail(err, SKEP_EUSAGE, "'%s': there is no member '%s'", p->path, name);
	return suggest(&names, name, err);
}

static int beyond(const struct place *p, struct skep_err *err)
{
	return skep_fail(err, SKEP_EUSAGE, "'%s' is beyond the variable's bytes", p->path);
}

static int go_element(struct place *p, const char *text, struct skep_err *err)
{
	const struct btf_type *t = resolve(p->btf, p->id);
	const struct btf_array *a = t && btf_is_array(t) ? btf_array(t) : NULL;
	int64_t size = a ? btf__resolve_size(p->btf, a->type) : 0;
	uint64_t i;

	if (!a)
		return skep_fail(err, SKEP_EUSAGE, "'%s': '[%s]' is of no array", p->path,
				 text);
	if (!text_u64(text, &i) || i >= a->nelems || size <= 0) {
		skep_fail(err, SKEP_EUSAGE, "'%s': there is no element '%s'", p->path,
			  text);
		return a->nelems
			       ? skep_err_hint(err, "it has elements 0-%u", a->nelems - 1)
			       : -SKEP_EUSAGE;
	}
	if (i > p->size / (uint64_t)size)
		return beyond(p, err);
	p->id = a->type;
	p->off_bits += i * (uint64_t)size * 8;
	return 0;
}

static int bad_path(const struct place *p, struct skep_err *err)
{
	return skep_fail(err, SKEP_EUSAGE,
			 "'%s' is no way to a variable: name, name.member, name[0]",
			 p->path);
}

/* ".member[0].other": sep is what stood before rest. */
static int walk(struct place *p, char sep, char *rest, struct skep_err *err)
{
	int rc = 0;

	while (sep && !rc) {
		bool element = sep == '[';
		char *word = rest, *end = rest + strcspn(rest, element ? "]" : ".[]");

		sep = *end;
		if (end == word || (sep == ']') != element)
			return bad_path(p, err);
		*end = '\0';
		rest = end + (sep != '\0');
		if (element && (sep = *rest))
			rest++;
		if (element && sep && sep != '.' && sep != '[')
			return bad_path(p, err);
		rc = element ? go_element(p, word, err) : go_member(p, word, err);
	}
	return rc;
}

/* --- values --- */

/* First the lowest bit, or on machines of the other byte order the highest. */
static void put_bits(const struct place *p, uint64_t value, uint32_t bits)
{
	bool big = __BYTE_ORDER__ == __ORDER_BIG_ENDIAN__;

	for (uint32_t i = 0; i < bits; i++) {
		size_t at = p->off_bits + i;
		unsigned int shift = (unsigned int)(big ? 7 - at % 8 : at % 8);
		unsigned char bit = value >> (big ? bits - 1 - i : i) & 1;
		unsigned char *byte = (unsigned char *)p->data + at / 8;

		*byte = (unsigned char)((*byte & ~(1U << shift)) | (unsigned int)bit
									   << shift);
	}
}

static int64_t lowest(uint32_t bits)
{
	return bits >= 64 ? INT64_MIN : -((int64_t)1 << (bits - 1));
}

static uint64_t highest(uint32_t bits, bool sign)
{
	uint32_t n = bits - sign;

	return n >= 64 ? UINT64_MAX : ((uint64_t)1 << n) - 1;
}

static bool parse_number(const char *text, uint32_t bits, bool sign, uint64_t *value)
{
	int64_t v;

	if (*text == '-') {
		if (!text_s64(text, &v) || v > 0 || v < (sign ? lowest(bits) : 0))
			return false;
		*value = (uint64_t)v;
		return true;
	}
	return text_u64(text, value) && *value <= highest(bits, sign);
}

static int put_number(const struct place *p, const char *text, uint32_t bits, bool sign,
		      struct skep_err *err)
{
	uint64_t value;

	if (parse_number(text, bits, sign, &value)) {
		put_bits(p, value, bits);
		return 0;
	}
	if (sign)
		return skep_fail(err, SKEP_EUSAGE, "'%s' wants %lld to %llu, not '%s'",
				 p->path, (long long)lowest(bits),
				 (unsigned long long)highest(bits, true), text);
	return skep_fail(err, SKEP_EUSAGE, "'%s' wants 0-%llu, not '%s'", p->path,
			 (unsigned long long)highest(bits, false), text);
}

static int put_bool(const struct place *p, const char *text, uint32_t bits,
		    struct skep_err *err)
{
	bool yes = !strcmp(text, "true") || !strcmp(text, "1");

	if (!yes && strcmp(text, "false") && strcmp(text, "0"))
		return skep_fail(err, SKEP_EUSAGE, "'%s' wants true or false, not '%s'",
				 p->path, text);
	put_bits(p, yes, bits);
	return 0;
}

static bool find_enumerator(const struct btf *btf, const struct btf_type *t,
			    const char *text, uint64_t *value, struct names *names)
{
	bool wide = btf_is_enum64(t);

	for (uint32_t i = 0; i < btf_vlen(t); i++) {
		const char *name = name_at(btf, wide ? btf_enum64(t)[i].name_off
						     : btf_enum(t)[i].name_off);

		add_name(names, name);
		if (strcmp(name, text))
			continue;
		*value = wide ? btf_enum64_value(&btf_enum64(t)[i])
			      : (uint64_t)(int64_t)btf_enum(t)[i].val;
		return true;
	}
	return false;
}

static int put_enum(const struct place *p, const struct btf_type *t, const char *text,
		    uint32_t bits, struct skep_err *err)
{
	struct names names = { 0 };
	struct buf few = { 0 };
	uint64_t value;
	bool found;

	if (*text == '-' || isdigit((unsigned char)*text))
		return put_number(p, text, bits, btf_kflag(t), err);
	found = find_enumerator(p->btf, t, text, &value, &names);
	if (found) {
		free(names.items);
		put_bits(p, value, bits);
		return 0;
	}
	for (size_t i = 0; i < names.cnt && i < 8; i++)
		buf_fmt(&few, "%s%s", i ? ", " : "", names.items[i]);
	skep_fail(err, SKEP_EUSAGE, "'%s' wants one of %s%s, not '%s'", p->path,
		  few.data ? few.data : "none", names.cnt > 8 ? " …" : "", text);
	buf_release(&few);
	return suggest(&names, text, err);
}

static int put(const struct place *p, const char *text, struct skep_err *err)
{
	const struct btf_type *t = resolve(p->btf, p->id);
	bool whole = t && (btf_is_int(t) || btf_is_any_enum(t)) && t->size <= 8;
	uint32_t bits = !whole ? 0 : p->bits ? p->bits : t->size * 8;

	if (!bits || bits > 64)
		return skep_fail(err, SKEP_EUSAGE,
				 "'%s' is no number, bool or enum of at most 64 bits%s",
				 p->path,
				 t && btf_is_composite(t) ? ": name one of its members"
				 : t && btf_is_array(t)   ? ": name one of its elements"
							  : "");
	if (p->off_bits + bits > p->size * 8)
		return beyond(p, err);
	if (btf_is_any_enum(t))
		return put_enum(p, t, text, bits, err);
	if (btf_int_encoding(t) & BTF_INT_BOOL)
		return put_bool(p, text, bits, err);
	return put_number(p, text, bits, btf_int_encoding(t) & BTF_INT_SIGNED, err);
}

int preset_apply(struct bpf_object *obj, const char *preset, struct skep_err *err)
{
	const char *eq = strchr(preset, '=');
	_cleanup_free_ char *path = eq ? strndup(preset, (size_t)(eq - preset)) : NULL;
	_cleanup_free_ char *words = path ? strdup(path) : NULL;
	struct place p = { .btf = bpf_object__btf(obj), .path = path, .looks = MAX_LOOKS };
	char sep, *name = words;
	int rc;

	if (!eq || eq == preset || !eq[1])
		return skep_fail(err, SKEP_EUSAGE,
				 "a preset wants VARIABLE=VALUE, not '%s'", preset);
	if (!words)
		return skep_fail(err, ENOMEM, "out of memory");
	name[strcspn(name, ".[")] = '\0';
	sep = path[strlen(name)];
	rc = *name ? find_variable(&p, obj, name, err) : bad_path(&p, err);
	if (!rc)
		rc = walk(&p, sep, sep ? name + strlen(name) + 1 : name, err);
	return rc ? rc : put(&p, eq + 1, err);
}
