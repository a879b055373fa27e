/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * KVM: that /dev/kvm opens does not mean that guests start: on some machines they hang for ever. So one is started for a few
 * seconds, and the answer kept as "BOOT-ID yes|no" in a file named after QEMU and the kernel.
 */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>

#include "lib/base/cleanup.h"
#include "lib/base/fs.h"
#include "lib/base/sha256.h"
#include "lib/base/text.h"
#include "lib/prove/boot_parts.h"

#define LIMIT_NS   5000000000ull
#define ANSWER_MAX ((size_t)256)

/* A file as it is now. */
static void add_identity(struct buf *key, const char *path)
{
	struct stat st = { 0 };

	stat(path, &st);
	buf_fmt(key, "%s %lld %lld.%09ld\n", path, (long long)st.st_size,
		(long long)st.st_mtim.tv_sec, st.st_mtim.tv_nsec);
}

static char *cache_path(const struct boot *b, const char *cache_dir)
{
	_cleanup_(buf_release) struct buf key = { 0 };
	uint8_t digest[SKEP_SHA256_LEN];
	_cleanup_free_ char *name = NULL;
	char hex[17];

	if (!cache_dir)
		return NULL;
	add_identity(&key, b->machine.qemu);
	add_identity(&key, b->machine.kernel);
	if (buf_check(&key, NULL))
		return NULL;
	sha256(key.data, key.len, digest);
	hex_encode(digest, 8, hex);
	name = text_fmt("kvm-%s", hex);
	return name ? fs_join(cache_dir, name) : NULL;
}

/* The whole answer as it is kept; of another boot of the host it is none. */
static char *answer_text(bool works)
{
	_cleanup_free_ char *id = NULL;
	size_t len;

	if (fs_read("/proc/sys/kernel/random/boot_id", ANSWER_MAX, &id, &len, NULL))
		return NULL;
	return text_fmt("%.*s %s\n", (int)strcspn(id, "\n"), id, works ? "yes" : "no");
}

static bool is_kept(const char *kept, bool works)
{
	_cleanup_free_ char *text = answer_text(works);

	return text && !strcmp(kept, text);
}

static void keep(const char *path, const char *cache_dir, bool works)
{
	_cleanup_free_ char *text = answer_text(works);

	if (path && text && !fs_mkdirs(cache_dir, 0700, NULL))
		fs_publish(path, text, strlen(text), 0600, NULL);
}

static bool ask(const struct boot *b, const struct skep_log *log)
{
	struct boot try = {
		.id = b->id,
		.arch = b->arch,
		.machine = b->machine,
		.initrd_fd = b->initrd_fd,
		.token = b->token,
		.object_cnt = b->object_cnt,
		.limit_ns = LIMIT_NS,
	};
	const struct boot_opts opts = { .jobs = 1, .stop_fd = -1, .log = log };
	bool works;

	try.machine.accel = MACHINE_KVM;
	works = !boot_run_all(&try, 1, &opts, true, NULL) && try.state == BOOT_DONE;
	skep_log(log, SKEP_LOG_EXPLAIN, "%s: KVM %s%s", b->id,
		 works ? "starts it" : "does not start it: ",
		 works || !try.reason ? "" : try.reason);
	boot_release(&try);
	return works;
}

bool boot_kvm_works(const struct boot *b, const char *cache_dir,
		    const struct skep_log *log)
{
	_cleanup_free_ char *path = cache_path(b, cache_dir);
	_cleanup_free_ char *kept = NULL;
	size_t len;
	bool works;

	if (!machine_may_kvm(b->machine.arch ? b->machine.arch : b->arch))
		return false;
	if (path && !fs_read(path, ANSWER_MAX, &kept, &len, NULL)) {
		if (is_kept(kept, true))
			return true;
		if (is_kept(kept, false))
			return false;
	}
	works = ask(b, log);
	keep(path, cache_dir, works);
	return works;
}
