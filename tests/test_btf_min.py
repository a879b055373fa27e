# SPDX-License-Identifier: BSD-2-Clause
"""The little of a kernel's types that relocations look at: libbpf's own resolver over the whole is the judge."""

import json
import os
import re
import struct

import pytest

from coreprobe import SOURCES, forge, probe  # noqa: F401

HOST = "/sys/kernel/btf/vmlinux"
pytestmark = [pytest.mark.need("clang-19"), pytest.mark.need("pahole")]

PARTS = (1, 2, 3, 4)
COUNT = {1: 104, 2: 39, 3: 15, 4: 8}


def without(lines, *what):
    """Lines without what a min-BTF may change: how many candidates there are, and ids of kernel types."""
    text = "\n".join(lines)
    if "cands" in what:
        text = re.sub(r" cands=\d+", "", text)
    if "ids" in what:
        text = re.sub(r"^(\d+ 7 .*new)=[1-9]\d*/", r"\1=ID/", text, flags=re.M)
    return text.splitlines()


def kernels(forge, how):
    base = forge.kernel("64" if how == "module" else how)
    return [base, forge.module(base)] if how == "module" else [base]


def same(probe, tmp_path, obj, btf):
    """Whole, skep's resolver and the min-BTF agree on every relocation -> what all say."""
    whole = probe.whole(obj, *btf)
    assert probe.resolve(obj, *btf) == whole
    small = probe.small(tmp_path / "min.btf", obj, btf=btf)
    assert without(probe.whole(obj, small), "cands", "ids") == without(whole, "cands", "ids")
    return whole


@pytest.mark.parametrize("how", ("el", "eb", "64", "32", "module"))
@pytest.mark.parametrize("part", PARTS)
def test_every_relocation_comes_out_as_with_the_whole(probe, forge, tmp_path, part, how):
    lines = same(probe, tmp_path, forge.object(part), kernels(forge, how))
    assert len(lines) == COUNT[part]
    text = "\n".join(lines)
    if part == 1:  # of those: found, not found, of another size
        assert text.count("poison=0") > 80 and text.count("poison=1") >= 9
        # a long of 4 bytes cannot be read as one of 8, a pointer can
        assert ("memsz=1" in text) == (how == "32")
    if part == 4:
        assert [line.split()[2] for line in lines].count("err") == 2


@pytest.mark.parametrize("part", PARTS)
def test_objects_of_the_other_byte_order(probe, forge, tmp_path, part):
    """libbpf reckons left shifts for the machine it was built for, so these are reckoned by hand."""
    obj, btf = forge.object(part, "eb"), forge.kernel("eb")
    whole, ours = probe.whole(obj, btf), probe.resolve(obj, btf)
    is_shift = lambda line: line.split()[1] == "4" and "poison=0" in line
    assert [x for x in ours if not is_shift(x)] == [x for x in whole if not is_shift(x)]
    if part != 1:
        assert ours == whole
        return
    shifts = [re.search(r"orig=(\d+)/0 new=(\d+)/0", x).groups() for x in ours if is_shift(x)]
    # a b c of 32 bits at bit 32 (whole) and 0 (local); d behind them; wide in 64; m; flag
    assert shifts[:4] == [("32", "32"), ("33", "35"), ("35", "40"), ("38", "60")]
    small = probe.small(tmp_path / "min.btf", obj, btf=[btf])
    assert without(probe.resolve(obj, small), "cands", "ids") == without(ours, "cands", "ids")


def test_bytes_are_in_the_kernels_order(probe, forge, bpftool, tmp_path):
    little = probe.small(tmp_path / "el.btf", forge.object(1), btf=[forge.kernel("el")])
    big = probe.small(tmp_path / "eb.btf", forge.object(1, "eb"), btf=[forge.kernel("eb")])
    assert struct.unpack("<H", little.read_bytes()[:2]) == (0xEB9F,) == struct.unpack(">H", big.read_bytes()[:2])
    bits = lambda path: re.search(r"STRUCT 'bits'.*\n((?:\t.*\n)+)", bpftool("btf", "dump", "file", path).stdout)[1]
    assert "'a' type_id" in bits(little) and re.sub(r"type_id=\d+", "", bits(little)) == re.sub(r"type_id=\d+", "", bits(big))


