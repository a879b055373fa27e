/* SPDX-License-Identifier: BSD-2-Clause */
/* Console: a head that fills up, then a tail that is halved whenever it is full. */
#include "lib/prove/boot_console.h"

#include <string.h>

static void drop(struct console *c)
{
	size_t old = c->tail.len > CONSOLE_PART ? c->tail.len - CONSOLE_PART : 0;

	memmove(c->tail.data, c->tail.data + old, c->tail.len - old);
	c->tail.len -= old;
	c->lost += old;
}

void console_add(struct console *c, const char *data, size_t len)
{
	size_t room = CONSOLE_PART - c->head.len;
	size_t first = len < room ? len : room;

	c->size += len;
	buf_add(&c->head, data, first);
	buf_add(&c->tail, data + first, len - first);
	if (c->tail.len > 2 * CONSOLE_PART)
		drop(c);
}

void console_text(const struct console *c, struct buf *out)
{
	size_t old = c->tail.len > CONSOLE_PART ? c->tail.len - CONSOLE_PART : 0;

	buf_add(out, c->head.data, c->head.len);
	if (c->lost + old)
		buf_fmt(out, "\n[%llu bytes are left out here]\n",
			(unsigned long long)(c->lost + old));
	buf_add(out, c->tail.data + old, c->tail.len - old);
}

void console_release(struct console *c)
{
	buf_release(&c->head);
	buf_release(&c->tail);
}
