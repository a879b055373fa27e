# SPDX-License-Identifier: BSD-2-Clause
# Included by the Makefile: everything that judges. T= narrows, e.g. make check T='-k verify'.
SANITISE := -fsanitize=address,undefined -fno-sanitize-recover=undefined -fno-omit-frame-pointer
FUZZ_CLANG ?= clang-19
FUZZ_SECONDS ?= 60
SUITE ?= trixie
RUN_TESTS = PYTHONDONTWRITEBYTECODE=1 SKEP_BUILD=$(1) $(PYTEST) tests $(T)

# On the tree as it is built, without set-up.
check: all
	@$(call RUN_TESTS,$(B))

# Set-up, then the tests on a build under AddressSanitizer and UndefinedBehaviorSanitizer.
test:
	@.ci/deps test
	@$(MAKE) --no-print-directory all
	@$(MAKE) --no-print-directory B=build/asan SAN='$(SANITISE)' all
	@$(MAKE) --no-print-directory fuzz-build
	@$(call RUN_TESTS,build/asan)

demo:
	@.ci/deps
	@$(MAKE) --no-print-directory all
	@tests/demo.sh

bench: all
	@tests/bench/bench.py --build $(B)

chroot:
	@tests/chroot.sh $(SUITE)

FUZZERS = $(patsubst tests/fuzz/%.c,build/fuzz/%,$(wildcard tests/fuzz/fuzz_*.c))
fuzz-build: all
	@$(MAKE) --no-print-directory B=build/fuzz CC=$(FUZZ_CLANG) \
		SAN='-fsanitize=address,undefined,fuzzer-no-link -fno-sanitize-recover=undefined' fuzzers

fuzzers: $(FUZZERS)

build/fuzz/fuzz_%: tests/fuzz/fuzz_%.c build/fuzz/libskep.a $(LIBBPF)/inst/libbpf.a
	$(say) FUZZ $@
	$(Q)$(FUZZ_CLANG) $(ALL_CFLAGS) -fsanitize=fuzzer -o $@ $^ $(LIBS_SKEP)

fuzz: fuzz-build
	@tests/fuzz/run.py --seconds $(FUZZ_SECONDS) $(FUZZERS)

.PHONY: check test demo bench chroot fuzz fuzz-build fuzzers
