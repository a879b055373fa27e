# SPDX-License-Identifier: BSD-2-Clause
"""skep inspect: what it says of objects is held against readelf, llvm-objdump, bpftool and the kernel."""

import hashlib
import json
import re
import struct
import subprocess
from pathlib import Path

import pytest
from compilers import CLANGS, OLD

REPO = Path(__file__).resolve().parent.parent
FLAGS = ["-mcpu=v3", "-g", "-O2", "-Wall", "-fno-ident", "-fdebug-compilation-dir=.", "-idirafter", "/usr/include/x86_64-linux-gnu"]
BOTH = [(c, t) for c in CLANGS for t in ("bpfel", "bpfeb")]

SOURCE = r"""
#include <linux/bpf.h>
#include <bpf/bpf_helpers.h>
#include <bpf/bpf_core_read.h>

char LICENSE[] SEC("license") = "Dual BSD/GPL";

#pragma clang attribute push(__attribute__((preserve_access_index)), apply_to = record)
struct inner { int pad; union { int left; long right[4]; }; };
struct task_struct { int pid; unsigned int bits : 3; struct inner in[2]; struct task_struct *parent; char comm[16]; };
struct gone { int x; };
#pragma clang attribute pop
enum color { RED = 3, GREEN = 5 };
typedef int (*callback_t)(int);

struct key { __u32 a; __u64 b; };
struct {
	__uint(type, BPF_MAP_TYPE_HASH);
	__uint(max_entries, 100);
	__uint(map_flags, BPF_F_NO_PREALLOC);
	__type(key, struct key);
	__type(value, __u64);
} table SEC(".maps");
struct { __uint(type, BPF_MAP_TYPE_RINGBUF); __uint(max_entries, 4096); } ring SEC(".maps");
struct {
	__uint(type, BPF_MAP_TYPE_PERCPU_ARRAY);
	__uint(max_entries, 7);
	__uint(key_size, 4);
	__uint(value_size, 24);
} bare SEC(".maps");

const volatile unsigned long long limit = 9;
char name[16] = "x";
static long hidden;
struct key *pointer;

extern void bpf_rcu_read_lock(void) __ksym;
extern void bpf_rcu_read_unlock(void) __ksym __attribute__((weak));

static long each(__u32 i, void *ctx) { return bpf_get_prandom_u32() & 1; }

__attribute__((noinline)) int global_sub(int x) { hidden += x; return bpf_get_smp_processor_id() + x; }

SEC("tp_btf/sched_switch") int on_switch(void *ctx)
{
	struct task_struct *t = (void *)bpf_get_current_task();
	__u64 sum = 0;

	bpf_rcu_read_lock();
	sum += bpf_core_field_exists(t->parent);
	sum += bpf_core_field_size(t->comm);
	sum += bpf_core_type_exists(struct gone);
	sum += bpf_core_type_size(callback_t);
	sum += bpf_core_enum_value(enum color, GREEN);
	sum += bpf_core_type_id_local(struct gone);
	sum += BPF_CORE_READ_BITFIELD_PROBED(t, bits);
	sum += BPF_CORE_READ(t, in[1].right[2]);
	sum += BPF_CORE_READ(t, parent, parent, pid);
	bpf_loop(3, each, 0, 0);
	if (bpf_rcu_read_unlock)
		bpf_rcu_read_unlock();
	return sum > limit ? global_sub(sum) : 0;
}

SEC("?xdp.frags") int pass(struct xdp_md *ctx) { return XDP_PASS; }

SEC("cgroup_skb/ingress") int count(struct __sk_buff *skb)
{
	__u32 k = 0;
	__u64 *v = bpf_map_lookup_elem(&bare, &k);

	if (v)
		++*v;
	bpf_map_update_elem(&table, &(struct key){ 1, 2 }, &(__u64){ 3 }, 0);
	return 1;
}
"""


