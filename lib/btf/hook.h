/* SPDX-License-Identifier: BSD-2-Clause */
/* Hooks: which of the functions that are named like hooks are hooks. */
#ifndef LIB_BTF_HOOK_H
#define LIB_BTF_HOOK_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "lib/btf/index.h"

/*
 * bpf_lsm_get_retval_range() is no hook, bpf_iter_fini_seq_net() no iterator: a hook of LSM is in union
 * security_list_options, an iterator has a context, struct bpf_iter__<name>. True for every other kind.
 */
bool hook_is_real(const struct btf_index *ix, enum btf_index_hook kind, const char *name);

/* Hooks of a kind that are real, each name once. */
size_t hook_count(const struct btf_index *ix, enum btf_index_hook kind);

#endif
