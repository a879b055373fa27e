# SPDX-License-Identifier: BSD-2-Clause
"""What users see of skep check: text, JSON, JUnit, SARIF and the page, each read by what others read it with."""

import json
import re
import urllib.parse
import xml.etree.ElementTree as ET

import pytest

import matrices
from browser import Page, browser  # noqa: F401
from kernels import debian_kernels, kernel_library  # noqa: F401
from matrices import ARM, BACKPORTS, BOOKWORM, BULLSEYE, FORKY, HOSTILE, KERNELS, TRIXIE
from matrices import cell, matrix, outputs, row  # noqa: F401


# --- text ----------------------------------------------------------------------------------------

STATE_LINE = "src/exec_watch.bpf.c:31: struct task_struct.__state does not exist"


def test_text_of_one_object_has_its_reasons_beside_the_kernels(outputs):
    assert outputs(matrices.one(), "text") == f"""\
kernel                                            exec_watch
debian/bullseye/x86_64/cloud/5.10.0-46            fails       {STATE_LINE}, and 1 more
debian/bookworm/x86_64/cloud/6.1.0-56             loads
debian/bookworm/arm64/cloud/6.1.0-56              loads
debian/trixie/x86_64/cloud/6.12.117+deb13         loads
debian/forky/x86_64/cloud/7.2.12+deb14            loads
debian/trixie-backports/x86_64/cloud/7.3.4+deb13  fails       src/exec_watch.bpf.c:70: there is no function do_unlinkat to attach to

fails on 2 of 6 kernels
"""


def test_text_of_several_objects_numbers_the_reasons(outputs):
    assert outputs(matrices.several(), "text") == f"""\
kernel                                            exec_watch  io         guard
debian/bullseye/x86_64/cloud/5.10.0-46            fails [1]   loads [2]  loads
debian/bookworm/x86_64/cloud/6.1.0-56             loads       loads [2]  loads
debian/bookworm/arm64/cloud/6.1.0-56              loads       -          unknown [3]
debian/trixie/x86_64/cloud/6.12.117+deb13         loads       loads      loads
debian/forky/x86_64/cloud/7.2.12+deb14            loads       loads      loads
debian/trixie-backports/x86_64/cloud/7.3.4+deb13  fails [4]   loads      loads

[1]  {STATE_LINE}, and 1 more
[2]  src/io.bpf.c:12: argument 1 is struct request there, not struct request_queue
[3]  CONFIG_BPF_LSM decides, and nothing tells it
[4]  src/exec_watch.bpf.c:70: there is no function do_unlinkat to attach to

not in the kernel library
  debian/sid

fails on 2 and unknown on 1 of 6 kernels
"""


def test_text_of_many_kernels_tells_neighbours_that_are_alike_as_one(outputs):
    assert outputs(matrices.many(), "text") == f"""\
kernel                                                   exec_watch
debian/bullseye/x86_64/cloud/5.10.0-1 to 5.10.0-40 (40)  fails       {STATE_LINE}
debian/bookworm/x86_64/cloud/6.1.0-1 to 6.1.0-19 (19)    loads
debian/bookworm/x86_64/cloud/6.1.0-20 to 6.1.0-23 (4)    fails       src/exec_watch.bpf.c:70: there is no function do_unlinkat to attach to
debian/bookworm/x86_64/cloud/6.1.0-24 to 6.1.0-60 (37)   loads

fails on 44 of 100 kernels
"""


def test_text_of_a_platform(outputs):
    assert outputs(matrices.platform(), "text") == """\
object      eBPF for Windows
exec_watch  fails             src/exec_watch.bpf.c:44: helper bpf_get_current_task is not on this platform
drop        loads

fails on eBPF for Windows
"""
    assert outputs(matrices.platform(), "explain").partition("\n\n")[2] == """\
src/exec_watch.bpf.c:44:2: fails: helper bpf_get_current_task is not on this platform
      bpf_loop(16, walk, &ctx, 0);
  object:  exec_watch
  program: handle_exec, instruction 40

fails on eBPF for Windows
"""


