/* SPDX-License-Identifier: BSD-2-Clause */
/* Console: what a guest says, kept within bounds: how it began and how it ended. */
#ifndef LIB_PROVE_BOOT_CONSOLE_H
#define LIB_PROVE_BOOT_CONSOLE_H

#include <stddef.h>
#include <stdint.h>

#include "lib/base/buf.h"

#define CONSOLE_PART ((size_t)2 << 20) /* of the beginning, and of the end */

struct console {
	struct buf head; /* CONSOLE_PART at most */
	struct buf tail; /* twice that at most; of it the last CONSOLE_PART count */
	uint64_t size;   /* of all that was said */
	uint64_t lost;   /* between head and tail */
};

void console_add(struct console *c, const char *data, size_t len);

/* Head, a line that says how much is missing, tail. */
void console_text(const struct console *c, struct buf *out);
void console_release(struct console *c);

#endif
