/* SPDX-License-Identifier: BSD-2-Clause */
/* Parameters given at run time: which there are, and putting them into variables and maps. */
#include "lib/run/params.h"

#include <errno.h>
#include <limits.h>
#include <stdlib.h>
#include <string.h>

#include <bpf/bpf.h>
#include <bpf/btf.h>
#include <bpf/libbpf.h>

#include "lib/base/buf.h"
#include "lib/base/cleanup.h"
#include "lib/base/escape.h"
#include "lib/base/text.h"
#include "lib/run/mapdata.h"

#define MAX_LIST (1U << 20) /* entries given for one map */

static const char **place_slot(struct params *p, const char *name, size_t len)
{
	const struct {
		const char *name;
		const char **slot;
	} slots[] = {
		{ "ifname", &p->place.ifname },
		{ "cgroup", &p->place.cgroup },
		{ "pid", &p->place.pid },
		{ "path", &p->place.path },
	};

	for (size_t i = 0; i < ARRAY_SIZE(slots); i++)
		if (strlen(slots[i].name) == len && !strncmp(slots[i].name, name, len))
			return slots[i].slot;
	return NULL;
}

static const char **value_slot(struct params *p, const char *name, size_t len)
{
	for (size_t i = 0; i < p->manifest->param_cnt; i++)
		if (strlen(p->manifest->params[i].name) == len &&
		    !strncmp(p->manifest->params[i].name, name, len))
			return &p->values[i];
	return place_slot(p, name, len);
}

static int unknown(const struct manifest *m, const char *name, struct skep_err *err)
{
	_cleanup_free_ const char **names = calloc(m->param_cnt + 4, sizeof(*names));
	static const char *const places[] = { "ifname", "cgroup", "pid", "path" };
	const char *near;

	skep_fail(err, SKEP_EUSAGE, "'%s' has no parameter '%s'", m->name, name);
	for (size_t i = 0; names && i < m->param_cnt; i++)
		names[i] = m->params[i].name;
	if (!names)
		return -SKEP_EUSAGE;
	memcpy(names + m->param_cnt, places, sizeof(places));
	near = text_nearest(name, names, m->param_cnt + ARRAY_SIZE(places));
	if (near)
		skep_err_hint(err, "did you mean '%s'?", near);
	else
		skep_err_hint(err, "--help behind the package lists its parameters");
	return -SKEP_EUSAGE;
}

static int twice(const struct manifest *m, const char *name, struct skep_err *err)
{
	skep_fail(err, SKEP_EUSAGE, "--param %s is given twice", name);
	for (size_t i = 0; i < m->param_cnt; i++)
		if (!strcmp(m->params[i].name, name) && m->params[i].bind == PARAM_ENTRIES)
			skep_err_hint(err, "separate several with commas");
	return -SKEP_EUSAGE;
}

static int take(struct params *p, const char *given, struct skep_err *err)
{
	const char *eq = strchr(given, '='), **slot;
	_cleanup_free_ char *name = eq ? strndup(given, (size_t)(eq - given)) : NULL;

	if (!eq || eq == given)
		return skep_fail(err, SKEP_EUSAGE, "--param wants NAME=VALUE, not '%s'",
				 given);
	if (!name)
		return skep_fail(err, ENOMEM, "out of memory");
	slot = value_slot(p, name, strlen(name));
	if (!slot)
		return unknown(p->manifest, name, err);
	if (*slot)
		return twice(p->manifest, name, err);
	*slot = eq + 1;
	return 0;
}

static bool is_printable(const char *text)
{
	return !text || !escape_needed(text, strlen(text));
}

int params_check(const struct manifest *m, struct skep_err *err)
{
	for (size_t i = 0; i < m->param_cnt; i++) {
		const struct param *q = &m->params[i];

		if (!is_printable(q->name) || !is_printable(q->type) ||
		    !is_printable(q->def) || !is_printable(q->help) ||
		    !is_printable(q->target))
			return skep_fail(err, SKEP_ECORRUPT,
					 "parameter %zu has text that is not printable",
					 i + 1);
	}
	return 0;
}

int params_init(struct params *p, const struct manifest *m, const char *const *given,
		size_t n, struct skep_err *err)
{
	*p = (struct params){ .manifest = m,
			      .values = calloc(m->param_cnt + 1, sizeof(*p->values)) };
	if (!p->values)
		return skep_fail(err, ENOMEM, "out of memory");
	for (size_t i = 0; i < n; i++) {
		int rc = take(p, given[i], err);

		if (rc) {
			params_release(p);
			return rc;
		}
	}
	for (size_t i = 0; i < m->param_cnt; i++)
		if (!p->values[i])
			p->values[i] = m->params[i].def;
	return 0;
}

void params_release(struct params *p)
{
	free(p->values);
	*p = (struct params){ 0 };
}

