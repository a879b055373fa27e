# SPDX-License-Identifier: BSD-2-Clause
"""skep build: what it makes, and what bad input and bad luck get."""

import io
import json
import re
import shutil
import signal
import subprocess
import tarfile
import time
from pathlib import Path

import pytest
from compilers import CLANGS, OLD

from tinyproject import HEADER, SOURCE, STEPS, YAML, digest_of, made_again, tiny, wrapper, write  # noqa: F401

pytestmark = pytest.mark.need("clang", "btf", "x86_64")


# --- what it makes -------------------------------------------------------------------------------


def test_object_skeleton_and_package(skep, tiny, bpftool, tool, tmp_path):
    p = tiny()
    report = skep("build", "-C", p, "--json").ok().json()
    build = p / "build"
    assert report["objects"] == [{
        "name": "tiny", "arch": "x86_64", "object": "build/tiny.bpf.o", "skeleton": "build/tiny.skel.h"}]
    assert report["package"] == "build/tiny.skep"

    sections = tool("readelf", "-SW", build / "tiny.bpf.o").stdout
    assert " .BTF " in sections and " .BTF.ext " in sections and " xdp " in sections
    assert ".debug" not in sections and ".llvm_addrsig" not in sections and ".skep.types" not in sections
    assert "Linux BPF" in tool("readelf", "-h", build / "tiny.bpf.o").stdout
    assert "struct count {" in bpftool("btf", "dump", "file", build / "tiny.bpf.o", "format", "c").stdout

    user = write(tmp_path, {"u.c": """
        #include "tiny.skel.h"
        int main(void) { struct tiny *t = tiny__open(); return !t || t->rodata->limit != 7; }"""}) / "u.c"
    deps = Path(__file__).parent.parent / "build/deps/libbpf/inst"
    tool("cc", "-Wall", "-Werror", "-I", build, "-I", deps / "include", user, "-o", tmp_path / "u",
         deps / "libbpf.a", "-lelf", "-lz")
    tool(tmp_path / "u")

    with tarfile.open(build / "tiny.skep") as tar:
        blobs = {m.name: tar.extractfile(m).read() for m in tar.getmembers()}
    index = json.loads(blobs["index.json"])
    assert index["manifests"][0]["digest"] == report["digest"]
    layers = [b for b in blobs.values() if b[:2] == b"\x1f\x8b"]
    assert len(layers) == 1
    with tarfile.open(fileobj=io.BytesIO(layers[0])) as layer:
        assert layer.getmembers()[0].name == "tiny.bpf.o"
        assert layer.extractfile("tiny.bpf.o").read() == (build / "tiny.bpf.o").read_bytes()
        manifest = json.load(layer.extractfile("skep/manifest.json"))
    assert manifest["license"] == "GPL-2.0-only"
    assert [m["name"] for m in manifest["objects"][0]["maps"]] == ["counts"]
    version = subprocess.run([json.loads((build / "compile_commands.json").read_text())[0]["arguments"][0], "--version"],
                             capture_output=True, text=True).stdout
    assert f"clang version {manifest['toolchain']['clang']}" in version
    assert "--target=bpfel" in manifest["toolchain"]["flags"] and "-mcpu=v3" in manifest["toolchain"]["flags"]
    assert not [f for f in manifest["toolchain"]["flags"] if "/" in f]


def test_nothing_of_this_machine_is_in_the_bytes(skep, tiny):
    p = tiny()
    skep("build", "-C", p).ok()
    blob = (p / "build/tiny.bpf.o").read_bytes()
    assert str(p).encode() not in blob and b"/share/skep" not in blob
    assert b"./src/tiny.bpf.c" in blob


@pytest.mark.parametrize("clang", CLANGS)
def test_either_clang(skep, tiny, need, clang, bpftool):
    need(clang)
    p = tiny()
    skep("build", "-C", p, "--clang", clang).ok()
    assert "struct count {" in bpftool("btf", "dump", "file", p / "build/tiny.bpf.o", "format", "c").stdout


def test_same_bytes_in_any_folder_for_any_user(skep, tiny, tmp_path):
    one, two = tiny("one"), tiny("a rather longer/folder with blanks")
    skep("build", "-C", one, "-j", 1).ok()
    other = {"HOME": tmp_path / "h", "XDG_CACHE_HOME": tmp_path / "c", "TMPDIR": tmp_path, "USER": "nobody", "LANG": "de_DE"}
    skep("build", cwd=two, env=other).ok()
    assert digest_of(one) == digest_of(two)
    epoch = {"SOURCE_DATE_EPOCH": "1700000000"}
    skep("build", "-C", one, env=epoch).ok()
    a, b = digest_of(one), digest_of(two)
    assert a["tiny.bpf.o"] == b["tiny.bpf.o"] and a["tiny.skep"] != b["tiny.skep"]
    skep("build", "-C", two, env=epoch).ok()
    assert digest_of(one) == digest_of(two)


