# SPDX-License-Identifier: BSD-2-Clause
"""Bundles: what goes in comes out, in one way only, small; what was tampered with is refused."""

import hashlib
import json
import os
import random
import re
import struct
import subprocess
import zlib

import pytest

import skepfile
from coreprobe import SOURCES, forge, probe  # noqa: F401
from tinyproject import YAML, tiny  # noqa: F401

pytestmark = [pytest.mark.need("clang-19"), pytest.mark.need("pahole")]

HEADER = 8 + 2 + 4 + 32


def seal(body, form=0, version=1, size=None, digest=None):
    squeezed = body
    if form == 1:
        squeeze = zlib.compressobj(9, zlib.DEFLATED, -15)
        squeezed = squeeze.compress(body) + squeeze.flush()
    head = b"skepbtfs" + bytes([version, form]) + struct.pack("<I", len(body) if size is None else size)
    return head + (digest or hashlib.sha256(body).digest()) + squeezed


@pytest.fixture(scope="module")
def mins(probe, forge, tmp_path_factory):
    """Min-BTFs as of several kernels; two of them are the same."""
    folder = tmp_path_factory.mktemp("mins")
    for name, part, how in (("a", 1, "64"), ("b", 1, "32"), ("c", 1, "64"), ("d", 3, "64"), ("e", 1, "eb")):
        probe.small(folder / name, forge.object(part, "eb" if how == "eb" else "el"), btf=[forge.kernel(how)])
    assert (folder / "a").read_bytes() == (folder / "c").read_bytes() != (folder / "b").read_bytes()
    return sorted(folder.iterdir())


@pytest.fixture
def bundle(probe, mins, tmp_path):
    def make(form="plain", files=mins):
        probe("bundle", tmp_path / form, form, *files)
        return tmp_path / form

    return make


def unbundle(probe, path, tmp_path, check=True):
    out = tmp_path / "out"
    out.mkdir(exist_ok=True)
    return probe("unbundle", path, out, check=check), {p.name: p.read_bytes() for p in out.iterdir()}


@pytest.mark.parametrize("form", ("plain", "deflated"))
def test_what_goes_in_comes_out(probe, bundle, mins, tmp_path, form):
    done, files = unbundle(probe, bundle(form), tmp_path)
    assert files == {p.name: p.read_bytes() for p in mins}
    assert done.stdout.splitlines()[-1] == "distinct 4"
    assert done.stdout.splitlines()[0] == f"a a #1 SMP x86_64 {mins[0].stat().st_size}"


def test_order_does_not_matter_and_equal_ones_are_kept_once(probe, bundle, mins):
    whole = bundle().read_bytes()
    assert bundle(files=mins[::-1]).read_bytes() == whole
    without = bundle(files=[m for m in mins if m.name != "c"]).read_bytes()
    assert len(whole) - len(without) < 20


def test_the_two_forms_have_one_body(bundle):
    plain, deflated = bundle("plain").read_bytes(), bundle("deflated").read_bytes()
    body = zlib.decompress(deflated[HEADER:], -15)
    assert plain[HEADER:] == body and seal(body) == plain
    assert plain[14:46] == hashlib.sha256(body).digest() == deflated[14:46]


def test_every_changed_byte_is_refused(probe, bundle, tmp_path):
    dice = random.Random(1)
    for form in ("plain", "deflated"):
        raw = bundle(form).read_bytes()
        for position in (*range(HEADER), *(dice.randrange(HEADER, len(raw)) for _ in range(30))):
            changed = bytearray(raw)
            changed[position] ^= 1 << dice.randrange(8)
            (tmp_path / "changed").write_bytes(changed)
            done, files = unbundle(probe, tmp_path / "changed", tmp_path, check=False)
            assert (done.returncode, files) == ((2 if position < 8 else 1), {}), (form, position, done)
            assert re.fullmatch(r".*/changed: \S.*\n", done.stderr), done


