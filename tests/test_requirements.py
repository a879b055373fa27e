# SPDX-License-Identifier: BSD-2-Clause
"""What objects ask of a kernel: one small program per rule, compiled here; disassembler and readelf judge what is in it."""

import gzip
import json
import re

import pytest

from conftest import run_tool

HEAD = """
#include <linux/bpf.h>
#include <bpf/bpf_helpers.h>
#include <bpf/bpf_core_read.h>
#define GPL char LICENSE[] SEC("license") = "GPL";
#define MAP(type_, name) struct { __uint(type, BPF_MAP_TYPE_##type_); __uint(max_entries, 4096); } name SEC(".maps");
#define KERNEL_VERSION(a, b, c) (((a) << 16) + ((b) << 8) + (c))
#pragma clang attribute push(__attribute__((preserve_access_index)), apply_to = record)
struct task_struct { int pid; int __state; struct task_struct *parent; };
struct task_struct___old { long state; };
#pragma clang attribute pop
enum probe { PROBED = 3 };
#line 1
"""


class Requirements:
    def __init__(self, report):
        self.report = report
        self.whole = report["requirements"]
        self.rows = {(r["kind"], r["name"]): r for key in ("needs", "hooks", "core") for r in self.whole[key]}
        assert len(self.rows) == sum(len(self.whole[key]) for key in ("needs", "hooks", "core")), "each is there once"

    def names(self, kind):
        return [name for k, name in self.rows if k == kind]

    def minimum(self):
        return self.whole["minimum"], self.whole["because"]


@pytest.fixture
def require(need, skep, tmp_path, build_dir):
    need("clang-19")

    def require(source, *flags, name="r"):
        path = tmp_path / f"{name}.bpf.c"
        path.write_text(HEAD + source)
        include = ["-I", build_dir / "share/skep/libbpf", "-idirafter", "/usr/include/x86_64-linux-gnu"]
        flags = flags or ("-mcpu=v3",)
        argv = ["--target=bpfel", "-g", "-O2", *flags, *include, f"-ffile-prefix-map={tmp_path}=."]
        run_tool("clang-19", *argv, "-c", path, "-o", path.with_suffix(".o"))
        return Requirements(skep("inspect", path.with_suffix(".o"), "--json").ok().json())

    require.folder = tmp_path
    return require


def disassembly(folder, name="r"):
    return run_tool("llvm-objdump-19", "-d", "--no-show-raw-insn", folder / f"{name}.bpf.o").stdout


# --- types, helpers, kfuncs ----------------------------------------------------------------------


def test_types_and_helpers(require):
    r = require("""GPL MAP(RINGBUF, rb)
SEC("tp/sched/sched_switch") int a(void *c) { bpf_ringbuf_output(&rb, &c, 8, 0); return 0; }
SEC("fentry/do_unlinkat") int b(void *c) { return bpf_get_current_pid_tgid(); }
SEC("xdp") int c(struct xdp_md *x) { return XDP_PASS; }
SEC("xdp/devmap") int d(struct xdp_md *x) { return XDP_PASS; }
SEC("?xdp.frags/devmap") int e(struct xdp_md *x) { return XDP_PASS; }
""")
    assert r.names("program type") == ["tracepoint", "tracing", "xdp"]
    assert r.names("attach type") == ["trace_fentry", "xdp_devmap"], "an XDP program alone asks for none"
    assert r.names("map type") == ["ringbuf"] and r.rows["map type", "ringbuf"]["programs"] == []
    assert r.names("helper") == ["bpf_get_current_pid_tgid", "bpf_ringbuf_output"]
    assert r.rows["helper", "bpf_ringbuf_output"]["programs"] == ["a"]
    assert r.rows["helper", "bpf_ringbuf_output"]["sources"] == ["r.bpf.c:2"]
    assert r.rows["program type", "xdp"]["programs"] == ["c", "d", "e"]
    assert r.rows["feature", "XDP fragments"]["programs"] == ["e"]
    assert r.names("hook") == ["fentry/do_unlinkat", "tp/sched/sched_switch"]
    assert r.minimum() == ("5.8", "attach type xdp_devmap")


