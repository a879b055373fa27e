#!/usr/bin/python3
# SPDX-License-Identifier: BSD-2-Clause
"""Seed corpora out of real artefacts: seeds.py SKEP FOLDER writes FOLDER/<kind>/*.

Kinds: yaml state object btf package index manifest config layer bundle cert key param.
"""

import gzip
import io
import json
import os
import shutil
import subprocess
import sys
import tarfile
import tempfile
from pathlib import Path


def run(*argv, **kw):
    done = subprocess.run([str(a) for a in argv], capture_output=True, **kw)
    if done.returncode:
        sys.exit(f"seeds: {' '.join(map(str, argv))}: exit {done.returncode}\n{done.stderr.decode(errors='replace')}")
    return done.stdout


PARAMS = [
    "u8\n255", "s32\n-1", "u64\n0xffffffffffffffff", "bool\ntrue", "string\nabc", "ipv4\n192.0.2.1", "ipv6\n2001:db8::1",
    "mac\n02:00:00:00:00:01", "duration\n1h30m", "duration\n250us", "ipv4[]\n192.0.2.1,192.0.2.2",
]  # fmt: skip


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

    def layer(self, name, data):
        self.add("layer", name, data)
        with tarfile.open(fileobj=io.BytesIO(gzip.decompress(data))) as tar:
            for member in tar.getmembers():
                if member.name.endswith("manifest.json"):
                    self.add("manifest", name, tar.extractfile(member).read())


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
            for file in [*(project / "build").rglob(".skep-state"), *(project / "build").rglob("*.d")]:
                seeds.add("state", f"{template}{file.suffix or file.name}", file.read_bytes())
            obj = next((project / "build").glob("*.bpf.o"))
            seeds.add("object", template, obj.read_bytes())
            run("llvm-objcopy-19", f"--dump-section=.BTF={work}/btf", obj, "/dev/null")
            seeds.add("btf", template, (work / "btf").read_bytes())
            package = project / "build" / f"{template}.skep"
            seeds.package(template, package)
            for name in ("rsa3072", "ecdsa-p256"):
                run(skep, "sign", package, "--key", work / name / "skep.key", "--cert", work / name / "skep.crt")
                seeds.package(f"{template}.{name}", package)
        for number, text in enumerate(PARAMS):
            seeds.add("param", str(number), text.encode())
        shutil.rmtree(folder, ignore_errors=True)
        fresh.rename(folder)
    finally:
        shutil.rmtree(work)


if __name__ == "__main__":
    main(Path(sys.argv[1]).resolve(), Path(sys.argv[2]).resolve())
