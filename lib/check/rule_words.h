/* SPDX-License-Identifier: BSD-2-Clause */
/* Rule words: what an object asks for, in the words of lib/btf/probe.h. */
#ifndef LIB_CHECK_RULE_WORDS_H
#define LIB_CHECK_RULE_WORDS_H

#include <stdbool.h>

#include "lib/object/image.h"
#include "lib/object/need.h"

/* Caller frees. NULL: types do not tell, every kernel with types has it, or no memory. */
char *rule_need_words(const struct image *im, const struct need *n);
char *rule_relo_words(const struct image *im, const struct ext_row *relo);
char *rule_extern_words(const struct image_extern *x);

/* A CO-RE record that is 0 for what does not exist, and so needs nothing: types have no size and no id, either. */
bool rule_is_check(const struct ext_row *relo);

#endif
