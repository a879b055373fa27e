# SPDX-License-Identifier: BSD-2-Clause
"""The tables of facts, held against what kernels' own types and libbpf's headers say."""

import re

import pytest

from conftest import run_tool
from kernels import debian_kernels, kernel_library  # noqa: F401

# profile -> release
KERNELS = {
    "debian/bullseye/x86_64": (5, 10),
    "debian/bookworm/x86_64": (6, 1),
    "debian/trixie/x86_64": (6, 12),
    "debian/forky/x86_64": (7, 2),
}


@pytest.fixture(scope="module")
def probe(build_dir, tmp_path_factory, repo):
    program = tmp_path_factory.mktemp("probe") / "probe_facts"
    flags = (build_dir / "flags").read_text().split()
    libs = [build_dir / "libskep.a", "build/deps/libbpf/inst/libbpf.a", "-lelf", "-ljansson", "-lcrypto", "-lfyaml", "-lz"]
    run_tool(*flags, "-Wl,--gc-sections", "-o", program, "tests/probe_facts.c", *libs, cwd=repo)

    def probe(*args):
        return [line.split("\t") for line in run_tool(program, *args).stdout.splitlines()]

    return probe


@pytest.fixture(scope="module")
def facts(probe):
    return probe()


def release(text):
    major, minor = map(int, text.split("."))
    return major, minor


def enumerators(text, name):
    """Of an enum in C -> number: names."""
    found, value = {}, -1
    for item in re.search(rf"enum {name} {{(.*?)}}", text, re.S)[1].split(","):
        words = re.fullmatch(r"\s*(\w+)(?:\s*=\s*(\w+))?\s*", item)
        if words:
            value = int(words[2], 0) if words[2] else value + 1
            found.setdefault(value, []).append(words[1])
    return found


@pytest.fixture(scope="module")
def newest(session_skep, kernel_library):  # noqa: F811
    roots = ["bpf_func_id", "bpf_prog_type", "bpf_map_type", "bpf_attach_type"]
    args = [a for r in roots for a in ("--root", r)]
    return session_skep("btf", "dump", "debian/forky", *args, env={"SKEP_HOME": kernel_library}).ok().out


@pytest.mark.parametrize(
    "kind,enum,start", [("helper", "bpf_func_id", 1), ("prog", "bpf_prog_type", 0), ("map", "bpf_map_type", 0), ("attach", "bpf_attach_type", 0)]
)
def test_numbers_are_the_kernels(facts, newest, kind, enum, start):
    known = {int(row[1]): row[2] for row in facts if row[0] == kind}
    kernel = enumerators(newest, enum)
    assert len(known) > 30 and min(known) == start
    for number, name in known.items():
        spelling = name.replace("bpf_", "BPF_FUNC_", 1) if kind == "helper" else name
        assert any(n.removesuffix("_DEPRECATED") == spelling for n in kernel[number]), (number, name)


@pytest.mark.parametrize(
    "name,since,gpl",
    [
        ("bpf_get_prandom_u32", "4.1", "0"),  # the upstream table has 4.17
        ("bpf_loop", "5.17", "0"),
        ("bpf_ringbuf_output", "5.8", "0"),
        ("bpf_probe_read_kernel", "5.5", "1"),
        ("bpf_trace_printk", "4.1", "1"),
        ("bpf_map_lookup_elem", "3.18", "0"),
        ("bpf_ktime_get_tai_ns", "6.1", "0"),
        ("BPF_PROG_TYPE_NETFILTER", "6.4", "0"),
        ("BPF_MAP_TYPE_ARENA", "6.9", "0"),
        ("BPF_TRACE_KPROBE_SESSION", "6.10", "0"),  # not 6.1
        ("BPF_TRACE_UPROBE_MULTI", "6.6", "0"),
    ],
)
def test_releases(facts, name, since, gpl):
    assert [row[3:] for row in facts if row[2] == name] == [[since, gpl]]


ID = {"getsockopt": 57, "setsockopt": 49, "get_netns_cookie": 122, "spin_lock": 93, "probe_read": 4, "bind": 64, "xdp_adjust_head": 44, "strtol": 105, "skc_to_tcp_sock": 137, "d_path": 147, "loop": 181, "get_current_comm": 16, "current_task_under_cgroup": 37}
KPROBE, CLS, XDP, TRACING, STRUCT_OPS, LSM, SOCK_ADDR, SOCKOPT = 2, 3, 6, 26, 27, 29, 18, 25
RAW_TP, SYSCALL = 17, 31
BIND6, CONNECT4, GETPEERNAME4 = 9, 10, 29


