# SPDX-License-Identifier: BSD-2-Clause
"""What guests are started with: kernels out of their images, and modules; judged by cpio, readelf and the packages."""

import hashlib
import json
import os
import re
import shutil
import subprocess

import pytest

import kernelfile
from bootprobe import boot_probe  # noqa: F401
from kernelfile import RELEASE, module, pack
from kernelhome import files, home, lib  # noqa: F401

FOLDER = f"lib/modules/{RELEASE}"


def loadable(*depends, arch="x86_64", **more):
    """A module that could be loaded, by the sections it has."""
    info = f"license=GPL\0depends={','.join(depends)}\0vermagic={RELEASE} SMP mod_unload \0".encode()
    parts = {".gnu.linkonce.this_module": bytes(64), ".modinfo": info, **more}
    return module(None, arch, **parts)


@pytest.fixture
def tree(tmp_path):
    """tree(NAME=module, …) -> folder of a kernel with these modules"""
    serial = iter(range(100))

    def make(**modules):
        parts = {f"boot/vmlinuz-{RELEASE}": kernelfile.bzimage(pack("xz", kernelfile.vmlinux(kernelfile.btf(padding=100))))}
        for name, data in modules.items():
            stem, _, form = name.partition("__")
            parts[f"{FOLDER}/kernel/{stem}.ko" + {"xz": ".xz", "zstd": ".zst", "gzip": ".gz", "": ""}[form]] = pack(form, data) if form else data
        return kernelfile.write(tmp_path / f"tree{next(serial)}", parts)

    return make


def shown(lib):  # noqa: F811
    (row,) = lib("list", "--json").ok().json()["kernels"]
    return lib("show", row["id"], "--json").ok().json()


def blob(lib):  # noqa: F811
    (path,) = [f["path"] for f in shown(lib)["files"] if f["what"] == "module files"]
    return path


def unpacked(path, folder):
    folder.mkdir()
    done = subprocess.run(["cpio", "-i", "--quiet"], stdin=open(path, "rb"), cwd=folder, capture_output=True, text=True)
    assert (done.returncode, done.stderr) == (0, "")
    return {p.name: p.read_bytes() for p in folder.iterdir()}


# --- which modules are kept ----------------------------------------------------------------------


@pytest.mark.need("cpio")
def test_usual_modules_are_kept(lib, home, tree, tmp_path):
    stp, llc, veth = loadable("llc"), loadable(), loadable()
    lib("add", tree(stp__xz=stp, llc=llc, veth__zstd=veth, ext4=loadable(), sch_fq__gzip=loadable("nothing"))).ok()
    assert shown(lib)["loadable"] == ["llc", "sch_fq", "stp", "veth"]
    found = unpacked(blob(lib), tmp_path / "out")
    assert found.pop("modules.dep") == b"llc.ko:\nsch_fq.ko: nothing.ko\nstp.ko: llc.ko\nveth.ko:\n"
    assert found == {"stp.ko": stp, "llc.ko": llc, "veth.ko": veth, "sch_fq.ko": loadable("nothing")}
    assert hashlib.sha256(open(blob(lib), "rb").read()).hexdigest() == os.path.basename(blob(lib))


def test_none_is_kept(lib, home, tree):
    lib("add", tree(ext4=loadable())).ok()
    assert shown(lib)["loadable"] == [] and "module files" not in [f["what"] for f in shown(lib)["files"]]
    (profile,) = [json.loads(d) for n, d in files(home).items() if n.startswith("kernels/")]
    assert "module_files" not in profile


def test_named_modules_with_what_they_depend_on(lib, tree):
    modules = dict(mbcache__xz=loadable(), jbd2=loadable("mbcache"), ext4__xz=loadable("mbcache,jbd2"), xfs=loadable(), veth=loadable())
    modules["a-b"] = loadable()
    folder = tree(**modules)
    done = lib("add", folder, "--module", "ext4", "--module", "a-b", "--module", "nonesuch").ok()
    assert shown(lib)["loadable"] == ["a_b", "ext4", "jbd2", "mbcache", "veth"]
    assert f"{RELEASE}: no module 'nonesuch' to keep" in done.err
    lib("add", folder, "--module", "all").ok()
    assert shown(lib)["loadable"] == ["a_b", "ext4", "jbd2", "mbcache", "veth", "xfs"]


