# SPDX-License-Identifier: BSD-2-Clause
"""What nobody would give skep check, but somebody with a grudge: an answer or an error, soon, and in little memory."""

import json
import shutil

import pytest

import tinybtf
from bpfelf import CALL, EXIT, MOV, Object, insn
from kernels import debian_kernels, kernel_library  # noqa: F401

DONE = [insn(MOV), insn(EXIT)]
MOST_OF_ONE = 8192


@pytest.fixture
def check(skep, tmp_path):
    """An object as bytes, against a kernel that is next to nothing."""
    kernel = tmp_path / "kernel.btf"
    kernel.write_bytes(tinybtf.kernel())

    def run(data, *args, **kw):
        path = tmp_path / "x.bpf.o"
        path.write_bytes(data)
        return skep("check", path, "--btf", kernel, *args, **{"timeout": 60, **kw})

    return run


def helpers(programs, calls):
    o = Object()
    for i in range(programs):
        o.function(f"p{i}", [insn(CALL, imm=n) for n in range(calls)] + DONE)
    return o.bytes()


@pytest.mark.parametrize("programs, calls", [(1, 100000), (2000, 209)], ids=["calls", "programs"])
def test_findings_in_words_are_bounded(check, programs, calls):
    """The worst have words; the others are counted, in the reason beside the kernel too."""
    done = check(helpers(programs, calls), "--json")
    assert done.rc == 1
    cell = json.loads(done.out)["objects"][0]["kernels"][0]
    assert len(cell["findings"]) == MOST_OF_ONE and cell["more"] > 90000
    assert {f["status"] for f in cell["findings"][:100]} == {"fails"}
    told = int(cell["reason"].rsplit("and ", 1)[1].split()[0])
    assert told < MOST_OF_ONE + cell["more"]
    failing = {f["program"] for f in cell["findings"] if f["status"] == "fails"}
    assert failing <= {p["program"] for p in cell["programs"] if p["verdict"] == "fails"}


def test_few_findings_are_all_in_words(check):
    cell = json.loads(check(helpers(1, 209), "--json").out)["objects"][0]["kernels"][0]
    assert cell["more"] == 0 and 100 < len(cell["findings"]) < MOST_OF_ONE


def test_too_many_programs_name_their_file(check, tmp_path):
    """What each program reaches is followed by itself, and all of it together is bounded."""
    done = check(helpers(4200, 0))
    assert (done.rc, done.out) == (1, "")
    assert done.err.startswith(f"skep check: {tmp_path}/x.bpf.o: too many calls to follow\n"), done.err


@pytest.mark.parametrize("count", [16384, 16385])
def test_externs_are_bounded(check, count):
    """libbpf compares each with all others: a quarter of a million would take it minutes."""
    o = Object()
    o.function("p", DONE)
    o.externs = count
    done = check(o.bytes())
    if count > 16384:
        assert done.rc == 1 and "is one extern more than the 16384 that are read" in done.err, done
    else:
        assert "one extern more" not in done.err, done


def test_missing_types_name_their_kernel(skep, tmp_path, kernel_library):  # noqa: F811
    home, path = tmp_path / "home", tmp_path / "x.bpf.o"
    shutil.copytree(kernel_library, home)
    path.write_bytes(helpers(1, 1))
    profile = json.loads(sorted((home / "kernels").glob("*.json"))[0].read_text())
    for kept in (home / "blobs/sha256", home / "index"):
        shutil.rmtree(kept, ignore_errors=True)
    done = skep("check", path, "--all", env={"SKEP_HOME": home})
    assert done.rc == 3 and f"while reading kernel '{profile['id']}'" in done.err, done
