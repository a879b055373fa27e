# SPDX-License-Identifier: BSD-2-Clause
"""Objects that `skep build` ships: readelf, llvm-objdump, bpftool, a compiler and the kernel take them as they are."""

import io
import json
import os
import random
import re
import shutil
import struct
import tarfile

import pytest
from compilers import CLANGS

YAML = """name: probe
version: 0.1.0
license: GPL-2.0-only
sources: [{sources}]
"""

EVENT = "struct event { __u32 pid; __u64 ns; char comm[16]; };\nstruct other { __u16 a, b; };\n"

MAIN = r"""
#include "vmlinux.h"
#include <skep/events.h>
#include <bpf/bpf_core_read.h>
#include "event.h"

char LICENSE[] SEC("license") = "GPL";

SKEP_EVENTS(events, struct event);
SKEP_EVENTS(others, struct other, 8192);

const volatile __u64 min_ns = 7;
__u64 seen;

int helper(int x);

SEC("tp/sched/sched_process_exec") int on_exec(void *ctx)
{
	struct task_struct *task = (void *)bpf_get_current_task();
	struct event *e = skep_event_reserve(events);

	if (!e)
		return 0;
	__builtin_memset(e, 0, sizeof(*e));
	e->ns = min_ns + seen++;
	e->pid = helper(BPF_CORE_READ(task, pid));
	skep_event_submit(e);
	return 0;
}
"""

HELPER = r"""
#include "vmlinux.h"
#include <skep/events.h>
#include "event.h"

SKEP_EVENTS(more, struct event);

__attribute__((noinline)) int helper(int x)
{
	struct event *e = skep_event_reserve(more);

	if (e)
		skep_event_discard(e);
	return x & 0xffff;
}
"""


@pytest.fixture(scope="module")
def built(session_skep, need, tmp_path_factory):
    """Build sources in a folder of their own with one compiler -> the project."""
    made = {}

    def build(clang, sources, yaml="", folder="p", check=True):
        key = (clang, tuple(sources.items()), yaml, folder)
        if key not in made:
            need(clang, "btf")
            top = tmp_path_factory.mktemp("objects")
            (top / "bin").mkdir()
            (top / "bin/clang").symlink_to(shutil.which(clang))
            project = top / folder
            (project / "src").mkdir(parents=True)
            for name, text in {"event.h": EVENT, **sources}.items():
                (project / "src" / name).write_text(text)
            listed = ", ".join(f"src/{name}" for name in sources)
            (project / "skep.yaml").write_text(YAML.format(sources=listed) + yaml)
            done = session_skep("build", "-C", project, env={"PATH": top / "bin"})
            made[key] = (project, done)
        project, done = made[key]
        if check:
            done.ok()
        return (project / "build/probe.bpf.o") if check else done

    return build


BOTH = {"main.bpf.c": MAIN, "helper.bpf.c": HELPER}


@pytest.fixture(params=CLANGS)
def obj(request, built):
    return built(request.param, BOTH)


def sections(tool, path):
    found = {}
    for line in tool("readelf", "-SW", path).stdout.splitlines():
        m = re.match(r"\s+\[\s*(\d+)\] (\S+)\s+(\w+)\s+\w+ (\w+) (\w+)", line)
        if m and m[1] != "0":
            found[m[2]] = (int(m[1]), m[3], int(m[4], 16), int(m[5], 16))
    return found


def test_elf_readers_take_it(tool, obj):
    done = tool("readelf", "-aW", obj)
    assert "arning" not in done.stdout + done.stderr and "rror" not in done.stderr
    tool("llvm-readelf-19", "-aW", obj)
    dump = tool("llvm-objdump-19", "-dr", obj)
    assert "<on_exec>:" in dump.stdout and "<helper>:" in dump.stdout and not dump.stderr
    assert "CO-RE <byte_off>" in dump.stdout and "task_struct::pid" in dump.stdout


def test_nothing_ships_that_no_loader_reads(tool, obj):
    found = sections(tool, obj)
    text = {"tp/sched/sched_process_exec", ".text"}
    data = {"license", ".rodata", ".bss", ".maps"}
    rel = {f".rel{name}" for name in text}
    assert set(found) == text | data | rel | {".BTF", ".BTF.ext", ".symtab", ".strtab"}
    symbols = tool("readelf", "-sW", obj).stdout
    assert "FILE" not in symbols and "skep_event" not in symbols
    strings = obj.read_bytes()
    assert b"/work" not in strings and str(obj.parent.parent).encode() not in strings