@pytest.mark.parametrize("epoch", ["yesterday", "-1", "1e9", "99999999999999999999"])
def test_bad_epoch(skep, tiny, epoch):
    done = skep("build", "-C", tiny(), env={"SOURCE_DATE_EPOCH": epoch})
    assert (done.rc, done.err) == (2, f"skep build: SOURCE_DATE_EPOCH wants seconds since 1970, not '{epoch}'\n")


def test_the_environment_does_not_reach_clang(skep, tiny, wrapper, tmp_path):
    p, clang = tiny(), wrapper()
    (tmp_path / "evil/bpf").mkdir(parents=True)
    (tmp_path / "evil/bpf/bpf_helpers.h").write_text("#error evil\n")
    evil = dict.fromkeys(["CPATH", "C_INCLUDE_PATH", "CPLUS_INCLUDE_PATH", "GCC_EXEC_PREFIX"], tmp_path / "evil")
    evil.update(CFLAGS="-flto", CCC_OVERRIDE_OPTIONS="# +-O0", BPF_CFLAGS="-O0", LC_ALL="de_DE.UTF-8")
    skep("build", "-C", p, "--clang", clang.path, env=evil).ok()
    seen = dict(line.split("=", 1) for line in Path(f"{clang.log}.env").read_text().splitlines() if "=" in line)
    assert set(seen) <= {"LC_ALL", "PATH", "PWD", "SHLVL", "OLDPWD", "_"} and seen["LC_ALL"] == "C"


def test_print_flags(skep, tiny):
    p = tiny()
    done = skep("build", "-C", p, "--print-flags").ok()
    words = done.out.split()
    assert "clang" in words[0] and "-mcpu=v3" in words and "-D__TARGET_ARCH_x86" in words
    assert "-fno-ident" in words and sum(w.startswith("-ffile-prefix-map=") for w in words) == 3
    assert not (p / "build").exists()


def test_compile_commands_are_what_was_run(skep, tiny, tool):
    p = tiny()
    skep("build", "-C", p).ok()
    (entry,) = json.loads((p / "build/compile_commands.json").read_text())
    assert entry["directory"] == str(p) and entry["file"] == "src/tiny.bpf.c"
    flags = [a for a in entry["arguments"] if a != entry["output"] and not re.match(r"-M|-o$", a)]
    tool(*flags, "-fsyntax-only", cwd=p)


def test_several_sources_are_linked(skep, tmp_path, bpftool):
    p = write(tmp_path / "p", {
        "skep.yaml": "name: two-files\nversion: '1'\nsources: [a.bpf.c, sub/b.bpf.c]\n",
        "a.bpf.c": """
            #include <linux/bpf.h>
            #include <bpf/bpf_helpers.h>
            int other(int x);
            SEC("xdp") int first(struct xdp_md *ctx) { return other(1); }
            char LICENSE[] SEC("license") = "GPL";
            """,
        "sub/b.bpf.c": """
            #include <linux/bpf.h>
            #include <bpf/bpf_helpers.h>
            int hits;
            __attribute__((noinline)) int other(int x) { hits += x; return 2; }
            SEC("socket") int second(struct __sk_buff *skb) { return other(2); }
            """})
    skep("build", "-C", p).ok()
    dump = bpftool("btf", "dump", "file", p / "build/two_files.bpf.o").stdout
    assert "'first'" in dump and "'second'" in dump and "'hits'" in dump
    assert len(json.loads((p / "build/compile_commands.json").read_text())) == 2
    # a function that no source defines
    (p / "skep.yaml").write_text("name: two-files\nversion: '1'\nsources: [a.bpf.c]\n")
    done = skep("build", "-C", p)
    assert done.rc == 1 and "other" in done.err.splitlines()[0], done


MAP = """
    #include <linux/bpf.h>
    #include <bpf/bpf_helpers.h>
    struct map { __uint(type, BPF_MAP_TYPE_HASH); __uint(max_entries, 64); __type(key, __u32); __type(value, __u64); };
    """
USE = """SEC("xdp") int %s(struct xdp_md *ctx) { __u32 k = 0; return bpf_map_lookup_elem(&%s, &k) ? 1 : 2; }
    """


