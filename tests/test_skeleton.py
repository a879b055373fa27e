# SPDX-License-Identifier: BSD-2-Clause
"""skep skeleton: the same programs work with its headers and with bpftool's, and see the same members."""

import re
import shutil
import struct
import subprocess
from pathlib import Path

import pytest
from compilers import CLANGS, OLD

DATA = Path(__file__).resolve().parent / "data/skeleton"
COMPILERS = {
    "gcc": ["gcc", "-xc"],
    "gcc-c99": ["gcc", "-xc", "-std=gnu99"],
    OLD: [OLD, "-xc"],
    "clang-19": ["clang-19", "-xc", "-std=c23", "-D_GNU_SOURCE"],
    "g++": ["g++", "-xc++"],
    "g++-11": ["g++", "-xc++", "-std=c++11", "-D_GNU_SOURCE"],
    "old clang++": [OLD.replace("clang", "clang++"), "-xc++", "-std=c++20"],
}
WARNINGS = ["-Wall", "-Wextra", "-Wshadow", "-Werror"]

pytestmark = pytest.mark.need("bpftool-7.8", "x86_64", "btf")


@pytest.fixture(scope="module")
def include(build_dir):
    return build_dir / "share/skep/libbpf"


@pytest.fixture(scope="module")
def bpf_object(build_dir, bpftool, tool, include, tmp_path_factory):
    """Compile and link BPF C as others do, without `skep build`: source, clang, defines -> path."""
    gen = tmp_path_factory.mktemp("gen")
    (gen / "vmlinux.h").write_text(bpftool("btf", "dump", "file", "/sys/kernel/btf/vmlinux", "format", "c").stdout)
    made = {}

    def make(source, *defines, clang="clang-19", text=None):
        key = (source, clang, text, *defines)
        if key not in made:
            folder = tmp_path_factory.mktemp("object")
            path = DATA / f"{source}.bpf.c"
            if text is not None:
                path = folder / f"{source}.bpf.c"
                path.write_text(text)
            flags = f"--target=bpfel -mcpu=v3 -g -O2 -std=gnu11 -w -fms-extensions -D__TARGET_ARCH_x86 -I{DATA}".split()
            flags += [f"-I{gen}", f"-I{build_dir}/share/skep/bpf", "-isystem", include, *defines]
            tool(clang, *flags, "-c", path, "-o", folder / "unlinked.o")
            bpftool("gen", "object", folder / f"{source}.bpf.o", folder / "unlinked.o")
            made[key] = folder / f"{source}.bpf.o"
        return made[key]

    return make


@pytest.fixture
def headers(skep, bpftool, tmp_path):
    """Of an object: {"bpftool": path, "skep": path}."""

    def make(path, name):
        ours, theirs = tmp_path / f"{name}.skep.h", tmp_path / f"{name}.bpftool.h"
        skep("skeleton", path, "--name", name, "-o", ours).ok()
        theirs.write_text(bpftool("gen", "skeleton", path, "name", name).stdout)
        return {"bpftool": theirs, "skep": ours}

    return make


@pytest.fixture
def program(build_dir, tool, include, tmp_path):
    def make(source, header, compiler, *flags):
        out = tmp_path / "program"
        argv = [*COMPILERS[compiler], *WARNINGS, "-g", f'-DSKELETON="{header}"', f"-I{DATA}", "-isystem", include]
        tool(*argv, *flags, source, "-o", out, "-xnone", build_dir / "lib/skep/libbpf.a", "-lelf", "-lz")
        return out

    return make


def layouts(header, name, include, prelude=""):
    """Every member of every struct the header declares, with its offset, as clang lays it out."""
    structs = re.findall(rf"struct ({name}__\w+) {{", header.read_text())
    source = f'{prelude}\n#include "{header}"\n'
    source += "".join(f'_Static_assert(sizeof(struct {s}), "");\n' for s in [name, *structs])
    argv = ["clang-19", "-xc", "-fsyntax-only", "-Xclang", "-fdump-record-layouts", f"-I{DATA}", "-isystem", include, "-"]
    done = subprocess.run(argv, input=source, capture_output=True, text=True, timeout=60)
    assert done.returncode == 0, done.stderr
    found = set()
    for record in done.stdout.split("*** Dumping AST Record Layout\n")[1:]:
        lines = [re.sub(r"\((unnamed|anonymous)[^)]*\)", "(unnamed)", line) for line in record.splitlines()]
        if not lines[0].split("|")[1].startswith(f" struct {name}"):
            continue
        path = []
        for line in lines:
            match = re.match(r"\s*(\S+) \|( +)(.+)", line)
            if not match or re.search(r"__(pad|unsupported|padding)_?\w+$", line):
                continue
            depth = len(match[2]) // 2
            path = [*path[:depth], match[3]]
            found.add((match[1], *path))
    return found


