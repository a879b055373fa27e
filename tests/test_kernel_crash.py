# SPDX-License-Identifier: BSD-2-Clause
"""The kernel library under many at once, killed at every moment, and on a full disk."""

import json
import os
import shutil
import subprocess
import time
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import pytest

from kernelhome import BOOKWORM, files, home, ids, lib, tree  # noqa: F401


def test_many_writers_and_readers(lib, home, tree):
    for n in range(6):
        tree(f"6.1.0-{n}-amd64", f"s{n}", root=f"t{n}")
        tree("6.0.0-1-amd64", "common", root=f"t{n}")
    with ThreadPoolExecutor(12) as pool:
        adds = [pool.submit(lib, "add", f"t{n}") for n in range(6)]
        lists = [pool.submit(lib, "list", "--json") for _ in range(12)]
        drops = [pool.submit(lib, "remove", "debian/bookworm/x86_64/generic/6.0.0-1") for _ in range(3)]
        for done in adds + lists:
            done.result().ok()
        assert {d.result().rc for d in drops} <= {0, 3}
    lib("add", "t0").ok()
    assert ids(lib) == [f"{BOOKWORM}/generic/6.0.0-1"] + [f"{BOOKWORM}/generic/6.1.0-{n}" for n in range(6)]
    assert len(files(home)) == 3 * 7
    for kernel_id in ids(lib):
        lib("show", kernel_id).ok()


@pytest.mark.need("strace")
def test_replaced_while_it_is_read(lib, home, tree):
    """A reader that has the profile but not yet its types takes what came in their place."""
    tree("6.1.0-1-amd64", "old")
    lib("add", "tree").ok()
    tree("6.1.0-1-amd64", "new", "newer")
    (index,) = (home / "index").iterdir()
    helper = Path(lib("list").argv[0]).parent.parent / "libexec/skep/skep-kernel"
    argv = ["strace", "-qq", "-o", "/dev/null", "-P", index, "-e", "inject=openat:delay_enter=1500000", helper, "show", "debian", "--json"]
    env = {**os.environ, "SKEP_HOME": str(home), "ASAN_OPTIONS": "detect_leaks=0"}
    reader = subprocess.Popen([str(a) for a in argv], env=env, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True)
    time.sleep(0.7)
    lib("add", "tree", "--replace").ok()
    out, err = reader.communicate(timeout=60)
    assert (reader.returncode, err) == (0, "")
    assert json.loads(out)["types"]["types"] == 5


CALLS = "write,fsync,rename,mkdir,unlink,unlinkat"  # all that changes files, but for making empty ones


def killed_at(lib, home, step, *args):
    """Run under strace, which kills at the step-th call that matters; False when it ran to its end."""
    argv = lib("list").argv
    helper = Path(argv[0]).parent.parent / "libexec/skep/skep-kernel"
    done = subprocess.run(
        ["strace", "-f", "-qq", "-o", "/dev/null", "-e", f"trace={CALLS}"]
        + ["-e", f"inject={CALLS}:signal=SIGKILL:when={step}", helper, *args],
        env={**os.environ, "SKEP_HOME": str(home), "ASAN_OPTIONS": "detect_leaks=0"},
        cwd=home.parent, capture_output=True,
    )  # fmt: skip
    assert done.returncode in (0, -9, 137), done
    return done.returncode != 0


@pytest.mark.need("strace")
def test_killed_at_any_moment(lib, home, tree, tmp_path):
    """Whatever call it dies in: what was there stays, what is new is whole or not there, the next add tidies up."""
    tree("6.1.0-1-amd64", "old")
    lib("add", "tree").ok()
    original = files(home)
    tree("6.1.0-2-amd64", "new", root="more")
    lib("add", "more").ok()
    finished = files(home)
    shutil.rmtree(home)
    both = [f"{BOOKWORM}/generic/6.1.0-{n}" for n in (1, 2)]
    outcomes, step = set(), 1
    while True:
        lib("add", "tree").ok()
        assert files(home) == original
        killed = killed_at(lib, home, step, "add", "more")
        found = ids(lib)
        assert found in (both[:1], both), step
        outcomes.add(len(found))
        for kernel_id in found:
            lib("show", kernel_id).ok()
        assert {k: v for k, v in files(home).items() if k in original} == original
        if step % 5 == 0 or not killed:
            lib("add", "more").ok()
            assert files(home) == finished, step
        if not killed:
            break
        shutil.rmtree(home)
        step += 1
    assert outcomes == {1, 2} and step > 10


@pytest.mark.need("strace")
def test_killed_while_removing(lib, home, tree):
    tree("6.1.0-1-amd64", "old")
    lib("add", "tree").ok()
    kept = files(home)
    tree("6.1.0-2-amd64", "new", root="more")
    step, going = 1, True
    while going:
        lib("add", "more").ok()
        going = killed_at(lib, home, step, "remove", f"{BOOKWORM}/generic/6.1.0-2")
        for kernel_id in ids(lib):
            lib("show", kernel_id).ok()
        step += 1
    assert files(home) == kept and step > 3


def test_full_disk(lib, home, tree, need, tool):
    need("root", "mount")
    home.mkdir(mode=0o700)
    tree("6.1.0-1-amd64")
    tree("6.1.0-2-amd64", *(f"a_long_name_of_a_struct_{n}" for n in range(4000)), root="big")
    tool("mount", "-t", "tmpfs", "-o", "size=160k,mode=700", "tmpfs", home)
    try:
        lib("add", "tree").ok()
        before = files(home)
        done = lib("add", "big")
        assert done.rc == 3 and "No space left on device" in done.err.splitlines()[0], done
        assert files(home) == before
        lib("show", "debian/bookworm").ok()
    finally:
        tool("umount", home)
