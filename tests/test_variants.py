# SPDX-License-Identifier: BSD-2-Clause
"""variants: of skep.yaml: several objects for the same programs, the rule of which kernel gets which, and who follows it."""

import json

import pytest

import skepfile
from conftest import BUILD, run_tool
from tinyproject import write

HEAD = """#include "vmlinux.h"
#include <bpf/bpf_helpers.h>
#include <bpf/bpf_core_read.h>
#include <bpf/bpf_tracing.h>
char LICENSE[] SEC("license") = "GPL";
const volatile __u64 limit = 1;
__u64 seen;
"""
PLAIN = HEAD + 'SEC("tp/sched/sched_process_exec") int on_exec(void *ctx)\n{\n\tseen = limit;\n\treturn 0;\n}\n'
WAYS = HEAD + """
#ifdef USE_RINGBUF
struct { __uint(type, BPF_MAP_TYPE_RINGBUF); __uint(max_entries, 4096); } events SEC(".maps");
#else
struct { __uint(type, BPF_MAP_TYPE_PERF_EVENT_ARRAY); __uint(key_size, 4); __uint(value_size, 4); } events SEC(".maps");
#endif
SEC("tp/sched/sched_process_exec") int on_exec(void *ctx)
{
	__u64 v = limit;
#ifdef USE_RINGBUF
	bpf_ringbuf_output(&events, &v, sizeof(v), 0);
#else
	bpf_perf_event_output(ctx, &events, BPF_F_CURRENT_CPU, &v, sizeof(v));
#endif
	return 0;
}
"""
YAML = """name: two-ways
version: 0.1.0
license: GPL-2.0-only
arch: [x86_64]
sources: [src/ways.bpf.c]
cflags: [-DCOMMON]
variants:
  ringbuf: {cflags: [-DUSE_RINGBUF]}
  perf-buf: {mcpu: v2}
"""
NO_KERNEL_HAS = HEAD + """
struct nobody___v2 { int nothing; } __attribute__((preserve_access_index));
extern int nobody_has_this(struct task_struct *t) __ksym;
SEC("tp_btf/sched_process_exec") int BPF_PROG(on_exec, struct task_struct *t)
{
	seen = limit + nobody_has_this(t) + ((struct nobody___v2 *)t)->nothing;
	return 0;
}
"""


def project(folder, yaml=YAML, **sources):
    return write(folder, {"skep.yaml": yaml, **{f"src/{name}.bpf.c": text for name, text in (sources or {"ways": WAYS}).items()}})


def pair(folder, first, second=PLAIN, more=""):
    """Two variants, each of a source of its own."""
    head = YAML.split("sources")[0]
    yaml = f"{head}variants:\n  first: {{sources: [src/first.bpf.c]}}\n  second: {{sources: [src/second.bpf.c]}}\n{more}"
    return project(folder, yaml, first=first, second=second)


def layer(package):
    entries = skepfile.read(package)
    blob = next(b for b in entries.values() if b[:2] == b"\x1f\x8b")
    return skepfile.layer_files(blob)


def manifest(package):
    return json.loads(dict(layer(package))["skep/manifest.json"])


def choices(package):
    (group,) = manifest(package)["variants"]
    return [(c["variant"], c["object"], c["when"]) for c in group["choices"]]


# --- skep.yaml -----------------------------------------------------------------------------------

