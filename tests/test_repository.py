# SPDX-License-Identifier: BSD-2-Clause
"""What the repository promises of itself: layers, documentation, sizes, licences, no trace of a machine."""

import json
import os
import re
import socket
import statistics
from pathlib import Path

import pytest

REPO = Path(__file__).resolve().parent.parent
SKIPPED = {"build", ".git", "__pycache__", ".pytest_cache", ".cache"}
FILES = sorted(
    Path(folder, name).relative_to(REPO)
    for folder, folders, names in os.walk(REPO)
    for name in names
    if not folders.__setitem__(slice(None), [f for f in folders if f not in SKIPPED])
)
TEXT = {path: (REPO / path).read_text(errors="replace") for path in FILES}
C_FILES = [f for f in FILES if f.suffix in (".c", ".h")]
HOST_C = [f for f in C_FILES if f.parts[0] in ("lib", "cmd") or f.parts[:2] == ("sdk", "include")]
HEADERS = [f for f in HOST_C if f.parts[0] == "sdk"]


# --- layers --------------------------------------------------------------------------------------

# folder -> folders it may include from, transitively
LAYERS = {
    "lib/base": [],
    "lib/btf": ["lib/base"],
    "lib/object": ["lib/btf"],
    "lib/kernel": ["lib/btf"],
    "lib/check": ["lib/object", "lib/kernel"],
    "lib/package": ["lib/base"],
    "lib/sign": ["lib/package"],
    "lib/build": ["lib/check", "lib/package"],
    "lib/run": ["lib/object", "lib/sign"],
    "lib/prove": ["lib/build", "lib/run"],
    "cmd/common": [],
    "cmd/skep": ["cmd/common"],
    "cmd/skep-run": ["cmd/common"],
    "cmd/skep-kernel": ["cmd/common"],
}
# header -> folders that may include it
THIRD_PARTY = {
    r"openssl/": ["lib/base", "lib/sign"],
    r"jansson\.h": ["lib/base"],
    r"(libelf|gelf)\.h": ["lib/btf", "lib/object", "lib/kernel"],
    r"bpf/|(libbpf\w*|relo_core|btf|bpf_core_read|bpf_gen_internal|skel_internal)\.h": [
        "lib/btf",
        "lib/object",
        "lib/check",
        "lib/build",
        "lib/run",
        "lib/prove",
    ],
    r"libfyaml\.h": ["lib/build"],
    r"zlib\.h": ["lib/btf", "lib/kernel", "lib/package", "lib/prove"],
    r"(archive(_entry)?|lzma|lzo/\w+)\.h": ["lib/kernel"],
}
SYSTEM = re.compile(
    r"(assert|ctype|dirent|elf|endian|errno|fcntl|fnmatch|ftw|glob|inttypes|limits|locale|mntent|poll|pthread|sched|signal"
    r"|spawn|stdarg|stdalign|stdatomic|stdbool|stddef|stdint|stdio|stdlib|string|strings|termios|time|unistd|wchar"
    r"|wctype)\.h|(sys|arpa|net|netinet|linux|asm)/[\w/]+\.h"
)


def below(folder):
    return {folder}.union(*map(below, LAYERS[folder])) if folder in LAYERS else {folder}


def includes(path):
    for number, line in enumerate(TEXT[path].splitlines(), 1):
        if match := re.match(r'\s*#\s*include\s*([<"])([^>"]+)[>"]', line):
            yield f"{path}:{number}", match[1] == "<", match[2]


def include_error(folder, angled, name):
    if not angled:
        target = os.path.dirname(name)
        if target in below(folder):
            return None
        return f'"{name}": {folder} may include from {", ".join(sorted(below(folder)))}'
    if re.fullmatch(r"skep/\w+\.h", name):
        return None
    for pattern, allowed in THIRD_PARTY.items():
        if re.match(pattern, name):
            return None if folder in allowed else f"<{name}> belongs to {', '.join(allowed)}"
    return None if SYSTEM.fullmatch(name) else f"<{name}> is neither the C library's nor allowed"


def test_layers():
    folders = {str(f.parent) for f in HOST_C if f.parts[0] != "sdk"}
    assert folders <= set(LAYERS), "a folder has no place among the layers"
    errors = [
        f"{where}: {error}"
        for path in HOST_C
        for where, angled, name in includes(path)
        if (error := include_error("sdk" if path in HEADERS else str(path.parent), angled, name))
    ]
    assert not errors, "\n".join(errors)


