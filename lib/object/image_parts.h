/* SPDX-License-Identifier: BSD-2-Clause */
/* What an image is put together from. */
#ifndef LIB_OBJECT_IMAGE_PARTS_H
#define LIB_OBJECT_IMAGE_PARTS_H

#include <stdbool.h>
#include <stdint.h>

#include <skep/error.h>

#include "lib/object/image.h"

#define IMAGE_LDIMM64 (BPF_LD | BPF_IMM | BPF_DW)
#define IMAGE_CALL    (BPF_JMP | BPF_CALL)

/* -SKEP_ECORRUPT, naming section, offset and function of an instruction. */
int image_corrupt(const struct image *im, uint32_t func, uint32_t insn, const char *what,
		  struct skep_err *err);

/* What the undefined symbols of an object are; symbols[symbol] is its extern plus 1. */
int image_read_externs(struct image *im, uint32_t *symbols, struct skep_err *err);

/* What __exception_cb() says of programs. */
int image_read_catches(struct image *im, struct skep_err *err);

/* What each relocation, and each call without one, refers to. externs: as image_read_externs() makes it. */
int image_read_refs(struct image *im, const uint32_t *externs, struct skep_err *err);

/* Where an instruction jumps to, besides the next one. False: it does not jump to a fixed place. */
bool image_jump(const struct bpf_insn *in, int64_t *ahead);

/* The function that lies at a byte of a section, IMAGE_NONE: none. */
uint32_t image_func_at(const struct image *im, uint32_t section, uint64_t off);

#endif