RINGBUF = ["enumerator bpf_func_id.BPF_FUNC_ringbuf_output", "enumerator bpf_map_type.BPF_MAP_TYPE_RINGBUF"]
WRONG = {
    "variants: {}": ("2:1", "'variants' wants 2 to 32 of them, not 0"),
    "variants: {a: {}}": ("2:1", "'variants' wants 2 to 32 of them, not 1"),
    "variants: [a, b]": ("2:11", "'variants' wants a map, not a list"),
    "variants: {a: {}, b: []}": ("2:22", "'b' wants a map, not a list"),
    "variants: {a: {}, b: x}": ("2:22", "'b' wants a map, not text"),
    "variants: {a: {}, a: {}}": ("2:19", "key 'a' is given twice"),
    "variants: {a: {}, B_c: {}}": ("2:19", "variant name 'B_c' is not made of a-z, 0-9 and '-', at most 63"),
    "variants: {a: {cflag: []}, b: {}}": ("2:16", "unknown key 'cflag'", "did you mean 'cflags'?"),
    "variants: {a: {variants: {}}, b: {}}": ("2:16", "unknown key 'variants'"),
    "variants: {a: {arch: [arm64]}, b: {}}": ("2:16", "unknown key 'arch'"),
    "variants: {a: {mcpu: v9}, b: {}}": ("2:22", "'mcpu' wants v1, v2, v3 or v4, not 'v9'"),
    "variants: {a: {cflags: [-O0]}, b: {}}": ("2:25", "flag '-O0' cannot be used: the kernel refuses what clang makes of it"),
    "variants: {a: {sources: []}, b: {}}": ("2:12", "variant 'a' of 'q' has no sources"),
    "variants: {a: {sources: [x.h]}, b: {}}": ("2:26", "source 'x.h' is not a .c file"),
    "variants: {a: {sources: [gone.c]}, b: {}}": ("2:26", "source 'gone.c' does not exist"),
    "variants: {a: {}, %s: {}}" % ("b" * 62): ("2:19", f"name 'q_{'b' * 62}' of variant '{'b' * 62}' is longer than 63"),
}  # fmt: skip


@pytest.mark.parametrize("text", WRONG, ids=range(len(WRONG)))
def test_errors_have_their_place(skep, tmp_path, text):
    where, what, *hint = WRONG[text]
    write(tmp_path, {"skep.yaml": f"{{name: q, version: 1, sources: [a.c],\n{text}}}", "a.c": "\n"})
    done = skep("build", "-C", tmp_path)
    assert done.rc == 2
    assert done.err.splitlines() == [f"skep build: skep.yaml:{where}: {what}"] + [f"  hint: {h}" for h in hint]


def test_names_that_meet(skep, tmp_path):
    """The variant's object is called as another object is."""
    yaml = "name: p\nversion: 1\nobjects:\n  a: {sources: [a.c], variants: {b: {}, c: {}}}\n  a-b: {sources: [a.c]}\n"
    done = skep("build", "-C", write(tmp_path, {"skep.yaml": yaml, "a.c": "\n"}))
    assert (done.rc, done.err) == (2, "skep build: skep.yaml:4:34: variant 'b' of 'a' is called as object 'a_b' is\n")


def test_a_parameter_must_be_in_every_variant(skep, tmp_path):
    folder = pair(tmp_path, PLAIN, PLAIN.replace("limit", "limits"), "params:\n  most: {type: u64, default: 3, rodata: limit}\n")
    done = skep("build", "-C", folder)
    assert done.rc == 2
    assert done.err.splitlines()[-3:] == [
        "skep build: skep.yaml:9:3: parameter 'most': there is no variable 'limit'",
        "  in variant 'second' of 'two_ways'",
        "  hint: did you mean 'limits'?",
    ]


# --- what is built -------------------------------------------------------------------------------


@pytest.fixture(scope="module")
def built(session_skep, tmp_path_factory):
    folder = project(tmp_path_factory.mktemp("variants") / "p", YAML + "params:\n  most: {type: u64, default: 3, rodata: limit}\n")
    session_skep("build", "-C", folder).ok()
    return folder


def test_package(built, tool, tmp_path):
    package = built / "build/two-ways.skep"
    assert [name for name, _ in layer(package)] == [
        "two_ways_ringbuf.bpf.o", "two_ways_perf_buf.bpf.o", "skep/manifest.json",
    ]  # fmt: skip
    assert manifest(package)["variants"][0]["name"] == "two_ways"
    assert choices(package) == [("ringbuf", "two_ways_ringbuf", RINGBUF), ("perf-buf", "two_ways_perf_buf", [])]
    for name in ("two_ways_ringbuf", "two_ways_perf_buf"):
        assert dict(layer(package))[f"{name}.bpf.o"] == (built / f"build/{name}.bpf.o").read_bytes()
    flags = manifest(package)["toolchain"]["flags"]
    assert "two_ways_ringbuf: -DUSE_RINGBUF" in flags and "two_ways_perf_buf: -mcpu=v2" in flags and "-DCOMMON" in flags


