# SPDX-License-Identifier: BSD-2-Clause
"""Relocations as instructions: what skep leaves is what libbpf leaves.

The judge is tests/corpus/patched: bpf_object__prepare(), and libbpf's own functions where that does not reach.
Targets are the kernel selftests' families of types, compiled here: facts are their names, which say what fails.
"""

import re

import pytest

from conftest import NEEDS
from coreprobe import forge  # noqa: F401
from corpus.relocate import Relocated, build_patched

pytestmark = pytest.mark.need("clang-19", "root")
PROGS = "build/deps/corpus/linux-6.12/tools/testing/selftests/bpf/progs"
GUARDED = {"existence", "enumval", "enum64val", "type_based", "type_id"}  # sources that ask before they read


@pytest.fixture(scope="session")
def patched(build_dir, tmp_path_factory):
    return build_patched(build_dir, tmp_path_factory.mktemp("patched"))


def families(folder):
    """Family -> (targets, sources) of the selftests."""
    found = {}
    for path in sorted(folder.glob("btf__core_reloc_*.c")):
        found.setdefault(re.match(r"btf__core_reloc_([a-z0-9_]+?)(__|\.c)", path.name)[1], ([], []))[0].append(path)
    for name, (_, sources) in found.items():
        sources += sorted(folder.glob(f"test_core_reloc_{name}*.c"))
    return found


def test_selftest_families(patched, forge, repo, need):
    folder = repo / PROGS
    NEEDS["corpus"] = lambda: None if folder.exists() else "no selftests: run '.ci/deps test'"
    need("corpus")
    judged = 0
    for name, (targets, sources) in families(folder).items():
        made = {p: forge.source(p, f"{p.stem}.o", "-D__x86_64__") for p in targets + sources}
        kernels = {p.stem.removeprefix("btf__core_reloc_"): made[p] for p in targets}
        objects = [made[p] for p in sources]
        counts, unread, different = Relocated(patched, kernels).judge(objects)
        assert not unread and not different, different[:10]
        for (path, kernel), count in counts.items():
            stops = count["failed"] + (0 if name in GUARDED and "_err_" not in kernel else count["poisoned"])
            assert count["records"] and not count["nobody"], (path, kernel)
            assert bool(stops) == ("_err_" in kernel), (path, kernel, count)
            judged += count["prepare"]
    assert judged > 800
