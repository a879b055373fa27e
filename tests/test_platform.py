# SPDX-License-Identifier: BSD-2-Clause
"""skep check --platform: what blocks an object's source on another platform than Linux, by name and line.

The sets of eBPF for Windows are data; another platform is another file, which these tests write themselves. Sources
are compiled here, so that every line asserted is one that a reader can see.
"""

import json
import re

import pytest

from conftest import BUILD, run_tool

pytestmark = pytest.mark.need("clang-19")
INCLUDES = ["-I", BUILD / "share/skep/libbpf", *(w for d in ("x86_64", "aarch64") for w in ("-idirafter", f"/usr/include/{d}-linux-gnu"))]
HEAD = """#include <linux/bpf.h>
#include <bpf/bpf_helpers.h>
#include <bpf/bpf_core_read.h>
char LICENSE[] SEC("license") = "GPL";
#define MAP(name, kind) struct { __uint(type, BPF_MAP_TYPE_##kind); __uint(max_entries, 4096); \\
	__type(key, __u32); __type(value, __u64); } name SEC(".maps")
struct { __uint(type, BPF_MAP_TYPE_RINGBUF); __uint(max_entries, 4096); } events SEC(".maps");
"""


@pytest.fixture
def build(tmp_path):
    """Source -> object; lines are counted from the one that follows HEAD."""

    def compile_source(text, *flags, cpu="v3"):
        path = tmp_path / "prog.bpf.c"
        path.write_text(f'{HEAD}#line 1 "prog.bpf.c"\n{text}')
        run_tool("clang-19", "--target=bpf", "-O2", "-g", f"-mcpu={cpu}", "-Wno-everything", *INCLUDES, *flags,
                 "-c", path, "-o", tmp_path / "prog.o", cwd=tmp_path)  # fmt: skip
        return tmp_path / "prog.o"

    return compile_source


@pytest.fixture
def check(skep):
    """(verdict, findings as (status, kind, name, line)) of the only object."""

    def run(obj, platform="windows", rc=None):
        done = skep("check", obj, "--platform", platform, "--json")
        cell = done.json()["objects"][0]["kernels"][0]
        expected = {"loads": 0, "fails": 1, "unknown": 3}[cell["verdict"]]
        assert done.rc == (expected if rc is None else rc), done
        rows = []
        for f in cell["findings"]:
            rows.append((f["status"], f["kind"], f["name"], int(f["source"].split(":")[1]) if f["source"] else None))
        run.cell, run.report = cell, done.json()
        return cell["verdict"], [r for r in rows if r[1] != "platform"]

    return run


# --- eBPF for Windows ----------------------------------------------------------------------------


PORTABLE = """MAP(counts, HASH);
SEC("xdp") int count(struct xdp_md *ctx)
{
	__u32 key = ctx->ingress_ifindex;
	__u64 one = 1, *found = bpf_map_lookup_elem(&counts, &key);
	if ((void *)(long)ctx->data + 14 > (void *)(long)ctx->data_end)
		return XDP_DROP;
	if (found)
		__sync_fetch_and_add(found, 1);
	else
		bpf_map_update_elem(&counts, &key, &one, 0);
	bpf_ringbuf_output(&events, &key, sizeof(key), 0);
	return XDP_PASS;
}
"""


def test_portable(build, check):
    assert check(build(PORTABLE)) == ("loads", [])
    assert check.report["platform"] == "eBPF for Windows"
    assert [k["kernel"] for k in check.report["kernels"]] == ["windows"]


def test_portable_is_not_binary_portable(build, check):
    """The numbers differ, and that is said wherever the source may move."""
    check(build(PORTABLE))
    (note,) = [f for f in check.cell["findings"] if f["kind"] == "platform"]
    assert note["status"] == "warning" and "compile it with the headers of eBPF for Windows" in note["reason"]
    assert "compile it with the headers" in check.cell["reason"]


