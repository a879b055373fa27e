# SPDX-License-Identifier: BSD-2-Clause
"""Guests started, heard and ended. Most of them are programs that stand in for QEMU and print what a hostile or broken
guest might; two are real kernels. What is judged besides the answers: processes, files and the clock."""

import base64
import json
import os
import platform
import resource
import signal
import struct
import subprocess
import time
import zlib
from pathlib import Path
from types import SimpleNamespace

import pytest
from conftest import Process, check_sanitisers, Result

TOKEN = "0123456789abcdef0123456789abcdef"
PROOF = {"message": None, "programs": [], "buffers": []}
PROGRAM = {
    "name": "p", "type": "xdp", "load": "refused", "code": 22, "message": "no", "log": "R1 !read_ok", "log_cut": False,
    "stats": {"insns": 1, "states": 2, "peak_states": 3, "stack": 4, "jited": 5, "time_ns": 6},
    "attach": "none", "attach_message": None, "runs": 0,
}  # fmt: skip
READY = {"say": "ready", "release": "6.1.0-test", "machine": "x86_64", "uptime_ns": 7}
DONE = {"say": "done", "uptime_ns": 8}


def proof(n):
    return {"say": "proof", "object": n, "proof": PROOF}


def frame(sequence, message, token=TOKEN, crc=None):
    payload = base64.b64encode(zlib.compress(json.dumps(message).encode())).decode()
    crc = zlib.crc32(payload.encode()) if crc is None else crc
    return f"@skep {token} {sequence} {crc:08x} {payload}\n"


def frames(*messages):
    return "".join(frame(i, m) for i, m in enumerate(messages))


GOOD = frames(READY, proof(0), DONE)


@pytest.fixture(scope="session")
def probe_boot(build_dir, tmp_path_factory, repo):
    program = tmp_path_factory.mktemp("boot") / "probe_boot"
    flags = (build_dir / "flags").read_text().split()
    libs = [build_dir / "libskep.a", "build/deps/libbpf/inst/libbpf.a", "-lelf", "-ljansson", "-lcrypto", "-lz", "-lfyaml"]
    argv = [*flags, "-Wl,--gc-sections", "-o", program, "tests/probe_boot.c", *libs]
    done = subprocess.run(argv, cwd=repo, capture_output=True, text=True)
    assert done.returncode == 0, done.stderr
    return program


MARK = "SKEP_TEST_BOOT"  # in the environment of all that a test starts


def relatives(marker):
    """Processes that began with the probe of this test, itself excepted."""
    found = []
    for entry in Path("/proc").iterdir():
        try:
            environ = (entry / "environ").read_bytes() if entry.name.isdigit() else b""
            argv = (entry / "cmdline").read_bytes().split(b"\0")
        except OSError:
            continue
        if f"{MARK}={marker}".encode() in environ.split(b"\0") and not argv[0].endswith(b"/probe_boot"):
            found.append(int(entry.name))
    return found


def gone(marker, seconds):
    end = time.monotonic() + seconds
    while relatives(marker) and time.monotonic() < end:
        time.sleep(0.02)
    return not relatives(marker)


def bzimage():
    """The least that is a kernel of x86_64 by its header: 2 KiB, and 1 MiB of memory."""
    image = bytearray(2048)
    image[0x1F1] = 1
    struct.pack_into("<I", image, 0x1F4, 64)
    struct.pack_into("<H", image, 0x1FE, 0xAA55)
    image[0x202:0x206] = b"HdrS"
    struct.pack_into("<I", image, 0x260, 1 << 20)
    return bytes(image)


