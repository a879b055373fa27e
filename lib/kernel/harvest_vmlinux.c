/* SPDX-License-Identifier: BSD-2-Clause */
/* What a kernel's own bytes hold: .BTF, the banner, the configuration it was built with. */
#include "lib/kernel/harvest_vmlinux.h"

#include <ctype.h>
#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "lib/base/cleanup.h"
#include "lib/base/fs.h"
#include "lib/kernel/harvest_btf.h"
#include "lib/kernel/harvest_name.h"
#include "lib/kernel/harvest_set.h"
#include "lib/kernel/harvest_unpack.h"

#define BANNER     "Linux version "
#define BANNER_MAX 1024
#define RODATA_MAX ((size_t)256 << 20)
#define TRIES_MAX  16 /* of what looks like a banner or configuration */

/* "#1 SMP PREEMPT Debian …": the part of a banner that uname -v gives. */
static const char *find_version(const char *text, size_t len)
{
	for (size_t i = len; i-- > 2;)
		if (text[i - 2] == ' ' && text[i - 1] == '#' &&
		    isdigit((unsigned char)text[i]))
			return text + i - 1;
	return NULL;
}

void vmlinux_banner(struct facts *facts, const char *text, size_t len)
{
	size_t end = 0, word = 0;
	const char *version;

	if (len > BANNER_MAX)
		len = BANNER_MAX;
	while (end < len && isprint((unsigned char)text[end]))
		end++;
	while (word < end && text[word] != ' ')
		word++;
	version = find_version(text, end);
	/* a kernel holds its banner twice, once without the number of the build */
	if (!name_is_release(text, word) || (facts->release && !version))
		return;
	free(facts->release);
	facts->release = strndup(text, word);
	if (!version)
		return;
	free(facts->version);
	facts->version = strndup(version, (size_t)(text + end - version));
}

static void search_banner(struct facts *facts, const char *data, size_t len)
{
	const char *p = data, *end = data + len;

	for (int i = 0; i < TRIES_MAX && !facts->version; i++) {
		p = memmem(p, (size_t)(end - p), BANNER, strlen(BANNER));
		if (!p)
			return;
		p += strlen(BANNER);
		vmlinux_banner(facts, p, (size_t)(end - p));
	}
}

static bool unpack_config(struct facts *facts, const void *data, size_t len)
{
	_cleanup_(stream_closep) struct stream *gz = NULL;
	struct stream_memory memory;
	struct buf out = { 0 };

	if (pack_of(data, len) != PACK_GZIP ||
	    stream_unpack(&gz, stream_memory(&memory, data, len), PACK_GZIP, 1,
			  HARVEST_MAX_TEXT, NULL) ||
	    stream_read(gz, HARVEST_MAX_TEXT, &out, NULL) || !out.len) {
		buf_release(&out);
		return false;
	}
	facts->config.data = buf_take(&out, &facts->config.size);
	return facts->config.data;
}

/* CONFIG_IKCONFIG: gzip between two marks. */
static void search_config(struct facts *facts, const char *data, size_t len)
{
	const char *p = data, *end = data + len, *last;

	for (int i = 0; i < TRIES_MAX && !facts->config.data; i++) {
		p = memmem(p, (size_t)(end - p), "IKCFG_ST", 8);
		if (!p)
			return;
		p += 8;
		last = memmem(p, (size_t)(end - p), "IKCFG_ED", 8);
		if (last && unpack_config(facts, p, (size_t)(last - p)))
			return;
	}
}

bool vmlinux_search(struct facts *facts, const void *data, size_t len)
{
	struct btf_extent x;
	size_t off;

	search_banner(facts, data, len);
	search_config(facts, data, len);
	if (!facts->btf.data && btf_search(data, len, &off, &x)) {
		facts->btf.data = malloc(x.len);
		if (!facts->btf.data)
			return false;
		memcpy(facts->btf.data, (const char *)data + off, x.len);
		facts->btf.size = x.len;
		facts->big_endian = x.big_endian;
	}
	return facts->btf.data || facts->release;
}

static int read_rodata(struct facts *facts, const struct elf *elf, struct skep_err *err)
{
	_cleanup_free_ void *data = NULL;
	struct elf_part part;
	int ret;

	if (!elf_find(elf, ".rodata", &part))
		return 0;
	ret = elf_part_bytes(elf, &part, RODATA_MAX, &data, err);
	if (ret)
		return ret;
	search_banner(facts, data, part.size);
	search_config(facts, data, part.size);
	return 0;
}

static int read_btf(struct facts *facts, const struct elf *elf,
		    const struct harvest_opts *opts, struct skep_err *err)
{
	struct elf_part part;
	int ret;

	if (elf_find(elf, ".BTF", &part)) {
		ret = elf_part_bytes(elf, &part, FS_MAX_OBJECT, &facts->btf.data, err);
		if (!ret)
			facts->btf.size = part.size;
		return ret;
	}
	if (elf_find(elf, ".debug_info", &part) && facts->release && !elf->bytes.data)
		return dwarf_to_btf(&facts->btf, elf->bytes.fd, opts, err);
	facts->why_no_btf = strdup("neither BTF nor DWARF is in vmlinux");
	return facts->why_no_btf ? 0 : skep_fail(err, ENOMEM, "out of memory");
}

int vmlinux_read(struct facts *facts, const struct bytes *bytes,
		 const struct harvest_opts *opts, struct skep_err *err)
{
	struct elf elf;
	int ret = elf_read(&elf, bytes, err);

	if (ret)
		return ret;
	facts_arch(facts, elf_arch(&elf));
	facts->ptr_size = elf.wide ? 8 : 4;
	facts->big_endian = elf.big_endian;
	ret = read_rodata(facts, &elf, err) ?: read_btf(facts, &elf, opts, err);
	elf_release(&elf);
	return ret;
}
