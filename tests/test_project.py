# SPDX-License-Identifier: BSD-2-Clause
"""skep.yaml: every key is checked, every error names line and column, nothing hostile is held."""

import json
import re

import pytest

GOOD = """name: tiny
version: 0.1.0
sources: [src/tiny.bpf.c]
"""


@pytest.fixture
def read(skep, tmp_path):
    """Write skep.yaml, build, return the error lines; the sources it names are not there."""

    def run(text):
        folder = tmp_path / "project"
        folder.mkdir(exist_ok=True)
        (folder / "skep.yaml").write_bytes(text if isinstance(text, bytes) else text.encode())
        done = skep("build", "-C", folder, timeout=20)
        assert done.rc == 2, done
        assert done.out == ""
        assert not list((folder / "build").glob("*.skep"))
        return done.err.splitlines()

    return run


def test_a_good_file_gets_as_far_as_its_missing_source(read):
    assert read(GOOD) == ["skep build: skep.yaml:3:11: source 'src/tiny.bpf.c' does not exist"]


# what is appended to GOOD -> where it is wrong, what is said
KEYS = {
    "licence: MIT\n": ("4:1", "unknown key 'licence'", "did you mean 'license'?"),
    "variant: {}\n": ("4:1", "unknown key 'variant'", "did you mean 'variants'?"),
    "name: again\n": ("4:1", "key 'name' is given twice"),
    "mcpu: v5\n": ("4:7", "'mcpu' wants v1, v2, v3 or v4, not 'v5'"),
    "mcpu: [v3]\n": ("4:7", "'mcpu' wants text, not a list"),
    "arch: x86_64\n": ("4:7", "'arch' wants a list, not text"),
    "arch: [x86_65]\n": ("4:8", "unknown architecture 'x86_65'", "did you mean 'x86_64'?"),
    "arch: [amd64, x86_64]\n": ("4:15", "architecture 'x86_64' is given twice"),
    "arch: []\n": ("4:7", "'arch' is empty"),
    "kernels: [{a: b}]\n": ("4:11", "a list's member wants text, not a map"),
    "license: ''\n": ("4:10", "'license' is empty"),
    "cflags: -O2\n": ("4:9", "'cflags' wants a list, not text"),
    "params: []\n": ("4:9", "'params' wants a map, not a list"),
    "objects: {}\n": ("3:1", "'sources' belongs into one of 'objects'"),
    "params: {pid: {type: u32, rodata: x}}\n": ("4:10", "parameter name 'pid' is reserved for attaching"),
    "params: {ifname: {type: u32, rodata: x}}\n": ("4:10", "parameter name 'ifname' is reserved for attaching"),
    "params: {X: {type: u32, rodata: x}}\n": ("4:10", "parameter name 'X' is not made of a-z, 0-9, '_' and '-'"),
    "params: {x: {type: u33, rodata: x}}\n": ("4:20", "unknown type 'u33'", "did you mean 'u32'?"),
    "params: {x: {rodata: x}}\n": ("4:10", "parameter 'x' has no type"),
    "params: {x: {type: u32}}\n": (
        "4:10", "parameter 'x' sets nothing: it lacks rodata, max_entries or entries"),
    "params: {x: {type: u32, rodata: x, entries: m}}\n": (
        "4:36", "a parameter sets one of rodata, max_entries and entries"),
    "params: {x: {type: u32, rodata: 'a b'}}\n": ("4:33", "'a b' is no name of C"),
    "params: {x: {type: 'u32[]', rodata: x}}\n": ("4:10", "type 'u32[]' is for entries of a map"),
    "params: {x: {type: ipv4, rodata: x}}\n": ("4:10", "type 'ipv4' is for entries of a map"),
    "params: {x: {type: u64, max_entries: m}}\n": ("4:10", "max_entries wants type u32, not u64"),
    "params: {x: {type: u8, default: 256, rodata: x}}\n": ("4:10", "default '256' is no value of type u8"),
    "params: {x: {type: s8, default: -129, rodata: x}}\n": ("4:10", "default '-129' is no value of type s8"),
    "params: {x: {type: bool, default: 2, rodata: x}}\n": ("4:10", "default '2' is no value of type bool"),
    "params: {x: {type: duration, default: 3 weeks, rodata: x}}\n": (
        "4:10", "default '3 weeks' is no value of type duration"),
    "params: {x: {type: 'ipv4[]', default: [10.0.0.1, 10.0.0.256], entries: m}}\n": (
        "4:10", "default '10.0.0.256' is no value of type ipv4"),
    "params: {x: {type: mac, default: '00:11:22:33:44', entries: m}}\n": (
        "4:10", "default '00:11:22:33:44' is no value of type mac"),
    "params: {x: {type: u32, object: y, rodata: x}}\n": ("4:33", "there is no object 'y'"),
    "params: {x: {typ: u32, rodata: x}}\n": ("4:14", "unknown key 'typ'", "did you mean 'type'?"),
}


