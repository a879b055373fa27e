# SPDX-License-Identifier: BSD-2-Clause
"""Measured by bench.py: what skep does with kernels' packages and types, beside dpkg-deb and bpftool."""

import json
import shutil
import statistics
from pathlib import Path

REPO = Path(__file__).resolve().parent.parent.parent
KERNELS = REPO / "build/deps/kernels"
MORE = REPO / "build/deps/kernels-more"


def add_rows(bench):
    """A fresh library each time; the packages of one kernel together."""
    for name in ("bookworm", "trixie", "forky"):
        packages = sorted((KERNELS / name).glob("*.deb"))
        if not packages:
            bench.notes.append(f"kernel add: no kernel of {name}, run '.ci/deps test'.")
            continue
        library, folder = bench.work / "fresh", bench.work / "unpacked"

        def add(_):
            shutil.rmtree(library, ignore_errors=True)
            bench.env["SKEP_HOME"] = str(library)
            took = bench.timed(bench.skep, "kernel", "add", *packages)
            del bench.env["SKEP_HOME"]
            return took

        def unpack(_):
            shutil.rmtree(folder, ignore_errors=True)
            return sum(bench.timed("dpkg-deb", "-x", p, folder) for p in packages)

        m = {k: statistics.median(v) for k, v in bench.turns(bench.slow_rounds, add=add, unpack=unpack).items()}
        bench.row(f"kernel add {name}", m["add"], m["unpack"], "dpkg-deb -x", "under 1.5 times", m["add"] < 1.5 * m["unpack"])
        bench.row(f"kernel add {name}, processor time", m["add cpu"], None, "")
    for leftover in ("fresh", "unpacked"):
        shutil.rmtree(bench.work / leftover, ignore_errors=True)


def library(bench):
    """The kernels that there are, in the bench's own library -> profile id and file of raw BTF of each."""
    packages = [p for folder in (KERNELS, MORE) for p in sorted(folder.glob("*/*.deb"))]
    bench.quiet(bench.skep, "kernel", "add", "host", *packages)
    ids = [row["id"] for row in json.loads(bench.quiet(bench.skep, "kernel", "list", "--json"))["kernels"]]
    shown = {i: json.loads(bench.quiet(bench.skep, "kernel", "show", i, "--json"))["files"] for i in ids}
    return {i: next(f["path"] for f in files if f["what"] == "btf") for i, files in shown.items()}


def min_rows(bench, kernels, objects, bpftool):
    """All objects, all kernels: skep's bundle in one process, bpftool's files one after the other."""
    bundle, files = bench.work / "kernels.min", bench.work / "min"
    files.mkdir()
    chosen = [word for i in kernels for word in ("--kernel", i)]

    def theirs(_):
        return sum(
            bench.timed(bpftool, "gen", "min_core_btf", path, files / f"{number}.btf", *objects)
            for number, path in enumerate(kernels.values())
        )

    times = bench.turns(bench.rounds, min=lambda _: bench.timed(bench.skep, "btf", "min", *objects, *chosen, "-o", bundle), bpftool=theirs)
    m, n = {k: statistics.median(v) for k, v in times.items()}, len(kernels)
    bench.row(f"btf min, per kernel of {n}", m["min"] / n, m["bpftool"] / n, "bpftool min_core_btf", "a third", 3 * m["min"] <= m["bpftool"])
    bench.quiet("tar", "--sort=name", "--mtime=@0", "--owner=0", "--group=0", "-cJf", bench.work / "min.tar.xz", "-C", files, ".")
    ours, rival = bundle.stat().st_size, (bench.work / "min.tar.xz").stat().st_size
    bench.notes.append(f"btf min: the bundle for {n} kernels has {ours} bytes, bpftool's files as tar.xz {rival}: "
                       + ("smaller." if ours < rival else "NOT SMALLER."))  # fmt: skip


def diff_row(bench, kernels):
    ids = [i for suite in ("bookworm", "trixie") for i in kernels if i.startswith(f"debian/{suite}/x86_64")]
    if len(ids) < 2:
        bench.notes.append("btf diff: not measured, a kernel is missing.")
        return
    times = bench.turns(
        bench.rounds,
        diff=lambda _: bench.timed(bench.skep, "btf", "diff", *ids[:2]),
        summary=lambda _: bench.timed(bench.skep, "btf", "diff", "--summary", *ids[:2]),
    )
    m = {k: statistics.median(v) for k, v in times.items()}
    bench.row("btf diff of two whole kernels", m["diff"], None, "", "under 300 ms", m["diff"] < 300)
    bench.row("btf diff --summary", m["summary"], None, "")


def rows(bench, objects, bpftool):
    add_rows(bench)
    kernels = library(bench)
    min_rows(bench, kernels, objects, bpftool)
    diff_row(bench, kernels)