def test_calls_count_for_every_program_that_reaches_them(require):
    r = require("""GPL
static long each(__u32 i, void *c) { return bpf_get_prandom_u32() & 1; }
__attribute__((noinline)) int sub(int x) { return bpf_get_smp_processor_id() + x; }
SEC("kprobe/a") int a(void *c) { bpf_loop(9, each, 0, 0); return 0; }
SEC("kprobe/b") int b(void *c) { return sub(3); }
SEC("?kprobe/c") int c(void *c) { return sub(4); }
""")
    programs = {name: r.rows["helper", name]["programs"] for name in r.names("helper")}
    assert programs == {"bpf_get_prandom_u32": ["a"], "bpf_get_smp_processor_id": ["b", "c"], "bpf_loop": ["a"]}
    assert r.rows["feature", "callbacks"]["programs"] == ["a"]
    assert r.rows["feature", "calls of functions"]["programs"] == ["b", "c"]
    assert r.minimum() == ("5.17", "helper bpf_loop")


@pytest.mark.parametrize("weak", [False, True])
def test_kfuncs(require, weak):
    r = require(f"""GPL
extern void bpf_rcu_read_lock(void) __ksym{" __weak" * weak};
extern void bpf_rcu_read_unlock___v2(void) __ksym{" __weak" * weak};
SEC("tp_btf/sched_switch") int a(void *c)
{{
	{"if (bpf_rcu_read_lock && bpf_rcu_read_unlock___v2)" * weak} {{
		bpf_rcu_read_lock();
		bpf_rcu_read_unlock___v2();
	}}
	return 0;
}}
""")
    assert r.names("kfunc") == ["bpf_rcu_read_lock", "bpf_rcu_read_unlock"]
    row = r.rows["kfunc", "bpf_rcu_read_lock"]
    assert (row["since"], row["guarded"], row["programs"]) == ("6.2", weak, ["a"])
    assert row["sources"] == ["r.bpf.c:7"] if weak else "r.bpf.c:7" in row["sources"]
    assert r.minimum() == (("5.5", "program type tracing") if weak else ("6.2", "kfunc bpf_rcu_read_lock"))


# --- guards --------------------------------------------------------------------------------------

GUARDS = {
    "field": "if (bpf_core_field_exists(t->parent))",
    "type": "if (bpf_core_type_exists(struct task_struct))",
    "enum value": "if (bpf_core_enum_value_exists(enum probe, PROBED))",
    "release": "if (LINUX_KERNEL_VERSION >= KERNEL_VERSION(5, 17, 0))",
    "release, later": "if (LINUX_KERNEL_VERSION > KERNEL_VERSION(6, 4, 0))",
    "in a function": "if (has(t))",
    "and": "if (t && bpf_core_field_exists(t->parent))",
}
NO_GUARDS = {
    "none": "",
    "not": "if (!bpf_core_field_exists(t->parent))",
    "of something else": "if (t->pid == 3)",
    "release that is too early": "if (LINUX_KERNEL_VERSION >= KERNEL_VERSION(5, 5, 0))",
}
GUARDED = """GPL
extern int LINUX_KERNEL_VERSION __kconfig;
static long each(__u32 i, void *c) { return 0; }
static __attribute__((noinline)) int has(struct task_struct *t) { return bpf_core_type_exists(struct task_struct); }
SEC("tp_btf/sched_switch") int a(struct task_struct **c)
{
	struct task_struct *t = *c;
	GUARD
		bpf_loop(9, each, 0, 0);
	return LINUX_KERNEL_VERSION;
}
"""


@pytest.mark.parametrize("guard", GUARDS)
def test_guarded(require, guard):
    r = require(GUARDED.replace("GUARD", GUARDS[guard]))
    assert "call 0xb5" in disassembly(require.folder)
    assert r.rows["helper", "bpf_loop"]["guarded"]
    assert not r.rows["feature", "callbacks"]["guarded"], "kernels without them refuse the address of each() anywhere"
    assert r.minimum() == ("5.13", "feature callbacks")


@pytest.mark.parametrize("guard", NO_GUARDS)
def test_not_guarded(require, guard):
    r = require(GUARDED.replace("GUARD", NO_GUARDS[guard]))
    assert not r.rows["helper", "bpf_loop"]["guarded"]
    assert r.minimum() == ("5.17", "helper bpf_loop")
    assert r.whole["source"] == "r.bpf.c:9"


