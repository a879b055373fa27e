# SPDX-License-Identifier: BSD-2-Clause
"""What skep run makes of events and maps of every type; the program under test says what it sent."""

import json
import os
import re

import pytest

pytestmark = pytest.mark.need("root", "btf")

YAML = "name: probe\nversion: 0.1.0\nlicense: GPL-2.0-only\nsources: [src/probe.bpf.c]\n"
HEAD = """
#include <vmlinux.h>
#include <bpf/bpf_helpers.h>
#include <bpf/bpf_tracing.h>
#include <skep/events.h>
#include <skep/hist.h>
char LICENSE[] SEC("license") = "GPL";
"""

TYPES = """
enum color { RED = 1, GREEN = -5 };
enum big { HUGE = 0x100000000ULL };
typedef __be32 address;
struct part { __u16 a; __s8 b[3]; };
struct reading {
	__u8 u8; __s8 s8; __u16 u16; __s16 s16; __u32 u32; __s32 s32; __u64 u64; __s64 s64;
	bool flag; char c; char str[16]; __u8 raw[5];
	enum color col; enum color unknown; enum big big;
	struct part in; struct part ins[2];
	__u32 nums[3];
	unsigned int bf1:3; int bf2:5; unsigned int bf3:24;
	union { __u32 v4; __u8 v6[4]; };
	union { int x; long y; } named;
	void *ptr; __be16 port; address addr; struct in6_addr a6;
	struct { int deep; };
	char strs[2][4];
	int map, skep;
	__int128 wide;
	char tail[];
};
SKEP_EVENTS(events, struct reading);
SKEP_EVENTS(second, struct part);
struct { __uint(type, BPF_MAP_TYPE_RINGBUF); __uint(max_entries, 4096); } plain SEC(".maps");
struct { __uint(type, BPF_MAP_TYPE_PERF_EVENT_ARRAY); __uint(key_size, 4); __uint(value_size, 4); } perf SEC(".maps")
	__attribute__((btf_decl_tag("skep:event=struct part")));

struct mixed { __u64 n; __s32 m; char name[8]; __u32 arr[2]; };
struct { __uint(type, BPF_MAP_TYPE_PERCPU_HASH); __uint(max_entries, 8); __type(key, struct part); __type(value, struct mixed); } per_cpu SEC(".maps");
struct { __uint(type, BPF_MAP_TYPE_HASH); __uint(max_entries, 200); __type(key, __u32); __type(value, __u64); } squares SEC(".maps");
struct sizes { __u64 slots[20]; };
struct { __uint(type, BPF_MAP_TYPE_HASH); __uint(max_entries, 1024); __type(key, __u32); __type(value, struct sizes); } by_pid SEC(".maps") SKEP_HIST_LOG2("bytes");
struct { __uint(type, BPF_MAP_TYPE_PERCPU_ARRAY); __uint(max_entries, 10); __type(key, __u32); __type(value, __u64); } lin SEC(".maps") SKEP_HIST_LINEAR("us");
struct { __uint(type, BPF_MAP_TYPE_ARRAY); __uint(max_entries, 1000); __type(key, __u32); __type(value, __u32); } sparse SEC(".maps");
struct { __uint(type, BPF_MAP_TYPE_HASH); __uint(max_entries, 10); __uint(key_size, 6); __uint(value_size, 4); } untyped SEC(".maps");

char text[8] = "h\\x1b[31m";
struct part pair = { 3, { 1, 2, 3 } };
int once, calls[4];

static long square(__u32 i, void *c) { __u64 v = i * i; bpf_map_update_elem(&squares, &i, &v, 0); return 0; }

static __always_inline void fill(struct reading *e)
{
	__builtin_memset(e, 0, sizeof(*e) + 8);
	e->u8 = 255; e->s8 = -128; e->u16 = 65535; e->s16 = -32768; e->u32 = ~0U; e->s32 = -2147483647 - 1; e->u64 = ~0ULL; e->s64 = -1;
	e->flag = true; e->c = 'A'; __builtin_memcpy(e->str, "a\\x1b]0;x\\x07\\xff\\"\\\\\\n", 12);
	e->raw[0] = 0xde; e->raw[4] = 1; e->col = GREEN; e->unknown = 77; e->big = HUGE; e->in.a = 9; e->in.b[0] = -1;
	e->ins[1].a = 5; e->nums[2] = 3; e->bf1 = 5; e->bf2 = -3; e->bf3 = 0xabcdef; e->v4 = 0x04030201; e->named.y = -2;
	e->ptr = (void *)0xffff888000000000; e->port = 0x5000; e->addr = 0x0100007f; e->a6.in6_u.u6_addr8[15] = 1;
	e->deep = 4; e->strs[1][0] = 'z'; e->map = 42; e->wide = 1;
	__builtin_memcpy(e->tail, "flexible", 8);
}

SEC("raw_tp/sys_enter")
int probe(void *ctx)
{
	struct part in = { 1, { 2, 3, 4 } };
	struct mixed s = { 10, -1, "nm", { 1, 2 } };
	__u32 k = 1234, v = 9;
	struct sizes z = {};
	char key[6] = { 1, 2, 3, 4, 5, 6 };
	struct reading *e;
	__u64 *p;

	if (__sync_fetch_and_add(&once, 1))
		return 0;
	calls[2] = 1;
	e = bpf_ringbuf_reserve(&events, sizeof(*e) + 8, 0);
	if (!e)
		return 0;
	fill(e);
	bpf_ringbuf_submit(e, 0);
	bpf_ringbuf_output(&second, &in, sizeof(in), 0);
	bpf_ringbuf_output(&second, &in, 3, 0);
	bpf_ringbuf_output(&plain, &in, sizeof(in), 0);
	bpf_perf_event_output(ctx, &perf, BPF_F_CURRENT_CPU, &in, sizeof(in));
	bpf_map_update_elem(&per_cpu, &in, &s, 0);
	bpf_loop(100, square, 0, 0);
	z.slots[3] = 4;
	z.slots[19] = 100;
	bpf_map_update_elem(&by_pid, &k, &z, 0);
	bpf_map_update_elem(&untyped, key, &v, 0);
	k = 500;
	bpf_map_update_elem(&sparse, &k, &v, 0);
	k = 3;
	p = bpf_map_lookup_elem(&lin, &k);
	if (p)
		*p = 3;
	return 0;
}

SEC("?fentry/no_such_function") int BPF_PROG(optional) { return 0; }
"""


