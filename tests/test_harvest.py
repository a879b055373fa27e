# SPDX-License-Identifier: BSD-2-Clause
"""What files say of kernels: every form that distributions use, put together by kernel; and every attack."""

import gzip
import io
import os
import shutil
import struct
import subprocess
import tarfile
import time
from pathlib import Path

import pytest

import kernelfile
from kernelfile import BANNER, RELEASE, VERSION, bzimage, config, deb, elf, flat, module, module_btf, noise, pack, vmlinux, write, zboot

BTF = kernelfile.btf(padding=300)
NOTHING = "there is nothing of a kernel in it"


class Kernel:
    """What the probe wrote of one kernel: facts by name, blobs as bytes."""

    def __init__(self, folder):
        self.folder, self.modules, self.sources = folder, [], {}
        for line in (folder / "facts").read_text().splitlines():
            key, value = line.split(" ", 1)
            if key == "module":
                self.modules.append(value)
            elif key == "source":
                self.sources.update([value.rsplit(" ", 1)])
            else:
                setattr(self, key, None if value == "-" else value)

    def blob(self, name):
        path = self.folder / name
        return path.read_bytes() if path.exists() else None

    btf = property(lambda self: self.blob("btf"))
    config = property(lambda self: self.blob("config"))
    image = property(lambda self: self.blob("image"))

    def module(self, name):
        return self.blob(f"module.{name}")


@pytest.fixture(scope="session")
def program(build_dir, tmp_path_factory, repo):
    path = tmp_path_factory.mktemp("probe") / "probe_harvest"
    flags = (build_dir / "flags").read_text().split()
    libs = [build_dir / "libskep-kernel.a", build_dir / "libskep.a"]
    libs += "-larchive -llzma -llzo2 -lelf -lz -ljansson -lcrypto -pthread".split()
    argv = [*flags, "-Wl,--gc-sections", "-o", path, "tests/probe_harvest.c", *libs]
    done = subprocess.run([str(a) for a in argv], cwd=repo, capture_output=True, text=True)
    assert done.returncode == 0, done.stderr
    return path


@pytest.fixture
def probe(program, tmp_path):
    """probe(*paths) -> CompletedProcess with .kernels; afterwards nothing is left in the folder for temporary files."""
    serial = iter(range(1000000))

    def run(*paths, jobs=2, env=None, cwd=None, timeout=120):
        out, tmp = tmp_path / f"out{next(serial)}", tmp_path / "temporary"
        out.mkdir(), tmp.mkdir(exist_ok=True)
        argv = [program, out, jobs, tmp, *paths]
        environ = {**os.environ, "UBSAN_OPTIONS": "halt_on_error=1", **(env or {})}
        done = subprocess.run([str(a) for a in argv], capture_output=True, text=True, env=environ, cwd=cwd, timeout=timeout)
        assert done.returncode in (0, 1, 2, 3) and "Sanitizer" not in done.stderr, done
        assert not list(tmp.iterdir())
        done.kernels = [Kernel(p) for p in sorted(out.iterdir())]
        assert not (done.returncode and done.kernels)
        return done

    return run


@pytest.fixture
def one(probe):
    """The only kernel that these paths hold."""

    def run(*paths, **kw):
        done = probe(*paths, **kw)
        assert done.returncode == 0 and len(done.kernels) == 1, (done, done.kernels)
        return done.kernels[0]

    return run


@pytest.fixture
def refused(probe):
    """Exit code and the whole first line after the file's name."""

    def run(path, code, text, *, hint=None, **kw):
        done = probe(path, **kw)
        lines = done.stderr.splitlines()
        assert (done.returncode, lines[0]) == (code, f"{path}: {text}"), done
        assert hint is None or f"  hint: {hint}" in lines, done
        return done

    return run


def put(path, data):
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_bytes(data)
    return path


# --- images --------------------------------------------------------------------------------------


@pytest.mark.parametrize("form", ["gzip", "xz", "zstd", "lz4", "lzop", "bzip2", "lzma"])
@pytest.mark.parametrize("where", ["header", "search"])
def test_bzimage(one, tmp_path, form, where):
    kernel = vmlinux(BTF)
    magic = {"gzip": b"\x1f\x8b\x08\0", "xz": b"\xfd7zXZ\0", "zstd": b"\x28\xb5\x2f\xfd", "lz4": b"\x02\x21\x4c\x18"}.get(form, b"")
    image = bzimage(pack(form, kernel), before=noise(99) + magic + noise(99), size=len(kernel), version=0x20F if where == "header" else 0x207)
    found = one(put(tmp_path / "some-file", image))
    assert found.btf == BTF and found.image == image
    assert (found.release, found.version, found.arch) == (RELEASE, VERSION, "x86_64")
    assert (found.flavour, found.ptr_size, found.big_endian) == ("cloud", "8", "0")


