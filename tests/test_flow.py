# SPDX-License-Identifier: BSD-2-Clause
"""What of a program is reached: small programs whose markers tell, one per rule; the judge is the running kernel,
which refuses a program if and only if its verifier gets to the one marker that is left in it."""

import platform
import random
import re
import subprocess

import pytest
from bpfelf import ADD, CALL, EXIT, JA, LDIMM64, LDX, MOV, STX, Object, insn
from conftest import BUILD, run_tool

HEAD = """
#include <linux/bpf.h>
#include <bpf/bpf_helpers.h>
#include <bpf/bpf_core_read.h>
#define AT(n) ((long (*)(void))(1000000 + n))()
#define STATIC static __attribute__((noinline))
#define HIDE(x) asm volatile("" : "+r"(x))
#define IN_MEMORY(x) asm volatile("" : : "r"(&(x)) : "memory")
struct task_struct { int pid; } __attribute__((preserve_access_index));
struct task_struct___no { int nope; } __attribute__((preserve_access_index));
#define HAS bpf_core_field_exists(((struct task_struct *)0)->pid)
#define LACKS bpf_core_field_exists(((struct task_struct___no *)0)->nope)
#define PROGRAM SEC("socket") int p(struct __sk_buff *ctx)
char LICENSE[] SEC("license") = "GPL";
extern int LINUX_KERNEL_VERSION __kconfig;
"""

VERSION = "LINUX_KERNEL_VERSION=00120600"  # 6.18, in memory

