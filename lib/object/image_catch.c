/* SPDX-License-Identifier: BSD-2-Clause */
/* Where exceptions end: __exception_cb(f) is a tag "exception_callback:f" on a program, which libbpf links f to. */
#include "lib/object/image_parts.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include <bpf/btf.h>

#define TAG "exception_callback:"

static void catch_in(struct image *im, const char *program, const char *func)
{
	uint32_t i, f;

	for (f = 0; f < im->func_cnt; f++)
		if (!im->funcs[f].entry && im->funcs[f].global &&
		    !strcmp(im->funcs[f].name, func))
			break;
	for (i = 0; f < im->func_cnt && i < im->o->program_cnt; i++)
		if (!strcmp(im->o->programs[i].name, program))
			im->program_catch[i] = f;
}

int image_read_catches(struct image *im, struct skep_err *err)
{
	const struct btf *btf = im->o->btf;
	uint32_t i, n = btf__type_cnt(btf);

	im->program_catch = malloc((im->o->program_cnt + 1) * sizeof(*im->program_catch));
	if (!im->program_catch)
		return skep_fail(err, ENOMEM, "out of memory");
	memset(im->program_catch, 0xff,
	       (im->o->program_cnt + 1) * sizeof(*im->program_catch));
	for (i = 1; i < n; i++) {
		const struct btf_type *t = btf__type_by_id(btf, i), *on;
		const char *tag = btf__name_by_offset(btf, t->name_off);

		if (!btf_is_decl_tag(t) || strncmp(tag, TAG, strlen(TAG)))
			continue;
		on = btf__type_by_id(btf, t->type);
		if (btf_is_func(on) && btf_decl_tag(t)->component_idx == -1)
			catch_in(im, btf__name_by_offset(btf, on->name_off),
				 tag + strlen(TAG));
	}
	return 0;
}
