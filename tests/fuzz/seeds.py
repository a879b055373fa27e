#!/usr/bin/python3
# SPDX-License-Identifier: BSD-2-Clause
"""Seed corpora out of real artefacts: seeds.py SKEP FOLDER writes FOLDER/<kind>/*.

Kinds: yaml state object btf package index manifest config layer bundle cert key param image module archive kernel
resolve minbtf profile scan platform cpio plan frame boot baseline verifier.
"""

import base64
import gzip
import io
import json
import os
import shutil
import struct
import subprocess
import sys
import tarfile
import tempfile
import zlib
from pathlib import Path

sys.path.insert(0, str(Path(__file__).resolve().parent.parent))
import kernelfile  # noqa: E402


def run(*argv, **kw):
    done = subprocess.run([str(a) for a in argv], capture_output=True, **kw)
    if done.returncode:
        sys.exit(f"seeds: {' '.join(map(str, argv))}: exit {done.returncode}\n{done.stderr.decode(errors='replace')}")
    return done.stdout


PARAMS = [
    "u8\n255", "s32\n-1", "u64\n0xffffffffffffffff", "bool\ntrue", "string\nabc", "ipv4\n192.0.2.1", "ipv6\n2001:db8::1",
    "mac\n02:00:00:00:00:01", "duration\n1h30m", "duration\n250us", "ipv4[]\n192.0.2.1,192.0.2.2",
]  # fmt: skip

STATS = {"insns": 90, "states": 1, "peak_states": 8, "stack": 64, "jited": 512}
BASELINE = {
    "skep": "baseline",
    "version": 1,
    "kernels": [{"kernel": "k", "objects": [{"object": "o", "programs": [{"program": p, "load": "loaded", **STATS} for p in "ab"]}]}],
}


class Seeds:
    def __init__(self, folder):
        self.folder = folder

    def add(self, kind, name, data):
        (self.folder / kind).mkdir(parents=True, exist_ok=True)
        (self.folder / kind / name).write_bytes(data)

    def package(self, name, path):
        """A package and everything in it, each by what it is."""
        self.add("package", name, path.read_bytes())
        with tarfile.open(path) as tar:
            blobs = {m.name: tar.extractfile(m).read() for m in tar.getmembers() if m.isfile()}
        for blob, data in blobs.items():
            short = f"{name}.{Path(blob).name[:12]}"
            if data[:2] == b"\x1f\x8b":
                self.layer(short, data)
                continue
            try:
                value = json.loads(data)
            except ValueError:
                continue
            bundle = "dsseEnvelope" in value or "sigstore.bundle" in str(value.get("mediaType"))
            kind = "bundle" if bundle else "config" if "rootfs" in value else "index"
            self.add(kind, short, data)

    def types(self, name, skep, work, obj):
        """The object against its own types, and a bundle of them."""
        btf = (work / "btf").read_bytes()
        self.add("resolve", name, len(btf).to_bytes(4, "little") + btf + obj.read_bytes())
        env = {**os.environ, "SKEP_HOME": str(work / "library")}
        run(skep, "kernel", "add", work / "btf", "--id", f"toy/x86_64/{name}", "--arch", "x86_64", env=env)
        run(skep, "pack", obj, "--name", "x", "--version", "1", "-o", work / "x.skep", "--kernel", f"toy/x86_64/{name}", env=env)
        with tarfile.open(work / "x.skep") as tar:
            blobs = [tar.extractfile(m).read() for m in tar.getmembers()]
        with tarfile.open(fileobj=io.BytesIO(gzip.decompress(next(b for b in blobs if b[:2] == b"\x1f\x8b")))) as tar:
            self.add("minbtf", name, tar.extractfile("skep/btf/kernels.btfs").read())

    def relocations(self, skep, work):
        """The tests' own objects and kernel, which have relocations of every kind."""
        core, include = Path(__file__).resolve().parent.parent / "data/core", Path(skep).parent.parent / "share/skep/libbpf"
        clang = ["clang-19", "--target=bpf", "-g", "-O2", "-mcpu=v3", "-w", f"-I{include}", "-idirafter", "/usr/include/x86_64-linux-gnu"]
        run(*clang, "-c", core / "kernel.c", "-o", work / "kernel.o")
        run("llvm-objcopy-19", f"--dump-section=.BTF={work}/kernel.btf", work / "kernel.o", "/dev/null")
        btf = (work / "kernel.btf").read_bytes()
        for part in "1234":
            run(*clang, f"-DPART={part}", "-c", core / "object.bpf.c", "-o", work / "part.o")
            run("llvm-strip-19", "-g", work / "part.o")
            self.add("resolve", f"part{part}", len(btf).to_bytes(4, "little") + btf + (work / "part.o").read_bytes())

    def layer(self, name, data):
        self.add("layer", name, data)
        with tarfile.open(fileobj=io.BytesIO(gzip.decompress(data))) as tar:
            for member in tar.getmembers():
                if member.name.endswith("manifest.json"):
                    self.add("manifest", name, tar.extractfile(member).read())