def test_bodies_that_are_sealed_but_not_ours(probe, bundle, tmp_path):
    """A right digest is no proof that the body is one that skep writes."""
    body = bundle().read_bytes()[HEADER:]
    canonical = "bundle is not as skep would write it"
    cases = {
        seal(b""): canonical,
        seal(b"\0\0\0"): canonical,
        seal(body + b"\0"): canonical,
        seal(body[:-1]): canonical,
        seal(body[:1] + b"\xff" * 9 + body[1:]): canonical,
        seal(bytes([body[0] | 0x80, 0]) + body[1:]): canonical,  # a number written longer than needed
        seal(body, version=2): "bundle of version 2, this skep reads 1",
        seal(body, form=2): "bundle is damaged",
        seal(body, size=len(body) + 1): "bundle is damaged",
        seal(body, form=1, size=1 << 31): "bundle is damaged",
        seal(body, digest=bytes(32)): "bundle is damaged",
        seal(body)[: HEADER - 1]: "bundle of version 1, this skep reads 1",
        b"": "not a bundle of BTF",
    }
    for raw, why in cases.items():
        (tmp_path / "x").write_bytes(raw)
        done, files = unbundle(probe, tmp_path / "x", tmp_path, check=False)
        assert (files, done.stderr) == ({}, f"{tmp_path}/x: {why}\n"), done


def test_a_bomb_stays_small(probe, tmp_path):
    bomb = bytes(200 << 20)
    (tmp_path / "x").write_bytes(seal(bomb, form=1, size=64 << 20))
    done, files = unbundle(probe, tmp_path / "x", tmp_path, check=False)
    assert (done.returncode, files, done.stderr) == (1, {}, f"{tmp_path}/x: bundle is damaged\n")


def test_a_million_empty_shapes_take_no_memory(probe, tmp_path):
    """Each is a byte of the body, and squeezed nothing."""
    count = (64 << 20) - 6
    number = bytes(count >> 7 * i & 0x7F | 0x80 for i in range(3)) + bytes([count >> 21])
    (tmp_path / "x").write_bytes(seal(b"\0" + number + bytes(count), form=1))
    assert (tmp_path / "x").stat().st_size < 100_000
    argv = [probe.program, "unbundle", tmp_path / "x", tmp_path]
    run = subprocess.Popen([str(a) for a in argv], stderr=subprocess.PIPE, text=True)
    err = run.stderr.read()
    _, status, usage = os.wait4(run.pid, 0)
    run.returncode = os.waitstatus_to_exitcode(status)
    assert (run.returncode, err) == (1, f"{tmp_path}/x: bundle is not as skep would write it\n")
    assert usage.ru_maxrss < 400 << 10


def test_any_other_btf_is_refused(probe, forge, mins, tmp_path):
    """The bundle keeps neither headers nor strings: only what btf_min_write() writes follows from the rest."""
    raw = forge.kernel("64")
    done = probe("bundle", tmp_path / "out", "plain", mins[0], raw, check=False)
    assert done.returncode == 3 and done.stderr.endswith(f"the BTF of '{raw.name}' is no min-BTF\n"), done
    longer = tmp_path / "longer"
    longer.write_bytes(mins[0].read_bytes() + b"unused\0")
    assert probe("bundle", tmp_path / "out", "plain", longer, check=False).returncode == 3
    assert not (tmp_path / "out").exists()


# --- in packages ---------------------------------------------------------------------------------


def without(lines):
    """How many candidates there are is what a min-BTF may change."""
    return [re.sub(r" cands=\d+", "", line) for line in lines]


def layer_of(path):
    blobs = skepfile.read(path)
    return next(dict(skepfile.layer_files(b)) for b in blobs.values() if b[:2] == b"\x1f\x8b")


