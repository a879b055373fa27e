# SPDX-License-Identifier: BSD-2-Clause
"""Probes: what is among the types of a kernel, judged by what was compiled into them."""

import subprocess

import pytest

from conftest import run_tool

HOST = "/sys/kernel/btf/vmlinux"

KERNEL = """
enum colour { RED, GREEN = 7 };
enum wide { WIDE = 0x100000000ll };
enum only_declared;
struct inner { int deep; struct { union { int buried; long other; }; }; };
struct outer {
	struct { int shown; struct { int lower; }; };
	struct inner by_value, *pointer, many[2][3];
	const volatile struct inner fixed;
};
struct versioned___v2 { int now; };
union choice { int left; long right; };
struct only_forward;
typedef struct inner inner_t;
typedef void (*btf_trace_thing)(void *, int);
struct all { enum colour c; enum wide w; struct only_forward *f; inner_t t; btf_trace_thing tp; union choice u; struct versioned___v2 v; struct outer o; } all;
__attribute__((noinline)) int a_function(struct all *a) { return a->c; }
__attribute__((noinline)) int odd___name(struct all *a) { return a->c; }
__attribute__((section("text"), used)) int user(struct all *a) { return a_function(a) + odd___name(a) + all.c; }
"""

YES = [
    "enumerator colour.RED", "enumerator colour.GREEN", "enumerator GREEN", "enumerator wide.WIDE", "enum colour", "enum wide",
    "struct inner", "struct inner.deep", "struct inner.buried", "struct outer.shown", "struct outer.lower",
    "struct outer.by_value.deep", "struct outer.many.buried", "struct outer.fixed.other", "struct choice.left",
    "struct versioned.now", "struct versioned___old.now", "struct inner___flavour.deep", "enumerator colour___x.RED___y",
    "typedef inner_t", "typedef inner_t___v1", "typedef btf_trace_thing", "func a_function", "func a_function___new", "func odd___name", "var all",
]  # fmt: skip
NO = [
    "enumerator colour.WIDE", "enumerator inner.deep", "enumerator colour.BLUE", "enumerator BLUE", "enum inner", "enum colou",
    "struct colour", "struct only_forward", "struct inner.shown", "struct outer.deep", "struct inner.deep.deep", "struct outer.pointer.deep",
    "struct outer.by_value.by_value", "struct inner_t", "struct nothing.deep", "typedef inner", "typedef outer", "func odd", "func inner",
    "func all", "var a_function", "var al", "enum only_declared", "struct versioned.old",
]  # fmt: skip
CORRUPT = [
    "", " ", "struct", "struct ", "struct  inner", "struct inner ", "struct .deep", "struct inner.", "struct inner..deep", "struct a.b.c.d.e.f.g.h.i",
    "class inner", "Struct inner", "enumerator a.b.c", "typedef a.b", "func a.b", "var a.b", "enum a.b", "func 2", "func a b", "func a;b",
    "struct inner\n", "func é", "func " + "a" * 512,
]  # fmt: skip


@pytest.fixture(scope="module")
def ask(build_dir, tmp_path_factory, repo):
    folder = tmp_path_factory.mktemp("probe")
    (folder / "kernel.c").write_text(KERNEL)
    run_tool("clang-19", "--target=bpf", "-g", "-O2", "-Wno-everything", "-c", folder / "kernel.c", "-o", folder / "kernel.o")
    run_tool("llvm-objcopy-19", "--dump-section", f".BTF={folder}/kernel.btf", folder / "kernel.o", folder / "other.o")
    flags = (build_dir / "flags").read_text().split()
    libs = [build_dir / "libskep.a", "build/deps/libbpf/inst/libbpf.a", "-lelf", "-ljansson", "-lcrypto", "-lz"]
    argv = [*flags, "-Wl,--gc-sections", "-o", folder / "probe_words", "tests/probe_words.c", *libs]
    done = subprocess.run(argv, cwd=repo, capture_output=True, text=True)
    assert done.returncode == 0, done.stderr

    def ask(words, btf=folder / "kernel.btf"):
        return dict(zip(words, run_tool(folder / "probe_words", btf, "--", *words).stdout.splitlines(), strict=True))

    return ask


@pytest.mark.parametrize("words,answer", [(YES, "yes"), (NO, "no"), (CORRUPT, "corrupt")])
def test_words(ask, words, answer):
    assert ask(words) == dict.fromkeys(words, answer)


@pytest.mark.need("btf")
def test_running_kernel(ask, bpftool):
    words = {
        "enumerator bpf_map_type.BPF_MAP_TYPE_RINGBUF": "'BPF_MAP_TYPE_RINGBUF' val",
        "typedef btf_trace_sched_switch": "TYPEDEF 'btf_trace_sched_switch'",
        "func bpf_lsm_file_open": "FUNC 'bpf_lsm_file_open'",
        "var runqueues": "VAR 'runqueues'",
        "struct task_struct.comm": "'comm' type_id",
        "struct task_struct.no_such_member": "'no_such_member'",
    }
    dump = bpftool("btf", "dump", "file", HOST).stdout
    assert ask(words, HOST) == {w: "yes" if text in dump else "no" for w, text in words.items()}