def test_bzimage_says_its_name_though_its_kernel_cannot_be_read(one, tmp_path):
    image = bzimage(noise(5000))
    found = one(put(tmp_path / "vmlinuz", image))
    assert (found.release, found.version, found.image, found.btf) == (RELEASE, VERSION, image, None)
    assert found.why_no_btf == "no kernel that can be unpacked was found in the image"


def test_kernel_without_btf_says_why(one, tmp_path):
    found = one(put(tmp_path / "vmlinuz", bzimage(pack("gzip", vmlinux(None)))))
    assert (found.btf, found.why_no_btf) == (None, "the kernel in the image holds no BTF")
    write(tmp_path, {f"boot/vmlinuz-{RELEASE}": bzimage(pack("gzip", vmlinux(None))), f"boot/config-{RELEASE}": config().replace(b"CONFIG_DEBUG", b"# ")})
    assert one(tmp_path / "boot").why_no_btf == "it was built without CONFIG_DEBUG_INFO_BTF"


@pytest.mark.parametrize("magic, arch", [(b"ARM\x64", "arm64"), (b"RSC\x05", "riscv64")])
def test_flat_images(one, tmp_path, magic, arch):
    image = flat(BTF, magic, config=config())
    for name, data in (("Image", image), ("Image.gz", gzip.compress(image)), ("vmlinuz.efi", zboot(pack("zstd", image)))):
        found = one(put(tmp_path / name, data))
        assert (found.btf, found.config, found.arch, found.release, found.version) == (BTF, config(), arch, RELEASE, VERSION), name
        assert found.image == (data if name == "vmlinuz.efi" else image)


def test_arm_zimage(one, tmp_path):
    image = bytearray(noise(4096, 12))
    image[0x24:0x28] = struct.pack("<I", 0x016F2818)
    found = one(put(tmp_path / "zImage", image + pack("lzop", flat(BTF, b"none")) + noise(100)))
    assert (found.btf, found.arch, found.ptr_size, found.release) == (BTF, "arm", "4", RELEASE)


def test_big_endian_image(one, tmp_path):
    types = kernelfile.btf(order=">", padding=300)
    image = bytearray(noise(0x11000, 11))
    image[0x10008:0x1000E] = b"S390EP"
    image += pack("gzip", flat(types, b"none", ">"))
    found = one(put(tmp_path / "vmlinuz-s390", image))
    assert (found.btf, found.arch, found.big_endian, found.version) == (types, "s390x", "1", VERSION)


# --- vmlinux and raw BTF -------------------------------------------------------------------------


@pytest.mark.parametrize("arch, order, size", [("x86_64", "<", "8"), ("arm64", "<", "8"), ("s390x", ">", "8"), ("arm", "<", "4")])
def test_vmlinux_of_any_class_and_byte_order(one, tmp_path, tool, arch, order, size):
    types = kernelfile.btf(order=order)
    path = put(tmp_path / "vmlinux", vmlinux(types, arch))
    assert "There are no relocations" in tool("readelf", "-r", path).stdout
    for name in ("vmlinux", "vmlinux.xz"):
        data = path.read_bytes() if name == "vmlinux" else pack("xz", path.read_bytes())
        found = one(put(tmp_path / name, data))
        assert (found.btf, found.arch, found.ptr_size, found.big_endian) == (types, arch, size, str(int(order == ">")))
        assert (found.release, found.image) == (RELEASE, None)


@pytest.fixture
def dwarf(tool, tmp_path):
    """A kernel with DWARF only, from a compiler."""
    source = put(
        tmp_path / "kernel.c",
        b'const char banner[] __attribute__((used)) = "Linux version %b (me) %b\\n";\n' % (RELEASE.encode(), VERSION.encode())
        + b"struct task_struct { int pid; struct task_struct *real_parent; } init_task;\nint start(void) { return init_task.pid; }\n",
    )
    tool("cc", "-g", "-nostdlib", "-static", "-Wl,-e,start", "-o", tmp_path / "vmlinux", source)
    return tmp_path / "vmlinux"


def test_dwarf_goes_through_pahole(one, dwarf, tmp_path, bpftool, need):
    need("pahole")
    found = one(dwarf)
    (tmp_path / "types").write_bytes(found.btf)
    assert "struct task_struct *real_parent;" in bpftool("btf", "dump", "file", tmp_path / "types", "format", "c").stdout
    assert (found.release, found.version) == (RELEASE, VERSION)
    assert one(put(tmp_path / "packed/vmlinux.zst", pack("zstd", dwarf.read_bytes()))).btf == found.btf


def test_dwarf_without_pahole(refused, dwarf, tmp_path):
    text = "vmlinux has DWARF only, and pahole is missing"
    refused(dwarf, 3, text, hint="install pahole (package dwarves), or add a kernel with BTF", env={"PATH": str(tmp_path)})


