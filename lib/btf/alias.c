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
#include "lib/btf/rename.h"

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

static int rename_one(struct renaming *r, uint32_t id, const struct alias *e)
{
	const char *old = rename_old(r, id, e->item);
	_cleanup_free_ char *name = NULL;

	if (!old || !e->number)
		return 0;
	name = text_fmt("%s___%u", old, e->number);
	if (!name)
		return -ENOMEM;
	rename_to(r, id, e->item, name);
	return 0;
}

int aliases_apply(const struct aliases *n, struct btf **btf, const uint32_t *ids,
		  struct skep_err *err)
{
	uint32_t cnt = btf__type_cnt(*btf), id = 1;
	struct renaming r;
	size_t i = 0;
	int ret = 0;

	rename_begin(&r, *btf);
	while (!ret && i < n->n && id < cnt) {
		const struct alias *e = &n->v[i];

		if (ids[id] < e->id)
			id++;
		else if (ids[id] > e->id)
			i++;
		else
			ret = rename_one(&r, id, &n->v[i++]);
	}
	if (ret)
		buf_release(&r.strings);
	return ret ? skep_fail(err, -ret, "out of memory") : rename_end(&r, btf, err);
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