def test_text_of_variants_says_which_is_chosen(outputs):
    out = outputs(matrices.variants(), "text")
    assert "kernel                                            exec_watch (state)  exec_watch (legacy)\n" in out
    assert out.endswith("""
kernel                                            program     variant
debian/bullseye/x86_64/cloud/5.10.0-46            exec_watch  legacy
debian/bookworm/x86_64/cloud/6.1.0-56             exec_watch  state
debian/bookworm/arm64/cloud/6.1.0-56              exec_watch  state
debian/trixie/x86_64/cloud/6.12.117+deb13         exec_watch  state
debian/forky/x86_64/cloud/7.2.12+deb14            exec_watch  state
debian/trixie-backports/x86_64/cloud/7.3.4+deb13  exec_watch  state

loads on all 6 kernels
""")


def test_a_kernel_without_variant_fails(outputs):
    m = matrices.variants()
    m["variants"][0]["kernels"][2]["variant"] = -1
    out = outputs(m, "text")
    assert re.search(r"^debian/bullseye/\S+ +exec_watch +none loads$", out, re.M)
    assert out.splitlines()[-1] == "fails on 1 of 6 kernels"


def test_variants_under_both_policies(outputs):
    m = matrices.variants()
    for r in m["objects"][:2]:
        m["objects"].append({**r, "policy": "kernel"})
    m["variants"].append({"name": "exec_watch", "kernels": [{"kernel": k["kernel"], "variant": 3} for k in KERNELS]})
    out = outputs(m, "text")
    assert "exec_watch (state, user)  exec_watch (legacy, user)" in out
    assert re.findall(r"^debian/bullseye/\S+ +(exec_watch \(\S+\) +\S+)$", out, re.M) == [
        "exec_watch (user)    legacy",
        "exec_watch (kernel)  legacy",
    ]


def test_explain_tells_every_finding_once(outputs):
    table, _, rest = outputs(matrices.one(), "explain").partition("\n\n")
    assert table == outputs(matrices.one(), "text").partition("\n\n")[0]
    assert rest == f"""\
src/exec_watch.bpf.c:31:12: fails: struct task_struct.__state does not exist
      state = BPF_CORE_READ(task, __state);
  instead: it is struct task_struct.state there; of these kernels the first that has it is {BOOKWORM}
  remedy:  guard with bpf_core_field_exists(), and read the other field where it is missing
  program: handle_exec, instruction 14
  kernels: {BULLSEYE}

src/exec_watch.bpf.c:44:2: fails: helper bpf_loop came with 5.17
      bpf_loop(16, walk, &ctx, 0);
  instead: of these kernels the first that has it is {BOOKWORM}
  remedy:  guard with bpf_core_enum_value_exists(enum bpf_func_id, BPF_FUNC_loop)
  program: handle_exec, instruction 40
  kernels: {BULLSEYE}

src/exec_watch.bpf.c:70: cannot be attached: there is no function do_unlinkat to attach to
      int BPF_PROG(watch_unlink, int dfd, struct filename *name)
  instead: nearest is filename_unlinkat
  remedy:  give the program SEC("?fentry/do_unlinkat") and choose when loading
  program: watch_unlink, instruction 0
  kernels: {BACKPORTS}

src/exec_watch.bpf.c:52:9: guarded: struct mm_struct.mm_cid does not exist
      cid = BPF_CORE_READ(mm, mm_cid);
  program: handle_exec, instruction 61
  kernels: {BULLSEYE}
           {BOOKWORM}
           {ARM}

fails on 2 of 6 kernels
"""


def test_explain_folds_kernels(outputs):
    out = outputs(matrices.many(), "explain")
    assert out.count("struct task_struct.__state does not exist") == 2  # the table's and its own
    assert "  kernels: debian/bullseye/x86_64/cloud/5.10.0-1 to 5.10.0-40 (40)\n" in out
    assert "  kernels: debian/bookworm/x86_64/cloud/6.1.0-20 to 6.1.0-23 (4)\n" in out


def test_explain_of_what_has_no_source(outputs):
    lines = outputs(matrices.several(), "explain").splitlines()
    at = lines.index("guard: unknown: CONFIG_BPF_LSM decides, and nothing tells it")
    assert lines[at + 1 : at + 5] == ["  object:  guard", "  program: guard", f"  kernels: {ARM}", ""]


def test_what_is_not_loaded_by_default_warns(outputs):
    assert re.search(rf"^{ARM} +loads +warning: src/exec_watch", outputs(matrices.optional(), "text"), re.M)
    out = outputs(matrices.optional(), "explain")
    assert "\nsrc/exec_watch.bpf.c:70: fails if loaded: there is no function do_unlinkat" in out
    assert out.splitlines()[-1] == "loads on all 6 kernels"
    assert [r["level"] for r in sarif(outputs, matrices.optional())["results"]] == ["warning"]
    assert junit(outputs, matrices.optional()).get("failures") == "0"


