# SPDX-License-Identifier: BSD-2-Clause
"""skep build's vmlinux.h: lean by default, full where clang misses a name, pinned; clang with bpftool's header judges."""

import json
import os
import re
import shutil

import pytest
from compilers import CLANGS

from tinyproject import digest_of, explained, made_again, wrapper, write  # noqa: F401

pytestmark = pytest.mark.need("clang", "btf", "x86_64")

YAML = "name: p\nversion: '1'\nsources: [src/p.bpf.c]\n"
HEAD = "#include <vmlinux.h>\n#include <bpf/bpf_helpers.h>\n#include <bpf/bpf_core_read.h>\n"
TAIL = '\nchar LICENSE[] SEC("license") = "GPL";\n'
SOURCE = HEAD + """
SEC("raw_tp/sched_switch") int f(void *ctx)
{
	struct task_struct *t = (void *)bpf_get_current_task();

	if (bpf_core_field_exists(t->pid))
		return BPF_CORE_READ(t, real_parent, tgid);
	return bpf_core_enum_value(enum bpf_func_id, BPF_FUNC_map_lookup_elem);
}
""" + TAIL
# a header that is not among the project's folders: what its macros name is for clang to miss
HIDDEN = "#define READ(p) BPF_CORE_READ((struct cred *)(p), uid.val)\n"
MISSES = HEAD + '#include "hidden.h"\nSEC("raw_tp/sched_switch") int f(void *ctx)\n{\n\treturn READ(ctx);\n}\n' + TAIL
GEN = "build/gen/p/vmlinux.h"
OBJ = "build/obj/x86_64/p/src/p.bpf.c.o"


@pytest.fixture
def project(tmp_path):
    def make(source=SOURCE, name="p", yaml=YAML, **files):
        return write(tmp_path / name, {"skep.yaml": yaml, "src/p.bpf.c": source, **files})

    return make


@pytest.fixture(scope="session")
def full(bpftool, tmp_path_factory):
    """The running kernel's header as bpftool writes it."""
    path = tmp_path_factory.mktemp("full") / "vmlinux.h"
    path.write_text(bpftool("btf", "dump", "file", "/sys/kernel/btf/vmlinux", "format", "c").stdout)
    return path


def instructions(tool, path):
    """Every executable section as readelf and llvm-objdump show it."""
    text = tool("llvm-objdump-19", "-dr", "--no-show-raw-insn", path).stdout
    dumps = [tool("readelf", "-x", name, path).stdout
             for name in re.findall(r"\] (\S+)\s+PROGBITS.* AX ", tool("readelf", "-SW", path).stdout)]
    assert dumps
    # ids of types and places within .BTF are the object's own
    text = re.sub(r"CO-RE <(\w+)> \[\d+\]", r"CO-RE <\1>", text.split("\n", 2)[2])
    return text, [re.sub(r"File.*", "", d) for d in dumps]


def by_hand(skep, tool, p, full, out, clang=None):
    """Compile as skep does, but with bpftool's header."""
    line = skep("build", "-C", p, "--print-flags", *(["--clang", clang] if clang else [])).ok().out.split()
    line = [f"-I{full.parent}" if w == "-Ibuild/gen/p" else w for w in line]
    tool(*line, "-c", "src/p.bpf.c", "-o", out, cwd=p)
    return out


# --- lean ----------------------------------------------------------------------------------------


@pytest.mark.parametrize("clang", CLANGS)
def test_the_program_is_what_the_full_header_makes(skep, project, full, tool, tmp_path, need, clang):
    need(clang)
    p = project()
    done = skep("build", "-C", p, "--explain", "--clang", clang)
    header = (p / GEN).read_text()
    assert len(header) < full.stat().st_size / 20
    assert f"{GEN}: lean, " in done.err and "full header" not in done.err
    other = by_hand(skep, tool, p, full, tmp_path / "full.o", clang)
    assert instructions(tool, p / OBJ) == instructions(tool, other)


def test_editors_and_print_flags_see_the_header_that_was_used(skep, project, tool, tmp_path):
    p = project()
    skep("build", "-C", p).ok()
    line = skep("build", "-C", p, "--print-flags").ok().out.split()
    tool(*line, "-c", "src/p.bpf.c", "-o", tmp_path / "a.o", cwd=p)
    assert (tmp_path / "a.o").read_bytes() == (p / OBJ).read_bytes()
    (entry,) = json.loads((p / "build/compile_commands.json").read_text())
    assert "-I build/gen/p " in " ".join(entry["arguments"])


