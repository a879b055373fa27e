# SPDX-License-Identifier: BSD-2-Clause
"""skep run and skep-run: verify, load, attach, stream, detach; judged by processes the test starts and by the kernel."""

import json
import os
import re
import shutil
import signal
import subprocess
import time
from pathlib import Path

import pytest

pytestmark = pytest.mark.need("root", "btf")

RUNNING = r"^'[a-z-]+' is running"


def lines(process):
    return [json.loads(line) for line in process.out.splitlines()]


def events(process):
    return [e for e in lines(process) if e.get("map") == "events"]


def held(pid):
    """(kind, id) of all programs, maps and links a process has open."""
    ids = set()
    for info in Path(f"/proc/{pid}/fdinfo").iterdir():
        try:
            ids.update(re.findall(r"^(prog|map|link)_id:\s*(\d+)", info.read_text(), re.M))
        except FileNotFoundError:
            pass
    return ids


def wait_gone(bpftool, ids):
    """The kernel frees what nobody holds, a little later."""
    assert any(kind == "link" for kind, _ in ids) and any(kind == "map" for kind, _ in ids)
    left = sorted(ids)
    for _ in range(60):
        left = [(kind, i) for kind, i in left if bpftool(kind, "show", "id", i, check=False).returncode == 0]
        if not left:
            return
        time.sleep(0.1)
    pytest.fail(f"left in the kernel: {left}")


# --- events --------------------------------------------------------------------------------------


@pytest.mark.parametrize("program", ["skep", "skep-run"])
def test_events_are_the_processes_we_start(start, signed_package, trust, program):
    args = [signed_package, "--trust", trust, "--json", "-v"]
    run = start(*(["run"] if program == "skep" else []), *args, program=program)
    run.wait_for(RUNNING, "err")
    child = subprocess.Popen(["/bin/sh", "-c", "exit 3"])
    child.wait()
    killed = subprocess.Popen(["/bin/sleep", "60"])
    time.sleep(0.1)
    killed.kill(), killed.wait()
    run.wait_for(rf'"kind":"EXIT","pid":{killed.pid},')
    assert run.stop(signal.SIGINT).rc == 0

    began, ended = [e for e in events(run) if e["pid"] == child.pid]
    assert (began["kind"], ended["kind"]) == ("EXEC", "EXIT")
    assert began["comm"] == "sh" and began["filename"] == "/bin/sh"
    assert began["ppid"] == os.getpid() and began["uid"] == os.getuid()
    assert (ended["exit_code"], ended["exit_signal"]) == (3, 0) and ended["duration_ns"] > 0
    assert [e["exit_signal"] for e in events(run) if e["pid"] == killed.pid] == [0, signal.SIGKILL]
    assert run.err.count("verified by skep: key sha256:") == 1


def test_columns_are_aligned(start, signed_package, trust):
    run = start("run", signed_package, "--trust", trust, "-v")
    run.wait_for(RUNNING, "err")
    for code in "3", "200":
        subprocess.run(["/bin/sh", "-c", f"exit {code}"])
    run.wait_for(r" 200 ")
    assert run.stop().rc == 0

    header, *rest = run.out.splitlines()
    names = {"DURATION_NS", "KIND", "PID", "PPID", "UID", "EXIT_CODE", "EXIT_SIGNAL", "COMM", "FILENAME"}
    assert set(header.split()) == names
    rows = rest[: rest.index("")]
    assert len(rows) >= 4 and header not in rows
    for row in rows:
        for name in "DURATION_NS", "PID", "PPID", "UID", "EXIT_CODE", "EXIT_SIGNAL":
            end = re.search(rf"\b{name}\b", header).end()
            assert row[end - 1].isdigit() and row[end : end + 2] == "  ", f"{name}\n{header}\n{row}"
        assert row[header.index("KIND") :].startswith(("EXEC  ", "EXIT  "))
        assert row[header.index("COMM") - 1] == " " != row[header.index("COMM")]
    assert any(re.search(r"  sh {15} .* /bin/sh$", row) for row in rows)