def test_a_map_is_defined_in_another_source_than_it_is_used_in(skep, tmp_path, bpftool, need):
    sources = {
        "a.bpf.c": MAP + 'extern struct map m SEC(".maps"); struct map own SEC(".maps"); ' + USE % ("one", "m") + USE % ("two", "own"),
        "b.bpf.c": MAP + 'extern struct map n SEC(".maps"); struct map m SEC(".maps"); ' + USE % ("three", "n"),
        "c.bpf.c": MAP + 'struct map n SEC(".maps"); char LICENSE[] SEC("license") = "GPL";',
    }
    made = []
    for order in ("a.bpf.c, b.bpf.c, c.bpf.c", "c.bpf.c, a.bpf.c, b.bpf.c", "c.bpf.c, b.bpf.c, a.bpf.c"):
        p = write(tmp_path / f"p{len(made)}", {**sources, "skep.yaml": f"name: p\nversion: '1'\nsources: [{order}]\n"})
        skep("build", "-C", p).ok()
        made.append((p / "build/p.bpf.o").read_bytes())
    assert made[0] == made[1] == made[2], "there is one order only that libbpf's linker takes"
    need("root")
    bpftool("prog", "loadall", p / "build/p.bpf.o", "/sys/fs/bpf/skep-link-order")
    try:
        used = json.loads(bpftool("-j", "prog", "show", "pinned", "/sys/fs/bpf/skep-link-order/one").stdout)["map_ids"]
        names = [json.loads(bpftool("-j", "map", "show", "id", i).stdout)["name"] for i in used]
        assert names == ["m"]
    finally:
        shutil.rmtree("/sys/fs/bpf/skep-link-order")


OWN = 'struct map own SEC(".maps"); ' + USE % ("three", "own")
NOWHERE = "no source defines this map: list the source that does in skep.yaml, or define it without extern"


@pytest.mark.parametrize("one, two, what, hint", [
    (OWN + 'extern struct map n SEC(".maps"); struct map m SEC(".maps"); ' + USE % ("one", "n"),
     'extern struct map m SEC(".maps"); struct map n SEC(".maps"); ' + USE % ("two", "m"),
     "map relo failed to find map for section '.maps', off ",
     "libbpf's linker wants the definition of a map before its extern: "
     "define the maps that sources share in one of them, the first in skep.yaml"),
    ('extern struct map m SEC(".maps"); ' + USE % ("one", "m"), "", "unrecognized extern section '.maps'", NOWHERE),
    (OWN + 'extern struct map m SEC(".maps"); ' + USE % ("one", "m"), "", "map 'm': unsupported map linkage extern", NOWHERE),
])
def test_maps_that_cannot_be_linked(skep, tmp_path, one, two, what, hint):
    p = write(tmp_path / "p", {"a.bpf.c": MAP + one, "b.bpf.c": MAP + "int other;" + two,
                               "skep.yaml": "name: p\nversion: '1'\nsources: [a.bpf.c, b.bpf.c]\n"})
    done = skep("build", "-C", p)
    assert done.rc == 1
    first, second = done.err.splitlines()
    assert first.startswith("skep build: build/p.bpf.o: ") and what in first and second == f"  hint: {hint}", done


@pytest.mark.parametrize("order", ["a.bpf.c, b.bpf.c", "b.bpf.c, a.bpf.c"])
def test_a_map_that_is_a_variable_where_it_is_defined(skep, tmp_path, order):
    p = write(tmp_path / "p", {"a.bpf.c": MAP + 'extern struct map m SEC(".maps"); ' + OWN + USE % ("one", "m"),
                               "b.bpf.c": MAP + "struct map m;" + OWN.replace("own", "owner").replace("three", "four"),
                               "skep.yaml": f"name: p\nversion: '1'\nsources: [{order}]\n"})
    done = skep("build", "-C", p)
    assert (done.rc, done.err.splitlines()) == (1, [
        "skep build: b.bpf.c: 'm' is a map elsewhere, but not here: it is in section '.bss'",
        '  hint: write SEC(".maps") after its name'])


def test_several_objects_and_their_parameters(skep, tmp_path):
    source = SOURCE.replace("LIMIT", "9").replace('#include "tiny.h"', "struct count { __u64 packets; };")
    p = write(tmp_path / "p", {"one.bpf.c": source, "two.bpf.c": source, "skep.yaml": """
        name: both
        version: '1'
        objects:
          one: {sources: [one.bpf.c], mcpu: v2}
          number-two: {sources: [two.bpf.c]}
        params:
          a: {type: u32, default: 5, rodata: limit, object: number-two}
        """})
    report = skep("build", "-C", p, "--json").ok().json()
    assert [o["object"] for o in report["objects"]] == ["build/one.bpf.o", "build/number_two.bpf.o"]
    with tarfile.open(p / "build/both.skep") as tar:
        layer = next(b for b in (tar.extractfile(m).read() for m in tar.getmembers()) if b[:2] == b"\x1f\x8b")
    with tarfile.open(fileobj=io.BytesIO(layer)) as tar:
        assert tar.getnames()[:2] == ["one.bpf.o", "number_two.bpf.o"]
        manifest = json.load(tar.extractfile("skep/manifest.json"))
    assert {"one: -mcpu=v2", "number_two: -mcpu=v3", "-O2"} <= set(manifest["toolchain"]["flags"])
    assert manifest["params"][0]["object"] == "number_two"


