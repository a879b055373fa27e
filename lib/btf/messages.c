/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * libbpf's messages. Its callback has no context argument, so that a thread-local pointer, set only between
 * begin and end, is the one piece of hidden state in the library.
 */
#include "lib/btf/messages.h"

#include <stdio.h>
#include <string.h>

#include <bpf/libbpf.h>

static _Thread_local struct messages *current;

/* "libbpf: map 'x': unknown field 'y'.\n" -> "map 'x': unknown field 'y'" */
static char *bare(char *line)
{
	size_t len;

	if (!strncmp(line, "libbpf: ", 8))
		line += 8;
	len = strlen(line);
	while (len && strchr(".\n ", line[len - 1]))
		line[--len] = '\0';
	return line;
}

/* What libbpf does without, or tries again another way, is not what fails. */
static bool is_passing(const char *text)
{
	return strstr(text, ". Retrying ") ||
	       !strncmp(text, "Failed to bump RLIMIT", 21) ||
	       !strncmp(text, "BTF loading error", 17) ||
	       strstr(text, "BEGIN BTF LOAD LOG");
}

static int collect(enum libbpf_print_level level, const char *fmt, va_list ap)
{
	struct messages *m = current;
	char line[1024], *text;

	if (!m || (level != LIBBPF_WARN && !m->log))
		return 0;
	vsnprintf(line, sizeof(line), fmt, ap);
	text = bare(line);
	if (level == LIBBPF_WARN && !m->first[0] && !is_passing(text))
		snprintf(m->first, sizeof(m->first), "%s", text);
	skep_log(m->log, SKEP_LOG_DEBUG, "%s", text);
	return 0;
}

void messages_begin(struct messages *m, const struct skep_log *log)
{
	*m = (struct messages){ .log = log, .outer = current };
	libbpf_set_print(collect);
	current = m;
}

void messages_end(struct messages *m)
{
	current = m->outer;
}

int messages_fail(const struct messages *m, struct skep_err *err, int code,
		  const char *fallback)
{
	return skep_fail(err, code, "%s", m->first[0] ? m->first : fallback);
}

/* "prog '': relo #3: value too big", "prog '': relo 3 at insn #7 can't be satisfied" */
const char *messages_relo(const struct messages *m)
{
	static const char prog[] = "prog '': ", relo[] = "relo #";
	const char *text = m->first, *end;

	if (!strncmp(text, prog, strlen(prog)))
		text += strlen(prog);
	end = !strncmp(text, relo, strlen(relo)) ? strstr(text, ": ") : NULL;
	return end ? end + 2 : text;
}
