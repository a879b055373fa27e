# SPDX-License-Identifier: BSD-2-Clause
"""`skep kernel fetch`: against an archive of our own that can lie, and once against the real one."""

import json
import os
import re
import shutil
import subprocess
import tempfile
import time
import urllib.request
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import pytest

import kernelfile
from archive import Archive, Keys

pytestmark = pytest.mark.need("apt-get", "gpg", "dpkg-deb", "clang", "llvm-objcopy")

ID = "debian/bookworm/x86_64/cloud"


@pytest.fixture(scope="module")
def signers(tmp_path_factory):
    folder = Path(tempfile.mkdtemp(prefix="skep-keys."))  # gpg-agent's socket wants a short path
    made = [Keys(folder, "good"), Keys(folder, "other")]
    yield made
    for keys in made:
        keys.close()
    shutil.rmtree(folder)


@pytest.fixture
def archive(tmp_path, signers):
    made = Archive(tmp_path / "archive", signers[0])
    yield made
    made.close()


@pytest.fixture
def home(tmp_path):
    return tmp_path / "home"


@pytest.fixture
def places(home, tmp_path):
    return {"SKEP_HOME": home, "XDG_CACHE_HOME": tmp_path / "cache"}


@pytest.fixture
def fetch(skep, archive, signers, places):
    def run(what="debian/bookworm:amd64", *args, mirror=None, ring=None, **kw):
        options = ["--mirror", mirror or archive.mirror, "--keyring", ring or signers[0].ring]
        return skep("kernel", "fetch", what, *options, *args, env={**places, **kw.pop("env", {})}, **kw)

    return run


@pytest.fixture
def ids(skep, places):
    return lambda: [k["id"] for k in skep("kernel", "list", "--json", env=places).ok().json()["kernels"]]


def test_newest_of_the_suite_and_its_security_updates(fetch, archive, ids):
    archive.add_kernel("bookworm", "6.1.0-9", "6.1.90-1")
    archive.add_kernel("bookworm-updates", "6.1.0-10", "6.1.95-1")
    archive.add_kernel("bookworm-security", "6.1.0-11", "6.1.99-1", where="debian-security")
    archive.publish()
    row = fetch("debian/bookworm:amd64", "--json").ok().json()["kernels"][0]
    assert (row["id"], row["release"], row["status"]) == (f"{ID}/6.1.0-11", "6.1.0-11-cloud-amd64", "new")
    assert row["config"] is True
    assert archive.downloads() == [("linux-image-6.1.0-11-cloud-amd64_6.1.99-1_amd64.deb", None)]
    assert fetch("debian/bookworm:x86_64").ok().out.split()[-1] == "known"
    assert len(archive.downloads()) == 1, "what is there was downloaded again"
    assert ids() == [f"{ID}/6.1.0-11"]


def test_kernel_in_parts_and_suite_by_another_name(fetch, archive, ids):
    archive.codenames["stable"] = "trixie"
    archive.add_kernel("stable", "7.2.12+deb14", "7.2.12-1", split=True)
    archive.publish()
    row = fetch("debian/stable:amd64", "--json").ok().json()["kernels"][0]
    assert (row["id"], row["config"]) == ("debian/trixie/x86_64/cloud/7.2.12+deb14", True)
    assert sorted(name.split("-7")[0] for name, _ in archive.downloads()) == ["linux-base", "linux-binary", "linux-image"]
    assert fetch("debian/stable:amd64").ok().out.split()[-1] == "known"


def test_again_for_more_modules(fetch, archive, skep, places, home):
    """What is there without the modules that are wanted is as good as not there."""
    parts = {".gnu.linkonce.this_module": bytes(64)}
    release = "6.1.0-9-cloud-amd64"
    modules = {n: kernelfile.module(None, release=release, **parts) for n in ("veth", "ext4")}
    archive.add_kernel("bookworm", "6.1.0-9", "6.1.90-1", modules=modules)
    archive.publish()

    def kept(*args):
        status = fetch("debian/bookworm:amd64", *args).ok().out.split()[-1]
        loadable = skep("kernel", "show", ID, "--json", env=places).ok().json()["loadable"]
        return status, loadable, len(archive.downloads())

    assert kept() == ("new", ["veth"], 1)
    assert kept() == ("known", ["veth"], 1)
    assert kept("--module", "ext4") == ("known", ["ext4", "veth"], 2)
    assert kept("--module", "ext4", "--module", "veth") == ("known", ["ext4", "veth"], 2)
    assert kept() == ("known", ["ext4", "veth"], 2)


