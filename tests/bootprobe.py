# SPDX-License-Identifier: BSD-2-Clause
"""What guests start from, through tests/probe_initramfs.c.

    boot_probe(command, *args)    run it -> Result
"""

import os
import subprocess

import pytest

from conftest import Result, check_sanitisers

LIBRARIES = "-lelf -lz -ljansson -lfyaml -lcrypto".split()


@pytest.fixture(scope="session")
def boot_probe(build_dir, repo, tmp_path_factory):
    """Beside the programs, as what it looks for is found from there."""
    place = tmp_path_factory.mktemp("probe")
    (place / "bin").mkdir()
    (place / "libexec").symlink_to(build_dir / "libexec")
    path = place / "bin/probe_initramfs"
    flags = (build_dir / "flags").read_text().split()
    archives = [build_dir / "libskep.a", repo / "build/deps/libbpf/inst/libbpf.a"]
    argv = [*flags, "-Wl,--gc-sections", "-o", path, "tests/probe_initramfs.c", *archives, *LIBRARIES]
    done = subprocess.run([str(a) for a in argv], cwd=repo, capture_output=True, text=True)
    assert done.returncode == 0, done.stderr

    def run(*args, env=None, timeout=60, program=path):
        whole = [str(program), *map(str, args)]
        environ = {**os.environ, "UBSAN_OPTIONS": "halt_on_error=1", **(env or {})}
        done = subprocess.run(whole, capture_output=True, text=True, env=environ, timeout=timeout, stdin=subprocess.DEVNULL)
        return check_sanitisers(Result(whole, done.returncode, done.stdout, done.stderr))

    run.path = path
    return run
