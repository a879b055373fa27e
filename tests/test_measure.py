# SPDX-License-Identifier: BSD-2-Clause
"""Measuring on the running kernel (probe_measure.c). Judges: tests/corpus/load.c, bpftool, and what is left behind."""

import errno
import json
import os
import re
import signal
import subprocess
import time

import pytest

from conftest import BUILD, REPO, run_tool
from corpus.loads import build_load

pytestmark = pytest.mark.need("clang-19", "root")
INCLUDES = ["-I", BUILD / "share/skep/libbpf", "-idirafter", "/usr/include/x86_64-linux-gnu"]
MAGIC = 1999888777  # a process id that there is not: whoever asks for its group is one of these tests
HEAD = """#include <linux/bpf.h>
#include <bpf/bpf_helpers.h>
char LICENSE[] SEC("license") = "GPL";
#define HOOK "tp/syscalls/sys_enter_getpgid"
struct call { long common; long nr; long pid; };
struct { __uint(type, BPF_MAP_TYPE_ARRAY); __uint(max_entries, 4); __type(key, int); __type(value, long);
    __uint(pinning, LIBBPF_PIN_BY_NAME); } qz_pinned SEC(".maps");
"""
GOOD = 'SEC(HOOK) int qz_%s(void *ctx) { return 0; }\n'
BAD = """SEC(HOOK) int qz_%s(void *ctx)
{ int k = %d; long *v = bpf_map_lookup_elem(&qz_pinned, &k); *v = 1; return 0; }
"""
# some 900,000 instructions to the verifier
LONG = """SEC(HOOK) int qz_long(void *ctx)
{
	unsigned int sum = 0;
	for (int i = 0; i < 60000; i++)
		sum += bpf_get_prandom_u32() & 1 ? 3 : 5;
	return sum == 1;
}
"""
MIXED = HEAD + GOOD % "good" + BAD % ("null", 1) + """
SEC(HOOK) int qz_unbounded(void *ctx)
{ volatile unsigned int n = 0; while (bpf_get_prandom_u32() != 7) n++; return 0; }
SEC("fentry/do_nanosleep") int qz_fentry(void *ctx) { return 0; }
SEC("xdp") int qz_xdp(struct xdp_md *x) { return XDP_PASS; }
SEC("tc") int qz_tc(struct __sk_buff *skb) { return 0; }
SEC("?tp/syscalls/sys_enter_getpgid") int qz_optional(void *ctx) { return 0; }
SEC("freplace/nothing") int qz_replacing(void *ctx) { return 0; }
SEC("tp/syscalls/sys_enter_nope") int qz_nowhere(void *ctx) { return 0; }
SEC("syscall") int qz_syscall(void *ctx) { return 0; }
"""


class Proof(dict):
    def __init__(self, text):
        super().__init__(json.loads(text))
        self.programs = {p["name"]: p for p in self["programs"]}


class Measure:
    def __init__(self, program, folder):
        self.program, self.folder, self.serial = program, folder, 0

    def compile(self, source, target="bpf"):
        self.serial += 1
        path = self.folder / f"{self.serial}.bpf.c"
        path.write_text(source)
        run_tool("clang-19", "-O2", "-g", "-target", target, *INCLUDES, "-c", path, "-o", path.with_suffix(".o"))
        return path.with_suffix(".o")

    def run(self, *args, prefix=(), **kw):
        return run_tool(*prefix, self.program, *args, check=False, **kw)

    def __call__(self, *args):
        done = self.run(*args)
        assert done.returncode == 0, done.stderr
        self.err = done.stderr
        return Proof(done.stdout)


@pytest.fixture(scope="module")
def measure(build_dir, tmp_path_factory):
    folder = tmp_path_factory.mktemp("measure")
    flags = (build_dir / "flags").read_text().split()
    libs = [build_dir / "libskep.a", "build/deps/libbpf/inst/libbpf.a", "-lelf", "-ljansson", "-lcrypto", "-lz"]
    argv = [*flags, "-Wl,--gc-sections", "-o", folder / "probe", "tests/probe_measure.c", *libs]
    done = subprocess.run(argv, cwd=REPO, capture_output=True, text=True)
    assert done.returncode == 0, done.stderr
    return Measure(folder / "probe", folder)


@pytest.fixture(scope="module")
def mixed(measure):
    return measure.compile(MIXED)


