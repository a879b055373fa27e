# SPDX-License-Identifier: BSD-2-Clause
"""`skep kernel`: the library of profiles, judged by hashlib, json, bpftool and tar."""

import hashlib
import io
import json
import os
import re
import shutil
import stat
import subprocess
import tarfile
import tempfile
import time
from pathlib import Path

import pytest

import kernelfile
from kernelhome import BOOKWORM, files, home, ids, lib, tree  # noqa: F401
from tinybtf import ARCHES, kernel


def sha256(data):
    return "sha256:" + hashlib.sha256(data).hexdigest()


# --- what is stored ------------------------------------------------------------------------------


def test_profile_is_what_the_file_says(lib, home, tree):
    data = tree("6.1.0-56-cloud-amd64").read_bytes()
    row = lib("add", "tree", "--json").ok().json()["kernels"][0]
    assert row.pop("digest").startswith("sha256:")
    assert row == {
        "id": "debian/bookworm/x86_64/cloud/6.1.0-56",
        "release": "6.1.0-56-cloud-amd64",
        "arch": "x86_64",
        "modules": 0,
        "config": False,
        "boots": False,
        "status": "new",
    }
    name = sha256(data)[7:]
    assert (home / "blobs/sha256" / name).read_bytes() == data
    text = (home / "kernels/debian,bookworm,x86_64,cloud,6.1.0-56.json").read_text()
    profile = json.loads(text)
    assert text == json.dumps(profile, sort_keys=True, separators=(",", ":"))
    assert profile["btf"] == sha256(data) and profile["schema"] == 1 and profile["pointer_size"] == 8
    assert profile["sources"] == [{"digest": sha256(data), "name": "6.1.0-56-cloud-amd64.btf"}]
    kernel_part = {k: v for k, v in profile.items() if k not in ("id", "sources")}
    digest = sha256(json.dumps(kernel_part, sort_keys=True, separators=(",", ":")).encode())
    assert lib("list", "--json").json()["kernels"][0]["digest"] == digest
    assert {re.sub(r"-\d+\.idx$", "", f) for f in files(home)} == {
        f"blobs/sha256/{name}",
        "kernels/debian,bookworm,x86_64,cloud,6.1.0-56.json",
        f"index/{digest[7:]}",
    }


def test_everything_is_the_users_alone(lib, home, tree):
    tree("6.1.0-56-amd64")
    lib("add", "tree").ok()
    for path in [home, *home.rglob("*")]:
        assert stat.S_IMODE(path.stat().st_mode) & 0o077 == 0, path


def test_show_agrees_with_bpftool(lib, tree, bpftool):
    tree("6.1.0-56-amd64", "one", "two")
    lib("add", "tree").ok()
    shown = lib("show", "debian/bookworm", "--json").ok().json()
    path = shown["files"][0]["path"]
    dump = bpftool("btf", "dump", "file", path).stdout
    assert shown["types"]["types"] == len(re.findall(r"^\[\d+\]", dump, re.M)) == 5
    assert (shown["files"][0]["what"], shown["files"][0]["bytes"]) == ("btf", os.path.getsize(path))
    assert shown["release"] == "6.1.0-56-amd64" and shown["version"] is None and shown["endian"] == "little"


def test_same_again_is_known_and_touches_nothing(lib, home, tree):
    tree("6.1.0-56-amd64")
    lib("add", "tree").ok()
    before = {p: (p.stat().st_ino, p.stat().st_mtime_ns) for p in home.rglob("*") if p.is_file()}
    row = lib("add", "tree", "--json").ok().json()["kernels"][0]
    assert row["status"] == "known"
    assert {p: (p.stat().st_ino, p.stat().st_mtime_ns) for p in home.rglob("*") if p.is_file()} == before


def test_other_bytes_of_the_same_id(lib, home, tree):
    tree("6.1.0-56-amd64", "old")
    lib("add", "tree").ok()
    before = files(home)
    tree("6.1.0-56-amd64", "new")
    done = lib("add", "tree")
    assert (done.rc, done.out) == (2, "")
    assert done.err == (
        "skep kernel add: 'debian/bookworm/x86_64/generic/6.1.0-56' is in the library, and is another kernel\n"
        "  hint: --replace puts this one in its place, --id NAME beside it\n"
    )
    assert files(home) == before
    assert "replaced" in lib("add", "tree", "--replace").ok().out
    after = files(home)
    assert len(after) == 3 and not [f for f in after if f in before and f.startswith("blobs")]


