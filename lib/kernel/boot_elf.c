/* SPDX-License-Identifier: BSD-2-Clause */
/* Program headers through libelf, which checks what they promise against the bytes there are. */
#include "lib/kernel/boot_elf.h"

#include <string.h>

#include <gelf.h>

#define PVH_ENTRY \
	18 /* XEN_ELFNOTE_PHYS32_ENTRY: include/xen/interface/elfnote.h of the kernel */
#define HEADERS 256

/* The i-th program header of a type, within the bytes. */
static bool find_header(Elf *elf, size_t len, unsigned int type, size_t *i, GElf_Phdr *h)
{
	size_t n;

	if (elf_getphdrnum(elf, &n))
		return false;
	for (; *i < n && *i < HEADERS; ++*i)
		if (gelf_getphdr(elf, (int)*i, h) && h->p_type == type &&
		    h->p_offset <= len && h->p_filesz <= len - h->p_offset)
			return true;
	return false;
}

static Elf *open_elf(const void *data, size_t len)
{
	elf_version(EV_CURRENT);
	/* libelf wants the bytes writable, and does not write with what is asked here */
	return elf_memory((char *)data, len);
}

static bool has_entry_note(Elf *elf, const GElf_Phdr *h)
{
	Elf_Data *notes =
		elf_getdata_rawchunk(elf, (int64_t)h->p_offset, h->p_filesz,
				     h->p_align == 8 ? ELF_T_NHDR8 : ELF_T_NHDR);
	size_t off = 0, name, desc;
	GElf_Nhdr note;

	while (notes && (off = gelf_getnote(notes, off, &note, &name, &desc)))
		if (note.n_type == PVH_ENTRY && note.n_namesz == sizeof("Xen") &&
		    !memcmp((char *)notes->d_buf + name, "Xen", sizeof("Xen")))
			return true;
	return false;
}

bool boot_elf_starts(const void *data, size_t len)
{
	Elf *elf = open_elf(data, len);
	bool found = false;
	GElf_Phdr h;

	for (size_t i = 0; elf && !found && find_header(elf, len, PT_NOTE, &i, &h); i++)
		found = has_entry_note(elf, &h);
	elf_end(elf);
	return found;
}

const char *boot_elf_interpreter(const void *data, size_t len)
{
	const char *path = NULL;
	Elf *elf = open_elf(data, len);
	GElf_Phdr h;
	size_t i = 0;

	if (elf && find_header(elf, len, PT_INTERP, &i, &h))
		path = (const char *)data + h.p_offset;
	elf_end(elf);
	/* absolute, and ended within its part */
	return path && h.p_filesz > 1 && path[0] == '/' && !path[h.p_filesz - 1] ? path
										 : NULL;
}