# --- the same as bpftool's -----------------------------------------------------------------------


@pytest.mark.need("root")
@pytest.mark.parametrize("compiler", COMPILERS)
def test_same_program_same_behaviour(bpf_object, headers, program, tool, need, compiler):
    need(COMPILERS[compiler][0])
    path = bpf_object("zoo")
    seen = {}
    for maker, header in headers(path, "zoo").items():
        done = subprocess.run([program(DATA / "use_zoo.c", header, compiler)], capture_output=True, timeout=60)
        assert done.returncode == 0, (maker, done)
        assert done.stderr == path.read_bytes()
        seen[maker] = done.stdout.decode()
    assert seen["skep"] == seen["bpftool"]
    assert seen["skep"].splitlines() == [
        "3 x 5 hello 1",
        "4 5 1.5 4 abc??=\1\2",
        "links 1 1 0 0",
        "run 1 1 1 1",
        "fds 1 0",
    ]


@pytest.mark.parametrize("clang", CLANGS)
def test_same_members_at_same_offsets(bpf_object, headers, include, need, clang):
    need(clang, "clang-19")
    both = headers(bpf_object("zoo", "-DEVENTS", clang=clang), "zoo")
    ours = layouts(both["skep"], "zoo", include, '#include "zoo.h"')
    assert ours == layouts(both["bpftool"], "zoo", include, '#include "zoo.h"')
    names = {" ".join(row) for row in ours}
    for member in ("data_aligned", "bss_anonymous", "ro_name", "CONFIG_BPF_SYSCALL", "bpf_map * table", "seen"):
        assert any(member in name for name in names), member
    assert not any(word in name for name in names for word in ("_static", "hidden;", "skep_event"))


@pytest.mark.need("root")
@pytest.mark.parametrize("compiler", ["gcc", "g++"])
def test_struct_ops(bpf_object, headers, program, include, compiler):
    both = headers(bpf_object("ops"), "ops")
    assert layouts(both["skep"], "ops", include) == layouts(both["bpftool"], "ops", include)
    seen = [
        subprocess.run([program(DATA / "use_ops.c", header, compiler)], capture_output=True, timeout=60)
        for header in both.values()
    ]
    assert [s.returncode for s in seen] == [0, 0], seen
    assert seen[0].stdout == seen[1].stdout == b"0 1\n0 1 1\n"


def test_exported_names_are_bpftools(bpf_object, headers):
    both = headers(bpf_object("zoo"), "zoo")
    names = {
        maker: set(re.findall(r"\bzoo__\w+(?=\()|\bzoo::\w+(?=\()|\bzoo__\w+ (?=\{)", header.read_text()))
        for maker, header in both.items()
    }
    assert {n for n in names["skep"] if "ASSERT" not in n} == names["bpftool"]


# --- beyond bpftool ------------------------------------------------------------------------------


@pytest.mark.need("root")
def test_works_under_another_object_name(bpf_object, headers, program, tmp_path):
    source = tmp_path / "other.c"
    source.write_text(
        '#include "zoo.h"\n#include SKELETON\nint main(void)\n{\n'
        '\tLIBBPF_OPTS(bpf_object_open_opts, opts, .object_name = "other");\n'
        "\tstruct zoo *skel = zoo__open_opts(&opts);\n"
        "\tint bad = !skel || skel->rodata->ro_int != 3;\n\n"
        "\tzoo__destroy(skel);\n\treturn bad;\n}\n"
    )
    header = headers(bpf_object("zoo"), "zoo")["skep"]
    assert subprocess.run([program(source, header, "gcc")], timeout=60).returncode == 0


