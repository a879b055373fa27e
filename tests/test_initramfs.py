# SPDX-License-Identifier: BSD-2-Clause
"""What guests start from: judged by cpio, and by Debian's kernels that start from it."""

import hashlib
import json
import os
import re
import shutil
import subprocess
from concurrent.futures import ThreadPoolExecutor

import pytest

from bootprobe import boot_probe  # noqa: F401

pytestmark = pytest.mark.need("cpio")
ARCH = {"x86_64": "x86_64", "aarch64": "arm64"}.get(os.uname().machine, os.uname().machine)


def compile_static(out, source, *flags):
    subprocess.run(["cc", "-O1", "-w", *flags, "-o", str(out), "-x", "c", "-"], input=source, text=True, check=True)
    return out


@pytest.fixture(scope="module")
def guests(tmp_path_factory, repo):
    """A folder of programs for guests, whose skep-run tells the test what is there."""
    folder = tmp_path_factory.mktemp("guests")
    (folder / ARCH).mkdir()
    compile_static(folder / ARCH / "skep-run", (repo / "tests/probe_root.c").read_text(), "-static")
    return folder


@pytest.fixture
def make(boot_probe, guests, tmp_path):  # noqa: F811
    """make(…) -> (path of the archive, microseconds)"""
    serial = iter(range(1000))

    def run(*files, arch=ARCH, folder=guests, cache="-", path=os.environ["PATH"], shell="-", check=True):
        out = tmp_path / f"root{next(serial)}.cpio"
        done = boot_probe("make", arch, folder, cache, path, shell, out, *files)
        if not check:
            return done
        done.ok()
        return out, int(done.out)

    return run


def listing(archive):
    """name -> (permissions, size or device, target) as cpio sees them."""
    done = subprocess.run(["cpio", "-itv", "--quiet"], stdin=open(archive, "rb"), capture_output=True, text=True, check=True)
    assert not done.stderr, done.stderr
    found = {}
    for line in done.stdout.splitlines():
        mode, _, owner, group, rest = line.split(None, 4)
        assert (owner, group) == ("root", "root")
        size, name = re.match(r"(\d+,\s*\d+|\d+) \w+ +\d+ +[\d:]+ (.*)$", rest).groups()
        name, _, target = name.partition(" -> ")
        assert name not in found, f"{name} is there twice"
        found[name] = (mode, size, target)
    return found


def content(archive, name):
    return subprocess.run(["cpio", "-i", "--quiet", "--to-stdout", name], stdin=open(archive, "rb"), capture_output=True, check=True).stdout


def test_archive_is_what_was_asked(make, guests, tmp_path):
    (tmp_path / "object").write_bytes(b"\x7fELF" * 33 + b"!")
    (tmp_path / "module").write_bytes(b"m" * 4097)
    archive, _ = make(f"/skep/0.bpf.o={tmp_path}/object", f"+veth={tmp_path}/module", f"/skep/deep/er/x={tmp_path}/object")
    found = listing(archive)
    assert found["init"][0] == "-rwxr-xr-x" and content(archive, "init") == (guests / ARCH / "skep-run").read_bytes()
    assert found["bin/skep-run"][2] == "../init"
    assert found["dev/console"][:2] == ("crw-------", "5,   1") and found["dev/null"][:2] == ("crw-rw-rw-", "1,   3")
    assert found["tmp"][0] == "drwxrwxrwt" and {"proc", "sys", "run", "etc"} <= found.keys()
    assert content(archive, "skep/0.bpf.o") == (tmp_path / "object").read_bytes()
    assert content(archive, "skep/veth.ko") == (tmp_path / "module").read_bytes()
    assert json.loads(content(archive, "skep/plan.json"))["modules"] == ["/skep/veth.ko"]
    assert "bin/busybox" not in found
    names = list(found)
    for name in names:
        above = name.rpartition("/")[0]
        assert not above or names.index(above) < names.index(name), f"{name} comes before its folder"


def test_equal_from_the_cache(make, tmp_path):
    cache = tmp_path / "cache"
    plain, _ = make()
    first, _ = make(cache=cache)
    again, _ = make(cache=cache)
    assert plain.read_bytes() == first.read_bytes() == again.read_bytes()
    (kept,) = (cache / "initramfs").iterdir()
    stamp = kept.stat()
    assert stamp.st_mode & 0o777 == 0o600
    make(cache=cache)
    assert kept.stat().st_ino == stamp.st_ino, "made anew"


