# SPDX-License-Identifier: BSD-2-Clause
"""What verifier logs say. The kernel is the judge: every entry of the catalogue is shown by a program that it refuses, the
running one, or another whose log is kept in data/verifier (probe_verifier as /init of a guest wrote it; see there)."""

import json
import os
import re
import subprocess
import time

import pytest

from bpfelf import EXIT, MOV, Object, insn
from conftest import REPO, run_tool

DATA = REPO / "tests/data/verifier"
NAME = re.compile(r"int (\w+)\([^;]*\)\n\{\n(.*?)\n\}", re.S)

# Programs of data/verifier that the running kernel refuses, by the key of the entry that they show.
PROGRAMS = """
    infinite-loop too-large too-complex call-depth combined-stack unreachable jump-range no-exit ld-imm64 unknown-opcode map-absent
    insn-two-pointers div-zero shift frame-pointer arith-null map-value-null record-null pointer-null argument-null packet-bounds
    packet-helper packet-write length-negative length-unbounded zero-size index-negative index-unbounded map-bounds memory-bounds
    arith-unbounded arith-range arith-two-pointers arith-from-number arith-32-bit arith-operator arith-type stack-variable stack-bounds
    spilled-pointer number-as-pointer past-object kernel-write read-only map-read lock-direct socket-access context-access
    context-modified pointer-modified misaligned atomic-memory uninitialised leak release record-type lock-unlock lock-held lock-map
    tracing-cannot sleepable dynptr callback arena core helper-type helper-absent map-helper global-arguments global-function
    argument-type known-constant return-range return-value tail-call program-maps
""".split()  # fmt: skip
UNPRIVILEGED = "pointer-comparison pointer-leak stack-unread".split()
KFUNCS = "rcu preemption interrupts iterator graph lock-needed exception kfunc-type kfunc-argument trusted dynptr-direct".split()

HEAD = """#include <linux/bpf.h>
#include <bpf/bpf_helpers.h>
struct task_struct { int pid; } __attribute__((preserve_access_index));
#define MAP(name, ...) struct { __VA_ARGS__; } name SEC(".maps")
#define PROGRAM(section) SEC(section) int program(__u64 *ctx)
"""
GPL = 'char LICENSE[] SEC("license") = "GPL";\n'
ARRAY = "__uint(type, BPF_MAP_TYPE_ARRAY); __type(key, __u32); "
USE = 'PROGRAM("socket") { __u32 k = 0; return bpf_map_lookup_elem(&m, &k) != 0; }'

# What libbpf or the kernel says without a log: (source, how it is loaded).
SNIPPETS = {
    "gpl-helper": ('PROGRAM("raw_tp/sys_enter") { char c[8]; return bpf_probe_read_kernel(c, 8, ctx); }', ""),
    "gpl-access": ('PROGRAM("tp_btf/sched_switch") { return ((struct task_struct *)ctx[1])->pid; }', ""),
    "kfunc-absent": (GPL + 'void nosuch(void) __ksym; PROGRAM("socket") { nosuch(); return 0; }', ""),
    "kfunc-differs": (GPL + 'int bpf_rcu_read_lock(int) __ksym; PROGRAM("socket") { return bpf_rcu_read_lock(1); }', ""),
    "symbol-absent": (GPL + 'extern const int nosuch __ksym; PROGRAM("socket") { return nosuch; }', ""),
    "hook-absent": (GPL + 'PROGRAM("tp_btf/nosuch") { return 0; }', ""),
    "hook-unset": (GPL + 'PROGRAM("fentry") { return 0; }', ""),
    "program-section": (GPL + 'PROGRAM("nosuch/x") { return 0; }', ""),
    "struct-ops-absent": (GPL + 'struct nosuch_ops { int (*f)(void *); }; PROGRAM("struct_ops") { return 0; }\n'
                          'SEC(".struct_ops") struct nosuch_ops ops = { .f = (void *)program };', ""),
    "map-too-large": (GPL + 'MAP(m, __uint(type, BPF_MAP_TYPE_HASH); __uint(max_entries, 1); __uint(key_size, 4); __uint(value_size, 0x3fffffff));' + USE, ""),
    "object-btf": (GPL + 'struct tcp_congestion_ops { void (*init)(void *); char name[16]; }; SEC("struct_ops") void program(void *ctx) { }\n'
                   'SEC(".struct_ops") struct tcp_congestion_ops ops = { .init = program, .name = "skep" };\n'
                   'SEC("?socket") __attribute__((naked)) int no_name(void *ctx) { asm volatile("r0 = 0; exit"); }', ""),
    "hook-member": (GPL + 'struct tcp_congestion_ops { int (*get_info)(void *); char name[16]; }; PROGRAM("struct_ops") { return 0; }\n'
                    'SEC(".struct_ops") struct tcp_congestion_ops ops = { .get_info = (void *)program, .name = "skep" };', ""),
    "map-memory": (GPL + f"MAP(m, {ARRAY} __uint(max_entries, 0x3fffffff); __uint(value_size, 0x100000));" + USE, ""),
    "map-invalid": (GPL + "MAP(m, __uint(type, 250); __uint(max_entries, 1); __uint(key_size, 4); __uint(value_size, 4));" + USE, ""),
    "not-permitted": (GPL + 'PROGRAM("socket") { return 0; }', "-n"),
    "pin": (GPL + f"MAP(m, {ARRAY} __type(value, __u32); __uint(max_entries, 1); __uint(pinning, LIBBPF_PIN_BY_NAME));" + USE, "/sys/fs/bpf"),
    "no-kernel-btf": (GPL + 'PROGRAM("tp_btf/sched_switch") { return ((struct task_struct *)ctx[1])->pid; }', "/sys/kernel/btf"),
    "subprograms": (GPL + "".join(f"static __noinline int f{i}(int n) {{ asm volatile(\"\" : \"+r\"(n)); return n; }}\n" for i in range(256))
                    + 'PROGRAM("socket") { int n = 0; ' + "".join(f"n += f{i}(n);" for i in range(256)) + " return n; }", ""),
}  # fmt: skip