def test_id_of_the_users_own(lib, tree):
    tree("6.1.0-56-amd64")
    lib("add", "tree", "--id", "mine/special").ok()
    assert ids(lib) == ["mine/special"]
    for bad in ("", "/", "a//b", "../x", "a/.b", "a b", "a,b", "x" * 201, "/".join("abcdefghi")):
        done = lib("add", "tree", "--id", bad)
        assert done.rc == 2 and done.err.startswith(f"skep kernel add: not an id: '{bad}'\n"), done
    done = lib("add", "missing", "--id", "..")
    assert (done.rc, done.err.splitlines()[0]) == (2, "skep kernel add: not an id: '..'"), "before anything is read"
    assert lib("add", "missing", "--arch", "vax").rc == 2
    tree("6.1.0-57-amd64")
    done = lib("add", "tree", "--id", "both")
    assert (done.rc, done.err.splitlines()[0]) == (2, "skep kernel add: one id for 2 kernels")
    assert ids(lib) == ["mine/special"]


@pytest.mark.parametrize("arch", ARCHES)
def test_architecture_from_types(lib, tmp_path, arch):
    (tmp_path / "some.btf").write_bytes(kernel(arch))
    lib("add", "some.btf").ok()
    shown = lib("show", f"file/{arch}", "--json").ok().json()
    order, size = ARCHES[arch][:2]
    assert (shown["arch"], shown["pointer_size"]) == (arch, size)
    assert shown["endian"] == {"<": "little", ">": "big"}[order]


def test_architecture_that_nothing_tells(lib, tmp_path):
    (tmp_path / "some.btf").write_bytes(kernel().replace(b"r15", b"r16"))
    done = lib("add", "some.btf")
    assert (done.rc, done.out) == (2, "")
    assert done.err == (
        "skep kernel add: some.btf: nothing says which architecture this kernel is of\n  hint: name it: --arch ARCH\n"
    )
    assert "ppc64le" in lib("add", "some.btf", "--arch", "ppc64el").ok().out
    assert lib("add", "some.btf", "--arch", "vax").rc == 2
    done = lib("add", "some.btf", "--arch", "s390x")
    assert done.err == "skep kernel add: some.btf: the byte order of its types is not s390x's\n" and done.rc == 1


def test_the_running_kernel(lib, need):
    need("btf")
    row = lib("add", "host", "--json").ok().json()["kernels"][0]
    assert row["release"] == os.uname().release and row["id"] == f"host/{row['arch']}/{os.uname().release}"
    assert lib("add", "host", "--json").ok().json()["kernels"][0]["status"] == "known"
    shown = lib("show", "host", "--json").ok().json()
    assert Path(shown["files"][0]["path"]).read_bytes() == Path("/sys/kernel/btf/vmlinux").read_bytes()


def test_two_that_would_have_one_id(lib, home, tmp_path):
    for n, folder in enumerate("ab"):
        (tmp_path / folder).mkdir()
        (tmp_path / folder / "some.btf").write_bytes(kernel("x86_64", f"s{n}"))
    done = lib("add", "a/some.btf", "b/some.btf")
    assert (done.rc, done.out) == (2, "")
    assert done.err == (
        "skep kernel add: two of these kernels would be 'file/x86_64/some.btf'\n"
        "  hint: add them one by one, each with --id\n"
    )
    assert files(home) == {}

def test_two_kernels_of_one_release(lib, home, tree, tmp_path):
    a = tree("6.1.0-56-amd64", "one")
    b = tree("6.1.0-56-amd64", "two", root="other")
    for places in (("tree", "other"), (a, b), (".",)):
        done = lib("add", *places)
        first, second = (b, a) if places == (".",) else (a, b)
        assert (done.rc, done.out) == (2, "")
        assert done.err == (
            f"skep kernel add: {second}: another kernel '6.1.0-56-amd64' than in '{first}': their BTF differs\n"
            "  hint: add them one by one, each with --id\n"
        )
        assert files(home) == {}
    b.write_bytes(a.read_bytes())
    assert len(lib("add", "tree", "other", "--json").ok().json()["kernels"]) == 1


