/* SPDX-License-Identifier: BSD-2-Clause */
/* A kernel that was asked for and is not in the library. */
#ifndef CMD_SKEP_MISSING_H
#define CMD_SKEP_MISSING_H

#include <skep/error.h>
#include <skep/report.h>

/* -ENOENT with a hint, if the report names one in "missing"; otherwise 3, the exit status. */
int missing_kernel(const struct skep_report *report, struct skep_err *err);

#endif
