/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * Modules. The section table is at a module's end, behind relocations and symbols that take as long to unpack
 * as all before; .BTF is found by its header instead, when it can be nothing else.
 */
#include "lib/kernel/harvest_module.h"

#include <elf.h>
#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "lib/base/cleanup.h"
#include "lib/base/fs.h"
#include "lib/kernel/harvest_btf.h"
#include "lib/kernel/harvest_elf.h"
#include "lib/kernel/harvest_name.h"
#include "lib/kernel/harvest_unpack.h"

#define TRIES_MAX 256 /* headers that turn out to be none */

/* A module on its way out of its packing. */
struct unpacking {
	struct stream *s;
	struct buf out;
	size_t searched; /* up to here there is no BTF header that was not looked at */
	int tries;
	bool ended;
};

static int unpack_more(struct unpacking *u, struct skep_err *err)
{
	const void *data;
	size_t len;
	int ret = stream_next(u->s, &data, &len, err);

	if (ret)
		return ret;
	u->ended = !len;
	buf_add(&u->out, data, len);
	return buf_check(&u->out, err);
}

static int unpack_to(struct unpacking *u, size_t len, struct skep_err *err)
{
	int ret = 0;

	while (u->out.len < len && !u->ended && !ret)
		ret = unpack_more(u, err);
	return ret;
}

static int copy_blob(struct harvest_blob *blob, const void *data, size_t len,
		     struct skep_err *err)
{
	blob->data = malloc(len);
	if (!blob->data)
		return skep_fail(err, ENOMEM, "out of memory");
	memcpy(blob->data, data, len);
	blob->size = len;
	return 0;
}

/* The next header of the module's byte order from *at on; false: none in what has been unpacked. */
static bool next_header(const struct unpacking *u, size_t *at)
{
	const char *p = btf_next(u->out.data + *at, u->out.len - *at,
				 u->out.data[EI_DATA] == ELFDATA2MSB);

	if (p)
		*at = (size_t)(p - u->out.data);
	return p;
}

/* Look at every header as it comes by. Found: btf is filled. */
static int find_early(struct unpacking *u, struct harvest_blob *btf, struct skep_err *err)
{
	while (!u->ended && u->tries < TRIES_MAX) {
		struct btf_extent x;
		size_t at = u->searched;
		int ret;

		if (at + BTF_HEAD_MAX > u->out.len || !next_header(u, &at)) {
			if (u->out.len > BTF_HEAD_MAX + u->searched)
				u->searched = u->out.len - BTF_HEAD_MAX;
			ret = unpack_more(u, err);
			if (ret)
				return ret;
			continue;
		}
		u->searched = at + 1;
		u->tries++;
		ret = unpack_to(u, at + BTF_HEAD_MAX, err);
		if (ret || u->out.len < at + BTF_HEAD_MAX)
			return ret;
		if (!btf_extent(&x, u->out.data + at, BTF_HEAD_MAX, FS_MAX_OBJECT))
			continue;
		ret = unpack_to(u, at + x.len, err);
		if (ret)
			return ret;
		if (u->out.len >= at + x.len && btf_is_split(u->out.data + at, &x))
			return copy_blob(btf, u->out.data + at, x.len, err);
	}
	return 0;
}

static int read_vermagic(const struct elf *elf, char **release, struct skep_err *err)
{
	_cleanup_free_ char *info = NULL;
	struct elf_part part;
	const char *at;
	void *data;
	size_t len;
	int ret;

	if (!elf_find(elf, ".modinfo", &part))
		return 0;
	ret = elf_part_bytes(elf, &part, HARVEST_MAX_TEXT, &data, err);
	if (ret)
		return ret;
	info = data;
	info[part.size] = '\0';
	at = memmem(info, part.size, "vermagic=", 9);
	if (!at)
		return 0;
	at += 9;
	len = strcspn(at, " ");
	if (name_is_release(at, len))
		*release = strndup(at, len);
	return 0;
}

int module_read_elf(struct harvest_blob *btf, char **release, const struct bytes *bytes,
		    struct skep_err *err)
{
	struct elf_part part;
	struct elf elf;
	int ret = elf_read(&elf, bytes, err);

	if (ret)
		return ret;
	if (elf.type != ET_REL) {
		elf_release(&elf);
		return skep_fail(err, SKEP_ECORRUPT, "malformed module: ELF of type %u",
				 elf.type);
	}
	if (elf_find(&elf, ".BTF", &part)) {
		ret = elf_part_bytes(&elf, &part, FS_MAX_OBJECT, &btf->data, err);
		if (!ret)
			btf->size = part.size;
	}
	if (!ret && release)
		ret = read_vermagic(&elf, release, err);
	elf_release(&elf);
	return ret;
}

static int read_whole(struct harvest_blob *btf, char **release, const void *data,
		      size_t len, struct skep_err *err)
{
	struct bytes bytes = { .data = data, .size = len };

	return module_read_elf(btf, release, &bytes, err);
}

static int read_packed(struct harvest_blob *btf, char **release,
		       struct harvest_blob *file, struct stream *s, struct skep_err *err)
{
	struct unpacking u = { .s = s };
	int ret;

	buf_str(&u.out, "");
	ret = release || file ? 0 : find_early(&u, btf, err);
	if (!ret && !btf->data)
		ret = unpack_to(&u, SIZE_MAX, err);
	if (!ret && !btf->data)
		ret = read_whole(btf, release, u.out.data, u.out.len, err);
	if (!ret && file)
		file->data = buf_take(&u.out, &file->size);
	buf_release(&u.out);
	return ret;
}

int module_read(struct harvest_blob *btf, char **release, struct harvest_blob *file,
		const void *data, size_t len, struct budget *budget, struct skep_err *err)
{
	_cleanup_(stream_closep) struct stream *s = NULL;
	enum pack pack = pack_of(data, len);
	struct stream_memory memory;
	int ret;

	if (pack == PACK_NONE) {
		ret = file ? copy_blob(file, data, len, err) : 0;
		return ret ? ret : read_whole(btf, release, data, len, err);
	}
	ret = stream_unpack(&s, stream_memory(&memory, data, len), pack,
			    release || file ? 1 : UNPACK_GLANCE, HARVEST_MAX_MODULE, err);
	if (ret)
		return ret;
	s->budget = budget;
	return read_packed(btf, release, file, s, err);
}
