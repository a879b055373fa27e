# SPDX-License-Identifier: BSD-2-Clause
"""skep prove from end to end: Debian's kernels booted, objects loaded and attached, predictions held against them."""

import json
import os
import re
import shutil
import signal
import subprocess
import time
from pathlib import Path

import pytest

from conftest import SESSION

DATA = Path(__file__).parent / "data"
SUITES = ("bullseye", "bookworm", "trixie", "forky", "trixie-backports")
pytestmark = pytest.mark.need("qemu-system-x86_64", "busybox")


def clang():
    return shutil.which("clang-19") or "clang"


def suite_of(kernel):
    return kernel.split("/")[1]


@pytest.fixture(scope="module")
def objects(session_skep, build_dir, kernel_library, tmp_path_factory):
    """Templates' packages, and objects of tests/data: name -> path."""
    folder = tmp_path_factory.mktemp("prove")
    found = {}
    for name in ("exec-watch", "sched-latency", "xdp-filter"):
        session_skep("new", name, "--template", name, cwd=folder).ok()
        session_skep("build", "-C", folder / name).ok()
        found[name.replace("-", "_")] = folder / name / f"build/{name}.skep"
    scheduler = DATA / "prove/scheduler.bpf.c"
    libbpf = build_dir / "share/skep/libbpf"
    session_skep("vmlinux", "--for", scheduler, "--kernel", "debian/forky/x86_64", "-I", libbpf, "-o", folder / "vmlinux.h",
                 env={"SKEP_HOME": kernel_library}).ok()  # fmt: skip
    for source in (DATA / "check/portable.bpf.c", DATA / "prove/hooks.bpf.c", scheduler):
        out = folder / source.name.replace(".c", ".o")
        argv = [clang(), "--target=bpfel", "-D__TARGET_ARCH_x86", "-mcpu=v3", "-g", "-O2", f"-I{folder}", f"-I{libbpf}",
                "-idirafter", "/usr/include/x86_64-linux-gnu", "-c", source, "-o", out]  # fmt: skip
        subprocess.run([str(a) for a in argv], check=True)
        found[source.name.removesuffix(".bpf.c")] = out
    return found


@pytest.fixture(scope="module")
def proof(session_skep, objects, kernel_library, tmp_path_factory):
    """One run over everything: the JSON, and the folder with the files that it wrote."""
    folder = tmp_path_factory.mktemp("proof")
    outputs = [a for kind in ("html", "junit", "sarif", "save") for a in (f"--{kind}", folder / f"out.{kind}")]
    done = session_skep("prove", *objects.values(), "--all", "--json", *outputs, env={"SKEP_HOME": kernel_library}, timeout=300)
    assert done.rc == 1, done  # hooks and helpers that some kernels lack
    return done.json(), folder


def cells(told, name):
    """suite -> what was said of that object there."""
    row = next(o for o in told["objects"] if o["object"] == name)
    return {suite_of(c["kernel"]): c for c in row["kernels"] if c["proof"]}


def programs(cell):
    return {p["program"]: p for p in cell["proof"]["programs"]}


def test_every_kernel_was_booted(proof):
    booted = {suite_of(k["kernel"]): k["boot"] for k in proof[0]["kernels"] if k["arch"] == "x86_64"}
    assert set(booted) == set(SUITES)
    assert {s: (b["error"], b["problems"]) for s, b in booted.items()} == {s: (None, []) for s in SUITES}


def test_nothing_disagrees(proof):
    assert proof[0]["disagreements"] == []


@pytest.mark.parametrize("name", ["exec_watch", "sched_latency", "xdp_filter"])
def test_templates_are_proven(proof, name):
    for suite, cell in cells(proof[0], name).items():
        assert cell["verdict"] == "loads"
        for p in programs(cell).values():
            assert (suite, p["load"], p["attach"], p["why"]) == (suite, "loaded", "attached", None)
            stats = p["stats"]
            assert stats["insns"] > 10 and stats["jited"] > 50 and stats["states"] >= stats["peak_states"] > 0
            assert p["runs"] > 0


def test_events_come(proof):
    for suite, cell in cells(proof[0], "exec_watch").items():
        assert [b["map"] for b in cell["proof"]["buffers"]] == ["events"]
        assert cell["proof"]["buffers"][0]["events"] > 0, suite


@pytest.mark.parametrize("suite", SUITES)
def test_what_a_locked_machine_refuses(proof, suite):
    """fentry, fexit, kprobes and LSM hooks load, are attached and run."""
    told = programs(cells(proof[0], "hooks")[suite])
    assert set(told) == {"at_fentry", "at_fexit", "at_kprobe", "at_kretprobe", "at_lsm"}
    for name, p in told.items():
        assert (name, p["load"], p["attach"]) == (name, "loaded", "attached")
        called = name != "at_lsm" or suite != "bullseye"  # there bpf is not in CONFIG_LSM
        assert (name, p["runs"] > 0) == (name, called)


