/* SPDX-License-Identifier: BSD-2-Clause */
/* Trust: a folder of certificates, each of them one exact key. */
#include "lib/sign/trust.h"

#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "lib/base/cleanup.h"
#include "lib/base/fs.h"
#include "lib/base/text.h"

#define MAX_KEYS 1024
#define MAX_CERT ((size_t)64 << 10)

static int fail_at(const char *path, const char *what, struct skep_err *err)
{
	skep_fail(err, SKEP_ETRUST, "%s", what);
	skep_err_at(err, path, 0, 0);
	return -SKEP_ETRUST;
}

/* Whether only root or the caller can have written this. */
static int check_owner(const struct stat *st, const char *path, struct skep_err *err)
{
	if (st->st_uid != 0 && st->st_uid != geteuid()) {
		skep_fail(err, SKEP_ETRUST,
			  "trust store belongs to user %u, neither root nor you",
			  st->st_uid);
		skep_err_hint(err, "chown root %s", path);
		return skep_err_at(err, path, 0, 0);
	}
	if (st->st_mode & (S_IWGRP | S_IWOTH)) {
		skep_fail(err, SKEP_ETRUST,
			  "trust store can be written by others (mode %04o)",
			  st->st_mode & 07777);
		skep_err_hint(err, "chmod go-w %s", path);
		return skep_err_at(err, path, 0, 0);
	}
	return 0;
}

static bool is_cert_name(const char *name)
{
	const char *dot = strrchr(name, '.');

	return name[0] != '.' && dot &&
	       (!strcmp(dot, ".crt") || !strcmp(dot, ".pem") || !strcmp(dot, ".der"));
}

static int read_checked(int fd, const char *path, struct cert *c, struct skep_err *err)
{
	_cleanup_free_ char *data = NULL;
	struct stat st;
	size_t len;
	int rc;

	if (fstat(fd, &st) || !S_ISREG(st.st_mode))
		return fail_at(path,
			       "certificate in the trust store is not a regular file",
			       err);
	rc = check_owner(&st, path, err);
	if (rc)
		return rc;
	if (fs_read_fd(fd, path, MAX_CERT, &data, &len, err) ||
	    cert_parse(c, data, len, err)) {
		/* why it cannot be read is told as the reason why the store cannot be relied on */
		char what[sizeof(err->what)] = "cannot be read";

		if (err) {
			memcpy(what, err->what, sizeof(what));
			memset(err, 0, sizeof(*err));
		}
		return fail_at(path, what, err);
	}
	return 0;
}

static int read_cert(int dir_fd, const char *dir, const char *name, struct trusted *t,
		     struct skep_err *err)
{
	_cleanup_free_ char *path = fs_join(dir, name);
	_cleanup_close_ int fd = openat(
		dir_fd, name, O_RDONLY | O_CLOEXEC | O_NOFOLLOW | O_NONBLOCK | O_NOCTTY);
	int rc;

	if (!path)
		return skep_fail(err, ENOMEM, "out of memory");
	if (fd < 0 && errno == ELOOP) {
		fail_at(path, "certificate in the trust store is a symbolic link", err);
		skep_err_hint(err, "put the certificate itself there");
		return -SKEP_ETRUST;
	}
	if (fd < 0)
		return fail_at(path, strerror(errno), err);
	rc = read_checked(fd, path, &t->cert, err);
	if (!rc && !(t->file = strdup(name))) {
		cert_release(&t->cert);
		rc = skep_fail(err, ENOMEM, "out of memory");
	}
	return rc;
}

static int add_cert(struct trust *t, int dir_fd, const char *dir, const char *name,
		    struct skep_err *err)
{
	struct trusted *keys;
	int rc;

	if (t->n == MAX_KEYS)
		return fail_at(dir, "trust store has too many certificates", err);
	keys = reallocarray(t->keys, t->n + 1, sizeof(*keys));
	if (!keys)
		return skep_fail(err, ENOMEM, "out of memory");
	t->keys = keys;
	memset(&keys[t->n], 0, sizeof(*keys));
	rc = read_cert(dir_fd, dir, name, &keys[t->n], err);
	t->n += !rc;
	return rc;
}

static int by_file(const void *a, const void *b)
{
	return strcmp(((const struct trusted *)a)->file,
		      ((const struct trusted *)b)->file);
}

static int read_dir(struct trust *t, int fd, const char *dir, struct skep_err *err)
{
	struct dirent *e;
	DIR *d = fdopendir(fcntl(fd, F_DUPFD_CLOEXEC, 0));
	int rc = 0;

	if (!d)
		return fail_at(dir, strerror(errno), err);
	while (!rc && (errno = 0, e = readdir(d)))
		if (is_cert_name(e->d_name))
			rc = add_cert(t, fd, dir, e->d_name, err);
	if (!rc && errno)
		rc = fail_at(dir, strerror(errno), err);
	closedir(d);
	if (t->n)
		qsort(t->keys, t->n, sizeof(*t->keys), by_file);
	return rc;
}

static int fail_open(const char *dir, struct skep_err *err)
{
	int code = errno;

	if (code == ENOTDIR)
		return fail_at(dir, "trust store is not a folder", err);
	skep_fail(err, SKEP_ETRUST, "cannot open the trust store: %s", strerror(code));
	skep_err_hint(
		err,
		"a trust store is a folder with the certificates (skep.crt) of those you "
		"trust; name one with --trust DIR");
	skep_err_at(err, dir, 0, 0);
	return -SKEP_ETRUST;
}

int trust_open(struct trust *out, const char *dir, bool may_be_absent,
	       struct skep_err *err)
{
	_cleanup_close_ int fd = open(dir, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
	struct trust t = {};
	struct stat st;
	int rc;

	if (fd < 0 && errno == ENOENT && may_be_absent) {
		*out = t;
		return 0;
	}
	if (fd < 0 || fstat(fd, &st))
		return fail_open(dir, err);
	rc = check_owner(&st, dir, err);
	if (!rc)
		rc = read_dir(&t, fd, dir, err);
	if (rc)
		trust_release(&t);
	else
		*out = t;
	return rc;
}

const struct cert *trust_find(const struct trust *t,
			      const uint8_t key[static SKEP_SHA256_LEN], int64_t now)
{
	const struct cert *found = NULL;

	for (size_t i = 0; i < t->n; i++) {
		const struct cert *c = &t->keys[i].cert;

		if (memcmp(c->fingerprint, key, SKEP_SHA256_LEN))
			continue;
		if (now >= c->not_before && now <= c->not_after)
			return c;
		found = c;
	}
	return found;
}

void trust_release(struct trust *t)
{
	for (size_t i = 0; i < t->n; i++) {
		free(t->keys[i].file);
		cert_release(&t->keys[i].cert);
	}
	free(t->keys);
	memset(t, 0, sizeof(*t));
}
