# SPDX-License-Identifier: BSD-2-Clause
"""skep prove as it is typed: options, exit status, what people see who wait; on the running kernel, without guests."""

import csv
import fcntl
import io
import json
import os
import pty
import re
import signal
import struct
import subprocess
import termios
import time

import pytest

HINT = "  hint: skep prove --help lists the options"
COLUMNS = (
    "  hint: one of insns, states, peak, stack, jited, time, runs, events, kernel, object, program, verdict, attach"
)


# --- misuse --------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    "args, told",
    [
        (["--host", "--all"], ["--all, --host and --kernel exclude each other"]),
        (["--kernel", "debian", "--all"], ["--all, --host and --kernel exclude each other"]),
        (["--csv", "--events"], ["--csv excludes --json and --events"]),
        (["--kernel", "host"], ["no guest runs the host's kernel", "  hint: --host asks it as it runs"]),
        (["--duration", "x"], ["--duration wants a duration, not 'x'", "  hint: a number with ns, us, ms, s, m or h; bare: s"]),
        (["--timeout", "-1"], ["--timeout wants a duration, not '-1'", "  hint: a number with ns, us, ms, s, m or h; bare: s"]),
        (["--growth", "ten"], ["--growth wants a number, not 'ten'", HINT]),
        (["--accel", "hax"], ["--accel wants tcg|auto|kvm, not 'hax'", HINT]),
        (["--sort", "size"], ["--sort: there is no column 'size'", COLUMNS]),
        (["--filter", "insns>x"], ["--filter: insns wants a number, not 'x'"]),
        (["--growth", "5"], ["--growth is of use only with --baseline"]),
        (["--key", "k", "--cert", "c"], ["a key is of use only with --record"]),
        (["--key", "k"], ["a key and its certificate belong together"]),
        (["--program", "on_*", "--program", "of_*"], ["no program is called 'of_*'", "  hint: skep inspect FILE lists them"]),
        (["--record"], ["{obj}: only a package can hold a proof, and this is an object"]),
        (["--stimulus", "/dev/null", "--no-attach"], ["a stimulus is of use only while programs are attached"]),
    ],
)
def test_misuse(skep, obj, args, told):
    done = skep("prove", obj, *args)
    assert (done.rc, done.out) == (2, "")
    assert done.err.splitlines() == ["skep prove: " + told[0].format(obj=obj), *told[1:]]


@pytest.mark.parametrize("option", ["FILE", "--stimulus", "--baseline"])
def test_pipe_that_nobody_writes_to(skep, obj, tmp_path, option):
    """It would wait for ever, deaf to signals."""
    pipe = tmp_path / "pipe"
    os.mkfifo(pipe)
    done = skep("prove", *([pipe] if option == "FILE" else [obj, option, pipe]), timeout=10)
    assert (done.rc, done.out) == (2, "")
    assert done.err == f"skep prove: {pipe}: this is a named pipe, which may never be written to\n"


def test_no_file(skep):
    """Its usage is longer than a hint."""
    done = skep("prove")
    assert (done.rc, done.err) == (2, "skep prove: an argument is missing\n  hint: skep prove --help tells which\n")


def test_csv_and_json(skep, obj):
    done = skep("prove", obj, "--csv", "--json")
    assert done.rc == 2 and json.loads(done.err)["what"] == "--csv excludes --json and --events"


def test_a_project_is_proved_alone(skep, project, obj):
    folder = project()
    done = skep("prove", folder, obj)
    assert (done.rc, done.out, done.err) == (2, "", f"skep prove: '{folder}' is a project, which is proved alone\n")


def test_files_that_are_none(skep, tmp_path):
    done = skep("prove", tmp_path / "none.o")
    assert (done.rc, done.err) == (3, f"skep prove: {tmp_path}/none.o: cannot open: No such file or directory\n")


# --- the running kernel --------------------------------------------------------------------------


@pytest.fixture(scope="module")
def obj(project_cache):
    return project_cache("exec-watch", "exec-watch", True) / "build/exec_watch.bpf.o"