def test_layer_rule_finds_violations():
    assert include_error("lib/base", False, "lib/btf/vmlinux.h")
    assert include_error("lib/run", True, "zlib.h")
    assert include_error("cmd/skep", False, "lib/base/fs.h")
    assert include_error("lib/build", True, "json-c/json.h")
    assert include_error("lib/object", False, "lib/base/fs.h") is None


def test_every_header_is_complete(tool, tmp_path):
    """A header includes what it names: each compiles alone."""
    flags = ["-std=gnu11", "-D_GNU_SOURCE", "-I.", "-Isdk/include", "-isystem", "build/deps/libbpf/src"]
    flags += ["-isystem", "build/deps/libbpf/inst/include", "-isystem", "build/deps/libbpf/include/uapi"]
    unit = tmp_path / "unit.c"
    for header in (f for f in HOST_C if f.suffix == ".h"):
        unit.write_text(f'#include "{header}"\n#include "{header}"\n')
        tool("cc", *flags, "-fsyntax-only", unit, cwd=REPO)


# --- commands and papers -------------------------------------------------------------------------

COMMANDS = re.findall(
    r'^const struct cmd cmd_\w+ = \{\s*(?:\.name = )?"([a-z]+)"',
    "".join(TEXT[f] for f in C_FILES if f.parent == Path("cmd/skep") and ".group = " not in TEXT[f]),
    re.M,
)
# command -> its own commands
GROUPS = {
    "btf": [f.stem.split("_")[1] for f in C_FILES if f.match("cmd/skep/btf_*.c")],
    "kernel": [f.stem for f in C_FILES if f.match("cmd/skep-kernel/*.c") and f"cmd_{f.stem} =" in TEXT[f]],
}
LEAVES = sorted({c for c in COMMANDS if c not in GROUPS} | {f"{g} {c}" for g, cs in GROUPS.items() for c in cs})


def documented():
    """Program and command -> synopsis, of the code blocks under README's heading "Commands"."""
    section = re.search(r"^## Commands\n(.*?)(?=^## |\Z)", TEXT[Path("README.md")], re.M | re.S)
    assert section, "README.md has no section '## Commands'"
    lines = re.findall(r"^(?: {4})?((?:skep|skep-run) .*?)(?:\s+#.*)?$", section[1], re.M)
    rows = {}
    for line in lines:
        words = line.split(" ")
        rows[" ".join(words[: 1 if words[0] == "skep-run" else 3 if words[1] in GROUPS else 2])] = line
    return rows


def test_readme_lists_every_command():
    assert {f"skep {c}" for c in LEAVES} == {k for k in documented() if k != "skep-run"}


@pytest.mark.parametrize("command", [f"skep {c}" for c in LEAVES] + ["skep-run"])
def test_help_is_the_documented_synopsis(command, skep):
    program, *words = command.split()
    done = skep(*words, "--help", program=program)
    assert (done.rc, done.err) == (0, "")
    assert done.out.splitlines()[0] == "usage: " + documented()[command]


@pytest.mark.parametrize("command", LEAVES)
def test_synopsis_names_real_options(command, skep):
    usage, rest = skep(*command.split(), "--help").out.split("\n", 1)
    for option in re.findall(r"(?<![\w-])--?[a-zA-Z][\w-]*", usage):
        assert re.search(rf"^\s.*(?<![\w-]){option}(?![\w-])", rest, re.M), f"{option} is not explained"


@pytest.mark.parametrize("group", sorted(GROUPS))
def test_groups_list_their_commands(group, skep):
    done = skep(group, "--help")
    assert (done.rc, done.err) == (0, "")
    assert len(GROUPS[group]) > 3
    assert [c for c in GROUPS[group] if not re.search(rf"^\s+(skep {group} )?{c}\s", done.out, re.M)] == []


@pytest.mark.parametrize("group", ["", *sorted(GROUPS)])
def test_commands_of_commands_are_alike(group, skep):
    name, words = f"skep {group}".strip(), group.split()
    usage = skep(*words, "--help").ok().out
    assert usage.startswith(f"usage: {name} COMMAND [OPTION]... [ARGUMENT]...\n") and skep(*words, "help").out == usage
    alone = skep(*words)
    assert (alone.rc, alone.out, alone.err) == (2, "", usage)
    wrong = skep(*words, "qqq")
    hint = f"{name} --help lists the commands"
    assert (wrong.rc, wrong.out, wrong.err) == (2, "", f"{name}: unknown command 'qqq'\n  hint: {hint}\n")
    wrong = skep(*words, "qqq", "--json")
    told = json.loads(wrong.err)
    assert (wrong.rc, told["what"], told["hint"]) == (2, "unknown command 'qqq'", hint)
    for command in GROUPS.get(group, ["build"]):
        wrong = skep(*words, command, "--qqq")
        first = f"{name} {command}: unknown option '--qqq'"
        assert (wrong.rc, wrong.err.splitlines()) == (2, [first, f"  hint: {name} {command} --help lists the options"])


