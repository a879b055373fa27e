# SPDX-License-Identifier: BSD-2-Clause
"""Externs, and what kernels have: judged by libbpf's own log on the running kernel, its tracefs, Debian's packages."""

import os
import re
import subprocess
from pathlib import Path

import pytest

from conftest import run_tool
from holdprobe import CONFIG, EXPECTED, SOURCES, answers, ask, btf_of, forge, hold, no, profile, without  # noqa: F401
from kernels import debian_kernels, kernel_library  # noqa: F401

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
    rows = ask(["-DNO_TAGS", "-DNO_COOKIE"], release="4.18.0-553.el8.x86_64", version="#1 SMP")
    assert rows.needs()["kfunc", "bpf_cpumask_first"] == ("unknown", "load", "WHY_NO_RELEASE")
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


REFUSED = """#include <linux/bpf.h>
#include <bpf/bpf_helpers.h>
char LICENSE[] SEC("license") = "GPL";
SEC("lsm/inode_free_security") int returns_nothing(__u64 *ctx) { return ctx[1]; }
SEC("lsm/file_open") int returns(__u64 *ctx) { return ctx[1]; }
SEC("fentry/do_unlinkat") int by_trampoline(void *ctx) { return bpf_get_func_ip(ctx) != 0; }
SEC("kprobe/do_unlinkat") int by_probe(void *ctx) { return bpf_get_func_ip(ctx) != 0; }
SEC("tp_btf/sched_switch") int by_tracepoint(void *ctx) { return bpf_get_func_ip(ctx) != 0; }
SEC("raw_tp/sched_switch") int by_raw(void *ctx) { return bpf_get_func_ip(ctx) != 0; }
"""


@pytest.mark.parametrize("kernel", [BOOKWORM, TRIXIE])
def test_what_those_kernels_refuse(kernel, hold, forge, kernel_library, tmp_path):  # noqa: F811
    """6.1 and 6.12: "invalid bpf_context access off=8 size=8", "func bpf_get_func_ip#173 not supported for program type 17"."""
    (tmp_path / "refused.bpf.c").write_text(REFUSED)
    rows = hold(forge(tmp_path / "refused.bpf.c"), kernel_library, kernel)
    assert {(r[4], r[6]) for r in rows if r[0] == "finding" and r[1] == "no"} == {
        ("returns_nothing", "WHY_RETURN_VOID"), ("by_tracepoint", "WHY_NOT_ALLOWED"), ("by_raw", "WHY_NOT_ALLOWED"),
    }  # fmt: skip


@pytest.mark.parametrize(("kernel", "fails"), [(BOOKWORM, set()), (ARM, {"old"})])
def test_system_calls_without_a_number(kernel, fails, hold, forge, kernel_library, tmp_path):  # noqa: F811
    """arm64 has the function of open() for 32-bit programs, and no event of it."""
    source = "#include <bpf/bpf_helpers.h>\n" + "".join(
        f'SEC("tp/syscalls/sys_enter_{call}") int {name}(void *ctx) {{ return 0; }}\n' for name, call in (("old", "open"), ("new", "openat"))
    )
    (tmp_path / "syscalls.bpf.c").write_text("#include <linux/bpf.h>\n" + source)
    rows = hold(forge(tmp_path / "syscalls.bpf.c"), kernel_library, kernel)
    assert {r[4] for r in rows if r[0] == "finding" and r[1] == "no" and r[6] == "WHY_NO_SYSCALL"} == fails


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