@pytest.mark.parametrize("name", ["a\x1b[31mb", "a b", "x" * 300], ids=["escape", "blank", "long"])
def test_a_name_that_no_module_has(lib, home, tmp_path, name):
    with tarfile.open(tmp_path / "k.tar", "w") as tar:
        members = {"6.1.0-1-amd64.btf": kernel(), f"lib/modules/6.1.0-1-amd64/{name}.ko": kernelfile.module(kernelfile.module_btf())}
        for path, data in members.items():
            info = tarfile.TarInfo(path)
            info.size = len(data)
            tar.addfile(info, io.BytesIO(data))
    done = lib("add", "k.tar")
    shown = name.replace("\x1b", "\\x1b")[: 64 if len(name) > 64 else None]
    assert (done.rc, done.out, done.err) == (1, "", f"skep kernel add: k.tar: no module is called '{shown}'\n")
    assert files(home) == {}


def test_one_release_in_two_suites(lib, tree):
    tree("5.4.0-91-generic", "old", suite="18.04")
    tree("5.4.0-91-generic", "new", suite="20.04")
    lib("add", "tree").ok()
    assert ids(lib) == [f"debian/{suite}/x86_64/generic/5.4.0-91" for suite in ("18.04", "20.04")]


@pytest.mark.parametrize("folder", ["host/x/x86_64", "home/me/x86_64", "file/x/x86_64"])
def test_a_folder_is_no_distribution(lib, tmp_path, folder):
    (tmp_path / folder).mkdir(parents=True)
    (tmp_path / folder / "6.1.0-56-amd64.btf").write_bytes(kernel())
    lib("add", f"{folder}/6.1.0-56-amd64.btf").ok()
    assert ids(lib) == ["file/x86_64/6.1.0-56-amd64"]



# --- found again ---------------------------------------------------------------------------------


@pytest.fixture
def stocked(lib, tree):
    for release in ("6.1.0-9-amd64", "6.1.0-56-amd64", "6.1.0-56-cloud-amd64"):
        tree(release, "of_" + re.sub(r"\W", "_", release))
    tree("6.1.0-57-arm64", arch="arm64")
    tree("6.12.5-amd64", suite="trixie")
    lib("add", "tree").ok()
    return lib


def test_list_is_in_the_order_of_versions(stocked):
    assert ids(stocked) == [
        "debian/bookworm/arm64/generic/6.1.0-57",
        "debian/bookworm/x86_64/cloud/6.1.0-56",
        "debian/bookworm/x86_64/generic/6.1.0-9",
        "debian/bookworm/x86_64/generic/6.1.0-56",
        "debian/trixie/x86_64/generic/6.12.5",
    ]


@pytest.mark.parametrize(
    "asked, meant",
    [
        ("debian/trixie", "debian/trixie/x86_64/generic/6.12.5"),
        (f"{BOOKWORM}", f"{BOOKWORM}/generic/6.1.0-56"),
        (f"{BOOKWORM}/cloud", f"{BOOKWORM}/cloud/6.1.0-56"),
        ("debian/bookworm/cloud", f"{BOOKWORM}/cloud/6.1.0-56"),
        ("debian/bookworm:amd64/cloud", f"{BOOKWORM}/cloud/6.1.0-56"),
        ("debian/bookworm/amd64/generic/6.1.0-9", f"{BOOKWORM}/generic/6.1.0-9"),
        ("debian/bookworm:aarch64", "debian/bookworm/arm64/generic/6.1.0-57"),
    ],
)
def test_what_names_mean(stocked, asked, meant):
    assert stocked("show", asked, "--json").ok().json()["id"] == meant


