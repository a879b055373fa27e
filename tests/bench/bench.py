#!/usr/bin/python3
# SPDX-License-Identifier: BSD-2-Clause
"""skep beside its rivals: both sides in one run, taking turns, medians. Writes RESULTS.md beside itself.

Every row runs A B A B ... on the same files; a time is fork to exit of the whole program as a user
would call it. Nothing is warmed up for one side alone. The rival's own way of doing the job is in
ordinary() and in Makefile and build.ninja below.
"""

import argparse
import os
import platform
import random
import re
import shutil
import statistics
import subprocess
import sys
import tempfile
import time
from pathlib import Path

import btf
import check
import headers
import prove

HERE = Path(__file__).resolve().parent
REPO = HERE.parent.parent
TEMPLATES = ["exec-watch", "xdp-filter", "sched-latency"]


class Bench:
    def __init__(self, options):
        self.rounds, self.quick_rounds = options.rounds, options.quick_rounds
        self.slow_rounds, self.program_rounds = max(3, options.rounds // 2), max(3, options.rounds // 3)
        self.work = Path(tempfile.mkdtemp(prefix="skep-bench."))
        self.build = (REPO / options.build).resolve()
        for part in ("bin", "libexec", "share"):  # a copy: a build meanwhile does not change what is measured
            shutil.copytree(self.build / part, self.work / "tree" / part)
        self.skep, self.skep_run = f"{self.work}/tree/bin/skep", f"{self.work}/tree/bin/skep-run"
        self.env = {k: v for k, v in os.environ.items() if not k.startswith(("SKEP_", "MAKE"))}
        self.env.update(XDG_CACHE_HOME=f"{self.work}/cache", XDG_DATA_HOME=f"{self.work}/data", LC_ALL="C.UTF-8")
        self.rows, self.tables, self.notes = [], [], []
        self.full = self.work / "full"  # the folder of the full header, for the ordinary pipeline
        self.full.mkdir()
        self.quiet(self.skep, "vmlinux", "-o", self.full / "vmlinux.h")

    def quiet(self, *argv, cwd=None):
        done = subprocess.run([str(a) for a in argv], cwd=cwd or self.work, env=self.env, capture_output=True, text=True)
        if done.returncode:
            sys.exit(f"bench: {' '.join(map(str, argv))}: exit {done.returncode}\n{done.stdout}{done.stderr}")
        return done.stdout

    def timed(self, *argv, cwd=None, out=os.devnull):
        """Milliseconds from fork to exit; the program must succeed."""
        if cwd:
            os.chdir(cwd)
        argv = [str(a) for a in argv]
        actions = [
            (os.POSIX_SPAWN_OPEN, 0, os.devnull, os.O_RDONLY, 0),
            (os.POSIX_SPAWN_OPEN, 1, str(out), os.O_WRONLY | os.O_CREAT | os.O_TRUNC, 0o644),
            (os.POSIX_SPAWN_OPEN, 2, f"{self.work}/stderr", os.O_WRONLY | os.O_CREAT | os.O_TRUNC, 0o644),
        ]
        begin = time.perf_counter_ns()
        pid = os.posix_spawnp(argv[0], argv, self.env, file_actions=actions)
        _, status, usage = os.wait4(pid, 0)
        took = (time.perf_counter_ns() - begin) / 1e6
        self.processor = 1000 * (usage.ru_utime + usage.ru_stime)
        if status:
            said = Path(f"{self.work}/stderr").read_text()
            sys.exit(f"bench: {' '.join(argv)}: status {status}\n{said}")
        return took

    def turns(self, rounds, **sides):
        """Run the sides in turn; returns the times of each, and under "name cpu" its processor time."""
        times = {name: [] for side in sides for name in (side, f"{side} cpu")}
        for number in range(rounds + 1):
            for name, side in sides.items():
                took = side(number)
                if number:  # the first round fills the page cache for both
                    times[name].append(took)
                    times[f"{name} cpu"].append(self.processor)
        return times

    def row(self, what, ours, rival, rival_name, goal=None, ok=None):
        self.rows.append((what, ours, rival_name, rival, goal, ok))
        mark = "" if ok is None else "  ok" if ok else f"  MISSED ({goal})"
        against = f"{rival_name} {rival:.2f} ms, ratio {ours / rival:.2f}" if rival else ""
        print(f"  {what:<46} {ours:8.2f} ms   {against}{mark}", flush=True)


# --- a build after one edit ----------------------------------------------------------------------


def find(*names):
    for name in names:
        for path in (None, "/usr/sbin:/sbin"):
            if found := shutil.which(name, path=path):
                return found
    sys.exit(f"bench: no {names[0]}: run '.ci/deps test'")


def bpftool_78():
    """The newest there is, which `.ci/deps test` unpacks; else the distribution's."""
    own = REPO / "build/deps/bpftool/bpftool"
    return own if own.exists() else find("bpftool")


def clang_line(bench, project):
    """The compiler and flags that `skep build` uses, as words, but with the full header: the ordinary pipeline."""
    words = bench.quiet(bench.skep, "build", "-C", project, "--print-flags").splitlines()[0].split()
    return [f"-I{bench.full}" if w.startswith("-Ibuild/gen/") else w for w in words]


def compiling(words, source, output):
    return [*words, "-MD", "-MF", f"{output}.d", "-c", str(source), "-o", str(output)]


def edit(source, number):
    """A change that the compiler has to look at and that changes the object."""
    text = re.sub(r"\nint skep_bench_\w+ = \d+;\n", "", source.read_text())
    source.write_text(text + f"\nint skep_bench_edit = {number + 1};\n")


def build_rows(bench, template):
    project = bench.work / template
    bench.quiet(bench.skep, "new", template, "--template", template)
    bench.quiet(bench.skep, "build", "-C", project)
    name = template.replace("-", "_")
    source = next((project / "src").glob("*.bpf.c"))
    key, cert = bench.work / "keys/skep.key", bench.work / "keys/skep.crt"
    package = project / f"build/{template}.skep"
    words = clang_line(bench, project)
    alone, rival = bench.work / f"{template}.alone", bench.work / f"{template}.ordinary"
    alone.mkdir(), rival.mkdir()
    strip, bpftool = find("llvm-strip-19", "llvm-strip"), find("bpftool")
    times = {"strip": [], "skeleton": [], "tar": [], "cms": []}

    def clang(number):
        edit(source, 3 * number)
        return bench.timed(*compiling(words, source.relative_to(project), alone / "x.o"), cwd=project)

    def skep(number):
        edit(source, 3 * number + 1)
        return bench.timed(bench.skep, "build", cwd=project)

    def sign(_):
        return bench.timed(bench.skep, "sign", package, "--key", key, "--cert", cert)

    def ordinary(number):
        edit(source, 3 * number + 2)
        took = bench.timed(*compiling(words, source.relative_to(project), rival / f"{name}.bpf.o"), cwd=project)
        steps = {
            "strip": bench.timed(strip, "-g", f"{name}.bpf.o", cwd=rival),
            "skeleton": bench.timed(bpftool, "gen", "skeleton", f"{name}.bpf.o", out=rival / f"{name}.skel.h"),
            "tar": bench.timed("tar", "-cf", f"{name}.tar", f"{name}.bpf.o", f"{name}.skel.h"),
            "cms": bench.timed("openssl", "cms", "-sign", "-binary", "-in", f"{name}.tar", "-signer", cert, "-inkey", key,
                               "-md", "sha256", "-outform", "DER", "-noattr", "-nosmimecap", "-out", f"{name}.p7s"),
        }  # fmt: skip
        if number:
            for step, value in steps.items():
                times[step].append(value)
        return took + sum(steps.values())

    t = bench.turns(bench.rounds, clang=clang, skep=skep, sign=sign, ordinary=ordinary)
    m = {k: statistics.median(v) for k, v in {**t, **times}.items()}
    rival_own = m["strip"] + m["skeleton"] + m["tar"]
    unsigned = m["ordinary"] - m["cms"]
    ours, theirs = headers.code(bench, next((project / "build").glob("*.bpf.o")), rival / f"{name}.bpf.o")
    if ours != theirs:
        sys.exit(f"bench: {template}: code and CO-RE records differ from those that the full header gives")
    bench.row(f"{template}: edit, build", m["skep"], unsigned, "ordinary pipeline", "a sixth", 6 * m["skep"] <= unsigned)
    bench.row(f"{template}: edit, build, sign", m["skep"] + m["sign"], m["ordinary"], "ordinary pipeline")
    bench.row(f"{template}: clang alone, full header", m["clang"], None, "")
    ours, processor = beyond_clang(bench, project, source)
    bench.row(f"{template}: build beyond clang", ours, rival_own, "llvm-strip, bpftool, tar", "under 15 ms", ours < 15)
    bench.row(f"{template}: processor time of that", processor, None, "")
    bench.row(f"{template}: sign", m["sign"], m["cms"], "openssl cms -sign")


def beyond_clang(bench, project, source):
    """skep's own share: clang's time is hundreds of ms and swings by tens, so one that takes none stands in."""
    clang = bench.work / f"{project.name}.clang"
    bench.quiet("cc", "-O2", "-o", clang, HERE / "stand_in.c")
    made = next((project / "build/obj").glob("*/*/src"))
    for number in (0, 1):
        edit(source, number - 1)
        bench.quiet(bench.skep, "build", cwd=project)
        for kind in ("o", "d", "json"):
            shutil.copy(made / f"{source.name}.{kind}", f"{clang}.{number}.{kind}")
    bench.quiet(bench.skep, "build", "--clang", clang, cwd=project)
    source_at, scratch = source.relative_to(project), bench.work / "scratch"
    alone = ["-MF", f"{scratch}.d", "-MJ", f"{scratch}.json", "-c", source_at, "-o", f"{scratch}.o"]

    def build(number):
        edit(source, number)
        return bench.timed(bench.skep, "build", "--clang", clang, cwd=project)

    t = bench.turns(bench.quick_rounds, build=build, alone=lambda _: bench.timed(clang, *alone, cwd=project))
    m = {k: statistics.median(v) for k, v in t.items()}
    return m["build"] - m["alone"], m["build cpu"] - m["alone cpu"]


# --- a build with nothing to do ------------------------------------------------------------------

MAKEFILE = """all: {n}.tar.p7s
{n}.bpf.o: src/{s}
\t{clang} && {strip} -g $@
{n}.skel.h: {n}.bpf.o
\tbpftool gen skeleton $< > $@
{n}.tar: {n}.bpf.o {n}.skel.h
\ttar -cf $@ $^
{n}.tar.p7s: {n}.tar
\topenssl cms -sign -binary -in $< -signer {cert} -inkey {key} -outform DER -noattr -out $@
-include {n}.bpf.o.d
"""
NINJA = """rule cc
  command = {clang} && {strip} -g $out
  depfile = {n}.bpf.o.d
rule skeleton
  command = bpftool gen skeleton $in > $out
rule tar
  command = tar -cf $out $in
rule cms
  command = openssl cms -sign -binary -in $in -signer {cert} -inkey {key} -outform DER -noattr -out $out
build {n}.bpf.o: cc src/{s}
build {n}.skel.h: skeleton {n}.bpf.o
build {n}.tar: tar {n}.bpf.o {n}.skel.h
build {n}.tar.p7s: cms {n}.tar
"""


def noop_rows(bench):
    template, name = "exec-watch", "exec_watch"
    project = bench.work / template
    bench.quiet(bench.skep, "build", "-C", project)
    strip = find("llvm-strip-19", "llvm-strip")
    bench.env["PATH"] += ":/usr/sbin"
    sides = {"skep": lambda _: bench.timed(bench.skep, "build", cwd=project)}
    for tool, text, file in (("make", MAKEFILE, "Makefile"), ("ninja", NINJA, "build.ninja")):
        folder = bench.work / f"noop.{tool}"
        shutil.copytree(project, folder, ignore=shutil.ignore_patterns("Makefile"))
        source = next((folder / "src").glob("*.bpf.c")).name
        words = compiling(clang_line(bench, folder), f"src/{source}", f"{name}.bpf.o")
        keys = {"key": bench.work / "keys/skep.key", "cert": bench.work / "keys/skep.crt"}
        clang = " ".join(f"'{w}'" if re.search(r"[^\w./=+,:-]", w) else w for w in words)
        (folder / file).write_text(text.format(n=name, s=source, clang=clang, strip=strip, **keys))
        bench.quiet(tool, cwd=folder)
        sides[tool] = lambda _, tool=tool, folder=folder: bench.timed(tool, cwd=folder)
    sides["true"] = lambda _: bench.timed("true")
    m = {k: statistics.median(v) for k, v in bench.turns(bench.quick_rounds, **sides).items()}
    bench.row("build, nothing to do", m["skep"], m["ninja"], "ninja", "under 5 ms", m["skep"] < 5)
    bench.row("build, nothing to do", m["skep"], m["make"], "make")
    bench.row("(an empty process: /bin/true)", m["true"], None, "")


# --- verify --------------------------------------------------------------------------------------


def verify_row(bench):
    project = bench.work / "large"
    bench.quiet(bench.skep, "new", "large", "--template", "exec-watch")
    source = next((project / "src").glob("*.bpf.c"))
    noise = random.Random(1)  # what does not compress makes the package as large as it says
    numbers = ",".join(str(noise.randrange(256)) for _ in range(75_000))
    source.write_text(source.read_text() + f"\nconst unsigned char skep_bench_noise[] = {{ {numbers} }};\n")
    bench.quiet(bench.skep, "build", "-C", project)
    package = next((project / "build").glob("*.skep"))
    key, cert, trust = bench.work / "keys/skep.key", bench.work / "keys/skep.crt", bench.work / "trust.d"
    bench.quiet(bench.skep, "sign", package, "--key", key, "--cert", cert)
    signature = bench.work / "large.p7s"
    bench.quiet("openssl", "cms", "-sign", "-binary", "-in", package, "-signer", cert, "-inkey", key, "-md", "sha256",
                "-outform", "DER", "-noattr", "-out", signature)  # fmt: skip
    times = bench.turns(
        bench.quick_rounds,
        skep=lambda _: bench.timed(bench.skep, "verify", package, "--trust", trust),
        openssl=lambda _: bench.timed("openssl", "cms", "-verify", "-binary", "-inform", "DER", "-in", signature,
                                      "-content", package, "-certfile", cert, "-CAfile", cert, "-purpose", "any"),
    )  # fmt: skip
    m = {k: statistics.median(v) for k, v in times.items()}
    size = package.stat().st_size / 1000
    bench.row(f"verify a package of {size:.0f} KB", m["skep"], m["openssl"], "openssl cms -verify", "under 5 ms", m["skep"] < 5)
    bench.notes.append("build beyond clang: with a compiler in clang's place that hands out objects made before.")
    bench.notes.append("cosign verify-blob: 37 ms, measured elsewhere; cosign is no package of the distribution.")


# --- run -----------------------------------------------------------------------------------------


def run_rows(bench):
    if os.geteuid() != 0:
        bench.notes.append("skep run: not measured, loading needs root.")
        return
    deps = REPO / "build/deps/libbpf"
    minimal = bench.work / "minimal"
    bench.quiet("cc", "-O2", "-isystem", deps / "inst/include", "-o", minimal, HERE / "minimal.c", deps / "inst/libbpf.a",
                "-lelf", "-lz")  # fmt: skip
    for template in ("exec-watch", "sched-latency"):
        project = bench.work / template
        bench.quiet(bench.skep, "build", "-C", project)
        package, trust = project / f"build/{template}.skep", bench.work / "trust.d"
        bench.quiet(bench.skep, "sign", package, "--key", bench.work / "keys/skep.key", "--cert", bench.work / "keys/skep.crt")
        obj = next((project / "build").glob("*.bpf.o"))
        times = bench.turns(
            bench.rounds,
            run=lambda _: bench.timed(bench.skep, "run", package, "--trust", trust, "--duration", "0.1"),
            small=lambda _: bench.timed(bench.skep_run, package, "--trust", trust, "--duration", "0.1"),
            libbpf=lambda _: bench.timed(minimal, obj, "100"),
        )
        m = {k: statistics.median(v) - 100 for k, v in times.items()}
        added = m["run"] - m["libbpf"]
        bench.row(f"{template}: verify, load, attach, detach", m["run"], m["libbpf"], "libbpf program", "adds under 10 ms", added < 10)
        bench.row(f"{template}: the same by skep-run", m["small"], m["libbpf"], "libbpf program")
    bench.notes.append("verify, load, attach, detach: both sides stream events for 100 ms, which are subtracted.")


# --- the whole -----------------------------------------------------------------------------------


def first_line(*argv):
    try:
        return subprocess.run(argv, capture_output=True, text=True).stdout.splitlines()[0].strip()
    except (OSError, IndexError):
        return "absent"


def machine():
    cpu = re.search(r"model name\s*:\s*(.*)", Path("/proc/cpuinfo").read_text())
    release = re.search(r'PRETTY_NAME="(.*)"', Path("/etc/os-release").read_text())
    kernel = platform.release().split("-")[0]
    return [
        f"{cpu[1] if cpu else platform.machine()}, {os.cpu_count()} processors, Linux {kernel}, {release[1]}",
        ", ".join([
            re.sub(r"^.*?(clang version \S+).*", r"\1", first_line("clang-19", "--version")),
            "bpftool " + first_line(find("bpftool"), "version").split()[-1],
            first_line("openssl", "version").split(" (")[0],
            "ninja " + first_line("ninja", "--version"),
            first_line("make", "--version"),
        ]),
    ]  # fmt: skip


def report(bench):
    lines = ["# Measured by `make bench`", "", *[f"* {line}" for line in machine()], ""]
    lines.append(f"Medians of {bench.rounds} rounds ({bench.quick_rounds} where a round takes milliseconds), both sides")
    lines += ["taking turns in one run; fork to exit of the whole program.", ""]
    lines += ["| what | skep, ms | rival | rival, ms | ratio | goal | met |", "|---|---:|---|---:|---:|---|---|"]
    for what, ours, name, rival, goal, ok in bench.rows:
        cells = [what, f"{ours:.2f}", name, f"{rival:.2f}" if rival else "", f"{ours / rival:.2f}" if rival else ""]
        cells += [goal or "", "" if ok is None else "yes" if ok else "no"]
        lines.append("| " + " | ".join(cells) + " |")
    for heading, rows in bench.tables:
        lines += ["", *["| " + " | ".join(cells) + " |" for cells in (heading, ["---", *["---:"] * (len(heading) - 1)], *rows)]]
    lines += ["", *[f"* {note}" for note in bench.notes]]
    return "\n".join(lines) + "\n"


def main():
    parser = argparse.ArgumentParser()
    parser.add_argument("--build", default="build", help="folder of the programs to measure")
    parser.add_argument("--rounds", type=int, default=15)
    parser.add_argument("--quick-rounds", type=int, default=101)
    parser.add_argument("-o", "--output", default=HERE / "RESULTS.md")
    options = parser.parse_args()
    bench, output = Bench(options), Path(options.output).resolve()
    mounted = os.geteuid() == 0 and not os.path.isdir("/sys/kernel/tracing/events")
    if mounted:
        mounted = subprocess.run(["mount", "-t", "tracefs", "tracefs", "/sys/kernel/tracing"]).returncode == 0
    try:
        bench.quiet(bench.skep, "keygen", "--out", bench.work / "keys")
        (bench.work / "trust.d").mkdir(mode=0o700)
        shutil.copy(bench.work / "keys/skep.crt", bench.work / "trust.d")
        print("\n".join(machine()))
        for template in TEMPLATES:
            build_rows(bench, template)
        project = bench.work / "exec-watch"
        headers.tracing_rows(bench, clang_line(bench, project), bench.full)
        headers.header_rows(bench, project, bpftool_78())
        btf.rows(bench, sorted(bench.work.glob("*/build/*.bpf.o")), bpftool_78())
        check.bench_rows(bench, bench.work / "data/skep")
        noop_rows(bench)
        verify_row(bench)
        run_rows(bench)
        prove.bench_rows(bench, TEMPLATES)
        output.write_text(report(bench))
        print(f"written to {os.path.relpath(output, REPO)}")
    finally:
        os.chdir("/")
        shutil.rmtree(bench.work)
        if mounted:
            subprocess.run(["umount", "/sys/kernel/tracing"])


if __name__ == "__main__":
    main()
