# SPDX-License-Identifier: BSD-2-Clause
"""skep build for other architectures: byte order, defines and types of each; what is equal is stored once."""

import io
import json
import re
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


# --- types of other architectures ----------------------------------------------------------------

KERNEL = """
    typedef unsigned int __u32;
    typedef unsigned long long __u64;
    struct task_struct { MORE unsigned long state; int pid; __u64 start; struct task_struct *parent; };
    struct pt_regs { unsigned long regs[NUMBER]; };
    struct other { int a; };
    struct task_struct t; struct pt_regs r; struct other o; __u32 a;
    """
USER = """
    #include <vmlinux.h>
    #define SEC(x) __attribute__((section(x), used))
    SEC("raw_tp/x") int f(struct task_struct *t) { return t->pid + sizeof(struct pt_regs) + t->state; }
    char LICENSE[] SEC("license") = "GPL";
    """


@pytest.fixture
def kernel(tool, tmp_path):
    """kernel(name, order, members, number): raw BTF of a small kernel in the byte order of its architecture."""

    def make(name, target="bpfel", members="", number=4):
        source, path = tmp_path / f"{name}.c", tmp_path / f"{name}.btf"
        source.write_text(KERNEL.replace("MORE", members).replace("NUMBER", str(number)))
        tool("clang-19", f"--target={target}", "-g", "-c", source, "-o", f"{path}.o")
        if not target.startswith("bpf"):
            tool("pahole", "-J", f"{path}.o")
        tool("llvm-objcopy-19", "--dump-section", f".BTF={path}", f"{path}.o")
        return path

    return make


@pytest.fixture
def library(skep, tmp_path):
    home = {"SKEP_HOME": tmp_path / "library"}

    def add(path, arch, id):
        skep("kernel", "add", path, "--arch", arch, "--id", id, env=home).ok()

    add.env = home
    return add


def struct(text, name):
    return re.search(rf"^struct {name} \{{.*?^\}}[^\n]*;$", text, re.M | re.S)[0]


def test_each_architecture_gets_its_newest_kernel_of_a_suite(skep, tmp_path, kernel, library, tool, bpftool):
    for arch, target, number in (("x86_64", "bpfel", 1), ("arm64", "bpfel", 2), ("s390x", "bpfeb", 3)):
        library(kernel(f"{arch}old", target, "int old;"), arch, f"debian/bookworm/{arch}/generic/6.1.0-9")
        library(kernel(arch, target, "int fresh;", number), arch, f"debian/bookworm/{arch}/generic/6.1.0-56")
    p = project(tmp_path / "p", "x86_64, arm64, s390x", USER, "debian/bookworm")
    done = skep("build", "-C", p, "--explain", env=library.env).ok()
    assert "vmlinux.h of" not in done.err
    for arch, target, number in (("x86_64", "bpfel", 1), ("arm64", "bpfel", 2), ("s390x", "bpfeb", 3)):
        sub = "" if arch == "x86_64" else f"{arch}/"
        header = (p / f"build/gen/{sub}arches/vmlinux.h").read_text()
        judge = bpftool("btf", "dump", "file", tmp_path / f"{arch}.btf", "format", "c").stdout
        assert struct(header, "task_struct") == struct(judge, "task_struct") and "fresh" in header and "struct other" not in header
        out = p / f"build/{sub}arches.bpf.o"
        assert ("big endian" in tool("readelf", "-h", out).stdout) == (arch == "s390x")
        # by hand, with bpftool's header
        (tmp_path / "hand").mkdir(exist_ok=True)
        (tmp_path / "hand/vmlinux.h").write_text(judge)
        tool("clang-19", f"--target={target}", "-mcpu=v3", "-g", "-O2", f"-I{tmp_path}/hand", "-c", p / "a.bpf.c",
             "-o", tmp_path / "hand/a.o")
        code = [re.sub(r"File.*", "", tool("readelf", "-x", "raw_tp/x", f).stdout) for f in (out, tmp_path / "hand/a.o")]
        assert code[0] == code[1] and code[0].strip()
    assert len({d for d, _ in layers_of(p / "build/arches.skep").values()}) == 3
    assert "was never made" not in skep("build", "-C", p, "--explain", env=library.env).err
    # a newer one comes: only its architecture is made again
    library(kernel("newer", "bpfel", "int newest;"), "arm64", "debian/bookworm/arm64/generic/6.1.0-57")
    done = skep("build", "-C", p, "--explain", env=library.env)
    again = [line.split(":")[0] for line in done.err.splitlines() if " changed (" in line]
    assert "build/gen/arm64/arches/vmlinux.h" in again and not [a for a in again if "s390x" in a or "gen/arches" in a]
    assert "newest" in (p / "build/gen/arm64/arches/vmlinux.h").read_text()


