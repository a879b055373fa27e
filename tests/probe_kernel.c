/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * What the library answers to those who ask it in C: probe_kernel compare A B, range RANGE RELEASE,
 * find HOME ARCH ID, select HOME ARCH TERM..., types HOME ID NAME.
 */
#include <stdio.h>
#include <string.h>

#include "lib/btf/index.h"
#include "lib/kernel/library.h"
#include "lib/kernel/types.h"
#include "lib/kernel/version.h"

static int tell(int rc, const struct skep_err *err)
{
	if (rc)
		printf("%d %s | %s\n", rc, err->what, err->hint);
	return 0;
}

static int compare(const char *a, const char *b)
{
	int diff = version_compare(a, b), back = version_compare(b, a);

	puts(diff < 0 && back > 0 ? "<" : diff > 0 && back < 0 ? ">" : "=");
	return !diff != !back;
}

static int in_range(const char *range, const char *release)
{
	struct skep_err err = { 0 };
	bool in = false;
	int rc = version_in_range(range, release, &in, &err);

	if (!rc)
		puts(in ? "in" : "out");
	return tell(rc, &err);
}

static int find(struct library *lib, const struct arch *arch, const char *id)
{
	struct skep_err err = { 0 };
	const struct profile *p;
	int rc = library_find(lib, id, arch, &p, &err);

	if (!rc)
		puts(p->id);
	return tell(rc, &err);
}

static int choose(struct library *lib, const struct arch *arch, char **terms, size_t n)
{
	const struct profile **profiles;
	struct skep_err err = { 0 };
	size_t cnt, missing_cnt;
	const char **missing;
	int rc = library_select(lib, (const char *const *)terms, n, arch, &profiles, &cnt,
				&missing, &missing_cnt, &err);

	if (rc)
		return tell(rc, &err);
	for (size_t i = 0; i < cnt; i++)
		puts(profiles[i]->id);
	for (size_t i = 0; i < missing_cnt; i++)
		printf("missing: %s\n", missing[i]);
	free(profiles);
	free(missing);
	return 0;
}

static int types(const char *home, const char *id, const char *name)
{
	const struct types_source src = { .kernel = id, .home = home };
	struct skep_err err = { 0 };
	struct btf_index *ix;
	const uint32_t *ids;
	int rc = types_open(&ix, &src, &err);

	if (rc)
		return tell(rc, &err);
	printf("%zu\n", btf_index_find(ix, BTF_INDEX_TYPE, name, strlen(name), &ids));
	btf_index_close(ix);
	return 0;
}

int main(int argc, char **argv)
{
	_cleanup_(library_freep) struct library *lib = NULL;
	struct skep_err err = { 0 };
	const struct arch *arch;

	if (argc < 4)
		return 2;
	if (!strcmp(argv[1], "compare"))
		return compare(argv[2], argv[3]);
	if (!strcmp(argv[1], "range"))
		return in_range(argv[2], argv[3]);
	if (!strcmp(argv[1], "types"))
		return types(argv[2], argv[3], argv[4]);
	arch = arch_find(argv[3]);
	if (library_open(&lib, argv[2], &err))
		return tell(1, &err);
	if (!strcmp(argv[1], "find"))
		return find(lib, arch, argv[4]);
	return choose(lib, arch, argv + 4, (size_t)argc - 4);
}
