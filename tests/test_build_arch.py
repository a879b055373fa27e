# SPDX-License-Identifier: BSD-2-Clause
"""skep build for other architectures: byte order, defines and types of each; what is equal is stored once."""

import io
import json
import tarfile

import pytest

from tinyproject import tiny, write  # noqa: F401

pytestmark = pytest.mark.need("clang", "btf", "x86_64")

GOARCH = {"x86_64": "amd64", "arm64": "arm64", "s390x": "s390x", "riscv64": "riscv64"}
SOURCE = """
    #include <vmlinux.h>
    #define SEC(x) __attribute__((section(x), used))
    #if defined(__TARGET_ARCH_s390)
    int big = 1;
    #elif !defined(__TARGET_ARCH_x86) && !defined(__TARGET_ARCH_arm64) && !defined(__TARGET_ARCH_riscv)
    #error no architecture
    #endif
    SEC("xdp") int first(void *ctx) { return *(__u16 *)ctx == 0x0800; }
    char LICENSE[] SEC("license") = "GPL";
    """


def project(folder, arch, source=SOURCE, vmlinux="types.h"):
    return write(folder, {
        "types.h": "typedef unsigned short __u16; struct pt_regs { long r[32]; };\n", "a.bpf.c": source,
        "skep.yaml": f"name: arches\nversion: '1'\narch: [{arch}]\nvmlinux: {vmlinux}\nsources: [a.bpf.c]\n"})


def blobs_of(package):
    with tarfile.open(package) as tar:
        return {m.name: tar.extractfile(m).read() for m in tar.getmembers()}


def layers_of(package):
    """Architecture -> (digest of its layer, entries of it)."""
    blobs, layers = blobs_of(package), {}
    blob = lambda d: blobs["blobs/sha256/" + d["digest"].split(":")[1]]  # noqa: E731
    for entry in json.loads(blob(json.loads(blobs["index.json"])["manifests"][0]))["manifests"]:
        layer = json.loads(blob(entry))["layers"][0]
        with tarfile.open(fileobj=io.BytesIO(blob(layer))) as tar:
            files = {m.name: tar.extractfile(m).read() for m in tar.getmembers()}
        layers[entry["platform"]["architecture"]] = (layer["digest"], files)
    return layers


def test_equal_objects_are_stored_once(skep, tmp_path, need, tool):
    need("skopeo")
    p = project(tmp_path / "p", "x86_64, arm64, s390x, riscv64")
    skep("build", "-C", p).ok()
    layers = layers_of(p / "build/arches.skep")
    assert layers["amd64"][0] == layers["arm64"][0] == layers["riscv64"][0] != layers["s390x"][0]
    gz = [b for b in blobs_of(p / "build/arches.skep").values() if b[:2] == b"\x1f\x8b"]
    assert len(gz) == 2
    shared, alone = (json.loads(layers[a][1]["skep/manifest.json"]) for a in ("arm64", "s390x"))
    assert "arch" not in shared and alone["arch"] == "s390x"
    assert not [f for f in shared["toolchain"]["flags"] if "TARGET_ARCH" in f]
    for name, goarch in GOARCH.items():
        seen = tool("skopeo", "inspect", "--override-arch", goarch, f"oci-archive:{p}/build/arches.skep:arches:1").stdout
        assert json.loads(seen)["Architecture"] == goarch
        sub = "" if name == "x86_64" else f"{name}/"
        assert layers[goarch][1]["arches.bpf.o"] == (p / f"build/{sub}arches.bpf.o").read_bytes()
        head = tool("readelf", "-h", p / f"build/{sub}arches.bpf.o").stdout
        assert ("big endian" in head) == (name == "s390x") and "Linux BPF" in head
    listed = skep("inspect", p / "build/arches.skep", "--json").ok().out
    assert all(f'"{name}"' in listed for name in GOARCH)


def test_an_object_of_its_own_has_a_layer_of_its_own(skep, tmp_path):
    p = project(tmp_path / "p", "x86_64, arm64", SOURCE.replace("0x0800", "sizeof(struct pt_regs) __X").replace("__X", "+ X"))
    text = (p / "a.bpf.c").read_text()
    (p / "a.bpf.c").write_text("#ifdef __TARGET_ARCH_x86\n#define X 1\n#else\n#define X 2\n#endif\n" + text)
    skep("build", "-C", p).ok()
    layers = layers_of(p / "build/arches.skep")
    assert layers["amd64"][0] != layers["arm64"][0]
    assert [json.loads(layers[a][1]["skep/manifest.json"])["arch"] for a in ("amd64", "arm64")] == ["x86_64", "arm64"]


def test_one_platform_out_of_several_is_a_package_again(skep, tmp_path, need, tool):
    need("skopeo")
    p = project(tmp_path / "p", "x86_64, arm64")
    skep("build", "-C", p).ok()
    tool("skopeo", "copy", "--override-arch", "arm64", f"oci-archive:{p}/build/arches.skep:arches:1",
         f"oci-archive:{tmp_path}/one.tar:arches:1")
    skep("pack", "--from-oci", tmp_path / "one.tar", "-o", tmp_path / "one.skep").ok()
    assert list(layers_of(tmp_path / "one.skep")) == ["arm64"]
    assert layers_of(tmp_path / "one.skep")["arm64"] == layers_of(p / "build/arches.skep")["arm64"]


def test_another_architecture_is_another_package(skep, tmp_path):
    p = project(tmp_path / "p", "x86_64")
    digest = lambda: skep("build", "-C", p, "--json").ok().json()["digest"]  # noqa: E731
    first = digest()
    (p / "skep.yaml").write_text((p / "skep.yaml").read_text().replace("x86_64", "arm64"))
    assert digest() != first
    assert list(layers_of(p / "build/arches.skep")) == ["arm64"]
