/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * Image: the first bytes of kernels. Source: the kernel's Documentation/arch/x86/boot.rst (boot_flag, header, setup_sects,
 * syssize,
 * pref_address, init_size), Documentation/arch/arm64/booting.rst, Documentation/arch/riscv/boot-image-header.rst.
 */
#include "lib/prove/machine_image.h"

#include <elf.h>
#include <errno.h>
#include <fcntl.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "lib/base/cleanup.h"
#include "lib/base/view.h"

#define HEAD_LEN 4096

struct image_head {
	unsigned char data[HEAD_LEN];
	size_t len;
	uint64_t size; /* of the whole file */
};

static uint64_t le(const struct image_head *h, size_t at, size_t bytes)
{
	struct view v = view_of(h->data, h->len);

	view_take(&v, at);
	if (bytes == 1)
		return view_u8(&v);
	return bytes == 2 ? view_le16(&v) : bytes == 4 ? view_le32(&v) : view_le64(&v);
}

static bool begins(const struct image_head *h, size_t at, const char *with, size_t len)
{
	return at + len <= h->len && !memcmp(h->data + at, with, len);
}

static uint64_t max_u64(uint64_t a, uint64_t b)
{
	return a > b ? a : b;
}

/* Where two numbers of every loaded segment end, as little-endian 64-bit files with few headers say. */
static uint64_t elf_end(const struct image_head *h, size_t at, size_t len_at)
{
	uint64_t phoff = le(h, offsetof(Elf64_Ehdr, e_phoff), 8), end = 0;
	uint64_t n = le(h, offsetof(Elf64_Ehdr, e_phnum), 2);

	if (h->data[EI_CLASS] != ELFCLASS64 || h->data[EI_DATA] != ELFDATA2LSB)
		return 0;
	for (uint64_t i = 0; i < n && phoff < h->len; i++, phoff += sizeof(Elf64_Phdr)) {
		uint64_t from = le(h, phoff + at, 8), len = le(h, phoff + len_at, 8);

		if (le(h, phoff, 4) == PT_LOAD && from < UINT64_MAX - len)
			end = max_u64(end, from + len);
	}
	return end;
}

/* What the kernel takes of memory before it does anything, from address 0. */
static uint64_t memory_end(const struct image_head *h, const char *arch)
{
	if (strcmp(arch, "x86_64"))
		return 0;
	if (begins(h, 0, ELFMAG, SELFMAG))
		return elf_end(h, offsetof(Elf64_Phdr, p_paddr),
			       offsetof(Elf64_Phdr, p_memsz));
	return le(h, 0x258, 8) + le(h, 0x260, 4);
}

/* How long the file has to be; 0: it is no kernel. */
static uint64_t file_end(const struct image_head *h, const char *arch)
{
	if (begins(h, 0, ELFMAG, SELFMAG))
		return max_u64(elf_end(h, offsetof(Elf64_Phdr, p_offset),
				       offsetof(Elf64_Phdr, p_filesz)),
			       1);
	if (!strcmp(arch, "x86_64"))
		return le(h, 0x1fe, 2) == 0xaa55 && begins(h, 0x202, "HdrS", 4)
			       ? (le(h, 0x1f1, 1) + 1) * 512 + le(h, 0x1f4, 4) * 16
			       : 0;
	if (!strcmp(arch, "arm64") || !strcmp(arch, "riscv64"))
		return begins(h, 56, "ARM\x64", 4) || begins(h, 56, "RSC\x05", 4) ||
		       begins(h, 0, "\x1f\x8b", 2) || begins(h, 0, "MZ", 2);
	return strcmp(arch, "ppc64le") != 0;
}

int machine_image_check(const struct machine_query *q, struct skep_err *err)
{
	_cleanup_close_ int fd = open(q->kernel, O_RDONLY | O_CLOEXEC);
	struct image_head h = { 0 };
	uint64_t size, end;
	struct stat st;
	ssize_t n;

	if (fd < 0 || fstat(fd, &st) || (n = read(fd, h.data, sizeof(h.data))) < 0)
		return skep_fail(err, errno, "cannot read the kernel '%s': %s", q->kernel,
				 strerror(errno));
	h.len = (size_t)n;
	h.size = (uint64_t)st.st_size;
	size = file_end(&h, q->arch->name);
	if (!size)
		return skep_fail(err, SKEP_EKIND, "'%s' is no kernel of %s", q->kernel,
				 q->arch->name);
	if (h.size < size)
		return skep_fail(err, SKEP_ECORRUPT,
				 "the kernel '%s' is cut short: %llu bytes of %llu",
				 q->kernel, (unsigned long long)h.size,
				 (unsigned long long)size);
	end = memory_end(&h, q->arch->name);
	if (end <= (uint64_t)q->memory_mib << 20)
		return 0;
	skep_fail(err, ENOMEM, "too little memory: the kernel alone takes %llu of %u MiB",
		  (unsigned long long)(end >> 20), q->memory_mib);
	return skep_err_hint(err, "give guests more: --memory %llu",
			     (unsigned long long)(end >> 20) + 256);
}
