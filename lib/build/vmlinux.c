/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * vmlinux.h of a unit: build/gen/<object>/vmlinux.h, a link to the header that was generated or
 * named. A source of types is known by its stamp; the running kernel's by the boot it belongs to.
 */
#include <dirent.h>
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "lib/base/cleanup.h"
#include "lib/base/fs.h"
#include "lib/base/text.h"
#include "lib/btf/vmlinux.h"
#include "lib/build/build.h"

#define HOST_BTF "/sys/kernel/btf/vmlinux"

static bool is_host(const struct unit *u)
{
	return !strcmp(u->object->vmlinux, "host");
}

static bool is_header(const struct unit *u)
{
	const char *path = u->object->vmlinux;
	size_t n = strlen(path);

	return n > 2 && !strcmp(path + n - 2, ".h");
}

/* Reading 5 MB to see whether they changed would cost more than all else: a boot has one kernel. */
static char *host_identity(void)
{
	_cleanup_free_ char *boot = NULL;
	struct stat st;
	size_t len;

	if (stat(HOST_BTF, &st) ||
	    fs_read("/proc/sys/kernel/random/boot_id", 128, &boot, &len, NULL))
		return NULL;
	return text_fmt("host, boot %.36s, %lld bytes", boot, (long long)st.st_size);
}

static int file_identity(const struct build *b, const struct unit *u, char **identity,
			 struct skep_err *err)
{
	_cleanup_free_ char *path = fs_join(b->project->dir, u->object->vmlinux);
	struct stat st;

	if (!path)
		return skep_fail(err, ENOMEM, "out of memory");
	if (stat(path, &st) || !S_ISREG(st.st_mode)) {
		project_fail(b->project, u->object->vmlinux_at, err,
			     "vmlinux '%s' is no file", u->object->vmlinux);
		skep_err_hint(
			err,
			"it is host, or a file: raw BTF, an ELF with .BTF, a header named *.h");
		return -SKEP_EPROJECT;
	}
	*identity = text_fmt("%s %lld.%09ld %lld", path, (long long)st.st_mtim.tv_sec,
			     st.st_mtim.tv_nsec, (long long)st.st_size);
	return *identity ? 0 : skep_fail(err, ENOMEM, "out of memory");
}

static int identify(const struct build *b, const struct unit *u, char **identity,
		    struct skep_err *err)
{
	if (!is_host(u))
		return file_identity(b, u, identity, err);
	if (u->arch != arch_host()) {
		project_fail(b->project, u->arch_at, err,
			     "object '%s' for %s needs types of that architecture",
			     u->object->name, u->arch->name);
		skep_err_hint(
			err,
			"set 'vmlinux' to a file: BTF of a kernel of %s, or a header",
			u->arch->name);
		return -SKEP_EPROJECT;
	}
	*identity = host_identity();
	if (*identity)
		return 0;
	skep_fail(err, ENOENT, "this kernel has no " HOST_BTF);
	return skep_err_hint(
		err, "set 'vmlinux' in skep.yaml to a file: BTF of a kernel, or a header");
}

/* Replace a link in one step, as files are. */
static int publish_link(const char *target, const char *link, struct skep_err *err)
{
	_cleanup_free_ char *tmp = text_fmt("%s.%d", link, (int)getpid());

	if (!tmp)
		return skep_fail(err, ENOMEM, "out of memory");
	unlink(tmp);
	if (symlink(target, tmp) || rename(tmp, link)) {
		skep_fail(err, errno, "cannot make link: %s", strerror(errno));
		unlink(tmp);
		return skep_err_at(err, link, 0, 0);
	}
	return 0;
}

/* Links of earlier boots and other versions lead to headers that nobody will ask for this way. */
static void drop_host_links(const char *dir)
{
	DIR *d = opendir(dir);
	struct dirent *e;

	while (d && (e = readdir(d)))
		if (!strncmp(e->d_name, "host-", 5))
			unlinkat(dirfd(d), e->d_name, 0);
	if (d)
		closedir(d);
}

/*
 * The running kernel's header. In the cache, a link named after the boot and this program leads to
 * it: then the 5 MB of BTF need not be read to learn their digest.
 */
static int host_header(const struct build *b, const char *identity, const char *dir,
		       char **header, struct skep_err *err)
{
	_cleanup_free_ char *key = text_fmt("%s %s", identity, b->self);
	_cleanup_free_ char *link = NULL;
	uint8_t digest[SKEP_SHA256_LEN];
	char hex[SKEP_SHA256_HEX];
	int rc;

	if (!key)
		return skep_fail(err, ENOMEM, "out of memory");
	sha256(key, strlen(key), digest);
	hex_encode(digest, sizeof(digest), hex);
	link = text_fmt("%s/host-%.16s.h", dir, hex);
	*header = link ? realpath(link, NULL) : NULL;
	if (*header)
		return 0;
	skep_log(b->log, SKEP_LOG_INFO, "vmlinux.h from the running kernel");
	rc = vmlinux_header(NULL, dir, header, digest, err);
	if (!rc && link && b->opts->cache_dir) {
		drop_host_links(dir);
		publish_link(*header, link, NULL);
	}
	return rc;
}

/* The header that build/gen/<object>/vmlinux.h shall lead to. */
static int find_header(const struct build *b, const struct unit *u, const char *identity,
		       char **header, struct skep_err *err)
{
	_cleanup_free_ char *path = fs_join(b->project->dir, u->object->vmlinux);
	_cleanup_free_ char *dir = b->opts->cache_dir
					   ? fs_join(b->opts->cache_dir, "vmlinux")
					   : build_path(b, "build/gen");
	uint8_t digest[SKEP_SHA256_LEN];
	int rc;

	if (!path || !dir)
		return skep_fail(err, ENOMEM, "out of memory");
	if (is_header(u)) {
		*header = TAKE(path);
		return 0;
	}
	rc = fs_mkdirs(dir, b->opts->cache_dir ? 0700 : 0777, err);
	if (rc || is_host(u))
		return rc ?: host_header(b, identity, dir, header, err);
	skep_log(b->log, SKEP_LOG_INFO, "vmlinux.h from %s", u->object->vmlinux);
	return vmlinux_header(path, dir, header, digest, err);
}

int build_vmlinux(struct build *b, struct unit *u, struct skep_err *err)
{
	_cleanup_free_ char *name = text_fmt("%s/vmlinux.h", u->gen);
	_cleanup_free_ char *dir = build_path(b, u->gen);
	_cleanup_free_ char *link = name ? build_path(b, name) : NULL;
	_cleanup_free_ char *identity = NULL;
	_cleanup_free_ char *header = NULL;
	_cleanup_(words_release) struct words made = { 0 };
	_cleanup_(step_release) struct step step;
	struct step_result result = { .outputs = &made };
	int rc;

	step_init(&step, &b->state, b->log, name);
	if (!name || !dir || !link)
		return skep_fail(err, ENOMEM, "out of memory");
	rc = identify(b, u, &identity, err);
	if (rc)
		return rc;
	step_fact(&step, "vmlinux", identity);
	step_fact(&step, "skep", b->self);
	if (step_fresh(&step))
		return 0;
	b->steps++;
	rc = find_header(b, u, identity, &header, err);
	if (!rc)
		rc = fs_mkdirs(dir, 0777, err);
	if (!rc)
		rc = publish_link(header, link, err);
	words_add(&made, name);
	return rc ?: words_check(&made, err) ?: step_done(&step, &result, err);
}
