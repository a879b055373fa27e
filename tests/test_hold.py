# SPDX-License-Identifier: BSD-2-Clause
"""What one kernel says to each need of an object, and in which words.

data/hold/kernel.c has all that data/hold/object.bpf.c asks for. A case takes one thing out of the kernel, its
configuration or its release: exactly the needs named answer otherwise then. The judges of what kernels have are the
kernels: the running one's tracefs, libbpf's own log of what it resolves, and Debian's packages.
"""

import json
import os
import re
import subprocess
from pathlib import Path

import pytest

from conftest import BUILD, REPO, run_tool
from kernels import debian_kernels, kernel_library  # noqa: F401

SOURCES = REPO / "tests/data/hold"
CONFIG = """\
CONFIG_FIRST=y
CONFIG_BPF_SYSCALL=y
CONFIG_BPF_JIT=y
CONFIG_BPF_EVENTS=y
CONFIG_BPF_LSM=y
CONFIG_LSM="lockdown,bpf"
CONFIG_NET=y
CONFIG_CGROUP_BPF=y
CONFIG_KPROBE_EVENTS=y
CONFIG_UPROBE_EVENTS=y
CONFIG_FPROBE=y
CONFIG_FTRACE_SYSCALLS=y
CONFIG_FUNCTION_ERROR_INJECTION=y
CONFIG_DYNAMIC_FTRACE_WITH_DIRECT_CALLS=y
CONFIG_HZ=250
CONFIG_TRI=m
CONFIG_BOOL=y
CONFIG_TEXT="abc"
CONFIG_SHORT=-2
CONFIG_CHAR=0x41
"""
RELEASE = "6.12.0-9-amd64"
VERSION = "#1 SMP PREEMPT_DYNAMIC Debian 6.12.43-1 (2026-01-01)"


class Rows(list):
    """Lines of probe_hold, split."""

    def needs(self):
        return {(r[1], r[2]): tuple(r[3:]) for r in self if r[0] == "need"}

    def findings(self, why):
        return [row for row in self if row[0] == "finding" and row[6] == why]

    def externs(self):
        return {r[1]: (r[2], r[3]) for r in self if r[0] == "extern"}

    def value(self, tag):
        return next(row[1:] for row in self if row[0] == tag)


@pytest.fixture(scope="session")
def hold(build_dir, tmp_path_factory):
    program = tmp_path_factory.mktemp("probe") / "probe_hold"
    flags = (build_dir / "flags").read_text().split()
    libs = [build_dir / "libskep.a", "build/deps/libbpf/inst/libbpf.a", "-lelf", "-ljansson", "-lcrypto", "-lfyaml", "-lz"]
    argv = [*flags, "-Wl,--gc-sections", "-o", program, "tests/probe_hold.c", *libs]
    done = subprocess.run(argv, cwd=REPO, capture_output=True, text=True)
    assert done.returncode == 0, done.stderr

    def run(*args):
        env = {**os.environ, "UBSAN_OPTIONS": "halt_on_error=1:print_stacktrace=1"}
        out = run_tool(program, *args, env=env).stdout
        return Rows(line.split("\t") for line in out.splitlines())

    return run


@pytest.fixture(scope="session")
def forge(build_dir, tmp_path_factory):
    folder = tmp_path_factory.mktemp("hold")
    libbpf = ["-I", BUILD / "share/skep/libbpf", "-idirafter", "/usr/include/x86_64-linux-gnu"]

    def clang(source, *flags, order="el"):
        out = folder / (re.sub(r"\W+", "_", "".join([Path(source).stem, order, *flags])) + ".o")
        if not out.exists():
            argv = ["-g", "-O2", "-mcpu=v3", "-D__TARGET_ARCH_x86", "-Wno-everything", *flags, *libbpf]
            run_tool("clang-19", f"--target=bpf{order}", *argv, "-c", source, "-o", out)
        return out

    return clang


def btf_of(elf):
    """The bytes of an ELF's .BTF."""
    out = elf.with_suffix(".btf")
    if not out.exists():
        run_tool("llvm-objcopy-19", "--dump-section", f".BTF={out}", elf, "/dev/null")
    return out.read_bytes()


@pytest.fixture
def profile(tmp_path):
    """A library with one kernel, made by hand: (home, id)."""

    def make(btf, config=CONFIG, release=RELEASE, version=VERSION, arch="x86_64", name="debian/bookworm/x86_64/amd64/6.12.0-9"):
        import hashlib

        home = tmp_path / "home"
        blobs = home / "blobs/sha256"
        for folder in (home, home / "kernels", home / "blobs", blobs, home / "index"):
            folder.mkdir(exist_ok=True, mode=0o700)

        def put(data):
            digest = hashlib.sha256(data).hexdigest()
            (blobs / digest).write_bytes(data)
            return f"sha256:{digest}"

        row = {
            "arch": arch,
            "big_endian": False,
            "btf": put(btf),
            "config": put(config.encode()) if config is not None else None,
            "id": name,
            "image": None,
            "modules": None,
            "pointer_size": 8,
            "release": release,
            "schema": 1,
            "sources": [],
            "version": version,
        }
        (home / "kernels" / (name.replace("/", ",") + ".json")).write_text(json.dumps(row))
        return home, name

    return make