@pytest.mark.parametrize(
    "asked, rc, lines",
    [
        ("debian/trixi", 3, ["no kernel 'debian/trixi' in the library", "did you mean 'debian/trixie'?"]),
        ("debian/sid", 3, ["no kernel 'debian/sid' in the library", "skep kernel fetch debian/sid"]),
        ("debian/sid:arm64", 3, ["no kernel 'debian/sid:arm64' in the library", "skep kernel fetch debian/sid:arm64"]),
        ("debian/sid/aarch64/cloud", 3, ["no kernel 'debian/sid/aarch64/cloud' in the library", "skep kernel fetch debian/sid:arm64"]),
        ("debian/", 3, ["no kernel 'debian/' in the library", "skep kernel list shows those there are"]),
        ("hosts", 3, ["no kernel 'hosts' in the library", "skep kernel list shows those there are"]),
        ("host", 3, ["no kernel 'host' in the library", "skep kernel add host"]),
        ("what", 3, ["no kernel 'what' in the library", "skep kernel list shows those there are"]),
        ("../etc", 3, ["no kernel '../etc' in the library", "skep kernel list shows those there are"]),
        (f"{BOOKWORM}/generic/6.1.0-5", 3, [f"no kernel '{BOOKWORM}/generic/6.1.0-5' in the library", None]),
        ("debian", 2, ["'debian' is the beginning of several kernels", None]),
        ("debian/bookworm", 2, ["'debian/bookworm' is the beginning of several kernels", None]),
    ],
)
def test_names_that_mean_nothing(stocked, asked, rc, lines):
    done = stocked("show", asked)
    got = done.err.splitlines()
    assert (done.rc, done.out, got[0]) == (rc, "", f"skep kernel show: {lines[0]}")
    assert len(got) == 2 and (lines[1] is None or got[1] == f"  hint: {lines[1]}"), done
    error = json.loads(stocked("show", asked, "--json").err)
    assert error["what"] == lines[0] and error["hint"] == got[1][8:]


def test_ambiguity_names_the_candidates(stocked):
    hint = stocked("show", "debian").err.splitlines()[1]
    assert hint == (
        "  hint: they are debian/bookworm/arm64/generic/6.1.0-57, debian/bookworm/x86_64/cloud/6.1.0-56, "
        "debian/bookworm/x86_64/generic/6.1.0-9 and 2 more"
    )


def test_empty_library(lib, home):
    assert lib("list").ok().out == ""
    assert lib("list", "--json").ok().json() == {"home": str(home), "kernels": []}
    assert lib("show", "x").err.splitlines()[1] == "  hint: skep kernel add FILE, or skep kernel fetch debian/SUITE"
    assert not home.exists()


# --- as C asks -----------------------------------------------------------------------------------


@pytest.fixture(scope="module")
def probe(build_dir, tmp_path_factory, repo):
    program = tmp_path_factory.mktemp("probe") / "probe_kernel"
    flags = (build_dir / "flags").read_text().split()
    libs = [build_dir / "libskep.a", "build/deps/libbpf/inst/libbpf.a", "-lelf", "-ljansson", "-lcrypto", "-lz"]
    done = subprocess.run(
        [*flags, "-Wl,--gc-sections", "-o", program, "tests/probe_kernel.c", *libs], cwd=repo, capture_output=True, text=True
    )
    assert done.returncode == 0, done.stderr

    def run(*args):
        done = subprocess.run([program, *map(str, args)], capture_output=True, text=True)
        assert done.returncode == 0 and done.stderr == "", done
        return done.stdout.splitlines()

    return run


@pytest.mark.parametrize("a, b", [
    ("6.9", "6.12"), ("6.1.0-9", "6.1.0-56"), ("6.12-rc1", "6.12"), ("6.11", "6.12-rc1"), ("6.12", "6.12.0-3"),
    ("6.12~rc1", "6.12"), ("6.12.107+deb13", "6.12.117+deb13"), ("5.15.0-99-generic", "5.15.0-105-generic"),
    ("6.8.5-301.fc40", "6.8.10-300.fc40"), ("6.1", "6.1.1"), ("9" * 30, "1" + "0" * 30), ("a", "b"), ("", "1"),
])  # fmt: skip
def test_versions_in_order(probe, a, b):
    assert (probe("compare", a, b), probe("compare", b, a), probe("compare", a, a)) == (["<"], [">"], ["="])


