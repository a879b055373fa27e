/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * Probe: is something among the types of a kernel? In words that are stored in packages and tables:
 *
 *	"enumerator bpf_func_id.BPF_FUNC_loop"	"enumerator BPF_MAY_GOTO" (of any enum)
 *	"struct bpf_func_info_aux.called"	"struct bpf_timer"	also of unions, members of anonymous ones included
 *	"struct task_struct.se.vruntime"	members of members, by value or in an array
 *	"enum bpf_func_id"	"typedef btf_trace_sched_switch"	"func bpf_lsm_file_open"	"var runqueues"
 */
#ifndef LIB_BTF_PROBE_H
#define LIB_BTF_PROBE_H

#include <stdbool.h>

#include <skep/error.h>

#include "lib/btf/index.h"

struct btf;

/*
 * -SKEP_ECORRUPT for words that are none of these. Names are compared without flavour; forward declarations are
 * nothing.
 */
int btf_probe(const struct btf_index *ix, const char *words, bool *holds,
	      struct skep_err *err);
/*
 * The same of types as libbpf reads them, without an index: 0.3 ms for each words, where making an index takes 40 and
 * parsing 5. btf has been checked, or is the kernel's own; of split BTF its own types are asked alone.
 */
int btf_probe_types(const struct btf *btf, const char *words, bool *holds,
		    struct skep_err *err);
/* The same of words alone. */
int btf_probe_check(const char *words, struct skep_err *err);

#endif
