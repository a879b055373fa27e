# SPDX-License-Identifier: BSD-2-Clause
"""skep vmlinux: bpftool and two compilers judge the header; damaged BTF is refused by name."""

import os
import re
import shutil
import stat
import struct

import pytest
from compilers import CLANGS

HOST_BTF = "/sys/kernel/btf/vmlinux"
FLAGS = ["--target=bpfel", "-mcpu=v3", "-g", "-O2", "-Wall", "-Werror", "-fms-extensions", "-Wno-microsoft-anon-tag"]

pytestmark = pytest.mark.need("btf")


@pytest.fixture(scope="module")
def header(session_skep):
    return session_skep("vmlinux").ok().out


def definitions(text):
    """Every struct, union and enum at top level. Namesakes are numbered in the order of writing: not compared."""
    text = re.sub(r"___\d+\b", "", text)
    return sorted(re.findall(r"^(?:struct|union|enum)(?: \w+)? \{(?:\}|\n.*?^\})[^\n]*;$", text, re.M | re.S))


def test_header_defines_what_bpftool_defines(header, bpftool):
    # not its sorted form, which leaves out whatever comes first
    judge = bpftool("btf", "dump", "file", HOST_BTF, "format", "c", "unsorted").stdout
    ours, theirs = definitions(header), definitions(judge)
    assert len(theirs) > 5000
    differing = set(ours) ^ set(theirs)
    assert not differing
    assert ours == theirs
    for pattern in (r"^extern .*__ksym;$", r"^typedef .*;$"):
        lines = lambda text: sorted(re.findall(pattern, re.sub(r"___\d+\b", "", text), re.M))
        assert lines(header) == lines(judge)
        assert len(lines(judge)) > 50


@pytest.mark.parametrize("clang", CLANGS)
def test_header_compiles(header, need, tool, tmp_path, clang):
    need(clang)
    (tmp_path / "vmlinux.h").write_text(header)
    source = tmp_path / "t.c"
    source.write_text(
        '#include "vmlinux.h"\n#include "vmlinux.h"\n'
        "int pid(struct task_struct *t) { return t->pid; }\n"
        "_Static_assert(sizeof(__u64) == 8, \"\");\n"
    )
    tool(clang, *FLAGS, "-c", source, "-o", tmp_path / "t.o")
    relocated = tool("llvm-objdump-19", "-dr", "--no-show-raw-insn", tmp_path / "t.o", check=False).stdout
    assert "CO-RE <byte_off>" in relocated and "task_struct::pid" in relocated


def test_same_btf_same_bytes_from_every_way_in(header, skep, tool, tmp_path):
    raw = tmp_path / "raw.btf"
    shutil.copyfile(HOST_BTF, raw)
    (tmp_path / "empty.c").write_text("int x;\n")
    tool("gcc", "-c", tmp_path / "empty.c", "-o", tmp_path / "vmlinux")
    tool("objcopy", "--add-section", f".BTF={raw}", tmp_path / "vmlinux")
    fresh = {"XDG_CACHE_HOME": tmp_path / "fresh"}
    assert skep("vmlinux", "--btf", raw, env=fresh).ok().out == header
    assert skep("vmlinux", "--btf", tmp_path / "vmlinux").ok().out == header
    skep("vmlinux", "-o", "v.h").ok()
    assert (tmp_path / "v.h").read_text() == header
    assert len(list((tmp_path / "fresh").rglob("*.h"))) == 1


def test_no_home_no_cache(header, skep, tmp_path):
    assert skep("vmlinux", env={"XDG_CACHE_HOME": None, "HOME": None}).ok().out == header
    assert skep("vmlinux", env={"XDG_CACHE_HOME": "/proc/nowhere"}).ok().out == header


# --- small BTF of our own ------------------------------------------------------------------------

INT, PTR, ARRAY, STRUCT, ENUM, TYPEDEF, CONST, FUNC, FUNC_PROTO, DECL_TAG, TYPE_TAG = 1, 2, 3, 4, 6, 8, 10, 12, 13, 17, 18


class Btf:
    def __init__(self, order="<"):
        self.order, self.types, self.strings = order, b"", b"\0"

    def string(self, s):
        self.strings += s.encode() + b"\0"
        return len(self.strings) - len(s) - 1

    def add(self, kind, name="", size_or_type=0, *words, vlen=0, kflag=0):
        off = self.string(name) if name else 0
        head = [off, kflag << 31 | kind << 24 | vlen, size_or_type]
        self.types += struct.pack(f"{self.order}{3 + len(words)}I", *head, *words)

    def integer(self, name="int", size=4):
        self.add(INT, name, size, 1 << 24 | size * 8)

    def bytes(self):
        lengths = (24, 0, len(self.types), len(self.types), len(self.strings))
        return struct.pack(f"{self.order}HBB5I", 0xEB9F, 1, 0, *lengths) + self.types + self.strings