@pytest.mark.parametrize("span, release, answer", [
    (">=5.15", "5.15.0-105-generic", "in"), (">=5.15", "5.14.21", "out"), (">=5.15", "6.1.0-56-amd64", "in"),
    ("<6.12", "6.12.107+deb13-amd64", "out"), ("<6.12", "6.11.9", "in"), (">6.12", "6.12.0", "out"), (">6.12", "6.12.1", "in"),
    ("<=6.1", "6.1.0-56-amd64", "in"), ("=6.1.0", "6.1.0-56-amd64", "in"), ("=6.1", "6.1.5", "out"),
    (">=6.12", "6.12.0-rc3", "out"), (">= 5.15, <6.12", "6.1.0", "in"), (">=5.15 <6.12", "6.12.1", "out"),
    (">=6.1.0-56", "6.1.0-9-amd64", "out"), (">=6.1.0-9", "6.1.0-56-amd64", "in"), (">=5", "", "out"),
    (">5.10.9", "5.10.10", "in"),
])  # fmt: skip
def test_ranges(probe, span, release, answer):
    assert probe("range", span, release) == [answer]


@pytest.mark.parametrize("span", [">=", ">=x", ">=5.15 6.1", "=" * 5, ">=" + "1" * 80])
def test_what_is_no_range(probe, span):
    assert probe("range", span, "6.1")[0].startswith("-"), span


def test_select(stocked, probe, home):
    x86 = [f"{BOOKWORM}/cloud/6.1.0-56", f"{BOOKWORM}/generic/6.1.0-9", f"{BOOKWORM}/generic/6.1.0-56"]
    trixie = "debian/trixie/x86_64/generic/6.12.5"
    assert probe("select", home, "x86_64", ">=6.1") == [*x86, trixie]
    assert probe("select", home, "x86_64", ">=6.12", "debian/bookworm") == [x86[2], trixie]
    assert probe("select", home, "arm64", "debian/bookworm") == ["debian/bookworm/arm64/generic/6.1.0-57"]
    assert probe("select", home, "arm64", "debian/trixie", ">=7") == ["missing: debian/trixie", "missing: >=7"]
    assert probe("select", home, "x86_64", "debian/bookworm/arm64", trixie, trixie) == [trixie]
    assert probe("select", home, "x86_64", ">=six")[0].startswith("-")
    assert probe("select", home, "x86_64") == []


def test_find_for_an_architecture(stocked, probe, home):
    assert probe("find", home, "x86_64", "debian/bookworm") == [f"{BOOKWORM}/generic/6.1.0-56"]
    assert probe("find", home, "arm64", "debian/bookworm") == ["debian/bookworm/arm64/generic/6.1.0-57"]
    assert probe("find", home, "s390x", "debian/bookworm")[0].endswith(
        "no s390x kernel 'debian/bookworm' in the library | skep kernel fetch debian/bookworm:s390x"
    )


# --- removed -------------------------------------------------------------------------------------


def test_remove_frees_what_nobody_else_holds(lib, home, tree):
    tree("6.1.0-1-amd64", "shared")
    tree("6.1.0-2-amd64", "shared")
    tree("6.1.0-3-amd64", "alone")
    lib("add", "tree").ok()
    assert len(list((home / "blobs/sha256").iterdir())) == 2
    done = lib("remove", f"{BOOKWORM}/generic/6.1.0-1", "--json").ok().json()
    assert done["removed"] == [f"{BOOKWORM}/generic/6.1.0-1"]
    assert len(list((home / "blobs/sha256").iterdir())) == 2
    assert lib("show", f"{BOOKWORM}/generic/6.1.0-2").rc == 0
    size = sum(len(data) for data in files(home).values())
    done = lib("remove", *ids(lib), "--json").ok().json()
    assert files(home) == {} and done["bytes"] == size


def test_remove_never_guesses(stocked):
    before = ids(stocked)
    done = stocked("remove", "debian/bookworm/x86_64")
    assert done.rc == 2 and "is the beginning of several kernels" in done.err
    assert stocked("remove", "debian/trixie", "debian/nothing").rc == 3
    assert ids(stocked) == before
    done = stocked("remove", "debian/trixie", "debian/trixie/amd64", "--json").ok().json()
    assert done["removed"] == ["debian/trixie/x86_64/generic/6.12.5"]
    assert ids(stocked) == before[:-1]