FORMS = ("gzip", "xz", "zstd", "lz4", "lzop", "bzip2", "lzma")


def kernels(seeds, work):
    """Small kernels in every form that they come in."""
    types, split = kernelfile.btf(padding=100), kernelfile.module_btf()
    flat = kernelfile.flat(types, config=kernelfile.config())
    images = {form: kernelfile.bzimage(kernelfile.pack(form, kernelfile.vmlinux(types))) for form in FORMS}
    images.update(search=kernelfile.bzimage(kernelfile.pack("gzip", flat), version=0x200), flat=flat)
    images.update(zboot=kernelfile.zboot(kernelfile.pack("zstd", flat)), elf=kernelfile.vmlinux(types))
    images.update({arch: kernelfile.vmlinux(types, arch) for arch in ("s390x", "arm")})
    modules = {form or "plain": kernelfile.pack(form, kernelfile.module(split)) if form else kernelfile.module(split) for form in (None, *FORMS)}
    for name, data in images.items():
        seeds.add("image", name, data)
        seeds.add("kernel", f"image.{name}", b"boot/vmlinuz-6.9.7-1-amd64\n" + data)
    for name, data in modules.items():
        seeds.add("module", name, data)
    for name, data in (("config", kernelfile.config()), ("x.btf", types), ("types.btf.gz", gzip.compress(types)), ("vmlinux", images["elf"])):
        seeds.add("kernel", name, name.encode() + b"\n" + data)
    folder = f"lib/modules/{kernelfile.RELEASE}"
    files = {"boot/config-6.9.7-1-amd64": kernelfile.config(), f"{folder}/vmlinuz": images["zstd"], f"{folder}/kernel/a.ko.xz": modules["xz"]}
    root = kernelfile.write(work / "root", {**files, "usr/share/doc/x/changelog.gz": gzip.compress(b"linux (1-1) bookworm; urgency=low\n")})
    for form in ("xz", "zstd", "gzip"):
        seeds.add("archive", f"{form}.deb", kernelfile.deb(root, work / "k.deb", form=form).read_bytes())
    for name, kind in (("tar", tarfile.GNU_FORMAT), ("pax", tarfile.PAX_FORMAT)):
        with tarfile.open(work / name, "w", format=kind) as tar:
            tar.add(root, ".")
        seeds.add("archive", name, (work / name).read_bytes())
    header = b"\x8e\xad\xe8\x01" + bytes(4) + bytes([0, 0, 0, 1, 0, 0, 0, 8, 0, 0, 3, 233, 0, 0, 0, 6]) + bytes(7) + b"\1" + b"6.9.7\0\0\0"
    seeds.add("archive", "rpm", kernelfile.RPM_LEAD + header + header + gzip.compress((work / "tar").read_bytes()))


WORDS = ["debian/bookworm:amd64/cloud\ndebian/bookworm/x86_64/cloud/6.1.0-56", ">=5.15, <6.12-rc1\n6.1.0-56-cloud-amd64"]


