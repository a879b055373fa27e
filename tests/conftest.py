# SPDX-License-Identifier: BSD-2-Clause
"""Fixtures: the built programs, projects and packages made with them, outside judges, the machine.

    skep(*args, cwd=, env=, input=, timeout=, program=)  run to the end -> Result: rc, out, err, json()
    skep_run(*args, ...)                                 the same with the skep-run binary
    start(*args, ...)                                    run in the background -> Process
    build_dir, repo                                      paths
    project(template, name=None, build=True)             own copy of a project from a template
    package(template)                                    own copy of a project's unsigned package
    signed_package                                       own copy of exec-watch's, signed by keys.rsa
    keys, trust                                          keys.rsa, keys.ecdsa, keys.foreign; store that trusts rsa
    bpftool(*args)                                       the judge: forky's 7.8 -> CompletedProcess
    tool(*argv, check=True)                              any other judge -> CompletedProcess, text
    need('root', ...)                                    skip unless there; SKEP_REQUIRE makes that a failure
    netns                                                a veth pair into a network namespace
    debian_kernels, kernel_library                       see kernels.py
"""

import ctypes
import importlib.util
import json
import os
import platform
import re
import shutil
import signal
import subprocess
import threading
import time
import uuid
from collections import namedtuple
from pathlib import Path
from types import SimpleNamespace

import pytest

pytest_plugins = ["kernels"]
REPO = Path(__file__).resolve().parent.parent
BUILD = Path(os.environ.get("SKEP_BUILD", "build"))
BUILD = BUILD if BUILD.is_absolute() else REPO / BUILD
SESSION = uuid.uuid4().hex  # in the environment of all we start: what is left at the end is found by it
SANITISER_EXIT = 99
MOUNTS = (("bpf", "/sys/fs/bpf"), ("tracefs", "/sys/kernel/tracing"))


# --- programs ------------------------------------------------------------------------------------


class Result:
    def __init__(self, argv, rc, out, err):
        self.argv, self.rc, self.out, self.err = argv, rc, out, err

    def json(self):
        return json.loads(self.out)

    def ok(self):
        assert self.rc == 0, self
        return self

    def __repr__(self):
        argv = " ".join(map(str, self.argv))
        return f"$ {argv}\nexit {self.rc}\n--- stdout\n{self.out}--- stderr\n{self.err}"


def check_sanitisers(result):
    bad = result.rc == SANITISER_EXIT or "Sanitizer: " in result.err or ": runtime error: " in result.err
    assert not bad, f"sanitiser report\n{result}"
    return result


def base_env(home):
    """The caller's environment without what steers skep, and with all state in the session's folder."""
    env = {k: v for k, v in os.environ.items() if not k.startswith("SKEP_")}
    for name in ("SOURCE_DATE_EPOCH", "CFLAGS", "BPF_CFLAGS", "CPATH", "C_INCLUDE_PATH", "MAKEFLAGS", "MAKELEVEL"):
        env.pop(name, None)
    env.update(
        HOME=str(home),
        XDG_CACHE_HOME=str(home / "cache"),
        XDG_DATA_HOME=str(home / "data"),
        SKEP_HOME=str(home / "skep"),
        LC_ALL="C.UTF-8",
        SKEP_TEST_SESSION=SESSION,
        ASAN_OPTIONS=f"exitcode={SANITISER_EXIT}:detect_stack_use_after_return=1",
        UBSAN_OPTIONS=f"exitcode={SANITISER_EXIT}:halt_on_error=1:print_stacktrace=1",
    )
    return env


class Runner:
    def __init__(self, home, cwd):
        self.env, self.cwd = base_env(home), cwd

    def environ(self, env):
        merged = {**self.env, **(env or {})}
        return {k: str(v) for k, v in merged.items() if v is not None}

    def __call__(self, *args, cwd=None, env=None, input=None, timeout=120, program="skep"):
        argv = [str(BUILD / "bin" / program), *map(str, args)]
        data = input.encode() if isinstance(input, str) else input
        feed = {"input": data} if data is not None else {"stdin": subprocess.DEVNULL}
        done = subprocess.run(
            argv, cwd=cwd or self.cwd, env=self.environ(env), capture_output=True, timeout=timeout, **feed
        )
        out, err = done.stdout.decode(errors="replace"), done.stderr.decode(errors="replace")
        return check_sanitisers(Result(argv, done.returncode, out, err))


