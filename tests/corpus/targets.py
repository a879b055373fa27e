# SPDX-License-Identifier: BSD-2-Clause
"""The kernels on which relocations are resolved: name -> file of raw BTF, of a kernel library and of the host."""

import json
import subprocess
from pathlib import Path

HOST = Path("/sys/kernel/btf/vmlinux")
PROFILES = {
    "bullseye": "debian/bullseye/x86_64",
    "bookworm": "debian/bookworm/x86_64",
    "trixie": "debian/trixie/x86_64",
    "forky": "debian/forky/x86_64",
    "bookworm-arm64": "debian/bookworm/arm64",
}


def add_packages(skep, packages, env):
    """Fill the kernel library of env with all packages below a folder."""
    paths = sorted(str(p) for p in Path(packages).glob("*/*.deb"))
    if not paths:
        raise RuntimeError(f"no kernels in '{packages}': run '.ci/deps corpus'")
    done = subprocess.run([str(skep), "kernel", "add", *paths], env=env, capture_output=True, text=True)
    if done.returncode:
        raise RuntimeError(f"skep kernel add: exit {done.returncode}\n{done.stderr}")


def library_targets(skep, env):
    """Of the kernel library that env's SKEP_HOME names: those of PROFILES that it has, and the running kernel."""
    found = {}
    for name, profile in PROFILES.items():
        done = subprocess.run([str(skep), "kernel", "show", profile, "--json"], env=env, capture_output=True, text=True)
        if done.returncode == 0:
            files = json.loads(done.stdout)["files"]
            found[name] = next(Path(f["path"]) for f in files if f["what"] == "btf")
    if HOST.exists():
        found["host"] = HOST
    return found
