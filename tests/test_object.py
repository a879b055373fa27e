# SPDX-License-Identifier: BSD-2-Clause
"""Objects that `skep build` ships: readelf, llvm-objdump, bpftool, a compiler and the kernel take them as they are."""

import io
import json
import os
import re
import shutil
import struct
import tarfile

import pytest

CLANGS = ["clang-14", "clang-19"]

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