class Process:
    """A program in the background, its output gathered as it comes."""

    def __init__(self, argv, cwd, env):
        self.argv = argv
        self.popen = subprocess.Popen(
            argv, cwd=cwd, env=env, stdin=subprocess.DEVNULL, stdout=subprocess.PIPE, stderr=subprocess.PIPE
        )
        self.text = {"out": b"", "err": b""}
        self.readers = [
            threading.Thread(target=self._read, args=(name, pipe), daemon=True)
            for name, pipe in (("out", self.popen.stdout), ("err", self.popen.stderr))
        ]
        for reader in self.readers:
            reader.start()

    def _read(self, name, pipe):
        while chunk := os.read(pipe.fileno(), 65536):
            self.text[name] += chunk

    @property
    def pid(self):
        return self.popen.pid

    @property
    def out(self):
        return self.text["out"].decode(errors="replace")

    @property
    def err(self):
        return self.text["err"].decode(errors="replace")

    def wait_for(self, pattern, stream="out", timeout=20):
        """Wait until the regular expression is in the output; returns the match."""
        end = time.monotonic() + timeout
        while True:
            match = re.search(pattern, getattr(self, stream), re.M)
            if match:
                return match
            gone = self.popen.poll() is not None
            if gone:
                self.readers[0].join(2), self.readers[1].join(2)
                match = re.search(pattern, getattr(self, stream), re.M)
            assert match or not (gone or time.monotonic() > end), f"no /{pattern}/ in {stream}\n{self.result()!r}"
            if match:
                return match
            time.sleep(0.02)

    def result(self):
        return Result(self.argv, self.popen.poll(), self.out, self.err)

    def wait(self, timeout=30):
        self.popen.wait(timeout)
        for reader in self.readers:
            reader.join(5)
        return check_sanitisers(self.result())

    def stop(self, sig=signal.SIGINT, timeout=30):
        """Send a signal and wait for the end."""
        if self.popen.poll() is None:
            self.popen.send_signal(sig)
        return self.wait(timeout)

    def kill(self):
        if self.popen.poll() is None:
            self.popen.kill()
            self.popen.wait()


@pytest.fixture(scope="session")
def repo():
    return REPO


@pytest.fixture(scope="session")
def build_dir():
    if not (BUILD / "bin/skep").exists():
        pytest.exit(f"{BUILD}/bin/skep is not built: run 'make'", 2)
    return BUILD


@pytest.fixture(scope="session")
def session_home(tmp_path_factory):
    return tmp_path_factory.mktemp("home")


@pytest.fixture(scope="session")
def session_skep(build_dir, session_home):
    return Runner(session_home, session_home)


@pytest.fixture
def skep(build_dir, session_home, tmp_path):
    return Runner(session_home, tmp_path)


@pytest.fixture
def skep_run(skep):
    def run(*args, **kw):
        return skep(*args, program="skep-run", **kw)

    return run


@pytest.fixture
def start(skep):
    started = []

    def launch(*args, cwd=None, env=None, program="skep"):
        argv = [str(BUILD / "bin" / program), *map(str, args)]
        started.append(Process(argv, cwd or skep.cwd, skep.environ(env)))
        return started[-1]

    yield launch
    for process in started:
        process.kill()


# --- projects, packages, keys --------------------------------------------------------------------


@pytest.fixture(scope="session")
def project_cache(session_skep, tmp_path_factory):
    made = {}

    def get(template, name, build):
        key = (template, name, build)
        if key not in made:
            folder = tmp_path_factory.mktemp("project")
            session_skep("new", name, "--template", template, cwd=folder).ok()
            if build:
                session_skep("build", "-C", folder / name).ok()
            made[key] = folder / name
        return made[key]

    return get


@pytest.fixture
def project(project_cache, tmp_path):
    def copy(template="exec-watch", name=None, build=True, to=None):
        name = name or template
        to = Path(to or tmp_path / name)
        shutil.copytree(project_cache(template, name, build), to, symlinks=True)
        return to

    return copy


@pytest.fixture
def package(project_cache, tmp_path):
    def copy(template="exec-watch", to=None):
        to = Path(to or tmp_path / f"{template}.skep")
        shutil.copy(project_cache(template, template, True) / "build" / f"{template}.skep", to)
        return to

    return copy


Key = namedtuple("Key", "key crt")


