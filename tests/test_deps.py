# SPDX-License-Identifier: BSD-2-Clause
"""`.ci/deps`: free when nothing lacks, and plain words when it cannot help. Nothing here asks the network."""

import os
import shutil
import subprocess
import tempfile
import time
from pathlib import Path

import pytest

REFUSE = '#!/bin/sh\necho "$(basename "$0") $*" >>"$CALLS"\nexit 100\n'


@pytest.fixture
def tree(repo, tmp_path):
    """A tree with .ci/deps alone, and programs in front of PATH that note their call and fail."""
    (tmp_path / "tree/.ci").mkdir(parents=True)
    shutil.copy(repo / ".ci/deps", tmp_path / "tree/.ci/deps")
    (tmp_path / "shims").mkdir()
    for name in ("apt-get", "sudo"):
        (tmp_path / "shims" / name).write_text(REFUSE)
        (tmp_path / "shims" / name).chmod(0o755)
    return tmp_path / "tree"


def deps(tree, *args, prefix=(), **env):
    calls = tree.parent / "calls"
    path = f"{tree.parent}/shims:{os.environ['PATH']}"
    full = {**os.environ, "PATH": path, "CALLS": str(calls), "LC_ALL": "C.UTF-8", **env}
    for name in ("LIBBPF_SRC", "DEBIAN_MIRROR", "MAKEFLAGS", "MAKELEVEL"):
        if name not in env:
            full.pop(name, None)
    done = subprocess.run(
        [*prefix, str(tree / ".ci/deps"), *args], cwd=tree.parent, env=full, capture_output=True, text=True, timeout=120
    )
    done.calls = calls.read_text() if calls.exists() else ""
    return done


def libbpf(folder, version="1.7"):
    """What .ci/deps looks at in libbpf's source."""
    (folder / "src").mkdir(parents=True)
    major, minor = version.split(".")
    text = f"#define LIBBPF_MAJOR_VERSION {major}\n#define LIBBPF_MINOR_VERSION {minor}\n"
    (folder / "src/libbpf_version.h").write_text(text)
    for name in ("libbpf.c", "relo_core.h", "Makefile"):
        (folder / "src" / name).write_text("")
    return folder


def make_archive(tree, source):
    """A Makefile that builds libbpf.a out of one source text."""
    (tree / "Makefile").write_text(
        "build/deps/libbpf/inst/libbpf.a:\n\t@mkdir -p $(@D)\n"
        f"\t@echo '{source}' | cc -x c -c -o $(@D)/x.o - && ar rcs $@ $(@D)/x.o\n"
    )


INTERNALS = ("calc_relo_insn", "parse_spec", "add_cands", "free_cands", "patch_insn")
ALL_FUNCTIONS = " ".join(f"void bpf_core_{n}(void) {{ }}" for n in INTERNALS)


@pytest.fixture(autouse=True)
def debian(need):
    need("dpkg-query", "apt-get")


def test_nothing_to_do_is_free(repo, tmp_path, tree):
    if not (repo / "build/deps/libbpf/SOURCE").exists():
        pytest.skip("libbpf's source was put there by hand")
    shims = {"PATH": f"{tmp_path}/shims:{os.environ['PATH']}", "CALLS": str(tmp_path / "calls")}
    begin = time.monotonic()
    done = subprocess.run([repo / ".ci/deps"], env={**os.environ, **shims}, capture_output=True, text=True)
    assert (done.returncode, done.stdout, done.stderr) == (0, "", "")
    assert time.monotonic() - begin < 2  # 0.03 s on an idle machine
    assert not (tmp_path / "calls").exists()


def test_unknown_distribution(tree, need):
    need("root", "unshare")
    (tree.parent / "os-release").write_text('ID=beeos\nPRETTY_NAME="BeeOS 1"\n')
    hide = f'mount --bind {tree.parent}/os-release /etc/os-release && exec "$@"'
    done = deps(tree, "test", prefix=["unshare", "-m", "sh", "-c", hide, "sh"])
    lines = done.stderr.splitlines()
    assert done.returncode == 3 and done.stdout == "" and done.calls == ""
    assert lines[0] == "deps: cannot install packages on 'BeeOS 1': only Debian and its derivatives are known here"
    named = [line.strip() for line in lines if line.startswith("  ")]
    assert named == deps(tree, "list").stdout.split()
    assert lines[-1] == "deps: and the source of libbpf 1.7.0 or newer, given as LIBBPF_SRC=DIR|TARBALL"


def test_derivative_counts_as_debian(tree, need):
    need("root", "unshare")
    (tree.parent / "os-release").write_text('ID=beeos\nID_LIKE="ubuntu debian"\n')
    hide = f'mount --bind {tree.parent}/os-release /etc/os-release && exec "$@"'
    done = deps(tree, prefix=["unshare", "-m", "sh", "-c", hide, "sh"], LIBBPF_SRC="/nowhere")
    assert (done.returncode, done.stderr) == (3, "deps: LIBBPF_SRC: no '/nowhere'\n")


def test_usage(tree):
    done = deps(tree, "everything")
    assert (done.returncode, done.stderr) == (2, "usage: .ci/deps [build|test|corpus|guests|demo|list]\n")