@pytest.fixture(scope="module")
def build(session_skep, tmp_path_factory):
    def make(source):
        folder = tmp_path_factory.mktemp("probe")
        (folder / "src").mkdir()
        (folder / "src/probe.bpf.c").write_text(HEAD + source)
        (folder / "skep.yaml").write_text(YAML)
        session_skep("build", "-C", folder).ok()
        return folder / "build/probe.skep"

    return make


@pytest.fixture(scope="module")
def types(build):
    return build(TYPES)


@pytest.fixture(scope="module")
def as_json(types, session_skep):
    done = session_skep("run", types, "--allow-unsigned", "--duration", "0.5", "--json").ok()
    assert "a sample of 'second' has 3 bytes, 'struct part' has 6\n" in done.err
    return [json.loads(line) for line in done.out.splitlines()]


@pytest.fixture(scope="module")
def as_text(types, session_skep):
    return session_skep("run", types, "--allow-unsigned", "--duration", "0.5").ok().out


def of(lines, name):
    mine = [dict(line) for line in lines if line.get("map") == name]
    for line in mine:
        kind = line.pop("skep")
        assert kind == ("histogram" if "hist" in line else "entry" if "key" in line else "map" if "empty" in line else "event")
    return mine


def test_every_type(as_json):
    assert of(as_json, "events") == [
        {
            "map": "events",
            "u8": 255, "s8": -128, "u16": 65535, "s16": -32768, "u32": 2**32 - 1, "s32": -(2**31), "u64": 2**64 - 1, "s64": -1,
            "flag": True, "c": 65, "str": 'a\x1b]0;x\x07�"\\\n', "raw": [0xDE, 0, 0, 0, 1],
            "col": "GREEN", "unknown": 77, "big": "HUGE",
            "in": {"a": 9, "b": [-1, 0, 0]}, "ins": [{"a": 0, "b": [0, 0, 0]}, {"a": 5, "b": [0, 0, 0]}], "nums": [0, 0, 3],
            "bf1": 5, "bf2": -3, "bf3": 0xABCDEF, "v4": 0x04030201, "v6": [1, 2, 3, 4], "named": {"x": -2, "y": -2},
            "ptr": "0xffff888000000000", "port": 80, "addr": "127.0.0.1", "a6": "::1", "deep": 4, "strs": ["", "z"],
            "map_": 42, "skep_": 0, "wide": "0x00000000000000000000000000000001", "tail": "flexible",
        }
    ]  # fmt: skip