def in_kernel(bpftool):
    """What is there of ours: programs and maps by name, links by their programs."""
    programs = json.loads(bpftool("prog", "show", "-j").stdout)
    maps = json.loads(bpftool("map", "show", "-j").stdout)
    ours = {p["id"] for p in programs if p.get("name", "").startswith("qz_")}
    links = [x for x in json.loads(bpftool("link", "show", "-j").stdout) if x.get("prog_id") in ours]
    return len(ours), len([m for m in maps if m.get("name", "").startswith("qz_")]), len(links)


@pytest.fixture(autouse=True)
def nothing_left(request):
    yield
    if "bpftool" not in request.fixturenames:
        return
    bpftool = request.getfixturevalue("bpftool")
    end = time.monotonic() + 3  # the kernel frees after a grace period
    while any(in_kernel(bpftool)) and time.monotonic() < end:
        time.sleep(0.05)
    assert in_kernel(bpftool) == (0, 0, 0)
    assert not os.path.exists("/sys/fs/bpf/qz_pinned")


def calls(n):
    return f"""python3 -c 'import ctypes; g = ctypes.CDLL(None).getpgid; [g({MAGIC}) for i in range({n})]'"""


# --- loading ---------------------------------------------------------------------------------------------


def test_each_program_without_the_others(measure, mixed, bpftool, tmp_path):
    """As load.c has it, which opens the object again for each."""
    proof = measure(mixed)
    load = run_tool(build_load(tmp_path), mixed).stdout.splitlines()[:-1]
    judged = {f[1]: (f[3] == "loaded", int(f[4])) for f in (line.split("\t") for line in load)}
    assert {p["name"]: (p["load"] == "loaded", p["code"]) for p in proof["programs"]} == judged
    assert not judged["qz_null"][0] and judged["qz_good"][0]
    assert measure.err.splitlines() == [f"program: {p['name']}" for p in proof["programs"]]
    null = proof.programs["qz_null"]
    assert null["code"] == errno.EACCES and "R0 invalid mem access 'map_value_or_null'" in null["log"]
    assert null["log"].startswith("0: R1=ctx") or "\n0: R1=ctx" in null["log"], "the way there is told, too"
    assert null["message"] == "prog 'qz_null': BPF program load failed: -EACCES"
    assert proof.programs["qz_replacing"]["message"] == "prog 'qz_replacing': attach program FD is not set"
    assert proof.programs["qz_good"]["log"] is None


def test_thirty_of_sixty_programs_fail(measure, bpftool):
    source = HEAD + "".join(BAD % (f"p{i}", i) if i % 2 else GOOD % f"p{i}" for i in range(60))
    obj, start = measure.compile(source), time.monotonic()
    proof = measure(obj)
    took = time.monotonic() - start
    assert {n: p["load"] for n, p in proof.programs.items()} == {
        f"qz_p{i}": "refused" if i % 2 else "loaded" for i in range(60)
    }
    assert took < 5, "0.06 s where nothing else runs"


def test_program_that_cannot_be_prepared_is_left_out(measure, bpftool):
    """libbpf gives up the object at once; what it names is refused, and all others are judged."""
    source = HEAD.replace('"GPL";', '"GPL"; extern int qz_no_such(void) __ksym __weak;') + GOOD % "good"
    source += 'SEC("fentry/qz_no_such") int qz_absent(void *ctx) { return 0; }\n'
    source += 'SEC("struct_ops/x") int qz_ops(void *ctx) { return 0; }\n'
    source += "struct qz_operations { int (*call)(void *); };\n"
    source += 'SEC(".struct_ops") struct qz_operations qz_unknown = { .call = (void *)qz_ops };\n'
    proof = measure("-a", measure.compile(source))
    assert {n: p["load"] for n, p in proof.programs.items()} == {
        "qz_good": "loaded", "qz_absent": "refused", "qz_ops": "refused"
    }
    assert "qz_operations" in proof.programs["qz_ops"]["message"]
    assert proof.programs["qz_good"]["attach"] == "attached"


def test_fault_of_the_object_is_said_of_all(measure, bpftool):
    source = HEAD + GOOD % "one" + GOOD % "two" + "extern void qz_absent(void) __ksym;\n"
    source += "SEC(HOOK) int qz_calls(void *ctx) { qz_absent(); return 0; }\n"
    proof = measure("-a", measure.compile(source))
    messages = {p["message"] for p in proof["programs"]}
    assert {p["load"] for p in proof["programs"]} == {"refused"} and len(proof["programs"]) == 3
    assert len(messages) == 1 and "qz_absent" in messages.pop()


