/* SPDX-License-Identifier: BSD-2-Clause */
/* Where BTF comes from: bytes, files, ELF sections, the running kernel. */
#include "lib/btf/btf.h"

#include <errno.h>
#include <fcntl.h>
#include <gelf.h>
#include <libelf.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include <bpf/btf.h>

#include "lib/base/cleanup.h"
#include "lib/base/fs.h"
#include "lib/btf/messages.h"

int btf_from_raw(struct btf **out, const void *data, size_t size, struct skep_err *err)
{
	struct messages m;
	struct btf *btf;
	int ret;

	if (size > FS_MAX_OBJECT)
		return skep_fail(err, SKEP_ECORRUPT, "malformed BTF: %zu bytes", size);
	messages_begin(&m, NULL);
	btf = btf__new(data, size);
	messages_end(&m);
	if (!btf && errno == ENOMEM)
		return skep_fail(err, ENOMEM, "out of memory");
	if (!btf)
		return skep_fail(err, SKEP_ECORRUPT, "malformed BTF%s%s",
				 m.first[0] ? ": " : "", m.first);
	ret = btf_check(btf, err);
	if (ret) {
		btf__free(btf);
		return ret;
	}
	*out = btf;
	return 0;
}

static Elf_Scn *find_btf_section(Elf *elf)
{
	Elf_Scn *scn = NULL;
	size_t shstrndx;
	GElf_Shdr sh;

	if (elf_getshdrstrndx(elf, &shstrndx))
		return NULL;
	while ((scn = elf_nextscn(elf, scn))) {
		const char *name;

		if (!gelf_getshdr(scn, &sh))
			continue;
		name = elf_strptr(elf, shstrndx, sh.sh_name);
		if (name && !strcmp(name, ".BTF"))
			return sh.sh_type == SHT_PROGBITS ? scn : NULL;
	}
	return NULL;
}

/* By descriptor: a vmlinux with DWARF is larger than what one wants to read for its .BTF. */
static int read_elf_section(int fd, void **data, size_t *size, struct skep_err *err)
{
	Elf_Data *raw;
	Elf_Scn *scn;
	Elf *elf;
	int ret = 0;

	elf_version(EV_CURRENT);
	elf = elf_begin(fd, ELF_C_READ_MMAP, NULL);
	if (!elf || elf_kind(elf) != ELF_K_ELF) {
		ret = skep_fail(err, SKEP_ECORRUPT, "malformed ELF");
		goto out;
	}
	scn = find_btf_section(elf);
	raw = scn ? elf_rawdata(scn, NULL) : NULL;
	if (!scn) {
		skep_fail(err, SKEP_EKIND, "ELF without a .BTF section");
		ret = skep_err_hint(
			err,
			"for a kernel: build it with CONFIG_DEBUG_INFO_BTF=y, or add BTF with "
			"`pahole -J`");
		goto out;
	}
	if (!raw || !raw->d_buf || !raw->d_size) {
		ret = skep_fail(err, SKEP_ECORRUPT,
				"malformed ELF: section .BTF lies outside the file");
		goto out;
	}
	*data = malloc(raw->d_size);
	if (!*data) {
		ret = skep_fail(err, ENOMEM, "out of memory");
		goto out;
	}
	memcpy(*data, raw->d_buf, raw->d_size);
	*size = raw->d_size;
out:
	elf_end(elf);
	return ret;
}

static int read_any(int fd, const char *path, void **data, size_t *size,
		    struct skep_err *err)
{
	unsigned char magic[4];
	char *text;
	int ret;

	if (pread(fd, magic, sizeof(magic), 0) < (ssize_t)sizeof(magic))
		memset(magic, 0, sizeof(magic));
	if (!memcmp(magic, ELFMAG, SELFMAG))
		return read_elf_section(fd, data, size, err);
	ret = fs_read_fd(fd, path, FS_MAX_OBJECT, &text, size, err);
	if (ret)
		return ret;
	if (!(magic[0] == 0x9f && magic[1] == 0xeb) &&
	    !(magic[0] == 0xeb && magic[1] == 0x9f)) {
		free(text);
		skep_fail(err, SKEP_EKIND, "neither BTF nor an ELF with BTF");
		return skep_err_hint(
			err, "give a vmlinux or /sys/kernel/btf/vmlinux of the kernel");
	}
	*data = text;
	return 0;
}

int btf_file_bytes(const char *path, void **data, size_t *size, struct skep_err *err)
{
	_cleanup_close_ int fd = -1;
	int ret;

	fd = open(path ? path : BTF_HOST, O_RDONLY | O_CLOEXEC | O_NONBLOCK);
	if (fd < 0) {
		ret = skep_fail(err, errno, "%s", strerror(errno));
		skep_err_at(err, path ? path : BTF_HOST, 0, 0);
		if (!path)
			skep_err_hint(
				err,
				"this kernel has no BTF: name one of the library, or a file");
		return ret;
	}
	ret = read_any(fd, path ? path : BTF_HOST, data, size, err);
	if (ret)
		skep_err_at(err, path ? path : BTF_HOST, 0, 0);
	return ret;
}
