#!/usr/bin/python3
# SPDX-License-Identifier: BSD-2-Clause
"""skep check beside libbpf's own resolver, and how its cost grows. bench.py measures it with all else; alone:

    check.py [--build DIR] [--home LIBRARY]      writes check.svg beside itself

Libraries of hundreds of kernels are made from those that there are: each is a profile of its own, with another
release and so another digest, and an index of its own name. `equal` ones are hard links of the kernels they were made
from, so layouts repeat as point releases of a distribution's kernel repeat them; of `different` ones each has had its
members moved, so that no layout repeats: what there is at worst.
"""

import argparse
import hashlib
import json
import os
import re
import shutil
import statistics
import struct
import subprocess
import sys
import tempfile
import time
from functools import partial
from pathlib import Path

HERE = Path(__file__).resolve().parent
REPO = HERE.parent.parent
LIBBPF = REPO / "build/deps/libbpf"
ROUNDS = 5
KERNELS = [1, 3, 10, 30, 100, 300, 1000]
DIFFERENT = [1, 3, 10, 30, 100]
RELOCATIONS = [10, 100, 1000, 10000, 35000]
# structs and members that every kernel since 5.10 has, as pointers and numbers
FIELDS = {
    "task_struct": "flags ptrace on_cpu prio static_prio normal_prio rt_priority policy nr_cpus_allowed exit_state exit_code "
    "exit_signal pdeath_signal personality pid tgid start_time start_boottime stack* mm* active_mm* real_parent* "
    "parent* group_leader* nsproxy* signal* cred* real_cred* files* fs*",
    "mm_struct": "task_size hiwater_rss hiwater_vm total_vm data_vm exec_vm stack_vm def_flags start_code end_code start_data "
    "end_data start_brk brk start_stack arg_start arg_end env_start env_end flags_ binfmt* pgd*",
    "sk_buff": "len data_len mac_len hdr_len priority skb_iif hash mark protocol transport_header network_header mac_header "
    "truesize head* data*",
    "sock": "sk_rcvbuf sk_sndbuf sk_type sk_protocol sk_mark sk_priority sk_err sk_ack_backlog sk_max_ack_backlog sk_rcvlowat "
    "sk_socket* sk_user_data* sk_bind_phc_",
    "net_device": "ifindex mtu type hard_header_len addr_len irq tx_queue_len group num_tx_queues real_num_tx_queues flags",
    "cred": "securebits user* user_ns* group_info*",
    "file": "f_flags f_mode f_inode* f_op* private_data* f_mapping*",
    "inode": "i_flags i_mode i_ino i_blkbits i_sb* i_mapping* i_op* i_generation",
    "dentry": "d_flags d_parent* d_inode* d_sb* d_op*",
}


# --- objects -------------------------------------------------------------------------------------


def members():
    """(struct, member, is a pointer) of FIELDS."""
    words = [(s, w) for s, text in FIELDS.items() for w in text.split() if not w.endswith("_")]
    return [(s, w.rstrip("*"), w.endswith("*")) for s, w in words]


def source(count):
    """C with that many CO-RE relocations, some hundred per function."""
    all_members = members()
    lines = ["typedef unsigned int u32; typedef unsigned long long u64;"]
    for name in FIELDS:
        inside = " ".join(f"void *{m};" if p else f"u32 {m};" for s, m, p in all_members if s == name)
        lines.append(f"struct {name} {{ {inside} }} __attribute__((preserve_access_index));")
    lines.append("static long (*read)(void *, u32, const void *) = (void *)113;")
    lines.append("static u64 (*current)(void) = (void *)35; u64 sum;")
    for first in range(0, count, 200):
        lines.append(f'__attribute__((section("raw_tp/sched_switch"), used)) int p{first}(u64 *c) {{ u64 v = 0;')
        for i in range(first, min(first + 200, count)):
            s, m, _ = all_members[i % len(all_members)]
            lines.append(f"read(&v, 4, &((struct {s} *)current())->{m}); sum += v;")
        lines.append("return 0; }")
    return "\n".join([*lines, 'char LICENSE[] __attribute__((section("license"), used)) = "GPL";', ""])