@pytest.mark.parametrize("text", KEYS, ids=range(len(KEYS)))
def test_wrong_key_or_value(read, text):
    where, what, *hint = KEYS[text]
    assert read(GOOD + text) == [f"skep build: skep.yaml:{where}: {what}"] + [f"  hint: {h}" for h in hint]


@pytest.mark.parametrize("source", ["../a.c", "/etc/a.c", "a/../b.c", "./a.c", "a//b.c", "a/", "-x.c", "a" * 300 + ".c"])
def test_source_outside_or_odd(read, source):
    lines = read(f"name: tiny\nversion: 1\nsources: ['{source}']\n")
    assert lines[0].endswith("is not a plain path inside the project")
    assert lines[0].startswith("skep build: skep.yaml:3:11: source '")


def test_source_of_another_kind_and_twice(read):
    assert read("name: t\nversion: 1\nsources: [a.rs]\n") == [
        "skep build: skep.yaml:3:11: source 'a.rs' is not a .c file"]
    assert read("name: t\nversion: 1\nsources: [a.c, b.c, a.c]\n") == [
        "skep build: skep.yaml:3:21: source 'a.c' is given twice"]


@pytest.mark.parametrize("flag, why", [
    ("-flto", "it makes LLVM bitcode instead of an object"),
    ("-flto=thin", "it makes LLVM bitcode instead of an object"),
    ("-fvisibility=hidden", "it makes maps static, which libbpf refuses"),
    ("-fsanitize=address", "the kernel has no sanitiser"),
    ("--coverage", "the kernel keeps no profile"),
    ("-O0", "the kernel refuses what clang makes of it"),
    ("-mcpu=v4", "'mcpu' sets it"),
    ("-gdwarf-5", "skep sets it: BTF comes with -g"),
    ("-Wl,-s", "it is for other tools than the compiler"),
])
def test_flag_that_would_break_the_object(read, flag, why):
    assert read(GOOD + f"cflags: [-DX=1, '{flag}']\n") == [
        f"skep build: skep.yaml:4:17: flag '{flag}' cannot be used: {why}"]


@pytest.mark.parametrize("flag", ["-o", "-S", "-E", "-c", "-MD", "@file", "x.c", "--target=x86_64", "-Xclang", "--config=x"])
def test_flag_of_no_known_use(read, flag):
    assert read(GOOD + f"cflags: ['{flag}']\n")[0] == f"skep build: skep.yaml:4:10: flag '{flag}' cannot be used"


def test_flag_that_lacks_its_value(read):
    assert read(GOOD + "cflags: [-include]\n") == ["skep build: skep.yaml:4:10: flag '-include' lacks its value"]


@pytest.mark.parametrize("name", ["Tiny", "a_b", "-a", "a b", "é", "a" * 64, "a-"])
def test_bad_name(read, name):
    line = read(f"name: '{name}'\nversion: 1\nsources: [a.c]\n")[0]
    assert line.startswith(f"skep build: skep.yaml:1:1: name '{name[:64]}' is not ")


def test_name_that_is_a_word_of_c(read):
    assert read("name: switch\nversion: 1\nsources: [a.c]\n") == [
        "skep build: skep.yaml:1:1: name 'switch' is a word of C"]


@pytest.mark.parametrize("version", ["1 2", ".1", "a/b", "1..2", "a:b", "v" * 64])
def test_bad_version(read, version):
    line = read(f"name: tiny\nversion: '{version}'\nsources: [a.c]\n")[0]
    assert line.startswith("skep build: skep.yaml:2:10: version '")


@pytest.mark.parametrize("text, line", [
    ("", "1:1: file is empty"),
    ("# nothing\n", "1:1: file is empty"),
    ("text\n", "1:1: skep.yaml wants a map, not text"),
    ("- a\n- b\n", "1:1: skep.yaml wants a map, not a list"),
    ("name: tiny\n", "1:1: 'version' is missing"),
    ("version: 1\n", "1:1: 'name' is missing"),
    ("name: tiny\nversion: 1\n", "1:1: object 'tiny' has no sources"),
    ("name: tiny\nversion: 1\nsources: []\n", "1:1: object 'tiny' has no sources"),
    ("name: tiny\nversion: 1\nobjects: {}\n", "3:10: 'objects' is empty"),
    ("name: tiny\nversion: 1\nobjects: {a: {sources: [a.c]}, b: {}}\n", "3:32: object 'b' has no sources"),
    ("name: &x a\n", "1:10: anchors, aliases and tags are not supported"),
    ("name: *x\n", "1:7: anchors, aliases and tags are not supported"),
    ("name: !!str a\n", "1:13: anchors, aliases and tags are not supported"),
    ("&x name: a\n", "1:4: anchors, aliases and tags are not supported"),
    ("? [a]\n: b\n", "1:3: key is not text"),
    ("name: \"a\\0b\"\n", "1:7: control character in text"),
    (b"name: a\0b\n", "1:8: control character in text"),
    (b"name: a\nversion: \x1b[2J\n", "2:10: control character in text"),
    (b"name: a\nversion: \xff\n", "2:10: not UTF-8 text"),
    (b"\xff\xfen\0a\0", "1:1: not UTF-8 text"),
    (b"name: \xed\xa0\x80\n", "1:7: not UTF-8 text"),
    (b"name: \xc0\x80\n", "1:7: not UTF-8 text"),
    ("a: " + "[" * 50000, "1:19: nested too deeply"),
    ("a: " + "{x: " * 10000, "1:64: nested too deeply"),
    ("\n".join("- " * n for n in (60, 59)), "1:33: nested too deeply"),
    ("a: [" + "x, " * 5000 + "]\n", "1:12287: too many values"),
    ("a: '" + "x" * 70000 + "'\n", "1:1: file is larger than 64 KiB"),
])
def test_malformed(read, text, line):
    assert read(text) == [f"skep build: skep.yaml:{line}"]


