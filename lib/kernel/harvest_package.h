/* SPDX-License-Identifier: BSD-2-Clause */
/* Package: what the texts around a kernel in .deb, .rpm and Arch's packages say of it. */
#ifndef LIB_KERNEL_HARVEST_PACKAGE_H
#define LIB_KERNEL_HARVEST_PACKAGE_H

#include <stddef.h>

#include <skep/error.h>

#include "lib/kernel/harvest_stream.h"
#include "lib/kernel/harvest_unit.h"

/* Debian's control file: version, architecture, release out of the package's name. */
int package_control(struct unit *u, const char *text, struct skep_err *err);
/* First line of a Debian changelog: "linux (6.1.192-1) bookworm-security; urgency=high". */
int package_changelog(struct unit *u, const char *text, struct skep_err *err);
/* Arch's .PKGINFO. */
int package_pkginfo(struct unit *u, const char *text, struct skep_err *err);
/* Lead and headers of an .rpm; the stream then stands at the payload. */
int package_rpm(struct unit *u, struct stream *s, struct skep_err *err);

#define RPM_MAGIC "\xed\xab\xee\xdb"

#endif
