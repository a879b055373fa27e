/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * What skep makes of an object's code, as text:
 *
 *   probe_flow image OBJECT   functions, externs, references of instructions
 */
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

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
	image_release(&im);
	object_free(o);
	return 0;
}