# name: (source, markers that are reached, options of the probe); what options say of externs is true of the kernel
CASES = {
    "exists": ("PROGRAM { if (HAS) AT(1); else AT(2); if (LACKS) AT(3); else AT(4); return 0; }", {1, 4}),
    "negated": ("PROGRAM { if (!HAS) AT(1); if (!LACKS) AT(2); return 0; }", {2}),
    "and": ("PROGRAM { if (HAS && LACKS) AT(1); if (HAS && HAS) AT(2); if (ctx->len > 5 && LACKS) AT(3); return 0; }", {2}),
    "or": ("PROGRAM { if (LACKS || HAS) AT(1); else AT(2); if (ctx->len > 5 || LACKS) AT(3); else AT(4); return 0; }", {1, 3, 4}),
    "poison": ("""PROGRAM { struct task_struct___no *t = (void *)ctx; int v;
        if (LACKS) { bpf_probe_read_kernel(&v, 4, &t->nope); AT(1); } AT(2); return 0; }""", {2}),
    "rodata": ("""
        const volatile __u8 u8 = 0x81; const volatile __s8 s8 = -1; const volatile __u16 u16 = 0x8001;
        const volatile __s16 s16 = -2; const volatile __u32 u32 = 0x80000001; const volatile int s32 = -3;
        const volatile __u64 u64 = 0x8000000000000001; const volatile _Bool yes = 1, no = 0; const volatile long zero;
        PROGRAM { if (u8 == 0x81) AT(1); else AT(2); if (s8 < 0) AT(3); else AT(4); if (u16 > 0x8000) AT(5); else AT(6);
            if (s16 == -2) AT(7); else AT(8); if (u32 < 5) AT(9); else AT(10); if (s32 > -4 && s32 < -2) AT(11); else AT(12);
            if (u64 >> 63) AT(13); else AT(14); if (yes) AT(15); else AT(16); if (no) AT(17); else AT(18);
            if (zero) AT(19); return 0; }""", {1, 3, 5, 7, 10, 11, 13, 15, 18}),
    "rodata_struct": ("""const volatile struct { int a[4]; struct { char x, y; } b; } c = { { 1, 2, 3, 4 }, { 0, 5 } };
        PROGRAM { if (c.a[2] == 3) AT(1); else AT(2); if (c.b.x) AT(3); if (c.b.y == 5) AT(4); return 0; }""", {1, 4}),
    "data_is_no_constant": ("int d = 1; PROGRAM { if (d) AT(1); else AT(2); return 0; }", {1, 2}),
    "version": ("""PROGRAM { if (LINUX_KERNEL_VERSION >= 0x60c00) AT(1); else AT(2);
        if (LINUX_KERNEL_VERSION >= 0x630000) AT(3); else AT(4); return 0; }""", {1, 4}, VERSION),
    "config": ("""extern _Bool CONFIG_YES __kconfig __weak, CONFIG_NO __kconfig __weak; extern int CONFIG_N __kconfig;
        PROGRAM { if (CONFIG_YES) AT(1); else AT(2); if (CONFIG_NO) AT(3); else AT(4); if (CONFIG_N == 250) AT(5); else AT(6);
            return 0; }""", {1, 4, 5}, "CONFIG_YES=y", "CONFIG_NO=n", "CONFIG_N=250"),
    "ksym": ("""extern void nothing_of_the_kind(void) __ksym __weak; extern const void nowhere_at_all __ksym __weak;
        extern void bpf_rcu_read_lock(void) __ksym __weak;
        PROGRAM { if (bpf_ksym_exists(nothing_of_the_kind)) { nothing_of_the_kind(); AT(1); } else AT(2);
            if (bpf_ksym_exists(&nowhere_at_all)) AT(3); else AT(4);
            if (bpf_ksym_exists(bpf_rcu_read_lock)) AT(5); else AT(6); return 0; }""",
             {2, 4, 5}, "nothing_of_the_kind=00", "nowhere_at_all=00", "bpf_rcu_read_lock=address"),
    "argument": ("""STATIC int f(int have) { HIDE(have); if (have) AT(1); else AT(2); return 0; }
        PROGRAM { return f(LACKS); }""", {2}),
    "arguments": ("""STATIC int f(int have) { HIDE(have); if (have == 1) AT(1); else if (have == 2) AT(2); else AT(3); return 0; }
        PROGRAM { return f(LACKS + 1) + f(HAS + 1); }""", {1, 2}),
    "returned": ("STATIC int f(void) { int v = LACKS; HIDE(v); return v; } PROGRAM { if (f()) AT(1); else AT(2); return 0; }", {2}),
    "returned_either": ("""STATIC int f(int a) { int v = a > 5 ? 3 : 4; HIDE(v); return v; }
        PROGRAM { int v = f(ctx->len); if (v == 3) AT(1); else if (v == 4) AT(2); else AT(3); return 0; }""", {1, 2}),
    "callee_keeps_registers": ("""STATIC int f(int a) { HIDE(a); return a; }
        PROGRAM { long v = LACKS; HIDE(v); f(ctx->len); if (v) AT(1); else AT(2); return 0; }""", {2}),
    "on_the_stack": ("""PROGRAM { long a = HAS; int b = LACKS; IN_MEMORY(a); IN_MEMORY(b);
        if (a) AT(1); else AT(2); if (b) AT(3); else AT(4); return 0; }""", {1, 4}),
    "struct_by_pointer": ("""struct s { long a, b; }; STATIC int f(struct s *s) { if (s->a) AT(1); else AT(2); s->b = 7; return 0; }
        PROGRAM { struct s s = { LACKS, 5 }; f(&s); IN_MEMORY(s); if (s.b == 7) AT(3); else AT(4); return 0; }""", {2, 3}),
    "callback": ("""STATIC int cb(__u64 i, void *c) { if (i == 5) AT(1); if (LACKS) AT(2); return 0; }
        PROGRAM { bpf_loop(10, cb, 0, 0); return 0; }""", {1}),
    "callback_guarded": ("""STATIC int cb(__u64 i, void *c) { AT(1); return 0; }
        PROGRAM { if (LACKS) bpf_loop(10, cb, 0, 0); AT(2); return 0; }""", {2}),
    "callback_writes": ("""STATIC int cb(__u64 i, long *c) { *c = i; return 0; }
        PROGRAM { long v = 0; bpf_loop(10, cb, &v, 0); if (v) AT(1); else AT(2); return 0; }""", {1, 2}),
    "captured": ("""struct c { long has, n; };
        STATIC int cb(__u64 i, struct c *c) { if (c->has) AT(1); else AT(2); c->n++; return 0; }
        PROGRAM { struct c c = { LACKS, 0 }; bpf_loop(10, cb, &c, 0); IN_MEMORY(c); if (c.has) AT(3); else AT(4);
            if (c.n) AT(5); else AT(6); return 0; }""", {2, 4, 5, 6}),
    "callback_without": ("""STATIC int cb(__u64 i, void *c) { if (c) AT(1); else AT(2); return 0; }
        PROGRAM { bpf_loop(10, cb, 0, 0); return 0; }""", {2}),
    "for_each": ("""struct { __uint(type, BPF_MAP_TYPE_HASH); __type(key, long); __type(value, long); __uint(max_entries, 1); }
        m SEC(".maps"); STATIC long cb(void *m, long *k, long *v, long *c) { if (*c == 5) AT(1); else AT(2); *c = 6; return 0; }
        PROGRAM { long c = 5; bpf_for_each_map_elem(&m, cb, &c, 0); IN_MEMORY(c); if (c == 5) AT(3); else if (c == 6) AT(4);
            else AT(5); return 0; }""", {1, 2, 3, 4}),
    "throw": ("""extern void bpf_throw(__u64) __ksym;
        __noinline int caught(__u64 c) { HIDE(c); if (c == 5) AT(1); else AT(2); return 0; }
        SEC("tc") __attribute__((btf_decl_tag("exception_callback:caught"))) int p(struct __sk_buff *ctx)
        { if (ctx->len > 7) { bpf_throw(5); AT(3); } AT(4); return 0; }""", {1, 2, 4}, "bpf_throw=address"),
    "global": ("""__noinline int g(int a) { HIDE(a); if (a) AT(1); else AT(2); return a; }
        PROGRAM { if (g(LACKS)) AT(3); else AT(4); return 0; }""", {1, 2, 3, 4}),
    "global_not_called": ("__noinline int g(int a) { HIDE(a); AT(1); return a; } PROGRAM { return LACKS ? g(1) : 0; }", set(), "lazy"),
    "hidden": ("""__hidden __noinline int g(int a) { HIDE(a); if (a) AT(1); else AT(2); return a; }
        PROGRAM { return g(LACKS); }""", {2}),
    "loop": ("""PROGRAM { for (int i = 0; i < 10; i++) { HIDE(i); if (i == 3) AT(1); if (i == 20) AT(2); } AT(3); return 0; }""", {1, 3}),
    "switch": ("""const volatile int mode = 3; PROGRAM { switch (mode) { case 0: AT(1); break; case 1: AT(2); break;
        case 2: AT(3); break; case 3: AT(4); break; case 4: AT(5); break; default: AT(6); } return 0; }""", {4}),
    "signs": ("""PROGRAM { int v = -5; HIDE(v); if (v < 0) AT(1); else AT(2); unsigned int u = v; HIDE(u); if (u > 0xfffffff0) AT(3);
        else AT(4); long l = (long)v; if (l < 0) AT(5); else AT(6); if (u & 2) AT(7); else AT(8); return 0; }""", {1, 3, 5, 7}),
    "arithmetic": ("""PROGRAM { __u64 a = 12, b = 5; HIDE(a); HIDE(b); if (a + b == 17) AT(1); else AT(2); if (a * b == 60) AT(3);
        else AT(4); if ((a ^ b) == 9) AT(5); else AT(6); if ((a << b) >> 3 == 48) AT(7); else AT(8);
        if ((__s64)(b - a) >> 1 == -4) AT(9); else AT(10); return 0; }""", {1, 3, 5, 7, 9}),
    "equal": ("PROGRAM { __u32 l = ctx->len; HIDE(l); if (l == 7) { HIDE(l); if (l > 8) AT(1); else AT(2); } return 0; }", {2}),
    "not_equal": ("PROGRAM { __u32 l = ctx->len; HIDE(l); if (l != 7) AT(1); else { HIDE(l); if (l != 7) AT(2); } return 0; }", {1}),
    "either": ("PROGRAM { __u32 l = ctx->len; HIDE(l); if (l > 7) AT(1); else AT(2); return 0; }", {1, 2}),
    "flag": ("""PROGRAM { long have = 0; if (ctx->len > 9) have = LACKS; else have = LACKS + LACKS; HIDE(have);
        if (have) AT(1); else AT(2); return 0; }""", {2}),
    "spilled": ("""PROGRAM { long a = LACKS, b = ctx->len, c = ctx->mark, d = ctx->protocol, e = ctx->priority, f = ctx->ifindex;
        HIDE(a); HIDE(b); HIDE(c); HIDE(d); HIDE(e); HIDE(f); bpf_ktime_get_ns(); HIDE(b); HIDE(c); HIDE(d); HIDE(e); HIDE(f);
        if (a) AT(1); else AT(2); return b + c + d + e + f; }""", {2}),
    "helper_writes": ("""PROGRAM { long v = 0, w = 0; IN_MEMORY(w); bpf_skb_load_bytes(ctx, 0, &v, 8); if (v) AT(1); else AT(2);
        return 0; }""", {1, 2}),
    "helper_reads": ("""struct { __uint(type, BPF_MAP_TYPE_HASH); __type(key, long); __type(value, long); __uint(max_entries, 1); }
        m SEC(".maps");
        PROGRAM { long k = 0, *v; v = bpf_map_lookup_elem(&m, &k); IN_MEMORY(k); if (k) AT(1); if (v) AT(2); else AT(3);
            return 0; }""", {2, 3}),
    "unknown_place": ("""PROGRAM { volatile int a[3] = {}; a[(ctx->len & 1) + 1] = 1; if (a[2]) AT(1); else AT(2); return 0; }""", {1, 2}),
    "atomic": ("""PROGRAM { long v = 0; IN_MEMORY(v); if (__sync_fetch_and_add(&v, 1)) AT(1); else AT(2); if (v) AT(3); else AT(4);
        return 0; }""", {2, 3, 4}),
    "division": ("PROGRAM { __u64 a = 12; HIDE(a); a %= 5; HIDE(a); if (a == 2) AT(1); else AT(2); return 0; }", None),
    "tail_call": ("""struct { __uint(type, BPF_MAP_TYPE_PROG_ARRAY); __type(key, int); __type(value, int); __uint(max_entries, 1); }
        m SEC(".maps"); PROGRAM { bpf_tail_call(ctx, &m, 0); AT(1); return 0; }""", {1}),
    "called_in_a_loop": ("""STATIC int f(int a, int b) { HIDE(a); if (a == 3) AT(1); if (b > 100) return 1; return 2; }
        PROGRAM { int n = 0; for (int i = 0; i < 4; i++) { HIDE(i); n += f(i, ctx->len); } if (n > 50) AT(2); return 0; }""", {1}),
}  # fmt: skip