def test_objects_of_one_name_are_told_apart(outputs):
    def heading(*rows):
        return outputs(matrix("loads", list(rows)), "text").splitlines()[0].split("  ")[-len(rows) :]

    cells = [cell(k["kernel"]) for k in KERNELS]
    assert heading(row("x", cells), row("x", cells, policy="kernel")) == ["x (user)", "x (kernel)"]
    assert heading(row("x", cells, file="a/x.o"), row("x", cells, file="b/x.o")) == ["a/x.o", "b/x.o"]
    assert heading(row("x", cells, arch="arm64"), row("x", cells, arch="x86_64")) == ["x (arm64)", "x (x86_64)"]
    assert heading(row("x", cells, arch="arm64"), row("y", cells, policy="kernel")) == ["x (user)", "y (kernel)"]


def test_many_objects_stand_in_several_tables(outputs):
    rows = [row(f"object_number_{i}", [cell(k["kernel"]) for k in KERNELS]) for i in range(9)]
    out = outputs(matrix("loads", rows), "text")
    headings = [line for line in out.splitlines() if line.startswith("kernel ")]
    assert [len(h.split()) - 1 for h in headings] == [4, 4, 1]
    assert all(len(line) < 140 for line in out.splitlines())


@pytest.mark.parametrize(
    "words, summary",
    [
        (["loads"], f"loads on {ARM}"),
        (["fails"], f"fails on {ARM}"),
        (["unknown"], f"unknown on {ARM}"),
        (["loads", "loads"], "loads on all 2 kernels"),
        (["fails", "fails"], "fails on all 2 kernels"),
        (["unknown", "unknown"], "unknown on all 2 kernels"),
        (["unknown", "loads"], "unknown on 1 of 2 kernels"),
        (["fails", "unknown"], "fails on 1 and unknown on 1 of 2 kernels"),
        ([], "there is no kernel to check against"),
    ],
)
def test_summary(outputs, words, summary):
    cells = [cell(k["kernel"], word) for k, word in zip(KERNELS, words)]
    assert outputs(matrix("loads", [row("x", cells)]), "text").splitlines()[-1] == summary


def test_hostile_names_do_not_steer_a_terminal(outputs):
    for how in ("text", "explain"):
        out = outputs(matrices.hostile(), how)
        assert not re.search(r"[\x00-\x09\x0b-\x1f\x7f\u2028\u2029\u202a-\u202e]", out)
        assert r"\x1b[31mred\x07" in out and HOSTILE in out


# --- JSON ----------------------------------------------------------------------------------------

KEYS = {
    "": "verdict platform kernels missing objects variants",
    "kernels": "kernel release arch",
    "objects": "object file arch policy variant_of variant kernels",
    "objects.kernels": "kernel verdict reason programs findings more",
    "objects.kernels.programs": "program verdict",
    "objects.kernels.findings": "status phase kind name program reason instead remedy source text function insn",
    "variants": "name kernels",
    "variants.kernels": "kernel variant",
}


def check_keys(value, path=""):
    if isinstance(value, list):
        for item in value:
            check_keys(item, path)
    elif isinstance(value, dict):
        assert list(value) == KEYS[path].split(), path
        for key, item in value.items():
            check_keys(item, f"{path}.{key}".strip("."))


@pytest.mark.parametrize("make", ["one", "several", "many", "hostile", "platform", "variants"])
def test_json_has_every_key_in_order(outputs, make):
    m = getattr(matrices, make)()
    out = json.loads(outputs(m, "json"))
    check_keys(out)
    assert {k: out[k] for k in ("verdict", "platform", "kernels")} == {k: m[k] for k in ("verdict", "platform", "kernels")}
    assert [[k["kernel"] for k in o["kernels"]] for o in out["objects"]] == [
        sorted((k["kernel"] for k in o["kernels"]), key=[k["kernel"] for k in m["kernels"]].index) for o in m["objects"]
    ]