@pytest.fixture
def host(skep, obj, need):
    need("root", "btf")
    return lambda *args, path=obj: skep("prove", path, "--host", "--duration", "20ms", *args)


def test_text_has_the_table(host):
    done = host("--sort", "-program").ok()
    assert re.search(r"^host +loads, proven$", done.out, re.M)
    assert re.findall(r"^host +exec_watch +(\S+) +loaded +attached ", done.out, re.M) == ["on_exit", "on_exec"]


def test_csv_alone_is_on_standard_output(host):
    done = host("--csv", "--filter", "program=*exec").ok()
    (row,) = csv.DictReader(io.StringIO(done.out, newline=""), strict=True)
    assert (row["kernel"], row["object"], row["program"], row["verdict"]) == ("host", "exec_watch", "on_exec", "loaded")
    assert int(row["insns"]) > 10 and int(row["jited"]) > 0 and done.err == ""


def test_a_project_is_built_and_proved(skep, project, need):
    need("root", "btf", "clang")
    done = skep("prove", project(), "--host", "--duration", "20ms", "--json").ok()
    assert {(r["object"], r["load"]) for o in done.json()["objects"] for c in o["kernels"] for r in
            [{"object": o["object"], **p} for p in c["proof"]["programs"]]} == {("exec_watch", "loaded")}  # fmt: skip


def test_a_package_that_was_written_to_is_told(skep, project, need):
    need("root", "btf", "clang")
    done = skep("prove", project(), "--host", "--duration", "20ms", "--record").ok()
    assert re.search(r"^recorded: .*build/[\w-]+\.skep, unsigned$", done.out, re.M), done


def test_statistics_are_saved_and_compared(host, tmp_path):
    base = tmp_path / "base.json"
    host("--save", base).ok()
    saved = json.loads(base.read_text())
    assert [k["kernel"] for k in saved["kernels"]] == [os.uname().release]
    assert host("--baseline", base).rc == 0
    for program in saved["kernels"][0]["objects"][0]["programs"]:
        program["insns"] //= 2
    base.write_text(json.dumps(saved))
    done = host("--baseline", base, "--growth", "50")
    assert done.rc == 1 and done.out.count(" insns ") >= 2 and "2 statistics grew too much" in done.out
    assert host("--baseline", base, "--growth", "300").rc == 0


def test_another_baseline_is_misuse(host, tmp_path):
    base = tmp_path / "base.json"
    base.write_text('{"skep":"baseline","version":1,"kernels":[]}')
    done = host("--baseline", base)
    assert (done.rc, done.out) == (2, "")
    assert done.err.splitlines()[0] == "skep prove: the baseline has none of these programs on these kernels"
    base.write_text("{")
    assert host("--baseline", base).rc == 1


def test_interrupted(start, obj, need, tmp_path):
    need("root", "btf")
    for sig, status in ((signal.SIGINT, 130), (signal.SIGTERM, 143)):
        run = start("prove", obj, "--host", "--duration", "60", "--events", "--save", tmp_path / "base.json")
        for _ in range(100):
            subprocess.run(["/bin/true"], check=True)
            time.sleep(0.05)
            if re.search(r"^host exec_watch \| .*true", run.out, re.M):
                break
        done = run.stop(sig)
        assert done.rc == status and "/bin/true" in done.out and "proven:" not in done.out and not (tmp_path / "base.json").exists()


def test_events_as_they_come(start, obj, need):
    need("root", "btf")
    run = start("prove", obj, "--host", "--duration", "1s", "--events", "--json")
    while run.popen.poll() is None:
        subprocess.run(["/bin/true"], check=True)
        time.sleep(0.05)
    done = run.wait()
    head, _, report = done.out.partition("\n{\n")
    events = [json.loads(line) for line in head.splitlines()]
    assert done.rc == 0 and json.loads("{" + report)["proven"] is True
    assert {(e["skep"], e["kernel"], e["object"]) for e in events} == {("event", "host", "exec_watch")}
    assert any("/bin/true" in e["line"] for e in events)


