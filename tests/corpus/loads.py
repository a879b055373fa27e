#!/usr/bin/python3
# SPDX-License-Identifier: BSD-2-Clause
"""Hold what `skep check` says of loading against what kernels do: every program of a folder of objects, by itself.

    loads.py host FOLDER -o RESULTS             load.c on the running kernel (root)
    loads.py guest FOLDER -o RESULTS -k ID      the same on a kernel of the library, in QEMU, emulated
    loads.py compare FOLDER RESULTS [-k ID]     skep's answers for that kernel against RESULTS; exit 1 if any is wrong

FOLDER is what run.py leaves: SOURCE/PROGRAM/full.o. Every program is one of:

    agree       loads and is taken, or fails and is refused
    verifier    said to load, and refused by what only the verifier can find: counted by message
    host        said to load, and refused for what the machine forbids, not the kernel: lockdown, a CPU without ...
    harness     said to load, and not given what its own loader would give it: a target, sizes, another program
    known       explained in loads.json
    wrong       anything else: skep does not know the kernel
    unknown     skep does not say
"""

import argparse
import gzip
import json
import os
import re
import subprocess
import sys
import tempfile
from collections import Counter
from dataclasses import dataclass
from pathlib import Path

HERE = Path(__file__).resolve().parent
REPO = HERE.parent.parent
LIBBPF = REPO / "build/deps/libbpf"
STRIP = "llvm-strip-19"
WORDS = ["agree", "verifier", "host", "harness", "known", "wrong", "unknown"]
BATCH = 40


@dataclass
class Load:
    """A line of load.c."""

    object: str  # SOURCE/PROGRAM
    program: str
    type: str
    word: str
    errno: int
    message: str


def build_load(folder, static=False):
    binary = Path(folder) / ("load.static" if static else "load")
    argv = ["cc", "-O2", "-g", "-D_GNU_SOURCE", "-isystem", LIBBPF / "inst/include", "-isystem", LIBBPF / "include/uapi"]
    argv += [*(["-static"] if static else []), "-o", binary, HERE / "load.c", LIBBPF / "inst/libbpf.a", "-lelf", "-lz"]
    subprocess.run([str(a) for a in argv], check=True)
    return binary


def objects(folder, match=""):
    """Key -> path."""
    paths = sorted(Path(folder).glob("*/*/full.o"))
    return {f"{p.parts[-3]}/{p.parts[-2]}": p for p in paths if re.search(match, str(p))}


def key_of(path):
    """Of /o/SOURCE@PROGRAM.o in a guest and of FOLDER/SOURCE/PROGRAM/full.o."""
    if re.match(r"/o/.*@", path):
        return path[3:-2].replace("@", "/", 1)
    return "/".join(Path(path).parts[-3:-1]) if path.endswith("/full.o") else path


def read_results(path):
    found = []
    for line in Path(path).read_text(errors="replace").splitlines():
        fields = line.rstrip("\r").split("\t")
        if len(fields) == 6 and fields[4].isdigit():
            found.append(Load(key_of(fields[0]), fields[1], fields[2], fields[3], int(fields[4]), fields[5]))
    return found


# --- loading -------------------------------------------------------------------------------------


def load_here(paths, output, scratch):
    names = Path(scratch) / "objects"
    names.write_text("".join(f"{p}\n" for p in paths))
    subprocess.run([str(build_load(scratch)), "-o", str(output), "-l", str(names)], check=True)


def newc(entries):
    """An initramfs of (name, mode, bytes)."""
    out = bytearray()
    for number, (name, mode, data) in enumerate([*entries, ("TRAILER!!!", 0, b"")], 1):
        fields = [number, mode, 0, 0, 1, 0, len(data), 0, 0, 0, 0, len(name) + 1, 0]
        out += b"070701" + "".join(f"{f:08x}" for f in fields).encode() + name.encode() + b"\0"
        out += bytes(-len(out) % 4) + data
        out += bytes(-len(out) % 4)
    return bytes(out)


def initramfs(found, profile, scratch):
    """/init is load.c, which takes the objects' names from /args."""
    entries = [(d, 0o40755, b"") for d in ("dev", "proc", "sys", "o", "boot")]
    entries.append((f"boot/config-{profile['release']}", 0o100644, blob_of(profile, "config").read_bytes()))
    entries.append(("init", 0o100755, build_load(scratch, static=True).read_bytes()))
    for key, path in found.items():
        small = Path(scratch) / "small.o"
        subprocess.run([STRIP, "-g", "-o", str(small), str(path)], check=True)
        entries.append((f"o/{key.replace('/', '@', 1)}.o", 0o100644, small.read_bytes()))
    names = "".join(f"/o/{key.replace('/', '@', 1)}.o\n" for key in found)
    return gzip.compress(newc([*entries, ("args", 0o100644, names.encode())]), 1)


def profile_of(skep, kernel):
    done = subprocess.run([str(skep), "kernel", "show", kernel, "--json"], capture_output=True, text=True, check=True)
    return json.loads(done.stdout)


