# SPDX-License-Identifier: BSD-2-Clause
"""`make demo` where the host takes no BPF programs: a guest does."""

import os
import re
import shutil
import subprocess

import pytest

from conftest import BUILD, base_env


@pytest.mark.need("qemu-system-x86_64", "busybox", "clang")
def test_guest(repo, kernel_library, tmp_path):
    if not (repo / "build/deps/libbpf/SOURCE").exists():
        pytest.skip("libbpf's source was put there by hand")
    env = {**base_env(tmp_path), "SKEP_BUILD": str(BUILD), "SKEP_HOME": str(kernel_library), "DEMO_GUEST": "1"}
    try:
        done = subprocess.run([repo / "tests/demo.sh"], env=env, capture_output=True, text=True, timeout=120)
    finally:
        shutil.rmtree(BUILD / "demo", ignore_errors=True)
    assert (done.returncode, done.stderr) == (0, ""), done
    assert "\ndemo: programs go to a guest, not to this host: DEMO_GUEST asks for one\n" in done.stdout
    assert "$ skep run" not in done.stdout
    events = re.findall(r"^debian/bookworm/x86_64\S* exec_watch \| (?:EXEC|EXIT) .* honeybee ", done.stdout, re.M)
    assert len(events) == 16  # begin and end of eight processes
    last = done.stdout.splitlines()[-1]
    assert re.fullmatch(
        r"demo: done: a signed package ran on Linux 6\.1\.\S* in a guest and reported 16 events of the processes started for it",
        last,
    )
    assert os.uname().release not in last
