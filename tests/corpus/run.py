#!/usr/bin/python3
# SPDX-License-Identifier: BSD-2-Clause
"""Compile every program of the corpus with the full header and with the lean one, and judge that nothing changed.

For each program: `skep vmlinux --for PROGRAM`, clang with either header, and the oracle (oracle.c) over both
objects and all target kernels. Ends with a count per source; exit 1 if any program is different.

    identical   the same object to libbpf and to the kernel
    different   not the same: the lean header is wrong
    warns       the same object, but the compiler says what it does not say with the full header
    fallback    the lean header does not compile: `skep build` takes the full one
    without     reads no vmlinux.h
    unusable    does not compile with the full header either
"""

import argparse
import os
import re
import subprocess
import sys
import time
from collections import Counter
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

sys.path.insert(0, str(Path(__file__).resolve().parent.parent))

from corpus.judge import REPO, Compiler, Oracle, Verdict, differences, kinds, messages  # noqa: E402
from corpus.programs import absent, programs  # noqa: E402
from corpus.targets import add_packages, library_targets  # noqa: E402

OUTCOMES = ["identical", "different", "warns", "fallback", "without", "unusable"]
BATCH = 16


class Corpus:
    def __init__(self, skep, work, targets, env=None):
        self.skep, self.work, self.targets, self.env = str(skep), Path(work), targets, env
        self.work.mkdir(parents=True, exist_ok=True)
        self.compiler = Compiler(skep, self.work, env)
        self.oracle = Oracle(self.work, targets)
        self.sizes, self.times = [], Counter()

    def command(self, *argv):
        return subprocess.run([self.skep, *map(str, argv)], capture_output=True, text=True, env=self.env)

    def full_header(self, kernel):
        """A folder with the kernel's full vmlinux.h, made once."""
        header = self.work / "full" / kernel / "vmlinux.h"
        if not header.exists():
            header.parent.mkdir(parents=True, exist_ok=True)
            done = self.command("vmlinux", "--btf", self.targets[kernel], "-o", header)
            if done.returncode:
                raise RuntimeError(f"full header of {kernel}: {done.stderr}")
        return header.parent

    def lean_header(self, program):
        header = self.work / program.source.name / program.slug / "vmlinux.h"
        header.parent.mkdir(parents=True, exist_ok=True)
        header.unlink(missing_ok=True)
        done = self.command("vmlinux", "--for", program.path, *program.cflags(), "--btf", self.targets[program.source.kernel],
                            "-o", header)  # fmt: skip
        return done, header

    def timed(self, side, program, header_dir):
        begin = time.monotonic()
        made = self.compiler.compile(program, header_dir, self.work / program.source.name / program.slug / f"{side}.o")
        self.times[side] += time.monotonic() - begin if made.header_used else 0
        return made

    def compile_both(self, program):
        """A verdict, or the two compiled objects to be compared."""
        full = self.timed("full", program, self.full_header(program.source.kernel))
        if not full.ok:
            return Verdict(program, "unusable", re.findall(r"error: .*", full.said)[:3])
        if not full.header_used:
            return Verdict(program, "without")
        done, header = self.lean_header(program)
        if done.returncode:
            return Verdict(program, "different", [f"skep vmlinux --for: exit {done.returncode}: {done.stderr.strip()}"])
        lean = self.timed("lean", program, header.parent)
        if not lean.ok:
            return Verdict(program, "fallback", re.findall(r"error: .*", lean.said)[:3])
        self.sizes.append(header.stat().st_size)
        return full, lean

    def batch(self, some):
        verdicts, pairs = [], {}
        for program in some:
            made = self.compile_both(program)
            if isinstance(made, Verdict):
                verdicts.append(made)
            else:
                pairs[program.name] = (program, *made)
        facts = self.oracle.facts([c.object for _, full, lean in pairs.values() for c in (full, lean)]) if pairs else {}
        for program, full, lean in pairs.values():
            changed = differences(facts[str(lean.object)], facts[str(full.object)])
            new = [m for m in messages(lean.said) if m not in messages(full.said)]
            outcome = "different" if changed else "warns" if new else "identical"
            verdicts.append(Verdict(program, outcome, changed or new))
        return verdicts

    def judge(self, some, jobs):
        batches = [some[i : i + BATCH] for i in range(0, len(some), BATCH)]
        for kernel in {p.source.kernel for p in some}:
            self.full_header(kernel)
        with ThreadPoolExecutor(jobs) as pool:
            for verdicts in pool.map(self.batch, batches):
                yield from verdicts


