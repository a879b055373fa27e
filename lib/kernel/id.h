/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * Id: the name of a profile, components joined by "/".
 *
 *	distro/suite/arch/flavour/version	debian/bookworm/x86_64/cloud/6.1.0-56
 *	host/arch/release			host/x86_64/6.18.44
 *	file/arch/release-or-name		file/arm64/5.4.0-1009-aws
 *
 * or what the user gave it. The flavour of a distribution's plain kernel is "generic".
 */
#ifndef LIB_KERNEL_ID_H
#define LIB_KERNEL_ID_H

#include <stdbool.h>
#include <stddef.h>

#include "lib/base/arch.h"

#define ID_PARTS 8
#define ID_MAX   200 /* bytes: it becomes the name of a file */

struct harvest;

/* 1 to ID_PARTS components of letters, digits and ._+~-, none begins with a dot. */
bool id_valid(const char *id);

/* What is known of a kernel as an id; caller frees; NULL without memory. */
char *id_make(const struct harvest *h, const struct arch *arch);

/* Components as versions, one after the other: 6.1.0-9 before 6.1.0-56. */
int id_compare(const char *a, const char *b);

/* Name of the file that holds a profile, and back (NULL: not such a name); caller frees. */
char *id_to_file(const char *id);
char *id_from_file(const char *name);

/* A name as users give it: leading components, architectures in any spelling or left out. */
struct id_query {
	const char *text; /* borrowed */
	char words[ID_MAX + 1];
	const char *part[ID_PARTS + 1]; /* NULL: any */
	size_t n;
	const struct arch *arch; /* that it names, or NULL */
};

/* false: no id begins like that. */
bool id_query(struct id_query *q, const char *text);
bool id_matches(const struct id_query *q, const char *id);

/* Do two ids name kernels of one line, of which there is a newest: the same suite, or this host. */
bool id_same_line(const char *a, const char *b);

#endif