@pytest.fixture
def guest(probe_boot, tmp_path, monkeypatch):
    """guest(script, option=...): QEMU is this script of sh, $console a file that holds console; -> what became of it."""
    monkeypatch.setenv(MARK, str(tmp_path))
    (tmp_path / "bin").mkdir()
    (tmp_path / "kernel").write_bytes(bzimage())

    def argv(script, kernels, console, options):
        qemu = tmp_path / "bin/qemu-system-x86_64"
        (tmp_path / "console").write_bytes(console if isinstance(console, bytes) else console.encode())
        text = f"#!/bin/sh\nhere={tmp_path}\nconsole=$here/console\necho >> $here/started\n{script}\n"
        if not qemu.exists() or qemu.read_text() != text:
            qemu.write_text(text)
            qemu.chmod(0o755)
        given = {"path": tmp_path / "bin", "serial": tmp_path / "serial", "limit_ms": 15000, **options}
        return [str(probe_boot), *(f"{k}={v}" for k, v in given.items()), *map(str, kernels)]

    def run(script="cat $console; exec sleep 1000", console=GOOD, kernels=None, **options):
        args = argv(script, kernels or [tmp_path / "kernel"], console, options)
        began = time.monotonic()
        done = subprocess.run(args, capture_output=True, text=True, timeout=60, stdin=subprocess.DEVNULL)
        seconds = time.monotonic() - began
        result = check_sanitisers(Result(args, done.returncode, done.stdout, done.stderr))
        assert gone(str(tmp_path), 1), "a process is left"
        boots = [SimpleNamespace(**json.loads(line)) for line in result.out.splitlines()]
        serial = tmp_path / "serial"
        return SimpleNamespace(
            rc=result.rc, out=result.out, err=result.err, seconds=seconds, boots=boots, one=boots[0] if boots else None,
            kept={f.name.rpartition("kernel.")[2]: f.read_bytes() for f in serial.iterdir()} if serial.exists() else {},
            started=len((tmp_path / "started").read_text()) if (tmp_path / "started").exists() else 0,
        )  # fmt: skip

    def begin(script, console=GOOD, **options):
        return Process(argv(script, [tmp_path / "kernel"], console, options), tmp_path, dict(os.environ))

    run.begin, run.argv = begin, argv
    return run


# --- what is said is heard ------------------------------------------------------------------------


def test_all_messages(guest):
    program = {"say": "program", "object": 1, "program": PROGRAM}
    event = {"say": "event", "object": 0, "line": "pid 1"}
    module = {"say": "module", "module": "veth.ko", "code": 2}
    network = {"say": "network", "code": 95, "what": "no veth here"}
    stimulus = {"say": "stimulus", "status": 137, "timeout": True, "output": "ping\n"}
    noise = "[    0.1] Kernel says\r\n"
    text = noise + frames(READY, program, event, module, network, stimulus, proof(1), proof(0), DONE).replace("\n", "\r\n")
    text = text.replace("@skep " + TOKEN + " 3", "[ 1.5] in the middle of a line @skep " + TOKEN + " 3")
    got = guest(console=text, objects=2)
    b = got.one
    assert (b.done, b.reason, b.hint, b.tries, b.serial) == (True, None, None, 1, None)
    assert (b.release, b.proofs, b.stimulus) == ("6.1.0-test", [PROOF, PROOF], "ping\n")
    assert (b.stimulus_status, b.stimulus_timeout) == (137, True)
    assert b.problems == "module veth.ko: No such file or directory\nnetwork: no veth here\n"
    assert 0 < b.ready_ns <= b.total_ns < got.seconds * 1e9
    kernel = b.id
    lines = [line for line in got.err.splitlines() if line[0].isalpha()]
    assert lines == [f"state {kernel} runs", f"program {kernel} 1 p", f"event {kernel} 0 pid 1", f"state {kernel} done"]


def test_success_leaves_nothing_and_does_not_wait(guest):
    got = guest()
    assert got.one.done and got.seconds < 3 and got.kept == {} and got.started == 1