def test_more_modules_of_the_same_kernel(lib, home, tree):
    folder = tree(veth=loadable(), ext4=loadable(), xfs=loadable())
    first = lib("add", folder, "--json").ok().json()["kernels"][0]
    assert first["status"] == "new"
    before = files(home)
    again = lib("add", folder, "--module", "ext4", "--json").ok().json()["kernels"][0]
    assert (again["status"], again["digest"]) == ("known", first["digest"])
    assert shown(lib)["loadable"] == ["ext4", "veth"]
    lib("add", folder, "--module", "xfs").ok()
    assert shown(lib)["loadable"] == ["ext4", "veth", "xfs"]
    lib("add", folder).ok()
    assert shown(lib)["loadable"] == ["ext4", "veth", "xfs"], "what was kept stays"
    # of the archives of before nothing is left
    assert len(files(home)) == len(before)
    (name,) = [n for n in before if n.startswith("kernels/")]
    assert json.loads(files(home)[name])["sources"] == json.loads(before[name])["sources"]


def test_old_profiles_gain_them(lib, home, tree):
    """As a version wrote it that kept none."""
    folder = tree(veth=loadable())
    lib("add", folder).ok()
    (path,) = (home / "kernels").iterdir()
    profile = json.loads(path.read_text())
    kept = profile.pop("module_files")
    path.write_text(json.dumps(profile, sort_keys=True, separators=(",", ":")))
    assert shown(lib)["loadable"] == []
    lib("add", folder).ok()
    assert json.loads(path.read_text()) == {**profile, "module_files": kept} and shown(lib)["loadable"] == ["veth"]


@pytest.mark.parametrize("value", ['"sha256:12"', "null", "7"])
def test_profile_that_is_malformed(lib, home, tree, value):
    lib("add", tree(veth=loadable())).ok()
    (path,) = (home / "kernels").iterdir()
    path.write_text(re.sub(r'"module_files":"[^"]*"', f'"module_files":{value}', path.read_text()))
    done = lib("list")
    what = "is no digest" if "sha" in value else "is missing or no string"
    assert done.rc == 1 and done.err.splitlines()[0].endswith(f"malformed profile: 'module_files' {what}")


def test_removed_with_the_kernel(lib, home, tree):
    lib("add", tree(veth=loadable())).ok()
    size = os.path.getsize(blob(lib))
    (row,) = lib("list", "--json").ok().json()["kernels"]
    assert row["bytes"] >= size
    assert lib("remove", row["id"], "--json").ok().json()["bytes"] >= size
    assert files(home) == {}


def test_damaged_blob_is_mended(lib, home, tree):
    folder = tree(veth=loadable())
    lib("add", folder).ok()
    path, data = blob(lib), open(blob(lib), "rb").read()
    open(path, "ab").write(b"x")
    assert shown(lib)["loadable"] == []
    lib("add", folder).ok()
    assert open(path, "rb").read() == data


def test_debuggers_files_are_not_modules(lib, tree, tmp_path):
    """Packages for debuggers have files of the same names, which hold none of what is loaded."""
    debug = tmp_path / "debug"
    parts = {f"{FOLDER}/kernel/{n}.ko": module(None) for n in ("veth", "dummy")}
    lib("add", kernelfile.write(debug, parts), tree(veth=loadable())).ok()
    assert shown(lib)["loadable"] == ["veth"]


def test_modules_of_no_kernel(lib, tmp_path):
    done = lib("add", kernelfile.write(tmp_path / "alone", {f"{FOLDER}/kernel/veth.ko": loadable()}))
    assert done.rc == 2, done


def test_damaged_module(lib, home, tree):
    folder = tree(veth=loadable(), ext4__xz=loadable())
    (path,) = folder.rglob("ext4.ko.xz")
    path.write_bytes(path.read_bytes()[:-20])
    done = lib("add", folder, "--module", "ext4")
    assert done.rc == 1 and "ext4" in done.err, done
    assert not files(home)


# --- what a guest gets of them -------------------------------------------------------------------


