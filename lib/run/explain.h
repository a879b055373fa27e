/* SPDX-License-Identifier: BSD-2-Clause */
/* Explain: why the kernel did not take an object, in one line and a remedy. */
#ifndef LIB_RUN_EXPLAIN_H
#define LIB_RUN_EXPLAIN_H

#include <skep/error.h>

/*
 * Fill err for a failed load. code: negative errno of libbpf; message: its first warning or "";
 * verifier: the log of the program that failed or "". Returns the error's code.
 */
int explain_load(int code, const char *message, const char *verifier,
		 struct skep_err *err);

#endif
