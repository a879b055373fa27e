# SPDX-License-Identifier: BSD-2-Clause
"""What users see of skep prove: what kernels said beside what was predicted, in every output."""

import csv
import io
import json
import xml.etree.ElementTree as ET

import pytest

import matrices
from matrices import ARM, BACKPORTS, BOOKWORM, BOOT, BULLSEYE, FORKY, KERNELS, POINTER, TRIXIE
from matrices import ask, outputs, refused, said  # noqa: F401

STATE = "src/exec_watch.bpf.c:31: handle_exec is refused on"
HOOK = (
    f"src/exec_watch.bpf.c:70: watch_unlink cannot be attached on {BACKPORTS}: there is no function do_unlinkat to attach to; "
    'give the program SEC("?fentry/do_unlinkat") and choose when loading\n'
)


# --- without proof nothing differs ---------------------------------------------------------------


@pytest.mark.parametrize("how", ["text", "explain", "json", "junit", "sarif", "html"])
@pytest.mark.parametrize("name", ["proven", "disagreeing", "unasked"])
def test_nothing_is_said_of_proofs_where_no_kernel_was_asked(outputs, how, name):
    m = getattr(matrices, name)()
    m["proven"] = False
    assert outputs(m, how) == outputs(matrices.one(), how)


# --- text ----------------------------------------------------------------------------------------


def test_text_has_both_marks_and_a_line_per_failure(outputs):
    assert outputs(matrices.proven(), "text") == f"""\
kernel                                            exec_watch
debian/bullseye/x86_64/cloud/5.10.0-46            fails, proven
debian/bookworm/x86_64/cloud/6.1.0-56             loads, proven
debian/bookworm/arm64/cloud/6.1.0-56              loads, proven
debian/trixie/x86_64/cloud/6.12.117+deb13         loads, proven
debian/forky/x86_64/cloud/7.2.12+deb14            loads, proven
debian/trixie-backports/x86_64/cloud/7.3.4+deb13  fails, proven

{STATE} {BULLSEYE}: struct task_struct.__state does not exist; \
guard with bpf_core_field_exists(), and read the other field where it is missing
{HOOK}
predicted: fails on 2 of 6 kernels
proven:    6 kernels asked, no disagreement
"""


def test_text_tells_disagreements_first(outputs):
    assert outputs(matrices.disagreeing(), "text") == f"""\
kernel                                            exec_watch
debian/bullseye/x86_64/cloud/5.10.0-46            fails, disagrees  \
src/exec_watch.bpf.c:31: struct task_struct.__state does not exist, and 1 more
debian/bookworm/x86_64/cloud/6.1.0-56             loads, refused
debian/bookworm/arm64/cloud/6.1.0-56              loads, proven
debian/trixie/x86_64/cloud/6.12.117+deb13         loads, disagrees
debian/forky/x86_64/cloud/7.2.12+deb14            loads, refused
debian/trixie-backports/x86_64/cloud/7.3.4+deb13  fails, proven

disagreement: {BULLSEYE} exec_watch handle_exec: src/exec_watch.bpf.c:31: \
predicted to fail (struct task_struct.__state does not exist), loaded by the kernel
disagreement: {TRIXIE} exec_watch handle_exec: predicted to load, refused by the kernel: invalid func unknown#212

src/exec_watch.bpf.c:58: handle_exec is refused on {BOOKWORM}, {FORKY}: \
what a map look-up returned is used without a test for NULL (R1 invalid mem access 'map_value_or_null'); \
return if it is NULL before it is used
{HOOK}
predicted: fails on 2 of 6 kernels
proven:    6 kernels asked, 2 disagreements, 2 refusals for what only the verifier finds
"""