def test_pahole_that_fails(refused, dwarf, tmp_path):
    fake = put(tmp_path / "bin/pahole", b"#!/bin/sh\necho 'cannot do it'; echo more; exit 7\n")
    fake.chmod(0o755)
    refused(dwarf, 3, "pahole ends with 7: cannot do it", env={"PATH": f"{fake.parent}:{os.environ['PATH']}"})
    fake.write_bytes(b"#!/bin/sh\nexit 0\n")
    refused(dwarf, 3, "pahole made no BTF", env={"PATH": f"{fake.parent}:{os.environ['PATH']}"})


@pytest.mark.parametrize("order", "<>")
def test_raw_btf(one, tmp_path, order):
    types = kernelfile.btf(order=order)
    found = one(put(tmp_path / "types.btf", types))
    assert (found.btf, found.big_endian, found.release, found.arch) == (types, str(int(order == ">")), None, None)
    found = one(put(tmp_path / "5.4.0-91-generic.btf", types))
    assert (found.btf, found.release, found.flavour) == (types, "5.4.0-91-generic", "generic")


def btfhub(path, release, types):
    path.parent.mkdir(parents=True, exist_ok=True)
    with tarfile.open(path, "w:xz") as tar:
        info = tarfile.TarInfo(f"./{release}.btf")
        info.size = len(types)
        tar.addfile(info, io.BytesIO(types))
    return path


def test_btfhub(one, probe, tmp_path):
    names = [("ubuntu", "20.04", "x86_64", "5.4.0-91-generic"), ("ubuntu", "20.04", "arm64", "5.4.0-91-generic"), ("fedora", "32", "x86_64", "5.6.6-300.fc32.x86_64")]
    for i, (distro, suite, arch, release) in enumerate(names):
        types = kernelfile.btf((f"member{i}",))
        path = btfhub(tmp_path / "hub" / distro / suite / arch / f"{release}.btf.tar.xz", release, types)
        found = one(path)
        assert (found.distro, found.suite, found.arch, found.release, found.btf) == (distro, suite, arch, release, types)
    assert found.flavour is None
    put(tmp_path / "hub/README.md", b"not a kernel"), put(tmp_path / "hub/other.tar.xz", b"\xfd7zXZ\0 damaged, but nothing of a kernel")
    done = probe(tmp_path / "hub")
    assert sorted((k.distro, k.suite, k.arch, k.release) for k in done.kernels) == sorted(names)


# --- packages ------------------------------------------------------------------------------------

CHANGELOG = gzip.compress(b"linux-signed-amd64 (6.9.7+1) bookworm-security; urgency=high\n\n  * x\n")
OTHER = f"usr/share/doc/linux-image-{RELEASE}/changelog.Debian.gz"


def kernel_files(image=None, modules=None, prefix="", form=None, suffix=""):
    files = {f"boot/vmlinuz-{RELEASE}": image or bzimage(pack("zstd", vmlinux(BTF))), f"boot/config-{RELEASE}": config()}
    for name, data in (modules or {"nf-conntrack": module(module_btf(("a",))), "veth": module(module_btf(("b",)))}).items():
        files[f"{prefix}lib/modules/{RELEASE}/kernel/net/{name}.ko{suffix}"] = pack(form, data) if form else data
    return {**files, OTHER: CHANGELOG}


def check_whole(found):
    assert (found.release, found.version, found.arch, found.flavour) == (RELEASE, VERSION, "x86_64", "cloud")
    assert (found.btf, found.config, found.modules) == (BTF, config(), ["nf_conntrack", "veth"])
    assert found.module("nf_conntrack") == module_btf(("a",)) and found.module("veth") == module_btf(("b",))
    assert found.image[0x202:0x206] == b"HdrS"


@pytest.mark.parametrize("outer", ["xz", "zstd", "gzip"])
@pytest.mark.parametrize("inner, suffix", [(None, ""), ("xz", ".xz"), ("zstd", ".zst"), ("gzip", ".gz")])
def test_deb(one, tmp_path, tool, outer, inner, suffix):
    path = deb(write(tmp_path / "root", kernel_files(form=inner, suffix=suffix)), tmp_path / "k.deb", form=outer)
    for jobs in (1, 2, 5):
        found = one(path, jobs=jobs)
        check_whole(found)
    assert (found.distro, found.suite, found.package_version) == ("debian", "bookworm", "6.9.7-1")
    assert found.sources == {"k.deb": "sha256:" + tool("sha256sum", path).stdout.split()[0]}


