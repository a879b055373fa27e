/* SPDX-License-Identifier: BSD-2-Clause */
/* The cache of full headers. */
#include "lib/btf/vmlinux.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include <bpf/libbpf.h>

#include "lib/base/cleanup.h"
#include "lib/base/fs.h"
#include "lib/base/text.h"
#include "lib/btf/cache.h"
#include "lib/btf/index.h"
#include "lib/btf/lean.h"

#define GENERATOR "2" /* goes up with every change of the text made from the same BTF */

DEFINE_CLEANUP(struct btf_index *, btf_index_close)

/* The text depends on the types, on this program and on libbpf's dumper; so does the name. */
static char *cached_path(const struct btf_index *ix, const char *dir)
{
	_cleanup_free_ char *name = NULL;
	char hex[SKEP_SHA256_HEX];

	hex_encode(btf_index_info(ix)->digest, SKEP_SHA256_LEN, hex);
	name = text_fmt("%s-" GENERATOR "-%s.h", hex, libbpf_version_string());
	return name ? fs_join(dir, name) : NULL;
}

/* A cache that cannot be read or written is none. */
int vmlinux_full(struct buf *out, const struct btf_index *ix, const char *cache_dir,
		 struct skep_err *err)
{
	_cleanup_free_ char *path = cache_dir ? cached_path(ix, cache_dir) : NULL;
	char *text = NULL;
	size_t len;
	int ret;

	if (path && !fs_read(path, VMLINUX_MAX, &text, &len, NULL)) {
		*out = (struct buf){ .data = text, .len = len, .cap = len };
		return 0;
	}
	ret = full_header(out, NULL, ix, err);
	if (!ret && path && !fs_mkdirs(cache_dir, 0700, NULL))
		fs_publish(path, out->data, out->len, 0644, NULL);
	return ret;
}

int vmlinux_header(const char *btf, const char *dir, char **path,
		   uint8_t digest[static SKEP_SHA256_LEN], struct skep_err *err)
{
	_cleanup_(btf_index_closep) struct btf_index *ix = NULL;
	_cleanup_(buf_release) struct buf out = { 0 };
	_cleanup_free_ char *file = NULL;
	int ret = btf_cache_index(&ix, btf, dir, err);

	if (ret)
		return ret;
	file = cached_path(ix, dir);
	if (!file)
		return skep_fail(err, ENOMEM, "out of memory");
	if (!fs_exists(file)) {
		ret = full_header(&out, NULL, ix, err);
		if (!ret)
			ret = fs_mkdirs(dir, 0700, err);
		if (!ret)
			ret = fs_publish(file, out.data, out.len, 0644, err);
		if (ret)
			return ret;
	}
	*path = TAKE(file);
	memcpy(digest, btf_index_info(ix)->digest, SKEP_SHA256_LEN);
	return 0;
}