@pytest.fixture
def ask(hold, forge, profile):
    def run(kernel=(), obj=(), **kw):
        home, name = profile(btf_of(forge(SOURCES / "kernel.c", *kernel)), **kw)
        return hold(forge(SOURCES / "object.bpf.c", *obj), home, name)

    return run


# --- one reason each --------------------------------------------------------------------------------

EXPECTED = {("kernel symbol", "symbol"): ("unknown", "load", "WHY_SYMBOL_UNKNOWN")}


def answers(rows):
    return {key: value for key, value in rows.needs().items() if value[0] != "yes"}


def test_a_kernel_that_has_everything(ask):
    rows = ask()
    assert answers(rows) == EXPECTED
    assert rows.value("version") == ["6.12.43"]


def without(*lines):
    return "".join(line + "\n" for line in CONFIG.splitlines() if line.split("=")[0] not in lines)


def no(why, phase="load"):
    return "no", phase, why


TASK = ("relocation", "struct task.__state")
# reason: kernel's flags, arguments of the profile, {need: answer}, what, instead, remedy of its first finding
CASES = {
    "prog_type": (
        ["-DNO_PROG_TYPE"], {}, {("program type", "syscall"): no("WHY_NO_ENUMERATOR")},
        "program type syscall does not exist", "it came with Linux 5.14",
        'declare it SEC("?syscall") and enable it with bpf_program__set_autoload() where the kernel has it',
    ),
    "attach_type": (
        ["-DNO_ATTACH_TYPE"], {}, {("attach type", "cgroup_inet4_getpeername"): no("WHY_NO_ENUMERATOR")},
        "attach type cgroup_inet4_getpeername does not exist", "it came with Linux 5.8",
        'declare it SEC("?cgroup/getpeername4") and enable it with bpf_program__set_autoload() where the kernel has it',
    ),
    "attach_type_late": (
        ["-DNO_MULTI"], {}, {("attach type", "trace_kprobe_multi"): no("WHY_NO_ENUMERATOR", "attach")},
        "attach type trace_kprobe_multi does not exist", "it came with Linux 5.18",
        'declare it SEC("?kprobe.multi/probe*") and enable it with bpf_program__set_autoload() where the kernel has it',
    ),
    "map_type": (
        ["-DNO_MAP_TYPE"], {}, {("map type", "ringbuf"): no("WHY_NO_ENUMERATOR")},
        "map type ringbuf does not exist", "it came with Linux 5.8",
        "guard it with bpf_core_enum_value_exists(enum bpf_map_type, BPF_MAP_TYPE_RINGBUF) where it is used, and create it "
        "there alone with bpf_map__set_autocreate()",
    ),
    "helper": (
        ["-DNO_HELPER"], {}, {("helper", "bpf_get_current_task_btf"): no("WHY_NO_ENUMERATOR")},
        "helper bpf_get_current_task_btf does not exist", "it came with Linux 5.11",
        "guard it with bpf_core_enum_value_exists(enum bpf_func_id, BPF_FUNC_get_current_task_btf)",
    ),
    "helper_of_another_number": (
        ["-DOTHER_HELPER"], {}, {("helper", "bpf_get_current_task_btf"): no("WHY_NO_ENUMERATOR")},
        "helper bpf_get_current_task_btf does not exist", "it came with Linux 5.11", None,
    ),
    "config": (
        [], {"config": without("CONFIG_BPF_LSM")}, {("program type", "lsm"): no("WHY_NO_CONFIG")},
        "program type lsm needs CONFIG_BPF_LSM, which is not set", "",
        "use a kernel that is built with CONFIG_BPF_LSM",
    ),
    "config_of_a_hook": (
        [], {"config": without("CONFIG_FPROBE")}, {("hook", "kprobe.multi/probe*"): no("WHY_NO_CONFIG", "attach")},
        "hook kprobe.multi/probe* needs CONFIG_FPROBE, which is not set", "",
        "use a kernel that is built with CONFIG_FPROBE",
    ),
    "release": (
        ["-DNO_ENUMS"], {"release": "5.1.0", "version": None},
        {
            ("feature", "global data"): no("WHY_TOO_OLD"),
            ("program type", "syscall"): no("WHY_TOO_OLD"), ("program type", "lsm"): no("WHY_TOO_OLD"),
            ("program type", "struct_ops"): no("WHY_TOO_OLD"), ("program type", "tracing"): no("WHY_TOO_OLD"),
            ("attach type", "cgroup_inet4_getpeername"): no("WHY_TOO_OLD"),
            ("attach type", "trace_kprobe_multi"): no("WHY_TOO_OLD", "attach"),
            ("attach type", "trace_raw_tp"): no("WHY_TOO_OLD"), ("attach type", "trace_fentry"): no("WHY_TOO_OLD"),
            ("attach type", "trace_fexit"): no("WHY_TOO_OLD"), ("attach type", "modify_return"): no("WHY_TOO_OLD"),
            ("attach type", "lsm_mac"): no("WHY_TOO_OLD"), ("attach type", "trace_iter"): no("WHY_TOO_OLD"),
            ("map type", "struct_ops"): no("WHY_TOO_OLD"), ("map type", "ringbuf"): no("WHY_TOO_OLD"),
            ("helper", "bpf_get_current_task_btf"): no("WHY_TOO_OLD"), ("helper", "bpf_this_cpu_ptr"): no("WHY_TOO_OLD"),
        },
        "map type ringbuf needs Linux 5.8", "", None,
    ),
    "no_release": (
        [], {"release": "", "version": None}, {("kconfig", "LINUX_KERNEL_VERSION"): ("unknown", "load", "WHY_NO_RELEASE")},
        "LINUX_KERNEL_VERSION: the kernel's release is not known", "",
        "add the kernel's package to the library: skep kernel add",
    ),
    "map_field": (
        ["-DNO_MAP_FIELD"], {"release": "5.14.0", "version": None},
        {("map field", "bpf_timer"): no("WHY_TOO_OLD"), ("program type", "syscall"): None},
        "map field bpf_timer needs Linux 5.15", "", None,
    ),
    "field": (
        ["-DNO_FIELD"], {}, {TASK: no("WHY_NO_FIELD")},
        "task.__state does not exist", "it is task.state there", "guard it with bpf_core_field_exists(struct task, __state)",
    ),
    "moved_field": (
        ["-DMOVED_FIELD"], {}, {TASK: no("WHY_NO_FIELD")},
        "task.__state does not exist", "it may be task.__state_of_it there", None,
    ),
    "size": (
        ["-DOTHER_SIZE"], {}, {("relocation", "struct task.prio"): no("WHY_BAD_SIZE")},
        "task.prio is of another size, to which libbpf adjusts no signed read", "it is short prio there",
        "read it with bpf_core_read() and bpf_core_field_size(), or through a flavour struct task___<flavour> that declares it "
        "as the kernel does",
    ),
    "type": (
        ["-DNO_TYPE"], {}, {("relocation", "struct gone.x"): no("WHY_NO_TYPE")},
        "struct gone does not exist", "", "guard it with bpf_core_type_exists(struct gone)",
    ),
    "enum_value": (
        ["-DNO_ENUM_VALUE"], {}, {("relocation", "enum state.STATE_NEW"): no("WHY_NO_ENUM_VALUE")},
        "enumerator STATE_NEW of enum state does not exist", "",
        "guard it with bpf_core_enum_value_exists(enum state, STATE_NEW)",
    ),
    "relocation": (
        ["-DTWO_TYPES"], {}, {("relocation", "struct pair.both"): no("WHY_RELO_FAILED")},
        "libbpf refuses the relocation of struct pair.both: field offset ambiguity: 0 != 64", "", None,
    ),
    "function": (
        ["-DNO_FUNCTION"], {}, {("hook", "fentry/traced"): no("WHY_NO_FUNCTION")},
        "function traced does not exist, or is inlined", "there is __traced",
        'declare it SEC("?fentry/traced") and enable it with bpf_program__set_autoload() where the function exists',
    ),
    "probed": (
        ["-DNO_PROBED"], {}, {("hook", "kprobe/probed"): ("unknown", "attach", "WHY_FUNCTION_UNKNOWN")},
        "function probed is not in BTF, and may be in kallsyms all the same", "", None,
    ),
    "returns_nothing": (
        ["-DRETURN_VOID"], {}, {}, "returning returns nothing that fexit could read", "", None,
    ),
    "tracepoint": (
        ["-DNO_TRACEPOINT"], {}, {("hook", "tp_btf/good"): no("WHY_NO_TRACEPOINT")},
        "tracepoint good does not exist", "",
        'declare it SEC("?tp_btf/good") and enable it with bpf_program__set_autoload() where the tracepoint exists',
    ),
    "event": (
        ["-DNO_EVENT"], {}, {("hook", "tp/group/event"): no("WHY_NO_TRACEPOINT", "attach")},
        "tracepoint event does not exist", "", None,
    ),
    "event_of_a_module": (
        ["-DNO_EVENT"], {"config": CONFIG + "CONFIG_MODULES=y\n"},
        {("hook", "tp/group/event"): ("unknown", "attach", "WHY_MODULE_UNKNOWN")},
        "tp/group/event is not in the kernel, and may be in a module whose types are not known", "",
        "add the package with the kernel's modules to the library: skep kernel add",
    ),
    "function_of_a_module": (
        ["-DNO_FUNCTION"], {"config": CONFIG + "CONFIG_MODULES=y\nCONFIG_DEBUG_INFO_BTF_MODULES=y\n"},
        {("hook", "fentry/traced"): ("unknown", "load", "WHY_MODULE_UNKNOWN")},
        "fentry/traced is not in the kernel, and may be in a module whose types are not known", "", None,
    ),
    "system_call": (
        ["-DNO_SYSCALL"], {},
        {
            ("hook", "tp/syscalls/sys_enter_newcall"): no("WHY_NO_SYSCALL", "attach"),
            ("hook", "ksyscall/newcall"): no("WHY_NO_SYSCALL", "attach"),
        },
        "system call newcall does not exist", "", None,
    ),
    "lsm_hook": (
        ["-DNO_LSM_HOOK"], {}, {("hook", "lsm/file_open"): no("WHY_NO_LSM_HOOK")},
        "LSM hook file_open does not exist", "", None,
    ),
    "lsm_inactive": (
        [], {"config": CONFIG.replace("lockdown,bpf", "lockdown,yama")},
        {("hook", "lsm/file_open"): ("warn", "attach", "WHY_LSM_INACTIVE")},
        "lsm/file_open is never called: bpf is not in CONFIG_LSM", "", "boot the kernel with lsm=…,bpf",
    ),
    "iterator": (
        ["-DNO_ITERATOR"], {}, {("hook", "iter/task"): no("WHY_NO_ITERATOR")},
        "iterator task does not exist", "", None,
    ),
    "struct_ops": (
        ["-DNO_OPS"], {}, {("struct_ops", "test_ops"): no("WHY_NO_STRUCT_OPS")},
        "struct test_ops cannot be implemented in BPF", "", None,
    ),
    "ops_member": (
        ["-DNO_OPS_MEMBER"], {}, {("struct_ops", "test_ops"): no("WHY_NO_OPS_MEMBER")},
        "test_ops.start does not exist", "",
        "set skel->struct_ops.ops->start to NULL before loading where the kernel lacks it",
    ),
    "ops_member_type": (
        ["-DOTHER_OPS_MEMBER"], {}, {("struct_ops", "test_ops"): no("WHY_OPS_MEMBER_TYPE")},
        "test_ops.number is of another type", "", None,
    ),
    "argument": (
        ["-DNO_ARGUMENT"], {}, {}, "tp_btf/good has no argument 1", "it has 1: (struct task *)", None,
    ),
    "other_argument": (
        ["-DOTHER_ARGUMENT"], {}, {}, "argument 0 of tp_btf/good is struct other *", "it has (struct other *, u32)",
        "declare typedef void (*btf_trace_good___<flavour>)(void *, …) with the prototype that is meant, and guard it with "
        "bpf_core_type_matches()",
    ),
    "raw_argument": (
        ["-DNO_RAW_ARGUMENT"], {}, {}, "raw_tp/raw has no argument 1", "it has 1: (int)", None,
    ),
    "kfunc": (
        ["-DNO_KFUNC"], {}, {("kfunc", "bpf_cpumask_first"): no("WHY_NO_KFUNC")},
        "kernel function bpf_cpumask_first does not exist", "it came with Linux 6.3",
        "test it with bpf_ksym_exists(bpf_cpumask_first) before it is used",
    ),
    "not_a_kfunc": (
        ["-DNOT_A_KFUNC"], {}, {("kfunc", "bpf_cpumask_first"): no("WHY_NOT_A_KFUNC")},
        "function bpf_cpumask_first exists, and is not one that BPF may call", "", None,
    ),
    "kfunc_by_table": (["-DNO_TAGS"], {}, {}, None, None, None),
    "variable": (["-DNO_VARIABLE"], {}, {}, None, None, None),  # weak: 0
    "variable_type": (
        ["-DOTHER_VARIABLE"], {}, {("kernel symbol", "cpu_task"): no("WHY_PROTOTYPE")},
        "kernel variable cpu_task has another type", "it is struct other *cpu_task", "declare it with the kernel's type, or as void",
    ),
    "kconfig": (
        [], {"config": without("CONFIG_HZ")}, {("kconfig", "CONFIG_HZ"): no("WHY_NO_KCONFIG")},
        "CONFIG_HZ is not set", "", "declare it __kconfig __weak: it is 0 where it is not set",
    ),
    "kconfig_unknown": (
        [], {"config": None}, {("kconfig", "CONFIG_HZ"): ("unknown", "load", "WHY_KCONFIG_UNKNOWN")},
        "CONFIG_HZ: the kernel's configuration is not known", "", None,
    ),
    "kconfig_type": (
        [], {"config": CONFIG.replace("CONFIG_BOOL=y", "CONFIG_BOOL=m")},
        {("kconfig", "CONFIG_BOOL"): no("WHY_BAD_KCONFIG")},
        "CONFIG_BOOL does not fit the type that it is declared with", "it is m there", None,
    ),
    "feature": (
        ["-DNO_KFUNCS"], {}, {("feature", "calls of kernel functions"): no("WHY_NO_PROBE")},
        "calls of kernel functions are not supported", "it came with Linux 5.13",
        "guard the code with LINUX_KERNEL_VERSION >= KERNEL_VERSION(5, 13, 0)",
    ),
}
CONTEXT = {
    "returns_nothing": ("no", "load", "returned", "WHY_RETURN_VOID"),
    "argument": ("no", "load", "arguments", "WHY_NO_ARGUMENT"),
    "other_argument": ("warn", "load", "arguments", "WHY_OTHER_ARGUMENT"),
    "raw_argument": ("no", "attach", "raw", "WHY_NO_ARGUMENT"),
}