def test_an_edit_that_needs_no_other_types_leaves_the_header(skep, project, wrapper):
    p = project(**{"skep.yaml": YAML.replace("src/p.bpf.c", "src/p.bpf.c, src/q.bpf.c"),
                   "src/q.bpf.c": HEAD + "int g(void) { return sizeof(struct list_head); }\n"})
    clang = wrapper()
    build = lambda: skep("build", "-C", p, "--clang", clang.path, "--explain")  # noqa: E731
    build()
    before, stamp = (p / GEN).read_bytes(), (p / GEN).stat().st_mtime_ns
    clang.calls()
    (p / "src/p.bpf.c").write_text(SOURCE.replace("real_parent, tgid", "real_parent, pid"))
    done = build()
    assert explained(done)[GEN].startswith("src/p.bpf.c changed (")
    assert clang.calls() == ["src/p.bpf.c"] and (p / GEN).read_bytes() == before
    assert (p / GEN).stat().st_mtime_ns == stamp
    (p / "src/p.bpf.c").write_text(SOURCE.replace("real_parent, tgid", "cred, uid.val"))
    build()
    assert sorted(clang.calls()) == ["src/p.bpf.c", "src/q.bpf.c"] and (p / GEN).read_bytes() != before
    (p / "src/p.bpf.c").write_text(SOURCE)
    build()
    assert (p / GEN).read_bytes() == before
    clang.calls()
    idle = build().err.splitlines()
    assert idle.pop(-1) == "no check: skep.yaml names no kernels"
    assert not [line for line in idle if not line.endswith("is up to date")]


def test_flags_and_headers_that_appear_change_what_is_scanned(skep, project):
    p = project(HEAD + '#include "own.h"\nSEC("raw_tp/x") int f(void *c) { return SIZE; }\n' + TAIL,
                **{"inc/own.h": "#define SIZE sizeof(struct list_head)\n",
                   "skep.yaml": YAML + "cflags: [-Iearly, -Iinc]\n"})
    skep("build", "-C", p).ok()
    assert "struct list_head {" in (p / GEN).read_text() and "struct hlist_head {" not in (p / GEN).read_text()
    (p / "early").mkdir()
    (p / "early/own.h").write_text("#define SIZE sizeof(struct hlist_head)\n")
    assert explained(skep("build", "-C", p, "--explain"))[GEN] == "early/own.h has appeared"
    assert "struct hlist_head {" in (p / GEN).read_text()
    (p / "skep.yaml").write_text(YAML + "cflags: [-Iinc, '-DOTHER=struct rb_root']\n")
    assert explained(skep("build", "-C", p, "--explain"))[GEN].startswith("flags changed (")
    assert "struct list_head {" in (p / GEN).read_text()


# --- full ----------------------------------------------------------------------------------------


@pytest.fixture
def hidden(tmp_path):
    """A folder that only clang knows of: flags in a file that the wrapper adds."""
    return write(tmp_path / "hidden", {"hidden.h": HIDDEN})


MISSED = "vmlinux.h: clang missed a name ('struct cred', src/p.bpf.c:7); built with the full header\n"


@pytest.mark.parametrize("clang", CLANGS)
def test_a_name_that_clang_misses(skep, project, full, tool, tmp_path, wrapper, hidden, need, clang):
    need(clang)
    p = project(MISSES)
    w = wrapper(clang)
    w.path.write_text(w.path.read_text().replace('"$@"\n', f'"$@" -I{hidden}\n').replace("echo \"$@\" -I", "echo \"$@\" # -I"))
    build = lambda: skep("build", "-C", p, "--clang", w.path).ok()  # noqa: E731
    assert build().err == MISSED
    assert w.calls() == ["src/p.bpf.c"] * 2
    assert (p / GEN).stat().st_size > full.stat().st_size / 2
    other = by_hand(skep, tool, p, full, tmp_path / "full.o", w.path)
    assert instructions(tool, p / OBJ) == instructions(tool, other)
    first = digest_of(p)
    w.calls()
    assert build().err == "" and w.calls() == [], "it is remembered"
    # an edit begins anew: from a clean folder the same comes out
    (p / "src/p.bpf.c").write_text(MISSES + "/* more */\n")
    assert build().err == MISSED and digest_of(p) == first
    (p / "src/p.bpf.c").write_text(SOURCE)
    assert build().err == "" and (p / GEN).stat().st_size < full.stat().st_size / 20
    assert not list((p / "build").rglob("*.lean"))


