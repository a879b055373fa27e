# SPDX-License-Identifier: BSD-2-Clause
# skep: signed, CO-RE-relocatable BPF packages. `make help` lists the targets.
B ?= build
DEPS := build/deps
prefix ?= /usr/local
CC ?= cc
OBJCOPY ?= objcopy
CLANG_FORMAT ?= clang-format-19
PYTEST ?= /usr/bin/python3 -m pytest
VERSION := 0.1.0

CFLAGS ?= -O2 -g
WARN := -Wall -Wextra -Wshadow -Wmissing-prototypes -Wformat=2 -Wno-unused-parameter -Wno-missing-field-initializers
LIBBPF := $(DEPS)/libbpf
LIBBPF_AT ?= $(LIBBPF)
LIBBPF_A := $(LIBBPF_AT)/inst/libbpf.a
LIBBPF_SOURCE = $(or $(shell sed -n 's/.*\(sha256:[0-9a-f]*\).*/\1/p' $(LIBBPF)/SOURCE 2>/dev/null),unknown)
ALL_CFLAGS = -std=gnu11 -D_GNU_SOURCE $(WARN) $(CFLAGS) $(SAN) -fvisibility=hidden -fno-strict-aliasing -ffile-prefix-map=$(CURDIR)=. \
	-I. -Isdk/include -isystem $(LIBBPF)/src -isystem $(LIBBPF)/include/uapi -isystem $(LIBBPF)/inst/include -idirafter $(LIBBPF)/include \
	-DSKEP_VERSION='"$(VERSION)"' -DSKEP_LIBBPF_SOURCE='"$(LIBBPF_SOURCE)"'
LDFLAGS += $(SAN) -Wl,--as-needed -Wl,--gc-sections
LIBS_SKEP := -lelf -lz -ljansson -lfyaml -lcrypto
LIBS_RUN := -lelf -lz -ljansson -lcrypto
LIBS_STATIC := $(or $(shell pkg-config --static --libs libelf zlib jansson libcrypto 2>/dev/null),$(LIBS_RUN))
LIBS_KERNEL := -larchive -llzma -llzo2 -lelf -lz -ljansson -lcrypto -pthread