@pytest.fixture(scope="session")
def compiled(tmp_path_factory, build_dir):
    """Compile a source once per compiler and byte order -> path of the object."""
    made = {}

    def compile_(clang, target, source=SOURCE, name="probe"):
        if (clang, target, source) not in made:
            folder = tmp_path_factory.mktemp("object")
            (folder / f"{name}.bpf.c").write_text(source)
            include = ["-I", build_dir / "share/skep/libbpf", "-I", build_dir / "share/skep/bpf", "-I", REPO / "sdk/bpf"]
            include += ["-I", REPO / "build/deps/libbpf/inst/include"]
            argv = [clang, f"--target={target}", *FLAGS, *include, "-c", f"{name}.bpf.c", "-o", f"{name}.bpf.o"]
            subprocess.run([str(a) for a in argv], cwd=folder, check=True)
            made[clang, target, source] = folder / f"{name}.bpf.o"
        return made[clang, target, source]

    return compile_


@pytest.fixture(params=BOTH, ids=lambda p: f"{p[0]}-{p[1]}")
def probe(request, need, compiled):
    need(request.param[0])
    return compiled(*request.param)


def report(skep, path):
    return skep("inspect", path, "--json").ok().json()


def by(rows, key="name"):
    return {row[key]: row for row in rows}


# --- judges --------------------------------------------------------------------------------------