def test_debs_of_one_kernel_come_together(one, probe, tmp_path):
    release = "7.2.12+deb14-cloud-amd64"
    banner = BANNER.replace(RELEASE.encode(), release.encode())
    folder = f"usr/lib/modules/{release}"
    image = bzimage(pack("gzip", vmlinux(BTF, banner=banner)), f"{release} (me) {VERSION}")
    parts = {
        "base": {f"{folder}/config": config(), f"usr/share/doc/linux-base-{release}/changelog.Debian.gz": gzip.compress(b"linux (7.2.12-1) unstable; urgency=medium\n")},
        "binary": {f"{folder}/vmlinuz": image},
        "image": {"usr/share/lintian/overrides/x": b"x"},
        "modules": {f"{folder}/kernel/fs/ext4/ext4.ko.xz": pack("xz", module(module_btf()))},
    }
    debs = [deb(write(tmp_path / part, files), tmp_path / "debs" / f"{part}.deb", f"linux-{part}-{release}", "7.2.12-1") for part, files in parts.items() if (tmp_path / "debs").mkdir(exist_ok=True) is None]
    for paths in (debs, debs[::-1], [tmp_path / "debs"]):
        found = one(*paths)
        assert (found.btf, found.config, found.image, found.modules) == (BTF, config(), image, ["ext4"])
        assert (found.suite, found.flavour, found.package_version) == ("forky", "cloud", "7.2.12-1")
        assert sorted(found.sources) == ["base.deb", "binary.deb", "image.deb", "modules.deb"]
    found = one(debs[3])
    assert (found.release, found.modules, found.btf) == (release, ["ext4"], None)
    assert found.why_no_btf == "neither vmlinux nor an image of it is among the files"
    other = deb(write(tmp_path / "older", parts["modules"]), tmp_path / "older.deb", f"linux-modules-{release}", "7.2.12-0")
    assert len(probe(debs[1], other).kernels) == 2, "another build of the same release"


def test_debian_suites(one, tmp_path):
    for serial, (release, line, suite, maintainer) in enumerate(
        [
            (RELEASE, b"linux (6.9.7-1) trixie; urgency=low\n", "trixie", "x@debian.org"),
            (RELEASE, b"linux (6.9.7-1~bpo12+1) bookworm-backports; urgency=low\n", "bookworm-backports", "x@debian.org"),
            (RELEASE, b"linux (6.9.7-1) unstable; urgency=low\n", "unstable", "x@debian.org"),
            (RELEASE, b"linux (5.4.0-91.102) focal; urgency=low\n", "20.04", "Ubuntu Kernel Team <x@lists.ubuntu.com>"),
            (RELEASE, b"python (1) nonsense; urgency=low\n", None, "x@debian.org"),
        ]
    ):
        files = {**kernel_files(), OTHER: gzip.compress(line)}
        found = one(deb(write(tmp_path / f"r{serial}", files), tmp_path / f"{serial}.deb", maintainer=maintainer))
        assert (found.suite, found.distro) == (suite, "ubuntu" if "ubuntu" in maintainer else "debian")


def test_rpm(one, tmp_path, tool, need):
    need("rpmbuild")
    release = "6.9.7-200.fc40.x86_64"
    image = bzimage(pack("zstd", vmlinux(BTF, banner=BANNER.replace(RELEASE.encode(), release.encode()))), f"{release} (me) {VERSION}")
    write(tmp_path / "root", {f"lib/modules/{release}/{name}": data for name, data in (("vmlinuz", image), ("config", config()), ("kernel/x.ko.xz", pack("xz", module(module_btf()))))})
    spec = f"""
Name: kernel-core
Version: 6.9.7
Release: 200.fc40
Summary: kernel
License: GPL
Vendor: Fedora Project
BuildArch: x86_64
%description
%define __os_install_post %{{nil}}
%define _build_id_links none
%install
mkdir -p %{{buildroot}} && cp -r {tmp_path}/root/. %{{buildroot}}/
%files
/lib/modules/{release}
"""
    for payload in ("w9.xzdio", "w3.zstdio", "w6.gzdio"):
        put(tmp_path / "k.spec", spec.encode())
        tool("rpmbuild", "-bb", "--target", "x86_64", "--define", f"_topdir {tmp_path}/rpm", "--define", f"_binary_payload {payload}", tmp_path / "k.spec")
        found = one(next((tmp_path / "rpm/RPMS").rglob("*.rpm")))
        assert (found.release, found.distro, found.suite, found.flavour, found.package_version) == (release, "fedora", "40", None, "6.9.7-200.fc40"), payload
        assert (found.arch, found.btf, found.config, found.image, found.modules) == ("x86_64", BTF, config(), image, ["x"])


@pytest.mark.parametrize("form", ["gzip", "zstd", "xz", None])
def test_other_archives(one, tmp_path, tool, form):
    """Arch's packages, and any tar that holds lib/modules/<release>."""
    root = write(tmp_path / "root", {f"usr/lib/modules/{RELEASE}/{n}": d for n, d in (("vmlinuz", bzimage(pack("lz4", vmlinux(BTF)))), ("kernel/a/veth.ko.zst", pack("zstd", module(module_btf()))))})
    write(root, {".PKGINFO": b"pkgname = linux\npkgver = 6.9.7.arch1-1\narch = x86_64\n"})
    tool("tar", "-C", root, "-cf", tmp_path / "k.tar", ".PKGINFO", "usr")
    data = (tmp_path / "k.tar").read_bytes()
    found = one(put(tmp_path / "linux.pkg.tar.x", pack(form, data) if form else data))
    assert (found.btf, found.modules, found.distro, found.package_version, found.arch) == (BTF, ["veth"], "arch", "6.9.7.arch1-1", "x86_64")


