# SPDX-License-Identifier: BSD-2-Clause
"""Packages written by nobody's code but this: the format once more, from its description, and ways to break it.

    Image("amd64", files)        one platform: .layer .config .manifest, all to be changed before Layout takes them
    Layout(*images, ref=...)     .blobs .index .refer(manifest) .bytes()
    read(path)                   entries of a tar -> {name: bytes}
    bundle(signer, statement)    a sigstore bundle, signed by the openssl program
"""

import base64
import gzip
import hashlib
import io
import json
import struct
import subprocess
import tarfile
import zlib

INDEX = "application/vnd.oci.image.index.v1+json"
MANIFEST = "application/vnd.oci.image.manifest.v1+json"
CONFIG = "application/vnd.oci.image.config.v1+json"
LAYER = "application/vnd.oci.image.layer.v1.tar+gzip"
EMPTY = "application/vnd.oci.empty.v1+json"
BUNDLE = "application/vnd.dev.sigstore.bundle.v0.3+json"
PREDICATE = "https://sigstore.dev/cosign/sign/v1"
REF = "org.opencontainers.image.ref.name"
ARCH = {"amd64": "x86_64", "arm64": "arm64"}


def canonical(value):
    return json.dumps(value, sort_keys=True, separators=(",", ":"), ensure_ascii=False).encode()


def sha256(data):
    return "sha256:" + hashlib.sha256(data).hexdigest()


def descriptor(media_type, data):
    return {"mediaType": media_type, "digest": sha256(data), "size": len(data)}


# --- tar and gzip --------------------------------------------------------------------------------


def header(name, size, mtime=0, kind=b"0", mode=b"0000644\0", size_field=None, magic=b"ustar\0" b"00"):
    number = size_field or b"%011o\0" % size
    raw = name.encode().ljust(100, b"\0") + mode + b"0000000\0" * 2 + number + b"%011o\0" % mtime
    raw += b" " * 8 + kind + bytes(100) + magic + bytes(64) + b"0000000\0" * 2 + bytes(167)
    return raw[:148] + b"%06o\0 " % sum(raw) + raw[156:]


def entry(name, data, **kw):
    return header(name, len(data), **kw) + data + bytes(-len(data) % 512)


def tar(entries, end=bytes(1024), **kw):
    return b"".join(entry(name, data, **kw) for name, data in entries) + end


def gz(data, head=b"\x1f\x8b\x08\0\0\0\0\0\0\xff", level=6):
    squeeze = zlib.compressobj(level, zlib.DEFLATED, -15)
    body = squeeze.compress(data) + squeeze.flush()
    return head + body + struct.pack("<II", zlib.crc32(data), len(data) & 0xFFFFFFFF)


def read(path):
    with tarfile.open(path) as archive:
        return {m.name: archive.extractfile(m).read() for m in archive.getmembers() if m.isfile()}


def layer_files(blob):
    with tarfile.open(fileobj=io.BytesIO(gzip.decompress(blob))) as archive:
        return [(m.name, archive.extractfile(m).read()) for m in archive.getmembers()]


# --- packages ------------------------------------------------------------------------------------

OBJECT = b"\x7fELF\x02\x01\x01" + b"no BPF, but the package does not mind" * 20


class Image:
    """One platform; change .meta before layer(), .config or .manifest before Layout."""

    def __init__(self, goarch="amd64", files=None, name="toy", version="1.2.3", mtime=0, change=None, layer=None):
        self.goarch, self.mtime = goarch, mtime
        self.files = files or [("toy.bpf.o", OBJECT), ("skep/extra.txt", b"extra")]
        self.meta = self.describe(name, version)
        if change:
            change(self.meta)
        text = ("skep/manifest.json", self.meta if isinstance(self.meta, bytes) else canonical(self.meta))
        self.tar = tar([self.files[0], text, *self.files[1:]], mtime=mtime)
        self.layer = layer(self.tar) if layer else gz(self.tar)
        self.config = {
            "architecture": goarch,
            "os": "linux",
            "created": "1970-01-01T00:00:00Z",
            "config": {"Labels": {"io.ebpf.maps": '{"m":"hash"}', "io.ebpf.programs": '{"p":"xdp"}'}},
            "rootfs": {"type": "layers", "diff_ids": [sha256(self.tar)]},
        }
        self.layers = [descriptor(LAYER, self.layer)]
        self.manifest = {"schemaVersion": 2, "mediaType": MANIFEST, "layers": self.layers}

    def describe(self, name, version):
        program = {"name": "p", "section": "xdp", "type": "xdp", "target": "", "insns": 2, "autoload": True}
        kinds = {"key_size": 4, "value_size": 8, "max_entries": 16, "flags": 0}
        return {
            "schema": 1,
            "name": name,
            "version": version,
            "license": "GPL-2.0-only",
            "arch": ARCH.get(self.goarch, self.goarch),
            "toolchain": {"flags": ["-O2"]},
            "files": [{"name": n, "digest": sha256(d), "size": len(d)} for n, d in sorted(self.files)],
            "objects": [
                {"name": "toy", "license": "GPL", "programs": [program], "maps": [{"name": "m", "type": "hash", **kinds}]}
            ],
            "params": [],
        }