def small(order="<"):
    btf = Btf(order)
    btf.integer()
    btf.add(STRUCT, "b", 8, btf.string("x"), 1, 0, btf.string("y"), 1, 32, vlen=2)
    btf.add(PTR, "", 2)
    btf.add(TYPEDEF, "a_t", 3)
    btf.add(FUNC_PROTO, "", 1, btf.string("arg"), 3, vlen=1)
    btf.add(FUNC, "do_it", 5, vlen=1)
    btf.add(DECL_TAG, "bpf_kfunc", 6, 0xFFFFFFFF)
    btf.add(FUNC, "no_name.isra.0", 5, vlen=1)
    btf.add(DECL_TAG, "bpf_kfunc", 8, 0xFFFFFFFF)
    btf.add(DECL_TAG, "bpf_fastcall", 6, 0xFFFFFFFF)
    return btf


@pytest.mark.parametrize("order", "<>")
def test_small_header_either_byte_order(skep, tmp_path, order):
    (tmp_path / "small.btf").write_bytes(small(order).bytes())
    out = skep("vmlinux", "--btf", "small.btf").ok().out
    body = out[out.index("typedef") : out.index("#ifndef BPF_NO_PRESERVE", out.index("typedef"))]
    assert body == (
        "typedef struct b *a_t;\n\n"
        "struct b {\n\tint x;\n\tint y;\n};\n\n"
        "#ifndef BPF_NO_KFUNC_PROTOTYPES\n"
        "extern __bpf_fastcall int do_it(struct b *arg) __weak __ksym;\n"
        "#endif /* BPF_NO_KFUNC_PROTOTYPES */\n\n"
    )


def test_functions_that_are_no_names_in_c_are_left_out(skep, tmp_path):
    btf = small()
    btf.add(FUNC, "f(void); int evil; void g", 5, vlen=1)
    btf.add(DECL_TAG, "bpf_kfunc", 11, 0xFFFFFFFF)
    (tmp_path / "x.btf").write_bytes(btf.bytes())
    (tmp_path / "small.btf").write_bytes(small().bytes())
    assert skep("vmlinux", "--btf", "x.btf").ok().out == skep("vmlinux", "--btf", "small.btf").ok().out


def test_attributes_are_written(skep, tmp_path):
    btf = Btf()
    btf.integer()
    btf.add(TYPE_TAG, "address_space(1)", 1, kflag=1)
    btf.add(PTR, "", 2)
    btf.add(TYPEDEF, "t", 3)
    (tmp_path / "x.btf").write_bytes(btf.bytes())
    assert "\ntypedef int __attribute__((address_space(1))) *t;\n" in skep("vmlinux", "--btf", "x.btf").ok().out


def cyclic_typedef():
    btf = Btf()
    btf.add(TYPEDEF, "a", 2)
    btf.add(TYPEDEF, "b", 1)
    return btf


def pointer_to_itself():
    btf = Btf()
    btf.add(PTR, "", 1)
    btf.add(TYPEDEF, "p", 1)
    return btf


def struct_in_itself():
    btf = Btf()
    btf.add(STRUCT, "s", 4, btf.string("s"), 1, 0, vlen=1)
    return btf


def billion_laughs():
    btf = Btf()
    btf.integer()
    for depth in range(1, 64):
        off = btf.string("a")
        btf.add(STRUCT, "", 8, off, depth, 0, off, depth, 32, vlen=2)
    btf.add(TYPEDEF, "laugh", 64)
    return btf


def deep_chain():
    btf = Btf()
    for depth in range(20000):
        btf.add(STRUCT, f"s{depth}", 4, btf.string("m"), depth + 2, 0, vlen=1)
    btf.integer()
    return btf


def hole():
    btf = Btf()
    btf.integer()
    btf.add(STRUCT, "s", 0x7FFFFFF, btf.string("x"), 1, 0, vlen=1)
    return btf


def overflow():
    btf = Btf()
    btf.integer("char", 1)
    btf.add(ARRAY, "", 0, 1, 1, 0x11000000)
    btf.add(STRUCT, "s", 192, btf.string("x"), 2, 0, btf.string("y"), 1, 64, vlen=2)
    return btf


def no_size():
    btf = Btf()
    btf.integer("zero", 0)
    btf.integer("char", 1)
    btf.add(STRUCT, "s", 8, btf.string("x"), 2, 0, btf.string("y"), 1, 32, vlen=2)
    return btf


def member_is_void():
    btf = Btf()
    btf.add(STRUCT, "s", 8, btf.string("x"), 0, 0, vlen=1)
    return btf


def nowhere():
    btf = Btf()
    btf.add(FUNC_PROTO, "", 0x100000)
    btf.add(TYPEDEF, "f", 1)
    return btf