def test_text_of_kernels_that_could_not_be_asked(outputs):
    out = outputs(matrices.unasked(), "text")
    assert f"\n{ARM}              loads, not asked\n" in out and f"\n{TRIXIE}         loads, not asked\n" in out
    assert f"\nexec_watch was not tried on {TRIXIE}: its BTF cannot be read\n" in out
    assert out.endswith(f"""
{ARM} could not be asked: no answer within 60 s
  hint:    skep prove --timeout 180
  console: serial.log

{FORKY} was asked, but
  veth is missing
  lo is down

predicted: fails on 2 of 6 kernels
proven:    5 of 6 kernels asked, no disagreement
""")


def test_text_of_the_same_complaint_everywhere_is_one(outputs):
    answers, boot = matrices.proven_answers(), {**BOOT, "problems": "no veth"}
    out = outputs(ask(matrices.one(), answers, {k["kernel"]: boot for k in KERNELS}), "text")
    assert "\nall 6 kernels were asked, but\n  no veth\n" in out and out.count("no veth") == 1
    out = outputs(ask(matrices.one(), answers, {k: boot for k in (ARM, FORKY)}), "text")
    assert f"\n{ARM}, {FORKY} were asked, but\n  no veth\n" in out


def test_text_of_no_kernel_that_could_be_asked(outputs):
    dead = {**BOOT, "error": "there is no qemu-system-x86_64", "hint": "apt install qemu-system-x86"}
    out = outputs(ask(matrices.one(), {}, {k["kernel"]: dead for k in KERNELS}), "text")
    assert out.endswith("proven:    no kernel could be asked\n") and out.count(" could not be asked: ") == 6
    assert out.count(", not asked") == 6


def test_text_of_what_nothing_could_be_predicted_of(outputs):
    m = matrices.matrix("unknown", [matrices.row("guard", [matrices.cell(k, "unknown", [matrices.CONFIG], ["guard"]) for k in (ARM, FORKY)])])
    unknown = ("open", "open")
    why = {"line": "attach type is not supported"}
    out = outputs(ask(m, {("guard", ARM): [said("guard", agree=unknown)], ("guard", FORKY): [refused("guard", "open", why)]}), "text")
    assert f"\n{ARM}    unknown, loaded   CONFIG_BPF_LSM decides, and nothing tells it\n" in out
    assert f"\n{FORKY}  unknown, refused  CONFIG_BPF_LSM decides, and nothing tells it\n" in out
    assert f"\nguard is refused on {FORKY}: attach type is not supported\n" in out


def test_reasons_that_are_told_below_are_not_beside(outputs):
    answers = matrices.proven_answers()
    answers["exec_watch", BACKPORTS] = [refused("handle_exec", "verifier", POINTER), said("watch_unlink", attach="refused")]
    out = outputs(ask(matrices.one(), answers), "text")
    assert f"\n{BACKPORTS}  fails, refused\n" in out and HOOK in out


def test_a_place_that_is_not_there_is_no_proof(outputs):
    answers = matrices.proven_answers()
    why = {"line": "No such file", "cause": "the compiler inlined it", "remedy": "attach to what calls it"}
    late = said("watch_unlink", attach="refused", agree=("agree", "verifier"), attach_message="No such file", why=why)
    answers["exec_watch", TRIXIE] = [said("handle_exec"), late]
    out = outputs(ask(matrices.one(), answers), "text")
    assert f"\n{TRIXIE}         loads, refused\n" in out
    assert f"watch_unlink cannot be attached on {TRIXIE}: the compiler inlined it (No such file); attach to what calls it\n" in out
    assert out.endswith("proven:    6 kernels asked, no disagreement, 1 program without a place to hook in\n")


def test_text_of_several_objects_names_them(outputs):
    m = matrices.several()
    answers = {(r["object"], c["kernel"]): [said(p["program"]) for p in c["programs"]] for r in m["objects"] for c in r["kernels"]}
    answers["io", FORKY] = [refused("issue", "verifier", {**POINTER, "remedy": None, "file": None})]
    out = outputs(ask(m, answers), "text")
    assert f"\nio issue is refused on {FORKY}: what a map look-up returned is used without a test for NULL " in out
    assert f"\n{BOOKWORM}             loads, proven      loads, proven [2]  loads, proven\n" in out
    assert f"\n{FORKY}            loads, proven      loads, refused     loads, proven\n" in out


