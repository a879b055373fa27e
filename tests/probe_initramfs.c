/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * What a guest starts from, for tests: make ARCH GUESTS CACHE|- PATH shell|- OUT [GUEST-PATH=FILE | +NAME=FILE]...
 * writes the archive to OUT (+: a module) and says how long it took, in microseconds.
 * kernel HOME ID CACHE|- says "direct" or "image", and the path. modules HOME ID FOLDER NAME... writes them to FOLDER
 * and says their names in order, then "missing" and what is.
 */
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <time.h>
#include <unistd.h>

#include "lib/base/fs.h"
#include "lib/kernel/boot.h"
#include "lib/prove/initramfs.h"

#define MANY 64

static struct skep_err err;

static int told(int rc)
{
	if (!rc)
		return 0;
	fprintf(stderr, "%s%s%s\n", err.where, *err.where ? ": " : "", err.what);
	if (*err.hint)
		fprintf(stderr, "hint: %s\n", err.hint);
	return skep_err_status(rc);
}

static const char *or_null(const char *arg)
{
	return strcmp(arg, "-") ? arg : NULL;
}

static uint64_t now_us(void)
{
	struct timespec t;

	clock_gettime(CLOCK_MONOTONIC, &t);
	return (uint64_t)t.tv_sec * 1000000 + (uint64_t)t.tv_nsec / 1000;
}

static int write_out(const char *path, int fd)
{
	char *data;
	size_t len;
	int rc;

	if (!(fcntl(fd, F_GET_SEALS) & F_SEAL_WRITE) || lseek(fd, 0, SEEK_SET))
		return 3;
	if (told(fs_read_fd(fd, path, FS_MAX_OBJECT, &data, &len, &err)))
		return 3;
	rc = told(fs_publish(path, data, len, 0600, &err));
	free(data);
	return rc;
}

static int make(int argc, char **argv)
{
	struct boot_module modules[MANY];
	struct initramfs_file files[MANY];
	char *module_paths[MANY];
	struct plan plan = { .modules = module_paths };
	struct initramfs_query q = { .arch = arch_find(argv[0]),
				     .guest_dir = argv[1],
				     .cache_dir = or_null(argv[2]),
				     .path_env = argv[3],
				     .shell = !!or_null(argv[4]),
				     .plan = &plan,
				     .files = files,
				     .modules = modules };
	uint64_t start;
	int fd, rc;

	memset(plan.token, '0', PLAN_TOKEN_LEN);
	for (int i = 6; i < argc && i < MANY; i++) {
		char *file = strchr(argv[i], '='), *data;
		size_t size;

		*file++ = '\0';
		if (told(fs_read(file, FS_MAX_OBJECT, &data, &size, &err)))
			return 3;
		if (argv[i][0] == '+') {
			asprintf(&module_paths[q.module_cnt], "/skep/%s.ko", argv[i] + 1);
			modules[q.module_cnt++] =
				(struct boot_module){ argv[i] + 1, data, size };
		} else {
			files[q.file_cnt++] =
				(struct initramfs_file){ argv[i], 0755, data, size };
		}
	}
	plan.module_cnt = q.module_cnt;
	start = now_us();
	rc = initramfs_make(&fd, &q, &err);
	if (!rc)
		printf("%llu\n", (unsigned long long)(now_us() - start));
	rc = rc ? told(rc) : write_out(argv[5], fd);
	for (size_t i = 0; i < q.module_cnt; i++) {
		free(modules[i].data);
		free(module_paths[i]);
	}
	for (size_t i = 0; i < q.file_cnt; i++)
		free((void *)files[i].data);
	return rc;
}

static int find(struct library **lib, const struct profile **p, char **argv)
{
	int rc = library_open(lib, argv[0], &err);

	return told(rc ? rc : library_find(*lib, argv[1], arch_host(), p, &err));
}

static int kernel(struct library *lib, const struct profile *p, char **argv)
{
	bool direct;
	char *path;
	int rc = boot_kernel(lib, p, or_null(argv[2]), &path, &direct, &err);

	if (rc)
		return told(rc);
	printf("%s\n%s\n", direct ? "direct" : "image", path);
	free(path);
	return 0;
}

static int modules(struct library *lib, const struct profile *p, int argc, char **argv)
{
	const char **missing = NULL;
	struct boot_module *all;
	size_t n, missing_cnt;
	int rc = boot_modules(lib, p, (const char *const *)argv + 3, (size_t)argc - 3,
			      &all, &n, &missing, &missing_cnt, &err);

	if (rc)
		return told(rc);
	for (size_t i = 0; i < n; i++) {
		char path[4096];

		snprintf(path, sizeof(path), "%s/%s.ko", argv[2], all[i].name);
		rc = told(fs_publish(path, all[i].data, all[i].size, 0600, &err)) | rc;
		printf("%s\n", all[i].name);
	}
	for (size_t i = 0; i < missing_cnt; i++)
		printf("missing %s\n", missing[i]);
	boot_modules_free(all, n);
	free(missing);
	return rc;
}

int main(int argc, char **argv)
{
	struct library *lib = NULL;
	const struct profile *p;
	int rc = 2;

	if (argc >= 8 && !strcmp(argv[1], "make"))
		return make(argc - 2, argv + 2);
	if (argc < 5)
		return rc;
	rc = find(&lib, &p, argv + 2);
	if (!rc)
		rc = !strcmp(argv[1], "kernel") ? kernel(lib, p, argv + 2)
						: modules(lib, p, argc - 2, argv + 2);
	library_free(lib);
	return rc;
}