@pytest.mark.need("skopeo")
def test_labels_tell_of_the_first(built, tool):
    """bpfman loads the first entry of the layer alone."""
    done = tool("skopeo", "inspect", "--config", f"oci-archive:{built}/build/two-ways.skep:two-ways:0.1.0")
    labels = json.loads(done.stdout)["config"]["Labels"]
    assert json.loads(labels["io.ebpf.maps"]) == {"events": "ringbuf"}
    assert json.loads(labels["io.ebpf.programs"]) == {"on_exec": "tracepoint"}


def test_both_skeletons_in_one_program(built, repo, tmp_path):
    (tmp_path / "user.c").write_text(
        '#include "two_ways_ringbuf.skel.h"\n#include "two_ways_perf_buf.skel.h"\n'
        "int main(void) { return two_ways_ringbuf__open() || two_ways_perf_buf__open(); }\n"
    )
    libbpf = repo / "build/deps/libbpf/inst/include"
    run_tool("cc", "-fsyntax-only", "-I", built / "build", "-I", libbpf, tmp_path / "user.c")


def test_same_bytes_anywhere(built, skep, tmp_path):
    folder = project(tmp_path / "elsewhere", (built / "skep.yaml").read_text())
    skep("build", "-C", folder, "-j1").ok()
    assert (folder / "build/two-ways.skep").read_bytes() == (built / "build/two-ways.skep").read_bytes()
    assert skep("build", "-C", folder, "--json").ok().json()["steps"] == 0


def test_inspect(built, skep):
    done = skep("inspect", built / "build/two-ways.skep", "--json").ok().json()
    rows = [{"name": "two_ways", "variant": v, "object": o, "when": w} for v, o, w in choices(built / "build/two-ways.skep")]
    assert done["platforms"]["x86_64"]["variants"] == rows
    text = skep("inspect", built / "build/two-ways.skep").ok().out
    assert f"ringbuf   two_ways_ringbuf   {', '.join(RINGBUF)}" in text


def test_without_variants_nothing_is_said(skep, tmp_path):
    yaml = YAML.split("variants")[0]
    skep("build", "-C", project(tmp_path, yaml)).ok()
    assert "variants" not in manifest(tmp_path / "build/two-ways.skep")
    assert "variants of" not in skep("inspect", tmp_path / "build/two-ways.skep").ok().out


def test_variants_of_one_object_of_several(skep, tmp_path):
    yaml = """name: p
version: 1
arch: [x86_64]
params: {most: {type: u64, rodata: limit, object: ways}}
objects:
  plain: {sources: [src/plain.bpf.c]}
  ways: {sources: [src/ways.bpf.c], variants: {ringbuf: {cflags: [-DUSE_RINGBUF]}, perf: {}}}
"""
    skep("build", "-C", project(tmp_path, yaml, plain=PLAIN, ways=WAYS)).ok()
    made = manifest(tmp_path / "build/p.skep")
    assert [o["name"] for o in made["objects"]] == ["plain", "ways_ringbuf", "ways_perf"]
    assert [c["object"] for v in made["variants"] for c in v["choices"]] == ["ways_ringbuf", "ways_perf"]
    assert made["params"][0]["object"] == "ways"


# --- the rule ------------------------------------------------------------------------------------

BODY = 'SEC("tp/sched/sched_process_exec") int on_exec(void *ctx)\n{\n\tseen = limit;\n%s\treturn 0;\n}\n'
TASK = "\tstruct task_struct *t = (void *)bpf_get_current_task();\n"
LOOP = "static long once(__u32 i, void *ctx) { return 0; }\n"
TYPES = """#ifndef KERNEL_VERSION
#define KERNEL_VERSION(a, b, c) (((a) << 16) + ((b) << 8) + (c))
#endif
struct task_struct___new { int __newest; struct { int deep; } inner; } __attribute__((preserve_access_index));
struct thing___x { int a; } __attribute__((preserve_access_index));
enum bpf_func_id___x { BPF_FUNC_loop___x = 181 };
"""
HAS_LOOP = "bpf_core_enum_value_exists(enum bpf_func_id___x, BPF_FUNC_loop___x)"
NEW = "((struct task_struct___new *)t)"

# what goes without saying here: callbacks, functions and variables of the kernel, what BPF_CORE_READ() calls
IMPLIED = {
    "enumerator bpf_func_id.BPF_FUNC_for_each_map_elem", "struct bpf_prog_aux.kfunc_tab", "struct bpf_insn_aux_data.btf_var",
    "enumerator bpf_func_id.BPF_FUNC_probe_read_kernel",
}  # fmt: skip

