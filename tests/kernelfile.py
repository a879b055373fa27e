# SPDX-License-Identifier: BSD-2-Clause
"""Files that distributions spread kernels in, made small: BTF, ELF, images. Byte orders are '<' and '>'."""

import gzip
import os
import random
import struct
import subprocess

RELEASE = "6.9.7-42-cloud-amd64"
VERSION = "#42 SMP PREEMPT_DYNAMIC Debian 6.9.7-1 (2026-01-02)"
BANNER = f"Linux version {RELEASE} (me@here) (gcc 12) {VERSION}\n\0".encode()

RPM_LEAD = b"\xed\xab\xee\xdb" + bytes(92)
X86_64, ARM64, S390, ARM, BPF = 62, 183, 22, 40, 247
MACHINES = {"x86_64": (X86_64, "<", True), "arm64": (ARM64, "<", True), "s390x": (S390, ">", True), "arm": (ARM, "<", False)}


def noise(size, seed=1):
    return random.Random(seed).randbytes(size)


def btf(members=("pid", "comm"), order="<", padding=0, base=None):
    """struct task_struct with int members; with a base (its types and strings) what comes is split from it."""
    first_id, first_str = base if base else (1, 0)
    strings, types = b"" if base else b"\0", b""

    def name(text):
        nonlocal strings
        strings += text.encode() + b"\0"
        return first_str + len(strings) - len(text) - 1

    types += struct.pack(order + "4I", name("int"), 1 << 24, 4, 1 << 24 | 32)
    types += struct.pack(order + "3I", name("task_struct"), 4 << 24 | len(members), 4 * len(members))
    for i, member in enumerate(members):
        types += struct.pack(order + "3I", name(member), first_id, 32 * i)
    for i in range(padding):
        types += struct.pack(order + "4I", name(f"pad_{i:04d}"), 1 << 24, 4, 1 << 24 | 32)
    header = struct.pack(order + "HBBIIIII", 0xEB9F, 1, 0, 24, 0, len(types), len(types), len(strings))
    return header + types + strings


def module_btf(members=("mod_a", "mod_b"), order="<"):
    return btf(members, order, base=(100000, 2000000))


def elf(sections, machine=X86_64, order="<", wide=True, kind=2):
    """An ELF of named sections; kind 1: relocatable, 2: executable."""
    names, body, rows = b"\0", b"", [(0, 0, 0, 0)]
    start = 64 if wide else 52
    for name, data in [*sections.items(), (".shstrtab", None)]:
        at = len(names)
        names += name.encode() + b"\0"
        data = names if data is None else data
        rows.append((at, 3 if name == ".shstrtab" else 1, start + len(body), len(data)))
        body += data
    body += bytes(-len(body) % 8)
    shoff, entry = start + len(body), 64 if wide else 40
    ident = b"\x7fELF" + bytes([2 if wide else 1, 1 if order == "<" else 2, 1]) + bytes(9)
    word = "Q" if wide else "I"
    head = ident + struct.pack(
        f"{order}HHI3{word}I6H", kind, machine, 1, 0, 0, shoff, 0, start, 0, 0, entry, len(rows), len(rows) - 1
    )
    row = order + ("IIQQQQIIQQ" if wide else "10I")
    return head + body + b"".join(struct.pack(row, at, kind_, 0, 0, off, size, 0, 0, 1, 0) for at, kind_, off, size in rows)


def vmlinux(types, arch="x86_64", banner=BANNER, **more):
    """A kernel large enough to be one, with a false BTF header before the true."""
    machine, order, wide = MACHINES[arch]
    rodata = b"Linux version not this one" + noise(70000) + banner + b"\x9f\xeb\x01\0" + noise(64, 2)
    sections = {".text": noise(3000, 3), ".rodata": rodata, **more}
    if types is not None:
        sections[".BTF"] = types
    return elf(sections, machine, order, wide)