def test_cpio_and_zip(one, tmp_path, tool, need):
    need("cpio", "zip")
    root = write(tmp_path / "root", kernel_files())
    names = "\n".join(str(p.relative_to(root)) for p in root.rglob("*") if p.is_file())
    put(tmp_path / "k.cpio", subprocess.run(["cpio", "-o", "-H", "newc", "--quiet"], cwd=root, input=names.encode(), stdout=subprocess.PIPE, check=True).stdout)
    tool("zip", "-qr", tmp_path / "k.zip", ".", cwd=root)
    for name in ("k.cpio", "k.zip"):
        check_whole(one(tmp_path / name))


# --- modules -------------------------------------------------------------------------------------


@pytest.mark.parametrize("form", [None, "xz", "zstd", "gzip"])
def test_module_that_holds_other_btf(one, tmp_path, form):
    """The data of a module may well hold BTF, of a BPF program it loads: that is not the module's."""
    data = module(module_btf(("true",)), **{".data": kernelfile.btf(("false",)) + b"\x9f\xeb\x01\0" * 40 + b"\x9f\xeb\x01"})
    suffix = {None: "", "xz": ".xz", "zstd": ".zst", "gzip": ".gz"}[form]
    for folder in (".", f"lib/modules/{RELEASE}/extra"):
        found = one(put(tmp_path / folder / f"mod.ko{suffix}", pack(form, data) if form else data))
        assert (found.release, found.modules, found.module("mod")) == (RELEASE, ["mod"], module_btf(("true",)))


def test_modules_among_others(one, tmp_path):
    folder = f"lib/modules/{RELEASE}"
    false = module(module_btf(("true",)), **{".data": kernelfile.btf(("false",))})
    files = {
        "kernel/plain.ko": module(None),
        "kernel/packed.ko.xz": pack("xz", module(None)),
        "kernel/false.ko.xz": pack("xz", false),
        "kernel/big-endian.ko.gz": pack("gzip", module(module_btf(order=">"), "s390x")),
        "updates/false.ko": false,
        "build/vmlinux": b"nothing", "build/scripts/x.ko": b"nothing", "modules.dep": b"nothing",
    }  # fmt: skip
    found = one(write(tmp_path / "root", {f"{folder}/{name}": data for name, data in files.items()}))
    assert found.modules == ["big_endian", "false"]
    assert found.module("false") == module_btf(("true",)) and found.module("big_endian") == module_btf(order=">")


def test_module_larger_than_memory_should_hold(one, tmp_path):
    """Built with DWARF and not stripped: only the sections that matter are read."""
    path = put(tmp_path / f"lib/modules/{RELEASE}/big.ko", b"")
    small = module(module_btf())
    shoff, count = struct.unpack_from("<Q", small, 0x28)[0], struct.unpack_from("<H", small, 0x3C)[0]
    far = 1 << 30
    with open(path, "wb") as file:
        file.write(small[:0x28] + struct.pack("<Q", far) + small[0x30:shoff])
        file.seek(far)
        file.write(small[shoff : shoff + 64 * count])
    assert one(tmp_path / "lib").module("big") == module_btf()


def test_damaged_module_is_named(refused, tmp_path):
    root = write(tmp_path / "root", kernel_files(modules={"bad": b"\x7fELF\2\1\1 and no more"}))
    path = deb(root, tmp_path / "k.deb")
    done = refused(path, 1, "malformed ELF: bytes 0 to 52 of 19")
    assert done.stderr.splitlines()[1] == f"  while reading module './lib/modules/{RELEASE}/kernel/net/bad.ko'"


# --- folders and the host ------------------------------------------------------------------------


def test_boot_folder_with_several_kernels(probe, tmp_path):
    other = "6.10.1-1-amd64"
    banner = BANNER.replace(RELEASE.encode(), other.encode())
    files = {
        f"vmlinuz-{RELEASE}": bzimage(pack("gzip", vmlinux(BTF))),
        f"config-{RELEASE}": config(),
        f"vmlinuz-{other}": bzimage(pack("gzip", vmlinux(kernelfile.btf(), banner=banner)), f"{other} (me) {VERSION}"),
        "config-5.0.0-1-amd64": config(), "initrd.img-6.9.7": b"\x1f\x8b damaged", "grub/grub.cfg": b"x", "grub/config": b"[not a kernel's]",
    }  # fmt: skip
    boot = write(tmp_path / "boot", files)
    (boot / "vmlinuz").symlink_to(f"vmlinuz-{RELEASE}")
    (boot / "loop").symlink_to(".")
    (boot / "outside").symlink_to(tmp_path)
    os.mkfifo(boot / "vmlinuz-fifo")
    put(tmp_path / "vmlinuz-9.9.9-secret", bzimage(pack("gzip", vmlinux(BTF))))
    found = sorted((k.release, k.btf == BTF, k.config) for k in probe(boot).kernels)
    assert found == [(other, False, None), (RELEASE, True, config())]