@pytest.mark.parametrize("case", CASES)
def test_one_thing_taken_out(case, ask):
    flags, args, changed, what, instead, remedy = CASES[case]
    rows = ask(flags, **args)
    changed = {key: value for key, value in changed.items() if value}
    assert answers(rows) == {**EXPECTED, **changed}
    if case in CONTEXT:
        word, phase, program, why = CONTEXT[case]
        found = rows.findings(why)
        assert [(r[1], r[2], r[4]) for r in found] == [(word, phase, program)]
    elif changed:
        found = rows.findings(next(iter(changed.values()))[2])
    else:
        found = []
    if what is not None:
        told = next(r for r in found if r[7] == what)
        assert told[8] == instead
        assert remedy is None or told[9] == remedy


# --- what depends on the object ---------------------------------------------------------------------

UNKNOWN = "unknown", "load"


@pytest.mark.parametrize(
    ("flags", "args", "need", "answer", "what", "remedy"),
    [
        (
            ["-DWRONG_HELPER"], {}, ("helper in program", "bpf_get_current_comm"), no("WHY_NOT_ALLOWED"),
            "helper bpf_get_current_comm may not be called in xdp programs",
            "call it in a program of a type that may, or do without it",
        ),
        (
            ["-DUNKNOWNS"], {}, ("helper in program", "bpf_copy_from_user"), no("WHY_NOT_ALLOWED_AWAKE"),
            "helper bpf_copy_from_user may be called in sleepable programs alone",
            'make the program sleepable: SEC("fentry.s/…"), SEC("lsm.s/…"), SEC("iter.s/…"), SEC("syscall")',
        ),
        (
            ["-DUNKNOWNS"], {}, ("hook", "fmod_ret/injectable"), (*UNKNOWN, "WHY_MODIFY_UNKNOWN"),
            "whether what injectable returns may be changed is not in BTF", "",
        ),
        (
            ["-DUNKNOWNS"], {}, ("hook", "fentry.s/injectable"), (*UNKNOWN, "WHY_SLEEP_UNKNOWN"),
            "whether programs of injectable may sleep is not in BTF", "",
        ),
        (
            ["-DUNKNOWNS"], {"config": without("CONFIG_FUNCTION_ERROR_INJECTION")}, ("hook", "fmod_ret/__x64_sys_newcall"),
            no("WHY_NOT_MODIFIABLE"),
            "what __x64_sys_newcall returns cannot be changed: CONFIG_FUNCTION_ERROR_INJECTION is not set",
            'declare it SEC("?fmod_ret/__x64_sys_newcall") and enable it with bpf_program__set_autoload() where the function allows it',
        ),
        (
            ["-DUNKNOWNS"], {"config": without("CONFIG_FUNCTION_ERROR_INJECTION")}, ("hook", "fentry.s/__x64_sys_newcall"),
            no("WHY_NOT_SLEEPABLE"),
            "programs of __x64_sys_newcall may not sleep: CONFIG_FUNCTION_ERROR_INJECTION is not set", None,
        ),
        (
            ["-DUNKNOWNS"], {}, ("hook", "lsm/getprocattr"), no("WHY_HOOK_CLOSED"),
            "LSM hook getprocattr is closed to BPF since Linux 6.12", None,
        ),
        (
            ["-DUNKNOWNS"], {}, ("hook", "freplace/part"), (*UNKNOWN, "WHY_TARGET_UNKNOWN"),
            "what freplace/part attaches to is said at run time",
            "call bpf_program__set_attach_target() before loading, with the program to replace a function of",
        ),
        (
            ["-DKF=bpf_strange"], {"kernel": ["-DKF=bpf_strange"]}, ("kfunc in program", "bpf_strange"),
            (*UNKNOWN, "WHY_NOT_IN_TABLES"),
            "whether kernel function bpf_strange may be called in tracing programs is not known", "",
        ),
        (
            ["-DKF=hid_bpf_get_data"], {"kernel": ["-DKF=hid_bpf_get_data"]}, ("kfunc in program", "hid_bpf_get_data"),
            no("WHY_NOT_ALLOWED_ANYMORE"),
            "kernel function hid_bpf_get_data may not be called in tracing programs since Linux 6.11",
            "guard it with LINUX_KERNEL_VERSION < KERNEL_VERSION(6, 11, 0)",
        ),
        (
            ["-DUNKNOWNS"], {"release": "5.15.0", "version": None}, ("helper in program", "bpf_get_attach_cookie"),
            no("WHY_NOT_ALLOWED_YET"),
            "helper bpf_get_attach_cookie may not be called in tracing programs before Linux 5.19",
            "guard it with LINUX_KERNEL_VERSION >= KERNEL_VERSION(5, 19, 0)",
        ),
        (
            ["-DSTRONG"], {"kernel": ["-DNO_VARIABLE"]}, ("kernel symbol", "cpu_task"), no("WHY_NO_SYMBOL"),
            "kernel variable cpu_task is not in BTF",
            "declare it __ksym __weak and test it with bpf_ksym_exists(cpu_task)",
        ),
        (
            ["-DSTRONG"], {"kernel": ["-DNO_KFUNC"]}, ("kfunc", "bpf_cpumask_first"), no("WHY_NO_KFUNC"),
            "kernel function bpf_cpumask_first does not exist",
            "declare it __ksym __weak and test it with bpf_ksym_exists(bpf_cpumask_first)",
        ),
        (
            ["-DSTRONG"], {"kernel": ["-DOTHER_PROTOTYPE"]}, ("kfunc", "bpf_cpumask_first"), no("WHY_PROTOTYPE"),
            "kernel function bpf_cpumask_first has another prototype",
            "declare one bpf_cpumask_first___<flavour> __ksym __weak for each prototype, and call the one for which "
            "bpf_ksym_exists() holds",
        ),
        (
            ['-DLICENSE="MIT"'], {}, ("GPL license", "lsm"), no("WHY_NOT_GPL"),
            "lsm programs load under the GPL alone",
            'declare char LICENSE[] SEC("license") = "GPL" (or "Dual BSD/GPL")',
        ),
    ],
)
def test_what_the_object_does(flags, args, need, answer, what, remedy, ask):
    rows = ask(args.pop("kernel", ()), flags, **args)
    assert rows.needs()[need] == answer
    told = next(r for r in rows.findings(answer[2]) if r[7] == what)
    assert remedy is None or told[9] == remedy


