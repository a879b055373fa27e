# SPDX-License-Identifier: BSD-2-Clause
"""Needs held against kernels in the tests' own hands: probe_hold.c, and objects and kernels to give it.

    hold(*args)              probe_hold -> Rows, lines of fields
    forge(source, *flags)    a BPF object of a source; the types of data/hold/kernel.c are those of one too
    profile(btf, config=, release=, version=)    a library with one kernel: home, id
    ask(kernel, obj, **profile)    data/hold/object.bpf.c against data/hold/kernel.c, each with its flags
"""

import hashlib
import json
import os
import re
import subprocess
from pathlib import Path

import pytest

from conftest import BUILD, REPO, run_tool

SOURCES = REPO / "tests/data/hold"
CONFIG = """\
CONFIG_FIRST=y
CONFIG_BPF_SYSCALL=y
CONFIG_BPF_JIT=y
CONFIG_BPF_EVENTS=y
CONFIG_BPF_LSM=y
CONFIG_LSM="lockdown,bpf"
CONFIG_NET=y
CONFIG_CGROUP_BPF=y
CONFIG_KPROBE_EVENTS=y
CONFIG_UPROBE_EVENTS=y
CONFIG_FPROBE=y
CONFIG_FTRACE_SYSCALLS=y
CONFIG_FUNCTION_ERROR_INJECTION=y
CONFIG_DYNAMIC_FTRACE_WITH_DIRECT_CALLS=y
CONFIG_KALLSYMS_ALL=y
CONFIG_HZ=250
CONFIG_TRI=m
CONFIG_BOOL=y
CONFIG_TEXT="abc"
CONFIG_SHORT=-2
CONFIG_CHAR=0x41
"""
RELEASE = "6.12.0-9-amd64"
VERSION = "#1 SMP PREEMPT_DYNAMIC Debian 6.12.43-1 (2026-01-01)"


def without(*lines):
    return "".join(line + "\n" for line in CONFIG.splitlines() if line.split("=")[0] not in lines)


def no(why, phase="load"):
    return "no", phase, why


# what every kernel says to it
EXPECTED = {("kernel symbol", "symbol"): ("unknown", "load", "WHY_SYMBOL_UNKNOWN")}


def answers(rows):
    return {key: value for key, value in rows.needs().items() if value[0] != "yes"}


class Rows(list):
    """Lines of probe_hold, split."""

    def needs(self):
        return {(r[1], r[2]): tuple(r[3:]) for r in self if r[0] == "need"}

    def findings(self, why):
        return [row for row in self if row[0] == "finding" and row[6] == why]

    def externs(self):
        return {r[1]: (r[2], r[3]) for r in self if r[0] == "extern"}

    def value(self, tag):
        return next(row[1:] for row in self if row[0] == tag)


@pytest.fixture(scope="session")
def hold(build_dir, tmp_path_factory):
    program = tmp_path_factory.mktemp("probe") / "probe_hold"
    flags = (build_dir / "flags").read_text().split()
    libs = [build_dir / "libskep.a", "build/deps/libbpf/inst/libbpf.a", "-lelf", "-ljansson", "-lcrypto", "-lfyaml", "-lz"]
    argv = [*flags, "-Wl,--gc-sections", "-o", program, "tests/probe_hold.c", *libs]
    done = subprocess.run(argv, cwd=REPO, capture_output=True, text=True)
    assert done.returncode == 0, done.stderr

    def run(*args):
        env = {**os.environ, "UBSAN_OPTIONS": "halt_on_error=1:print_stacktrace=1"}
        out = run_tool(program, *args, env=env).stdout
        return Rows(line.split("\t") for line in out.splitlines())

    return run


@pytest.fixture(scope="session")
def forge(build_dir, tmp_path_factory):
    folder = tmp_path_factory.mktemp("hold")
    libbpf = ["-I", BUILD / "share/skep/libbpf", "-idirafter", "/usr/include/x86_64-linux-gnu"]

    def clang(source, *flags, order="el"):
        out = folder / (re.sub(r"\W+", "_", "".join([Path(source).stem, order, *flags])) + ".o")
        if not out.exists():
            argv = ["-g", "-O2", "-mcpu=v3", "-D__TARGET_ARCH_x86", "-Wno-everything", *flags, *libbpf]
            run_tool("clang-19", f"--target=bpf{order}", *argv, "-c", source, "-o", out)
        return out

    return clang


def btf_of(elf):
    """The bytes of an ELF's .BTF."""
    out = elf.with_suffix(".btf")
    if not out.exists():
        run_tool("llvm-objcopy-19", "--dump-section", f".BTF={out}", elf, "/dev/null")
    return out.read_bytes()


@pytest.fixture
def profile(tmp_path):
    """A library with one kernel, made by hand: (home, id)."""

    def make(btf, config=CONFIG, release=RELEASE, version=VERSION, arch="x86_64", name="debian/bookworm/x86_64/amd64/6.12.0-9"):
        home = tmp_path / "home"
        blobs = home / "blobs/sha256"
        for folder in (home, home / "kernels", home / "blobs", blobs, home / "index"):
            folder.mkdir(exist_ok=True, mode=0o700)

        def put(data):
            digest = hashlib.sha256(data).hexdigest()
            (blobs / digest).write_bytes(data)
            return f"sha256:{digest}"

        row = {
            "arch": arch,
            "big_endian": False,
            "btf": put(btf),
            "config": put(config.encode()) if config is not None else None,
            "id": name,
            "image": None,
            "modules": None,
            "pointer_size": 8,
            "release": release,
            "schema": 1,
            "sources": [],
            "version": version,
        }
        (home / "kernels" / (name.replace("/", ",") + ".json")).write_text(json.dumps(row))
        return home, name

    return make


@pytest.fixture
def ask(hold, forge, profile):
    def run(kernel=(), obj=(), **kw):
        home, name = profile(btf_of(forge(SOURCES / "kernel.c", *kernel)), **kw)
        return hold(forge(SOURCES / "object.bpf.c", *obj), home, name)

    return run