def test_text_of_many_objects_is_no_wider_for_their_marks(outputs):
    rows = [matrices.row(f"o{i}", [matrices.cell(k, programs=["p"]) for k in (ARM, FORKY)]) for i in range(12)]
    m = ask(matrices.matrix("loads", rows), {(f"o{i}", k): [said("p")] for i in range(12) for k in (ARM, FORKY)})
    assert max(map(len, outputs(m, "text").splitlines())) < 130 and outputs(m, "text").count("loads, proven") == 24


def test_text_of_the_same_refusal_everywhere_is_one_line(outputs):
    m = matrices.optional()
    programs = [refused("handle_exec", "verifier", POINTER), said("watch_unlink")]
    out = outputs(ask(m, {("exec_watch", k["kernel"]): programs for k in KERNELS}), "text")
    assert out.count("handle_exec is refused") == 1 and "handle_exec is refused on all 6 kernels: what a map" in out
    del m["objects"][0]["kernels"][0]["proof"]  # of bookworm
    assert f"is refused on {BULLSEYE}, {ARM}, {TRIXIE}, {FORKY} and 1 more: " in outputs(m, "text")


def test_whole_logs_only_where_they_are_there(outputs):
    m = matrices.proven()
    program = m["objects"][0]["kernels"][2]["proof"]["programs"][0]
    program["why"]["log"] = "func#0 @0\n0: R1=ctx()\ninvalid func unknown#181\n"
    assert f"""
verifier log: exec_watch handle_exec on {BULLSEYE}
  func#0 @0
  0: R1=ctx()
  invalid func unknown#181
""" in outputs(m, "text")


def test_growth_is_told(outputs):
    m = matrices.proven()
    base = {"kernel": ARM, "object": "exec_watch", "program": "handle_exec"}
    m["growth"] = [{**base, "what": "insns", "before": 100, "now": 151}, {**base, "what": "states", "before": 0, "now": 2},
                   {**base, "what": "verdict", "before": 1, "now": 0}]  # fmt: skip
    out = outputs(m, "text")
    assert f"""
grew by more than is allowed
  kernel                                object      program      what                        before  now  by
  {ARM}  exec_watch  handle_exec  insns                          100  151  +51.0%
  {ARM}  exec_watch  handle_exec  states                           0    2
  {ARM}  exec_watch  handle_exec  loaded before, now refused
""" in out
    assert out.endswith("proven:    6 kernels asked, no disagreement, 3 statistics grew too much\n")
    assert json.loads(outputs(m, "json"))["growth"] == m["growth"]


def test_names_from_kernels_cannot_steer_a_terminal(outputs):
    evil = "\x1b[31m\x07\u202e"
    m = ask(matrices.one(), {("exec_watch", ARM): [refused("handle_exec", "verifier", {"line": evil, "log": evil}), said("watch_unlink")]},
            {FORKY: {**BOOT, "error": evil, "hint": evil, "problems": evil}})  # fmt: skip
    for how in ("text", "explain"):
        out = outputs(m, how)
        assert "\x1b" not in out and "\x07" not in out and "\u202e" not in out and r"\x1b[31m" in out


def silent():
    """A stimulus ran, and of one kernel no event came."""
    m = matrices.proven()
    m["objects"][0]["kernels"][3]["proof"].update(silent=True, buffers=[{"map": "events", "events": 0}])
    return m