@pytest.mark.parametrize(
    ("program", "part", "word", "why", "what", "remedy"),
    [
        ("placeless", "type", "no", "WHY_NO_PROG_TYPE", "libbpf knows no program type for section 'nowhere'",
         "name a section that it knows, or call bpf_program__set_type() before loading"),
        ("loose", "hook", "no", "WHY_NO_MAP_OF_OPS", 'no map of SEC(".struct_ops") refers to loose',
         "set a member of a struct_ops map to it"),
        ("start", "hook", "yes", "WHY_NONE", "", ""),
        ("aimless", "hook", "unknown", "WHY_TARGET_UNKNOWN", "what fentry attaches to is said at run time",
         "call bpf_program__set_attach_target() before loading"),
        ("listed", "hook", "yes", "WHY_NONE", "", ""),
    ],
)
def test_programs(program, part, word, why, what, remedy, ask):
    rows = [r for r in ask((), ["-DUNKNOWNS"]) if r[:3] == ["program", program, part]]
    assert rows == [["program", program, part, word, why, what, remedy]]


def test_hooks_that_sleep(ask):
    """The list came with 5.11; sb_delete is not in that of 6.12, and newer ones are not known."""
    kernel, obj = (), ["-DUNKNOWNS"]
    assert ask(kernel, obj).needs()["hook", "lsm.s/sb_delete"] == (*UNKNOWN, "WHY_SLEEP_UNKNOWN")
    rows = ask(kernel, obj, release="5.10.0", version=None)
    assert rows.needs()["hook", "lsm.s/sb_delete"] == no("WHY_NOT_SLEEPABLE")
    assert "programs of sb_delete may not sleep before Linux 5.11" in {r[7] for r in rows.findings("WHY_NOT_SLEEPABLE")}