def test_what_a_map_of_programs_holds(measure, bpftool):
    """Neither can be without the other: who is refused is told apart from who suffers."""
    table = """struct { __uint(type, BPF_MAP_TYPE_PROG_ARRAY); __uint(max_entries, 2); __type(key, int);
        __array(values, int (void *)); } qz_table SEC(".maps") = { .values = { [0] = (void *)&qz_%s } };
        SEC(HOOK) int qz_caller(void *ctx) { bpf_tail_call(ctx, &qz_table, 0); return 0; }\n"""
    fine = measure("-a", measure.compile(HEAD + GOOD % "callee" + table % "callee"))
    assert {n: (p["load"], p["attach"]) for n, p in fine.programs.items()} == {
        "qz_callee": ("loaded", "attached"), "qz_caller": ("loaded", "attached")
    }
    proof = measure("-a", measure.compile(HEAD + BAD % ("callee", 1) + table % "callee"))
    caller, callee = proof.programs["qz_caller"], proof.programs["qz_callee"]
    assert (caller["load"], callee["load"]) == ("refused", "refused")
    assert caller["message"] == "another program, which a map is to hold, is refused"
    assert "invalid mem access" in callee["log"]


def test_only_some(measure, mixed):
    proof = measure("-o", "qz_good", "-o", "qz_null", mixed)
    assert {n for n, p in proof.programs.items() if p["load"] != "untried"} == {"qz_good", "qz_null"}
    assert len(proof["programs"]) == 10 and proof.programs["qz_xdp"]["message"] is None
    proof = measure("-o", "qz_?oo*", mixed)  # patterns of a shell
    assert {n for n, p in proof.programs.items() if p["load"] != "untried"} == {"qz_good"}


def test_maps_without_a_size(measure, bpftool):
    source = HEAD + """struct { __uint(type, BPF_MAP_TYPE_RINGBUF); } qz_ring SEC(".maps");
        struct { __uint(type, BPF_MAP_TYPE_HASH); __type(key, int); __type(value, int); } qz_hash SEC(".maps");
        SEC(HOOK) int qz_one(void *ctx) { int k = 0; bpf_map_update_elem(&qz_hash, &k, &k, 0);
            return bpf_ringbuf_output(&qz_ring, &k, 4, 0); }\n"""
    assert measure(measure.compile(source)).programs["qz_one"]["load"] == "loaded"


def test_what_is_no_object(measure, tmp_path):
    (tmp_path / "text").write_text("no object")
    proof = measure(tmp_path / "text")
    assert proof["programs"] == [] and proof["message"]
    other = "bpfeb" if __import__("sys").byteorder == "little" else "bpfel"
    proof = measure(measure.compile(HEAD + GOOD % "good", other))
    assert proof["message"] == "the object is of the other byte order than this machine"


@pytest.mark.need("setpriv")
def test_without_privilege(measure, mixed):
    if open("/proc/sys/kernel/unprivileged_bpf_disabled").read().strip() == "0":
        pytest.skip("this kernel lets everybody load programs")
    done = measure.run(mixed, prefix=("setpriv", "--bounding-set=-all", "--inh-caps=-all"))
    assert (done.returncode, done.stdout) == (1, "")
    assert done.stderr == (
        "5012: the kernel lets this user load no program; run as root, or with CAP_BPF, CAP_PERFMON and CAP_NET_ADMIN\n"
    )


# --- statistics, logs, limits ----------------------------------------------------------------------------


def test_statistics(measure, bpftool, tmp_path):
    """The numbers of bpftool's own load of the same, and the kernel's of the jited code."""
    source = HEAD + """static __attribute__((noinline)) long qz_sub(long *v) { long a[4] = { 1, *v, 3, 4 };
        for (int i = 0; i < 4; i++) *v += a[bpf_get_prandom_u32() & 3]; return *v; }
        SEC(HOOK) int qz_sums(void *ctx) { int k = 0; long *v = bpf_map_lookup_elem(&qz_pinned, &k);
            if (v) for (int i = 0; i < 20; i++) if (bpf_get_prandom_u32() == i) *v += qz_sub(v); return 0; }\n"""
    source = source.replace("__uint(pinning, LIBBPF_PIN_BY_NAME);", "")
    obj, shown, pin = measure.compile(source), tmp_path / "shown", f"/sys/fs/bpf/qz_{os.getpid()}"
    got = measure("-a", "-s", f"{bpftool.path} prog show name qz_sums -j > {shown}", obj).programs["qz_sums"]["stats"]
    try:
        log = bpftool("-d", "prog", "load", obj, pin).stderr
    finally:
        run_tool("rm", "-f", pin)
    processed = re.findall(r"processed (\d+) insns .* total_states (\d+) peak_states (\d+)", log)[-1]
    depth = re.findall(r"^stack depth ([\d+]+)", log, re.M)[-1]
    assert [got[k] for k in ("insns", "states", "peak_states")] == [int(n) for n in processed]
    assert got["stack"] == sum(map(int, depth.split("+"))) and "+" in depth and got["stack"]
    row = json.loads(shown.read_text())
    assert got["jited"] == (row[0] if isinstance(row, list) else row)["bytes_jited"] > 0
    assert 1000 <= got["time_ns"] < 10**9


