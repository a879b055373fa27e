# SPDX-License-Identifier: BSD-2-Clause
"""skep build: when it makes something again and why, and many steps or builds at once."""

import hashlib
import json
import os
import re
import shutil
import subprocess
import tarfile
from pathlib import Path

import pytest

from tinyproject import HEADER, SOURCE, STEPS, YAML, digest_of, explained, made_again, tiny, wrapper, write  # noqa: F401

pytestmark = pytest.mark.need("clang", "btf", "x86_64")


# --- when it makes it again ----------------------------------------------------------------------


def test_nothing_to_do_starts_nothing_and_writes_nothing(skep, tiny, need, tool):
    need("strace")
    p = tiny()
    skep("build", "-C", p).ok()
    skep("build", "-C", p).ok()
    before = {f: f.stat().st_mtime_ns for f in (p / "build").rglob("*")}
    log = p.parent / "strace.log"
    argv = ["strace", "-f", "-qq", "-o", str(log), "-e", "trace=process,rename,fsync,unlink,symlink",
            os.environ.get("SKEP_BUILD", "build") + "/bin/skep", "build", "-C", str(p)]
    env = {**skep.env, "ASAN_OPTIONS": "detect_leaks=0"}
    subprocess.run(argv, cwd=Path(__file__).parent.parent, env=env, check=True, stdout=subprocess.DEVNULL)
    calls = [line.split()[1].split("(")[0] for line in log.read_text().splitlines()]
    assert calls.count("execve") == 1 and set(calls) <= {"execve", "exit_group", "arch_prctl", "+++"}, calls
    assert before == {f: f.stat().st_mtime_ns for f in (p / "build").rglob("*")}


def test_only_what_depends_is_made_again(skep, tiny, wrapper):
    p, clang = tiny(), wrapper()
    build = lambda: skep("build", "-C", p, "--clang", clang.path, "--explain")  # noqa: E731
    assert made_again(build()) == STEPS and clang.calls() == ["src/tiny.bpf.c"]
    assert made_again(build()) == [] and clang.calls() == []

    (p / "src/tiny.h").touch()
    assert made_again(build()) == [], "same content"
    (p / "src/unrelated.h").write_text("x")
    assert made_again(build()) == []

    (p / "src/tiny.h").write_text("/* new */\n" + HEADER)
    done = build()
    why = explained(done)[STEPS[1]]
    old, new = (hashlib.sha256(t.encode()).hexdigest()[:12] for t in (HEADER, "/* new */\n" + HEADER))
    assert why == f"src/tiny.h changed (sha256 {old}… → sha256 {new}…)"
    assert clang.calls() == ["src/tiny.bpf.c"]

    (p / "src/tiny.h").write_text(HEADER.replace("7", "8"))
    assert made_again(build()) == STEPS
    (p / "skep.yaml").write_text(YAML.replace("0.1.0", "0.2.0"))
    done = build()
    assert made_again(done) == STEPS[3:] and explained(done)[STEPS[3]] == "version changed ('0.1.0' → '0.2.0')"
    (p / "skep.yaml").write_text(YAML + "kernels: ['>=6.1']\n")
    assert made_again(build()) == STEPS[3:], "version again"
    clang.calls()
    (p / "skep.yaml").write_text(YAML + "mcpu: v2\n")
    done = build()
    assert made_again(done) == STEPS[1:] and "'-mcpu=v3" in explained(done)[STEPS[1]]
    (p / "skep.yaml").write_text(YAML + "mcpu: v2\ncflags: [-DEXTRA=1]\n")
    done = build()
    assert clang.calls() == ["src/tiny.bpf.c"] * 2
    assert STEPS[2] not in made_again(done), "the same object came out"


def test_times_to_come_do_not_matter(skep, tiny):
    p = tiny()
    for f in (p / "src").iterdir():
        os.utime(f, (4e9, 4e9))
    skep("build", "-C", p).ok()
    assert made_again(skep("build", "-C", p, "--explain")) == []


def test_comment_changes_lines_and_no_more(skep, tiny):
    p = tiny()
    skep("build", "-C", p).ok()
    before = digest_of(p)
    (p / "src/tiny.h").write_text(HEADER + "/* at the end */\n")
    assert made_again(skep("build", "-C", p, "--explain")) == STEPS[:3], "clang's debug information differs"
    assert digest_of(p) == before


