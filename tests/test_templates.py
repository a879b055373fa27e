# SPDX-License-Identifier: BSD-2-Clause
"""Templates and the headers they use: built by two compilers, loaded by the kernel, tested by themselves."""

import json
import os
import re
import shutil
import subprocess
import uuid

import pytest
from compilers import CLANGS

TEMPLATES = ("exec-watch", "sched-latency", "xdp-filter")
STRICT = ["-Werror", "-Wshadow", "-Wstrict-prototypes", "-Wundef", "-Wunused-macros"]


def ident(template):
    return template.replace("-", "_")


@pytest.fixture
def built(skep, project, need):
    def build(template, clang):
        need(clang)
        folder = project(template, build=False)
        skep("build", "-C", folder, "--clang", clang).ok()
        return folder

    return build


@pytest.mark.need("root", "bpffs", "btf", "bpftool-7.8")
@pytest.mark.parametrize("clang", CLANGS)
@pytest.mark.parametrize("template", TEMPLATES)
def test_the_kernel_loads_it(built, bpftool, template, clang):
    path = built(template, clang) / "build" / f"{ident(template)}.bpf.o"
    pins = f"/sys/fs/bpf/skep-test-{uuid.uuid4().hex[:8]}"
    try:
        assert "skipping" not in bpftool("prog", "loadall", path, pins).stderr
        assert os.listdir(pins)
    finally:
        shutil.rmtree(pins, ignore_errors=True)


@pytest.mark.parametrize("clang", CLANGS)
@pytest.mark.parametrize("template", TEMPLATES)
def test_compiles_without_a_warning(built, tool, template, clang):
    folder = built(template, clang)
    (entry,) = json.loads((folder / "build/compile_commands.json").read_text())
    assert entry["file"].endswith(f"src/{ident(template)}.bpf.c")
    argv = entry["arguments"]
    at = argv.index("-o") if "-o" in argv else None
    argv = argv if at is None else [*argv[:at], *argv[at + 2 :]]
    done = tool(*argv, *STRICT, "-fsyntax-only", cwd=entry["directory"], check=False)
    assert (done.returncode, done.stderr) == (0, "")


@pytest.mark.need("root", "btf", "make")
@pytest.mark.parametrize("template", TEMPLATES)
def test_its_own_test_passes(project, build_dir, skep, template):
    folder = project(template, name="renamed", build=False)
    done = subprocess.run(
        ["make", f"SKEP={build_dir}/bin/skep", "test"],
        cwd=folder,
        env=skep.environ({}),
        capture_output=True,
        text=True,
        timeout=180,
    )
    assert done.returncode == 0, done
    assert re.search(r"^renamed: (ok|50 waits? in 50 naps|\d+ waits in \d+ naps)", done.stdout, re.M), done


BREAKS = {
    "exec-watch": ("skep_event_submit(e);", "skep_event_discard(e);"),
    "sched-latency": ("if (!since)", "if (since)"),
    "xdp-filter": ("if (!hits)", "if (hits)"),
}


@pytest.mark.need("root", "btf", "make")
@pytest.mark.parametrize("template", TEMPLATES)
def test_its_own_test_can_fail(project, build_dir, skep, template):
    folder = project(template, build=False)
    source = folder / "src" / f"{ident(template)}.bpf.c"
    old, new = BREAKS[template]
    text = source.read_text()
    assert old in text
    source.write_text(text.replace(old, new))
    argv = ["make", f"SKEP={build_dir}/bin/skep", "test"]
    done = subprocess.run(argv, cwd=folder, env=skep.environ({}), capture_output=True, text=True, timeout=180)
    assert done.returncode != 0, done


@pytest.mark.need("make")
@pytest.mark.parametrize("template", TEMPLATES)
def test_makefile(project, build_dir, skep, keys, template):
    folder = project(template)
    make = ["make", f"SKEP={build_dir}/bin/skep"]

    def run(*args):
        return subprocess.run([*make, *args], cwd=folder, env=skep.environ({}), capture_output=True, text=True, timeout=120)

    assert run().returncode == 0
    assert run("sign", f"KEY={keys.rsa.key}", f"CERT={keys.rsa.crt}").returncode == 0
    assert run("clean").returncode == 0
    assert not (folder / "build").exists()


def test_make_prove_asks_for_the_project(project, build_dir, skep):
    """With a library that holds nothing there is nothing to boot: what matters is that the project is what is proved."""
    folder = project("exec-watch")
    argv = ["make", f"SKEP={build_dir}/bin/skep", "prove"]
    done = subprocess.run(argv, cwd=folder, env=skep.environ({}), capture_output=True, text=True, timeout=120)
    assert done.returncode != 0 and "/skep prove . \n" in done.stdout, done
    assert done.stderr.splitlines()[0].startswith("skep prove: "), done