def test_flavours_and_architectures(fetch, archive, ids):
    archive.add_kernel("bookworm", "6.1.0-9", "6.1.90-1", flavour="")
    archive.add_kernel("bookworm", "6.1.0-9", "6.1.90-1", flavour="rt", structs=["rt"])
    archive.add_kernel("bookworm", "6.1.0-9", "6.1.90-1", arch="arm64")
    archive.add_kernel("bookworm", "6.1.0-9", "6.1.90-1", arch="arm64", flavour="")
    archive.add("bookworm", "linux-image-amd64-signed-template", "1")
    archive.publish()
    fetch("debian/bookworm:amd64").ok()
    assert ids() == ["debian/bookworm/x86_64/generic/6.1.0-9"], "no cloud: the plain one"
    fetch("debian/bookworm:aarch64").ok()
    assert "debian/bookworm/arm64/cloud/6.1.0-9" in ids()
    for flavour in ("rt", "rt-amd64"):
        fetch(f"debian/bookworm:amd64/{flavour}").ok()
        assert "debian/bookworm/x86_64/rt/6.1.0-9" in ids() and len(ids()) == 3
    for flavour in ("generic", "arm64"):
        fetch(f"debian/bookworm:arm64/{flavour}").ok()
        assert "debian/bookworm/arm64/generic/6.1.0-9" in ids() and len(ids()) == 4
    done = fetch("debian/bookworm:amd64/cloud")
    assert (done.rc, done.out) == (2, "")
    lines = done.err.splitlines()
    assert lines[0] == "skep kernel fetch: debian/bookworm has no flavour 'cloud' for x86_64"
    assert sorted(lines[1].removeprefix("  hint: there are ").split(", ")) == ["generic", "rt"]
    done = fetch("debian/bookworm:s390x")
    assert done.rc == 3 and done.out == "", done


def test_built_anew_under_its_old_release(fetch, archive, ids, skep, places):
    archive.add_kernel("bookworm", "6.1.0-9", "6.1.90-1")
    archive.publish()
    fetch().ok()
    archive.add_kernel("bookworm", "6.1.0-9", "6.1.90-2", structs=["more"])
    archive.publish()
    assert fetch().ok().out.split()[-1] == "replaced"
    shown = skep("kernel", "show", "debian/bookworm", "--json", env=places).ok().json()
    assert shown["types"]["types"] == 4 and shown["sources"][0]["name"].endswith("_6.1.90-2_amd64.deb")
    assert ids() == [f"{ID}/6.1.0-9"]


# --- what can go wrong ---------------------------------------------------------------------------


def unchanged(home):
    return not home.exists() or not [p for p in home.rglob("*") if p.is_file() and p.name != "lock"]


def test_wrong_bytes(fetch, archive, home, ids):
    archive.add_kernel("bookworm", "6.1.0-9", "6.1.90-1")
    archive.publish()
    archive.fault = lambda path, body: body[:-1] + b"?" if "/pool/" in path else body
    for options in ([], ["--json"]):
        done = fetch("debian/bookworm:amd64", *options)
        assert (done.rc, done.out) == (3, "")
        what = json.loads(done.err)["what"] if options else done.err.splitlines()[0].removeprefix("skep kernel fetch: ")
        assert what.startswith("cannot download 'linux-image-6.1.0-9-cloud-amd64_6.1.90-1_amd64.deb': "), done
        assert "Hash Sum mismatch" in what or "size" in what, done
    assert unchanged(home)
    archive.fault = None
    fetch().ok()
    assert ids() == [f"{ID}/6.1.0-9"]


