/* SPDX-License-Identifier: BSD-2-Clause */
/* Reading libbpf's and the verifier's messages; the causes are those users meet most. */
#include "lib/run/explain.h"

#include <errno.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "lib/base/cleanup.h"
#include "lib/object/object.h"
#include "lib/run/hook.h"
#include "lib/run/host.h"
#include "lib/run/refusal.h"

#define TOO_LARGE "bound or split the loop: the verifier gave up following it"
#define NO_HELPER "this kernel, or this type of program, has no such helper"
#define NO_FIELD                                                               \
	"the field or type does not exist in this kernel; guard its use with " \
	"bpf_core_field_exists() or bpf_core_type_exists()"
#define RELEASE "submit or discard the record, or release the reference, on every path"

/* What to look for, and what to do about it: the first that is found counts, so the specific come first. */
static const struct {
	const char *text;
	const char *hint;
} causes[] = {
	{ "map_value_or_null", "check the result of the lookup for NULL before use" },
	{ "ringbuf_mem_or_null", "check the reserved record for NULL before use" },
	{ "_or_null", "check the pointer for NULL before use" },
	{ "ossibly NULL pointer", "check the pointer for NULL before use" },
	{ "possible NULL", "check the pointer for NULL before use" },
	{ "invalid mem access 'scalar'",
	  "read through pointers to kernel memory with BPF_CORE_READ()" },
	{ "<invalid CO-RE relocation>", NO_FIELD },
	{ "failed to resolve CO-RE relocation", NO_FIELD },
	{ "Unreleased reference", RELEASE },
	{ "reference leak", RELEASE },
	{ "invalid access to packet", "compare the pointer with data_end before reading" },
	{ "outside of the packet", "compare the pointer with data_end before reading" },
	{ "invalid access to map value",
	  "the index or length exceeds the value; compare it with the size first" },
	{ "invalid variable-offset", "bound the index with a mask or a comparison first" },
	{ "invalid write to stack", "the size exceeds the variable; pass its sizeof" },
	{ "invalid indirect access to stack",
	  "the size exceeds the variable; pass its sizeof" },
	{ "invalid read from stack R", "the size exceeds the variable; pass its sizeof" },
	{ "invalid indirect read from stack",
	  "initialise the whole structure, padding included" },
	{ "invalid read from stack", "initialise the variable before it is read" },
	{ "!read_ok", "initialise the variable on every path before it is read" },
	{ "combined stack size",
	  "all functions together have 512 bytes of stack; keep large data in a map" },
	{ "invalid stack type",
	  "all functions together have 512 bytes of stack; keep large data in a map" },
	{ "unbounded memory access",
	  "bound the length with a mask or a comparison first" },
	{ "min value is negative", "bound the length with a mask or a comparison first" },
	{ "math between", "bound the number with a mask or a comparison first" },
	{ "pointer arithmetic",
	  "to pointers, bounded numbers can be added or subtracted, nothing else" },
	{ "invalid bpf_context access",
	  "this hook has no such argument, or programs of this type may not access it" },
	{ "should have been in", "return one of the values that this hook takes" },
	{ "cannot call GPL-restricted function",
	  "give the object a GPL-compatible license: char LICENSE[] SEC(\"license\") = \"Dual BSD/GPL\"" },
	{ "unknown func", NO_HELPER },
	{ "invalid func unknown", NO_HELPER },
	{ "program of this type cannot use helper", NO_HELPER },
	{ "program is too large", TOO_LARGE },
	{ "jumps is too complex", TOO_LARGE },
	{ "infinite loop detected",
	  "the verifier does not see it end; use bpf_for() or bpf_loop(), or unroll it" },
	{ "back-edge", "this kernel does not take loops; unroll it" },
	{ "unknown opcode",
	  "the object needs a newer kernel, or was compiled without -O2" },
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

/* "prog 'filter': BPF program load failed" -> filter. */
static char *program_of(const char *message)
{
	const char *name = strstr(message, "prog '");

	return name ? strndup(name + 6, strcspn(name + 6, "'")) : NULL;
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

static int explain_verifier(const char *message, const char *log, const struct object *o,
			    struct skep_err *err)
{
	_cleanup_free_ char *prog = program_of(message);
	struct refusal r;

	refusal_read(&r, log);
	skep_fail(err, SKEP_EREJECTED, "the verifier refuses '%s': %s",
		  prog ? prog : "program", r.line ? r.line : message);
	if (r.source)
		skep_err_note(err, "while checking '%s'", r.source);
	refusal_locate(&r, o, prog, err);
	add_cause(r.errors ? r.errors : "", err);
	skep_err_hint(err, "-v shows the verifier's whole log");
	refusal_release(&r);
	return -SKEP_EREJECTED;
}

/* libbpf looks the hook up before the kernel does. */
static void add_hook(const char *message, const struct object *o, struct skep_err *err)
{
	_cleanup_free_ char *prog = program_of(message);

	if (!strstr(message, "failed to find kernel BTF type ID"))
		return;
	for (size_t i = 0; prog && i < o->program_cnt; i++)
		if (!strcmp(o->programs[i].name, prog))
			hook_hint(&o->programs[i], err);
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

int explain_load(int code, const char *message, const char *verifier,
		 const struct object *o, struct skep_err *err)
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
		return explain_verifier(message, verifier, o, err);
	skep_fail(err, SKEP_EREJECTED, "the kernel does not take it: %s",
		  *message ? message : strerror(-code));
	add_hook(message, o, err);
	add_cause(message, err);
	return -SKEP_EREJECTED;
}