@pytest.mark.parametrize("template", TEMPLATES)
def test_make_prove_is_documented(repo, template):
    assert "    make prove " in (repo / "templates" / template / "README.md").read_text()


@pytest.mark.parametrize("template", TEMPLATES)
def test_readme_is_short_and_says_what_is_needed(repo, template):
    text = (repo / "templates" / template / "README.md").read_text()
    assert 15 <= text.count("\n") <= 25
    assert re.search(r"Needs Linux \d\.\d+ with BTF, and CAP_BPF", text)


# --- headers for BPF C ---------------------------------------------------------------------------


@pytest.fixture
def bpf_c(build_dir, skep, tool, tmp_path):
    """Compile BPF C against a whole vmlinux.h and the headers in share/skep."""

    gen = tmp_path / "gen"
    gen.mkdir()
    skep("vmlinux", "-o", gen / "vmlinux.h").ok()

    def compile(text, clang="clang-19", *flags):
        source, out = tmp_path / "x.bpf.c", tmp_path / "x.bpf.o"
        source.write_text('#include "vmlinux.h"\n#include <bpf/bpf_helpers.h>\n' + text)
        share = build_dir / "share/skep"
        argv = [clang, *"--target=bpfel -mcpu=v3 -g -O2 -std=gnu11 -fms-extensions -Wall -Wextra -Werror -Wno-unused-parameter".split()]
        argv += ["-Wno-microsoft-anon-tag", "-Wno-unknown-warning-option", f"-I{gen}", f"-I{share}/bpf"]
        tool(*argv, "-isystem", f"{share}/libbpf", *flags, "-c", source, "-o", out)
        return out

    return compile


HEADERS = """
#include <skep/events.h>
#include <skep/hist.h>
struct event { __u32 pid; };
typedef struct { __u64 value; } sample_t;
SKEP_EVENTS(events, struct event);
SKEP_EVENTS(samples, sample_t, 1 << 16);
SKEP_HIST(latency, 20, "ns");
struct sizes { __u64 slots[8]; };
struct {
	__uint(type, BPF_MAP_TYPE_HASH);
	__uint(max_entries, 4);
	__type(key, __u32);
	__type(value, struct sizes);
} sizes SEC(".maps") SKEP_HIST_LINEAR("bytes");
__u64 values[6] = { 0, 1, 2, 1000, 1ULL << 19, 1ULL << 63 };
__u32 slots[6];
SEC("xdp") int run(struct xdp_md *ctx)
{
	struct event *e = skep_event_reserve(events);
	if (e) {
		e->pid = ctx->data_end - ctx->data;
		skep_event_submit(e);
	}
	sample_t *s = skep_event_reserve(samples);
	if (s)
		skep_event_discard(s);
	for (int i = 0; i < 6; i++) {
		slots[i] = skep_hist_slot(values[i], 20);
		skep_hist_add(latency, values[i]);
	}
	return XDP_PASS;
}
char LICENSE[] SEC("license") = "GPL";
"""


@pytest.mark.need("root", "bpffs", "btf", "bpftool-7.8")
@pytest.mark.parametrize("clang", CLANGS)
def test_events_and_histograms(bpf_c, bpftool, need, tmp_path, clang):
    need(clang)
    path = bpf_c(HEADERS, clang)
    types = bpftool("btf", "dump", "file", path).stdout
    variables = dict(re.findall(r"\[(\d+)\] VAR '(\w+)'", types))
    tags = {variables[i]: tag for tag, i in re.findall(r"DECL_TAG '(.+)' type_id=(\d+) component_idx=-1", types)}
    assert tags == {
        "events": "skep:event=struct event",
        "samples": "skep:event=sample_t",
        "latency": "skep:hist=log2:ns",
        "sizes": "skep:hist=linear:bytes",
    }
    assert re.search(r"STRUCT 'event' size=4 ", types) and re.search(r"TYPEDEF 'sample_t'", types)

    pin = f"/sys/fs/bpf/skep-test-{uuid.uuid4().hex[:8]}"
    try:
        bpftool("prog", "loadall", path, pin, "pinmaps", pin + "_maps")
        loaded = json.loads(bpftool("-j", "prog", "show", "pinned", pin + "/run").stdout)
        packet = tmp_path / "packet"
        packet.write_bytes(bytes(64))
        bpftool("prog", "run", "pinned", pin + "/run", "data_in", packet)

        shown = [m for m in json.loads(bpftool("-j", "map", "show").stdout) if m["id"] in loaded["map_ids"]]
        maps = {m["name"]: m for m in shown}
        sizes = [maps[name]["max_entries"] for name in ("events", "samples", "latency")]
        assert sizes == [256 * 1024, 65536, 20]

        def dump(name):  # by id: bpftool opens pins read-only, which this kernel refuses
            return json.loads(bpftool("-j", "map", "dump", "id", maps[name]["id"]).stdout)

        (bss,) = dump("x.bss")[0]["formatted"]["value"][".bss"]
        assert bss["slots"] == [0, 0, 1, 9, 19, 19]
        counts = {row["formatted"]["key"]: sum(v["value"] for v in row["formatted"]["values"]) for row in dump("latency")}
        assert {slot: n for slot, n in counts.items() if n} == {0: 2, 1: 1, 9: 1, 19: 2}
    finally:
        shutil.rmtree(pin, ignore_errors=True)
        shutil.rmtree(pin + "_maps", ignore_errors=True)