@pytest.fixture(scope="session")
def probe(build_dir, tmp_path_factory, repo):
    program = tmp_path_factory.mktemp("flow") / "probe_flow"
    flags = (build_dir / "flags").read_text().split()
    libs = [build_dir / "libskep.a", "build/deps/libbpf/inst/libbpf.a", "-lelf", "-ljansson", "-lcrypto", "-lz"]
    argv = [*flags, "-Wl,--gc-sections", "-o", program, "tests/probe_flow.c", *libs]
    done = subprocess.run(argv, cwd=repo, capture_output=True, text=True)
    assert done.returncode == 0, done.stderr
    return lambda *args, **kw: run_tool(program, *args, **kw)


@pytest.fixture(scope="session")
def compiled(tmp_path_factory):
    made = {}

    def of(source, clang="clang-19", *flags):
        key = (source, clang, *flags)
        if key not in made:
            made[key] = compile_in(tmp_path_factory.mktemp("flow"), *key)
        return made[key]

    return of


def compile_in(folder, source, clang, *flags):
    (folder / "x.bpf.c").write_text(HEAD + source)
    includes = ["-I", BUILD / "share/skep/libbpf", "-idirafter", f"/usr/include/{platform.machine()}-linux-gnu"]
    argv = [clang, "-O2", "-g", "-mcpu=v3", "-Wno-everything", *(flags or ["--target=bpf"]), *includes]
    run_tool(*argv, "-c", folder / "x.bpf.c", "-o", folder / "x.bpf.o")
    return folder / "x.bpf.o"


