# SPDX-License-Identifier: BSD-2-Clause
"""Matrices made by hand, and probe_matrix.c that gives what skep makes of them.

    outputs(matrix, how, ...)   text, explain, json, junit, sarif, html, save, table, csv, table-json or compare of it
    outputs.probe(...)          the same as a finished process, where it is to fail
    one(), several(), many(), optional(), hostile(), platform(), variants()
    proven(), disagreeing(), unasked(): with what kernels said
"""

import json
import subprocess

import pytest

IDS = [
    ("debian/bookworm/arm64/cloud/6.1.0-56", "6.1.0-56-cloud-arm64", "arm64"),
    ("debian/bookworm/x86_64/cloud/6.1.0-56", "6.1.0-56-cloud-amd64", "x86_64"),
    ("debian/bullseye/x86_64/cloud/5.10.0-46", "5.10.0-46-cloud-amd64", "x86_64"),
    ("debian/forky/x86_64/cloud/7.2.12+deb14", "7.2.12+deb14-cloud-amd64", "x86_64"),
    ("debian/trixie-backports/x86_64/cloud/7.3.4+deb13", "7.3.4+deb13-cloud-amd64", "x86_64"),
    ("debian/trixie/x86_64/cloud/6.12.117+deb13", "6.12.117+deb13-cloud-amd64", "x86_64"),
]
KERNELS = [dict(zip(("kernel", "release", "arch"), row)) for row in IDS]
ARM, BOOKWORM, BULLSEYE, FORKY, BACKPORTS, TRIXIE = (k["kernel"] for k in KERNELS)


def finding(status="fails", **more):
    base = dict(phase="load", kind="relocation", name="struct task_struct.__state", program="handle_exec", reason="?")
    return {**base, "status": status, "instead": None, "remedy": None, **more}


STATE = finding(
    reason="struct task_struct.__state does not exist",
    instead="it is struct task_struct.state there; of these kernels the first that has it is " + BOOKWORM,
    remedy="guard with bpf_core_field_exists(), and read the other field where it is missing",
    file="src/exec_watch.bpf.c",
    line=31,
    column=12,
    text="state = BPF_CORE_READ(task, __state);",
    function="handle_exec",
    insn=14,
)
LOOP = finding(
    kind="helper",
    name="bpf_loop",
    reason="helper bpf_loop came with 5.17",
    instead="of these kernels the first that has it is " + BOOKWORM,
    remedy="guard with bpf_core_enum_value_exists(enum bpf_func_id, BPF_FUNC_loop)",
    file="src/exec_watch.bpf.c",
    line=44,
    column=2,
    text="bpf_loop(16, walk, &ctx, 0);",
    function="handle_exec",
    insn=40,
)
GUARDED = finding(
    "guarded",
    name="struct mm_struct.mm_cid",
    reason="struct mm_struct.mm_cid does not exist",
    remedy="nothing to do",
    file="src/exec_watch.bpf.c",
    line=52,
    column=9,
    text="cid = BPF_CORE_READ(mm, mm_cid);",
    function="handle_exec",
    insn=61,
)
HOOK = finding(
    phase="attach",
    kind="hook",
    name="fentry/do_unlinkat",
    program="watch_unlink",
    reason="there is no function do_unlinkat to attach to",
    instead="nearest is filename_unlinkat",
    remedy='give the program SEC("?fentry/do_unlinkat") and choose when loading',
    file="src/exec_watch.bpf.c",
    line=70,
    column=0,
    text="int BPF_PROG(watch_unlink, int dfd, struct filename *name)",
    function="watch_unlink",
    insn=0,
)
CONFIG = finding(
    "unknown",
    kind="program type",
    name="BPF_PROG_TYPE_LSM",
    program="guard",
    reason="CONFIG_BPF_LSM decides, and nothing tells it",
)
ARGUMENT = finding(
    "warning",
    kind="hook argument",
    name="raw_tp/block_rq_issue",
    program="issue",
    reason="argument 1 is struct request there, not struct request_queue",
    file="src/io.bpf.c",
    line=12,
    column=3,
    text="q = ctx[0];",
    function="issue",
    insn=3,
)


def cell(kernel, verdict="loads", findings=(), programs=("handle_exec", "watch_unlink")):
    shown = [f for f in findings if f["status"] != "guarded"]
    reason = None
    if shown:
        place = f"{shown[0]['file']}:{shown[0]['line']}: " if shown[0].get("file") else ""
        reason = place + shown[0]["reason"] + (f", and {len(shown) - 1} more" if shown[1:] else "")
    bad = {f["program"] for f in shown if f["status"] == verdict}
    words = [{"program": p, "verdict": verdict if p in bad else "loads"} for p in programs]
    return {"kernel": kernel, "verdict": verdict, "reason": reason, "programs": words, "findings": list(findings)}


def row(name, cells, **more):
    base = {"object": name, "file": f"build/{name}.bpf.o", "arch": None, "policy": "user"}
    return {**base, "variant_of": None, "variant": None, **more, "kernels": cells}


