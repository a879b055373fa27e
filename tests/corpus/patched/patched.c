/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * Are the instructions that skep makes of every CO-RE record those that libbpf makes?
 *
 *   patched -t NAME=BTF... OBJECT...
 *
 * Per object and kernel one line, then one per difference:
 *
 *   OBJECT NAME records=N prepare=N internal=N nobody=N failed=N poisoned=N different=N
 *
 * prepare: judged by bpf_object__prepare(), all programs loaded; internal: by libbpf's resolver over the whole BTF and
 * its patching, where prepare stops before, or shows no such function; nobody: not judged. failed: of the judged,
 * those that both say the load fails at; poisoned: what skep leaves as an instruction that no verifier takes.
 */
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "btf.h"
#include "libbpf.h"

#include "lib/btf/btf.h"
#include "patched.h"

enum { MAX_KERNELS = 64 };

struct tally {
	unsigned int prepare, internal, nobody, failed, poisoned, different;
};

static void give_up(const char *path, const char *what)
{
	fprintf(stderr, "patched: %s: %s\n", path, what);
	exit(3);
}

static void open_kernel(struct kernel *k, char *arg)
{
	struct btf_blob blob = { .name = "vmlinux" };
	struct skep_err err = { 0 };
	struct buf bytes = { 0 };
	char *path = strchr(arg, '=');
	void *data;

	if (!path)
		give_up(arg, "not NAME=BTF");
	*path++ = '\0';
	k->name = arg;
	k->path = path;
	if (btf_file_bytes(path, &data, &blob.size, &err))
		give_up(path, err.what);
	blob.data = data;
	if (btf_index_make(&bytes, &blob, 1, 0, &err) ||
	    btf_index_own(&k->ix, &bytes, &err))
		give_up(path, err.what);
	k->btf = btf__new(data, blob.size);
	if (!k->btf)
		give_up(path, "no BTF");
	free(data);
}

static bool same(const struct patch *ours, const struct image *im, size_t record,
		 const struct opinion *theirs)
{
	bool failed = ours->rows[record].word == PATCH_FAILED;
	uint32_t insn = im->relo_insn[record];
	size_t n = is_wide(im, insn) ? 2 : 1;

	if (failed || theirs->failed)
		return failed == theirs->failed;
	return !memcmp(&ours->insns[insn], theirs->insn, n * sizeof(*theirs->insn));
}

static void show(const struct patch *ours, const struct image *im, size_t i,
		 const struct opinion *o)
{
	const struct bpf_insn *a = &ours->insns[im->relo_insn[i]], *b = o->insn;

	printf("  different: record %zu of kind %u: skep %02x %d %d%s, libbpf %02x %d %d%s (%s)\n",
	       i, im->ext.relos.rows[i].relo.kind, a->code, a->off, a->imm,
	       ours->rows[i].word == PATCH_FAILED ? " fails" : "", b->code, b->off,
	       b->imm, o->failed ? " fails" : "",
	       ours->rows[i].why ? ours->rows[i].why : "");
}

static void compare(const struct image *im, const struct kernel *k,
		    const struct patch *ours, const struct opinion *theirs)
{
	size_t n = im->ext.relos.n;
	struct tally t = { 0 };

	for (size_t i = 0; i < n; i++) {
		t.prepare += theirs[i].by == PREPARE;
		t.internal += theirs[i].by == INTERNAL;
		t.nobody += theirs[i].by == NOBODY;
		t.failed += theirs[i].failed;
		t.poisoned += ours->rows[i].word == PATCH_POISONED;
		t.different += theirs[i].by && !same(ours, im, i, &theirs[i]);
	}
	printf("%s %s records=%zu prepare=%u internal=%u nobody=%u failed=%u poisoned=%u different=%u\n",
	       im->o->where, k->name, n, t.prepare, t.internal, t.nobody, t.failed,
	       t.poisoned, t.different);
	for (size_t i = 0; i < n; i++)
		if (theirs[i].by && !same(ours, im, i, &theirs[i]))
			show(ours, im, i, &theirs[i]);
	fflush(stdout);
}

static void judge(const struct image *im, const struct kernel *k)
{
	size_t n = im->ext.relos.n;
	struct opinion *theirs = calloc(n + 1, sizeof(*theirs));
	bool *skip = calloc(n + 1, sizeof(*skip));
	struct resolve_opts opts = { .skip = skip, .no_targets = true };
	struct skep_err err = { 0 };
	struct resolve relos;
	struct patch ours;

	for (size_t i = 0; i < n; i++)
		skip[i] = im->relo_insn[i] == IMAGE_NONE;
	if (resolve_relos(&relos, im->o, &im->ext.relos, k->ix, &opts, &err) ||
	    patch_make(&ours, im, &relos, &err))
		give_up(im->o->where, err.what);
	ask_prepare(theirs, im, k);
	ask_internal(theirs, im, k);
	compare(im, k, &ours, theirs);
	patch_release(&ours);
	resolve_release(&relos);
	free(theirs);
	free(skip);
}

int main(int argc, char **argv)
{
	struct kernel kernels[MAX_KERNELS];
	size_t n = 0;
	int i = 1;

	for (; i + 1 < argc && !strcmp(argv[i], "-t") && n < MAX_KERNELS; i += 2)
		open_kernel(&kernels[n++], argv[i + 1]);
	for (; i < argc; i++) {
		struct skep_err err = { 0 };
		struct object *o;
		struct image im;

		if (object_read_file(&o, argv[i], &err)) {
			printf("%s unread: %s\n", argv[i], err.what);
			continue;
		}
		if (image_read(&im, o, &err)) {
			printf("%s unread: %s\n", argv[i], err.what);
		} else {
			for (size_t j = 0; j < n; j++)
				judge(&im, &kernels[j]);
			image_release(&im);
		}
		object_free(o);
	}
	while (n--) {
		btf__free(kernels[n].btf);
		btf_index_close(kernels[n].ix);
	}
	return 0;
}
