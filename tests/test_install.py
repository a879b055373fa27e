# SPDX-License-Identifier: BSD-2-Clause
"""`make install DESTDIR=`: the tree, its modes, that it works from there, and that digests do not depend on where."""

import hashlib
import json
import os
import platform
import re
import shutil
import stat
import subprocess
import tarfile

import pytest

from conftest import base_env

TEMPLATES = ["exec-watch", "xdp-filter", "sched-latency"]
PROGRAMS = ("bin", "libexec")
ARCH = {"aarch64": "arm64"}.get(platform.machine(), platform.machine())


@pytest.fixture(scope="module")
def installed(tmp_path_factory, repo, build_dir):
    """What `make install` leaves under DESTDIR/usr, made under a strict umask."""
    dest = tmp_path_factory.mktemp("dest")
    dest.chmod(0o755)
    env = base_env(dest)
    done = subprocess.run(
        ["make", "--no-print-directory", "install", f"DESTDIR={dest}", "prefix=/usr"],
        cwd=repo, env=env, umask=0o077, capture_output=True, text=True, timeout=500,
    )  # fmt: skip
    assert done.returncode == 0, done.stdout + done.stderr
    assert os.listdir(dest) == ["usr"]
    return dest / "usr"


def files(folder):
    return {str(p.relative_to(folder)): p for p in folder.rglob("*") if p.is_file()}


def test_tree(installed, repo):
    expected = {"bin/skep", "bin/skep-run", "libexec/skep/skep-kernel"}
    expected |= {f"libexec/skep/guest/{ARCH}/skep-run", "lib/libskep.a", "lib/libskep-kernel.a", "lib/skep/libbpf.a"}
    expected |= {"lib/pkgconfig/skep.pc", "lib/pkgconfig/skep-kernel.pc", "lib/cmake/skep/skep-config.cmake"}
    expected |= {f"include/skep/{h.name}" for h in (repo / "sdk/include/skep").glob("*.h")}
    expected |= {f"share/skep/bpf/skep/{h.name}" for h in (repo / "sdk/bpf/skep").glob("*.h")}
    expected |= {f"share/skep/templates/{name}" for name in files(repo / "templates")}
    expected |= {f"share/skep/platforms/{name}" for name in files(repo / "sdk/platforms")}
    expected |= {"share/skep/make/skep.mk", "share/skep/libbpf/bpf/bpf_helpers.h", "share/skep/libbpf/bpf/libbpf.h"}
    assert expected - set(files(installed)) == set()
    others = ("share/skep/libbpf/", "libexec/skep/guest/")  # guests of other architectures are installed if they were made
    foreign = [f for f in files(installed) if f not in expected and not f.startswith(others)]
    assert foreign == []


def test_guests_need_no_library(installed, tool):
    """What is process 1 of a guest finds nothing there but itself."""
    told = tool("readelf", "-lW", installed / f"libexec/skep/guest/{ARCH}/skep-run").stdout
    assert "INTERP" not in told and "DYNAMIC" not in told


def test_modes(installed, repo):
    for path in [installed, *installed.rglob("*")]:
        mode = stat.S_IMODE(path.stat().st_mode)
        name = path.relative_to(installed)
        source = repo / "templates" / name.relative_to("share/skep/templates") if "templates" in name.parts[:3] else None
        runs = path.is_dir() or name.parts[0] in PROGRAMS or (source and os.access(source, os.X_OK))
        assert mode == (0o755 if runs else 0o644), f"{name}: {mode:o}"


def test_no_path_of_the_build(installed, repo, tmp_path):
    """Nothing installed names the source tree or DESTDIR (debugging information of libbpf apart)."""
    for name, path in files(installed).items():
        if not name.endswith(".a"):
            data = stripped(path, tmp_path) if name.split("/")[0] in PROGRAMS else path.read_bytes()
            assert str(repo).encode() + b"/" not in data and str(installed.parent).encode() not in data, name


def stripped(path, folder):
    subprocess.run(["strip", "-g", "-o", folder / "stripped", path], check=True)
    return (folder / "stripped").read_bytes()


def test_install_again_is_the_same(installed, repo):
    before = {name: (p.read_bytes(), p.stat().st_mode) for name, p in files(installed).items()}
    env = base_env(installed)
    subprocess.run(
        ["make", "--no-print-directory", "install", f"DESTDIR={installed.parent}", "prefix=/usr"],
        cwd=repo, env=env, check=True, capture_output=True, timeout=500,
    )  # fmt: skip
    assert {name: (p.read_bytes(), p.stat().st_mode) for name, p in files(installed).items()} == before


def build(program, folder, template, env):
    """`skep new` and `skep build` with this program -> digest of object, package, and the package's index."""
    folder.mkdir(parents=True, exist_ok=True)
    for args in (["new", template, "--template", template], ["build", "-C", template]):
        done = subprocess.run([program, *args], cwd=folder, env=env, capture_output=True, text=True, timeout=120)
        assert done.returncode == 0, done.stdout + done.stderr
    out = folder / template / "build"
    package = out / f"{template}.skep"
    with tarfile.open(package) as tar:
        index = json.load(tar.extractfile("index.json"))
    return {
        "object": hashlib.sha256((out / f"{template.replace('-', '_')}.bpf.o").read_bytes()).hexdigest(),
        "package": hashlib.sha256(package.read_bytes()).hexdigest(),
        "digest": [m["digest"] for m in index["manifests"]],
    }


