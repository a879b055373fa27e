# SPDX-License-Identifier: BSD-2-Clause
"""skep check from end to end: which kernels, which objects, what it answers and how it ends."""

import json
import re
import shutil
from pathlib import Path

import pytest

from kernels import debian_kernels, kernel_library  # noqa: F401
from tinybtf import kernel as tiny_kernel

DATA = Path(__file__).parent / "data/check"
KERNELS = {
    "bullseye": "debian/bullseye/x86_64",
    "bookworm": "debian/bookworm/x86_64",
    "trixie": "debian/trixie/x86_64",
    "forky": "debian/forky/x86_64",
}


def clang():
    return shutil.which("clang-19") or "clang"


@pytest.fixture
def compiled(need, tool, tmp_path, build_dir):
    """C file or text -> object."""
    need("clang")

    def compile_it(source, name=None, target="bpfel", cflags=()):
        path = Path(source) if isinstance(source, Path) else tmp_path / f"{name}.bpf.c"
        if path.parent == tmp_path:
            path.write_text(source)
        out = tmp_path / path.with_suffix(".o").name
        include = [f"-I{build_dir}/share/skep/libbpf", "-idirafter", "/usr/include/x86_64-linux-gnu"]
        tool(clang(), f"--target={target}", "-D__TARGET_ARCH_x86", "-mcpu=v3", "-g", "-O2", "-Wall", *include, *cflags,
             "-c", path, "-o", out)  # fmt: skip
        return out

    return compile_it


def line_of(path, mark):
    """Of the line with that comment."""
    return next(i for i, line in enumerate(path.read_text().splitlines(), 1) if f"/* {mark} */" in line)


def cells(told, object_index=0):
    return {row["kernel"]: row for row in told["objects"][object_index]["kernels"]}


def found(cell, **want):
    return [f for f in cell["findings"] if all(f[k] == v for k, v in want.items())]


@pytest.fixture
def check(skep, kernel_library):  # noqa: F811
    def run(*args, home=kernel_library, **kw):
        return skep("check", *args, env={"SKEP_HOME": home}, **kw)

    return run


# --- what it is for ------------------------------------------------------------------------------

SOURCE = DATA / "portable.bpf.c"


def by_suite(told):
    return {n: next(c for k, c in cells(told).items() if k.startswith(KERNELS[n])) for n in KERNELS}


def test_portable_program_on_debian_kernels(check, compiled):
    """A renamed field, a new helper, a renamed function, a guarded field: each told where it is so, with its line."""
    done = check(compiled(SOURCE), "--all", "--json")
    assert done.rc == 1
    told = by_suite(done.json())
    assert {n: c["verdict"] for n, c in told.items()} == {
        "bullseye": "fails", "bookworm": "loads", "trixie": "loads", "forky": "fails",
    }  # fmt: skip
    old = {(f["kind"], int(f["source"].split(":")[-2])) for f in found(told["bullseye"], status="fails")}
    assert old == {("relocation", line_of(SOURCE, "STATE")), ("helper", line_of(SOURCE, "LOOP"))}  # callbacks are implied
    state = found(told["bullseye"], status="fails", kind="relocation")[0]
    assert "task_struct.state" in state["instead"]
    hook = found(told["forky"], status="fails")
    assert [(f["kind"], f["program"], f["phase"]) for f in hook] == [("hook", "on_unlink", "load")]
    first = line_of(SOURCE, "FENTRY")  # clang tells of a program's statements, not of its head
    assert first <= int(hook[0]["source"].split(":")[-2]) <= first + 2
    for suite in ("bullseye", "bookworm"):
        guarded = found(told[suite], status="guarded", kind="relocation")
        assert {int(f["source"].split(":")[-2]) for f in guarded} == {line_of(SOURCE, "GUARDED")}
    assert found(told["forky"], status="guarded") == []


def test_text_names_the_line(check, compiled):
    done = check(compiled(SOURCE), "--kernel", KERNELS["bullseye"])
    assert done.rc == 1 and done.err == ""
    assert re.search(rf"portable\.bpf\.c:{line_of(SOURCE, 'STATE')}: .*__state", done.out), done.out


