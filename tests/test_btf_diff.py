# SPDX-License-Identifier: BSD-2-Clause
"""skep btf diff: every rule as a file of tests/data/btf, real kernels against what bpftool says of them.

A case is a sentence, @FROM and @TO with C that clang compiles to BTF, and @EXPECT, what the diff begins with behind
its head; lines from "summary" on, and of variables, are left out.
"""

import re
import shutil
from pathlib import Path

import pytest

from btf_facts import Facts
from test_vmlinux import FUNC, FUNC_PROTO, PTR, STRUCT, Btf

FWD = 7
CASES = sorted((Path(__file__).parent / "data/btf").glob("*.case"))


def clang():
    return shutil.which("clang-19") or "clang"


@pytest.fixture
def compiled(need, tool, tmp_path):
    """C -> file with its BTF."""
    need("clang")

    def compile_it(source, name, target="bpf"):
        (tmp_path / f"{name}.c").write_text(source)
        tool(clang(), "-target", target, "-g", "-O1", "-c", tmp_path / f"{name}.c", "-o", tmp_path / name)
        return tmp_path / name

    return compile_it


def sections(path):
    parts = re.split(r"^@(FROM|TO|EXPECT)\n", path.read_text(), flags=re.M)
    return dict(zip(parts[1::2], parts[2::2]))


def body(text):
    """Without what is compared, and without the summary."""
    lines = text.splitlines()
    lines = [line for line in lines if not re.match(r"(from|to): ", line)]
    lines = lines[: lines.index("summary")] if "summary" in lines else lines
    return [re.sub(r"result: +", "result: ", line) for line in lines if line]


@pytest.mark.parametrize("path", CASES, ids=lambda p: p.stem)
def test_case(skep, compiled, path):
    case = sections(path)
    a, b = compiled(case["FROM"], "a"), compiled(case["TO"], "b")
    done = skep("btf", "diff", a, b).ok()
    assert done.err == ""
    assert body(done.out) == case["EXPECT"].splitlines()


def diff(skep, a, b, *options, **kw):
    return skep("btf", "diff", a, b, "--json", *options, **kw).ok().json()


# --- facts of the compiler's --------------------------------------------------------------------------

LAYOUTS = """
struct in {{ char c; {0} }};
struct s {{
	char head;
	{1}
	struct in in;
	struct {{ short x; long y; }} anon[3];
	union {{ int u1; struct {{ char d1; long d2; }}; }};
	{2}
	struct {{ int z; }} last;
}} s;
"""
FIELDS = ["c", "in", "anon", "anon[].x", "anon[].y", "u1", "d1", "d2", "last", "last.z", "head"]


def test_offsets_are_the_compilers(skep, tool, tmp_path, need):
    """offsetof() and sizeof() as the host's compiler computes them, of two versions of a struct."""
    need("gcc", "pahole")
    versions = [("int i;", "", "short t;"), ("long i; char e;", "void *p; int q;", "")]
    facts = []
    for i, holes in enumerate(versions):
        source = tmp_path / f"v{i}.c"
        rows = "".join(
            f'printf("{f} %zu %zu\\n", offsetof(struct s, {f.replace("[]", "[0]")}), sizeof(s.{f.replace("[]", "[0]")}));'
            for f in FIELDS[1:]
        )
        source.write_text(
            f"#include <stddef.h>\n#include <stdio.h>\n{LAYOUTS.format(*holes)}\nint main(void) {{ {rows} return 0; }}\n"
        )
        tool("gcc", "-g", source, "-o", tmp_path / f"v{i}.elf")
        tool("pahole", "-J", tmp_path / f"v{i}.elf")
        out = tool(tmp_path / f"v{i}.elf").stdout
        facts.append({f: (int(o), int(s)) for f, o, s in (line.split() for line in out.splitlines())})
    told = diff(skep, tmp_path / "v0.elf", tmp_path / "v1.elf")["types"]["struct s"]
    was = {m["name"]: (m["from_bits"], m["to_bits"]) for run in told["moved"] for m in run["fields"]}
    was |= {
        f["from_name"]: (f["from_offset"] * 8, f["to_offset"] * 8) for f in told["fields"] if f["change"] in (["resized"],)
    }
    want = {f: (facts[0][f][0] * 8, facts[1][f][0] * 8) for f in facts[0] if facts[0][f] != facts[1][f]}
    assert was == want and len(want) >= 8
    sizes = {f["from_name"]: (f["from_size"], f["to_size"]) for f in told["fields"] if f["change"] == ["resized"]}
    assert sizes == {f: (facts[0][f][1], facts[1][f][1]) for f in facts[0] if facts[0][f][1] != facts[1][f][1]}