def markers(text):
    return {int(n) for n in re.findall(r"^marker (\d+)$", text, re.M)}


def in_memory(option):
    """An option of a kernel's configuration as libbpf writes it: "CONFIG_N=250" to "CONFIG_N=fa000000"."""
    name, is_config, value = option.partition("=")
    if not name.startswith("CONFIG_"):
        return option
    if value in "yn":
        return f"{name}={'01' if value == 'y' else '00'}"
    return f"{name}={int(value).to_bytes(4, 'little').hex()}"


@pytest.mark.parametrize("clang", ["clang-19", "clang-14"])
@pytest.mark.parametrize("name", CASES)
def test_rule(name, clang, probe, compiled, need):
    need(clang)
    source, expected, *options = CASES[name]
    found = probe("flow", compiled(source, clang), *map(in_memory, options))
    assert "exact 1\n" in found.stdout
    if expected is not None:
        assert markers(found.stdout) == expected


@pytest.mark.need("root", "clang-19", "btf")
@pytest.mark.parametrize("name", CASES)
def test_the_kernel_says_so(name, probe, compiled):
    source, _, *options = CASES[name]
    obj = compiled(source)
    mine = markers(probe("flow", obj, *map(in_memory, {"lazy": 1, **dict.fromkeys(options)})).stdout)
    kernels = markers(probe("load", obj, *(o for o in options if o.startswith("CONFIG_"))).stdout)
    assert mine == kernels or (CASES[name][1] is None and mine > kernels)