def test_only_what_is_ours_is_swept(lib, home, tree):
    """$SKEP_HOME may be a folder in which somebody keeps other things under the same names."""
    names = ("bzImage", "README", "x" * 64, "0" * 64 + ".txt", "0" * 64 + "-1.idx.bak", "a,b.json.tmp", "notes.json.orig", ".hidden")
    foreign = [home / folder / name for folder in ("kernels", "blobs/sha256", "index") for name in names]
    foreign += [home / "kernels" / ("0" * 64), home / "index" / ("0" * 64), home / "blobs/sha256" / "a.json.0123abcd.tmp"]
    ours = [home / "kernels/a,b.json.0123abcd.tmp", home / "blobs/sha256" / ("0" * 64), home / "blobs/sha256" / ("0" * 64 + ".0123abcd.tmp")]
    ours += [home / "index" / ("0" * 64 + end) for end in ("-1.idx", "-12.idx", "-1.idx.0123abcd.tmp")]
    for path in (*foreign, *ours):
        path.parent.mkdir(parents=True, exist_ok=True, mode=0o700)
        path.write_text("x")
    tree("6.1.0-56-amd64")
    lib("add", "tree").ok()
    lib("remove", "debian").ok()
    assert [p for p in foreign if not p.exists()] == [] and [p for p in ours if p.exists()] == []


# --- damage --------------------------------------------------------------------------------------


def test_index_is_made_anew(lib, home, tree, probe):
    tree("6.1.0-56-amd64", "needle")
    lib("add", "tree").ok()
    (index,) = (home / "index").iterdir()
    whole = index.read_bytes()
    for damage in (b"", whole[:100], whole[:-8], b"x" * len(whole), None):
        index.write_bytes(damage) if damage is not None else index.unlink()
        assert probe("types", home, "debian/bookworm", "needle") == ["1"]
        assert index.read_bytes() == whole
    index.unlink()
    (home / "index").rmdir()
    assert probe("types", home, "debian/bookworm", "needle") == ["1"]


def test_damaged_blob_is_told_and_mended(lib, home, tree):
    tree("6.1.0-56-amd64")
    lib("add", "tree").ok()
    (blob,) = (home / "blobs/sha256").iterdir()
    (index,) = (home / "index").iterdir()
    whole = blob.read_bytes()
    blob.write_bytes(whole[:-1] + b"x")
    index.unlink()
    done = lib("show", "debian/bookworm")
    assert (done.rc, done.err) == (
        1,
        f"skep kernel show: {blob}: its bytes are not what its name says\n  hint: add the kernel again: that mends it\n",
    )
    lib("add", "tree").ok()
    assert blob.read_bytes() == whole
    lib("show", "debian/bookworm").ok()


def change(profile, **changes):
    return json.dumps({**profile, **changes}, sort_keys=True, separators=(",", ":"))


@pytest.mark.parametrize("spoil, text", [
    (lambda p: "", "malformed JSON: "),
    (lambda p: "[]", "malformed profile: 'schema' is missing or no number"),
    (lambda p: change(p, schema=2), "malformed profile: 'schema' is of another version of skep"),
    (lambda p: change(p, id="../../etc/x"), "malformed profile: 'id' is none"),
    (lambda p: change(p, id="other/one"), "malformed profile: it is of 'other/one'"),
    (lambda p: change(p, btf="sha256:../../etc/passwd"), "malformed profile: 'btf' is no digest"),
    (lambda p: change(p, btf=None), "malformed profile: 'btf' is missing or no string"),
    (lambda p: change(p, arch="vax"), "malformed profile: 'arch' is none that is known"),
    (lambda p: change(p, pointer_size=3), "malformed profile: 'pointer_size' is neither 4 nor 8"),
    (lambda p: change(p, more=1), "malformed profile: 'schema' does not have these keys"),
    (lambda p: change(p, sources=[{}]), "malformed profile: 'sources' has an entry that is none"),
    (lambda p: change(p)[:-1] + ',"id":"x"}', "malformed JSON: duplicate object key"),
])  # fmt: skip
def test_damaged_profile(lib, home, tree, spoil, text):
    tree("6.1.0-56-amd64")
    lib("add", "tree").ok()
    (path,) = (home / "kernels").iterdir()
    path.write_text(spoil(json.loads(path.read_text())))
    done = lib("list")
    assert done.rc == 1 and done.err.startswith(f"skep kernel list: {path}"), done
    assert text in done.err.splitlines()[0] and done.err.splitlines()[1].startswith("  hint: "), done