def test_two_at_once(guest, tmp_path):
    (tmp_path / "other").write_bytes(bzimage())
    kernels = [tmp_path / "kernel", tmp_path / "other"]
    script = "date +%s.%N >> $here/times; sleep 0.6; date +%s.%N >> $here/times; cat $console; exec sleep 1000"
    got = guest(script, kernels=kernels, jobs=2)
    times = [float(t) for t in (tmp_path / "times").read_text().split()]
    assert [b.done for b in got.boots] == [True, True]
    assert max(times[:2]) < min(times[2:]), "they did not overlap"
    (tmp_path / "times").unlink()
    assert [b.done for b in guest(script, kernels=kernels, jobs=1).boots] == [True, True]
    times = [float(t) for t in (tmp_path / "times").read_text().split()]
    assert times == sorted(times), "they overlapped"


# --- what does not fit is believed in no part -----------------------------------------------------

FORGED = {
    "token": frame(0, READY, token="f" * 32),
    "replayed": frame(0, READY) + frame(0, READY),
    "skipped": frame(0, READY) + frame(2, DONE),
    "checksum": frame(0, READY, crc=1),
    "no JSON": f"@skep {TOKEN} 0 {zlib.crc32(b'AAAA'):08x} AAAA\n",
    "no object": frames(READY, {"say": "proof", "object": 1, "proof": PROOF}),
    "negative object": frames(READY, {"say": "proof", "object": -1, "proof": PROOF}),
    "event of no object": frames(READY, {"say": "event", "object": 4, "line": "x"}),
    "second proof": frames(READY, proof(0), proof(0)),
    "second ready": frames(READY, READY),
    "no proof": frames(READY, {"say": "proof", "object": 0, "proof": {"programs": 1}}),
    "no program": frames(READY, {"say": "program", "object": 0, "program": []}),
    "no release": frames({"say": "ready"}),
    "long release": frames({"say": "ready", "release": "6" * 65}),
    "stimulus": frames(READY, {"say": "stimulus", "status": 999, "output": ""}),
    "unknown": frames(READY, {"say": "root"}),
    "nothing": frames(READY, {}),
    "an array": frames(READY, []),
}


@pytest.mark.parametrize("how", FORGED)
def test_forged(guest, how):
    got = guest(console=FORGED[how] + GOOD)
    assert (got.rc, got.one.done, got.one.tries) == (0, False, 1)
    assert got.one.reason.startswith("a result was forged or damaged: "), got.one.reason
    assert list(got.kept) == ["1.log"] and got.kept["1.log"].decode().startswith(FORGED[how][:20])
    assert got.seconds < 3


def test_half_a_frame(guest):
    """Stops within a line: nothing of it counts, and it is a hang."""
    got = guest(console=GOOD[:-20], limit_ms=900)
    assert (got.one.done, got.one.reason) == (False, "not done within 0.9 s: 1 of 1 proofs came")


def test_done_without_proofs(guest):
    got = guest(console=frames(READY, proof(1), DONE), objects=3)
    assert (got.one.done, got.one.reason) == (False, "the guest ended with 1 of 3 proofs")
    assert got.one.proofs == [None, PROOF, None]


def test_stops_before_all_is_done(guest):
    got = guest("cat $console", console=frames(READY, proof(0)), objects=2)
    assert (got.one.done, got.one.tries) == (False, 1)
    assert got.one.reason == "the machine stopped before all was done: 1 of 2 proofs came"
    assert got.one.proofs == [PROOF, None]


def test_says_that_it_cannot_go_on(guest):
    got = guest(console=frames(READY, {"say": "error", "where": "/proc", "what": "cannot mount", "hint": "do"}))
    assert (got.one.done, got.one.reason, got.one.hint) == (False, "/proc: cannot mount", "do")


def test_qemu_has_no_say(guest):
    """Results on QEMU's standard error are none."""
    got = guest("cat $console >&2; exit 0")
    assert (got.one.done, got.one.release, got.one.tries) == (False, None, 2)