def injection():
    btf = Btf()
    btf.add(STRUCT, "s {}; int evil = 1; struct t", 0)
    return btf


def attribute():
    btf = Btf()
    btf.integer()
    btf.add(TYPE_TAG, "aligned(4))) int evil __attribute__((unused", 1, kflag=1)
    btf.add(TYPEDEF, "t", 2)
    return btf


HOSTILE = {
    cyclic_typedef: "malformed BTF: type 1 contains itself",
    pointer_to_itself: "malformed BTF: type 1 contains itself",
    struct_in_itself: "malformed BTF: type 1 contains itself",
    billion_laughs: "malformed BTF: type 21 is too large to write out",
    deep_chain: "malformed BTF: type 98 is nested too deeply",
    hole: "malformed BTF: type 2 has an impossible layout",
    overflow: "malformed BTF: type 3 has an impossible layout",
    no_size: "malformed BTF: type 1 has an impossible size",
    member_is_void: "malformed BTF: a member without a type",
    nowhere: "malformed BTF: type 1048576 is referred to, but does not exist",
    attribute: "malformed BTF: type 2 is no attribute that C has",
    injection: "malformed BTF: type 1 has a name that C cannot have",
}


@pytest.mark.parametrize("make", HOSTILE, ids=lambda f: f.__name__)
def test_hostile_btf(skep, tmp_path, make):
    (tmp_path / "x.btf").write_bytes(make().bytes())
    done = skep("vmlinux", "--btf", "x.btf", "-o", "out.h", timeout=20)
    assert (done.rc, done.out) == (1, "")
    assert done.err == f"skep vmlinux: x.btf: {HOSTILE[make]}\n"
    assert not (tmp_path / "out.h").exists()


def test_every_truncation_and_flip_ends_well(skep, tmp_path):
    whole = small().bytes()
    path = tmp_path / "x.btf"
    for size in range(0, len(whole)):
        path.write_bytes(whole[:size])
        done = skep("vmlinux", "--btf", "x.btf")
        assert done.rc in (1, 2) and done.err.startswith("skep vmlinux: x.btf: "), (size, done)
    for at in range(0, len(whole), 3):
        path.write_bytes(whole[:at] + bytes([whole[at] ^ 0xA5]) + whole[at + 1 :])
        done = skep("vmlinux", "--btf", "x.btf")
        assert done.rc in (0, 1, 2), (at, done)


@pytest.mark.parametrize(
    "data, rc, text",
    [
        (b"", 2, "neither BTF nor an ELF with BTF"),
        (b"hello world", 2, "neither BTF nor an ELF with BTF"),
        (b"\x7fELF" + bytes(60), 1, "malformed ELF"),
        (small().bytes()[:20], 1, "malformed BTF"),
        (small().bytes()[:-1] + b"x", 1, "malformed BTF"),
    ],
)
def test_wrong_files(skep, tmp_path, data, rc, text):
    (tmp_path / "x").write_bytes(data)
    done = skep("vmlinux", "--btf", "x")
    assert done.rc == rc and done.err.splitlines()[0] == f"skep vmlinux: x: {text}", done


def test_elf_without_btf(skep, tool, tmp_path):
    (tmp_path / "e.c").write_text("int x;\n")
    tool("gcc", "-c", tmp_path / "e.c", "-o", tmp_path / "e.o")
    done = skep("vmlinux", "--btf", "e.o")
    assert done.rc == 2
    assert done.err.splitlines()[0] == "skep vmlinux: e.o: ELF without a .BTF section"
    assert "pahole" in done.err


def test_missing_file_and_unwritable_output(skep, tmp_path):
    done = skep("vmlinux", "--btf", "absent")
    assert done.rc == 3 and done.err.splitlines()[0] == "skep vmlinux: absent: No such file or directory", done
    done = skep("vmlinux", "-o", "no/such/dir.h")
    assert done.rc == 3 and done.err.startswith("skep vmlinux: no/such/dir.h: "), done
    assert skep("vmlinux", "extra").rc == 2


def test_output_may_be_a_device_or_a_link(skep, tmp_path, need):
    need("root")
    null, real, link = tmp_path / "null", tmp_path / "real.h", tmp_path / "link.h"
    os.mknod(null, 0o666 | stat.S_IFCHR, os.makedev(1, 3))
    real.write_text("old")
    link.symlink_to("real.h")
    assert skep("vmlinux", "-o", null).rc == 0
    assert stat.S_ISCHR(null.lstat().st_mode), "the device was replaced"
    assert skep("vmlinux", "-o", link).rc == 0
    assert link.is_symlink() and "__VMLINUX_H__" in real.read_text()
    assert skep("vmlinux", "-o", tmp_path).err == f"skep vmlinux: {tmp_path}: cannot write: Is a directory\n"
