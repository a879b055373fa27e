#!/usr/bin/python3
# SPDX-License-Identifier: BSD-2-Clause
"""skep prove beside the bare boot of the same kernels. bench.py measures it with all else; alone:

    prove.py [--build DIR] [--home LIBRARY] [--rounds N] OBJECT...      the first alone, then all

The rival is the command that skep itself starts QEMU with, as skep -v tells it, but with an initramfs whose only
program switches the machine off; once with the kernel that skep starts, once with the distribution's compressed image.
"""

import argparse
import json
import os
import re
import shlex
import statistics
import subprocess
import sys
import tempfile
import time
from pathlib import Path

HERE = Path(__file__).resolve().parent
REPO = HERE.parent.parent
ROUNDS = 3
SUITES = ["bullseye", "bookworm", "trixie", "forky", "trixie-backports"]
OFF = "#include <sys/reboot.h>\nint main(void)\n{\n\treturn reboot(RB_POWER_OFF);\n}\n"
STAGES = ["before QEMU and after", "kernel, until skep-run speaks", "loading", "attaching, watching", "end"]


class Meter:
    def __init__(self, skep, build, work, env, home):
        self.skep, self.build, self.work = skep, Path(build).resolve(), Path(work)
        self.env = {**env, "SKEP_HOME": str(home)}
        self.kernels = dict(self.library())
        self.bare = self.make_bare()
        self.started = {}  # by suite: how skep starts QEMU

    def library(self):
        """Suite, and (id, compressed image) of a kernel of it."""
        listed = self.say("kernel", "list", "--json")["kernels"]
        for suite in SUITES:
            ids = [k["id"] for k in listed if k["id"].startswith(f"debian/{suite}/x86_64/")]
            files = self.say("kernel", "show", ids[-1], "--json")["files"] if ids else []
            for path in (f["path"] for f in files if f["what"] == "image"):
                yield suite, (ids[-1], path)

    def say(self, *words):
        done = subprocess.run([self.skep, *words], env=self.env, capture_output=True, text=True, check=True)
        return json.loads(done.stdout)

    def make_bare(self):
        """An initramfs that does nothing."""
        folder = self.work / "bare"
        folder.mkdir()
        (self.work / "off.c").write_text(OFF)
        subprocess.run(["cc", "-O2", "-static", "-s", "-o", folder / "init", self.work / "off.c"], check=True)
        made = subprocess.run(["cpio", "--quiet", "-o", "-H", "newc"], cwd=folder, input=b"init\n", capture_output=True, check=True)
        (self.work / "bare.cpio").write_bytes(made.stdout)
        return self.work / "bare.cpio"

    def spend(self, argv, limit=90, tries=3):
        """Milliseconds from fork to exit, and what it said on stderr. A bare boot that hangs, which is seen now and then, is
        no measure of anything: it is told, and done again, as skep does with its guests."""
        whole = [str(a) for a in argv]
        begin = time.perf_counter_ns()
        try:
            done = subprocess.run(whole, env=self.env, stdin=subprocess.DEVNULL, stdout=subprocess.DEVNULL,
                                  stderr=subprocess.PIPE, text=True, timeout=limit)  # fmt: skip
        except subprocess.TimeoutExpired:
            print(f"  hung for {limit} s: {' '.join(whole)}", flush=True)
            return self.spend(argv, limit, tries - 1) if tries > 1 else sys.exit("bench: hangs")
        took = (time.perf_counter_ns() - begin) / 1e6
        if done.returncode not in (0, 1):
            sys.exit(f"bench: {' '.join(whole)}: exit {done.returncode}\n{done.stderr}")
        return took, done.stderr

    def prove(self, objects, suites, *words):
        chosen = [w for s in suites for w in ("--kernel", self.kernels[s][0])]
        return self.spend([self.skep, "prove", "-v", *objects, *chosen, *words])

    def boot(self, suite, image=None):
        """The same machine, with nothing to do."""
        argv = list(self.started[suite])
        argv[argv.index("-initrd") + 1] = self.bare
        if image:
            argv[argv.index("-kernel") + 1] = image
        return self.spend(argv, limit=30)[0]

    def one(self, suite, objects):
        """Milliseconds of the whole, and of its stages."""
        took, said = self.prove(objects, [suite])
        self.started[suite] = shlex.split(re.search(r": start (.*)", said)[1])
        at = {word: float(ms) for word, ms in re.findall(r": '(\w+)' after ([\d.]+) ms", said)}  # the last of each word
        return took, [took - at["done"], at["ready"], at["program"] - at["ready"], at["proof"] - at["program"], at["done"] - at["proof"]]

    def turns(self, rounds, **sides):
        times = {name: [] for name in sides}
        for _ in range(rounds):
            for name, side in sides.items():
                times[name].append(side())
        return {name: statistics.median(t) for name, t in times.items()}


# --- rows ----------------------------------------------------------------------------------------