def test_helper(build, check):
    text = 'SEC("xdp") int p(struct xdp_md *ctx)\n{\n\treturn bpf_xdp_adjust_head(ctx, 4) +\n\t\tbpf_xdp_adjust_tail(ctx, 4);\n}\n'
    assert check(build(text)) == ("fails", [("fails", "helper", "bpf_xdp_adjust_tail", 4)])


RELOCATED = """struct ctx { int len; } __attribute__((preserve_access_index));
static inline int len(void *ctx) { return ((struct ctx *)ctx)->len; }
SEC("xdp") int p(struct xdp_md *ctx)
{
	int a = len(ctx);
	bpf_ktime_get_ns();
	return a + len(ctx);
}
"""


def test_relocations_by_name_and_line(build, check):
    """A line that the compiler made instructions of twice is told once, with the field that it reads."""
    assert check(build(RELOCATED)) == ("fails", [("fails", "relocation", "struct ctx.len", 2)])
    assert "struct ctx.len: eBPF for Windows has no kernel types to relocate against" in check.cell["reason"]
    assert "more" not in check.cell["reason"]


def test_helper_of_other_programs(build, check):
    text = 'SEC("cgroup/connect4") int p(struct bpf_sock_addr *ctx)\n{\n\treturn bpf_xdp_adjust_head(ctx, 4);\n}\n'
    assert check(build(text)) == ("fails", [("fails", "helper", "bpf_xdp_adjust_head", 3)])
    assert "is for xdp programs alone" in check.cell["reason"]


def test_remedy(build, check):
    text = """SEC("xdp") int p(struct xdp_md *ctx)
{
	void *e = bpf_ringbuf_reserve(&events, 8, 0);
	if (e)
		bpf_ringbuf_submit(e, 0);
	return 0;
}
"""
    assert check(build(text))[1] == [("fails", "helper", "bpf_ringbuf_reserve", 3), ("fails", "helper", "bpf_ringbuf_submit", 5)]
    assert {f["remedy"] for f in check.cell["findings"] if f["kind"] == "helper"} == {
        "fill the event on the stack, and send it with bpf_ringbuf_output()"
    }


def test_section(build, check):
    verdict, rows = check(build('SEC("kprobe/do_exit")\nint p(void *ctx)\n{\n\treturn 0;\n}\n'))
    assert verdict == "fails" and ("fails", "program type", "kprobe/do_exit", 4) in rows
    assert [p["verdict"] for p in check.cell["programs"]] == ["fails"]


def test_map_type(build, check):
    verdict, rows = check(build("MAP(filter, BLOOM_FILTER);\n" + PORTABLE))
    assert verdict == "fails" and {r[:3] for r in rows} == {("fails", "map type", "bloom_filter")}


def test_context_field(build, check):
    text = 'SEC("xdp") int p(struct xdp_md *ctx)\n{\n\treturn ctx->rx_queue_index;\n}\n'
    assert check(build(text)) == ("fails", [("fails", "context field", "rx_queue_index", 3)])
    (f,) = [f for f in check.cell["findings"] if f["kind"] == "context field"]
    assert f["instead"] == "there are data, data_end, data_meta, ingress_ifindex"


def test_context_field_in_a_subprogram(build, check):
    text = """static __noinline int queue(struct xdp_md *ctx)
{
	return ctx->rx_queue_index;
}
SEC("xdp") int p(struct xdp_md *ctx)
{
	return queue(ctx) + ctx->ingress_ifindex;
}
"""
    assert check(build(text)) == ("fails", [("fails", "context field", "rx_queue_index", 3)])


def test_context_of_unknown_type(build, check):
    """Nothing in the object says what the fourth word is: not a guess."""
    text = 'SEC("xdp") int p(void *ctx)\n{\n\treturn ((__u32 *)ctx)[4];\n}\n'
    assert check(build(text)) == ("unknown", [("unknown", "context field", "byte 16", 3)])