# --- what is used -------------------------------------------------------------------------------------

USER = """
#define __ctx __attribute__((preserve_access_index))
#define SEC(x) __attribute__((section(x), used))
struct mm { int users; long unused; } __ctx;
struct task { int state; struct mm *mm; int quiet; struct { int in; } part; } __ctx;
enum kind { KIND_A = 1, KIND_B = 2 };
struct big { int x; } __ctx;
extern void kick(struct task *t) __attribute__((section(".ksyms"))) ;
SEC("fentry/do_fork") int prog(unsigned long long *ctx)
{
	struct task *t = (void *)ctx[0];
	kick(t);
	return t->state + t->mm->users + t->part.in + __builtin_preserve_enum_value(*(typeof(enum kind) *)KIND_B, 1) +
	       __builtin_preserve_type_info(*(struct big *)0, 1);
}
SEC("tp_btf/switch") int tp(unsigned long long *ctx) { return 0; }
SEC("lsm/file_open") int lsm(unsigned long long *ctx) { return 0; }
char _license[] SEC("license") = "GPL";
"""
KERNEL = """
struct mm {{ int unused_{0}; int users; }} mm;
struct task {{ {0} state; struct mm *mm; {0} quiet; struct {{ int pad[sizeof({0})]; int in; }} part; }} task;
enum kind {{ KIND_A = sizeof({0}), KIND_B = 20 + sizeof({0}) }} kind;
struct big {{ {0} y; }} big;
struct other {{ {0} z; }} other;
typedef void (*btf_trace_switch)(void *d, {0} p); btf_trace_switch tp;
typedef void (*btf_trace_other)(void *d, {0} p); btf_trace_other tp2;
void kick(struct task *t, {0} x) {{}}
int do_fork({0} a) {{ return 0; }}
int other_func({0} a) {{ return 0; }}
int bpf_lsm_file_open({0} a) {{ return 0; }}
int bpf_lsm_file_close({0} a) {{ return 0; }}
"""


def test_only_what_an_object_uses(skep, compiled):
    a, b = compiled(KERNEL.format("int"), "a"), compiled(KERNEL.format("long"), "b")
    user = compiled(USER, "user.o")
    whole, told = diff(skep, a, b), diff(skep, a, b, "--for", user)
    assert set(whole["types"]) == {"struct mm", "struct task", "struct big", "struct other"}
    assert set(told["types"]) == {"struct task", "struct big"}
    assert told["types"]["struct big"]["fields"] == [] and told["types"]["struct big"]["to_size"] == 8
    task = told["types"]["struct task"]
    assert [f["from_name"] for f in task["fields"]] == ["state", "part"]
    assert {f["name"] for run in task["moved"] for f in run["fields"]} == {"part.in"}
    assert [(e["from_name"], e["from"], e["to"]) for e in told["enums"]["enum kind"]["enumerators"]] == [("KIND_B", "24", "28")]
    assert set(told["functions"]) == {"kick", "do_fork"}
    assert set(told["tracepoints"]) == {"switch"} and set(told["lsm_hooks"]) == {"file_open"}
    assert set(whole["functions"]) == {"kick", "do_fork", "other_func"}
    assert set(whole["lsm_hooks"]) == {"file_open", "file_close"}
    assert told["object"] == str(user) and told["uses"] > 5


# --- options and odd sides ----------------------------------------------------------------------------


def test_exit_code_and_summary(skep, compiled):
    a, b = compiled("struct s { int a; } s;", "a"), compiled("struct s { long a; int n; } s; int i;", "b")
    assert skep("btf", "diff", a, b).rc == 0
    assert skep("btf", "diff", a, b, "--exit-code").rc == 1
    same = skep("btf", "diff", a, a, "--exit-code").ok()
    assert same.out == f"from:         {a}\nto:           {a}\nresult:       same\n"
    done = skep("btf", "diff", a, b, "--summary").ok()
    assert "structs and unions" in done.out and "struct s" not in done.out
    assert set(diff(skep, a, b, "--summary")) == {"from", "to", "result", "scope", "summary"} | {"modules_gone", "modules_new"}
    rows = {r["what"]: r for r in diff(skep, a, b, "--summary")["summary"]}
    assert rows["types"]["changed"] == 1 and rows["fields"]["changed"] == 1 and rows["fields"]["new"] == 1


def test_other_byte_order_is_told_first(skep, compiled):
    source = "struct s { int a; long b; } s; enum e { A = -1, B = 300 } e; int f(struct s *s) { return 0; }"
    a, b = compiled(source, "a"), compiled(source, "b", target="bpfeb")
    done = skep("btf", "diff", a, b).ok()
    assert done.out.splitlines()[2:] == ["result:       same", "", "byte order", "  from: little", "  to:   big"]