# What needs libarchive is a library and a program of its own: loading it costs every start 2 ms.
KERNEL_LIB_SRC := $(wildcard lib/kernel/add*.c lib/kernel/fetch*.c lib/kernel/harvest*.c)
LIB_SRC := $(filter-out $(KERNEL_LIB_SRC),$(wildcard lib/*/*.c))
COMMON_SRC := $(wildcard cmd/common/*.c)
SKEP_SRC := $(wildcard cmd/skep/*.c)
RUN_SRC := $(wildcard cmd/skep-run/*.c)
KERNEL_SRC := $(wildcard cmd/skep-kernel/*.c)
obj = $(patsubst %.c,$(B)/obj/%.o,$(1))

ifeq ($(V),1)
Q :=
say = @:
else
Q := @
say = @printf '  %-5s %s\n'
endif

# Guests start from skep-run, static, so that it needs nothing else there; never sanitised.
ARCH := $(shell uname -m | sed 's/aarch64/arm64/; s/amd64/x86_64/')
GUEST := $(B)/libexec/skep/guest/$(ARCH)/skep-run
PLAIN ?= $(B)/plain

all: $(B)/bin/skep $(B)/bin/skep-run $(B)/libexec/skep/skep-kernel $(GUEST) share

$(B)/bin/skep: $(call obj,$(SKEP_SRC)) $(B)/libcommon.a $(B)/libskep.a $(LIBBPF_A)
	$(say) LINK $@
	@mkdir -p $(@D)
	$(Q)$(CC) $(LDFLAGS) -o $@ $^ $(LIBS_SKEP)

$(B)/bin/skep-run: $(call obj,$(RUN_SRC)) $(B)/libcommon.a $(B)/libskep.a $(LIBBPF_A)
	$(say) LINK $@
	@mkdir -p $(@D)
	$(Q)$(CC) $(LDFLAGS) -o $@ $^ $(LIBS_RUN)

$(B)/libexec/skep/skep-kernel: $(call obj,$(KERNEL_SRC)) $(B)/libcommon.a $(B)/libskep-kernel.a $(B)/libskep.a $(LIBBPF_A)
	$(say) LINK $@
	@mkdir -p $(@D)
	$(Q)$(CC) $(LDFLAGS) -o $@ $^ $(LIBS_KERNEL)

ifeq ($(SAN),)
$(GUEST): $(call obj,$(RUN_SRC)) $(B)/libcommon.a $(B)/libskep.a $(LIBBPF_A)
	$(say) LINK $@
	@mkdir -p $(@D)
	$(Q)$(CC) $(LDFLAGS) -static -s -Wl,--no-warnings -o $@ $^ $(LIBS_STATIC)
else
$(GUEST): FORCE
	@$(MAKE) --no-print-directory B=$(PLAIN) SAN= $(PLAIN)/libexec/skep/guest/$(ARCH)/skep-run
	@mkdir -p $(@D)
	$(Q)cmp -s $(PLAIN)/libexec/skep/guest/$(ARCH)/skep-run $@ || install -m 755 $(PLAIN)/libexec/skep/guest/$(ARCH)/skep-run $@
endif

# The same for kernels of other architectures, with what `.ci/deps guests` fetches; busybox is for stimuli.
GUESTS := $(filter-out $(ARCH),arm64 s390x)
GUEST_CLANG ?= clang-19
TARGET_arm64 := aarch64-linux-gnu
TARGET_s390x := s390x-linux-gnu
guests: all
	@.ci/deps guests
	@for a in $(GUESTS); do $(MAKE) --no-print-directory guest-$$a || exit; done

guest-%:
	@$(MAKE) --no-print-directory B=$(B)/guests/$* ARCH=$* SAN= LIBBPF_AT=$(B)/guests/$*/libbpf \
		CC='$(GUEST_CLANG) --target=$(TARGET_$*) --sysroot=$(CURDIR)/$(DEPS)/guests/$* -fuse-ld=lld -Wno-unused-command-line-argument' \
		LIBS_STATIC='$(LIBS_RUN) -pthread' $(B)/guests/$*/libexec/skep/guest/$*/skep-run
	@install -D -m 755 $(B)/guests/$*/libexec/skep/guest/$*/skep-run $(B)/libexec/skep/guest/$*/skep-run
	@install -m 755 $(DEPS)/guests/$*/bin/busybox $(B)/libexec/skep/guest/$*/busybox

$(B)/libskep-kernel.a: $(call obj,$(KERNEL_LIB_SRC))
	$(say) AR $@
	$(Q)rm -f $@ && $(AR) rcs $@ $^

$(B)/libskep.a: $(call obj,$(LIB_SRC))
	$(say) AR $@
	$(Q)rm -f $@ && $(AR) rcs $@ $^

$(B)/libcommon.a: $(call obj,$(COMMON_SRC))
	$(say) AR $@
	$(Q)rm -f $@ && $(AR) rcs $@ $^

$(B)/obj/%.o: %.c $(B)/flags | $(LIBBPF_A)
	$(say) CC $<
	@mkdir -p $(@D)
	$(Q)$(CC) $(ALL_CFLAGS) -ffunction-sections -fdata-sections -MMD -MP -c -o $@ $<

# What .incbin takes in, no compiler lists.
$(B)/obj/lib/build/skeleton.o: skeletons/skeleton.h.in
$(B)/obj/lib/btf/header.o: skeletons/vmlinux_head.h.in skeletons/vmlinux_tail.h.in
$(B)/obj/lib/check/matrix_html.o: skeletons/check.html.in

# Rebuild when the compiler flags change.
$(B)/flags: FORCE
	@mkdir -p $(@D)
	@echo '$(CC) $(ALL_CFLAGS)' | cmp -s - $@ || echo '$(CC) $(ALL_CFLAGS)' > $@

$(LIBBPF_A): $(LIBBPF)/src/libbpf.c
	$(say) MAKE $@
	$(Q)$(MAKE) -s -C $(LIBBPF)/src BUILD_STATIC_ONLY=1 OBJDIR=$(abspath $(LIBBPF_AT))/obj DESTDIR=$(abspath $(LIBBPF_AT))/inst INCLUDEDIR=/include LIBDIR=/ \
		CFLAGS='-O2 -g -fPIC -ffunction-sections -fdata-sections -w' install >/dev/null

$(LIBBPF)/src/libbpf.c:
	@echo "libbpf's source is missing: run 'make deps'" >&2; exit 3

# What programs and projects find beside the binaries, laid out exactly as `make install` does.
share: FORCE | $(LIBBPF_A)
	@sdk/share.sh $(LIBBPF)/inst $(B)

# The SDK: everything static but the distribution's libraries, internal names made local. libskep-kernel
# is libskep and what needs libarchive.
$(B)/lib/libskep-kernel.a: $(B)/libskep-kernel.a
$(B)/lib/%.a: $(B)/libskep.a $(LIBBPF_A)
	$(say) AR $@
	@mkdir -p $(@D)
	$(Q)$(LD) -r -o $(B)/$*.o --whole-archive $^
	$(Q)$(OBJCOPY) -w --keep-global-symbol='skep_*' $(B)/$*.o
	$(Q)rm -f $@ && $(AR) rcs $@ $(B)/$*.o

install: all $(B)/lib/libskep.a $(B)/lib/libskep-kernel.a
	install -d $(DESTDIR)$(prefix)/bin $(DESTDIR)$(prefix)/lib/pkgconfig $(DESTDIR)$(prefix)/lib/cmake/skep $(DESTDIR)$(prefix)/include/skep
	install -m 755 $(B)/bin/skep $(B)/bin/skep-run $(DESTDIR)$(prefix)/bin/
	install -D -m 755 $(B)/libexec/skep/skep-kernel $(DESTDIR)$(prefix)/libexec/skep/skep-kernel
	cd $(B)/libexec/skep && find guest -type f -exec install -D -m 755 {} $(abspath $(DESTDIR)$(prefix))/libexec/skep/{} \;
	install -m 644 $(B)/lib/libskep.a $(B)/lib/libskep-kernel.a $(DESTDIR)$(prefix)/lib/
	install -m 644 sdk/include/skep/*.h $(DESTDIR)$(prefix)/include/skep/
	install -m 644 sdk/cmake/skep-config.cmake $(DESTDIR)$(prefix)/lib/cmake/skep/
	umask 022; for p in skep skep-kernel; do \
		sed 's|@prefix@|$(prefix)|; s|@version@|$(VERSION)|' sdk/pkgconfig/$$p.pc.in > $(DESTDIR)$(prefix)/lib/pkgconfig/$$p.pc; done
	sdk/share.sh $(LIBBPF)/inst $(DESTDIR)$(prefix)

C_FILES = $(shell git ls-files '*.c' '*.h')
format:
	$(CLANG_FORMAT) -i $(C_FILES)

lint:
	$(CLANG_FORMAT) --dry-run -Werror $(C_FILES)
	$(PYTEST) -q tests/test_repository.py

deps:
	@.ci/deps

clean:
	find build -mindepth 1 -maxdepth 1 ! -name deps -exec rm -rf {} +

help:
	@echo 'all guests check test corpus foreign demo lint format install fuzz bench clean deps (V=1, DESTDIR=, prefix=)'

-include $(shell find $(B)/obj -name '*.d' 2>/dev/null)
-include tests/tests.mk
FORCE:
.PHONY: all guests share install format lint deps clean help FORCE
.DELETE_ON_ERROR:
