# SPDX-License-Identifier: BSD-2-Clause
"""skep vmlinux --for: clang judges that a lean header is enough; bounded whatever the sources are."""

import os
import re
import subprocess

import pytest
from test_vmlinux import DECL_TAG, FUNC, FUNC_PROTO, INT, PTR, STRUCT, TYPEDEF, Btf, small

FLAGS = ["--target=bpfel", "-mcpu=v3", "-g", "-O2", "-Wall", "-Werror", "-fms-extensions", "-Wno-microsoft-anon-tag"]

pytestmark = pytest.mark.need("clang-19")

KERNEL = """
typedef unsigned int __u32;
typedef unsigned int u32;
typedef unsigned long long __u64;
enum color { RED, GREEN = 5 };
struct has { enum { LOOSE = 7, ENDS } kind; } has;
struct list { struct list *next; };
struct inode { long ino; };
struct file { int pos; struct inode *f_inode; };
struct mm { struct task *owner; long pgd; };
struct creds { int uid; };
struct task {
	int pid;
	struct mm *mm;
	struct list node;
	union { struct file *file; void *other; };
	const struct creds *const cred[2];
	int (*open)(struct inode *);
};
struct unrelated { int x; };
struct old { int a; };
typedef struct creds creds_t;
typedef void (*trace_open)(void *, struct file *);
typedef struct inode *inode_p;
struct opaque; struct opaque *opaque;
struct task task; struct mm mm; struct file file; struct inode inode; struct creds creds;
struct unrelated unrelated; struct old old; struct list list;
enum color color; creds_t creds_t_; trace_open trace_open_; inode_p inode_p_; __u64 u64_; u32 u32_; __u32 u32__;
enum { HIDDEN } hidden;
"""


@pytest.fixture(scope="module")
def kernel(tmp_path_factory, session_home):
    folder = tmp_path_factory.mktemp("kernel")
    (folder / "kernel.c").write_text(KERNEL)
    subprocess.run(["clang-19", "--target=bpfel", "-g", "-O0", "-c", "kernel.c", "-o", "kernel.o"], cwd=folder, check=True)
    return folder / "kernel.o"


@pytest.fixture
def lean(skep, kernel, tmp_path):
    def make(source, *options, files={}, btf=kernel, compiles=True):
        (tmp_path / "prog.c").write_bytes(source if isinstance(source, bytes) else source.encode())
        for name, text in files.items():
            (tmp_path / name).parent.mkdir(parents=True, exist_ok=True)
            (tmp_path / name).write_text(text)
        header = skep("vmlinux", "--for", "prog.c", "--btf", btf, *options).ok().out
        if compiles:
            (tmp_path / "gen").mkdir(exist_ok=True)
            (tmp_path / "gen/vmlinux.h").write_text(header)
            flags = [o.replace("--include", "-include") for o in options]
            argv = ["clang-19", *FLAGS, "-Igen", *flags, "-c", "prog.c", "-o", "prog.o"]
            done = subprocess.run(argv, cwd=tmp_path, capture_output=True, text=True)
            assert done.returncode == 0, done.stderr
        return header

    return make


@pytest.fixture
def full(skep, kernel):
    return skep("vmlinux", "--btf", kernel).ok().out


def defined(header):
    return set(re.findall(r"^(?:struct|union|enum) (\w+) \{", header, re.M))


def test_only_what_is_named(lean, full):
    header = lean('#include "vmlinux.h"\nint f(struct task *t) { return t->pid; }\n')
    assert defined(header) == {"task", "list"}, "by-value members and no more"
    assert "\nstruct mm;\n" in header and "unrelated" not in header
    assert defined(full) >= {"task", "mm", "file", "inode", "creds", "unrelated", "old", "color"}
    for text in re.findall(r"^struct \w+ \{\n.*?^\};$", header, re.M | re.S):
        assert text in full


@pytest.mark.parametrize(
    "body, more",
    [
        ("return t->mm->pgd;", {"mm"}),
        ("return t->mm->owner->pid;", {"mm"}),
        ("return t -> /* why */ file // not\n\t->pos;", {"file"}),
        ("return t->file->f_inode->ino;", {"file", "inode"}),
        ("return t->cred[1]->uid;", {"creds"}),
        ("return READ(t, mm, owner);", {"mm"}),
        ("return ALIAS(t, mm, owner);", {"mm"}),
        ("return t->MEMORY->pgd;", {"mm"}),
        ("return __builtin_offsetof(struct task, node) + (t->mm ? 1 : 0);", {"mm"}),
        ('int mm = 1, file = 2; const char *s = "t->file"; return mm + file + (long)s;', set()),
        ("return sizeof(trace_open) + sizeof(inode_p);", {"file", "inode"}),
        ("return GREEN;", {"color"}),
        ("return (enum color)t->pid == 1;", {"color"}),
        ("creds_t c = { 0 }; return c.uid;", {"creds"}),
    ],
)
def test_what_expressions_need(lean, body, more):
    source = (
        '#include "vmlinux.h"\n#define READ(a, b, c) ((a)->b->c != 0)\n#define ALIAS READ\n#define MEMORY mm\n'
        f"int f(struct task *t) {{ {body} }}\n"
    )
    assert defined(lean(source)) == {"task", "list"} | more


def test_anonymous_enum(lean, full):
    assert "LOOSE" in lean('#include "vmlinux.h"\nint f(void) { return ENDS; }\n')
    # the full header shows no enum of which there is but a variable: the name is the program's to take
    assert "HIDDEN" not in full
    assert "HIDDEN" not in lean('#include "vmlinux.h"\nenum { HIDDEN };\nint f(void) { return HIDDEN; }\n')


@pytest.mark.parametrize(
    "macros, use, names",
    [
        ("#define TYPE struct unrelated", "TYPE", {"unrelated"}),
        ("#define TAG unrelated", "struct TAG", {"unrelated"}),
        ("#define KEY struct", "KEY unrelated", {"unrelated"}),
        ("#define S(x) struct x", "S(unrelated)", {"unrelated"}),
        ("#define S(x) struct un##x", "S(related)", {"unrelated"}),
        ("#define S(x) struct x##related", "S(un)", {"unrelated"}),
        ("#define S2 struct unrelated\n#define CAT(a, b) a##b\n#define S(n) CAT(S, n)", "S(2)", {"unrelated"}),
        ("#define UNUSED struct unrelated", "struct old", {"old"}),
        ("#if 0\n#define TYPE struct old\n#else\n#define TYPE \\\n  struct unrelated\n#endif", "TYPE", {"old", "unrelated"}),
    ],
)
def test_macros(lean, macros, use, names):
    assert defined(lean(f'#include "vmlinux.h"\n{macros}\n{use} v;\n')) == names


@pytest.mark.parametrize(
    "source",
    [
        "#define S(a, b) struct a##b\nvoid f(S(unrel, ated) *p);\n",
        "#define CAT(a, b) a##b\n#define EXISTS(t) __builtin_preserve_type_info(*(t *)0, 0)\n"
        "int f(void) { return EXISTS(CAT(trace_, open)); }\n",
        '#define NAME "x.h"\n#include NAME\n',
        "#define M1 unrelated\n#define M2(x) M1\n#define ARGS(k, n) k n\nvoid f(ARGS(struct, M2(3)) *p);\n",
        "%:define S(a, b) struct a%:%:b\nvoid f(S(unrel, ated) *p);\n",
        "#def\\\nine S struct unrelated\nvoid f(S *p);\n",
    ],
)
def test_names_that_clang_would_not_miss_take_the_full_header(lean, full, source):
    assert lean('#include "vmlinux.h"\n' + source, compiles=False, files={"x.h": ""}) == full


def test_macro_before_vmlinux_h_renames(lean):
    before = '#define unrelated unrelated_old\n#include "vmlinux.h"\nstruct unrelated { int mine; };\n'
    header = lean('#define mm memory\n#include "vmlinux.h"\nint f(struct task *t) { return t->memory->pgd; }\n', compiles=False)
    assert "task" in defined(header)
    assert "unrelated" in defined(lean(before, compiles=False)), "as with the full header, that name is taken"


def test_struct_that_the_kernel_only_declares_is_relocated_if_the_program_defines_it(lean, full, tool, tmp_path):
    source = '#include "vmlinux.h"\nstruct opaque { int a, b; };\nint f(struct opaque *o) { return o->b; }\n'
    for header in lean(source), full:
        (tmp_path / "gen/vmlinux.h").write_text(header)
        tool("clang-19", *FLAGS, "-Igen", "-c", "prog.c", "-o", "prog.o", cwd=tmp_path)
        assert "struct opaque::b" in tool("llvm-objdump-19", "-dr", tmp_path / "prog.o").stdout


def test_headers_are_found_as_clang_finds_them(lean):
    files = {
        "a/one.h": '#pragma once\n#include "two.h"\n#include <three.h>\n',
        "a/two.h": "struct mm *two;\nstatic inline long g(struct mm *m) { return m->pgd; }\n",
        "a/three.h": "#error not this one\n",
        "b/three.h": "#include_next <three.h>\n#include <one.h>\nstruct file *three;\n",
        "c/three.h": "static struct unrelated u __attribute__((unused));\n",
        "pre.h": "struct old;\nstatic int k __attribute__((unused)) = sizeof(struct old *);\n",
    }
    source = '#include "vmlinux.h"\n#include "a/one.h"\n#ifdef MINE\nMINE *mine;\n#endif\n#include "absent_if_ever.h"\n'
    options = ["-I", "b", "-I", "c", "-I", "a", "-D", "MINE=struct inode", "--include", "pre.h"]
    header = lean(source, *options, files=files, compiles=False)
    assert defined(header) == {"mm", "file", "unrelated", "inode", "old"}


def test_helpers_declare_but_do_not_define(lean, skep):
    header = lean('#include "vmlinux.h"\n#include <bpf/bpf_helpers.h>\nint x;\n', compiles=False)
    assert defined(header) == set()
    assert "typedef unsigned long long __u64;" in header


@pytest.mark.need("btf")
def test_what_a_helper_returns_is_defined(skep, tmp_path):
    (tmp_path / "prog.c").write_text(
        '#include "vmlinux.h"\n#include <bpf/bpf_helpers.h>\n'
        "int f(void) { return bpf_get_current_task_btf()->pid; }\n"
    )
    header = skep("vmlinux", "--for", "prog.c").ok().out
    assert "task_struct" in defined(header) and "bpf_sock" not in defined(header) and len(header) < 64000


def test_kfuncs_and_what_they_take(lean, tmp_path):
    (tmp_path / "small.btf").write_bytes(small().bytes())
    header = lean('#include "vmlinux.h"\nint f(void) { return do_it(0); }\n', btf=tmp_path / "small.btf")
    assert "extern __bpf_fastcall int do_it(struct b *arg) __weak __ksym;" in header
    assert defined(header) == {"b"}, "declared only, libbpf would find it incompatible"
    header = lean('#include "vmlinux.h"\nint f(void) { return 0; }\n', btf=tmp_path / "small.btf")
    assert "do_it" not in header and defined(header) == set()


def namesakes():
    """Two structs and two typedefs of one name; by id the second comes first in the header."""
    btf = Btf()
    btf.integer()
    btf.add(STRUCT, "twin", 4, btf.string("older"), 1, 0, vlen=1)
    btf.add(STRUCT, "twin", 8, btf.string("a"), 1, 0, btf.string("b"), 1, 32, vlen=2)
    btf.add(PTR, "", 3)
    btf.add(TYPEDEF, "aaa_t", 4)
    btf.add(TYPEDEF, "num", 1)
    btf.add(INT, "unsigned int", 4, 32)
    btf.add(TYPEDEF, "num", 7)
    return btf


@pytest.mark.parametrize("name", ["twin", "twin___2"])
def test_namesakes_are_called_the_same(skep, lean, tmp_path, name):
    (tmp_path / "twins.btf").write_bytes(namesakes().bytes())
    whole = skep("vmlinux", "--btf", "twins.btf").ok().out
    header = lean(f'#include "vmlinux.h"\nstruct {name} v;\nnum n;\n', btf=tmp_path / "twins.btf")
    assert re.search(rf"^struct {name} {{\n.*?^}};$", whole, re.M | re.S).group() in header
    assert re.findall(r"^typedef .* num;", whole, re.M) == re.findall(r"^typedef .* num;", header, re.M)
    assert len(defined(header)) == 1


# --- the real kernel -----------------------------------------------------------------------------


@pytest.mark.need("btf")
@pytest.mark.parametrize("template", ["exec-watch", "sched-latency", "xdp-filter"])
def test_templates_compile_to_the_same(skep, tool, build_dir, repo, tmp_path, template):
    [source] = (repo / "templates" / template / "src").glob("*.bpf.c")
    share = build_dir / "share/skep"
    seen = {}
    for kind, options in ("lean", ["--for", source]), ("full", []):
        (tmp_path / kind).mkdir()
        skep("vmlinux", *options, "-o", tmp_path / kind / "vmlinux.h").ok()
        argv = [*FLAGS[:4], *FLAGS[6:], f"-I{kind}", "-isystem", share / "bpf", "-isystem", share / "libbpf"]
        tool("clang-19", *argv, "-D__TARGET_ARCH_x86", "-c", source, "-o", f"{kind}.o", cwd=tmp_path)
        text = tool("llvm-objdump-19", "-dr", "--no-show-raw-insn", tmp_path / f"{kind}.o").stdout
        seen[kind] = re.sub(r"\[\d+\]", "[]", text.split("\n", 3)[3])
    assert "CO-RE" in seen["full"] or template == "xdp-filter"
    assert seen["lean"] == seen["full"]
    assert (tmp_path / "lean/vmlinux.h").stat().st_size < 32000 < (tmp_path / "full/vmlinux.h").stat().st_size


# --- sources that nobody should have -------------------------------------------------------------


@pytest.mark.parametrize(
    "source",
    [
        b"",
        b"\0\0struct unrelated v;\0",
        b"/* struct old",
        b'"struct old\n struct unrelated v;',
        b"'\\",
        b"#",
        b"#define",
        b"#define F(",
        b"#define F(a, b\n#include \"",
        b"#include <",
        b"#include \"prog.c\"\n#include \"prog.c\"\n",
        b"struct",
        b"(" * 100000 + b"struct unrelated",
        b"{" * 100000,
        b"#define A B\n#define B A\nA B\n",
        b"#define F(x) G(x)\n#define G(x) F(x##x##x)\nF(F(G(F)))\n",
        bytes(range(256)) * 64,
        b"a" * 1000000,
        b"#define X " + b"x##" * 100000 + b"x\nX\n",
        b"\\\n" * 100000 + b"struct unrelated v;",
        "struct ünïcode v; struct unrelated u;".encode(),
    ],
    ids=range(21),
)
def test_any_bytes_are_a_source(lean, full, source):
    header = lean(source, compiles=False)
    assert header == full or defined(header) <= {"unrelated", "old"}


def test_a_binary_is_a_source(lean, build_dir):
    lean((build_dir / "bin/skep-run").read_bytes(), compiles=False)


def test_includes_without_end(lean, full, tmp_path):
    deep = {f"d{n}.h": f'#include "d{n + 1}.h"\n' for n in range(300)}
    assert lean('#include "d0.h"\n', files=deep, compiles=False) == full
    ring = {"r0.h": '#include "r1.h"\n', "r1.h": '#include "r0.h"\nstruct unrelated u;\n'}
    assert defined(lean('#include "r0.h"\n', files=ring, compiles=False)) == {"unrelated"}
    many = "".join(f'#include "absent{n}.h"\n' for n in range(70000))
    assert lean(many, compiles=False) == full


def test_includes_that_are_no_files(lean, tmp_path):
    os.mkfifo(tmp_path / "pipe.h")
    (tmp_path / "folder.h").mkdir()
    source = '#include "pipe.h"\n#include "folder.h"\n#include "/dev/zero"\n#include "/proc/self/mem"\nstruct old o;\n'
    assert defined(lean(source, compiles=False)) == {"old"}


def test_large_headers_take_the_full_one(lean, full, tmp_path):
    with open(tmp_path / "large.h", "w") as f:
        f.truncate(17 << 20)
    header = lean('#include "large.h"\nstruct old o;\n', compiles=False)
    assert header == full or defined(header) == {"old"}


def test_errors(skep, kernel, tmp_path):
    done = skep("vmlinux", "--for", "absent.c", "--btf", kernel)
    assert (done.rc, done.err.splitlines()[0]) == (3, "skep vmlinux: absent.c: No such file or directory")
    done = skep("vmlinux", "-I", "x", "--btf", kernel)
    assert (done.rc, done.out) == (2, "")
    assert done.err.splitlines()[0] == "skep vmlinux: -I, -D and --include are of the sources that --for names"
    (tmp_path / "p.c").write_text("int x;\n")
    assert skep("vmlinux", "--for", "p.c", "--btf", kernel, "--kernel", "debian/bookworm").rc == 2
    assert skep("vmlinux", "--for", ".", "--btf", kernel).rc == 3


def test_nothing_is_kept_where_there_is_no_home(skep, kernel, tmp_path):
    (tmp_path / "p.c").write_text('#include "vmlinux.h"\nstruct mm *m;\n')
    want = skep("vmlinux", "--for", "p.c", "--btf", kernel).ok().out
    for cache in (None, "/proc/nowhere"):
        done = skep("vmlinux", "--for", "p.c", "--btf", kernel, env={"XDG_CACHE_HOME": cache, "HOME": None})
        assert done.ok().out == want
    assert skep("vmlinux", "--for", "p.c", "--for", "p.c", "--btf", kernel).ok().out == want


def test_damaged_cache_is_made_anew(skep, kernel, tmp_path):
    (tmp_path / "p.c").write_text('#include "vmlinux.h"\nstruct mm *m;\n')
    env = {"XDG_CACHE_HOME": tmp_path / "cache"}
    want = skep("vmlinux", "--for", "p.c", "--btf", kernel, env=env).ok().out
    [aliases] = (tmp_path / "cache").rglob("*.aliases")
    for bytes_ in (b"", b"x" * 100, aliases.read_bytes()[:-1]):
        aliases.write_bytes(bytes_)
        assert skep("vmlinux", "--for", "p.c", "--btf", kernel, env=env).ok().out == want
