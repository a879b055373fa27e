/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * Does the running kernel relocate as skep says that kernels do?
 *
 *   applied OBJECT...
 *
 * Every CO-RE record of an object, each content once, is given to BPF_PROG_LOAD in a program of its own: a 64-bit load
 * of what the compiler took it for, and exit. What the kernel has made of the load is read back. Per object one line,
 * then one per difference:
 *
 *   OBJECT records=N poisoned=N failed=N different=N
 */
#include <errno.h>
#include <glob.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/syscall.h>
#include <unistd.h>

#include "bpf.h"
#include "btf.h"
#include "libbpf.h"

#include "libbpf_internal.h"
#include "relo_core.h"

#include "lib/base/fs.h"
#include "lib/base/buf.h"
#include "lib/btf/btf.h"
#include "lib/btf/index.h"
#include "lib/check/patch.h"
#include "lib/object/image.h"

enum { MAX_BTF = 4096, LOAD = 3 };
enum word { VALUE, POISON, FAILS };

struct answer {
	enum word word;
	__u64 value;
};

struct question {
	const struct image *im;
	const struct resolve_row *row;
	size_t number;
	int btf_fd;
	__u32 func; /* any function's type */
};

static void give_up(const char *path, const char *what)
{
	fprintf(stderr, "applied: %s: %s\n", path, what);
	exit(3);
}

static struct btf_index *host(void)
{
	static struct btf_blob blobs[MAX_BTF];
	struct skep_err err = { 0 };
	struct buf bytes = { 0 };
	struct btf_index *ix;
	glob_t found;
	size_t n = 1;

	glob("/sys/kernel/btf/*", 0, NULL, &found);
	for (size_t i = 0; i < found.gl_pathc && n < MAX_BTF; i++) {
		bool base = !strcmp(found.gl_pathv[i], BTF_HOST);
		struct btf_blob *b = &blobs[base ? 0 : n++];
		void *data;

		if (btf_file_bytes(found.gl_pathv[i], &data, &b->size, &err))
			give_up(found.gl_pathv[i], err.what);
		b->data = data;
		b->name = fs_basename(found.gl_pathv[i]);
	}
	if (btf_index_make(&bytes, blobs, n, 0, &err) || btf_index_own(&ix, &bytes, &err))
		give_up("index", err.what);
	globfree(&found);
	while (n--)
		free((void *)blobs[n].data);
	return ix;
}

static void make_load(struct bpf_insn insns[LOAD], __u64 value)
{
	insns[0] = (struct bpf_insn){ .code = BPF_LD | BPF_IMM | BPF_DW, .imm = value };
	insns[1] = (struct bpf_insn){ .imm = value >> 32 };
	insns[2] = (struct bpf_insn){ .code = BPF_JMP | BPF_EXIT };
}

static __u64 value_of(const struct bpf_insn insns[LOAD])
{
	return (__u64)insns[1].imm << 32 | (__u32)insns[0].imm;
}

static struct answer ours(const struct question *q)
{
	const struct resolve_row *row = q->row;
	const struct bpf_core_relo relo = { .type_id = row->type_id, .kind = row->kind };
	const struct bpf_core_relo_res res = {
		.orig_val = row->orig_val,
		.new_val = row->new_val,
		.poison = row->poison,
		.validate = row->validate,
		.fail_memsz_adjust = row->fail_memsz_adjust,
	};
	struct bpf_insn insns[LOAD];

	make_load(insns, row->orig_val);
	if (row->err || bpf_core_patch_insn("", insns, 0, &relo, 0, &res))
		return (struct answer){ FAILS };
	return row->poison ? (struct answer){ POISON }
			   : (struct answer){ VALUE, value_of(insns) };
}

static struct answer read_back(int fd)
{
	struct bpf_insn insns[LOAD] = { 0 };
	struct bpf_prog_info info = { .xlated_prog_insns = (unsigned long)insns,
				      .xlated_prog_len = sizeof(insns) };
	__u32 len = sizeof(info);

	if (bpf_prog_get_info_by_fd(fd, &info, &len) ||
	    insns[0].code != (BPF_LD | BPF_IMM | BPF_DW))
		give_up("program", "cannot be read back");
	close(fd);
	return (struct answer){ VALUE, value_of(insns) };
}

