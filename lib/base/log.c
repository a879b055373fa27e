/* SPDX-License-Identifier: BSD-2-Clause */
/* Log: format a line and hand it over. */
#include <skep/log.h>

#include <stdarg.h>
#include <stdio.h>

#include "lib/base/escape.h"

void skep_log(const struct skep_log *log, enum skep_log_level level, const char *fmt, ...)
{
	char line[4096];
	va_list ap;

	if (!log || !log->line)
		return;
	va_start(ap, fmt);
	vsnprintf(line, sizeof(line), fmt, ap);
	va_end(ap);
	escape_in_place(line, sizeof(line));
	log->line(log->ctx, level, line);
}