def test_json_values(outputs):
    out = json.loads(outputs(matrices.several(), "json"))
    cells = {c["kernel"]: c for c in out["objects"][0]["kernels"]}
    state = {k: v for k, v in matrices.STATE.items() if k not in ("file", "line", "column")}
    assert out["missing"] == ["debian/sid"] and out["variants"] == []
    assert cells[BULLSEYE]["findings"][0] == {**state, "source": "src/exec_watch.bpf.c:31:12"}
    assert cells[BACKPORTS]["findings"][0]["source"] == "src/exec_watch.bpf.c:70"  # its column is not known
    assert cells[BULLSEYE]["programs"] == [
        {"program": "handle_exec", "verdict": "fails"},
        {"program": "watch_unlink", "verdict": "loads"},
    ]
    guard = {c["kernel"]: c for c in out["objects"][2]["kernels"]}[ARM]["findings"][0]
    assert [guard[k] for k in ("source", "text", "function", "insn")] == [None] * 4


def test_json_of_variants(outputs):
    m = matrices.variants()
    m["variants"][0]["kernels"][0]["variant"] = -2
    m["variants"][0]["kernels"][1]["variant"] = -1
    chosen = json.loads(outputs(m, "json"))["variants"][0]
    assert chosen["name"] == "exec_watch"
    assert [(k["kernel"], k["variant"]) for k in chosen["kernels"]] == [
        (BOOKWORM, None),
        (BULLSEYE, "legacy"),
        (FORKY, "state"),
        (BACKPORTS, "state"),
        (TRIXIE, "state"),
    ]


# --- JUnit ---------------------------------------------------------------------------------------


def junit(outputs, m):
    """As CI systems read it: the counts of every level are those of the cases below."""
    root = ET.fromstring(outputs(m, "junit"))
    assert root.tag == "testsuites" and {child.tag for child in root} == {"testsuite"}
    for level in [root, *root]:
        cases = level.findall(".//testcase")
        assert [int(level.get(k)) for k in ("tests", "failures", "errors", "skipped")] == [
            len(cases),
            len([c for c in cases if c.find("failure") is not None]),
            len([c for c in cases if c.find("error") is not None]),
            0,
        ]
        assert level.get("name") and float(level.get("time")) == 0
    for case in root.findall(".//testcase"):
        assert case.get("name") and case.get("classname") and float(case.get("time")) == 0
        assert [child.tag for child in case] in ([], ["failure"], ["error"])
        assert all(child.get("message") and child.get("type") for child in case)
    return root


def test_junit(outputs):
    root = junit(outputs, matrices.several())
    assert [s.get("name") for s in root] == ["exec_watch", "io", "guard", "kernel library"]
    assert [root.get(k) for k in ("tests", "failures", "errors")] == ["18", "2", "2"]
    assert [c.get("name") for c in root[0]] == [BULLSEYE, BOOKWORM, ARM, TRIXIE, FORKY, BACKPORTS]
    failure = root[0][0].find("failure")
    assert failure.get("message") == f"{STATE_LINE}, and 1 more" and failure.get("type") == "fails"
    text = failure.text
    assert "src/exec_watch.bpf.c:31:12: fails: struct task_struct.__state does not exist\n" in text
    assert "    state = BPF_CORE_READ(task, __state);\n" in text
    assert "  remedy: guard with bpf_core_field_exists()" in text and "  instead: it is struct" in text
    assert "mm_cid" not in text  # guarded is no failure
    assert root[2][2].find("error").get("message") == "CONFIG_BPF_LSM decides, and nothing tells it"
    assert (root[3][0].get("name"), root[3][0].find("error").get("message")) == ("debian/sid", "not in the kernel library")
    assert {c.get("file") for c in root[1]} == {"io.skep"}


def test_junit_of_hostile_names(outputs):
    root = junit(outputs, matrices.hostile())
    case = root[0][0]
    assert case.get("classname") == f"x{HOSTILE}" and case.get("name") == "b/'\"two"
    assert r"\x1b[31mred\x07 \xe2\x80\xa8" in case.find("failure").get("message")
    assert "  remedy: line one\nline two\n" in case.find("failure").text


# --- SARIF ---------------------------------------------------------------------------------------


