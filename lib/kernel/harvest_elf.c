/* SPDX-License-Identifier: BSD-2-Clause */
/* Just enough of ELF to find sections by name; every number in it is checked against the file's size. */
#include "lib/kernel/harvest_elf.h"

#include <elf.h>
#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "lib/base/cleanup.h"

#define TABLE_MAX ((size_t)64 << 20) /* a million sections */
#define NAMES_MAX ((size_t)64 << 20)

/* Where a header has its fields, by class. */
struct layout {
	size_t ehdr, shoff, shentsize, shdr, offset, size, link;
	unsigned int word;
};

static const struct layout *layout_of(bool wide)
{
	static const struct layout narrow = {
		sizeof(Elf32_Ehdr),
		offsetof(Elf32_Ehdr, e_shoff),
		offsetof(Elf32_Ehdr, e_shentsize),
		sizeof(Elf32_Shdr),
		offsetof(Elf32_Shdr, sh_offset),
		offsetof(Elf32_Shdr, sh_size),
		offsetof(Elf32_Shdr, sh_link),
		4,
	};
	static const struct layout broad = {
		sizeof(Elf64_Ehdr),
		offsetof(Elf64_Ehdr, e_shoff),
		offsetof(Elf64_Ehdr, e_shentsize),
		sizeof(Elf64_Shdr),
		offsetof(Elf64_Shdr, sh_offset),
		offsetof(Elf64_Shdr, sh_size),
		offsetof(Elf64_Shdr, sh_link),
		8,
	};

	return wide ? &broad : &narrow;
}

static uint64_t number(const struct elf *elf, const unsigned char *p, unsigned int n)
{
	uint64_t value = 0;

	for (unsigned int i = 0; i < n; i++)
		value = value << 8 | p[elf->big_endian ? i : n - 1 - i];
	return value;
}

static bool fits(const struct bytes *b, uint64_t off, uint64_t len)
{
	return off <= b->size && len <= b->size - off;
}

static int copy(const struct bytes *b, uint64_t off, size_t len, void *dst,
		struct skep_err *err)
{
	char *at = dst;

	if (!fits(b, off, len))
		return skep_fail(err, SKEP_ECORRUPT,
				 "malformed ELF: bytes %llu to %llu of %llu",
				 (unsigned long long)off, (unsigned long long)(off + len),
				 (unsigned long long)b->size);
	if (b->data) {
		memcpy(dst, (const char *)b->data + off, len);
		return 0;
	}
	while (len) {
		ssize_t n = pread(b->fd, at, len, (off_t)off);

		if (n < 0 && errno == EINTR)
			continue;
		if (n <= 0)
			return skep_fail(err, n ? errno : EIO, "cannot read: %s",
					 n ? strerror(errno) : "it shrinks");
		at += n;
		off += (uint64_t)n;
		len -= (size_t)n;
	}
	return 0;
}

bool elf_is(const void *head, size_t len)
{
	const unsigned char *p = head;

	return len >= EI_NIDENT && !memcmp(p, ELFMAG, SELFMAG) &&
	       (p[EI_CLASS] == ELFCLASS32 || p[EI_CLASS] == ELFCLASS64) &&
	       (p[EI_DATA] == ELFDATA2LSB || p[EI_DATA] == ELFDATA2MSB);
}

static const unsigned char *section(const struct elf *elf, size_t i)
{
	return elf->table + i * elf->entsize;
}

static struct elf_part extent(const struct elf *elf, const unsigned char *sh)
{
	const struct layout *l = layout_of(elf->wide);

	return (struct elf_part){ number(elf, sh + l->offset, l->word),
				  number(elf, sh + l->size, l->word) };
}

/* Counts that do not fit into 16 bits are in section 0. */
static int read_counts(struct elf *elf, uint64_t shoff, size_t *cnt, size_t *strndx,
		       struct skep_err *err)
{
	const struct layout *l = layout_of(elf->wide);
	unsigned char first[sizeof(Elf64_Shdr)];
	int ret;

	if (*cnt && *strndx != SHN_XINDEX)
		return 0;
	ret = copy(&elf->bytes, shoff, l->shdr, first, err);
	if (ret)
		return ret;
	if (!*cnt)
		*cnt = number(elf, first + l->size, l->word);
	if (*strndx == SHN_XINDEX)
		*strndx = number(elf, first + l->link, 4);
	return 0;
}

static int read_names(struct elf *elf, size_t strndx, struct skep_err *err)
{
	struct elf_part part;
	void *names;
	int ret;

	if (strndx >= elf->cnt)
		return skep_fail(err, SKEP_ECORRUPT,
				 "malformed ELF: section names in section %zu of %zu",
				 strndx, elf->cnt);
	part = extent(elf, section(elf, strndx));
	ret = elf_part_bytes(elf, &part, NAMES_MAX, &names, err);
	if (ret)
		return ret;
	elf->names = names;
	elf->names_len = part.size;
	return 0;
}

