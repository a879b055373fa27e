# SPDX-License-Identifier: BSD-2-Clause
"""skep new: projects are whole, named throughout, and never written over anything."""

import os
import re
import subprocess
import time

import pytest

TEMPLATES = ("exec-watch", "sched-latency", "xdp-filter")
ALWAYS = {".clangd", ".gitignore", "Makefile", "README.md", "skep.yaml"}


def tree(folder):
    return {str(p.relative_to(folder)): p.read_bytes() for p in folder.rglob("*") if p.is_file()}


@pytest.mark.parametrize("template", TEMPLATES)
def test_files_carry_the_name(skep, tmp_path, template):
    done = skep("new", "my-probe", "--template", template).ok()
    files = tree(tmp_path / "my-probe")
    suffix = "sh" if template == "exec-watch" else "c"
    sources = {"src/my_probe.bpf.c", "src/my_probe.h", f"tests/test_my_probe.{suffix}"}
    assert set(files) == ALWAYS | sources
    old = (template, template.replace("-", "_"), template.replace("-", "_").upper())
    for name, content in files.items():
        assert not any(word.encode() in content for word in old), name
    assert b"name: my-probe\n" in files["skep.yaml"]
    assert b"#ifndef MY_PROBE_H\n" in files["src/my_probe.h"]
    assert re.search(r"^project: +my-probe$", done.out, re.M)
    assert re.search(r"^next: +cd my-probe && skep build$", done.out, re.M)


@pytest.mark.parametrize("template", TEMPLATES)
def test_builds_without_edits(skep, tmp_path, template):
    skep("new", "p2", "--template", template).ok()
    skep("build", "-C", "p2").ok()
    build = tmp_path / "p2/build"
    for name in ("p2.bpf.o", "p2.skel.h", "p2.skep", "compile_commands.json"):
        assert (build / name).stat().st_size > 0
    # clangd looks for compile_commands.json where .clangd says
    assert (tmp_path / "p2/.clangd").read_text().split() == ["CompileFlags:", "CompilationDatabase:", "build"]


def test_default_template_is_exec_watch(skep, tmp_path):
    skep("new", "same").ok()
    (tmp_path / "other").mkdir()
    skep("new", "other/same", "--template", "exec-watch").ok()
    assert tree(tmp_path / "same") == tree(tmp_path / "other/same")


def test_template_named_as_itself_is_the_template(skep, tmp_path, repo):
    for template in TEMPLATES:
        skep("new", template, "-t", template).ok()
        assert tree(tmp_path / template) == tree(repo / "templates" / template)


def test_json(skep, tmp_path):
    told = skep("new", "p", "--json").ok().json()
    assert (told["name"], told["template"], told["folder"]) == ("p", "exec-watch", str(tmp_path / "p"))
    assert set(told["files"]) == set(tree(tmp_path / "p"))


def test_git_ignores_what_is_built(skep, tmp_path, tool, need):
    need("git")
    skep("new", "p").ok()
    tool("git", "-C", tmp_path / "p", "init", "-q")
    assert tool("git", "-C", tmp_path / "p", "check-ignore", "build/p.skep", "src/p.h", check=False).stdout == (
        "build/p.skep\n"
    )


def test_umask_and_modes(skep, build_dir, tmp_path):
    done = subprocess.run(
        [build_dir / "bin/skep", "new", "p"], cwd=tmp_path, preexec_fn=lambda: os.umask(0o027), env=skep.environ({})
    )
    assert done.returncode == 0
    modes = {name: (tmp_path / name).stat().st_mode & 0o777 for name in ("p", "p/skep.yaml", "p/tests/test_p.sh")}
    assert modes == {"p": 0o750, "p/skep.yaml": 0o640, "p/tests/test_p.sh": 0o750}


# --- refusals ------------------------------------------------------------------------------------


def state(path):
    """What changes when somebody writes; looking inside moves the access time alone."""
    st = path.lstat()
    return st.st_mode, st.st_ino, st.st_size, st.st_mtime_ns, tree(path) if path.is_dir() else None


@pytest.mark.parametrize("kind", ["project", "empty folder", "file", "dangling link"])
def test_never_overwrites(skep, tmp_path, kind):
    target = tmp_path / "p"
    if kind == "project":
        skep("new", "p").ok()
        (target / "skep.yaml").write_text("mine")
    elif kind == "empty folder":
        target.mkdir()
    elif kind == "file":
        target.write_text("mine")
    else:
        target.symlink_to("nowhere")
    before = state(target)
    done = skep("new", "p")
    assert (done.rc, done.out) == (2, "")
    assert done.err == (
        "skep new: 'p' exists\n  hint: choose another name; skep new never writes into a folder that exists\n"
    )
    assert state(target) == before
    assert [p.name for p in tmp_path.iterdir()] == ["p"]


HINT = "  hint: a letter first, at most 63 characters: my-probe\n"
LETTERS = "project name '{}' is not made of a-z, 0-9 and '-'\n" + HINT
DIGIT = "project name '{}' begins with a digit, and C identifiers are made of it\n" + HINT


@pytest.mark.parametrize(
    "name, message",
    [
        ("", LETTERS),
        ("Probe", LETTERS),
        ("my_probe", LETTERS),
        ("my probe", LETTERS),
        ("pröbe", LETTERS),
        ("a.b", LETTERS),
        ("a" * 64, LETTERS),
        ("a-", "project name '{}' is not a-z and 0-9 joined by '-', at most 63\n"),
        ("4probe", DIGIT),
        ("int", "project name '{}' is a word of C\n"),
        ("class", "project name '{}' is a word of C\n"),
    ],
)
def test_names_that_cannot_be(skep, tmp_path, name, message):
    done = skep("new", name)
    assert (done.rc, done.out, done.err) == (2, "", "skep new: " + message.format(name))
    assert not list(tmp_path.iterdir())


