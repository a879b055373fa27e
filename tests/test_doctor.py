# SPDX-License-Identifier: BSD-2-Clause
"""skep doctor, judged by the programs it names and by /proc and /sys."""

import json
import os
import platform
import re
import shutil
import subprocess

import pytest

ROWS = [
    "clang", "libbpf", "bpftool", "pahole", f"qemu-system-{platform.machine()}", "busybox", "kernel", "BTF", "privileges",
    "loading", "ring buffers", "fentry", "kprobes", "JIT", "bpffs", "tracefs", "cgroup2", "lockdown", "LSM list", "unprivileged BPF", "kernel checks signatures",
]  # fmt: skip


@pytest.fixture
def doctor(skep):
    done = skep("doctor", "--json")
    assert done.err == ""
    return {row["what"]: row for row in done.json()["checks"]}


def test_rows(doctor):
    assert list(doctor) == ROWS
    for row in doctor.values():
        assert set(row) == {"what", "verdict", "found", "cost", "remedy"}
        assert row["verdict"] in ("ok", "note", "lacking") and row["found"]
        assert (row["cost"] is None) == (row["remedy"] is None) == (row["verdict"] == "ok")


def test_text_has_every_row_and_remedy(skep, doctor):
    done = skep("doctor")
    table, remedies = done.out.split("what it costs and how to mend it\n")
    for what, row in doctor.items():
        assert re.search(rf"^{re.escape(what)} +{row['verdict']} +{re.escape(row['found'])}$", table, re.M)
        if row["verdict"] != "ok":
            assert f"  {what}\n    cost:   {row['cost']}\n    remedy: {row['remedy']}\n" in remedies
        else:
            assert f"\n  {what}\n" not in remedies


@pytest.mark.need("root", "btf")
def test_this_machine_is_ready(skep):
    done = skep("doctor", "--json")
    assert (done.rc, done.json()["ready"]) == (0, True)


def test_versions(doctor, tool):
    newest = max((n for n in range(14, 41) if shutil.which(f"clang-{n}")), default=None)
    clang = shutil.which(f"clang-{newest}") if newest else shutil.which("clang")
    version = re.search(r"version ([\d.]+)", tool(clang, "--version").stdout)[1]
    found = re.fullmatch(r"([\d.]+) \((.+)\)", doctor["clang"]["found"])
    assert found[1] == version and os.path.samefile(found[2], clang)
    assert doctor["kernel"]["found"] == f"{platform.release()} {platform.machine()}"
    assert re.fullmatch(r"v\d+\.\d+", doctor["libbpf"]["found"])
    pahole = shutil.which("pahole")
    if pahole:
        assert doctor["pahole"]["found"] == f"{tool(pahole, '--version').stdout.strip().lstrip('v')} ({pahole})"


def test_kernel_facts(doctor):
    size = os.stat("/sys/kernel/btf/vmlinux").st_size
    assert doctor["BTF"]["found"] == f"/sys/kernel/btf/vmlinux, {size} bytes"
    jit = open("/proc/sys/net/core/bpf_jit_enable").read().strip()
    assert doctor["JIT"]["found"] == ("off" if jit == "0" else "on")
    mounts = {}
    for line in open("/proc/self/mounts"):
        mounts.setdefault(line.split()[2], line.split()[1])
    for row, kind in ("bpffs", "bpf"), ("tracefs", "tracefs"), ("cgroup2", "cgroup2"):
        assert doctor[row]["found"] == mounts.get(kind, "not mounted")
        assert doctor[row]["verdict"] == ("ok" if kind in mounts else "note")


@pytest.mark.need("root", "tracefs")
def test_kprobes_are_what_the_kernel_has(doctor):
    places = "/sys/kernel/tracing/kprobe_events", "/sys/bus/event_source/devices/kprobe"
    there = any(map(os.path.exists, places))
    assert (doctor["kprobes"]["verdict"], doctor["kprobes"]["found"]) == (("ok", "yes") if there else ("note", "no"))


@pytest.mark.need("root", "unshare")
def test_security_facts(doctor, tool):
    """Read without securityfs being mounted; the judge mounts it, in a namespace of its own."""
    show = "mount -t securityfs s /sys/kernel/security; cat /sys/kernel/security/lsm; echo; cat /sys/kernel/security/lockdown"
    done = tool("unshare", "-m", "sh", "-c", show, check=False)
    lsm, *lockdown = [line for line in done.stdout.splitlines() if line]
    assert doctor["LSM list"]["found"] == lsm
    assert doctor["LSM list"]["verdict"] == ("ok" if "bpf" in lsm.split(",") else "note")
    if lockdown:
        mode = re.search(r"\[(\w+)\]", lockdown[0])[1]
        assert doctor["lockdown"]["found"] == mode
        assert doctor["lockdown"]["verdict"] == ("ok" if mode == "none" else "note")