def test_flood(guest):
    got = guest("exec yes 0123456789", memory=128)
    assert (got.one.done, got.one.tries, got.one.reason) == (False, 1, "the guest floods its console: 8 MiB and no end")
    assert got.seconds < 5
    log = got.kept["1.log"]
    assert 4 << 20 <= len(log) < 5 << 20 and b" bytes are left out here]\n" in log
    assert resource.getrusage(resource.RUSAGE_CHILDREN).ru_maxrss < 400 << 10


def test_flood_of_one_that_was_heard(guest):
    got = guest("cat $console; exec yes 0123456789012345678901234567890123456789", console=frame(0, READY))
    assert (got.one.done, got.one.reason) == (False, "the guest floods its console: 64 MiB and no end")
    assert got.seconds < 8


# --- a second try, and why it failed --------------------------------------------------------------

ONCE = "if [ -e $here/again ]; then {}; else touch $here/again; {}; fi"


@pytest.mark.parametrize("first", ("exit 0", "exec sleep 1000", "kill -SEGV $$", "echo Kernel panic - not syncing: x; exit 0"))
def test_second_try(guest, first, tmp_path):
    got = guest("echo \"$@\" >> $here/args; " + ONCE.format("cat $console; exec sleep 1000", first), limit_ms=3000)
    assert (got.one.done, got.one.tries, got.one.reason, got.kept, got.started) == (True, 2, None, {}, 2)
    fast, plain = (tmp_path / "args").read_text().splitlines()
    assert " -nodefaults " in fast and " quiet " in fast
    assert " -nodefaults " not in plain and " -M " not in plain and " -sandbox " not in plain and " quiet " not in plain


def test_second_try_takes_the_image(guest, tmp_path):
    (tmp_path / "image").write_bytes(bzimage())
    guest("echo \"$@\" >> $here/args; exit 0", image=tmp_path / "image")
    first, second = (tmp_path / "args").read_text().splitlines()
    assert f" -kernel {tmp_path}/kernel " in first and f" -kernel {tmp_path}/image " in second


WHY = {  # console, QEMU's words, how it ends: reason, hint
    "panic": ("[ 1.0] Kernel panic - not syncing: VFS: oh no\r\n[ 1.1] more\n", "", "exit 0", "the kernel panicked: VFS: oh no", None),
    "init": ("[ 1.0] Kernel panic - not syncing: No working init found.  Try\n", "", "exit 0",
             "the kernel finds nothing to start: No working init found.  Try", None),
    "oom": ("Kernel panic - not syncing: System is deadlocked on memory\n", "", "exit 0",
            "too little memory: System is deadlocked on memory", "give guests more: --memory 1024"),
    "unpack": ("Initramfs unpacking failed: invalid magic at start of compressed archive\n", "", "exit 0",
               "the kernel cannot unpack what it is to start: Initramfs unpacking failed: invalid magic at start of compressed archive", None),
    "room": ("Initramfs unpacking failed: write error\n", "", "exit 0",
             "too little memory: Initramfs unpacking failed: write error", "give guests more: --memory 1024"),
    "kernel": ("", "qemu-system-x86_64: could not load kernel '/x': Invalid ELF", "exit 1",
               "QEMU cannot load the kernel: could not load kernel '/x': Invalid ELF", "add the kernel again: skep kernel add"),
    "host memory": ("", "qemu-system-x86_64: cannot set up guest memory 'pc.ram': Cannot allocate memory", "exit 1",
                    "this machine has too little memory: cannot set up guest memory 'pc.ram': Cannot allocate memory",
                    "give guests less with --memory, or run fewer at once with -j"),
    "option": ("", "qemu-system-x86_64: -sandbox on: seccomp support is disabled", "exit 1",
               "QEMU ended with status 1: -sandbox on: seccomp support is disabled", None),
    "status": ("", "", "exit 3", "QEMU ended with status 3", None),
    "signal": ("", "", "kill -SEGV $$", "QEMU was killed by signal 11 (Segmentation fault)", None),
    "silent": ("", "", "exit 0", "the image does not boot: the machine stopped without a word", "add the kernel again: skep kernel add"),
    "early": ("hello\n", "", "exit 0", "the machine stopped before skep's program began", None),
    "hang": ("", "", "exec sleep 1000", "did not boot within 1.2 s and said nothing", "give it more time: --timeout"),
    "hang later": ("[ 1.0] one\r\n[ 1.1] two\r\n\r\n[ 1.2] ha", "", "exec sleep 1000",
                   "did not boot within 1.2 s; its last words: [ 1.1] two", "give it more time: --timeout"),
}  # fmt: skip