def test_pointers_of_32_bits_stay_so(probe, forge, bpftool, tmp_path):
    small = probe.small(tmp_path / "min.btf", forge.object(1), btf=[forge.kernel("32")])
    assert re.search(r"INT '(long unsigned int|unsigned long)' size=4", bpftool("btf", "dump", "file", small).stdout)
    source = tmp_path / "void.c"
    source.write_text(VOID)
    obj = forge.source(source, "void32.o")
    small = probe.small(tmp_path / "long.btf", obj, btf=[forge.kernel("32")])
    assert re.findall(r"INT '(.*)' size=4 .*", bpftool("btf", "dump", "file", small).stdout) == ["int", "unsigned long"]
    small = probe.small(tmp_path / "min.btf", forge.object(1), btf=[forge.kernel("32")])
    assert any("orig=16/8 new=16/4" in line for line in probe.whole(forge.object(1), small))  # plain.next


def test_one_for_several_objects_serves_each(probe, forge, tmp_path):
    btf = kernels(forge, "module")
    objects = [forge.object(part) for part in PARTS]
    small = probe.small(tmp_path / "all.btf", *objects, btf=btf)
    for obj in objects:
        assert without(probe.whole(obj, small), "cands", "ids") == without(probe.whole(obj, *btf), "cands", "ids")
    assert probe.small(tmp_path / "turned.btf", *objects[::-1], btf=btf).read_bytes() == small.read_bytes()


def test_types_of_another_order_give_the_same_bytes(probe, forge, tmp_path):
    """What is marked decides, not how a kernel numbers its types."""
    source = tmp_path / "turned.c"
    lines = (SOURCES / "kernel.c").read_text().splitlines()
    keeps = [line for line in lines if line.startswith("KEEP(")]
    assert len(keeps) == 18
    # namesakes keep their order, for libbpf prefers the first
    turned = keeps[:4] + keeps[:3:-1]
    source.write_text("\n".join([*(x for x in lines if x not in keeps), *turned]) + "\n")
    for part in PARTS:
        one = probe.small(tmp_path / "one.btf", forge.object(part), btf=[forge.kernel("64")])
        other = probe.small(tmp_path / "other.btf", forge.object(part), btf=[forge.kernel("64", source)])
        assert one.read_bytes() == other.read_bytes()


FLEXIBLE = """
struct middle { int n; int arr[]; } __attribute__((preserve_access_index));
struct middle___one { int arr[1]; } __attribute__((preserve_access_index));
unsigned long out[8];
__attribute__((section("raw_tp/x"))) int p(void *ctx)
{
	struct middle *m = ctx;
	out[0] = (unsigned long)&m->arr;
	out[1] = __builtin_preserve_field_info(m->arr[2], 2);
	return 0;
}
char LICENSE[] __attribute__((section("license"))) = "GPL";
"""


def test_an_array_that_is_not_last_does_not_become_it(probe, forge, tmp_path):
    source = tmp_path / "flexible.c"
    source.write_text(FLEXIBLE)
    obj = forge.source(source, "flexible.o")
    lines = same(probe, tmp_path, obj, kernels(forge, "el"))
    assert "new=4/" in lines[0] and " 2 poison=0 " in lines[1] and "new=0/0" in lines[1]


COUNTED = """
struct tagged { int left; int out; int gone; } __attribute__((preserve_access_index));
struct holder___n { int *handle; } __attribute__((preserve_access_index));
struct tagged___same { int left___a, left___b, left___c; } __attribute__((preserve_access_index));
int out[8];
__attribute__((section("raw_tp/x"))) int p(void *ctx)
{
	out[0] = __builtin_preserve_type_info(*(struct tagged *)0, 2);
	out[1] = __builtin_preserve_type_info(*(struct holder___n *)0, 2);
	out[2] = __builtin_preserve_type_info(*(struct tagged___same *)0, 2);
	return 0;
}
char LICENSE[] __attribute__((section("license"))) = "GPL";
"""


def test_a_match_sees_how_many_members_there_are(probe, forge, tmp_path):
    source = tmp_path / "counted.c"
    source.write_text(COUNTED)
    lines = same(probe, tmp_path, forge.source(source, "counted.o"), kernels(forge, "el"))
    assert ["new=1/0" in line for line in lines] == [False, True, True]


WIDE = """
struct wide { %s } __attribute__((preserve_access_index));
struct deep { struct wide wide; } __attribute__((preserve_access_index));
int out[8];
__attribute__((section("raw_tp/x"))) int p(struct deep *deep)
{
	%s
	return 0;
}
char LICENSE[] __attribute__((section("license"))) = "GPL";
"""


