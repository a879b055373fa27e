/* SPDX-License-Identifier: BSD-2-Clause */
/* Foreign: recognising what other tools write. */
#ifndef LIB_PACKAGE_FOREIGN_H
#define LIB_PACKAGE_FOREIGN_H

#include <stdbool.h>
#include <stddef.h>

/* Looks like a tar, or like a package whose first header is damaged. */
bool foreign_is_tar(const void *data, size_t size);

/* A whole tar of an OCI image layout in which all digests hold, whoever wrote it. */
bool foreign_is_layout(const void *data, size_t size);

#endif