@pytest.mark.parametrize("why", WHY)
def test_why(guest, why):
    console, words, end, reason, hint = WHY[why]
    say = f'echo "{words}" >&2; ' if words else ""
    got = guest(f"cat $console; {say}{end}", console=console, memory=512, limit_ms=1200)
    assert (got.one.done, got.one.tries, got.one.reason, got.one.hint) == (False, 2, reason, hint)
    assert got.seconds < 3
    said = bool(console or words)
    assert sorted(got.kept) == (["1.log", "2.log"] if said else [])
    for log in got.kept.values():
        assert log == console.encode() + (f"\n[QEMU says]\n{words}\n".encode() if words else b"")
    assert (got.one.serial or "").endswith("kernel.2.log" if said else "")


def test_little_memory_is_suspected(guest):
    got = guest("exit 0", memory=96)
    assert got.one.hint == "it may have too little memory, 96 MiB: --memory 512"


IMAGES = {
    "garbage": (os.urandom(1 << 16), "'{}' is no kernel of x86_64"),
    "text": (b"hello\n", "'{}' is no kernel of x86_64"),
    "empty": (b"", "'{}' is no kernel of x86_64"),
    "cut": (bzimage()[:1500], "the kernel '{}' is cut short: 1500 bytes of 2048"),
    "large": (bzimage()[:0x260] + struct.pack("<I", 100 << 20) + bzimage()[0x264:],
              "too little memory: the kernel alone takes 100 of 64 MiB"),
}  # fmt: skip


@pytest.mark.parametrize("how", IMAGES)
def test_no_kernel(guest, tmp_path, how):
    data, reason = IMAGES[how]
    (tmp_path / "kernel").write_bytes(data)
    got = guest(memory=64)
    assert (got.rc, got.one.done, got.one.reason) == (0, False, reason.format(tmp_path / "kernel"))
    assert got.started == 0 and got.kept == {} and got.seconds < 1


def test_vmlinux_that_is_cut(guest, tmp_path):
    """The image beside it is whole, and boots."""
    head = struct.pack("<16sHHIQQQIHHHHHH", b"\x7fELF\2\1\1", 2, 62, 1, 0, 64, 0, 0, 64, 56, 1, 0, 0, 0)
    segment = struct.pack("<IIQQQQQQ", 1, 5, 0x1000, 0, 0, 0x5000, 0x5000, 0x1000)
    (tmp_path / "image").write_bytes(bzimage())
    (tmp_path / "kernel").write_bytes(head + segment + bytes(500))
    assert guest().one.reason == f"the kernel '{tmp_path}/kernel' is cut short: 620 bytes of 24576"
    got = guest(image=tmp_path / "image")
    assert (got.one.done, got.one.tries) == (True, 2)


def test_missing_kernel_is_one_boots_failure(guest, tmp_path):
    got = guest(kernels=[tmp_path / "nowhere", tmp_path / "kernel"])
    assert got.boots[0].reason == f"cannot read the kernel '{tmp_path}/nowhere': No such file or directory"
    assert got.boots[1].done


# --- nothing is left ------------------------------------------------------------------------------


def test_no_qemu(guest, tmp_path):
    (tmp_path / "empty").mkdir()
    got = guest(path=tmp_path / "empty")
    hint = "hint: install QEMU for x86_64 (package qemu-system-x86)"
    assert (got.rc, got.out, got.err) == (3, "", f"probe_boot: 'qemu-system-x86_64' is not installed\n{hint}\n")