class Layout:
    def __init__(self, *images, ref="toy:1.2.3"):
        self.ref, self.blobs, self.referrers = ref, {}, []
        self.mtime = images[0].mtime if images else 0
        self.image_index = {"schemaVersion": 2, "mediaType": INDEX, "manifests": [self.add_image(i) for i in images]}
        self.annotations = {REF: ref}

    def add(self, media_type, value):
        data = value if isinstance(value, bytes) else canonical(value)
        self.blobs[sha256(data)] = data
        return descriptor(media_type, data)

    def add_image(self, image):
        self.add(LAYER, image.layer)
        config = self.add(CONFIG, image.config)
        manifest = {"config": config, **image.manifest}
        return {**self.add(MANIFEST, manifest), "platform": {"architecture": image.goarch, "os": "linux"}}

    def subject(self):
        return descriptor(INDEX, canonical(self.image_index))

    def refer(self, data, artifact=BUNDLE, config=b"{}", **change):
        layers = [self.add(artifact, data)]
        manifest = {"schemaVersion": 2, "mediaType": MANIFEST, "artifactType": artifact, "layers": layers}
        manifest |= {"config": self.add(EMPTY, config), "subject": self.subject(), **change}
        self.referrers.append(self.add(MANIFEST, manifest))
        return self

    def index_json(self):
        first = {**self.add(INDEX, self.image_index), "annotations": self.annotations}
        rest = sorted(self.referrers, key=lambda d: d["digest"])
        return {"schemaVersion": 2, "mediaType": INDEX, "manifests": [first, *rest]}

    def entries(self):
        index = canonical(self.index_json())
        blobs = [("blobs/sha256/" + d[7:], data) for d, data in sorted(self.blobs.items())]
        return [*blobs, ("index.json", index), ("oci-layout", b'{"imageLayoutVersion":"1.0.0"}')]

    def bytes(self):
        return tar(self.entries(), mtime=self.mtime)


# --- signatures ----------------------------------------------------------------------------------


def statement(digest, **change):
    subject = [{"digest": {"sha256": digest.removeprefix("sha256:")}}]
    return {"_type": "https://in-toto.io/Statement/v1", "predicateType": PREDICATE, "predicate": {}, "subject": subject} | change


def pae(payload):
    kind = b"application/vnd.in-toto+json"
    return b"DSSEv1 %d %s %d %s" % (len(kind), kind, len(payload), payload)


def openssl(*argv, data=None):
    return subprocess.run(["openssl", *map(str, argv)], input=data, capture_output=True, check=True).stdout


def spki(crt):
    return openssl("pkey", "-pubin", "-outform", "DER", data=openssl("x509", "-in", crt, "-noout", "-pubkey"))


def hint(crt):
    return base64.b64encode(hashlib.sha256(spki(crt)).digest()).decode()


def bundle(key, payload, **change):
    payload = payload if isinstance(payload, bytes) else canonical(payload)
    sig = openssl("dgst", "-sha256", "-sign", key.key, data=pae(payload))
    return envelope(hint(key.crt), payload, sig, **change)


def envelope(who, payload, sig, **change):
    return {
        "mediaType": BUNDLE,
        "verificationMaterial": {"publicKey": {"hint": who}},
        "dsseEnvelope": {
            "payload": base64.b64encode(payload).decode(),
            "payloadType": "application/vnd.in-toto+json",
            "signatures": [{"sig": base64.b64encode(sig).decode(), "keyid": who}],
        },
    } | change


def dated(key, start, end, folder):
    """Another certificate of this key, named 'dated', for this time alone -> path"""
    (folder / "index").write_text("")
    (folder / "serial").write_text("01\n")
    config = f"[ca]\ndefault_ca=d\n[d]\ndatabase={folder}/index\nserial={folder}/serial\nnew_certs_dir={folder}\n"
    config += "default_md=sha256\npolicy=p\n[p]\ncommonName=supplied\n[req]\ndistinguished_name=n\n[n]\n"
    (folder / "config").write_text(config)
    request = folder / "request"
    openssl("req", "-new", "-key", key.key, "-subj", "/CN=dated", "-config", folder / "config", "-out", request)
    argv = ["-config", folder / "config", "-selfsign", "-keyfile", key.key, "-in", request, "-out", folder / "dated.crt"]
    openssl("ca", "-batch", "-notext", *argv, "-startdate", start, "-enddate", end)
    return folder / "dated.crt"