def test_what_a_source_was_made_from_is_what_clang_says(skep, tiny, tool):
    p = tiny()
    skep("build", "-C", p).ok()
    record = json.loads((p / "build/.skep-state").read_text())["steps"][STEPS[1]]
    (entry,) = json.loads((p / "build/compile_commands.json").read_text())
    flags = [a for a in entry["arguments"] if not a.startswith("-M") and a not in ("-o", entry["output"])]
    flags = [a for a in flags if not a.endswith((".d", ".json"))]
    rule = tool(*flags, "-M", cwd=p).stdout.replace("\\\n", " ")
    assert record["inputs"][::2] == rule.split(":", 1)[1].split()
    for path, digest in zip(record["inputs"][::2], record["inputs"][1::2]):
        assert digest == "sha256:" + hashlib.sha256((p / path).read_bytes()).hexdigest()


def test_a_header_that_appears_before_the_one_that_was_read(skep, tiny):
    p = tiny(files={"inc/other.h": "#define OTHER 1\n", "skep.yaml": YAML + "cflags: [-Iearly, -Iinc]\n"})
    (p / "src/tiny.h").write_text(HEADER + '#include "other.h"\n')
    skep("build", "-C", p).ok()
    assert made_again(skep("build", "-C", p, "--explain")) == []
    for shadow in ("early/other.h", "src/other.h", "src/bpf/bpf_helpers.h"):
        (p / shadow).parent.mkdir(parents=True, exist_ok=True)
        (p / shadow).write_text("#define OTHER 2\n" if "other" in shadow else "#include_next <bpf/bpf_helpers.h>\n")
        done = skep("build", "-C", p, "--explain")
        assert explained(done)[STEPS[1]] == f"{shadow} has appeared"
    (p / "src/other.h").unlink()
    assert explained(skep("build", "-C", p, "--explain"))[STEPS[1]] == "src/other.h is gone"


@pytest.mark.parametrize("output, step", [
    ("tiny.bpf.o", 2), ("tiny.skel.h", 2), ("tiny.skep", 3), ("obj/x86_64/tiny/src/tiny.bpf.c.o", 1), ("gen/tiny/vmlinux.h", 0)])
def test_output_that_was_removed_or_tampered_with(skep, tiny, output, step):
    p = tiny()
    skep("build", "-C", p).ok()
    before, path = digest_of(p), p / "build" / output
    path.unlink()
    done = skep("build", "-C", p, "--explain")
    assert explained(done)[STEPS[step]] == f"build/{output} is gone" and made_again(done) == [STEPS[step]]
    assert digest_of(p) == before
    if output.startswith("gen/"):
        path.unlink()
    path.write_bytes(b"tampered")
    done = skep("build", "-C", p, "--explain")
    assert explained(done)[STEPS[step]].startswith(f"build/{output} changed (sha256 ")
    assert digest_of(p) == before
    assert made_again(skep("build", "-C", p, "--explain")) == []


def oci_index(package):
    with tarfile.open(package) as tar:
        return json.load(tar.extractfile("index.json"))["manifests"]


def sign(skep, package, key):
    skep("sign", package, "--key", key.key, "--cert", key.crt).ok()
    assert len(oci_index(package)) == 2
    return package.read_bytes()


def test_a_signed_package_stays_while_what_it_holds_does(skep, tiny, keys):
    p = tiny()
    digest = skep("build", "-C", p, "--json").ok().json()["digest"]
    signed = sign(skep, p / "build/tiny.skep", keys.ecdsa)
    done = skep("build", "-C", p, "--explain")
    assert f"{STEPS[3]}: holds the same package, signed: it stays" in done.err.splitlines()
    assert (p / "build/tiny.skep").read_bytes() == signed
    before = {f: f.stat().st_mtime_ns for f in (p / "build").rglob("*")}
    assert made_again(skep("build", "-C", p, "--explain")) == [], "the signed file is the step's own from now on"
    assert before == {f: f.stat().st_mtime_ns for f in (p / "build").rglob("*")}
    # the object is linked again, with the same result
    (p / "build/tiny.bpf.o").unlink()
    (p / "build/.skep-state").unlink()
    done = skep("build", "-C", p, "--json").ok()
    assert (done.json()["digest"], done.err) == (digest, "")
    assert (p / "build/tiny.skep").read_bytes() == signed