def test_qemu_does_not_start(guest, tmp_path):
    argv = guest.argv("", [tmp_path / "kernel"], "", {})
    (tmp_path / "bin/qemu-system-x86_64").write_text("#!/nowhere/sh\n")
    done = subprocess.run(argv, capture_output=True, text=True)
    said = f"probe_boot: cannot start '{tmp_path}/bin/qemu-system-x86_64': No such file or directory"
    assert (done.returncode, done.stderr.splitlines()[-1]) == (3, said)


def wait_until_runs(marker, n=1):
    end = time.monotonic() + 10
    while len(relatives(marker)) < n:
        assert time.monotonic() < end
        time.sleep(0.02)


def test_killed_parent_leaves_no_guest(guest, tmp_path):
    """The stand-in ignores what can be ignored."""
    process = guest.begin("trap '' TERM HUP INT PIPE; exec sleep 1000")
    marker = str(tmp_path)
    try:
        wait_until_runs(marker)
        process.popen.send_signal(signal.SIGKILL)
        process.popen.wait()
        assert gone(marker, 2), "a guest outlives its parent"
    finally:
        process.kill()
        for pid in relatives(marker):
            os.kill(pid, signal.SIGKILL)


def test_stop(guest, probe_boot, tmp_path):
    argv = guest.argv("sleep 1000 & exec sleep 1000", [tmp_path / "kernel"], "", {"stop": 1})
    probe = subprocess.Popen(argv, stdin=subprocess.PIPE, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True)
    wait_until_runs(str(tmp_path), 2)
    began = time.monotonic()
    out, err = probe.communicate("x")
    assert time.monotonic() - began < 1
    assert (probe.returncode, out, err.splitlines()[-1]) == (3, "", "probe_boot: interrupted")
    assert gone(str(tmp_path), 1) and not (tmp_path / "serial").exists()


def test_own_children_of_qemu_end_too(guest, tmp_path):
    got = guest("sleep 1000 & cat $console; exec sleep 1000")
    assert got.one.done and gone(str(tmp_path), 1)


def test_initrd_is_a_descriptor(guest, tmp_path):
    """It is read more than once there, from its beginning."""
    (tmp_path / "initrd").write_text("abc\n")
    script = 'while [ "$1" != -initrd ]; do shift; done; cat $2 $2 > $here/read; cat $console'
    assert guest(script, initrd=tmp_path / "initrd").one.done
    assert (tmp_path / "read").read_text() == "abc\nabc\n"


# --- machines -------------------------------------------------------------------------------------


@pytest.mark.parametrize("arch", ("x86_64", "arm64", "s390x", "riscv64", "ppc64le"))
def test_arguments(probe_boot, tmp_path, arch):
    qemu = {"arm64": "aarch64", "ppc64le": "ppc64"}.get(arch, arch)
    (tmp_path / f"qemu-system-{qemu}").write_text("")
    (tmp_path / f"qemu-system-{qemu}").chmod(0o755)
    run = [probe_boot, f"path={tmp_path}", f"arch={arch}", "argv=1", "memory=512"]
    argv = subprocess.run([*run, "/k"], capture_output=True, text=True, check=True).stdout.splitlines()
    pairs = list(zip(argv, argv[1:]))
    for pair in (("-display", "none"), ("-nic", "none"), ("-serial", "stdio"), ("-m", "512M"), ("-kernel", "/k"), ("-accel", "tcg")):
        assert pair in pairs
    cmdline = dict(pairs)["-append"].split()
    assert {"panic=-1", "nokaslr"} <= set(cmdline) and any(a.startswith("console=") for a in cmdline)
    assert not [a for a in cmdline if a.startswith(("mitigations", "bpf_jit", "lockdown", "sysctl", "nosmp", "nospectre"))]