def test_nothing_steers_the_terminal(start, signed_package, trust, tmp_path):
    name = b"e\x1b[2J\xff\x07\xc2\x9b1m\xe2\x80\xae"[:15]
    program = os.fsencode(tmp_path) + b"/" + name
    shutil.copy("/bin/true", program)
    results = {}
    for option in [], ["--json"]:
        run = start("run", signed_package, "--trust", trust, "-v", *option)
        run.wait_for(RUNNING, "err")
        subprocess.run([program])
        run.wait_for(r"e(\\x1b|\\u001b)\[2J")
        assert run.stop().rc == 0
        results[bool(option)] = run
        raw = run.text["out"]
        assert not re.search(rb"[\x00-\x09\x0b-\x1f\x7f]|\xc2[\x80-\x9f]|\xe2\x80\xae", raw)
        raw.decode("utf-8")
    assert r"e\x1b[2J\xff\x07\xc2\x9b1m\xe2\x80\xae" in results[False].out
    comms = {e["comm"] for e in events(results[True])}
    assert name.decode(errors="replace") in comms


def test_histogram(skep, package):
    path = package("sched-latency")
    done = skep("run", path, "--allow-unsigned", "--duration", "1").ok()
    head, *rows = re.search(r"^latency: (?:.|\n)*?(?=\n\n|\Z)", done.out, re.M)[0].splitlines()
    total = int(re.fullmatch(r"latency: (\d+) counted, in ns", head)[1])
    slots = [re.fullmatch(r" +(\d+) \.\. (\d*) +(\d+)  \|(#* *)\|", row) for row in rows]
    assert all(slots), done
    assert sum(int(s[3]) for s in slots) == total > 0
    assert {len(s[4]) for s in slots} == {40} and max(s[4].count("#") for s in slots) == 40
    for low, high in zip(slots, slots[1:]):
        assert int(high[1]) == 2 * int(low[1]) and int(low[2]) == int(high[1]) - 1

    done = skep("run", path, "--allow-unsigned", "--duration", "0.5", "--json").ok()
    hist = next(line for line in map(json.loads, done.out.splitlines()) if line.get("map") == "latency")
    assert (hist["hist"], hist["unit"]) == ("log2", "ns")
    assert sum(s["count"] for s in hist["slots"]) > 0 and hist["slots"][0]["count"] > 0


def test_empty_maps_are_one_line(skep, package):
    done = skep("run", package("sched-latency"), "--allow-unsigned", "--duration", "0.2", "--param", "process=4194304").ok()
    assert "latency: empty\n" in done.out and "waiting: empty\n" in done.out


# --- the end -------------------------------------------------------------------------------------


@pytest.mark.parametrize("sig", [signal.SIGINT, signal.SIGTERM, signal.SIGHUP, signal.SIGKILL])
def test_signals_leave_nothing(start, signed_package, trust, bpftool, sig):
    run = start("run", signed_package, "--trust", trust, "--json", "-v")
    run.wait_for(RUNNING, "err")
    ids = held(run.pid)
    assert len([i for kind, i in ids if kind == "link"]) == 2
    assert run.stop(sig).rc == (0 if sig != signal.SIGKILL else -9)
    wait_gone(bpftool, ids)


def test_duration(skep, signed_package, trust):
    began = time.monotonic()
    done = skep("run", signed_package, "--trust", trust, "--duration", "0.5").ok()
    assert 0.5 <= time.monotonic() - began < 10
    assert done.err.count("\n") == 1


@pytest.mark.parametrize("value", ["", "x", "-1", "0", "1d", "1 s", "nan", "inf", "1e99", "0x1", " 1", "1.2.3", ".0000000001"])
def test_malformed_duration(skep, signed_package, trust, value):
    done = skep("run", signed_package, "--trust", trust, f"--duration={value}", timeout=10)
    assert (done.rc, done.err) == (
        2,
        f"skep run: --duration wants a duration, not '{value}'\n  hint: a number with ns, us, ms, s, m or h; bare: s\n",
    )


@pytest.mark.parametrize("value,seconds", [("300ms", 0.3), ("400000us", 0.4), ("500000000ns", 0.5), ("1s", 1), ("0.01m", 0.6)])
def test_duration_with_a_unit(skep, signed_package, trust, value, seconds):
    began = time.monotonic()
    skep("run", signed_package, "--trust", trust, "--duration", value, timeout=20).ok()
    assert seconds <= time.monotonic() - began < seconds + 8


def test_reader_that_goes_away_ends_it(build_dir, skep, signed_package, trust):
    argv = [build_dir / "bin/skep", "run", signed_package, "--trust", trust, "--json"]
    run = subprocess.Popen(argv, stdout=subprocess.PIPE, stderr=subprocess.PIPE, env=skep.environ({}))
    while not run.stdout.readline():
        subprocess.run(["/bin/true"])
    run.stdout.close()
    assert run.wait(20) == 0
    assert re.fullmatch(rb"verified by skep: [^\n]*\n", run.stderr.read())