def compile_object(folder, count):
    path = folder / f"relocations{count}.bpf.o"
    path.with_suffix(".c").write_text(source(count))
    argv = ["clang-19", "-target", "bpf", "-mcpu=v3", "-O2", "-g", "-w", "-c", path.with_suffix(".c"), "-o", path]
    subprocess.run([str(a) for a in argv], check=True)
    return path


# --- libraries -----------------------------------------------------------------------------------


def profiles_of(home):
    """x86_64 kernels of a library: the parsed JSON of each."""
    found = [json.loads(p.read_text()) for p in sorted((home / "kernels").glob("*.json"))]
    return [p for p in found if p["arch"] == "x86_64"]


def digest_of(profile):
    """The profile's, which names its index: that of the same object without id and sources."""
    kept = {k: v for k, v in profile.items() if k not in ("id", "sources")}
    text = json.dumps(kept, sort_keys=True, separators=(",", ":"), ensure_ascii=False)
    return hashlib.sha256(text.encode()).hexdigest()


def index_of(home, profile):
    return next((home / "index").glob(f"{digest_of(profile)}-*.idx"))


def add_profile(home, base, number):
    """Another kernel of the same types: another release and id."""
    new = dict(base)
    parts = base["id"].split("/")
    new["release"] = f"{base['release']}-{number}"
    new["id"] = "/".join(["bench", *parts[1:-1], f"{parts[-1]}-{number}"])
    text = json.dumps(new, sort_keys=True, separators=(",", ":"), ensure_ascii=False)
    (home / "kernels" / f"{new['id'].replace('/', ',')}.json").write_text(text)
    return new


def empty_library(home, base):
    """With the blobs of another."""
    for part in ("kernels", "index"):
        (home / part).mkdir(parents=True, mode=0o700)
    home.chmod(0o700)
    shutil.copytree(base / "blobs", home / "blobs", copy_function=os.link)
    return home


def equal_library(home, base, count):
    empty_library(home, base)
    real = profiles_of(base)
    for number in range(count):
        old = real[number % len(real)]
        index = index_of(base, old)
        new = add_profile(home, old, number)
        os.link(index, home / "index" / f"{digest_of(new)}-{index.name.split('-')[-1]}")
    return home


def moved(btf, by):
    """The same types with every member of the structs of FIELDS, and of those alone, so many bytes further down."""
    out = bytearray(btf)
    header, type_off, type_len, str_off = struct.unpack_from("<IIII", btf, 4)[:4]
    names, at, end = header + str_off, header + type_off, header + type_off + type_len
    extra = {1: 4, 2: 0, 3: 12, 7: 0, 8: 0, 9: 0, 10: 0, 11: 0, 12: 0, 14: 4, 16: 0, 17: 4, 18: 0}
    per_item = {4: 12, 5: 12, 6: 8, 13: 8, 15: 12, 19: 12}
    wanted = {f.encode() for f in FIELDS}
    while at < end:
        name, info, size = struct.unpack_from("<III", btf, at)
        kind, vlen, flag = info >> 24 & 31, info & 0xFFFF, info >> 31
        if kind == 4 and btf[names + name : btf.index(b"\0", names + name)] in wanted:
            struct.pack_into("<I", out, at + 8, size + by)
            for m in range(vlen):
                place = at + 12 + 12 * m + 8
                word = struct.unpack_from("<I", btf, place)[0]
                struct.pack_into("<I", out, place, (word & 0xFF000000) | ((word & 0xFFFFFF) + 8 * by) if flag else word + 8 * by)
        at += 12 + (per_item[kind] * vlen if kind in per_item else extra[kind])
    return bytes(out)