def test_a_signed_package_that_is_replaced_is_warned_about_once(skep, tiny, keys):
    p = tiny()
    skep("build", "-C", p).ok()
    first = oci_index(p / "build/tiny.skep")[0]["digest"]
    sign(skep, p / "build/tiny.skep", keys.ecdsa)
    (p / "src/tiny.h").write_text(HEADER.replace("7", "8"))
    done = skep("build", "-C", p).ok()
    assert done.err == "'build/tiny.skep' was signed; what it is now is not\n"
    (now,) = oci_index(p / "build/tiny.skep")
    assert now["digest"] != first
    assert skep("build", "-C", p).ok().err == ""


@pytest.mark.parametrize("at", [0.3, 0.6, 0.95, 1.0])
def test_a_signed_package_that_is_damaged_is_replaced(skep, tiny, keys, at):
    p = tiny()
    skep("build", "-C", p).ok()
    package = p / "build/tiny.skep"
    unsigned, signed = package.read_bytes(), sign(skep, package, keys.ecdsa)
    cut = int(len(signed) * at) // 512 * 512 - (512 if at == 1.0 else 0)
    package.write_bytes(signed[:cut])
    skep("build", "-C", p).ok()
    assert package.read_bytes() == unsigned


def test_a_copy_asked_for_by_name_is_replaced(skep, tiny, keys, tmp_path):
    p, copy = tiny(), tmp_path / "copy.skep"
    pack = lambda: skep("pack", "-C", p, "-o", copy).ok().err  # noqa: E731
    assert pack() == ""
    unsigned = copy.read_bytes()
    sign(skep, copy, keys.ecdsa)
    assert pack() == f"'{copy}' was signed; what it is now is not\n"
    assert copy.read_bytes() == unsigned
    sign(skep, copy, keys.ecdsa)
    signed = sign(skep, p / "build/tiny.skep", keys.rsa)
    assert pack() == "" and copy.read_bytes() == signed, "the package is signed as well"


def test_compile_commands_come_back(skep, tiny):
    p = tiny()
    skep("build", "-C", p).ok()
    (p / "build/compile_commands.json").unlink()
    skep("build", "-C", p).ok()
    assert len(json.loads((p / "build/compile_commands.json").read_text())) == 1


def test_another_compiler(skep, tiny, wrapper, need):
    p, clang = tiny(), wrapper()
    skep("build", "-C", p, "--clang", clang.path).ok()
    clang.calls()
    os.utime(clang.path, ns=(1, 1))
    done = skep("build", "-C", p, "--clang", clang.path, "--explain")
    assert made_again(done) == [STEPS[1]] and explained(done)[STEPS[1]].startswith("clang changed (")
    assert clang.calls() == ["src/tiny.bpf.c"]


def test_newest_clang_of_the_path(skep, tiny, tmp_path):
    real = shutil.which("clang")
    for name, version in (("clang", "15.0.1"), ("clang-14", "14.0.6"), ("clang-17", "17.0.2"), ("clang-9", "9.0.0")):
        path = tmp_path / "bin" / name
        path.parent.mkdir(exist_ok=True)
        path.write_text(f'#!/bin/sh\n[ "$1" = --version ] && echo "clang version {version}" && exit\nexec {real} "$@"\n')
        path.chmod(0o755)
    p, env = tiny(), {"PATH": f"{tmp_path}/bin:/usr/sbin"}
    flags = skep("build", "-C", p, "--print-flags", env=env).ok().out
    assert flags.split()[0] == f"{tmp_path}/bin/clang-17"
    skep("build", "-C", p, env=env).ok()
    (tmp_path / "bin/clang-17").rename(tmp_path / "bin/gone")
    done = skep("build", "-C", p, "--explain", env=env)
    assert "'15.0.1 " in explained(done)[STEPS[1]]


