/* SPDX-License-Identifier: BSD-2-Clause */
/* C names: a type as a declaration spells it, "struct event *", "char[16]". */
#ifndef LIB_BTF_CNAME_H
#define LIB_BTF_CNAME_H

#include <stdint.h>

#include <skep/error.h>

struct btf;
struct cname; /* spells types of one checked BTF, which it borrows */

struct cname *cname_new(const struct btf *btf); /* NULL without memory */
void cname_free(struct cname *c);

/* Type id declared as name, on one line; name "" or NULL gives the type alone. Caller frees; NULL without memory. */
char *cname_declare(struct cname *c, uint32_t id, const char *name);

#endif