def test_skep_lists_its_commands(skep):
    done = skep("--help")
    assert done.rc == 0
    assert [c for c in COMMANDS if not re.search(rf"^\s+{c}\s", done.out, re.M)] == []


@pytest.mark.parametrize("paper,most", [("ARCHITECTURE.md", 200), ("CONTRIBUTING.md", 120)])
def test_papers_are_short(paper, most):
    assert len(TEXT[Path(paper)].splitlines()) <= most


def test_paths_named_in_papers_exist():
    gone = []
    for paper in ("README.md", "ARCHITECTURE.md", "CONTRIBUTING.md"):
        for name in re.findall(r"`((?:lib|cmd|sdk|tests|templates|skeletons|\.ci)/[\w./*-]+)`", TEXT[Path(paper)]):
            if not list(REPO.glob(name.rstrip("/"))):
                gone.append(f"{paper}: {name}")
    assert not gone


# --- public API ----------------------------------------------------------------------------------

PROTOTYPE = re.compile(r"^(?!typedef|static)([a-z][^;{}()#/]*?)\b(skep_\w+)\(([^;{}]*?)\)\s*(?:__attribute__[^;]*)?;", re.M)


def parameters(text):
    names = []
    for part in re.split(r",(?![^()]*\))", " ".join(text.split())):
        match = re.search(r"\(\*(\w+)\)|(\w+)(?:\[[^\]]*\])?$", part)
        if match and part != "void":
            names.append(match[1] or match[2])
    return names


def documentation_errors(path):
    text = TEXT[path]
    for match in PROTOTYPE.finditer(re.sub(r"/\*.*?\*/", lambda m: re.sub(r"[^\n]", " ", m[0]), text, flags=re.S)):
        returns, name, args = match[1].strip(), match[2], parameters(match[3])
        where = f"{path}:{text.count(chr(10), 0, match.start()) + 1}: {name}"
        doc = re.search(r"/\*\*((?:(?!\*/).)*)\*/\s*$", text[: match.start()], re.S)
        if not doc:
            yield f"{where}: no docstring"
            continue
        doc = doc[1]
        if not re.match(rf"\s*\* {name} - \S", doc):
            yield f"{where}: docstring does not begin with '{name} - '"
        for arg in args:
            if arg != "err" and not re.search(rf"^ \* @{arg}:\s+\S", doc, re.M):
                yield f"{where}: no '@{arg}:'"
        for arg in re.findall(r"^ \* @(\w+):", doc, re.M):
            if arg not in args:
                yield f"{where}: '@{arg}:' is no parameter"
        if "Since:" not in doc:
            yield f"{where}: no 'Since:'"
        if returns == "int" and args[-1:] == ["err"] and "Errors:" not in doc:
            yield f"{where}: no 'Errors:'"


def prototypes():
    bare = {p: re.sub(r"/\*.*?\*/", "", TEXT[p], flags=re.S) for p in HEADERS}
    return {m[2]: p for p in HEADERS for m in PROTOTYPE.finditer(bare[p])}


def test_public_prototypes_are_documented():
    assert len(prototypes()) > 20
    errors = [e for path in HEADERS for e in documentation_errors(path)]
    assert not errors, "\n".join(errors)


def test_public_prototypes_are_defined(tool, build_dir):
    archives = [build_dir / "libskep.a", build_dir / "libskep-kernel.a"]
    defined = set(re.findall(r" T (skep_\w+)$", tool("nm", *archives).stdout, re.M))
    assert set(prototypes()) - defined == set()


def test_public_headers_are_cxx_clean(need, tool, tmp_path):
    need("g++")
    unit = tmp_path / "unit.cc"
    names = [h for h in HEADERS if "static " not in re.sub(r"/\*.*?\*/", "", TEXT[h], flags=re.S)]
    unit.write_text('extern "C" {\n' + "".join(f"#include <skep/{h.name}>\n" for h in names) + "}\n")
    tool("g++", "-Wall", "-Wextra", "-Werror", "-Isdk/include", "-fsyntax-only", unit, cwd=REPO)


# --- size ----------------------------------------------------------------------------------------


def test_no_file_over_700_lines():
    long = {str(f): n for f in FILES if f.suffix in (".c", ".h", ".py", ".sh", ".in") and (n := TEXT[f].count("\n")) > 700}
    assert not long


