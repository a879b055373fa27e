/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * What lib/btf/probe.h answers: probe_words BTF [MODULE...] -- WORDS... prints yes, no or corrupt, one line each.
 */
#include <stdio.h>
#include <string.h>

#include "lib/base/fs.h"
#include "lib/btf/index.h"
#include "lib/btf/probe.h"

enum { MAX_BTF = 8 };

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

	if (!ix || !argv[at])
		return 3;
	for (at++; argv[at]; at++) {
		struct skep_err err = { 0 };
		bool holds;

		if (btf_probe(ix, argv[at], &holds, &err))
			printf("%s\n", err.code == SKEP_ECORRUPT ? "corrupt" : "error");
		else
			printf("%s\n", holds ? "yes" : "no");
	}
	btf_index_close(ix);
	return 0;
}
