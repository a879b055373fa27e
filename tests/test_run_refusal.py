# SPDX-License-Identifier: BSD-2-Clause
"""What skep run says of programs the verifier refuses: each is really loaded, and the kernel is the judge."""

import re

import pytest

pytestmark = pytest.mark.need("root", "btf")

YAML = "name: probe\nversion: 0.1.0\nlicense: GPL-2.0-only\nsources: [src/probe.bpf.c]\n"

# Every trace has lookups and reservations that are checked: states of theirs must not become the cause.
HEAD = """
#include <vmlinux.h>
#include <bpf/bpf_helpers.h>
#include <bpf/bpf_core_read.h>
char LICENSE[] SEC("license") = "%s";
struct { __uint(type, BPF_MAP_TYPE_HASH); __uint(max_entries, 1); __type(key, __u32); __type(value, __u32); } counts SEC(".maps");
struct { __uint(type, BPF_MAP_TYPE_RINGBUF); __uint(max_entries, 4096); } records SEC(".maps");
struct task_struct___x { int nosuch; } __attribute__((preserve_access_index));
%s
SEC("%s") int probe(__u64 *ctx)
{
	__u32 k = 0, *v = bpf_map_lookup_elem(&counts, &k), *w;
	__u64 *e = bpf_ringbuf_reserve(&records, 8, 0), n;
	char c[16];
	if (e)
		bpf_ringbuf_discard(e, 0);
	if (!v)
		return 0;
	n = bpf_get_prandom_u32();
	%s
	return 0;
}
"""


@pytest.fixture
def refused(skep, tmp_path):
    def run(body, section="raw_tp/sys_enter", license="GPL", before=""):
        source = HEAD % (license, before, section, body)
        (tmp_path / "src").mkdir(exist_ok=True)
        (tmp_path / "src/probe.bpf.c").write_text(source)
        (tmp_path / "skep.yaml").write_text(YAML)
        skep("build", "-C", tmp_path).ok()
        done = skep("run", tmp_path / "build/probe.skep", "--allow-unsigned", "--duration", "0.2")
        assert (done.rc, done.out) == (1, ""), done
        line = next((n for n, text in enumerate(source.splitlines(), 1) if "/* here */" in text), None)
        return line, done.err.splitlines()[1:]

    return run


LOOKUP = "check the result of the lookup for NULL before use"
RESERVED = "check the reserved record for NULL before use"
FIELD = "guard its use with bpf_core_field_exists(), bpf_core_type_exists() or bpf_core_enum_value_exists()"
RELEASE = "submit or discard the record, or release the reference, on every path"
SIZE = "the size exceeds the variable; pass its sizeof, and keep large data in a map"
HELPER = "guard the call with bpf_core_enum_value_exists(enum bpf_func_id, BPF_FUNC_...)"
OTHER_HELPER = "call it in a program of a type that may, or use a helper that this one may call"
LENGTH = "bound the length with a mask or a comparison first"
LARGE = "bound or split the loop, or use bpf_loop(), whose body is walked once"
BRANCHES = "bound or split the loop, have fewer conditions in it, or use bpf_loop()"
LOOP = "count with a variable that is compared with a constant, or use bpf_for() or bpf_loop()"
RESERVE = "e = bpf_ringbuf_reserve(&records, 8, 0);\n"
TASK = "struct task_struct___x *t = (void *)ctx[1];\n"