@pytest.mark.parametrize("name", ["a", "a" * 63, "a--b", "x86", "event", "list", "true", "null", "yes"])
def test_names_that_can_be(skep, tmp_path, name):
    skep("new", name).ok()
    skep("build", "-C", name, "--print-flags").ok()  # skep.yaml is read


@pytest.mark.parametrize("parent", ["plain", "two words", "it's", "$HOME", "-x"])
def test_next_command_can_be_copied(skep, tmp_path, parent):
    (tmp_path / parent).mkdir()
    done = skep("new", "--json", "--", f"{parent}/p").ok()
    command = done.json()["next"].replace("skep build", "pwd")
    shown = subprocess.run(["sh", "-c", command], cwd=tmp_path, capture_output=True, text=True, check=True)
    assert shown.stdout == f"{tmp_path}/{parent}/p\n"


@pytest.mark.need("root", "setpriv")
def test_no_right_to_write(skep, tmp_path, build_dir):
    argv = ["setpriv", "--bounding-set=-all", "--inh-caps=-all", str(build_dir / "bin/skep"), "new", "/sys/p"]
    done = subprocess.run(argv, capture_output=True, text=True, env=skep.environ({}), timeout=60)
    assert (done.returncode, done.stdout) == (3, "")
    assert done.stderr.startswith("skep new: /sys/p: cannot make folder: ")


def test_dash_name_needs_dashes(skep, tmp_path):
    done = skep("new", "--", "-x")
    assert (done.rc, done.err) == (2, "skep new: " + LETTERS.format("-x"))


def test_parent_folder_must_be(skep, tmp_path):
    done = skep("new", "no/p")
    assert (done.rc, done.out) == (3, "")
    assert done.err == (
        f"skep new: {tmp_path}/no: cannot make a project there: No such file or directory\n"
        f"  hint: mkdir -p '{tmp_path}/no'\n"
    )
    assert not list(tmp_path.iterdir())


@pytest.mark.parametrize(
    "template, hint",
    [("exec-wach", "did you mean 'exec-watch'?"), ("nothing-like-it", "skep new --list shows them")],
)
def test_unknown_template(skep, tmp_path, template, hint):
    done = skep("new", "p", "--template", template)
    assert (done.rc, done.out, done.err) == (2, "", f"skep new: unknown template '{template}'\n  hint: {hint}\n")
    assert not list(tmp_path.iterdir())


@pytest.mark.parametrize("template", ["../templates/exec-watch", "/etc", ".", ""])
def test_template_is_no_path(skep, tmp_path, template):
    done = skep("new", "p", "--template", template)
    assert done.rc == 2 and done.err.startswith(f"skep new: unknown template '{template}'\n")
    assert not list(tmp_path.iterdir())


def test_usage(skep):
    usage = "  hint: usage: skep new NAME [--template T] | --list\n"
    assert (skep("new").rc, skep("new").err) == (2, "skep new: a project name is missing\n" + usage)
    done = skep("new", "--list", "p")
    assert (done.rc, done.err) == (2, "skep new: --list takes no name\n" + usage)


# --- --list --------------------------------------------------------------------------------------


def test_list_is_what_there_is(skep, build_dir):
    rows = skep("new", "--list", "--json").ok().json()["templates"]
    there = sorted(p.name for p in (build_dir / "share/skep/templates").iterdir() if p.is_dir())
    assert [row["name"] for row in rows] == there == list(TEMPLATES)
    text = skep("new", "--list").ok().out.splitlines()
    assert [line.split()[0] for line in text] == ["template", *there]
    assert all(row["type"] and row["summary"] for row in rows)


# --- whole or not at all -------------------------------------------------------------------------


@pytest.mark.need("root")
def test_full_disk_leaves_nothing(skep, tmp_path, tool):
    disk = tmp_path / "disk"
    disk.mkdir()
    tool("mount", "-t", "tmpfs", "-o", "size=1m,nr_inodes=6", "skep-test", disk)
    try:
        done = skep("new", "disk/p")
        assert done.rc == 3 and re.fullmatch(r"skep new: .+: No space left on device\n", done.err), done
        assert not list(disk.iterdir())
    finally:
        tool("umount", disk)


def test_killed_leaves_whole_or_none(skep, build_dir, tmp_path):
    argv = [build_dir / "bin/skep", "new", "p"]
    (tmp_path / "whole").mkdir()
    skep("new", "whole/p").ok()
    whole = set(tree(tmp_path / "whole/p"))
    outcomes = set()
    for i in range(40):
        folder = tmp_path / f"run{i}"
        folder.mkdir()
        process = subprocess.Popen(argv, cwd=folder, env=skep.environ({}), stdout=subprocess.DEVNULL)
        time.sleep(i * 0.0005)
        process.kill()
        process.wait()
        there = (folder / "p").exists()
        outcomes.add(there)
        assert not there or set(tree(folder / "p")) == whole
    assert False in outcomes  # some were killed in time


def test_one_of_two_wins(skep, build_dir, tmp_path):
    argv = [build_dir / "bin/skep", "new", "p"]
    for i in range(5):
        folder = tmp_path / f"run{i}"
        folder.mkdir()
        both = [
            subprocess.Popen([*argv, "-t", t], cwd=folder, env=skep.environ({}), stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)
            for t in ("exec-watch", "xdp-filter")
        ]
        assert sorted(p.wait() for p in both) == [0, 2]
        assert [p.name for p in folder.iterdir()] == ["p"]
        winner = "sh" if (folder / "p/tests/test_p.sh").exists() else "c"
        assert len(tree(folder / "p")) == 8 and (folder / f"p/tests/test_p.{winner}").exists()