@pytest.fixture(scope="session")
def keys(session_skep, tmp_path_factory):
    folder = tmp_path_factory.mktemp("keys")

    def make(name, *options):
        session_skep("keygen", "--out", folder / name, *options).ok()
        return Key(folder / name / "skep.key", folder / name / "skep.crt")

    return SimpleNamespace(
        rsa=make("rsa"), ecdsa=make("ecdsa", "--type", "ecdsa-p256"), foreign=make("foreign", "--type", "ecdsa-p256")
    )


@pytest.fixture
def trust(keys, tmp_path):
    folder = tmp_path / "trust.d"
    folder.mkdir(mode=0o700)
    shutil.copy(keys.rsa.crt, folder / "rsa.crt")
    return folder


@pytest.fixture(scope="session")
def signed_original(project_cache, keys, session_skep, tmp_path_factory):
    path = tmp_path_factory.mktemp("signed") / "exec-watch.skep"
    shutil.copy(project_cache("exec-watch", "exec-watch", True) / "build/exec-watch.skep", path)
    session_skep("sign", path, "--key", keys.rsa.key, "--cert", keys.rsa.crt).ok()
    return path


@pytest.fixture
def signed_package(signed_original, tmp_path):
    return Path(shutil.copy(signed_original, tmp_path / "signed.skep"))


# --- judges and needs ----------------------------------------------------------------------------


def run_tool(*argv, check=True, timeout=120, **kw):
    done = subprocess.run([str(a) for a in argv], capture_output=True, text=True, timeout=timeout, **kw)
    if check:
        assert done.returncode == 0, f"{argv}: exit {done.returncode}\n{done.stdout}{done.stderr}"
    return done


@pytest.fixture(scope="session")
def tool():
    return run_tool


def forky_bpftool():
    return REPO / "build/deps/bpftool/bpftool"


def bpftool_path():
    own = forky_bpftool()
    return str(own) if own.exists() else shutil.which("bpftool") or shutil.which("bpftool", path="/usr/sbin")


@pytest.fixture(scope="session")
def bpftool():
    lacking("bpftool-7.8")
    path = bpftool_path()

    def run(*args, **kw):
        return run_tool(path, *args, **kw)

    run.path = path
    return run


def mounted(path):
    return any(line.split()[1] == path for line in Path("/proc/self/mounts").read_text().splitlines())


# name -> None if it is there, else why it is not
NEEDS = {
    "root": lambda: None if os.geteuid() == 0 else "not root",
    "btf": lambda: None if os.path.exists("/sys/kernel/btf/vmlinux") else "no /sys/kernel/btf/vmlinux",
    "bpffs": lambda: None if mounted("/sys/fs/bpf") else "no bpffs at /sys/fs/bpf",
    "tracefs": lambda: None if os.path.exists("/sys/kernel/tracing/events") else "no tracefs at /sys/kernel/tracing",
    "bpftool-7.8": lambda: None if forky_bpftool().exists() else "no bpftool 7.8: run 'make deps'",
    "fuzzers": lambda: None if (REPO / "build/fuzz/seeds").exists() else "no fuzzers: run 'make fuzz-build'",
    "x86_64": lambda: None if platform.machine() == "x86_64" else "not x86_64",
    "selenium": lambda: None if importlib.util.find_spec("selenium") else "no python3-selenium",
}


def lacking(*names):
    """Skip unless all are there; fail instead if SKEP_REQUIRE names what lacks, or 'all'."""
    required = os.environ.get("SKEP_REQUIRE", "all" if os.environ.get("CI") == "true" else "")
    required = required.replace(",", " ").split()
    for name in names:
        found = shutil.which(name) or shutil.which(name, path="/usr/sbin:/sbin")
        why = NEEDS[name]() if name in NEEDS else None if found else f"'{name}' is not installed"
        if why and (name in required or "all" in required):
            pytest.fail(f"SKEP_REQUIRE: {why}")
        if why:
            pytest.skip(why)


@pytest.fixture(scope="session")
def need():
    return lacking


@pytest.fixture(autouse=True)
def marked_needs(request):
    for mark in request.node.iter_markers("need"):
        lacking(*mark.args)


# --- the machine ---------------------------------------------------------------------------------


