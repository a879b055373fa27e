# SPDX-License-Identifier: BSD-2-Clause
"""Which types relocations are resolved with: libbpf's log and the instructions in the kernel are the judges."""

import json
import os
import re
import shutil
import signal
import subprocess

import pytest

from conftest import BUILD, Process, Result, check_sanitisers
from coreprobe import forge  # noqa: F401

HOST = "/sys/kernel/btf/vmlinux"
RUNNING = r"^'[a-z-]+' is running"
UNSIGNED = ["--allow-unsigned", "--duration", "100ms"]
pytestmark = pytest.mark.need("root", "btf")


@pytest.fixture(scope="module")
def library(session_skep, tmp_path_factory):
    home = tmp_path_factory.mktemp("library")
    env = {"SKEP_HOME": home}
    added = session_skep("kernel", "add", "host", "--json", env=env).ok().out
    return {**env, "id": re.search(r'"(host/[^"]+)"', added)[1]}


def with_kernels(skep, library, folder, *kernels, fails=False):
    """The project's package with the types of these kernels; build makes it even if they are not what it is for."""
    yaml = folder / "skep.yaml"
    yaml.write_text(re.sub(r"^kernels:.*\n", "", yaml.read_text(), flags=re.M) + f"kernels: [{', '.join(kernels)}]\n")
    assert skep("build", "-C", folder, env={"SKEP_HOME": library["SKEP_HOME"]}).rc == fails
    return next((folder / "build").glob("*.skep"))


@pytest.fixture
def covered(skep, library, project):
    return with_kernels(skep, library, project(), library["id"])


HIDE = 'mount -t tmpfs none /sys/kernel/btf && exec "$@"'


def argv_without_btf(*args):
    return ["unshare", "-m", "sh", "-c", HIDE, "sh", BUILD / "bin/skep", *args]


@pytest.fixture
def without_btf(skep, need):
    """Run skep where the kernel's types are nowhere to be found."""
    need("unshare")

    def run(*args):
        argv = [str(a) for a in argv_without_btf(*args)]
        done = subprocess.run(argv, env=skep.environ(None), cwd=skep.cwd, capture_output=True, text=True, timeout=60)
        return check_sanitisers(Result(argv, done.returncode, done.stdout, done.stderr))

    return run


def programs(process, bpftool):
    """Instructions of the programs a process holds, as they are in the kernel; ids and addresses apart."""
    code = {}
    for info in os.listdir(f"/proc/{process.pid}/fdinfo"):
        text = open(f"/proc/{process.pid}/fdinfo/{info}").read()
        if found := re.search(r"^prog_id:\s*(\d+)", text, re.M):
            dump = bpftool("prog", "dump", "xlated", "id", found[1]).stdout
            name = json.loads(bpftool("prog", "show", "id", found[1], "--json").stdout)["name"]
            code[name] = re.sub(r"(map)\[id:\d+\]|0x[0-9a-f]+|#-?\d+", r"\1", dump)
    return code


def run_and_look(start, bpftool, package, *args):
    run = start("run", package, "--allow-unsigned", "--json", "-v", *args)
    run.wait_for(RUNNING, "err")
    code = programs(run, bpftool)
    child = subprocess.Popen(["/bin/sh", "-c", "exit 3"])
    child.wait()
    run.wait_for(rf'"kind":"EXIT","pid":{child.pid},')
    assert run.stop(signal.SIGINT).rc == 0
    mine = [json.loads(x) for x in run.out.splitlines()]
    mine = [e for e in mine if e.get("pid") == child.pid]
    return code, mine, run.err


def candidate(err):
    return int(re.search(r"struct task_struct: found target candidate \[(\d+)\]", err)[1])


def test_the_packages_types_give_the_same_program(start, covered, library, bpftool):
    kernel = run_and_look(start, bpftool, covered)
    package = run_and_look(start, bpftool, covered, "--btf", "package")
    line = f"kernel types from the package: {library['id']}"
    assert line in package[2].splitlines() and "kernel types from" not in kernel[2]
    # task_struct is one of a handful of types there
    assert candidate(package[2]) < 20 < candidate(kernel[2])
    assert len(kernel[0]) == 2 and package[0] == kernel[0]
    began, ended = package[1]
    assert (began["filename"], began["ppid"], ended["exit_code"]) == ("/bin/sh", os.getpid(), 3)
    assert [(e["kind"], e["comm"]) for e in package[1]] == [(e["kind"], e["comm"]) for e in kernel[1]]


