# SPDX-License-Identifier: BSD-2-Clause
"""The corpus: BPF programs of others, as .ci/deps unpacks their sources, and how each source compiles its own.

A source is a folder below build/deps/corpus, or our own programs beside this file, which ask what the others do
not. `kernel` names the profile whose full header its programs are
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


OWN = Path(__file__).resolve().parent / "own"
SCX = "tools/testing/selftests/sched_ext"
SOURCES = [
    Source("own", str(OWN), ["*.bpf.c"], "trixie", [], ["-DGIVEN_TYPE=struct user_namespace"]),
    Source("own-newest", str(OWN), ["*.bpf.c"], "forky", [], ["-DGIVEN_TYPE=struct user_namespace"]),
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


# What `make test` compiles: each is there for something that the others lack.
SAMPLE = """
    own/by_value.bpf.c own/externs.bpf.c own/fields.bpf.c own/flavours.bpf.c own/members.bpf.c own/names.bpf.c
    own/pasted.bpf.c own/preprocessor.bpf.c own/struct_ops.bpf.c
    own/type_based.bpf.c own-newest/externs.bpf.c own-newest/type_based.bpf.c
    selftests-6.12/arena_list.c selftests-6.12/bpf_cubic.c selftests-6.12/bpf_iter_setsockopt.c
    selftests-6.12/bpf_iter_task_btf.c selftests-6.12/bpf_iter_tcp6.c selftests-6.12/core_kern.c
    selftests-6.12/cpumask_success.c selftests-6.12/exceptions_fail.c selftests-6.12/iters_task.c
    selftests-6.12/kfunc_call_test.c selftests-6.12/linked_list.c selftests-6.12/lsm_cgroup.c
    selftests-6.12/map_kptr.c selftests-6.12/netif_receive_skb.c selftests-6.12/profiler1.c
    selftests-6.12/rbtree.c selftests-6.12/struct_ops_module.c selftests-6.12/test_bpf_nf.c
    selftests-6.12/test_core_reloc_module.c selftests-6.12/test_d_path.c selftests-6.12/test_ksyms_btf.c
    selftests-6.12/test_tunnel_kern.c selftests-6.12/verifier_global_subprogs.c selftests-6.12/xdp_synproxy_kern.c
    selftests-6.12-newest/cgrp_kfunc_success.c selftests-6.12-newest/sock_destroy_prog.c
""".split()


def sample(folder):
    """The programs of SAMPLE that are there, and the names of those that are not."""
    by_name = {f"{p.source.name}/{p.path.name}": p for p in programs(folder)}
    return [by_name[n] for n in SAMPLE if n in by_name], [n for n in SAMPLE if n not in by_name]