def test_lists_that_were_changed_after_signing(fetch, archive, home):
    archive.add_kernel("bookworm", "6.1.0-9", "6.1.90-1")
    archive.publish()
    path = archive.root / "debian/dists/bookworm/main/binary-amd64/Packages"
    path.write_text(path.read_text().replace("6.1.90-1", "6.1.90-7"))
    done = fetch()
    assert done.rc == 3 and done.err.startswith("skep kernel fetch: cannot read the lists of debian/bookworm: "), done
    assert unchanged(home)


def test_signed_by_somebody_else(fetch, archive, signers, home):
    archive.add_kernel("bookworm", "6.1.0-9", "6.1.90-1")
    archive.keys = signers[1]
    archive.publish()
    done = fetch()
    assert done.rc == 3 and done.err.startswith("skep kernel fetch: cannot read the lists of debian/bookworm: "), done
    assert archive.downloads() == [] and unchanged(home)
    fetch(ring=signers[1].ring).ok()


def test_not_signed(fetch, archive, home):
    archive.add_kernel("bookworm", "6.1.0-9", "6.1.90-1")
    archive.publish()
    dists = archive.root / "debian/dists/bookworm"
    text = (dists / "InRelease").read_text()
    (dists / "InRelease").unlink()
    (dists / "Release").write_text(re.search(r"\n\n(.*?)-----BEGIN PGP SIG", text, re.S)[1])
    done = fetch()
    assert done.rc == 3 and done.err.startswith("skep kernel fetch: cannot read the lists of debian/bookworm: "), done
    assert unchanged(home)


def test_interrupted_download_goes_on(fetch, archive, ids):
    deb = archive.add_kernel("bookworm", "6.1.0-9", "6.1.90-1", structs=[f"s{n}" for n in range(20000)])
    archive.publish()
    size, cut = deb.stat().st_size, 100_000
    archive.fault = lambda path, body: body[:cut] if "/pool/" in path else body
    done = fetch()
    assert done.rc == 3 and done.err.startswith(f"skep kernel fetch: cannot download '{deb.name}': "), done
    assert done.err.splitlines()[1] == (
        "  hint: the library is as it was; what has come is kept, the same command goes on from there"
    )
    assert ids() == []
    archive.fault, tried = None, len(archive.downloads())
    fetch().ok()
    name, wanted = archive.downloads()[tried]
    assert name == deb.name and wanted and 0 < int(wanted[6:-1]) <= size and int(wanted[6:-1]) >= cut
    assert ids() == [f"{ID}/6.1.0-9"]


def test_no_network(fetch, home, archive):
    begin = time.monotonic()
    done = fetch(mirror="http://127.0.0.1:9/debian")
    assert (done.rc, done.out) == (3, "")
    line, hint = done.err.splitlines()
    assert line.startswith("skep kernel fetch: cannot read the lists of debian/bookworm: Failed to fetch "), done
    assert "Could not connect to 127.0.0.1:9" in line
    assert hint == "  hint: the library is as it was; another archive: --mirror URI"
    assert unchanged(home) and time.monotonic() - begin < 30


def test_network_goes_between_lists_and_download(fetch, archive, home):
    deb = archive.add_kernel("bookworm", "6.1.0-9", "6.1.90-1")
    archive.publish()
    deb.unlink()
    done = fetch()
    assert done.rc == 3 and done.err.startswith(f"skep kernel fetch: cannot download '{deb.name}': "), done
    assert "404" in done.err.splitlines()[0] and unchanged(home)


def test_no_such_suite(fetch, archive, home, tmp_path):
    archive.add_kernel("bookworm", "6.1.0-9", "6.1.90-1")
    archive.publish()
    for mirror in (archive.mirror, f"file://{tmp_path}/nothing/debian"):
        done = fetch("debian/bookwrm:amd64", mirror=mirror)
        assert (done.rc, done.out) == (3, "")
        assert done.err == (
            "skep kernel fetch: the archive has no suite 'bookwrm'\n"
            "  hint: suites are named like bookworm, trixie, sid; another archive: --mirror URI\n"
        )
    assert unchanged(home)