def test_relocation(build, check):
    text = """struct task_struct { int pid; } __attribute__((preserve_access_index));
SEC("xdp") int p(struct xdp_md *ctx)
{
	struct task_struct *t = (void *)(long)ctx->data;
	int pid;
	bpf_probe_read_kernel(&pid, sizeof(pid), &t->pid);
	return pid;
}
"""
    verdict, rows = check(build(text))
    assert verdict == "fails" and sorted(r[1:3] for r in rows) == [
        ("helper", "bpf_probe_read_kernel"),
        ("relocation", "struct task_struct.pid"),
    ]


def test_kernel_references(build, check):
    text = """extern int CONFIG_HZ __kconfig;
extern const void jiffies __ksym;
extern void bpf_rcu_read_lock(void) __ksym;
SEC("xdp") int p(struct xdp_md *ctx)
{
	bpf_rcu_read_lock();
	return CONFIG_HZ + (long)&jiffies;
}
"""
    verdict, rows = check(build(text))
    assert verdict == "fails"
    assert {"bpf_rcu_read_lock", "jiffies", "CONFIG_HZ"} <= {r[2] for r in rows if r[0] == "fails"}, rows


@pytest.mark.parametrize("cpu, code, said", [("v4", "return ctx->data_end / (int)ctx->data;", None), ("v3", "may", "may_goto")])
def test_instructions(cpu, code, said, build, check):
    if said:
        code = 'int i = 0; asm volatile(".byte 0xe5; .byte 0; .short 0; .long 0"); return i;'
    verdict, rows = check(build(f'SEC("xdp") int p(struct xdp_md *ctx)\n{{\n\t{code}\n}}\n', cpu=cpu))
    assert verdict == ("fails" if said else "loads")
    assert [r[2] for r in rows] == ([said] if said else [])


def test_packet_loads(build, check):
    text = """unsigned long long load_byte(void *skb, unsigned long long off) asm("llvm.bpf.load.byte");
SEC("xdp") int p(struct xdp_md *ctx)
{
	return load_byte(ctx, 14);
}
"""
    verdict, rows = check(build(text))
    assert verdict == "fails" and [r[2:] for r in rows] == [("packet loads", 4)]


def test_code_that_nothing_reaches(build, check):
    """A constant that never changes guards it."""
    text = """const volatile int linux_only = 0;
SEC("xdp") int p(struct xdp_md *ctx)
{
	if (linux_only)
		return bpf_xdp_adjust_tail(ctx, 4);
	return 0;
}
"""
    assert check(build(text)) == ("loads", [("guarded", "helper", "bpf_xdp_adjust_tail", 5)])


def test_long_names(build, check):
    text = f'SEC("xdp") int {"p" * 65}(struct xdp_md *ctx)\n{{\n\treturn 0;\n}}\n'
    assert check(build(text)) == ("fails", [("fails", "program", "p" * 65, None)])
    assert check(build(text.replace("p" * 65, "p" * 64)))[0] == "loads"


# --- any other platform --------------------------------------------------------------------------

OWN = {
    "platform": "toaster",
    "title": "the toaster",
    "source": "its manual",
    "note": None,
    "programs": [{"type": "toast", "sections": ["toast"], "context": ["heat"], "helpers": ["bpf_ktime_get_ns"]}],
    "helpers": [],
    "maps": ["array"],
    "map_fields": [],
    "features": ["less-than jumps", "32-bit jumps"],
    "unknown": ["signed division"],
    "references": [],
    "limits": {"object_name": None, "instructions": 4},
    "remedies": {"bpf_get_prandom_u32": "throw a coin"},
}
TOAST = """struct toast {{ int heat, colour; }};
SEC("toast/slice") int p(struct toast *ctx)
{{
	{}
}}
"""


@pytest.fixture
def toaster(tmp_path):
    def write(**changes):
        path = tmp_path / "toaster.json"
        path.write_text(json.dumps({**OWN, **changes}, indent=1))
        return path

    return write