# Shown by the log of a program on a kernel that is not the running one: kernel, program.
RECORDED = {
    "back-edge": ("6.1", "recursion"),
    "recursive-call": ("7.2", "recursion"),
    "call-kind": ("5.10", "call_kind"),
    "func-info": ("5.10", "callback"),
    "log-full": ("5.10", "too_large"),
    "no-words": ("6.1", "no_words"),
    "kconfig": ("6.1", "kconfig"),
    "hook-disabled": ("6.12", "hook_disabled"),
    "hook-function": ("6.12", "hook_function"),
    "hook-sleepable": ("6.12", "hook_sleepable"),
    "hook-address": ("7.3", "hook_address"),
}

# What kernels say of the same programs in other words, or refuse for something else.
NO_KFUNCS = {k.replace("-", "_"): "kfunc-absent" for k in KFUNCS if k != "dynptr-direct"}
NO_RING = dict.fromkeys([*NO_KFUNCS, "dynptr_direct"], "map-invalid")
CALLS = {"recursion": "recursive-call", "call_depth": "recursive-call", "call_kind": "kfunc-absent"}
NO_RECURSION = {"recursion": "back-edge", "call_depth": "back-edge", "arena": "unknown-opcode", "helper_type": "helper-absent"}
DIFFERENT = {
    "5.10": {**NO_RING, **NO_RECURSION, "too_large": "log-full", "record_type": "argument-type", "dynptr": "helper-absent",
             "callback": "func-info", "global_arguments": "global-function", "known_constant": "length-unbounded",
             "sleepable": "helper-absent"},
    "6.1": {**NO_KFUNCS, **NO_RECURSION, "call_kind": "kfunc-absent"},
    "6.12": {"recursion": "call-depth", "interrupts": "kfunc-absent", "call_kind": "kfunc-absent"},
    "7.2": {**CALLS, "hook_address": "hook-absent"},
    "7.3": CALLS,
}  # fmt: skip

OTHERS = {"too-many-insns"}  # test_too_many_instructions


@pytest.fixture(scope="session")
def probe(build_dir, tmp_path_factory, repo):
    program = tmp_path_factory.mktemp("verifier") / "probe_verifier"
    flags = (build_dir / "flags").read_text().split()
    libs = [build_dir / "libskep.a", "build/deps/libbpf/inst/libbpf.a", "-lelf", "-ljansson", "-lcrypto", "-lz"]
    done = subprocess.run([*flags, "-Wl,--gc-sections", "-o", program, "tests/probe_verifier.c", *libs], cwd=repo, capture_output=True, text=True)
    assert done.returncode == 0, done.stderr
    return program


@pytest.fixture(scope="session")
def compiled(build_dir, tmp_path_factory):
    folder, made = tmp_path_factory.mktemp("refused"), {}

    def of(name, source, *flags):
        if name not in made:
            made[name] = folder / f"{name}.o"
            include = ["-I", build_dir / "share/skep/libbpf", "-idirafter", "/usr/include/x86_64-linux-gnu"]
            run_tool("clang-19", "--target=bpf", "-g", "-O2", "-mcpu=v3", "-w", *flags, *include, "-c", source, "-o", made[name])
        return made[name]

    return of


