#!/usr/bin/python3
# SPDX-License-Identifier: BSD-2-Clause
"""Patch every CO-RE record of the corpus on every kernel, and judge that libbpf makes the same instructions of it.

The objects are those that run.py compiled with full headers; what is missing is compiled. patched/patched.c judges.
Ends with a table per source, which RESULTS.md keeps; exit 1 if any instruction is different.
"""

import argparse
import os
import re
import subprocess
import sys
from collections import Counter
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

sys.path.insert(0, str(Path(__file__).resolve().parent.parent))

from corpus.judge import LIBBPF, REPO  # noqa: E402
from corpus.programs import programs  # noqa: E402
from corpus.run import Corpus, environment  # noqa: E402
from corpus.targets import add_packages, library_targets  # noqa: E402

HERE = Path(__file__).resolve().parent
COUNTS = ["records", "prepare", "internal", "nobody", "failed", "poisoned", "different"]
BATCH = 40
BEGIN, END = "<!-- begin: relocate.py -->", "<!-- end -->"


def build_tool(build, folder, name):
    """NAME/*.c against the libskep of a build."""
    folder = Path(folder)
    folder.mkdir(parents=True, exist_ok=True)
    flags = (Path(build) / "flags").read_text().split()
    argv = [*flags, f"-I{HERE / name}", "-Wl,--gc-sections", "-o", folder / name, *sorted(HERE.glob(f"{name}/*.c"))]
    argv += [Path(build) / "libskep.a", LIBBPF / "inst/libbpf.a", "-lelf", "-ljansson", "-lcrypto", "-lz"]
    subprocess.run([str(a) for a in argv], check=True, cwd=REPO)
    return folder / name


def build_patched(build, folder):
    return build_tool(build, folder, "patched")


class Relocated:
    """What patched says of objects: a Counter per object and kernel, objects that skep does not read, differences."""

    def __init__(self, binary, targets):
        self.binary = binary
        self.targets = [a for name, path in targets.items() for a in ("-t", f"{name}={path}")]

    def judge(self, objects):
        done = subprocess.run([self.binary, *self.targets, *objects], capture_output=True, text=True, errors="replace")
        if done.returncode:
            raise RuntimeError(f"patched: exit {done.returncode}: {done.stderr}")
        counts, unread, different = {}, {}, []
        for line in done.stdout.splitlines():
            if line.startswith("  "):
                different.append(f"{last}:{line[1:]}")
            elif " unread: " in line:
                unread.update([line.split(" unread: ", 1)])
            else:
                path, kernel, *words = line.split(" ")
                last = f"{path} on {kernel}"
                counts[path, kernel] = Counter({k: int(v) for k, v in (w.split("=") for w in words)})
        return counts, unread, different


def compiled(corpus, some, jobs):
    """Source -> objects; compiles what is not there."""

    def one(program):
        path = corpus.work / program.source.name / program.slug / "full.o"
        if path.exists():
            return program.source.name, path
        made = corpus.compiler.compile(program, corpus.full_header(program.source.kernel), path)
        return program.source.name, path if made.ok else None

    for kernel in {p.source.kernel for p in some}:
        corpus.full_header(kernel)
    with ThreadPoolExecutor(jobs) as pool:
        return [(source, path) for source, path in pool.map(one, some) if path]


def judge_all(relocated, objects, jobs):
    batches = [objects[i : i + BATCH] for i in range(0, len(objects), BATCH)]
    with ThreadPoolExecutor(jobs) as pool:
        yield from zip(batches, pool.map(lambda batch: relocated.judge([p for _, p in batch]), batches))


def alike(binary, home, objects):
    """Lines of alike over objects with records, and those that tell of a difference."""
    lines = []
    for i in range(0, len(objects), BATCH):
        argv = [binary, home, *objects[i : i + BATCH]]
        done = subprocess.run(argv, capture_output=True, text=True, errors="replace")
        if done.returncode:
            raise RuntimeError(f"alike: exit {done.returncode}: {done.stderr}")
        lines += [line for line in done.stdout.splitlines() if " records=0 " not in line]
    different = [line for line in lines if not line.endswith(" different=0")]
    return lines, different