@pytest.mark.parametrize(("release", "word"), [("6.12.0", "no"), ("7.0.0", "unknown"), ("7.2.0", "yes")])
def test_system_calls_without_error_injection(release, word, ask):
    args = {"release": release, "version": None}
    needs = ask((), ["-DUNKNOWNS"], config=without("CONFIG_FUNCTION_ERROR_INJECTION"), **args).needs()
    hooks = ("hook", "fmod_ret/__x64_sys_newcall"), ("hook", "fentry.s/__x64_sys_newcall")
    assert [needs[h][0] for h in hooks] == [word, word]
    assert [ask((), ["-DUNKNOWNS"], **args).needs()[h][0] for h in hooks] == ["yes", "yes"]


@pytest.mark.parametrize(("release", "word"), [("6.1.0", None), ("6.6.0", "unknown"), ("6.12.0", "no")])
def test_who_may_read_arguments(release, word, ask):
    """6.12 refuses programs under other licenses, 6.1 takes them: measured in guests."""
    why = "WHY_ACCESS_UNKNOWN" if word == "unknown" else "WHY_ACCESS_NOT_GPL"
    rows = ask((), ['-DLICENSE="MIT"'], release=release, version=None)
    found = {r[4]: r[7] for r in rows if r[0] == "finding" and "ACCESS" in r[6]}
    assert set(found) == ({"arguments", "fields", "sizes"} if word else set())
    assert all(r[1] == word and r[6] == why for r in rows if r[0] == "finding" and "ACCESS" in r[6])
    if word == "no":
        assert found["arguments"] == "argument 0 of tp_btf/good may be read under the GPL alone"
    assert not any("ACCESS" in r[6] for r in ask(release=release, version=None) if r[0] == "finding")


