/* SPDX-License-Identifier: BSD-2-Clause */
/* Output: files below build/, which a build can always make again. */
#ifndef LIB_BUILD_OUTPUT_H
#define LIB_BUILD_OUTPUT_H

#include <stddef.h>

#include <skep/error.h>

/*
 * As fs_publish_if_changed(), whole or not at all whoever is killed, but without waiting for the
 * disk: what a power failure takes has another stamp than the state knows, and is made again.
 */
int output_write(const char *path, const void *data, size_t len, struct skep_err *err);

#endif