def test_core_has_sources(require):
    r = require("""GPL volatile long g;
SEC("tp_btf/sched_switch") int a(struct task_struct **c)
{
	struct task_struct *t = *c;
	struct task_struct___old *o = (void *)t;

	if (bpf_core_field_exists(t->__state))
		return t->__state;
	g = bpf_core_enum_value(enum probe, PROBED);
	g = bpf_core_type_size(struct task_struct);
	return o->state;
}
""")
    told = {(row["kind"], row["name"]): (row["sources"], row["guarded"]) for row in r.whole["core"]}
    assert told == {
        ("field", "struct task_struct.__state"): (["r.bpf.c:8"], True),
        ("field", "struct task_struct___old.state"): (["r.bpf.c:11"], False),
        ("field exists", "struct task_struct.__state"): (["r.bpf.c:7"], False),
        ("enum value", "enum probe.PROBED"): (["r.bpf.c:9"], False),
        ("type", "struct task_struct"): (["r.bpf.c:10"], False),
    }


# --- instructions --------------------------------------------------------------------------------

ARITHMETIC = """GPL
long g; int h; volatile char s;
SEC("xdp") int a(struct xdp_md *x)
{
	long n = x->ingress_ifindex, m = x->rx_queue_index;
	BODY
	return XDP_PASS;
}
"""
INSTRUCTIONS = [
    ("v1", "h = n < m ? 1 : 7;", None, "v1", "1.0"),
    ("v3", "if ((int)n < 5) h = m;", r"if w\d+", "v3", "32-bit jumps"),
    ("v2", "if ((unsigned long)n < (unsigned long)m + 3) g = m;", r"if r\d+ (s?<=?) ", "v2", "less-than jumps"),
    ("v3", "__sync_fetch_and_add(&g, n);", None, "v1", None),
    ("v3", "g = __sync_fetch_and_add(&g, n);", r"atomic_fetch_add", "v3", "atomic operations"),
    ("v3", "g = __sync_val_compare_and_swap(&g, n, m);", r"cmpxchg", "v3", "atomic operations"),
    ("v4", "g = g / h;", r"s/=", "v4", "signed division"),
    ("v4", "h = h % (int)m;", r"s%=", "v4", "signed division"),
    ("v4", "g = (short)n;", r"= \(s16\)", "v4", "sign-extending moves"),
    ("v4", "g = s;", r"\(s8 \*\)", "v4", "sign-extending loads"),
    ("v4", "g = __builtin_bswap64(n);", r"= bswap64", "v4", "unconditional byte swap"),
    ("v4", 'asm volatile goto("gotol %l[there]" :::: there); there: g = n;', r"gotol", "v4", "32-bit jump offsets"),
    ("v4", 'asm volatile goto("may_goto %l[there]" :::: there); there: g = n;', r"may_goto", None, "may_goto"),
]


@pytest.mark.parametrize("cpu,body,shows,isa,feature", INSTRUCTIONS, ids=[f"{i[0]}-{i[1][:30]}" for i in INSTRUCTIONS])
def test_instructions(require, cpu, body, shows, isa, feature):
    r = require(ARITHMETIC.replace("BODY", body), f"-mcpu={cpu}")
    if shows:
        assert re.search(shows, disassembly(require.folder))
        assert feature in r.names("feature")
    elif not feature:
        assert "atomic operations" not in r.names("feature")
    if cpu == "v1":
        assert set(r.names("feature")) <= {"global data"}
    if isa and shows:
        assert r.whole["isa"] == isa


def test_loops_and_large_programs(require):
    loop = """GPL int n;
SEC("xdp") int a(struct xdp_md *x) { int s = 0;
	for (int i = 0; i < x->ingress_ifindex && i < 100; i++) s += bpf_get_prandom_u32();
	n = s; return 1; }
SEC("xdp") int b(struct xdp_md *x) { UNROLLED return 1; }
"""
    r = require(loop.replace("UNROLLED", "n += bpf_get_prandom_u32();" * 2000))
    assert r.rows["feature", "bounded loops"]["programs"] == ["a"]
    assert r.rows["feature", "more than 4096 instructions"]["programs"] == ["b"]
    assert r.report["programs"][1]["insns"] > 4096


def test_tail_calls_beside_calls(require):
    r = require("""GPL MAP(PROG_ARRAY, jumps)
__attribute__((noinline)) int sub(int x) { return bpf_get_prandom_u32() + x; }
SEC("xdp") int a(struct xdp_md *x) { int s = sub(2); bpf_tail_call(x, &jumps, s); return 1; }
SEC("xdp") int b(struct xdp_md *x) { bpf_tail_call(x, &jumps, 1); return 1; }
""")
    assert r.rows["feature", "tail calls beside calls of functions"]["programs"] == ["a"]


