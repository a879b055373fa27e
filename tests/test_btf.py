# SPDX-License-Identifier: BSD-2-Clause
"""skep btf info and dump: the numbers, the records and the C that bpftool and compilers make of the same BTF."""

import re
import shutil
from pathlib import Path

import pytest

from btf_facts import Facts
from test_vmlinux import HOSTILE, Btf, small

HOST_BTF = "/sys/kernel/btf/vmlinux"

SOURCE = """
typedef unsigned long size_t;
struct fwd;
union u { int i; float f; };
enum small { S_A = 1, S_B };
enum minus { M_A = -1, M_B = 300 };
enum wide { W_A = 1, W_B = 1ULL << 40 };
struct s {
	const char *name; volatile int v; struct fwd *fwd; struct s *next; union u u[3]; enum small e;
	enum minus m; enum wide w; unsigned int bits : 3; unsigned int more : 5; int (*call)(struct s *, size_t, ...);
	_Bool flag; struct { short in; union { long a; char b; }; }; char *const *restrict q; double d;
	int __attribute__((btf_type_tag("user"))) *tagged;
};
struct s variable;
int __attribute__((btf_decl_tag("bpf_kfunc"))) do_it(struct s *s, const void *p) { return s->v; }
static __attribute__((noinline)) size_t hidden(size_t n) { return n * 3; }
void use(void) { variable.v = hidden(variable.v); }
"""


@pytest.fixture
def compiled(need, tool, tmp_path):
    need("clang")

    def compile_it(target):
        clang = shutil.which("clang-19") or "clang"
        (tmp_path / "x.c").write_text(SOURCE)
        tool(clang, "-target", target, "-g", "-O1", "-Wno-everything", "-c", tmp_path / "x.c", "-o", tmp_path / "x.o")
        return tmp_path / "x.o"

    return compile_it


@pytest.fixture(scope="module")
def host(bpftool):
    return Facts(bpftool("-j", "btf", "dump", "file", HOST_BTF).stdout)


@pytest.mark.parametrize("target", ["bpf", "bpfeb"])
def test_raw_dump_is_bpftools(skep, bpftool, compiled, target):
    path = compiled(target)
    assert skep("btf", "dump", path, "--raw").ok().out == bpftool("btf", "dump", "file", path, "format", "raw").stdout


@pytest.mark.need("btf")
def test_raw_dump_of_the_host(skep, bpftool):
    mine = skep("btf", "dump", "host", "--raw").ok().out
    assert mine == bpftool("btf", "dump", "file", HOST_BTF, "format", "raw").stdout
    assert mine == skep("btf", "dump", "--raw").ok().out == skep("btf", "dump", HOST_BTF, "--raw").ok().out


@pytest.mark.need("btf")
def test_whole_dump_is_vmlinux_h(skep):
    assert skep("btf", "dump").ok().out == skep("vmlinux").ok().out


@pytest.mark.need("btf")
def test_info_of_the_host(skep, host):
    facts = host
    info = skep("btf", "info", "--json").ok().json()
    assert {r["kind"]: r["count"] for r in info["kinds"]} == facts.kinds()
    assert info["types"] == len(facts.types)
    assert info["functions"] == len(facts.functions())
    assert info["tracepoints"] == len(facts.tracepoints())
    kfuncs = {t["type_id"] for t in facts.by_kind["DECL_TAG"] if t["name"] == "bpf_kfunc"}
    assert info["kfuncs"] == len(kfuncs)
    hooks = {f.removeprefix("bpf_lsm_") for f in facts.functions() if f.startswith("bpf_lsm_")}
    options = {m["name"] for m in facts.structs()["security_list_options"]["members"]}
    assert info["lsm_hooks"] == len(hooks & options) > 200
    contexts = {n for n in facts.structs() if n.startswith("bpf_iter__")}
    assert 10 < info["iterators"] <= len(contexts)
    assert (info["pointer_size"], info["byte_order"], info["modules"]) == (8, "little", [])
    uname = Path("/proc/sys/kernel/osrelease").read_text().strip()
    assert info["release"] == uname and uname in skep("btf", "info").ok().out


def test_info_of_either_byte_order(skep, tmp_path):
    for order, name in ("<", "little"), (">", "big"):
        (tmp_path / "x.btf").write_bytes(small(order).bytes())
        info = skep("btf", "info", "x.btf", "--json").ok().json()
        assert info["byte_order"] == name and info["kfuncs"] == 2 and info["types"] == 10, info
    text = skep("btf", "info", "x.btf").ok().out
    assert re.search(r"^byte order: +big$", text, re.M) and re.search(r"^ +func +2$", text, re.M)


@pytest.mark.need("btf")
@pytest.mark.parametrize("root, kind", [("task_struct", "struct"), ("sk_buff", "struct"), ("bpf_attr", "union")])
def test_dump_by_root_compiles_to_the_same(skep, tool, tmp_path, host, need, root, kind):
    """gcc takes it, and makes of it the sizes and offsets that it came from."""
    need("gcc")
    record = host.structs()[root]
    text = skep("btf", "dump", "--root", root).ok().out
    names = [m["name"] for m in record["members"] if m["name"] != "(anon)" and "bitfield_size" not in m]
    rows = "".join(f'printf("{n} %zu\\n", 8 * __builtin_offsetof({kind} {root}, {n}));' for n in names)
    source = f'{text}\nint printf(const char *, ...);\nint main(void) {{ printf("%zu\\n", sizeof({kind} {root})); {rows} return 0; }}\n'
    (tmp_path / "x.c").write_text(source)
    tool("gcc", "-std=gnu11", "-w", tmp_path / "x.c", "-o", tmp_path / "x")
    size, *offsets = tool(tmp_path / "x").stdout.splitlines()
    assert int(size) == record["size"]
    want = {m["name"]: m["bits_offset"] for m in record["members"]}
    assert {n: int(o) for n, o in map(str.split, offsets)} == {n: want[n] for n in names}


