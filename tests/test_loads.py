# SPDX-License-Identifier: BSD-2-Clause
"""What skep check says of loading, against loading: the judge is the running kernel.

Every program is tried by itself by tests/corpus/load.c, which attaches and pins nothing. Own ones, one per rule, then some
of the corpus; tests/corpus/loads.py does the same with all of it, and in guests (see tests/corpus/LOADS.md).
"""

import json

import pytest

from conftest import BUILD, NEEDS, run_tool
from corpus.judge import Compiler
from corpus.loads import HERE, Modules, answers_of, build_load, compare, read_results
from corpus.programs import programs
from corpus.targets import HOST, library_targets

pytestmark = pytest.mark.need("clang-19", "x86_64", "root")
INCLUDES = ["-I", BUILD / "share/skep/libbpf", "-idirafter", "/usr/include/x86_64-linux-gnu"]
HEAD = """#include <linux/bpf.h>
#include <bpf/bpf_helpers.h>
#include <bpf/bpf_core_read.h>
#include <bpf/bpf_tracing.h>
char LICENSE[] SEC("license") = LICENCE;
#define CORE __attribute__((preserve_access_index))
struct task_struct { int pid; int never_was; } CORE;
struct task_struct___new { int later; } CORE;
"""
MAP = """#define MAP(kind, name, size) struct { __uint(type, BPF_MAP_TYPE_##kind); __uint(max_entries, 1); \\
    __type(key, int); __uint(value_size, size); } name SEC(".maps");
"""
READ = "struct task_struct *t = (void *)bpf_get_current_task();"
HOOK = 'SEC("raw_tp/sched_switch") int p(void *ctx)'
# name: (source, taken by the kernel, licence)
OWN = {
    "a field": (f"{HOOK} {{ {READ} return BPF_CORE_READ(t, pid); }}", True),
    "no such field": (f"{HOOK} {{ {READ} return BPF_CORE_READ(t, never_was); }}", False),
    "a guarded field": (
        f"{HOOK} {{ {READ} struct task_struct___new *n = (void *)t;"
        " if (bpf_core_field_exists(n->later)) return BPF_CORE_READ(n, later); return 0; }",
        True,
    ),
    "a field that the wrong guard guards": (
        f"{HOOK} {{ {READ} struct task_struct___new *n = (void *)t;"
        " if (!bpf_core_field_exists(n->later)) return BPF_CORE_READ(n, later); return 0; }",
        False,
    ),
    "behind a constant": (
        f"const volatile int on = 0; {HOOK} {{ {READ} if (on) return BPF_CORE_READ(t, never_was); return 0; }}",
        True,
    ),
    "behind a variable": (
        f"int on = 0; {HOOK} {{ {READ} if (on) return BPF_CORE_READ(t, never_was); return 0; }}",
        False,
    ),
    "behind the kernel's version": (
        "extern int LINUX_KERNEL_VERSION __kconfig;"
        f" {HOOK} {{ {READ} if (LINUX_KERNEL_VERSION < 0x40000) return BPF_CORE_READ(t, never_was); return 0; }}",
        True,
    ),
    "in a function that nothing calls": (
        f"__attribute__((noinline, used)) static int f(void) {{ {READ} return BPF_CORE_READ(t, never_was); }} {HOOK} {{ return 0; }}",
        True,
    ),
    "a callback": (
        f"static long f(__u32 i, void *c) {{ {READ} return BPF_CORE_READ(t, never_was); }} {HOOK} {{ return bpf_loop(2, f, 0, 0); }}",
        False,
    ),
    "a helper for others": ('SEC("xdp") int p(void *ctx) { char comm[16]; return bpf_skb_load_bytes(ctx, 0, comm, 16); }', False),
    "a helper for all": ('SEC("xdp") int p(void *ctx) { return bpf_ktime_get_ns(); }', True),
    "a helper of the GPL": (f"{HOOK} {{ int v = 0; bpf_probe_read_kernel(&v, 4, ctx); return v; }}", False, "Proprietary"),
    "the same with the licence": (f"{HOOK} {{ int v = 0; bpf_probe_read_kernel(&v, 4, ctx); return v; }}", True),
    "no such kfunc": (f"extern void bpf_never_was(void) __ksym; {HOOK} {{ bpf_never_was(); return 0; }}", False),
    "a weak kfunc": (
        f"extern void bpf_never_was(void) __ksym __weak; {HOOK} {{ if (bpf_never_was) bpf_never_was(); return 0; }}",
        True,
    ),
    "a weak kfunc, called without a look": (f"extern void bpf_never_was(void) __ksym __weak; {HOOK} {{ bpf_never_was(); return 0; }}", False),
    "no such symbol": (f"extern const int never_was __ksym; {HOOK} {{ return (long)&never_was; }}", False),
    "no such tracepoint": ('SEC("tp_btf/never_was") int p(void *ctx) { return 0; }', False),
    "no such function to trace": ('SEC("fentry/never_was") int p(void *ctx) { return 0; }', False),
    "no such function to probe": ('SEC("kprobe/never_was") int p(void *ctx) { return 0; }', True),
    "no such option": (f"extern int CONFIG_NEVER_WAS __kconfig; {HOOK} {{ return CONFIG_NEVER_WAS; }}", False),
    "a weak option": (f"extern int CONFIG_NEVER_WAS __kconfig __weak; {HOOK} {{ return CONFIG_NEVER_WAS; }}", True),
    "no such struct of operations": (
        'struct never_ops { int (*f)(void); }; SEC("struct_ops/f") int p(void *ctx) { return 0; }'
        ' SEC(".struct_ops") struct never_ops ops = { .f = (void *)p };',
        False,
    ),
    "a map that is none to look into": (
        'MAP(STACK_TRACE, m, 8) SEC("perf_event") int p(void *ctx) { int k = 0; return !!bpf_map_lookup_elem(&m, &k); }',
        False,
    ),
    "the same where nobody gets": (
        "MAP(STACK_TRACE, m, 8) const volatile int on = 0;"
        ' SEC("perf_event") int p(void *ctx) { int k = 0; return on ? !!bpf_map_lookup_elem(&m, &k) : 0; }',
        True,
    ),
    "the same by a function's argument": (
        "MAP(PROG_ARRAY, m, 4) static __attribute__((noinline)) int f(void *map) { int k = 0; return !!bpf_map_lookup_elem(map, &k); }"
        ' SEC("socket") int p(void *ctx) { return f(&m); }',
        False,
    ),
    "one of two maps": (
        "MAP(ARRAY, a, 4) MAP(STACK_TRACE, m, 8) static __attribute__((noinline)) int f(void *map)"
        ' { int k = 0; return !!bpf_map_lookup_elem(map, &k); } SEC("perf_event") int p(void *ctx)'
        " { return f(&a) + bpf_get_stackid(ctx, &m, 0); }",
        True,
    ),
    "a map of sockets in a tracepoint": (
        f"MAP(SOCKMAP, m, 4) {HOOK} {{ int k = 0; return bpf_map_delete_elem(&m, &k); }}",
        False,
    ),
    "a map of sockets where it may be changed": (
        'MAP(SOCKMAP, m, 4) SEC("sk_reuseport") int p(void *ctx) { int k = 0; return bpf_map_delete_elem(&m, &k); }',
        True,
    ),
    "beside one that reads a variable": (
        "struct rq {}; extern const struct rq runqueues __ksym;"
        ' SEC("raw_tp/sched_switch") int q(void *ctx) { return (long)bpf_per_cpu_ptr(&runqueues, 0); }'
        f" {HOOK} {{ return 0; }}",
        True,
    ),
    "of no struct of operations": ('SEC("struct_ops/f") int p(void *ctx) { return 0; }', False),
}