def test_two_architectures(skep, tmp_path, need, tool):
    need("skopeo")
    types = "typedef unsigned int __u32; typedef unsigned long long __u64; struct pt_regs { __u64 di; };"
    p = write(tmp_path / "p", {
        "types.h": types,
        "a.bpf.c": """
            #include <vmlinux.h>
            #define SEC(x) __attribute__((section(x), used))
            #ifdef __TARGET_ARCH_s390
            int big;
            #endif
            SEC("xdp") int first(void *ctx) { return 2; }
            char LICENSE[] SEC("license") = "GPL";
            """,
        "skep.yaml": "name: arches\nversion: '1'\narch: [x86_64, s390x]\nvmlinux: types.h\nsources: [a.bpf.c]\n"})
    report = skep("build", "-C", p, "--json").ok().json()
    assert [o["object"] for o in report["objects"]] == ["build/arches.bpf.o", "build/s390x/arches.bpf.o"]
    assert "MSB" in tool("readelf", "-h", p / "build/s390x/arches.bpf.o").stdout.replace("big endian", "MSB")
    for arch in ("amd64", "s390x"):
        seen = tool("skopeo", "inspect", "--override-arch", arch, f"oci-archive:{p}/build/arches.skep:arches:1").stdout
        assert json.loads(seen)["Architecture"] == arch


# --- parameters ----------------------------------------------------------------------------------


def rodata(path, tool):
    """Bytes of section .rodata as readelf sees them."""
    lines = tool("readelf", "-x", ".rodata", path).stdout.splitlines()
    return bytes.fromhex("".join(re.sub(r"\s", "", line[12:48]) for line in lines if line.startswith("  0x")))


def test_defaults_of_parameters_are_written_into_the_object(skep, tiny, tool):
    p = tiny()
    params = "params: {limit: {type: u32, default: 0x01020304, rodata: limit}, w: {type: string, default: hello, rodata: word}}\n"
    skep("build", "-C", p).ok()
    first = (p / "build/tiny.skel.h").read_bytes()
    assert (7).to_bytes(4, "little") in rodata(p / "build/tiny.bpf.o", tool)
    (p / "skep.yaml").write_text(YAML + params)
    skep("build", "-C", p).ok()
    data = rodata(p / "build/tiny.bpf.o", tool)
    assert bytes([4, 3, 2, 1]) in data and b"hello\0" in data and (7).to_bytes(4, "little") not in data
    # the skeleton embeds these bytes, not those of before
    (p / "build/tiny.skel.h").rename(p / "before.h")
    skep("build", "-C", p).ok()
    assert (p / "before.h").read_bytes() == (p / "build/tiny.skel.h").read_bytes() != first


MORE = """
struct flow { __u32 a, b; };
struct odd { __u32 a, b, c; };
#define MAP(kind, keys, more) struct { __uint(type, BPF_MAP_TYPE_##kind); __uint(max_entries, 4096); __type(key, keys); __type(value, __u32); more }
MAP(HASH, struct flow,) flows SEC(".maps");
MAP(HASH, struct odd,) odd SEC(".maps");
MAP(PROG_ARRAY, __u32,) calls SEC(".maps");
MAP(HASH, char[16],) names SEC(".maps");
MAP(LPM_TRIE, struct flow, __uint(map_flags, BPF_F_NO_PREALLOC);) nets SEC(".maps");
struct { __uint(type, BPF_MAP_TYPE_RINGBUF); __uint(max_entries, 4096); } ring SEC(".maps");
const volatile _Bool quiet;
const volatile __u32 large[4];
char text[8];
SEC("xdp") int more(struct xdp_md *ctx) { return quiet + large[ctx->rx_queue_index & 3] + text[ctx->rx_queue_index & 7]; }
"""


@pytest.mark.parametrize("param", [
    "type: 'u32[]', entries: counts", "type: 'ipv4[]', entries: counts", "type: 'u64[]', entries: flows",
    "type: 'ipv4[]', entries: nets", "type: 'string[]', entries: names", "type: 'string[]', entries: odd",
    "type: bool, rodata: quiet", "type: u8, rodata: limit", "type: string, rodata: word"])
def test_parameter_that_fits_the_object(skep, tiny, param):
    p = tiny(files={"skep.yaml": YAML + f"params: {{x: {{{param}}}}}\n", "src/tiny.bpf.c": SOURCE + MORE})
    skep("build", "-C", p).ok()


