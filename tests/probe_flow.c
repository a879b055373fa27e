/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * What skep makes of an object's code, as text:
 *
 *   probe_flow image OBJECT            functions, externs, references of instructions
 *   probe_flow flow OBJECT [OPTION...]   of each program the source lines that are reached, what of its
 *                                        context it reads, and what it does with arguments of its hook
 *   probe_flow time OBJECT [OPTION...]   the same, as numbers
 *   probe_flow load OBJECT [CONFIG_X=y...]   what the kernel reaches: loads its one program once for each marker,
 *                                        a call of helper MARKER + n, with only that one left in it
 *
 * CO-RE records of a type whose flavour is ___no find it missing, others find it as it is.
 *
 *   lazy                 global functions are verified only if something calls them
 *   NAME=HEX             an extern's value, its bytes in memory
 *   NAME=address         … is there, at an address
 */
#include <stdarg.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

#include <bpf/btf.h>
#include <bpf/libbpf.h>

#include "lib/base/fs.h"
#include "lib/check/flow.h"
#include "lib/object/image.h"

#define MARKER 1000000

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

static void print_insn(const struct image *im, uint32_t i)
{
	const struct bpf_insn *in = &im->insns[i];

	print_ref(im, i);
	if (in->code == (BPF_STX | BPF_MEM | BPF_DW))
		printf("  store %u %d %u\n", in->dst_reg, in->off, in->src_reg);
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
			print_insn(im, j);
	}
	for (i = 0; i < im->ext.relos.n; i++) {
		const struct btf_type *t =
			btf__type_by_id(im->o->btf, im->ext.relos.rows[i].relo.type_id);

		printf("relo %u %s\n", i, btf__name_by_offset(im->o->btf, t->name_off));
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

static void resolve(const struct image *im, struct bpf_insn *insns, size_t record)
{
	const struct ext_row *row = &im->ext.relos.rows[record];
	const struct btf_type *t = btf__type_by_id(im->o->btf, row->relo.type_id);
	const char *name = btf__name_by_offset(im->o->btf, t->name_off);
	bool exists = row->relo.kind == BPF_CORE_FIELD_EXISTS ||
		      row->relo.kind == BPF_CORE_TYPE_EXISTS;
	struct bpf_insn *in = &insns[im->relo_insn[record]];

	if (exists)
		in->imm = !strstr(name, "___no");
	else if (strstr(name, "___no"))
		*in = (struct bpf_insn){ .code = BPF_JMP | BPF_CALL, .imm = 0xbad2310 };
}

static void give(const struct image *im, struct flow_env *env,
		 struct flow_extern *externs, char *option)
{
	char *value = strchr(option, '=');

	if (!strcmp(option, "lazy"))
		env->lazy_globals = true;
	if (!value)
		return;
	*value++ = 0;
	give_extern(im, externs, option, value);
}

static bool marker(const struct bpf_insn *in)
{
	return in->code == (BPF_JMP | BPF_CALL) && !in->src_reg && in->imm >= MARKER &&
	       in->imm < MARKER + 100;
}

static void print_flow(const struct image *im, const struct flow *f)
{
	struct image_source s;
	uint32_t i, line = 0;

	printf("exact %d\n", f->exact);
	for (i = 0; i < im->insn_cnt; i++)
		if (flow_reached(f, i) && marker(&im->insns[i]))
			printf("marker %d\n", im->insns[i].imm - MARKER);
	for (i = 0; i < im->insn_cnt; i++)
		if (flow_reached(f, i) && image_source(im, i, &s) && s.line != line) {
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

/* At most so far, since exec; getrusage() would count what the parent had. */
static long peak_kib(void)
{
	FILE *f = fopen("/proc/self/status", "re");
	char line[128];
	long kib = -1;

	while (f && kib < 0 && fgets(line, sizeof(line), f))
		sscanf(line, "VmHWM: %ld", &kib);
	if (f)
		fclose(f);
	return kib;
}

static void flow_all(const struct image *im, int argc, char **argv, bool timed)
{
	struct flow_extern *externs = calloc(im->extern_cnt + 1, sizeof(*externs));
	struct bpf_insn *insns = calloc(im->insn_cnt + 2, sizeof(*insns));
	struct flow_env env = { .insns = insns, .externs = externs };
	struct skep_err err = { 0 };
	uint32_t i, j, n;

	memcpy(insns, im->insns, im->insn_cnt * sizeof(*insns));
	for (i = 0; i < im->insn_cnt; i++)
		if (marker(&insns[i]))
			insns[i].imm = BPF_FUNC_ktime_get_ns;
	for (i = 0; i < (uint32_t)argc; i++)
		give(im, &env, externs, argv[i]);
	for (i = 0; i < im->ext.relos.n; i++)
		resolve(im, insns, i);
	for (i = 0; i < im->o->program_cnt; i++) {
		double start = now();
		struct flow f;

		if (flow_program(&f, im, i, &env, &err))
			fail(&err);
		for (j = n = 0; j < im->insn_cnt; j++)
			n += flow_reached(&f, j);
		if (!timed)
			printf("program %s\n", im->o->programs[i].name);
		if (!timed)
			print_flow(im, &f);
		if (timed)
			printf("%s: %u of %u exact=%d %.3f ms, %ld KiB\n",
			       im->o->programs[i].name, n, im->insn_cnt, f.exact,
			       now() - start, peak_kib());
		flow_release(&f);
	}
	free(externs);
	free(insns);
}

/* --- the kernel --- */

/* Leave one marker; calls of the others become calls of a helper that there is. */
static void keep_marker(char *data, size_t size, int n)
{
	struct bpf_insn in;
	size_t i;

	for (i = 0; i + sizeof(in) <= size; i += sizeof(in)) {
		memcpy(&in, data + i, sizeof(in));
		if (!marker(&in) || in.imm == MARKER + n)
			continue;
		in.imm = BPF_FUNC_ktime_get_ns;
		memcpy(data + i, &in, sizeof(in));
	}
}

/* Does the verifier get to the marker? Exits if it refuses the program for another reason. */
static bool kernel_reaches(const struct image *im, const char *config, int n)
{
	static char log[1 << 20];
	char *data = malloc(im->o->size), text[64];
	LIBBPF_OPTS(bpf_object_open_opts, opts, .kconfig = config, .kernel_log_buf = log,
		    .kernel_log_size = sizeof(log));
	struct bpf_object *o;
	int ret;

	memcpy(data, im->o->data, im->o->size);
	keep_marker(data, im->o->size, n);
	log[0] = 0;
	o = bpf_object__open_mem(data, im->o->size, &opts);
	ret = o ? bpf_object__load(o) : -1;
	bpf_object__close(o);
	free(data);
	snprintf(text, sizeof(text), "#%d", MARKER + n);
	if (ret && !strstr(log, text)) {
		fprintf(stderr, "probe_flow: marker %d: %s\n", n, log);
		exit(3);
	}
	return ret;
}

static int silent(enum libbpf_print_level level, const char *format, va_list args)
{
	return getenv("PROBE_DEBUG") ? vfprintf(stderr, format, args) : 0;
}

static void load_all(const struct image *im, int argc, char **argv)
{
	char config[1024] = "";
	bool seen[100] = { 0 };
	uint32_t i;

	for (i = 0; i < (uint32_t)argc; i++) {
		strncat(config, argv[i], 100);
		strcat(config, "\n");
	}
	libbpf_set_print(silent);
	for (i = 0; i < im->insn_cnt; i++) {
		int n = im->insns[i].imm - MARKER;

		if (!marker(&im->insns[i]) || seen[n])
			continue;
		seen[n] = true;
		if (kernel_reaches(im, config, n))
			printf("marker %d\n", n);
	}
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
	else if (!strcmp(argv[1], "load"))
		load_all(&im, argc - 3, argv + 3);
	else
		flow_all(&im, argc - 3, argv + 3, !strcmp(argv[1], "time"));
	image_release(&im);
	object_free(o);
	return 0;
}