# what the program does besides -> what a kernel must have for it
RULES = {
    "nothing": ("", "", []),
    "helper": (LOOP, "\tbpf_loop(1, once, 0, 0);\n", ["enumerator bpf_func_id.BPF_FUNC_loop"]),
    "helper behind its own check": (LOOP, f"\tif ({HAS_LOOP})\n\t\tbpf_loop(1, once, 0, 0);\n", []),
    "helper behind another's check": (LOOP, "\tif (bpf_core_type_exists(struct thing___x))\n\t\tbpf_loop(1, once, 0, 0);\n", []),
    "helper where a check says no": (LOOP, "\tif (!bpf_core_type_exists(struct thing___x))\n\t\tbpf_loop(1, once, 0, 0);\n", []),
    "helper on both ways": (
        LOOP,
        "\tif (bpf_core_type_exists(struct thing___x))\n\t\tseen = 2;\n\tbpf_loop(1, once, 0, 0);\n",
        ["enumerator bpf_func_id.BPF_FUNC_loop"],
    ),
    "helper behind a version": (
        LOOP + "extern int LINUX_KERNEL_VERSION __kconfig;\n",
        "\tif (LINUX_KERNEL_VERSION >= KERNEL_VERSION(5, 17, 0))\n\t\tbpf_loop(1, once, 0, 0);\n",
        [],
    ),
    "helper behind a constant": (LOOP + "const volatile bool wanted = false;\n", "\tif (wanted)\n\t\tbpf_loop(1, once, 0, 0);\n", []),
    "field": ("", TASK + f"\tseen = BPF_CORE_READ({NEW}, __newest);\n", ["struct task_struct.__newest"]),
    "field of a field": ("", TASK + f"\tseen = BPF_CORE_READ({NEW}, inner.deep);\n", ["struct task_struct.inner.deep"]),
    "field behind its check": (
        "",
        TASK + f"\tif (bpf_core_field_exists({NEW}->__newest))\n\t\tseen = BPF_CORE_READ({NEW}, __newest);\n",
        [],
    ),
    "one of two fields": (
        "",
        TASK + f"\tif (bpf_core_field_exists({NEW}->__newest))\n\t\tseen = BPF_CORE_READ({NEW}, __newest);\n"
        f"\telse\n\t\tseen = BPF_CORE_READ({NEW}, inner.deep);\n",
        [],
    ),
    "size of a type, which is 0 without it": (LOOP, "\tif (bpf_core_type_size(struct thing___x))\n\t\tbpf_loop(1, once, 0, 0);\n", []),
    "value of an enumerator": (
        "",
        "\tseen = bpf_core_enum_value(enum bpf_func_id___x, BPF_FUNC_loop___x);\n",
        ["enumerator bpf_func_id.BPF_FUNC_loop"],
    ),
    "kernel function": ("extern void bpf_rcu_read_lock(void) __ksym;\n", "\tbpf_rcu_read_lock();\n", ["func bpf_rcu_read_lock"]),
    "weak kernel function behind its check": (
        "extern void bpf_rcu_read_lock(void) __ksym __weak;\n",
        "\tif (bpf_ksym_exists(bpf_rcu_read_lock))\n\t\tbpf_rcu_read_lock();\n",
        [],
    ),
    "variable": ("extern const struct rq runqueues __ksym;\n", "\tseen = (__u64)&runqueues;\n", ["var runqueues"]),
}


@pytest.mark.parametrize("name", RULES)
def test_rule(skep, tmp_path, name):
    before, body, words = RULES[name]
    folder = pair(tmp_path, HEAD + TYPES + before + BODY % body)
    skep("build", "-C", folder).ok()
    first, second = choices(folder / "build/two-ways.skep")
    assert [w for w in first[2] if w not in IMPLIED] == words
    assert second == ("second", "two_ways_second", [])


# what no list of things to have can say: one or the other
BEYOND = ("one of two fields",)