def test_same_both_ways(skep, compiled):
    """What is new one way is gone the other way."""
    case = sections(Path(__file__).parent / "data/btf/enums.case")
    a, b = compiled(case["FROM"], "a"), compiled(case["TO"], "b")
    there, back = ({r["what"]: r for r in diff(skep, *two)["summary"]} for two in ((a, b), (b, a)))
    for what, row in there.items():
        assert (row["gone"], row["new"], row["changed"]) == (back[what]["new"], back[what]["gone"], back[what]["changed"])


def copies(*names):
    btf = Btf()
    btf.integer()
    btf.add(FUNC_PROTO, "", 1)
    for name in names:
        btf.add(FUNC, name, 2)
    return btf.bytes()


def test_copies_that_a_compiler_made(skep, tmp_path):
    """`f.isra.0` is no function of its own, and f is not gone where only that is left."""
    (tmp_path / "a").write_bytes(copies("f", "g", "h.part.0", "h"))
    (tmp_path / "b").write_bytes(copies("f.isra.0", "h", "h.cold", "i.constprop.0"))
    told = diff(skep, "a", "b")
    assert [e["name"] for e in told["gone"]["functions"]] == ["g"]
    assert told["new"]["functions"] == []


def duplicates(*sizes):
    btf = Btf()
    btf.integer()
    btf.integer("long", 8)
    for size in sizes:
        kind = {4: 1, 8: 2}[size]
        btf.add(STRUCT, "s", size * 2, btf.string("x"), kind, 0, btf.string("y"), kind, size * 8, vlen=2)
    return btf.bytes()


@pytest.mark.parametrize(
    "a, b, changed, gone",
    [((4, 8), (8, 4), 0, 0), ((4, 8), (8,), 0, 1), ((4, 4, 8), (4, 8), 0, 0), ((4,), (8, 8), 1, 0)],
)
def test_types_of_one_name(skep, tmp_path, a, b, changed, gone):
    """The same layout first; one that another equals is not gone."""
    (tmp_path / "a").write_bytes(duplicates(*a))
    (tmp_path / "b").write_bytes(duplicates(*b))
    told = diff(skep, "a", "b")
    assert len(told["types"]) == changed and len(told["gone"]["types"]) == gone


def test_kfuncs(skep, compiled):
    """A tag makes a kfunc; a kernel without tags does not say which functions are."""
    tag = '__attribute__((btf_decl_tag("bpf_kfunc"))) '
    plain = "int f(int a) { return 0; } int g(void) { return 0; } int h(void) { return 0; }"
    tagged = f"{tag}int f(long a) {{ return 0; }} {tag}int g(void) {{ return 0; }} int h(void) {{ return 0; }}"
    more = f"{tag}int f(long a) {{ return 0; }} int g(void) {{ return 0; }} {tag}int h(void) {{ return 0; }}"
    a, b, c = compiled(plain, "a"), compiled(tagged, "b"), compiled(more, "c")
    told = diff(skep, a, b)
    assert set(told["kfuncs"]) == {"f"} and not told["new"]["kfuncs"] and not told["functions"]
    told = diff(skep, b, c)
    assert [e["name"] for e in told["gone"]["kfuncs"]] == ["g"] and [e["name"] for e in told["new"]["kfuncs"]] == ["h"]


@pytest.mark.parametrize(
    "args, rc, err",
    [
        (["diff", "a"], 2, "skep btf diff: an argument is missing"),
        (["diff", "a", "no/such"], 3, "skep btf diff: no x86_64 kernel 'no/such' in the library"),
        (["diff", "a", "text"], 2, "skep btf diff: text: neither BTF nor an ELF with BTF"),
        (["diff", "a", "a", "--for", "text"], 2, "skep btf diff: text: "),
    ],
)
@pytest.mark.need("x86_64")
def test_misuse(skep, tmp_path, args, rc, err):
    (tmp_path / "a").write_bytes(copies("f"))
    (tmp_path / "text").write_text("no BTF\n")
    done = skep("btf", *args)
    assert done.rc == rc and done.out == "" and done.err.splitlines()[0].startswith(err), done


def lookalikes(n, prefix):
    """A struct of n fields, of which no other kernel has one."""
    btf = Btf()
    btf.integer()
    words = [w for i in range(n) for w in (btf.string(f"{prefix}{i}"), 1, 32 * i)]
    btf.add(STRUCT, "s", 4 * n, *words, vlen=n)
    return btf.bytes()


