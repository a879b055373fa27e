/* SPDX-License-Identifier: BSD-2-Clause */
/* Signature: a type of an object's BTF as text that is equal where libbpf and the kernel see no difference. */
#ifndef TESTS_CORPUS_SIGNATURE_H
#define TESTS_CORPUS_SIGNATURE_H

#include <stdio.h>

#include <bpf/btf.h>

/*
 * NAME: structs by name, defined or only declared. STRICT: pointees say which, and their size. VALUE: what
 * is there by value with all members, pointees by name; behind a type tag (kptrs) as STRICT.
 */
enum signature { SIGNATURE_NAME, SIGNATURE_STRICT, SIGNATURE_VALUE };

void signature_print(FILE *f, const struct btf *btf, __u32 id, enum signature how);

/* The declaration tags of a type or variable, and by value the structs that they name. */
void signature_tags(FILE *f, const struct btf *btf, __u32 id);

#endif