@pytest.mark.parametrize("param, line, hint", [
    ("{type: u32, rodata: limits}", "parameter 'x': there is no variable 'limits'", "did you mean 'limit'?"),
    ("{type: u64, rodata: limit}", "parameter 'x' is u64, but 'limit' is volatile const __u32", "write type: u32, or change the variable"),
    ("{type: u32, rodata: quiet}", "parameter 'x' is u32, but 'quiet' is volatile const _Bool", "write type: bool, or change the variable"),
    ("{type: u32, rodata: large}", "parameter 'x' is u32, but 'large' is volatile const __u32[4]",
     "a parameter sets one number or bool, or a string in a char array"),
    ("{type: u32, rodata: plain}", "parameter 'x': 'plain' is not const volatile", "declare it as: const volatile __u32 plain"),
    ("{type: string, rodata: text}", "parameter 'x': 'text' is not const volatile", "declare it as: const volatile char text[8]"),
    ("{type: string, default: 0123456789abcdef, rodata: word}", "default '0123456789abcdef' does not fit 'word', volatile const char[16]", None),
    ("{type: u32, max_entries: count}", "parameter 'x': there is no map 'count'", "did you mean 'counts'?"),
    ("{type: u32, default: 65, max_entries: counts}", "default 65 differs from max_entries 64 of map 'counts'",
     "leave 'default' out, or write the same number in the source"),
    ("{type: 'u32[]', entries: events}", "parameter 'x': there is no map 'events'", "did you mean 'counts'?"),
    ("{type: 'mac[]', entries: counts}", "parameter 'x' is mac[], but keys of map 'counts' are __u32 of 4 bytes",
     "write type: 'u32[]' or 'ipv4[]', or give the map a key of 6 bytes"),
    ("{type: u16, entries: counts}", "parameter 'x' is u16, but keys of map 'counts' are __u32 of 4 bytes",
     "write type: 'u32[]' or 'ipv4[]', or give the map a key of 2 bytes"),
    ("{type: 'u32[]', entries: flows}", "parameter 'x' is u32[], but keys of map 'flows' are struct flow of 8 bytes",
     "write type: 'u64[]', or give the map a key of 4 bytes"),
    ("{type: 'u32[]', entries: odd}", "parameter 'x' is u32[], but keys of map 'odd' are struct odd of 12 bytes",
     "keys are numbers, addresses or strings: no type fits one of this size"),
    ("{type: 'ipv6[]', entries: nets}", "parameter 'x' is ipv6[], but keys of map 'nets' are struct flow of 8 bytes",
     "write type: 'u32[]' or 'ipv4[]', or give the map a key of 20 bytes"),
    ("{type: 'u32[]', entries: ring}", "parameter 'x': map 'ring' is of type ringbuf, whose entries have no keys",
     "entries go into hash, array or lpm_trie maps"),
    ("{type: 'u32[]', entries: calls}", "parameter 'x': map 'calls' is of type prog_array, whose values are no numbers",
     "entries go into hash, array or lpm_trie maps"),
])
def test_parameter_that_does_not_fit_the_object(skep, tiny, param, line, hint):
    p = tiny(files={"skep.yaml": YAML + f"params: {{x: {param}}}\n", "src/tiny.bpf.c": SOURCE + MORE})
    done = skep("build", "-C", p)
    assert done.rc == 2
    assert done.err.splitlines()[0] == f"skep build: skep.yaml:5:10: {line}"
    if hint:
        assert done.err.splitlines()[1:] == [f"  hint: {hint}"]


def test_parameter_that_is_bound_otherwise_is_checked_again(skep, tiny):
    params = YAML + "params: {x: {type: u32, %s: counts}}\n"
    p = tiny(files={"skep.yaml": params % "max_entries"})
    skep("build", "-C", p).ok()
    (p / "skep.yaml").write_text(params % "rodata")
    done = skep("build", "-C", p)
    assert (done.rc, done.err) == (2, "skep build: skep.yaml:5:10: parameter 'x': there is no variable 'counts'\n")


# --- bad input, bad luck -------------------------------------------------------------------------


def test_source_that_does_not_compile(skep, tiny):
    p = tiny()
    skep("build", "-C", p).ok()
    before = digest_of(p)
    (p / "src/tiny.bpf.c").write_text(SOURCE + "int f(void) { return nothing; }\n")
    done = skep("build", "-C", p)
    assert done.rc == 1 and done.out == ""
    lines = done.err.splitlines()
    assert lines[0] == "src/tiny.bpf.c:27:22: error: use of undeclared identifier 'nothing'"
    assert "int f(void) { return nothing; }" in lines[1] and "1 error generated." in lines
    assert lines[-1] == "skep build: src/tiny.bpf.c:27:22: use of undeclared identifier 'nothing'"
    assert digest_of(p) == before
    (p / "src/tiny.bpf.c").write_text(SOURCE)
    assert made_again(skep("build", "-C", p, "--explain")) == STEPS[:2], "clang removed what it could not make"
    assert digest_of(p) == before


def test_missing_include_and_missing_source(skep, tiny):
    p = tiny()
    (p / "src/tiny.h").unlink()
    done = skep("build", "-C", p)
    assert done.rc == 1
    assert done.err.splitlines()[-1] == "skep build: src/tiny.bpf.c:3:10: 'tiny.h' file not found"
    (p / "src/tiny.bpf.c").unlink()
    done = skep("build", "-C", p)
    assert (done.rc, done.err) == (2, "skep build: skep.yaml:4:11: source 'src/tiny.bpf.c' does not exist\n")


HEAD = "#include <vmlinux.h>\n#include <bpf/bpf_helpers.h>\n#include <bpf/bpf_tracing.h>\n#include <bpf/bpf_core_read.h>\n"
TAIL = '\nchar LICENSE[] SEC("license") = "GPL";\n'

