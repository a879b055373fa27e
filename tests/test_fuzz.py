# SPDX-License-Identifier: BSD-2-Clause
"""Every fuzz harness for some seconds, from seeds that reach what it is for. `make fuzz` runs them longer."""

import importlib.util
import os
import struct

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


def test_array_of_narrow_numbers(need, tool, tmp_path):
    """BTF may say that a byte holds fewer bits: elements of an array lie bytes apart all the same."""
    need("fuzzers")
    strings = b"\0unsigned char\0"
    number = struct.pack("<IIII", 1, 1 << 24, 1, 1)  # of one byte, one bit
    array = struct.pack("<IIIIII", 0, 3 << 24, 0, 1, 1, 64)
    types = number + array
    header = struct.pack("<HBBIIIII", 0xEB9F, 1, 0, 24, 0, len(types), len(types), len(strings))
    sample = tmp_path / "narrow.btf"
    sample.write_bytes(header + types + strings)
    done = tool(REPO / "build/fuzz/fuzz_decode", sample, check=False)
    assert done.returncode == 0, done.stderr[-3000:]