def test_a_kernel_without_types_takes_the_packages(skep, covered, library, need):
    need("unshare")
    run = Process([str(a) for a in argv_without_btf("run", covered, "--allow-unsigned", "--json", "-v")], skep.cwd, skep.environ(None))
    try:
        run.wait_for(RUNNING, "err")
        child = subprocess.Popen(["/bin/sh", "-c", "exit 4"])
        child.wait()
        run.wait_for(rf'"kind":"EXIT","pid":{child.pid},.*"exit_code":4')
        assert run.stop(signal.SIGINT).rc == 0
    finally:
        run.kill()
    assert f"kernel types from the package: {library['id']}" in run.err.splitlines()


def test_a_kernel_without_types_and_a_package_without_them(without_btf, package):
    done = without_btf("run", package(), *UNSIGNED)
    assert (done.rc, done.out) == (1, "")
    assert done.err.splitlines()[1:] == [
        "skep run: this kernel has no types (BTF), and neither has the package for this kernel",
        "  hint: add it to kernels: of skep.yaml and build; or --btf FILE",
    ]


def test_the_package_lacks_this_kernel(skep, package, project, library, forge):
    release = os.uname().release
    done = skep("run", package(), *UNSIGNED, "--btf", "package")
    assert (done.rc, done.out) == (1, "")
    assert done.err.splitlines()[1:] == [
        f"skep run: the package has no types for kernel {release} {os.uname().version}",
        "  hint: name kernels in kernels: of skep.yaml, or with skep pack --kernel",
    ]
    add = ["kernel", "add", forge.kernel("64"), "--id", "toy/x86_64/1.0", "--arch", "x86_64"]
    skep(*add, env={"SKEP_HOME": library["SKEP_HOME"]}).ok()
    other = with_kernels(skep, library, project(), "toy/x86_64/1.0", fails=True)
    done = skep("run", other, *UNSIGNED, "--btf", "package")
    assert (done.rc, done.out) == (1, "")
    assert done.err.splitlines()[-1] == (
        "  hint: it has them for toy/x86_64/1.0; add this kernel to kernels: and build"
    )
    assert "types" not in skep("run", other, *UNSIGNED).ok().err  # the kernel's own


def test_types_of_a_file(skep, package, forge, tmp_path):
    shutil.copy(HOST, tmp_path / "own.btf")
    done = skep("run", package(), *UNSIGNED, "-v", "--btf", "own.btf").ok()
    assert "kernel types from own.btf" in done.err.splitlines()
    # of a kernel that has none of these: the verifier meets what libbpf put there
    done = skep("run", package(), *UNSIGNED, "--btf", forge.kernel("64"))
    assert done.rc == 1 and "the verifier refuses" in done.err, done
    (tmp_path / "bad.btf").write_bytes((tmp_path / "own.btf").read_bytes()[:1000])
    done = skep("run", package(), *UNSIGNED, "--btf", "bad.btf")
    assert done.rc == 1 and done.err.splitlines()[1].startswith("skep run: bad.btf: "), done
    done = skep("run", package(), *UNSIGNED, "--btf", "none.btf")
    assert done.rc == 3 and done.err.splitlines()[1].startswith("skep run: none.btf: "), done


def test_programs_that_are_attached_by_types(without_btf, skep, library, project):
    folder = project("sched-latency")
    done = without_btf("run", with_kernels(skep, library, folder, library["id"]), *UNSIGNED)
    assert (done.rc, done.out) == (1, "")
    assert re.fullmatch(
        r"skep run: '\w+' \(tp_btf/\w+\) is attached by the kernel's own types, and this kernel has none",
        done.err.splitlines()[2],
    ), done
    assert done.err.splitlines()[3] == "  hint: use a kprobe or tracepoint, or a kernel with CONFIG_DEBUG_INFO_BTF"