def test_license_that_is_not_said(ask):
    rows = ask((), ['-DLICENSE="MIT"'])
    assert {r[8] for r in rows.findings("WHY_NOT_GPL")} == {"the object says 'MIT'"}
    assert not any(kind == "GPL license" for kind, _ in ask((), ['-DLICENSE="Dual BSD/GPL"']).needs())


# --- externs ----------------------------------------------------------------------------------------

ADDRESS = "address", "00" * 8
ABSENT = "value", "00" * 8


def test_externs_of_a_kernel_that_has_everything(ask):
    assert ask().externs() == {
        "bpf_cpumask_first": ADDRESS,
        "cpu_task": ADDRESS,
        "weak_there": ADDRESS,
        "symbol": ADDRESS,
        "LINUX_KERNEL_VERSION": ("value", (6 << 16 | 12 << 8 | 43).to_bytes(4, "little").hex()),
        "LINUX_HAS_BPF_COOKIE": ("value", "01"),
        "LINUX_HAS_SYSCALL_WRAPPER": ("value", "01"),
        "CONFIG_HZ": ("value", (250).to_bytes(4, "little").hex()),
        "CONFIG_TRI": ("value", "02000000"),
        "CONFIG_BOOL": ("value", "01"),
        "CONFIG_TEXT": ("value", b"abc".ljust(8, b"\0").hex()),
        "CONFIG_SHORT": ("value", "feff"),
        "CONFIG_CHAR": ("value", "41"),
    }