# what libfyaml itself says differs between its versions, the line does not
@pytest.mark.parametrize("text, line", [
    ("name: [a\nb: 1\n", "[23]"),
    ("name: {a: b\n", "[12]"),
    ("name: a\nversion: \"a\n", "[23]"),
    ("name: a\nversion: b: c\n", "2"),
    ("name:\n\t- a\n", "2"),
    ("name: a\n b: c\n", "[12]"),
    ("name: a\nversion: \"\\xzz\"\n", "2"),
    ("%YAML 9.9\n---\nname: a\n", "1"),
    ("name: a\n]\n", "2"),
    ("---\nname: a\n---\nname: b\n", "3"),
])
def test_no_yaml(read, text, line):
    (said,) = read(text)
    assert re.fullmatch(rf"skep build: skep.yaml:{line}:\d+: [^A-Z].*[^.]", said), said


def test_an_alias_bomb_is_refused_at_its_first_anchor(read):
    bomb = "a: &a [x, x]\n" + "".join(f"{chr(c)}: &{chr(c)} [*{chr(c - 1)}, *{chr(c - 1)}]\n" for c in range(98, 120))
    assert read(bomb) == ["skep build: skep.yaml:1:7: anchors, aliases and tags are not supported"]


def test_every_prefix_of_a_good_file_is_refused_or_read(skep, tmp_path, repo):
    text = (repo / "templates/xdp-filter/skep.yaml").read_bytes()
    for end in range(0, len(text), 7):
        (tmp_path / "skep.yaml").write_bytes(text[:end])
        done = skep("build", timeout=20)
        assert done.rc == 2 and done.err.startswith("skep build: skep.yaml:"), (end, done)


def test_no_project(skep, tmp_path):
    done = skep("build", "-C", tmp_path)
    assert done.rc == 2
    assert done.err.splitlines() == [
        f"skep build: there is no skep.yaml in '{tmp_path}'",
        "  hint: a project is a folder with skep.yaml; skep new NAME makes one",
    ]


def test_skep_yaml_is_a_folder(skep, tmp_path):
    (tmp_path / "skep.yaml").mkdir()
    done = skep("build")
    assert (done.rc, done.err) == (3, "skep build: ./skep.yaml: cannot read: Is a directory\n")


def test_error_as_json(skep, tmp_path):
    (tmp_path / "skep.yaml").write_text(GOOD + "licence: x\n")
    done = skep("build", "--json")
    assert done.rc == 2 and done.out == ""
    error = json.loads(done.err)
    assert (error["where"], error["what"]) == ("skep.yaml:4:1", "unknown key 'licence'")
    assert error["hint"] == "did you mean 'license'?"


def test_foreign_architecture_needs_its_types(read, tmp_path):
    (tmp_path / "project/src").mkdir(parents=True)
    (tmp_path / "project/src/tiny.bpf.c").write_text("")
    assert read(GOOD + "arch: [s390x]\n") == [
        "skep build: skep.yaml:4:8: object 'tiny' for s390x needs types of that architecture",
        "  hint: skep kernel fetch debian/stable:s390x, or set 'vmlinux' to a file: BTF of a kernel of s390x, or a header",
    ]
    assert read(GOOD + "vmlinux: debian/bookworm/x86_64\n") == [
        "skep build: skep.yaml:4:10: no kernel 'debian/bookworm/x86_64' in the library",
        "  hint: skep kernel fetch debian/bookworm:x86_64",
    ]
    assert read(GOOD + "vmlinux: ./types\n") == [
        "skep build: skep.yaml:4:10: vmlinux './types' is no file",
        "  hint: it is host, a kernel of the library, or a file: raw BTF, an ELF with .BTF, a header named *.h",
    ]
