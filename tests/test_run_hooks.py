# SPDX-License-Identifier: BSD-2-Clause
"""skep run on every hook this machine lets a test attach to, judged by what passes there."""

import json
import os
import signal
import subprocess
import time

import pytest

from test_run_xdp import RUNNING, listener, send, settle

__all__ = ["listener"]

pytestmark = pytest.mark.need("root", "btf")

HOOKS = """
#include <vmlinux.h>
#include <bpf/bpf_helpers.h>

__u64 passed;
SEC("%s") int hook(%s *ctx) { __sync_fetch_and_add(&passed, 1); return %s; }
char LICENSE[] SEC("license") = "GPL";
"""


@pytest.fixture
def hook(skep, tmp_path):
    def make(section, context="void", result="0", source=None):
        (tmp_path / "src").mkdir()
        (tmp_path / "src/hook.bpf.c").write_text(source or HOOKS % (section, context, result))
        (tmp_path / "skep.yaml").write_text("name: hook\nversion: 0.1.0\nlicense: GPL-2.0-only\nsources: [src/hook.bpf.c]\n")
        skep("build", "-C", tmp_path).ok()
        return tmp_path / "build/hook.skep"

    return make


def passed(run):
    return next(line["value"] for line in map(json.loads, run.out.splitlines()) if line.get("global") == "passed")


@pytest.mark.parametrize("section", ["tc", "tcx/ingress", "tcx/egress", "tc/ingress", "classifier"])
def test_traffic_control(start, netns, listener, hook, section, bpftool):
    path = hook(section, "struct __sk_buff", "0")
    settle(netns, listener)
    run = start("run", path, "--allow-unsigned", "--json", "-v", "--param", f"ifname={netns.host_if}")
    run.wait_for(RUNNING, "err")
    attached = json.loads(bpftool("-j", "net", "show", "dev", netns.host_if).stdout)
    kinds = [row["kind"] for row in attached[0]["tc"]]
    assert kinds == ["tcx/egress" if "egress" in section else "tcx/ingress"]
    assert send(netns, listener, 5) == 5
    for _ in range(5):
        listener.sendto(b"x", (netns.ns_ip, 9))
    assert run.stop().rc == 0
    assert passed(run) >= 5
    assert json.loads(bpftool("-j", "net", "show", "dev", netns.host_if).stdout)[0]["tc"] == []


def test_socket_filter(start, netns, listener, hook):
    path = hook("socket", "struct __sk_buff", "0")
    run = start("run", path, "--allow-unsigned", "--json", "-v", "--param", f"ifname={netns.host_if}")
    run.wait_for(RUNNING, "err")
    assert send(netns, listener, 10) == 10
    assert run.stop().rc == 0
    assert passed(run) >= 10


def test_cgroup(start, netns, listener, hook, tmp_path):
    root = next(line.split()[1] for line in open("/proc/self/mounts") if line.split()[2] == "cgroup2")
    path = hook("cgroup_skb/egress", "struct __sk_buff", "1")
    run = start("run", path, "--allow-unsigned", "--json", "-v")
    run.wait_for(RUNNING, "err")
    assert send(netns, listener, 10) == 10
    assert run.stop().rc == 0
    assert passed(run) >= 10
    done = start("run", path, "--allow-unsigned", "--param", f"cgroup={root}/nosuch").wait()
    assert done.rc == 3
    assert done.err.splitlines()[1] == f"skep run: {root}/nosuch: cannot open control group: No such file or directory"


def test_socket_lookup(start, netns, listener, hook):
    path = hook("sk_lookup", "struct bpf_sk_lookup", "1")
    run = start("run", path, "--allow-unsigned", "--json", "-v")
    run.wait_for(RUNNING, "err")
    assert send(netns, listener, 10) == 10
    assert run.stop().rc == 0
    assert passed(run) >= 1
    run = start("run", path, "--allow-unsigned", "--json", "--duration", "0.2", "--param", f"path=/run/netns/{netns.name}")
    assert run.wait().rc == 0
    assert passed(run) == 0


def test_samples(start, hook):
    path = hook("perf_event", "struct bpf_perf_event_data")
    run = start("run", path, "--allow-unsigned", "--json", "--duration", "1")
    assert run.wait().rc == 0
    assert passed(run) >= 10


def test_samples_of_one_process(start, skep, hook):
    path = hook("perf_event", "struct bpf_perf_event_data")
    busy, idle = subprocess.Popen(["sh", "-c", "while :; do :; done"]), subprocess.Popen(["sleep", "60"])
    try:
        counts = []
        for child in busy, idle:
            run = start("run", path, "--allow-unsigned", "--json", "--duration", "1", "--param", f"pid={child.pid}")
            assert run.wait().rc == 0
            counts.append(passed(run))
        assert counts[0] >= 5 and counts[1] == 0
    finally:
        busy.kill(), idle.kill(), busy.wait(), idle.wait()
    for bad in "x", "0", "-1", "99999999999":
        done = skep("run", path, "--allow-unsigned", "--duration", "1", "--param", f"pid={bad}")
        assert done.rc == 2 and done.err.splitlines()[1] == f"skep run: --param pid wants a process id, not '{bad}'"