@pytest.fixture
def open_tree(tree):
    """The same where another user can go."""
    with tempfile.TemporaryDirectory() as folder:
        copy = Path(shutil.copytree(tree.parent, Path(folder) / "open"))
        for path in (Path(folder), copy):
            path.chmod(0o755)
        yield copy / "tree"


def test_neither_root_nor_sudo(open_tree, need):
    need("root", "setpriv")
    tree = open_tree
    farm = tree.parent / "farm"
    farm.mkdir()
    for program in os.scandir("/usr/bin"):
        if program.name not in ("sudo", "dpkg-query"):
            (farm / program.name).symlink_to(program.path)
    (farm / "dpkg-query").symlink_to("/bin/false")
    os.chown(tree, 65534, 65534)
    nobody = ["setpriv", "--reuid=65534", "--regid=65534", "--clear-groups"]
    done = deps(tree, prefix=nobody, PATH=str(farm))
    lines = done.stderr.splitlines()
    assert done.returncode == 3 and done.calls == ""
    assert lines[0] == "deps: packages are missing and this is neither root nor is there sudo"
    wanted = [p.split("|")[0] for p in deps(tree, "list").stdout.splitlines()[0].split()]
    assert lines[1] == "  hint: run as root: apt-get install --no-install-recommends " + " ".join(wanted)


def test_install_failure_is_told(tree, need):
    need("root")
    (tree.parent / "shims/dpkg-query").symlink_to("/bin/false")
    done = deps(tree)
    assert done.returncode == 3
    assert done.stderr.splitlines()[-1] == "deps: apt-get install failed, see 'build/deps/install.log'"
    assert done.calls.splitlines()[0] == "apt-get -qq update"
    assert "libelf-dev" in done.calls.splitlines()[1]


def test_given_source(tree):
    make_archive(tree, ALL_FUNCTIONS)
    source = libbpf(tree.parent / "given")
    done = deps(tree, LIBBPF_SRC=str(source))
    assert done.returncode == 0, done.stderr
    first = (tree / "build/deps/libbpf/SOURCE").read_text()
    assert first.startswith("1.7 tree sha256:") and done.calls == ""
    assert deps(tree, LIBBPF_SRC=str(source)).stderr == ""
    (source / "src/libbpf.c").write_text("/* changed */\n")
    assert deps(tree, LIBBPF_SRC=str(source)).returncode == 0
    assert (tree / "build/deps/libbpf/SOURCE").read_text() != first


def test_given_source_too_old(tree):
    source = libbpf(tree.parent / "given", "1.5")
    done = deps(tree, LIBBPF_SRC=str(source))
    assert (done.returncode, done.stderr) == (3, f"deps: libbpf in '{source}' is 1.5, 1.7 or newer is needed\n")
    assert not (tree / "build/deps/libbpf").exists()


def test_given_source_is_something_else(tree):
    (tree.parent / "given/src").mkdir(parents=True)
    (tree.parent / "given/src/x.c").write_text("")
    (tree.parent / "given/src/x.h").write_text("")
    (tree.parent / "given/src/Makefile").write_text("")
    done = deps(tree, LIBBPF_SRC=str(tree.parent / "given"))
    assert done.returncode == 3
    assert done.stderr.splitlines()[-1] == f"deps: no libbpf source in '{tree.parent}/given'"


def test_internal_functions_gone(tree):
    make_archive(tree, ALL_FUNCTIONS.replace("bpf_core_add_cands", "bpf_core_other"))
    done = deps(tree, LIBBPF_SRC=str(libbpf(tree.parent / "given")))
    assert done.returncode == 3
    assert "bpf_core_add_cands" in done.stderr
    assert "lacks internal functions that skep calls" in done.stderr.splitlines()[-2]


def test_cached_tarball_with_other_bytes_is_not_used(tree):
    cached = tree / "build/deps/cache/libbpf_1.7.0.orig.tar.gz"
    cached.parent.mkdir(parents=True)
    cached.write_bytes(b"not the one")
    done = deps(tree, DEBIAN_MIRROR="http://127.0.0.1:9/debian")
    lines = done.stderr.splitlines()
    assert done.returncode == 3
    assert "deps: cannot read the lists of Debian forky" in lines
    assert lines[-2:] == [
        "deps: no Debian suite of forky sid offers libbpf 1.7.0 or newer",
        "  hint: give its source: LIBBPF_SRC=DIR|TARBALL .ci/deps",
    ]
    assert not (tree / "build/deps/libbpf").exists()


def test_pinned_tarball_of_the_cache_needs_no_network(tree, repo):
    cached = repo / "build/deps/cache/libbpf_1.7.0.orig.tar.gz"
    if not cached.exists():
        pytest.skip("libbpf's source was put there by hand")
    make_archive(tree, ALL_FUNCTIONS)
    (tree / "build/deps/cache").mkdir(parents=True)
    shutil.copy(cached, tree / "build/deps/cache")
    done = deps(tree)
    assert done.returncode == 0, done.stderr
    digest = "7ab5feffbf78557f626f2e3e3204788528394494715a30fc2070fcddc2051b7b"
    assert (tree / "build/deps/libbpf/SOURCE").read_text() == f"1.7.0 sha256:{digest}\n"
    assert done.calls == ""


def test_judge_is_current(bpftool):
    out = bpftool("version").stdout
    assert tuple(map(int, out.split()[1].lstrip("v").split(".")[:2])) >= (7, 8)
