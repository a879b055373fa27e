# SPDX-License-Identifier: BSD-2-Clause
"""BPF objects written byte by byte: what no compiler writes, and what would take one too long.

    Object(order).function(name, insns, section="socket", static=False) -> offset of it in its section
                 .relocation(section, offset, symbol)     symbol: the name of a function or, "", number 0
                 .externs = how many undefined symbols it has besides
                 .bytes()
    insn(code, dst, src, off, imm)                        one instruction, in little-endian order
"""

import struct

from tinybtf import Btf

PROGBITS, SYMTAB, STRTAB, REL = 1, 2, 3, 9
ALLOC, EXEC = 2, 4
MOV, ADD, LDX, STX, LDIMM64, JA, CALL, EXIT = 0xB7, 0x0F, 0x79, 0x7B, 0x18, 0x05, 0x85, 0x95


def insn(code, dst=0, src=0, off=0, imm=0, order="<"):
    regs = src << 4 | dst if order == "<" else dst << 4 | src
    return struct.pack(f"{order}BBhi", code, regs, off, imm)


class Strings:
    def __init__(self):
        self.data, self.seen = b"\0", {"": 0}

    def at(self, s):
        if s not in self.seen:
            self.seen[s] = len(self.data)
            self.data += s.encode() + b"\0"
        return self.seen[s]


class Object:
    def __init__(self, order="<"):
        self.order, self.code, self.funcs, self.relocs = order, {}, [], []
        self.externs = 0  # undefined symbols beside the rest

    def function(self, name, insns, section="socket", static=False):
        code = self.code.setdefault(section, bytearray())
        off = len(code)
        code += b"".join(insns)
        self.funcs.append((name, section, off, len(code) - off, static))
        return off

    def alias(self, name, of):
        self.funcs.append((name, *next(f for f in self.funcs if f[0] == of)[1:]))

    def relocation(self, section, offset, symbol):
        self.relocs.append((section, offset, symbol))

    def symbols(self, names, strings):
        out, numbers = [bytes(24)], {"": 0}
        for name, section, off, size, static in sorted(self.funcs, key=lambda f: not f[4]):
            numbers[name] = len(out)
            info = (0 if static else 16) | 2
            out.append(struct.pack(f"{self.order}IBBHQQ", strings.at(name), info, 0, names.index(section), off, size))
        out += [struct.pack(f"{self.order}IBBHQQ", strings.at(f"x{i}"), 16, 0, 0, 0, 0) for i in range(self.externs)]
        return out, numbers, 1 + sum(f[4] for f in self.funcs)

    def bytes(self):
        btf = Btf(self.order)
        btf.integer("int", 4)
        rels = sorted({r[0] for r in self.relocs})
        names = ["", *self.code, "license", ".BTF", *(f".rel{s}" for s in rels), ".symtab", ".strtab"]
        strings, link = Strings(), len(names) - 2
        symbols, numbers, local = self.symbols(names, strings)
        sections = [(PROGBITS, ALLOC | EXEC, bytes(c), 0, 0, 0) for c in self.code.values()]
        sections += [(PROGBITS, ALLOC, b"GPL\0", 0, 0, 0), (PROGBITS, 0, btf.bytes(), 0, 0, 0)]
        for s in rels:
            rows = [struct.pack(f"{self.order}QQ", off, numbers[sym] << 32 | 1) for sec, off, sym in self.relocs if sec == s]
            sections.append((REL, 0, b"".join(rows), link, names.index(s), 16))
        sections.append((SYMTAB, 0, b"".join(symbols), link + 1, local, 24))
        for name in names:
            strings.at(name)
        sections.append((STRTAB, 0, strings.data, 0, 0, 0))
        return self.link(names, sections, strings)

    def link(self, names, sections, strings):
        body, heads = b"", [bytes(64)]
        for name, (kind, flags, data, link, info, entry) in zip(names[1:], sections):
            body += bytes(-len(body) % 8)
            heads.append(struct.pack(f"{self.order}IIQQQQIIQQ", strings.at(name), kind, flags, 0, 64 + len(body), len(data), link, info, 8, entry))
            body += data
        body += bytes(-len(body) % 8)
        ident = b"\x7fELF\x02" + (b"\x01" if self.order == "<" else b"\x02") + b"\x01" + bytes(9)
        head = struct.pack(f"{self.order}HHIQQQIHHHHHH", 1, 247, 1, 0, 0, 64 + len(body), 0, 64, 0, 0, 64, len(names), len(names) - 1)
        return ident + head + body + b"".join(heads)