def test_all_sources_of_an_object_get_the_same_header(skep, project, tool, wrapper, hidden, full):
    other = HEAD + "int g(void) { return sizeof(struct list_head); }\n"
    p = project(MISSES, **{"src/q.bpf.c": other, "skep.yaml": YAML.replace("src/p.bpf.c", "src/q.bpf.c, src/p.bpf.c")})
    w = wrapper()
    w.path.write_text(w.path.read_text().replace('exec ', "set -- \"$@\" -I%s\nexec " % hidden))
    assert skep("build", "-C", p, "--clang", w.path).ok().err == MISSED
    assert sorted(w.calls()) == ["src/p.bpf.c"] * 2 + ["src/q.bpf.c"] * 2
    assert skep("build", "-C", p, "--clang", w.path, "--explain").err.count("is up to date") == 7
    assert w.calls() == []


def test_errors_are_those_of_the_full_header(skep, project, full, tool, tmp_path):
    p = project(SOURCE.replace("real_parent, tgid", "real_parnet, tgid") + "struct crde *x;\nint y = sizeof(struct crde);\n")
    done = skep("build", "-C", p)
    assert done.rc == 1
    line = [f"-I{full.parent}" if w == "-Ibuild/gen/p" else w for w in skep("build", "-C", p, "--print-flags").ok().out.split()]
    judge = tool(*line, "-c", "src/p.bpf.c", "-o", tmp_path / "x.o", cwd=p, check=False)
    strip = lambda text: re.sub(r"(\S+/)?vmlinux\.h:\d+:\d+|^ *\d* \|.*\n", "", text, flags=re.M)  # noqa: E731
    assert strip(done.err).startswith(strip(judge.stderr)) and "real_parnet" in judge.stderr
    assert (p / GEN).stat().st_size < full.stat().st_size / 20, "the lean header is back"
    lines = skep("build", "-C", p, "--explain").err.splitlines()
    assert f"{GEN}: clang says the same with the full header: the lean one stays" in lines
    (p / "src/p.bpf.c").write_text(SOURCE)
    assert skep("build", "-C", p).ok().err == ""


def test_a_syntax_error_costs_one_more_run_and_a_missing_header_none(skep, project, wrapper):
    p, clang = project(SOURCE + "int f(void) { return 1 }\n"), wrapper()
    assert skep("build", "-C", p, "--clang", clang.path).rc == 1
    assert clang.calls() == ["src/p.bpf.c"] * 2
    (p / "src/p.bpf.c").write_text('#include "nowhere.h"\n' + SOURCE)
    done = skep("build", "-C", p, "--clang", clang.path)
    assert done.rc == 1 and clang.calls() == ["src/p.bpf.c"]
    assert done.err.splitlines()[-1] == "skep build: src/p.bpf.c:1:10: 'nowhere.h' file not found"
    # nor one that does not read vmlinux.h
    (p / "src/p.bpf.c").write_text("#include <linux/bpf.h>\n#include <bpf/bpf_helpers.h>\nint f(void) { return 1 }\n")
    assert skep("build", "-C", p, "--clang", clang.path).rc == 1 and clang.calls() == ["src/p.bpf.c"]