def sarif(outputs, m):
    """What the standard's schema demands of each thing that is there."""
    log = json.loads(outputs(m, "sarif"))
    assert log["version"] == "2.1.0" and log["$schema"].endswith("sarif-2.1.0.json") and len(log["runs"]) == 1
    run = log["runs"][0]
    driver = run["tool"]["driver"]
    assert driver["name"] == "skep check" and re.fullmatch(r"\d+\.\d+\.\d+", driver["version"])
    ids = [r["id"] for r in driver["rules"]]
    assert len(set(ids)) == len(ids) and all(re.fullmatch(r"[a-z-]+", i) for i in ids)
    assert all(r["shortDescription"]["text"] for r in driver["rules"])
    assert [i["executionSuccessful"] for i in run["invocations"]] == [True]
    for result in run["results"]:
        assert ids[result["ruleIndex"]] == result["ruleId"] and result["message"]["text"]
        assert result["level"] in ("error", "warning")  # a guard that works is no alert
        kernels = result["properties"]["kernels"]
        assert f"; kernels: {', '.join(kernels[:6])}" in result["message"]["text"]  # code hosts show no properties
        assert len(result["locations"]) == 1 and result["properties"]["kernels"]
        place = result["locations"][0]["physicalLocation"]
        assert re.fullmatch(r"[A-Za-z0-9._~/%-]+", place["artifactLocation"]["uri"])
        assert all(n >= 1 for k, n in place.get("region", {}).items() if k.startswith("start"))
    return run


def test_sarif(outputs):
    run = sarif(outputs, matrices.several())
    results = run["results"]
    assert [(r["ruleId"], r["level"], len(r["properties"]["kernels"])) for r in results] == [
        ("relocation", "error", 1),
        ("helper", "error", 1),
        ("hook", "error", 1),
        ("hook-argument", "warning", 2),
        ("program-type", "warning", 1),
    ]
    assert results[0]["locations"][0]["physicalLocation"] == {
        "artifactLocation": {"uri": "src/exec_watch.bpf.c"},
        "region": {"startLine": 31, "startColumn": 12, "snippet": {"text": "state = BPF_CORE_READ(task, __state);"}},
    }
    assert results[0]["locations"][0]["logicalLocations"] == [{"name": "handle_exec", "kind": "function"}]
    assert results[0]["message"]["text"].startswith("fails: struct task_struct.__state does not exist; instead: it is struct ")
    assert "startColumn" not in results[2]["locations"][0]["physicalLocation"]["region"]
    assert results[3]["properties"]["kernels"] == [BULLSEYE, BOOKWORM]
    assert results[4]["locations"][0]["physicalLocation"] == {"artifactLocation": {"uri": "build/guard.bpf.o"}}
    assert run["invocations"][0]["toolExecutionNotifications"] == [
        {"level": "warning", "message": {"text": "'debian/sid' is not in the kernel library"}}
    ]


def test_sarif_of_hostile_names(outputs):
    result = sarif(outputs, matrices.hostile())["results"][0]
    uri = result["locations"][0]["physicalLocation"]["artifactLocation"]["uri"]
    assert urllib.parse.unquote(uri) == "src/<b>&\"'%20 ünï.c"
    assert not re.search(r"[\x00-\x09\x0b-\x1f]", result["message"]["text"])


def test_sarif_of_nothing_wrong(outputs):
    run = sarif(outputs, matrix("loads", [row("x", [cell(k["kernel"]) for k in KERNELS])]))
    assert run["results"] == [] and run["tool"]["driver"]["rules"] == []


# --- the command ---------------------------------------------------------------------------------

PORTABLE = "tests/data/check/portable.bpf.c"


@pytest.fixture
def portable(need, tool, repo, build_dir, tmp_path):
    """Compiled where it lies, so that its source has a name that a checkout has."""
    need("clang-19")
    out = tmp_path / "portable.bpf.o"
    include = [f"-I{build_dir}/share/skep/libbpf", "-idirafter", "/usr/include/x86_64-linux-gnu"]
    flags = ["--target=bpf", "-D__TARGET_ARCH_x86", "-mcpu=v3", "-g", "-O2", *include]
    tool("clang-19", *flags, "-c", PORTABLE, "-o", out, cwd=repo)
    return out


@pytest.fixture
def check(skep, kernel_library):  # noqa: F811
    def run(*args, **kw):
        return skep("check", *args, **{"env": {"SKEP_HOME": kernel_library}, **kw})

    return run