def readings(probe, logs, *args):
    done = subprocess.run([probe, "read", *args], input=logs, capture_output=True, timeout=60)
    assert done.returncode == 0, done
    return {r["program"]: r for r in map(json.loads, done.stdout.decode().splitlines())}


def refused(probe, obj, *args):
    """What the kernel says of each program of an object, read; and each is refused."""
    logs = run_tool(probe, "load", *args, obj).stdout
    for name, code in re.findall(r"^@program (\w+) (\d+)", logs, re.M):
        assert code != "0", f"the kernel takes {name}"
    return readings(probe, logs.encode(errors="replace"), "-o", obj)


def marks(path):
    """Program -> line of its mark."""
    text, found = path.read_text(), {}
    for m in NAME.finditer(text):
        if "/* here */" in m[2]:
            found[m[1]] = text.count("\n", 0, m.start(2) + m[2].index("/* here */")) + 1
    for m in re.finditer(r"/\* here: (\w+) \*/", text):
        found[m[1]] = text.count("\n", 0, m.start()) + 1
    return found


@pytest.fixture(scope="session")
def programs(probe, compiled):
    return refused(probe, compiled("programs", DATA / "programs.bpf.c", "-DPRIVILEGED"))


@pytest.fixture(scope="session")
def unprivileged(probe, compiled):
    return refused(probe, compiled("unprivileged", DATA / "programs.bpf.c"), "-u")


@pytest.fixture(scope="session")
def kfuncs(probe, compiled):
    return refused(probe, compiled("kfuncs", DATA / "kfuncs.bpf.c"))


def check_place(reading, source, name):
    line = marks(source).get(name)
    assert reading["line"] and reading["cause"] and reading["remedy"], reading
    if not line:
        return
    assert (reading["source_line"], reading["file"].split("/")[-1]) == (line, source.name), reading
    assert "/* here" in reading["text"] and reading["one_line"].startswith(f"{reading['file']}:{line}: in "), reading


ROOT = pytest.mark.need("root", "btf")


@ROOT
@pytest.mark.parametrize("fixture,file,key", [
    *(("programs", "programs.bpf.c", key) for key in PROGRAMS),
    *(("unprivileged", "programs.bpf.c", key) for key in UNPRIVILEGED),
    *(("kfuncs", "kfuncs.bpf.c", key) for key in KFUNCS),
])  # fmt: skip
def test_refused(request, fixture, file, key):
    name = key.replace("-", "_")
    reading = request.getfixturevalue(fixture)[name]
    assert reading["key"] == key, reading
    check_place(reading, DATA / file, name)
    if (DATA / file).read_text().count("/* here: " + name) == 0:
        assert reading["function"] == name or reading["insn"] < 0 or name in ("call_depth", "combined_stack"), reading


@ROOT
@pytest.mark.parametrize("key", SNIPPETS)
def test_refused_without_a_log(probe, compiled, tmp_path, key):
    text, how = SNIPPETS[key]
    (tmp_path / "x.bpf.c").write_text(HEAD + text)
    obj = compiled(key, tmp_path / "x.bpf.c")
    argv = [probe, "load", *([how] if how.startswith("-") else []), obj]
    if how.startswith("/"):
        argv = ["unshare", "-m", "sh", "-c", f'mount -t tmpfs none {how} && exec "$@"', "sh", *argv]
    logs = subprocess.run([str(a) for a in argv], capture_output=True, timeout=60).stdout
    reading = readings(probe, logs, "-o", obj)["program"]
    assert b"@program program 0 " not in logs
    assert (reading["key"], bool(reading["cause"] and reading["remedy"])) == (key, True), reading


@ROOT
def test_too_many_instructions(probe, tmp_path):
    o = Object()
    o.function("program", [insn(MOV, imm=0)] * 1000001 + [insn(EXIT)])
    (tmp_path / "x.o").write_bytes(o.bytes())
    assert refused(probe, tmp_path / "x.o")["program"]["key"] == "too-many-insns"


def catalogue(probe):
    return [json.loads(line) for line in run_tool(probe, "catalogue").stdout.splitlines()]


