# SPDX-License-Identifier: BSD-2-Clause
"""Parameters of skep run: typed, bound to variables, map sizes and entries; judged by what the program does."""

import json
import re
import subprocess

import pytest

pytestmark = pytest.mark.need("root", "btf")

SOURCE = """
#include <vmlinux.h>
#include <bpf/bpf_helpers.h>

const volatile __u8 a_u8 = 1;
const volatile __u16 a_u16 = 2;
const volatile __s16 a_s16 = -3;
const volatile __s32 a_s32 = -4;
const volatile __u64 a_u64 = 5;
const volatile bool a_bool = false;
const volatile char a_string[8] = "abc";
const volatile __u64 a_duration = 0;

struct seen { __u8 u8; __u16 u16; __s16 s16; __s32 s32; __u64 u64; bool flag; char string[8]; __u64 duration; } seen;

struct { __uint(type, BPF_MAP_TYPE_HASH); __uint(max_entries, 4); __type(key, __u32); __type(value, __u16); } numbers SEC(".maps");
struct { __uint(type, BPF_MAP_TYPE_PERCPU_HASH); __uint(max_entries, 4); __type(key, __u64); __type(value, __u64); } per_cpu SEC(".maps");
struct prefix { __u32 len; __be32 addr; };
struct { __uint(type, BPF_MAP_TYPE_LPM_TRIE); __uint(max_entries, 4); __uint(map_flags, BPF_F_NO_PREALLOC); __type(key, struct prefix); __type(value, __u32); } nets SEC(".maps");
struct mac { __u8 b[6]; };
struct { __uint(type, BPF_MAP_TYPE_HASH); __uint(max_entries, 4); __type(key, struct mac); __type(value, __u8); } macs SEC(".maps");
struct { __uint(type, BPF_MAP_TYPE_HASH); __uint(max_entries, 4); __type(key, struct in6_addr); __type(value, __u8); } hosts SEC(".maps");
struct name { char s[8]; };
struct pair { __u32 a, b; };
struct { __uint(type, BPF_MAP_TYPE_HASH); __uint(max_entries, 4); __type(key, struct name); __type(value, struct pair); } names SEC(".maps");

SEC("raw_tp/sys_enter")
int look(void *ctx)
{
	seen.u8 = a_u8;
	seen.u16 = a_u16;
	seen.s16 = a_s16;
	seen.s32 = a_s32;
	seen.u64 = a_u64;
	seen.flag = a_bool;
	for (int i = 0; i < 8; i++)
		seen.string[i] = a_string[i];
	seen.duration = a_duration;
	return 0;
}

char LICENSE[] SEC("license") = "GPL";
"""

HINTS = {
    "duration": "a number with ns, us, ms, s, m or h; bare: ns", "bool": "true, false, yes, no, on, off, 1 or 0",
    "ipv4": "four numbers: 192.0.2.1", "ipv6": "groups of hex digits: 2001:db8::1",
    "mac": "six pairs of hex digits: 00:11:22:aa:bb:cc", "u8": "a number from 0 to 255",
    "u16": "a number from 0 to 65535", "u32": "a number from 0 to 4294967295",
    "u64": "a number from 0 to 18446744073709551615", "s16": "a number from -32768 to 32767",
    "s32": "a number from -2147483648 to 2147483647",
}  # fmt: skip
TYPES = "u8 u16 s16 s32 u64 bool string duration".split()
DEFAULTS = {"u8": 1, "u16": 2, "s16": -3, "s32": -4, "u64": 5, "bool": "no", "string": "abc", "duration": "2ms"}
ENTRIES = {"numbers": "u32[]", "per_cpu": "u64[]", "nets": "ipv4[]", "macs": "mac[]", "hosts": "ipv6[]", "names": "string[]"}


