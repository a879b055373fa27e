/* SPDX-License-Identifier: BSD-2-Clause */
/* The parts of explain: what is being told, and who finds the words. */
#ifndef LIB_CHECK_EXPLAIN_PARTS_H
#define LIB_CHECK_EXPLAIN_PARTS_H

#include <stdint.h>

#include "lib/base/buf.h"
#include "lib/check/explain.h"
#include "lib/check/hold_parts.h"

/*
 * Words are shared by kernels that answered alike: they may say what follows from the answer and the relocations,
 * and of the kernel's types only what its answer depends on.
 */
struct telling {
	const struct subject *s;
	const struct need *n; /* NULL: an argument of a hook */
	uint32_t program, arg;
	const struct answer *a;
	const struct target *t;
	struct buf what, instead, remedy;
};

/* "5.17" of a facts_version. */
void tell_version(struct buf *out, facts_version v);
/* Where SEC("fentry/x") stands, the program's section; NULL if a need is of no program. */
const struct obj_program *tell_program(const struct telling *t);
/* "SEC("?fentry/x") and load it where …": for programs that can be left out. */
void tell_optional(struct telling *t, const char *where);

void tell_no_field(struct telling *t);
void tell_no_type(struct telling *t);
void tell_no_enum_value(struct telling *t);
void tell_bad_size(struct telling *t);
void tell_relo_failed(struct telling *t);

void tell_no_function(struct telling *t);
void tell_function_unknown(struct telling *t);
void tell_no_tracepoint(struct telling *t);
void tell_no_syscall(struct telling *t);
void tell_no_lsm_hook(struct telling *t);
void tell_no_iterator(struct telling *t);
void tell_hook_closed(struct telling *t);
void tell_lsm_inactive(struct telling *t);
void tell_not_modifiable(struct telling *t);
void tell_modify_unknown(struct telling *t);
void tell_not_sleeping(struct telling *t);
void tell_sleep_unknown(struct telling *t);
void tell_no_argument(struct telling *t);
void tell_other_argument(struct telling *t);
void tell_return_void(struct telling *t);
void tell_no_prog_type(struct telling *t);
void tell_no_map_of_ops(struct telling *t);
void tell_access_not_gpl(struct telling *t);
void tell_access_unknown(struct telling *t);
void tell_target_unknown(struct telling *t);

void tell_no_kfunc(struct telling *t);
void tell_no_kfunc_address(struct telling *t);
void tell_not_a_kfunc(struct telling *t);
void tell_prototype(struct telling *t);
void tell_no_symbol(struct telling *t);
void tell_symbol_unknown(struct telling *t);
void tell_no_kconfig(struct telling *t);
void tell_kconfig_unknown(struct telling *t);
void tell_bad_kconfig(struct telling *t);
void tell_no_struct_ops(struct telling *t);
void tell_no_ops_member(struct telling *t);
void tell_ops_member_type(struct telling *t);
void tell_module_unknown(struct telling *t);

void tell_none(struct telling *t);
void tell_no_enumerator(struct telling *t);
void tell_no_config(struct telling *t);
void tell_not_allowed(struct telling *t);
void tell_map_type(struct telling *t);
void tell_not_allowed_yet(struct telling *t);
void tell_not_allowed_anymore(struct telling *t);
void tell_not_allowed_awake(struct telling *t);
void tell_not_in_tables(struct telling *t);
void tell_too_old(struct telling *t);
void tell_no_release(struct telling *t);
void tell_no_probe(struct telling *t);
void tell_not_gpl(struct telling *t);

#endif