def test_command_writes_every_output(check, portable, repo, browser, tmp_path):
    files = {how: tmp_path / f"out.{how}" for how in ("html", "junit", "sarif")}
    done = check(portable, "--json", *[a for how, path in files.items() for a in (f"--{how}", path)], cwd=repo)
    assert done.rc == 1 and done.err == ""
    check_keys(done.json())
    cells = {c["kernel"]: c for c in done.json()["objects"][0]["kernels"]}
    fails = [k for k, c in cells.items() if c["verdict"] == "fails"]

    cases = {c.get("name"): c for c in ET.parse(files["junit"]).iter("testcase")}
    assert sorted(cases) == sorted(cells)
    assert sorted(k for k, c in cases.items() if c.find("failure") is not None) == sorted(fails)

    results = json.loads(files["sarif"].read_text())["runs"][0]["results"]
    errors = {k for r in results if r["level"] == "error" for k in r["properties"]["kernels"]}
    uris = {r["locations"][0]["physicalLocation"]["artifactLocation"]["uri"] for r in results}
    assert sorted(errors) == sorted(fails) and uris == {PORTABLE}

    p = Page(browser, files["html"]).open()
    shown = [k[1] + "/" + k[0] for k in p.kernels()]
    assert sorted(shown) == sorted(cells) and [shown[i] for i, w in enumerate(p.words()) if w[0] == "fails"] != []
    assert {shown[i] for i, w in enumerate(p.words()) if w[0] == "fails"} == set(fails)
    p.all("tbody tr")[0].find_element("css selector", ".cell").click()
    assert "5.10" in p.one("#detail-title").text and p.one("#detail pre").text == "seen += task->__state; /* STATE */"
    assert "task_struct.state" in p.one("#detail .instead").text
    assert p.drain()[0] == []


def test_command_explains(check, portable):
    plain, told = check(portable), check(portable, "--explain")
    assert plain.rc == told.rc == 1 and plain.err == told.err == ""
    table, _, rest = told.out.partition("\n\n")
    assert table == plain.out.partition("\n\n")[0]
    assert table.splitlines()[0].split() == ["kernel", "portable"]
    assert re.search(r"portable\.bpf\.c:28:\d+: fails: .*__state", rest)
    assert re.search(r"portable\.bpf\.c:30:\d+: guarded: .*scx", rest)
    assert re.fullmatch(r"fails on \d of \d kernels", told.out.splitlines()[-1])


def test_command_with_a_kernel_that_is_not_there(check, portable):
    """The failure does not hide what was found, and what fails outweighs what is missing."""
    done = check(portable, "--kernel", "debian/sid/x86_64", "--kernel", "debian/bookworm/x86_64")
    assert done.rc == 3 and re.fullmatch(r"loads on debian/bookworm/x86_64/\S+", done.out.splitlines()[-1])
    assert "not in the kernel library\n  debian/sid/x86_64\n" in done.out
    assert done.err == (
        "skep check: no kernel of the library is 'debian/sid/x86_64'\n  hint: skep kernel fetch debian/sid\n"
    )
    done = check(portable, "--kernel", ">=99")
    assert done.rc == 3 and done.err == (
        "skep check: no kernel of the library is '>=99'\n"
        "  hint: skep kernel fetch debian/SUITE, or skep kernel add its packages\n"
    )
    done = check(portable, "--kernel", "debian/sid", "--json")
    assert done.rc == 3 and done.json()["missing"] == ["debian/sid"] and json.loads(done.err)["code"]
    done = check(portable, "--kernel", "debian/sid", "--kernel", "debian/bullseye")
    assert done.rc == 1 and done.err == ""


@pytest.mark.parametrize(
    "args, err",
    [
        (["."], "'.' is a folder, not an object or a package\n  hint: skep build checks a project's kernels"),
        (["x.o", "--all", "--kernel", "host"], "--all, --platform, and --kernel or --btf exclude each other"),
        (["x.o", "--platform", "windows", "--btf", "x"], "--all, --platform, and --kernel or --btf exclude each other"),
        (["x.o", "--policy", "mine"], "--policy wants user|kernel|both, not 'mine'\n  hint: skep check --help lists the options"),
    ],
)
def test_command_misused(check, args, err):
    done = check(*args)
    assert (done.rc, done.out, done.err) == (2, "", f"skep check: {err}\n")


def test_command_leaves_an_output_alone_that_it_cannot_write(check, portable, tmp_path):
    done = check(portable, "--html", tmp_path / "none/out.html")
    assert done.rc == 3 and done.out == "" and done.err.startswith(f"skep check: {tmp_path}/none/out.html: cannot ")