def matrix(verdict, rows, kernels=KERNELS, **more):
    return {"verdict": verdict, "platform": None, "missing": [], "variants": [], **more, "kernels": kernels, "objects": rows}


EXEC = [
    cell(ARM, "loads", [{**GUARDED, "instead": "nearest is mm_struct.mm_count"}]),
    cell(BOOKWORM, "loads", [GUARDED]),
    cell(BULLSEYE, "fails", [STATE, LOOP, GUARDED]),
    cell(FORKY),
    cell(BACKPORTS, "fails", [HOOK]),
    cell(TRIXIE),
]


def one(**more):
    return matrix("fails", [row("exec_watch", EXEC)], **more)


def several():
    io = [cell(k["kernel"], "loads", [ARGUMENT], ["issue"]) for k in KERNELS if k["kernel"] in (BULLSEYE, BOOKWORM)]
    io += [cell(k["kernel"], "loads", [], ["issue"]) for k in KERNELS if k["kernel"] not in (BULLSEYE, BOOKWORM, ARM)]
    lsm = [cell(k["kernel"], *(("unknown", [CONFIG]) if k["arch"] == "arm64" else ()), programs=["guard"]) for k in KERNELS]
    rows = [row("exec_watch", EXEC), row("io", io, file="io.skep", arch="x86_64"), row("guard", lsm)]
    return matrix("fails", rows, missing=["debian/sid"])


def many():
    """A hundred kernels: two families, of one of which some in the middle lack something."""
    kernels, cells = [], []
    for n in range(1, 61):
        kernels.append({"kernel": f"debian/bookworm/x86_64/cloud/6.1.0-{n}", "release": f"6.1.0-{n}-cloud-amd64", "arch": "x86_64"})
    for n in range(1, 41):
        kernels.append({"kernel": f"debian/bullseye/x86_64/cloud/5.10.0-{n}", "release": f"5.10.0-{n}-cloud-amd64", "arch": "x86_64"})
    kernels.sort(key=lambda k: k["kernel"])
    for k in kernels:
        number = int(k["kernel"].rsplit("-", 1)[1])
        old, gap = "5.10" in k["kernel"], 20 <= number < 24
        cells.append(cell(k["kernel"], "fails", [STATE]) if old else cell(k["kernel"], *(("fails", [HOOK]) if gap else ())))
    return matrix("fails", [row("exec_watch", cells)], kernels=kernels)


HOSTILE = "</script><script>alert(1)</script>"


def hostile():
    bad = finding(
        name=f"{HOSTILE}\"'&amp;{{{{data}}}}",
        kind="relocation",
        program="\u05d0\u05d1\u05d2 \u202egnp.exe",
        reason=f"{HOSTILE} \x1b[31mred\x07 \u2028 \u2029 ]]> \\u003c",
        instead="<img src=x onerror=alert(2)>",
        remedy="line one\nline two",
        file="src/<b>&\"'%20 ünï.c",
        line=1,
        column=1,
        text="<!-- <script> --> if (a < b && c > d)",
        function="f<g>",
        insn=0,
    )
    kernels = [{"kernel": "a/<i>one</i>", "release": "1.0", "arch": None}, {"kernel": "b/'\"two", "release": "", "arch": None}]
    programs = ["\u05d0\u05d1\u05d2 \u202egnp.exe"]
    cells = [cell(k["kernel"], "fails", [bad], programs) for k in kernels]
    return matrix("fails", [row(f"x{HOSTILE}", cells, file="../o & <p>.o")], kernels=kernels, missing=["<u>none</u>\x1b]0;t\x07"])


def optional():
    """Its second program is not loaded by default, and could not be there."""
    cells = [cell(k["kernel"]) for k in KERNELS[1:]] + [cell(ARM, "loads", [HOOK])]
    return matrix("loads", [row("exec_watch", cells)])


def platform():
    helper = {**LOOP, "reason": "helper bpf_get_current_task is not on this platform", "instead": None, "remedy": None}
    name = "windows"
    rows = [row("exec_watch", [cell(name, "fails", [helper])]), row("drop", [cell(name, programs=["drop"])])]
    return matrix("fails", rows, kernels=[{"kernel": name, "release": None, "arch": None}], platform="eBPF for Windows")


def variants():
    new = [cell(k["kernel"], *(("fails", [STATE]) if k["kernel"] == BULLSEYE else ())) for k in KERNELS]
    old = [cell(k["kernel"], *(("fails", [LOOP]) if k["kernel"] == BACKPORTS else ())) for k in KERNELS]
    rows = [
        row("exec_watch", new, variant_of="exec_watch", variant="state"),
        row("exec_watch", old, variant_of="exec_watch", variant="legacy"),
    ]
    chosen = [{"kernel": k["kernel"], "variant": 1 if k["kernel"] == BULLSEYE else 0} for k in KERNELS]
    return matrix("loads", rows, variants=[{"name": "exec_watch", "kernels": chosen}])