def test_kernel_without_btf(fetch, archive, home):
    release = "6.1.0-9-cloud-amd64"
    archive.add("bookworm", "linux-image-cloud-amd64", "1", depends=f"linux-image-{release}")
    archive.add("bookworm", f"linux-image-{release}", "1", files={f"boot/config-{release}": b"# CONFIG_DEBUG_INFO_BTF is not set\n"})
    archive.publish()
    done = fetch()
    assert done.rc == 2 and done.out == "" and "has no BTF" in done.err.splitlines()[0], done
    assert done.err.splitlines()[-1].startswith("  hint: ") and unchanged(home)


@pytest.mark.parametrize("what, line", [
    ("ubuntu/jammy", "only Debian's kernels can be fetched, not 'ubuntu/jammy'"),
    ("bookworm", "not of the form debian/SUITE[:ARCH][/FLAVOUR]: 'bookworm'"),
    ("debian/", "not of the form debian/SUITE[:ARCH][/FLAVOUR]: 'debian/'"),
    ("debian/Bad Suite", "not of the form debian/SUITE[:ARCH][/FLAVOUR]: 'debian/Bad Suite'"),
    ("debian/../x", "not of the form debian/SUITE[:ARCH][/FLAVOUR]: 'debian/../x'"),
    ("debian/-o", "not of the form debian/SUITE[:ARCH][/FLAVOUR]: 'debian/-o'"),
    ("debian/sid:amd64/a/b", "not of the form debian/SUITE[:ARCH][/FLAVOUR]: 'debian/sid:amd64/a/b'"),
    ("debian/sid:vax", "no architecture 'vax'"),
])  # fmt: skip
def test_misuse(fetch, archive, what, line):
    done = fetch(what)
    assert (done.rc, done.err.splitlines()[0]) == (2, f"skep kernel fetch: {line}")
    assert archive.asked == []


def test_what_would_be_more_in_apts_files(fetch, archive, tmp_path):
    for mirror in ("http://x/debian bookworm main", "http://x/debian\nTypes: deb", ""):
        done = fetch(mirror=mirror) if mirror else fetch("debian/sid:amd64", mirror=" ")
        assert done.rc == 2 and "with a blank in it" in done.err, done
    done = fetch(env={"XDG_CACHE_HOME": f'{tmp_path}/"; x "'})
    assert done.rc == 2 and "apt cannot work in a folder of that name" in done.err, done


def test_no_apt_and_no_keys(fetch, tmp_path):
    done = fetch(env={"PATH": tmp_path})
    assert (done.rc, done.err.splitlines()[0]) == (
        3,
        "skep kernel fetch: there is no apt here, which kernels are fetched through",
    )
    done = fetch(ring=tmp_path / "absent.gpg")
    assert (done.rc, done.err) == (3, f"skep kernel fetch: {tmp_path}/absent.gpg: no such keyring\n")


def test_library_is_looked_at_first(fetch, home, archive):
    home.mkdir(mode=0o777)
    home.chmod(0o777)
    assert fetch().rc == 3 and archive.asked == []


# --- what is not touched -------------------------------------------------------------------------


def stamps(*folders):
    found = {}
    for folder in folders:
        for path in [Path(folder), *Path(folder).rglob("*")]:
            st = path.lstat()
            found[str(path)] = (st.st_ino, st.st_mtime_ns, st.st_size)
    return found


def test_the_systems_apt_is_not_touched(fetch, archive):
    archive.add_kernel("bookworm", "6.1.0-9", "6.1.90-1")
    archive.publish()
    before = stamps("/etc/apt", "/var/lib/apt", "/var/cache/apt", "/var/lib/dpkg")
    fetch().ok()
    assert stamps("/etc/apt", "/var/lib/apt", "/var/cache/apt", "/var/lib/dpkg") == before