static int read_sections(struct elf *elf, const unsigned char *ehdr, struct skep_err *err)
{
	const struct layout *l = layout_of(elf->wide);
	uint64_t shoff = number(elf, ehdr + l->shoff, l->word);
	size_t cnt = number(elf, ehdr + l->shentsize + 2, 2);
	size_t strndx = number(elf, ehdr + l->shentsize + 4, 2);
	int ret;

	elf->entsize = number(elf, ehdr + l->shentsize, 2);
	if (!shoff) /* no sections at all: fine for an image */
		return 0;
	if (elf->entsize != l->shdr)
		return skep_fail(err, SKEP_ECORRUPT,
				 "malformed ELF: section headers of %zu bytes",
				 elf->entsize);
	ret = read_counts(elf, shoff, &cnt, &strndx, err);
	if (ret || !cnt)
		return ret;
	if (cnt > TABLE_MAX / elf->entsize ||
	    !fits(&elf->bytes, shoff, cnt * elf->entsize))
		return skep_fail(
			err, SKEP_ECORRUPT,
			"malformed ELF: %zu section headers at byte %llu of %llu", cnt,
			(unsigned long long)shoff, (unsigned long long)elf->bytes.size);
	elf->table = malloc(cnt * elf->entsize);
	if (!elf->table)
		return skep_fail(err, ENOMEM, "out of memory");
	elf->cnt = cnt;
	return copy(&elf->bytes, shoff, cnt * elf->entsize, elf->table, err)
		       ?: read_names(elf, strndx, err);
}

int elf_read(struct elf *elf, const struct bytes *bytes, struct skep_err *err)
{
	unsigned char ehdr[sizeof(Elf64_Ehdr)];
	int ret;

	*elf = (struct elf){ .bytes = *bytes };
	ret = copy(bytes, 0, sizeof(Elf32_Ehdr), ehdr, err);
	if (ret)
		return ret;
	if (!elf_is(ehdr, sizeof(Elf32_Ehdr)))
		return skep_fail(err, SKEP_ECORRUPT, "malformed ELF: no such class");
	elf->wide = ehdr[EI_CLASS] == ELFCLASS64;
	elf->big_endian = ehdr[EI_DATA] == ELFDATA2MSB;
	elf->type = number(elf, ehdr + offsetof(Elf64_Ehdr, e_type), 2);
	elf->machine = number(elf, ehdr + offsetof(Elf64_Ehdr, e_machine), 2);
	ret = copy(bytes, 0, layout_of(elf->wide)->ehdr, ehdr, err);
	if (!ret)
		ret = read_sections(elf, ehdr, err);
	if (ret)
		elf_release(elf);
	return ret;
}

void elf_release(struct elf *elf)
{
	free(elf->table);
	free(elf->names);
	*elf = (struct elf){ 0 };
}

bool elf_find(const struct elf *elf, const char *name, struct elf_part *part)
{
	size_t len = strlen(name) + 1;

	for (size_t i = 1; i < elf->cnt; i++) {
		const unsigned char *sh = section(elf, i);
		uint64_t at = number(elf, sh, 4);

		if (at >= elf->names_len || len > elf->names_len - at ||
		    memcmp(elf->names + at, name, len) ||
		    number(elf, sh + 4, 4) == SHT_NOBITS)
			continue;
		*part = extent(elf, sh);
		return true;
	}
	return false;
}

int elf_part_bytes(const struct elf *elf, const struct elf_part *part, size_t max,
		   void **data, struct skep_err *err)
{
	_cleanup_free_ void *copied = NULL;
	int ret;

	if (part->size > max || !fits(&elf->bytes, part->off, part->size))
		return skep_fail(err, SKEP_ECORRUPT,
				 "malformed ELF: section of %llu bytes at %llu of %llu",
				 (unsigned long long)part->size,
				 (unsigned long long)part->off,
				 (unsigned long long)elf->bytes.size);
	copied = malloc(part->size + 1);
	if (!copied)
		return skep_fail(err, ENOMEM, "out of memory");
	ret = copy(&elf->bytes, part->off, part->size, copied, err);
	if (ret)
		return ret;
	*data = TAKE(copied);
	return 0;
}

const struct arch *elf_arch(const struct elf *elf)
{
	static const struct {
		uint16_t machine;
		const char *name;
	} machines[] = {
		{ EM_X86_64, "x86_64" }, { EM_AARCH64, "arm64" }, { EM_S390, "s390x" },
		{ EM_RISCV, "riscv64" }, { EM_PPC64, "ppc64le" }, { EM_ARM, "arm" },
		{ 258, "loongarch64" },
	};

	for (size_t i = 0; i < ARRAY_SIZE(machines); i++) {
		const struct arch *arch = arch_find(machines[i].name);

		if (elf->machine == machines[i].machine &&
		    arch->big_endian == elf->big_endian &&
		    arch->pointer_size == (elf->wide ? 8 : 4))
			return arch;
	}
	return NULL;
}