def test_an_object_that_stays_silent(outputs):
    out = outputs(silent(), "text")
    assert f"\n{FORKY}            loads, no event\n" in out
    assert f"\nexec_watch sent no event on {FORKY}: the stimulus ran, and nothing came through its buffers; see with --events" in out
    assert out.endswith("proven:    6 kernels asked, no disagreement, 1 object without an event\n")
    cells = {c["kernel"]: c for c in json.loads(outputs(silent(), "json"))["objects"][0]["kernels"]}
    assert [k for k, c in cells.items() if c["proof"]["silent"]] == [FORKY]
    failure = cases(outputs, silent())[FORKY].find("failure")
    assert failure.get("type") == "no event" and failure.get("message").startswith("the stimulus ran, and nothing came")
    (result,) = [r for r in sarif(outputs, silent())["results"] if r["ruleId"] == "silent"]
    assert result["message"]["text"].startswith("exec_watch: no event: the stimulus ran") and result["properties"]["kernels"] == [FORKY]


# --- JSON ----------------------------------------------------------------------------------------


def test_json_is_the_documented_one(outputs):
    m = matrices.disagreeing()
    v = json.loads(outputs(m, "json"))
    assert v["proven"] is True and v["growth"] == []
    boots = {k["kernel"]: k["boot"] for k in v["kernels"]}
    assert boots[ARM] == {**BOOT, "problems": []}
    cells = {c["kernel"]: c for c in v["objects"][0]["kernels"]}
    assert cells[FORKY]["proof"] == {
        "message": None,
        "programs": [
            {
                "program": "handle_exec",
                "type": "raw_tp",
                "load": "refused",
                "errno": "EINVAL",
                "attach": "none",
                "attach_message": None,
                "runs": 0,
                "stats": dict.fromkeys(matrices.STATS, 0),
                "why": {
                    **{k: POINTER[k] for k in ("line", "cause", "remedy")},
                    "source": "src/exec_watch.bpf.c:58",
                    **{k: POINTER[k] for k in ("text", "function", "key", "log")},
                },
                "hot": [],
            },
            {
                "program": "watch_unlink",
                "type": "raw_tp",
                "load": "loaded",
                "errno": None,
                "attach": "attached",
                "attach_message": None,
                "runs": 0,
                "stats": matrices.STATS,
                "why": None,
                "hot": [],
            },
        ],
        "silent": False,
        "buffers": [{"map": "events", "events": 3}],
    }
    base = {"object": "exec_watch", "program": "handle_exec", "phase": "load"}
    assert sorted(v["disagreements"], key=lambda d: d["kernel"]) == [
        {**base, "kernel": BULLSEYE, "predicted": "fails", "proven": "loaded", "reason": "struct task_struct.__state does not exist"},
        {**base, "kernel": TRIXIE, "predicted": "loads", "proven": "refused", "reason": "invalid func unknown#212"},
    ]


def test_json_of_what_was_not_asked(outputs):
    v = json.loads(outputs(matrices.unasked(), "json"))
    boots = {k["kernel"]: k["boot"] for k in v["kernels"]}
    assert boots[ARM]["error"] == "no answer within 60 s" and boots[ARM]["tries"] == 2 and boots[ARM]["serial"] == "serial.log"
    assert boots[FORKY]["problems"] == ["veth is missing", "lo is down"]
    cells = {c["kernel"]: c for c in v["objects"][0]["kernels"]}
    assert cells[ARM]["proof"] is None and cells[TRIXIE]["proof"]["message"] == "its BTF cannot be read"
    assert v["disagreements"] == []


# --- the table of programs -----------------------------------------------------------------------


def table():
    """Three programs on two kernels."""
    stats = {p: {**matrices.STATS, "insns": n, "time_ns": n * 1000000} for p, n in (("on_exec", 300), ("on_exit", 20), ("other", 1000))}
    cells = [matrices.cell(k, programs=list(stats)) for k in (BULLSEYE, FORKY)]
    m = matrices.matrix("loads", [matrices.row("tool", cells)])
    old = [said(p, stats=s, runs=i) for i, (p, s) in enumerate(stats.items())]
    new = [said("on_exec", stats=stats["on_exec"]), refused("on_exit", "verifier", POINTER), said("other", stats=stats["other"])]
    return ask(m, {("tool", BULLSEYE): old, ("tool", FORKY): new})


