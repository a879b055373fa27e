/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * The table of aliases, and its file, whose name is the index's digest and the versions of who made it:
 *
 *	char magic[8]; u32 entries; u32 0; struct alias[entries], in host byte order
 */
#include "lib/btf/alias.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include <bpf/btf.h>
#include <bpf/libbpf.h>

#include "lib/base/cleanup.h"
#include "lib/base/fs.h"
#include "lib/base/sha256.h"
#include "lib/base/text.h"
#include "lib/btf/index.h"
#include "lib/btf/lean.h"

#define MAGIC "skepals1"

struct file_head {
	char magic[8];
	uint32_t cnt, zero;
};

void aliases_release(struct aliases *n)
{
	free(n->v);
	*n = (struct aliases){ 0 };
}

static int compare(const void *a, const void *b)
{
	const struct alias *x = a, *y = b;

	if (x->id != y->id)
		return x->id < y->id ? -1 : 1;
	return (x->item > y->item) - (x->item < y->item);
}

uint32_t aliases_number(const struct aliases *n, uint32_t id, uint32_t item)
{
	struct alias key = { id, item, 0 }, *found;

	if (!n->n)
		return 1;
	found = bsearch(&key, n->v, n->n, sizeof(key), compare);
	return found ? found->number : 1;
}

uint32_t *alias_name_at(struct btf *btf, uint32_t id, uint32_t item)
{
	const struct btf_type *t = btf__type_by_id(btf, id);
	size_t stride =
		btf_is_enum64(t) ? sizeof(struct btf_enum64) : sizeof(struct btf_enum);

	if (item == ALIAS_TYPE)
		return (uint32_t *)&t->name_off;
	if (!btf_is_any_enum(t) || item >= btf_vlen(t))
		return NULL;
	return (uint32_t *)((char *)(t + 1) + item * stride);
}

static int rename_one(struct btf *btf, uint32_t id, const struct alias *e)
{
	uint32_t *off = alias_name_at(btf, id, e->item);
	_cleanup_free_ char *name = NULL;
	int at;

	if (!off)
		return 0;
	name = text_fmt("%s___%u", btf__name_by_offset(btf, *off), e->number);
	at = name ? btf__add_str(btf, name) : -ENOMEM;
	if (at < 0)
		return at;
	/* adding may have moved the types */
	*alias_name_at(btf, id, e->item) = at;
	return 0;
}

int aliases_apply(const struct aliases *n, struct btf *btf, const uint32_t *ids,
		  struct skep_err *err)
{
	uint32_t cnt = btf__type_cnt(btf), id = 1;
	size_t i = 0;

	while (i < n->n && id < cnt) {
		const struct alias *e = &n->v[i];

		if (ids[id] < e->id) {
			id++;
		} else if (ids[id] > e->id) {
			i++;
		} else {
			if (e->number && rename_one(btf, id, e))
				return skep_fail(err, ENOMEM, "out of memory");
			i++;
		}
	}
	return 0;
}

int aliases_make(struct aliases *out, const struct btf_index *ix, struct skep_err *err)
{
	_cleanup_(buf_release) struct buf text = { 0 };

	return full_header(&text, out, ix, err);
}

static char *file_of(const struct btf_index *ix, const char *dir)
{
	char hex[SKEP_SHA256_HEX];
	_cleanup_free_ char *name = NULL;

	hex_encode(btf_index_info(ix)->digest, SKEP_SHA256_LEN, hex);
	name = text_fmt("%s-%s.aliases", hex, libbpf_version_string());
	return name ? fs_join(dir, name) : NULL;
}

static bool read_file(struct aliases *out, const char *path)
{
	_cleanup_free_ char *data = NULL;
	struct file_head head;
	size_t len, size;

	if (fs_read(path, FS_MAX_OBJECT, &data, &len, NULL) || len < sizeof(head))
		return false;
	memcpy(&head, data, sizeof(head));
	size = (size_t)head.cnt * sizeof(*out->v);
	if (memcmp(head.magic, MAGIC, sizeof(head.magic)) || len != sizeof(head) + size)
		return false;
	out->v = malloc(size + 1);
	if (!out->v)
		return false;
	memcpy(out->v, data + sizeof(head), size);
	out->n = head.cnt;
	return true;
}

static void write_file(const struct aliases *n, const char *dir, const char *path)
{
	_cleanup_(buf_release) struct buf out = { 0 };
	struct file_head head = { .magic = MAGIC, .cnt = n->n };

	buf_add(&out, &head, sizeof(head));
	buf_add(&out, n->v, n->n * sizeof(*n->v));
	if (!out.err && !fs_mkdirs(dir, 0700, NULL))
		fs_publish(path, out.data, out.len, 0600, NULL);
}

int aliases_open(struct aliases *out, const struct btf_index *ix, const char *cache_dir,
		 struct skep_err *err)
{
	_cleanup_free_ char *path = cache_dir ? file_of(ix, cache_dir) : NULL;
	int ret;

	*out = (struct aliases){ 0 };
	if (path && read_file(out, path))
		return 0;
	ret = aliases_make(out, ix, err);
	if (ret)
		return ret;
	if (path)
		write_file(out, cache_dir, path);
	return 0;
}