def library(seeds, skep, work):
    """What the library keeps of a kernel: its profile, its modules; and names as users write them."""
    home, file = work / "home", work / "library.btf"
    file.write_bytes(kernelfile.btf(padding=100))
    run(skep, "kernel", "add", file, "--arch", "x86_64", env={**os.environ, "SKEP_HOME": str(home)})
    for profile in (home / "kernels").iterdir():
        seeds.add("profile", "profile", profile.read_bytes())
    table = struct.pack("<II", 3, 1) + b"a" + struct.pack("<II", 8, 12) + b"nf_conntrack"
    seeds.add("profile", "modules", b"skepmods" + struct.pack("<II", 1, 2) + table + bytes(3) + b"abc" + bytes(5) + b"01234567")
    for number, text in enumerate(WORDS):
        seeds.add("profile", f"words{number}", text.encode())


FRAME_TOKEN = "0123456789abcdef0123456789abcdef"
PLAN = {
    "token": FRAME_TOKEN, "objects": [{"file": "/skep/0.bpf.o", "name": "exec_watch"}], "presets": ["min_ns=5"], "programs": ["on_*"],
    "modules": ["/skep/veth.ko"], "attach": True, "trace": False, "events": True, "network": True, "stimulus": False,
    "duration_ns": 200000000, "limit_ns": 60000000000, "epoch": 1700000000,
}  # fmt: skip


PROOF = {
    "message": None, "buffers": [{"map": "events", "events": 7}], "programs": [{
        "name": "on_exec", "type": "tracepoint", "load": "refused", "code": 22, "message": "prog 'on_exec': no", "log_cut": False,
        "log": "0: (b7) r0 = 1\nverification time 3 usec\nstack depth 8+16\nprocessed 2 insns total_states 1 peak_states 1\n",
        "stats": {"insns": 2, "states": 1, "peak_states": 1, "stack": 24, "jited": 0, "time_ns": 3000},
        "attach": "none", "attach_message": None, "runs": 0,
    }],
}  # fmt: skip
PRESETS = ["min_ns=5", "cfg.list[3]=-2", "comm[0]=0x41", "nope=1"]


def guests(seeds):
    """What a guest is told, and what it answers."""
    seeds.add("proof", "proof", json.dumps(PROOF).encode())
    seeds.add("plan", "plan", json.dumps(PLAN).encode())
    said = [{"say": "ready", "uptime_ns": 1}, {"say": "event", "object": 0, "line": "x"}, {"say": "done", "uptime_ns": 2}]
    boot = [{"say": "ready", "release": "6.1"}, *said[1:2], {"say": "proof", "object": 0, "proof": PROOF},
            {"say": "program", "object": 1, "program": PROOF["programs"][0]}, {"say": "module", "module": "x", "code": 2},
            {"say": "network", "code": 1, "what": "x"}, {"say": "stimulus", "status": 0, "timeout": False, "output": "x"},
            {"say": "error", "where": "a", "what": "b", "hint": "c"}]  # fmt: skip
    seeds.add("boot", "messages", "\n".join(map(json.dumps, boot)).encode())
    seeds.add("boot", "panic", b"[ 1.0] Kernel panic - not syncing: No working init found.\r\n")
    texts = [base64.b64encode(zlib.compress(json.dumps(m).encode())) for m in said]
    parts = [texts[0][:8] + b"+", texts[0][8:], *texts[1:]]
    lines = [b"@skep %s %d %08x %s" % (FRAME_TOKEN.encode(), n, zlib.crc32(t), t) for n, t in enumerate(parts)]
    seeds.add("frame", "console", b"[    0.1] chatter\r\n[    0.2] before " + b"\r\n".join(lines) + b"\r\nend\n")
    for number, text in enumerate(texts):
        seeds.add("frame", f"payload{number}", text)


def verifier_logs(seeds):
    """What kernels said of the tests' own programs."""
    for path in (Path(__file__).resolve().parent.parent / "data/verifier").glob("*.log"):
        for number, log in enumerate(path.read_text().split("\n@program ")[1:]):
            seeds.add("verifier", f"{path.stem}.{number}", log.encode())


