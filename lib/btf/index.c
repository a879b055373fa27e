/* SPDX-License-Identifier: BSD-2-Clause */
/* Reading an index: mapped, its sections checked to lie within it, every access checked against its section. */
#include "lib/btf/index.h"

#include <errno.h>
#include <fcntl.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/stat.h>
#include <unistd.h>

#include "lib/base/cleanup.h"
#include "lib/btf/index_format.h"

#define MAX_CHAIN 128 /* typedefs, const … behind one another; BTF is checked for less */

struct table {
	const struct index_name *names;
	uint32_t name_cnt;
	const uint32_t *slots;
	uint32_t mask;
	const uint32_t *ids;
	uint32_t id_cnt;
};

struct btf_index {
	struct btf_index_info info;
	const char *types, *strings;
	size_t types_len, strings_len;
	const uint32_t *offsets;
	const struct index_part *parts;
	const uint64_t *layouts;
	struct table tables[BTF_INDEX_TABLES];
	const uint32_t *hooks[BTF_HOOKS];
	uint32_t hook_cnt[BTF_HOOKS];
	void *map;
	size_t map_size;
	void *owned;
};

/* A section of records of one size; NULL if it does not lie within the file. */
static const void *section(const void *data, size_t size, const struct index_span *s,
			   size_t record)
{
	if (s->off % 8 || s->off > size || s->len > size - s->off || s->len % record)
		return NULL;
	return (const char *)data + s->off;
}

static bool take_table(struct table *t, const void *data, size_t size,
		       const struct index_head *h, enum btf_index_table i)
{
	uint64_t slots = h->slots[i].len / sizeof(uint32_t);

	t->names = section(data, size, &h->names[i], sizeof(*t->names));
	t->slots = section(data, size, &h->slots[i], sizeof(*t->slots));
	t->ids = section(data, size, &h->ids[i], sizeof(*t->ids));
	if (!t->names || !t->slots || !t->ids || !h->names[i].len || !slots ||
	    (slots & (slots - 1)) || slots > UINT32_MAX)
		return false;
	t->name_cnt = h->names[i].len / sizeof(*t->names) - 1;
	t->mask = slots - 1;
	t->id_cnt = h->ids[i].len / sizeof(*t->ids);
	return true;
}

static bool take_sections(struct btf_index *ix, const void *data, size_t size,
			  const struct index_head *h)
{
	bool ok = true;
	unsigned int i;

	ix->types = section(data, size, &h->types, 4);
	ix->types_len = h->types.len;
	ix->offsets = section(data, size, &h->offsets, sizeof(*ix->offsets));
	ix->strings = section(data, size, &h->strings, 1);
	ix->strings_len = h->strings.len;
	ix->parts = section(data, size, &h->parts, sizeof(*ix->parts));
	ix->layouts = section(data, size, &h->layouts, sizeof(*ix->layouts));
	if (!ix->types || !ix->offsets || !ix->strings || !ix->parts || !ix->layouts ||
	    h->layouts.len != (uint64_t)h->cnt * sizeof(*ix->layouts) ||
	    h->offsets.len != ((uint64_t)h->cnt + 1) * sizeof(*ix->offsets) ||
	    h->parts.len != (uint64_t)h->part_cnt * sizeof(*ix->parts) ||
	    !ix->strings_len || ix->strings[ix->strings_len - 1])
		return false;
	for (i = 0; ok && i < BTF_INDEX_TABLES; i++)
		ok = take_table(&ix->tables[i], data, size, h, i);
	for (i = 0; ok && i < BTF_HOOKS; i++) {
		ix->hooks[i] = section(data, size, &h->hooks[i], sizeof(uint32_t));
		ix->hook_cnt[i] = h->hooks[i].len / sizeof(uint32_t);
		ok = ix->hooks[i];
	}
	return ok;
}

static int take(struct btf_index *ix, const void *data, size_t size, struct skep_err *err)
{
	const struct index_head *h = data;

	if (size < sizeof(*h) || memcmp(h->magic, INDEX_MAGIC, sizeof(h->magic)))
		return skep_fail(err, SKEP_ECORRUPT, "not an index of types");
	if (h->version != INDEX_VERSION || h->byte_order != INDEX_BYTE_ORDER)
		return skep_fail(err, ESTALE, "an index of another version of skep");
	if (h->size != size || !h->cnt || h->base_cnt > h->cnt ||
	    (h->ptr_size != 4 && h->ptr_size != 8) || !take_sections(ix, data, size, h))
		return skep_fail(err, SKEP_ECORRUPT, "damaged index of types");
	ix->info = (struct btf_index_info){
		.cnt = h->cnt,
		.base_cnt = h->base_cnt,
		.part_cnt = h->part_cnt,
		.ptr_size = h->ptr_size,
		.big_endian = h->big_endian,
	};
	memcpy(ix->info.digest, h->digest, sizeof(h->digest));
	return 0;
}