def test_dump_by_root(skep, compiled):
    out = skep("btf", "dump", compiled("bpf"), "--root", "do_it", "--root", "enum minus").ok().out
    parts = ["struct s;", "enum minus {\n\tM_A = -1,\n\tM_B = 300,\n};", "extern int do_it(struct s *s, const void *p);\n"]
    assert sorted(out.split("\n\n")) == sorted(parts) and out.endswith(parts[-1])
    raw = skep("btf", "dump", compiled("bpf"), "--raw", "--root", "union u").ok().out
    assert re.fullmatch(r"\[\d+\] UNION 'u' size=4 vlen=2\n\t'i' .*\n\t'f' .*\n", raw)


@pytest.mark.parametrize(
    "args, what, hint",
    [
        (["--root", "do_itt"], "no type or function 'do_itt' in 'x.o'", "did you mean 'do_it'?"),
        (["--root", "enum s"], "no type or function 'enum s' in 'x.o'", None),
        (["--module", "ext4"], "no module 'ext4' in 'x.o'", "skep btf info --json lists the modules"),
        (["--module", "vmlinux", "--root", "s"], "roots and a module exclude each other", None),
    ],
)
def test_what_cannot_be_dumped(skep, compiled, args, what, hint):
    compiled("bpf")
    done = skep("btf", "dump", "x.o", *args)
    assert (done.rc, done.out) == (2, "")
    assert done.err.splitlines() == [f"skep btf dump: {what}"] + ([f"  hint: {hint}"] if hint else [])


@pytest.mark.parametrize("make", HOSTILE, ids=lambda f: f.__name__)
@pytest.mark.parametrize("command", [["info"], ["dump"], ["dump", "--raw"], ["diff", "ok"]], ids=" ".join)
def test_hostile_btf(skep, tmp_path, make, command):
    (tmp_path / "x.btf").write_bytes(make().bytes())
    (tmp_path / "ok").write_bytes(small().bytes())
    done = skep("btf", command[0], *command[1:], "x.btf", timeout=20)
    assert (done.rc, done.out) == (1, "")
    assert done.err == f"skep btf {command[0]}: x.btf: vmlinux: {HOSTILE[make]}\n" or done.err == f"skep btf {command[0]}: x.btf: {HOSTILE[make]}\n"


def test_every_truncation_and_flip_ends_well(skep, tmp_path):
    whole = small().bytes()
    (tmp_path / "ok").write_bytes(whole)
    for at in range(0, len(whole), 7):
        (tmp_path / "x.btf").write_bytes(whole[:at] + bytes([whole[at] ^ 0xA5]) + whole[at + 1 :])
        for command in (["info"], ["dump", "--raw"], ["dump", "--root", "b"], ["diff", "ok"]):
            done = skep("btf", command[0], *command[1:], "x.btf")
            assert done.rc in (0, 1, 2), (at, done)


# --- the library's --------------------------------------------------------------------------------------


@pytest.fixture(scope="module")
def library(kernel_library):
    return {"SKEP_HOME": kernel_library}


def test_modules(skep, library):
    kernel = "debian/bookworm/x86_64"
    info = skep("btf", "info", kernel, "--json", env=library).ok().json()
    assert info["source"].startswith(kernel) and info["arch"] == "x86_64" and info["release"].startswith("6.1.")
    modules = {m["name"]: m["types"] for m in info["modules"]}
    raw = skep("btf", "dump", kernel, "--raw", "--module", "xfs", env=library).ok().out
    assert len(re.findall(r"^\[", raw, re.M)) == modules["xfs"] and "STRUCT 'xfs_mount'" in raw
    text = skep("btf", "dump", kernel, "--module", "xfs", env=library).ok().out
    assert "\nstruct xfs_mount {\n" in text
    assert text.count("\nstruct task_struct {\n") == 0


def test_module_compiles(skep, library, tool, tmp_path, need):
    need("gcc")
    text = skep("btf", "dump", "debian/trixie", "--module", "xfs", env=library).ok().out
    (tmp_path / "x.c").write_text(text)
    tool("gcc", "-std=gnu11", "-w", "-fsyntax-only", tmp_path / "x.c")


@pytest.mark.parametrize("kernel", ["debian/bullseye", "debian/bookworm/arm64", "debian/forky"])
def test_raw_dump_of_a_profile(skep, library, bpftool, kernel):
    shown = skep("kernel", "show", kernel, "--json", env=library).ok().json()
    path = next(f["path"] for f in shown["files"] if f["what"] == "btf")
    want = bpftool("btf", "dump", "file", path, "format", "raw").stdout
    assert skep("btf", "dump", kernel, "--raw", "--module", "vmlinux", env=library).ok().out == want
    assert skep("btf", "dump", path, "--raw").ok().out == want
