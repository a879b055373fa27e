# SPDX-License-Identifier: BSD-2-Clause
"""skep build checks the kernels that skep.yaml names: what fails is said with its place, what was found is not sought twice."""

import json
import re

import pytest

from kernelhome import home, lib, tree  # noqa: F401
from test_variants import BODY, HEAD, TYPES, YAML as WAYS, pair, project as ways  # noqa: F401
from tinyproject import SOURCE, YAML, explained, tiny, wrapper, write  # noqa: F401

STATE = HEAD + """
struct task_struct___new { int __state; } __attribute__((preserve_access_index));
SEC("tp/sched/sched_process_exec") int on_exec(void *ctx)
{
	struct task_struct___new *t = (void *)bpf_get_current_task();
%s	seen = limit + BPF_CORE_READ(t, __state);
	return 0;
}
"""
GUARD = "\tif (!bpf_core_field_exists(t->__state))\n\t\treturn 0;\n"
CHECKS = "build/checks.json"
OLD, NEW = "debian/bullseye/x86_64", "debian/bookworm/x86_64"


def state(folder, kernels, guard="", arch="x86_64"):
    yaml = f"name: state\nversion: 0.1.0\nlicense: GPL-2.0-only\narch: [{arch}]\nsources: [src/state.bpf.c]\n"
    return write(folder, {"skep.yaml": f"{yaml}kernels: {kernels}\n", "src/state.bpf.c": STATE % guard})


@pytest.fixture
def build(skep, kernel_library):
    def run(folder, *args, **kw):
        return skep("build", "-C", folder, *args, env={"SKEP_HOME": kernel_library, **kw})

    return run


def checks(folder):
    return [(r["kernel"].split("/")[1], r["object"], r["variant"], r["verdict"]) for r in json.loads((folder / CHECKS).read_text())]


def test_required_kernel_that_fails(build, skep, tmp_path, kernel_library):
    folder = state(tmp_path, "[debian/bookworm, debian/bullseye, '>=5.10']")
    done = build(folder)
    kernel = next(r["kernel"] for r in json.loads((folder / CHECKS).read_text()) if r["verdict"] == "fails")
    assert kernel.startswith(OLD)
    assert done.rc == 1 and done.out == ""
    assert done.err.splitlines()[-2:] == [
        f"skep build: skep.yaml:6:28: 'state' fails on {kernel} (1 of 5 kernels): "
        "src/state.bpf.c:13: task_struct.__state does not exist",
        f"  hint: skep check build/state.skep --kernel {kernel} --explain",
    ]
    # what was built is there to be looked into
    assert {"state.bpf.o", "state.skel.h", "state.skep"} <= {p.name for p in (folder / "build").iterdir()}
    again = build(folder)
    assert (again.rc, again.err.splitlines()[-2:]) == (1, done.err.splitlines()[-2:])
    # the hint is one that can be followed
    hint = done.err.splitlines()[-1].split(": ")[1].split()[1:]
    told = skep(*hint, cwd=folder, env={"SKEP_HOME": kernel_library})
    assert told.rc == 1 and "task_struct.__state does not exist" in told.out


def test_errors_as_json_and_runs_of_projects(build, skep, tmp_path, kernel_library):
    """skep run PROJECT takes what build makes: nothing that fails a required kernel."""
    folder = state(tmp_path, "[debian/bullseye]")
    error = json.loads(build(folder, "--json").err)
    assert error["where"] == "skep.yaml:6:11" and error["what"].startswith("'state' fails on debian/bullseye")
    done = skep("run", folder, "--duration", "50ms", env={"SKEP_HOME": kernel_library})
    assert (done.rc, done.out) == (1, "") and done.err.splitlines()[0] == f"skep run: skep.yaml:6:11: {error['what']}"


def test_guarded_it_loads_everywhere(build, tmp_path):
    folder = state(tmp_path, "[debian/bullseye, '>=6']", GUARD)
    done = build(folder).ok()
    assert "kernels: loads on 5" in done.out.splitlines()
    assert [c[3] for c in checks(folder)] == ["loads"] * 5
    report = build(folder, "--json").ok().json()
    assert report["checks"] == json.loads((folder / CHECKS).read_text()) and report["steps"] == 0
    assert report["kernels"] == ["debian/bullseye", ">=6"]


@pytest.mark.parametrize("template", ["exec-watch", "sched-latency", "xdp-filter"])
def test_templates_hold_what_they_promise(skep, tmp_path, kernel_library, template):
    skep("new", "it", "--template", template).ok()
    done = skep("build", "-C", "it", env={"SKEP_HOME": kernel_library}).ok()
    assert re.search(r"^kernels: loads on [4-9]$", done.out, re.M), done


def test_kernels_of_every_architecture(build, tmp_path):
    folder = state(tmp_path, "[debian/bookworm]", GUARD, "x86_64, arm64")
    rows = build(folder, "--json").ok().json()["checks"]
    assert sorted(r["arch"] for r in rows) == ["arm64", "x86_64"]
    assert all(f"/{r['arch']}/" in r["kernel"] for r in rows)


def test_what_is_not_in_the_library(skep, tmp_path):
    folder = state(tmp_path, "[debian/bookworm, '>=5']")
    done = skep("build", "-C", folder, env={"SKEP_HOME": tmp_path / "none"}).ok()
    line = "no kernel 'debian/bookworm' for x86_64 in the library: the package has no types for it"
    assert done.err.splitlines().count(line) == 1 and "kernels: loads on 0, unknown of 1" in done.out
    row = {"kernel": "debian/bookworm", "arch": None, "object": None, "variant": None, "verdict": "unknown"}
    assert json.loads((folder / CHECKS).read_text()) == [{**row, "reason": "not in the library"}]


