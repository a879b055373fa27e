/* SPDX-License-Identifier: BSD-2-Clause */
/* Words: what each 32-bit word of a type's record is. BTF has no others, so that records need no structs to be copied. */
#ifndef LIB_BTF_WORDS_H
#define LIB_BTF_WORDS_H

#include <stddef.h>
#include <stdint.h>

#define WORDS_HEAD 3 /* name, info, size or type */

/*
 * Roles of the words of a record: 'n' name, 'i' info, 't' type, 's' number, 'o' offset in bits. The first three are
 * the head; those behind it are there vlen times, or once. NULL: a kind that is no type of C.
 */
struct words {
	const char *head, *rest;
	uint32_t times;
};
struct words words_of(uint32_t info);
size_t words_cnt(const struct words *w);
/* Role of word i of a record. */
char words_role(const struct words *w, size_t i);

#endif
