# SPDX-License-Identifier: BSD-2-Clause
# Included by the Makefile: everything that judges. T= narrows, e.g. make check T='-k verify'.
SANITISE := -fsanitize=address,undefined -fno-sanitize-recover=undefined -fno-omit-frame-pointer
FUZZ_CLANG ?= clang-19
FUZZ_SECONDS ?= 60
SUITE ?= trixie

# The programs under AddressSanitizer and UndefinedBehaviorSanitizer.
sanitised: all
	@$(MAKE) --no-print-directory B=build/asan PLAIN=$(B) SAN='$(SANITISE)' all

# On the tree as it is, without set-up: the programs as they ship, then the sanitised ones.
CHECK ?= build build/asan
WORKERS = $(shell /usr/bin/python3 -c 'import xdist' 2>/dev/null && echo '-n auto --dist loadfile')
# Loading programs wants root; who has sudo instead is asked for it.
AS_ROOT = $(if $(filter-out 0,$(shell id -u)),$(if $(shell command -v sudo),sudo --preserve-env=CI --preserve-env=SKEP_REQUIRE))
check: sanitised fuzz-build
	@for b in $(CHECK); do \
		$(AS_ROOT) env PYTHONDONTWRITEBYTECODE=1 SKEP_BUILD=$$b $(PYTEST) $(WORKERS) tests $(T) || exit; \
	done

test:
	@.ci/deps test
	@$(MAKE) --no-print-directory check

# Every program of the corpus with the lean header and with the full one, every relocation of them on every kernel as
# libbpf has it: half an hour on two idle processors.
corpus:
	@.ci/deps corpus
	@$(MAKE) --no-print-directory all
	@tests/corpus/run.py --build $(B)
	@tests/corpus/relocate.py --build $(B)

# What is built for arm64 and s390x, on kernels of theirs: 30 s with nothing but the kernels to fetch.
foreign:
	@.ci/deps test
	@$(MAKE) --no-print-directory guests
	@PYTHONDONTWRITEBYTECODE=1 SKEP_BUILD=$(B) $(PYTEST) -q --durations=0 --durations-min=1 tests/foreign.py

demo:
	@.ci/deps
	@$(MAKE) --no-print-directory all
	@tests/demo.sh

bench: all
	@tests/bench/bench.py --build $(B)

chroot:
	@tests/chroot.sh $(SUITE)

FUZZERS = $(patsubst tests/fuzz/%.c,build/fuzz/%,$(wildcard tests/fuzz/fuzz_*.c))
fuzz-build: all build/fuzz/seeds
	@$(MAKE) --no-print-directory B=build/fuzz CC=$(FUZZ_CLANG) \
		SAN='-fsanitize=address,undefined,fuzzer-no-link -fno-sanitize-recover=undefined' fuzzers

fuzzers: $(FUZZERS)

build/fuzz/fuzz_%: tests/fuzz/fuzz_%.c build/fuzz/libskep-kernel.a build/fuzz/libskep.a $(LIBBPF)/inst/libbpf.a
	$(say) FUZZ $@
	$(Q)$(FUZZ_CLANG) $(ALL_CFLAGS) -fsanitize=fuzzer -Wl,--as-needed -o $@ $^ $(LIBS_SKEP) $(LIBS_KERNEL)

build/fuzz/seeds: tests/fuzz/seeds.py | $(B)/bin/skep share
	$(say) SEEDS $@
	$(Q)tests/fuzz/seeds.py $(B)/bin/skep $@

fuzz: fuzz-build
	@tests/fuzz/run.py --seconds $(FUZZ_SECONDS) $(FUZZERS)

.PHONY: sanitised check test corpus foreign demo bench chroot fuzz fuzz-build fuzzers
