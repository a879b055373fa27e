/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * What lib/kernel/harvest.h finds, one level below `skep kernel add`: probe_harvest OUT JOBS TMP PATH... writes
 * each kernel's blobs to OUT/<n>/ and what is known of it to OUT/<n>/facts.
 */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>

#include "lib/base/fs.h"
#include "lib/base/text.h"
#include "lib/kernel/harvest.h"

static void line(void *ctx, enum skep_log_level level, const char *text)
{
	fprintf(stderr, "log: %s\n", text);
}

static void write_blob(const char *dir, const char *name, const struct harvest_blob *blob)
{
	char *path = fs_join(dir, name);
	FILE *f = blob->data ? fopen(path, "wb") : NULL;

	if (blob->data &&
	    (!f || fwrite(blob->data, 1, blob->size, f) != blob->size || fclose(f)))
		exit(9);
	free(path);
}

static void write_fact(FILE *f, const char *key, const char *value)
{
	fprintf(f, "%s %s\n", key, value ? value : "-");
}

static void write_kernel(const char *out, size_t i, const struct harvest *h)
{
	char *dir = text_fmt("%s/%zu", out, i);
	char *path = fs_join(dir, "facts");
	FILE *f;

	fs_mkdirs(dir, 0700, NULL);
	f = fopen(path, "w");
	write_fact(f, "release", h->release);
	write_fact(f, "version", h->version);
	write_fact(f, "distro", h->distro);
	write_fact(f, "suite", h->suite);
	write_fact(f, "flavour", h->flavour);
	write_fact(f, "package_version", h->package_version);
	write_fact(f, "arch", h->arch ? h->arch->name : NULL);
	write_fact(f, "why_no_btf", h->why_no_btf);
	fprintf(f, "ptr_size %u\nbig_endian %d\n", h->ptr_size, h->big_endian);
	for (size_t j = 0; j < h->source_cnt; j++)
		fprintf(f, "source %s %s\n", h->sources[j].name,
			h->sources[j].digest ? h->sources[j].digest : "-");
	for (size_t j = 0; j < h->module_cnt; j++) {
		char *name = text_fmt("module.%s", h->modules[j].name);

		fprintf(f, "module %s\n", h->modules[j].name);
		write_blob(dir, name, &h->modules[j]);
		free(name);
	}
	fclose(f);
	write_blob(dir, "btf", &h->btf);
	write_blob(dir, "config", &h->config);
	write_blob(dir, "image", &h->image);
	free(path);
	free(dir);
}

int main(int argc, char **argv)
{
	struct skep_log log = { .line = line };
	struct harvest_opts opts = { .log = getenv("PROBE_LOG") ? &log : NULL };
	struct harvest_set set = { 0 };
	struct skep_err err = { 0 };

	if (argc < 5)
		return 9;
	opts.jobs = (unsigned int)atoi(argv[2]);
	opts.tmp_dir = argv[3];
	opts.path_env = getenv("PATH");
	if (getenv("PROBE_UNPACKED"))
		opts.max_unpacked = strtoull(getenv("PROBE_UNPACKED"), NULL, 10);
	if (harvest_paths(&set, (const char *const *)argv + 4, (size_t)argc - 4, &opts,
			  &err)) {
		fprintf(stderr, "%s: %s\n", err.where, err.what);
		if (*err.note)
			fprintf(stderr, "  %s\n", err.note);
		if (*err.hint)
			fprintf(stderr, "  hint: %s\n", err.hint);
		return skep_err_status(err.code);
	}
	for (size_t i = 0; i < set.n && strcmp(argv[1], "-"); i++)
		write_kernel(argv[1], i, set.kernels[i]);
	harvest_release(&set);
	return 0;
}
