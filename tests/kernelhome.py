# SPDX-License-Identifier: BSD-2-Clause
"""A kernel library of the test's own, and small kernels for it: import the fixtures by name."""

import pytest

from tinybtf import kernel

BOOKWORM = "debian/bookworm/x86_64"


@pytest.fixture
def home(tmp_path):
    return tmp_path / "home"


@pytest.fixture
def lib(skep, home):
    """skep kernel ... with a library of its own."""

    def run(*args, **kw):
        return skep("kernel", *args, env={"SKEP_HOME": home, **kw.pop("env", {})}, **kw)

    return run


@pytest.fixture
def tree(tmp_path):
    """Files as BTFHub lays them out: id debian/SUITE/ARCH/... follows from where they lie."""

    def make(release, *structs, suite="bookworm", arch="x86_64", root="tree"):
        path = tmp_path / root / "debian" / suite / arch / f"{release}.btf"
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_bytes(kernel(arch, *structs))
        return path

    return make


def files(folder):
    """What is below a folder -> bytes, without the lock and folders."""
    return {
        str(p.relative_to(folder)): p.read_bytes() for p in sorted(folder.rglob("*")) if p.is_file() and p.name != "lock"
    }


def ids(lib):
    return [k["id"] for k in lib("list", "--json").ok().json()["kernels"]]
