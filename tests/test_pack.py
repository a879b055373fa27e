# SPDX-License-Identifier: BSD-2-Clause
"""skep pack: a package of a project, of plain objects, or of another tool's image layout."""

import hashlib
import io
import json
import shutil
import signal
import subprocess
import tarfile
import time

import pytest

pytestmark = pytest.mark.need("clang", "btf")


@pytest.fixture(scope="module")
def built(project_cache):
    return project_cache("exec-watch", "exec-watch", True)


@pytest.fixture
def plain(tmp_path, tool):
    """An object as clang leaves it: DWARF and all."""
    source = tmp_path / "plain.c"
    source.write_text("""
        #define SEC(name) __attribute__((section(name), used))
        char LICENSE[] SEC("license") = "Dual BSD/GPL";
        int hits;
        SEC("socket") int count(void *skb) { hits++; return 0; }
        """)

    def make(name="plain.bpf.o", target="bpfel", flags=("-g",)):
        tool("clang", f"--target={target}", "-mcpu=v3", "-O2", *flags, "-c", source, "-o", tmp_path / name)
        return tmp_path / name

    return make


def layer(path):
    """Entries of the only layer, as tar and gzip of Python see them."""
    with tarfile.open(path) as tar:
        blobs = {m.name: tar.extractfile(m).read() for m in tar.getmembers()}
    (packed,) = [b for b in blobs.values() if b[:2] == b"\x1f\x8b"]
    with tarfile.open(fileobj=io.BytesIO(packed)) as tar:
        return {m.name: tar.extractfile(m).read() for m in tar.getmembers()}, json.loads(blobs["index.json"])


def test_objects(skep, plain, tool, tmp_path):
    obj = plain()
    done = skep("pack", obj, "--name", "my-tools", "--version", "1.2", "--json").ok().json()
    assert done["package"] == "my-tools.skep"
    entries, index = layer(tmp_path / "my-tools.skep")
    assert index["manifests"][0]["digest"] == done["digest"]
    assert list(entries) == ["plain.bpf.o", "skep/manifest.json"]
    manifest = json.loads(entries["skep/manifest.json"])
    assert (manifest["name"], manifest["version"], manifest["license"]) == ("my-tools", "1.2", "Dual BSD/GPL")
    assert [p["name"] for p in manifest["objects"][0]["programs"]] == ["count"]
    (file,) = manifest["files"]
    assert file["digest"] == "sha256:" + hashlib.sha256(entries["plain.bpf.o"]).hexdigest()
    (tmp_path / "shipped.o").write_bytes(entries["plain.bpf.o"])
    sections = tool("readelf", "-SW", tmp_path / "shipped.o").stdout
    assert ".debug" not in sections and ".BTF.ext" in sections
    assert ".debug" in tool("readelf", "-SW", obj).stdout, "the judge sees debug sections where there are some"


def test_what_build_made_is_packed_as_it_is(skep, built, tmp_path, need, tool):
    need("skopeo")
    obj = built / "build/exec_watch.bpf.o"
    skep("pack", obj, "--name", "ew", "--version", "1", "--license", "MIT", "-o", tmp_path / "x.skep").ok()
    entries, _ = layer(tmp_path / "x.skep")
    assert entries["exec_watch.bpf.o"] == obj.read_bytes()
    assert json.loads(entries["skep/manifest.json"])["license"] == "MIT"
    labels = json.loads(tool("skopeo", "inspect", f"oci-archive:{tmp_path}/x.skep:ew:1").stdout)["Labels"]
    assert json.loads(labels["io.ebpf.programs"]) == {"on_exec": "tracepoint", "on_exit": "tracepoint"}


def test_same_arguments_same_bytes(skep, plain, tmp_path):
    obj = plain()
    argv = ["pack", obj, "--name", "a", "--version", "1", "-o"]
    skep(*argv, tmp_path / "1").ok()
    (tmp_path / "else").mkdir()
    shutil.move(obj, tmp_path / "else/plain.bpf.o")
    argv[1] = "else/plain.bpf.o"
    skep(*argv, tmp_path / "2").ok()
    skep(*argv, tmp_path / "3", env={"SOURCE_DATE_EPOCH": "1"}).ok()
    one, two, three = ((tmp_path / n).read_bytes() for n in "123")
    assert one == two != three


