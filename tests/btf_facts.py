# SPDX-License-Identifier: BSD-2-Clause
"""What is in a BTF, from bpftool's JSON of it: an independent, slow reading to judge skep's by."""

import json
from collections import Counter, defaultdict

MODIFIERS = {"CONST": "const", "VOLATILE": "volatile", "RESTRICT": "restrict"}


class Facts:
    def __init__(self, text):
        self.types = {t["id"]: t for t in json.loads(text)["types"]}
        self.by_kind = defaultdict(list)
        for t in self.types.values():
            self.by_kind[t["kind"]].append(t)
        self.spelled = {}

    def kinds(self):
        return Counter(t["kind"].lower() for t in self.types.values())

    def spell(self, number):
        """A type as something to compare by: named ones by name, others by what they are made of."""
        if number not in self.spelled:
            self.spelled[number] = None  # a type without name does not contain itself
            self.spelled[number] = self.spell_new(self.types[number]) if number else ("void",)
        return self.spelled[number]

    def spell_new(self, t):
        kind = t["kind"]
        if kind == "TYPE_TAG":
            return self.spell(t["type_id"])
        if kind in MODIFIERS or kind == "PTR":
            return (kind, self.spell(t["type_id"]))
        if kind == "ARRAY":
            return (kind, t["nr_elems"], self.spell(t["type_id"]))
        if kind == "FUNC_PROTO":
            return (kind, self.spell(t["ret_type_id"]), *(self.spell(p["type_id"]) for p in t["params"]))
        if kind == "FWD":
            return (t["fwd_kind"].upper(), t["name"])
        if kind in ("STRUCT", "UNION") and t["name"] == "(anon)":
            rows = ((m["name"], m["bits_offset"], self.spell(m["type_id"]), self.size(m["type_id"])) for m in t["members"])
            return (kind, t["size"], *rows)
        if kind in ("ENUM", "ENUM64"):
            return ("ENUM", t["name"] if t["name"] != "(anon)" else tuple(v["name"] for v in t["values"]))
        return (kind, t["name"])

    def size(self, number):
        t = self.types.get(number)
        while t and t["kind"] in (*MODIFIERS, "TYPEDEF", "TYPE_TAG"):
            t = self.types.get(t["type_id"])
        if not t or t["kind"] in ("FUNC_PROTO", "FWD"):
            return None
        if t["kind"] == "PTR":
            return 8
        return t["nr_elems"] * self.size(t["type_id"]) if t["kind"] == "ARRAY" else t["size"]

    def functions(self):
        """name -> prototypes"""
        found = defaultdict(set)
        for t in self.by_kind["FUNC"]:
            found[t["name"]].add(self.spell(t["type_id"]))
        return found

    def tracepoints(self):
        found = [t for t in self.by_kind["TYPEDEF"] if t["name"].startswith("btf_trace_")]
        return {t["name"].removeprefix("btf_trace_"): self.spell(t["type_id"]) for t in found}

    def structs(self):
        """Those whose name no other has: "struct x" -> record."""
        named = [t for kind in ("STRUCT", "UNION") for t in self.by_kind[kind] if t["name"] != "(anon)"]
        names = Counter(t["name"] for t in named)
        return {t["name"]: t for t in named if names[t["name"]] == 1}

    def fields(self, t, base=0):
        """name -> (offset in bits, width of a bitfield, size, spelled type), unnamed members looked through"""
        found = {}
        for m in t["members"]:
            inner = self.types[m["type_id"]]
            while inner["kind"] in MODIFIERS:
                inner = self.types[inner["type_id"]]
            off = base + m["bits_offset"]
            if m["name"] == "(anon)":
                found |= self.fields(inner, off) if inner["kind"] in ("STRUCT", "UNION") else {}
            else:
                width = m.get("bitfield_size", 0)
                found[m["name"]] = (off, width, self.size(m["type_id"]), self.spell(m["type_id"]))
        return found

    def enums(self):
        """Named enums: name -> {enumerator: value in 32 bits, or in 64}"""
        found = {}
        for t in self.by_kind["ENUM"] + self.by_kind["ENUM64"]:
            if t["name"] != "(anon)":
                mask = 2**32 - 1 if t["size"] <= 4 else 2**64 - 1
                found.setdefault(t["name"], []).append({v["name"]: v["val"] & mask for v in t["values"]})
        return {name: rows[0] for name, rows in found.items() if len(rows) == 1}