@pytest.mark.parametrize("template", TEMPLATES)
def test_same_package_from_anywhere(template, installed, build_dir, tmp_path, need):
    need("btf")
    env = base_env(tmp_path / "home")
    here = build(build_dir / "bin/skep", tmp_path / "one", template, env)
    assert build(installed / "bin/skep", tmp_path / "one.installed", template, env) == here
    other = {**base_env(tmp_path / "elsewhere"), "TZ": "Asia/Kathmandu", "LC_ALL": "C", "CFLAGS": "-O0 -DX=1"}
    assert build(build_dir / "bin/skep", tmp_path / "a b/two", template, other) == here


def test_same_package_in_folders_of_any_length(installed, tmp_path, need):
    """clang orders forward declarations in BTF by addresses: they move with its arguments, and how memory is given out."""
    need("btf")
    env, made = base_env(tmp_path / "home"), {}
    for n in range(1, 200, 20):
        env["GLIBC_TUNABLES"] = f"glibc.malloc.mmap_threshold={256 << n % 7}:glibc.malloc.mmap_max={100 * n}"
        moved = tmp_path / ("i" * n) / "opt"
        shutil.copytree(installed, moved, ignore=shutil.ignore_patterns("*.a"))
        made[n] = build(moved / "bin/skep", tmp_path / ("p" * n), "exec-watch", env)["object"]
    assert len(set(made.values())) == 1, made


def test_programs_need_few_libraries(installed, tool):
    """Start-up is part of speed: DESIGN's list and nothing else."""
    allowed = {"libelf.so.1", "libz.so.1", "libjansson.so.4", "libcrypto.so.3", "libc.so.6", "ld-linux-x86-64.so.2"}
    for name, more in (("skep", {"libfyaml.so.0"}), ("skep-run", set())):
        out = tool("readelf", "-dW", installed / "bin" / name).stdout
        assert set(re.findall(r"\(NEEDED\).*\[(.*)\]", out)) <= allowed | more


PROGRAM = r"""
#include <stdio.h>
#include <skep/error.h>
#include <skep/package.h>

int main(int argc, char **argv)
{
	struct skep_err err = { 0 };
	struct skep_pkg *pkg;
	int ret = skep_pkg_open(argv[1], &pkg, &err);

	if (ret) {
		fprintf(stderr, "%s: %s\n", err.where, err.what);
		return skep_err_status(ret);
	}
	puts(skep_pkg_digest(pkg));
	skep_pkg_free(pkg);
	return 0;
}
"""


@pytest.mark.parametrize("compiler", [["cc"], ["g++", "-xc++"]], ids=["C", "C++"])
def test_sdk_builds_a_program(installed, package, tmp_path, tool, compiler):
    """pkg-config and the static library are enough for a program of somebody else."""
    env = {**os.environ, "PKG_CONFIG_LIBDIR": f"{installed}/lib/pkgconfig:" + system_pkgconfig(tool)}
    flags = tool("pkg-config", f"--define-variable=prefix={installed}", "--cflags", "--libs", "--static", "skep", env=env)
    (tmp_path / "prog.c").write_text(PROGRAM)
    tool(*compiler, "-Wall", "-Werror", "-c", "-o", tmp_path / "prog.o", tmp_path / "prog.c", *flags.stdout.split())
    tool(compiler[0], "-o", tmp_path / "prog", tmp_path / "prog.o", *flags.stdout.split())
    path = package("exec-watch")
    with tarfile.open(path) as tar:
        expected = json.load(tar.extractfile("index.json"))["manifests"][0]["digest"]
    assert tool(tmp_path / "prog", path).stdout == expected + "\n"
    path.write_bytes(path.read_bytes()[:-512])
    done = tool(tmp_path / "prog", path, check=False)
    assert done.returncode == 1 and str(path) in done.stderr


HARVESTER = """
#include <stdio.h>
#include <stdlib.h>
#include <skep/kernel.h>
int main(int argc, char **argv)
{
	struct skep_kernel_opts opts = { sizeof(opts), argv[1] };
	const char *paths[] = { argv[2] };
	struct skep_report *report = skep_report_new();
	struct skep_err err = { 0 };
	char *json;

	if (skep_kernel_add(paths, 1, &opts, report, &err) || skep_report_json(report, &json, &err))
		return fprintf(stderr, "%s: %s\\n", err.where, err.what), 1;
	puts(json);
	free(json);
	skep_report_free(report);
	return 0;
}
"""


def test_sdk_adds_a_kernel(installed, tmp_path, tool):
    """libskep-kernel, for a program that harvests kernels itself."""
    env = {**os.environ, "PKG_CONFIG_LIBDIR": f"{installed}/lib/pkgconfig:" + system_pkgconfig(tool)}
    define = f"--define-variable=prefix={installed}"
    flags = tool("pkg-config", define, "--cflags", "--libs", "skep-kernel", env=env).stdout.split()
    (tmp_path / "prog.c").write_text(HARVESTER)
    tool("cc", "-Wall", "-Werror", "-o", tmp_path / "prog", tmp_path / "prog.c", *flags)
    added = json.loads(tool(tmp_path / "prog", tmp_path / "home", "host").stdout)
    assert os.uname().release in json.dumps(added)
    assert os.listdir(tmp_path / "home/kernels")


def system_pkgconfig(tool):
    return tool("pkg-config", "--variable", "pc_path", "pkg-config").stdout.strip()


def test_sdk_exports_only_its_names(installed, tool):
    names = re.findall(r" [TDBRVW] (\w+)$", tool("nm", installed / "lib/libskep.a").stdout, re.M)
    assert len(names) > 20
    assert [n for n in names if not n.startswith("skep_")] == []
