# SPDX-License-Identifier: BSD-2-Clause
"""A project that compiles in a tenth of a template's time, and a compiler that tells how it was called."""

import hashlib
import re
import shutil
import textwrap

import pytest

YAML = """name: tiny
version: 0.1.0
license: GPL-2.0-only
sources: [src/tiny.bpf.c]
"""
# <linux/bpf.h> and not vmlinux.h: the types are few, clang takes a tenth of the time
SOURCE = """#include <linux/bpf.h>
#include <bpf/bpf_helpers.h>
#include "tiny.h"

const volatile __u32 limit = LIMIT;
const volatile char word[16] = "";
__u32 plain = 1;

struct {
	__uint(type, BPF_MAP_TYPE_HASH);
	__uint(max_entries, 64);
	__type(key, __u32);
	__type(value, struct count);
} counts SEC(".maps");

SEC("xdp") int pass(struct xdp_md *ctx)
{
	__u32 key = ctx->ingress_ifindex;
	struct count *c = bpf_map_lookup_elem(&counts, &key);

	if (c && c->packets < limit)
		__sync_fetch_and_add(&c->packets, 1);
	return word[0] || plain ? XDP_DROP : XDP_PASS;
}

char LICENSE[] SEC("license") = "GPL";
"""
HEADER = """#define LIMIT 7
struct count { __u64 packets; };
"""
STEPS = [
    "build/gen/tiny/vmlinux.h",
    "build/obj/x86_64/tiny/src/tiny.bpf.c.o",
    "build/tiny.bpf.o",
    "build/tiny.skep",
]


def write(folder, files):
    for name, text in files.items():
        path = folder / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(textwrap.dedent(text))
    return folder


@pytest.fixture
def tiny(tmp_path):
    def make(name="p", **extra):
        files = {"skep.yaml": YAML, "src/tiny.bpf.c": SOURCE, "src/tiny.h": HEADER}
        return write(tmp_path / name, {**files, **extra.get("files", {})})

    return make


@pytest.fixture
def wrapper(tmp_path):
    """A clang that logs how it was called. wrapper.calls() tells and forgets the compilations."""

    class Wrapper:
        path = tmp_path / "bin" / "clang"
        log = tmp_path / "clang.log"

        def __init__(self, real="clang", before=""):
            self.path.parent.mkdir(exist_ok=True)
            real = shutil.which(real)
            self.path.write_text(f'#!/bin/sh\n{before}\necho "$@" >> {self.log}\nenv >> {self.log}.env\nexec {real} "$@"\n')
            self.path.chmod(0o755)

        def calls(self):
            lines = self.log.read_text().splitlines() if self.log.exists() else []
            self.log.unlink(missing_ok=True)
            return [re.search(r"-c (\S+)", line)[1] for line in lines if "--version" not in line]

    return Wrapper


def digest_of(folder):
    """Every file that scripts rely on -> its digest."""
    build = folder / "build"
    files = [*build.glob("*.bpf.o"), *build.glob("*.skel.h"), *build.glob("*.skep")]
    return {f.name: hashlib.sha256(f.read_bytes()).hexdigest() for f in files}


def explained(done):
    """--explain's lines -> {step: why}; what follows of a step is what was decided"""
    assert done.rc == 0, done
    return dict(line.split(": ", 1) for line in reversed(done.err.splitlines()))


def made_again(done):
    why = explained(done)
    return [step for step in STEPS if step in why and why[step] != "is up to date"]