# what the user writes -> cause and fix that the hint names
CATALOGUE = {
    "both-headers": ("#include <linux/fs.h>\n", "a kernel UAPI header and vmlinux.h both define", "drop the #include"),
    "macro": ('SEC("xdp") int f(struct xdp_md *c) { return ETH_P_IP; }', "constants that are macros", "include <skep/"),
    "errno": ('SEC("xdp") int f(struct xdp_md *c) { return -EPERM; }', "constants that are macros", "include <skep/"),
    "division": ('int a = 1, b = 1; SEC("xdp") int f(void *c) { return a / b; }', "divides unsigned", "mcpu: v4"),
    "stack": ('SEC("xdp") int f(void *c) { char x[600]; bpf_get_current_comm(x, 600); return x[5]; }',
              "512 bytes of stack", "per-CPU array"),
    "libc": ('SEC("xdp") int f(struct xdp_md *c) { char x[4096]; return __builtin_strlen((void *)(long)c->data); }',
             "BPF has no C library", "helper"),
    "undeclared": ('SEC("xdp") int f(void *c) { return bpf_no_such_helper(c); }', "is not declared", "__ksym"),
    "static-map": ('static struct { __uint(type, BPF_MAP_TYPE_ARRAY); __uint(max_entries, 1); __type(key, int); '
                   '__type(value, int); } m SEC(".maps"); SEC("xdp") int f(void *c) { int k = 0; '
                   'return bpf_map_lookup_elem(&m, &k) != 0; }', "not static", "remove 'static'"),
    "date": ('const char d[] = __DATE__; SEC("xdp") int f(void *c) { return d[0]; }', "same bytes", "drop __DATE__"),
    "extern": ('int foo(int); SEC("xdp") int f(void *c) { return foo(1); }', "no source defines", "__ksym"),
    "nothing": ("", "neither a program nor a map", "SEC("),
    "arguments": ('__attribute__((noinline)) int g(int a, int b, int c, int d, int e, int f) '
                  '{ return a + b + c + d + e + f + bpf_get_prandom_u32(); } '
                  'SEC("xdp") int f(struct xdp_md *c) { int d = c->data; return g(d, d + 1, d + 2, d + 3, d + 4, d + 5); }',
                  "at most five arguments", "pass a pointer"),
}


@pytest.mark.parametrize("clang", CLANGS)
@pytest.mark.parametrize("case", CATALOGUE)
def test_known_causes_are_explained(skep, tmp_path, case, clang, need):
    need(clang)
    source, cause, fix = CATALOGUE[case]
    source = HEAD + source + TAIL if case != "nothing" else source
    p = write(tmp_path / "p", {"skep.yaml": "name: p\nversion: '1'\nsources: [p.c]\n"})
    (p / "p.c").write_text(source)
    done = skep("build", "-C", p, "--clang", clang)
    assert done.rc == 1 and not list((p / "build").glob("*.o")), done
    hint = [line for line in done.err.splitlines() if line.startswith("  hint: ")]
    assert len(hint) == 1 and cause in hint[0] and fix in hint[0], done


HELPERS = "#include <vmlinux.h>\n#include <bpf/bpf_helpers.h>\n"
UNDECLARED = {
    "bpf/bpf_core_read.h": [
        'SEC("socket") int f(struct task_struct *t) { return BPF_CORE_READ(t, pid); }',
        'SEC("socket") int f(struct task_struct *t) { pid_t p; BPF_PROBE_READ_INTO(&p, t, pid); return p; }',
        'SEC("socket") int f(struct task_struct *t) { return bpf_core_field_exists(t->pid); }'],
    "bpf/bpf_tracing.h": [
        'SEC("fentry/vfs_open") int BPF_PROG(f, struct path *a, int b) { return b; }',
        'SEC("kprobe/vfs_open") int BPF_KPROBE(f, int a) { return a; }',
        'SEC("kprobe/vfs_open") int f(struct pt_regs *ctx) { return PT_REGS_PARM1(ctx); }'],
    "bpf/bpf_endian.h": ['SEC("xdp") int f(struct xdp_md *c) { return c->data == bpf_htons(0x0800); }'],
    "skep/events.h": [
        'struct event { int a; };\nSKEP_EVENTS(events, struct event, 4096);',
        'SEC("socket") int f(void *c) { return skep_event_reserve(c) != 0; }'],
    "skep/hist.h": [
        'SKEP_HIST(delay, "ns");',
        'SEC("socket") int f(void *c) { skep_hist_add(c, 1); return 0; }'],
}


