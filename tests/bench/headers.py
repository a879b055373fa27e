# SPDX-License-Identifier: BSD-2-Clause
"""Measured by bench.py: compiling with the lean header beside compiling with the full one, and writing both."""

import os
import re
import statistics
import sys
from pathlib import Path

HERE = Path(__file__).resolve().parent
REPO = HERE.parent.parent
sys.path.insert(0, str(HERE.parent))

from corpus.judge import Oracle  # noqa: E402
from corpus.programs import programs  # noqa: E402

HOST_BTF = "/sys/kernel/btf/vmlinux"


def code(bench, *objects):
    """Of each object: its sections of code, their relocations and its CO-RE records, in whatever order."""
    facts = Oracle(bench.work, {}).facts(objects)
    patterns = (r"section (\S+) 6 ([1-9].*)", r"reloc (.*)", r"core \d+ (.*)")
    return [sorted(m[0] if len(m.groups()) > 1 else m[1] for line in facts[str(o)] for p in patterns if (m := re.fullmatch(p, line)))
            for o in objects]  # fmt: skip


# --- ordinary tracing programs -------------------------------------------------------------------


def tracing_rows(bench, words, full):
    """All of bcc's libbpf-tools that compile with the running kernel's full header."""
    some = programs(REPO / "build/deps/corpus", ["bcc"])
    if not some:
        bench.notes.append("tracing programs: not measured, run '.ci/deps corpus'.")
        return
    words = [w for w in words if not w.startswith(("-Ibuild/gen", "-ffile-prefix-map", f"-I{full}"))]
    folder = bench.work / "tracing"
    times = {side + cpu: [] for side in ("skep", "header", "clang") for cpu in ("", " cpu")}
    sizes, left, other = [], [], []
    for program in some:
        lean, objects = folder / program.slug, [folder / f"{program.slug}.{side}.o" for side in ("full", "lean")]
        lean.mkdir(parents=True)

        def clang(header, output):
            argv = [*words, f"-I{header}", *program.cflags(), "-MD", "-MF", f"{output}.d", "-c", program.path, "-o", output]
            return bench.timed(*argv, cwd=folder)

        def header(_):
            return bench.timed(bench.skep, "vmlinux", "--for", program.path, *program.cflags(), "-o", lean / "vmlinux.h")

        try:
            sides = {"header": header, "skep": lambda _: clang(lean, objects[1]), "clang": lambda _: clang(full, objects[0])}
            measured = bench.turns(bench.program_rounds, **sides)
        except SystemExit:  # clang's word on it is not for here
            left.append(program.path.name)
            continue
        for side in times:
            times[side].append(statistics.median(measured[side]))
        sizes.append((lean / "vmlinux.h").stat().st_size)
        a, b = code(bench, *objects)
        other += [program.path.name] if a != b else []
    total = {side: sum(values) for side, values in times.items()}
    ours, n = total["header"] + total["skep"], len(sizes)
    ok = n >= 50 and not other and ours * 5 <= total["clang"]
    bench.row(f"{n} tracing programs: lean header and clang", ours, total["clang"], "clang, full header", "a fifth", ok)
    bench.row("of that the lean headers", total["header"], None, "")
    bench.row("of that clang", total["skep"], None, "")
    bench.row("the same in processor time", total["header cpu"] + total["skep cpu"], total["clang cpu"], "clang, full header")
    size = statistics.median(sizes) / 1000
    bench.notes.append(f"tracing programs: bcc's libbpf-tools; medians of {bench.program_rounds} rounds each, added up; lean headers of "
                       f"{size:.0f} KB in the middle; code, relocations and CO-RE records "
                       + ("are the same." if not other else f"DIFFER in {', '.join(other)}."))  # fmt: skip
    if left:
        bench.notes.append(f"tracing programs that do not compile with this kernel's full header: {', '.join(left)}.")


# --- the headers themselves ----------------------------------------------------------------------


def header_rows(bench, project, bpftool):
    source = next((project / "src").glob("*.bpf.c"))
    lean, full, theirs = bench.work / "lean.h", bench.work / "whole.h", bench.work / "theirs.h"
    times = bench.turns(
        bench.quick_rounds,
        lean=lambda _: bench.timed(bench.skep, "vmlinux", "--for", source, "-I", project / "src", "-o", lean),
    )
    took = statistics.median(times["lean"])
    bench.row(f"vmlinux --for {source.name}, warm", took, None, "", "under 15 ms", took < 15)
    env = dict(bench.env)

    def cold(_):
        bench.env.update(XDG_CACHE_HOME="", HOME="")
        took = bench.timed(bench.skep, "vmlinux", "-o", full)
        bench.env.update(env)
        return took

    times = bench.turns(
        bench.rounds,
        cold=cold,
        warm=lambda _: bench.timed(bench.skep, "vmlinux", "-o", full),
        bpftool=lambda _: bench.timed(bpftool, "btf", "dump", "file", HOST_BTF, "format", "c", out=theirs),
        unsorted=lambda _: bench.timed(bpftool, "btf", "dump", "file", HOST_BTF, "format", "c", "unsorted", out=theirs),
    )
    m = {k: statistics.median(v) for k, v in times.items()}
    name = f"bpftool {os.path.basename(str(bpftool))}" if not str(bpftool).startswith(str(REPO)) else "bpftool 7.8"
    for what in ("warm", "cold"):
        note = "" if what == "warm" else ", no cache"
        bench.row(f"vmlinux, full{note}", m[what], m["bpftool"], name, "not slower", m[what] <= m["bpftool"])
    bench.row("vmlinux, full, no cache", m["cold"], m["unsorted"], f"{name}, unsorted")