# --- the rest ------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    "license,told",
    [("GPL", []), ("Dual MIT/GPL", []), ("GPL v2", []), ("gpl", None), ("Proprietary", None), ("Dual BSD", None)],
)
def test_license(require, license, told):
    r = require(f"""char L[] SEC("license") = "{license}";
extern void bpf_rcu_read_lock(void) __ksym;
SEC("lsm.s/file_open") int a(void *c) {{ bpf_rcu_read_lock(); return 0; }}
SEC("kprobe/x") int b(void *c) {{ bpf_probe_read_kernel(&c, 8, c); return (long)c + bpf_ktime_get_ns(); }}
""")
    assert r.names("GPL license") == (["bpf_probe_read_kernel", "kfuncs", "lsm"] if told is None else told)
    assert r.rows["feature", "sleepable programs"]["programs"] == ["a"]


def test_maps_externs_and_struct_ops(require):
    r = require("""GPL
struct v { int n; struct { struct bpf_timer t; } in[2]; struct bpf_spin_lock l; struct task_struct __kptr *p; };
struct { __uint(type, BPF_MAP_TYPE_HASH); __uint(max_entries, 1); __type(key, int); __type(value, struct v); } m SEC(".maps");
struct tcp_congestion_ops { int (*ssthresh)(void *); char name[16]; };
extern int CONFIG_HZ __kconfig;
extern int CONFIG_NO __kconfig __weak;
extern const int runqueues __ksym;
SEC("struct_ops/ssthresh") int ss(void *c) { return CONFIG_HZ + CONFIG_NO + *(int *)bpf_per_cpu_ptr(&runqueues, 0); }
SEC(".struct_ops") struct tcp_congestion_ops ops = { .ssthresh = (void *)ss, .name = "x" };
""")
    assert r.names("map field") == ["bpf_spin_lock", "bpf_timer", "kptr"]
    assert r.names("kconfig") == ["CONFIG_HZ", "CONFIG_NO"] and r.names("kernel symbol") == ["runqueues"]
    assert r.names("struct_ops") == ["tcp_congestion_ops"] and "struct_ops" in r.names("map type")
    assert r.rows["kconfig", "CONFIG_HZ"]["sources"] == ["r.bpf.c:8"]
    assert r.rows["feature", "typed kernel variables"]["programs"] == ["ss"]
    assert r.names("hook") == []


def test_programs_that_are_left_out_do_not_raise_the_minimum(require):
    both = """GPL
static long each(__u32 i, void *c) { return 0; }
SEC("kprobe/a") int a(void *c) { return 0; }
SEC("?kprobe/b") int b(void *c) { return bpf_loop(9, each, 0, 0); }
"""
    assert require(both).minimum() == ("4.1", "program type kprobe")
    assert require(both.replace('SEC("kprobe/a") int a(void *c) { return 0; }', "")).minimum() == ("5.17", "helper bpf_loop")


# --- packages ------------------------------------------------------------------------------------


def test_package_has_them(require, skep):
    r = require("GPL SEC(\"tp/sched/sched_switch\") int a(void *c) { return bpf_ktime_get_boot_ns(); }\n")
    package = require.folder / "r.skep"
    skep("pack", require.folder / "r.bpf.o", "-o", package, "--name", "r", "--version", "1").ok()
    platforms = skep("inspect", package, "--json").ok().json()["platforms"]
    (platform,) = platforms.values()
    assert platform["objects"]["r"]["requirements"] == r.whole
    run_tool("tar", "xf", package, "-C", require.folder)
    blobs = [b.read_bytes() for b in (require.folder / "blobs/sha256").iterdir()]
    (require.folder / "layer.tar").write_bytes(next(gzip.decompress(b) for b in blobs if b[:2] == b"\x1f\x8b"))
    manifest = json.loads(run_tool("tar", "xOf", require.folder / "layer.tar", "skep/manifest.json").stdout)
    told = manifest["objects"][0]["requirements"]
    assert (told["minimum"], told["because"], told["isa"]) == ("5.8", "helper bpf_ktime_get_boot_ns", "v1")
    assert {row["name"] for row in told["needs"]} == {"tracepoint", "bpf_ktime_get_boot_ns"}
