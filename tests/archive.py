# SPDX-License-Identifier: BSD-2-Clause
"""A package archive on loopback with kernels in it: signed lists, ranges, and the faults a test asks for."""

import hashlib
import shutil
import subprocess
import threading
from email.utils import formatdate
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path

from tinybtf import kernel

STAMP = 1_700_000_000
CONFIG = b"#\n# Automatically generated file; DO NOT EDIT.\n# Linux/x86 6.1.0 Kernel Configuration\n#\nCONFIG_BPF=y\n"


def run(*argv, **kw):
    done = subprocess.run([str(a) for a in argv], capture_output=True, **kw)
    assert done.returncode == 0, (argv, done.stderr.decode())
    return done.stdout


class Keys:
    """One signing key of its own."""

    def __init__(self, folder, name):
        self.home, self.ring = folder / name, folder / f"{name}.gpg"
        self.home.mkdir(mode=0o700)
        self.gpg("--passphrase", "", "--quick-gen-key", f"{name}@example.invalid", "ed25519", "sign", "never")
        self.ring.write_bytes(self.gpg("--export"))

    def gpg(self, *args, **kw):
        return run("gpg", "--batch", "--homedir", self.home, *args, **kw)

    def clearsign(self, text):
        return self.gpg("--clearsign", "--output", "-", input=text)

    def close(self):
        subprocess.run(["gpgconf", "--homedir", self.home, "--kill", "all"], capture_output=True)


class Handler(BaseHTTPRequestHandler):
    protocol_version = "HTTP/1.1"

    def do_GET(self):
        archive = self.server.archive
        path = archive.root / self.path.lstrip("/").replace("%2b", "+")
        wanted = self.headers.get("Range")
        archive.asked.append((self.path, wanted))
        if not path.is_file():
            self.send_error(404)
            return
        data, stamp = path.read_bytes(), formatdate(STAMP, usegmt=True)
        if self.headers.get("If-Modified-Since") == stamp and "/dists/" not in self.path:
            self.send_response(304)
            self.send_header("Content-Length", "0")
            self.end_headers()
            return
        begin = 0
        if wanted and self.headers.get("If-Range", stamp) == stamp:
            begin = int(wanted.removeprefix("bytes=").split("-")[0])
        self.send_response(206 if begin else 200)
        self.send_header("Last-Modified", stamp)
        self.send_header("Content-Length", str(len(data) - begin))
        if begin:
            self.send_header("Content-Range", f"bytes {begin}-{len(data) - 1}/{len(data)}")
        self.end_headers()
        body = archive.fault(self.path, data[begin:]) if archive.fault else data[begin:]
        try:
            self.wfile.write(body)
        except ConnectionError:  # killed meanwhile
            self.close_connection = True
        if len(body) < len(data) - begin:
            self.close_connection = True

    def log_message(self, *args):
        pass