def test_nothing_is_swept_while_a_profile_cannot_be_read(lib, home, tree):
    tree("6.1.0-56-amd64")
    lib("add", "tree").ok()
    (path,) = (home / "kernels").iterdir()
    whole = path.read_bytes()
    path.write_text("{}")
    tree("6.1.0-57-amd64", "more", root="other")
    lib("add", "other")
    path.write_bytes(whole)
    assert len(ids(lib)) == 2
    for kernel_id in ids(lib):
        lib("show", kernel_id).ok()


def test_all_or_nothing(lib, home, tree, tmp_path):
    tree("6.1.0-1-amd64")
    lib("add", "tree").ok()
    before = files(home)
    tree("6.1.0-2-amd64", "fine", root="bad")
    broken = tree("6.1.0-3-amd64", root="bad")
    broken.write_bytes(broken.read_bytes()[:-9] + b"\xff" * 9)
    done = lib("add", "bad")
    assert done.rc == 1 and done.out == "" and "6.1.0-3-amd64.btf" in done.err.splitlines()[0], done
    assert files(home) == before


# --- who may write -------------------------------------------------------------------------------


@pytest.mark.parametrize("place", ["", "kernels", "blobs", "blobs/sha256", "index"])
@pytest.mark.parametrize("mode", [0o777, 0o770])
def test_a_library_others_may_write_to(lib, home, tree, place, mode):
    tree("6.1.0-56-amd64")
    lib("add", "tree").ok()
    folder = home / place if place else home
    folder.chmod(mode)
    for command in (["list"], ["add", "tree"], ["show", "x"], ["remove", "x"]):
        done = lib(*command)
        assert (done.rc, done.out) == (3, "")
        assert done.err == (
            f"skep kernel {command[0]}: {folder}: others may write to this folder\n  hint: chmod go-w '{folder}'\n"
        )


def test_a_library_of_somebody_else(lib, home, tree, need):
    need("root")
    tree("6.1.0-56-amd64")
    lib("add", "tree").ok()
    os.chown(home, 12345, -1)
    done = lib("list")
    assert (done.rc, done.err) == (3, f"skep kernel list: {home}: belongs to another user\n")


def test_a_library_that_can_only_be_read(lib, home, tree, need, tool, probe):
    """Root's library serves everybody, also where its index has to be made anew."""
    need("root", "setpriv")
    tree("6.1.0-56-amd64")
    lib("add", "tree").ok()
    with tempfile.TemporaryDirectory() as shared:
        tool("cp", "-r", home, f"{shared}/home")
        tool("chmod", "-R", "a+rX", shared)
        for index in Path(shared, "home/index").iterdir():
            index.unlink()
        argv = lib("list").argv
        tool("cp", "-r", Path(argv[0]).parent.parent / "bin", Path(argv[0]).parent.parent / "libexec", shared)
        tool("chmod", "-R", "a+rX", shared)
        done = tool(
            "setpriv", "--reuid=12345", "--clear-groups", f"{shared}/bin/skep", "kernel", "show", "debian/bookworm", "--json",
            env={"SKEP_HOME": f"{shared}/home", "ASAN_OPTIONS": "detect_leaks=0"}, cwd="/", check=False,
        )  # fmt: skip
        assert done.returncode == 0, done.stderr
        assert json.loads(done.stdout)["types"]["types"] == 3
        assert list(Path(shared, "home/index").iterdir()) == []


def test_where_the_library_is(skep, tmp_path):
    home = {"SKEP_HOME": None, "XDG_DATA_HOME": None, "HOME": tmp_path / "h"}
    places = [
        (home, tmp_path / "h/.local/share/skep"),
        ({**home, "XDG_DATA_HOME": tmp_path / "d"}, tmp_path / "d/skep"),
        ({**home, "XDG_DATA_HOME": "relative"}, tmp_path / "h/.local/share/skep"),
        ({**home, "SKEP_HOME": tmp_path / "s"}, tmp_path / "s"),
        ({**home, "SKEP_HOME": "rel"}, tmp_path / "rel"),
        ({**home, "SKEP_HOME": ""}, tmp_path / "h/.local/share/skep"),
    ]
    for env, place in places:
        assert skep("kernel", "list", "--json", env=env).ok().json()["home"] == str(place)
    done = skep("kernel", "list", env={**home, "HOME": None})
    assert (done.rc, done.err) == (
        2,
        "skep kernel list: there is no place for a kernel library\n  hint: set SKEP_HOME or HOME\n",
    )


# --- the helper ----------------------------------------------------------------------------------


