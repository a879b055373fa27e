/* SPDX-License-Identifier: BSD-2-Clause */
/* Answers in words, by reason. */
#include "lib/check/explain.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "lib/base/cleanup.h"
#include "lib/check/explain_parts.h"

static void (*const by_why[HOLD_WHY_CNT])(struct telling *) = {
	[WHY_NONE] = tell_none,
	[WHY_NO_ENUMERATOR] = tell_no_enumerator,
	[WHY_NO_CONFIG] = tell_no_config,
	[WHY_NO_ADDRESS] = tell_no_config,
	[WHY_MAP_TYPE] = tell_map_type,
	[WHY_NOT_ALLOWED] = tell_not_allowed,
	[WHY_NOT_ALLOWED_YET] = tell_not_allowed_yet,
	[WHY_NOT_ALLOWED_ANYMORE] = tell_not_allowed_anymore,
	[WHY_NOT_ALLOWED_AWAKE] = tell_not_allowed_awake,
	[WHY_NOT_IN_TABLES] = tell_not_in_tables,
	[WHY_TOO_OLD] = tell_too_old,
	[WHY_NO_RELEASE] = tell_no_release,
	[WHY_NO_PROBE] = tell_no_probe,
	[WHY_NO_FIELD] = tell_no_field,
	[WHY_NO_TYPE] = tell_no_type,
	[WHY_NO_ENUM_VALUE] = tell_no_enum_value,
	[WHY_BAD_SIZE] = tell_bad_size,
	[WHY_RELO_FAILED] = tell_relo_failed,
	[WHY_NO_FUNCTION] = tell_no_function,
	[WHY_FUNCTION_UNKNOWN] = tell_function_unknown,
	[WHY_NO_KFUNC] = tell_no_kfunc,
	[WHY_NO_KFUNC_ADDRESS] = tell_no_kfunc_address,
	[WHY_NOT_A_KFUNC] = tell_not_a_kfunc,
	[WHY_PROTOTYPE] = tell_prototype,
	[WHY_NO_TRACEPOINT] = tell_no_tracepoint,
	[WHY_NO_SYSCALL] = tell_no_syscall,
	[WHY_NO_LSM_HOOK] = tell_no_lsm_hook,
	[WHY_NO_ITERATOR] = tell_no_iterator,
	[WHY_NO_STRUCT_OPS] = tell_no_struct_ops,
	[WHY_NO_OPS_MEMBER] = tell_no_ops_member,
	[WHY_NO_ARGUMENT] = tell_no_argument,
	[WHY_OTHER_ARGUMENT] = tell_other_argument,
	[WHY_NO_SYMBOL] = tell_no_symbol,
	[WHY_SYMBOL_UNKNOWN] = tell_symbol_unknown,
	[WHY_KCONFIG_UNKNOWN] = tell_kconfig_unknown,
	[WHY_NO_KCONFIG] = tell_no_kconfig,
	[WHY_NOT_GPL] = tell_not_gpl,
	[WHY_TARGET_UNKNOWN] = tell_target_unknown,
	[WHY_BAD_KCONFIG] = tell_bad_kconfig,
	[WHY_NOT_MODIFIABLE] = tell_not_modifiable,
	[WHY_MODIFY_UNKNOWN] = tell_modify_unknown,
	[WHY_NOT_SLEEPABLE] = tell_not_sleeping,
	[WHY_SLEEP_UNKNOWN] = tell_sleep_unknown,
	[WHY_HOOK_CLOSED] = tell_hook_closed,
	[WHY_LSM_INACTIVE] = tell_lsm_inactive,
	[WHY_MODULE_UNKNOWN] = tell_module_unknown,
	[WHY_NO_PROG_TYPE] = tell_no_prog_type,
	[WHY_NO_MAP_OF_OPS] = tell_no_map_of_ops,
	[WHY_ACCESS_NOT_GPL] = tell_access_not_gpl,
	[WHY_ACCESS_UNKNOWN] = tell_access_unknown,
	[WHY_OPS_MEMBER_TYPE] = tell_ops_member_type,
	[WHY_RETURN_VOID] = tell_return_void,
};

void tell_version(struct buf *out, facts_version v)
{
	buf_fmt(out, "%u.%u", v >> 16, v >> 8 & 0xff);
}

const struct obj_program *tell_program(const struct telling *t)
{
	const struct object *o = t->s->im->o;

	if (t->n && (t->n->kind == NEED_HOOK || t->n->kind == NEED_HOOK_ARG))
		return &o->programs[t->n->id];
	return t->program < o->program_cnt ? &o->programs[t->program] : NULL;
}

void tell_optional(struct telling *t, const char *where)
{
	const struct obj_program *p = tell_program(t);

	if (p && !p->autoload)
		buf_fmt(&t->remedy, "enable it with bpf_program__set_autoload() only %s",
			where);
	else if (p)
		buf_fmt(&t->remedy,
			"declare it SEC(\"?%s\") and enable it with "
			"bpf_program__set_autoload() %s",
			p->section, where);
}

int explain_answer(struct explained *out, const struct subject *s, const struct need *n,
		   uint32_t program, uint32_t arg, const struct answer *a,
		   const struct target *t, struct skep_err *err)
{
	struct telling told = {
		.s = s, .n = n, .program = program, .arg = arg, .a = a, .t = t
	};
	struct explained e = { 0 };
	bool bad;

	by_why[a->why < HOLD_WHY_CNT ? a->why : WHY_NONE](&told);
	bad = told.what.err || told.instead.err || told.remedy.err;
	if (told.what.len)
		e.what = buf_take(&told.what, NULL);
	if (told.instead.len)
		e.instead = buf_take(&told.instead, NULL);
	if (told.remedy.len)
		e.remedy = buf_take(&told.remedy, NULL);
	buf_release(&told.what);
	buf_release(&told.instead);
	buf_release(&told.remedy);
	if (bad) {
		explained_release(&e);
		return skep_fail(err, ENOMEM, "out of memory");
	}
	*out = e;
	return 0;
}

void explained_release(struct explained *e)
{
	free(e->what);
	free(e->instead);
	free(e->remedy);
	*e = (struct explained){ 0 };
}