def test_a_damaged_bundle(skep, covered, tmp_path):
    """Sealed by the package's own digests, but no bundle."""
    import skepfile

    blobs = skepfile.read(covered)
    layer = next(b for b in blobs.values() if b[:2] == b"\x1f\x8b")
    files = [(n, d) for n, d in skepfile.layer_files(layer) if n != "skep/manifest.json"]
    files = [(n, d[:-1] if n.endswith(".btfs") else d) for n, d in files]
    meta = json.loads(dict(skepfile.layer_files(layer))["skep/manifest.json"])
    digests = {n: {"name": n, "digest": skepfile.sha256(d), "size": len(d)} for n, d in files}
    change = lambda m: (m.clear(), m.update({**meta, "files": [digests[n] for n in sorted(digests)]}))
    image = skepfile.Image(files=files, change=change)
    (tmp_path / "x.skep").write_bytes(skepfile.Layout(image, ref=f"{meta['name']}:{meta['version']}").bytes())
    done = skep("run", "x.skep", *UNSIGNED, "--btf", "package")
    assert (done.rc, done.out) == (1, "")
    assert done.err.splitlines()[1] == "skep run: skep/btf/kernels.btfs: bundle is damaged", done


TYPE_ID = """
#include "vmlinux.h"
#include <bpf/bpf_helpers.h>
#include <bpf/bpf_core_read.h>
__u32 id = 0;
SEC("tp/sched/sched_process_exec") int on_exec(void *ctx)
{
	struct task_struct *t = (void *)bpf_get_current_task();
	id = bpf_core_type_id_kernel(struct task_struct) + BPF_CORE_READ(t, pid);
	return 0;
}
char LICENSE[] SEC("license") = "GPL";
"""


KSYMS = """
#include <linux/types.h>
#include <bpf/bpf_helpers.h>
struct task_struct;
%s
__u64 out = 0;
SEC("%s") int on_exec(void *ctx)
{
	%s
	return 0;
}
char LICENSE[] SEC("license") = "GPL";
"""


@pytest.mark.parametrize(
    "name, section, declare, use",
    [
        (
            "bpf_task_release",
            "syscall",
            "struct task_struct *bpf_task_from_pid(int pid) __ksym;\nvoid bpf_task_release(struct task_struct *p) __ksym;",
            "struct task_struct *t = bpf_task_from_pid(1);\n\tif (t)\n\t\tbpf_task_release(t);",
        ),
        (
            "runqueues",
            "tp/sched/sched_process_exec",
            "struct rq { int nr; };\nextern const struct rq runqueues __ksym;",
            "out = (__u64)bpf_per_cpu_ptr(&runqueues, 0);",
        ),
        (None, "tp/sched/sched_process_exec", "extern const void schedule __ksym;", "out = (__u64)&schedule;"),
    ],
)
def test_symbols_of_a_kernel_without_types(without_btf, skep, forge, tmp_path, name, section, declare, use):
    source = tmp_path / "toy.bpf.c"
    source.write_text(KSYMS % (declare, section, use))
    shutil.copy(forge.source(source, f"{tmp_path.name}.o"), tmp_path / "toy.bpf.o")
    skep("pack", "toy.bpf.o", "--name", "toy", "--version", "1").ok()
    done = without_btf("run", "toy.skep", *UNSIGNED)
    if not name:  # found by its name
        assert done.rc == 0, done
        return
    assert (done.rc, done.out) == (1, "")
    what = re.fullmatch(
        r"skep run: 'toy' uses the kernel's '(\w+)', which is found by the kernel's own types, and this kernel has none",
        done.err.splitlines()[1],
    )
    assert what and what[1] in declare, done
    assert done.err.splitlines()[2:] == ["  hint: use a kernel with CONFIG_DEBUG_INFO_BTF"]


def test_ids_of_types_are_told_of(skep, library, tmp_path):
    folder = tmp_path / "ids"
    (folder / "src").mkdir(parents=True)
    (folder / "src/ids.bpf.c").write_text(TYPE_ID)
    (folder / "skep.yaml").write_text(
        "name: ids\nversion: 0.1.0\nlicense: GPL-2.0-only\nsources: [src/ids.bpf.c]\n"
    )
    path = with_kernels(skep, library, folder, library["id"])
    line = "'ids' asks for ids of kernel types, and gets those of other types"
    assert line in skep("run", path, *UNSIGNED, "--btf", "package").ok().err.splitlines()
    assert line not in skep("run", path, *UNSIGNED).ok().err.splitlines()