def btf(bpftool, path):
    return json.loads(bpftool("-j", "btf", "dump", "file", path).stdout)["types"]


def test_event_types_stay_and_their_section_goes(bpftool, obj):
    types = btf(bpftool, obj)
    by_name = {t["name"]: t for t in types if t["kind"] == "STRUCT"}
    assert [m["name"] for m in by_name["event"]["members"]] == ["pid", "ns", "comm"]
    assert [m["name"] for m in by_name["other"]["members"]] == ["a", "b"]
    assert not [t for t in types if t["kind"] in ("VAR", "DATASEC") and "skep" in t["name"]]
    tags = {t["name"] for t in types if t["kind"] == "DECL_TAG"}
    assert tags == {"skep:event=struct event", "skep:event=struct other"}
    ids = {t["id"]: t for t in types}
    pointers = [t for t in types if t["kind"] == "STRUCT" and t["name"] == "(anon)" and t["size"] == 24]
    pointees = [{ids[ids[m["type_id"]]["type_id"]]["name"] for m in t["members"]} for t in pointers if t["vlen"] == 3]
    assert {"event", "other"} in pointees


def test_bpftool_takes_it(bpftool, tool, obj, tmp_path):
    c = bpftool("btf", "dump", "file", obj, "format", "c").stdout
    (tmp_path / "t.c").write_text(c + "\nunsigned long size = sizeof(struct event);\n")
    tool("clang-19", "--target=bpfel", "-Werror", "-c", tmp_path / "t.c", "-o", tmp_path / "t.o")
    skeleton = bpftool("gen", "skeleton", obj, "name", "probe").stdout
    for word in ("*events;", "*others;", "*more;", "*on_exec;", "__u64 min_ns;", "__u64 seen;"):
        assert word in skeleton, word


def loaded(bpftool, path, tag):
    pin = f"/sys/fs/bpf/skep-{tag}"
    try:
        bpftool("prog", "load", path, pin)
        prog = json.loads(bpftool("-j", "prog", "show", "pinned", pin).stdout)
        types = bpftool("btf", "dump", "id", str(prog["btf_id"])).stdout
        lines = bpftool("prog", "dump", "xlated", "pinned", pin, "linum").stdout
    finally:
        if os.path.exists(pin):
            os.unlink(pin)
    return types, lines


@pytest.mark.need("root", "bpffs")
def test_kernel_takes_object_and_btf(bpftool, obj, tmp_path):
    types, lines = loaded(bpftool, obj, tmp_path.name)
    assert "STRUCT 'event'" in types and "STRUCT 'other'" in types
    assert ".skep.types" not in types
    assert "on_exec" in lines and "line_num:" in lines and "e->ns = min_ns + seen++;" in lines


def test_same_bytes_from_another_folder(built):
    for clang in CLANGS:
        first = built(clang, BOTH).read_bytes()
        assert built(clang, BOTH, folder="quite/another/place").read_bytes() == first


def test_inspect_names_the_events(skep, obj):
    maps = {m["name"]: m for m in skep("inspect", obj, "--json").ok().json()["maps"]}
    events = {n: (m["event_type"], m["max_entries"]) for n, m in maps.items() if m["type"] == "ringbuf"}
    assert events == {
        "events": ("struct event", 262144),
        "others": ("struct other", 8192),
        "more": ("struct event", 262144),
    }


@pytest.mark.parametrize("clang", CLANGS)
def test_defaults_of_parameters_are_in_the_object(built, tool, clang):
    yaml = "params:\n  min_ns: {type: u64, default: 0x1122334455667788, rodata: min_ns}\n"
    path = built(clang, BOTH, yaml)
    _, _, offset, size = sections(tool, path)[".rodata"]
    assert struct.unpack_from("<Q", path.read_bytes(), offset) == (0x1122334455667788,)
    plain = built(clang, BOTH)
    _, _, offset, size = sections(tool, plain)[".rodata"]
    assert struct.unpack_from("<Q", plain.read_bytes(), offset) == (7,)


def test_the_section_is_not_for_programs(built):
    source = MAIN.replace("e->pid = helper", "e->ns += (__u64)*(void *volatile *)&__skep_event_others; e->pid = helper")
    done = built("clang-19", {**BOTH, "main.bpf.c": source}, check=False)
    assert done.rc == 1, done
    assert done.err.splitlines() == [
        "skep build: build/probe.bpf.o: 'tp/sched/sched_process_exec' refers to section '.skep.types', which does not ship",
        "  hint: section .skep.types is for SKEP_EVENTS() alone",
    ]


