# SPDX-License-Identifier: BSD-2-Clause
"""Every fuzz harness for some seconds, from seeds that reach what it is for. `make fuzz` runs them longer."""

import importlib.util
import os

import pytest

from conftest import REPO

HARNESSES = sorted(p.stem for p in (REPO / "tests/fuzz").glob("fuzz_*.c"))
SECONDS = int(os.environ.get("FUZZ_SECONDS", 3))

spec = importlib.util.spec_from_file_location("fuzz_run", REPO / "tests/fuzz/run.py")
fuzz_run = importlib.util.module_from_spec(spec)
spec.loader.exec_module(fuzz_run)


def test_there_is_a_harness_for_every_parser():
    assert {"fuzz_yaml", "fuzz_object", "fuzz_btf", "fuzz_package", "fuzz_bundle", "fuzz_cert"} <= set(HARNESSES)


@pytest.mark.parametrize("name", HARNESSES)
def test_no_crash(name, need):
    need("fuzzers")
    fuzzer = REPO / "build/fuzz" / name
    folders = fuzz_run.seed_folders(fuzzer)
    assert any(any(f.iterdir()) for f in folders), "no seeds"
    code, summary, log = fuzz_run.fuzz(fuzzer, SECONDS)
    assert code == 0, f"{summary}\n{log[-6000:]}"
    assert fuzz_run.re.search(r"number_of_executed_units:\s*[1-9]\d", log), log[-2000:]