def blob_of(profile, what):
    """None: the kernel has none."""
    return next((Path(f["path"]) for f in profile["files"] if f["what"] == what), None)


def load_in_guest(found, output, kernel, options, scratch):
    disk = Path(scratch) / "initramfs.gz"
    profile = profile_of(options.skep, kernel)
    disk.write_bytes(initramfs(found, profile, scratch))
    argv = ["timeout", str(options.seconds), "qemu-system-x86_64", "-accel", "tcg", "-cpu", "qemu64", "-m", "1536", "-nographic"]
    argv += ["-no-reboot", "-nic", "none", "-kernel", str(blob_of(profile, "image")), "-initrd", str(disk)]
    argv += ["-append", "console=ttyS0 quiet panic=-1 nokaslr"]
    with open(output, "wb") as f:
        subprocess.run(argv, stdin=subprocess.DEVNULL, stdout=f, stderr=subprocess.STDOUT)
    if not re.search(r"^done\r?$", Path(output).read_text(errors="replace"), re.M):
        raise RuntimeError(f"the guest of {kernel} did not get to the end: see '{output}'")


# --- skep's answers ------------------------------------------------------------------------------


@dataclass
class Answer:
    word: str  # loads, fails, unknown
    reason: str = ""


def answers_of(skep, paths, kernel, env=None):
    """(key, program) -> Answer, of loading alone; key -> error of objects that skep does not read."""
    argv = [str(skep), "check", *map(str, paths), "--kernel", kernel, "--json"]
    done = subprocess.run(argv, capture_output=True, text=True, errors="replace", env=env)
    if done.returncode not in (0, 1, 3) or not done.stdout:
        if len(paths) == 1:
            return {}, {key_of(str(paths[0])): error_of(done)}
        halves = [answers_of(skep, part, kernel, env) for part in (paths[: len(paths) // 2], paths[len(paths) // 2 :])]
        return {**halves[0][0], **halves[1][0]}, {**halves[0][1], **halves[1][1]}
    answers = {}
    for o in json.loads(done.stdout)["objects"]:
        for cell in o["kernels"]:
            for p in cell["programs"]:
                answers[key_of(o["file"]), p["program"]] = answer_of(cell["findings"], p["program"])
    return answers, {}


def error_of(done):
    found = re.search(r'"what": "(.*)"', done.stderr)
    return found[1] if found else f"exit {done.returncode} {done.stderr[:200]}"


def answer_of(findings, program):
    of_it = [f for f in findings if f["phase"] == "load" and f["program"] in (None, program)]
    for status, word in (("fails", "fails"), ("unknown", "unknown")):
        for f in of_it:
            if f["status"] == status:
                return Answer(word, f"{f['kind']} {f['name']}: {f['reason']}")
    return Answer("loads")


def all_answers(skep, found, kernel):
    answers, errors, paths = {}, {}, list(found.values())
    for i in range(0, len(paths), BATCH):
        more, bad = answers_of(skep, paths[i : i + BATCH], kernel)
        answers.update(more)
        errors.update(bad)
    return answers, errors


# --- comparing -----------------------------------------------------------------------------------

# What the verifier says of things that are written in the object and in the kernel's types: skep must know.
KNOWABLE = re.compile(
    r"cannot use helper|unknown func|invalid func |cannot call GPL|GPL compatible|must have a GPL|failed to resolve CO-RE|"
    r"invalid CO-RE|calling kernel function .* is not allowed|is referenced but wasn't resolved|unknown opcode|"
    r"FENTRY/FEXIT|not a function|attach_btf_id|is not sleepable|invalid (kernel )?func|callback function not allowed|"
    r"calling invalid kfunc|cannot pass map_type|JIT does not support|doesn't support (bpf-to-bpf|calling kernel)|"
    r"kernel function .* is not|not supported in verifier|missing vmlinux BTF|uses reserved fields|unrecognized bpf_ld_imm64|"
    r"failed to find the address for kernel symbol|invalid BPF_LD_IMM|BTF_KIND|has no data section|The function .* is not global"
)
HOST = [
    ("tracing", "kernel", 1, "", "lockdown: no trampolines"),
    ("lsm", "kernel", 1, "", "lockdown: no trampolines"),
    ("", "verifier", 0, "cannot use helper bpf_probe_write_user", "lockdown: no writing to processes"),
]
HARNESS = [
    ("libbpf", "attach program FD is not set", "a program to replace is chosen by its loader"),
    ("libbpf", "no BTF-based attach target", "the hook is chosen by its loader"),
    ("libbpf", "another program, which a map is to hold|failed to initialize slot", "a map of other programs"),
    ("libbpf", "failed to open system Kconfig", "the machine does not tell its configuration"),
    ("map", "failed to create", "sizes, or a map within, are set by its loader"),
    ("timeout", "", "took too long"),
    ("crashed", "", "ended libbpf"),
]


def explained(load, known):
    for row in known:
        if all(re.search(row[field], getattr(load, field)) for field in ("object", "program", "word", "message") if field in row):
            return row["why"]
    return None


class Modules:
    """Names that a kernel's modules have and it has not itself: of a guest, which loads none."""

    def __init__(self, skep, kernel):
        profile = profile_of(skep, kernel) if kernel != "host" else {"files": []}
        self.own, self.modules = ((p.read_bytes() if (p := blob_of(profile, what)) else b"") for what in ("btf", "modules"))

    def lack(self, message):
        name = re.search(r"extern \(\w+ ksym\) '(\w+)'|kernel BTF type ID of '(\w+)'", message)
        word = b"\0" + (name[1] or name[2]).encode() + b"\0" if name else b"\0\0"
        return word in self.modules and word not in self.own


def sort_out(load, answer, known, modules):
    """A word, and what of it to count."""
    taken = load.word == "loaded"
    if answer.word == "unknown":
        return "unknown", answer.reason.split(":")[0].split()[0] + (" taken" if taken else " refused")
    if taken == (answer.word == "loads"):
        return "agree", answer.word
    if (why := explained(load, known)) is not None:
        return "known", why
    if taken:
        return "wrong", "said to fail"
    for kind, word, errno, message, why in HOST:
        if load.type.startswith(kind) and load.word == word and errno in (0, load.errno) and message in load.message:
            return "host", why
    if load.word == "libbpf" and modules.lack(load.message):
        return "harness", "in a module that is not loaded"
    for word, message, why in HARNESS:
        if load.word == word and re.search(message, load.message):
            return "harness", why
    if load.word == "verifier" and not KNOWABLE.search(load.message):
        return "verifier", message_class(load.message)
    return "wrong", f"said to load, {load.word}"


def message_class(message):
    """Without names, registers and numbers."""
    message = re.sub(r"'[^']*'|\"[^\"]*\"", "…", message)
    message = re.sub(r"\b(R|fp|func#|id=|arg ?#?)-?\d+", r"\1N", message)
    return re.sub(r"0x[0-9a-f]+|-?\b\d+\b", "N", message)[:100]


def compare(loads, answers, known, modules):
    """Rows (word, what, load, answer)."""
    rows = []
    for load in loads:
        answer = answers.get((load.object, load.program))
        if answer and load.word != "unread":
            rows.append((*sort_out(load, answer, known, modules), load, answer))
    return rows


def print_rows(rows, errors, loads, words, limit):
    total = Counter(r[0] for r in rows)
    for word, what, load, answer in rows:
        if word in words:
            print(f"{word}: {load.object} {load.program} ({load.type}): skep: {answer.word} {answer.reason} | "
                  f"kernel: {load.word} {load.errno} {load.message}"[:limit])  # fmt: skip
    for word in WORDS[1:]:
        for what, n in Counter(r[1] for r in rows if r[0] == word).most_common(12):
            print(f"  {word:<9}{n:>6}  {what}")
    for key, what in list(errors.items())[:20]:
        print(f"  not read: {key}: {what}")
    print(f"programs {len(loads)}, compared {len(rows)}: " + ", ".join(f"{w} {total[w]}" for w in WORDS))
    print("taken and said to load {}, refused and said to fail {}".format(
        sum(r[:2] == ("agree", "loads") for r in rows), sum(r[:2] == ("agree", "fails") for r in rows)))  # fmt: skip
    return total


def main():
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("what", choices=["host", "guest", "compare"])
    parser.add_argument("folder")
    parser.add_argument("results", nargs="?")
    parser.add_argument("-o", "--output")
    parser.add_argument("-k", "--kernel", default="host")
    parser.add_argument("--skep", default=REPO / "build/bin/skep")
    parser.add_argument("--match", default="", metavar="REGEX", help="these objects only")
    parser.add_argument("--list", default="wrong", help="words whose programs to print, with commas between")
    parser.add_argument("--width", type=int, default=400)
    parser.add_argument("--seconds", type=int, default=3000, help="a guest's time")
    options = parser.parse_args()
    found = objects(options.folder, options.match)
    with tempfile.TemporaryDirectory() as scratch:
        if options.what == "host":
            return load_here(found.values(), os.path.abspath(options.output), scratch)
        if options.what == "guest":
            return load_in_guest(found, options.output, options.kernel, options, scratch)
    loads = [load for load in read_results(options.results) if load.object in found]
    there = {load.object for load in loads}
    answers, errors = all_answers(options.skep, {k: p for k, p in found.items() if k in there}, options.kernel)
    known = json.loads((HERE / "loads.json").read_text())
    rows = compare(loads, answers, [k for k in known if re.search(k.get("kernel", ""), options.kernel)],
                   Modules(options.skep, options.kernel))
    total = print_rows(rows, errors, loads, options.list.split(","), options.width)
    return 1 if total["wrong"] or not total["agree"] else 0


if __name__ == "__main__":
    sys.exit(main())