# --- objects that clang wrote and nobody linked --------------------------------------------------

RAW = r"""
#include <linux/bpf.h>
#include <skep/events.h>

char LICENSE[] SEC("license") = "GPL";
struct event { __u32 pid; char comm[16]; };
SKEP_EVENTS(events, struct event);
int seen;

SEC("raw_tp/sched_switch") int on_switch(void *ctx)
{
	struct event *e = skep_event_reserve(events);

	if (e)
		skep_event_discard(e);
	return seen++ & 1;
}
"""


def packed(skep, tmp_path, obj, arch, name="probe"):
    """Pack an object and take it out of the package again, as an outsider would -> path."""
    skep("pack", obj, "--name", name, "--version", "1.0.0", "--arch", arch, "-o", "p.skep").ok()
    with tarfile.open(tmp_path / "p.skep") as outer:
        for member in outer.getmembers():
            data = outer.extractfile(member).read()
            if data[:2] != b"\x1f\x8b":
                continue
            with tarfile.open(fileobj=io.BytesIO(data)) as layer:
                (tmp_path / "out").mkdir(exist_ok=True)
                to = tmp_path / "out" / f"{name}.bpf.o"
                to.write_bytes(layer.extractfile(f"{name}.bpf.o").read())
                return to


@pytest.mark.parametrize("target, arch", [("bpfel", "x86_64"), ("bpfeb", "s390x")])
@pytest.mark.parametrize("clang", CLANGS)
def test_raw_objects_of_either_byte_order(skep, tool, bpftool, need, build_dir, tmp_path, clang, target, arch):
    need(clang)
    (tmp_path / "probe.bpf.c").write_text(RAW)
    share = build_dir / "share/skep"
    include = ["-I", share / "libbpf", "-I", share / "bpf", "-idirafter", "/usr/include/x86_64-linux-gnu"]
    tool(clang, f"--target={target}", "-mcpu=v3", "-g", "-O2", *include, "-c", "probe.bpf.c", cwd=tmp_path)
    raw = tmp_path / "probe.bpf.o"
    assert ".debug_info" in sections(tool, raw) and ".skep.types" in sections(tool, raw)
    out = packed(skep, tmp_path, raw, arch)
    found = sections(tool, out)
    assert not [name for name in found if name.startswith((".debug", ".rel.debug", ".rel.BTF", ".skep", ".llvm"))]
    assert "arning" not in (done := tool("readelf", "-aW", out)).stdout + done.stderr
    before, after = btf(bpftool, raw), btf(bpftool, out)
    changed = [(b, a) for b, a in zip(before, after) if b != a]
    assert len(before) == len(after)
    assert [(b["kind"], a["kind"]) for b, a in changed] == [("VAR", "INT"), ("DATASEC", "STRUCT")]
    assert skep("inspect", out, "--json").ok().json()["maps"][0]["event_type"] == "struct event"
    first = out.read_bytes()
    assert packed(skep, tmp_path, out, arch).read_bytes() == first


# --- what clang orders by addresses --------------------------------------------------------------

MANY = r"""
#include <linux/bpf.h>
#include <bpf/bpf_helpers.h>
#include <bpf/bpf_core_read.h>

#define __tag(name) __attribute__((btf_type_tag(name)))

char LICENSE[] SEC("license") = "GPL";
struct alpha; struct beta; struct gamma; union delta; struct epsilon; struct zeta;
typedef struct epsilon epsilon_t;
struct full { int x; struct alpha *a; const struct zeta *z; epsilon_t *e; };
struct value {
	struct full __tag("kptr") *f;
	struct gamma __tag("user") __tag("kptr") *g;
	struct beta *b;
	union delta __tag("kptr") *d;
	struct { struct alpha *deep[2]; } in;
} v;

__attribute__((noinline)) int ids(struct beta *b)
{
	return bpf_core_type_id_local(struct gamma) + bpf_core_type_id_kernel(union delta) +
	       bpf_core_type_id_local(struct full) + bpf_core_type_id_kernel(struct beta);
}

SEC("raw_tp/sched_switch") int on_switch(void *ctx)
{
	v.f = 0;
	return ids(v.b) + bpf_core_field_exists(struct value, b);
}
"""