@pytest.fixture(scope="module")
def tried(build_dir, session_skep, tmp_path_factory):
    """Objects -> rows (word, what, load, answer), as loads.py sorts them."""
    folder = tmp_path_factory.mktemp("loads")
    load, skep = build_load(folder), build_dir / "bin/skep"

    def run(objects, known=()):
        results = folder / "results"
        run_tool(load, "-o", results, *objects)
        answers, errors = answers_of(skep, objects, "host", session_skep.environ({"SKEP_HOME": folder / "none"}))
        assert errors == {}
        loads = read_results(results)
        return loads, compare(loads, answers, known, Modules(skep, "host"))

    return run


@pytest.fixture(scope="module")
def own(tried, tmp_path_factory):
    folder = tmp_path_factory.mktemp("own")
    objects = {}
    for number, (name, (source, _, *licence)) in enumerate(OWN.items()):
        path = folder / f"{number}.bpf.c"
        path.write_text(f'#define LICENCE "{licence[0] if licence else "GPL"}"\n{HEAD}{MAP}{source}\n')
        objects[name] = path.with_suffix(".o")
        run_tool("clang-19", "--target=bpf", "-O2", "-g", "-mcpu=v3", "-D__TARGET_ARCH_x86", "-Wno-everything", *INCLUDES, "-c", path,
                 "-o", objects[name])  # fmt: skip
    _, rows = tried(list(objects.values()))
    by_object = {row[2].object: row for row in rows}
    return {name: by_object[str(path)] for name, path in objects.items()}