def test_hostile_types_end_in_time(skep, tmp_path):
    """Tens of thousands of fields, and as many types of one name: bounded, whatever the answer."""
    (tmp_path / "a").write_bytes(lookalikes(60000, "a"))
    (tmp_path / "b").write_bytes(lookalikes(60000, "b"))
    done = skep("btf", "diff", "a", "b", "--summary", timeout=60)
    assert done.rc in (0, 1) and (done.rc == 0 or "too intricate to compare" in done.err), done
    btf = Btf()
    btf.integer()
    for i in range(30000):
        btf.add(STRUCT, "s", 4 + i % 7, btf.string(f"f{i}"), 1, 0, vlen=1)
    (tmp_path / "c").write_bytes(btf.bytes())
    (tmp_path / "d").write_bytes(lookalikes(3, "d"))
    done = skep("btf", "diff", "c", "d", "--summary", timeout=60)
    assert done.rc in (0, 1) and (done.rc == 0 or "too intricate to compare" in done.err), done


def test_an_empty_name_is_a_name(skep, tmp_path):
    """A struct whose name is there, but empty, may point to itself; comparing it has to end."""
    btf = Btf()
    btf.integer()
    btf.add(STRUCT, "x", 8, btf.string("next"), 3, 0, vlen=1)
    btf.add(PTR, "", 2)
    btf.add(STRUCT, "s", 8, btf.string("in"), 2, 0, vlen=1)
    (tmp_path / "a").write_bytes(btf.bytes().replace(b"\0x\0", b"\0\0\0"))
    done = skep("btf", "diff", "a", "a", timeout=20)
    assert done.rc == 1 or "result:       same" in done.out, done


def test_a_declaration_without_name_is_like_itself(skep, tmp_path):
    btf = Btf()
    btf.integer()
    btf.add(FWD)
    btf.add(PTR, "", 2)
    btf.add(FUNC_PROTO, "", 1, btf.string("arg"), 3, vlen=1)
    btf.add(FUNC, "f", 4)
    (tmp_path / "a").write_bytes(btf.bytes())
    assert diff(skep, "a", "a")["result"] == "same"


# --- real kernels, as bpftool reads them --------------------------------------------------------------

KERNELS = [("debian/bullseye", "debian/bookworm/x86_64"), ("debian/trixie", "debian/forky")]


@pytest.fixture(scope="module")
def library(kernel_library):
    return {"SKEP_HOME": kernel_library}


@pytest.fixture(scope="module")
def raw_btf(session_skep, kernel_library):
    """Where the raw BTF of a profile is."""

    def path(kernel):
        shown = session_skep("kernel", "show", kernel, "--json", env={"SKEP_HOME": kernel_library}).ok().json()
        return next(f["path"] for f in shown["files"] if f["what"] == "btf")

    return path


@pytest.fixture(scope="module")
def facts(bpftool, raw_btf):
    return lambda kernel: Facts(bpftool("-j", "btf", "dump", "file", raw_btf(kernel)).stdout)


def lone(told, what, *kinds):
    return {e["name"] for kind in kinds for e in told[what][kind]}


def plain(names):
    """Functions that are hooks, too, are told of without prefix."""
    return {re.sub("^bpf_(lsm|iter)_", "", n) for n in names}


def check_functions(told, a, b):
    kinds = ("functions", "kfuncs", "lsm_hooks", "iterators")
    was, now = a.functions(), b.functions()
    tagged_later = {e["name"] for what in ("gone", "new") for e in told[what]["kfuncs"]} & set(was) & set(now)
    assert plain(lone(told, "gone", *kinds) - tagged_later) == plain(set(was) - set(now))
    assert plain(lone(told, "new", *kinds) - tagged_later) == plain(set(now) - set(was))
    assert len(told["new"]["functions"]) > 5000
    changed = {n for n in set(was) & set(now) if was[n] - now[n] and now[n] - was[n]}
    assert plain(n for kind in kinds for n in told[kind]) == plain(changed)


def check_tracepoints(told, a, b):
    was, now = a.tracepoints(), b.tracepoints()
    assert lone(told, "gone", "tracepoints") == set(was) - set(now)
    assert lone(told, "new", "tracepoints") == set(now) - set(was)
    assert set(told["tracepoints"]) == {n for n in set(was) & set(now) if was[n] != now[n]}