def module(types, arch="x86_64", release=RELEASE, **more):
    machine, order, wide = MACHINES[arch]
    sections = {".text": noise(500, 4), ".modinfo": f"license=GPL\0vermagic={release} SMP mod_unload \0".encode(), **more}
    if types is not None:
        sections[".BTF"] = types
    return elf({**sections, ".symtab": noise(40000, 5)}, machine, order, wide, kind=1)


def pack(form, data):
    """By the tools that pack kernels."""
    argv = {
        "gzip": ["gzip", "-nc"],
        "xz": ["xz", "-c", "--check=crc32", "--x86", "--lzma2=dict=1MiB"],
        "zstd": ["zstd", "-qc"],
        "lz4": ["lz4", "-l", "-c"],
        "lzop": ["lzop", "-c"],
        "bzip2": ["bzip2", "-c"],
        "lzma": ["lzma", "-c"],
    }[form]
    return subprocess.run(argv, input=data, stdout=subprocess.PIPE, check=True).stdout


def bzimage(payload, name=f"{RELEASE} (me@here) {VERSION}", before=b"", size=None, version=0x20F):
    """Linux/x86: a boot sector, one of setup, then the part with the payload. size: of the kernel, put behind it."""
    setup = bytearray(1024)
    setup[0x1F1] = 1
    setup[0x202:0x208] = b"HdrS" + struct.pack("<H", version)
    setup[0x20E:0x210] = struct.pack("<H", 0x300 - 0x200)
    setup[0x236] = 1
    payload += struct.pack("<I", size or 0)
    setup[0x248:0x250] = struct.pack("<II", len(before), len(payload))
    setup[0x300 : 0x300 + len(name) + 1] = name.encode() + b"\0"
    return bytes(setup) + before + payload + noise(500, 6)


def zboot(payload, machine=0xAA64):
    """EFI zboot: the payload where its header says, in a PE."""
    head = bytearray(0x200)
    head[0:2], head[4:8] = b"MZ", b"zimg"
    head[8:16] = struct.pack("<II", len(head), len(payload))
    head[0x3C:0x40] = struct.pack("<I", 0x80)
    head[0x80:0x86] = b"PE\0\0" + struct.pack("<H", machine)
    return bytes(head) + payload + noise(300, 7)


def flat(types, magic=b"ARM\x64", order="<", banner=BANNER, config=None):
    """What arm64 and riscv64 boot: no sections, one BTF among other bytes; some of them look like another."""
    fake = struct.pack(order + "HBBIIIII", 0xEB9F, 1, 0, 24, 0, 2000, 2000, 1 << 30)
    ikcfg = b"IKCFG_ST" + gzip.compress(config, mtime=0) + b"IKCFG_ED" if config else b""
    return bytes(0x38) + magic + bytes(0x100) + noise(70000, 8) + banner + fake + noise(100, 9) + types + ikcfg + noise(900, 10)


def config(arch="x86", *options):
    lines = ["#", "# Automatically generated file; DO NOT EDIT.", f"# Linux/{arch} 6.9.7 Kernel Configuration", "#"]
    lines += ["CONFIG_64BIT=y", "CONFIG_DEBUG_INFO_BTF=y", *options]
    return ("\n".join(lines) + "\n").encode()


def write(folder, files):
    """{path: bytes} below a folder -> the folder."""
    for path, data in files.items():
        target = folder / path
        target.parent.mkdir(parents=True, exist_ok=True)
        target.write_bytes(data)
    return folder


def deb(folder, out, package=f"linux-image-{RELEASE}", version="6.9.7-1", arch="amd64", form="xz", maintainer="Debian Kernel Team <k@debian.org>"):
    """Let dpkg-deb pack a folder."""
    control = f"Package: {package}\nVersion: {version}\nArchitecture: {arch}\nMaintainer: {maintainer}\nDescription: kernel\n"
    write(folder, {"DEBIAN/control": control.encode()})
    os.chmod(folder / "DEBIAN", 0o755)
    subprocess.run(["dpkg-deb", f"-Z{form}", "--root-owner-group", "-b", folder, out], check=True, stdout=subprocess.DEVNULL)
    return out