# --- the other byte order ---


@pytest.mark.parametrize("name", ["rodata", "rodata_struct", "on_the_stack", "switch", "signs"])
def test_big_endian(name, probe, compiled):
    source, expected, *_ = CASES[name]
    assert markers(probe("flow", compiled(source, "clang-19", "--target=bpfeb")).stdout) == expected


def test_global_functions_before_they_were_lazy(probe, compiled):
    obj = compiled(CASES["global_not_called"][0])
    assert markers(probe("flow", obj).stdout) == {1}
    assert markers(probe("flow", obj, "lazy").stdout) == set()


# --- the context, and arguments of hooks ---


def lines(text, word):
    return {line.partition(" ")[2] for line in text.splitlines() if line.startswith(f"{word} ")}


def test_context(probe, compiled):
    source = """STATIC int f(struct __sk_buff *s) { return s->mark; } __noinline int g(struct __sk_buff *s) { return s->hash; }
        PROGRAM { if (LACKS) return ctx->vlan_tci; ctx->cb[1] = 3; ctx->tstamp = 5; return ctx->len + f(ctx) + g(ctx); }"""
    fields = {"len": (0, 4), "mark": (8, 4), "cb[1]": (52, 4), "tstamp": (152, 8), "hash": (68, 4)}
    assert lines(probe("flow", compiled(source)).stdout, "context") == {f"{off}+{size}" for off, size in fields.values()}


def test_arguments(probe, compiled):
    source = """#include <bpf/bpf_tracing.h>
        struct file { int f_mode; void *f_inode; } __attribute__((preserve_access_index));
        SEC("fentry/x") int BPF_PROG(p, int a, struct task_struct *t, struct file *f) {
            int pid = t->pid; return pid + (long)BPF_CORE_READ(f, f_inode) + (a ? f->f_mode : 0); }"""
    obj = compiled(source)
    image = probe("image", obj).stdout
    relos = re.findall(r"^relo (\d+) (\S+)$", image, re.M)
    roots = dict(relos)
    found = {tuple(line.split(" relo ")) for line in lines(probe("flow", obj).stdout, "argument")}
    assert {(arg, roots[relo]) for arg, relo in found} == {("1", "task_struct"), ("2", "file")}
    assert len(found) == 3