UAPI = """sys/stat.h fcntl.h signal.h sys/mman.h sched.h sys/socket.h netinet/in.h netinet/tcp.h errno.h
linux/if_ether.h linux/icmp.h linux/icmpv6.h linux/pkt_cls.h linux/capability.h""".split()


def test_constants_are_those_of_uapi(repo, tool, tmp_path):
    header = repo / "sdk/bpf/skep/consts.h"
    names = re.findall(r"^#define (\w+) ", header.read_text(), re.M)
    source = "#define _GNU_SOURCE\n" + "".join(f"#include <{h}>\n" for h in UAPI)
    path = tmp_path / "c.c"
    path.write_text(source)
    known = set(re.findall(r"^#define (\w+) ", tool("gcc", "-E", "-dM", path).stdout, re.M))
    both = [n for n in names if n in known]
    assert len(both) > 150
    source += "".join(f"enum {{ uapi_{n} = (int){n} }};\n#undef {n}\n" for n in both)
    source += f'#include "{header}"\n'
    source += "".join(f'_Static_assert(uapi_{n} == (int){n}, "{n}");\n' for n in both)
    path.write_text(source)
    tool("gcc", "-fsyntax-only", path)


@pytest.mark.need("btf")
@pytest.mark.parametrize("clang", CLANGS)
def test_constants_beside_vmlinux_and_uapi(bpf_c, need, clang):
    need(clang)
    use = "int a = S_ISREG(0100644) + MAJOR(1) + IPPROTO_TCP + ETH_P_IP + EPERM + TC_ACT_OK + AF_INET6;\n"
    bpf_c("#include <skep/consts.h>\n" + use, clang)
    # Headers of macros alone may come before and after.
    uapi = "#include <asm-generic/errno.h>\n"
    bpf_c(uapi + "#include <skep/consts.h>\n" + use, clang, "-idirafter", "/usr/include")
    bpf_c("#include <skep/consts.h>\n" + uapi + use, clang, "-idirafter", "/usr/include")


COMPAT = """
#include <skep/compat.h>
long state;
SEC("raw_tp/sched_switch") int run(void *ctx)
{
	state = skep_task_state((struct task_struct *)bpf_get_current_task());
	return 0;
}
char LICENSE[] SEC("license") = "GPL";
"""


@pytest.mark.need("btf", "bpftool-7.8")
def test_renamed_fields_are_both_asked_for(bpf_c, skep):
    path = bpf_c(COMPAT)
    fields = {row["path"] for row in skep("inspect", path, "--json").ok().json()["relocations"]}
    assert {"struct task_struct___since_5_14.__state", "struct task_struct___before_5_14.state"} <= fields


# --- skep.mk and cmake ---------------------------------------------------------------------------

MAIN = """#include "probe.h"
#include "probe.skel.h"
int main(void)
{
	struct probe *skel = probe__open_and_load();
	int bad = !skel || probe__attach(skel);

	probe__destroy(skel);
	return bad;
}
"""


@pytest.mark.need("root", "btf", "make", "clang-19", "llvm-strip")
def test_skep_mk(project, build_dir, skep, tmp_path):
    source = project("exec-watch", name="probe", build=False) / "src"
    (tmp_path / "main.c").write_text(MAIN)
    for name in ("probe.bpf.c", "probe.h"):
        shutil.copy(source / name, tmp_path / name)
    (tmp_path / "Makefile").write_text(
        f"all: prog\ninclude {build_dir}/share/skep/make/skep.mk\n"
        "prog: main.c $(SKEP_OUT)/probe.skel.h\n\t$(CC) -Wall -Wextra -Werror $(SKEP_CFLAGS) -o $@ $< $(SKEP_LIBS)\n"
    )
    argv = ["make", f"SKEP={build_dir}/bin/skep", "SKEP_CLANG=clang-19"]

    def run():
        done = subprocess.run(argv, cwd=tmp_path, env=skep.environ({}), capture_output=True, text=True, timeout=120)
        assert done.returncode == 0, done
        return done.stdout

    assert "-mcpu=v3" in run()
    assert run() == "make: Nothing to be done for 'all'.\n"
    assert subprocess.run([tmp_path / "prog"], timeout=60, capture_output=True).returncode == 0
    (tmp_path / "probe.h").write_text((tmp_path / "probe.h").read_text() + "\n/* changed */\n")
    assert "probe.bpf.c" in run()