def test_reader_that_goes_away_is_noticed_without_events(build_dir, skep, package):
    argv = [build_dir / "bin/skep", "run", package("sched-latency"), "--allow-unsigned", "-v"]
    run = subprocess.Popen(argv, stdout=subprocess.PIPE, stderr=subprocess.PIPE, env=skep.environ({}))
    while b"is running" not in run.stderr.readline():
        pass
    run.stdout.close()
    assert run.wait(20) == 0


def test_reader_that_does_not_read_cannot_hold_it(start, build_dir, skep, signed_package, trust, bpftool):
    argv = [build_dir / "bin/skep", "run", signed_package, "--trust", trust, "--json", "-v"]
    read, write = os.pipe()
    run = subprocess.Popen(argv, stdout=write, stderr=subprocess.PIPE, env=skep.environ({}))
    os.close(write)
    while b"is running" not in run.stderr.readline():
        pass
    subprocess.run(["/bin/sh", "-c", "i=0; while [ $i -lt 300 ]; do /bin/true; i=$((i+1)); done"])
    ids = held(run.pid)
    run.terminate()
    assert run.wait(20) == 0
    os.close(read)
    wait_gone(bpftool, ids)


def test_full_disk(build_dir, skep, signed_package, trust, bpftool):
    with open("/dev/full", "w") as full:
        argv = [build_dir / "bin/skep", "run", signed_package, "--trust", trust, "--duration", "1"]
        done = subprocess.run(argv, stdout=full, stderr=subprocess.PIPE, text=True, env=skep.environ({}), timeout=30)
    assert done.returncode == 3
    assert "skep run: cannot write the output: No space left on device\n" in done.stderr


# --- trust ---------------------------------------------------------------------------------------


def test_unsigned_is_refused(skep, package, trust):
    path = package("exec-watch")
    done = skep("run", path, "--trust", trust, "--duration", "1")
    assert (done.rc, done.out) == (1, "")
    assert re.match(rf"skep run: {path}@sha256:[0-9a-f]{{64}}: not signed\n  hint: ", done.err)


def test_untrusted_is_refused(skep, package, keys, trust):
    path = package("exec-watch")
    skep("sign", path, "--key", keys.foreign.key, "--cert", keys.foreign.crt).ok()
    done = skep("run", path, "--trust", trust, "--duration", "1")
    assert (done.rc, done.out) == (1, "")
    assert re.match(
        rf"skep run: {path}@sha256:[0-9a-f]{{64}}: signed by no key of the trust store, but by sha256:[0-9a-f]{{64}}\n",
        done.err,
    )


def test_allowed_unsigned_names_nobody(skep, package, trust):
    done = skep("run", package("exec-watch"), "--trust", trust, "--duration", "0.2", "--allow-unsigned").ok()
    assert re.fullmatch(r"verified by nobody: no trusted signature over sha256:[0-9a-f]{64}\n", done.err)


@pytest.mark.parametrize("region", [0.02, 0.3, 0.6, 0.9])
def test_tampered_is_refused(skep, signed_package, trust, region):
    data = bytearray(signed_package.read_bytes())
    at = int(len(data) * region)
    data[at] ^= 1
    signed_package.write_bytes(data)
    for allow in [], ["--allow-unsigned"]:
        done = skep("run", signed_package, "--trust", trust, "--duration", "1", *allow)
        assert (done.rc, done.out) == (1, ""), f"byte {at}"
        assert done.err.startswith(f"skep run: {signed_package}")


SWAP = """
#define _GNU_SOURCE
#include <dlfcn.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>

/* Called once the package is verified and before it is loaded. */
int signalfd(int fd, const sigset_t *mask, int flags)
{
	int (*next)(int, const sigset_t *, int) = dlsym(RTLD_NEXT, "signalfd");

	if (rename(getenv("SWAP_FROM"), getenv("SWAP_TO")))
		abort();
	return next(fd, mask, flags);
}
"""


def test_package_swapped_after_verification(skep, signed_package, package, trust, tool, tmp_path):
    (tmp_path / "swap.c").write_text(SWAP)
    tool("cc", "-shared", "-fPIC", "-o", tmp_path / "swap.so", tmp_path / "swap.c", "-ldl")
    evil = package("sched-latency")
    content = evil.read_bytes()
    env = {
        "LD_PRELOAD": tmp_path / "swap.so",
        "SWAP_FROM": evil,
        "SWAP_TO": signed_package,
        "ASAN_OPTIONS": "verify_asan_link_order=0:detect_leaks=0",
    }
    done = skep("run", signed_package, "--trust", trust, "--duration", "0.3", "--json", env=env).ok()
    assert signed_package.read_bytes() == content and not evil.exists()
    assert "verified by skep" in done.err
    assert {line["map"] for line in map(json.loads, done.out.splitlines())} <= {"events", "started"}
    assert '"map":"started"' in done.out


