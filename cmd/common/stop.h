/* SPDX-License-Identifier: BSD-2-Clause */
/* Stop: signals that end a command as something to wait for, so that nothing is left half done. */
#ifndef CMD_COMMON_STOP_H
#define CMD_COMMON_STOP_H

#include <skep/error.h>

/* Blocks SIGINT, SIGTERM, SIGHUP and SIGQUIT; returns what is readable once one came. Negative on failure. */
int stop_signals(struct skep_err *err);

/* Exit status of a program that the signal ended, as shells have it; 0: none came. Takes the signal. */
int stop_status(int fd);

#endif