BEHIND = """
#include <linux/bpf.h>
#include <bpf/bpf_helpers.h>
#include <bpf/bpf_core_read.h>
struct task_struct___x { int gone, kept; } __attribute__((preserve_access_index));
extern int no_function(void) __ksym;
extern int no_weak_function(void) __ksym __weak;
static long step(unsigned int i, void *ctx) { return 0; }
SEC("tp_btf/sched_process_exit") int field(unsigned long long *ctx)
{
	struct task_struct___x *t = (void *)ctx[0];
	int v = t->gone;
	bpf_loop(v, step, NULL, 0); /* LOOP */
	if (bpf_core_field_exists(t->kept))
		v += t->kept; /* GUARDED */
	return v;
}
SEC("tp_btf/sched_process_exit") int function(void *ctx)
{
	if (no_weak_function() || no_function())
		bpf_loop(3, step, NULL, 0); /* LOOP2 */
	return 0;
}
char LICENSE[] SEC("license") = "GPL";
"""


def test_what_is_behind_a_failure_is_told_too(check, compiled):
    """The one who mends the first finding is not to find the next one afterwards; guards count there as well."""
    told = check(compiled(BEHIND, "behind"), "--kernel", KERNELS["bullseye"], "--json").json()
    findings = told["objects"][0]["kernels"][0]["findings"]
    status = {(f["program"], f["name"]): f["status"] for f in findings}
    assert status["field", "struct task_struct___x.gone"] == "fails"
    assert status["field", "bpf_loop"] == "fails" == status["function", "bpf_loop"]
    assert status["field", "struct task_struct___x.kept"] == "guarded"
    assert status["function", "no_weak_function"] == "fails"
    assert not [f for f in findings if f["kind"] == "feature"]  # of functions that are missing, and told


WHOLE = """
#include <linux/bpf.h>
#include <bpf/bpf_helpers.h>
extern int no_function(void) __ksym;
static long step(unsigned int i, void *ctx) { return 0; }
SEC("raw_tp/sched_process_exit") int function(void *ctx)
{
	bpf_ktime_get_ns();
	return no_function();
}
SEC("raw_tp/sched_process_fork") int callback(void *ctx)
{
	bpf_ktime_get_ns();
	if (bpf_get_prandom_u32() == 1)
		bpf_loop(3, step, NULL, 0);
	return 0;
}
SEC("raw_tp/sched_process_exec") int atomic(void *ctx)
{
	static int v;
	bpf_ktime_get_ns();
	return __sync_fetch_and_add(&v, 1);
}
char LICENSE[] SEC("license") = "GPL";
"""


SDIV = """
#include <linux/bpf.h>
#include <bpf/bpf_helpers.h>
SEC("raw_tp/sched_process_exec") int f(struct bpf_raw_tracepoint_args *ctx)
{
	return (long)ctx->args[0] / ((long)ctx->args[1] | 1);
}
char LICENSE[] SEC("license") = "GPL";
"""


def test_what_is_refused_as_a_whole_has_a_line(check, compiled):
    """A strong function fails the object and an opcode the program, reached or not; where they stand is told."""
    told = check(compiled(WHOLE, "whole"), "--kernel", KERNELS["bullseye"], "--json").json()
    lines = {f["name"]: int(f["source"].split(":")[-2 if f["source"].count(":") > 1 else -1])
             for f in told["objects"][0]["kernels"][0]["findings"] if f["status"] == "fails"}  # fmt: skip
    text = WHOLE.splitlines()
    for name, code in (("no_function", "no_function();"), ("bpf_loop", "bpf_loop("), ("atomic operations", "__sync")):
        assert code in text[lines[name] - 1], lines
    assert "atomic operations need Linux 5.12" in check("whole.bpf.o", "--kernel", KERNELS["bullseye"], "--explain").out
    compiled(SDIV, "sdiv", cflags=["-mcpu=v4"])
    assert "signed division needs Linux 6.6" in check("sdiv.bpf.o", "--kernel", KERNELS["bullseye"]).out


READS = DATA / "reads.bpf.c"


def test_read_is_of_its_own_line(check, compiled):
    """Clang gives the offsets that bpf_probe_read_kernel() is called with no line, after which they seem to be of another."""
    told = check(compiled(READS), "--kernel", KERNELS["bookworm"], "--json").json()
    lines = {(f["name"].split(".")[-1], int(f["source"].split(":")[-2])) for f in told["objects"][0]["kernels"][0]["findings"]}
    want = {"gone": ["GONE"], "lost": ["LOST"], "missing": ["MISSING"], "absent": ["ABSENT"]}
    assert lines == {(name, line_of(READS, mark)) for name, marks in want.items() for mark in marks}


UNCALLED = """
#include <linux/bpf.h>
#include <bpf/bpf_helpers.h>
struct foo { int x; } __attribute__((preserve_access_index));
int uncalled(struct foo *f) { return f->x; } /* AMBIGUOUS */
SEC("socket") int f(void *ctx) { return 0; }
char LICENSE[] SEC("license") = "GPL";
"""