@pytest.fixture
def modules(boot_probe, lib, home, tree, tmp_path):  # noqa: F811
    """modules(kept, *names) -> what boot_modules() gives, in order"""

    def run(kept, *names):
        lib("add", tree(**kept), "--module", "all").ok()
        (row,) = lib("list", "--json").ok().json()["kernels"]
        out = tmp_path / "modules"
        out.mkdir()
        lines = boot_probe("modules", home, row["id"], out, *names).ok().out.splitlines()
        for name in (n for n in lines if " " not in n):
            assert (out / f"{name}.ko").read_bytes() == kept[name]
        return lines

    return run


def test_order_of_loading(modules):
    kept = dict(a=loadable("b", "c"), b=loadable("d"), c=loadable("d"), d=loadable(), e=loadable())
    assert modules(kept, "a", "d", "c") == ["d", "b", "c", "a"]


def test_missing_modules(modules):
    kept = dict(a=loadable("b"), b=loadable("gone"), c=loadable())
    assert modules(kept, "c", "a", "nonesuch", "gone", "") == ["c", "missing a", "missing nonesuch", "missing gone", "missing "]


def test_ring_of_modules(modules):
    kept = dict(a=loadable("b"), b=loadable("a"), c=loadable("c"), d=loadable())
    assert modules(kept, "a", "b", "c", "d") == ["d", "missing a", "missing b", "missing c"]


def test_tower_of_modules(modules):
    kept = {f"m{i:03}": loadable(f"m{i + 1:03}") for i in range(100)}
    kept["m100"] = loadable()
    lines = modules(kept, "m090", "m000")
    assert lines == [*(f"m{i:03}" for i in range(100, 89, -1)), "missing m000"]


def test_kernel_without_modules(boot_probe, lib, home, tree, tmp_path):  # noqa: F811
    lib("add", tree()).ok()
    (row,) = lib("list", "--json").ok().json()["kernels"]
    assert boot_probe("modules", home, row["id"], tmp_path, "veth").ok().out == "missing veth\n"


# --- kernels -------------------------------------------------------------------------------------


@pytest.fixture(scope="module")
def started(boot_probe, kernel_library):  # noqa: F811
    """started(ID, cache) -> [how, path]"""

    def run(id, cache=None, **kw):
        done = boot_probe("kernel", kernel_library, id, cache or "-", **kw).ok()
        return done.out.splitlines()

    return run


@pytest.mark.need("readelf")
def test_kernel_is_unpacked_once(started, kernel_library, tmp_path):
    how, path = started("debian/bullseye", tmp_path)
    assert how == "direct" and path.startswith(str(tmp_path / "boot/"))
    notes = subprocess.run(["readelf", "-nW", path], capture_output=True, text=True).stdout
    assert re.search(r"Xen\s+0x00000008\s.*\(0x00000012\)", notes)
    ino, data = os.stat(path).st_ino, open(path, "rb").read()
    assert started("debian/bullseye", tmp_path) == [how, path] and os.stat(path).st_ino == ino
    shutil.copy(path, tmp_path / "copy")
    with open(path, "r+b") as f:
        f.seek(1 << 20)
        f.write(b"damage")
    assert started("debian/bullseye", tmp_path) == [how, path]
    assert open(path, "rb").read() == data and os.stat(path).st_ino != ino
    # from elsewhere, whole: it is looked at and taken
    shutil.copy(tmp_path / "copy", path)
    ino = os.stat(path).st_ino
    assert started("debian/bullseye", tmp_path) == [how, path] and os.stat(path).st_ino == ino


def test_image_where_nothing_is_kept(started, kernel_library, tmp_path):
    image = shown_image(kernel_library, "debian,bullseye")
    assert started("debian/bullseye") == ["image", str(image)]
    (tmp_path / "file").write_text("")
    assert started("debian/bullseye", tmp_path / "file") == ["image", str(image)]


def shown_image(library, begin):
    (path,) = (library / "kernels").glob(f"{begin}*x86_64*")
    return library / "blobs/sha256" / json.loads(path.read_text())["image"][7:]


def test_other_architectures_start_from_the_image(started, tmp_path):
    how, path = started("debian/bookworm/arm64", tmp_path)
    assert how == "image" and not (tmp_path / "boot").exists()


