/* SPDX-License-Identifier: BSD-2-Clause */
/* Externs as the constants that they are on one kernel. */
#include <errno.h>
#include <stdlib.h>

#include "lib/check/hold_parts.h"

/* libbpf leaves 0 in place of what it did not find; of another type it finds functions, but does not take them. */
static struct flow_extern address(enum symbol_word word, bool weak)
{
	struct flow_extern e = { .word = FLOW_UNKNOWN, .size = 8 };

	if (word == SYMBOL_FOUND || !weak)
		e.word = FLOW_ADDRESS;
	else if (word == SYMBOL_ABSENT || word == SYMBOL_OTHER)
		e.word = FLOW_VALUE;
	return e;
}

int hold_externs(struct flow_extern **out, const struct image *im, const struct target *t,
		 struct skep_err *err)
{
	struct flow_extern *all = calloc(im->extern_cnt + 1, sizeof(*all));
	uint32_t id;

	if (!all)
		return skep_fail(err, ENOMEM, "out of memory");
	for (uint32_t i = 0; i < im->extern_cnt; i++) {
		const struct image_extern *e = &im->externs[i];

		if (e->kind == EXTERN_KCONFIG)
			hold_kconfig_value(im, e, t, &all[i]);
		else if (e->kind == EXTERN_KFUNC)
			all[i] = address(hold_kfunc_symbol(im, e, t, &id), e->weak);
		else
			all[i] = address(hold_ksym_symbol(im, e, t), e->weak);
	}
	*out = all;
	return 0;
}
