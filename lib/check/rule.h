/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * Rule: what a kernel must have for an object, in the words of lib/btf/probe.h: a property of the object's bytes
 * alone. Only what no guard of the object can do without: neither where a kernel has everything but that, nor
 * where it has nothing that the object asks for. What types do not tell - configuration, what the verifier
 * accepts - is no part of it, so that a kernel may fit the rule and still refuse the object.
 */
#ifndef LIB_CHECK_RULE_H
#define LIB_CHECK_RULE_H

#include <stddef.h>

#include <skep/error.h>

#include "lib/object/object.h"

/* Sorted, each once. Caller frees the strings and the array. Errors as image_read(). */
int rule_words(const struct object *o, char ***words, size_t *n, struct skep_err *err);

#endif