@pytest.mark.parametrize("clang", CLANGS)
@pytest.mark.parametrize("header, source", [(h, s) for h in UNDECLARED for s in UNDECLARED[h]])
def test_a_header_that_was_forgotten(skep, tmp_path, header, source, clang, need):
    need(clang)
    p = write(tmp_path / "p", {"skep.yaml": "name: p\nversion: '1'\nsources: [p.c]\n"})
    (p / "p.c").write_text(HELPERS + source + TAIL)
    done = skep("build", "-C", p, "--clang", clang)
    assert done.rc == 1 and done.err.splitlines()[-1].startswith("  hint: this "), done
    assert done.err.endswith(f"is not declared: include <{header}>\n"), done


@pytest.mark.parametrize("clang", CLANGS)
@pytest.mark.parametrize("deep", [False, True])
def test_vmlinux_that_was_forgotten(skep, tmp_path, deep, clang, need):
    need(clang)
    helpers = "#include <bpf/bpf_helpers.h>\n"
    p = write(tmp_path / "p", {"skep.yaml": "name: p\nversion: '1'\nsources: [src/p.c]\n", "src/own.h": helpers,
                               "src/p.c": "\n\n" + ('#include "own.h"\n' if deep else helpers) + TAIL})
    done = skep("build", "-C", p, "--clang", clang)
    assert (done.rc, done.err.splitlines()[-2:]) == (1, [
        "skep build: src/p.c:3: unknown type name '__u64'",
        "  hint: libbpf's headers need the kernel's types: include <vmlinux.h> before them"])


def test_instruction_set_that_the_compiler_does_not_know(skep, tiny, need):
    need(OLD)
    done = skep("build", "-C", tiny(files={"skep.yaml": YAML + "mcpu: v4\n"}), "--clang", OLD)
    assert done.rc == 1
    assert done.err.splitlines()[-1] == (
        "  hint: this clang does not know -mcpu=v4: use clang 18 or newer, or set mcpu: v3")


def test_types_of_another_architecture(skep, tmp_path):
    p = write(tmp_path / "p", {
        "skep.yaml": "name: p\nversion: '1'\nvmlinux: v.h\narch: [x86_64]\nsources: [p.c]\n",
        "v.h": "typedef unsigned long long __u64; struct pt_regs { __u64 regs[31]; };\n",
        "p.c": "#include <vmlinux.h>\n__u64 f(struct pt_regs *r) { return r->di; }\n"})
    done = skep("build", "-C", p)
    assert done.rc == 1
    assert done.err.splitlines()[-1] == ("  hint: vmlinux.h is of another architecture than the build: "
                                         "set 'vmlinux' to one of that architecture, or change 'arch'")


def test_section_with_a_typing_error(skep, tiny):
    p = tiny()
    (p / "src/tiny.bpf.c").write_text(SOURCE.replace('SEC("xdp")', 'SEC("xpd")'))
    done = skep("build", "-C", p)
    assert (done.rc, done.err) == (
        0, "build/tiny.bpf.o: program 'pass': SEC(\"xpd\") names no kind of program; did you mean 'xdp'?\n")


@pytest.mark.parametrize("script, line", [
    ("echo clang version 13.0.1", "is clang 13.0.1, older than 14"),
    ("echo gcc 12", "is no clang"),
    ("exit 3", "--version' ended with status 3"),
])
def test_unusable_compiler(skep, tiny, tmp_path, script, line):
    fake = tmp_path / "fake"
    fake.write_text(f"#!/bin/sh\n{script}\n")
    fake.chmod(0o755)
    done = skep("build", "-C", tiny(), "--clang", fake)
    assert done.rc == 3 and line in done.err.splitlines()[0], done


def test_no_compiler(skep, tiny, tmp_path):
    done = skep("build", "-C", tiny(), env={"PATH": tmp_path})
    assert (done.rc, done.err.splitlines()) == (
        3, ["skep build: there is no clang in $PATH", "  hint: install clang 14 or newer, or name one with --clang"])
    done = skep("build", "-C", tiny(), "--clang", "no-such-clang")
    assert (done.rc, done.err) == (3, "skep build: there is no program 'no-such-clang'\n")


def test_compiler_that_is_killed(skep, tiny, wrapper):
    clang = wrapper(before='[ "$1" = --version ] || kill -9 $$')
    done = skep("build", "-C", tiny(), "--clang", clang.path)
    assert (done.rc, done.err) == (3, "skep build: src/tiny.bpf.c: clang was ended by signal 9\n")


def test_a_compiler_that_makes_no_object(skep, tiny, wrapper, tmp_path):
    clang = tmp_path / "odd"
    clang.write_text('#!/bin/sh\n[ "$1" = --version ] && echo clang version 19.0.0 && exit\n'
                     'while [ $# -gt 0 ]; do case $1 in -o|-MF|-MJ) echo "x: y" > $2;; esac; shift; done\n')
    clang.chmod(0o755)
    done = skep("build", "-C", tiny(), "--clang", clang)
    assert done.rc == 1 and not list((tmp_path / "p/build").glob("tiny*")), done


def test_build_is_a_file_or_cannot_be_written(skep, tiny):
    p = tiny()
    (p / "build").write_text("in the way")
    done = skep("build", "-C", p)
    assert done.rc == 3 and str(p) in done.err.splitlines()[0], done
    assert (p / "build").read_text() == "in the way"


