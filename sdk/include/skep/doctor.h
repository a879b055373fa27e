/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * Doctor: what this machine's toolchain and kernel can do, what each lack costs and how to mend it.
 */
#ifndef SKEP_DOCTOR_H
#define SKEP_DOCTOR_H

#include <skep/error.h>
#include <skep/report.h>

#ifdef __cplusplus
extern "C" {
#endif

/**
 * skep_doctor - look at toolchain, kernel and signing support.
 * @path_env: value of $PATH
 * @report:   is filled; every row has a verdict, a cost and a remedy
 *
 * Returns 0 when a template can be built and run here, 1 when something needed for that is lacking.
 *
 * Errors: none; what cannot be found out is a row that says so.   Since: 0.1
 */
int skep_doctor(const char *path_env, struct skep_report *report, struct skep_err *err);

#ifdef __cplusplus
}
#endif

#endif