def environment(work):
    """With caches and kernel library of its own."""
    env = {k: v for k, v in os.environ.items() if not k.startswith("SKEP_")}
    return {**env, "SKEP_HOME": f"{work}/home", "XDG_CACHE_HOME": f"{work}/cache", "LC_ALL": "C.UTF-8"}


def print_verdict(verdict, lines):
    if verdict.outcome in ("different", "warns", "fallback"):
        what = f" ({', '.join(kinds(verdict.detail))})" if verdict.outcome == "different" else ""
        print(f"{verdict.outcome}: {verdict.program.name}{what}", flush=True)
        for line in verdict.detail[:lines]:
            print(f"    {line if len(line) < 400 else line[:400] + ' ...'}", flush=True)


def summary(verdicts, corpus):
    table = {}
    for v in verdicts:
        table.setdefault(v.program.source.name, Counter())[v.outcome] += 1
    total = sum(table.values(), Counter())
    print(f"{'':<24}{''.join(f'{o:>11}' for o in OUTCOMES)}")
    for name, row in [*table.items(), ("total", total)]:
        print(f"{name:<24}{''.join(f'{row[o]:>11}' for o in OUTCOMES)}")
    compiled = total["identical"] + total["different"] + total["warns"] + total["fallback"]
    print(f"targets: {', '.join(corpus.targets)}")
    if corpus.sizes:
        size = sorted(corpus.sizes)[len(corpus.sizes) // 2]
        print(f"lean headers: {size / 1000:.0f} KB in the middle, {max(corpus.sizes) / 1000:.0f} KB at most")
        print(f"clang: {corpus.times['full']:.0f} s with full headers, {corpus.times['lean']:.0f} s with lean ones")
    print(f"compiled {compiled}, identical {total['identical']}, warns {total['warns']}, fallback {total['fallback']}, "
          f"different {total['different']}")  # fmt: skip
    return total


def main():
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--build", default="build", help="folder of the programs to judge")
    parser.add_argument("--sources", default=REPO / "build/deps/corpus", help="folder of the corpus")
    parser.add_argument("--kernels", default=REPO / "build/deps/kernels", help="folder of folders of kernel packages")
    parser.add_argument("--targets", help="folder of raw BTF, NAME.btf, instead of packages")
    parser.add_argument("--work", help="folder for headers and objects (default: BUILD/judged)")
    parser.add_argument("--only", action="append", metavar="SOURCE", help="these sources only")
    parser.add_argument("--match", default="", metavar="REGEX", help="these programs only")
    parser.add_argument("--jobs", type=int, default=os.cpu_count())
    parser.add_argument("--lines", type=int, default=6, help="lines of a difference to print")
    options = parser.parse_args()
    build = Path(options.build) if os.path.isabs(options.build) else REPO / options.build
    work = Path(options.work or build / "judged").resolve()
    env = environment(work)
    if options.targets:
        targets = {p.stem: p for p in sorted(Path(options.targets).glob("*.btf"))}
    else:
        add_packages(build / "bin/skep", options.kernels, env)
        targets = library_targets(build / "bin/skep", env)
    for name in absent(options.sources, options.only):
        print(f"absent: {name}: not in '{options.sources}'")
    some = [p for p in programs(options.sources, options.only) if re.search(options.match, p.name)]
    corpus = Corpus(build / "bin/skep", work, targets, env)
    verdicts = []
    for verdict in corpus.judge(some, options.jobs):
        verdicts.append(verdict)
        print_verdict(verdict, options.lines)
    total = summary(verdicts, corpus)
    return 1 if total["different"] or not total["identical"] else 0


if __name__ == "__main__":
    sys.exit(main())