def test_warnings_are_those_of_the_full_header(skep, project, wrapper, hidden, full):
    # a struct that is first named among parameters: with the whole header there is nothing to warn of
    text = HEAD + '#include "hidden.h"\nSEC("raw_tp/x") int f(void *ctx) { return 0; }\nint g(ARG *c);\n' + TAIL
    (hidden / "hidden.h").write_text("#define ARG struct cred\n")
    p, w = project(text), wrapper()
    w.path.write_text(w.path.read_text().replace('exec ', "set -- \"$@\" -I%s\nexec " % hidden))
    done = skep("build", "-C", p, "--clang", w.path).ok()
    assert done.err == "vmlinux.h: clang missed a name ('struct cred', src/p.bpf.c:6); built with the full header\n"
    # one that no header has: the words are the same, and what was made with the lean one stays
    (hidden / "hidden.h").write_text("#define ARG struct nobody_has_this\n")
    done = skep("build", "-C", p, "--clang", w.path).ok()
    assert "'struct nobody_has_this' will not be visible" in done.err and "full header" not in done.err
    assert (p / GEN).stat().st_size < full.stat().st_size / 20 and not list((p / "build").rglob("*.lean"))
    w.calls()
    assert skep("build", "-C", p, "--clang", w.path).ok().err == "" and w.calls() == []


def test_two_objects_fall_back_apart(skep, project, wrapper, hidden):
    p = project(MISSES, **{
        "skep.yaml": "name: p\nversion: '1'\nobjects: {p: {sources: [src/p.bpf.c]}, q: {sources: [src/q.bpf.c]}}\n",
        "src/q.bpf.c": SOURCE})
    w = wrapper()
    w.path.write_text(w.path.read_text().replace('exec ', "set -- \"$@\" -I%s\nexec " % hidden))
    assert skep("build", "-C", p, "--clang", w.path).ok().err == MISSED
    assert w.calls().count("src/q.bpf.c") == 1
    assert (p / GEN).stat().st_size > 10 * (p / "build/gen/q/vmlinux.h").stat().st_size


def test_names_that_only_a_preprocessor_knows(skep, project, full):
    """Clang would take a type that ## names and nobody declares for one of its own, and not complain."""
    p = project(HEAD + "#define HAS(x) bpf_core_type_exists(struct task_##x)\n"
                'SEC("raw_tp/x") int f(void *ctx) { return HAS(struct); }\n' + TAIL)
    done = skep("build", "-C", p).ok()
    assert done.err == ""
    dump = (p / GEN).read_text()
    assert "struct task_struct {" in dump


def test_a_program_without_a_struct(skep, project):
    assert skep("build", "-C", project(HEAD + 'SEC("raw_tp/x") int f(void *ctx) { return 0; }\n' + TAIL)).ok().err == ""


# --- beside the source ---------------------------------------------------------------------------


def test_a_vmlinux_h_that_shadows_is_told_once(skep, project, full):
    p = project(SOURCE.replace("<vmlinux.h>", '"vmlinux.h"'))
    skep("build", "-C", p).ok()
    shutil.copy(full, p / "src/vmlinux.h")
    done = skep("build", "-C", p).ok()
    assert done.err == ("'src/vmlinux.h' is read instead of the generated vmlinux.h: include <vmlinux.h> in angle brackets, "
                        "remove the file, or set 'vmlinux' to it\n")
    assert skep("build", "-C", p).ok().err == ""
    # each remedy is one
    (p / "skep.yaml").write_text(YAML + "vmlinux: src/vmlinux.h\n")
    assert skep("build", "-C", p).ok().err == ""
    (p / "skep.yaml").write_text(YAML)
    (p / "src/p.bpf.c").write_text(SOURCE)
    assert skep("build", "-C", p).ok().err == ""
    (p / "src/p.bpf.c").write_text(SOURCE.replace("<vmlinux.h>", '"vmlinux.h"'))
    (p / "src/vmlinux.h").unlink()
    assert skep("build", "-C", p).ok().err == ""


# --- pinned --------------------------------------------------------------------------------------

PIN = "vmlinux/x86_64/p/vmlinux.h"


def test_pin(skep, project, wrapper):
    p, clang = project(), wrapper()
    skep("build", "-C", p, "--clang", clang.path).ok()
    first, lean = digest_of(p), (p / GEN).read_bytes()
    clang.calls()
    done = skep("build", "-C", p, "--pin", "--clang", clang.path, "--json").ok()
    assert done.json()["objects"][0]["pinned"] == PIN
    assert (p / PIN).read_bytes() == lean and clang.calls() == []
    assert skep("build", "-C", p, "--clang", clang.path).ok().err == "" and clang.calls() == [] and digest_of(p) == first
    assert os.path.realpath(p / GEN) == str(p / PIN)
    assert made_again(skep("build", "-C", p, "--explain", "--clang", clang.path)) == []
    # what was written counts, not the running kernel
    (p / PIN).write_bytes(lean + b"typedef int pinned_t;\n")
    (p / "src/p.bpf.c").write_text(SOURCE + "pinned_t here;\n")
    skep("build", "-C", p).ok()