def test_kvm(guest, tmp_path):
    """The answer comes in time whatever guests do there, and is asked for once."""
    if platform.machine() != "x86_64" or not os.access("/dev/kvm", os.R_OK | os.W_OK):
        pytest.skip("no /dev/kvm")

    def ask(script):
        argv = guest.argv(script, [tmp_path / "kernel"], GOOD, {"kvm": 1, "cache": tmp_path / "cache"})
        began = time.monotonic()
        out = subprocess.run(argv, capture_output=True, text=True).stdout
        assert gone(str(tmp_path), 1)
        return out, time.monotonic() - began

    out, seconds = ask("exec sleep 1000")
    assert out == "no\n" and 4 < seconds < 7
    out, seconds = ask("exec sleep 1000")
    assert out == "no\n" and seconds < 1
    assert ask("cat $console; exec sleep 1000")[0] == "yes\n", "another QEMU is asked again"
    (tmp_path / "kernel").write_bytes(bzimage() + b"another")
    assert ask("cat $console; exec sleep 1000")[0] == "yes\n"
    assert len((tmp_path / "started").read_text()) == 3
    assert ask("cat $console; exec sleep 1000")[0] == "yes\n"
    assert len((tmp_path / "started").read_text()) == 3


# --- real kernels ---------------------------------------------------------------------------------

INIT = """
#include <fcntl.h>
#include <unistd.h>
int main(void)
{
	static char text[65536];
	int fd = open("/console", O_RDONLY);
	ssize_t n = read(fd, text, sizeof(text));
	write(1, text, n);
	if (access("/stay", F_OK))
		return 3;
	for (;;)
		pause();
}
"""


@pytest.fixture(scope="module")
def vmlinuz(debian_kernels, tmp_path_factory, tool):
    folder = tmp_path_factory.mktemp("kernel")
    for deb in debian_kernels["bookworm"]:
        tool("sh", "-c", f"dpkg-deb --fsys-tarfile '{deb}' | tar -x -C '{folder}' --wildcards './boot/vmlinuz-*' || true")
    return next(folder.glob("boot/vmlinuz-*"))


def initramfs(folder, **files):
    """Made by cpio."""
    folder.mkdir()
    (folder / "init.c").write_text(INIT)
    subprocess.run(["cc", "-O1", "-static", "-o", "init", "init.c"], cwd=folder, check=True)
    for name, text in files.items():
        (folder / name).write_text(text)
    names = "".join(f"{n}\n" for n in ("init", *files)).encode()
    made = subprocess.run(["cpio", "-o", "-H", "newc", "--quiet"], cwd=folder, input=names, capture_output=True, check=True)
    (folder / "initrd").write_bytes(made.stdout)
    return folder / "initrd"


def test_real_kernels(probe_boot, vmlinuz, tmp_path, need, monkeypatch):
    """One that says all, and one whose init exits; at the same time."""
    need("qemu-system-x86_64")
    monkeypatch.setenv(MARK, str(tmp_path))
    good = initramfs(tmp_path / "good", console=GOOD, stay="")
    exits = initramfs(tmp_path / "exits", console="hello\n")
    run = lambda *args: Process([str(probe_boot), *args, "memory=384", "limit_ms=60000", str(vmlinuz)], tmp_path, dict(os.environ))
    first, second = run(f"initrd={good}"), run(f"initrd={exits}", f"serial={tmp_path}/serial")
    a, b = json.loads(first.wait(60).out), json.loads(second.wait(60).out)
    assert (a["done"], a["proofs"], a["tries"], a["release"]) == (True, [PROOF], 1, "6.1.0-test"), a
    assert (b["done"], b["tries"]) == (False, 2)
    assert b["reason"] == "the kernel panicked: Attempted to kill init! exitcode=0x00000300"
    text = Path(b["serial"]).read_text(errors="replace")
    assert "hello" in text and "Linux version 6.1" in text, "the second try tells all"
    assert gone(str(tmp_path), 1)