def archives(seeds, skep, work):
    """Modules as the library keeps them for guests."""
    home, tree = work / "guests", work / "tree"
    info = f"depends=llc\0vermagic={kernelfile.RELEASE} SMP \0".encode()
    folder = f"lib/modules/{kernelfile.RELEASE}"
    files = {f"{folder}/vmlinux": kernelfile.vmlinux(kernelfile.btf(padding=100))}
    for name, more in (("stp", {".modinfo": info}), ("llc", {})):
        files[f"{folder}/{name}.ko"] = kernelfile.module(None, **{".gnu.linkonce.this_module": bytes(64), **more})
    kernelfile.write(tree, files)
    run(skep, "kernel", "add", tree, env={**os.environ, "SKEP_HOME": str(home)})
    (profile,) = (home / "kernels").iterdir()
    blob = json.loads(profile.read_bytes())["module_files"][7:]
    seeds.add("cpio", "modules", (home / "blobs/sha256" / blob).read_bytes())


VARIANTS = """variants:
  ring-buf: {cflags: [-DRING], mcpu: v2}
  plain: {sources: [src/exec_watch.bpf.c], vmlinux: host}
"""


def variants(seeds, skep, project, env):
    """A project of a template with variants of its object, which are equal but for a flag."""
    yaml = project / "skep.yaml"
    yaml.write_text(yaml.read_text() + VARIANTS)
    run(skep, "build", "-C", project, env=env)
    seeds.add("yaml", "variants", yaml.read_bytes())
    seeds.package("variants", project / "build/exec-watch.skep")


def main(skep, folder):
    env = {**os.environ, "XDG_CACHE_HOME": str(folder.parent / "seeds.cache")}
    work = Path(tempfile.mkdtemp(prefix="skep-seeds."))
    fresh = folder.with_name(folder.name + ".new")
    shutil.rmtree(fresh, ignore_errors=True)
    seeds = Seeds(fresh)
    try:
        for name in ("rsa3072", "ecdsa-p256"):
            keys = work / name
            run(skep, "keygen", "--out", keys, "--type", name)
            seeds.add("cert", f"{name}.pem", (keys / "skep.crt").read_bytes())
            seeds.add("cert", f"{name}.der", run("openssl", "x509", "-in", keys / "skep.crt", "-outform", "DER"))
            seeds.add("key", f"{name}.pem", (keys / "skep.key").read_bytes())
        for template in ("exec-watch", "xdp-filter", "sched-latency"):
            run(skep, "new", template, "--template", template, cwd=work)
            project = work / template
            run(skep, "build", "-C", project, env=env)
            seeds.add("yaml", template, (project / "skep.yaml").read_bytes())
            for source in (project / "src").iterdir():
                seeds.add("scan", source.name, source.read_bytes())
            for file in [*(project / "build").rglob(".skep-state"), *(project / "build").rglob("*.d")]:
                seeds.add("state", f"{template}{file.suffix or file.name}", file.read_bytes())
            obj = next((project / "build").glob("*.bpf.o"))
            seeds.add("object", template, obj.read_bytes())
            for number, preset in enumerate(PRESETS):
                seeds.add("preset", f"{template}{number}", preset.encode() + b"\n" + obj.read_bytes())
            run("llvm-objcopy-19", f"--dump-section=.BTF={work}/btf", obj, "/dev/null")
            seeds.add("btf", template, (work / "btf").read_bytes())
            seeds.types(template, skep, work, obj)
            package = project / "build" / f"{template}.skep"
            seeds.package(template, package)
            for name in ("rsa3072", "ecdsa-p256"):
                run(skep, "sign", package, "--key", work / name / "skep.key", "--cert", work / name / "skep.crt")
                seeds.package(f"{template}.{name}", package)
            if template == "exec-watch":
                variants(seeds, skep, project, env)
        kernels(seeds, work)
        verifier_logs(seeds)
        library(seeds, skep, work)
        archives(seeds, skep, work)
        guests(seeds)
        seeds.relocations(skep, work)
        for path in (Path(skep).parent.parent / "share/skep/platforms").iterdir():
            seeds.add("platform", path.name, path.read_bytes())
        seeds.add("baseline", "baseline", json.dumps(BASELINE).encode())
        for number, text in enumerate(PARAMS):
            seeds.add("param", str(number), text.encode())
        shutil.rmtree(folder, ignore_errors=True)
        fresh.rename(folder)
    finally:
        shutil.rmtree(work)


if __name__ == "__main__":
    main(Path(sys.argv[1]).resolve(), Path(sys.argv[2]).resolve())
