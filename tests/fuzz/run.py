#!/usr/bin/python3
# SPDX-License-Identifier: BSD-2-Clause
"""Run fuzzers for a bounded time: run.py --seconds N FUZZER... A crash prints its report and ends with 1.

A fuzzer's seeds are the kinds of build/fuzz/seeds that its name has in it (fuzz_package_tar: package;
decode starts from btf), all of them if none. What it finds stays in build/fuzz/corpus; what crashes it, in build/fuzz/crashes.
"""

import argparse
import os
import re
import subprocess
import sys
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path


def seed_folders(fuzzer):
    kinds = sorted(p for p in (fuzzer.parent / "seeds").glob("*") if p.is_dir())
    words = re.split(r"[_-]", fuzzer.name.replace("decode", "btf"))
    return [k for k in kinds if k.name in words] or kinds


def fuzz(fuzzer, seconds):
    """-> (exit code, summary line, whole log)"""
    fuzzer = Path(fuzzer).resolve()
    corpus, crashes = fuzzer.parent / "corpus" / fuzzer.name, fuzzer.parent / "crashes"
    corpus.mkdir(parents=True, exist_ok=True)
    crashes.mkdir(exist_ok=True)
    argv = [fuzzer, f"-max_total_time={seconds}", "-timeout=10", "-rss_limit_mb=3072", "-max_len=262144"]
    argv += ["-print_final_stats=1", f"-artifact_prefix={crashes}/{fuzzer.name}.", corpus, *seed_folders(fuzzer)]
    env = {**os.environ, "ASAN_OPTIONS": "allocator_may_return_null=1", "UBSAN_OPTIONS": "halt_on_error=1"}
    done = subprocess.run([str(a) for a in argv], env=env, stdin=subprocess.DEVNULL, capture_output=True, timeout=seconds + 300)
    log = done.stderr.decode(errors="replace")
    runs = re.search(r"number_of_executed_units:\s*(\d+)", log)
    coverage = re.findall(r"cov: (\d+)", log)
    summary = f"{fuzzer.name}: {runs[1] if runs else 0} inputs, {coverage[-1] if coverage else 0} edges"
    return done.returncode, summary + (f", CRASHED: {done.returncode}" if done.returncode else ""), log


def main():
    parser = argparse.ArgumentParser()
    parser.add_argument("--seconds", type=int, default=60)
    parser.add_argument("fuzzers", nargs="+")
    options = parser.parse_args()
    failed = False
    with ThreadPoolExecutor(os.cpu_count()) as pool:
        for code, summary, log in pool.map(lambda f: fuzz(f, options.seconds), options.fuzzers):
            print(summary, flush=True)
            if code:
                failed = True
                print(re.sub(r"(?m)^#\d+.*(?:NEW|REDUCE|pulse|RELOAD).*\n", "", log)[-6000:])
    return failed


if __name__ == "__main__":
    sys.exit(main())