def check_fields(told, a, b):
    """Of every struct that both have once: fields, offsets, sizes, types."""
    was, now = a.structs(), b.structs()
    sections = {t["name"]: t for t in told["types"].values() if t["new_name"] is None}
    wrong, rows = {}, 0
    for name in set(was) & set(now):
        x, y = a.fields(was[name]), b.fields(now[name])
        section = sections.get(name, {"fields": [], "moved": []})
        top = [f for f in section["fields"] if not re.search(r"[.]", f.get("from_name", "") + f.get("to_name", ""))]
        gone = {f["from_name"] for f in top if "gone" in f["change"] or "probably renamed" in f["change"]}
        fresh = {f["to_name"] for f in top if "new" in f["change"] or "probably renamed" in f["change"]}
        told_of = {f["from_name"]: f for f in top if "from_name" in f and f["from_name"] == f.get("to_name")}
        moved = {m["name"]: (m["from_bits"], m["to_bits"]) for run in section["moved"] for m in run["fields"]}
        moved = {k: v for k, v in moved.items() if "." not in k}
        both = set(x) & set(y)
        want_moved = {f: (x[f][0], y[f][0]) for f in both if x[f][1:] == y[f][1:] and x[f][0] != y[f][0]}
        # a struct without name is told of by its fields, not as another type
        want_changed = {f for f in both if x[f][1:3] != y[f][1:3] or (x[f][3] != y[f][3] and not nameless(x[f][3], y[f][3]))}
        want_moved |= {f: (x[f][0], y[f][0]) for f in both - want_changed if x[f][0] != y[f][0]}
        if (gone, fresh, moved, set(told_of)) != (set(x) - set(y), set(y) - set(x), want_moved, want_changed):
            wrong[name] = (gone ^ (set(x) - set(y)), fresh ^ (set(y) - set(x)), set(moved) ^ set(want_moved), set(told_of) ^ want_changed)
        offsets = {f: (v["from_offset"], v["to_offset"]) for f, v in told_of.items()}
        assert offsets == {f: (x[f][0] // 8, y[f][0] // 8) for f in told_of}
        rows += len(moved) + len(top)
    assert not wrong, dict(list(wrong.items())[:5])
    assert rows > 5000


def nameless(x, y):
    """Both structs or unions without name, or arrays of such."""
    while x[0] == y[0] == "ARRAY":
        x, y = x[2], y[2]
    return all(t[0] in ("STRUCT", "UNION") and isinstance(t[1], int) for t in (x, y))


def check_enums(told, a, b):
    was, now = a.enums(), b.enums()
    for name in set(was) & set(now):
        rows = told["enums"].get(f"enum {name}", {"enumerators": []})["enumerators"]
        gone = {r["from_name"] for r in rows if r["change"][0] in ("gone", "probably renamed")}
        fresh = {r["to_name"] for r in rows if r["change"][0] in ("new", "probably renamed")}
        changed = {r["from_name"] for r in rows if r["change"] == ["changed"]}
        assert gone == set(was[name]) - set(now[name]) and fresh == set(now[name]) - set(was[name]), name
        both = set(was[name]) & set(now[name])
        assert changed == {e for e in both if was[name][e] != now[name][e]}, name


@pytest.mark.parametrize("a, b", KERNELS, ids=["5.10-6.1", "6.12-7.2"])
def test_two_kernels_as_bpftool_reads_them(skep, library, raw_btf, facts, a, b):
    told = diff(skep, raw_btf(a), raw_btf(b))
    a, b = facts(a), facts(b)
    check_functions(told, a, b)
    check_tracepoints(told, a, b)
    check_fields(told, a, b)
    check_enums(told, a, b)


def test_task_state_was_renamed(skep, library):
    """As everybody had to find out who read it."""
    told = diff(skep, "debian/bullseye", "debian/bookworm", env=library)
    assert told["scope"] == "vmlinux", "of 5.10's modules there is no BTF"
    row = next(f for f in told["types"]["struct task_struct"]["fields"] if f.get("from_name") == "state")
    assert (row["change"], row["to_name"]) == (["probably renamed", "retyped", "resized"], "__state")
    assert (row["from"], row["from_size"], row["to"], row["to_size"]) == ("volatile long int state", 8, "unsigned int __state", 4)
    text = skep("btf", "diff", "debian/bullseye", "debian/bookworm", env=library).ok().out
    assert re.search(r"^ +probably renamed, retyped, resized +16 +volatile long int state +8 +24 +unsigned int __state +4$", text, re.M)
    assert told["tracepoints"]["sched_switch"]["to"].count(",") == told["tracepoints"]["sched_switch"]["from"].count(",") + 1


def test_modules_take_part(skep, library):
    told = diff(skep, "debian/bookworm", "debian/trixie", env=library)
    assert told["scope"] == "all" and "fscache" in told["modules_gone"] and told["modules_new"]
    assert "struct xfs_mount" in told["types"]