def test_vmlinux_from_a_file(skep, tiny, bpftool, tmp_path):
    raw = tmp_path / "one.btf"
    skep("build", "-C", tiny("seed")).ok()
    seed = tmp_path / "seed/build/tiny.bpf.o"
    p = tiny(files={"skep.yaml": YAML + "vmlinux: types.btf\n",
                    "src/tiny.h": "#include <vmlinux.h>\n#define LIMIT sizeof(struct count)\n"})
    (p / "src/tiny.bpf.c").write_text('#include "tiny.h"\n__attribute__((section("xdp"), used)) int f(void) { return LIMIT; }\n')
    shutil.copy(seed, p / "types.btf")
    skep("build", "-C", p).ok()
    assert "struct count {" in (p / "build/gen/tiny/vmlinux.h").read_text()
    assert made_again(skep("build", "-C", p, "--explain")) == []
    os.utime(p / "types.btf", ns=(5, 5))
    assert made_again(skep("build", "-C", p, "--explain")) == [STEPS[0]], "the same types"
    raw.write_bytes(b"neither")
    (p / "skep.yaml").write_text(YAML + f"vmlinux: {raw}\n")
    done = skep("build", "-C", p)
    assert done.rc == 2 and "one.btf" in done.err


def test_damaged_state_costs_a_rebuild(skep, tiny):
    p = tiny()
    skep("build", "-C", p).ok()
    state, before = p / "build/.skep-state", digest_of(p)
    good = state.read_bytes()
    for bad in (b"", b"{", good[: len(good) // 2], b"[]", b'{"version":1,"steps":{"build/tiny.bpf.o":[]}}', b"\0" * 99,
                good.replace(b'"version":1', b'"version":2')):
        state.write_bytes(bad)
        assert made_again(skep("build", "-C", p, "--explain")) == STEPS
        assert digest_of(p) == before


# --- many at once --------------------------------------------------------------------------------


def many(folder, n, broken=()):
    files = {"skep.yaml": f"name: many\nversion: '1'\nsources: [{', '.join(f's{i}.c' for i in range(n))}]\n"}
    for i in range(n):
        body = "syntax error;" if i in broken else ""
        files[f"s{i}.c"] = f"""
            #include <linux/bpf.h>
            #include <bpf/bpf_helpers.h>
            #warning source {i}
            {body}
            SEC("socket") int f{i}(struct __sk_buff *skb) {{ return {i}; }}
            """
    files["s0.c"] += 'char LICENSE[] SEC("license") = "GPL";\n'
    return write(folder, files)


def test_one_job_and_eight_say_and_make_the_same(skep, tmp_path):
    one, eight = (skep("build", "-C", many(tmp_path / f"j{j}", 6), "-j", j) for j in (1, 8))
    assert one.rc == eight.rc == 0
    assert one.out == eight.out and one.err == eight.err
    assert re.findall(r"#warning source (\d)", one.err) == list("012345")
    assert digest_of(tmp_path / "j1") == digest_of(tmp_path / "j8")


def test_jobs_are_limited_and_used(skep, tmp_path, wrapper):
    p = many(tmp_path / "p", 6)
    clang = wrapper(before=f"mkdir -p {tmp_path}/now; touch {tmp_path}/now/$$; ls {tmp_path}/now | wc -l >> {tmp_path}/most; sleep 0.2; rm {tmp_path}/now/$$")
    skep("build", "-C", p, "-j", 3, "--clang", clang.path).ok()
    assert max(map(int, (tmp_path / "most").read_text().split())) == 3


def test_all_failures_are_told_in_order(skep, tmp_path):
    done = skep("build", "-C", many(tmp_path / "p", 6, broken=(1, 4)), "-j", 4)
    assert done.rc == 1
    assert re.findall(r"^(s\d)\.c:\d+:\d+: error", done.err, re.M) == ["s1", "s4"]
    assert "\nskep build: s1.c:5:1: " in done.err
    # what did compile is not compiled again
    (tmp_path / "p/s1.c").write_text("")
    (tmp_path / "p/s4.c").write_text("")
    lines = skep("build", "-C", tmp_path / "p", "--explain").err.splitlines()
    again = [line for line in lines if line.startswith("build/obj/") and not line.endswith("is up to date")]
    assert [re.search(r"s\d", line)[0] for line in again] == ["s1", "s4"]


def test_two_builds_of_one_project_at_once(start, skep, tmp_path):
    p = many(tmp_path / "p", 4)
    both = [start("build", "-C", p) for _ in range(3)]
    assert [b.wait(60).rc for b in both] == [0, 0, 0]
    skep("build", "-C", many(tmp_path / "alone", 4)).ok()
    assert digest_of(p) == digest_of(tmp_path / "alone")