def test_damaged_file_in_a_folder(probe, tmp_path):
    folder = write(tmp_path / "k", {"a.deb": b"!<arch>\nno", "b.txt": b"x"})
    done = probe(folder)
    assert done.returncode == 1 and done.stderr.startswith(f"{folder}/a.deb: damaged archive at byte "), done


def test_damaged_module_in_a_folder_of_many_files(probe, tmp_path):
    bad = f"lib/modules/{RELEASE}/kernel/bad.ko.gz"
    folder = write(tmp_path / "k", {bad: pack("gzip", b"\x7fELF\2\1\1 and no more"), "z/5.4.0-91-generic.btf": kernelfile.btf()})
    done = probe(folder)
    assert (done.returncode, done.stderr) == (1, f"{folder}/{bad}: malformed ELF: bytes 0 to 52 of 19\n"), done


def test_nothing_of_a_kernel(refused, tmp_path):
    hint = "give a kernel's package, vmlinuz, vmlinux or BTF, a folder of them, or 'host'"
    empty = tmp_path / "empty"
    empty.mkdir()
    for path in (
        empty,
        put(tmp_path / "text", b"hello"),
        put(tmp_path / "none", b""),
        put(tmp_path / "prog", Path("/bin/true").read_bytes()),
        put(tmp_path / "prog.bpf.o", elf({".BTF": BTF}, kernelfile.BPF, kind=1)),
        deb(write(tmp_path / "r", {"usr/bin/x": b"x"}), tmp_path / "x.deb", "hello"),
    ):
        refused(path, 2, NOTHING, hint=hint)
    refused(tmp_path / "absent", 3, "cannot open: No such file or directory")
    refused("/dev/null", 2, "is neither a file nor a folder")


@pytest.mark.need("btf")
def test_host(one):
    found = one("host")
    assert found.btf == Path("/sys/kernel/btf/vmlinux").read_bytes()
    assert (found.release, found.version) == (os.uname().release, os.uname().version)
    assert set(found.modules) == set(os.listdir("/sys/kernel/btf")) - {"vmlinux"}
    if os.path.exists("/proc/config.gz"):
        assert found.config == gzip.decompress(Path("/proc/config.gz").read_bytes())


# --- hostile input -------------------------------------------------------------------------------


def test_truncated_anywhere(probe, tmp_path):
    """Never a kernel out of half a package, unless only padding is missing."""
    files = {f"boot/config-{RELEASE}": config(), f"lib/modules/{RELEASE}/kernel/a.ko.xz": pack("xz", elf({".BTF": module_btf()}, kind=1))}
    whole = deb(write(tmp_path / "root", files), tmp_path / "k.deb").read_bytes()
    for cut in [*range(0, 300, 11), *range(300, len(whole) - 8, 43)]:
        done = probe(put(tmp_path / "cut.deb", whole[:cut]), jobs=1 + cut % 2)
        assert done.returncode in (1, 2) and done.stderr.startswith(f"{tmp_path}/cut.deb: "), (cut, done)
        if cut > 1000:
            assert done.returncode == 1 and (" at byte " in done.stderr or " at packed byte " in done.stderr), (cut, done)


def test_names_and_links_in_archives_are_only_names(probe, one, tmp_path):
    victim = put(tmp_path / "victim", BTF)
    image = bzimage(pack("gzip", vmlinux(BTF)))
    stream = io.BytesIO()
    with tarfile.open(fileobj=stream, mode="w") as tar:

        def add(name, data=b"", kind=tarfile.REGTYPE, link=""):
            info = tarfile.TarInfo(name)
            info.type, info.linkname, info.size = kind, link, len(data)
            tar.addfile(info, io.BytesIO(data))

        add(f"/boot/vmlinuz-{RELEASE}", image)
        add(f"../../../../..{tmp_path}/escaped/lib/modules/{RELEASE}/kernel/up.ko", module(module_btf()))
        add(f"boot/config-{RELEASE}", kind=tarfile.SYMTYPE, link=str(victim))
        add("types.btf", kind=tarfile.LNKTYPE, link=str(victim))
        add(f"lib/modules/{RELEASE}/vmlinux", kind=tarfile.CHRTYPE)
        add(f"lib/modules/{RELEASE}/kernel/fifo.ko", kind=tarfile.FIFOTYPE)
        add("lib/modules/../../etc/kernel/x.ko", kind=tarfile.DIRTYPE)
    before = sorted(tmp_path.rglob("*"))
    path = put(tmp_path / "k.tar", stream.getvalue())
    found = one(path)
    assert (found.release, found.btf, found.image, found.config, found.modules) == (RELEASE, BTF, image, None, ["up"])
    new = {p for p in tmp_path.rglob("*") if p not in before and "out" not in str(p.relative_to(tmp_path)).split("/")[0]}
    assert new == {path, tmp_path / "temporary"}