@pytest.mark.parametrize(
    "code, verdict, finding",
    [
        ("return ctx->heat;", "loads", None),
        ("return ctx->colour;", "fails", ("fails", "context field", "colour", 4)),
        ("return bpf_ktime_get_ns();", "loads", None),
        ("return bpf_get_prandom_u32();", "fails", ("fails", "helper", "bpf_get_prandom_u32", 4)),
    ],
)
def test_own_platform(code, verdict, finding, build, check, toaster):
    found = check(build(TOAST.format(code)), toaster(maps=["array", "ringbuf"]))
    assert found == (verdict, [finding] if finding else [])
    assert check.report["platform"] == "the toaster"
    if finding and finding[1] == "helper":
        assert check.cell["findings"][0]["remedy"] == "throw a coin"


def test_own_platform_does_not_know(build, check, toaster):
    obj = build(TOAST.format("return ctx->heat / (int)bpf_ktime_get_ns();"), cpu="v4")
    verdict, rows = check(obj, toaster(maps=["ringbuf"], limits={"object_name": None, "instructions": None}))
    assert verdict == "unknown" and ("unknown", "signed division") in [(r[0], r[2]) for r in rows]


def test_own_platform_limit(build, check, toaster):
    code = "asm volatile(\"r1 = 1\\nr1 = 2\\nr1 = 3\\nr1 = 4\"); return 0;"
    verdict, rows = check(build(TOAST.format(code)), toaster(maps=["ringbuf"]))
    assert verdict == "fails" and [r[:3] for r in rows] == [("fails", "limit", "instructions")]


def test_own_platform_maps(build, check, toaster):
    verdict, rows = check(build(TOAST.format("return 0;")), toaster())
    assert verdict == "fails" and [r[:3] for r in rows] == [("fails", "map type", "ringbuf")]


# --- files that are wrong ------------------------------------------------------------------------


@pytest.mark.parametrize(
    "changes, said",
    [
        ({"title": 3}, "'title' wants a text"),
        ({"note": 3}, "'note' wants a text or null"),
        ({"helpers": "all"}, "'helpers' wants a list of names"),
        ({"helpers": ["a", "a"]}, "'helpers' has 'a' twice"),
        ({"helpers": [""]}, "'helpers' wants a list of names"),
        ({"maps": [1]}, "'maps' wants a list of names"),
        ({"features": ["flying"]}, "unknown feature 'flying'"),
        ({"references": ["everything"]}, "'references' wants kconfig, kfuncs, ksyms, relocations or struct_ops"),
        ({"limits": {"object_name": 0, "instructions": None}}, "'object_name' wants a number or null"),
        ({"limits": {"object_name": 1}}, "'limits' lacks 'instructions'"),
        ({"programs": [{}]}, "a kind of programs lacks 'type'"),
        ({"programs": {}}, "'programs' wants a list of objects"),
        ({"programs": [3]}, "a kind of programs is no object"),
        ({"remedies": {"x": 1}}, "'remedies' wants texts by name"),
        ({"colour": "red"}, "the platform has an unknown key 'colour'"),
    ],
)
def test_wrong_file(changes, said, skep, build, toaster):
    path = toaster(**changes)
    done = skep("check", build(PORTABLE), "--platform", path)
    assert (done.rc, done.err) == (1, f"skep check: {path}: {said}\n")


def test_no_json(skep, build, toaster):
    path = toaster()
    path.write_text('{\n "platform": "x",\n oops\n}\n')
    done = skep("check", build(PORTABLE), "--platform", path)
    assert done.rc == 1 and re.fullmatch(rf"skep check: {path}:3:\d+: malformed JSON: .*\n", done.err), done


def test_unknown_platform(skep, build):
    done = skep("check", build(PORTABLE), "--platform", "solaris")
    assert (done.rc, done.err) == (
        2,
        "skep check: unknown platform 'solaris'\n  hint: there are windows, or name a file that describes one\n",
    )


def test_windows_is_read_whole(repo):
    """Names are sorted as people sort them, and each is there once."""
    data = json.loads((repo / "sdk/platforms/windows.json").read_text())
    for key in ("helpers", "maps", "features", "unknown"):
        assert data[key] == sorted(set(data[key])), key
