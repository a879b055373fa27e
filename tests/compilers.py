# SPDX-License-Identifier: BSD-2-Clause
"""The compilers whose objects are compared: the oldest clang that the distribution has, and 19."""

import shutil

OLD = next((c for c in ("clang-14", "clang-15", "clang-16", "clang-17") if shutil.which(c)), "clang-14")
CLANGS = (OLD, "clang-19")
