/* SPDX-License-Identifier: BSD-2-Clause */
/* Errors: who writes which part first, and the exit status of each code. */
#include <skep/error.h>

#include <errno.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "lib/base/escape.h"

int skep_fail(struct skep_err *err, int code, const char *fmt, ...)
{
	va_list ap;

	code = abs(code);
	if (!err)
		return -code;
	if (err->code)
		return -err->code;
	err->code = code;
	va_start(ap, fmt);
	vsnprintf(err->what, sizeof(err->what), fmt, ap);
	va_end(ap);
	escape_in_place(err->what, sizeof(err->what));
	return -code;
}

int skep_err_at(struct skep_err *err, const char *path, int line, int col)
{
	if (!err)
		return -EINVAL;
	if (err->where[0])
		return -err->code;
	if (line && col)
		snprintf(err->where, sizeof(err->where), "%s:%d:%d", path, line, col);
	else if (line)
		snprintf(err->where, sizeof(err->where), "%s:%d", path, line);
	else
		snprintf(err->where, sizeof(err->where), "%s", path);
	escape_in_place(err->where, sizeof(err->where));
	return -err->code;
}

int skep_err_hint(struct skep_err *err, const char *fmt, ...)
{
	va_list ap;

	if (!err)
		return -EINVAL;
	if (err->hint[0])
		return -err->code;
	va_start(ap, fmt);
	vsnprintf(err->hint, sizeof(err->hint), fmt, ap);
	va_end(ap);
	escape_in_place(err->hint, sizeof(err->hint));
	return -err->code;
}

int skep_err_note(struct skep_err *err, const char *fmt, ...)
{
	size_t used;
	va_list ap;

	if (!err)
		return -EINVAL;
	used = strlen(err->note);
	if (used && used + 1 < sizeof(err->note))
		err->note[used++] = '\n';
	va_start(ap, fmt);
	vsnprintf(err->note + used, sizeof(err->note) - used, fmt, ap);
	va_end(ap);
	escape_in_place(err->note + used, sizeof(err->note) - used);
	return -err->code;
}

int skep_err_status(int code)
{
	switch (abs(code)) {
	case 0:
		return 0;
#define STATUS(name, status, text) \
	case name:                 \
		return status;
		SKEP_CODES(STATUS)
#undef STATUS
	default:
		return 3;
	}
}
