# SPDX-License-Identifier: BSD-2-Clause
"""The statistics that skep prove --save keeps, and what --baseline finds to have grown."""

import copy
import json

import pytest

import matrices
from matrices import BULLSEYE, FORKY, STATS, ask, outputs, refused, said  # noqa: F401


def two(first=STATS, second=STATS):
    """One object with two programs on two kernels."""
    m = matrices.matrix("loads", [matrices.row("tool", [matrices.cell(k, programs=["b", "a"]) for k in (FORKY, BULLSEYE)])])
    both = [said("b", stats=first), said("a", stats=second)]
    return ask(m, {("tool", FORKY): both, ("tool", BULLSEYE): copy.deepcopy(both)})


@pytest.fixture
def compare(outputs, tmp_path):
    """Lines of what grew, and how many were compared."""

    def run(old, new, percent=10):
        (tmp_path / "base.json").write_text(old if isinstance(old, str) else outputs(old, "save"))
        return outputs(new, "compare", tmp_path / "base.json", percent).splitlines()

    return run


@pytest.fixture
def refusal(outputs, tmp_path):
    """Exit status and message for a file of these bytes."""

    def run(data, m=None):
        path = tmp_path / "base.json"
        path.write_bytes(data if isinstance(data, bytes) else json.dumps(data).encode())
        done = outputs.probe(m or two(), "compare", path, 10)
        assert done.stdout == b""
        return done.returncode, done.stderr.decode().replace(str(path), "base.json").splitlines()

    return run


def test_saved_statistics_are_sorted_and_have_no_times(outputs):
    stats = {k: v for k, v in STATS.items() if k != "time_ns"}
    programs = [{"program": p, "load": "loaded", **stats} for p in "ab"]
    expected = {
        "skep": "baseline",
        "version": 1,
        "kernels": [{"kernel": k, "objects": [{"object": "tool", "programs": programs}]} for k in (BULLSEYE, FORKY)],
    }
    assert outputs(two(), "save") == json.dumps(expected, indent=2) + "\n"


def test_saved_twice_is_equal_bytes_whatever_the_times(outputs):
    other = two({**STATS, "time_ns": 9}, {**STATS, "time_ns": 99999})
    assert outputs(two(), "save") == outputs(other, "save")


def test_refused_programs_have_no_statistics_and_untried_ones_are_not_there(outputs):
    m = two()
    m["objects"][0]["kernels"][0]["proof"]["programs"] = [refused("b", "verifier"), said("a", "untried", "none")]
    saved = {k["kernel"]: k["objects"][0]["programs"] for k in json.loads(outputs(m, "save"))["kernels"]}
    assert saved[FORKY] == [{"program": "b", "load": "refused"}] and len(saved[BULLSEYE]) == 2


def test_the_running_kernel_is_kept_by_its_release(outputs):
    kernels = [{"kernel": "host", "release": "6.1.0-9", "arch": "x86_64"}]
    m = matrices.matrix("loads", [matrices.row("tool", [matrices.cell("host", programs=["a"])])], kernels=kernels)
    assert json.loads(outputs(ask(m, {("tool", "host"): [said("a")]}), "save"))["kernels"][0]["kernel"] == "6.1.0-9"


def test_nothing_grew(compare):
    assert compare(two(), two()) == ["4 compared"]
    assert compare(two(), two({**STATS, "insns": 110, "time_ns": 10**9})) == ["4 compared"]  # exactly what is allowed; times never count
    assert compare(two(), two({**STATS, "insns": 1})) == ["4 compared"]


def test_growth_beyond_percent(compare):
    new = two({**STATS, "insns": 111, "stack": 128})
    assert compare(two(), new) == [
        f"{k} tool b {what}" for k in (BULLSEYE, FORKY) for what in ("insns 100 111", "stack 64 128")
    ] + ["4 compared"]  # fmt: skip
    assert compare(two(), new, 100) == ["4 compared"]
    assert compare(two(), two({**STATS, "insns": 101}), 0)[:2] == [f"{BULLSEYE} tool b insns 100 101", f"{FORKY} tool b insns 100 101"]


def test_anything_is_more_than_nothing(compare):
    assert compare(two({**STATS, "jited": 0}), two({**STATS, "jited": 1}), 1000)[0] == f"{BULLSEYE} tool b jited 0 1"


def test_numbers_that_are_as_large_as_can_be(compare, outputs):
    most = 2**32 - 1
    old = json.loads(outputs(two(), "save"))
    old["kernels"][0]["objects"][0]["programs"][0]["insns"] = 2**63 - 1
    assert compare(json.dumps(old), two(STATS, {**STATS, "insns": most}), 4294967)[:-1] == [f"{FORKY} tool a insns 100 {most}"]