def test_several_objects_in_the_order_given(skep, plain, tmp_path):
    skep("pack", plain("b.bpf.o"), plain("a.o"), "--name", "two", "--version", "1").ok()
    entries, _ = layer(tmp_path / "two.skep")
    assert list(entries) == ["b.bpf.o", "a.bpf.o", "skep/manifest.json"]
    done = skep("pack", plain("b.bpf.o"), plain("b.o"), "--name", "two", "--version", "1")
    assert (done.rc, done.err) == (2, f"skep pack: object '{tmp_path}/b.o' has the name of another, 'b'\n")


def test_other_architecture(skep, plain, tmp_path, need, tool):
    need("skopeo")
    obj = plain(target="bpfeb")
    done = skep("pack", obj, "--name", "a", "--version", "1", "--arch", "x86_64")
    assert (done.rc, done.err) == (2, f"skep pack: {obj}: object is of another byte order than x86_64\n")
    skep("pack", obj, "--name", "a", "--version", "1", "--arch", "s390x").ok()
    seen = tool("skopeo", "inspect", "--override-arch", "s390x", f"oci-archive:{tmp_path}/a.skep:a:1").stdout
    assert json.loads(seen)["Architecture"] == "s390x"
    done = skep("pack", obj, "--name", "a", "--version", "1", "--arch", "pdp11")
    assert (done.rc, done.err) == (2, "skep pack: unknown architecture 'pdp11'\n")


def test_project(skep, project, tmp_path):
    p = project(build=False)
    done = skep("pack", "-C", p, "-o", tmp_path / "out.skep", "--json").ok().json()
    assert done["package"] == str(tmp_path / "out.skep")
    assert (tmp_path / "out.skep").read_bytes() == (p / "build/exec-watch.skep").read_bytes()
    # built if it is stale, not if it is not
    (p / "skep.yaml").write_text((p / "skep.yaml").read_text().replace("0.1.0", "0.1.1"))
    assert skep("pack", "--json", cwd=p).ok().json()["steps"] == 1
    assert skep("pack", "--json", cwd=p).ok().json()["steps"] == 0


def test_foreign_layout(skep, package, tmp_path, need, tool):
    need("skopeo")
    source = package()
    tool("skopeo", "copy", f"oci-archive:{source}:exec-watch:0.1.0", f"oci-archive:{tmp_path}/foreign.tar:exec-watch:0.1.0")
    assert (tmp_path / "foreign.tar").read_bytes() != source.read_bytes()
    skep("pack", "--from-oci", tmp_path / "foreign.tar", "-o", tmp_path / "back.skep").ok()
    entries, _ = layer(tmp_path / "back.skep")
    assert entries == layer(source)[0]
    skep("inspect", tmp_path / "back.skep").ok()
    done = skep("pack", "--from-oci", __file__, "-o", tmp_path / "no.skep")
    assert done.rc == 2 and not (tmp_path / "no.skep").exists(), done


NAMED = ["--name", "a", "--version", "1"]


@pytest.mark.parametrize("argv, line", [
    (["x.o"], "objects need --name and --version"),
    (["x.o", "--name", "a"], "objects need --name and --version"),
    (["-C", ".", "x.o"], "-C names a project: no objects or --from-oci with it"),
    (["--from-oci", "f", "x.o", "-o", "y"], "--from-oci takes name, version and objects from the file"),
    (["--from-oci", "f"], "--from-oci needs -o"),
    (["--name", "a"], "a project's name, version, license, arch and kernels are in skep.yaml"),
])
def test_misuse(skep, argv, line):
    done = skep("pack", *argv)
    assert (done.rc, done.out, done.err) == (2, "", f"skep pack: {line}\n")


