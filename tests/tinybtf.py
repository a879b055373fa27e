# SPDX-License-Identifier: BSD-2-Clause
"""Raw BTF of kernels that never were: enough for the library, small enough for hundreds."""

import struct

INT, STRUCT, FUNC, FUNC_PROTO, TYPEDEF = 1, 4, 12, 13, 8

# what tells architectures apart: byte order, size of a pointer, struct of registers, a member of it
ARCHES = {
    "x86_64": ("<", 8, "pt_regs", "r15"),
    "arm64": ("<", 8, "user_pt_regs", "pstate"),
    "s390x": (">", 8, "pt_regs", "orig_gpr2"),
    "riscv64": ("<", 8, "pt_regs", "epc"),
    "ppc64le": ("<", 8, "user_pt_regs", "orig_gpr3"),
    "arm": ("<", 4, "pt_regs", "uregs"),
    "loongarch64": ("<", 8, "pt_regs", "csr_era"),
}


class Btf:
    def __init__(self, order="<"):
        self.order, self.types, self.strings, self.n = order, b"", b"\0", 0

    def string(self, s):
        self.strings += s.encode() + b"\0"
        return len(self.strings) - len(s) - 1

    def add(self, kind, name, size_or_type, *words, vlen=0):
        off = self.string(name) if name else 0
        head = (off, kind << 24 | vlen, size_or_type)
        self.types += struct.pack(f"{self.order}{3 + len(words)}I", *head, *words)
        self.n += 1
        return self.n

    def integer(self, name, size):
        return self.add(INT, name, size, size * 8)

    def struct(self, name, *members, size=8, kind=1):
        words = [w for i, m in enumerate(members) for w in (self.string(m), kind, i * size * 8)]
        return self.add(STRUCT, name, size * len(members), *words, vlen=len(members))

    def bytes(self):
        lengths = (24, 0, len(self.types), len(self.types), len(self.strings))
        return struct.pack(f"{self.order}HBB5I", 0xEB9F, 1, 0, *lengths) + self.types + self.strings


def kernel(arch="x86_64", *structs):
    """A vmlinux' BTF: long, the registers, task_struct, and more structs by name."""
    order, size, owner, member = ARCHES[arch]
    btf = Btf(order)
    btf.integer("long unsigned int", size)
    btf.struct(owner, member, "sp", size=size)
    btf.struct("task_struct", "pid", "tgid", size=size)
    for name in structs:
        btf.struct(name, "x", size=size)
    return btf.bytes()