def test_rule_agrees_with_verdicts(skep, tmp_path, kernel_library):
    """On every kernel of the library the rule takes what loads there, and nothing else."""
    names = {f"rule-{i}": name for i, name in enumerate(RULES)}
    objects = "".join(
        f"  {o}: {{variants: {{first: {{sources: [src/{o}.bpf.c]}}, second: {{sources: [src/plain.bpf.c]}}}}}}\n" for o in names
    )
    sources = {o: HEAD + TYPES + RULES[name][0] + BODY % RULES[name][1] for o, name in names.items()}
    yaml = f"name: rules\nversion: 1\narch: [x86_64]\nobjects:\n{objects}"
    env = {"SKEP_HOME": kernel_library}
    skep("build", "-C", project(tmp_path, yaml, plain=PLAIN, **sources), env=env).ok()
    done = skep("check", tmp_path / "build/rules.skep", "--all", "--json", env=env).json()
    first = {o["variant_of"]: o for o in done["objects"] if o["variant"] == "first"}
    picked = {g["name"]: {k["kernel"]: k["variant"] for k in g["kernels"]} for g in done["variants"]}
    differ, seconds = set(), 0
    for o, name in names.items():
        verdicts = {k["kernel"]: k["verdict"] for k in first[o.replace("-", "_")]["kernels"]}
        assert len(verdicts) >= 4 and "unknown" not in verdicts.values()
        for kernel, verdict in verdicts.items():
            choice = picked[o.replace("-", "_")][kernel]
            seconds += choice == "second"
            if choice != ("first" if verdict == "loads" else "second"):
                differ.add(name)
    assert differ == set(BEYOND) and seconds > 8


HOOKS = {
    "tp_btf/sched_switch": ["typedef btf_trace_sched_switch"],
    "fentry/do_unlinkat": ["func do_unlinkat"],
    "lsm/file_open": ["func bpf_lsm_file_open"],
    "raw_tp/sched_wakeup": ["typedef btf_trace_sched_wakeup"],
    "tp/sched/sched_wakeup": ["typedef btf_trace_sched_wakeup"],
    "tp/syscalls/sys_enter_openat": [],
    "kprobe/do_unlinkat": [],
    "?fentry/do_unlinkat": [],
}


@pytest.mark.parametrize("section", HOOKS)
def test_rule_of_hooks(skep, tmp_path, section):
    other = f'SEC("{section}") int other(void *ctx)\n{{\n\treturn 0;\n}}\n'
    skep("build", "-C", pair(tmp_path, PLAIN + other)).ok()
    words = choices(tmp_path / "build/two-ways.skep")[0][2]
    assert [w for w in words if not w.startswith("enumerator ")] == HOOKS[section]


def test_what_all_ask_for_tells_none_apart(skep, tmp_path):
    read = HEAD + TYPES + BODY % (TASK + f"\tseen = BPF_CORE_READ({NEW}, __newest);\n")
    skep("build", "-C", pair(tmp_path, read, read.replace("seen = limit", "seen = limit + 1"))).ok()
    assert [c[2] for c in choices(tmp_path / "build/two-ways.skep")] == [[], []]


def test_a_rule_has_an_end(skep, tmp_path):
    """As long as it is, the package can be read."""
    names = [f"a{i}" for i in range(600)]
    wide = f"struct wide {{ int {', '.join(names)}; }} __attribute__((preserve_access_index));\n"
    reads = "".join(f"\tseen += BPF_CORE_READ(w, {n});\n" for n in names)
    body = BODY % ("\tstruct wide *w = (void *)bpf_get_current_task();\n" + reads)
    done = skep("build", "-C", pair(tmp_path, HEAD + wide + body), "--explain").ok()
    assert "variant 'first' of 'two_ways' asks 601 things: 512 count" in done.err.splitlines()
    assert len(choices(tmp_path / "build/two-ways.skep")[0][2]) == 512
    skep("inspect", tmp_path / "build/two-ways.skep").ok()


# --- run -----------------------------------------------------------------------------------------

NOBODY = "verified by nobody: no trusted signature over "


def run(skep_run, package, *args):
    return skep_run(package, "--allow-unsigned", "--duration", "50ms", *args)


def told(done):
    return [line for line in done.err.splitlines() if not line.startswith(NOBODY)]