static struct answer theirs(const struct question *q)
{
	const struct ext_row *from = &q->im->ext.relos.rows[q->number];
	struct bpf_core_relo relo = { 0, from->relo.type_id, from->relo.access,
				      from->relo.kind };
	struct bpf_func_info func = { 0, q->func };
	static char log[1 << 20];
	struct bpf_insn insns[LOAD];
	union bpf_attr attr = {
		.prog_type = BPF_PROG_TYPE_SOCKET_FILTER,
		.insns = (unsigned long)insns,
		.insn_cnt = LOAD,
		.license = (unsigned long)"GPL",
		.prog_btf_fd = q->btf_fd,
		.func_info = (unsigned long)&func,
		.func_info_cnt = 1,
		.func_info_rec_size = sizeof(func),
		.core_relos = (unsigned long)&relo,
		.core_relo_cnt = 1,
		.core_relo_rec_size = sizeof(relo),
		.log_buf = (unsigned long)log,
		.log_size = sizeof(log),
		.log_level = 1,
	};
	int fd;

	log[0] = '\0';
	make_load(insns, q->row->orig_val);
	fd = syscall(__NR_bpf, BPF_PROG_LOAD, &attr, sizeof(attr));
	if (fd >= 0)
		return read_back(fd);
	if (strstr(log, "unknown#195896080"))
		return (struct answer){ POISON };
	if (errno != EINVAL && !strstr(log, "relo"))
		give_up(q->im->o->where, log[0] ? log : strerror(errno));
	return (struct answer){ FAILS };
}

/* Every content once. */
static bool is_repeated(const struct image *im, size_t number)
{
	const struct ext_row *rows = im->ext.relos.rows;

	for (size_t i = 0; i < number; i++)
		if (!memcmp(&rows[i].relo, &rows[number].relo, sizeof(rows->relo)))
			return true;
	return false;
}

static __u32 any_func(const struct btf *btf)
{
	for (__u32 id = 1; id < btf__type_cnt(btf); id++)
		if (btf_is_func(btf__type_by_id(btf, id)))
			return id;
	return 0;
}

static void judge(const struct image *im, const struct resolve *relos, int btf_fd)
{
	unsigned int n = 0, poisoned = 0, failed = 0, different = 0;

	for (size_t i = 0; i < relos->n; i++) {
		struct question q = { im, &relos->rows[i], i, btf_fd,
				      any_func(im->o->btf) };
		struct answer a, b;

		if (is_repeated(im, i))
			continue;
		a = ours(&q);
		b = theirs(&q);
		n++;
		poisoned += b.word == POISON;
		failed += b.word == FAILS;
		if (a.word == b.word && a.value == b.value)
			continue;
		different++;
		printf("  different: record %zu of kind %u: skep %d %lld (%s), the kernel %d %lld\n",
		       i, q.row->kind, a.word, (long long)a.value,
		       q.row->why ? q.row->why : "", b.word, (long long)b.value);
	}
	printf("%s records=%u poisoned=%u failed=%u different=%u\n", im->o->where, n,
	       poisoned, failed, different);
	fflush(stdout);
}

static void judge_object(const char *path, const struct btf_index *ix)
{
	struct resolve_opts opts = { .policy = RESOLVE_KERNEL, .no_targets = true };
	struct skep_err err = { 0 };
	struct resolve relos;
	struct object *o;
	struct image im;
	const void *raw;
	__u32 size;
	int fd;

	if (object_read_file(&o, path, &err) || image_read(&im, o, &err)) {
		printf("%s unread: %s\n", path, err.what);
		return;
	}
	raw = btf__raw_data(o->btf, &size);
	fd = im.ext.relos.n ? bpf_btf_load(raw, size, NULL) : -1;
	if (fd < 0)
		printf("%s %s\n", path, im.ext.relos.n ? "refused" : "records=0");
	else if (resolve_relos(&relos, o, &im.ext.relos, ix, &opts, &err))
		give_up(path, err.what);
	if (fd >= 0) {
		judge(&im, &relos, fd);
		resolve_release(&relos);
		close(fd);
	}
	image_release(&im);
	object_free(o);
}

int main(int argc, char **argv)
{
	struct btf_index *ix = host();

	libbpf_set_print(NULL);
	for (int i = 1; i < argc; i++)
		judge_object(argv[i], ix);
	btf_index_close(ix);
	return 0;
}