def test_hooks_of_the_system_do_not_run(fetch, archive, tmp_path):
    archive.add_kernel("bookworm", "6.1.0-9", "6.1.90-1")
    archive.publish()
    conf = tmp_path / "apt.conf"
    conf.write_text(
        f'APT::Update::Post-Invoke {{ "touch {tmp_path}/ran"; }};\n'
        f'APT::Update::Pre-Invoke {{ "touch {tmp_path}/ran"; }};\n'
    )
    fetch(env={"APT_CONFIG": conf}).ok()
    assert not (tmp_path / "ran").exists()


def test_without_root(fetch, archive, signers, need, tool, skep):
    need("root", "setpriv")
    archive.add_kernel("bookworm", "6.1.0-9", "6.1.90-1")
    archive.publish()
    argv = fetch("debian/nothing:amd64").argv
    with tempfile.TemporaryDirectory() as place:
        top = Path(argv[0]).parent.parent
        tool("cp", "-r", top / "bin", top / "libexec", signers[0].ring, place)
        tool("chmod", "-R", "a+rX", place)
        os.chown(place, 65534, 65534)
        done = tool(
            "setpriv", "--reuid=65534", "--regid=65534", "--clear-groups", f"{place}/bin/skep", "kernel", "fetch",
            "debian/bookworm:amd64", "--mirror", archive.mirror, "--keyring", f"{place}/{signers[0].ring.name}",
            env={**skep.environ({"HOME": place, "SKEP_HOME": None, "XDG_DATA_HOME": None, "XDG_CACHE_HOME": None})},
            cwd="/", check=False,
        )  # fmt: skip
        assert done.returncode == 0, done.stderr
        assert os.path.exists(f"{place}/.local/share/skep/kernels/debian,bookworm,x86_64,cloud,6.1.0-9.json")


def test_two_at_once(fetch, archive, ids):
    archive.add_kernel("bookworm", "6.1.0-9", "6.1.90-1")
    archive.publish()
    with ThreadPoolExecutor(2) as pool:
        statuses = sorted(done.ok().out.split()[-1] for done in pool.map(lambda _: fetch(), range(2)))
    assert statuses == ["known", "new"] and len(archive.downloads()) == 1


def test_killed_while_downloading(fetch, archive, start, signers, places, ids):
    deb = archive.add_kernel("bookworm", "6.1.0-9", "6.1.90-1", structs=[f"s{n}" for n in range(20000)])
    archive.publish()

    def slowly(path, body):
        if "/pool/" in path:
            time.sleep(3)
        return body

    archive.fault = slowly
    process = start(
        "kernel", "fetch", "debian/bookworm:amd64", "--mirror", archive.mirror, "--keyring", signers[0].ring, env=places
    )
    end = time.monotonic() + 30
    while not archive.downloads() and time.monotonic() < end:
        time.sleep(0.05)
    process.kill()
    assert ids() == []
    archive.fault = None
    fetch().ok()
    assert ids() == [f"{ID}/6.1.0-9"] and deb.name in [name for name, _ in archive.downloads()]


# --- the real one --------------------------------------------------------------------------------


def real_archive():
    out = subprocess.run(["apt-get", "--print-uris", "update"], capture_output=True, text=True).stdout
    found = re.search(r"'(http\S+/debian/dists/\S+/InRelease)'", out)
    if not found:
        return "no Debian archive in apt's sources"
    try:
        with urllib.request.urlopen(found[1], timeout=20) as answer:
            return None if answer.status == 200 else f"the archive answers {answer.status}"
    except OSError as e:
        return f"no network: {e}"


def test_debian_itself(skep, places, need):
    """The configured archive: newest kernel of the oldest suite there is one for, and its security updates."""
    from conftest import NEEDS

    NEEDS["archive"] = real_archive
    need("archive", "x86_64")
    row = skep("kernel", "fetch", "debian/bookworm", "--json", env=places, timeout=400).ok().json()["kernels"][0]
    assert re.fullmatch(r"debian/bookworm/x86_64/cloud/6\.1\.0-\d+", row["id"]), row
    assert row["boots"] and row["config"] and row["modules"] > 1000 and row["status"] == "new"
    shown = skep("kernel", "show", "debian/bookworm", "--json", env=places).ok().json()
    assert shown["types"]["tracepoints"] > 1000 and "Debian" in shown["version"]