/* A variable of a data section: where its bytes are and how many. */
static const struct btf_var_secinfo *find_variable(const struct btf *btf,
						   const struct bpf_map *map,
						   const char *name)
{
	const struct btf_type *sec =
		btf__type_by_id(btf, bpf_map__btf_value_type_id(map));

	if (!sec || !btf_is_datasec(sec))
		return NULL;
	for (uint32_t i = 0; i < btf_vlen(sec); i++) {
		const struct btf_var_secinfo *v = &btf_var_secinfos(sec)[i];
		const struct btf_type *var = btf__type_by_id(btf, v->type);
		const char *var_name =
			var ? btf__name_by_offset(btf, var->name_off) : NULL;

		if (var_name && !strcmp(var_name, name))
			return v;
	}
	return NULL;
}

static int set_variable(const struct param *q, const char *value, struct bpf_object *obj,
			struct skep_err *err)
{
	const struct btf *btf = bpf_object__btf(obj);
	struct bpf_map *map;

	bpf_object__for_each_map(map, obj)
	{
		const struct btf_var_secinfo *v;
		size_t size = 0;
		char *data;

		if (!bpf_map__is_internal(map) || strstr(bpf_map__name(map), ".kconfig"))
			continue;
		v = find_variable(btf, map, q->target);
		data = v ? bpf_map__initial_value(map, &size) : NULL;
		if (!data || v->offset > size || v->size > size - v->offset)
			continue;
		return param_encode(q->name, q->type, value, data + v->offset, v->size,
				    err);
	}
	return skep_fail(
		err, SKEP_ECORRUPT,
		"parameter '%s' sets variable '%s', which the object does not have",
		q->name, q->target);
}

static struct bpf_map *find_map(const struct param *q, const struct bpf_object *obj,
				struct skep_err *err)
{
	struct bpf_map *map = bpf_object__find_map_by_name(obj, q->target);

	if (!map)
		skep_fail(err, SKEP_ECORRUPT,
			  "parameter '%s' sets map '%s', which the object does not have",
			  q->name, q->target);
	return map;
}

static int set_size(const struct param *q, const char *value, struct bpf_object *obj,
		    struct skep_err *err)
{
	struct bpf_map *map = find_map(q, obj, err);
	uint32_t n = 0;
	uint64_t wide = 0;
	int rc;

	if (!map)
		return -SKEP_ECORRUPT;
	rc = param_encode(q->name, q->type, value, &wide, sizeof(wide), err);
	if (rc)
		return rc;
	if (!wide || wide > UINT32_MAX)
		return skep_fail(err, SKEP_EUSAGE,
				 "--param %s wants 1-4294967295, not '%s'", q->name,
				 value);
	n = (uint32_t)wide;
	rc = bpf_map__set_max_entries(map, n);
	return rc ? skep_fail(err, -rc, "cannot give map '%s' %u entries: %s", q->target,
			      n, strerror(-rc))
		  : 0;
}

/* Does a parameter belong to this object. */
static bool is_of(const struct param *q, const char *object)
{
	return !q->object || !strcmp(q->object, object);
}

int params_set(const struct params *p, const char *object, struct bpf_object *obj,
	       struct skep_err *err)
{
	for (size_t i = 0; i < p->manifest->param_cnt; i++) {
		const struct param *q = &p->manifest->params[i];
		int rc = 0;

		if (!is_of(q, object) || !p->values[i])
			continue;
		if (q->bind == PARAM_RODATA)
			rc = set_variable(q, p->values[i], obj, err);
		else if (q->bind == PARAM_MAX_ENTRIES)
			rc = set_size(q, p->values[i], obj, err);
		if (rc)
			return rc;
	}
	return 0;
}

/* Key of a prefix tree: prefix length and address, "10.0.0.0/8". */
static int encode_prefix(const struct param *q, const char *text, unsigned char *key,
			 size_t size, struct skep_err *err)
{
	const char *slash = strchr(text, '/');
	_cleanup_free_ char *address =
		slash ? strndup(text, (size_t)(slash - text)) : strdup(text);
	uint64_t bits = 8 * (size - 4);
	uint32_t prefix;

	if (!address)
		return skep_fail(err, ENOMEM, "out of memory");
	if (slash && (!text_u64(slash + 1, &bits) || bits > 8 * (size - 4)))
		return skep_fail(err, SKEP_EUSAGE,
				 "--param %s wants a prefix length of 0-%zu, not '%s'",
				 q->name, 8 * (size - 4), slash + 1);
	prefix = (uint32_t)bits;
	memcpy(key, &prefix, sizeof(prefix));
	return param_encode(q->name, q->type, address, key + 4, size - 4, err);
}

/* Is a map's value one number, or bytes without a type that can be taken for one. */
static bool is_number(const struct btf *btf, const struct bpf_map *map)
{
	uint32_t size = bpf_map__value_size(map), id = bpf_map__btf_value_type_id(map);
	int resolved = id ? btf__resolve_type(btf, id) : 0;
	const struct btf_type *t =
		resolved > 0 ? btf__type_by_id(btf, (uint32_t)resolved) : NULL;

	return (size == 1 || size == 2 || size == 4 || size == 8) &&
	       (!t || btf_is_int(t) || btf_is_any_enum(t));
}