LOGS = {
    "processed 7 insns (limit 1000000) max_states_per_insn 1 total_states 3 peak_states 2 mark_read 1\n": (7, 3, 2, 0, 0),
    "x\nverification time 180 usec\nstack depth 32+0+16\nprocessed 7 insns (limit 1000000) max_states_per_insn 1 "
    "total_states 3 peak_states 2\n": (7, 3, 2, 48, 180000),
    "verification time 18446744073709551615999 usec\nstack depth none\nprocessed": (0, 0, 0, 0, None),
    "verification time 3 usec\nstack depth max 40\nsubprog 0 (p) main insns_self 20 insns_total 28 stack 32\n"
    "subprog 1 (stack 7) static insns_self 8 insns_total 8 stack 16\n"
    "processed 28 insns (limit 1000000) max_states_per_insn 0 total_states 1 peak_states 1 mark_read 0\n": (28, 1, 1, 48, 3000),
    "stack depth 8 max 16\nprocessed 9 insns total_states 1\nmore\n": (9, 1, 0, 8, 0),
    "no numbers\n": (0, 0, 0, 0, 0),
    "": (0, 0, 0, 0, 0),
}


@pytest.mark.parametrize("log", LOGS)
def test_last_lines_of_a_log(measure, log):
    done = measure.run("-c", "100000", input=log)
    first, rest = done.stdout.split("\n", 1)
    assert rest == log and first.startswith("0 ")
    for got, want in zip(first.split()[1:], LOGS[log]):
        assert want is None or int(got) == want


@pytest.mark.parametrize("size", (40, 200, 999))
def test_log_is_cut_in_the_middle(measure, size):
    lines = [f"{i}: (b7) r0 = {i}\n" for i in range(100)]
    first, rest = measure.run("-c", size, input="".join(lines)).stdout.split("\n", 1)
    head, tail = re.split(r"\.\.\. \d+ bytes left out \.\.\.\n", rest)
    left = int(re.search(r"(\d+) bytes left", rest)[1])
    assert first.startswith("1 ") and len(head) + len(tail) <= size
    assert len(head) + len(tail) + left == len("".join(lines))
    assert "".join(lines).startswith(head) and "".join(lines).endswith(tail)
    assert (head + tail).splitlines(True) == [n for n in lines if n in (head + tail).splitlines(True)]


def test_long_log_of_a_refusal(measure, bpftool):
    many = HEAD + "SEC(HOOK) int qz_many(void *ctx) { long n = 0; int k = 1; long *v = bpf_map_lookup_elem(&qz_pinned, &k);\n"
    many += "".join(f"n = (n ^ bpf_get_prandom_u32()) * {i}L;\n" for i in range(2, 300)) + "*v = n; return 0; }\n"
    obj = measure.compile(many)
    whole, part = (measure("-l", n, obj).programs["qz_many"] for n in (1 << 20, 4096))
    assert (whole["load"], whole["log_cut"], part["log_cut"]) == ("refused", False, True)
    assert len(whole["log"]) > 20000 and len(part["log"]) < 4200
    assert "invalid mem access" in part["log"] and part["log"][:300] == whole["log"][:300]


def test_trace_of_what_loads(measure, bpftool):
    program = measure("-t", measure.compile(HEAD + GOOD % "good")).programs["qz_good"]
    assert program["load"] == "loaded" and "(95) exit" in program["log"] and program["stats"]["insns"] == 2


@pytest.mark.parametrize("trace", ((), ("-t",)))
def test_program_that_takes_too_long_is_given_up(measure, bpftool, trace):
    obj = measure.compile(HEAD + LONG + GOOD % "good")
    proof = measure("-m", "20", *trace, obj)
    slow = proof.programs["qz_long"]
    assert (slow["load"], slow["code"]) == ("refused", errno.ETIME)
    assert slow["message"] == (
        "the verifier had not finished after 0.02 s; bound or split the loops that it walks, or allow a guest more time (--timeout)"
    )
    assert proof.programs["qz_good"]["load"] == "loaded"


