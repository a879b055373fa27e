# SPDX-License-Identifier: BSD-2-Clause
"""The lean header: programs compiled with it are those that the full one gives, to libbpf and to the kernel.

The judge is tests/corpus/: instructions, CO-RE records, declarations, and libbpf's own resolver on six
kernels. `make corpus` judges every program that there is, this file a fixed sample and the templates.
"""

import re
from collections import Counter
from pathlib import Path

import pytest

from conftest import NEEDS
from corpus.judge import Compiler, differences, kinds
from corpus.programs import SAMPLE, Program, Source, sample
from corpus.relocate import Relocated, alike, build_patched, build_tool
from corpus.run import Corpus
from corpus.targets import library_targets

pytestmark = pytest.mark.need("clang-19", "x86_64")
TEMPLATES = ["exec-watch", "xdp-filter", "sched-latency"]


@pytest.fixture(scope="session")
def corpus(build_dir, session_skep, kernel_library, tmp_path_factory):
    env = session_skep.environ({"SKEP_HOME": kernel_library})
    targets = library_targets(build_dir / "bin/skep", env)
    assert len(targets) >= 3, "an answer on less than three kernels is none"
    return Corpus(build_dir / "bin/skep", tmp_path_factory.mktemp("corpus"), targets, env)


# --- the fixed sample ----------------------------------------------------------------------------


@pytest.fixture(scope="session")
def verdicts(corpus, repo):
    there, _ = sample(repo / "build/deps/corpus")
    return {f"{v.program.source.name}/{v.program.path.name}": v for v in corpus.judge(there, 2)}


@pytest.mark.parametrize("name", SAMPLE)
def test_sample(name, verdicts, need):
    NEEDS["corpus"] = lambda: None if name in verdicts else f"no source of {name}: run '.ci/deps test'"
    need("corpus")
    verdict = verdicts[name]
    assert verdict.outcome == "identical", "\n".join([verdict.outcome, *verdict.detail[:20]])


