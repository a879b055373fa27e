# SPDX-License-Identifier: BSD-2-Clause
"""Relocations in the tests' own hands: probe_core.c, and objects and kernels to give it.

    probe(*args)                 probe_core -> CompletedProcess; see probe_core.c
    whole, resolve(object, *btf) what libbpf alone, or skep, makes of every relocation: a list of lines
    small(out, *objects, btf=)   writes the min-BTF
    Forge(folder).object(part), .kernel(how), .module()    from tests/data/core
"""

import os
import subprocess

import pytest

from conftest import BUILD, REPO, run_tool

SOURCES = REPO / "tests/data/core"
INCLUDES = ["-I", BUILD / "share/skep/libbpf", *(f for d in ("x86_64", "aarch64") for f in ("-idirafter", f"/usr/include/{d}-linux-gnu"))]


class Forge:
    def __init__(self, folder):
        self.folder = folder

    def clang(self, out, *args):
        if not (self.folder / out).exists():
            run_tool("clang-19", "-g", "-Wno-everything", *args, "-c", "-o", self.folder / out)
        return self.folder / out

    def object(self, part, order="el"):
        return self.source(SOURCES / "object.bpf.c", f"part{part}.{order}.o", f"-DPART={part}", order=order)

    def source(self, path, out, *flags, order="el"):
        return self.clang(out, f"--target=bpf{order}", "-O2", "-mcpu=v3", *flags, *INCLUDES, path)

    def kernel(self, how, source=SOURCES / "kernel.c"):
        """How: el and eb, as BPF compilers write types; 64 and 32, as pahole takes them from DWARF."""
        name = f"{source.stem}.{how}"
        if how in ("el", "eb"):
            return self.clang(f"{name}.o", f"--target=bpf{how}", source)
        target = {"64": "x86_64-linux-gnu", "32": "i386-linux-gnu"}[how]
        dwarf = self.clang(f"{name}.o", f"--target={target}", "-gdwarf-4", source)
        return self.pahole(f"{name}.btf", dwarf)

    def module(self, base, source=SOURCES / "module.c"):
        dwarf = self.clang(f"{source.stem}.o", "--target=x86_64-linux-gnu", "-gdwarf-4", source)
        return self.pahole(f"{source.stem}.btf", dwarf, "--btf_base", base)

    def pahole(self, out, dwarf, *args):
        if not (self.folder / out).exists():
            run_tool("pahole", *args, f"--btf_encode_detached={self.folder / out}", dwarf)
        return self.folder / out


class Probe:
    def __init__(self, program):
        self.program = program

    def __call__(self, *args, **kw):
        env = {**os.environ, "UBSAN_OPTIONS": "halt_on_error=1:print_stacktrace=1"}
        return run_tool(self.program, *args, env=env, **kw)

    def whole(self, obj, *btf):
        return self("whole", obj, *btf).stdout.splitlines()

    def resolve(self, obj, *btf):
        return self("resolve", obj, *btf).stdout.splitlines()

    def small(self, out, *objects, btf):
        self("min", out, *objects, "--", *btf)
        return out


@pytest.fixture(scope="session")
def probe(build_dir, tmp_path_factory, repo):
    program = tmp_path_factory.mktemp("probe") / "probe_core"
    flags = (build_dir / "flags").read_text().split()
    libs = [build_dir / "libskep.a", "build/deps/libbpf/inst/libbpf.a", "-lelf", "-ljansson", "-lcrypto", "-lz"]
    argv = [*flags, "-Wl,--gc-sections", "-o", program, "tests/probe_core.c", *libs]
    done = subprocess.run(argv, cwd=repo, capture_output=True, text=True)
    assert done.returncode == 0, done.stderr
    return Probe(program)


@pytest.fixture(scope="session")
def forge(build_dir, tmp_path_factory):
    return Forge(tmp_path_factory.mktemp("forge"))