class Netns:
    """One veth pair: `host_if` out here, `ns_if` in the namespace, /30 addresses on both."""

    serial = 0

    def __init__(self):
        Netns.serial += 1
        tag = f"{os.getpid() % 100000}.{Netns.serial}"
        self.name, self.host_if, self.ns_if = f"skep{tag}", f"sk{tag}a", f"sk{tag}b"
        subnet = f"10.199.{os.getpid() % 250}.{4 * (Netns.serial % 60)}"
        prefix, last = subnet.rsplit(".", 1)
        self.host_ip, self.ns_ip = f"{prefix}.{int(last) + 1}", f"{prefix}.{int(last) + 2}"

    def up(self):
        run_tool("ip", "netns", "add", self.name)
        run_tool("ip", "link", "add", self.host_if, "type", "veth", "peer", "name", self.ns_if, "netns", self.name)
        run_tool("ip", "addr", "add", f"{self.host_ip}/30", "dev", self.host_if)
        run_tool("ip", "link", "set", self.host_if, "up")
        self.exec("ip", "addr", "add", f"{self.ns_ip}/30", "dev", self.ns_if)
        self.exec("ip", "link", "set", self.ns_if, "up")
        self.exec("ip", "link", "set", "lo", "up")

    def exec(self, *argv, **kw):
        # nsenter and not `ip netns exec`, which mounts another /sys without bpffs and tracefs
        return run_tool("nsenter", f"--net=/run/netns/{self.name}", *argv, **kw)

    def down(self):
        run_tool("ip", "link", "del", self.host_if, check=False)
        run_tool("ip", "netns", "del", self.name, check=False)


@pytest.fixture
def netns():
    lacking("root", "ip", "nsenter")
    ns = Netns()
    try:
        ns.up()
        yield ns
    finally:
        ns.down()


def bpf_ids(command):
    """All ids by BPF_PROG_GET_NEXT_ID (11) or BPF_LINK_GET_NEXT_ID (31)."""
    number = {"x86_64": 321, "aarch64": 280, "riscv64": 280, "s390x": 351, "ppc64le": 361}[platform.machine()]
    libc, attr, ids = ctypes.CDLL(None, use_errno=True), (ctypes.c_uint32 * 4)(), set()
    while libc.syscall(number, command, ctypes.byref(attr), ctypes.sizeof(attr)) == 0:
        attr[0] = attr[1]
        ids.add(attr[1])
    return ids


def held_ids(kind):
    """Ids of programs or links that some live process has open."""
    held = set()
    for info in Path("/proc").glob("[0-9]*/fdinfo/*"):
        try:
            held.update(int(i) for i in re.findall(rf"^{kind}_id:\s*(\d+)", info.read_text(), re.M))
        except OSError:
            pass
    return held


def session_processes():
    ours = []
    for environ in Path("/proc").glob("[0-9]*/environ"):
        try:
            if f"SKEP_TEST_SESSION={SESSION}".encode() in environ.read_bytes().split(b"\0"):
                ours.append((environ.parent / "comm").read_text().strip())
        except OSError:
            pass
    return ours


@pytest.fixture(scope="session", autouse=True)
def nothing_is_left():
    """At the end no process of ours lives, and no program or link is loaded that nobody holds."""
    if os.geteuid() != 0:
        yield
        return
    before = {"prog": bpf_ids(11), "link": bpf_ids(31)}
    yield
    for _ in range(30):  # the kernel frees programs some time after the last reference
        now = {"prog": bpf_ids(11), "link": bpf_ids(31)}
        left = {kind: now[kind] - before[kind] - held_ids(kind) for kind in now}
        processes = session_processes()
        if not any(left.values()) and not processes:
            return
        time.sleep(0.1)
    pytest.fail(f"left behind: programs {left['prog']}, links {left['link']}, processes {processes}")


# Mounted once for all workers by the controlling process, unmounted when all are done.
def pytest_configure(config):
    config.addinivalue_line("markers", "need(*names): skip unless these are there, see SKEP_REQUIRE")
    config.skep_mounts = []
    if os.geteuid() != 0 or hasattr(config, "workerinput"):
        return
    for kind, path in MOUNTS:
        if not mounted(path) and os.path.isdir(path):
            done = subprocess.run(["mount", "-t", kind, kind, path], stderr=subprocess.DEVNULL)
            if done.returncode == 0:
                config.skep_mounts.append(path)


def pytest_unconfigure(config):
    for path in getattr(config, "skep_mounts", []):
        subprocess.run(["umount", "-l", path], stderr=subprocess.DEVNULL)


def pytest_report_header(config):
    return f"programs: {BUILD}/bin, bpftool: {bpftool_path()}"
