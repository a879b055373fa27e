/* SPDX-License-Identifier: BSD-2-Clause */
/* Reading libbpf's and the verifier's messages; the causes are those users meet most. */
#include "lib/run/explain.h"

#include <errno.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "lib/base/cleanup.h"
#include "lib/base/escape.h"
#include "lib/run/host.h"

/* What to look for, and what to do about it. */
static const struct {
	const char *text;
	const char *hint;
} causes[] = {
	{ "invalid mem access 'map_value_or_null'",
	  "check the result of the lookup for NULL before use" },
	{ "invalid mem access 'ringbuf_mem_or_null'",
	  "check the reserved record for NULL before use" },
	{ "_or_null", "check the pointer for NULL before use" },
	{ "invalid mem access 'scalar'",
	  "read through pointers to kernel memory with BPF_CORE_READ()" },
	{ "invalid access to packet", "compare the pointer with data_end before reading" },
	{ "<invalid CO-RE relocation>",
	  "this kernel lacks the type or field; guard it with bpf_core_field_exists()" },
	{ "cannot call GPL-restricted function",
	  "give the object a GPL-compatible license: char LICENSE[] SEC(\"license\") = \"Dual BSD/GPL\"" },
	{ "unknown func", "this kernel, or this type of program, has no such helper" },
	{ "invalid read from stack", "the buffer is smaller than what is read of it" },
	{ "invalid indirect read from stack",
	  "initialise the whole structure, padding included" },
	{ "Unreleased reference",
	  "submit or discard the record, or release the reference, on every path" },
	{ "unbounded memory access",
	  "bound the length with a mask or a comparison first" },
	{ "BPF program is too large",
	  "bound or split the loop: the verifier gave up after a million steps" },
	{ "processed 1000001 insns",
	  "bound or split the loop: the verifier gave up after a million steps" },
	{ "infinite loop detected",
	  "the verifier does not see it end; use bpf_for() or bpf_loop(), or unroll it" },
	{ "back-edge", "this kernel does not take loops; unroll it" },
	{ "unknown opcode",
	  "the object needs a newer kernel, or was compiled without -O2" },
	{ "failed to find kernel BTF type ID",
	  "this kernel has no such function or hook; it may be inlined" },
	{ "failed to find valid kernel BTF", "the kernel needs CONFIG_DEBUG_INFO_BTF=y" },
	{ "failed to determine tracepoint", "this kernel has no such tracepoint" },
	{ "failed to create: -E2BIG",
	  "the map is larger than the kernel takes: fewer entries" },
	{ "failed to create: -ENOMEM",
	  "there is no memory for a map this large: fewer entries" },
	{ "failed to pin map", "mount bpffs: mount -t bpf bpf /sys/fs/bpf" },
	{ "failed to auto-pin map", "mount bpffs: mount -t bpf bpf /sys/fs/bpf" },
	{ "Operation not supported", "this kernel is too old or built without this type" },
};

/* Lines that say nothing about the cause: statistics, states, and the trace, which begins "12: ". */
static bool is_noise(const char *line, size_t len)
{
	static const char *const noise[] = { "processed ",  "verification time",
					     "stack depth", "peak_states",
					     "max_states",  "mark_",
					     "arg#",        "func#",
					     "Validating ", "cur state:",
					     "old state:",  "from ",
					     "parent ",     "last_idx",
					     "regs=",       "Func#" };
	size_t digits = strspn(line, "0123456789");

	for (size_t i = 0; i < ARRAY_SIZE(noise); i++)
		if (len >= strlen(noise[i]) && !strncmp(line, noise[i], strlen(noise[i])))
			return true;
	return !len || (digits && line[digits] == ':');
}

/* The log quotes source lines that came with the object. */
static char *printable(const char *text, size_t len)
{
	struct buf b = { 0 };

	escape_text(&b, text, len);
	return buf_take(&b, NULL);
}