def test_reason_is_told_when_there_is_no_time_for_the_path(measure, bpftool):
    """Writing the path takes five times as long as the verdict, and may take longer than is allowed."""
    source = HEAD + LONG.replace("return sum == 1;", "int k = 1; long *v = bpf_map_lookup_elem(&qz_pinned, &k); *v = sum; return 0;")
    obj = measure.compile(source.replace("60000", "3000"))
    for limit in (30, 100, 200, 1000):
        slow = measure("-m", limit, obj).programs["qz_long"]
        assert slow["code"] in (errno.EACCES, errno.ETIME), slow
        assert slow["code"] == errno.ETIME or "\nR0 invalid mem access 'map_value_or_null'\n" in slow["log"]
    assert slow["code"] == errno.EACCES


def test_no_child_outlives_us(measure, bpftool):
    obj = measure.compile(HEAD + LONG)
    started = subprocess.Popen([measure.program, obj], stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)
    children = f"/proc/{started.pid}/task/{started.pid}/children"
    end = time.monotonic() + 10
    while not (child := open(children).read().split()) and time.monotonic() < end:
        time.sleep(0.001)
    started.send_signal(signal.SIGKILL)
    started.wait()
    while any(os.path.exists(f"/proc/{pid}") and "Z" not in open(f"/proc/{pid}/stat").read().split()[2] for pid in child):
        assert time.monotonic() < end
        time.sleep(0.01)
    assert child


# --- attaching, events -----------------------------------------------------------------------------------


def test_attaching(measure, mixed, bpftool):
    proof = measure("-a", mixed)
    result = {n: (p["attach"], p["attach_message"]) for n, p in proof.programs.items() if p["load"] == "loaded"}
    result.pop("qz_fentry", None)  # lockdown refuses it on some
    unnamed = ("none", "it is attached to a network interface, and none is named")
    assert result == {
        "qz_good": ("attached", None),
        "qz_xdp": unnamed,
        "qz_tc": unnamed,
        "qz_optional": ("none", "its section begins with '?': a loader has to choose it"),
        "qz_nowhere": result["qz_nowhere"],
        "qz_syscall": ("none", "programs of this type are called by others"),
    }
    assert result["qz_nowhere"][0] == "refused" and "syscalls/sys_enter_nope" in result["qz_nowhere"][1]
    assert proof.programs["qz_null"]["attach"] == "none"


def test_place_that_is_not_there(measure, mixed, bpftool):
    """What the caller got wrong is no answer of the kernel."""
    proof = measure("-a", "-i", "nosuchif", "-o", "qz_xdp", "-o", "qz_tc", mixed)
    for name in ("qz_xdp", "qz_tc"):
        program = proof.programs[name]
        assert program["attach"] == "none"
        assert program["attach_message"] == "--param ifname wants a network interface, there is no 'nosuchif'"


@pytest.mark.need("tc")
def test_interfaces_are_left_as_they_were(measure, mixed, bpftool, netns, tool):
    before = [tool("ip", "-d", "link", "show", netns.host_if).stdout, tool("tc", "qdisc", "show").stdout]
    send = f'import socket; s = socket.socket(type=socket.SOCK_DGRAM); [s.sendto(b"", ("{netns.host_ip}", 9)) for i in range(5)]'
    proof = measure("-a", "-i", netns.host_if, "-s", f"nsenter --net=/run/netns/{netns.name} python3 -c '{send}'", mixed)
    for name in ("qz_xdp", "qz_tc"):
        assert (proof.programs[name]["attach"], proof.programs[name]["runs"] >= 3) == ("attached", True), proof
    assert [tool("ip", "-d", "link", "show", netns.host_if).stdout, tool("tc", "qdisc", "show").stdout] == before


EVENTS = HEAD + """
struct event { unsigned int answer; };
struct { __uint(type, BPF_MAP_TYPE_RINGBUF); __uint(max_entries, 262144); } qz_ring SEC(".maps");
struct { __uint(type, BPF_MAP_TYPE_RINGBUF); __uint(max_entries, 4096); } qz_silent SEC(".maps");
struct { __uint(type, BPF_MAP_TYPE_PERF_EVENT_ARRAY); __type(key, int); __type(value, int); } qz_perf SEC(".maps");
SEC(HOOK) int qz_tells(struct call *c)
{
	unsigned int n = 42;
	if ((int)c->pid != %d)
		return 0;
	bpf_ringbuf_output(&qz_ring, &n, sizeof(n), 0);
	bpf_ringbuf_output(&qz_ring, &n, sizeof(n), 0);
	bpf_perf_event_output(c, &qz_perf, BPF_F_CURRENT_CPU, &n, sizeof(n));
	return 0;
}
""" % MAGIC