@pytest.mark.parametrize(
    "old, new, message",
    [
        ("int b;\n} __attribute__((packed));", "int b;\n};", "unexpected size of 'bss_tight'"),
        ("\tint q;", "\tlong q;", "unexpected size of 'data_pair'"),
    ],
)
def test_other_types_do_not_compile(bpf_object, headers, include, tmp_path, old, new, message):
    text = (DATA / "zoo.h").read_text()
    assert old in text
    (tmp_path / "zoo.h").write_text(text.replace(old, new))
    source = f'#include "{tmp_path}/zoo.h"\n#include "{headers(bpf_object("zoo"), "zoo")["skep"]}"\n'
    argv = ["gcc", "-xc", "-fsyntax-only", "-isystem", include, "-"]
    done = subprocess.run(argv, input=source, capture_output=True, text=True, timeout=60)
    assert done.returncode != 0 and message in done.stderr.replace("\\'", "'")


UNALIGNED = """
#include <vmlinux.h>
#include <bpf/bpf_helpers.h>
char first = 1;
typedef __u64 __attribute__((aligned(1))) loose_u64;
loose_u64 second SEC(".data") = 2;
__u32 third = 3;
SEC("xdp") int pass(void *ctx) { return second + first + third; }
char LICENSE[] SEC("license") = "GPL";
"""


def test_members_lie_where_bpf_has_them(bpf_object, headers, include, tmp_path):
    path = bpf_object("loose", text=UNALIGNED)
    header = headers(path, "loose")["skep"]
    source = f'typedef unsigned long long loose_u64;\n#include "{header}"\n'
    for compiler in (["gcc", "-xc"], ["g++", "-xc++"]):
        argv = [*compiler, *WARNINGS, "-fsyntax-only", "-isystem", include, "-"]
        done = subprocess.run(argv, input=source, capture_output=True, text=True, timeout=60)
        assert done.returncode == 0, done.stderr


PLAIN = '#include <vmlinux.h>\n#include <bpf/bpf_helpers.h>\nchar LICENSE[] SEC("license") = "GPL";\n'
PROGRAM = 'SEC("xdp") int pass(void *ctx) { return 2; }\n'
MAP = 'struct { __uint(type, BPF_MAP_TYPE_ARRAY); __uint(max_entries, 1); __type(key, int); __type(value, int); } m SEC(".maps");\n'


@pytest.mark.parametrize("text", [PLAIN + PROGRAM, PLAIN + MAP, PLAIN + PROGRAM + MAP, PLAIN + "int x;\n"])
def test_little_objects(bpf_object, headers, include, text):
    both = headers(bpf_object("little", text=text), "little")
    for compiler in (["gcc", "-xc"], ["g++", "-xc++"]):
        source = f'#include "{both["skep"]}"\nint f(void) {{ little__destroy(little__open_and_load()); return 0; }}\n'
        argv = [*compiler, *WARNINGS, "-fsyntax-only", "-isystem", include, "-"]
        done = subprocess.run(argv, input=source, capture_output=True, text=True, timeout=60)
        assert done.returncode == 0, done.stderr
    assert layouts(both["skep"], "little", include) == layouts(both["bpftool"], "little", include)


@pytest.mark.need("llvm-strip")
def test_other_endianness(bpf_object, headers, include, tool, build_dir, tmp_path):
    gen = next(bpf_object("zoo").parent.parent.glob("gen*/vmlinux.h")).parent
    path = tmp_path / "zoo.bpf.o"
    flags = "--target=bpfeb -mcpu=v3 -g -O2 -std=gnu11 -w -fms-extensions -D__TARGET_ARCH_s390".split()
    tool("clang-19", *flags, f"-I{gen}", "-isystem", include, "-c", DATA / "zoo.bpf.c", "-o", path)
    tool("llvm-strip", "-g", path)
    assert path.read_bytes()[5] == 2  # ELFDATA2MSB
    both = headers(path, "zoo")
    ours = layouts(both["skep"], "zoo", include, '#include "zoo.h"')
    assert len(ours) > 50 and ours == layouts(both["bpftool"], "zoo", include, '#include "zoo.h"')


# --- files and names -----------------------------------------------------------------------------


def test_object_package_and_build_agree(skep, project):
    build = project("exec-watch", "one-two") / "build"
    made = (build / "one_two.skel.h").read_text()
    assert skep("skeleton", build / "one_two.bpf.o").ok().out == made
    assert skep("skeleton", build / "one-two.skep").ok().out == made
    renamed = skep("skeleton", build / "one-two.skep", "--name", "other").ok().out
    assert "struct other {" in renamed and "one_two" not in renamed.split("data[]")[0]