def rows(outputs, *how):
    return [(r["kernel"], r["program"]) for r in json.loads(outputs(table(), "table-json", *how))["programs"]]


def test_table_as_text(outputs):
    assert outputs(table(), "table", "--filter", f"kernel={FORKY}") == f"""\
kernel                                  object  program  verdict  attach    events  insns  states  peak  stack  jited       us
{FORKY}  tool    on_exec  loaded   attached       3    300      10     8     64    512   300000
{FORKY}  tool    on_exit  refused  -              3      -       -     -      -      -        -
{FORKY}  tool    other    loaded   attached       3   1000      10     8     64    512  1000000
"""
    assert outputs(table(), "table", "--filter", "program=nothing") == "no program is in the table\n"


def test_table_is_in_the_order_of_the_matrix(outputs):
    assert rows(outputs) == [(k, p) for k in (BULLSEYE, FORKY) for p in ("on_exec", "on_exit", "other")]


def test_table_is_sorted(outputs):
    assert [p for _, p in rows(outputs, "--sort", "insns")] == ["on_exit", "on_exit", "on_exec", "on_exec", "other", "other"]
    assert rows(outputs, "--sort", "insns-,-kernel")[:2] == [(FORKY, "other"), (BULLSEYE, "other")]
    assert rows(outputs, "--sort", "-time") == rows(outputs, "--sort", "time-")
    assert [p for _, p in rows(outputs, "--sort", "-verdict,program")] == ["on_exit"] + ["on_exec"] * 2 + ["on_exit"] + ["other"] * 2
    assert rows(outputs, "--sort", "runs-", "--top", "1") == [(BULLSEYE, "other")]


@pytest.mark.parametrize(
    "expressions, programs",
    [
        (["insns>300"], ["other"] * 2),
        (["insns>=300"], ["on_exec", "other"] * 2),
        (["insns<300"], ["on_exit"] * 2),
        (["insns<=0x14"], ["on_exit"] * 2),
        (["insns=1000"], ["other"] * 2),
        (["insns!=1000"], ["on_exec", "on_exit"] * 2),
        (["time>=300ms", "time<1s"], ["on_exec"] * 2),
        (["time=20000000"], ["on_exit"]),
        (["verdict=refused"], ["on_exit"]),
        (["verdict!=refused", "program=on_*"], ["on_exec", "on_exit", "on_exec"]),
        (["attach=none"], ["on_exit"]),
        (["object=t?ol", "kernel=*forky*", "runs=0"], ["on_exec", "on_exit", "other"]),
    ],
)
def test_table_is_filtered(outputs, expressions, programs):
    assert [p for _, p in rows(outputs, *(word for e in expressions for word in ("--filter", e)))] == programs


@pytest.mark.parametrize(
    "how, told",
    [
        (["--sort", "size"], "--sort: there is no column 'size'"),
        (["--sort", "insns,"], "--sort: there is no column ''"),
        (["--sort", ",".join(["insns"] * 9)], "--sort takes at most 8 keys"),
        (["--filter", "size>1"], "--filter: there is no column 'size'"),
        (["--filter", "insns"], "--filter wants COLUMN, =, !=, <, <=, > or >=, and a value, not 'insns'"),
        (["--filter", "insns<>1"], "--filter wants COLUMN, =, !=, <, <=, > or >=, and a value, not 'insns<>1'"),
        (["--filter", "insns>many"], "--filter: insns wants a number, not 'many'"),
        (["--filter", "time>x"], "--filter: time wants a duration as 2ms, not 'x'"),
        (["--filter", "program>on"], "--filter: 'program' is text: only = and != compare it"),
        (["--filter", "insns>1"] * 33, "there are more than 32 --filter"),
    ],
)
def test_bad_queries(outputs, how, told):
    done = outputs.probe(table(), "table", *how)
    assert done.returncode == 2 and done.stderr.decode().splitlines()[0] == told