def boot_rows(meter, add, objects, rounds):
    """One object on each kernel; returns the table of where the time goes."""
    table = []
    for suite, (_, image) in meter.kernels.items():
        stages = []

        def ours(suite=suite, stages=stages):
            took, parts = meter.one(suite, objects[:1])
            stages.append(parts)
            return took

        m = meter.turns(rounds, prove=ours, bare=lambda s=suite: meter.boot(s), packed=lambda s=suite, i=image: meter.boot(s, i))
        add(f"prove: one object, {suite}", m["prove"], m["bare"], "bare boot, same kernel file", "1.5 times", m["prove"] <= 1.5 * m["bare"])
        add(f"prove: one object, {suite}", m["prove"], m["packed"], "bare boot, vmlinuz")
        table.append([suite, *[f"{statistics.median(column):.0f}" for column in zip(*stages)]])
    return table


def together_rows(meter, add, objects, rounds):
    suite, pair = "trixie", ["bookworm", "trixie"]
    m = meter.turns(rounds, many=lambda: meter.prove(objects, [suite])[0], one=lambda: meter.prove(objects[:1], [suite])[0])
    add(f"prove: {len(objects)} objects in one boot", m["many"], m["one"], "one object")
    m = meter.turns(rounds, two=lambda: meter.prove(objects[:1], pair, "-j2")[0], one=lambda: meter.prove(objects[:1], pair, "-j1")[0])
    add("prove: two kernels at once", m["two"], m["one"], "one after the other")
    took = statistics.median(meter.prove(objects, meter.kernels)[0] for _ in range(rounds))
    add(f"prove: {len(objects)} objects, {len(meter.kernels)} kernels", took, None, "", "under 30 s", took < 30000)


def initramfs_rows(meter, add, objects, rounds):
    """Made as skep makes it, timed where it is made."""
    probe = meter.work / "probe_initramfs"
    flags = (meter.build / "flags").read_text().split()
    archives = [meter.build / "libskep.a", REPO / "build/deps/libbpf/inst/libbpf.a"]
    libraries = "-lelf -lz -ljansson -lfyaml -lcrypto".split()
    argv = [*flags, "-Wl,--gc-sections", "-o", probe, REPO / "tests/probe_initramfs.c", *archives, *libraries]
    subprocess.run(argv, cwd=REPO, check=True)

    def make(cache):
        argv = [probe, "make", "x86_64", meter.build / "libexec/skep/guest", cache, os.environ["PATH"], "-", meter.work / "out",
                f"skep/0.bpf.o={objects[0]}"]  # fmt: skip
        return int(subprocess.run(argv, capture_output=True, check=True).stdout) / 1000

    make(meter.work / "initramfs")
    m = meter.turns(5 * rounds, anew=lambda: make("-"), cached=lambda: make(meter.work / "initramfs"))
    add("prove: initramfs, made anew", m["anew"], None, "", "under 300 ms", m["anew"] < 300)
    add("prove: initramfs, cached", m["cached"], m["anew"], "made anew")


def rows(meter, add, objects, rounds=ROUNDS):
    """add(what, ms, rival ms, rival's name, goal, met); returns a table: its heading, its rows."""
    meter.prove(objects, meter.kernels)  # unpacks kernels, fills caches
    initramfs_rows(meter, add, objects, rounds)
    table = boot_rows(meter, add, objects, rounds)
    together_rows(meter, add, objects, rounds)
    return ["prove: where one object's time goes, ms", *STAGES], table


def bench_rows(bench, templates):
    """As one part of bench.py, after the part that makes its library."""
    if not any((Path(p) / "qemu-system-x86_64").exists() for p in bench.env["PATH"].split(":")):
        bench.notes.append("prove: not measured, there is no qemu-system-x86_64.")
        return
    objects = [next((bench.work / t / "build").glob("*.bpf.o")) for t in templates]
    folder = Path(tempfile.mkdtemp(dir=bench.work))
    meter = Meter(bench.skep, bench.build, folder, bench.env, bench.work / "data/skep")
    bench.tables.append(rows(meter, bench.row, objects))
    load = os.getloadavg()[0]
    bench.notes.append(f"prove: medians of {ROUNDS} rounds; bare boot: QEMU as skep starts it, /init switches off at once; load {load:.1f}.")


def main():
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("objects", nargs="+", metavar="OBJECT")
    parser.add_argument("--build", type=Path, default=REPO / "build")
    parser.add_argument("--home", default=os.environ.get("SKEP_HOME"), help="a kernel library")
    parser.add_argument("--rounds", type=int, default=ROUNDS)
    options = parser.parse_args()

    def add(what, ms, rival, name, goal="", met=None):
        against = f"   {name} {rival:.1f} ms, ratio {ms / rival:.2f}" if rival else ""
        print(f"  {what:<40} {ms:8.1f} ms{against}   {goal} {'' if met is None else 'ok' if met else 'MISSED'}", flush=True)

    with tempfile.TemporaryDirectory(prefix="skep-bench.") as work:
        env = {**os.environ, "LC_ALL": "C.UTF-8", "XDG_CACHE_HOME": f"{work}/cache"}
        heading, table = rows(Meter(options.build / "bin/skep", options.build, work, env, options.home), add, options.objects, options.rounds)
        for line in (heading, *table):
            print("  " + " | ".join(line))


if __name__ == "__main__":
    main()
