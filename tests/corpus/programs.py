# SPDX-License-Identifier: BSD-2-Clause
"""The corpus: BPF programs of others, as .ci/deps unpacks their sources, and how each source compiles its own.

A source is a folder below build/deps/corpus. `kernel` names the profile whose full header its programs are
compiled with: for the kernel's own programs that of the same release, with which most of them compile, for
the others the one that the newest Debian release has.
"""

import re
from dataclasses import dataclass, field
from pathlib import Path

SELFTESTS = "tools/testing/selftests/bpf"


@dataclass
class Source:
    name: str
    folder: str
    patterns: list
    kernel: str
    includes: list = field(default_factory=list)
    cflags: list = field(default_factory=list)


@dataclass
class Program:
    source: Source
    path: Path  # of the C file
    root: Path  # of the source's folder

    @property
    def name(self):
        return f"{self.source.name}/{self.path.relative_to(self.root)}"

    @property
    def slug(self):
        return re.sub(r"[^\w.-]+", "-", str(self.path.relative_to(self.root)))

    def cflags(self):
        """What the source's own Makefile gives, without what skep gives anyway."""
        return [*self.source.cflags, *(f"-I{self.root / i}" for i in self.source.includes)]


def selftests(version, kernel, name=None):
    folder = f"linux-{version}"
    includes = [SELFTESTS, "tools/include/uapi"]
    return Source(name or f"selftests-{version}", folder, [f"{SELFTESTS}/progs/*.c"], kernel, includes, ["-DENABLE_ATOMICS_TESTS"])


SCX = "tools/testing/selftests/sched_ext"
SOURCES = [
    selftests("6.12", "trixie"),
    selftests("6.12", "forky", "selftests-6.12-newest"),  # fewer compile, but its header declares the kfuncs
    selftests("6.1", "bookworm"),
    Source("sched-ext", "linux-6.12", ["tools/sched_ext/*.bpf.c", f"{SCX}/*.bpf.c"], "forky",
           ["tools/sched_ext/include", "tools/sched_ext/include/bpf-compat", "tools/include/uapi", "tools/include", f"{SCX}/include"]),
    Source("perf", "linux-6.12", ["tools/perf/util/bpf_skel/*.bpf.c"], "trixie", ["tools/include/uapi", "tools/perf/util/bpf_skel"]),
    Source("bpftool", "linux-6.12", ["tools/bpf/*/*.bpf.c", "tools/bpf/bpftool/skeleton/*.bpf.c"], "trixie",
           ["tools/bpf/bpftool", "tools/include/uapi"]),
    Source("samples", "linux-6.12", ["samples/bpf/*.bpf.c"], "trixie", ["samples/bpf", SELFTESTS]),
    Source("bcc", "bpfcc", ["libbpf-tools/*.bpf.c"], "forky", ["libbpf-tools"]),
    Source("xdp-tools", "xdp-tools", ["**/*.bpf.c"], "trixie", ["headers", "lib/util"]),
    Source("systemd", "systemd", ["src/**/*.bpf.c"], "forky", ["src/basic", "src/bpf"], ["-D__x86_64__"]),
    Source("falco", "falcosecurity-libs", ["driver/modern_bpf/**/*.bpf.c"], "bookworm", ["driver/modern_bpf", "."],
           ["-D__NDEBUG__", "-D__USE_VMLINUX__"]),
]  # fmt: skip


def programs(folder, names=None):
    """Of all sources that are there, or of those named; sorted."""
    found = []
    for source in SOURCES:
        root = Path(folder) / source.folder
        if names and source.name not in names:
            continue
        paths = sorted({p for pattern in source.patterns for p in root.glob(pattern)})
        found += [Program(source, p, root) for p in paths]
    return found


def absent(folder, names=None):
    return [s.name for s in SOURCES if (not names or s.name in names) and not (Path(folder) / s.folder).is_dir()]
