/* SPDX-License-Identifier: BSD-2-Clause */
/* Explain: the catalogue. Particular entries stand before general ones. */
#include "lib/build/explain.h"

#include <stdbool.h>
#include <stddef.h>
#include <string.h>

#include "lib/base/cleanup.h"

static const struct explain catalogue[] = {
	{ ": error: unknown type name '__u", "libbpf's headers need the kernel's types",
	  "include <vmlinux.h> before them" },
	{ "typedef redefinition with different types",
	  "a kernel UAPI header and vmlinux.h both define these types",
	  "drop the #include <linux/…>; for its macros include <skep/consts.h>" },
	{ "redefinition of enumerator",
	  "a kernel UAPI header and vmlinux.h both define these constants",
	  "drop the #include <linux/…>; for its macros include <skep/consts.h>" },
	{ "'asm/types.h' file not found",
	  "a kernel UAPI header needs the headers of an architecture",
	  "include <vmlinux.h> instead, or install linux-libc-dev" },
	{ "Must specify a BPF target arch via __TARGET_ARCH_xxx",
	  "PT_REGS and BPF_KPROBE need to know the architecture",
	  "do not undefine __TARGET_ARCH_xxx" },
	{ "incomplete definition of type 'struct user_pt_regs'",
	  "vmlinux.h is of another architecture than the build",
	  "set 'vmlinux' to one of that architecture, or change 'arch'" },
	{ "in 'struct pt_regs'", "vmlinux.h is of another architecture than the build",
	  "set 'vmlinux' to one of that architecture, or change 'arch'" },
	{ "unsupported signed division", "BPF before v4 divides unsigned numbers only",
	  "make the operands unsigned, or set mcpu: v4 (Linux 6.6)" },
	{ "Unsupport signed division", "BPF before v4 divides unsigned numbers only",
	  "make the operands unsigned, or set mcpu: v4 (Linux 6.6)" },
	{ "BPF stack limit", "a BPF program has 512 bytes of stack",
	  "keep large data in a per-CPU array map" },
	{ "stack arguments are not supported",
	  "a BPF function takes at most five arguments",
	  "pass a pointer to a struct, or make the function __always_inline" },
	{ "defined with too many args", "a BPF function takes at most five arguments",
	  "pass a pointer to a struct, or make the function __always_inline" },
	{ "too many args to ", "a BPF function takes at most five arguments",
	  "pass a pointer to a struct, or make the function __always_inline" },
	{ "unknown target CPU 'v4'", "this clang does not know -mcpu=v4",
	  "use clang 18 or newer, or set mcpu: v3" },
	{ "A call to built-in function 'mem", "BPF has no C library",
	  "use __builtin_memcpy and the like with a constant, small size" },
	{ "A call to built-in function", "BPF has no C library",
	  "write it as a loop with a constant bound, or use a BPF helper" },
	{ "expansion of date or time macro",
	  "the same sources would not give the same bytes",
	  "drop __DATE__, __TIME__ and __TIMESTAMP__" },
	{ "call to undeclared function 'bpf_", "this helper or kfunc is not declared",
	  "include <bpf/bpf_helpers.h>; declare a kfunc as extern … __ksym" },
	{ "implicit declaration of function 'bpf_", "this helper or kfunc is not declared",
	  "include <bpf/bpf_helpers.h>; declare a kfunc as extern … __ksym" },
	{ "unsupported map linkage static", "libbpf takes only maps that are not static",
	  "remove 'static' from the map" },
	{ "unsupported map linkage extern", "no source defines this map",
	  "list the source that does in skep.yaml, or define it without extern" },
	{ "unrecognized extern section '.maps'", "no source defines this map",
	  "list the source that does in skep.yaml, or define it without extern" },
	{ "map relo failed to find map for section '.maps'",
	  "libbpf's linker wants the definition of a map before its extern",
	  "define the maps that sources share in one of them, the first in skep.yaml" },
	{ "failed to find BTF info for global/extern symbol",
	  "BPF has no C library, and no source defines this",
	  "use a BPF helper or a __builtin; declare a kfunc with __ksym" },
	{ "failed to find BTF for extern",
	  "BPF has no C library, and no source defines this",
	  "use a BPF helper or a __builtin; declare a kfunc with __ksym" },
	{ "object without BTF", "the sources define neither a program nor a map",
	  "give a function SEC(\"xdp\") or another section that libbpf knows" },
};