def test_every_entry_is_shown(probe):
    entries = catalogue(probe)
    keys = [e["key"] for e in entries]
    shown = [*PROGRAMS, *UNPRIVILEGED, *KFUNCS, *SNIPPETS, *RECORDED, *OTHERS]
    assert sorted(keys) == sorted(shown) and len(keys) == len(set(keys)) > 100
    for e in entries:
        for text in (e["cause"], e["remedy"]):
            assert text == text.strip() and not text.endswith("."), e
            assert len(text) < 160 and (text[0].islower() or text.startswith(("RCU", "CO-RE"))), e
        assert re.fullmatch(r"[a-z0-9-]+", e["key"]) and all(e["pattern"].split("\n")), e


@pytest.mark.parametrize("release", DIFFERENT)
def test_kernels(probe, release):
    """What each kernel said, word by word: the entry, and the line that is marked where it tells source lines."""
    logs = (DATA / f"{release}.log").read_bytes()
    found = readings(probe, logs)
    lines = {name for source in DATA.glob("*.c") for name in marks(source)}
    assert logs.startswith(b"# Linux " + release.encode() + b".") and len(found) > 60
    for name, r in found.items():
        key = DIFFERENT[release].get(name, name.replace("_", "-"))
        assert r["key"] == key and r["line"] and r["cause"] and r["remedy"], (name, r)
        if name in lines and name.replace("_", "-") == key and r["text"]:
            assert "/* here" in r["text"], (name, r)
        if r["text"] and release.startswith(("6.12", "7")):
            assert r["file"].endswith(".bpf.c") and r["source_line"], (name, r)
    for key, (kernel, name) in RECORDED.items():
        assert kernel != release or found[name]["key"] == key, (key, found[name])


def test_old_kernels_tell_no_line_numbers(probe, compiled):
    """The object knows them: by the instruction, or where that is in another function, by the text."""
    source = DATA / "programs.bpf.c"
    obj, lines = compiled("programs", source, "-DPRIVILEGED"), marks(source)
    found = readings(probe, (DATA / "5.10.log").read_bytes(), "-o", obj)
    for name in ("map_value_null", "packet_bounds", "stack_bounds", "arith_operator", "uninitialised"):
        assert (found[name]["source_line"], found[name]["function"]) == (lines[name], name), found[name]
        assert found[name]["column"] and found[name]["file"].endswith("tests/data/verifier/programs.bpf.c")


def one(probe, log, code=22, message=""):
    return readings(probe, f"@program x {code} {message}\n{log}\n@end\n".encode())["x"]


REPORT = """0: R1=ctx() R10=fp0
; return *v; @ a.bpf.c:7
1: (79) r0 = *(u64 *)(r1 +0)
{error}

Verification failed: Some Safety: What it is

Reason:
  The reason that the kernel
  has.

At:
  f @ a.bpf.c:7:9
  Source context:
  >>> 7 | return *v;
  Instruction context:
  >>> 1 | (79) r0 = *(u64 *)(r1 +0)

Causal path:
  g @ b.bpf.c:3:2
  Instruction context:
  >>> 0 | (b7) r1 = 0

Suggestion:
  What to do
  instead.

processed 2 insns (limit 1000000) max_states_per_insn 0 total_states 0 peak_states 0 mark_read 0
"""


def test_words_that_nobody_knows(probe):
    r = one(probe, REPORT.format(error="R1 is somehow wrong"))
    assert (r["key"], r["own"], r["line"]) == (None, True, "R1 is somehow wrong")
    assert (r["cause"], r["remedy"]) == ("The reason that the kernel has.", "What to do instead.")
    assert (r["file"], r["source_line"], r["column"], r["function"], r["insn"], r["text"]) == ("a.bpf.c", 7, 9, "f", 1, "return *v;")
    assert r["one_line"] == "a.bpf.c:7: in f: R1 is somehow wrong; The reason that the kernel has.; What to do instead."
    call = "0: (85) call bpf_new#300\nsomething about it\nprocessed 1 insns (limit 1)"
    assert (one(probe, call)["key"], one(probe, call)["own"]) == (None, False), "what is called may be what the kernel lacks"


def test_middle_of_a_log_is_missing(probe):
    log = REPORT.format(error="R1 is somehow wrong").split("At:\n")[1]
    r = one(probe, log, 13, "libbpf: prog 'x': BPF program load failed: -EACCES")
    assert (r["line"], r["remedy"]) == ("prog 'x': BPF program load failed: -EACCES", "What to do instead.")


def test_hostile_text_is_escaped(probe):
    r = one(probe, "; evil \x1b[31m @ \x1b]0;x\x07.c:3\n0: (95) exit\nR1 \x1b[2Jbad\n")
    assert r["line"] == "R1 \\x1b[2Jbad" and r["text"] == "evil \\x1b[31m" and r["file"] == "\\x1b]0;x\\x07.c", r


