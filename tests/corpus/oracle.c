/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * Oracle: what libbpf and the kernel make of objects, one fact a line, so that two objects can be compared.
 *
 *   oracle [-t NAME=BTF]... OBJECT...
 *
 * Every object begins with a line "object PATH". Then, each in file order:
 *   section NAME FLAGS SIZE DIGEST            sections that are loaded; code before relocation
 *   reloc SECTION+OFF TYPE SYMBOL             relocations of these
 *   symbol NAME TYPE BIND VISIBILITY PLACE    functions, variables, externs
 *   func, var, tag                            declarations of BTF by signature
 *   core N SECTION+OFF KIND ROOT ACCESS PATH  CO-RE records, root and path by name
 *   NAME core N ...                           what libbpf's resolver makes of it on a target, all
 *                                             records in file order with one cache of candidates
 *   NAME extern SYMBOL COMPAT                 externs of kernel functions and variables on a target
 *
 * Ids of the object's own types are never printed nor digested: two objects may number the same types
 * differently. TYPE_ID_LOCAL is compared by the layout of the type it names; the immediates of
 * TYPE_ID_LOCAL and TYPE_ID_TARGET, which hold such an id, count as zero.
 */
#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "oracle.h"

enum { MAX_TARGETS = 16 };

static struct target targets[MAX_TARGETS];
static int target_cnt;

void fail(const char *path, const char *what)
{
	fprintf(stderr, "oracle: %s: %s\n", path, what);
	exit(3);
}

static int quiet(enum libbpf_print_level level, const char *fmt, va_list args)
{
	return 0;
}

static void print_program(const char *path)
{
	struct program o = { .path = path };
	int fd = open(path, O_RDONLY | O_CLOEXEC);

	if (fd < 0)
		fail(path, strerror(errno));
	o.elf = elf_begin(fd, ELF_C_READ_MMAP, NULL);
	if (!o.elf || elf_getshdrstrndx(o.elf, &o.shstrndx))
		fail(path, "no ELF");
	o.btf = btf__parse_elf(path, &o.ext);
	printf("object %s\n", path);
	if (!o.btf)
		o.ext = NULL;
	print_image(&o);
	if (o.btf)
		print_declarations(&o);
	if (o.ext)
		print_core(&o, NULL);
	for (struct target *t = targets; o.btf && t < targets + target_cnt; t++) {
		if (o.ext)
			print_core(&o, t);
		print_externs(&o, t);
	}
	btf_ext__free(o.ext);
	btf__free(o.btf);
	elf_end(o.elf);
	close(fd);
}

static void add_target(char *arg)
{
	struct target *t = &targets[target_cnt++];
	char *path = strchr(arg, '=');

	if (!path || target_cnt == MAX_TARGETS)
		fail(arg, "not NAME=BTF");
	*path++ = 0;
	t->name = arg;
	t->btf = btf__parse(path, NULL);
	if (!t->btf)
		fail(path, "no BTF");
	t->found = text_table();
}

int main(int argc, char **argv)
{
	int opt;

	elf_version(EV_CURRENT);
	libbpf_set_print(quiet);
	while ((opt = getopt(argc, argv, "t:")) != -1) {
		if (opt != 't')
			return 2;
		add_target(optarg);
	}
	for (int i = optind; i < argc; i++)
		print_program(argv[i]);
	return 0;
}
