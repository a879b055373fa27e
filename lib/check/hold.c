/* SPDX-License-Identifier: BSD-2-Clause */
/* Who answers which need, and what answers by release and by configuration have in common. */
#include "lib/check/hold.h"

#include <string.h>

#include "lib/base/cleanup.h"
#include "lib/check/hold_parts.h"

int hold_need(struct answer *out, const struct subject *s, const struct need *n,
	      const struct target *t, struct skep_err *err)
{
	static struct answer (*const by_kind[NEED_KINDS])(const struct question *) = {
		[NEED_PROG_TYPE] = hold_prog_type,
		[NEED_ATTACH_TYPE] = hold_attach_type,
		[NEED_MAP_TYPE] = hold_map_type,
		[NEED_HELPER] = hold_helper,
		[NEED_HELPER_IN] = hold_helper_in,
		[NEED_KFUNC] = hold_kfunc,
		[NEED_KFUNC_IN] = hold_kfunc_in,
		[NEED_KFUNC_ADDRESS] = hold_kfunc_address,
		[NEED_FEATURE] = hold_feature,
		[NEED_RELO] = hold_relo,
		[NEED_HOOK] = hold_hook,
		[NEED_KCONFIG] = hold_kconfig,
		[NEED_KSYM] = hold_ksym,
		[NEED_STRUCT_OPS] = hold_struct_ops,
		/*
		 * NEED_MAP_FIELD: what a kernel does not know in a map's value it takes for bytes, or libbpf
		 * creates the map without types; what uses such a field tells by itself
		 */
		[NEED_LICENSE] = hold_license,
	};
	const struct question q = { s, n, t };

	if (n->kind >= NEED_KINDS || !by_kind[n->kind])
		*out = hold_yes();
	else
		*out = by_kind[n->kind](&q);
	return 0;
}

const char *hold_option_name(enum hold_option option)
{
#define HOLD_OPTION(name, text) [name] = text,
	static const char *const names[] = { HOLD_OPTIONS(HOLD_OPTION) };
#undef HOLD_OPTION

	return (size_t)option < ARRAY_SIZE(names) ? names[option] : "";
}

/* Enterprise Linux carries years of BPF back to the release it began with. */
static bool carries_back(const struct target *t)
{
	return strstr(t->release, ".el");
}

enum target_word hold_since(const struct target *t, facts_version since)
{
	if (!since || (t->version & ~0xffu) >= since)
		return TARGET_YES;
	if (t->version && !carries_back(t))
		return TARGET_NO;
	return target_at_least(t) >= since ? TARGET_YES : TARGET_UNKNOWN;
}

struct answer hold_by_release(const struct target *t, facts_version since)
{
	switch (hold_since(t, since)) {
	case TARGET_YES:
		return hold_yes();
	case TARGET_NO:
		return hold_no(WHY_TOO_OLD, since);
	default:
		return hold_say(HOLD_UNKNOWN, HOLD_LOAD, WHY_NO_RELEASE, since);
	}
}

struct answer hold_by_config(const struct target *t, const char *kconfig)
{
	if (kconfig && target_gate(t, kconfig) == TARGET_NO)
		return hold_no(WHY_NO_CONFIG, OPTION_OF_TABLE);
	return hold_yes();
}

struct answer hold_by_option(const struct target *t, enum hold_phase phase,
			     enum hold_option option)
{
	if (target_option(t, hold_option_name(option)) == TARGET_NO)
		return hold_say(HOLD_NO, phase, WHY_NO_CONFIG, option);
	return hold_yes();
}
