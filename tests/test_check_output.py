# SPDX-License-Identifier: BSD-2-Clause
"""What users see of skep check: text, JSON, JUnit, SARIF and the page, each read by what others read it with."""

import json
import re
import struct
import time
import urllib.parse
import xml.etree.ElementTree as ET
import zlib

import pytest

import matrices
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
    "objects.kernels": "kernel verdict reason programs findings",
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
        assert result["level"] in ("error", "warning", "note")
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
        ("relocation", "note", 3),
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
    assert results[3]["properties"]["kernels"] == [BULLSEYE, BOOKWORM, ARM]
    assert results[5]["locations"][0]["physicalLocation"] == {"artifactLocation": {"uri": "build/guard.bpf.o"}}
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


# --- the page ------------------------------------------------------------------------------------


class Page:
    def __init__(self, driver, path):
        self.driver, self.url = driver, path.as_uri()

    def open(self, fragment=""):
        self.driver.get("about:blank")
        self.drain()
        self.driver.get(self.url + fragment)
        return self

    def drain(self):
        return self.driver.get_log("browser"), self.driver.get_log("performance")

    def words(self):
        """Of every cell, by kernel."""
        return [[c.text.split("\n")[:2][-1] for c in r.find_elements("css selector", "td")] for r in self.all("tbody tr")]

    def all(self, selector):
        return self.driver.find_elements("css selector", selector)

    def one(self, selector):
        return self.driver.find_element("css selector", selector)

    def js(self, script, *args):
        return self.driver.execute_script(script, *args)

    def texts(self, selector):
        """Of what can be seen; a sign and its word are two boxes of one line."""
        return [" ".join(e.text.split()) for e in self.all(selector) if e.is_displayed()]

    def kernels(self):
        rows = "[...document.querySelectorAll('tbody tr')].filter(r => r.offsetParent !== null)"
        return self.js(f"return {rows}.map(r => [...r.cells[0].children].map(e => e.textContent))")

    def keys(self, *keys):
        self.driver.switch_to.active_element.send_keys(*keys)

    def focused(self):
        return self.js("return document.activeElement.getAttribute('aria-label') || document.activeElement.id")


@pytest.fixture(scope="module")
def browser(tmp_path_factory):
    from conftest import lacking

    lacking("chromium", "chromedriver", "selenium")
    from selenium import webdriver

    options = webdriver.ChromeOptions()
    options.binary_location = "/usr/bin/chromium"
    folder = tmp_path_factory.mktemp("browser")
    for flag in ("headless=new", "no-sandbox", "disable-gpu", "disable-dev-shm-usage", "window-size=1400,1000", "force-device-scale-factor=1", f"user-data-dir={folder}"):
        options.add_argument(f"--{flag}")
    options.set_capability("goog:loggingPrefs", {"browser": "ALL", "performance": "ALL"})
    driver = webdriver.Chrome(service=webdriver.chrome.service.Service("/usr/bin/chromedriver"), options=options)
    driver.set_page_load_timeout(30)
    yield driver
    driver.quit()


@pytest.fixture
def page(browser, outputs, tmp_path):
    """Opens the page of a matrix; at the end nothing was fetched, and nothing complained of."""
    pages = []

    def show(m, fragment=""):
        path = tmp_path / "check.html"
        path.write_text(outputs(m, "html"))
        pages.append(Page(browser, path))
        return pages[-1].open(fragment)

    yield show
    for p in pages:
        console, network = p.drain()
        assert console == [], console
        events = [json.loads(e["message"])["message"] for e in network]
        asked = {e["params"]["request"]["url"] for e in events if e["method"] == "Network.requestWillBeSent"}
        assert {url.split("#")[0] for url in asked if not url.startswith("data:")} <= {p.url, "about:blank"}
        assert p.js("return performance.getEntriesByType('resource').filter(e => !e.name.startsWith('data:')).length") == 0


def test_page_shows_the_matrix(page):
    p = page(matrices.several())
    assert p.driver.title == "exec_watch, io, guard: fails on 2 and unknown on 1 of 6 kernels"
    assert p.one("#missing").text.endswith("not in the kernel library: debian/sid")
    assert p.texts("thead th") == ["Kernel", "exec_watch", "io", "guard"]
    assert p.kernels()[0] == ["5.10.0-46", "debian/bullseye/x86_64/cloud"] and len(p.kernels()) == 6
    assert p.words()[0] == ["fails", "loads, with warnings", "loads"]
    assert p.words()[2] == ["loads", "–", "unknown"]
    assert p.texts("#list summary .pill") == ["✕ fails", "✕ fails", "✕ cannot be attached", "? unknown", "! warning", "◇ guarded"]