def manifest():
    yield "name: many\nversion: 0.1.0\nlicense: GPL-2.0-only\nsources: [src/many.bpf.c]\nparams:"
    for t in TYPES:
        yield f"  {t}: {{type: {t}, default: {DEFAULTS[t]}, help: a {t}, rodata: a_{t}}}"
    for name, t in ENTRIES.items():
        yield f"  {name.replace('_', '-')}: {{type: '{t}', help: entries, entries: {name}}}"
    yield "  size: {type: u32, default: 4, help: room, max_entries: numbers}"
    yield ""


@pytest.fixture(scope="module")
def many(session_skep, tmp_path_factory):
    folder = tmp_path_factory.mktemp("many")
    (folder / "src").mkdir()
    (folder / "src/many.bpf.c").write_text(SOURCE)
    (folder / "skep.yaml").write_text("\n".join(manifest()))
    session_skep("build", "-C", folder).ok()
    return folder / "build/many.skep"


@pytest.fixture
def run(skep, many):
    def go(*params, rc=0):
        argv = [x for p in params for x in ("--param", p)]
        done = skep("run", many, "--allow-unsigned", "--duration", "0.2", "--json", *argv)
        assert done.rc == rc, done
        return done

    return go


def seen(done):
    return next(v["value"] for v in map(json.loads, done.out.splitlines()) if v.get("global") == "seen")


def entries(done, name):
    return {
        json.dumps(v["key"]): v["value"] for v in map(json.loads, done.out.splitlines()) if v.get("map") == name and "key" in v
    }


def refused(skep, path, param):
    done = skep("run", path, "--allow-unsigned", "--duration", "1", "--param", param)
    assert (done.rc, done.out) == (2, ""), done
    return done.err.splitlines()[1:]


def test_defaults(run):
    value = seen(run())
    assert value == {
        "u8": 1, "u16": 2, "s16": -3, "s32": -4, "u64": 5, "flag": False, "string": "abc", "duration": 2000000,
    }  # fmt: skip


@pytest.mark.parametrize(
    "name,text,value",
    [
        ("u8", "255", 255), ("u8", "0x10", 16), ("u16", "65535", 65535), ("s16", "-32768", -32768),
        ("s16", "32767", 32767), ("s32", "-2147483648", -2147483648), ("u64", "18446744073709551615", 2**64 - 1),
        ("bool", "true", True), ("bool", "yes", True), ("bool", "0", False), ("string", "1234567", "1234567"),
        ("string", "", ""), ("duration", "1.5s", 1500000000), ("duration", "7", 7),
    ],
)  # fmt: skip
def test_variables(run, name, text, value):
    assert seen(run(f"{name}={text}"))["flag" if name == "bool" else name] == value


@pytest.mark.parametrize(
    "name,text",
    [
        ("u8", "256"), ("u8", "-1"), ("u8", ""), ("u8", "1 "), ("u8", "0x"), ("u16", "abc"), ("s16", "32768"),
        ("s16", "-32769"), ("s32", "2147483648"), ("u64", "18446744073709551616"), ("u64", "1.5"), ("bool", "maybe"),
        ("duration", "2 weeks"), ("duration", "-1s"),
    ],
)  # fmt: skip
def test_malformed_values(skep, many, name, text):
    first, hint = refused(skep, many, f"{name}={text}")
    assert first == f"skep run: --param {name} wants {name}, not '{text}'" and hint == f"  hint: {HINTS[name]}"


def test_long_string(skep, many):
    assert refused(skep, many, "string=12345678") == [
        "skep run: --param string wants at most 7 bytes, not '12345678'"
    ]


@pytest.mark.parametrize("text", ["", "u8", "=1"])
def test_not_a_parameter(skep, many, text):
    assert refused(skep, many, text) == [f"skep run: --param wants NAME=VALUE, not '{text}'"]


def test_unknown_parameter(skep, many):
    assert refused(skep, many, "duratoin=1") == [
        "skep run: 'many' has no parameter 'duratoin'",
        "  hint: did you mean 'duration'?",
    ]