@pytest.mark.parametrize("how", ["flipped", "cut", "grown", "empty", "folder", "link"])
def test_damaged_cache_is_made_anew(make, tmp_path, how):
    cache = tmp_path / "cache"
    plain, _ = make(cache=cache)
    (kept,) = (cache / "initramfs").iterdir()
    data = kept.read_bytes()
    kept.unlink()
    if how == "folder":
        kept.mkdir()
    elif how == "link":
        (tmp_path / "elsewhere").write_bytes(data)
        kept.symlink_to(tmp_path / "elsewhere")
    else:
        flipped = bytearray(data)
        flipped[5000] ^= 1
        kept.write_bytes({"flipped": bytes(flipped), "cut": data[:-1], "grown": data + b"\0", "empty": b""}[how])
    again, _ = make(cache=cache)
    assert again.read_bytes() == plain.read_bytes()
    if how in ("flipped", "cut", "grown", "empty"):
        assert kept.read_bytes() == data, "mended"


@pytest.mark.parametrize("what", ["owner", "file", "folder", "folder's owner"])
def test_what_others_put_there_is_not_taken(make, tmp_path, what):
    """Anybody can tell the digest of what he wrote himself."""
    if os.geteuid() and "owner" in what:
        pytest.skip("only root gives files away")
    cache = tmp_path / "cache"
    plain, _ = make(cache=cache)
    (kept,) = (cache / "initramfs").iterdir()
    planted = kept.read_bytes()[:-40].replace(b"dev/console", b"dev/c0nsole")
    kept.write_bytes(planted + hashlib.sha256(planted).digest() + b"skepkept")
    assert make(cache=cache)[0].read_bytes() != plain.read_bytes(), "one's own is taken"
    if what == "owner":
        os.chown(kept, 65534, 65534)
    elif what == "file":
        kept.chmod(0o666)
    elif what == "folder":
        kept.parent.chmod(0o777)
    else:
        os.chown(kept.parent, 65534, 65534)
    assert make(cache=cache)[0].read_bytes() == plain.read_bytes()


def test_another_program_is_another_base(make, guests, tmp_path):
    folder, cache = tmp_path / "guests", tmp_path / "cache"
    shutil.copytree(guests, folder)
    make(folder=folder, cache=cache)
    with open(folder / ARCH / "skep-run", "ab") as f:
        f.write(b"more")
    archive, _ = make(folder=folder, cache=cache)
    assert content(archive, "init").endswith(b"more")
    for i in range(12):
        with open(folder / ARCH / "skep-run", "ab") as f:
            f.write(b"more")
        make(folder=folder, cache=cache)
    assert len(list((cache / "initramfs").iterdir())) == 8


def test_cache_that_cannot_be_written(make, tmp_path):
    (tmp_path / "file").write_text("")
    plain, _ = make()
    archive, _ = make(cache=tmp_path / "file")
    assert archive.read_bytes() == plain.read_bytes()


@pytest.mark.need("busybox")
def test_shell_under_all_its_names(make):
    archive, _ = make(shell="sh")
    found = listing(archive)
    names = subprocess.run(["busybox", "--list"], capture_output=True, text=True, check=True).stdout.split()
    assert {f"bin/{n}" for n in names if n != "busybox"} <= found.keys()
    assert found["bin/sh"][2] == "busybox" and found["usr/bin"][2] == "../bin"


DYNAMIC = """
#include <stdio.h>
#include <math.h>
int main(int argc, char **argv) { printf("sh\\n../evil\\nuname\\n"); return argc > 100 ? sqrt(argc) : 0; }
"""


def test_dynamic_program_brings_its_libraries(make, tmp_path):
    (tmp_path / "bin").mkdir()
    program = compile_static(tmp_path / "bin/busybox", DYNAMIC, "-Wl,--no-as-needed", "-lm")
    archive, _ = make(shell="sh", path=tmp_path / "bin", cache=tmp_path / "cache")
    found = listing(archive)
    linked = subprocess.run(["ldd", program], capture_output=True, text=True, check=True).stdout
    wanted = re.findall(r"(/\S+) \(0x", linked)
    assert len(wanted) == 3
    for path in wanted:
        assert content(archive, path[1:]) == open(path, "rb").read()
    assert {"bin/sh", "bin/uname"} <= found.keys() and not any("evil" in n for n in found)


def test_programs_that_are_not_there(make, tmp_path):
    (tmp_path / "nothing").mkdir()
    done = make(folder=tmp_path / "nothing", check=False)
    assert done.rc == 3
    assert done.err.splitlines() == [
        f"there is no skep-run for guests of {ARCH}: '{tmp_path}/nothing/{ARCH}/skep-run'",
        "hint: it is installed together with skep, by make install",
    ]
    done = make(shell="sh", path=tmp_path / "nothing", check=False)
    assert (done.rc, done.err.splitlines()) == (3, [
        f"a shell for guests of {ARCH}: there is no busybox",
        "hint: apt install busybox-static",
    ])  # fmt: skip


