/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * Min: the part of a kernel's types that relocations look at, as a BTF of its own in the kernel's byte order, for
 * libbpf to use in place of the whole. What is not marked is not there, and no comparison may miss it.
 */
#ifndef LIB_BTF_MIN_H
#define LIB_BTF_MIN_H

#include <stddef.h>
#include <stdint.h>

#include <skep/error.h>

#include "lib/base/buf.h"

struct btf_index;
struct btf_min;

int btf_min_new(struct btf_min **out, const struct btf_index *ix, struct skep_err *err);
void btf_min_free(struct btf_min *m);

/* Marks. Types are the index's; without memory, and for what the index lacks, btf_min_write() fails. */

/* A type that libbpf finds by name, whether or not it is what was looked for. */
void btf_min_candidate(struct btf_min *m, uint32_t id);
/* One that is: itself, and behind typedefs what it is. */
void btf_min_root(struct btf_min *m, uint32_t id);
/* A type that is compared: its name and, of pointers and functions, where they lead. */
void btf_min_see(struct btf_min *m, uint32_t id);
/* A member of a struct or union, or an enumerator. */
void btf_min_member(struct btf_min *m, uint32_t id, uint32_t member);
/* As many members or enumerators as there are, up to cnt. */
void btf_min_count(struct btf_min *m, uint32_t id, uint32_t cnt);
/* The members on an access path as struct resolve_target has it, from a root on. */
void btf_min_path(struct btf_min *m, uint32_t root, const uint32_t *raw, size_t raw_len);

/*
 * The bytes: a function of what is marked, not of the ids it has in this kernel; kernels that agree in all
 * that is marked give the same. With a "long", by which libbpf tells the size of pointers.
 *
 * libbpf searches one BTF, and all in it. So a module's struct that is part of another, and has the name of a
 * candidate of vmlinux, gets another name; BPF_CORE_TYPE_MATCHES, which compares it, then says no.
 */
int btf_min_write(struct btf_min *m, struct buf *out, struct skep_err *err);

#endif