def test_refused_now_is_growth(compare):
    new = two()
    new["objects"][0]["kernels"][0]["proof"]["programs"][0] = refused("b", "verifier")
    assert compare(two(), new) == [f"{FORKY} tool b verdict 1 0", "4 compared"]
    assert compare(new, two()) == ["4 compared"]


def test_new_and_vanished_ones_do_not_count(compare):
    new = two({**STATS, "insns": 900})
    del new["objects"][0]["kernels"][0]["proof"]
    for c in new["objects"][0]["kernels"]:
        c["programs"][1]["program"] = "c"
    assert compare(two(), new) == [f"{BULLSEYE} tool b insns 100 900", "1 compared"]


def test_nothing_in_common_is_an_error(refusal, outputs):
    m = matrices.proven()
    assert refusal(outputs(m, "save").encode()) == (
        2,
        ["the baseline has none of these programs on these kernels", "skep prove --save FILE writes one of them"],
    )


def test_no_kernel_that_answered_is_none(compare):
    m = two()
    for c in m["objects"][0]["kernels"]:
        c["proof"] = None
    assert compare(two(), m) == ["0 compared"]


def entry(**more):
    program = {"program": "a", "load": "loaded", **{k: v for k, v in STATS.items() if k != "time_ns"}, **more}
    program = {k: v for k, v in program.items() if v is not ...}
    return {"skep": "baseline", "version": 1, "kernels": [{"kernel": FORKY, "objects": [{"object": "tool", "programs": [program]}]}]}


ABOUT = f"base.json: program 'a' of 'tool' on '{FORKY}': "


@pytest.mark.parametrize(
    "data, told",
    [
        (b'{\n "skep": "baseline",\n "version" 1 }', "base.json:3:12: "),
        (b"", "base.json"),
        (b"[" * 100000, "base.json:1"),
        (b'{"skep":"baseline","skep":"x"}', "base.json:1"),
        (b"\xff\xfe", "base.json:1"),
        ([], "base.json: this is no baseline of skep prove"),
        ({"skep": "lock", "version": 1, "kernels": []}, "base.json: this is no baseline of skep prove"),
        ({**entry(), "kernels": {}}, "base.json: this is no baseline of skep prove"),
        ({**entry(), "version": 2}, "base.json: a baseline of another version of skep"),
        ({**entry(), "kernels": [1]}, "base.json: a kernel without name or objects"),
        ({**entry(), "kernels": [{"kernel": "x", "objects": [{"object": 1}]}]}, "base.json: an object without name or programs"),
        (entry(insns=-1), ABOUT + "a statistic is missing, or is no number"),
        (entry(insns=1.5), ABOUT + "a statistic is missing, or is no number"),
        (entry(insns="1"), ABOUT + "a statistic is missing, or is no number"),
        (entry(jited=...), ABOUT + "a statistic is missing, or is no number"),
        (entry(load="maybe"), ABOUT + "'program' or 'load' is missing, or is no such word"),
        (entry(load=...), ABOUT + "'program' or 'load' is missing, or is no such word"),
        (entry(program=...), f"base.json: program '?' of 'tool' on '{FORKY}': 'program' or 'load' is missing, or is no such word"),
        ({**entry(), "kernels": entry()["kernels"] * 2}, ABOUT + "is there twice"),
    ],
)
def test_hostile_files(refusal, data, told):
    rc, lines = refusal(data)
    assert rc == 1 and lines[0].startswith(told), lines


def test_what_readers_do_not_know_is_passed_over(compare):
    v = entry(more={"deep": []})
    v["note"] = v["kernels"][0]["note"] = "x"
    assert compare(json.dumps(v), two(STATS, {**STATS, "insns": 200})) == [f"{FORKY} tool a insns 100 200", "1 compared"]


def test_names_of_any_kind_come_back(compare, outputs):
    m = two({**STATS, "insns": 200})
    m["objects"][0]["object"] = 'x"\n\u202e\\'
    saved = json.loads(outputs(m, "save"))
    assert saved["kernels"][0]["objects"][0]["object"] == 'x"\n\u202e\\'
    assert compare(m, m) == ["4 compared"]


def test_objects_of_the_same_name_are_told_apart(outputs):
    m = two()
    m["objects"].append({**copy.deepcopy(m["objects"][0]), "file": "other/tool.bpf.o"})
    saved = json.loads(outputs(m, "save"))
    assert [o["object"] for o in saved["kernels"][0]["objects"]] == ["build/tool.bpf.o", "other/tool.bpf.o"]