@pytest.fixture
def program(tool, tmp_path):
    """Calls its function three times when it gets a line."""
    (tmp_path / "call.c").write_text("""
#include <stdio.h>
__attribute__((noinline)) int called(int n) { __asm__ volatile("" ::: "memory"); return n + 1; }
int main(void) { int n = 0; getchar(); for (int i = 0; i < 3; i++) n = called(n); return n != 3; }
""")
    tool("cc", "-O1", "-o", tmp_path / "call", tmp_path / "call.c")
    return tmp_path / "call"


def call(program):
    subprocess.run([program], input=b"\n", check=True)


@pytest.mark.parametrize("section", ["uprobe", "uretprobe"])
def test_user_function(start, skep, hook, program, section):
    path = hook(section)
    run = start("run", path, "--allow-unsigned", "--json", "-v", "--param", f"path={program}:called")
    run.wait_for(RUNNING, "err")
    call(program)
    assert run.stop().rc == 0
    assert passed(run) == 3

    done = skep("run", path, "--allow-unsigned")
    assert (done.rc, done.out) == (2, "")
    assert done.err.splitlines()[1:] == [
        f"skep run: 'hook' ({section}) is attached to a function, and none is named",
        "  hint: --param path=BINARY:FUNCTION",
    ]
    done = skep("run", path, "--allow-unsigned", "--param", f"path={program}:nosuch", "--duration", "1")
    assert (done.rc, done.out) == (1, "")
    assert done.err.splitlines()[1].startswith(f"skep run: cannot attach 'hook' to '{program}:nosuch': ")
    done = skep("run", path, "--allow-unsigned", "--param", f"path={program}", "--duration", "1")
    assert done.rc == 2
    assert done.err.splitlines()[1] == f"skep run: --param path wants BINARY:FUNCTION, not '{program}'"


def test_user_function_of_one_process(start, hook, program):
    path = hook(f"uprobe/{program}:called")
    with subprocess.Popen([program], stdin=subprocess.PIPE) as child:
        run = start("run", path, "--allow-unsigned", "--json", "-v", "--param", f"pid={child.pid}")
        run.wait_for(RUNNING, "err")
        call(program)
        child.communicate(b"\n")
    assert run.stop().rc == 0
    assert passed(run) == 3


CONGESTION = """
#include <vmlinux.h>
#include <bpf/bpf_helpers.h>
#include <bpf/bpf_tracing.h>

__u64 passed;
SEC("struct_ops") __u32 BPF_PROG(on_ssthresh, struct sock *sk) { __sync_fetch_and_add(&passed, 1); return 2; }
SEC("struct_ops") __u32 BPF_PROG(on_undo, struct sock *sk) { return 2; }
SEC("struct_ops") void BPF_PROG(on_avoid, struct sock *sk, __u32 ack, __u32 acked) { __sync_fetch_and_add(&passed, 1); }
SEC(".struct_ops.link") struct tcp_congestion_ops ops = {
	.ssthresh = (void *)on_ssthresh,
	.undo_cwnd = (void *)on_undo,
	.cong_avoid = (void *)on_avoid,
	.name = "skep_test",
};
char LICENSE[] SEC("license") = "GPL";
"""


def congestion_controls():
    return open("/proc/sys/net/ipv4/tcp_available_congestion_control").read().split()


def test_kernel_operations(start, hook):
    path = hook(None, source=CONGESTION)
    run = start("run", path, "--allow-unsigned", "--json", "-v")
    run.wait_for(RUNNING, "err")
    assert "skep_test" in congestion_controls()
    assert run.stop(signal.SIGTERM).rc == 0
    for _ in range(50):
        if "skep_test" not in congestion_controls():
            break
        time.sleep(0.1)
    assert "skep_test" not in congestion_controls()


@pytest.mark.parametrize("section", ["fentry/bpf_fentry_test1", "lsm/file_open"])
def test_locked_down_kernel_is_named(skep, hook, section):
    facts = {row["what"]: row for row in skep("doctor", "--json").json()["checks"]}
    if facts["fentry"]["verdict"] == "ok" or facts["lockdown"]["found"] not in ("integrity", "confidentiality"):
        pytest.skip("this kernel is not locked down")
    done = skep("run", hook(section), "--allow-unsigned", "--duration", "1")
    assert (done.rc, done.out) == (1, "")
    assert done.err.splitlines()[1].startswith("skep run: the kernel does not permit it: prog 'hook': ")
    mode = facts["lockdown"]["found"]
    assert f"  hint: the kernel is locked down ({mode}), which forbids some programs" in done.err.splitlines()


def test_program_without_a_place_is_told(start, hook):
    source = HOOKS % ("raw_tp/sys_enter", "void", "0") + 'SEC("syscall") int other(void *ctx) { return 0; }\n'
    run = start("run", hook(None, source=source), "--allow-unsigned", "--json", "-v", "--duration", "0.3")
    assert run.wait().rc == 0
    assert "'other' (syscall) is loaded and not attached: programs of this type are called by others\n" in run.err
    assert passed(run) > 0