@pytest.mark.parametrize(
    ("kernel", "args", "externs"),
    [
        (["-DNO_KFUNC"], {}, {"bpf_cpumask_first": ABSENT}),
        (["-DOTHER_PROTOTYPE"], {}, {"bpf_cpumask_first": ABSENT}),
        (["-DNO_VARIABLE"], {}, {"cpu_task": ABSENT}),
        (["-DNO_COOKIE"], {}, {"LINUX_HAS_BPF_COOKIE": ("value", "00")}),
        ([], {"config": None}, {n: ("unknown", "00" * s) for n, s in (("CONFIG_HZ", 4), ("CONFIG_TEXT", 8), ("CONFIG_BOOL", 1))}),
        ([], {"config": without("CONFIG_TRI", "CONFIG_TEXT")}, {"CONFIG_TRI": ("value", "00" * 4), "CONFIG_TEXT": ABSENT}),
        ([], {"config": CONFIG.replace("TRI=m", "TRI=y")}, {"CONFIG_TRI": ("value", "01000000")}),
        ([], {"config": CONFIG.replace('"abc"', '"abcdefghij"')}, {"CONFIG_TEXT": ("value", b"abcdefg\0".hex())}),
        ([], {"config": CONFIG.replace("CHAR=0x41", "CHAR=m")}, {"CONFIG_CHAR": ("value", b"m".hex())}),
        ([], {"release": "", "version": None}, {"LINUX_KERNEL_VERSION": ("unknown", "00" * 4)}),
        ([], {"release": "5.15.0-105-generic", "version": "#115-Ubuntu SMP"}, {"LINUX_KERNEL_VERSION": ("value", "000f0500")}),
        ([], {"version": "#1 SMP Debian 5.10.262-1"}, {"LINUX_KERNEL_VERSION": ("value", "ff0a0500")}),
    ],
)
def test_externs(kernel, args, externs, ask):
    have = ask(kernel, **args).externs()
    assert {name: have[name] for name in externs} == externs


@pytest.mark.parametrize("line", ["SHORT=40000", "SHORT=x", 'SHORT="1"', "SHORT=y", "CHAR=256", "TEXT=1", 'TEXT="', "BOOL=1"])
def test_values_that_libbpf_refuses(line, ask):
    name = line.partition("=")[0]
    config = re.sub(f"CONFIG_{name}=.*", f"CONFIG_{line}", CONFIG)
    assert answers(ask(config=config)) == {**EXPECTED, ("kconfig", f"CONFIG_{name}"): no("WHY_BAD_KCONFIG")}


def test_externs_in_the_order_of_the_object(hold, forge, profile):
    home, name = profile(btf_of(forge(SOURCES / "kernel.c")))
    have = hold(forge(SOURCES / "object.bpf.c", order="eb"), home, name).externs()
    assert have["CONFIG_HZ"] == ("value", (250).to_bytes(4, "big").hex())
    assert have["CONFIG_SHORT"] == ("value", "fffe")


def test_an_unknown_release_is_as_new_as_its_newest_helper(ask):
    """get_attach_cookie came with 5.15, global data with 5.2; may_goto is newer than either."""
    rows = ask(release="", version=None)
    assert rows.needs()["feature", "global data"][0] == "yes"


def test_enterprise_kernels_carry_back(ask):
    rows = ask(["-DNO_MAP_FIELD", "-DNO_COOKIE"], release="4.18.0-553.el8.x86_64", version="#1 SMP")
    assert rows.needs()["map field", "bpf_timer"] == ("unknown", "load", "WHY_NO_RELEASE")
    assert rows.needs()["feature", "global data"][0] == "yes"


@pytest.mark.parametrize(("lines", "value"), [((), "01"), (("CONFIG_KPROBE_EVENTS",), "00")])
def test_libbpf_needs_kprobes_to_see_wrappers(lines, value, ask):
    assert ask(config=without(*lines)).externs()["LINUX_HAS_SYSCALL_WRAPPER"] == ("value", value)
    assert ask(config=None).externs()["LINUX_HAS_SYSCALL_WRAPPER"] == ("unknown", "00")


# --- the running kernel, and libbpf on it -----------------------------------------------------------


def as_bytes(text, size):
    """What libbpf's log says it set an extern to."""
    if text.startswith('"'):
        return text[1:-1].encode()[: size - 1].ljust(size, b"\0")
    tristate = {"y": 1, "m": 2, "n": 0}
    if text in tristate:
        return bytes([ord(text)]) if size == 1 else tristate[text].to_bytes(size, "little")
    return (int(text, 0) % (1 << 8 * size)).to_bytes(size, "little")


@pytest.fixture
def libbpf_log(need, bpftool, tmp_path):
    need("root", "bpffs", "btf", "bpftool-7.8")

    def run(obj):
        pin = Path(f"/sys/fs/bpf/hold-{tmp_path.name}-{os.getpid()}")
        try:
            return bpftool("-d", "prog", "loadall", obj, pin, check=False).stderr
        finally:
            subprocess.run(["rm", "-rf", pin], check=False)

    return run