def test_programs_of_other_machines(make, guests, tmp_path):
    other = "s390x" if ARCH != "s390x" else "x86_64"
    done = make(arch=other, check=False)
    assert done.rc == 3 and f"there is no skep-run for guests of {other}: " in done.err
    folder = tmp_path / "guests"
    (folder / other).mkdir(parents=True)
    (folder / other / "skep-run").write_bytes(b"static, for all that can be seen")
    assert "init" in listing(make(arch=other, folder=folder)[0])
    done = make(arch=other, folder=folder, shell="sh", check=False)
    assert (done.rc, done.err.splitlines()) == (3, [
        f"a shell for guests of {other}: there is no busybox",
        f"hint: put a static one there: {folder}/{other}/busybox",
    ])  # fmt: skip
    (folder / other / "busybox").write_bytes(b"static, too")
    assert "bin/sh" in listing(make(arch=other, folder=folder, shell="sh")[0])
    compile_static(folder / other / "skep-run", DYNAMIC, "-Wl,--no-as-needed", "-lm")
    done = make(arch=other, folder=folder, check=False)
    assert (done.rc, done.err.splitlines()) == (3, [
        f"cannot tell which libraries '{folder}/{other}/skep-run' needs",
        "hint: put one there that is linked statically",
    ])  # fmt: skip


@pytest.mark.need("busybox")
def test_made_quickly(make, guests, build_dir, tmp_path):
    if "-fsanitize" in (build_dir / "flags").read_text():
        pytest.skip("sanitised programs are slower")
    folder, cache = build_dir / "libexec/skep/guest", tmp_path / "cache"
    assert min(make(shell="sh", folder=folder)[1] for _ in range(3)) < 300_000
    make(shell="sh", folder=folder, cache=cache)
    assert min(make(shell="sh", folder=folder, cache=cache)[1] for _ in range(5)) < 60_000


# --- a guest -------------------------------------------------------------------------------------

SUITES = ("bullseye", "bookworm", "trixie", "forky")
MODULES = ("veth", "nf_nat", "bridge", "sch_ingress", "tcp_bbr")


@pytest.fixture(scope="module")
def booted(boot_probe, guests, kernel_library, tmp_path_factory):  # noqa: F811
    """suite -> (names of the modules in order, lines of the guest), of all kernels."""
    folder = tmp_path_factory.mktemp("boot")
    (folder / "object").write_bytes(b"an object of 31 bytes, not more")

    def boot(suite):
        place = folder / suite
        place.mkdir()
        kind, kernel = boot_probe("kernel", kernel_library, f"debian/{suite}/x86_64", folder / "cache").ok().out.split()
        names = boot_probe("modules", kernel_library, f"debian/{suite}/x86_64", place, *MODULES).ok().out.splitlines()
        modules = [f"+{n}={place}/{n}.ko" for n in names]
        root = place / "root.cpio"
        files = [f"/skep/0.bpf.o={folder}/object", f"/skep/deep/er/file={folder}/object"]
        boot_probe("make", ARCH, guests, folder / "cache", os.environ["PATH"], "sh", root, *files, *modules).ok()
        argv = (
            "timeout 60 qemu-system-x86_64 -accel tcg -cpu qemu64 -m 512 -M pc -nodefaults -serial stdio -display none "
            f"-no-reboot -kernel {kernel} -initrd {root} -append"
        ).split()
        line = "console=ttyS0 quiet panic=-1 nokaslr cryptomgr.notests tsc=reliable"
        for _ in range(2):
            done = subprocess.run([*argv, line], capture_output=True, text=True, errors="replace", stdin=subprocess.DEVNULL)
            if "ROOT ends" in done.stdout:
                break
        return kind, names, done.stdout

    with ThreadPoolExecutor(2) as pool:
        return dict(zip(SUITES, pool.map(boot, SUITES)))


@pytest.mark.need("qemu-system-x86_64", "busybox")
@pytest.mark.parametrize("suite", SUITES)
def test_kernel_starts_from_it(booted, suite):
    kind, names, console = booted[suite]
    assert kind == "direct", "the kernel was not unpacked"
    text = console.replace("\r", "")
    assert "ROOT begins" in text and "ROOT ends" in text, text
    assert "unpacking failed" not in text.lower() and "padding" not in text
    assert re.search(r"^/init 100755 \d+$", text, re.M) and re.search(r"^/bin/skep-run 120777 7$", text, re.M)
    assert re.search(r"^/dev/console 20600 0$", text, re.M) and re.search(r"^/tmp 41777 ", text, re.M)
    assert re.search(r"^/skep/0.bpf.o 100755 31$", text, re.M) and re.search(r"^/skep/deep/er/file 100755 31$", text, re.M)
    assert f"shell {hashlib.sha256(b'an object of 31 bytes, not more').hexdigest()}" in text
    assert re.search("^env$", text, re.M)
    loaded = re.findall(r"^module /skep/(\w+)\.ko (.*)$", text, re.M)
    assert loaded == [(n, "loaded") for n in names]
    assert set(MODULES) <= set(names) and "nf_conntrack" in names and "llc" in names