@pytest.mark.parametrize("what", ("match", "fields"))
def test_comparing_ends_in_time(forge, skep, tmp_path, what):
    """Each member is looked for among all of the kernel's, of each namesake: a hostile object makes that hours."""
    width = 17000 if what == "match" else 12000
    members = lambda prefix: "".join(f"int {prefix}{i};" for i in range(width))
    source, kernel = tmp_path / "wide.c", tmp_path / f"wide_{what}.c"
    match, fields = "out[0] = __builtin_preserve_type_info(*(struct wide *)0, 2);", "".join(f"out[0] += deep->wide.o{i};" for i in range(40))
    source.write_text(WIDE % (members("o"), match if what == "match" else fields))
    namesakes = "".join(f"struct deep___{i} {{ struct wide wide; }} keep_{i};" for i in range(1 if what == "match" else 600))
    kernel.write_text(f"struct wide {{ {members('k')} }}; {namesakes} long keep_long;")
    args = ["btf", "min", forge.source(source, f"{tmp_path.name}.o"), "--btf", forge.kernel("el", kernel)]
    before = os.times().children_user
    done = skep(*args, "--raw", "-o", "min.btf", timeout=60)
    assert os.times().children_user - before < 5
    why = "relocations with too much to compare: namesakes in the kernel, or members"
    assert (done.rc, done.out, done.err) == (1, "", f"skep btf min: {args[2]}: {why}\n")
    assert not (tmp_path / "min.btf").exists()


VOID = """
typedef void *handle_t;
struct holder { handle_t handle; } __attribute__((preserve_access_index));
int out[8];
__attribute__((section("raw_tp/x"))) int p(void *ctx)
{
	struct holder *h = ctx;
	out[0] = __builtin_preserve_field_info(h->handle, 2);
	out[1] = __builtin_preserve_type_info(*(handle_t *)0, 0);
	return 0;
}
char LICENSE[] __attribute__((section("license"))) = "GPL";
"""


def test_a_pointer_that_was_not_followed_is_no_pointer_to_void(probe, forge, tmp_path):
    source = tmp_path / "void.c"
    source.write_text(VOID)
    lines = same(probe, tmp_path, forge.source(source, "void.o"), kernels(forge, "el"))
    assert " 8 " in lines[1] and "new=0/0" in lines[1]  # int *, not void *


def test_a_modules_namesake_is_no_candidate(probe, forge, tmp_path, bpftool):
    """struct plain of the module is part of struct only_here; relocations of plain mean vmlinux'."""
    btf = kernels(forge, "module")
    small = probe.small(tmp_path / "min.btf", forge.object(1), btf=btf)
    dump = bpftool("btf", "dump", "file", small).stdout
    assert dump.count("STRUCT 'plain'") == 1 and "STRUCT 'only_here'" in dump
    inside = int(re.search(r"'inside' type_id=(\d+)", dump)[1])
    assert re.search(rf"^\[{inside}\] STRUCT 'plain \(module\)' .*\n\t'deep'", dump, re.M)


@pytest.mark.need("btf")
@pytest.mark.parametrize("template", ("exec-watch", "sched-latency", "xdp-filter"))
def test_templates_on_the_host(probe, project, bpftool, tmp_path, template):
    obj = next((project(template) / "build").glob("*.bpf.o"))
    lines = same(probe, tmp_path, obj, [HOST])
    assert len(lines) >= 6 and not any("err" in x for x in lines)
    ours = tmp_path / "min.btf"
    judge = tmp_path / "bpftool.btf"
    bpftool("gen", "min_core_btf", HOST, judge, obj)
    assert probe.whole(obj, judge) == probe.whole(obj, ours)
    assert ours.stat().st_size < judge.stat().st_size


@pytest.mark.need("btf")
@pytest.mark.parametrize("template", ("exec-watch", "sched-latency", "xdp-filter"))
def test_templates_on_debians_kernels(probe, project, kernel_library, tmp_path, template):
    obj = next((project(template) / "build").glob("*.bpf.o"))
    profiles = [json.loads(p.read_text()) for p in sorted((kernel_library / "kernels").glob("*.json"))]
    assert len(profiles) >= 5
    values = set()
    for profile in profiles:
        btf = kernel_library / "blobs/sha256" / profile["btf"].removeprefix("sha256:")
        lines = same(probe, tmp_path, obj, [btf])
        values.add("\n".join(lines))
        assert not any("err" in line for line in lines)
    # xdp-filter reads what the network defines, and that is everywhere the same
    assert len(values) > 3 or template == "xdp-filter"