NAMES = {"skep.yaml", "tiny.bpf.c", "tiny.h", "tiny.bpf.o", "tiny.skel.h", "tiny.skep", "compile_commands.json", "vmlinux.h",
         ".lock", ".skep-state", "tiny.bpf.c.o", "tiny.bpf.c.d", "tiny.bpf.c.json"}


def mount(kind, path, options):
    path.mkdir(parents=True, exist_ok=True)
    subprocess.run(["mount", "-t", kind, "-o", options, "none", str(path)], check=True)


@pytest.mark.need("root")
def test_read_only_project(skep, tiny):
    p = tiny()
    skep("build", "-C", p).ok()
    subprocess.run(["mount", "--bind", p, p], check=True)
    try:
        subprocess.run(["mount", "-o", "remount,ro,bind", p], check=True)
        (done, none) = skep("build", "-C", p), None
        assert done.rc == 3 and "Read-only file system" in done.err.splitlines()[0], (done, none)
    finally:
        subprocess.run(["umount", p], check=True)


@pytest.mark.need("root")
def test_full_disk_leaves_old_files_or_new_ones(skep, tiny, tmp_path):
    seed, p, codes = tiny("seed"), tmp_path / "small", set()
    skep("build", "-C", seed).ok()
    good = digest_of(seed)
    for kib in (16, 28, 40, 52, 60, 68, 76, 84, 92, 100, 116, 132, 400):
        mount("tmpfs", p, f"size={kib}k")
        try:
            for name in ("skep.yaml", "src/tiny.bpf.c", "src/tiny.h"):
                (p / name).parent.mkdir(exist_ok=True)
                shutil.copy(seed / name, p / name)
            done = skep("build", "-C", p)
            codes.add(done.rc)
            assert done.rc == 0 or done.rc == 3 and "No space left on device" in done.err, (kib, done)
            for name, digest in digest_of(p).items():
                assert digest == good[name], (kib, name)
            left = {f.name for f in p.rglob("*") if f.is_file()} - NAMES
            assert not left, (kib, left)
        finally:
            subprocess.run(["umount", p], check=True)
    assert codes == {0, 3}


def test_killed_at_any_moment(start, skep, tiny, tmp_path):
    one, two = SOURCE, SOURCE.replace("packets < limit", "packets > limit")
    good = []
    for i, text in enumerate((one, two)):
        clean = tiny(f"clean{i}", files={"src/tiny.bpf.c": text})
        skep("build", "-C", clean).ok()
        good.append(digest_of(clean))
    p = tiny("killed")
    begin = time.monotonic()
    skep("build", "-C", p).ok()
    whole = time.monotonic() - begin
    for i in range(24):
        (p / "src/tiny.bpf.c").write_text((one, two)[i % 2])
        process = start("build", "-C", p)
        time.sleep(whole * (i / 20))
        process.stop(signal.SIGKILL)
        for name, digest in digest_of(p).items():
            assert digest in (good[0][name], good[1][name]), (i, name)
    for i in (0, 1):
        (p / "src/tiny.bpf.c").write_text((one, two)[i])
        skep("build", "-C", p).ok()
        assert digest_of(p) == good[i]


def test_edited_while_it_compiles(skep, start, tiny, wrapper):
    p = tiny()
    clang = wrapper(before=f'[ "$1" = --version ] || {{ cp {p}/src/tiny.h {p}/seen; sleep 1; }}')
    process = start("build", "-C", p, "--clang", clang.path)
    end = time.monotonic() + 20
    while not (p / "seen").exists() and time.monotonic() < end:
        time.sleep(0.02)
    time.sleep(0.1)
    (p / "src/tiny.h").write_text(HEADER.replace("7", "9"))
    assert process.wait(30).rc == 0
    clang.calls()
    skep("build", "-C", p, "--clang", clang.path).ok()
    assert clang.calls() == ["src/tiny.bpf.c"], "what was read is not what is there"


def test_nothing_is_said_of_kernels_that_a_range_does_not_select(skep, tmp_path):
    """A newcomer's library is empty, and the range of the template selects nothing from it."""
    skep("new", "exec-watch").ok()
    done = skep("build", "-C", "exec-watch", env={"SKEP_HOME": tmp_path / "none"}).ok()
    assert done.err == "" and "kernels:" not in done.out


@pytest.mark.parametrize("template", ["exec-watch", "xdp-filter", "sched-latency"])
def test_templates_build_without_a_warning(skep, template, tmp_path):
    skep("new", template, "--template", template).ok()
    done = skep("build", "-C", tmp_path / template).ok()
    assert done.err == ""


def test_help(skep):
    out = skep("build", "--help").ok().out
    assert out.startswith("usage: skep build [-C DIR] [-j N] [--explain] [--pin] [--clang PROGRAM] [--print-flags]\n")
