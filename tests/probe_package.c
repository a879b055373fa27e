/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * What needs a package in one's own hands: probe_package flip FILE changes every byte in turn and expects
 * each to be refused; probe_package swap FILE OTHER replaces FILE's bytes while the package is open.
 */
#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "lib/base/fs.h"
#include "lib/base/sha256.h"
#include "lib/package/package.h"

static int flip(const char *path)
{
	struct skep_pkg *p;
	size_t size, accepted = 0;
	char *data;

	if (fs_read(path, FS_MAX_PACKAGE, &data, &size, NULL) ||
	    pkg_read(&p, data, size, path, NULL))
		return 2;
	skep_pkg_free(p);
	for (size_t i = 0; i < size; i++) {
		struct skep_err err = {};
		char old = data[i];

		data[i] ^= 1 << i % 8;
		if (!pkg_read(&p, data, size, path, &err)) {
			printf("byte %zu of %zu changed and nobody noticed\n", i, size);
			skep_pkg_free(p);
			accepted++;
		} else if (skep_err_status(err.code) != 1 || !*err.what || !*err.where) {
			printf("byte %zu: code %d, '%s', '%s'\n", i, err.code, err.where,
			       err.what);
			accepted++;
		}
		data[i] = old;
	}
	printf("%zu bytes\n", size);
	free(data);
	return accepted != 0;
}

/* The sealed copy cannot be written through the only name it has. */
static int write_mapping(void)
{
	char line[512], path[600];
	FILE *maps = fopen("/proc/self/maps", "r");
	int fd = -1;

	while (maps && fgets(line, sizeof(line), maps))
		if (strstr(line, "memfd:skep-package")) {
			snprintf(path, sizeof(path), "/proc/self/map_files/%.*s",
				 (int)strcspn(line, " "), line);
			fd = open(path, O_RDWR | O_CLOEXEC);
		}
	if (maps)
		fclose(maps);
	if (fd < 0)
		return errno;
	return pwrite(fd, "x", 1, 0) < 0 && ftruncate(fd, 0) < 0 ? EPERM : 0;
}

static int swap(const char *path, const char *other)
{
	const struct manifest *m;
	struct skep_pkg *p;
	char *data, digest[SKEP_DIGEST_STR];
	const void *file;
	size_t size;
	int fd;

	if (skep_pkg_open(path, &p, NULL) ||
	    fs_read(other, FS_MAX_PACKAGE, &data, &size, NULL))
		return 2;
	fd = open(path, O_WRONLY | O_TRUNC);
	if (fd < 0 || write(fd, data, size) != (ssize_t)size || close(fd))
		return 2;
	printf("%s\n%s\n", skep_pkg_digest(p), strerror(write_mapping()));
	m = pkg_manifest_at(p, 0);
	for (size_t i = 0; i < m->file_cnt; i++) {
		if (pkg_file(p, m->arch, m->files[i].name, &file, &size))
			return 2;
		digest_str(file, size, digest);
		if (strcmp(digest, m->files[i].digest))
			return 1;
	}
	skep_pkg_free(p);
	free(data);
	return 0;
}

int main(int argc, char **argv)
{
	if (argc == 3 && !strcmp(argv[1], "flip"))
		return flip(argv[2]);
	if (argc == 4 && !strcmp(argv[1], "swap"))
		return swap(argv[2], argv[3]);
	return 2;
}
