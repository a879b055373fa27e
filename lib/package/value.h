/* SPDX-License-Identifier: BSD-2-Clause */
/* Values: what a parameter's text means as bytes in a map or data section. */
#ifndef LIB_PACKAGE_VALUE_H
#define LIB_PACKAGE_VALUE_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include <skep/error.h>

#define VALUE_MAX 16 /* bytes of the largest fixed-size type */

struct value_type {
	const char *name; /* "u64" */
	size_t size;      /* bytes; 0: text of any length */
	bool entries_only;
};

/* The type of that name, "[]" left aside (*list tells); NULL if there is none. */
const struct value_type *value_type_find(const char *name, bool *list);
const struct value_type *value_type_at(size_t i); /* NULL past the end */

/*
 * Encode one value into size bytes, at least the type's; a number is extended to them. Numbers and
 * durations (nanoseconds) are in the byte order asked for, addresses in network order, strings end
 * with zeros. -SKEP_EUSAGE with the type in the message.
 */
int value_encode(const struct value_type *type, const char *text, bool big_endian,
		 uint8_t *out, size_t size, struct skep_err *err);

#endif
