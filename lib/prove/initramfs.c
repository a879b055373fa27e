/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * One archive: first what is the same for every boot, made once and kept, then what is of this one. Not packed: a guest
 * that is emulated takes longer to unpack it than to read it.
 */
#include "lib/prove/initramfs.h"

#include <errno.h>
#include <fcntl.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/sendfile.h>
#include <sys/stat.h>
#include <unistd.h>

#include "lib/base/cleanup.h"
#include "lib/base/cpio.h"
#include "lib/base/fs.h"
#include "lib/base/sha256.h"
#include "lib/base/stash.h"
#include "lib/prove/initramfs_parts.h"

#define LAYOUT     1 /* of what the base holds: another one, another key */
#define BASES_KEPT 8

/* ---- into memory ---- */

static int write_failed(struct skep_err *err)
{
	return skep_fail(err, errno, "cannot write a guest's files to memory: %s",
			 strerror(errno));
}

static int write_bytes(int fd, const char *data, size_t len, struct skep_err *err)
{
	while (len) {
		ssize_t n = write(fd, data, len);

		if (n < 0 && errno == EINTR)
			continue;
		if (n < 0)
			return write_failed(err);
		data += n;
		len -= (size_t)n;
	}
	return 0;
}

static int copy_file(int to, int from, size_t len, struct skep_err *err)
{
	off_t off = 0;

	while ((size_t)off < len) {
		ssize_t n = sendfile(to, from, &off, len - (size_t)off);

		if (n < 0 && errno == EINTR)
			continue;
		if (n == 0)
			errno = EIO;
		if (n <= 0)
			return write_failed(err);
	}
	return 0;
}

static int open_memory(int *fd, struct skep_err *err)
{
	*fd = memfd_create("initramfs", MFD_CLOEXEC | MFD_ALLOW_SEALING);
	return *fd < 0 ? write_failed(err) : 0;
}

static int seal(int fd, struct skep_err *err)
{
	const int all = F_SEAL_WRITE | F_SEAL_GROW | F_SEAL_SHRINK | F_SEAL_SEAL;

	return fcntl(fd, F_ADD_SEALS, all) ? write_failed(err) : 0;
}

/* ---- what is the same for every boot ---- */

/* The files that it is made of, as they are now. */
static int base_key(char key[static SKEP_SHA256_HEX], const struct inputs *in,
		    const struct initramfs_query *q, struct skep_err *err)
{
	uint8_t digest[SKEP_SHA256_LEN];
	struct buf text = { 0 };
	struct stat st;
	int rc = 0;

	buf_fmt(&text, "%d %s %d\n", LAYOUT, q->arch->name, q->shell);
	for (size_t i = 0; !rc && i < in->n; i++) {
		const struct input *file = &in->all[i];

		if (stat(file->from, &st)) {
			skep_fail(err, errno, "cannot read: %s", strerror(errno));
			rc = skep_err_at(err, file->from, 0, 0);
		}
		buf_fmt(&text, "%s %s %lld %lld %lld.%09ld %lld.%09ld\n", file->from,
			file->to, (long long)st.st_ino, (long long)st.st_size,
			(long long)st.st_mtim.tv_sec, st.st_mtim.tv_nsec,
			(long long)st.st_ctim.tv_sec, st.st_ctim.tv_nsec);
	}
	rc = rc ?: buf_check(&text, err);
	if (!rc) {
		sha256(text.data, text.len, digest);
		hex_encode(digest, sizeof(digest), key);
	}
	buf_release(&text);
	return rc;
}

static int write_new_base(int fd, const struct inputs *in,
			  const struct initramfs_query *q, const struct stash *stash,
			  const char *key, struct skep_err *err)
{
	struct buf base = { 0 };
	int rc = initramfs_base(&base, in, q, err)
			 ?: write_bytes(fd, base.data, base.len, err);

	/* where nothing can be kept it is made anew each time */
	if (!rc && stash->dir)
		stash_put(stash, key, base.data, base.len, NULL);
	buf_release(&base);
	return rc;
}

static int write_base(int fd, const struct inputs *in, const struct initramfs_query *q,
		      struct skep_err *err)
{
	_cleanup_free_ char *dir =
		q->cache_dir ? fs_join(q->cache_dir, "initramfs") : NULL;
	const struct stash stash = { .dir = dir, .max = BASES_KEPT };
	_cleanup_close_ int kept = -1;
	char key[SKEP_SHA256_HEX];
	size_t len;
	int rc = base_key(key, in, q, err);

	if (rc)
		return rc;
	if (dir && !stash_open(&stash, key, &kept, &len))
		return copy_file(fd, kept, len, err);
	return write_new_base(fd, in, q, &stash, key, err);
}

/* ---- what is of this boot ---- */

static int add_modules(struct tree *t, const struct initramfs_query *q,
		       struct skep_err *err)
{
	int rc = 0;

	if (q->module_cnt != q->plan->module_cnt)
		return skep_fail(err, EINVAL, "%zu modules, and a plan for %zu",
				 q->module_cnt, q->plan->module_cnt);
	for (size_t i = 0; !rc && i < q->module_cnt; i++)
		rc = tree_file(t,
			       &(struct initramfs_file){ q->plan->modules[i], 0644,
							 q->modules[i].data,
							 q->modules[i].size },
			       err);
	return rc;
}

static int add_plan(struct tree *t, const struct plan *plan, struct skep_err *err)
{
	struct buf text = { 0 };
	int rc = plan_write(plan, &text, err);

	if (!rc)
		rc = tree_file(t,
			       &(struct initramfs_file){ PLAN_PATH, 0600, text.data,
							 text.len },
			       err);
	buf_release(&text);
	return rc;
}

static int write_rest(int fd, const struct initramfs_query *q, struct skep_err *err)
{
	struct tree t = { 0 };
	int rc = add_modules(&t, q, err);

	for (size_t i = 0; !rc && i < q->file_cnt; i++)
		rc = tree_file(&t, &q->files[i], err);
	if (!rc)
		rc = add_plan(&t, q->plan, err) ?: cpio_end(&t.out, err);
	if (!rc)
		rc = write_bytes(fd, t.out.data, t.out.len, err);
	tree_release(&t);
	return rc;
}

int initramfs_make(int *fd, const struct initramfs_query *q, struct skep_err *err)
{
	_cleanup_close_ int memory = -1;
	struct inputs in;
	int rc = inputs_find(&in, q, err);

	if (rc)
		return rc;
	rc = open_memory(&memory, err) ?: write_base(memory, &in, q, err) ?:
	     write_rest(memory, q, err) ?: seal(memory, err);
	inputs_release(&in);
	if (!rc)
		*fd = TAKE_FD(memory);
	return rc;
}