def test_sample_is_lean(verdicts, corpus):
    """Or else the full header under another name would do."""
    sizes = sorted(corpus.sizes)
    assert len(sizes) >= 8
    assert sizes[len(sizes) // 2] < 300_000, sizes


# --- templates -----------------------------------------------------------------------------------


@pytest.mark.parametrize("template", TEMPLATES)
def test_templates(template, corpus, project, bpftool, tmp_path):
    """What `skep build` leaves is what clang with the full header and bpftool's linker make of the same source."""
    folder = project(template)
    ours = next((folder / "build").glob("*.bpf.o"))
    path = next((folder / "src").glob("*.bpf.c"))
    program = Program(Source(template, "", [], "host", ["src"]), path, folder)
    full = corpus.compiler.compile(program, corpus.full_header("host"), tmp_path / "full.o")
    assert full.ok and full.header_used, full.said
    bpftool("gen", "object", tmp_path / ours.name, tmp_path / "full.o")
    facts = corpus.oracle.facts([ours, tmp_path / ours.name])
    theirs = facts[str(tmp_path / ours.name)]
    assert any(" core " in line for line in theirs) or template == "xdp-filter"
    theirs = [line for line in theirs if ".skep.types" not in line]  # which skep takes out
    assert differences(facts[str(ours)], theirs) == []


def test_build_uses_a_lean_header(project):
    """Else the test above would compare the full header with itself."""
    headers = list((project("exec-watch") / "build").rglob("vmlinux.h"))
    assert headers and all(h.stat().st_size < 200_000 for h in headers), headers


# --- the judge can say no ------------------------------------------------------------------------


@pytest.fixture
def flawed(corpus, tmp_path):
    """How a program differs when its lean header is changed by a substitution."""

    def judge(name, pattern, replacement):
        program = next(p for p in sample("")[0] if f"{p.source.name}/{p.path.name}" == name)
        done, header = corpus.lean_header(program)
        assert done.returncode == 0, done.stderr
        text = header.read_text()
        bad = re.sub(pattern, replacement, text, count=1, flags=re.S | re.M)
        assert bad != text, f"no /{pattern}/ in the lean header"
        (tmp_path / "bad").mkdir()
        (tmp_path / "bad/vmlinux.h").write_text(bad)
        made = corpus.compiler.compile(program, header.parent, tmp_path / "good.o")
        changed = corpus.compiler.compile(program, tmp_path / "bad", tmp_path / "bad.o")
        assert made.ok and changed.ok, changed.said
        facts = corpus.oracle.facts([tmp_path / "good.o", tmp_path / "bad.o"])
        return differences(facts[str(tmp_path / "bad.o")], facts[str(tmp_path / "good.o")])

    return judge


def forward(name):
    return rf"^struct {name} \{{\n.*?^\}};\n", f"struct {name};\n"


def test_judge_sees_the_trap(flawed):
    """A forward declaration leaves every instruction as it was, and type_exists answers no."""
    changed = flawed("own/type_based.bpf.c", *forward("request"))
    found = kinds(changed)
    assert "core@trixie" in found and "core@bookworm" in found
    assert "section" not in found and "reloc" not in found
    first = [line for line in changed if re.match(r"[-+]trixie core 0 ", line)]
    assert [re.search(r" new (\d)", line)[1] for line in first] == ["1", "0"], first


def test_judge_sees_a_kptr_that_is_only_declared(flawed):
    changed = flawed("own/by_value.bpf.c", *forward("bpf_key"))
    assert "map" in kinds(changed) and "section" not in kinds(changed), changed


def test_judge_sees_a_kfunc_that_no_longer_fits(flawed):
    changed = flawed("own/externs.bpf.c", *forward("bpf_key"))
    assert "-trixie extern bpf_key_put found 1" in changed and "+trixie extern bpf_key_put found 0" in changed, changed
    assert "section" not in kinds(changed)


def test_judge_sees_a_layout(flawed):
    changed = flawed("own/by_value.bpf.c", r"^struct bpf_timer \{\n", "struct bpf_timer {\n\tlong more;\n")
    assert "map" in kinds(changed)


def test_judge_sees_an_enumerator(flawed):
    changed = flawed("own/type_based.bpf.c", r"\bBPF_TRACE_ITER = (\d+)", r"BPF_TRACE_ITER = 9\1")
    assert {"core", "core@trixie"} <= set(kinds(changed))


# --- relocated -----------------------------------------------------------------------------------


@pytest.mark.need("root")
def test_sample_patched(verdicts, corpus, build_dir, tmp_path):
    """Every CO-RE record of the sample is the instruction that libbpf makes of it, on every kernel."""
    objects = [corpus.work / v.program.source.name / v.program.slug / "full.o" for v in verdicts.values()]
    relocated = Relocated(build_patched(build_dir, tmp_path), corpus.targets)
    counts, unread, different = relocated.judge([o for o in objects if o.exists()])
    total = sum(counts.values(), Counter())
    assert not different, "\n".join(different[:20])
    assert {Path(p).parent.name for p in unread} <= {"flavours.bpf.c"}, unread  # libbpf does not open it
    assert not total["nobody"]
    assert total["prepare"] > 100 * len(corpus.targets), total


def test_equal_layouts_are_patched_alike(verdicts, corpus, kernel_library, build_dir, tmp_path):
    """Kernels with one key are resolved once: each by itself would give the same."""
    objects = [corpus.work / v.program.source.name / v.program.slug / "full.o" for v in verdicts.values()]
    lines, different = alike(build_tool(build_dir, tmp_path, "alike"), kernel_library, [o for o in objects if o.exists()])
    assert not different, "\n".join(different[:20])
    shared = [line for line in lines if re.search(r"kernels=(\d+) layouts=(?!\1 )", line)]
    assert len(lines) > 20 and shared, "no two kernels are alike to any object"
