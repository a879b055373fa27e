/* SPDX-License-Identifier: BSD-2-Clause */
/* Raw BTF among other bytes: where it may begin, how far it goes. Whether it is sound, btf_check() says. */
#ifndef LIB_KERNEL_HARVEST_BTF_H
#define LIB_KERNEL_HARVEST_BTF_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#define BTF_HEAD_MAX 24 /* bytes that btf_extent() needs to see */

struct btf_extent {
	size_t hdr_len, len;                         /* len: header, types and strings */
	size_t type_off, type_len, str_off, str_len; /* from the start */
	bool big_endian;
};

bool btf_is(const void *head, size_t len); /* by its magic, of either byte order */

/* Where the next magic of a byte order is, or NULL. */
const void *btf_next(const void *data, size_t len, bool big_endian);

/* What a header promises; false: not a header, or one that no file of max bytes could keep. */
bool btf_extent(struct btf_extent *x, const void *data, size_t len, size_t max);

/*
 * The largest BTF within flat bytes, for images that have no section table. False: none.
 */
bool btf_search(const void *data, size_t len, size_t *off, struct btf_extent *x);

/*
 * Whether these whole bytes can only be split BTF: the first name of a type lies beyond their
 * own strings. True for about every module; data of a module that happens to hold BTF is whole in itself.
 */
bool btf_is_split(const void *data, const struct btf_extent *x);

#endif
