# SPDX-License-Identifier: BSD-2-Clause
"""What one kernel says to each need of an object, and in which words.

data/hold/kernel.c has all that data/hold/object.bpf.c asks for. A case takes one thing out of the kernel, its
configuration or its release: exactly the needs named answer otherwise then. The judges of what kernels have are the
kernels: see test_hold_kernels.py.
"""

import re

import pytest

from conftest import REPO
from holdprobe import CONFIG, EXPECTED, answers, ask, forge, hold, no, profile, without  # noqa: F401

# --- one reason each --------------------------------------------------------------------------------


def test_a_kernel_that_has_everything(ask):
    rows = ask()
    assert answers(rows) == EXPECTED
    assert rows.value("version") == ["6.12.43"]


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
        {}, None, None, None,  # bytes like any others
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
    "lsm_without_trampolines": (
        [], {"config": without("CONFIG_DYNAMIC_FTRACE_WITH_DIRECT_CALLS").replace("lockdown,bpf", "lockdown,yama")},
        {
            ("hook", hook): no("WHY_NO_CONFIG", "attach")
            for hook in ("lsm/file_open", "fentry/traced", "fexit/returning", "fmod_ret/security_thing")
        },
        "hook lsm/file_open needs CONFIG_DYNAMIC_FTRACE_WITH_DIRECT_CALLS, which is not set", "", None,
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
    "variable_without_kallsyms": (
        [], {"config": without("CONFIG_KALLSYMS_ALL")},
        {("kernel symbol", name): no("WHY_NO_ADDRESS") for name in ("cpu_task", "weak_there")},
        "kernel symbol cpu_task needs CONFIG_KALLSYMS_ALL, which is not set", "",
        "use a kernel that is built with CONFIG_KALLSYMS_ALL",
    ),
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
            ["-DWRONG_HELPER"], {}, ("helper in program", "bpf_get_stack"), no("WHY_NOT_ALLOWED"),
            "helper bpf_get_stack may not be called in xdp programs",
            "call it in a program of a type that may, or do without it",
        ),
        (
            ["-DFRAGMENTS"], {}, ("feature", "XDP fragments"), no("WHY_NO_PROBE"),
            "XDP fragments are not supported",
            'declare it SEC("?xdp.frags") and enable it with bpf_program__set_autoload() where the kernel has it',
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
            ["-DASKS"], {"release": "6.3.0", "version": None}, ("address of kfunc", "bpf_cpumask_first"),
            no("WHY_NO_KFUNC_ADDRESS"),
            "the address of kernel function bpf_cpumask_first may not be taken before Linux 6.4",
            "guard its calls with LINUX_KERNEL_VERSION instead of bpf_ksym_exists(), or have a program without them for "
            "those kernels",
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
    ("kernel", "args"), [((), {"release": "6.4.0"}), (["-DNO_KFUNC"], {"release": "6.3.0"}), (["-DOTHER_PROTOTYPE"], {"release": "6.3.0"})]
)
def test_addresses_of_kfuncs(kernel, args, ask):
    """What libbpf does not find has the address 0, which no kernel minds."""
    rows = ask(kernel, ["-DASKS"], version=None, **args)
    assert rows.needs()["address of kfunc", "bpf_cpumask_first"][0] == "yes"


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


def test_maps_that_helpers_do_not_take(ask):
    [found] = ask((), ["-DMAP_TYPE"]).findings("WHY_MAP_TYPE")
    assert found[1:5] == ["no", "load", "reached", "misfit"]
    assert found[7] == "helper bpf_map_lookup_elem does not take maps of type ringbuf (map 'ring')"
    assert ask().findings("WHY_MAP_TYPE") == []


def test_license_that_is_not_said(ask):
    rows = ask((), ['-DLICENSE="MIT"'])
    assert {r[8] for r in rows.findings("WHY_NOT_GPL")} == {"the object says 'MIT'"}
    assert not any(kind == "GPL license" for kind, _ in ask((), ['-DLICENSE="Dual BSD/GPL"']).needs())


# --- every reason -----------------------------------------------------------------------------------


def test_every_reason_is_asked_for():
    header = (REPO / "lib/check/hold_why.h").read_text()
    reasons = set(re.findall(r"X\((WHY_\w+)\)", header)) - {"WHY_NONE"}
    here = "".join((REPO / "tests" / name).read_text() for name in ("test_hold.py", "holdprobe.py"))
    assert not {r for r in reasons if f'"{r}"' not in here}