def test_parameter_given_twice(skep, many):
    done = skep("run", many, "--allow-unsigned", "--param", "u8=1", "--param", "u8=2")
    assert done.rc == 2 and done.err.splitlines()[1:] == ["skep run: --param u8 is given twice"]


@pytest.mark.parametrize("place", ["ifname=lo", "cgroup=/", "pid=1", "path=/bin/true:main"])
def test_places_without_use(skep, many, place):
    name = place.split("=")[0]
    assert refused(skep, many, place) == [f"skep run: no program of 'many' has a use for --param {name}"]


def test_entries(run):
    done = run(
        "numbers=1,0x10=7,3=65535", "per-cpu=9=5", "nets=192.0.2.0/24=3,198.51.100.7", "macs=00:11:22:aa:BB:ff",
        "hosts=2001:db8::1", "names=eth0,lo",
    )  # fmt: skip
    assert entries(done, "numbers") == {"1": 1, "3": 65535, "16": 7}
    assert entries(done, "nets") == {'{"len": 24, "addr": "192.0.2.0"}': 3, '{"len": 32, "addr": "198.51.100.7"}': 1}
    assert entries(done, "macs") == {'{"b": [0, 17, 34, 170, 187, 255]}': 1}
    assert entries(done, "hosts") == {'"2001:db8::1"': 1}
    assert entries(done, "names") == {'{"s": "eth0"}': {"a": 0, "b": 0}, '{"s": "lo"}': {"a": 0, "b": 0}}


def test_entries_of_per_cpu_maps_are_on_every_cpu(start, many, bpftool):
    run = start("run", many, "--allow-unsigned", "-v", "--param", "per-cpu=9=5", "--param", "size=77")
    run.wait_for(r"is running", "err")
    ids = "\n".join(f.read_text() for f in __import__("pathlib").Path(f"/proc/{run.pid}/fdinfo").iterdir())
    ids = re.findall(r"^map_id:\s*(\d+)", ids, re.M)
    maps = {m["name"]: m for m in (json.loads(bpftool("-j", "map", "show", "id", i).stdout) for i in set(ids))}
    dump = json.loads(bpftool("-j", "map", "dump", "id", str(maps["per_cpu"]["id"])).stdout)
    values = [v["value"] for v in dump[0].get("formatted", dump[0])["values"]]
    possible = open("/sys/devices/system/cpu/possible").read().strip()
    assert values == [5] * (int(possible.split("-")[-1]) + 1)
    assert maps["numbers"]["max_entries"] == 77
    assert run.stop().rc == 0


@pytest.mark.parametrize(
    "param,message",
    [
        ("numbers=1,x", "--param numbers wants u32, not 'x'"),
        ("numbers=1=65536", "--param numbers wants u16, not '65536'"),
        ("numbers=1,2,3,4,5", "--param numbers has more entries than map 'numbers' takes, which is 4"),
        ("nets=10.0.0.0/33", "--param nets wants a prefix length of 0-32, not '33'"),
        ("nets=10.0.0", "--param nets wants ipv4, not '10.0.0'"),
        ("macs=00:11:22:33:44", "--param macs wants mac, not '00:11:22:33:44'"),
        ("hosts=::g", "--param hosts wants ipv6, not '::g'"),
        ("names=a=1", "--param names wants keys alone: values of map 'names' are no numbers"),
        ("size=0", "--param size wants 1-4294967295, not '0'"),
        ("size=-1", "--param size wants u32, not '-1'"),
    ],
)
def test_malformed_entries(skep, many, param, message):
    wants = re.search(r"wants (\w+), not", message)
    hint = [f"  hint: {HINTS[wants[1]]}"] if wants else []
    assert refused(skep, many, param) == [f"skep run: {message}", *hint]