def test_page_filters_by_text(page):
    p = page(matrices.one())
    p.one("#filter").send_keys("bookworm")
    assert [k[1] for k in p.kernels()] == ["debian/bookworm/x86_64/cloud", "debian/bookworm/arm64/cloud"]
    assert p.one("#shown").text == "2 of 6 kernels"
    p.one("#filter").clear()
    p.one("#filter").send_keys("BPF_LOOP")  # of a finding that the matrix does not show
    assert [k[0] for k in p.kernels()] == ["5.10.0-46"]
    p.one("#filter").clear()
    p.one("#filter").send_keys("6.1 arm64")
    assert [k[1] for k in p.kernels()] == ["debian/bookworm/arm64/cloud"]
    p.one("#filter").send_keys(" nowhere")
    assert p.kernels() == [] and p.one("#nothing").is_displayed()


def test_page_filters_by_verdict(page):
    p = page(matrices.several())
    buttons = {b.get_attribute("data-word"): b for b in p.all("#verdicts button")}
    assert [b.text for b in buttons.values()] == ["✕ fails 2", "? unknown 1", "! loads, with warnings 2", "✓ loads 12"]
    buttons["fails"].click()
    assert [k[0] for k in p.kernels()] == ["5.10.0-46", "7.3.4+deb13"]
    assert buttons["fails"].get_attribute("aria-pressed") == "true"
    buttons["unknown"].click()
    assert len(p.kernels()) == 3
    buttons["fails"].click()
    assert [k[1] for k in p.kernels()] == ["debian/bookworm/arm64/cloud"]
    p.one("#filter").send_keys("bullseye")
    assert p.kernels() == []


def test_page_opens_a_cell(page):
    p = page(matrices.one())
    assert not p.one("#detail").is_displayed()
    p.all(".cell.fails")[0].click()
    detail = p.one("#detail")
    assert p.one("#detail-title").text == "exec_watch on 5.10.0-46" and p.one("#detail header p").text == BULLSEYE
    assert p.texts("#detail .programs li") == ["✕ handle_exec", "✓ watch_unlink"]
    assert p.texts("#detail h3") == ["In the way", "Lacking, but guarded: nothing gets there"]
    first = p.all("#detail .finding")[0]
    assert first.find_element("css selector", ".at").text == "src/exec_watch.bpf.c:31:12"
    assert first.find_element("css selector", "pre").text == "state = BPF_CORE_READ(task, __state);"
    assert first.find_element("css selector", ".instead").text == matrices.STATE["instead"]
    assert first.find_element("css selector", ".remedy").text == matrices.STATE["remedy"]
    assert len(p.all("#detail .finding")) == 3 and len(p.all("#detail .finding.guarded .remedy")) == 0
    p.all(".cell.fails")[1].click()
    assert p.one("#detail-title").text == "exec_watch on 7.3.4+deb13" and "attaching" in detail.text
    assert [c.get_attribute("aria-expanded") for c in p.all(".cell.fails")] == ["false", "true"]
    p.all(".cell.loads")[2].click()
    assert "Everything it asks for is there." in detail.text
    p.one("#close").click()
    assert not detail.is_displayed()


def test_page_is_opened_at_a_cell(page):
    p = page(matrices.several(), "#2.2")
    assert p.one("#detail-title").text == "guard on 6.1.0-56" and "CONFIG_BPF_LSM decides" in p.one("#detail").text
    page(matrices.several(), "#1.2")  # not for that architecture
    assert not p.one("#detail").is_displayed()
    page(matrices.several(), "#99.99")
    assert not p.one("#detail").is_displayed()


