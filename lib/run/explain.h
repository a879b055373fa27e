/* SPDX-License-Identifier: BSD-2-Clause */
/* Explain: why the kernel did not take an object, in one line and a remedy. */
#ifndef LIB_RUN_EXPLAIN_H
#define LIB_RUN_EXPLAIN_H

#include <skep/error.h>

struct object;

/*
 * Fill err for a failed load. code: negative errno of libbpf; message: its first warning or "";
 * verifier: the log of the program that failed or ""; o: the object. Returns the error's code.
 */
int explain_load(int code, const char *message, const char *verifier,
		 const struct object *o, struct skep_err *err);

#endif