CASES = {
    "map value": ("w = bpf_map_lookup_elem(&counts, &k);\n*w = 1; /* here */", "R0 invalid mem access 'map_value_or_null'", LOOKUP),
    "record": (RESERVE + "*e = 1; /* here */\nbpf_ringbuf_submit(e, 0);", "R0 invalid mem access 'ringbuf_mem_or_null'", RESERVED),
    "argument": (RESERVE + "bpf_ringbuf_submit(e, 0); /* here */", "R1 type=ringbuf_mem_or_null expected=ringbuf_mem", RESERVED),
    "leak": (RESERVE + "if (!e)\nreturn 0;", "Unreleased reference id=", RELEASE),
    "stack write": ("bpf_get_current_comm(c, 64); /* here */", "invalid write to stack", SIZE),
    "stack read": ("bpf_ringbuf_output(&records, c, 64, 0); /* here */", "invalid read from stack R2", SIZE),
    "index": ("((volatile char *)c)[n & 31] = 1; /* here */", "invalid variable-offset write to stack", "bound the index with a mask or a comparison first"),
    "helper": ("((long (*)(void))9999)(); /* here */", "func unknown#9999", HELPER),
    "helper of others": ("bpf_redirect(1, 0); /* here */", "bpf_redirect#23", OTHER_HELPER),
    "loop": ('for (;;) /* here */\n__asm__ volatile("");', "infinite loop detected", LOOP),
    "long loop": ('for (int i = 0; i < 2000000; i++)\n__asm__ volatile("");', "BPF program is too large. Processed 1000001 insn", LARGE),
    "branches": ("volatile int x = 0; for (int i = 0; i < 10000000; i++)\nif (bpf_get_prandom_u32() > i)\nx += i;", "jumps is too complex", BRANCHES),
    "pointer": ('__asm__ volatile("%0 *= 2" : "+r"(v)); /* here */\nk = *v; return k;', "pointer arithmetic with *= operator prohibited", "to pointers, bounded numbers can be added or subtracted, nothing else"),
    "opcode": ('__asm__ volatile(".quad 0xff");', "unknown opcode ff", "compile for an older instruction set: mcpu: v3, or v2, v1 for kernels before 5.12"),
    "kernel memory": ("k = ((struct pt_regs *)ctx[0])->ax; return k; /* here */", "invalid mem access 'scalar'", "read through pointers to kernel memory with BPF_CORE_READ()"),
    "length": ("bpf_probe_read_kernel(c, n, ctx); /* here */", "R2 unbounded memory access", LENGTH),
    "value": ("return v[4]; /* here */", "invalid access to map value, value_size=4", "the index or length exceeds the value; compare it with the size first"),
    "register": ('__asm__ volatile("r0 = r9; r0 += r8" ::: "r0"); /* here */', "!read_ok", "initialise the variable on every path before it is read"),
}  # fmt: skip


@pytest.mark.parametrize("case", CASES)
def test_hint_is_of_the_error(refused, case):
    body, message, hint = CASES[case]
    line, err = refused(body)
    where = rf"src/probe\.bpf\.c:{line}: " if line else r"(?:src/probe\.bpf\.c:\d+: )?"
    assert re.fullmatch(rf"skep run: {where}the verifier refuses 'probe': .*{re.escape(message)}.*", err[0]), err
    assert err[-2:] == ["  while loading 'probe'", f"  hint: {hint}"]


@pytest.mark.parametrize(
    "section,body,license,before,message,hint",
    [
        ("tp_btf/sched_switch", TASK + "return t->nosuch; /* here */", "GPL", "",
         "failed to resolve CO-RE relocation <byte_off> [", FIELD),
        ("tp_btf/sched_switch", "return ctx[20]; /* here */", "GPL", "", "invalid bpf_context access",
         "access the fields that the type allows, in their full width"),
        ("tp_btf/sched_switch", "bpf_probe_read_kernel(c, 8, ctx); /* here */", "Proprietary", "", "GPL-restricted",
         'give the object a GPL-compatible license: char LICENSE[] SEC("license") = "Dual BSD/GPL"'),
        ("cgroup_skb/egress", "return 1234;", "GPL", "", "should have been in [0, 3]",
         "return one of the values that this hook takes"),
        ("cgroup_skb/egress", "k = f(n); return 1;", "GPL",
         "__noinline int g(int x) { volatile char b[400]; b[x & 63] = 1; return b[3]; }\n"
         "__noinline int f(int x) { volatile char b[300]; b[x & 63] = 1; return g(b[x & 7]) + b[2]; }",
         "combined stack size", "keep large data in a map: a per-CPU array with one element is the usual place"),
    ],
)  # fmt: skip
def test_hint_in_other_hooks(refused, section, body, license, before, message, hint):
    line, err = refused(body, section, license, before)
    where = rf"src/probe\.bpf\.c:{line}: " if line else r"(?:src/probe\.bpf\.c:\d+: )?"
    assert re.match(rf"skep run: {where}the verifier refuses 'probe': .*{re.escape(message)}", err[0]), err
    assert err[-2:] == ["  while loading 'probe'", f"  hint: {hint}"]


def test_line_in_another_function(refused):
    before = "__noinline int f(__u32 k) { __u32 *v = bpf_map_lookup_elem(&counts, &k);\n\treturn *v; /* here */\n}"
    line, err = refused("return f(n);", before=before)
    assert err[0].startswith(f"skep run: src/probe.bpf.c:{line}: the verifier refuses 'probe': ") and err[-1] == f"  hint: {LOOKUP}"