def test_page_with_the_keyboard_alone(page):
    p = page(matrices.several())
    p.keys("/")
    assert p.focused() == "Filter by text"
    p.keys("\ue004" * 5)  # Tab over the four verdicts to the matrix
    assert p.focused().startswith(f"exec_watch on {BULLSEYE}: fails")
    p.keys("\ue014")  # right
    assert p.focused().startswith(f"io on {BULLSEYE}")
    p.keys("\ue015", "\ue015")  # down: over what is not for that architecture
    assert p.focused().startswith(f"io on {BOOKWORM}") or p.focused().startswith(f"io on {TRIXIE}")
    p.keys("\ue011")  # home
    p.keys("\ue007")  # enter
    assert p.one("#detail").is_displayed() and p.focused() == "detail"
    p.keys("\ue00c")  # escape
    assert not p.one("#detail").is_displayed() and p.focused().startswith(f"exec_watch on {BULLSEYE}")
    p.keys("\ue010")  # end
    assert p.focused().startswith(f"guard on {BACKPORTS}")


def test_page_lists_every_finding_once(page):
    p = page(matrices.one())
    items = p.all("#list details")
    assert [i.text.split("\n")[-1] for i in items] == ["1 of 6 kernels"] * 3 + ["3 of 6 kernels"]
    items[3].find_element("css selector", "summary").click()
    assert [e.text for e in items[3].find_elements("css selector", ".where li")] == [BULLSEYE, BOOKWORM, ARM]


def test_page_of_variants(page):
    p = page(matrices.variants())
    assert p.texts("thead th")[-1] == "exec_watch variant"
    assert [r.find_elements("css selector", "td")[-1].text for r in p.all("tbody tr")] == ["legacy"] + ["state"] * 5


def test_page_of_a_platform(page):
    p = page(matrices.platform())
    assert p.one("#summary").text == "fails on eBPF for Windows" and p.texts("thead th")[0] == "Platform"
    assert p.kernels() == [["eBPF for Windows"]] and p.words() == [["fails", "loads"]]


def test_page_of_many_kernels_is_quick(page):
    kernels = [{"kernel": f"d/s/x86_64/v/6.1.0-{n}", "release": f"6.1.0-{n}", "arch": "x86_64"} for n in range(1000)]
    rows = [row(f"o{i}", [cell(k["kernel"], "fails", [matrices.STATE]) for k in kernels]) for i in range(4)]
    start = time.monotonic()
    p = page(matrix("fails", rows, kernels=kernels))
    assert len(p.all("tbody tr")) == 1000 and time.monotonic() - start < 20
    p.one("#filter").send_keys("6.1.0-999")
    assert [k[0] for k in p.kernels()] == ["6.1.0-999"]


def test_page_shows_hostile_names_as_text(page):
    p = page(matrices.hostile(), "#0.0")
    assert p.texts("thead th") == ["Kernel", f"x{HOSTILE}"]
    assert HOSTILE in p.one("#detail-title").text
    assert p.one("#detail pre").text == "<!-- <script> --> if (a < b && c > d)"
    assert p.one("#detail .instead").text == "<img src=x onerror=alert(2)>"
    assert p.one("#detail .remedy").text == "line one\nline two"
    assert p.texts("#detail .programs li") == ["✕ \u05d0\u05d1\u05d2 " + r"\xe2\x80\xaegnp.exe"]
    assert r"\x1b]0;t\x07" in p.one("#missing").text and "<u>none</u>" in p.one("#missing").text
    assert p.js("return document.querySelectorAll('script').length") == 2
    assert p.js("return document.querySelectorAll('img, u, i, b[onclick], p > b').length") == 0


def test_page_runs_nothing_but_its_own_script(page):
    p = page(matrices.one())
    for attempt in (
        "const s = document.createElement('script'); s.textContent = 'window.ran = 1'; document.body.append(s)",
        "document.body.insertAdjacentHTML('beforeend', '<a id=bad onclick=\"window.ran = 2\">x</a>'); document.getElementById('bad').click()",
        "const i = document.createElement('img'); i.src = 'http://127.0.0.1:9/x.png'; document.body.append(i)",
        "fetch('http://127.0.0.1:9/x').catch(() => 0)",
    ):
        p.js(attempt)
    time.sleep(0.2)
    assert p.js("return window.ran") is None
    console, network = p.drain()
    assert len([e for e in console if "Content Security Policy" in e["message"]]) >= 4, console
    assert not any("127.0.0.1" in e["message"] and "responseReceived" in e["message"] for e in network)
    p.open()


