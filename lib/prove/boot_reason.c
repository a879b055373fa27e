/* SPDX-License-Identifier: BSD-2-Clause */
/* Reason: why a guest failed, in a line that who never saw a kernel's console understands. */
#include <ctype.h>
#include <signal.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "lib/base/cleanup.h"
#include "lib/base/text.h"
#include "lib/prove/boot_parts.h"

#define SEC_NS            1e9
#define LINE_LEN          300
#define MEMORY_ENOUGH_MIB 512
#define IMAGE_HINT        "add the kernel again: skep kernel add"
#define TIME_HINT         "give it more time: --timeout"

/* What a console has on it, and what that means; the first that is found counts. */
static const struct clue {
	const char *sign;    /* in a line of the console or of QEMU */
	const char *meaning; /* before the line */
	enum { OF_KERNEL, OF_MEMORY, OF_HOST_MEMORY, OF_IMAGE } of;
} clues[] = {
	{ "cannot set up guest memory", "this machine has too little memory",
	  OF_HOST_MEMORY },
	{ "could not load kernel", "QEMU cannot load the kernel", OF_IMAGE },
	{ "error loading uncompressed kernel", "QEMU cannot load the kernel", OF_IMAGE },
	{ "Invalid ELF image", "QEMU cannot load the kernel", OF_IMAGE },
	{ "could not load initrd", "QEMU cannot load the initramfs", OF_KERNEL },
	{ "System is deadlocked on memory", "too little memory", OF_MEMORY },
	{ "Out of memory", "too little memory", OF_MEMORY },
	{ "out of memory", "too little memory", OF_MEMORY },
	{ "initrd too large", "too little memory", OF_MEMORY },
	{ "initramfs unpacking failed: write error", "too little memory", OF_MEMORY },
	{ "Initramfs unpacking failed: write error", "too little memory", OF_MEMORY },
	{ "initramfs unpacking failed", "the kernel cannot unpack what it is to start",
	  OF_KERNEL },
	{ "Initramfs unpacking failed", "the kernel cannot unpack what it is to start",
	  OF_KERNEL },
	{ "Unable to mount root fs", "the kernel finds nothing to start", OF_KERNEL },
	{ "No working init found", "the kernel finds nothing to start", OF_KERNEL },
	{ "Requested init", "the kernel finds nothing to start", OF_KERNEL },
	{ "Kernel panic - not syncing: ", "the kernel panicked", OF_KERNEL },
};

/* The line that has the sign, from there on, of printable characters; caller frees. */
static char *line_with(const struct buf *text, const char *sign)
{
	const char *at, *end;
	size_t n = 0;
	char *line;

	at = text->data ? memmem(text->data, text->len, sign, strlen(sign)) : NULL;
	if (!at)
		return NULL;
	end = text->data + text->len;
	line = calloc(1, LINE_LEN + 1);
	for (; line && at < end && *at != '\n' && n < LINE_LEN; at++)
		if (isprint((unsigned char)*at))
			line[n++] = *at;
	return line;
}

/* Its last line that is not empty; caller frees. */
static char *last_line(const struct buf *text)
{
	_cleanup_(buf_release) struct buf line = { 0 };
	size_t end = text->len, begin;

	for (size_t i = 0; i < text->len; i++) /* the last may be incomplete */
		if (text->data[i] == '\n')
			end = i;
	while (end && !isgraph((unsigned char)text->data[end - 1]))
		end--;
	for (begin = end; begin && text->data[begin - 1] != '\n';)
		begin--;
	for (; begin < end && line.len < LINE_LEN; begin++)
		if (isprint((unsigned char)text->data[begin]))
			buf_char(&line, text->data[begin]);
	return buf_take(&line, NULL);
}

static void say(struct boot *b, const char *hint, const char *fmt, ...)
	__attribute__((format(printf, 3, 4)));

static void say(struct boot *b, const char *hint, const char *fmt, ...)
{
	char text[2 * LINE_LEN];
	va_list ap;

	va_start(ap, fmt);
	vsnprintf(text, sizeof(text), fmt, ap);
	va_end(ap);
	free(b->reason);
	free(b->hint);
	b->reason = strdup(text);
	b->hint = hint ? strdup(hint) : NULL;
}

