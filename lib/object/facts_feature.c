/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * What is no enumerator. Releases after the kernel's own history (git log of kernel/bpf and include/uapi/linux/bpf.h);
 * probes were chosen from what the types of Debian's kernels from 5.10 to 7.3 have and lack.
 */
#include <string.h>

#include "lib/base/cleanup.h"
#include "lib/object/facts.h"

#define V(major, minor) FACTS_VERSION(major, minor)

static const struct facts_feature_row features[FEATURES] = {
	[FEATURE_JMP32] = { "32-bit jumps", V(5, 1), NULL },
	[FEATURE_JLT] = { "less-than jumps", V(4, 14), NULL },
	[FEATURE_ATOMICS] = { "atomic operations", V(5, 12), NULL },
	[FEATURE_SDIV] = { "signed division", V(6, 6), NULL },
	[FEATURE_MOVSX] = { "sign-extending moves", V(6, 6), NULL },
	[FEATURE_LDSX] = { "sign-extending loads", V(6, 6), NULL },
	[FEATURE_BSWAP] = { "unconditional byte swap", V(6, 6), NULL },
	[FEATURE_GOTOL] = { "32-bit jump offsets", V(6, 6), NULL },
	[FEATURE_MAY_GOTO] = { "may_goto", V(6, 9), "enumerator BPF_MAY_GOTO" },
	[FEATURE_ADDR_SPACE_CAST] = { "address space casts", V(6, 9),
				      "enumerator BPF_ADDR_SPACE_CAST" },
	[FEATURE_LOAD_ACQUIRE] = { "load-acquire and store-release", V(6, 15), NULL },
	/* the maps with its tables came with it */
	[FEATURE_GOTOX] = { "indirect jumps", V(6, 19),
			    "enumerator bpf_map_type.BPF_MAP_TYPE_INSN_ARRAY" },
	[FEATURE_PERCPU_ADDR] = { "per-CPU addresses", V(6, 10), NULL },
	[FEATURE_SUBPROGRAMS] = { "calls of functions", V(4, 16), NULL },
	[FEATURE_GLOBAL_FUNCS] = { "global functions", V(5, 6),
				   "enumerator BTF_FUNC_GLOBAL" },
	/* the first helper that calls back came with it */
	[FEATURE_CALLBACKS] = { "callbacks", V(5, 13),
				"enumerator bpf_func_id.BPF_FUNC_for_each_map_elem" },
	[FEATURE_GLOBAL_DATA] = { "global data", V(5, 2), NULL },
	[FEATURE_KFUNCS] = { "calls of kernel functions", V(5, 13),
			     "struct bpf_prog_aux.kfunc_tab" },
	[FEATURE_KFUNCS_MODULE] = { "calls of functions of modules", V(5, 16),
				    "struct bpf_prog_aux.kfunc_btf_tab" },
	[FEATURE_KSYM_TYPED] = { "typed kernel variables", V(5, 10),
				 "struct bpf_insn_aux_data.btf_var" },
	[FEATURE_MODULE_BTF] = { "types of modules", V(5, 11), "struct module.btf_data" },
	/* the helper that sleeps came with it */
	[FEATURE_SLEEPABLE] = { "sleepable programs", V(5, 10),
				"enumerator bpf_func_id.BPF_FUNC_copy_from_user" },
	[FEATURE_BOUNDED_LOOPS] = { "bounded loops", V(5, 3), NULL },
	[FEATURE_LARGE_PROGRAMS] = { "more than 4096 instructions", V(5, 2), NULL },
	[FEATURE_TAIL_CALL_MIX] = { "tail calls beside calls of functions", V(5, 10),
				    "struct bpf_subprog_info.tail_call_reachable" },
	[FEATURE_BPF_COOKIE] = { "BPF cookies", V(5, 15),
				 "enumerator bpf_func_id.BPF_FUNC_get_attach_cookie" },
	[FEATURE_EXCEPTIONS] = { "exceptions", V(6, 7), "func bpf_throw" },
	[FEATURE_LAZY_GLOBALS] = { "global functions verified when reached", V(6, 8),
				   "struct bpf_func_info_aux.called" },
	[FEATURE_ENUM64] = { "64-bit enums", V(6, 0), "enumerator BTF_KIND_ENUM64" },
	[FEATURE_XDP_FRAGS] = { "XDP fragments", V(5, 18),
				"struct bpf_prog_aux.xdp_has_frags" },
};

const struct facts_feature_row *facts_feature(enum facts_feature f)
{
	return (size_t)f < FEATURES && features[f].name ? &features[f] : NULL;
}

/* Linux, kernel/bpf/btf.c: what it looks for in the values of maps. */
static const struct facts_type fields[] = {
	{ "bpf_list_head", V(6, 2) }, { "bpf_list_node", V(6, 2) },
	{ "bpf_rb_node", V(6, 3) },   { "bpf_rb_root", V(6, 3) },
	{ "bpf_refcount", V(6, 4) },  { "bpf_res_spin_lock", V(6, 15) },
	{ "bpf_spin_lock", V(5, 1) }, { "bpf_task_work", V(6, 18) },
	{ "bpf_timer", V(5, 15) },    { "bpf_wq", V(6, 10) },
	{ "kptr", V(5, 19) },         { "kptr_untrusted", V(6, 4) },
	{ "percpu_kptr", V(6, 7) },   { "uptr", V(6, 13) },
};

const struct facts_type *facts_field(const char *struct_name)
{
	for (size_t i = 0; i < ARRAY_SIZE(fields); i++)
		if (!strcmp(fields[i].name, struct_name))
			return &fields[i];
	return NULL;
}