def test_object_from_a_slow_pipe(skep, project, build_dir):
    path = project("sched-latency") / "build/sched_latency.bpf.o"
    command = 'sleep 0.2; head -c 100 "$1"; sleep 0.2; tail -c +101 "$1"'
    with subprocess.Popen(["sh", "-c", command, "sh", path], stdout=subprocess.PIPE) as sender:
        argv = [build_dir / "bin/skep", "skeleton", "/dev/stdin", "--name", "sched_latency"]
        done = subprocess.run(argv, stdin=sender.stdout, capture_output=True, text=True, env=skep.environ({}), timeout=60)
    assert (done.returncode, done.stderr) == (0, "")
    assert done.stdout == skep("skeleton", path).ok().out


def test_package_of_two_objects(skep, tmp_path):
    for name in ("one", "two"):
        (tmp_path / f"{name}.bpf.c").write_text(PLAIN.replace("<vmlinux.h>", '"vmlinux.h"') + PROGRAM)
    (tmp_path / "skep.yaml").write_text(
        "name: pair\nversion: 0.1.0\nlicense: GPL-2.0-only\n"
        "objects:\n  one: {sources: [one.bpf.c]}\n  two: {sources: [two.bpf.c]}\n"
    )
    skep("build").ok()
    for name in ("one", "two"):
        made = (tmp_path / f"build/{name}.skel.h").read_text()
        assert skep("skeleton", "build/pair.skep", "--name", name).ok().out == made
    for args in ([], ["--name", "three"]):
        done = skep("skeleton", "build/pair.skep", *args)
        assert (done.rc, done.out) == (2, "")
        assert done.err == "skep skeleton: the package has 2 objects\n  hint: --name wants one of one, two\n"


def test_output_is_replaced_whole(skep, bpf_object, tmp_path):
    out = tmp_path / "x.h"
    out.write_text("old")
    done = skep("skeleton", bpf_object("zoo"), "-o", out).ok()
    assert done.out == "" and out.read_text() == skep("skeleton", bpf_object("zoo")).ok().out
    assert [p.name for p in tmp_path.iterdir()] == ["x.h"]
    done = skep("skeleton", bpf_object("zoo"), "-o", tmp_path / "no/x.h")
    assert done.rc == 3 and done.err == f"skep skeleton: {tmp_path}/no/x.h: cannot write: No such file or directory\n"


@pytest.mark.parametrize("name", ["a-b", "4a", "", "a b", "a;b"])
def test_name_has_to_be_an_identifier(skep, bpf_object, name):
    done = skep("skeleton", bpf_object("zoo"), "--name", name)
    assert (done.rc, done.out) == (2, "")
    assert done.err.endswith(f"'{name}' is no C identifier\n  hint: --name gives another\n")


def test_name_from_an_odd_file(skep, bpf_object, tmp_path):
    odd = Path(shutil.copy(bpf_object("zoo"), tmp_path / "4 odd.bpf.o"))
    done = skep("skeleton", odd)
    assert (done.rc, done.out) == (2, "")
    assert done.err == "skep skeleton: '4_odd' is no C identifier\n  hint: --name gives another\n"


@pytest.mark.parametrize("content, rc", [(b"", 2), (b"#!/bin/sh\n", 2), (b"\x7fELF", 1), (b"\x7fELF\x02\x01\x01" + bytes(60), 2)])
def test_other_files(skep, tmp_path, content, rc):
    path = tmp_path / "x.bpf.o"
    path.write_bytes(content)
    done = skep("skeleton", path)
    assert done.rc == rc and done.out == "" and done.err.startswith(f"skep skeleton: {path}: "), done


def test_absent_file(skep, tmp_path):
    done = skep("skeleton", tmp_path / "no.bpf.o")
    assert (done.rc, done.err) == (3, f"skep skeleton: {tmp_path}/no.bpf.o: cannot open: No such file or directory\n")


# --- hostile objects -----------------------------------------------------------------------------

# The name is in .BTF's strings and, if it is a symbol's, in .strtab.
INJECTIONS = [
    (b"bss_char", b"x;int y;"),
    (b"bss_float", b'"\n#error '),
    (b"table", b'a"; b'),
    (b"on_switch", b"a();}}//b"),
    (b"custom_char", b"a*/int b;/*"),
    (b"inner", b"i;i{}"),
    (b"pair_t", b"p t;{}"),
    (b"mode", b"m{}x"),
]