@pytest.mark.need("root", "btf", "tracefs")
class TestRun:
    def test_takes_the_first_that_fits(self, built, skep_run):
        package = built / "build/two-ways.skep"
        done = run(skep_run, package).ok()
        assert told(done) == ["variant 'ringbuf' of 'two_ways'"]
        lines = [json.loads(line) for line in run(skep_run, package, "--json").ok().out.splitlines()]
        assert lines[0] == {"skep": "variant", "of": "two_ways", "variant": "ringbuf", "object": "two_ways_ringbuf"}
        assert [x["skep"] for x in lines].count("variant") == 1

    def test_takes_the_next_where_the_first_lacks_something(self, skep, skep_run, tmp_path):
        folder = pair(tmp_path, NO_KERNEL_HAS, more="params:\n  most: {type: u64, default: 3, rodata: limit}\n")
        skep("build", "-C", folder).ok()
        words = choices(folder / "build/two-ways.skep")[0][2]
        assert "func nobody_has_this" in words and "struct nobody.nothing" in words
        done = run(skep_run, folder / "build/two-ways.skep", "--json", "--param", "most=77").ok()
        assert told(done) == ["variant 'second' of 'two_ways'"]
        assert json.loads(done.out.splitlines()[0])["object"] == "two_ways_second"

    def test_none_fits(self, skep, skep_run, tmp_path):
        other = NO_KERNEL_HAS.replace("nobody_has_this", "nobody_has_that").replace("struct nobody___v2", "struct noone___v3")
        folder = pair(tmp_path, NO_KERNEL_HAS, other)
        skep("build", "-C", folder).ok()
        done = run(skep_run, folder / "build/two-ways.skep")
        assert done.rc == 1 and done.out == ""
        assert told(done) == [
            "skep-run: no variant of 'two_ways' is for this kernel: 'first' wants func nobody_has_this, "
            "struct nobody.nothing; 'second' wants func nobody_has_that, struct noone.nothing"
        ]

    def test_what_the_kernel_refuses_is_not_replaced(self, skep, skep_run, tmp_path):
        """The verifier's own reasons are no part of the rule."""
        endless = HEAD + BODY % "\tfor (__u64 *p = &seen; p; p = (__u64 *)*p)\n\t\tseen += *p;\n"
        folder = pair(tmp_path, endless)
        skep("build", "-C", folder).ok()
        done = run(skep_run, folder / "build/two-ways.skep")
        assert done.rc == 1 and done.out == ""
        assert told(done)[0] == "variant 'first' of 'two_ways'"
        assert "  variant 'first' is what the package has for this kernel: no other was tried" in done.err.splitlines()

    @pytest.mark.need("unshare")
    def test_a_kernel_without_types(self, built, skep, tmp_path):
        """What wants nothing will do; else nobody can tell."""

        def blind(package):
            hide = 'mount -t tmpfs none /sys/kernel/btf && exec "$@"'
            argv = ["unshare", "-m", "sh", "-c", hide, "sh", BUILD / "bin/skep-run", package]
            return run_tool(*argv, "--allow-unsigned", "--duration", "50ms", check=False, env=skep.environ({}))

        done = blind(built / "build/two-ways.skep")
        assert done.returncode == 0
        assert done.stderr.splitlines()[1:] == [
            "variant 'perf-buf' of 'two_ways', which any kernel can have: this one has no types to ask"
        ]
        other = NO_KERNEL_HAS.replace("nobody_has_this", "nobody_has_that")
        skep("build", "-C", pair(tmp_path, NO_KERNEL_HAS, other)).ok()
        done = blind(tmp_path / "build/two-ways.skep")
        assert done.returncode == 3
        assert done.stderr.splitlines()[1:] == [
            "skep-run: this kernel has no types to ask which variant of 'two_ways' it gets",
            "  hint: --btf FILE names the kernel's types",
        ]

    @pytest.mark.need("strace")
    def test_who_has_no_variants_does_not_pay(self, built, skep, tmp_path, tool):
        folder = project(tmp_path, YAML.split("variants")[0])
        skep("build", "-C", folder).ok()
        env = skep.environ({"ASAN_OPTIONS": "detect_leaks=0"})

        def opens(package):
            argv = ["strace", "-f", "-o", tmp_path / "trace", "-e", "trace=openat", BUILD / "bin/skep-run", package]
            tool(*argv, "--allow-unsigned", "--duration", "1ms", env=env)
            return (tmp_path / "trace").read_text().count("/sys/kernel/btf/")

        assert (opens(folder / "build/two-ways.skep"), opens(built / "build/two-ways.skep")) == (0, 1)

    def test_of_a_file_of_types(self, built, skep_run, tmp_path):
        """--btf FILE answers for the kernel."""
        (tmp_path / "old.c").write_text("struct task_struct { int pid; } t; enum bpf_map_type { BPF_MAP_TYPE_HASH } e;\n")
        run_tool("clang-19", "--target=bpf", "-g", "-c", tmp_path / "old.c", "-o", tmp_path / "old.o")
        done = run(skep_run, built / "build/two-ways.skep", "--btf", tmp_path / "old.o").ok()
        assert told(done)[-1] == "variant 'perf-buf' of 'two_ways'"


