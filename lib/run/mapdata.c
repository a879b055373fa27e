/* SPDX-License-Identifier: BSD-2-Clause */
/* Reading maps once their programs are detached. */
#include "lib/run/mapdata.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include <bpf/bpf.h>
#include <bpf/btf.h>
#include <bpf/libbpf.h>

#include "lib/base/cleanup.h"
#include "lib/run/decode.h"

#define MAX_ENTRIES 65536

/* What reading one map takes, besides the result. */
struct reader {
	int fd;
	bool per_cpu;
	int cpus;
	size_t stride;      /* of one CPU's value: the kernel rounds up to 8 */
	unsigned char *raw; /* as the kernel gives it, all CPUs */
};

bool mapdata_lists(const struct bpf_map *map)
{
	switch (bpf_map__type(map)) {
	case BPF_MAP_TYPE_HASH:
	case BPF_MAP_TYPE_ARRAY:
	case BPF_MAP_TYPE_PERCPU_HASH:
	case BPF_MAP_TYPE_PERCPU_ARRAY:
	case BPF_MAP_TYPE_LRU_HASH:
	case BPF_MAP_TYPE_LRU_PERCPU_HASH:
	case BPF_MAP_TYPE_LPM_TRIE:
		return bpf_map__autocreate(map) && !bpf_map__is_internal(map);
	default:
		return false;
	}
}

bool mapdata_is_per_cpu(const struct bpf_map *map)
{
	enum bpf_map_type type = bpf_map__type(map);

	return type == BPF_MAP_TYPE_PERCPU_HASH || type == BPF_MAP_TYPE_PERCPU_ARRAY ||
	       type == BPF_MAP_TYPE_LRU_PERCPU_HASH;
}

void mapdata_release(struct mapdata *m)
{
	shape_free(m->key);
	shape_free(m->value);
	free(m->entries);
	*m = (struct mapdata){ 0 };
}

const void *mapdata_key(const struct mapdata *m, size_t i)
{
	return m->entries + i * ((size_t)m->key_size + m->value_size);
}

const void *mapdata_value(const struct mapdata *m, size_t i)
{
	return (const unsigned char *)mapdata_key(m, i) + m->key_size;
}

/* The shape of a key or value; bytes if it has no type or one of another size. */
static int read_shape(struct shape **out, const struct btf *btf, uint32_t id,
		      uint32_t size, struct skep_err *err)
{
	if (id && btf__resolve_size(btf, id) == size && !shape_new(out, btf, id, NULL)) {
		if ((*out)->field_cnt)
			return 0;
		shape_free(*out);
	}
	return shape_plain(out, size, err);
}

static bool is_zero(const unsigned char *p, size_t n)
{
	for (size_t i = 0; i < n; i++)
		if (p[i])
			return false;
	return true;
}

static void add_number(unsigned char *sum, const unsigned char *value, size_t bytes)
{
	unsigned int carry = 0;

	for (size_t i = 0; i < bytes; i++) {
		size_t at = __BYTE_ORDER__ == __ORDER_LITTLE_ENDIAN__ ? i : bytes - 1 - i;

		carry += sum[at] + value[at];
		sum[at] = (unsigned char)carry;
		carry >>= 8;
	}
}

/* Add up integers; of anything else the first CPU that has some counts. */
static void add_field(const struct field *f, unsigned char *sum,
		      const unsigned char *value)
{
	size_t off = f->off_bits / 8, elem = f->size_bits / 8;

	if (!field_is_value(f) || f->off_bits % 8)
		return;
	if ((f->kind == FIELD_UINT || f->kind == FIELD_INT) && f->size_bits % 8 == 0) {
		for (uint32_t i = 0; i < f->count; i++)
			add_number(sum + off + i * elem, value + off + i * elem, elem);
	} else if (is_zero(sum + off, elem * f->count)) {
		memcpy(sum + off, value + off, elem * f->count);
	}
}

