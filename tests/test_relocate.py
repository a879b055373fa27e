# SPDX-License-Identifier: BSD-2-Clause
"""Relocations as instructions: what skep leaves is what libbpf leaves.

The judge is tests/corpus/patched: bpf_object__prepare(), and libbpf's own functions where that does not reach.
Targets are the kernel selftests' families of types, compiled here: facts are their names, which say what fails.
"""

import re

import pytest

from conftest import NEEDS, lacking, run_tool
from coreprobe import SOURCES, forge, probe  # noqa: F401
from corpus.relocate import Relocated, build_patched, build_tool
from corpus.targets import HOST

pytestmark = pytest.mark.need("clang-19", "root")
PROGS = "build/deps/corpus/linux-6.12/tools/testing/selftests/bpf/progs"
GUARDED = {"existence", "enumval", "enum64val", "type_based", "type_id"}  # sources that ask before they read


@pytest.fixture(scope="session")
def patched(build_dir, tmp_path_factory):
    return build_patched(build_dir, tmp_path_factory.mktemp("patched"))


def families(folder):
    """Family -> (targets, sources) of the selftests."""
    found = {}
    for path in sorted(folder.glob("btf__core_reloc_*.c")):
        found.setdefault(re.match(r"btf__core_reloc_([a-z0-9_]+?)(__|\.c)", path.name)[1], ([], []))[0].append(path)
    for name, (_, sources) in found.items():
        sources += sorted(folder.glob(f"test_core_reloc_{name}*.c"))
    return found


def test_selftest_families(patched, forge, repo, need):
    folder = repo / PROGS
    NEEDS["corpus"] = lambda: None if folder.exists() else "no selftests: run '.ci/deps test'"
    need("corpus")
    judged = 0
    for name, (targets, sources) in families(folder).items():
        made = {p: forge.source(p, f"{p.stem}.o", "-D__x86_64__") for p in targets + sources}
        kernels = {p.stem.removeprefix("btf__core_reloc_"): made[p] for p in targets}
        objects = [made[p] for p in sources]
        counts, unread, different = Relocated(patched, kernels).judge(objects)
        assert not unread and not different, different[:10]
        for (path, kernel), count in counts.items():
            stops = count["failed"] + (0 if name in GUARDED and "_err_" not in kernel else count["poisoned"])
            assert count["records"] and not count["nobody"], (path, kernel)
            assert bool(stops) == ("_err_" in kernel), (path, kernel, count)
            judged += count["prepare"]
    assert judged > 800


# --- one rule each -------------------------------------------------------------------------------

RULES = sorted((SOURCES / "rules").glob("*.case"))
PRELUDE = """
#include <linux/bpf.h>
#include <bpf/bpf_helpers.h>
#include <bpf/bpf_core_read.h>
#define CORE __attribute__((preserve_access_index))
volatile long long out;
#define NAME(line) ask_##line
#define ASK(line, expression) \\
	SEC("raw_tp/x") int NAME(line)(__u64 *ctx) { out = expression; return 0; }
#define READ(type, field) ASK(__LINE__, (long)((type *)ctx[0])->field)
#define INFO(type, field, kind) ASK(__LINE__, __builtin_preserve_field_info(((type *)0)->field, kind))
#define EXISTS(type, field) INFO(type, field, 2)
#define ENUM_VALUE(type, name) ASK(__LINE__, bpf_core_enum_value(type, name))
#define ENUM_EXISTS(type, name) ASK(__LINE__, bpf_core_enum_value_exists(type, name))
#define TYPE_EXISTS(type) ASK(__LINE__, bpf_core_type_exists(type))
#define TYPE_MATCHES(type) ASK(__LINE__, bpf_core_type_matches(type))
#define TYPE_SIZE(type) ASK(__LINE__, bpf_core_type_size(type))
#define TYPE_ID(type) ASK(__LINE__, bpf_core_type_id_kernel(type))
"""


class Case:
    """A file of tests/data/core/rules: a program, a kernel, and what each record becomes."""

    def __init__(self, path, forge):
        parts = re.split(r"^@(\w+ ?\w*)\n", path.read_text(), flags=re.M)
        self.parts = dict(zip(parts[1::2], parts[2::2]))
        self.how = next((p.split()[1] for p in self.parts if p.startswith("BUILD")), "el")
        self.order = "eb" if self.how == "eb" else "el"
        self.forge, self.stem = forge, path.stem

    def write(self, name, text):
        path = self.forge.folder / name
        path.write_text(text)
        return path

    def object(self):
        source = self.write(f"{self.stem}.bpf.c", PRELUDE + self.parts["C"])
        return self.forge.source(source, f"{self.stem}.o", "-D__x86_64__", order=self.order)

    def kernel(self):
        return self.forge.kernel(self.how, self.write(f"{self.stem}_kernel.c", self.parts["KERNEL"]))

    def expected(self, policy):
        text = self.parts.get("EXPECT kernel", self.parts["EXPECT"]) if policy == "kernel" else self.parts["EXPECT"]
        return text.splitlines()


@pytest.mark.parametrize("policy", ["user", "kernel"])
@pytest.mark.parametrize("path", RULES, ids=lambda p: p.stem)
def test_rule(path, policy, forge, probe, patched):
    case = Case(path, forge)
    made = probe("patch", policy, case.object(), case.kernel()).stdout
    made = re.sub(r"insn #\d+", "insn #N", made)
    made = re.sub(r"(target_type_id .*) \d+ != success \d+", r"\1 ID != success ID", made)
    assert made.splitlines() == case.expected(policy)
    if policy == "user":  # of which libbpf itself is the judge
        counts, unread, different = Relocated(patched, {"k": case.kernel()}).judge([case.object()])
        different = [d for d in different if not (case.how == "eb" and "of kind 4" in d)]  # it counts for its own order
        assert not unread and not different
        assert sum(c["prepare"] + c["internal"] for c in counts.values()) == len(made.splitlines())