def test_externs_are_libbpfs(hold, forge, libbpf_log):
    obj = forge(SOURCES / "externs.bpf.c")
    log = libbpf_log(obj)
    have = hold(obj, "host").externs()
    told = dict(re.findall(r"extern \(kcfg\) '(\w+)': set to (.+)", log))
    assert len(told) >= 8
    for name, text in told.items():
        word, value = have.pop(name)
        assert (word, value) == ("value", as_bytes(text, len(value) // 2).hex()), name
    found = re.findall(r"extern \((?:func|var) ksym\) '(\w+)': resolved", log)
    assert len(found) >= 4
    for name in found:
        assert have.pop(name) == ADDRESS, name
    for name in re.findall(r"extern '(\w+)' \(weak\): not resolved", log):
        word, value = have.pop(name)
        assert word in ("value", "unknown") and not value.strip("0"), name
    assert set(have) == {"bpf_prog_put"}, log


def test_every_event_of_the_running_kernel(hold, tmp_path, need):
    """Each tracepoint that tracefs has is found among the types, each system call among the functions."""
    need("root", "btf", "tracefs")
    events = sorted(f"{e.parent.name}/{e.name}" for e in Path("/sys/kernel/tracing/events").glob("*/*") if e.is_dir())
    events = [e for e in events if not e.startswith("ftrace/")][::7]
    source = tmp_path / "events.bpf.c"
    lines = [f'__attribute__((section("tp/{e}"), used)) int p{i}(void *ctx) {{ return 0; }}' for i, e in enumerate(events)]
    source.write_text("\n".join(lines))
    obj = tmp_path / "events.o"
    run_tool("clang-19", "--target=bpf", "-g", "-O2", "-c", source, "-o", obj)
    hooks = {name: answer for (kind, name), answer in hold(obj, "host").needs().items() if kind == "hook"}
    assert len(events) > 100 and set(hooks) == {f"tp/{e}" for e in events}
    assert {name: a for name, a in hooks.items() if a[0] != "yes"} == {}


# --- Debian's kernels -------------------------------------------------------------------------------

BULLSEYE, BOOKWORM, TRIXIE, FORKY, ARM = "debian/bullseye", "debian/bookworm/x86_64", "debian/trixie", "debian/forky", "debian/bookworm/arm64"


@pytest.mark.parametrize(
    ("kernel", "findings"),
    [
        (
            BULLSEYE,
            {
                ("new_state", "no", "load", "task_struct.__state does not exist", "it is task_struct.state there"),
                ("fourth", "no", "load", "tp_btf/sched_switch has no argument 3",
                 "it has 3: (bool, struct task_struct *, struct task_struct *)"),
                ("raw", "no", "attach", "raw_tp/sched_switch has no argument 3",
                 "it has 3: (bool, struct task_struct *, struct task_struct *)"),
                ("bio", "warn", "load", "argument 0 of tp_btf/block_bio_queue is struct request_queue *",
                 "it has (struct request_queue *, struct bio *)"),
                ("loop", "no", "load", "callbacks are not supported", "it came with Linux 5.13"),
                ("loop", "no", "load", "helper bpf_loop does not exist", "it came with Linux 5.17"),
                ("module", "no", "load", "function nf_tables:nf_tables_newrule does not exist, or is inlined", ""),
            },
        ),
        (BOOKWORM, set()),
        (TRIXIE, set()),
        (FORKY, {("loop", "no", "load", "function do_unlinkat does not exist, or is inlined", "there is filename_unlinkat")}),
        (
            ARM,
            {
                (name, "no", "attach", f"hook {hook} needs CONFIG_DYNAMIC_FTRACE_WITH_DIRECT_CALLS, which is not set", "")
                for name, hook in (("loop", "fentry/do_unlinkat"), ("module", "fentry/nf_tables:nf_tables_newrule"))
            },
        ),
    ],
)
def test_debians_kernels(kernel, findings, hold, forge, kernel_library):  # noqa: F811
    rows = hold(forge(SOURCES / "tracing.bpf.c"), kernel_library, kernel)
    found = {(r[4], r[1], r[2], r[7], r[8]) for r in rows if r[0] == "finding" and r[3] == "reached"}
    assert found == findings
    fails = any(word == "no" for _, word, *_ in findings)
    loads = not any(word == "no" and phase == "load" for _, word, phase, *_ in findings)
    assert rows.value("verdict") == ["fails" if fails else "loads", "loads" if loads else "fails"]


def test_source_lines(hold, forge, kernel_library):  # noqa: F811
    rows = hold(forge(SOURCES / "tracing.bpf.c"), kernel_library, BULLSEYE)
    source = (SOURCES / "tracing.bpf.c").read_text().splitlines()
    lines = {(r[4], r[6]): source[int(r[5]) - 1].strip() for r in rows if r[0] == "finding" and int(r[5])}
    assert lines["new_state", "WHY_NO_FIELD"] == 'bpf_printk("%u", prev->__state);'
    assert lines["loop", "WHY_NO_ENUMERATOR"] == "bpf_loop(2, step, 0, 0);"
    assert lines["bio", "WHY_OTHER_ARGUMENT"] == 'bpf_printk("%u", bio->bi_iter.bi_size);'


def test_quick(hold, forge, kernel_library):  # noqa: F811
    """All needs of an object are answered in microseconds once a kernel is warm."""
    rows = hold(forge(SOURCES / "tracing.bpf.c"), kernel_library, BOOKWORM, "200")
    assert float(rows.value("time")[0]) < 2000


# --- every reason -----------------------------------------------------------------------------------


def test_every_reason_is_asked_for():
    header = (REPO / "lib/check/hold_why.h").read_text()
    reasons = set(re.findall(r"X\((WHY_\w+)\)", header)) - {"WHY_NONE"}
    here = Path(__file__).read_text()
    assert not {r for r in reasons if f'"{r}"' not in here}