def test_helper_is_missing(skep, tool, tmp_path):
    (tmp_path / "bin").mkdir()
    shutil.copy(skep("--version").argv[0], tmp_path / "bin/skep")
    done = tool(tmp_path / "bin/skep", "kernel", "list", check=False)
    path = tmp_path / "libexec/skep/skep-kernel"
    assert (done.returncode, done.stdout) == (3, "")
    assert done.stderr == (
        f"skep kernel: cannot start '{path}': No such file or directory\n"
        "  hint: it is installed together with skep, by make install\n"
    )


@pytest.mark.parametrize("command", ["add", "fetch", "list", "show", "remove", "unpack"])
def test_help(lib, command):
    done = lib(command, "--help")
    assert (done.rc, done.err) == (0, "")
    assert done.out.startswith(f"usage: skep kernel {command} ")
    for option in re.findall(r"(?<![\w-])--?[a-z][\w-]*", done.out.splitlines()[0]):
        assert re.search(rf"^\s.*(?<![\w-]){option}(?![\w-])", done.out, re.M), option


def test_commands_and_misuse(lib):
    assert re.findall(r"^  (\w+) ", lib("--help").ok().out, re.M) == ["add", "fetch", "list", "show", "remove", "unpack"]
    assert lib().rc == 2 and lib("what").rc == 2
    done = lib("add")
    assert done.rc == 2 and done.err.splitlines()[0] == "skep kernel add: an argument is missing"
    assert lib("list", "x").rc == 2 and lib("show").rc == 2 and lib("remove").rc == 2


# --- kernels of Debian ---------------------------------------------------------------------------


def test_debian_kernels(skep, kernel_library, debian_kernels):
    rows = skep("kernel", "list", "--json", env={"SKEP_HOME": kernel_library}).ok().json()["kernels"]
    known = {r["id"].rsplit("/", 1)[0]: r for r in rows}
    assert set(known) == {
        "debian/bookworm/arm64/cloud",
        *(f"debian/{suite}/x86_64/cloud" for suite in ("bullseye", "bookworm", "trixie", "forky", "trixie-backports")),
    }
    for name, row in known.items():
        assert row["boots"] and row["config"] and (row["modules"] > 900) == ("bullseye" not in name), row
    assert known["debian/bullseye/x86_64/cloud"]["modules"] == 0, "5.10 has no split BTF"


def member(tool, deb, pattern):
    names = subprocess.run(f"dpkg-deb --fsys-tarfile '{deb}' | tar -t", shell=True, capture_output=True, text=True).stdout
    (name,) = [n for n in names.splitlines() if re.search(pattern, n)]
    return subprocess.run(f"dpkg-deb --fsys-tarfile '{deb}' | tar -xO '{name}'", shell=True, capture_output=True).stdout


@pytest.mark.need("dpkg-deb")
def test_debian_parts_are_the_packages(skep, kernel_library, debian_kernels, tool, bpftool):
    shown = skep("kernel", "show", "debian/bookworm:amd64", "--json", env={"SKEP_HOME": kernel_library}).ok().json()
    (deb,) = debian_kernels["bookworm"]
    path = {f["what"]: Path(f["path"]) for f in shown["files"]}
    assert path["config"].read_bytes() == member(tool, deb, r"boot/config-")
    assert path["image"].read_bytes() == member(tool, deb, r"boot/vmlinuz-")
    assert shown["sources"] == [{"name": deb.name, "digest": sha256(deb.read_bytes())}]
    dump = bpftool("btf", "dump", "file", path["btf"]).stdout
    types = len(re.findall(r"^\[\d+\]", dump, re.M))
    assert types < shown["types"]["types"] and len(re.findall(r"TYPEDEF 'btf_trace_", dump)) <= shown["types"]["tracepoints"]
    assert shown["version"].startswith("#1 SMP") and "Debian" in shown["version"]


def test_what_is_asked_often_is_quick(skep, kernel_library, tool):
    """A prefix is looked up and its types are mapped without reading 100 MB."""
    env = {"SKEP_HOME": kernel_library}
    times = []
    for _ in range(5):
        begin = time.monotonic()
        skep("kernel", "show", "debian/forky", env=env).ok()
        times.append(time.monotonic() - begin)
    assert min(times) < 0.5