def peak_of(argv):
    """Seconds and MiB that a run takes."""
    start = time.monotonic()
    child = subprocess.Popen([str(a) for a in argv], stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)
    _, _, usage = os.wait4(child.pid, 0)
    child.returncode = 0
    return time.monotonic() - start, usage.ru_maxrss >> 10


def zeros(size):
    out, left = io.BytesIO(), size
    with gzip.GzipFile(fileobj=out, mode="wb", compresslevel=1, mtime=0) as gz:
        while left:
            gz.write(bytes(min(left, 1 << 20)))
            left -= min(left, 1 << 20)
    return out.getvalue()


def test_bombs(probe, refused, program, tmp_path):
    refused(put(tmp_path / "x.ko.gz", zeros(260 << 20)), 1, "unpacks to more than 256 MiB: refused")
    refused(put(tmp_path / "x.btf.gz", gzip.compress(BTF[:24]) + zeros(260 << 20)), 1, "is larger than 256 MiB")
    nested = BTF
    for _ in range(4):
        nested = gzip.compress(nested)
    refused(put(tmp_path / "n.btf.gz", nested), 1, "packed more than 3 times: refused")
    image = put(tmp_path / "vmlinuz", bzimage(zeros(600 << 20)))
    done = probe(image)
    assert done.kernels[0].why_no_btf == "no kernel that can be unpacked was found in the image"
    seconds, mib = peak_of([program, "-", 2, tmp_path, image])
    assert seconds < 30 and mib < 1400, (seconds, mib)


def test_two_kernels_in_one_archive(refused, tmp_path):
    other = kernelfile.btf(("other",))
    for names, text in (
        (("a.btf", "b.btf"), "two different BTFs are in it, and nothing tells of which kernels"),
        ((f"a/{RELEASE}.btf", f"b/{RELEASE}.btf"), f"two different BTFs of kernel '{RELEASE}' are in it"),
    ):
        with tarfile.open(tmp_path / "k.tar", "w") as tar:
            for name, data in zip(names, (BTF, other)):
                info = tarfile.TarInfo(name)
                info.size = len(data)
                tar.addfile(info, io.BytesIO(data))
        refused(tmp_path / "k.tar", 2, text, hint="add them one by one, each with --id")


def test_many_small_bombs(refused, one, tmp_path):
    """No part is too large, all of them are: their sum is bounded, too."""
    members = {f"lib/modules/{RELEASE}/kernel/m{n}.ko.gz": gzip.compress(module(None, more=bytes(1 << 20))) for n in range(10)}
    modules = deb(write(tmp_path / "m", members), tmp_path / "modules.deb")
    write(tmp_path / "i", {f"boot/vmlinuz-6.1.{n}-x": bzimage(zeros(3 << 20)) for n in range(4)})
    images = deb(tmp_path / "i", tmp_path / "images.deb")
    config_gz = {f"boot/config-6.1.{n}.gz": gzip.compress(config() + bytes(b"#" * (3 << 20))) for n in range(4)}
    texts = deb(write(tmp_path / "c", config_gz), tmp_path / "texts.deb")
    for path in (modules, images, texts):
        refused(path, 1, "its parts unpack to more than 8 MiB: refused", env={"PROBE_UNPACKED": str(8 << 20)})
    assert one(modules, env={"PROBE_UNPACKED": str(32 << 20)}).modules == []


def test_kernels_without_end(refused, tmp_path):
    path, text = tmp_path / "k.tar", config()[:200]
    with tarfile.open(path, "w") as tar:
        for n in range(8193):
            info = tarfile.TarInfo(f"boot/config-6.1.{n}")
            info.size = len(text)
            tar.addfile(info, io.BytesIO(text))
    refused(path, 1, "more than 8192 kernels at once", hint="add fewer files or folders at a time")


def test_members_without_end(refused, tmp_path):
    header = tarfile.TarInfo("x").tobuf()
    path = put(tmp_path / "k.tar.gz", gzip.compress(header * ((1 << 18) + 10), 1))
    refused(path, 1, "more than 262144 members: refused")


def test_a_size_that_is_not_there(probe, tmp_path):
    info = tarfile.TarInfo(f"boot/vmlinuz-{RELEASE}")
    info.size = 1 << 40
    path = put(tmp_path / "k.tar", info.tobuf(tarfile.GNU_FORMAT) + bytes(4096))
    done = probe(path)
    assert done.returncode == 1 and f"while reading 'boot/vmlinuz-{RELEASE}'" in done.stderr, done


