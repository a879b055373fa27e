/* SPDX-License-Identifier: BSD-2-Clause */
/* Explain: known causes behind messages of clang and libbpf, and what to do. */
#ifndef LIB_BUILD_EXPLAIN_H
#define LIB_BUILD_EXPLAIN_H

struct explain {
	const char *text;  /* occurs in the message */
	const char *cause; /* what is wrong */
	const char *fix;   /* what to do */
};

const struct explain *explain_find(const char *output); /* first entry that fits; NULL */

#endif