def test_every_type_in_columns(as_text):
    lines = as_text.splitlines()
    head = next(line for line in lines if line.lstrip().startswith("U8"))
    row = lines[lines.index(head) + 1]
    cells = re.split(r" {2,}", row.strip())
    assert cells == [
        "255", "-128", "65535", "-32768", "4294967295", "-2147483648", "18446744073709551615", "-1", "true", "65",
        r'a\x1b]0;x\x07\xff"\\\n', "de00000001", "GREEN", "77", "HUGE", "9", "[-1 0 0]", "0", "[0 0 0]", "5", "[0 0 0]",
        "[0 0 3]", "5", "-3", "11259375", "67305985", "01020304", "-2", "-2", "0xffff888000000000", "80", "127.0.0.1", "::1",
        "4", "z", "42", "0", "0x00000000000000000000000000000001", "flexible",
    ]  # fmt: skip
    names = head.split()
    assert names.index("IN.A") and names.index("INS[1].B") and "NAMED.X" in names and "DEEP" in names and "V4" in names


def test_several_buffers(as_json, as_text):
    assert of(as_json, "second") == [
        {"map": "second", "a": 1, "b": [2, 3, 4]},
        {"map": "second", "a": 1, "b": None},
    ]
    assert of(as_json, "plain") == [{"map": "plain", "hex": "010002030400"}]
    assert of(as_json, "perf") == [{"map": "perf", "a": 1, "b": [2, 3, 4]}]
    assert "\nsecond:\n    A  B\n    1  [2 3 4]\n    1  -\n" in as_text
    assert "\nplain:\n010002030400\n" in as_text
    assert "\nperf:\n    A  B\n    1  [2 3 4]\n" in as_text


def test_maps(as_json, as_text):
    assert of(as_json, "per_cpu") == [
        {"map": "per_cpu", "key": {"a": 1, "b": [2, 3, 4]}, "value": {"n": 10, "m": -1, "name": "nm", "arr": [1, 2]}}
    ]
    assert [(line["key"], line["value"]) for line in of(as_json, "squares")] == [(i, i * i) for i in range(100)]
    assert of(as_json, "sparse") == [{"map": "sparse", "key": 500, "value": 9}]
    assert of(as_json, "untyped") == [{"map": "untyped", "key": [1, 2, 3, 4, 5, 6], "value": 9}]
    assert "\nuntyped: 1 entry\n  KEY           VALUE\n  010203040506      9\n" in as_text
    table = as_text.split("\nsquares: 100 entries\n")[1].split("\n\n")[0].splitlines()
    assert table[0] == "  KEY  VALUE" and len(table) == 1 + 64 + 1
    assert table[64] == "   63   3969" and table[65] == "  … 36 more"


def test_histograms(as_json, as_text):
    (hist,) = of(as_json, "by_pid")
    assert (hist["key"], hist["hist"], hist["unit"], len(hist["slots"])) == (1234, "log2", "bytes", 17)
    assert hist["slots"][0] == {"low": 8, "high": 15, "count": 4}
    assert hist["slots"][-1] == {"low": 2**19, "high": None, "count": 100}
    (hist,) = of(as_json, "lin")
    assert hist == {"map": "lin", "hist": "linear", "unit": "us", "slots": [{"low": 3, "high": 3, "count": 3}]}
    assert "\nby_pid[1234]: 104 counted, in bytes\n" in as_text
    assert f"  524288 ..                   100  |{40 * '#'}|\n" in as_text


def test_globals(as_json, as_text):
    found = {line["global"]: line["value"] for line in as_json if "global" in line}
    assert found["text"] == "h\x1b[31m" and found["pair"] == {"a": 3, "b": [1, 2, 3]}
    assert found["calls"] == [0, 0, 1, 0] and found["once"] > 0
    assert "\nglobals in .data:\n" in as_text and "\n  text = h\\x1b[31m\n" in as_text


def test_per_cpu_values_are_added_up(build, skep):
    path = build("""
struct sums { __u64 n; __s32 below; __u32 parts[2]; };
struct { __uint(type, BPF_MAP_TYPE_PERCPU_ARRAY); __uint(max_entries, 1); __type(key, __u32); __type(value, struct sums); } sums SEC(".maps");
int total;
SEC("raw_tp/sys_enter") int probe(void *ctx)
{
	__u32 k = 0;
	struct sums *s = bpf_map_lookup_elem(&sums, &k);
	if (s) { s->n++; s->below--; s->parts[1] += 2; __sync_fetch_and_add(&total, 1); }
	return 0;
}
""")
    done = skep("run", path, "--allow-unsigned", "--duration", "0.5", "--json").ok()
    lines = [json.loads(line) for line in done.out.splitlines()]
    total = next(line["value"] for line in lines if line.get("global") == "total")
    assert total > os.cpu_count()
    assert [line["value"] for line in of(lines, "sums")] == [{"n": total, "below": -total, "parts": [0, 2 * total]}]