@pytest.fixture(scope="module")
def library(session_skep, forge, tmp_path_factory):
    """A library of two small kernels."""
    home = tmp_path_factory.mktemp("library")
    later = tmp_path_factory.mktemp("later") / "later.c"
    later.write_text((SOURCES / "kernel.c").read_text().replace("char name[16];", "char name[16], more[8];"))
    for name, btf in (("toy/x86_64/1.0", forge.kernel("64")), ("toy/x86_64/1.1", forge.kernel("64", later))):
        session_skep("kernel", "add", btf, "--id", name, "--arch", "x86_64", env={"SKEP_HOME": home}).ok()
    return {"SKEP_HOME": home}


def pack(skep, forge, library, *args, part=1, out="x.skep"):
    obj = forge.object(part)
    named = skep.cwd / "toy.bpf.o"
    named.write_bytes(obj.read_bytes())
    return skep("pack", named, "--name", "toy", "--version", "1", "-o", out, *args, env=library)


def test_pack_puts_types_into_the_package(skep, forge, library, probe, tmp_path):
    pack(skep, forge, library, "--kernel", "toy/x86_64/1.0", "--kernel", "toy/x86_64/1.1").ok()
    files = layer_of(tmp_path / "x.skep")
    assert list(files) == ["toy.bpf.o", "skep/manifest.json", "skep/btf/kernels.btfs"]
    manifest = json.loads(files["skep/manifest.json"])
    kernels = manifest["kernels"]
    assert [(k["id"], k["arch"]) for k in kernels] == [("toy/x86_64/1.0", "x86_64"), ("toy/x86_64/1.1", "x86_64")]
    for kernel in kernels:
        assert kernel["profile"] in skep("kernel", "show", kernel["id"], env=library).ok().out
    (tmp_path / "b").write_bytes(files["skep/btf/kernels.btfs"])
    (tmp_path / "out/toy/x86_64").mkdir(parents=True)
    probe("unbundle", tmp_path / "b", tmp_path / "out")
    ours = tmp_path / "out/toy/x86_64/1.0"
    assert without(probe.whole(forge.object(1), ours)) == without(probe.whole(forge.object(1), forge.kernel("64")))
    table = skep("inspect", "x.skep").ok().out
    assert re.search(r"kernel types in the package\n\s+kernel +arch\n\s+toy/x86_64/1\.0 +x86_64\n\s+toy/x86_64/1\.1 +x86_64\n", table)


def test_same_profiles_same_bytes(skep, forge, library, tmp_path):
    pack(skep, forge, library, "--kernel", "toy/x86_64/1.0", "--kernel", "toy/x86_64/1.1", out="a.skep").ok()
    pack(skep, forge, library, "--kernel", "toy/x86_64/1.1", "--kernel", "toy/x86_64/1.0", out="b.skep").ok()
    pack(skep, forge, library, "--kernel", "toy/x86_64/1.0", out="c.skep").ok()
    read = lambda name: (tmp_path / name).read_bytes()
    assert read("a.skep") == read("b.skep") != read("c.skep")


NAMELESS = "kernel 'toy/x86_64/1.0' tells no release, by which run picks: it will not take these types"


def test_a_kernel_without_release_is_told_of(skep, forge, library, kernel_library, tmp_path):
    """Raw BTF is of some kernel; run, which asks the kernel for its release, has no use for it."""
    done = pack(skep, forge, library, "--kernel", "toy/x86_64/1.0").ok()
    assert done.err.splitlines() == [NAMELESS]
    btf_min = ["btf", "min", "toy.bpf.o", "--kernel", "toy/x86_64/1.0", "-o", "out"]
    assert skep(*btf_min, env=library).ok().err.splitlines() == [NAMELESS]
    assert skep(*btf_min, "--raw", env=library).ok().err == ""
    assert pack(skep, forge, {"SKEP_HOME": kernel_library}, "--kernel", "debian/bookworm").ok().err == ""