FWD, TYPE_TAG = 7, 18
WORDS = {1: 1, 3: 3, 14: 1, 17: 1}  # after a record's first three, by kind
WORDS_EACH = {4: 3, 5: 3, 6: 2, 13: 2, 15: 3, 19: 3}
REFERS = {2, 8, 9, 10, 11, 12, 13, 14, 17, 18}  # in the third word
REFERS_IN = {3: (3, 1, 2), 4: (4, 3, 3), 5: (4, 3, 3), 13: (4, 2, None), 15: (3, 3, None)}  # first word, step, how many
NAMES_IN = {4: (3, 3), 5: (3, 3), 6: (3, 2), 13: (3, 2), 19: (3, 3)}


def swap_order(tool, path, seed):
    """The object as a clang with other addresses could have written it: FWD, TYPE_TAG and strings in any order."""
    data, found, rng = bytearray(path.read_bytes()), sections(tool, path), random.Random(seed)
    order = ">" if data[5] == 2 else "<"

    def words(at, n):
        return list(struct.unpack_from(f"{order}{n}I", data, at))

    at = found[".BTF"][2]
    _, types_len, strs_off, strs_len = words(at + 8, 4)
    types, pos, strs = [None], at + 24, at + 24 + strs_off
    while pos < at + 24 + types_len:
        info = words(pos + 4, 1)[0]
        kind = info >> 24 & 31
        n = 3 + WORDS.get(kind, 0) + WORDS_EACH.get(kind, 0) * (info & 0xFFFF)
        types.append((kind, words(pos, n)))
        pos += 4 * n
    slots = [i for i, t in enumerate(types) if t and t[0] in (FWD, TYPE_TAG)]
    ids = list(range(len(types)))
    for old, new in zip(slots, rng.sample(slots, len(slots))):
        ids[old] = new
    texts = bytes(data[strs + 1 : strs + strs_len - 1]).split(b"\0")
    moved, offsets, new_strs, off = rng.sample(range(len(texts)), len(texts)), {0: 0}, b"\0", 1
    starts = [1 + sum(len(t) + 1 for t in texts[:i]) for i in range(len(texts))]
    for i in moved:
        offsets[starts[i]] = len(new_strs)
        new_strs += texts[i] + b"\0"
    out = [None] * len(types)
    for i, t in enumerate(types[1:], 1):
        kind, w = t
        w[0] = offsets[w[0]]
        if kind in REFERS:
            w[2] = ids[w[2]]
        first, step, n = REFERS_IN.get(kind, (0, 1, 0))
        for k in list(range(first, len(w), step))[:n] if kind != 15 else range(3, len(w), 3):
            w[k] = ids[w[k]]
        first, step = NAMES_IN.get(kind, (len(w), 1))
        for k in range(first, len(w), step):
            w[k] = offsets[w[k]]
        out[ids[i]] = struct.pack(f"{order}{len(w)}I", *w)
    data[at + 24 : at + 24 + types_len] = b"".join(out[1:])
    data[strs : strs + strs_len] = new_strs

    def replace(pos, table):
        struct.pack_into(order + "I", data, pos, table[words(pos, 1)[0]])

    at = found[".BTF.ext"][2]
    for i, fields in enumerate(("t", "ss ", "ts ")):
        begin, size = words(at + 8 + 8 * i, 2)
        begin += at + words(at + 4, 1)[0]
        record, pos = words(begin, 1)[0], begin + 4
        while pos < begin + size:
            name, n = words(pos, 2)
            section = texts[starts.index(name)].decode()
            replace(pos, offsets)
            for pos in range(pos + 8, pos + 8 + n * record, record):
                insn = found[section][2] + words(pos, 1)[0] + 4
                if i == 2 and words(pos + 12, 1)[0] in (6, 7):  # local and target type id
                    assert words(insn, 1) == words(pos + 4, 1)
                    replace(insn, ids)
                for k, field in enumerate(fields):
                    if field != " ":
                        replace(pos + 4 + 4 * k, ids if field == "t" else offsets)
            pos += record
    return bytes(data)


