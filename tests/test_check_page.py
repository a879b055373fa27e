# SPDX-License-Identifier: BSD-2-Clause
"""The page of skep check --html, clicked and typed through in a browser that tells what it complains of and fetches."""

import json
import re
import struct
import time
import zlib

import pytest

import matrices
from browser import Page, browser  # noqa: F401
from matrices import ARM, BACKPORTS, BOOKWORM, BULLSEYE, HOSTILE, TRIXIE, cell, matrix, outputs, row  # noqa: F401


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


def test_page_leaves_out_what_no_object_is_for(page):
    m = matrices.one()
    m["objects"][0]["kernels"] = [c for c in m["objects"][0]["kernels"] if c["kernel"] != ARM]
    p = page(m)
    assert len(p.kernels()) == 5 and p.one("#shown").text == ""
    p.one("#filter").send_keys("bookworm")
    assert len(p.kernels()) == 1 and p.one("#shown").text == "1 of 5 kernels"


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