/* What of a verifier log says why: newer kernels have a line for it, else the last that is no noise. */
static char *useful_line(const char *log, char **source)
{
	const char *found = NULL, *src = NULL;
	size_t found_len = 0, src_len = 0;

	for (const char *line = log; *line;) {
		size_t len = strcspn(line, "\n");

		if (!strncmp(line, "Verification failed: ", 21)) {
			found = line + 21;
			found_len = len - 21;
			break;
		}
		if (!strncmp(line, "; ", 2)) {
			src = line + 2;
			src_len = len - 2;
		} else if (!is_noise(line, len)) {
			found = line;
			found_len = len;
		}
		line += len + (line[len] == '\n');
	}
	*source = src ? printable(src, src_len) : NULL;
	return found ? printable(found, found_len) : NULL;
}

/* "prog 'filter': BPF program load failed" -> filter. */
static char *program_of(const char *message)
{
	const char *name = strstr(message, "prog '");

	return name ? strndup(name + 6, strcspn(name + 6, "'")) : NULL;
}

/* `u32 x = *p; @ probe.bpf.c:12` of kernels from 6.10 on. */
static void add_source(char *source, struct skep_err *err)
{
	char *at = strstr(source, " @ "), *colon = at ? strrchr(at, ':') : NULL;

	if (colon) {
		*at = *colon = '\0';
		skep_err_at(err, at + 3, atoi(colon + 1), 0);
	}
	skep_err_note(err, "while checking '%s'", source);
}

static void add_cause(const char *text, struct skep_err *err)
{
	for (size_t i = 0; i < ARRAY_SIZE(causes); i++) {
		if (!strstr(text, causes[i].text))
			continue;
		skep_err_hint(err, "%s", causes[i].hint);
		return;
	}
}

static int explain_verifier(const char *message, const char *log, struct skep_err *err)
{
	_cleanup_free_ char *source = NULL, *line = useful_line(log, &source),
			    *prog = program_of(message);

	skep_fail(err, SKEP_EREJECTED, "the verifier refuses '%s': %s",
		  prog ? prog : "program", line ? line : message);
	if (source)
		add_source(source, err);
	add_cause(line ? line : "", err);
	add_cause(log, err);
	skep_err_hint(err, "-v shows the verifier's whole log");
	return -SKEP_EREJECTED;
}

static int explain_permission(const char *message, struct skep_err *err)
{
	const char *lockdown = host_lockdown();
	_cleanup_free_ char *prog = program_of(message);

	if (!host_has_cap(CAP_BPF) && !host_has_cap(CAP_SYS_ADMIN)) {
		skep_fail(err, SKEP_EPRIV, "not privileged to load BPF programs");
		return skep_err_hint(
			err,
			"run as root, or with CAP_BPF, CAP_PERFMON and CAP_NET_ADMIN");
	}
	skep_fail(err, SKEP_EREJECTED, "the kernel does not permit it: %s", message);
	if (lockdown && strcmp(lockdown, "none"))
		return skep_err_hint(
			err,
			"the kernel is locked down (%s), which forbids some programs",
			lockdown);
	if (strstr(message, "map '") && !host_has_cap(CAP_SYS_RESOURCE))
		return skep_err_hint(
			err, "raise the limit of locked memory: ulimit -l unlimited");
	if (prog)
		return skep_err_hint(
			err,
			"a locked-down kernel refuses some types of programs; skep doctor tells");
	return -SKEP_EREJECTED;
}

int explain_load(int code, const char *message, const char *verifier, struct skep_err *err)
{
	if (code == -ENOMEM) {
		skep_fail(err, ENOMEM, "out of memory%s%s", *message ? ": " : "", message);
		add_cause(message, err);
		return -ENOMEM;
	}
	if ((code == -EPERM && !*verifier) ||
	    (code == -EACCES && !host_has_cap(CAP_BPF) && !host_has_cap(CAP_SYS_ADMIN)))
		return explain_permission(message, err);
	if (*verifier)
		return explain_verifier(message, verifier, err);
	skep_fail(err, SKEP_EREJECTED, "the kernel does not take it: %s",
		  *message ? message : strerror(-code));
	add_cause(message, err);
	return -SKEP_EREJECTED;
}