def different_library(home, base, count, index):
    """index(home) makes the indexes, as the first check would."""
    empty_library(home, base)
    real = profiles_of(base)
    for number in range(count):
        old = dict(real[number % len(real)], modules=None)
        btf = moved((base / "blobs/sha256" / old["btf"].split(":")[1]).read_bytes(), 8 * (number + 1))
        digest = hashlib.sha256(btf).hexdigest()
        (home / "blobs/sha256" / digest).write_bytes(btf)
        add_profile(home, dict(old, btf=f"sha256:{digest}"), number)
    index(home)
    return home


# --- measuring -----------------------------------------------------------------------------------


class Meter:
    def __init__(self, skep, work, home):
        self.skep, self.work = str(skep), Path(work)
        self.base = self.work / "base"
        shutil.copytree(home, self.base)
        self.base.chmod(0o700)
        self.env = {k: v for k, v in os.environ.items() if not k.startswith("SKEP_")}
        self.env.update(XDG_CACHE_HOME=f"{self.work}/cache", LC_ALL="C.UTF-8")
        self.rival = self.work / "resolve"
        includes = ["-I", LIBBPF / "src"]
        for folder in ("include", "include/uapi", "inst/include"):
            includes += ["-isystem", LIBBPF / folder]
        argv = ["cc", "-O2", "-w", "-D_GNU_SOURCE", *includes, "-o", self.rival, HERE / "resolve.c", LIBBPF / "inst/libbpf.a"]
        subprocess.run([*map(str, argv), "-lelf", "-lz"], check=True)
        subprocess.run(["cc", "-O2", "-o", str(self.work / "peak"), str(HERE / "peak.c")], check=True)
        self.objects = {n: compile_object(self.work, n) for n in RELOCATIONS}
        self.check(self.base, self.objects[10])  # leaves the indexes
        self.equal = {n: equal_library(self.work / f"equal{n}", self.base, n) for n in KERNELS}
        make = partial(different_library, base=self.base, index=lambda home: self.check(home, self.objects[10]))
        self.different = {n: make(self.work / f"different{n}", count=n) for n in DIFFERENT}
        self.btf = [str(self.base / "blobs/sha256" / p["btf"].split(":")[1]) for p in profiles_of(self.base)]

    def run(self, argv, home):
        done = subprocess.run([str(a) for a in argv], env={**self.env, "SKEP_HOME": str(home)}, capture_output=True, text=True)
        if done.returncode not in (0, 1, 3) or not done.stdout:
            sys.exit(f"bench: {argv[:4]}: exit {done.returncode}\n{done.stderr}")
        return done

    def check(self, home, path, *words):
        return self.run([self.skep, "check", path, *words], home)

    def spend(self, argv, home=None):
        """Milliseconds from fork to exit."""
        env = {**self.env, **({"SKEP_HOME": str(home)} if home else {})}
        actions = [(os.POSIX_SPAWN_OPEN, fd, os.devnull, os.O_RDWR, 0) for fd in (0, 1, 2)]
        begin = time.perf_counter_ns()
        pid = os.posix_spawn(str(argv[0]), [str(a) for a in argv], env, file_actions=actions)
        _, status = os.waitpid(pid, 0)
        took = (time.perf_counter_ns() - begin) / 1e6
        if os.waitstatus_to_exitcode(status) not in (0, 1, 3):
            sys.exit(f"bench: {argv[:4]}: exit {os.waitstatus_to_exitcode(status)}")
        return took

    def peak(self, relocations, home):
        """MB at most."""
        return int(self.run([self.work / "peak", self.skep, "check", self.objects[relocations], "--all"], home).stdout) / 1024

    def measure(self, relocations, kernels, homes, rounds=ROUNDS):
        """Of skep on a library, and of its rival on as many kernels: ms each."""
        path, ours, theirs = self.objects[relocations], [], []
        btf = [self.btf[i % len(self.btf)] for i in range(kernels)]
        for number in range(rounds + 1):
            ours.append(self.spend([self.skep, "check", path, "--all"], homes[kernels]))
            if number <= 3 or kernels < 100:
                theirs.append(self.spend([self.rival, path, *btf]))
        return [statistics.median(side[1:]) for side in (ours, theirs)]

    def layouts(self, relocations, home):
        """How many an object can tell apart."""
        done = self.run([self.skep, "check", self.objects[relocations], "--all", "--explain", "-v"], home)
        return int(re.search(r"distinct layouts: (\d+)", done.stdout + done.stderr)[1])