def test_events_are_counted(measure, bpftool):
    proof = measure("-a", "-s", calls(700), "-w", "50", measure.compile(EVENTS))
    counts = {b["map"]: b["events"] for b in proof["buffers"]}
    assert counts == {"qz_ring": 1400, "qz_silent": 0, "qz_perf": 700} and len(proof["buffers"]) == 3
    assert 700 <= proof.programs["qz_tells"]["runs"] < 1400
    lines = [line for line in measure.err.splitlines() if line.startswith("event: 2a000000")]
    assert len(lines) == 2100


OPS = HEAD.replace("__uint(pinning, LIBBPF_PIN_BY_NAME);", "") + """#include <bpf/bpf_tracing.h>
struct sock;
struct tcp_congestion_ops { unsigned (*ssthresh)(struct sock *); void (*cong_avoid)(struct sock *, unsigned, unsigned);
    unsigned (*undo_cwnd)(struct sock *); char name[16]; } __attribute__((preserve_access_index));
SEC("struct_ops/a") unsigned BPF_PROG(qz_half, struct sock *sk) { return 2; }
SEC("struct_ops/b") void BPF_PROG(qz_avoid, struct sock *sk, unsigned a, unsigned b) { }
SEC("struct_ops/c") unsigned BPF_PROG(qz_undo, struct sock *sk) { return 2; }
SEC("struct_ops/d") unsigned BPF_PROG(qz_null, struct sock *sk) { return *(volatile int *)0; }
SEC(".struct_ops") struct tcp_congestion_ops qz_first = { .ssthresh = (void *)qz_half, .cong_avoid = (void *)qz_avoid,
    .undo_cwnd = (void *)qz_undo, .name = "qz_first" };
SEC(".struct_ops") struct tcp_congestion_ops qz_second = { .ssthresh = (void *)qz_null, .cong_avoid = (void *)qz_avoid,
    .undo_cwnd = (void *)qz_undo, .name = "qz_second" };
""" + GOOD % "other"


@pytest.mark.need("btf")
def test_operations_are_attached_by_their_map(measure, bpftool):
    """Those of which one is refused cannot be, the others are: the kernel lists them while they are."""
    listed = "sed s/^/listed:/ /proc/sys/net/ipv4/tcp_available_congestion_control >&2"
    proof = measure("-a", "-s", listed, measure.compile(OPS))
    result = {n: (p["load"], p["attach"]) for n, p in proof.programs.items()}
    if result["qz_half"][0] != "loaded":
        pytest.skip(f"this kernel takes no operations: {proof.programs['qz_half']['message']}")
    assert result == {
        **{n: ("loaded", "attached") for n in ("qz_half", "qz_avoid", "qz_undo", "qz_other")}, "qz_null": ("refused", "none")
    }
    names = re.search(r"^listed:(.*)$", measure.err, re.M)[1].split()
    assert "qz_first" in names and "qz_second" not in names
    assert "qz_first" not in open("/proc/sys/net/ipv4/tcp_available_congestion_control").read()


@pytest.mark.need("btf")
def test_iterator_is_read_once(measure, bpftool):
    source = HEAD + """struct seq_file; struct meta { struct seq_file *seq; } __attribute__((preserve_access_index));
        SEC("iter/bpf_map") int qz_iter(void *ctx)
        { struct seq_file *s = (*(struct meta **)ctx)->seq; bpf_seq_write(s, "line\\n", 5); return 0; }\n"""
    proof = measure("-a", measure.compile(source.replace("struct meta {", "struct bpf_iter_meta {").replace("struct meta *", "struct bpf_iter_meta *")))
    program = proof.programs["qz_iter"]
    if program["load"] != "loaded":
        pytest.skip(f"this kernel refuses iterators: {program['message']}")
    assert program["attach"] == "attached" and program["runs"] >= measure.err.count("event: line\n") > 0


# --- presets ---------------------------------------------------------------------------------------------

