/* SPDX-License-Identifier: BSD-2-Clause */
/* A diff as a report; its JSON form is described in <skep/btf.h>. */
#ifndef LIB_CHECK_BTF_DIFF_H
#define LIB_CHECK_BTF_DIFF_H

#include <skep/report.h>

#include "lib/base/buf.h"
#include "lib/btf/diff.h"

/* Types, enums and everything else that both have, and has changed. */
void btf_diff_tell_types(const struct diff *d, struct skep_node *root);
void btf_diff_tell_names(const struct diff *d, struct skep_node *root);
/* What only one of them has. */
void btf_diff_tell_lone(const struct diff *d, struct skep_node *root, unsigned int what);
void btf_diff_tell_summary(const struct diff *d, struct skep_node *root);

/* "tracepoints": what a kind is called in reports. */
const char *btf_diff_kind_key(enum diff_kind kind);
const char *btf_diff_kind_label(enum diff_kind kind);

/* JSON key of something that changed: its name; of those that share one, the second has " (2)". */
void btf_diff_key(struct buf *out, const struct diff *d, const struct diff_entry *e,
		  const char *tag);

#endif