def test_csv_is_as_others_read_it(outputs):
    m = table()
    m["objects"][0]["object"] = 'a, "b"\nc'
    text = outputs(m, "csv", "--sort", "insns-", "--top", "2")
    assert text.count("\r\n") == text.count("\n") == 3
    read = list(csv.DictReader(io.StringIO(text, newline=""), strict=True))
    assert [r["object"] for r in read] == ['a, "b"' + r"\nc"] * 2
    assert {k: v for k, v in read[0].items() if k != "object"} == {
        "kernel": BULLSEYE, "program": "other", "verdict": "loaded", "attach": "attached", "events": "3", "runs": "2",
        "insns": "1000", "states": "10", "peak_states": "8", "stack": "64", "jited": "512", "time_ns": "1000000000",
    }  # fmt: skip


def test_hot_lines_are_below_the_table(outputs):
    m = table()
    program = m["objects"][0]["kernels"][1]["proof"]["programs"][0]
    program["hot"] = [{"file": "src/t.bpf.c", "line": 9, "text": "for (;;)", "insns": 250}, {"file": None, "text": "x++;", "insns": 9}]
    out = outputs(m, "table", "--filter", f"kernel={FORKY}")
    assert out.endswith(f"""
hot lines of tool on_exec on {FORKY}
  insns  source         text
    250  src/t.bpf.c:9  for (;;)
      9  -              x++;
""")
    assert "hot lines" not in outputs(m, "table", "--filter", "program!=on_exec")
    assert outputs(m, "table", "--lines", "1").endswith("    250  src/t.bpf.c:9  for (;;)\n")
    cells = {c["kernel"]: c for c in json.loads(outputs(m, "json"))["objects"][0]["kernels"]}
    assert cells[FORKY]["proof"]["programs"][0]["hot"] == [
        {"source": "src/t.bpf.c:9", "text": "for (;;)", "insns": 250},
        {"source": None, "text": "x++;", "insns": 9},
    ]


# --- JUnit ---------------------------------------------------------------------------------------


def cases(outputs, m):
    root = ET.fromstring(outputs(m, "junit"))
    suites = root.findall("testsuite")
    for counted in (root, *suites):
        below = list(counted.iter("testcase"))
        assert int(counted.get("tests")) == len(below)
        assert int(counted.get("failures")) == len([c for c in below if c.find("failure") is not None])
        assert int(counted.get("errors")) == len([c for c in below if c.find("error") is not None])
    assert root.get("name") == "skep prove"
    return {c.get("name"): c for c in root.iter("testcase")}


def properties(case):
    return {p.get("name"): p.get("value") for p in case.iterfind("properties/property")}


def test_junit_has_the_proof_as_properties(outputs):
    found = cases(outputs, matrices.proven())
    assert properties(found[ARM]) == {
        "proof": "proven",
        "program handle_exec": "loaded, attached, 100 insns",
        "program watch_unlink": "loaded, attached, 100 insns",
    }
    assert [e.tag for e in found[ARM]] == ["properties"]
    assert properties(found[BULLSEYE])["program handle_exec"] == "refused (EINVAL)"
    assert properties(found[BACKPORTS])["program watch_unlink"] == "loaded, cannot be attached, 100 insns"
    assert [found[k].find("failure").get("type") for k in (BULLSEYE, BACKPORTS)] == ["fails", "fails"]


def test_junit_of_disagreements_and_refusals(outputs):
    found = cases(outputs, matrices.disagreeing())
    assert {k: c.find("failure").get("type") for k, c in found.items() if c.find("failure") is not None} == {
        BULLSEYE: "disagreement", TRIXIE: "disagreement", BOOKWORM: "refused", FORKY: "refused", BACKPORTS: "fails",
    }  # fmt: skip
    assert found[TRIXIE].find("failure").get("message") == "predicted to load, refused by the kernel: invalid func unknown#212"
    assert found[FORKY].find("failure").text.startswith("src/exec_watch.bpf.c:58: handle_exec is refused: what a map look-up ")