def test_why_it_is_done_or_not(build, skep, tmp_path, kernel_library):
    folder = state(tmp_path, "[debian/bookworm]", GUARD)
    assert explained(build(folder, "--explain"))[CHECKS] == "was never made"
    assert explained(build(folder, "--explain"))[CHECKS] == "is up to date"
    source = folder / "src/state.bpf.c"
    source.write_text(source.read_text().replace("seen = limit +", "seen = 3 * limit +"))
    assert explained(build(folder, "--explain"))[CHECKS].startswith("build/state.bpf.o changed (sha256 ")
    yaml = folder / "skep.yaml"
    yaml.write_text(yaml.read_text().replace("debian/bookworm", "debian/trixie"))
    assert explained(build(folder, "--explain"))[CHECKS].startswith("kernel changed ('debian/bookworm/")
    yaml.write_text(yaml.read_text().split("kernels")[0])
    why = explained(build(folder, "--explain"))
    assert why["no check"] == "skep.yaml names no kernels" and CHECKS not in why
    assert build(folder, "--json").ok().json().get("checks") is None


def test_another_kernel_of_that_name(skep, lib, tree, home, tmp_path):
    """The profile's digest decides, not its name."""
    folder = write(tmp_path / "p", {"skep.yaml": YAML + "kernels: [debian/bookworm]\n", "src/tiny.bpf.c": SOURCE, "src/tiny.h": "#define LIMIT 7\nstruct count { __u64 packets; };\n"})  # fmt: skip
    env = {"SKEP_HOME": home}
    lib("add", tree("6.1.0-1", "one")).ok()
    skep("build", "-C", folder, env=env).ok()
    lib("add", "--replace", tree("6.1.0-1", "two")).ok()
    why = explained(skep("build", "-C", folder, "--explain", env=env))
    assert why[CHECKS].startswith("profile changed (sha256 ")


def test_nothing_to_do_opens_no_kernel(build, tmp_path, tool, kernel_library, build_dir, need):
    need("strace")
    folder = state(tmp_path, "['>=5']", GUARD)
    build(folder).ok()
    env = {"SKEP_HOME": str(kernel_library), "PATH": "/usr/bin:/bin", "HOME": str(tmp_path), "ASAN_OPTIONS": "detect_leaks=0"}
    tool("strace", "-f", "-o", tmp_path / "trace", "-e", "trace=openat", build_dir / "bin/skep", "build", "-C", folder, env=env)
    opened = [line for line in (tmp_path / "trace").read_text().splitlines() if ".idx" in line or ".bpf.o" in line]
    assert opened == []


# --- variants ------------------------------------------------------------------------------------


def test_a_kernel_needs_one_variant_that_loads(build, tmp_path):
    """The first wants a field that came with 5.14; before that the second is taken."""
    yaml = WAYS.split("sources")[0] + "kernels: [debian/bullseye, debian/bookworm]\n"
    yaml += "variants:\n  new: {sources: [src/new.bpf.c]}\n  old: {sources: [src/old.bpf.c]}\n"
    old = STATE.replace("__state", "state") % ""
    folder = ways(tmp_path, yaml, new=STATE % "", old=old)
    build(folder).ok()
    assert checks(folder) == [("bookworm", "two_ways", "new", "loads"), ("bullseye", "two_ways", "old", "loads")]
    # and if neither is for it
    (folder / "src/old.bpf.c").write_text(old.replace("state", "nostate"))
    done = build(folder)
    assert done.rc == 1
    kernel = json.loads((folder / CHECKS).read_text())[1]["kernel"]
    assert done.err.splitlines()[-2] == (
        f"skep build: skep.yaml:5:11: 'two_ways' fails on {kernel} (1 of 2 kernels): no variant is for it; "
        "new: src/new.bpf.c:13: task_struct.__state does not exist; "
        "old: src/old.bpf.c:13: task_struct.nostate does not exist"
    )


def test_the_variant_that_a_kernel_gets_must_load_there(build, tmp_path):
    """What a rule cannot say, the check does: that another would load is no help, as run would not take it."""
    body = "\tif (!bpf_core_type_exists(struct thing___x))\n\t\tseen = bpf_ktime_get_tai_ns();\n"
    folder = pair(tmp_path, HEAD + TYPES + BODY % body, more="kernels: [debian/bullseye, debian/bookworm]\n")
    done = build(folder)
    assert done.rc == 1
    assert checks(folder) == [("bookworm", "two_ways", "first", "loads"), ("bullseye", "two_ways", "first", "fails")]
    assert done.err.splitlines()[-2].startswith("skep build: skep.yaml:8:11: 'two_ways', variant first fails on debian/bullseye/")


def test_the_same_whatever_was_built_before(build, tmp_path):
    """checks.json is a function of the objects and kernels."""
    a, b = (state(tmp_path / name, "['>=5.10']", GUARD) for name in "ab")
    build(a).ok(), build(b, "-j1").ok()
    assert (a / CHECKS).read_bytes() == (b / CHECKS).read_bytes()
    (b / CHECKS).write_text("[]")
    build(b).ok()
    assert (a / CHECKS).read_bytes() == (b / CHECKS).read_bytes()
