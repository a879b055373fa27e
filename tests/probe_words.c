/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * What lib/btf/probe.h answers: probe_words BTF [MODULE...] -- WORDS... prints yes, no or corrupt, one line each:
 * of an index and, where libbpf's reading of the last BTF says otherwise, both.
 */
#include <stdio.h>
#include <string.h>

#include <bpf/btf.h>

#include "lib/base/fs.h"
#include "lib/btf/index.h"
#include "lib/btf/probe.h"

enum { MAX_BTF = 8 };

static const char *answer(int rc, bool holds)
{
	return rc ? rc == -SKEP_ECORRUPT ? "corrupt" : "error" : holds ? "yes" : "no";
}

static struct btf *types_of(char **argv, int end)
{
	struct btf *btf = btf__parse(argv[1], NULL);

	for (int i = 2; i < end; i++)
		btf = btf__parse_split(argv[i], btf);
	return btf;
}

static struct btf_index *index_of(char **argv, int *at)
{
	struct btf_blob blobs[MAX_BTF];
	struct skep_err err = { 0 };
	struct buf bytes = { 0 };
	struct btf_index *ix = NULL;
	size_t n = 0;

	for (; argv[*at] && strcmp(argv[*at], "--") && n < MAX_BTF; ++*at, n++) {
		char *data;

		if (fs_read(argv[*at], FS_MAX_OBJECT, &data, &blobs[n].size, &err))
			break;
		blobs[n].name = n ? argv[*at] : "vmlinux";
		blobs[n].data = data;
	}
	if (err.code || btf_index_make(&bytes, blobs, n, 0, &err) ||
	    btf_index_own(&ix, &bytes, &err))
		fprintf(stderr, "probe_words: %s\n", err.what);
	for (size_t i = 0; i < n; i++)
		free((void *)blobs[i].data);
	return ix;
}

int main(int argc, char **argv)
{
	int at = 1;
	struct btf_index *ix = index_of(argv, &at);
	struct btf *btf = argv[at] ? types_of(argv, at) : NULL;

	if (!ix || !btf)
		return 3;
	for (at++; argv[at]; at++) {
		bool a = false, b = false;
		int x = btf_probe(ix, argv[at], &a, NULL);
		int y = btf_probe_types(btf, argv[at], &b, NULL);

		if (x == y && a == b)
			printf("%s\n", answer(x, a));
		else
			printf("%s, %s\n", answer(x, a), answer(y, b));
	}
	btf_index_close(ix);
	while (btf) {
		struct btf *base = (struct btf *)btf__base_btf(btf);

		btf__free(btf);
		btf = base;
	}
	return 0;
}
