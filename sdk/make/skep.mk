# SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause
# BPF rules for a Makefile that has no skep.yaml. NAME.bpf.c becomes $(SKEP_OUT)/NAME.bpf.o and NAME.skel.h:
#
#	all: prog
#	include /usr/local/share/skep/make/skep.mk
#	prog: prog.c $(SKEP_OUT)/prog.skel.h
#		$(CC) $(CFLAGS) $(SKEP_CFLAGS) -o $@ $< $(SKEP_LIBS)
#
# For a program: SKEP_CFLAGS (headers), SKEP_LIBS (the libbpf that belongs to the skeletons).
# To be set before: SKEP, SKEP_OUT (folder), SKEP_CLANG, SKEP_STRIP, SKEP_MCPU (v1 to v4),
# SKEP_BPF_CFLAGS (added flags of BPF C), SKEP_BTF (vmlinux.h from this instead of the running kernel).
SKEP_ROOT := $(realpath $(dir $(lastword $(MAKEFILE_LIST)))../../..)
SKEP ?= $(SKEP_ROOT)/bin/skep
SKEP_OUT ?= build
SKEP_CLANG ?= clang
SKEP_STRIP ?= llvm-strip
SKEP_MCPU ?= v3

SKEP_CFLAGS := -isystem $(SKEP_ROOT)/share/skep/libbpf -I$(SKEP_OUT)
SKEP_LIBS := $(SKEP_ROOT)/lib/skep/libbpf.a -lelf -lz

# The kernel's name of an architecture, which libbpf's headers want, is not that of uname.
SKEP_MACHINE ?= $(shell uname -m)
SKEP_SRCARCH := $(or $(patsubst %:$(SKEP_MACHINE),%,$(filter %:$(SKEP_MACHINE), \
	x86:x86_64 arm64:aarch64 arm:armv7l riscv:riscv64 s390:s390x powerpc:ppc64le loongarch:loongarch64)), \
	$(error skep.mk: unknown machine '$(SKEP_MACHINE)'))

SKEP_BPF_FLAGS = --target=$(if $(filter s390,$(SKEP_SRCARCH)),bpfeb,bpfel) -mcpu=$(SKEP_MCPU) -g -O2 -std=gnu11 \
	-fno-stack-protector -fms-extensions -Wno-microsoft-anon-tag -Wno-unknown-warning-option \
	-Wall -Wextra -Wno-unused-parameter -Wno-compare-distinct-pointer-types -Wno-address-of-packed-member \
	-Werror=implicit-function-declaration -fno-ident -ffile-prefix-map=$(CURDIR)=. -fdebug-compilation-dir=. \
	-D__TARGET_ARCH_$(SKEP_SRCARCH) -I$(SKEP_OUT) -isystem $(SKEP_ROOT)/share/skep/bpf \
	-isystem $(SKEP_ROOT)/share/skep/libbpf $(SKEP_BPF_CFLAGS)

$(SKEP_OUT)/vmlinux.h: $(SKEP_BTF)
	@mkdir -p $(@D)
	$(SKEP) vmlinux $(if $(SKEP_BTF),--btf $(SKEP_BTF)) -o $@

$(SKEP_OUT)/%.bpf.o: %.bpf.c $(SKEP_OUT)/vmlinux.h
	@mkdir -p $(@D)
	$(SKEP_CLANG) $(SKEP_BPF_FLAGS) -MD -MP -MF $(@:.o=.d) -MT $@ -c $< -o $@.tmp
	$(SKEP_STRIP) -g -o $@ $@.tmp
	@rm -f $@.tmp

$(SKEP_OUT)/%.skel.h: $(SKEP_OUT)/%.bpf.o
	$(SKEP) skeleton $< -o $@

-include $(wildcard $(SKEP_OUT)/*.bpf.d)
.SECONDARY:
