/* SPDX-License-Identifier: BSD-2-Clause */
/* Explain: the catalogue. Particular entries stand before general ones. */
#include "lib/build/explain.h"

#include <stddef.h>
#include <string.h>

#include "lib/base/cleanup.h"

static const struct explain catalogue[] = {
	{ "typedef redefinition with different types", NULL,
	  "a kernel UAPI header and vmlinux.h both define these types",
	  "drop the #include <linux/…>; for its macros include <skep/…>" },
	{ "redefinition of enumerator", NULL,
	  "a kernel UAPI header and vmlinux.h both define these constants",
	  "drop the #include <linux/…>; for its macros include <skep/…>" },
	{ "'asm/types.h' file not found", NULL,
	  "a kernel UAPI header needs the headers of an architecture",
	  "include <vmlinux.h> instead, or install linux-libc-dev" },
	{ "'vmlinux.h' file not found", NULL, "vmlinux.h is not on the include path",
	  "include <vmlinux.h>; skep generates it" },
	{ "use of undeclared identifier 'ETH_P_", NULL,
	  "macros are not in BTF, so not in vmlinux.h", "include <skep/net.h>" },
	{ "Must specify a BPF target arch via __TARGET_ARCH_xxx", NULL,
	  "PT_REGS and BPF_KPROBE need to know the architecture",
	  "do not undefine __TARGET_ARCH_xxx" },
	{ "incomplete definition of type 'struct user_pt_regs'", NULL,
	  "vmlinux.h is of another architecture than the build",
	  "set 'vmlinux' to one of that architecture, or change 'arch'" },
	{ "no member named 'di' in 'struct pt_regs'", NULL,
	  "vmlinux.h is of another architecture than the build",
	  "set 'vmlinux' to one of that architecture, or change 'arch'" },
	{ "unsupported signed division", NULL,
	  "BPF before v4 divides unsigned numbers only",
	  "make the operands unsigned, or set mcpu: v4 (Linux 6.6)" },
	{ "BPF stack limit", NULL, "a BPF program has 512 bytes of stack",
	  "keep large data in a per-CPU array map" },
	{ "stack arguments are not supported", NULL,
	  "a BPF function takes at most five arguments",
	  "pass a pointer to a struct, or make the function __always_inline" },
	{ "unknown target CPU 'v4'", NULL, "this clang does not know -mcpu=v4",
	  "use clang 18 or newer, or set mcpu: v3" },
	{ "__stack_chk_fail", NULL, "the stack protector is on",
	  "remove it from 'cflags'" },
	{ "A call to built-in function 'mem", NULL, "BPF has no C library",
	  "use __builtin_memcpy and the like with a constant, small size" },
	{ "A call to built-in function", NULL, "BPF has no C library",
	  "write it as a loop with a constant bound, or use a BPF helper" },
	{ "expansion of date or time macro", NULL,
	  "the same sources would not give the same bytes",
	  "drop __DATE__, __TIME__ and __TIMESTAMP__" },
	{ "call to undeclared function 'bpf_", NULL,
	  "this helper or kfunc is not declared",
	  "include <bpf/bpf_helpers.h>; declare a kfunc as extern … __ksym" },
	{ "implicit declaration of function 'bpf_", NULL,
	  "this helper or kfunc is not declared",
	  "include <bpf/bpf_helpers.h>; declare a kfunc as extern … __ksym" },
	{ "unsupported map linkage static", NULL,
	  "libbpf takes only maps that are not static", "remove 'static' from the map" },
	{ "failed to guess program type from ELF section", NULL,
	  "SEC() names no kind of program", "see the spelling of the section" },
	{ "object without BTF", NULL, "the sources define neither a program nor a map",
	  "give a function SEC(\"xdp\") or another section that libbpf knows" },
	{ "failed to find BTF for extern", NULL,
	  "BPF has no C library, and no source defines this",
	  "use a BPF helper or a __builtin; declare a kfunc with __ksym" },
};

const struct explain *explain_find(const char *output)
{
	for (size_t i = 0; i < ARRAY_SIZE(catalogue); i++) {
		const struct explain *e = &catalogue[i];

		if (strstr(output, e->text) && (!e->also || strstr(output, e->also)))
			return e;
	}
	return NULL;
}