int btf_index_of(struct btf_index **out, const void *data, size_t size,
		 struct skep_err *err)
{
	struct btf_index *ix = calloc(1, sizeof(*ix));
	int ret;

	if (!ix)
		return skep_fail(err, ENOMEM, "out of memory");
	ret = take(ix, data, size, err);
	if (ret) {
		free(ix);
		return ret;
	}
	*out = ix;
	return 0;
}

int btf_index_open(struct btf_index **out, const char *path, struct skep_err *err)
{
	_cleanup_close_ int fd = open(path, O_RDONLY | O_CLOEXEC | O_NONBLOCK);
	struct stat st;
	void *map;
	int ret;

	if (fd < 0 || fstat(fd, &st)) {
		ret = skep_fail(err, errno, "%s", strerror(errno));
		skep_err_at(err, path, 0, 0);
		return ret;
	}
	if (!S_ISREG(st.st_mode) || st.st_size < (off_t)sizeof(struct index_head)) {
		ret = skep_fail(err, SKEP_ECORRUPT, "not an index of types");
		skep_err_at(err, path, 0, 0);
		return ret;
	}
	map = mmap(NULL, st.st_size, PROT_READ, MAP_PRIVATE, fd, 0);
	if (map == MAP_FAILED)
		return skep_fail(err, errno, "cannot map '%s': %s", path, strerror(errno));
	ret = btf_index_of(out, map, st.st_size, err);
	if (ret) {
		skep_err_at(err, path, 0, 0);
		munmap(map, st.st_size);
		return ret;
	}
	(*out)->map = map;
	(*out)->map_size = st.st_size;
	return 0;
}

int btf_index_own(struct btf_index **out, struct buf *bytes, struct skep_err *err)
{
	size_t size;
	void *data = buf_take(bytes, &size);
	int ret;

	if (!data)
		return skep_fail(err, ENOMEM, "out of memory");
	ret = btf_index_of(out, data, size, err);
	if (ret)
		free(data);
	else
		(*out)->owned = data;
	return ret;
}

void btf_index_close(struct btf_index *ix)
{
	if (!ix)
		return;
	if (ix->map)
		munmap(ix->map, ix->map_size);
	free(ix->owned);
	free(ix);
}

const struct btf_index_info *btf_index_info(const struct btf_index *ix)
{
	return &ix->info;
}

bool btf_index_part(const struct btf_index *ix, uint32_t i, struct btf_index_part *out)
{
	if (i >= ix->info.part_cnt)
		return false;
	out->name = btf_index_str(ix, ix->parts[i].name);
	out->first = ix->parts[i].first;
	out->cnt = ix->parts[i].cnt;
	return true;
}

uint32_t btf_index_part_of(const struct btf_index *ix, uint32_t id)
{
	uint32_t low = 0, high = ix->info.part_cnt;

	while (high - low > 1) {
		uint32_t mid = low + (high - low) / 2;

		if (ix->parts[mid].first <= id)
			low = mid;
		else
			high = mid;
	}
	return low;
}

const struct btf_type *btf_index_type(const struct btf_index *ix, uint32_t id)
{
	const struct btf_type *t;
	uint32_t begin, end, need;

	if (!id || id >= ix->info.cnt)
		return NULL;
	begin = ix->offsets[id];
	end = ix->offsets[id + 1];
	if (end > ix->types_len || begin > end || end - begin < sizeof(*t) || begin % 4)
		return NULL;
	t = (const struct btf_type *)(ix->types + begin);
	need = index_record_size(t);
	return need && need <= end - begin ? t : NULL;
}

const char *btf_index_str(const struct btf_index *ix, uint32_t off)
{
	return off < ix->strings_len ? ix->strings + off : "";
}

uint64_t btf_index_layout(const struct btf_index *ix, uint32_t id)
{
	return id < ix->info.cnt ? ix->layouts[id] : 0;
}