def test_a_scheduler_runs_where_there_is_sched_ext(proof):
    told = cells(proof[0], "scheduler")
    for suite in SUITES:
        p = programs(told[suite])["queue_last"]
        has = suite in ("forky", "trixie-backports")
        assert (suite, told[suite]["verdict"]) == (suite, "loads" if has else "fails")
        assert (suite, p["load"], p["attach"]) == (suite, *(("loaded", "attached") if has else ("refused", "none")))
        assert (suite, p["runs"] > 0) == (suite, has)


def test_refusals_are_explained(proof):
    told = cells(proof[0], "portable")
    assert {s: c["verdict"] for s, c in told.items()} == {
        "bullseye": "fails", "bookworm": "loads", "trixie": "loads", "forky": "fails", "trixie-backports": "fails"}  # fmt: skip
    old, new = programs(told["bullseye"]), programs(told["forky"])
    assert {n: p["load"] for n, p in old.items()} == {"on_exit": "refused", "on_fork": "refused", "on_unlink": "loaded"}
    assert {n: p["load"] for n, p in new.items()} == {"on_exit": "loaded", "on_fork": "loaded", "on_unlink": "refused"}
    lines = (DATA / "check/portable.bpf.c").read_text().splitlines()
    where = {m: i for i, line in enumerate(lines, 1) for m in ("STATE", "LOOP") if f"/* {m} */" in line}
    assert old["on_exit"]["why"]["source"].endswith(f"portable.bpf.c:{where['STATE']}")
    assert all(p["why"]["cause"] for p in (old["on_exit"], old["on_fork"], new["on_unlink"]))
    loop = [f for f in told["bullseye"]["findings"] if f["program"] == "on_fork"]
    assert [f["source"].split(":")[-2] for f in loop] == [str(where["LOOP"])], "predicted where 5.10 tells no line"


def test_files_tell_the_same(proof):
    told, folder = proof
    kinds = {"html": "<!doctype html", "junit": "<?xml", "sarif": "{", "save": "{"}
    assert all((folder / f"out.{k}").read_text().lstrip().lower().startswith(start) for k, start in kinds.items())
    saved = json.loads((folder / "out.save").read_text())
    assert {k["kernel"] for k in told["kernels"] if k["boot"]} == {k["kernel"] for k in saved["kernels"]}


# --- one kernel ----------------------------------------------------------------------------------


@pytest.fixture
def prove(skep, kernel_library):
    def run(*args, env=None, **kw):
        return skep("prove", *args, env={"SKEP_HOME": kernel_library, **(env or {})}, **kw)

    return run


def guests():
    """Command lines of QEMU's processes that these tests started."""
    mine = f"SKEP_TEST_SESSION={SESSION}".encode()
    found = []
    for proc in Path("/proc").glob("[0-9]*"):
        try:
            argv = (proc / "cmdline").read_bytes().split(b"\0")
            env = (proc / "environ").read_bytes()
        except OSError:
            continue
        if b"qemu-system" in argv[0] and mine in env.split(b"\0"):
            found.append(b" ".join(argv).decode(errors="replace"))
    return found


def test_stimulus_and_its_events(prove, objects, tmp_path):
    """Commands of a script in the guest are what the program reports; packets come out of the peer's namespace."""
    script = tmp_path / "stimulus"
    script.write_text("cp /bin/busybox /bin/honeybee\nfor i in 1 2 3; do /bin/honeybee true; done\n"
                      '$SKEP_PEER ping -c 3 -i 0.2 10.99.0.1 >/dev/null && echo packets came back\n')  # fmt: skip
    done = prove(objects["exec_watch"], objects["xdp_filter"], "--kernel", "debian/bookworm/x86_64", "--stimulus", script,
                 "--events", "-v")  # fmt: skip
    assert done.rc == 0, done
    assert len(re.findall(r"EXEC.*honeybee", done.out)) == 3, done
    counted = prove(objects["xdp_filter"], "--kernel", "debian/bookworm/x86_64", "--stimulus", script, "--json").ok().json()
    assert counted["objects"][0]["kernels"][0]["proof"]["programs"][0]["runs"] >= 3


SILENT = """
#include <linux/bpf.h>
#include <bpf/bpf_helpers.h>
struct { __uint(type, BPF_MAP_TYPE_RINGBUF); __uint(max_entries, 4096); } events SEC(".maps");
char LICENSE[] SEC("license") = "GPL";
SEC("tp/xdp/xdp_exception") int never(void *ctx) { return bpf_ringbuf_output(&events, "", 1, 0); }
"""


