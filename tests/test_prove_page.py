# SPDX-License-Identifier: BSD-2-Clause
"""The page of skep prove --html: both marks in the matrix, both on a click."""

import re

import pytest

import matrices
from browser import browser  # noqa: F401
from matrices import ARM, BOOT, BULLSEYE, FORKY, HOSTILE, TRIXIE, ask, outputs, refused, said  # noqa: F401
from test_check_page import dominant, luminance, page, pixels  # noqa: F401


def test_page_has_both_marks(page):
    p = page(matrices.disagreeing())
    assert p.one("#tool").text.startswith("skep prove ") and "held against kernels that were asked" in p.one("#about").text
    assert p.one("#proven").text == "Proven: 6 kernels asked, 2 disagreements, 2 refusals for what only the verifier finds"
    assert [" ".join(m.text.split()) for m in p.all(".marks")] == [
        "✕ fails ≠ disagrees", "✓ loads ✕ refused", "✓ loads ● proven", "✓ loads ≠ disagrees", "✓ loads ✕ refused", "✕ fails ● proven",
    ]  # fmt: skip
    label = p.all(".cell")[3].get_attribute("aria-label")
    assert label == f"exec_watch on {TRIXIE}: loads, disagrees, predicted to load, refused by the kernel: invalid func unknown#212"


def test_page_opens_what_was_said_and_what_was_predicted(page):
    m = matrices.disagreeing()
    m["objects"][0]["kernels"][3]["proof"]["programs"][0]["why"] = {**matrices.POINTER, "log": "0: R1=ctx()\n1: exit"}
    p = page(m)
    p.all(".cell")[4].click()
    assert p.texts("#detail h3")[:2] == ["What the kernel said", "What was predicted"]
    assert p.texts("#detail .said li") == ["handle_exec refused (EINVAL)", "watch_unlink loaded, attached, 100 insns, 10 states"]
    assert p.one("#detail .finding .at").text == "src/exec_watch.bpf.c:58" and p.one("#detail .finding pre").text == "*count += 1;"
    assert "return if it is NULL before it is used" in p.one("#detail .finding .what").text
    assert p.one("#detail .log").text == "0: R1=ctx()\n1: exit"
    assert "3 events through events" in p.one("#detail").text and "1.8 s" in p.one("#detail").text
    p.all(".cell")[0].click()
    assert "predicted to fail (struct task_struct.__state does not exist), loaded by the kernel" in p.one("#detail").text
    assert "In the way" in p.texts("#detail h3")


def test_page_of_kernels_that_could_not_be_asked(page):
    p = page(matrices.unasked())
    assert [" ".join(m.text.split()) for m in p.all(".marks")].count("✓ loads – not asked") == 2
    p.all(".cell")[2].click()
    facts = p.one("#detail").text
    assert "no answer within 60 s" in facts and "skep prove --timeout 180" in facts and "serial.log" in facts


def test_page_of_an_object_that_stays_silent(page):
    m = matrices.proven()
    m["objects"][0]["kernels"][3]["proof"]["silent"] = True
    p = page(m, "#0.4")
    assert [" ".join(e.text.split()) for e in p.all(".marks")][4] == "✓ loads ∅ no event"
    assert "the stimulus ran, and nothing came through its buffers" in p.one("#detail .finding").text


def test_page_filters_by_what_was_said(page):
    p = page(matrices.disagreeing())
    p.one("#filter").send_keys("disagrees")
    assert [k[0] for k in p.kernels()] == ["5.10.0-46", "6.12.117+deb13"]
    p.one("#filter").clear()
    p.one("#filter").send_keys("MAP_VALUE_OR_NULL")
    assert [k[0] for k in p.kernels()] == ["6.1.0-56", "7.2.12+deb14"]


def test_page_tells_growth(page):
    m = matrices.proven()
    m["growth"] = [{"kernel": ARM, "object": "exec_watch", "program": "handle_exec", "what": "insns", "before": 10, "now": 100}]
    assert page(m).one("#proven").text.endswith(f"; insns of handle_exec grew from 10 to 100 on {ARM}")


def test_page_without_proof_shows_nothing_of_it(page):
    p = page(matrices.one(), "#0.2")
    assert not p.one("#proven").is_displayed() and p.all("#said") == [] and len(p.all(".marks .pill")) == 6


def test_page_shows_what_hostile_kernels_say_as_text(page):
    why = {**matrices.POINTER, "cause": HOSTILE, "line": HOSTILE, "log": HOSTILE, "file": HOSTILE, "text": HOSTILE, "remedy": None}
    programs = [refused("handle_exec", "verifier", why), said("watch_unlink")]
    boot = {**BOOT, "error": HOSTILE, "hint": HOSTILE, "problems": "\x1b[31m" + HOSTILE, "serial": HOSTILE}
    p = page(ask(matrices.one(), {("exec_watch", k): programs for k in (FORKY, BULLSEYE)}, {FORKY: boot}), "#0.4")
    assert HOSTILE in p.one("#detail .log").text and r"\x1b[31m" + HOSTILE in p.one("#detail").text
    assert p.js("return document.querySelectorAll('script').length") == 2


@pytest.mark.parametrize("scheme", ["light", "dark"])
def test_page_marks_can_be_read(page, scheme):
    p = page(matrices.disagreeing())
    p.driver.execute_cdp_cmd("Emulation.setEmulatedMedia", {"features": [{"name": "prefers-color-scheme", "value": scheme}]})
    try:
        rows = pixels(p.driver.get_screenshot_as_png())
        for e in (*p.all(".marks .pill")[:4], p.one("#proven")):
            ink = [int(n) for n in re.findall(r"\d+", e.value_of_css_property("color"))[:3]]
            light, dark = sorted((luminance(ink), luminance(dominant(rows, e.rect))), reverse=True)
            assert (light + 0.05) / (dark + 0.05) >= 4.5, f"{e.text} is hard to read"
    finally:
        p.driver.execute_cdp_cmd("Emulation.setEmulatedMedia", {"features": []})