def test_first_useful_line(probe):
    """Statistics without a newline before them, states behind the error, errors of what was gone through before."""
    log = "arg#0 reference type('UNKNOWN ') size cannot be determined: -22\n0: (b7) r0 = 0\nR9 !read_ok\n1: (95) exit\n"
    tail = "infinite loop detected at insn 9\ncur state: R0=0\nold state: R0=0\nprocessed 1 insns (limit 1) max_states_per_insn 0\n"
    assert one(probe, log + tail)["line"] == "infinite loop detected at insn 9"
    assert one(probe, log + tail)["insn"] == 9
    assert one(probe, "insn 3 cannot call exception cb directlyprocessed 4 insns (limit 9)\n")["line"] == "insn 3 cannot call exception cb directly"
    cut = one(probe, log + "R1", 28, "prog 'x': BPF program load failed: -ENOSPC")
    assert (cut["key"], cut["line"]) == ("log-full", "prog 'x': BPF program load failed: -ENOSPC")
    assert one(probe, "", 1)["line"] == "Operation not permitted"


# --- cycles and hot lines ---

def text(probe, what, log, *args):
    done = subprocess.run([probe, what, *args], input=log.encode(), capture_output=True, timeout=60)
    assert done.returncode == 0, done
    return done.stdout.decode()


def test_cycles_are_counted(probe):
    body = [f"; x{i}\n{i}: (07) r1 += 1 ; R1={{n}}{i}\n" for i in range(3)]
    log = "0: R1=ctx()\n" + "".join("".join(body).format(n=n) for n in range(41)) + "R1 unbounded\n"
    assert text(probe, "collapse", log) == "0: R1=ctx()\n" + "".join(body).format(n=0) + "\t\u2026 40 times more\nR1 unbounded\n"


def test_cycles_within_cycles(probe):
    inner = "2: (07) r2 += 1\n3: (a5) if r2 < 8 goto pc-2\n"
    outer = "1: (b7) r2 = 0\n{}4: (07) r1 += 1\n5: (a5) if r1 < 8 goto pc-5\n"
    log = "".join(outer.format(inner * (n % 3 + 4)) for n in range(12)) + "end\n"
    small = text(probe, "collapse", log)
    assert len(small.splitlines()) < 12 and small.startswith("1: (b7) r2 = 0\n" + inner) and small.endswith("end\n"), small


def test_what_does_not_repeat_stays(probe):
    log = "".join(f"{i}: (07) r{i % 9} += {i}\n" for i in range(100)) + "x\nx\n"
    assert text(probe, "collapse", log) == log


def loop_log(lines):
    body = ["; for (i) @ a.c:3", "5: (07) r1 += 1                       ; R1={n}", "6: (a5) if r1 < 0xfff goto pc-2        ; R1={n}"]
    return "\n".join(body[i % 3].format(n=i) for i in range(lines)) + "\n"


@pytest.mark.parametrize("kind", ["loop", "distinct", "empty", "one line"])
def test_time_is_linear(probe, kind):
    """16 MiB in a moment, whatever is in them: what is not linear takes hours."""
    size = 16 << 20
    makers = {"loop": lambda: loop_log(size // 40), "empty": lambda: "\n" * (size // 8), "one line": lambda: "x" * size}
    makers["distinct"] = lambda: "".join(f"{i % 99991}: (07) r{i % 9} += {i}\n" for i in range(size // 27))
    log = makers[kind]()
    for what in ("collapse", "hot"):
        started = time.monotonic()
        text(probe, what, log)
        assert time.monotonic() - started < 20, what


@ROOT
def test_hot_lines(probe, compiled):
    """What veristat's idea of it would give: the loop's line first, as often as its instructions were walked."""
    obj = compiled("programs", DATA / "programs.bpf.c", "-DPRIVILEGED")
    logs = subprocess.run([probe, "load", obj], capture_output=True, env={**os.environ, "ONLY": "index_negative", "LEVEL": "2"}).stdout.decode()
    log = logs.split("\n", 1)[1]
    walked = int(re.search(r"processed (\d+) insns", log)[1])
    rows = [line.split(" ", 2) for line in text(probe, "hot", log, "-o", obj, "-p", "index_negative").splitlines()]
    mine = marks(DATA / "programs.bpf.c")["index_negative"]
    assert sum(int(n) for n, *_ in rows) == walked and rows == sorted(rows, key=lambda r: -int(r[0])), rows
    assert any(place.endswith(f"programs.bpf.c:{mine}") and "/* here */" in source for _, place, source in rows), rows