def test_a_kernel_that_is_not_there(skep, forge, library, tmp_path):
    done = pack(skep, forge, library, "--kernel", "toy/x86_64/9.9")
    assert done.rc != 0 and done.out == ""
    assert done.err.splitlines()[0].startswith("skep pack: no kernel 'toy/x86_64/9.9' for x86_64 in the library")
    assert not (tmp_path / "x.skep").exists()


def test_build_takes_what_the_library_has(skep, tiny, library, tmp_path):
    """A program that asks nothing of those kernels' types: whether others load there is tests/test_build_check.py's."""
    folder = tiny(files={"skep.yaml": YAML + "kernels: [toy/x86_64/1.0, debian/nowhere, '>=99']\n"})
    first = skep("build", "-C", folder, env=library).ok()
    line = "no kernel 'debian/nowhere' for x86_64 in the library: the package has no types for it"
    assert first.err.splitlines().count(line) == 1
    line = "no kernel in range '>=99' for x86_64 in the library: it selects nothing"
    assert first.err.splitlines().count(line) == 1
    assert first.err.splitlines().count(NAMELESS) == 1
    manifest = json.loads(layer_of(folder / "build/tiny.skep")["skep/manifest.json"])
    assert [k["id"] for k in manifest["kernels"]] == ["toy/x86_64/1.0"]
    again = skep("build", "-C", folder, "--json", env=library).ok()
    assert again.json()["steps"] == 0 and again.json()["digest"] in first.out
    # another profile under that name is another package; without the library there is none, and nothing is checked
    empty = skep("build", "-C", folder, "--json", env={"SKEP_HOME": tmp_path / "none"}).ok()
    assert empty.json()["steps"] == 2 and empty.json()["digest"] not in first.out
    assert "kernels" not in json.loads(layer_of(folder / "build/tiny.skep")["skep/manifest.json"])


def test_manifests_that_list_kernels_wrongly(skep, tmp_path):
    """Written by nobody's code but the tests'."""
    good = {"id": "a", "release": "1", "arch": "x86_64", "profile": "sha256:" + "0" * 64}

    def write(kernels):
        image = skepfile.Image(change=lambda meta: meta.update(kernels=kernels))
        (tmp_path / "x.skep").write_bytes(skepfile.Layout(image).bytes())
        return skep("verify", "x.skep", "--trust", tmp_path / "trust", "--allow-unsigned")

    (tmp_path / "trust").mkdir(mode=0o700)
    assert write([good, {**good, "id": "b"}]).rc == 0
    for kernels, why in (
        ([{**good, "id": "b"}, good], "kernel 'a' is out of order or twice"),
        ([good, good], "kernel 'a' is out of order or twice"),
        ([{**good, "profile": "sha256:0"}], "kernel has no proper 'profile'"),
        ([{**good, "arch": "vax"}], "kernel has no proper 'arch'"),
        ([{**good, "id": ""}], "kernel has no proper 'id'"),
        ({}, "manifest has no proper 'kernels'"),
    ):
        done = write(kernels)
        assert done.rc == 1 and done.err.splitlines()[0].endswith(why), done


def test_architectures_that_share_objects_share_the_bundle(skep, project, kernel_library):
    folder = project("xdp-filter", build=False)
    yaml = folder / "skep.yaml"
    text = re.sub(r"^(kernels|arch):.*\n", "", yaml.read_text(), flags=re.M)
    yaml.write_text(text + "kernels: [debian/bookworm]\narch: [x86_64, arm64]\n")
    skep("build", "-C", folder, env={"SKEP_HOME": kernel_library}).ok()
    blobs = skepfile.read(folder / "build/xdp-filter.skep")
    assert sum(b[:2] == b"\x1f\x8b" for b in blobs.values()) == 1
    manifest = json.loads(layer_of(folder / "build/xdp-filter.skep")["skep/manifest.json"])
    assert [k["arch"] for k in manifest["kernels"]] == ["arm64", "x86_64"]