# --- manifests that lie --------------------------------------------------------------------------


def choice(variant="a", of="toy", **more):
    return {"variant": variant, "object": of, "when": [], **more}


def group(*choices, name="g"):
    return {"name": name, "choices": list(choices)}


LIES = [
    ([], None),
    ([group(choice())], None),
    ([group(choice(when=["struct task_struct.pid"]))], None),
    ({}, "manifest has no proper 'variants'"),
    ([1], "list of variants has no proper 'name'"),
    ([group()], "variants of 'g', which has none"),
    ([group(choice(), name="toy")], "variants of 'toy', which is an object"),
    ([group(choice(), name="a b")], "list of variants has no proper 'name'"),
    ([group(choice(of="gone"))], "variant 'a' is object 'gone', which is not there"),
    ([group(choice(of="g"))], "variant 'a' is object 'g', which is not there"),
    ([group(choice(), choice("b"))], "object 'toy' is a variant twice"),
    ([group(choice()), group(choice(), name="h")], "object 'toy' is a variant twice"),
    ([group(choice()), group(choice(of="gone"))], "variants of 'g' are there twice"),
    ([group(choice("A"))], "variant has no proper 'variant'"),
    ([group(choice(when=None))], "variant has no proper 'when'"),
    ([group(choice(when=[1]))], "variant 'a' has no proper 'when'"),
    ([group(choice(when=[""]))], "variant 'a' has no proper 'when'"),
    ([group(choice(when=["func a\x1b[2J"]))], "variant 'a' has no proper 'when'"),
    ([group(choice(when=["func a"] * 513))], "variant 'a' asks 513 things"),
    ([group(choice(when=["func " + "a" * 5000]))], "variant 'a' has no proper 'when'"),
]  # fmt: skip


@pytest.mark.parametrize("variants,why", LIES, ids=range(len(LIES)))
def test_manifests_that_list_variants_wrongly(skep, tmp_path, variants, why):
    """Written by nobody's code but the tests'."""
    image = skepfile.Image(change=lambda meta: meta.update(variants=variants))
    (tmp_path / "x.skep").write_bytes(skepfile.Layout(image).bytes())
    (tmp_path / "trust").mkdir(mode=0o700)
    done = skep("verify", "x.skep", "--trust", tmp_path / "trust", "--allow-unsigned")
    if not why:
        assert done.rc == 0, done
    else:
        assert done.rc == 1 and done.err.splitlines()[0].endswith(why), done


@pytest.mark.need("root", "x86_64")
@pytest.mark.parametrize("words", ["class a", "struct", "struct a b", "func a.b", "a", "enumerator a.b.c"])
def test_words_that_are_no_probe(built, skep_run, tmp_path, words):
    """Refused before the kernel is asked anything."""
    files = dict(layer(built / "build/two-ways.skep"))
    made = json.loads(files.pop("skep/manifest.json"))
    del made["objects"][1:], made["variants"][0]["choices"][1:], made["files"][:]
    made["variants"][0]["choices"][0]["when"] = [words]
    name, data = next(iter(files.items()))
    made["files"].append({"name": name, "digest": skepfile.sha256(data), "size": len(data)})
    image = skepfile.Image(files=[(name, data)], change=lambda meta: (meta.clear(), meta.update(made)))
    (tmp_path / "x.skep").write_bytes(skepfile.Layout(image, ref="two-ways:0.1.0").bytes())
    done = run(skep_run, tmp_path / "x.skep")
    assert done.rc == 1 and told(done)[0] == f"skep-run: not a probe: '{words}'", done
