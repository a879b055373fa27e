#!/usr/bin/python3
# SPDX-License-Identifier: BSD-2-Clause
"""Prediction and proof of the templates and of thirty programs of the corpus, each of which fails somewhere, on every
kernel of the library at once.

    prove.py FOLDER [--build DIR]

FOLDER is what run.py leaves: SOURCE/PROGRAM/full.o. The library is $SKEP_HOME's. Exit 1 if any prediction and proof
disagree, if a program of proofs.txt fails nowhere, or a refusal has no words.
"""

import argparse
import json
import os
import subprocess
import sys
import tempfile
import time
from pathlib import Path

HERE = Path(__file__).resolve().parent
REPO = HERE.parent.parent


def objects(folder, into):
    """Links with names that people know, because objects are named after their files."""
    for line in (HERE / "proofs.txt").read_text().splitlines():
        if line and not line.startswith("#"):
            source, name = line.split()[0].split("/")
            link = Path(into) / f"{name.split('-')[-1].removesuffix('.c').removesuffix('.bpf')}.bpf.o"
            link.symlink_to(Path(folder).resolve() / source / name / "full.o")
            yield str(link)


def templates(skep, into):
    for name in sorted(p.name for p in (REPO / "templates").iterdir() if p.is_dir()):
        project = Path(into) / name
        subprocess.run([skep, "new", name, "--template", name], check=True, cwd=into, capture_output=True)
        subprocess.run([skep, "build"], check=True, cwd=project, capture_output=True)
        yield str(project / f"build/{name}.skep")


def wordless(told):
    """Refusals that nobody explains."""
    for o in told["objects"]:
        for cell in o["kernels"]:
            for p in (cell["proof"] or {"programs": []})["programs"]:
                if p["load"] == "refused" and not (p["why"] and (p["why"]["cause"] or p["why"]["line"])):
                    yield o["object"], cell["kernel"], p["program"]


def failing(told):
    return {o["object"] for o in told["objects"] for cell in o["kernels"] for p in (cell["proof"] or {"programs": []})["programs"]
            if p["load"] == "refused" or p["attach"] == "refused"} | {o["object"] for o in told["objects"]
            for cell in o["kernels"] if cell["proof"] and cell["proof"]["message"]}  # fmt: skip


def main():
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("folder", type=Path)
    parser.add_argument("--build", default="build", type=Path)
    args = parser.parse_args()
    skep = str((REPO / args.build / "bin/skep").resolve())
    with tempfile.TemporaryDirectory() as tmp:
        files = [*templates(skep, tmp), *objects(args.folder, tmp)]
        began = time.monotonic()
        done = subprocess.run([skep, "prove", "--all", *files], stdout=sys.stdout, env=os.environ)
        took = time.monotonic() - began
        told = json.loads(subprocess.run([skep, "prove", "--all", "--json", *files], capture_output=True, text=True).stdout)
    kernels = [k for k in told["kernels"] if k["boot"]]
    unproven = [k["kernel"] for k in kernels if k["boot"]["error"]]
    silent = list(wordless(told))
    never = {o["object"] for o in told["objects"]} - failing(told) - {"exec_watch", "sched_latency", "xdp_filter"}
    print(f"\n{len(files)} files, {len(kernels)} kernels, {took:.1f} s, exit {done.returncode}; "
          f"disagreements: {len(told['disagreements'])}; not asked: {unproven}; without words: {silent}; "
          f"fail nowhere: {sorted(never)}")  # fmt: skip
    return 1 if told["disagreements"] or unproven or silent or never else 0


sys.exit(main())