PRESETS = HEAD + """
enum mode { MODE_OFF, MODE_LOW = -3, MODE_ALL = 9 };
enum plain { PLAIN_A, PLAIN_B };
typedef const volatile int tuned;
tuned limit = 1;
const volatile _Bool flag;
const volatile unsigned char byte;
const volatile enum mode mode = MODE_OFF;
const volatile enum plain plain;
const volatile struct { struct { int deep; unsigned char low : 3, high : 5; }; short list[4]; struct { long q; } in[2]; } cfg = {};
const volatile double real;
const volatile __int128 wide;
void *pointer;
long written = 1;
static volatile long hidden = 2;
#define SPEND(n) for (int i = 0; i < n; i++) if (bpf_get_prandom_u32() == i) written++
SEC(HOOK) int qz_tuned(void *ctx)
{
	int one = 1;
	if (limit == -7) SPEND(100);
	if (flag) SPEND(110);
	if (byte == 255) SPEND(120);
	if (mode == MODE_LOW) SPEND(130);
	if (plain == PLAIN_B) SPEND(140);
	if (cfg.deep == 5) SPEND(150);
	if (cfg.high == 17 && !cfg.low) SPEND(160);
	if (cfg.list[3] == -2 && !cfg.list[2]) SPEND(170);
	if (cfg.in[1].q == 0x123456789) SPEND(180);
	return wide + (long)real + (long)pointer + hidden + one;
}
"""
PRESETS = PRESETS.replace("(long)real + ", "").replace("const volatile double real;\n", "const volatile struct opaque { int a; } whole;\n").replace("return wide", "return whole.a + (long)wide")


@pytest.fixture(scope="module")
def tuned(measure):
    return measure.compile(PRESETS)


@pytest.fixture(scope="module")
def untouched(measure, tuned):
    return measure(tuned).programs["qz_tuned"]["stats"]["insns"]


@pytest.mark.parametrize(
    "preset",
    ("limit=-7", "flag=true", "flag=1", "byte=0xff", "mode=MODE_LOW", "mode=-3", "plain=PLAIN_B", "plain=1", "cfg.deep=5",
     "cfg.high=17", "cfg.list[3]=-2", "cfg.in[1].q=0x123456789"),
)
def test_preset_changes_a_branch(measure, tuned, untouched, preset):
    program = measure("-p", preset, tuned).programs["qz_tuned"]
    assert program["load"] == "loaded" and program["stats"]["insns"] > untouched + 200


def test_presets_of_other_sections(measure, tuned, untouched):
    got = measure("-p", "written=-5", "-p", "hidden=7", "-p", "flag=false", tuned)
    assert got.programs["qz_tuned"]["stats"]["insns"] == untouched


BAD_PRESETS = {
    "limit": "a preset wants VARIABLE=VALUE, not 'limit'; ",
    "=1": "a preset wants VARIABLE=VALUE, not '=1'; ",
    "limit=": "a preset wants VARIABLE=VALUE, not 'limit='; ",
    "limlt=1": "the object has no global variable 'limlt'; did you mean 'limit'?",
    "zzzzzzzz=1": "the object has no global variable 'zzzzzzzz'; ",
    "limit=2147483648": "'limit' wants -2147483648 to 2147483647, not '2147483648'; ",
    "limit=x": "'limit' wants -2147483648 to 2147483647, not 'x'; ",
    "byte=256": "'byte' wants 0-255, not '256'; ",
    "byte=-1": "'byte' wants 0-255, not '-1'; ",
    "written=9223372036854775808": "'written' wants -9223372036854775808 to 9223372036854775807, not '9223372036854775808'; ",
    "cfg.low=8": "'cfg.low' wants 0-7, not '8'; ",
    "flag=2": "'flag' wants true or false, not '2'; ",
    "mode=MODE_AL": "'mode' wants one of MODE_OFF, MODE_LOW, MODE_ALL, not 'MODE_AL'; did you mean 'MODE_ALL'?",
    "plain=-1": "'plain' wants 0-4294967295, not '-1'; ",
    "cfg.deeep=1": "'cfg.deeep': there is no member 'deeep'; did you mean 'deep'?",
    "cfg.list[4]=1": "'cfg.list[4]': there is no element '4'; it has elements 0-3",
    "cfg.list[-1]=1": "'cfg.list[-1]': there is no element '-1'; it has elements 0-3",
    "cfg.list[18446744073709551616]=1": "'cfg.list[18446744073709551616]': there is no element '18446744073709551616'; it has elements 0-3",
    "cfg=1": "'cfg' is no number, bool or enum of at most 64 bits: name one of its members; ",
    "cfg.list=1": "'cfg.list' is no number, bool or enum of at most 64 bits: name one of its elements; ",
    "wide=1": "'wide' is no number, bool or enum of at most 64 bits; ",
    "pointer=1": "'pointer' is no number, bool or enum of at most 64 bits; ",
    "limit.x=1": "'limit.x' has no members: what '.x' is of is no struct; ",
    "limit[0]=1": "'limit[0]': '[0]' is of no array; ",
    "cfg.=1": "'cfg.' is no way to a variable: name, name.member, name[0]; ",
    "cfg.list[1=1": "'cfg.list[1' is no way to a variable: name, name.member, name[0]; ",
    "cfg.list[1]x=1": "'cfg.list[1]x' is no way to a variable: name, name.member, name[0]; ",
    ".x=1": "'.x' is no way to a variable: name, name.member, name[0]; ",
}