# --- the kernel's own relocation -----------------------------------------------------------------


def test_the_running_kernel_relocates_so(build_dir, forge, probe, tmp_path):
    """BPF_PROG_LOAD with core_relos: what the kernel makes of every record is what skep says of that policy."""
    lacking("btf")
    obj = forge.source(SOURCES / "applied.bpf.c", "applied.o", "-D__x86_64__")
    applied = build_tool(build_dir, tmp_path, "applied")
    said = run_tool(applied, obj).stdout
    assert re.fullmatch(rf"{obj} records=10 poisoned=\d+ failed=\d+ different=0\n", said), said
    kernel = probe("patch", "kernel", obj, HOST).stdout.splitlines()
    assert int(re.search(r"failed=(\d+)", said)[1]) == sum(" fails: " in line for line in kernel)
    assert "type_matches fails: the types are nested deeper than the kernel compares them" in kernel
    assert kernel != probe("patch", "user", obj, HOST).stdout.splitlines(), "nothing tells the policies apart here"


# --- layouts -------------------------------------------------------------------------------------

# A kernel, and changes of it that a record can see, and that none can.
LAYOUT = """
struct leaf { int a; unsigned b : 3; };
struct far { int x; };
enum mode { ON = 1, OFF };
typedef int (*hook_t)(struct far *, enum mode);
struct foo { long pad; struct leaf leaf; union { int u; char v; }; int arr[4]; struct far *p; enum mode m; };
struct foo k; hook_t h; struct other { int o; } k2; unsigned long tells_the_size;
"""
SEEN = {
    "member's name": ("int u;", "int w;"),
    "member's type": ("int u;", "unsigned u;"),
    "member's offset": ("long pad;", "long pad, more;"),
    "order": ("int a; unsigned b : 3;", "unsigned b : 3; int a;"),
    "nested member": ("int a;", "int c;"),
    "bitfield": ("b : 3", "b : 4"),
    "array": ("arr[4]", "arr[5]"),
    "enumerator": ("ON = 1, OFF", "ON = 1, OUT"),
    "enumerator's value": ("ON = 1", "ON = 2"),
    "pointee's name": ("struct far", "struct near"),
    "pointer": ("struct far *p", "struct far **p"),
    "prototype": ("(*hook_t)(struct far *,", "(*hook_t)(struct far *, int,"),
    "return type": ("typedef int (*hook_t)", "typedef void (*hook_t)"),
    "size": ("enum mode m; };", "enum mode m; } __attribute__((aligned(64)));"),
    "gone": ("struct foo k;", "struct foo_gone { int x; } k;"),
    "two of a name": ("struct other", "struct foo___2 { long pad; } k3; struct other"),
}
UNSEEN = {
    "another type": ("struct other { int o; }", "struct other { long o; }"),
    "behind a pointer": ("struct far { int x; };", "struct far { long x, y; };"),
    "ids": ("struct leaf {", "struct first { struct first *f; } k0; struct leaf {"),
    "typedef": ("int a;", "my_int a;"),
    "const": ("int u;", "const int u;"),
}
ASKER = """
struct leaf { int a; };
enum mode { ON = 1 };
struct far;
typedef int (*hook_t)(struct far *, enum mode);
struct foo { struct leaf leaf; int u; } CORE;
READ(struct foo, leaf.a)
READ(struct foo, u)
TYPE_EXISTS(hook_t)
TYPE_ID(struct foo)
"""


def layout_kernel(forge, name, change=None):
    text = LAYOUT.replace(*change) if change else LAYOUT
    assert text != LAYOUT or not change
    path = forge.folder / f"layout_{re.sub('[^a-z0-9]', '_', name)}.c"
    path.write_text("typedef int my_int;\n" + text)
    return forge.kernel("64", path)


@pytest.fixture(scope="session")
def layouts(forge, probe):
    source = forge.folder / "asker.bpf.c"
    source.write_text(PRELUDE + ASKER)
    asker = forge.source(source, "asker.o", "-D__x86_64__")
    return lambda what, kernel, policy="user": probe(what, policy, asker, kernel).stdout


@pytest.mark.parametrize("name", SEEN)
def test_what_is_seen_is_in_the_key(name, forge, layouts):
    assert layouts("key", layout_kernel(forge, name, SEEN[name])) != layouts("key", layout_kernel(forge, "same"))


@pytest.mark.parametrize("name", UNSEEN)
def test_what_is_not_seen_is_not(name, forge, layouts):
    """The key is that of the kernel without the change, and so is every answer but the id."""
    changed, same = layout_kernel(forge, f"un {name}", UNSEEN[name]), layout_kernel(forge, "same")
    assert layouts("key", changed) == layouts("key", same)
    without_id = [[line for line in layouts("patch", k).splitlines() if "type_id" not in line] for k in (changed, same)]
    assert without_id[0] == without_id[1] and len(without_id[0]) == 3


def test_policies_and_widths_are_in_the_key(forge, layouts):
    same = layout_kernel(forge, "same")
    narrow = forge.kernel("32", forge.folder / "layout_same.c")
    assert len({layouts("key", same), layouts("key", same, "kernel"), layouts("key", narrow)}) == 3
