/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * What skep makes of an object's code, as text:
 *
 *   probe_flow image OBJECT            functions, externs, references of instructions
 *   probe_flow flow OBJECT [OPTION...]   of each program the source lines that are reached, what of its
 *                                        context it reads, and what it does with arguments of its hook
 *   probe_flow time OBJECT [OPTION...]   the same, as numbers
 *
 *   lazy                 global functions are verified only if something calls them
 *   NAME=HEX             an extern's value, its bytes in memory
 *   NAME=address         … is there, at an address
 *   #N=NUMBER, #N=poison what CO-RE record N resolves to
 */
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/resource.h>
#include <time.h>

#include "lib/check/flow.h"
#include "lib/object/image.h"

static void fail(const struct skep_err *err)
{
	fprintf(stderr, "probe_flow: %s: %s\n", err->where, err->what);
	exit(1);
}

static void print_ref(const struct image *im, uint32_t insn)
{
	const struct image_ref *ref = &im->refs[insn];
	const char *to = "";

	if (ref->kind == IMAGE_REF_NONE)
		return;
	if (ref->kind == IMAGE_REF_MAP || ref->kind == IMAGE_REF_DATA)
		to = im->o->maps[ref->index].name;
	else if (ref->kind == IMAGE_REF_EXTERN)
		to = im->externs[ref->index].name;
	else if (ref->kind == IMAGE_REF_FUNC)
		to = im->funcs[ref->index].name;
	printf("  %u: kind %d %s+%lld\n", insn, ref->kind, to, (long long)ref->addend);
}

static void print_image(const struct image *im)
{
	static const char *const kinds[] = { "kconfig", "ksym", "kfunc" };
	uint32_t i, j;

	for (i = 0; i < im->extern_cnt; i++)
		printf("extern %s %s weak=%d typed=%d size=%u type=%u\n",
		       im->externs[i].name, kinds[im->externs[i].kind],
		       im->externs[i].weak, im->externs[i].typed, im->externs[i].size,
		       im->externs[i].type_id);
	for (i = 0; i < im->func_cnt; i++) {
		const struct image_func *f = &im->funcs[i];

		printf("function %s section=%s off=%u first=%u cnt=%u global=%d weak=%d entry=%d\n",
		       f->name, im->elf.sections[f->section].name, f->off, f->first,
		       f->cnt, f->global, f->weak, f->entry);
		for (j = f->first; j < f->first + f->cnt; j++)
			print_ref(im, j);
	}
}

static void give_extern(const struct image *im, struct flow_extern *externs,
			const char *name, const char *value)
{
	struct flow_extern e = { .word = FLOW_ADDRESS };
	uint32_t i;

	if (strcmp(value, "address"))
		for (e.word = FLOW_VALUE; *value && e.size < 8; value += 2)
			sscanf(value, "%2hhx", &e.value[e.size++]);
	for (i = 0; i < im->extern_cnt; i++)
		if (!strcmp(im->externs[i].name, name))
			externs[i] = e;
}

/* A load or store has its record's number as offset; longer numbers have two instructions. */
static void give_relo(const struct image *im, struct bpf_insn *insns, const char *record,
		      const char *value)
{
	struct bpf_insn *in = &insns[im->relo_insn[atoi(record)]];
	long long n = strtoll(value, NULL, 0);

	if (!strcmp(value, "poison"))
		*in = (struct bpf_insn){ .code = BPF_JMP | BPF_CALL, .imm = 0xbad2310 };
	else if (BPF_CLASS(in->code) == BPF_LDX || BPF_CLASS(in->code) == BPF_STX)
		in->off = n;
	else
		in->imm = n;
	if (in->code == (BPF_LD | BPF_IMM | BPF_DW))
		in[1].imm = n >> 32;
}

static void give(const struct image *im, struct flow_env *env, struct bpf_insn *insns,
		 struct flow_extern *externs, char *option)
{
	char *value = strchr(option, '=');

	if (!strcmp(option, "lazy"))
		env->lazy_globals = true;
	if (!value)
		return;
	*value++ = 0;
	if (*option == '#')
		give_relo(im, insns, option + 1, value);
	else
		give_extern(im, externs, option, value);
}

static void print_flow(const struct image *im, const struct flow *f)
{
	struct image_source s;
	uint32_t i, line = 0;

	printf("exact %d\n", f->exact);
	for (i = 0; i < im->insn_cnt; i++)
		if (f->reached[i] && image_source(im, i, &s) && s.line != line) {
			line = s.line;
			printf("%u: %s\n", line, s.text ? s.text : "");
		}
	for (i = 0; i < f->access_cnt; i++)
		printf("context %u+%u\n", f->accesses[i].off, f->accesses[i].size);
	for (i = 0; i < f->arg_cnt; i++)
		printf("argument %u relo %u\n", f->args[i].arg, f->args[i].relo);
}

static double now(void)
{
	struct timespec t;

	clock_gettime(CLOCK_MONOTONIC, &t);
	return t.tv_sec * 1e3 + t.tv_nsec / 1e6;
}

static void flow_all(const struct image *im, int argc, char **argv, bool timed)
{
	struct flow_extern *externs = calloc(im->extern_cnt + 1, sizeof(*externs));
	struct bpf_insn *insns = calloc(im->insn_cnt + 2, sizeof(*insns));
	struct flow_env env = { .insns = insns, .externs = externs };
	struct skep_err err = { 0 };
	struct rusage usage;
	uint32_t i, j, n;

	memcpy(insns, im->insns, im->insn_cnt * sizeof(*insns));
	for (i = 0; i < (uint32_t)argc; i++)
		give(im, &env, insns, externs, argv[i]);
	for (i = 0; i < im->o->program_cnt; i++) {
		double start = now();
		struct flow f;

		if (flow_program(&f, im, i, &env, &err))
			fail(&err);
		for (j = n = 0; j < im->insn_cnt; j++)
			n += f.reached[j];
		if (!timed)
			printf("program %s\n", im->o->programs[i].name);
		if (!timed)
			print_flow(im, &f);
		getrusage(RUSAGE_SELF, &usage);
		if (timed)
			printf("%s: %u of %u exact=%d %.3f ms, %ld KiB\n",
			       im->o->programs[i].name, n, im->insn_cnt, f.exact,
			       now() - start, usage.ru_maxrss);
		flow_release(&f);
	}
	free(externs);
	free(insns);
}

int main(int argc, char **argv)
{
	struct skep_err err = { 0 };
	struct object *o;
	struct image im;

	if (argc < 3)
		return 2;
	if (object_read_file(&o, argv[2], &err) || image_read(&im, o, &err))
		fail(&err);
	if (!strcmp(argv[1], "image"))
		print_image(&im);
	else
		flow_all(&im, argc - 3, argv + 3, !strcmp(argv[1], "time"));
	image_release(&im);
	object_free(o);
	return 0;
}