/* Kernels that get too little often hang, or stop, without a word; caller frees. */
static char *memory_hint(const struct attempt *a)
{
	unsigned int mib = a->boot->machine.memory_mib;

	return mib < MEMORY_ENOUGH_MIB
		       ? text_fmt("it may have too little memory, %u MiB: --memory %u",
				  mib, MEMORY_ENOUGH_MIB)
		       : NULL;
}

static void explain_clue(const struct attempt *a, const struct clue *clue,
			 const char *line)
{
	_cleanup_free_ char *more = NULL;
	const char *hint = NULL;

	if (clue->of == OF_KERNEL)
		hint = more = memory_hint(a);
	else if (clue->of == OF_MEMORY)
		hint = more = text_fmt("give guests more: --memory %u",
				       2 * a->boot->machine.memory_mib);
	else if (clue->of == OF_HOST_MEMORY)
		hint = "give guests less with --memory, or run fewer at once with -j";
	else if (clue->of == OF_IMAGE)
		hint = IMAGE_HINT;
	if (!strncmp(line, "Kernel panic - not syncing: ", 28))
		line += 28;
	say(a->boot, hint, "%s: %s", clue->meaning, line);
}

static bool find_clue(const struct attempt *a, const struct buf *text)
{
	for (size_t i = 0; i < ARRAY_SIZE(clues); i++) {
		_cleanup_free_ char *line = line_with(text, clues[i].sign);

		if (line) {
			explain_clue(a, &clues[i], line);
			return true;
		}
	}
	return false;
}

/* What QEMU's messages begin with is its own path. */
static void explain_exit(const struct attempt *a)
{
	_cleanup_free_ char *hint = memory_hint(a);
	_cleanup_free_ char *line = last_line(&a->problems);
	const char *text = line && strchr(line, ':') ? strchr(line, ':') + 1 : line;

	if (a->status > 128)
		say(a->boot, NULL, "QEMU was killed by signal %d (%s)", a->status - 128,
		    strsignal(a->status - 128));
	else if (a->status && text && *text)
		say(a->boot, NULL, "QEMU ended with status %d:%s%s", a->status,
		    *text == ' ' ? "" : " ", text);
	else if (a->status)
		say(a->boot, NULL, "QEMU ended with status %d", a->status);
	else if (!a->word_ns)
		say(a->boot, NULL,
		    "the machine stopped before all was done: %zu of %zu proofs came",
		    a->proof_cnt, a->boot->object_cnt);
	else if (a->console.size)
		say(a->boot, hint, "the machine stopped before skep's program began");
	else
		say(a->boot, hint ? hint : IMAGE_HINT,
		    "the image does not boot: the machine stopped without a word");
}

static void explain_hang(const struct attempt *a, const struct buf *text)
{
	double limit = (double)a->boot->limit_ns / SEC_NS;
	_cleanup_free_ char *memory = memory_hint(a);
	const char *hint = memory ? memory : TIME_HINT;
	_cleanup_free_ char *line = NULL;

	if (!a->word_ns) {
		say(a->boot, TIME_HINT, "not done within %.3g s: %zu of %zu proofs came",
		    limit, a->proof_cnt, a->boot->object_cnt);
		return;
	}
	line = a->console.size ? last_line(text) : NULL;
	if (line && *line)
		say(a->boot, hint, "did not boot within %.3g s; its last words: %s",
		    limit, line);
	else
		say(a->boot, hint, "did not boot within %.3g s and said nothing", limit);
}

void boot_reason(const struct attempt *a)
{
	_cleanup_(buf_release) struct buf text = { 0 };
	const char *hint = a->err.hint[0] ? a->err.hint : NULL;

	switch (a->end) {
	case END_DAMAGED:
		say(a->boot, hint, "a result was forged or damaged: %s", a->err.what);
		return;
	case END_FLOOD:
		say(a->boot, hint, "the guest floods its console: %llu MiB and no end",
		    (unsigned long long)(a->console.size >> 20));
		return;
	case END_ERROR:
	case END_BAD:
		say(a->boot, hint, "%s", a->err.what);
		return;
	case END_DONE:
		say(a->boot, hint, "the guest ended with %zu of %zu proofs", a->proof_cnt,
		    a->boot->object_cnt);
		return;
	default:
		break;
	}
	buf_add(&text, a->problems.data, a->problems.len);
	console_text(&a->console, &text);
	if (find_clue(a, &text))
		return;
	if (a->end == END_EXIT)
		explain_exit(a);
	else
		explain_hang(a, &text);
}