uint32_t btf_index_skip(const struct btf_index *ix, uint32_t id)
{
	const struct btf_type *t = btf_index_type(ix, id);
	unsigned int left = MAX_CHAIN;

	while (t && left-- && (btf_is_mod(t) || btf_is_typedef(t))) {
		id = t->type;
		t = btf_index_type(ix, id);
	}
	return t ? id : 0;
}

int64_t btf_index_size(const struct btf_index *ix, uint32_t id)
{
	unsigned int left = MAX_CHAIN;
	uint64_t nelems = 1;

	while (left--) {
		const struct btf_type *t;

		id = btf_index_skip(ix, id);
		t = btf_index_type(ix, id);
		if (!t)
			return -EINVAL;
		switch (btf_kind(t)) {
		case BTF_KIND_PTR:
			return nelems * ix->info.ptr_size;
		case BTF_KIND_INT:
		case BTF_KIND_FLOAT:
		case BTF_KIND_ENUM:
		case BTF_KIND_ENUM64:
		case BTF_KIND_STRUCT:
		case BTF_KIND_UNION:
			nelems *= t->size;
			return nelems > UINT32_MAX ? -E2BIG : (int64_t)nelems;
		case BTF_KIND_ARRAY:
			nelems *= btf_array(t)->nelems;
			if (nelems > UINT32_MAX)
				return -E2BIG;
			id = btf_array(t)->type;
			break;
		default:
			return -EINVAL;
		}
	}
	return -EINVAL;
}

static size_t name_ids(const struct table *t, const struct index_name *n,
		       const uint32_t **ids)
{
	*ids = NULL;
	if (n[1].first > t->id_cnt || n[0].first >= n[1].first)
		return 0;
	*ids = t->ids + n->first;
	return n[1].first - n->first;
}

size_t btf_index_find(const struct btf_index *ix, enum btf_index_table table,
		      const char *name, size_t len, const uint32_t **ids)
{
	const struct table *t = &ix->tables[table];
	uint32_t hash = index_hash(name, len), at = hash & t->mask, tried;

	*ids = NULL;
	for (tried = 0; tried <= t->mask; tried++, at = (at + 1) & t->mask) {
		const struct index_name *n = &t->names[t->slots[at] - 1];

		if (!t->slots[at] || t->slots[at] > t->name_cnt)
			return 0;
		if (n->hash == hash && n->len == len && n->off <= ix->strings_len &&
		    len <= ix->strings_len - n->off &&
		    !memcmp(ix->strings + n->off, name, len))
			return name_ids(t, n, ids);
	}
	return 0;
}

bool btf_index_each(const struct btf_index *ix, enum btf_index_table table,
		    uint32_t *cursor, const char **name, const uint32_t **ids, size_t *n)
{
	const struct table *t = &ix->tables[table];

	if (*cursor >= t->name_cnt)
		return false;
	*name = btf_index_str(ix, t->names[*cursor].off);
	*n = name_ids(t, &t->names[*cursor], ids);
	++*cursor;
	return true;
}

size_t btf_index_hooks(const struct btf_index *ix, enum btf_index_hook kind,
		       const uint32_t **ids)
{
	*ids = ix->hooks[kind];
	return ix->hook_cnt[kind];
}

const char *btf_index_hook_name(const struct btf_index *ix, enum btf_index_hook kind,
				uint32_t id)
{
	static const char *const prefixes[BTF_HOOKS] = {
		[BTF_HOOK_TRACEPOINT] = "btf_trace_",
		[BTF_HOOK_LSM] = "bpf_lsm_",
		[BTF_HOOK_ITER] = "bpf_iter_",
		[BTF_HOOK_STRUCT_OPS] = "bpf_struct_ops_",
	};
	const struct btf_type *t = btf_index_type(ix, id);
	const char *name = t ? btf_index_str(ix, t->name_off) : "";
	size_t len = prefixes[kind] ? strlen(prefixes[kind]) : 0;

	return len && !strncmp(name, prefixes[kind], len) ? name + len : name;
}

size_t btf_essential_len(const char *name)
{
	size_t n = strlen(name);

	for (size_t i = n < 5 ? 0 : n - 4; i-- > 0;)
		if (name[i] != '_' && !strncmp(name + i + 1, "___", 3) &&
		    name[i + 4] != '_')
			return i + 1;
	return n;
}