/* What clang says of a name it does not know, the name to follow. */
static const char *const undeclared[] = {
	"call to undeclared function '",
	"implicit declaration of function '",
	"use of undeclared identifier '",
};

/* At file scope clang takes a macro for a function without a type: the name is in the line it shows. */
static const char misread[] = ": error: expected identifier\n";

/* By the first letters of a name. */
static const struct explain headers[] = {
	{ "BPF_CORE_READ", "this macro is not declared", "include <bpf/bpf_core_read.h>" },
	{ "BPF_CORE_WRITE", "this macro is not declared",
	  "include <bpf/bpf_core_read.h>" },
	{ "BPF_PROBE_READ", "this macro is not declared",
	  "include <bpf/bpf_core_read.h>" },
	{ "bpf_core_", "this macro is not declared", "include <bpf/bpf_core_read.h>" },
	{ "BPF_PROG", "this macro is not declared", "include <bpf/bpf_tracing.h>" },
	{ "BPF_KPROBE", "this macro is not declared", "include <bpf/bpf_tracing.h>" },
	{ "BPF_KRETPROBE", "this macro is not declared", "include <bpf/bpf_tracing.h>" },
	{ "BPF_UPROBE", "this macro is not declared", "include <bpf/bpf_tracing.h>" },
	{ "BPF_URETPROBE", "this macro is not declared", "include <bpf/bpf_tracing.h>" },
	{ "BPF_KSYSCALL", "this macro is not declared", "include <bpf/bpf_tracing.h>" },
	{ "PT_REGS_", "this macro is not declared", "include <bpf/bpf_tracing.h>" },
	{ "bpf_hton", "this macro is not declared", "include <bpf/bpf_endian.h>" },
	{ "bpf_ntoh", "this macro is not declared", "include <bpf/bpf_endian.h>" },
	{ "bpf_cpu_to_", "this macro is not declared", "include <bpf/bpf_endian.h>" },
	{ "bpf_be", "this macro is not declared", "include <bpf/bpf_endian.h>" },
	{ "SKEP_EVENTS", "this macro is not declared", "include <skep/events.h>" },
	{ "skep_event_", "this is not declared", "include <skep/events.h>" },
	{ "SKEP_HIST", "this macro is not declared", "include <skep/hist.h>" },
	{ "skep_hist_", "this is not declared", "include <skep/hist.h>" },
};

static const struct explain *header_of(const char *name)
{
	for (size_t i = 0; i < ARRAY_SIZE(headers); i++)
		if (!strncmp(name, headers[i].text, strlen(headers[i].text)))
			return &headers[i];
	return NULL;
}

static const struct explain *header_in_call(const char *output)
{
	const struct explain *found = NULL;

	for (size_t i = 0; i < ARRAY_SIZE(undeclared) && !found; i++)
		for (const char *at = output; !found && (at = strstr(at, undeclared[i]));)
			found = header_of(at += strlen(undeclared[i]));
	return found;
}

static bool in_name(char c)
{
	return c == '_' || (c >= '0' && c <= '9') || (c >= 'A' && c <= 'Z') ||
	       (c >= 'a' && c <= 'z');
}

/* Every name in one line. */
static const struct explain *header_in_line(const char *line)
{
	const struct explain *found = NULL;

	for (const char *s = line; *s && *s != '\n' && !found; s++)
		if (in_name(*s) && (s == line || !in_name(s[-1])))
			found = header_of(s);
	return found;
}

static const struct explain *header_at_file_scope(const char *output)
{
	const struct explain *found = NULL;

	for (const char *at = output; !found && (at = strstr(at, misread));)
		found = header_in_line(at += sizeof(misread) - 1);
	return found;
}

static const struct explain macro = {
	"use of undeclared identifier '",
	"constants that are macros are not in BTF, so not in vmlinux.h",
	"include <skep/consts.h>, or define it",
};

/* An undeclared name in capitals is a macro. */
static bool names_macro(const char *output)
{
	const char *at = strstr(output, macro.text),
		   *name = at ? at + strlen(macro.text) : "";
	size_t n = strspn(name, "ABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789_");

	return n > 1 && name[n] == '\'';
}

const struct explain *explain_find(const char *output)
{
	const struct explain *header =
		header_in_call(output) ?: header_at_file_scope(output);

	if (header)
		return header;
	for (size_t i = 0; i < ARRAY_SIZE(catalogue); i++)
		if (strstr(output, catalogue[i].text))
			return &catalogue[i];
	return names_macro(output) ? &macro : NULL;
}