def test_signed_keys(build, skep):
    path = build("""
struct { __uint(type, BPF_MAP_TYPE_HASH); __uint(max_entries, 8); __type(key, int); __type(value, int); } signs SEC(".maps");
struct { __uint(type, BPF_MAP_TYPE_ARRAY); __uint(max_entries, 8); __type(key, int); __type(value, __u64); } slots SEC(".maps") SKEP_HIST_LOG2("ns");
SEC("raw_tp/sys_enter") int probe(void *ctx)
{
	static const int keys[] = { 256, -300, 1, -2, 98, 0 };
	int key = 2;
	__u64 *slot = bpf_map_lookup_elem(&slots, &key);

	if (slot)
		*slot = 5;
	for (int i = 0; i < 6; i++) {
		key = keys[i];
		bpf_map_update_elem(&signs, &key, &key, 0);
	}
	return 0;
}
""")
    done = skep("run", path, "--allow-unsigned", "--duration", "0.3", "--json").ok()
    lines = [json.loads(line) for line in done.out.splitlines()]
    assert [line["key"] for line in of(lines, "signs")] == [-300, -2, 0, 1, 98, 256]
    assert [line["slots"] for line in of(lines, "slots")] == [[{"low": 4, "high": 7, "count": 5}]]


def test_iterator_is_read_once(build, skep, tool):
    path = build("""
SEC("iter/task") int dump(struct bpf_iter__task *ctx)
{
	struct task_struct *task = ctx->task;

	if (task)
		BPF_SEQ_PRINTF(ctx->meta->seq, "pid=%d %s\\n", task->tgid, "\\x1b[31m");
	return 0;
}
""")
    done = skep("run", path, "--allow-unsigned", "--json", timeout=20).ok()
    lines = [json.loads(line) for line in done.out.splitlines()]
    assert {line["program"] for line in lines} == {"dump"}
    assert f"pid={os.getpid()} \x1b[31m" in {line["line"] for line in lines}
    done = skep("run", path, "--allow-unsigned", timeout=20).ok()
    assert rf"pid={os.getpid()} \x1b[31m" in done.out.splitlines() and "\x1b" not in done.out


PINNED = """
struct { __uint(type, BPF_MAP_TYPE_ARRAY); __uint(max_entries, 1); __type(key, __u32); __type(value, __u32); __uint(pinning, LIBBPF_PIN_BY_NAME); } skep_test_pin SEC(".maps");
SEC("raw_tp/sys_enter") int probe(void *ctx) { __u32 k = 0, *v = bpf_map_lookup_elem(&skep_test_pin, &k); if (v) *v = 7; return 0; }
"""


@pytest.mark.need("bpffs")
def test_pins_go_and_those_of_others_stay(build, start, skep, bpftool):
    path, pin = build(PINNED), "/sys/fs/bpf/skep_test_pin"
    run = start("run", path, "--allow-unsigned", "-v")
    run.wait_for("is running", "err")
    assert os.path.exists(pin)
    assert run.stop().rc == 0 and not os.path.exists(pin)
    bpftool("map", "create", pin, "type", "array", "key", "4", "value", "4", "entries", "1", "name", "other")
    try:
        done = skep("run", path, "--allow-unsigned", "--duration", "0.2", "--json").ok()
        assert done.out == '{"skep":"entry","map":"skep_test_pin","key":0,"value":7}\n'  # by the name the source gives it
        assert json.loads(bpftool("-j", "map", "lookup", "pinned", pin, "key", "0", "0", "0", "0").stdout)["value"][0] == "0x07"
    finally:
        os.unlink(pin)


# --- what the kernel refuses ---------------------------------------------------------------------


def test_verifier_is_quoted(build, skep):
    source = """
struct { __uint(type, BPF_MAP_TYPE_HASH); __uint(max_entries, 1); __type(key, __u32); __type(value, __u32); } counts SEC(".maps");
SEC("raw_tp/sys_enter") int probe(void *ctx)
{
	__u32 k = 0, *v = bpf_map_lookup_elem(&counts, &k);
	*v = 1;
	return 0;
}
"""
    path = build(source)
    line = 1 + (HEAD + source).splitlines().index("\t*v = 1;")
    done = skep("run", path, "--allow-unsigned", "--duration", "1")
    assert (done.rc, done.out) == (1, "")
    first = "the verifier refuses 'probe': R0 invalid mem access 'map_value_or_null'"
    assert re.fullmatch(rf"skep run: (?:\S*probe\.bpf\.c:{line}: )?{first}", done.err.splitlines()[1])
    assert "  while checking '*v = 1;'\n" in done.err and "  while loading 'probe'\n" in done.err
    assert "  hint: check the result of the lookup for NULL before use\n" in done.err
    log = skep("run", path, "--allow-unsigned", "--duration", "1", "-v").err
    assert re.search(r"^\d+: \(63\) \*\(u32 \*\)\(r0 \+ ?0\) = ", log, re.M) or re.search(r"^processed \d+ insns", log, re.M)