class Archive:
    """debian/ and debian-security/ below root; publish() after every change."""

    def __init__(self, root, keys):
        self.root, self.keys = root, keys
        self.packages = {}  # (archive, suite, arch) -> paragraphs
        self.codenames = {}
        self.asked, self.fault = [], None
        self.server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
        self.server.daemon_threads = True
        self.server.archive = self
        threading.Thread(target=self.server.serve_forever, args=(0.02,), daemon=True).start()
        self.mirror = f"http://127.0.0.1:{self.server.server_address[1]}/debian"

    def close(self):
        self.server.shutdown()
        self.server.server_close()

    def add(self, suite, name, version, arch="amd64", depends="", files=(), where="debian"):
        """A package; files: path in it -> bytes."""
        tree = self.root / "work"
        shutil.rmtree(tree, ignore_errors=True)
        (tree / "DEBIAN").mkdir(parents=True)
        control = f"Package: {name}\nVersion: {version}\nArchitecture: {arch}\nMaintainer: nobody <n@example.invalid>\n"
        control += (f"Depends: {depends}\n" if depends else "") + "Description: none\n"
        (tree / "DEBIAN/control").write_text(control)
        for path, data in dict(files).items():
            (tree / path).parent.mkdir(parents=True, exist_ok=True)
            (tree / path).write_bytes(data)
        deb = self.root / where / "pool" / f"{name}_{version}_{arch}.deb"
        deb.parent.mkdir(parents=True, exist_ok=True)
        run("dpkg-deb", "--root-owner-group", "-Znone", "-b", tree, deb)
        data = deb.read_bytes()
        control += f"Filename: pool/{deb.name}\nSize: {len(data)}\nSHA256: {hashlib.sha256(data).hexdigest()}\n"
        self.packages.setdefault((where, suite, arch), []).append(control)
        return deb

    def add_kernel(self, suite, version, package_version, arch="amd64", flavour="cloud", structs=(), where="debian", split=False, modules=None):
        """What Debian makes of a kernel: a package that depends on the newest, and that one, whole or in parts."""
        release = f"{version}-{flavour}-{arch}" if flavour else f"{version}-{arch}"
        meta = f"linux-image-{flavour}-{arch}" if flavour else f"linux-image-{arch}"
        image = {f"boot/vmlinux-{release}": self.elf(arch, structs), f"boot/config-{release}": CONFIG}
        image.update({f"lib/modules/{release}/kernel/{name}.ko": data for name, data in (modules or {}).items()})
        self.add(suite, meta, package_version, arch, f"linux-image-{release} (= {package_version})", where=where)
        if not split:
            return self.add(suite, f"linux-image-{release}", package_version, arch, "kmod, linux-base", image, where)
        parts = [f"linux-{part}-{release} (= {package_version})" for part in ("binary", "base")]
        self.add(suite, f"linux-image-{release}", package_version, arch, "linux-base, " + ", ".join(parts), where=where)
        self.add(suite, f"linux-base-{release}", package_version, arch, files=dict([image.popitem()]), where=where)
        return self.add(suite, f"linux-binary-{release}", package_version, arch, files=image, where=where)

    def elf(self, arch, structs):
        """An ELF file that has a kernel's types in it."""
        work = self.root / "elf"
        work.mkdir(parents=True, exist_ok=True)
        (work / "btf").write_bytes(kernel({"amd64": "x86_64"}.get(arch, arch), *structs))
        (work / "c.c").write_text("int x;\n")
        target = {"amd64": "x86_64-linux-gnu", "arm64": "aarch64-linux-gnu"}[arch]
        run("clang", f"--target={target}", "-c", work / "c.c", "-o", work / "c.o")
        run("llvm-objcopy", f"--add-section=.BTF={work}/btf", work / "c.o", work / "out")
        data = (work / "out").read_bytes()
        return data[:16] + b"\x02\0" + data[18:]  # a program: what can be relocated is taken for a module

    def publish(self):
        for where, suite in {key[:2] for key in self.packages}:
            dists = self.root / where / "dists" / suite
            lines, arches = [], []
            for (w, s, arch), paragraphs in self.packages.items():
                if (w, s) != (where, suite):
                    continue
                data = "\n".join(paragraphs).encode()
                path = dists / "main" / f"binary-{arch}" / "Packages"
                path.parent.mkdir(parents=True, exist_ok=True)
                path.write_bytes(data)
                arches.append(arch)
                lines.append(f" {hashlib.sha256(data).hexdigest()} {len(data)} {path.relative_to(dists)}")
            text = f"Origin: Debian\nLabel: Debian\nSuite: {suite}\nCodename: {self.codenames.get(suite, suite)}\n"
            text += f"Date: {formatdate(usegmt=True)}\nArchitectures: {' '.join(arches)}\nComponents: main\n"
            (dists / "InRelease").write_bytes(self.keys.clearsign((text + "SHA256:\n" + "\n".join(lines) + "\n").encode()))

    def downloads(self):
        """Packages that were asked for, with the range."""
        return [(Path(path).name.replace("%2b", "+"), wanted) for path, wanted in self.asked if "/pool/" in path]
