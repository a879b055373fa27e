# SPDX-License-Identifier: BSD-2-Clause
"""Kernels of Debian to test with.

    debian_kernels    name -> packages of that kernel, as `.ci/deps test` fetched them: bullseye (5.10), bookworm (6.1),
                      trixie (6.12), forky (newest), trixie-backports (newer), all amd64, and bookworm-arm64
    kernel_library    a SKEP_HOME with all of them, for reading only: copy it to change it
"""

import fcntl
import hashlib
import shutil
from contextlib import contextmanager

import pytest

SUITES = ("bullseye", "bookworm", "trixie", "forky", "trixie-backports", "bookworm-arm64")


@pytest.fixture(scope="session")
def debian_kernels(repo):
    from conftest import NEEDS, lacking

    folder = repo / "build/deps/kernels"
    for name in SUITES:
        kernel = f"kernel {name}"
        NEEDS[kernel] = lambda name=name: None if (folder / name).is_dir() else f"no kernel of {name}: .ci/deps test"
        lacking(kernel)
    return {name: sorted((folder / name).glob("*.deb")) for name in SUITES}


@contextmanager
def locked(path):
    path.parent.mkdir(parents=True, exist_ok=True)
    with open(path, "w") as lock:
        fcntl.flock(lock, fcntl.LOCK_EX)
        yield


def identity(repo, kernels):
    """What decides what the library holds: the packages, and the code that reads them."""
    code = sorted(f for folder in ("base", "btf", "kernel") for f in (repo / "lib" / folder).glob("*.[ch]"))
    digest = hashlib.sha256()
    for path in code:
        digest.update(path.read_bytes())
    for path in (p for paths in kernels.values() for p in paths):
        digest.update(f"{path.name} {path.stat().st_size}\n".encode())
    return digest.hexdigest()[:16]


@pytest.fixture(scope="session")
def kernel_library(repo, debian_kernels, session_skep):
    """Made once for all workers, builds and runs as long as nothing that decides it changes."""
    place = repo / "build/test-kernels"
    home = place / identity(repo, debian_kernels)
    with locked(place / "lock"):
        if not home.exists():
            for old in sorted(place.glob("*/"), key=lambda p: p.stat().st_mtime)[:-3]:
                shutil.rmtree(old)
            new = home.with_suffix(".new")
            packages = [p for paths in debian_kernels.values() for p in paths]
            session_skep("kernel", "add", *packages, env={"SKEP_HOME": new}, timeout=300).ok()
            new.rename(home)
    return home
