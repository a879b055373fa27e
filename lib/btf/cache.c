/* SPDX-License-Identifier: BSD-2-Clause */
/* Where indexes are kept between runs, under names made of what identifies their source. */
#include "lib/btf/cache.h"

#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "lib/base/cleanup.h"
#include "lib/base/fs.h"
#include "lib/base/text.h"
#include "lib/btf/btf.h"
#include "lib/btf/index_format.h"

#define BOOT_ID    "/proc/sys/kernel/random/boot_id"
#define MAX_KEPT   32 /* indexes of files, 8 MB each */
#define HOST_BEGIN "host-"
#define FILE_BEGIN "file-"

/* Reading 5 MB to see whether they changed would cost more than all else: a boot has one kernel. */
static char *identify_host(void)
{
	_cleanup_free_ char *boot = NULL;
	struct stat st;
	size_t len;

	if (stat(BTF_HOST, &st) || fs_read(BOOT_ID, 128, &boot, &len, NULL))
		return NULL;
	return text_fmt("%.36s %lld", boot, (long long)st.st_size);
}

static char *identify_file(const char *path)
{
	_cleanup_free_ char *abs = fs_abspath(path);
	struct stat st;

	if (!abs || stat(path, &st) || !S_ISREG(st.st_mode))
		return NULL;
	return text_fmt("%s %llu %llu %lld.%09ld %lld.%09ld %lld", abs,
			(unsigned long long)st.st_dev, (unsigned long long)st.st_ino,
			(long long)st.st_mtim.tv_sec, st.st_mtim.tv_nsec,
			(long long)st.st_ctim.tv_sec, st.st_ctim.tv_nsec,
			(long long)st.st_size);
}

/* NULL: a source without identity is not kept. */
static char *cached_path(const char *btf, const char *dir)
{
	_cleanup_free_ char *identity = btf ? identify_file(btf) : identify_host();
	_cleanup_free_ char *name = NULL;
	uint8_t digest[SKEP_SHA256_LEN];
	char hex[SKEP_SHA256_HEX];

	if (!dir || !identity)
		return NULL;
	sha256(identity, strlen(identity), digest);
	hex_encode(digest, sizeof(digest), hex);
	name = text_fmt("%s%.32s-%d.idx", btf ? FILE_BEGIN : HOST_BEGIN, hex,
			INDEX_VERSION);
	return name ? fs_join(dir, name) : NULL;
}

static int64_t changed_ns(int dir, const char *name)
{
	struct stat st;

	if (fstatat(dir, name, &st, AT_SYMLINK_NOFOLLOW))
		return 0;
	return (int64_t)st.st_mtim.tv_sec * 1000000000 + st.st_mtim.tv_nsec;
}

/* Make room for one: indexes of earlier boots go, and of files the oldest beyond MAX_KEPT. */
static void prune(const char *path, const char *begin)
{
	size_t n = strlen(begin), kept = 0, most = *begin == *HOST_BEGIN ? 0 : MAX_KEPT;
	_cleanup_free_ char *dir = fs_dirname(path);
	DIR *d = dir ? opendir(dir) : NULL;
	char oldest[NAME_MAX + 1] = "";
	struct dirent *e;

	while (d && (e = readdir(d))) {
		if (strncmp(e->d_name, begin, n))
			continue;
		if (!*oldest ||
		    changed_ns(dirfd(d), e->d_name) < changed_ns(dirfd(d), oldest))
			snprintf(oldest, sizeof(oldest), "%s", e->d_name);
		if (!most)
			unlinkat(dirfd(d), e->d_name, 0);
		kept++;
	}
	if (d && most && kept >= most)
		unlinkat(dirfd(d), oldest, 0);
	if (d)
		closedir(d);
}

static void keep(const char *path, const char *begin, const struct buf *index)
{
	_cleanup_free_ char *dir = fs_dirname(path);

	if (!dir || fs_mkdirs(dir, 0700, NULL))
		return;
	prune(path, begin);
	fs_publish(path, index->data, index->len, 0600, NULL);
}

int btf_cache_index(struct btf_index **out, const char *btf, const char *cache_dir,
		    struct skep_err *err)
{
	_cleanup_free_ char *path = cached_path(btf, cache_dir);
	_cleanup_(buf_release) struct buf index = { 0 };
	struct btf_blob blob = { .name = "vmlinux" };
	_cleanup_free_ void *data = NULL;
	int ret;

	if (path && !btf_index_open(out, path, NULL))
		return 0;
	ret = btf_file_bytes(btf, &data, &blob.size, err);
	if (ret)
		return ret;
	blob.data = data;
	ret = btf_index_make(&index, &blob, 1, 0, err);
	if (ret) {
		skep_err_at(err, btf ? btf : BTF_HOST, 0, 0);
		return ret;
	}
	if (path)
		keep(path, btf ? FILE_BEGIN : HOST_BEGIN, &index);
	return btf_index_own(out, &index, err);
}