# --- the chart -----------------------------------------------------------------------------------

INK = {"skep": "#2f7d4f", "skep, every layout another": "#c07d16", "libbpf's resolver": "#4a6fb5"}
STYLE = """svg{background:#fff}text{font:12px sans-serif;fill:#444}.axis{stroke:#888}.grid{stroke:#8884}.h{font-weight:600}
@media (prefers-color-scheme:dark){svg{background:#16181c}text{fill:#ccc}.axis{stroke:#999}}"""


def log_scale(low, high, size):
    from math import log10

    return lambda v: size * (log10(v) - log10(low)) / (log10(high) - log10(low))


def decades(low, high):
    v = low
    while v <= high:
        yield v
        v *= 10


def number(v):
    return f"{v:g}" if v < 1000 else f"{v / 1000:g}k"


def panel(left, title, label, series, low, high):
    """One log-log diagram, 360 by 260, of name -> [(x, ms)]."""
    top, width, height, floor, ceiling = 50, 340, 240, 1, 100000
    x, y = log_scale(low, high, width), log_scale(floor, ceiling, height)
    out = [f'<text class="h" x="{left}" y="28">{title}</text>']
    for v in decades(floor, ceiling):
        at = top + height - y(v)
        name = f"{v} ms" if v < 1000 else f"{v // 1000} s"
        out.append(f'<line class="grid" x1="{left}" x2="{left + width}" y1="{at:.1f}" y2="{at:.1f}"/>')
        out.append(f'<text x="{left - 6}" y="{at + 4:.1f}" text-anchor="end">{name}</text>')
    for v in decades(low, high):
        at = left + x(v)
        out.append(f'<line class="grid" x1="{at:.1f}" x2="{at:.1f}" y1="{top}" y2="{top + height}"/>')
        out.append(f'<text x="{at:.1f}" y="{top + height + 18}" text-anchor="middle">{number(v)}</text>')
    out.append(f'<line class="axis" x1="{left}" x2="{left + width}" y1="{top + height}" y2="{top + height}"/>')
    out.append(f'<text x="{left + width / 2}" y="{top + height + 38}" text-anchor="middle">{label}</text>')
    for name, points in series.items():
        spots = [(left + x(a), top + height - y(b)) for a, b in points]
        line = " ".join(f"{a:.1f},{b:.1f}" for a, b in spots)
        out.append(f'<polyline points="{line}" fill="none" stroke="{INK[name]}" stroke-width="2"/>')
        for (a, b), (_, ms) in zip(spots, points):
            out.append(f'<circle cx="{a:.1f}" cy="{b:.1f}" r="3" fill="{INK[name]}"><title>{name}: {ms:.1f} ms</title></circle>')
    return out


def chart(by_kernels, by_relocations):
    out = ['<svg xmlns="http://www.w3.org/2000/svg" width="900" height="370" viewBox="0 0 900 370" role="img">']
    out.append("<title>How the time of skep check grows with kernels and with relocations</title>")
    out.append(f"<style>{STYLE}</style>")
    out += panel(70, "100 relocations against more and more kernels", "kernels", by_kernels, 1, 1000)
    out += panel(530, "more and more relocations against 10 kernels", "relocations", by_relocations, 10, 100000)
    at = 70
    for name, ink in INK.items():
        out.append(f'<rect x="{at}" y="346" width="14" height="4" fill="{ink}"/><text x="{at + 20}" y="353">{name}</text>')
        at += 40 + 7 * len(name)
    return "\n".join([*out, "</svg>", ""])


