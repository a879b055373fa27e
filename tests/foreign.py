# SPDX-License-Identifier: BSD-2-Clause
"""Kernels of other architectures: built for, predicted, booted, loaded, and their events read. Not part of the suite:
`make foreign` makes the guests' programs and asks the network for the kernels, which build/foreign keeps."""

import json
import platform

import pytest

from conftest import BUILD

KERNELS = {"arm64": ("debian/bookworm", "aarch64", "qemu-system-aarch64"), "s390x": ("debian/forky", "s390x", "qemu-system-s390x")}
STIMULUS = """#!/bin/sh
[ "$(uname -m)" = {machine} ] || exit 9
printf '#!/bin/sh\\nsleep 0.1\\n' >/honeybee
chmod 755 /honeybee
for i in 1 2 3 4; do /honeybee; done
"""


@pytest.fixture(params=[a for a in KERNELS if KERNELS[a][1] != platform.machine()])
def arch(request, need):
    need(KERNELS[request.param][2])
    return request.param


@pytest.fixture
def foreign(skep, arch):
    """skep with a library that holds the kernels of one architecture."""

    def run(*args, **options):
        return skep(*args, env={"SKEP_HOME": BUILD / "foreign" / arch}, **options)

    if not run("kernel", "list", "--json").ok().json()["kernels"]:
        run("kernel", "fetch", f"{KERNELS[arch][0]}:{arch}", timeout=500).ok()
    return run


def split(text):
    """The events, each a line, and the report behind them."""
    lines = text.splitlines()
    count = next(i for i, line in enumerate(lines) if not line.startswith('{"skep": "event"'))
    return [json.loads(line) for line in lines[:count]], json.loads("\n".join(lines[count:]))


def test_proven(foreign, arch, tmp_path):
    suite, machine, _ = KERNELS[arch]
    foreign("new", "bees", "--template", "exec-watch", cwd=tmp_path).ok()
    with open(tmp_path / "bees/skep.yaml", "a") as f:
        f.write(f"arch: [{arch}]\n")
    foreign("build", "-C", tmp_path / "bees").ok()
    (tmp_path / "stimulus").write_text(STIMULUS.format(machine=machine))
    done = foreign("prove", tmp_path / "bees/build/bees.skep", "--kernel", f"{suite}/{arch}", "--events", "--json",
                   "--duration", "60", "--stimulus", tmp_path / "stimulus", timeout=400).ok()  # fmt: skip
    events, told = split(done.out)
    (kernel,) = told["kernels"]
    (cell,) = told["objects"][0]["kernels"]
    assert (kernel["boot"]["error"], kernel["boot"]["problems"]) == (None, [])
    assert (cell["proof"]["message"], cell["proof"]["silent"], told["disagreements"]) == (None, False, [])
    programs = {p["program"]: (p["load"], p["attach"]) for p in cell["proof"]["programs"]}
    assert programs == {"on_exec": ("loaded", "attached"), "on_exit": ("loaded", "attached")}
    bees = [e["line"].split()[0] for e in events if " honeybee " in e["line"]]
    assert sorted(bees) == ["EXEC"] * 4 + ["EXIT"] * 4