@pytest.mark.need("root", "btf")
def test_signing_contract_is_what_the_types_say(doctor, tool, bpftool):
    text = bpftool("btf", "dump", "file", "/sys/kernel/btf/vmlinux").stdout
    found = doctor["kernel checks signatures"]["found"]
    bpf_map = re.search(r"STRUCT 'bpf_map' .*?\n((?:\t.*\n)*)", text)[1]
    aux = re.search(r"STRUCT 'bpf_prog_aux' .*?\n((?:\t.*\n)*)", text)[1]
    if re.search(r"'excl' type_id=\d+ bits_offset=256\b", bpf_map):
        assert "contract v1" in found
    elif "'excl'" not in bpf_map and re.search(r"\t'sig' ", aux):
        assert "contract v2" in found
    else:
        assert found == "no: this kernel has no signed programs"
    if os.path.exists("/proc/config.gz"):
        config = subprocess.run(["zcat", "/proc/config.gz"], capture_output=True, text=True).stdout
        if "contract" in found:
            assert found.startswith("yes") == ("CONFIG_SYSTEM_DATA_VERIFICATION=y" in config)


@pytest.mark.need("qemu-system-x86_64", "busybox", "x86_64")
def test_what_guests_need(doctor, skep, tool, tmp_path):
    qemu = shutil.which("qemu-system-x86_64")
    version = re.search(r"version ([\d.]+)", tool(qemu, "--version").stdout)[1]
    assert doctor["qemu-system-x86_64"]["found"] == f"{version} ({qemu})"
    assert doctor["busybox"]["verdict"] == "ok"
    checks = {c["what"]: c for c in skep("doctor", "--json", env={"PATH": tmp_path}).json()["checks"]}
    lacks = checks["qemu-system-x86_64"]
    assert (lacks["verdict"], lacks["found"], lacks["remedy"]) == ("note", "not found", "apt install qemu-system-x86")


def test_without_clang(skep, tmp_path):
    done = skep("doctor", "--json", env={"PATH": str(tmp_path)})
    checks = {row["what"]: row for row in done.json()["checks"]}
    assert (done.rc, done.err, done.json()["ready"]) == (1, "", False)
    assert checks["clang"] == {
        "what": "clang", "verdict": "lacking", "found": "not found", "cost": "nothing can be built",
        "remedy": "apt install clang, or clang 14 or newer of another source",
    }  # fmt: skip


def test_old_clang(skep, tmp_path):
    fake = tmp_path / "clang"
    fake.write_text("#!/bin/sh\necho 'Debian clang version 11.0.1-2'\n")
    fake.chmod(0o755)
    done = skep("doctor", "--json", env={"PATH": str(tmp_path)})
    row = done.json()["checks"][0]
    assert done.rc == 1 and row["verdict"] == "lacking" and row["found"] == f"11.0.1-2 ({fake})"


@pytest.mark.need("root", "setpriv")
def test_without_privileges(skep, build_dir):
    argv = ["setpriv", "--bounding-set=-all", "--inh-caps=-all", str(build_dir / "bin/skep"), "doctor", "--json"]
    done = subprocess.run(argv, capture_output=True, text=True, env=skep.environ({}), timeout=60)
    assert done.returncode == 1 and done.stderr == ""
    checks = {row["what"]: row for row in __import__("json").loads(done.stdout)["checks"]}
    assert checks["privileges"]["found"] == "none" and checks["privileges"]["verdict"] == "lacking"
    assert checks["loading"]["found"] == "Operation not permitted" and checks["loading"]["verdict"] == "lacking"
    # what could not be tried is not blamed on the kernel
    for what in "ring buffers", "fentry":
        assert checks[what]["found"] == "unknown: not privileged to try" and checks[what]["remedy"] == "run as root"
    for row in checks.values():
        assert not row["found"].startswith("unknown") or row["remedy"] == "run as root"


def test_takes_no_arguments(skep):
    done = skep("doctor", "x")
    assert done.rc == 2 and done.err.startswith("skep doctor: unexpected argument 'x'\n")


@pytest.mark.need("root", "unshare")
def test_a_kernel_without_btf(skep, tool):
    hide = 'mount -t tmpfs none /sys/kernel/btf && exec "$@"'
    argv = ["unshare", "-m", "sh", "-c", hide, "sh", skep("doctor").argv[0]]
    done = tool(*argv, "doctor", "--json", check=False, env=skep.environ({}))
    (row,) = [c for c in json.loads(done.stdout)["checks"] if c["what"] == "BTF"]
    assert (done.stderr, row["verdict"], row["found"]) == ("", "lacking", "no /sys/kernel/btf/vmlinux")
    for command in ["vmlinux"], ["btf", "info"]:
        done = tool(*argv, *command, check=False, env=skep.environ({}))
        assert (done.returncode, done.stderr) == (
            3, f"skep {' '.join(command)}: /sys/kernel/btf/vmlinux: No such file or directory\n"
            "  hint: this kernel has no BTF: name one of the library, or a file\n")
