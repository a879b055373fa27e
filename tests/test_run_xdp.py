# SPDX-License-Identifier: BSD-2-Clause
"""skep run on network hooks, judged by packets through a veth pair into a network namespace."""

import json
import re
import signal
import socket
import subprocess
import sys
import time

import pytest

pytestmark = pytest.mark.need("root", "btf")

RUNNING = r"is running"
SEND = """
import socket, sys
s = socket.socket(socket.AF_INET, socket.SOCK_DGRAM)
s.bind((sys.argv[1], 0))
for i in range(int(sys.argv[4])):
    s.sendto(b"x" * 100, (sys.argv[2], int(sys.argv[3])))
"""
FRAME = 14 + 20 + 8 + 100


@pytest.fixture
def listener(netns):
    with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as s:
        s.bind((netns.host_ip, 0))
        s.settimeout(1)
        yield s


def send(netns, listener, count, source=None):
    """Datagrams from the namespace; how many of them arrive."""
    port = listener.getsockname()[1]
    netns.exec(sys.executable, "-c", SEND, source or netns.ns_ip, netns.host_ip, port, count)
    got = 0
    try:
        while got < count:
            listener.recv(200)
            got += 1
    except TimeoutError:
        pass
    return got


def last_lines(run, name):
    return {line["key"]: line["value"] for line in map(json.loads, run.out.splitlines()) if line.get("map") == name}


def xdp_of(netns):
    link = json.loads(subprocess.run(["ip", "-j", "link", "show", netns.host_if], capture_output=True, text=True).stdout)
    return link[0].get("xdp")


def settle(netns, listener):
    assert send(netns, listener, 3) == 3


def test_drop_list_drops(start, netns, listener, package):
    other = netns.ns_ip.rsplit(".", 1)[0] + ".250"
    netns.exec("ip", "addr", "add", f"{other}/32", "dev", "lo")
    subprocess.run(["ip", "route", "add", f"{other}/32", "via", netns.ns_ip], check=True)
    settle(netns, listener)
    assert send(netns, listener, 5, other) == 5

    run = start("run", package("xdp-filter"), "--allow-unsigned", "--json", "-v",
                "--param", f"ifname={netns.host_if}", "--param", f"drop={other},203.0.113.9")  # fmt: skip
    run.wait_for(RUNNING, "err")
    assert re.search(rf"^'filter' is attached to '{netns.host_if}' in native mode$", run.err, re.M)
    assert xdp_of(netns)
    assert send(netns, listener, 20, other) == 0
    assert send(netns, listener, 20) == 20
    assert run.stop().rc == 0
    assert not xdp_of(netns)
    assert send(netns, listener, 5, other) == 5

    assert last_lines(run, "drop_list") == {other: 20 + 1, "203.0.113.9": 1}  # entries begin with 1
    counters = last_lines(run, "counters")
    assert counters[1] == {"packets": 20, "bytes": 20 * FRAME}
    assert counters[0]["packets"] >= 20 and counters[0]["bytes"] >= 20 * FRAME


def test_nothing_is_dropped_without_a_list(start, netns, listener, package):
    settle(netns, listener)
    run = start("run", package("xdp-filter"), "--allow-unsigned", "--param", f"ifname={netns.host_if}", "-v")
    run.wait_for(RUNNING, "err")
    assert send(netns, listener, 10) == 10
    assert run.stop().rc == 0
    assert "\ndrop_list: empty\n" in run.out
    table = run.out.split("counters: ")[1].splitlines()
    assert table[0] == "2 entries" and table[1].split() == ["KEY", "PACKETS", "BYTES"]
    assert [row.split()[0] for row in table[2:4]] == ["0", "1"]
    assert int(table[2].split()[1]) >= 10 and table[3].split()[1:] == ["0", "0"]
    assert len({len(row) for row in table[1:4]}) == 1


@pytest.mark.parametrize("sig", [signal.SIGTERM, signal.SIGKILL])
def test_interface_is_free_afterwards(start, netns, package, sig):
    run = start("run", package("xdp-filter"), "--allow-unsigned", "--param", f"ifname={netns.host_if}", "-v")
    run.wait_for(RUNNING, "err")
    assert xdp_of(netns)
    run.stop(sig)
    for _ in range(50):
        if not xdp_of(netns):
            break
        time.sleep(0.1)
    assert not xdp_of(netns)


def test_generic_mode_is_told(netns, skep, package, build_dir):
    """The loopback interface of a namespace of its own: its driver has no XDP."""
    path = package("xdp-filter")
    argv = [build_dir / "bin/skep", "run", path, "--allow-unsigned", "--param", "ifname=lo", "--duration", "0.3"]
    done = netns.exec(*argv, env=skep.environ({}))
    assert "'filter' is attached to 'lo' in generic (slower: the driver has no XDP for it) mode\n" in done.stderr


def test_interface_in_use(start, skep, netns, package):
    path = package("xdp-filter")
    args = ["run", path, "--allow-unsigned", "--param", f"ifname={netns.host_if}"]
    first = start(*args, "-v")
    first.wait_for(RUNNING, "err")
    done = skep(*args, "--duration", "1")
    assert (done.rc, done.out) == (3, "")
    assert done.err.splitlines()[1:] == [
        f"skep run: cannot attach 'filter' to '{netns.host_if}': Device or resource busy",
        f"  hint: another XDP program is attached: ip link set dev {netns.host_if} xdp off",
    ]
    assert xdp_of(netns)
    assert first.stop().rc == 0


def test_interface_must_be_named(skep, package):
    done = skep("run", package("xdp-filter"), "--allow-unsigned")
    assert (done.rc, done.out) == (2, "")
    assert done.err.splitlines()[1:] == [
        "skep run: 'filter' (xdp) is attached to a network interface, and none is named",
        "  hint: --param ifname=NAME",
    ]


def test_interface_must_exist(skep, package):
    done = skep("run", package("xdp-filter"), "--allow-unsigned", "--param", "ifname=nosuch0")
    assert (done.rc, done.out) == (2, "")
    assert done.err.splitlines()[1:] == [
        "skep run: --param ifname wants a network interface, there is no 'nosuch0'"
    ]