def tabulate(judged):
    """Source -> Counter of objects, objects with records, unread ones, and the sums of COUNTS."""
    table, refused, different = {}, {}, []
    for batch, (counts, unread, differ) in judged:
        different += differ
        refused.update(unread)
        for source, path in batch:
            row, mine = table.setdefault(source, Counter()), [c for (p, _), c in counts.items() if p == str(path)]
            row.update(objects=1, unread=str(path) in unread, relocated=any(c["records"] for c in mine))
            for count in mine:
                row.update(count)
    return table, refused, different


def written(table, refused, targets):
    head = ["source", "objects", "unread", "with records", *(f"{c} x kernels" if c == "records" else c for c in COUNTS)]
    lines = [f"| {' | '.join(head)} |", f"|---|{'---:|' * (len(head) - 1)}"]
    for name, row in [*table.items(), ("all", sum(table.values(), Counter()))]:
        cells = [name, *(row[c] for c in ["objects", "unread", "relocated", *COUNTS])]
        lines.append(f"| {' | '.join(map(str, cells))} |")
    why = Counter(re.sub(r"'[^']*'|\[\d+\]|\d+", "…", reason) for reason in refused.values())
    lines += ["", f"Kernels: {', '.join(targets)}.", ""]
    lines += ["Objects that are not read, most because libbpf does not open them:", ""] if why else []
    return "\n".join(lines + [f"* {n} of them: {reason}" for reason, n in why.most_common()]) + "\n"


def main():
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--build", default="build", help="folder of the programs to judge")
    parser.add_argument("--sources", default=REPO / "build/deps/corpus", help="folder of the corpus")
    parser.add_argument("--kernels", default=REPO / "build/deps/kernels", help="folder of folders of kernel packages")
    parser.add_argument("--targets", help="folder of raw BTF, NAME.btf, instead of packages")
    parser.add_argument("--work", help="folder of headers and objects (default: BUILD/judged)")
    parser.add_argument("--only", action="append", metavar="SOURCE", help="these sources only")
    parser.add_argument("--jobs", type=int, default=os.cpu_count())
    parser.add_argument("--write", action="store_true", help="put the table into RESULTS.md")
    options = parser.parse_args()
    build = Path(options.build) if os.path.isabs(options.build) else REPO / options.build
    work = Path(options.work or build / "judged").resolve()
    env = environment(work)
    if options.targets:
        targets = {p.stem: p for p in sorted(Path(options.targets).glob("*.btf"))}
    else:
        add_packages(build / "bin/skep", options.kernels, env)
        targets = library_targets(build / "bin/skep", env)
    corpus = Corpus(build / "bin/skep", work, targets, env)
    objects = compiled(corpus, programs(options.sources, options.only), options.jobs)
    relocated = Relocated(build_patched(build, work), targets)
    table, refused, different = tabulate(judge_all(relocated, objects, options.jobs))
    text = written(table, refused, targets)
    print(*different, text, sep="\n")
    if options.write:
        results = (HERE / "RESULTS.md").read_text()
        before, after = results.split(BEGIN)[0], results.split(END)[1]
        (HERE / "RESULTS.md").write_text(f"{before}{BEGIN}\n{text}{END}{after}")
    if not options.targets:
        lines, unlike = alike(build_tool(build, work, "alike"), env["SKEP_HOME"], [p for _, p in objects])
        layouts = sorted(int(re.search(r"layouts=(\d+)", line)[1]) for line in lines)
        print(*unlike, f"equal layouts: {len(lines)} judged, {layouts[len(layouts) // 2]} of {len(targets)} kernels in the middle, "
              f"different {len(unlike)}", sep="\n")  # fmt: skip
        different += unlike
    judged = sum(table.values(), Counter())
    return 1 if different or judged["nobody"] or not judged["prepare"] else 0


if __name__ == "__main__":
    sys.exit(main())