def test_junit_of_what_was_not_asked(outputs):
    found = cases(outputs, matrices.unasked())
    assert {k: c.find("error").get("message") for k, c in found.items() if c.find("error") is not None} == {
        ARM: "no answer within 60 s", TRIXIE: "its BTF cannot be read",
    }  # fmt: skip
    assert found[ARM].find("error").get("type") == "not asked" and properties(found[ARM]) == {"proof": "not asked"}


def test_junit_of_growth_and_of_what_a_kernel_told(outputs):
    m = matrices.proven()
    m["growth"] = [{"kernel": ARM, "object": "exec_watch", "program": "handle_exec", "what": "insns", "before": 10, "now": 100}]
    failure = cases(outputs, m)[ARM].find("failure")
    assert failure.get("type") == "growth" and failure.get("message") == "insns of handle_exec grew from 10 to 100"
    m = matrices.matrix("unknown", [matrices.row("guard", [matrices.cell(ARM, "unknown", [matrices.CONFIG], ["guard"])])])
    assert cases(outputs, ask(m, {("guard", ARM): [said("guard", agree=("open", "open"))]}))[ARM].find("error") is None
    assert cases(outputs, ask(m, {}))[ARM].find("error").get("type") == "not asked"


# --- SARIF ---------------------------------------------------------------------------------------


def sarif(outputs, m):
    (run,) = json.loads(outputs(m, "sarif"))["runs"]
    for r in run["results"]:
        assert run["tool"]["driver"]["rules"][r["ruleIndex"]]["id"] == r["ruleId"]
    return run


def test_sarif_has_what_was_not_foreseen(outputs):
    run = sarif(outputs, matrices.disagreeing())
    assert run["tool"]["driver"]["name"] == "skep prove"
    results = [r for r in run["results"] if r["ruleId"] in ("disagreement", "refused")]
    assert [(r["ruleId"], r["properties"]["kernels"]) for r in results] == [
        ("disagreement", [BULLSEYE]), ("disagreement", [TRIXIE]), ("refused", [BOOKWORM, FORKY]),
    ]  # fmt: skip
    places = [r["locations"][0]["physicalLocation"] for r in results]
    assert [(p["artifactLocation"]["uri"], p.get("region", {}).get("startLine")) for p in places] == [
        ("src/exec_watch.bpf.c", 31), ("build/exec_watch.bpf.o", None), ("src/exec_watch.bpf.c", 58),
    ]  # fmt: skip
    assert results[2]["message"]["text"] == (
        "handle_exec: refused: what a map look-up returned is used without a test for NULL (R1 invalid mem access 'map_value_or_null'); "
        f"return if it is NULL before it is used; kernels: {BOOKWORM}, {FORKY}"
    )
    assert {r["level"] for r in results} == {"error"}


def test_sarif_tells_what_was_foreseen_once(outputs):
    assert [r["ruleId"] for r in sarif(outputs, matrices.proven())["results"]] == ["relocation", "helper", "hook"]


def test_sarif_of_growth_and_of_what_was_not_asked(outputs):
    m = matrices.unasked()
    m["growth"] = [{"kernel": FORKY, "object": "exec_watch", "program": "handle_exec", "what": "verdict", "before": 1, "now": 0}]
    run = sarif(outputs, m)
    (grown,) = [r for r in run["results"] if r["ruleId"] == "growth"]
    assert grown["message"]["text"] == f"handle_exec was loaded before and is refused now on {FORKY}"
    assert grown["locations"][0]["physicalLocation"]["artifactLocation"]["uri"] == "build/exec_watch.bpf.o"
    (notice,) = run["invocations"][0]["toolExecutionNotifications"]
    assert notice == {"level": "error", "message": {"text": f"{ARM} could not be asked: no answer within 60 s"}}