/* The value of an entry, on every CPU if it has many: a number, 1 if none is given, else zeros. */
static int encode_value(const struct param *q, const char *text, const struct btf *btf,
			const struct bpf_map *map, unsigned char *value,
			struct skep_err *err)
{
	size_t size = bpf_map__value_size(map), stride = (size + 7) & ~7UL;
	int cpus = mapdata_is_per_cpu(map) ? libbpf_num_possible_cpus() : 1, rc;
	static const char *const types[] = {
		[1] = "u8", [2] = "u16", [4] = "u32", [8] = "u64"
	};

	if (!is_number(btf, map)) {
		if (!text)
			return 0;
		return skep_fail(
			err, SKEP_EUSAGE,
			"--param %s wants keys alone: values of map '%s' are no numbers",
			q->name, q->target);
	}
	rc = param_encode(q->name, types[size], text ? text : "1", value, size, err);
	for (int i = 1; i < cpus && !rc; i++)
		memcpy(value + (size_t)i * stride, value, size);
	return rc;
}

static bool is_prefix(const struct bpf_map *map)
{
	return bpf_map__type(map) == BPF_MAP_TYPE_LPM_TRIE && bpf_map__key_size(map) > 4;
}

/* A key that is wider than what is given would be filled up with zeros, and match nothing. */
static int check_key(const struct param *q, const struct bpf_map *map,
		     struct skep_err *err)
{
	size_t size = bpf_map__key_size(map), prefix = is_prefix(map) ? 4 : 0;
	size_t wants = param_size(q->type);

	if (!wants || wants + prefix == size)
		return 0;
	return skep_fail(err, SKEP_ECORRUPT,
			 "parameter '%s' is %s, keys of map '%s' have %zu bytes%s",
			 q->name, q->type, q->target, size,
			 prefix ? ", 4 of them for the prefix length" : "");
}

static int put_entry(const struct param *q, char *item, const struct btf *btf,
		     const struct bpf_map *map, unsigned char *key, unsigned char *value,
		     struct skep_err *err)
{
	size_t key_size = bpf_map__key_size(map);
	char *eq = strchr(item, '=');
	int rc;

	if (eq)
		*eq++ = '\0';
	rc = check_key(q, map, err);
	if (rc)
		return rc;
	if (is_prefix(map))
		rc = encode_prefix(q, item, key, key_size, err);
	else
		rc = param_encode(q->name, q->type, item, key, key_size, err);
	if (!rc)
		rc = encode_value(q, eq, btf, map, value, err);
	if (rc)
		return rc;
	if (!bpf_map_update_elem(bpf_map__fd(map), key, value, BPF_ANY))
		return 0;
	if (errno == E2BIG || errno == ENOSPC)
		return skep_fail(
			err, SKEP_EUSAGE,
			"--param %s has more entries than map '%s' takes, which is %u",
			q->name, q->target, bpf_map__max_entries(map));
	return skep_fail(err, errno, "cannot put '%s' into map '%s': %s", item, q->target,
			 strerror(errno));
}

/* Lists are written "a, b" as well. */
static char *trim(char *item)
{
	char *end;

	item += strspn(item, " \t");
	end = item + strlen(item);
	while (end > item && (end[-1] == ' ' || end[-1] == '\t'))
		*--end = '\0';
	return item;
}

static int fill_map(const struct param *q, const char *list, struct bpf_object *obj,
		    struct skep_err *err)
{
	const struct bpf_map *map = find_map(q, obj, err);
	_cleanup_free_ char *copy = strdup(list);
	_cleanup_free_ unsigned char *key = NULL, *value = NULL;
	char *rest = copy, *item;
	int cpus, rc = 0;

	if (!map)
		return -SKEP_ECORRUPT;
	cpus = mapdata_is_per_cpu(map) ? libbpf_num_possible_cpus() : 1;
	key = calloc(1, bpf_map__key_size(map) + 1);
	value = cpus > 0 ? calloc((size_t)cpus, bpf_map__value_size(map) + 8) : NULL;
	if (!copy || !key || !value)
		return skep_fail(err, ENOMEM, "out of memory");
	for (size_t n = 0; !rc && (item = strsep(&rest, ",")); n++) {
		if (n == MAX_LIST)
			return skep_fail(err, SKEP_EUSAGE,
					 "--param %s has more than %u entries", q->name,
					 MAX_LIST);
		item = trim(item);
		if (*item)
			rc = put_entry(q, item, bpf_object__btf(obj), map, key, value,
				       err);
	}
	return rc;
}

int params_fill(const struct params *p, const char *object, struct bpf_object *obj,
		struct skep_err *err)
{
	for (size_t i = 0; i < p->manifest->param_cnt; i++) {
		const struct param *q = &p->manifest->params[i];
		int rc;

		if (!is_of(q, object) || !p->values[i] || q->bind != PARAM_ENTRIES)
			continue;
		rc = fill_map(q, p->values[i], obj, err);
		if (rc)
			return rc;
	}
	return 0;
}