def test_kernel_that_cannot_start_as_it_lies(boot_probe, lib, home, tree, tmp_path):  # noqa: F811
    """It is unpacked once, to see that."""
    lib("add", tree()).ok()
    (row,) = lib("list", "--json").ok().json()["kernels"]
    for _ in range(2):
        assert boot_probe("kernel", home, row["id"], tmp_path / "cache").ok().out.startswith("image\n")
        (kept,) = (tmp_path / "cache/boot").iterdir()
        assert kept.stat().st_size == 40


def test_damaged_image(boot_probe, lib, home, tree, tmp_path):  # noqa: F811
    folder = tree()
    lib("add", folder).ok()
    (row,) = lib("list", "--json").ok().json()["kernels"]
    (image,) = [f["path"] for f in shown(lib)["files"] if f["what"] == "image"]
    with open(image, "ab") as f:
        f.write(b"x")
    done = boot_probe("kernel", home, row["id"], tmp_path / "cache")
    assert (done.rc, done.err.splitlines()) == (1, [
        f"{image}: its bytes are not what its name says",
        "hint: add the kernel again: that mends it",
    ])  # fmt: skip
    lib("add", folder).ok()
    boot_probe("kernel", home, row["id"], tmp_path / "cache").ok()


def test_without_the_program_that_unpacks(boot_probe, kernel_library, tmp_path):  # noqa: F811
    (tmp_path / "bin").mkdir()
    alone = shutil.copy(boot_probe.path, tmp_path / "bin/alone")
    done = boot_probe("kernel", kernel_library, "debian/bullseye", tmp_path / "cache", program=alone).ok()
    assert done.out.startswith("image\n")


def test_kernel_without_an_image(boot_probe, lib, home, tmp_path):  # noqa: F811
    (tmp_path / "x.btf").write_bytes(kernelfile.btf(padding=100))
    lib("add", tmp_path / "x.btf", "--arch", "x86_64", "--id", "my/kernel").ok()
    done = boot_probe("kernel", home, "my/kernel", tmp_path)
    assert (done.rc, done.err.splitlines()) == (2, [
        "the library has no image of 'my/kernel' to start",
        "hint: add its vmlinuz, or the package that has it: skep kernel add FILE",
    ])  # fmt: skip


def test_cache_is_bounded(boot_probe, lib, home, tree, tmp_path):  # noqa: F811
    kept = tmp_path / "cache/boot"
    kept.mkdir(parents=True)
    for i in range(30):
        (kept / f"{i:064x}").write_bytes(b"old")
        os.utime(kept / f"{i:064x}", (i, i))
    (kept / "0123.1.tmp").write_bytes(b"of a writer that died")
    os.utime(kept / "0123.1.tmp", (1, 1))
    lib("add", tree()).ok()
    (row,) = lib("list", "--json").ok().json()["kernels"]
    boot_probe("kernel", home, row["id"], tmp_path / "cache").ok()
    left = sorted(p.name for p in kept.iterdir())
    assert len(left) == 16 and f"{29:064x}" in left and f"{0:064x}" not in left and "0123.1.tmp" not in left


# --- skep kernel unpack --------------------------------------------------------------------------


@pytest.mark.parametrize("form", ["gzip", "xz", "zstd", "lz4"])
def test_unpack(lib, tmp_path, form):
    inside = kernelfile.vmlinux(kernelfile.btf(padding=100))
    (tmp_path / "vmlinuz").write_bytes(kernelfile.bzimage(pack(form, inside)))
    done = lib("unpack", tmp_path / "vmlinuz", "-o", tmp_path / "vmlinux").ok()
    assert (tmp_path / "vmlinux").read_bytes() == inside
    assert done.out.split() == ["output:", str(tmp_path / "vmlinux"), "bytes:", str(len(inside))]


def test_unpack_what_is_no_image(lib, tmp_path):
    (tmp_path / "x").write_bytes(b"MZ" + bytes(100000))
    done = lib("unpack", tmp_path / "x", "-o", tmp_path / "y")
    assert (done.rc, done.err) == (2, f"skep kernel unpack: {tmp_path}/x: no kernel that can be unpacked was found in the image\n")
    assert not (tmp_path / "y").exists()
    done = lib("unpack", tmp_path / "x")
    assert done.rc == 2 and done.err.splitlines() == ["skep kernel unpack: nothing says where to", "  hint: -o FILE"]