@pytest.mark.parametrize("old, new", INJECTIONS)
def test_no_code_by_name(skep, bpf_object, tmp_path, old, new):
    assert len(old) == len(new)
    data = bpf_object("zoo").read_bytes()
    assert b"\0" + old + b"\0" in data
    path = tmp_path / "evil.bpf.o"
    path.write_bytes(data.replace(b"\0" + old + b"\0", b"\0" + new + b"\0"))
    done = skep("skeleton", path)
    assert (done.rc, done.out) == (1, ""), done
    assert done.err.startswith(f"skep skeleton: {path}: ") and done.err.count("\n") <= 2


def btf_section(data):
    """Offset of .BTF in a 64-bit little-endian ELF."""
    shoff, shentsize, shnum, shstrndx = *struct.unpack_from("<Q", data, 40), *struct.unpack_from("<3H", data, 58)
    headers = [struct.unpack_from("<2I4Q", data, shoff + i * shentsize) for i in range(shnum)]
    names = headers[shstrndx][4]
    return next(h[4] for h in headers if data[names + h[0] :].startswith(b".BTF\0"))


def btf_types(data, base):
    """(offset, kind, vlen, name offset) of each type, from id 1."""
    header_len, type_off, type_len = struct.unpack_from("<3I", data, base + 4)
    at = base + header_len + type_off
    end = at + type_len
    tail = {1: 4, 3: 12, 14: 4, 17: 4}
    each = {4: 12, 5: 12, 6: 8, 13: 8, 15: 12, 19: 12}
    while at < end:
        name, info, _ = struct.unpack_from("<3I", data, at)
        kind, vlen = info >> 24 & 31, info & 0xFFFF
        yield at, kind, vlen, name
        at += 12 + tail.get(kind, 0) + each.get(kind, 0) * vlen


@pytest.mark.parametrize("member", [0, 1])
def test_endless_types(skep, bpf_object, tmp_path, member):
    """An unnamed struct that holds itself: a printer of declarations would never end."""
    data = bytearray(bpf_object("zoo").read_bytes())
    types = list(btf_types(data, btf_section(data)))
    index, (at, *_) = next((i, t) for i, t in enumerate(types, 1) if t[1] == 4 and t[2] == 2 and not t[3])
    struct.pack_into("<I", data, at + 12 + 12 * member + 4, index)
    path = tmp_path / "endless.bpf.o"
    path.write_bytes(data)
    done = skep("skeleton", path, timeout=20)
    assert (done.rc, done.out) == (1, ""), done
    assert done.err.startswith(f"skep skeleton: {path}: malformed BTF: "), done


def test_variable_outside_its_section(skep, bpf_object, tmp_path):
    data = bytearray(bpf_object("zoo").read_bytes())
    at, _, vlen, _ = max((t for t in btf_types(data, btf_section(data)) if t[1] == 15), key=lambda t: t[2])
    struct.pack_into("<I", data, at + 12 + 12 * (vlen - 1) + 4, 1 << 20)
    path = tmp_path / "outside.bpf.o"
    path.write_bytes(data)
    done = skep("skeleton", path)
    assert (done.rc, done.out) == (1, ""), done


def test_every_truncation_is_refused(skep, bpf_object, tmp_path):
    data = bpf_object("zoo").read_bytes()
    path = tmp_path / "cut.bpf.o"
    for n in range(0, len(data), max(1, len(data) // 40)):
        path.write_bytes(data[:n])
        done = skep("skeleton", path)
        assert done.rc in (1, 2) and done.out == "", (n, done)


def test_an_arena_that_holds_nothing(bpf_object, headers, tool, tmp_path, include):
    path = bpf_object("arena_map", text="""
        #include <vmlinux.h>
        #include <bpf/bpf_helpers.h>
        struct { __uint(type, BPF_MAP_TYPE_ARENA); __uint(map_flags, BPF_F_MMAPABLE); __uint(max_entries, 10); } arena SEC(".maps");
        SEC("syscall") int f(void *ctx) { return (long)&arena & 1; }
        char LICENSE[] SEC("license") = "GPL";
        """)
    for header in headers(path, "am").values():
        user = tmp_path / "u.c"
        user.write_text(f'#include "{header}"\nstruct bpf_map **arena(struct am *s) {{ return &s->maps.arena; }}\n')
        tool("gcc", "-Wall", "-Werror", "-isystem", include, "-c", user, "-o", tmp_path / "u.o")