def test_host_for_another_architecture_is_the_newest_of_the_library(skep, tmp_path, kernel, library, tool):
    p = project(tmp_path / "p", "x86_64, s390x", USER.replace("t->state", "1"), "host")
    done = skep("build", "-C", p, env=library.env)
    assert (done.rc, done.err.splitlines()) == (2, [
        "skep build: skep.yaml:3:16: object 'arches' for s390x needs types of that architecture",
        "  hint: skep kernel fetch debian/stable:s390x, or set 'vmlinux' to a file: BTF of a kernel of s390x, or a header"])
    library(kernel("s"), "arm64", "debian/trixie/arm64/generic/6.12.0-1")
    library(kernel("t", "bpfeb"), "s390x", "debian/trixie/s390x/generic/6.12.0-1")
    done = skep("build", "-C", p, env=library.env).ok()
    assert done.err == ("vmlinux.h of 'arches' for s390x: types of debian/trixie/s390x/generic/6.12.0-1, "
                        "the newest in the library\n")
    assert skep("build", "-C", p, env=library.env).ok().err == ""
    (p / "a.bpf.c").write_text((p / "a.bpf.c").read_text() + "int more;\n")
    assert skep("build", "-C", p, env=library.env).ok().err == ""


def test_a_kernel_of_another_architecture(skep, tmp_path, kernel, library):
    library(kernel("k"), "x86_64", "debian/bookworm/x86_64/generic/6.1.0-9")
    p = project(tmp_path / "p", "x86_64, arm64", USER, "debian/bookworm/x86_64")
    done = skep("build", "-C", p, env=library.env)
    assert (done.rc, done.err.splitlines()) == (2, [
        "skep build: skep.yaml:4:10: kernel 'debian/bookworm/x86_64/generic/6.1.0-9' is of x86_64, object 'arches' for arm64",
        "  hint: name no more than distribution and suite: then each architecture gets its newest kernel"])
    p = project(tmp_path / "q", "x86_64, arm64", USER, "debian/bookworm")
    done = skep("build", "-C", p, env=library.env)
    assert done.rc == 2 and done.err.startswith("skep build: skep.yaml:4:10: no arm64 kernel 'debian/bookworm' in the library\n")
    assert "hint: skep kernel fetch debian/bookworm:arm64" in done.err


@pytest.mark.parametrize("arch, target, what", [
    ("x86_64", "bpfeb", "64-bit, big-endian"), ("s390x", "bpfel", "64-bit, little-endian"),
    ("arm", "bpfel", "64-bit, little-endian"), ("arm64", "armv7-linux-gnueabihf", "32-bit, little-endian")])
def test_types_that_contradict_the_architecture(skep, tmp_path, kernel, need, arch, target, what):
    need("pahole")
    kernel("types", target)
    p = project(tmp_path / "p", arch, USER, tmp_path / "types.btf")
    done = skep("build", "-C", p)
    assert (done.rc, done.err) == (
        2, f"skep build: skep.yaml:4:10: vmlinux '{tmp_path}/types.btf' is of a {what} kernel, object 'arches' for {arch}\n")


def test_another_architecture_is_held_against_the_same_types(skep, tmp_path, kernel):
    p = project(tmp_path / "p", "x86_64", USER, kernel("types"))
    skep("build", "-C", p).ok()
    (p / "skep.yaml").write_text((p / "skep.yaml").read_text().replace("x86_64", "s390x"))
    done = skep("build", "-C", p)
    assert done.rc == 2 and done.err.endswith("is of a 64-bit, little-endian kernel, object 'arches' for s390x\n")


def test_a_32_bit_kernel(skep, tmp_path, kernel, library, need, bpftool, tool):
    """Its types are written as bpftool writes them: with its own pointers, for relocations to put right."""
    need("pahole")
    library(kernel("k", "armv7-linux-gnueabihf"), "arm", "debian/bookworm/arm/armmp/6.1.0-9")
    p = project(tmp_path / "p", "arm", USER.replace("sizeof(struct pt_regs)", "t->parent->pid"), "debian/bookworm")
    skep("build", "-C", p, env=library.env).ok()
    judge = bpftool("btf", "dump", "file", tmp_path / "k.btf", "format", "c").stdout
    assert struct((p / "build/gen/arches/vmlinux.h").read_text(), "task_struct") == struct(judge, "task_struct")
    relos = tool("llvm-objdump-19", "-dr", p / "build/obj/arm/arches/a.bpf.c.o").stdout
    assert "CO-RE <byte_off>" in relos and "task_struct::pid" in relos


def test_pins_of_several_architectures(skep, tmp_path, kernel, library):
    library(kernel("k"), "x86_64", "debian/bookworm/x86_64/generic/6.1.0-9")
    library(kernel("l", "bpfeb", "int big;"), "s390x", "debian/bookworm/s390x/generic/6.1.0-9")
    p = project(tmp_path / "p", "x86_64, s390x", USER, "debian/bookworm")
    out = skep("build", "-C", p, "--pin", env=library.env).ok().out
    pins = [p / f"vmlinux/{arch}/arches/vmlinux.h" for arch in ("x86_64", "s390x")]
    assert all(str(pin.relative_to(p)) in out for pin in pins) and "big" in pins[1].read_text()
    first = skep("build", "-C", p, "--json").ok().json()["digest"]
    # without the library, the digest is the same
    (p / "build/.skep-state").unlink()
    none = {"SKEP_HOME": tmp_path / "none"}
    assert skep("build", "-C", p, "--json", env=none).ok().json()["digest"] == first