def without_order(types):
    """bpftool's dump with forward declarations and tags where they are used."""
    ids = {t["id"]: t for t in types}

    def spell(value):
        if isinstance(value, list):
            return [spell(v) for v in value]
        if not isinstance(value, dict):
            return value
        return {k: moving(v) if k.endswith("type_id") else spell(v) for k, v in value.items()}

    def moving(n):
        t = ids.get(n)
        if not t or t["kind"] not in ("FWD", "TYPE_TAG"):
            return str(n)
        return " ".join((t["kind"], t["name"], t.get("fwd_kind", ""), moving(t.get("type_id", 0))))

    kept = [spell(t) for t in types if t["kind"] not in ("FWD", "TYPE_TAG")]
    return kept, sorted(moving(t["id"]) for t in types if t["kind"] in ("FWD", "TYPE_TAG"))


def listing(tool, path):
    """llvm's instructions with source lines and CO-RE relocations, the type ids apart -> text, [(in code, in relocation)]."""
    text = tool("llvm-objdump-19", "-drS", "--no-show-raw-insn", path).stdout.split("file format", 1)[1]
    found = re.findall(r"= (\w+) ll\n\s+\w+:\s+CO-RE <(?:local|target)_type_id> \[(\d+)\]", text)
    text = re.sub(r"= \w+ ll(\n\s+\w+:\s+CO-RE <(?:local|target)_type_id>)", r"= ID ll\1", text)
    return re.sub(r"\[\d+\]", "[]", text), [(int(code, 0), int(relo)) for code, relo in found]


@pytest.mark.parametrize("target, arch", [("bpfel", "x86_64"), ("bpfeb", "s390x")])
@pytest.mark.parametrize("clang", CLANGS)
def test_addresses_of_clang_leave_no_trace(skep, tool, bpftool, need, build_dir, tmp_path, clang, target, arch):
    need(clang)
    (tmp_path / "many.bpf.c").write_text(MANY)
    include = ["-I", build_dir / "share/skep/libbpf", "-idirafter", "/usr/include/x86_64-linux-gnu"]
    tool(clang, f"--target={target}", "-mcpu=v3", "-g", "-O2", *include, "-c", "many.bpf.c", cwd=tmp_path)
    raw = tmp_path / "many.bpf.o"
    tool("llvm-strip-19", "-g", raw)
    first = packed(skep, tmp_path, raw, arch, "many").read_bytes()
    out = tmp_path / "out/many.bpf.o"
    assert packed(skep, tmp_path, out, arch, "many").read_bytes() == first
    assert without_order(btf(bpftool, out)) == without_order(btf(bpftool, raw))
    text, ids = listing(tool, out)
    assert text == listing(tool, raw)[0] and "v.f = 0;" in text
    assert len(ids) == 4 and all(code == relo for code, relo in ids)
    before, seen = raw.read_bytes(), set()
    for seed in range(8):
        raw.write_bytes(before)
        raw.write_bytes(swap_order(tool, raw, seed))
        seen.add(raw.read_bytes())
        assert without_order(btf(bpftool, raw)) == without_order(btf(bpftool, out))
        assert packed(skep, tmp_path, raw, arch, "many").read_bytes() == first, seed
    assert len(seen) == 8


def test_shared_strings_do_not_multiply(skep, tool, need, tmp_path):
    """4000 names, each the end of the same 1 MiB: read in full or copied they would take 4 GB."""
    need("clang-19")
    source = "__attribute__((section(\"xdp\"))) int pass(void *ctx) { return 2; }\n"
    (tmp_path / "probe.bpf.c").write_text(source)
    tool("clang-19", "--target=bpfel", "-g", "-O2", "-c", "probe.bpf.c", cwd=tmp_path)
    strings = b"\0" + b"a" * (1 << 20) + b"\0int\0"
    types = struct.pack("<4I", len(strings) - 4, 1 << 24, 4, 1 << 24 | 32)
    types += b"".join(struct.pack("<3I", 1 + i, 8 << 24, 1) for i in range(4000))
    header = struct.pack("<HBBIIIII", 0xEB9F, 1, 0, 24, 0, len(types), len(types), len(strings))
    (tmp_path / "btf").write_bytes(header + types + strings)
    edit = ["--remove-section", ".BTF.ext", "--update-section", ".BTF=btf"]
    tool("llvm-objcopy-19", *edit, "probe.bpf.o", cwd=tmp_path)
    done = skep("pack", "probe.bpf.o", "--name", "probe", "--version", "1.0.0", "--arch", "x86_64", "-o", "p.skep")
    assert done.rc == 1
    assert done.err.splitlines() == ["skep pack: probe.bpf.o: malformed BTF: type 2 has a name that C cannot have"]