# --- with what kernels said ----------------------------------------------------------------------

STATS = {"insns": 100, "states": 10, "peak_states": 8, "stack": 64, "jited": 512, "time_ns": 1500000}


def said(name, load="loaded", attach="attached", agree=("agree", "agree"), why=None, **more):
    """What a kernel said of one program."""
    stats = more.pop("stats", STATS if load == "loaded" else {})
    base = {"program": name, "type": "raw_tp", "load": load, "code": 0 if load == "loaded" else 22, "attach": attach}
    agreement = dict(zip(("load", "attach"), agree))
    return {**base, "message": None, "attach_message": None, "runs": 0, "stats": stats, "why": why, "agreement": agreement, **more}


def refused(name, agreement="agree", why=None, **more):
    return said(name, "refused", "none", (agreement, "open"), why, **more)


BOOT = {"ms": 1800, "tries": 1, "accel": "tcg", "error": None, "hint": None, "serial": None, "problems": None}
POINTER = {
    "line": "R1 invalid mem access 'map_value_or_null'",
    "cause": "what a map look-up returned is used without a test for NULL",
    "remedy": "return if it is NULL before it is used",
    "file": "src/exec_watch.bpf.c",
    "source_line": 58,
    "text": "*count += 1;",
    "function": "handle_exec",
    "key": "null-check",
    "log": None,
}


def ask(m, answers, boots=None):
    """answers: object, kernel -> list of said() or a whole proof; kernels that boots does not name came up."""
    m["proven"] = True
    m.setdefault("growth", [])
    m["kernels"] = [{**k, "boot": (boots or {}).get(k["kernel"], BOOT)} for k in m["kernels"]]
    for r in m["objects"]:
        r["kernels"] = [dict(c) for c in r["kernels"]]
        for c in r["kernels"]:
            proof = answers.get((r["object"], c["kernel"]))
            if isinstance(proof, list):
                proof = {"message": None, "programs": proof, "buffers": [{"map": "events", "events": 3}]}
            c["proof"] = proof
    return m


def proven():
    """Prediction and proof agree everywhere: two failures foreseen, of loading and of attaching."""
    both = [said("handle_exec", runs=3), said("watch_unlink")]
    answers = {("exec_watch", k["kernel"]): both for k in KERNELS}
    answers["exec_watch", BULLSEYE] = [refused("handle_exec", why={"line": "invalid func unknown#181"}), said("watch_unlink")]
    late = said("watch_unlink", attach="refused", attach_message="no such function")
    answers["exec_watch", BACKPORTS] = [said("handle_exec"), late]
    return ask(one(), answers)


def disagreeing():
    """The verifier refuses one; one was said to load and one not to, and both are wrong."""
    answers = proven_answers()
    answers["exec_watch", BULLSEYE] = [said("handle_exec", agree=("disagree", "open")), said("watch_unlink")]
    answers["exec_watch", TRIXIE] = [refused("handle_exec", "disagree", {"line": "invalid func unknown#212"}), said("watch_unlink")]
    answers["exec_watch", FORKY] = [refused("handle_exec", "verifier", POINTER), said("watch_unlink")]
    answers["exec_watch", BOOKWORM] = [refused("handle_exec", "verifier", POINTER), said("watch_unlink")]
    return ask(one(), answers)


def proven_answers():
    return {("exec_watch", c["kernel"]): c["proof"] for c in proven()["objects"][0]["kernels"]}


def unasked():
    """One kernel does not come up, one complains, one is not asked about the object as a whole."""
    answers = proven_answers()
    answers["exec_watch", ARM] = None
    answers["exec_watch", TRIXIE] = {"message": "its BTF cannot be read", "programs": [], "buffers": []}
    dead = {**BOOT, "tries": 2, "error": "no answer within 60 s", "hint": "skep prove --timeout 180", "serial": "serial.log"}
    return ask(one(), answers, {ARM: dead, FORKY: {**BOOT, "problems": "veth is missing\nlo is down"}})


@pytest.fixture(scope="session")
def outputs(build_dir, tmp_path_factory, repo):
    program = tmp_path_factory.mktemp("probe") / "probe_matrix"
    flags = (build_dir / "flags").read_text().split()
    libs = [build_dir / "libskep.a", "build/deps/libbpf/inst/libbpf.a", "-lelf", "-ljansson", "-lcrypto", "-lz"]
    argv = [*flags, "-Wl,--gc-sections", "-o", program, "tests/probe_matrix.c", *libs]
    done = subprocess.run(argv, cwd=repo, capture_output=True, text=True)
    assert done.returncode == 0, done.stderr

    def probe(matrix, *how):
        argv = [program, *map(str, how)]
        return subprocess.run(argv, input=json.dumps(matrix).encode(), capture_output=True, timeout=60)

    def render(matrix, *how):
        done = probe(matrix, *how)
        assert done.returncode == 0, done.stderr.decode()
        return done.stdout.decode()

    render.probe = probe
    return render