# --- who waits -----------------------------------------------------------------------------------


@pytest.fixture(scope="module")
def probe(build_dir, tmp_path_factory, repo):
    program = tmp_path_factory.mktemp("probe") / "probe_show"
    flags = (build_dir / "flags").read_text().split()
    sources = ["tests/probe_show.c", "cmd/skep/prove_show.c", "cmd/skep/prove_event.c"]
    libs = [build_dir / "libskep.a", "-ljansson"]
    done = subprocess.run([*flags, "-Wl,--gc-sections", "-o", program, *sources, *libs], cwd=repo, capture_output=True, text=True)
    assert done.returncode == 0, done.stderr
    return program


def shown(probe, *lines, size=(24, 80), args=()):
    """What is written to a terminal of rows and columns, and to standard output."""
    master, slave = pty.openpty()
    fcntl.ioctl(slave, termios.TIOCSWINSZ, struct.pack("HHHH", *size, 0, 0))
    done = subprocess.run([probe, *args], input="".join(f"{line}\n" for line in lines).encode(), stdout=subprocess.PIPE, stderr=slave)
    os.close(slave)
    seen = b""
    try:
        while chunk := os.read(master, 65536):
            seen += chunk
    except OSError:
        pass  # the terminal is gone
    os.close(master)
    assert done.returncode == 0
    return seen.decode().replace("\r\n", "\n"), done.stdout.decode()


def screen(text):
    """Lines on the terminal at the end, as a terminal of endless rows would have them."""
    lines, at = [""], 0
    for part in re.split(r"(\n|\x1b\[\d+A|\x1b\[J)", text):
        if part == "\n":
            at += 1
            lines += [""] * (at - len(lines) + 1)
        elif part.endswith("A") and part.startswith("\x1b"):
            at -= int(part[2:-1])
        elif part == "\x1b[J":
            lines = lines[:at] + [""]
        else:
            lines[at] += part
    return [line for line in lines if line]


def test_a_line_per_kernel_is_rewritten(probe):
    steps = ["progress\tone\tboots", "progress\ttwo\tboots", "progress\tone\texec_watch: on_exec", "progress\ttwo\tfailed"]
    text, _ = shown(probe, *steps)
    before_the_end = text[: text.rindex("\x1b[2A\x1b[J")]
    assert screen(before_the_end) == ["one  exec_watch: on_exec", "two  failed"]
    assert screen(text) == []


def test_the_last_lines_that_fit_and_no_longer_ones(probe):
    text, _ = shown(probe, *(f"progress\tkernel{i}\t{'x' * 70}" for i in range(9)), size=(5, 20))
    assert screen(text[: text.rindex("\x1b[4A\x1b[J")]) == [f"kernel{i}  {'x' * 10}" for i in range(5, 9)]


def test_what_is_logged_and_printed_stands_above(probe):
    text, out = shown(probe, "progress\tone\tboots", "log\tveth is missing", "event\tone\ttool\tEXEC 1", "progress\tone\tdone")
    assert screen(text) == ["veth is missing"] and out == "one tool | EXEC 1\n"


def test_what_guests_say_cannot_steer_the_terminal(probe):
    evil = "\x1b[31m\x07\x9b"
    text, out = shown(probe, f"progress\tone\t{evil}", f"event\tone\ttool\t{evil}")
    assert "\x1b[31m" not in text + out and "\x07" not in text + out and "\x9b" not in text + out
    assert "?[31m?" in text and r"\x1b[31m\x07" in out
    _, out = shown(probe, f"event\tone\ttool\t{evil}", args=["--json"])
    assert "\x1b" not in out and json.loads(out)["line"].startswith("\x1b[31m")


def test_nothing_but_lines_where_it_is_no_terminal_or_all_is_told(probe):
    assert shown(probe, "progress\tone\tboots", "progress\tone\tdone", args=["-v"])[0] == "one: boots\none: done\n"
    done = subprocess.run([probe], input=b"progress\tone\tboots\n", capture_output=True)
    assert (done.stdout, done.stderr) == (b"", b"")