# --- images ---


def test_references(probe, compiled):
    source = """struct { __uint(type, BPF_MAP_TYPE_HASH); __type(key, long); __type(value, long); __uint(max_entries, 1); }
            first SEC(".maps"), second SEC(".maps");
        const volatile int r = 5; static volatile int s = 7; int b; int d = 3; long t[3] SEC(".data.t");
        extern void nothing(void) __ksym __weak; extern const int typed __ksym; extern const void bare __ksym;
        STATIC int f(int a) { HIDE(a); return a + s; }
        STATIC int cb(__u64 i, void *c) { return i > r; }
        __noinline int g(void) { return b; }
        __weak __noinline int w(void) { HIDE(b); return d; }
        __hidden __noinline int h(void) { HIDE(d); return t[2]; }
        PROGRAM { long k = 0; bpf_map_lookup_elem(&first, &k); bpf_map_lookup_elem(&second, &k); bpf_loop(3, cb, 0, 0);
            if (bpf_ksym_exists(nothing)) nothing();
            return f(ctx->len) + g() + w() + h() + (long)&typed + (long)&bare + CONFIG_X; }"""
    text = probe("image", compiled("extern int CONFIG_X __kconfig;" + source)).stdout
    assert set(re.findall(r"kind \d (\S+)", text)) == {
        "first+0", "second+0", ".rodata+0", ".data+0", ".data+4", ".bss+0", ".data.t+0", "nothing+0", "typed+0", "bare+0",
        "CONFIG_X+0", "f+0", "cb+0", "g+0", "w+0", "h+0"}  # fmt: skip
    externs = dict(re.findall(r"^extern (\S+) (.* size=\d)", text, re.M))
    assert externs == {
        "CONFIG_X": "kconfig weak=0 typed=0 size=4", "nothing": "kfunc weak=1 typed=0 size=0",
        "typed": "ksym weak=0 typed=1 size=0", "bare": "ksym weak=0 typed=0 size=0"}  # fmt: skip
    functions = dict(re.findall(r"^function (\S+) .*cnt=\d+ (.*)$", text, re.M))
    assert functions == {
        "f": "global=0 weak=0 entry=0", "cb": "global=0 weak=0 entry=0", "g": "global=1 weak=0 entry=0",
        "w": "global=1 weak=1 entry=0", "h": "global=0 weak=0 entry=0", "p": "global=1 weak=0 entry=1"}  # fmt: skip


def test_instructions_are_as_llvm_disassembles_them(probe, compiled):
    """Of both byte orders, the instructions and their registers are those that llvm-objdump shows."""
    for target in "bpf", "bpfeb":
        obj = compiled(CASES["struct_by_pointer"][0], "clang-19", f"--target={target}")
        shown = run_tool("llvm-objdump-19", "-d", "--no-show-raw-insn", "--no-leading-addr", obj).stdout
        wide = re.findall(r"\(u64 \*\)\(r(\d+) ([+-]) 0x([0-9a-f]+)\) = r(\d+)$", shown, re.M)
        stores = re.findall(r"store (\d+) (-?\d+) (\d+)$", probe("image", obj).stdout, re.M)
        assert stores == [(d, str(int(f"{sign}{off}", 16)), s) for d, sign, off, s in wide] and stores


HOSTILE = {
    "jump_behind": ([insn(JA, off=1), insn(EXIT)], "section 'socket' at 0: jump out of the function (in function 'p')"),
    "jump_before": ([insn(MOV), insn(0x15, off=-3), insn(EXIT)], "section 'socket' at 8: jump out of the function (in function 'p')"),
    "gotol": ([insn(0x06, imm=1 << 30), insn(EXIT)], "section 'socket' at 0: jump out of the function (in function 'p')"),
    "into_the_middle": ([insn(JA, off=1), insn(LDIMM64), insn(0), insn(EXIT)],
                        "section 'socket' at 0: jump into the middle of an instruction (in function 'p')"),
    "half": ([insn(MOV), insn(LDIMM64)], "'p' ends within an instruction"),
    "call_nowhere": ([insn(CALL, src=1, imm=100), insn(EXIT)], "'p' calls what is no function"),
}  # fmt: skip