@pytest.mark.parametrize("preset", BAD_PRESETS)
def test_bad_preset(measure, tuned, preset):
    done = measure.run("-p", preset, tuned)
    assert (done.returncode, done.stdout, done.stderr) == (1, "", f"5006: {BAD_PRESETS[preset]}\n")


def test_presets_of_other_objects_are_passed_over(measure, tuned, untouched):
    got = measure("-P", "-p", "elsewhere.x[2]=1", "-p", "flag=1", tuned)
    assert got.programs["qz_tuned"]["stats"]["insns"] > untouched + 200
    done = measure.run("-P", "-p", "flag=2", tuned)
    assert (done.returncode, done.stderr) == (1, "5006: 'flag' wants true or false, not '2'; \n")


# --- proofs of others ------------------------------------------------------------------------------------

STATS = {k: 1 for k in ("insns", "states", "peak_states", "stack", "jited", "time_ns")}
PROGRAM = {
    "name": "p", "type": None, "load": "refused", "code": 22, "message": "no", "log": "a\nb\n", "log_cut": False,
    "stats": STATS, "attach": "none", "attach_message": None, "runs": 3,
}
PROOF = {"message": None, "programs": [PROGRAM], "buffers": [{"map": "m", "events": 2**62}]}


def test_proof_is_read_and_written(measure):
    done = measure.run("-r", input=json.dumps(PROOF))
    assert json.loads(done.stdout) == PROOF
    short = {k: v for k, v in PROGRAM.items() if k not in ("log", "type", "message", "attach_message")}
    done = measure.run("-r", input=json.dumps({**PROOF, "programs": [short]}))
    assert json.loads(done.stdout)["programs"][0]["log"] is None, "what is null may be absent"


NUMBER, TEXT, WORD, LIST = "a number from 0 on", "text", "one of its words", "a list"


@pytest.mark.parametrize(
    "change, said",
    [
        ({"runs": -1}, f"'runs' is not {NUMBER}"),
        ({"runs": 1.5}, f"'runs' is not {NUMBER}"),
        ({"code": 2**31}, f"'code' is not {NUMBER}"),
        ({"code": "22"}, f"'code' is not {NUMBER}"),
        ({"name": None}, f"'name' is not {TEXT}"),
        ({"log": 1}, f"'log' is not {TEXT}"),
        ({"load": "maybe"}, f"'load' is not {WORD}"),
        ({"attach": None}, f"'attach' is not {WORD}"),
        ({"log_cut": 1}, "'log_cut' is not true or false"),
        ({"stats": None}, f"'insns' is not {NUMBER}"),
        ({"stats": {**STATS, "time_ns": -5}}, f"'time_ns' is not {NUMBER}"),
        ({"stats": {**STATS, "jited": 2**63}}, None),
    ],
)
def test_hostile_program(measure, change, said):
    done = measure.run("-r", input=json.dumps({**PROOF, "programs": [{**PROGRAM, **change}]}))
    assert (done.returncode, done.stdout) == (1, "")
    assert said is None or done.stderr == f"5004: a proof's {said}; \n"


@pytest.mark.parametrize(
    "proof, said",
    [
        ({**PROOF, "programs": None}, f"'s 'programs' is not {LIST}"),
        ({**PROOF, "buffers": {}}, f"'s 'buffers' is not {LIST}"),
        ({**PROOF, "message": []}, f"'s 'message' is not {TEXT}"),
        ({**PROOF, "buffers": [{"map": "m", "events": True}]}, f"'s 'events' is not {NUMBER}"),
        ({**PROOF, "buffers": [7]}, f"'s 'map' is not {TEXT}"),
        ({**PROOF, "programs": [PROGRAM] * 4097}, " has 4097 programs, more than 4096"),
        ([], f"'s 'programs' is not {LIST}"),
        (None, f"'s 'programs' is not {LIST}"),
    ],
)
def test_hostile_proof(measure, proof, said):
    done = measure.run("-r", input=json.dumps(proof))
    assert (done.returncode, done.stdout, done.stderr) == (1, "", f"5004: a proof{said}; \n")