def functions(tool, path):
    """name -> (section index, offset, instructions), by readelf"""
    found = {}
    for line in tool("readelf", "-sW", path).stdout.splitlines():
        words = line.split()
        if len(words) == 8 and words[3] == "FUNC":
            found[words[7]] = (int(words[6]), int(words[1], 16), int(words[2]) // 8)
    return found


def disassembly(tool, path):
    """[(function, instruction within it, text)] of llvm-objdump, relocations and CO-RE records as lines of their own"""
    rows, function, start = [], None, 0
    names = functions(tool, path)
    for line in tool("llvm-objdump-19", "-dr", "--no-show-raw-insn", path).stdout.splitlines():
        head = re.match(r"([0-9a-f]{16}) <(\w+)>:", line)
        if head and head[2] in names:
            function, start = head[2], int(head[1], 16) // 8
        insn = re.match(r"\s+(\d+):\s+(\S.*)", line)
        note = re.match(r"\s+([0-9a-f]{16}):\s+(\S.*)", line)
        if note:
            rows.append((function, int(note[1], 16) // 8 - start, note[2]))
        elif insn:
            rows.append((function, int(insn[1]) - start, insn[2]))
    return rows


def core_records(tool, path):
    """[(function, insn, kind, path, access)] as llvm-objdump tells them"""
    found = []
    for function, insn, text in disassembly(tool, path):
        m = re.match(r"CO-RE <(\w+)> \[\d+\] (?:typedef )?(.*?)(?: = \d+)?(?: \(([\d:]+)\))?$", text)
        if m:
            found.append((function, insn, m[1], m[2].replace("<anon 1>.", "").replace("::", "."), m[3]))
    return found


def helper_ids(bpftool):
    names = bpftool("feature", "list_builtins", "helpers").stdout.split()
    return {number: name for number, name in enumerate(names)}


# --- objects -------------------------------------------------------------------------------------


def test_programs(skep, tool, probe):
    found = report(skep, probe)
    sizes = functions(tool, probe)
    assert found["license"] == "Dual BSD/GPL"
    assert found["byte_order"] == ("big" if "MSB" in tool("file", "-b", probe).stdout else "little")
    rows = by(found["programs"])
    assert list(rows) == ["on_switch", "pass", "count"]
    for name, row in rows.items():
        assert row["insns"] == sizes[name][2], name
    keys = ("type", "section", "attach_type", "target", "autoload")
    assert [rows["on_switch"][k] for k in keys] == ["tracing", "tp_btf/sched_switch", "trace_raw_tp", "sched_switch", True]
    assert [rows["pass"][k] for k in keys] == ["xdp", "xdp.frags", "xdp", None, False]
    assert [rows["count"][k] for k in keys] == ["cgroup_skb", "cgroup_skb/ingress", "cgroup_inet_ingress", "ingress", True]


def test_helpers_and_kfuncs(skep, tool, bpftool, probe):
    ids, called = helper_ids(bpftool), {}
    assert ids[1] == "bpf_map_lookup_elem"
    for function, _, text in disassembly(tool, probe):
        m = re.match(r"call (0x[0-9a-f]+|\d+)$", text)
        if m:
            called.setdefault(function, set()).add(ids[int(m[1], 0)])
    found = report(skep, probe)
    rows = by(found["programs"])
    expect = called["on_switch"] | called["each"] | called["global_sub"]
    assert {"bpf_get_prandom_u32", "bpf_get_smp_processor_id", "bpf_loop"} <= expect
    assert set(rows["on_switch"]["helpers"]) == expect
    assert set(rows["count"]["helpers"]) == called["count"]
    assert rows["pass"]["helpers"] == [] and rows["pass"]["kfuncs"] == []
    assert rows["on_switch"]["kfuncs"] == ["bpf_rcu_read_lock", "bpf_rcu_read_unlock"]
    calls = {(c["name"], p) for c in found["calls"] for p in c["programs"]}
    assert calls == {(h, r["name"]) for r in found["programs"] for h in r["helpers"] + r["kfuncs"]}


def test_relocations(skep, tool, probe):
    rows = report(skep, probe)["relocations"]
    judged = core_records(tool, probe)
    assert len(judged) == len(rows) > 12
    for row, (function, insn, kind, path, access) in zip(rows, judged):
        assert (row["function"], row["insn"], row["kind"], row["path"]) == (function, insn, kind, path)
        if access:
            assert row["access"] == access
    assert "struct task_struct.in[1].right[2]" in {r["path"] for r in rows}
    assert {r["kind"] for r in rows} >= {"field_exists", "enumval_value", "type_size", "local_type_id", "rshift_u64"}


def test_source_lines(skep, tool, probe):
    """The line that names what is captured; where clang merges constants of several lines, one that objdump tells."""
    judged, at, start = {}, None, 0
    names = functions(tool, probe)
    for line in tool("llvm-objdump-19", "-dl", "--no-show-raw-insn", probe).stdout.splitlines():
        head = re.match(r"([0-9a-f]{16}) <(\w+)>:", line)
        if head and head[2] in names:
            function, start = head[2], int(head[1], 16) // 8
        where = re.match(r"; (\S+:\d+)$", line)
        at = where[1] if where else at
        insn = re.match(r"\s+(\d+):\t", line)
        if insn:
            judged[function, int(insn[1]) - start] = at
    lines = (probe.parent / "probe.bpf.c").read_text().splitlines()
    rows = report(skep, probe)["relocations"]
    merged = []
    for row in rows:
        file, line = row["source"].rsplit(":", 1)
        assert Path(file).name == "probe.bpf.c" and row["text"] == lines[int(line) - 1].strip()
        captured = re.findall(r"\w+", row["path"])[-1 if "[" not in row["path"] else -2]
        if not re.search(rf"\b{captured}\b", row["text"]):
            merged.append(row)
            told = {where.rsplit(":", 1)[1] for (f, _), where in judged.items() if f == row["function"] and where}
            assert line in told, row
    assert len({r["source"] for r in rows}) > 5 and len(merged) <= 2, merged


def test_globals(skep, tool, probe):
    rows = by(report(skep, probe)["globals"])
    symbols = {}
    for line in tool("readelf", "-sW", probe).stdout.splitlines():
        words = line.split()
        if len(words) == 8 and words[3] == "OBJECT":
            symbols[words[7]] = (int(words[1], 16), int(words[2]))
    for name in ("limit", "name", "hidden", "pointer"):
        assert (rows[name]["offset"], rows[name]["size"]) == symbols[name]
    assert {n: (r["section"], r["type"], r["static"]) for n, r in rows.items()} == {
        "limit": (".rodata", "volatile const unsigned long long", False),
        "name": (".data", "char[16]", False),
        "hidden": (".bss", "long", True),
        "pointer": (".bss", "struct key *", False),
    }


@pytest.mark.need("root", "bpffs", "x86_64")
@pytest.mark.parametrize("clang", CLANGS)
def test_maps_are_what_the_kernel_makes(skep, tool, bpftool, need, compiled, tmp_path, clang):
    need(clang)
    path = compiled(clang, "bpfel", SOURCE[: SOURCE.index("extern void")] + SOURCE[SOURCE.index('SEC("cgroup_skb') :])
    pins = Path(f"/sys/fs/bpf/skep-test-{tmp_path.name}")
    pins.mkdir()
    try:
        bpftool("prog", "loadall", path, pins / "progs", "pinmaps", pins / "maps")
        shown = {}
        for pin in (pins / "maps").iterdir():
            shown[pin.name] = json.loads(bpftool("-j", "map", "show", "pinned", pin).stdout)
    finally:
        subprocess.run(["rm", "-r", str(pins)])
    rows = by(report(skep, path)["maps"])
    for name in ("table", "ring", "bare"):
        ours, kernel = rows[name], shown[name]
        assert (ours["type"], ours["key_size"], ours["value_size"], ours["max_entries"], ours["flags"]) == (
            kernel["type"], kernel["bytes_key"], kernel["bytes_value"], kernel["max_entries"], kernel["flags"],
        )  # fmt: skip
    assert (rows["table"]["key_type"], rows["table"]["value_type"]) == ("struct key", "__u64")
    assert rows["table"]["flag_names"] == ["no_prealloc"]
    assert rows["bare"]["key_type"] is None
    data = {n: r["value_size"] for n, r in rows.items() if r["data_section"]}
    kernel_data = {n[n.index("_") if "." not in n else n.index(".") :].replace("_", ".", 1): s["bytes_value"] for n, s in shown.items() if n not in rows}
    assert data.keys() >= {".rodata", ".data"} and sorted(data.values()) == sorted(kernel_data.values())


def test_text(skep, need, compiled):
    need("clang-19")
    path = compiled("clang-19", "bpfel")
    lines = skep("inspect", path.name, cwd=path.parent).ok().out.splitlines()
    assert lines[0] == "object:     probe.bpf.o"
    assert lines[2:4] == ["license:    Dual BSD/GPL", "byte order: little"]
    expect = [
        "programs",
        "  name       type        section              attach type          insns  autoload",
        "  pass       xdp         xdp.frags            xdp                      2  no",
        "  table    hash          struct key     16  __u64      8      100  no_prealloc",
        "  .data         0    16  name     char[16]",
        "CO-RE relocations",
        "  on_switch    32  byte_off       struct task_struct.in[1].right[2]  0:2:1:1:1:2  probe.bpf.c:57",
        "requirements",
        "  least kernel, estimated: 6.2",
        "  kind          name                       since  guarded  programs",
        "  helper        bpf_loop                   5.17   no       on_switch",
        "  kfunc         bpf_rcu_read_lock          6.2    no       on_switch",
        "  kfunc         bpf_rcu_read_unlock        6.2    yes      on_switch",
    ]
    assert [line for line in lines if line in expect] == expect
    assert all(line == line.rstrip() and len(line) < 100 for line in lines)


EVENTS = r"""
#include <linux/bpf.h>
#include <skep/events.h>
char LICENSE[] SEC("license") = "GPL";
struct event { __u32 pid; char comm[16]; };
typedef struct event other_t;
SKEP_EVENTS(events, struct event);
SKEP_EVENTS(others, other_t, 8192);
SEC("raw_tp/sched_switch") int f(void *ctx)
{
	struct event *e = skep_event_reserve(events);
	if (e) { __builtin_memset(e, 0, sizeof(*e)); skep_event_submit(e); }
	return 0;
}
"""


@pytest.mark.parametrize("clang, target", BOTH)
def test_event_types(skep, need, compiled, clang, target):
    need(clang)
    rows = by(report(skep, compiled(clang, target, EVENTS))["maps"])
    assert {n: (r["event_type"], r["max_entries"]) for n, r in rows.items()} == {
        "events": ("struct event", 262144),
        "others": ("other_t", 8192),
    }


# --- bad input -----------------------------------------------------------------------------------


def strip_section(tool, path, name, to):
    tool("llvm-objcopy-19", f"--remove-section={name}", f"--remove-section=.rel{name}", path, to)


def refused(skep, path, rc):
    done = skep("inspect", path)
    assert (done.rc, done.out) == (rc, ""), done
    return done.err.splitlines()


def test_not_an_object(skep, tool, need, compiled, tmp_path):
    need("clang-19")
    path = compiled("clang-19", "bpfel")
    (tmp_path / "x.c").write_text("int x;\n")
    tool("gcc", "-c", "x.c", "-o", "x86.o", cwd=tmp_path)
    tool("clang-19", "--target=bpfel", "-O2", "-emit-llvm", "-c", "x.c", "-o", "x.bc", cwd=tmp_path)
    (tmp_path / "empty").write_bytes(b"")
    (tmp_path / "text").write_text("hello\n")
    strip_section(tool, path, ".BTF", tmp_path / "nobtf.o")
    assert refused(skep, "x86.o", 2) == [
        "skep inspect: x86.o: ELF for machine 62, not BPF (247)",
        "  hint: compile with clang --target=bpf",
    ]
    assert refused(skep, "x.bc", 2)[0] == "skep inspect: x.bc: LLVM bitcode, not a BPF object"
    assert refused(skep, "nobtf.o", 1) == [
        "skep inspect: nobtf.o: object without BTF",
        "  hint: compile with -g, and strip with `llvm-strip -g` only",
    ]
    assert refused(skep, "empty", 2)[0].startswith("skep inspect: empty: ")
    assert refused(skep, "text", 2)[0].startswith("skep inspect: text: ")
    assert refused(skep, "absent", 3)[0].startswith("skep inspect: absent: ")
    assert refused(skep, ".", 3)[0].startswith("skep inspect: .: ")


def test_libbpf_says_why(skep, need, compiled):
    need("clang-19")
    source = SOURCE.replace("__uint(max_entries, 7);", "__uint(bogus, 7);")
    path = compiled("clang-19", "bpfel", source)
    assert refused(skep, path.name if path.parent == Path(".") else path, 1) == [
        f"skep inspect: {path}: map 'bare': unknown field 'bogus'"
    ]


@pytest.mark.parametrize("clang, target", [BOTH[0], BOTH[3]])
def test_every_truncation_is_refused(skep, need, compiled, tmp_path, clang, target):
    need(clang)
    whole = compiled(clang, target).read_bytes()
    path = tmp_path / "cut.o"
    for size in range(0, len(whole), 64):
        path.write_bytes(whole[:size])
        done = skep("inspect", "cut.o")
        assert done.rc in (1, 2) and done.out == "" and done.err.startswith("skep inspect: cut.o: "), (size, done)


@pytest.mark.parametrize("clang, target", [BOTH[0], BOTH[3]])
def test_flipped_bytes_never_crash(skep, tool, need, compiled, tmp_path, clang, target):
    need(clang)
    tool("llvm-strip-19", "-g", compiled(clang, target), "-o", tmp_path / "whole.o")
    whole = (tmp_path / "whole.o").read_bytes()
    answers = set()
    step = max(1, len(whole) // 400)
    for at in range(0, len(whole), step):
        (tmp_path / "flip.o").write_bytes(whole[:at] + bytes([whole[at] ^ (1 << at % 8)]) + whole[at + 1 :])
        done = skep("inspect", "flip.o", "--json")
        assert done.rc in (0, 1, 2), (at, done)
        answers.add(done.rc)
    assert answers >= {0, 1}


def section_headers(data):
    shoff, = struct.unpack_from("<Q", data, 40)
    count, = struct.unpack_from("<H", data, 60)
    return [shoff + 64 * i for i in range(count)]


def test_hostile_section_headers(skep, need, compiled, tmp_path):
    """Every field of every section header, set to what breaks arithmetic."""
    need(OLD)
    whole = compiled(OLD, "bpfel").read_bytes()
    for header in section_headers(whole)[1:]:
        for offset, form in ((0, "I"), (4, "I"), (24, "Q"), (32, "Q"), (40, "I"), (44, "I"), (56, "Q")):
            for value in (0xFFFFFFFFFFFFFFFF, 1 << 40, len(whole) - 1):
                data = bytearray(whole)
                struct.pack_into("<" + form, data, header + offset, value & (2**32 - 1 if form == "I" else 2**64 - 1))
                (tmp_path / "x.o").write_bytes(data)
                done = skep("inspect", "x.o")
                assert done.rc in (0, 1, 2), (header, offset, value, done)


def renamed(tool, path, old, new, to):
    tool("llvm-objcopy-19", f"--rename-section={old}={new}", path, to)


@pytest.mark.parametrize("name", [".BTF", ".BTF.ext", "license"])
def test_two_sections_of_one_name(skep, tool, need, compiled, tmp_path, name):
    """libbpf would take the second, which nobody has looked at."""
    need("clang-19")
    (tmp_path / "more").write_bytes(b"\xff" * 64)
    path = tmp_path / "x.o"
    tool("llvm-objcopy-19", f"--add-section=.spare={tmp_path}/more", compiled("clang-19", "bpfel"), path)
    renamed(tool, path, ".spare", name, path)
    assert refused(skep, "x.o", 1) == [f"skep inspect: x.o: malformed ELF: two sections '{name}'"]


def test_btf_in_a_section_that_libbpf_skips(skep, need, compiled, tmp_path):
    need("clang-19")
    whole = bytearray(compiled("clang-19", "bpfel").read_bytes())
    shstrtab = section_headers(whole)[struct.unpack_from("<H", whole, 62)[0]]
    names, = struct.unpack_from("<Q", whole, shstrtab + 24)
    for header in section_headers(whole)[1:]:
        name_off, = struct.unpack_from("<I", whole, header)
        if whole[names + name_off :].startswith(b".BTF\0"):
            struct.pack_into("<I", whole, header + 4, 3)
    (tmp_path / "x.o").write_bytes(whole)
    assert refused(skep, "x.o", 1) == ["skep inspect: x.o: malformed ELF: type of section '.BTF'"]


def test_access_string_with_negative_index(skep, need, compiled, tmp_path):
    """libbpf's parser takes "0:-1" and reads before the members."""
    need("clang-19")
    whole = compiled("clang-19", "bpfel").read_bytes()
    assert whole.count(b"\x000:4\x00") == 1
    (tmp_path / "x.o").write_bytes(whole.replace(b"\x000:4\x00", b"\x00-01\x00"))
    assert refused(skep, "x.o", 1) == [
        "skep inspect: x.o: malformed .BTF.ext: a record refers to what does not exist"
    ]


def test_overlapping_tables_of_foreign_byte_order(skep, need, compiled, tmp_path):
    """libbpf swaps tables in place, one after the other: an overlap would be swapped twice."""
    need("clang-19")
    whole = bytearray(compiled("clang-19", "bpfeb").read_bytes())
    at = whole.index(b"\xeb\x9f\x01\x00\x00\x00\x00\x20")
    func_off, func_len = struct.unpack_from(">II", whole, at + 8)
    struct.pack_into(">II", whole, at + 16, func_off, func_len)
    (tmp_path / "x.o").write_bytes(whole)
    assert refused(skep, "x.o", 1) == ["skep inspect: x.o: malformed .BTF.ext: tables overlap or lie outside"]


def test_usage(skep):
    assert skep("inspect").rc == 2
    assert skep("inspect", "a", "b").rc == 2
    assert "FILE [--json]" in skep("inspect", "--help").ok().out


# --- packages ------------------------------------------------------------------------------------


def test_package(skep, tool, package, project):
    path = package("exec-watch")
    found = report(skep, path)
    assert (found["kind"], found["name"], found["version"]) == ("package", "exec-watch", "0.1.0")
    index = tool("skopeo", "inspect", "--raw", f"oci-archive:{path}:exec-watch:0.1.0").stdout
    assert found["digest"] == "sha256:" + hashlib.sha256(index.encode()).hexdigest()
    assert found["referrers"] == []
    (arch, platform), = list(found["platforms"].items())[:1]
    files = by(platform["files"])
    obj = (project("exec-watch") / "build/exec_watch.bpf.o").read_bytes()
    assert files["exec_watch.bpf.o"]["size"] == len(obj)
    assert files["exec_watch.bpf.o"]["digest"] == "sha256:" + hashlib.sha256(obj).hexdigest()
    own = dict(report(skep, project("exec-watch", to=path.parent / "again") / "build/exec_watch.bpf.o"))
    for key in ("kind", "file", "size"):
        del own[key]
    assert platform["objects"]["exec_watch"] == own
    text = skep("inspect", path).ok().out
    assert f"digest:  {found['digest']}" in text and "exec_watch.bpf.o" in text and "programs" in text


def test_signed_package_has_referrers(skep, signed_package):
    found = report(skep, signed_package)
    assert len(found["referrers"]) == 1
    assert found["referrers"][0]["subject"] == found["digest"]
    assert "sigstore" in found["referrers"][0]["type"]
