/* SPDX-License-Identifier: BSD-2-Clause */
/* libbpf's messages, which go to one callback of the process, brought to the call that caused them. */
#ifndef LIB_BTF_MESSAGES_H
#define LIB_BTF_MESSAGES_H

#include <skep/error.h>
#include <skep/log.h>

struct messages {
	char first[384]; /* first warning without prefix, newline and full stop; "" if none */
	const struct skep_log *log; /* gets every message at debug level, NULL for nobody */
	struct messages *outer;
};

/*
 * From begin to end, libbpf's messages of this thread are collected in m, which must outlive the pair. Pairs nest.
 * Outside of one, and in other threads, they are dropped: the library never prints.
 */
void messages_begin(struct messages *m, const struct skep_log *log);
void messages_end(struct messages *m);

/* Fail with the first warning, or with fallback where there was none. */
int messages_fail(const struct messages *m, struct skep_err *err, int code,
		  const char *fallback);

/* The first warning of relocating, without program and number: "field offset ambiguity: 0 != 32"; "" if none. Borrowed. */
const char *messages_relo(const struct messages *m);

#endif