def test_a_pinned_header_that_lacks_a_type(skep, project):
    p = project()
    skep("build", "-C", p, "--pin").ok()
    (p / "src/p.bpf.c").write_text(SOURCE.replace("real_parent, tgid", "cred, uid.val"))
    done = skep("build", "-C", p)
    assert done.rc == 1 and done.err.splitlines()[-1] == (
        f"  hint: vmlinux.h is pinned and may lack it: skep build --pin makes '{PIN}' anew"), done
    out = skep("build", "-C", p, "--pin").ok().out
    assert PIN in out and "struct cred {" in (p / PIN).read_text()
    assert skep("build", "-C", p).ok().err == ""
    # and without it, types are the kernel's again
    (p / PIN).unlink()
    (p / "src/p.bpf.c").write_text(SOURCE)
    assert skep("build", "-C", p).ok().err == "" and not (p / GEN).is_symlink()


# what clang makes of these is a declaration that no kernel has: it says nothing, and libbpf's answer would be no
ASKS = HEAD + """
SEC("raw_tp/sched_switch") int f(void *ctx) { return %s; }
""" + TAIL


def declared(bpftool, path):
    """Kinds and names in an object's BTF."""
    return re.findall(r"^\[\d+\] (STRUCT|FWD) '(\w+)'", bpftool("btf", "dump", "file", path).stdout, re.M)


@pytest.mark.parametrize("ask", ["type_exists", "type_size", "type_id_kernel"])
def test_a_type_that_clang_does_not_miss_but_the_loader_would(skep, project, bpftool, wrapper, ask):
    """The type's name reaches clang in a way that skep cannot have seen."""
    p, clang = project(ASKS % f"bpf_core_{ask}(ASKED)"), wrapper(before='set -- "$@" "-DASKED=struct vm_area_struct"')
    build = lambda: skep("build", "-C", p, "--clang", clang.path).ok().err  # noqa: E731
    assert build() == "vmlinux.h: clang missed a name ('struct vm_area_struct', src/p.bpf.c); built with the full header\n"
    assert ("STRUCT", "vm_area_struct") in declared(bpftool, p / OBJ)
    assert build() == ""


def test_a_type_that_no_kernel_has_leaves_the_header_lean(skep, project, bpftool, wrapper, full):
    p, clang = project(ASKS % "bpf_core_type_exists(struct no_kernel_has)"), wrapper()
    assert skep("build", "-C", p, "--clang", clang.path).ok().err == ""
    assert ("FWD", "no_kernel_has") in declared(bpftool, p / OBJ)
    assert clang.calls() == ["src/p.bpf.c"] * 2 and (p / GEN).stat().st_size < full.stat().st_size / 20
    assert skep("build", "-C", p, "--clang", clang.path).ok().err == "" and clang.calls() == []


def test_a_pinned_header_that_lacks_a_type_asked_for(skep, project, bpftool):
    p = project()
    skep("build", "-C", p, "--pin").ok()
    (p / "src/p.bpf.c").write_text(ASKS % "bpf_core_type_exists(struct vm_area_struct)")
    assert skep("build", "-C", p).ok().err == (
        "src/p.bpf.c: asks whether kernels have 'struct vm_area_struct', which the pinned vmlinux.h does not define: "
        f"the answer will be no; skep build --pin makes '{PIN}' anew\n")
    assert skep("build", "-C", p, "--pin").ok().err == ""
    assert ("STRUCT", "vm_area_struct") in declared(bpftool, p / OBJ)
    assert skep("build", "-C", p).ok().err == ""


def test_nothing_to_pin(skep, project, full):
    p = project(yaml=YAML + "vmlinux: v.h\n")
    shutil.copy(full, p / "v.h")
    done = skep("build", "-C", p, "--pin")
    assert (done.rc, done.err) == (
        2, "skep build: skep.yaml:4:10: vmlinux 'v.h' is a header already: there is nothing to pin\n")
