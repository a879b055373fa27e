# SPDX-License-Identifier: BSD-2-Clause
"""Judge: is a program compiled with one header the same as compiled with another?

Same means what the oracle prints is the same (see oracle.c): instructions, relocations, CO-RE records by root
name, access path and kind, declarations that a load depends on, and what libbpf's own resolver makes of
every record on every target.
"""

import difflib
import hashlib
import os
import re
import subprocess
from dataclasses import dataclass, field
from pathlib import Path

HERE = Path(__file__).resolve().parent
REPO = HERE.parent.parent
LIBBPF = REPO / "build/deps/libbpf"
PARTS = ["core", "declarations", "externs", "image", "oracle", "signature"]


def build_oracle(folder):
    """The oracle's path, compiled unless it is newer than its sources."""
    folder = Path(folder)
    folder.mkdir(parents=True, exist_ok=True)
    binary, parts = folder / "oracle", [*(HERE / f"{p}.c" for p in PARTS), *sorted(HERE.glob("*.h"))]
    archive = LIBBPF / "inst/libbpf.a"
    if not binary.exists() or any(p.stat().st_mtime > binary.stat().st_mtime for p in [*parts, archive]):
        new = folder / f"oracle.{os.getpid()}"
        argv = ["cc", "-O2", "-g", "-Wall", "-D_GNU_SOURCE", f"-I{LIBBPF}/src", "-isystem", f"{LIBBPF}/include"]
        argv += ["-isystem", f"{LIBBPF}/include/uapi", "-isystem", f"{LIBBPF}/inst/include", "-o", new]
        argv += [*(p for p in parts if p.suffix == ".c"), archive, "-lelf", "-lz"]
        subprocess.run([str(a) for a in argv], check=True)
        new.rename(binary)
    return binary


class Oracle:
    """Facts of objects; targets is a dict name -> raw BTF."""

    def __init__(self, folder, targets):
        self.binary, self.targets = build_oracle(folder), targets

    def facts(self, objects):
        """Object -> list of lines; all objects in one process, for parsing the targets costs most."""
        argv = [str(self.binary), *(a for name, path in self.targets.items() for a in ("-t", f"{name}={path}"))]
        done = subprocess.run([*argv, *map(str, objects)], capture_output=True, text=True, errors="replace")
        if done.returncode:
            raise RuntimeError(f"oracle: exit {done.returncode}: {done.stderr}")
        found, lines = {}, None
        for line in done.stdout.splitlines():
            if line.startswith("object "):
                lines = found[line[len("object ") :]] = []
            else:
                lines.append(line)
        return found


def differences(ours, theirs):
    """Lines that only one side has, "-" the full header's, "+" the lean one's; code is told apart by digest."""
    lines = difflib.unified_diff(theirs, ours, lineterm="", n=0)
    return [line for line in lines if line[0] in "+-" and not line.startswith(("+++ ", "--- "))]


def kinds(difference):
    """Which kinds of facts differ: section, core, target results …"""
    words = [line[1:].split() for line in difference]
    return sorted({w[1] + "@" + w[0] if w[1:2] in (["core"], ["extern"]) else w[0] for w in words if w})


@dataclass
class Compiled:
    ok: bool
    said: str  # the compiler's errors and warnings
    object: Path = None
    header_used: bool = False  # vmlinux.h is among what was read


class Compiler:
    """clang with the line that `skep build` uses, and a folder for vmlinux.h in place of skep's."""

    def __init__(self, skep, scratch, env=None):
        self.skep, self.env = str(skep), env
        project = Path(scratch) / "flags"
        if not project.exists():
            self.run(self.skep, "new", project, "--template", "exec-watch")
        line = self.run(self.skep, "build", "-C", project, "--print-flags").splitlines()[0].split()
        self.words = [w for w in line if not w.startswith(("-Ibuild/gen", "-ffile-prefix-map"))]

    def run(self, *argv):
        done = subprocess.run([str(a) for a in argv], capture_output=True, text=True, env=self.env)
        if done.returncode:
            raise RuntimeError(f"{argv}: exit {done.returncode}\n{done.stderr}")
        return done.stdout

    def line(self, program, header_dir, output):
        # the header's own folder is told by a relative name: no path of it may reach the object
        flags = [f"-ffile-prefix-map={header_dir}=gen", f"-I{header_dir}", *program.cflags()]
        return [*self.words, *flags, "-MD", "-MF", f"{output}.d", "-c", str(program.path), "-o", str(output)]

    def compile(self, program, header_dir, output):
        output = Path(output)
        output.parent.mkdir(parents=True, exist_ok=True)
        argv = self.line(program, header_dir, output)
        done = subprocess.run(argv, capture_output=True, text=True, errors="replace", cwd=program.path.parent)
        if done.returncode:
            return Compiled(False, done.stderr)
        used = f"{header_dir}/vmlinux.h" in Path(f"{output}.d").read_text()
        return Compiled(True, done.stderr, output, used)


def messages(said):
    """Errors and warnings without places in the generated header."""
    return sorted(set(re.findall(r"^(?!.*vmlinux\.h).*?\S+:\d+:\d+: (?:fatal )?(?:error|warning): .*$", said, re.M)))


def digest(*parts):
    h = hashlib.sha256()
    for part in parts:
        h.update(part if isinstance(part, bytes) else str(part).encode())
        h.update(b"\0")
    return h.hexdigest()[:16]


@dataclass
class Verdict:
    program: object
    outcome: str  # identical, different, fallback, unusable (not with the full header), without (no vmlinux.h)
    detail: list = field(default_factory=list)