def test_libbpf_relocates_what_nothing_calls(check, compiled, tmp_path):
    """Two candidates that do not agree fail the load, in whatever function."""
    kernel = compiled("struct foo___a { int x; } a; struct foo___b { int pad, x; } b; long l;", "kernel")
    done = check(compiled(UNCALLED, "uncalled"), "--btf", kernel, "--json")
    failed = found(done.json()["objects"][0]["kernels"][0], status="fails")
    assert [(f["kind"], f["name"], f["function"], f["program"]) for f in failed] == [("relocation", "struct foo.x", "uncalled", None)]
    assert "ambiguity" in failed[0]["reason"] and done.rc == 1


# --- which kernels -------------------------------------------------------------------------------

PLAIN = """
#include <linux/bpf.h>
#include <bpf/bpf_helpers.h>
SEC("socket") int f(void *ctx) { return 0; }
char LICENSE[] SEC("license") = "GPL";
"""


REFUSED_ANYWHERE = """#include <linux/bpf.h>
#include <bpf/bpf_helpers.h>
#include <bpf/bpf_core_read.h>
char LICENSE[] SEC("license") = "GPL";
enum bpf_func_id___x { BPF_FUNC_loop___x = 181 };
struct bpf_key { int has_ref; };
extern void bpf_key_put(struct bpf_key *key) __ksym __weak;
static int each(__u32 i, void *ctx) { return 0; }
SEC("raw_tp/sys_enter") int loops(void *ctx)
{
	if (bpf_core_enum_value_exists(enum bpf_func_id___x, BPF_FUNC_loop___x))
		bpf_loop(10, each, 0, 0);
	return 0;
}
SEC("raw_tp/sys_enter") int asks(void *ctx) { return bpf_ksym_exists(bpf_key_put); }
"""


def test_guards_do_not_help_everywhere(check, compiled):
    """5.10: "number of funcs in func_info doesn't match number of subprogs"; 6.1: "pseudo btf_id 75863 in ldimm64 isn't KIND_VAR"."""
    told = check(compiled(REFUSED_ANYWHERE, "refused"), "--all", "--json").json()["objects"][0]["kernels"]
    verdicts = {k["kernel"].split("/")[1]: {p["program"]: p["verdict"] for p in k["programs"]} for k in told if "/x86_64/" in k["kernel"]}
    assert verdicts["bullseye"] == {"loops": "fails", "asks": "loads"}
    assert verdicts["bookworm"] == {"loops": "loads", "asks": "fails"}
    assert verdicts["trixie"] == {"loops": "loads", "asks": "loads"}
    [asks] = [f for k in told if k["kernel"].startswith(KERNELS["bookworm"]) for f in k["findings"] if f["status"] == "fails"]
    assert asks["reason"] == "the address of kernel function bpf_key_put may not be taken before Linux 6.4"
    assert "bullseye" not in (asks["instead"] or ""), "which has no such function, and so does not mind"


def kernels_of(done):
    return [k["kernel"] for k in done.json()["kernels"]]


@pytest.mark.parametrize(
    "terms, want",
    [
        (["debian/bookworm/x86_64"], ["debian/bookworm/x86_64"]),
        ([">=6.12"], ["debian/forky/x86_64", "debian/trixie/x86_64", "debian/trixie-backports/x86_64"]),
        (["debian/bookworm/arm64", "debian/bullseye"], ["debian/bookworm/arm64", "debian/bullseye/x86_64"]),
        (["debian/bookworm/x86_64", "<6.2"], ["debian/bookworm/x86_64", "debian/bullseye/x86_64"]),
    ],
)
def test_kernels_by_name_and_range(check, compiled, terms, want):
    done = check(compiled(PLAIN, "plain"), *[a for t in terms for a in ("--kernel", t)], "--json")
    assert done.rc == 0
    assert [re.sub(r"^((?:[^/]+/){2}[^/]+)/.*", r"\1", k) for k in kernels_of(done)] == want


def test_nothing_named_is_the_whole_library(check, compiled, skep, kernel_library):  # noqa: F811
    listed = [k["id"] for k in skep("kernel", "list", "--json", env={"SKEP_HOME": kernel_library}).ok().json()["kernels"]]
    plain = compiled(PLAIN, "plain")
    assert kernels_of(check(plain, "--json")) == kernels_of(check(plain, "--all", "--json")) == listed


def test_empty_library_is_the_running_kernel(check, compiled, tmp_path):
    done = check(compiled(PLAIN, "plain"), "--json", "-v", home=tmp_path / "none")
    assert done.rc == 0 and kernels_of(done) == ["host"]
    assert "no kernels in the library: checking the running one" in done.err