def test_field_this_kernel_lacks(build, skep):
    path = build("""
struct task_struct___no { int no_such_field; } __attribute__((preserve_access_index));
SEC("tp_btf/sched_switch") int probe(__u64 *ctx)
{
	struct task_struct___no *task = (void *)ctx[1];
	return task->no_such_field;
}
""")
    done = skep("run", path, "--allow-unsigned", "--duration", "1")
    assert (done.rc, done.out) == (1, "")
    assert "struct task_struct___no.no_such_field" in done.err.splitlines()[1]
    assert "  hint: guard its use with bpf_core_field_exists(), " in done.err


def test_hook_this_kernel_lacks(build, skep):
    done = skep("run", build('SEC("tp_btf/no_such_hook") int probe(void *ctx) { return 0; }'), "--allow-unsigned", "--duration", "1")
    assert (done.rc, done.out) == (1, "")
    assert "no_such_hook" in done.err.splitlines()[1]
    assert "  hint: this kernel has no such tracepoint\n" in done.err


@pytest.mark.parametrize(
    "section,hint",
    [
        ("tp_btf/sched_swich", "did you mean 'sched_switch'?"),
        ("raw_tp/sched_swich", "did you mean 'sched_switch'?"),
        ("tp/sched/sched_swich", "did you mean 'sched/sched_switch'?"),
        ("tp/sced/sched_switch", "did you mean 'sched'?"),
        ("tp/sched/zzzzzzzzzz", "this kernel has no such tracepoint: ls /sys/kernel/tracing/events"),
        ("fentry/do_exxit", "did you mean 'do_exit'?"),
        ("fentry/q_w_e_r_t_y_u_i_o_p_a_s", "this kernel has no such function, or it is inlined"),
        ("lsm/file_opn", "did you mean 'file_open'?"),
        ("iter/tsk", "did you mean 'task'?"),
    ],
)
def test_hook_is_hinted_at(build, skep, need, section, hint):
    need("tracefs")
    done = skep("run", build(f'SEC("{section}") int probe(void *ctx) {{ return 0; }}'), "--allow-unsigned", "--duration", "1")
    assert (done.rc, done.out) == (1, "")
    assert done.err.splitlines()[-1] == f"  hint: {hint}"


def test_kernel_without_kprobes(build, skep, need):
    need("tracefs")
    if os.path.exists("/sys/kernel/tracing/kprobe_events") or os.path.exists("/sys/bus/event_source/devices/kprobe"):
        pytest.skip("this kernel has kprobes")
    done = skep("run", build('SEC("kprobe/do_exit") int probe(void *ctx) { return 0; }'), "--allow-unsigned", "--duration", "1")
    assert (done.rc, done.out) == (1, "")
    assert done.err.splitlines()[1:] == [
        "skep run: cannot attach 'probe' to 'do_exit': No such file or directory",
        "  hint: this kernel has no kprobes (CONFIG_KPROBES); use fentry or a tracepoint",
    ]


@pytest.mark.parametrize("hide", [False, True])
def test_tracepoint_this_kernel_lacks(build, skep, build_dir, tool, need, hide):
    need("tracefs", "unshare")
    path = build('SEC("tp/sched/no_such_point") int probe(void *ctx) { return 0; }')
    command = "umount -l /sys/kernel/tracing; " * hide
    command += f"exec {build_dir}/bin/skep run {path} --allow-unsigned --duration 1"
    done = tool("unshare", "-m", "sh", "-c", command, check=False, env=skep.environ({}))
    assert (done.returncode, done.stdout) == (1, "")
    assert "sched/no_such_point" in done.stderr.splitlines()[1]


def test_nothing_to_attach(build, skep):
    done = skep("run", build('SEC("syscall") int probe(void *ctx) { return 0; }'), "--allow-unsigned", "--duration", "1")
    assert (done.rc, done.out) == (2, "")
    assert done.err.splitlines()[1:] == ["skep run: 'probe' has no program that can be attached"]