def functions(tool):
    out = tool(
        "ctags", "--languages=C", "--kinds-C=f", "--fields=+ne", "--output-format=json", "-f", "-", *HOST_C, cwd=REPO
    ).stdout
    rows = [json.loads(line) for line in out.splitlines() if line.startswith("{")]
    return {f"{r['path']}:{r['line']}: {r['name']}": r["end"] - r["line"] + 1 for r in rows if "end" in r}


def test_functions_are_short(need, tool):
    need("ctags")
    sizes = functions(tool)
    assert len(sizes) > 50
    assert {name: n for name, n in sizes.items() if n > 90} == {}
    assert statistics.median(sizes.values()) <= 20
    assert statistics.quantiles(sizes.values(), n=10)[-1] <= 50


def test_commands_are_translations():
    long = {str(f): n for f in C_FILES if f.parts[:2] == ("cmd", "skep") and (n := TEXT[f].count("\n")) > 150}
    assert not long


def test_format(need, tool):
    """As `make lint`."""
    formatter = re.search(r"^CLANG_FORMAT \?= (\S+)", TEXT[Path("Makefile")], re.M)[1]
    need(formatter)
    done = tool(formatter, "--dry-run", "-Werror", *C_FILES, cwd=REPO, check=False)
    assert done.returncode == 0, done.stderr[:3000]


# --- licences and traces -------------------------------------------------------------------------

DUAL, PLAIN = "GPL-2.0-only OR BSD-2-Clause", "BSD-2-Clause"


def licence_error(path):
    source = path.suffix in (".c", ".h", ".py", ".sh", ".mk") or path.name == "Makefile" or path.parts[0] == ".ci"
    if not source:
        return None
    match = re.search(r"SPDX-License-Identifier: (.*?)\s*(?:\*/|\)|\"|$)", "\n".join(TEXT[path].splitlines()[:3]), re.M)
    if not match:
        return f"{path}: no SPDX line"
    dual = path.parts[:2] == ("sdk", "bpf") or path.parts[0] == "templates" or path.name.endswith(".bpf.c")
    ours = path.parts[0] in ("lib", "cmd") or path.parts[:2] == ("sdk", "include")
    if dual and match[1] != DUAL:
        return f"{path}: {match[1]}, not {DUAL}"
    if ours and not dual and match[1] != PLAIN:
        return f"{path}: {match[1]}, not {PLAIN}"
    return None


def test_spdx():
    assert [e for f in FILES if (e := licence_error(f))] == []


def test_bpf_code_and_host_code_do_not_mix():
    """`__u32` belongs to BPF code and UAPI, and the library's names have one underscore."""
    assert [str(f) for f in HEADERS if re.search(r"\b__skep_\w+", TEXT[f])] == []


TRACES = {
    "a path of a machine": r"(?<![\w.$}~])/(?:work|home|root)/|(?<![\w.$}~])/tmp/\w",
    "a host that serves packages": r"\b(?:deb|ftp|http|snapshot|security|archive|mirrors?|packages|pypi|proxy|registry"
    r"|download|apt|cdn)\.[a-z0-9-]+\.(?:org|com|net|io)\b",
    "an address": r"\b(?:10|192\.168|172\.(?:1[6-9]|2\d|3[01]))\.\d+\.\d+\.\d+:\d+",
    "a note to self": r"\b(?:TODO|FIXME|XXX|HACK)\b(?!\w)",
}


def test_no_traces():
    host = socket.gethostname()
    patterns = {**TRACES, **({"this host": rf"\b{re.escape(host)}\b"} if len(host) > 6 else {})}
    found = [
        f"{path}:{number}: {what}: {line.strip()[:100]}"
        for path in FILES
        if path != Path("tests/test_repository.py") and path.suffix not in (".bin", ".o", ".gz", ".skep")
        for number, line in enumerate(TEXT[path].splitlines(), 1)
        for what, pattern in patterns.items()
        if re.search(pattern, line)
    ]
    assert not found, "\n".join(found)


def test_trace_patterns_work():
    assert re.search(TRACES["a path of a machine"], "see /home/me/x")
    assert re.search(TRACES["a host that serves packages"], "http://deb.example.org/debian")
    assert not re.search(TRACES["a path of a machine"], "$dir/tmp/x, ~/work/x")


def test_nothing_built_is_committed():
    big = [str(f) for f in FILES if (REPO / f).stat().st_size > 200_000]
    assert big + [str(f) for f in FILES if f.suffix in (".o", ".a", ".so", ".skep", ".pyc")] == []


def test_scripts_are_executable():
    for path in FILES:
        if TEXT[path].startswith("#!"):
            assert os.access(REPO / path, os.X_OK), f"{path} has a #! line but is not executable"