def pixels(png):
    """Rows of (r, g, b) of a PNG of 8 bits, without interlace."""
    at, data, width = 8, b"", 0
    while at < len(png):
        size, kind = struct.unpack(">I4s", png[at : at + 8])
        body = png[at + 8 : at + 8 + size]
        if kind == b"IHDR":
            width, _, depth, colour, _, _, lace = struct.unpack(">IIBBBBB", body)
            assert depth == 8 and colour in (2, 6) and not lace
            bpp = 3 if colour == 2 else 4
        data += body if kind == b"IDAT" else b""
        at += size + 12
    data, step, above, rows = zlib.decompress(data), width * bpp + 1, bytes(width * bpp), []
    for start in range(0, len(data), step):
        line, how = bytearray(data[start + 1 : start + step]), data[start]
        for i in range(len(line)) if how else ():
            a, b, c = (line[i - bpp] if i >= bpp else 0), above[i], (above[i - bpp] if i >= bpp else 0)
            paeth = min((a, b, c), key=lambda v: (abs(a + b - c - v), (a, b, c).index(v)))
            line[i] = (line[i] + (0, a, b, (a + b) // 2, paeth)[how]) & 255
        above = bytes(line)
        rows.append([tuple(line[i : i + 3]) for i in range(0, len(line), bpp)])
    return rows


def dominant(rows, box):
    x, y, w, h = (int(box[k]) for k in ("x", "y", "width", "height"))
    seen = [rows[j][i] for j in range(y + 3, y + h - 3) for i in range(x + 8, x + w - 8)]
    return max(set(seen), key=seen.count)


def luminance(colour):
    parts = [c / 255 / 12.92 if c <= 10 else ((c / 255 + 0.055) / 1.055) ** 2.4 for c in colour]
    return 0.2126 * parts[0] + 0.7152 * parts[1] + 0.0722 * parts[2]


@pytest.mark.parametrize("scheme", ["light", "dark"])
def test_page_as_a_picture(page, scheme):
    p = page(matrices.one())
    p.driver.execute_cdp_cmd("Emulation.setEmulatedMedia", {"features": [{"name": "prefers-color-scheme", "value": scheme}]})
    try:
        fails, loads = p.one(".cell.fails .pill"), p.one(".cell.loads .pill")
        rows = pixels(p.driver.get_screenshot_as_png())
        red, green, page_colour = dominant(rows, fails.rect), dominant(rows, loads.rect), rows[2][2]
        assert red[0] > red[1] and green[1] > green[0], "fails is red, loads is green"
        assert (luminance(page_colour) > 0.8) == (scheme == "light")
        assert len({colour for line in rows[::4] for colour in line[::4]}) > 20, "blank"
        for e in (fails, loads, p.one(".why"), p.one("#about"), p.one("tbody th span")):
            ink = [int(n) for n in re.findall(r"\d+", e.value_of_css_property("color"))[:3]]
            light, dark = sorted((luminance(ink), luminance(dominant(rows, e.rect))), reverse=True)
            assert (light + 0.05) / (dark + 0.05) >= 4.5, f"{e.text} is hard to read"
    finally:
        p.driver.execute_cdp_cmd("Emulation.setEmulatedMedia", {"features": []})


def test_page_is_the_same_every_time(outputs):
    assert outputs(matrices.several(), "html") == outputs(matrices.several(), "html")


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
    assert plain.rc == told.rc == 1 and plain.err == ""
    assert re.fullmatch(r"kernels asked: \d+, distinct layouts: \d+, distinct verdicts: \d+\n", told.err)
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
        "skep check: 'debian/sid/x86_64' is not in the kernel library\n  hint: skep kernel fetch debian/sid\n"
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
        (["x.o", "--all", "--kernel", "host"], "--all excludes --kernel and --btf"),
        (["x.o", "--platform", "windows", "--btf", "x"], "--platform excludes --kernel, --btf and --all"),
        (["x.o", "--policy", "mine"], "--policy wants user|kernel|both, not 'mine'\n  hint: skep check --help lists the options"),
    ],
)
def test_command_misused(check, args, err):
    done = check(*args)
    assert (done.rc, done.out, done.err) == (2, "", f"skep check: {err}\n")


def test_command_leaves_an_output_alone_that_it_cannot_write(check, portable, tmp_path):
    done = check(portable, "--html", tmp_path / "none/out.html")
    assert done.rc == 3 and done.out == "" and done.err.startswith(f"skep check: {tmp_path}/none/out.html: cannot ")
