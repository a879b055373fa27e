# SPDX-License-Identifier: BSD-2-Clause
"""What skep prove makes of what guests say: one that gave up an object, one that tells of other programs, one that has
problems. In place of QEMU a script says it."""

import os
import shutil
import subprocess
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
    built = project_cache("exec-watch", "exec-watch", True) / "build/exec_watch.bpf.o"

    def run(*messages, args=(), obj=built):
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
    assert "loads, not asked" in done.out and "loads, proven" not in done.out


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


@pytest.mark.parametrize(
    "at, foreseen", [("(85) call bpf_new#999", False), ("(07) r0 += 1", True)], ids=["of a call", "of an instruction"]
)
def test_a_complaint_that_nobody_knows(prove, at, foreseen):
    """Where something is called, it may be for what the kernel lacks: then the prediction was wrong."""
    log = f"0: R1=ctx() R10=fp0\n0: {at}\nsomething is qz\nprocessed 1 insns (limit 1000000)\n"
    done = prove(proof(program("on_exec", "refused", code=22, log=log), program("on_exit")), args=["--json"])
    assert (done.rc, done.json()["disagreements"] == []) == (1, foreseen)


def test_all_problems_are_told(prove):
    bad = [{"say": "module", "module": f"/skep/m{i}.ko", "code": 22} for i in range(2)]
    done = prove(*bad, proof(program("on_exec"), program("on_exit")), args=["--json"]).ok()
    assert done.json()["kernels"][0]["boot"]["problems"] == [f"module /skep/m{i}.ko: Invalid argument" for i in range(2)]


def test_a_program_to_choose_may_lack(skep, prove, build_dir, tmp_path):
    """As in a check: SEC("?...") is loaded where somebody wants it."""
    source, obj = tmp_path / "choose.bpf.c", tmp_path / "choose.bpf.o"
    source.write_text("""#include <linux/bpf.h>
        #include <bpf/bpf_helpers.h>
        SEC("?tp_btf/qz_none") int gone(void *ctx) { return 0; }
        SEC("tracepoint/sched/sched_switch") int there(void *ctx) { return 0; }
        char LICENSE[] SEC("license") = "GPL";\n""")
    compile_bpf = [shutil.which("clang-19") or "clang", "--target=bpfel", "-mcpu=v3", "-g", "-O2", "-c", source, "-o", obj,
                   f"-I{build_dir}/share/skep/libbpf", "-idirafter", f"/usr/include/{os.uname().machine}-linux-gnu"]  # fmt: skip
    subprocess.run(compile_bpf, check=True)
    done = prove(proof(program("gone", "refused", code=3), program("there")), obj=obj).ok()
    assert f"{source}:3: gone is refused on" in done.out and "; enable it with bpf_program__set_autoload() only where" in done.out
    assert prove(proof(program("gone"), program("there")), obj=obj).rc == 1
    assert prove(proof(program("gone", "refused", code=3), program("there", "refused", code=22)), obj=obj).rc == 1


def test_a_kernel_of_another_architecture_was_not_asked(skep, project_cache, kernel_library):
    package = project_cache("exec-watch", "exec-watch", True) / "build/exec-watch.skep"
    done = skep("prove", package, "--kernel", "debian/bookworm/arm64", env={"SKEP_HOME": kernel_library})
    assert (done.rc, done.err) == (
        3,
        "skep prove: none of these kernels is of an architecture that there is an object for\n"
        "  hint: skep.yaml: arch: [x86_64, arm64] builds for both\n",
    )