def test_images_of_false_magics(probe, tmp_path):
    for magic in (b"\x1f\x8b\x08\0", b"\xfd7zXZ\0", b"\x28\xb5\x2f\xfd", b"\x02\x21\x4c\x18", b"\x89LZO\0\r\n\x1a\n", b"\x5d\0\0\x80\0" + b"\xff" * 8, b"\x9f\xeb\x01\0", b"IKCFG_ST\x1f\x8b\x08\0IKCFG_ED", b"Linux version "):
        start = time.monotonic()
        image = bzimage(b"", before=(magic * (8 << 20))[: 8 << 20], version=0x207)
        done = probe(put(tmp_path / "vmlinuz", image))
        assert done.returncode == 0 and not done.kernels[0].btf, (magic, done)
        done = probe(put(tmp_path / "Image", flat(b"", banner=(magic * (8 << 20))[: 8 << 20])))
        assert time.monotonic() - start < 20, magic


def test_absurd_elf(probe, tmp_path):
    good = bytearray(vmlinux(BTF))
    shoff = struct.unpack_from("<Q", good, 0x28)[0]
    for at, form, value in [
        (0x28, "<Q", 1 << 63), (0x28, "<Q", len(good) - 8), (0x28, "<Q", len(good)), (0x3A, "<H", 1), (0x3A, "<H", 0xFFFF),
        (0x3C, "<H", 0xFFFF), (0x3E, "<H", 0xFFFE), (shoff + 64 * 3 + 24, "<Q", 1 << 62),
        (shoff + 64 * 3 + 32, "<Q", (1 << 64) - 1), (shoff + 64 * 4 + 32, "<Q", 1 << 40), (shoff + 64 * 3, "<I", 0xFFFFFFFF),
    ]:  # fmt: skip
        bad = bytearray(good)
        struct.pack_into(form, bad, at, value)
        done = probe(put(tmp_path / "vmlinux", bad))
        if (at, value) == (shoff + 64 * 3, 0xFFFFFFFF):  # a section without a name is no error
            assert done.kernels[0].why_no_btf == "neither BTF nor DWARF is in vmlinux"
            continue
        assert done.returncode == 1 and done.stderr.startswith(f"{tmp_path}/vmlinux: malformed ELF: "), (hex(at), value, done)
    for cut in range(0, len(good), 997):
        assert probe(put(tmp_path / "vmlinux", good[:cut]), timeout=10).returncode in (0, 1, 2)


def test_btf_with_a_header_for_more(refused, tmp_path):
    for order in "<>":
        types = kernelfile.btf(order=order)
        text = f"malformed BTF: a header for more than its {len(types) - 1} bytes"
        refused(put(tmp_path / "x.btf", types[:-1]), 1, text)


def test_rpm_headers_that_lie(refused, tmp_path):
    lead = kernelfile.RPM_LEAD
    for entries, size in ((1 << 31, 0), (0, 1 << 31), (70000, 10)):
        bad = lead + b"\x8e\xad\xe8\x01" + bytes(4) + struct.pack(">II", entries, size) + bytes(4096)
        refused(put(tmp_path / "x.rpm", bad), 1, "damaged at byte 96: rpm header")
    refused(put(tmp_path / "x.rpm", lead + b"\x8e\xad\xe8\x01" + bytes(4) + struct.pack(">II", 100, 0)), 1, "ends at byte 112, 1600 bytes are missing")


# --- a real one ----------------------------------------------------------------------------------


def test_debian_image(one, debian_kernels, tmp_path, tool, bpftool):
    path = next(p for p in debian_kernels["trixie"] if "linux-image" in p.name)
    found = one(path)
    tool("dpkg-deb", "-x", path, tmp_path / "root")
    files = {p.name: p for p in (tmp_path / "root").rglob("*") if p.is_file()}
    assert found.image == files[f"vmlinuz-{found.release}"].read_bytes()
    assert found.config == files[f"config-{found.release}"].read_bytes()
    modules = {name.split(".ko")[0].replace("-", "_"): p for name, p in files.items() if ".ko" in name}
    assert found.modules == sorted(modules) and len(modules) > 1000
    for name in found.modules[::60]:
        packed, plain, raw = modules[name], tmp_path / "x.ko", tmp_path / "x.btf"
        plain.write_bytes(subprocess.run(["xz", "-dc", packed], stdout=subprocess.PIPE, check=True).stdout)
        tool("objcopy", "-O", "binary", "--only-section=.BTF", "--set-section-flags", ".BTF=alloc", plain, raw)
        assert found.module(name) == raw.read_bytes(), name
    put(tmp_path / "btf", found.btf), put(tmp_path / "mod", found.module("nf_conntrack"))
    assert "struct task_struct {" in bpftool("btf", "dump", "file", tmp_path / "btf", "format", "c").stdout
    assert "nf_conntrack" in bpftool("-B", tmp_path / "btf", "btf", "dump", "file", tmp_path / "mod").stdout
    shutil.rmtree(tmp_path / "root")