def test_no_event_is_a_failure(prove, build_dir, tool, tmp_path):
    """What a stimulus does not reach is not proven."""
    source, out, script = tmp_path / "silent.bpf.c", tmp_path / "silent.bpf.o", tmp_path / "stimulus"
    source.write_text(SILENT)
    script.write_text("exit 0\n")
    tool(clang(), "--target=bpfel", "-g", "-O2", f"-I{build_dir}/share/skep/libbpf", "-idirafter", "/usr/include/x86_64-linux-gnu",
         "-c", source, "-o", out)  # fmt: skip
    quiet = prove(out, "--kernel", "debian/bookworm/x86_64")
    assert quiet.rc == 0, quiet
    done = prove(out, "--kernel", "debian/bookworm/x86_64", "--stimulus", script)
    assert done.rc == 1 and "sent no event" in done.out, done


def test_a_stimulus_that_fails(prove, objects, tmp_path):
    script = tmp_path / "stimulus"
    script.write_text("echo it went wrong; exit 7\n")
    done = prove(objects["exec_watch"], "--kernel", "debian/bookworm/x86_64", "--stimulus", script)
    assert done.rc == 1 and "the stimulus ended with 7: it went wrong" in done.out, done


def test_a_stimulus_that_never_ends(prove, objects, tmp_path):
    script = tmp_path / "stimulus"
    script.write_text("while :; do /bin/true; done\n")
    began = time.monotonic()
    done = prove(objects["exec_watch"], "--kernel", "debian/bookworm/x86_64", "--stimulus", script, "--duration", "1")
    assert time.monotonic() - began < 30
    assert done.rc == 3 and "stimulus did not end" in done.err + done.out, done
    assert not guests()


def test_interrupting_kills_the_guests(start, objects, kernel_library, tmp_path):
    script = tmp_path / "stimulus"
    script.write_text("sleep 60\n")
    p = start("prove", objects["exec_watch"], "--all", "--stimulus", script, "-v", env={"SKEP_HOME": kernel_library})
    end = time.monotonic() + 20
    while not guests() and time.monotonic() < end:
        time.sleep(0.1)
    assert guests()
    p.popen.send_signal(signal.SIGINT)
    assert p.popen.wait(10) in (130, 3)
    assert not guests()


# --- what cannot be asked ------------------------------------------------------------------------


def test_no_qemu(prove, objects, tmp_path):
    done = prove(objects["exec_watch"], "--kernel", "debian/bookworm/x86_64", env={"PATH": tmp_path})
    assert done.rc == 3
    assert "qemu-system-x86_64" in done.err + done.out and "qemu-system-x86" in done.err + done.out


def test_no_such_kernel(prove, objects):
    done = prove(objects["exec_watch"], "--kernel", "debian/sarge")
    assert done.rc == 3 and "debian/sarge" in done.err


def test_too_little_memory(prove, objects):
    done = prove(objects["exec_watch"], "--kernel", "debian/bookworm/x86_64", "--memory", "64", "--timeout", "6")
    assert done.rc == 3 and "memory" in done.err + done.out, done
    assert not guests()


def test_unprivileged(prove, objects, repo, build_dir, kernel_library, tmp_path, need):
    """No capabilities, another user: all but --host."""
    need("root")
    home = tmp_path / "nobody"
    home.mkdir()
    os.chown(home, 65534, 65534)
    library = home / "library"
    shutil.copytree(kernel_library, library)
    package = home / "exec-watch.skep"
    shutil.copy(objects["exec_watch"], package)
    for path in [library, *library.rglob("*"), package]:
        os.chown(path, 65534, 65534)
    argv = ["setpriv", "--reuid=65534", "--regid=65534", "--clear-groups", "--inh-caps=-all", "--bounding-set=-all",
            build_dir / "bin/skep", "prove", package, "--kernel", "debian/bookworm/x86_64", "--json"]  # fmt: skip
    env = {**os.environ, "HOME": str(home), "SKEP_HOME": str(library), "XDG_CACHE_HOME": str(home / "cache")}
    for parent in tmp_path.parents:
        if parent.stat().st_mode & 0o5 != 0o5 and str(parent).startswith("/tmp/"):
            parent.chmod(parent.stat().st_mode | 0o5)
    tmp_path.chmod(0o755)
    done = subprocess.run([str(a) for a in argv], env=env, cwd=home, capture_output=True, text=True, timeout=120)
    assert done.returncode == 0, done
    assert json.loads(done.stdout)["disagreements"] == []
