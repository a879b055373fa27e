# SPDX-License-Identifier: BSD-2-Clause
"""What skep prove makes of what guests say: one that gave up an object, one that tells of other programs, one that has
problems. In place of QEMU a script says it."""

import sys
from pathlib import Path

import pytest

KERNEL = "debian/trixie/x86_64"
STATS = {"insns": 9, "states": 1, "peak_states": 1, "stack": 8, "jited": 40, "time_ns": 1000}
QEMU = """#!{python}
import mmap, re, sys, time
sys.path.insert(0, {tests!r})
from test_boot import DONE, READY, frame
token = re.search(rb'"token":"([0-9a-f]{{32}})"', open("/proc/self/fd/3", "rb").read())[1].decode()
for i, message in enumerate([READY, *{messages!r}, DONE]):
    print(frame(i, message, token), end="", flush=True)
time.sleep(60)
"""


def program(name, load="loaded", **more):
    return {"name": name, "type": "tracepoint", "load": load, "code": 0, "message": None, "log": None, "log_cut": False,
            "stats": STATS, "attach": "none", "attach_message": None, "runs": 0, **more}  # fmt: skip


def proof(*programs, message=None):
    return {"say": "proof", "object": 0, "proof": {"message": message, "programs": list(programs), "buffers": []}}


@pytest.fixture
def prove(skep, project_cache, kernel_library, tmp_path):
    obj = project_cache("exec-watch", "exec-watch", True) / "build/exec_watch.bpf.o"

    def run(*messages, args=()):
        qemu = tmp_path / "qemu-system-x86_64"
        tests = str(Path(__file__).parent)
        qemu.write_text(QEMU.format(python=sys.executable, tests=tests, messages=messages))
        qemu.chmod(0o755)
        env = {"SKEP_HOME": kernel_library, "PATH": f"{tmp_path}:/usr/bin:/bin"}
        return skep("prove", obj, "--kernel", KERNEL, *args, env=env)

    return run


def loads(done):
    return {p["program"]: p["load"] for p in done.json()["objects"][0]["kernels"][0]["proof"]["programs"]}


def test_an_object_that_was_given_up(prove):
    """It tells of those it came to; the kernel could not be asked about the rest."""
    said = proof(program("on_exit"), message="gave up on the object: loading it took too long")
    done = prove(said, args=["--json"])
    assert (done.rc, loads(done)) == (3, {"on_exec": "untried", "on_exit": "loaded"})
    done = prove(said)
    assert done.rc == 3 and "was not tried" in done.out and "gave up on the object" in done.out


def test_programs_in_another_order(prove):
    done = prove(proof(program("on_exit", "refused", code=22), program("on_exec")), args=["--json"])
    assert (done.rc, loads(done)) == (1, {"on_exec": "loaded", "on_exit": "refused"})


@pytest.mark.parametrize(
    "programs, why",
    [
        (["on_exec"], "the guest did not tell of 'on_exit' of 'exec_watch'"),
        (["on_exec", "on_exit", "on_exit"], "the guest told of a program 'on_exit' that 'exec_watch' does not have"),
        (["on_exec", "x"], "the guest told of a program 'x' that 'exec_watch' does not have"),
    ],
)
def test_other_programs(prove, programs, why):
    """Then nothing that it says counts."""
    done = prove(proof(*map(program, programs)), args=["--json"])
    told = done.json()
    assert done.rc == 3 and told["kernels"][0]["boot"]["error"] == why
    assert told["objects"][0]["kernels"][0]["proof"] is None and told["disagreements"] == []


def test_all_problems_are_told(prove):
    bad = [{"say": "module", "module": f"/skep/m{i}.ko", "code": 22} for i in range(2)]
    done = prove(*bad, proof(program("on_exec"), program("on_exit")), args=["--json"]).ok()
    assert done.json()["kernels"][0]["boot"]["problems"] == [f"module /skep/m{i}.ko: Invalid argument" for i in range(2)]


def test_a_kernel_of_another_architecture_was_not_asked(skep, project_cache, kernel_library):
    package = project_cache("exec-watch", "exec-watch", True) / "build/exec-watch.skep"
    done = skep("prove", package, "--kernel", "debian/bookworm/arm64", env={"SKEP_HOME": kernel_library})
    assert done.rc == 3 and "no kernel could be asked" in done.out