static void add_cpus(const struct mapdata *m, const struct reader *r, unsigned char *sum)
{
	memcpy(sum, r->raw, m->value_size);
	for (int cpu = 1; cpu < r->cpus; cpu++)
		for (size_t i = 0; i < m->value->field_cnt; i++)
			add_field(&m->value->fields[i], sum,
				  r->raw + (size_t)cpu * r->stride);
}

static int read_entry(struct mapdata *m, const struct reader *r, const void *key,
		      size_t *cap, struct skep_err *err)
{
	size_t size = (size_t)m->key_size + m->value_size;
	unsigned char *to;

	if (bpf_map_lookup_elem(r->fd, key, r->raw))
		return 0; /* deleted meanwhile */
	if (m->cnt == *cap) {
		size_t more = *cap ? 2 * *cap : 64;

		to = realloc(m->entries, more * size);
		if (!to)
			return skep_fail(err, ENOMEM, "out of memory");
		m->entries = to;
		*cap = more;
	}
	to = m->entries + m->cnt++ * size;
	memcpy(to, key, m->key_size);
	add_cpus(m, r, to + m->key_size);
	return 0;
}

static int read_entries(struct mapdata *m, const struct reader *r, struct skep_err *err)
{
	_cleanup_free_ unsigned char *key = calloc(1, m->key_size);
	bool first = true;
	size_t cap = 0;

	if (!key)
		return skep_fail(err, ENOMEM, "out of memory");
	while (!bpf_map_get_next_key(r->fd, first ? NULL : key, key)) {
		int rc;

		first = false;
		if (m->cnt == MAX_ENTRIES) {
			m->more = true;
			return 0;
		}
		rc = read_entry(m, r, key, &cap, err);
		if (rc)
			return rc;
	}
	return errno == ENOENT ? 0
			       : skep_fail(err, errno, "cannot list the entries: %s",
					   strerror(errno));
}

static int by_key(const void *a, const void *b, void *ctx)
{
	const struct mapdata *m = ctx;

	for (size_t i = 0; i < m->key->field_cnt; i++) {
		const struct field *f = &m->key->fields[i];
		uint64_t va, vb, sign;

		if (f->array || (f->kind != FIELD_UINT && f->kind != FIELD_INT &&
				 f->kind != FIELD_ENUM))
			continue;
		if (!decode_u64(f, 0, a, m->key_size, &va) ||
		    !decode_u64(f, 0, b, m->key_size, &vb) || va == vb)
			continue;
		/* with the sign bit turned round, negative numbers come first */
		sign = f->kind == FIELD_INT ? 1ULL << (f->size_bits - 1) : 0;
		return (va ^ sign) < (vb ^ sign) ? -1 : 1;
	}
	return memcmp(a, b, m->key_size);
}

int mapdata_read(struct mapdata *out, const struct bpf_map *map, const struct btf *btf,
		 struct skep_err *err)
{
	_cleanup_(mapdata_release) struct mapdata m = {
		.key_size = bpf_map__key_size(map), .value_size = bpf_map__value_size(map)
	};
	struct reader r = { .fd = bpf_map__fd(map), .per_cpu = mapdata_is_per_cpu(map) };
	_cleanup_free_ unsigned char *raw = NULL;
	int rc;

	r.cpus = r.per_cpu ? libbpf_num_possible_cpus() : 1;
	r.stride = (m.value_size + 7UL) & ~7UL;
	raw = r.cpus > 0 ? calloc((size_t)r.cpus, r.stride) : NULL;
	if (!raw)
		return skep_fail(err, ENOMEM, "out of memory");
	r.raw = raw;
	rc = read_shape(&m.key, btf, bpf_map__btf_key_type_id(map), m.key_size, err);
	if (!rc)
		rc = read_shape(&m.value, btf, bpf_map__btf_value_type_id(map),
				m.value_size, err);
	if (!rc)
		rc = read_entries(&m, &r, err);
	if (rc)
		return skep_err_note(err, "while reading map '%s'", bpf_map__name(map));
	if (m.cnt)
		qsort_r(m.entries, m.cnt, (size_t)m.key_size + m.value_size, by_key, &m);
	*out = m;
	m = (struct mapdata){ 0 };
	return 0;
}