@pytest.mark.parametrize("name", HOSTILE)
@pytest.mark.parametrize("order", "<>")
def test_hostile(name, order, probe, tmp_path):
    insns, message = HOSTILE[name]
    obj = Object(order)
    obj.function("p", insns if order == "<" else [swapped(i) for i in insns])
    (tmp_path / "x.o").write_bytes(obj.bytes())
    done = probe("image", tmp_path / "x.o", check=False)
    assert (done.returncode, done.stderr) == (1, f"probe_flow: {tmp_path}/x.o: {message}\n")


def swapped(i):
    return i[:1] + bytes([i[1] >> 4 | (i[1] & 15) << 4]) + i[3:1:-1] + i[:3:-1]


def test_relocation_of_another_instruction(probe, tmp_path):
    obj = Object()
    obj.function("f", [insn(MOV), insn(EXIT)], ".text", static=True)
    obj.function("p", [insn(MOV), insn(EXIT)])
    obj.relocation("socket", 0, "f")
    (tmp_path / "x.o").write_bytes(obj.bytes())
    done = probe("image", tmp_path / "x.o", check=False)
    assert done.returncode == 1 and "invalid relo against 'f' for insns[0].code 0xb7" in done.stderr


def test_two_names_of_one_function(probe, tmp_path):
    obj = Object()
    obj.function("f", [insn(MOV, imm=1), insn(EXIT)], ".text")
    obj.alias("e", "f")
    obj.function("p", [insn(CALL, src=1, imm=-1), insn(EXIT)])
    obj.relocation("socket", 0, "f")
    (tmp_path / "x.o").write_bytes(obj.bytes())
    text = probe("image", tmp_path / "x.o").stdout
    assert re.findall(r"^function (\w) section=\.text off=0 first=(\d+)", text, re.M) == [("e", "0"), ("f", "0")]
    assert "p: 4 of 4 exact=1" in probe("time", tmp_path / "x.o").stdout


# --- size ---


def write(path, insns):
    obj = Object()
    obj.function("p", insns)
    path.write_bytes(obj.bytes())
    return path


def measured(probe, path):
    found = re.match(r"p: (\d+) of (\d+) exact=(\d) (\S+) ms, (\d+) KiB", probe("time", path).stdout)
    return int(found[1]), int(found[2]), float(found[4]), int(found[5])


def random_insns(n):
    rand = random.Random(3)
    reg, slot = lambda: rand.randrange(6, 10), lambda: -8 * rand.randrange(1, 61)
    yield insn(CALL, imm=7)
    for i in range(1, n - 1):
        kind = rand.random()
        if kind < 0.4:
            to = max(0, min(n - 1, i + rand.randrange(-9000, 9000)))
            yield insn(0x25, 0, off=to - i - 1, imm=i)
        elif kind < 0.7:
            yield insn(MOV, reg(), imm=rand.randrange(1 << 30))
        else:
            yield rand.choice([insn(STX, 10, reg(), slot()), insn(LDX, reg(), 10, slot()), insn(ADD, reg(), reg())])
    yield insn(EXIT)


def test_huge_programs_end(probe, build_dir, tmp_path):
    """200,000 instructions: jumps back and forth everywhere, and a branch at every sixth."""
    sanitised = "-fsanitize" in (build_dir / "flags").read_text()
    ways = [insn(CALL, imm=7)]
    for i in range(33000):
        ways += [insn(0x25, 0, 0, 4, i), insn(MOV, 7, 0, 0, i), insn(STX, 10, 7, -8 - 8 * (i % 60))]
        ways += [insn(MOV, 2 + i % 3, imm=i), insn(ADD, 0, 7), insn(0xBF, 8, 7)]
    for insns in random_insns(200000), [*ways, insn(MOV), insn(EXIT)]:
        reached, of, _, kib = measured(probe, write(tmp_path / "x.o", insns))
        assert reached == of
        assert sanitised or 0 < kib < 100 << 10