@pytest.mark.parametrize("program", ["skep", "skep-run"])
def test_kernel_verification_is_not_pretended(skep, signed_package, trust, program):
    args = [signed_package, "--trust", trust, "--verifier", "kernel", "--duration", "1"]
    done = skep(*(["run"] if program == "skep" else []), *args, program=program)
    assert (done.rc, done.out) == (1, "")
    name = "skep run" if program == "skep" else "skep-run"
    assert done.err.splitlines()[-1] == (
        f"{name}: the kernel cannot verify 'exec-watch': the package carries no signature for it"
    )


# --- projects, programs, privileges --------------------------------------------------------------


def test_project_is_built_and_run(skep, project):
    folder = project("exec-watch", build=False)
    done = skep("run", folder, "--duration", "0.3", "--json").ok()
    assert "built here, unsigned\n" in done.err and "verified" not in done.err
    assert (folder / "build/exec-watch.skep").exists()
    assert '"map":"started"' in done.out


def test_skep_run_takes_no_project(skep_run, project):
    folder = project("exec-watch")
    done = skep_run(folder)
    assert done.rc == 2
    assert done.err.startswith(f"skep-run: '{folder}' is a folder; this program runs packages\n")


def test_skep_run_is_small(build_dir, tool):
    needed = re.findall(r"\(NEEDED\).*\[(.*?)\]", tool("readelf", "-d", build_dir / "bin/skep-run").stdout)
    needed = {re.sub(r"\.so.*", "", n) for n in needed}
    sanitisers = {"libasan", "libubsan", "libm", "libgcc_s"}
    needed = {n for n in needed if not n.startswith("ld-linux")} - sanitisers
    assert needed <= {"libelf", "libz", "libjansson", "libcrypto", "libc"}


def test_package_for_another_machine(skep, project):
    folder = project("xdp-filter")
    types = shutil.copy(next(folder.glob("build/**/vmlinux.h")), folder / "types.h")
    with open(folder / "skep.yaml", "a") as yaml:
        yaml.write(f"arch: [riscv64]\nvmlinux: {types}\n")
    skep("build", "-C", folder).ok()
    done = skep("run", folder / "build/xdp-filter.skep", "--allow-unsigned", "--param", "ifname=lo")
    assert (done.rc, done.out) == (2, "")
    machine = os.uname().machine
    assert done.err.splitlines()[1].endswith(f": the package has nothing for {machine}, only for riscv64")


def test_object_is_not_a_package(skep, project):
    path = project("exec-watch") / "build/exec_watch.bpf.o"
    done = skep("run", path)
    assert (done.rc, done.out) == (2, "") and done.err.startswith(f"skep run: {path}: ")


def test_missing_file(skep, tmp_path):
    done = skep("run", tmp_path / "none.skep")
    assert done.rc == 3 and done.err.startswith(f"skep run: {tmp_path}/none.skep: ")


def test_without_privileges(skep, signed_package, trust, build_dir, need):
    need("setpriv")
    argv = ["setpriv", "--bounding-set=-all", "--inh-caps=-all", build_dir / "bin/skep", "run"]
    argv += [signed_package, "--trust", trust, "--duration", "1"]
    done = subprocess.run(list(map(str, argv)), capture_output=True, text=True, env=skep.environ({}), timeout=60)
    assert (done.returncode, done.stdout) == (3, "")
    assert "skep run: not privileged to load BPF programs\n" in done.stderr
    assert "hint: run as root, or with CAP_BPF, CAP_PERFMON and CAP_NET_ADMIN\n" in done.stderr


def test_tracepoints_without_tracefs(skep, signed_package, trust, build_dir, need):
    need("unshare")
    hide = "for d in /sys/kernel/tracing /sys/kernel/debug; do while umount $d 2>/dev/null; do :; done; done; "
    hide += "test ! -e /sys/kernel/tracing/events && "
    command = f"{hide} exec {build_dir}/bin/skep run {signed_package} --trust {trust} --duration 0.5 --json"
    done = subprocess.run(
        ["unshare", "-m", "sh", "-c", command], capture_output=True, text=True, env=skep.environ({}), timeout=60
    )
    assert done.returncode == 0, done.stderr
    assert '"map":"started"' in done.stdout