def test_a_tracing_object_on_debians_kernels(probe, forge, skep, kernel_library, tmp_path):
    """Fields, bitfields, enumerators, types that exist, match and have sizes, here and there, vmlinux' and modules'."""
    obj = forge.source(SOURCES / "tracing.bpf.c", "tracing.o")
    env = {"SKEP_HOME": kernel_library}
    answers = set()
    for profile in sorted((kernel_library / "kernels").glob("*.json")):
        meta = json.loads(profile.read_text())
        btf = kernel_library / "blobs/sha256" / meta["btf"].removeprefix("sha256:")
        lines = same(probe, tmp_path, obj, [btf])
        assert len(lines) == 250 and not any("err" in x for x in lines), profile
        answers.add("\n".join(lines))
        skep("btf", "min", obj, "--kernel", meta["id"], "--raw", "-o", "all.btf", env=env).ok()
        told = probe.whole(obj, tmp_path / "all.btf")
        pairs = zip(without(lines, "cands", "ids"), without(told, "cands", "ids"))
        changed = [(a, b) for a, b in pairs if a != b]
        # nf_tables and xfs are modules; 5.10 has no types of modules
        assert len(changed) == (0 if "bullseye" in meta["id"] else 23), profile
        assert all(" poison=1 " in a or "new=0/0" in a for a, b in changed)
    assert len(answers) >= 5


# --- where bpftool 7.8 gives up or errs ----------------------------------------------------------


def rival(bpftool, probe, tmp_path, obj, btf):
    """bpftool's min-BTF, and ours with which libbpf does what it does with the whole."""
    lines = same(probe, tmp_path, obj, [btf])
    done = bpftool("gen", "min_core_btf", btf, tmp_path / "rival.btf", obj, check=False)
    return lines, done, tmp_path / "rival.btf"


ONE = """
struct opaque;
typedef struct opaque *opaque_t;
struct plain { char name[16]; struct plain *next; } __attribute__((preserve_access_index));
struct tagged { int *ptr; } __attribute__((preserve_access_index));
struct mine { int x; };
int out[8];
__attribute__((section("raw_tp/x"))) int p(void *ctx)
{
	struct plain *plain = ctx;
	out[0] = %s;
	return 0;
}
char LICENSE[] __attribute__((section("license"))) = "GPL";
"""


@pytest.fixture
def one(forge, tmp_path):
    def make(expression, order="el"):
        source = tmp_path / "one.c"
        source.write_text(ONE % expression)
        return forge.source(source, f"{tmp_path.name}.o", order=order)

    return make


@pytest.mark.parametrize(
    "how, kind, expression",
    [
        ("64", "fwd", "__builtin_preserve_type_info(*(opaque_t *)0, 0)"),
        ("el", "type_tag", "__builtin_preserve_type_info(*(struct tagged *)0, 2)"),
    ],
)
def test_kinds_that_bpftool_does_not_know(bpftool, probe, forge, one, tmp_path, how, kind, expression):
    lines, done, _ = rival(bpftool, probe, tmp_path, one(expression), forge.kernel(how))
    assert len(lines) == 1 and " new=1/0" in lines[0]
    assert done.returncode != 0 and f"unsupported kind: {kind}" in done.stderr, done


def test_ids_that_bpftool_changes_silently(bpftool, probe, forge, one, skep, tmp_path):
    obj, btf = one("__builtin_btf_type_id(*(struct plain *)0, 1)"), forge.kernel("64")
    lines, done, small = rival(bpftool, probe, tmp_path, obj, btf)
    assert done.returncode == 0 and not done.stderr and probe.whole(obj, small) != lines
    table = skep("btf", "min", obj, "--btf", btf, "--raw", "-o", "own.btf").ok().out
    assert re.search(r"ids of the min-BTF instead of the kernel's.*\n\s*object +section +insn +type\n\s*\S+ +raw_tp/x +\d+ +struct plain\n", table), table


def test_pointers_that_bpftool_widens(bpftool, probe, forge, one, tmp_path):
    lines, done, small = rival(bpftool, probe, tmp_path, one("plain->next != 0"), forge.kernel("32"))
    assert done.returncode == 0 and "new=16/4" in lines[0] and "new=16/8" in probe.whole(one("plain->next != 0"), small)[0]


def test_modules_that_bpftool_does_not_take(bpftool, probe, forge, one, tmp_path):
    base = forge.kernel("64")
    obj = forge.object(1)
    same(probe, tmp_path, obj, [base, forge.module(base)])
    done = bpftool("-B", base, "gen", "min_core_btf", forge.module(base), tmp_path / "rival.btf", obj, check=False)
    assert done.returncode != 0 and "Invalid argument" in done.stderr, done


def test_byte_order_that_bpftool_turns(bpftool, probe, forge, one, tmp_path):
    obj, btf = one("plain->next != 0", "eb"), forge.kernel("eb")
    _, done, small = rival(bpftool, probe, tmp_path, obj, btf)
    magic = lambda path: path.read_bytes()[:2]
    assert magic(tmp_path / "min.btf") == b"\xeb\x9f"
    assert (done.returncode, magic(small)) == (0, b"\x9f\xeb")