# --- the whole -----------------------------------------------------------------------------------

GOALS = [
    (100, 1, "under 5 ms", 5),
    (100, 100, "under 60 ms", 60),
    (100, 1000, "under 0.5 s", 500),
    (35000, 10, "under 1 s", 1000),
]
NOTE = (
    "check: libraries are made from the {n} x86_64 kernels that there are: profiles and indexes of their own names, hard links "
    "of those, so that layouts repeat (in 'every layout another' none does: members moved, no modules); libbpf's resolver: one "
    "process for all kernels, types parsed per kernel, records resolved, nothing else answered. Of 1,000 kernels {few} layouts "
    "are distinct to the object of 100 relocations, of 100 with 'every layout another' {many}. Peak memory: {mb}."
)


def rows(meter, add, say=print):
    """add(what, ms, rival ms, rival's name, goal, met); writes nothing."""
    by_kernels, by_relocations = {name: [] for name in INK}, {"skep": [], "libbpf's resolver": []}
    seen, peaks = {}, []
    for count in KERNELS:
        ours, theirs = seen[100, count] = meter.measure(100, count, meter.equal)
        by_kernels["skep"].append((count, ours))
        by_kernels["libbpf's resolver"].append((count, theirs))
    for count in DIFFERENT:
        ours, _ = meter.measure(100, count, meter.different, rounds=3)
        by_kernels["skep, every layout another"].append((count, ours))
    for count in RELOCATIONS:
        ours, theirs = seen[count, 10] = meter.measure(count, 10, meter.equal, rounds=3 if count > 1000 else ROUNDS)
        by_relocations["skep"].append((count, ours))
        by_relocations["libbpf's resolver"].append((count, theirs))
    for relocations, kernels, goal, limit in GOALS:
        ms, rival = seen[relocations, kernels]
        what = f"check: {relocations} relocations, {kernels} kernel{'s' * (kernels > 1)}"
        add(what, ms, rival, "libbpf's resolver", goal, ms < limit)
        peaks.append(f"{relocations} x {kernels}: {meter.peak(relocations, meter.equal[kernels]):.0f} MB")
        say(f"    {peaks[-1]}")
    add("check: 100 relocations, 100 kernels, every layout another", by_kernels["skep, every layout another"][-1][1], None, "")
    few, many = meter.layouts(100, meter.equal[max(KERNELS)]), meter.layouts(100, meter.different[max(DIFFERENT)])
    return chart(by_kernels, by_relocations), NOTE.format(n=len(meter.btf), mb=", ".join(peaks), few=few, many=many)


def bench_rows(bench, home):
    """As one part of bench.py."""
    meter = Meter(bench.skep, tempfile.mkdtemp(dir=bench.work), home)
    svg, note = rows(meter, bench.row)
    (HERE / "check.svg").write_text(svg)
    bench.notes.append(note)
    shutil.rmtree(meter.work)


def main():
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--build", default=REPO / "build")
    parser.add_argument("--home", default=os.environ.get("SKEP_HOME"), help="a kernel library")
    options = parser.parse_args()

    def add(what, ms, rival, name, goal="", met=None):
        against = f"   {name} {rival:.1f} ms, ratio {ms / rival:.3f}" if rival else ""
        print(f"  {what:<60} {ms:8.2f} ms{against}   {goal} {'' if met is None else 'ok' if met else 'MISSED'}", flush=True)

    with tempfile.TemporaryDirectory(prefix="skep-bench.", dir=os.environ.get("TMPDIR")) as work:
        svg, note = rows(Meter(Path(options.build).resolve() / "bin/skep", work, Path(options.home)), add)
        (HERE / "check.svg").write_text(svg)
        print(note)


if __name__ == "__main__":
    main()