def test_several_entries_are_one_parameter(skep, many):
    done = skep("run", many, "--allow-unsigned", "--param", "numbers=1", "--param", "numbers=2")
    assert done.rc == 2 and done.err.splitlines()[1:] == [
        "skep run: --param numbers is given twice",
        "  hint: separate several with commas",
    ]


def test_spaces_in_lists(run):
    done = run("numbers= 1, 2=7 ,\t3,", "nets=192.0.2.1, 192.0.2.2")
    assert entries(done, "numbers") == {"1": 1, "2": 7, "3": 1} and len(entries(done, "nets")) == 2


def test_room_for_more_entries(run):
    assert len(entries(run("size=6", "numbers=1,2,3,4,5,6"), "numbers")) == 6


@pytest.mark.parametrize("program", ["skep", "skep-run"])
def test_help_lists_the_parameters(skep, many, program):
    command = ["run"] if program == "skep" else []
    done = skep(*command, many, "--help", program=program).ok()
    name = "skep run" if command else "skep-run"
    assert done.err == "" and re.match(rf"usage: {name} FILE", done.out)
    table = done.out.split("parameters of many, for --param:\n\n")[1].splitlines()
    assert table[0].split() == ["param", "type", "default", "help"]
    assert [row.split() for row in table if row.startswith("duration ")] == [["duration", "duration", "2ms", "a", "duration"]]
    assert len(table) == 1 + len(TYPES) + len(ENTRIES) + 1
    params = skep(*command, many, "--json", "--help", program=program).ok().json()["params"]
    assert {"name": "u8", "type": "u8", "default": "1", "help": "a u8"} in params


def test_more_room_than_a_kernel_has(skep, many):
    done = skep("run", many, "--allow-unsigned", "--duration", "1", "--param", "size=4294967295")
    assert done.rc == 1 and done.err.splitlines()[1:] == [
        "skep run: the kernel does not take it: map 'numbers': failed to create: -E2BIG",
        "  because the map is larger than the kernel takes",
        "  while loading 'many'",
        "  hint: the map is larger than the kernel takes: fewer entries",
    ]


def test_help_lists_the_parameters_of_a_project(skep, project):
    folder = project("exec-watch", build=False)
    done = skep("run", ".", "--help", cwd=folder).ok()
    table = done.out.split("parameters of exec-watch, for --param:\n\n")[1].splitlines()
    assert [row.split()[0] for row in table] == ["param", "min_ns", "uid"]
    assert [p["name"] for p in skep("run", folder, "--help", "--json").ok().json()["params"]] == ["min_ns", "uid"]


def test_shortest_run_of_exec_watch(start, package):
    run = start("run", package("exec-watch"), "--allow-unsigned", "--json", "-v", "--param", "min_ns=300ms")
    run.wait_for(r"is running", "err")
    short, long = subprocess.Popen(["/bin/true"]), subprocess.Popen(["/bin/sleep", "0.5"])
    short.wait(), long.wait()
    run.wait_for(rf'"pid":{long.pid},')
    assert run.stop().rc == 0
    shown = [json.loads(line) for line in run.out.splitlines()]
    pids = {e["pid"] for e in shown if e["map"] == "events"}
    assert long.pid in pids and short.pid not in pids
    assert all(e["duration_ns"] >= 300_000_000 for e in shown if e["map"] == "events")


def test_help_does_not_steer_the_terminal(skep, project):
    folder = project("exec-watch", build=False)
    yaml = (folder / "skep.yaml").read_text()
    (folder / "skep.yaml").write_text(yaml.replace("help: show only this user's", r'help: "\e[2J show"  #', 1))
    done = skep("build", "-C", folder)
    if done.rc:
        assert done.rc == 2 and "\x1b" not in done.out + done.err
        return
    for args in ["--help"], ["--allow-unsigned", "--duration", "1"]:
        done = skep("run", folder / "build/exec-watch.skep", *args)
        assert done.rc == 1 and "\x1b" not in done.out + done.err
        assert ": parameter 2 has text that is not printable" in done.err