@pytest.mark.parametrize("name", OWN)
def test_own(name, own):
    word, _, load, answer = own[name]
    assert (load.word == "loaded") == OWN[name][1], load
    assert word == "agree", (load, answer)


# --- of the corpus -------------------------------------------------------------------------------

SOME = """
    own/fields.bpf.c own/externs.bpf.c own/type_based.bpf.c own/struct_ops.bpf.c selftests-6.12/bpf_iter_task_btf.c
    selftests-6.12/core_kern.c selftests-6.12/cpumask_success.c selftests-6.12/exceptions_fail.c selftests-6.12/iters_task.c
    selftests-6.12/linked_list.c selftests-6.12/map_kptr.c selftests-6.12/profiler1.c selftests-6.12/rbtree.c
    selftests-6.12/test_ksyms_btf.c selftests-6.12/verifier_global_subprogs.c
""".split()


@pytest.fixture(scope="module")
def some(build_dir, repo, need, session_skep, kernel_library, tmp_path_factory):
    """Objects of SOME, compiled with the full header of the kernel that each is for."""
    found = {f"{p.source.name}/{p.path.name}": p for p in programs(repo / "build/deps/corpus")}
    missing = [n for n in SOME if n not in found]
    NEEDS["corpus"] = lambda: f"no source of {missing[0]}: run '.ci/deps test'" if missing else None
    need("corpus")
    env = session_skep.environ({"SKEP_HOME": kernel_library})
    work, targets = tmp_path_factory.mktemp("some"), library_targets(build_dir / "bin/skep", env)
    compiler, made = Compiler(build_dir / "bin/skep", work, env), []
    for name in SOME:
        program = found[name]
        header = work / program.source.kernel / "vmlinux.h"
        if not header.exists():
            header.parent.mkdir()
            session_skep("vmlinux", "--btf", targets[program.source.kernel], "-o", header).ok()
        done = compiler.compile(program, header.parent, work / program.source.name / program.slug / "full.o")
        assert done.ok, done.said
        made.append(done.object)
    return made


def test_corpus(some, tried):
    assert HOST.exists()
    known = json.loads((HERE / "loads.json").read_text())
    loads, rows = tried(some, [k for k in known if k.get("kernel", "host") == "host"])
    assert [r[1:] for r in rows if r[0] == "wrong"] == []
    words = [r[0] for r in rows]
    assert len(rows) >= 100 and words.count("agree") >= len(rows) // 2, words
    assert {load.word for load in loads} >= {"loaded", "verifier"}
