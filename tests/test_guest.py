# SPDX-License-Identifier: BSD-2-Clause
"""The first process of a guest, and what it says: archives by cpio(1), QEMU by a command line of our own, frames by Python."""

import base64
import json
import random
import shutil
import subprocess
import zlib
from concurrent.futures import ThreadPoolExecutor

import pytest

from conftest import run_tool

TOKEN = "c0ffee00c0ffee00c0ffee00c0ffee00"
PLAN = {
    "token": TOKEN, "objects": [], "presets": [], "programs": [], "modules": [], "attach": True, "trace": False, "events": False,
    "network": False, "stimulus": False, "duration_ns": 200000000, "limit_ns": 60000000000, "epoch": 1700000000,
}  # fmt: skip


def frame(message, number, token=TOKEN):
    payload = base64.b64encode(zlib.compress(json.dumps(message).encode()))
    return b"@skep %s %d %08x %s\n" % (token.encode(), number, zlib.crc32(payload), payload)


def frames(console):
    """-> messages; every other line."""
    messages, chatter, joined = [], [], b""
    numbers = iter(range(1 << 32))
    for line in console.replace(b"\r", b"").split(b"\n"):
        before, mark, rest = line.partition(b"@skep ")
        if before:
            chatter.append(before.decode(errors="replace"))
        if not mark:
            continue
        token, number, crc, payload = rest.decode().split(" ")
        assert (token, int(number), int(crc, 16)) == (TOKEN, next(numbers), zlib.crc32(payload.encode())), line[:200]
        assert len(line) <= 48 << 10
        joined += payload[: len(payload) // 4 * 4].encode()
        if len(payload) % 4 == 0:
            messages.append(json.loads(zlib.decompress(base64.b64decode(joined, validate=True))))
            joined = b""
    assert not joined
    return messages, chatter


# --- frames and plans ----------------------------------------------------------------------------


@pytest.fixture(scope="module")
def probe(build_dir, tmp_path_factory, repo):
    program = tmp_path_factory.mktemp("probe") / "probe_frame"
    flags = (build_dir / "flags").read_text().split()
    libs = [build_dir / "libskep.a", "-lelf", "-ljansson", "-lcrypto", "-lz"]
    run_tool(*flags, "-Wl,--gc-sections", "-o", program, "tests/probe_frame.c", *libs, cwd=repo)

    def run(*args, input):
        done = subprocess.run([program, *map(str, args)], input=input, capture_output=True, timeout=60)
        assert b"Sanitizer" not in done.stderr and b"runtime error" not in done.stderr, done.stderr
        return done.returncode, done.stdout.decode(), done.stderr.decode()

    return run


def read(probe, console, step=0):
    """-> messages and chatter as lines, the error or "" """
    code, out, err = probe("read", TOKEN, step, input=console)
    assert (code, err == "") in ((0, True), (1, False))
    return out.split("\n")[:-1], err.removeprefix("probe_frame: ").rstrip("\n")


def test_what_is_written_is_read_by_outsiders(probe):
    noise = random.Random(1)
    said = [{"say": "ready"}, {"n": "".join(noise.choices("0123456789abcdef +/", k=400000))}, {"text": "\u00e4\n\t\u2028"}, {"say": "done"}]
    code, out, err = probe("write", TOKEN, 0, input="\n".join(map(json.dumps, said)).encode())
    assert (code, err) == (0, "")
    assert out.count("\n") > len(said) + 4  # the long one is in parts
    assert frames(out.encode()) == (said, [])
    lines, err = read(probe, out.encode(), 777)
    assert ([json.loads(line.removeprefix("message ")) for line in lines], err) == (said, "")


def test_what_outsiders_write_is_read(probe):
    console = b"Booting\r\n[ 0.1] kernel " + frame({"a": 1}, 0).replace(b"\n", b"\r\n") + b"x" * 9000 + frame({"b": 2}, 1) + b"@ske\n@skep" + b"\n\nend\n"
    for step in (0, 1, 4095, 4096, 4097):
        lines, err = read(probe, console, step)
        expected = ["chatter 7 Booting", "chatter 14 [ 0.1] kernel ", 'message {"a":1}', f"chatter 4096 {'x' * 40}", 'message {"b":2}']
        assert (lines, err) == ([*expected, "chatter 4 @ske", "chatter 5 @skep", "chatter 3 end"], "")


def repaired(payload, number=0):
    return b"@skep %s %d %08x %s\n" % (TOKEN.encode(), number, zlib.crc32(payload), payload)


def packed(data):
    return base64.b64encode(data)


GOOD = frame({"a": 1}, 0)
BAD = {
    "another token": (frame({"a": 1}, 0, "0" * 32), "a line that looks like frame 0 is forged: its token is not this guest's"),
    "shorter token": (frame({"a": 1}, 0, TOKEN[:-1]), "a line that looks like frame 0 is forged: its token is not this guest's"),
    "longer token": (frame({"a": 1}, 0, TOKEN + "0"), "a line that looks like frame 0 is forged: its token is not this guest's"),
    "nothing behind the mark": (b"@skep \n", "a line that looks like frame 0 is forged: its token is not this guest's"),
    "one is missing": (frame({"a": 1}, 1), "frame 0 is lost or forged: frame 1 came instead"),
    "said again": (GOOD + GOOD, "frame 1 is lost or forged: frame 0 came instead"),
    "no number": (GOOD.replace(b" 0 ", b" x ", 1), "frame 0 is damaged: it has no sequence number"),
    "great number": (GOOD.replace(b" 0 ", b" 4294967296 ", 1), "frame 0 is damaged: it has no sequence number"),
    "no checksum": (b"@skep " + TOKEN.encode() + b" 0 zz x\n", "frame 0 is damaged: it has no checksum"),
    "nothing behind the number": (b"@skep " + TOKEN.encode() + b" 0\n", "frame 0 is damaged: it has no sequence number"),
    "another byte": (GOOD[:-4] + b"A" + GOOD[-3:], "frame 0 is damaged: its checksum is another"),
    "cut": (GOOD[:-5] + b"\n", "frame 0 is damaged: its checksum is another"),
    "the kernel in between": (GOOD[:-8] + b"[ 0.1] x\n" + GOOD[-8:], "frame 0 is damaged: its checksum is another"),
    "NUL": (GOOD[:-5] + b"\0" + GOOD[-4:], "frame 0 is damaged: it has a NUL in it"),
    "no payload": (repaired(b""), "frame 0 is damaged: its payload is not of whole groups"),
    "half a group": (repaired(b"eAGr="), "frame 0 is damaged: its payload is not of whole groups"),
    "no base64": (repaired(b"eA r"), "frame 0 is damaged: its payload is not base64"),
    "padding within": (repaired(packed(b"x") + packed(b"x")), "frame 0 is damaged: its payload is not base64"),
    "no zlib": (repaired(packed(b"hello!")), "frame 0 is damaged: its zlib stream is none"),
    "half a stream": (repaired(packed(zlib.compress(b'{"a":1}')[:-5])), "frame 0 is damaged: its zlib stream is none"),
    "more behind it": (repaired(packed(zlib.compress(b'{"a":1}') + b"x")), "frame 0 is damaged: its zlib stream is none"),
    "too much in it": (repaired(packed(zlib.compress(b'{"a":"' + b" " * (17 << 20) + b'"}'))), "frame 0 is damaged: its message is longer than 16 MiB"),
    "no object": (repaired(packed(zlib.compress(b"[1]"))), "frame 0 is damaged: its message is no JSON object"),
    "no JSON": (repaired(packed(zlib.compress(b'{"a":}'))), "frame:1:6: malformed JSON: unexpected token near '}'"),
    "a line without end": (b"@skep " + TOKEN.encode() + b" 0 00000000 " + b"A" * (50 << 10), "frame 0 is damaged: its line is longer than 48 KiB"),
}  # fmt: skip


@pytest.mark.parametrize("name", BAD)
def test_forged_or_damaged(probe, name):
    console, message = BAD[name]
    assert read(probe, console)[1].replace("frame 1 is damaged", "frame 0 is damaged") == message
    assert read(probe, console, 1)[1].replace("frame 1 is damaged", "frame 0 is damaged") == message


def test_a_message_that_goes_on_for_ever(probe):
    part = b"AAAA" * 11000 + b"+"
    console = b"".join(repaired(part, n) for n in range(600))
    assert read(probe, console)[1].endswith("is damaged: its message is longer than 16 MiB")


def test_a_console_without_lines_takes_no_memory(probe):
    assert read(probe, b"x" * (30 << 20), 65536) == ([f"chatter 4096 {'x' * 40}"], "")


def test_a_plan_is_read_and_written(probe):
    plan = {
        **PLAN, "objects": [{"file": "/skep/0.bpf.o", "name": "a \u00e4"}], "presets": ["a=1", "b=\"\""], "programs": ["on_*"],
        "modules": ["/m.ko"], "trace": True, "stimulus": True, "epoch": 1 << 40,
    }  # fmt: skip
    code, out, err = probe("plan", input=json.dumps(plan).encode())
    assert (code, json.loads(out), err) == (0, plan, "")


BAD_PLANS = [
    ({"token": "short"}, "'token' of the plan wants 32 hex digits"),
    ({"token": TOKEN.upper()}, "'token' of the plan wants 32 hex digits"),
    ({"token": 1}, "'token' of the plan wants 32 hex digits"),
    ({"objects": {}}, "'objects' of the plan wants an array of at most 4096"),
    ({"objects": [1]}, "'objects' of the plan wants an absolute path 'file' and a 'name' each"),
    ({"objects": [{"file": "x", "name": "x"}]}, "'objects' of the plan wants an absolute path 'file' and a 'name' each"),
    ({"presets": ["x", 1]}, "'presets' of the plan wants strings"),
    ({"modules": ["x"] * 4097}, "'modules' of the plan wants an array of at most 4096"),
    ({"attach": 1}, "'attach' of the plan wants true or false"),
    ({"duration_ns": -1}, "'duration_ns' of the plan wants a number, not negative"),
    ({"limit_ns": 1.5}, "'limit_ns' of the plan wants a number, not negative"),
    ({"epoch": None}, "'epoch' of the plan wants a number, not negative"),
]  # fmt: skip


@pytest.mark.parametrize("change, message", BAD_PLANS)
def test_a_plan_that_is_wrong(probe, change, message):
    text = json.dumps({**PLAN, **change}).encode()
    assert probe("plan", input=text) == (1, "", f"probe_frame: /skep/plan.json: {message}\n")


def test_a_plan_that_is_none(probe):
    for text in (b"", b"{", b"[]", b'{"token":1,"token":1}', b"\xff", b"[" * 100000):
        code, out, err = probe("plan", input=text)
        assert (code, out) == (1, "") and err.startswith("probe_frame: /skep/plan.json")


# --- guests --------------------------------------------------------------------------------------

APPLETS = "sh cat chmod date dd echo grep id kill ls mkdir mknod mount nsenter ping readlink sleep sort tail tr".split()
PARAMETERS = "console=ttyS0 quiet panic=-1 nokaslr cryptomgr.notests tsc=reliable"
MEMBERS = """members() {
	for p in /proc/[0-9]*; do [ "$(cat $p/comm)" = init ] && [ $p != /proc/1 ] && echo ${p#/proc/}; done | sort -n
}
"""
CURIOUS = (
    MEMBERS
    + f"""
echo "if=$SKEP_IF home=$HOME pwd=$(pwd) epoch=$(($(date +%s) / 1000000)) $(id -u)"
cat /skep/plan.json && echo SEEN plan
grep -q {TOKEN} /proc/cmdline && echo SEEN cmdline
for p in /proc/[0-9]*; do
	for f in environ cmdline; do grep -q {TOKEN} $p/$f 2>/dev/null && echo SEEN $p/$f; done
	[ $p = /proc/$$ ] && continue
	case $(cat $p/comm) in init) dd if=$p/mem bs=1 count=0 && echo SEEN $p/mem; for f in $p/fd/*; do echo "@skep forged" > $f; done;; esac
done 2>&1 | grep SEEN
for d in console ttyS0 kmsg mem port; do [ -c /dev/$d ] && echo SEEN /dev/$d; done
mkdir /run/dev && mount -t devtmpfs dev /run/dev && for d in console ttyS0 kmsg mem; do [ -c /run/dev/$d ] && echo SEEN another $d; done
mknod /run/console c 5 1 && echo SEEN console
mknod /run/ttyS0 c 4 64 && echo "@skep forged" > /run/ttyS0
echo "@skep {TOKEN} 0 00000000 forged"
$SKEP_PEER ping -c 1 -W 2 10.99.0.1 | grep received
$SKEP_PEER ping -c 1 -W 2 fd99::1 | grep received
ping -c 1 -W 2 10.99.0.2 | grep received
kill -9 $(members | tail -n 1)
(while :; do sleep 1; done) &
exit 3
"""
)
ENDLESS = "#!/bin/sh\n" + MEMBERS + "echo begins; kill -STOP $(members | tail -n 1)\nnsenter --net=/proc/self/ns/net sleep 1000 &\nwhile :; do :; done"


def archive(path, guest, plan, objects=(), stimulus=None, extra=None):
    root = path.with_suffix(".root")
    for folder in ("skep", "bin"):
        (root / folder).mkdir(parents=True)
    shutil.copy(guest, root / "init")
    if plan is not None:
        (root / "skep/plan.json").write_text(json.dumps(plan))
    for number, data in enumerate(objects):
        (root / f"skep/{number}.bpf.o").write_bytes(data)
    for name, data in (extra or {}).items():
        (root / "skep" / name).write_bytes(data)
    if stimulus:
        (root / "skep/stimulus").write_text(stimulus)
        (root / "skep/stimulus").chmod(0o755)
        shutil.copy(shutil.which("busybox"), root / "bin/busybox")
        for name in APPLETS:
            (root / "bin" / name).symlink_to("busybox")
    names = "\n".join(str(p.relative_to(root)) for p in sorted(root.rglob("*")))
    path.write_bytes(subprocess.run(["cpio", "-oH", "newc"], cwd=root, input=names.encode(), capture_output=True, check=True).stdout)
    return path


def boot(kernel, initrd):
    """One more try if it hangs, as emulated kernels may."""
    argv = "qemu-system-x86_64 -accel tcg -cpu qemu64 -m 512 -M pc -nodefaults -serial stdio -display none -no-reboot".split()
    argv += ["-kernel", kernel, "-initrd", initrd, "-append", PARAMETERS]
    for _ in range(2):
        try:
            done = subprocess.run(argv, stdin=subprocess.DEVNULL, capture_output=True, timeout=60)
            break
        except subprocess.TimeoutExpired as e:
            late = e.stdout
    else:
        pytest.fail(f"the guest did not end\n{late}")
    assert (done.returncode, done.stderr) == (0, b"")
    return frames(done.stdout)


@pytest.fixture(scope="module")
def guests(need, build_dir, kernel_library, debian_kernels, project_cache, tmp_path_factory):
    """name -> (messages, chatter), of a boot each"""
    need("x86_64", "qemu-system-x86_64", "cpio", "busybox")
    folder = tmp_path_factory.mktemp("guest")
    program = build_dir / "libexec/skep/guest/x86_64/skep-run"
    names = ("exec-watch", "sched-latency", "xdp-filter")
    objects = {n: next((project_cache(n, n, True) / "build").glob("*.bpf.o")).read_bytes() for n in names}
    objects["garbage"] = b"\x7fELF" + bytes(range(256)) * 40
    profiles = [json.loads(p.read_bytes()) for p in (kernel_library / "kernels").glob("*x86_64*.json")]
    images = {p["id"].split("/")[1]: kernel_library / "blobs/sha256" / p["image"].removeprefix("sha256:") for p in profiles}
    unpacked = subprocess.run(["dpkg-deb", "--fsys-tarfile", debian_kernels["bookworm"][0]], capture_output=True, check=True).stdout
    veth = subprocess.run(["tar", "-xO", "--wildcards", "*/drivers/net/veth.ko"], input=unpacked, capture_output=True, check=True).stdout

    def plan(*order, **changes):
        return {**PLAN, "objects": [{"file": f"/skep/{i}.bpf.o", "name": n} for i, n in enumerate(order)], **changes}

    def guest(name, suite, the_plan, stimulus=None, **extra):
        order = [objects[o["name"]] for o in (the_plan or PLAN)["objects"] if isinstance(o, dict)]
        return name, images[suite], archive(folder / f"{name}.cpio", program, the_plan, order, stimulus, extra)

    curious = plan("exec-watch", "garbage", "sched-latency", "xdp-filter", "exec-watch", network=True, stimulus=True, modules=["/skep/veth"], duration_ns=20000000000)
    endless = plan("exec-watch", "sched-latency", stimulus=True, duration_ns=1000000000, limit_ns=6000000000)
    plain = plan("exec-watch", "xdp-filter", network=True, events=True, modules=["/skep/none.ko"], programs=["on_exec", "filter"])
    all_guests = [
        guest("curious", "bookworm", curious, CURIOUS, veth=veth),
        guest("endless", "bullseye", endless, ENDLESS),
        guest("plain", "trixie", plain),
        guest("bad", "bullseye", {**PLAN, "objects": [1]}),
        guest("empty", "bullseye", None),
    ]
    with ThreadPoolExecutor(2) as pool:
        return dict(zip((g[0] for g in all_guests), pool.map(lambda g: boot(*g[1:]), all_guests)))


def said(guest, word):
    return [m for m in guest[0] if m["say"] == word]


def proofs(guest):
    found = {m["object"]: m["proof"] for m in said(guest, "proof")}
    assert len(found) == len(said(guest, "proof"))
    return found


def programs(proof):
    return {p["name"]: p for p in proof["programs"]}


def test_a_guest_says_what_it_is_and_when_it_is_done(guests):
    messages, chatter = guests["plain"]
    assert (messages[0]["say"], messages[0]["machine"], messages[-1]["say"]) == ("ready", "x86_64", "done")
    assert messages[0]["release"].startswith("6.12.")
    assert 0 < messages[0]["uptime_ns"] < messages[-1]["uptime_ns"]
    assert all("Power down" in line for line in chatter)


def test_programs_load_attach_and_run_without_a_stimulus(guests):
    proof = programs(proofs(guests["plain"])[0])
    assert {n: (p["load"], p["attach"]) for n, p in proof.items()} == {"on_exec": ("loaded", "attached"), "on_exit": ("untried", "none")}
    assert proof["on_exec"]["runs"] == 1 and proof["on_exec"]["stats"]["insns"] > 20
    told = {(m["object"], m["program"]["name"]): m["program"] for m in said(guests["plain"], "program")}
    assert told[0, "on_exec"]["load"] == "loaded" and told[0, "on_exec"]["log"] is None
    lines = [m["line"] for m in said(guests["plain"], "event") if m["object"] == 0]
    assert lines[-1].split()[0] == "EXEC" and lines[-1].split()[-1] == "/init"
    assert proofs(guests["plain"])[0]["buffers"] == [{"map": "events", "events": 1}]


def test_without_the_pair_lo_is_attached_to(guests):
    (network,) = said(guests["plain"], "network")
    assert network["code"] == 95 and network["what"] == "cannot make the interfaces 'skep0' and 'skep1': Operation not supported"
    (module,) = said(guests["plain"], "module")
    assert (module["module"], module["code"]) == ("/skep/none.ko", 2)
    program = programs(proofs(guests["plain"])[1])["filter"]
    assert (program["attach"], program["runs"] > 2) == ("attached", True)


def test_a_stimulus_runs_while_all_are_attached(guests):
    (stimulus,) = said(guests["curious"], "stimulus")
    assert (stimulus["status"], stimulus["timeout"]) == (3, False)
    assert "if=skep0 home=/ pwd=/ epoch=1700 0\n" in stimulus["output"]
    assert stimulus["output"].count("1 packets received") == 3, stimulus["output"]
    found = proofs(guests["curious"])
    assert {p["attach"] for i in (0, 2, 3) for p in found[i]["programs"]} == {"attached"}
    assert programs(found[0])["on_exec"]["runs"] > 5
    assert programs(found[2])["on_switch"]["runs"] > 20
    assert programs(found[3])["filter"]["runs"] >= 2
    assert not said(guests["curious"], "module") + said(guests["curious"], "network") + said(guests["curious"], "event")


def test_a_stimulus_finds_neither_token_nor_console(guests):
    (stimulus,) = said(guests["curious"], "stimulus")
    assert "SEEN" not in stimulus["output"], stimulus["output"]
    assert f"@skep {TOKEN} 0 00000000 forged\n" in stimulus["output"]  # what it prints is text
    assert not [line for line in guests["curious"][1] if "forged" in line]


def test_an_object_that_is_garbage_leaves_the_others_alone(guests):
    proof = proofs(guests["curious"])[1]
    assert proof["programs"] == [] and "ELF" in proof["message"]


def test_an_object_whose_process_dies(guests):
    proof = proofs(guests["curious"])[4]
    assert proof["message"] == "the process that had the object was killed by signal 9 (Killed)"
    assert {n: p["load"] for n, p in programs(proof).items()} == {"on_exec": "loaded", "on_exit": "loaded"}


def test_a_stimulus_that_never_ends(guests):
    (stimulus,) = said(guests["endless"], "stimulus")
    assert stimulus == {"say": "stimulus", "status": 137, "timeout": True, "output": "begins\n"}
    proof = proofs(guests["endless"])[0]
    assert (proof["message"], programs(proof)["on_exec"]["runs"] > 3) == (None, True)


def test_an_object_that_does_not_finish(guests):
    proof = proofs(guests["endless"])[1]
    assert proof["message"] == "gave up on the object: finishing it took too long"
    assert {p["load"] for p in proof["programs"]} == {"loaded"}
    ready, done = guests["endless"][0][0], guests["endless"][0][-1]
    assert done["say"] == "done" and 5 < (done["uptime_ns"] - ready["uptime_ns"]) / 1e9 < 8


def test_a_guest_with_a_bad_plan_says_so(guests):
    messages, _ = guests["bad"]
    assert [m["say"] for m in messages] == ["ready", "error"]
    what = "'objects' of the plan wants an absolute path 'file' and a 'name' each"
    assert messages[1] == {"say": "error", "where": "/skep/plan.json", "what": what, "hint": ""}


def test_a_guest_without_a_plan_says_so(guests):
    messages, chatter = guests["empty"]
    assert messages == []
    assert "skep guest: /skep/plan.json: cannot open: No such file or directory" in chatter


def test_elsewhere_it_does_nothing(build_dir, tmp_path):
    link = tmp_path / "init"
    link.symlink_to(build_dir / "libexec/skep/guest/x86_64/skep-run")
    done = subprocess.run([link], capture_output=True, text=True)
    assert done.returncode == 2 and "missing" in done.stderr + done.stdout