@pytest.mark.parametrize("name, version", [("A", "1"), ("a_b", "1"), ("", "1"), ("a", ""), ("a", "1 2"), ("a", "../1"), ("a", "x" * 64)])
def test_bad_name_or_version(skep, plain, tmp_path, name, version):
    done = skep("pack", plain(), "--name", name, "--version", version)
    assert done.rc == 2 and ("name" in done.err or "version" in done.err), done
    assert not list(tmp_path.glob("*.skep"))


@pytest.mark.parametrize("name", ["x.txt", "a-b.o", "3.bpf.o", ".o", "é.o"])
def test_file_name_that_is_no_name_of_c(skep, plain, name):
    path = shutil.copy(plain(), plain().parent / name)
    done = skep("pack", path, *NAMED)
    assert (done.rc, done.err) == (2, f"skep pack: object '{path}' wants a file name like NAME.bpf.o\n")


def test_files_that_are_no_objects(skep, plain, tmp_path, tool):
    good = plain().read_bytes()
    for name, data, rc in (("empty.o", b"", 2), ("text.o", b"hello\n" * 99, 2), ("host.o", open("/bin/true", "rb").read(), 2),
                           ("half.o", good[: len(good) // 2], 1), ("head.o", good[:64], 1)):
        (tmp_path / name).write_bytes(data)
        done = skep("pack", tmp_path / name, *NAMED)
        assert done.rc in (1, 2) and str(tmp_path / name) in done.err.splitlines()[0], (name, rc, done)
    done = skep("pack", plain("nobtf.o", flags=()), *NAMED)
    assert done.rc in (1, 2) and "BTF" in done.err, done
    done = skep("pack", tmp_path / "absent.o", *NAMED)
    assert done.rc == 3 and "No such file" in done.err
    done = skep("pack", tmp_path, *NAMED)
    assert done.rc == 2
    assert not list(tmp_path.glob("*.skep"))


def test_every_byte_of_an_object_changed(skep, plain, tmp_path):
    """Packed or refused, never anything else; sanitisers watch."""
    good = bytearray(plain().read_bytes())
    for at in range(0, len(good), max(1, len(good) // 120)):
        bad = bytearray(good)
        bad[at] ^= 0xFF
        (tmp_path / "bad.o").write_bytes(bad)
        assert skep("pack", tmp_path / "bad.o", *NAMED, "-o", tmp_path / "bad.skep").rc in (0, 1, 2, 3)


@pytest.mark.need("root")
def test_full_disk(skep, plain, tmp_path):
    disk = tmp_path / "disk"
    disk.mkdir()
    subprocess.run(["mount", "-t", "tmpfs", "-o", "size=12k", "none", disk], check=True)
    try:
        skep("pack", plain(), "--name", "a", "--version", "1", "-o", disk / "a.skep").ok()
        before = (disk / "a.skep").read_bytes()
        done = skep("pack", plain(), "--name", "a", "--version", "2", "-o", disk / "a.skep")
        assert (done.rc, done.err) == (3, f"skep pack: {disk}/a.skep: cannot write: No space left on device\n")
        assert (disk / "a.skep").read_bytes() == before and len(list(disk.iterdir())) == 1
    finally:
        subprocess.run(["umount", disk], check=True)


def test_killed_at_any_moment(skep, start, plain, tmp_path):
    obj, good = plain(), []
    for v in "12":
        skep("pack", obj, "--name", "a", "--version", v, "-o", tmp_path / v).ok()
        good.append((tmp_path / v).read_bytes())
    shutil.copy(tmp_path / "1", tmp_path / "a.skep")
    for i in range(30):
        process = start("pack", obj, "--name", "a", "--version", "12"[i % 2])
        time.sleep(i * 0.0007)
        process.stop(signal.SIGKILL)
        assert (tmp_path / "a.skep").read_bytes() in good


def test_output_that_cannot_be_written(skep, plain, tmp_path):
    done = skep("pack", plain(), *NAMED, "-o", tmp_path / "no/such/folder.skep")
    assert (done.rc, done.err) == (3, f"skep pack: {tmp_path}/no/such/folder.skep: cannot write: No such file or directory\n")
    done = skep("pack", plain(), *NAMED, "-o", tmp_path)
    assert done.rc == 3 and "cannot write" in done.err