@pytest.mark.parametrize(
    "helper,program,attach,answer",
    [
        ("xdp_adjust_head", XDP, 0, ["allowed", "0.0", "", ""]),
        ("xdp_adjust_head", KPROBE, 0, ["never", "0.0", "", ""]),
        ("spin_lock", CLS, 0, ["allowed", "0.0", "", ""]),
        ("spin_lock", KPROBE, 0, ["never", "0.0", "", ""]),  # excluded, though its group has it
        ("loop", KPROBE, 0, ["allowed", "0.0", "", ""]),  # by a group of a group
        ("strtol", XDP, 0, ["allowed", "6.1", "", ""]),
        ("get_current_comm", XDP, 0, ["allowed", "6.16", "", ""]),
        ("get_current_comm", KPROBE, 0, ["allowed", "0.0", "", ""]),
        ("get_current_comm", SOCKOPT, 0, ["allowed", "6.1", "", ""]),
        ("current_task_under_cgroup", CLS, 0, ["allowed", "6.16", "CGROUPS", ""]),
        ("skc_to_tcp_sock", CLS, 0, ["allowed", "0.0", "", ""]),
        ("d_path", LSM, 27, ["allowed", "0.0", "", ""]),
        ("probe_read", KPROBE, 0, ["allowed", "0.0", "ARCH_HAS_NON_OVERLAPPING_ADDRESS_SPACE", ""]),
        ("bind", SOCK_ADDR, 10, ["allowed", "0.0", "", "attach type BPF_CGROUP_INET4_CONNECT or BPF_CGROUP_INET6_CONNECT"]),
        ("bind", SOCK_ADDR, 8, ["never", "0.0", "", "attach type BPF_CGROUP_INET4_CONNECT or BPF_CGROUP_INET6_CONNECT"]),
        ("bind", STRUCT_OPS, 0, ["unknown", "0.0", "", ""]),
        ("setsockopt", SOCK_ADDR, CONNECT4, ["allowed", "5.8", "", "attach type BPF_CGROUP_INET4_CONNECT or BPF_CGROUP_INET6_CONNECT"]),
        ("setsockopt", SOCK_ADDR, BIND6, ["allowed", "5.11", "", "attach type BPF_CGROUP_INET4_BIND or BPF_CGROUP_INET6_BIND"]),
        ("getsockopt", SOCK_ADDR, GETPEERNAME4, ["allowed", "5.12", "", "attach types like BPF_CGROUP_UDP4_RECVMSG"]),
        ("get_netns_cookie", SOCKOPT, 0, ["allowed", "5.15", "NET", ""]),
    ],
)
def test_who_may_call(probe, helper, program, attach, answer):
    assert probe("allowed", ID[helper], program, attach) == [answer]


ITER, FENTRY = 28, 24


@pytest.mark.parametrize(
    "kfunc,program,attach,answer",
    [
        ("bpf_task_from_pid", TRACING, FENTRY, ["allowed", "0.0"]),
        ("bpf_task_from_pid", SYSCALL, 0, ["allowed", "6.10"]),
        ("bpf_cgroup_from_id", SYSCALL, 0, ["allowed", "6.10"]),
        ("bpf_cpumask_create", SYSCALL, 0, ["allowed", "6.10"]),
        ("bpf_verify_pkcs7_signature", SYSCALL, 0, ["never", "0.0"]),
        ("bpf_task_from_pid", RAW_TP, 0, ["allowed", "7.1"]),
        ("bpf_cpumask_create", RAW_TP, 0, ["allowed", "7.1"]),
        ("bpf_list_front", RAW_TP, 0, ["never", "0.0"]),  # locks that it needs may not be held there
        ("bpf_xdp_ct_lookup", RAW_TP, 0, ["never", "0.0"]),
        ("bpf_sock_destroy", TRACING, ITER, ["allowed", "0.0"]),
        ("bpf_sock_destroy", TRACING, FENTRY, ["never", "0.0"]),
        ("bpf_nothing", TRACING, FENTRY, ["unknown", "0.0"]),
    ],
)
def test_who_may_call_kfuncs(probe, kfunc, program, attach, answer):
    assert probe("kfunc", kfunc, program, attach) == [answer]


@pytest.mark.parametrize("kernel", KERNELS)
def test_probes_hold_from_their_release_on(probe, facts, kernel_library, kernel):  # noqa: F811
    since = {row[1]: release(row[2]) for row in facts if row[0] == "feature"}
    answers = {name: bool(int(answer)) for name, answer in probe("kernel", kernel_library, kernel)}
    assert len(answers) > 10
    wrong = {n: a for n, a in answers.items() if a != (since[n] <= KERNELS[kernel])}
    assert wrong == {}


def test_probes_tell_kernels_apart(facts):
    """A probe that every kernel answers alike proves nothing here: most of them do not."""
    probed = [release(row[2]) for row in facts if row[0] == "feature" and row[3]]
    apart = [r for r in probed if min(KERNELS.values()) < r <= max(KERNELS.values())]
    assert len(apart) >= 10