def test_missing_kernel_is_unknown(check, compiled):
    done = check(compiled(PLAIN, "plain"), "--kernel", "debian/sid", "--kernel", KERNELS["trixie"], "--json")
    assert done.rc == 3
    told = done.json()
    assert (told["verdict"], told["missing"]) == ("unknown", ["debian/sid"])
    assert [r["verdict"] for r in told["objects"][0]["kernels"]] == ["loads"]


def test_failure_outweighs_missing(check, compiled):
    assert check(compiled(SOURCE), "--kernel", "debian/sid", "--kernel", KERNELS["bullseye"], "--json").rc == 1


def test_btf_file_named_like_a_release(check, compiled, tmp_path):
    btf = tmp_path / "5.4.0-1009-aws.btf"
    btf.write_bytes(tiny_kernel())
    done = check(compiled(PLAIN, "plain"), "--btf", btf, "--json")
    assert [(k["kernel"], k["release"]) for k in done.json()["kernels"]] == [(str(btf), "5.4.0-1009-aws")]


def test_other_byte_order_is_not_concerned(check, compiled):
    done = check(compiled(PLAIN, "plain", target="bpfeb"), "--kernel", KERNELS["trixie"], "--json")
    assert done.json()["objects"][0]["kernels"] == []


# --- which objects -------------------------------------------------------------------------------


def test_package_and_object_answer_alike(check, package):
    path = package()
    assert path.suffix == ".skep"
    packed = check(path, "--kernel", KERNELS["trixie"], "--json")
    assert packed.rc == 0, packed
    row = packed.json()["objects"][0]
    assert (row["object"], row["file"], row["arch"]) == ("exec_watch", str(path), "x86_64")


def test_other_architectures_are_not_concerned(check, package):
    row = check(package(), "--all", "--json").json()["objects"][0]
    assert {k["kernel"].split("/")[2] for k in row["kernels"]} == {"x86_64"}


def test_both_policies_are_rows(check, compiled):
    told = check(compiled(SOURCE), "--policy", "both", "--kernel", KERNELS["trixie"], "--json").json()
    assert [o["policy"] for o in told["objects"]] == ["user", "kernel"]


@pytest.mark.parametrize(
    "name, content, rc, message",
    [
        ("text", b"hello", 2, "{}: neither a BPF object nor a package"),
        ("empty", b"", 2, "{}: neither a BPF object nor a package"),
        ("absent", None, 3, "{}: cannot open: No such file or directory"),
    ],
)
def test_bad_files(check, tmp_path, name, content, rc, message):
    path = tmp_path / name
    if content is not None:
        path.write_bytes(content)
    done = check(path, "--kernel", KERNELS["trixie"])
    assert (done.rc, done.out) == (rc, "")
    assert message.format(path) in done.err


# --- classes -------------------------------------------------------------------------------------


def test_equal_layouts_are_judged_once(skep, compiled, tmp_path):
    """Twenty kernels that differ in what the object does not use, and three that differ in what it does."""
    home, plain = tmp_path / "home", compiled(
        """
        #include <linux/bpf.h>
        #include <bpf/bpf_helpers.h>
        #include <bpf/bpf_core_read.h>
        struct task_struct { int tgid; } __attribute__((preserve_access_index));
        SEC("raw_tp/x") int f(void *ctx) { return ((struct task_struct *)bpf_get_current_task_btf())->tgid; }
        char LICENSE[] SEC("license") = "GPL";
        """,
        "reader",
    )  # fmt: skip
    env = {"SKEP_HOME": home}
    for i in range(20):
        btf = tmp_path / f"{i}.btf"
        btf.write_bytes(tiny_kernel("x86_64", *[f"extra_{j}" for j in range(i)]))
        skep("kernel", "add", btf, "--id", f"toy/x86_64/k{i}", "--arch", "x86_64", env=env).ok()
    done = skep("check", plain, "--all", "--json", env={**env})
    assert len(done.json()["objects"][0]["kernels"]) == 20
    explained = skep("check", plain, "--all", "-v", env=env)
    assert "answers: 20, distinct layouts: 1, distinct verdicts: 1" in explained.err, explained.err


def test_json_is_one_object_whatever_the_verdict(check, compiled):
    for kernel in ("bullseye", "bookworm"):
        done = check(compiled(SOURCE), "--kernel", KERNELS[kernel], "--json")
        assert json.loads(done.out)["verdict"] == {"bullseye": "fails", "bookworm": "loads"}[kernel]
