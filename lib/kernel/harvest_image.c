/* SPDX-License-Identifier: BSD-2-Clause */
/* Images of all architectures: by their headers where those say what is where, by magic elsewhere. */
#include "lib/kernel/harvest_image.h"

#include <errno.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include "lib/base/cleanup.h"
#include "lib/kernel/harvest_unpack.h"
#include "lib/kernel/harvest_vmlinux.h"

#define TRIES_MAX    64
#define UNPACKED_MAX ((uint64_t)1 << 30)
#define PAYLOAD_MIN  ((size_t)64 << 10) /* less is no kernel */

/* Linux/x86 boot protocol */
#define X86_SETUP_SECTS 0x1f1
#define X86_MAGIC       0x202
#define X86_VERSION     0x206
#define X86_NAME        0x20e
#define X86_LOADFLAGS   0x236
#define X86_PAYLOAD     0x248 /* since 2.08 */
#define X86_HEADER      0x250

struct image {
	const unsigned char *data;
	size_t len;
	const struct harvest_opts *opts;
	struct budget *budget;
	uint64_t left; /* bytes that may still be unpacked */
	int tries;
	struct buf *payload; /* where the kernel's bytes go; NULL: nowhere */
};

static uint32_t le32(const unsigned char *p)
{
	return (uint32_t)p[3] << 24 | p[2] << 16 | p[1] << 8 | p[0];
}

static bool magic_at(const void *data, size_t len, size_t off, const char *magic, size_t n)
{
	return len >= off + n && !memcmp((const char *)data + off, magic, n);
}

static bool is_x86(const void *p, size_t len)
{
	return magic_at(p, len, X86_MAGIC, "HdrS", 4);
}

static bool is_zboot(const void *p, size_t len)
{
	return magic_at(p, len, 0, "MZ", 2) && magic_at(p, len, 4, "zimg", 4);
}

/* Those that are loaded as they are: arm64 and riscv64 share the header. */
static const struct arch *flat_arch(const void *p, size_t len)
{
	if (magic_at(p, len, 0x38, "ARM\x64", 4))
		return arch_find("arm64");
	if (magic_at(p, len, 0x38, "RSC\x05", 4))
		return arch_find("riscv64");
	return NULL;
}

static const struct arch *packed_arch(const void *p, size_t len)
{
	if (magic_at(p, len, 0x24, "\x18\x28\x6f\x01", 4))
		return arch_find("arm");
	if (magic_at(p, len, 0x10008, "S390EP", 6))
		return arch_find("s390x");
	if (is_x86(p, len) && len > X86_LOADFLAGS &&
	    ((const unsigned char *)p)[X86_LOADFLAGS] & 1) /* 64 bits */
		return arch_find("x86_64");
	return NULL;
}

bool image_is(const void *head, size_t len, bool by_name)
{
	return is_x86(head, len) || is_zboot(head, len) || flat_arch(head, len) ||
	       packed_arch(head, len) ||
	       (by_name && (magic_at(head, len, 0, "MZ", 2) || elf_is(head, len)));
}

/* Machine of a PE header. */
static const struct arch *pe_arch(const unsigned char *p, size_t len)
{
	static const struct {
		uint16_t machine;
		const char *name;
	} machines[] = {
		{ 0x8664, "x86_64" },
		{ 0xaa64, "arm64" },
		{ 0x5064, "riscv64" },
		{ 0x6264, "loongarch64" },
	};
	size_t at;

	if (!magic_at(p, len, 0, "MZ", 2) || len < 0x40)
		return NULL;
	at = le32(p + 0x3c);
	if (at > len || !magic_at(p, len, at, "PE\0\0", 4) || len < at + 6)
		return NULL;
	for (size_t i = 0; i < ARRAY_SIZE(machines); i++)
		if ((p[at + 4] | p[at + 5] << 8) == machines[i].machine)
			return arch_find(machines[i].name);
	return NULL;
}

/* What was unpacked is a kernel: an ELF, or flat with a banner or BTF. */
static bool look_inside(struct facts *facts, const struct image *image,
			const struct buf *out)
{
	struct bytes bytes = { .data = out->data, .size = out->len };
	struct facts inner = { 0 };

	if (out->len < PAYLOAD_MIN)
		return false;
	if (elf_is(out->data, out->len) ? vmlinux_read(&inner, &bytes, image->opts, NULL)
					: !vmlinux_search(&inner, out->data, out->len)) {
		facts_release(&inner);
		return false;
	}
	facts_arch(&inner, flat_arch(out->data, out->len));
	facts_arch(&inner, facts->arch);
	/* the header's own word on its name stands */
	if (facts->release) {
		free(inner.release);
		inner.release = TAKE(facts->release);
	}
	if (facts->version) {
		free(inner.version);
		inner.version = TAKE(facts->version);
	}
	facts_release(facts);
	*facts = inner;
	return true;
}

/*
 * Unpack what begins at off. What follows the payload may well be taken for more of it: an error ends the
 * payload, and what is there by then counts.
 */
static bool try_payload(struct facts *facts, struct image *image, size_t off, size_t len)
{
	_cleanup_(stream_closep) struct stream *s = NULL;
	const unsigned char *at = image->data + off;
	enum pack pack = pack_of(at, len);
	size_t max = HARVEST_MAX_PAYLOAD;
	struct stream_memory memory;
	struct buf out = { 0 };
	bool found = false;

	if (pack == PACK_NONE || image->tries >= TRIES_MAX || !image->left)
		return false;
	if (max > image->left)
		max = image->left;
	image->tries++;
	len = pack_len(at, len, pack);
	stream_expect(&out, 4 * len < max ? 4 * len : max);
	if (!stream_unpack(&s, stream_memory(&memory, at, len), pack, 1, max, NULL)) {
		s->budget = image->budget;
		stream_read(s, max, &out, NULL);
		found = look_inside(facts, image, &out);
	}
	image->left -= out.len < image->left ? out.len : image->left;
	if (found)
		skep_log(image->opts->log, SKEP_LOG_DEBUG,
			 "kernel is packed with %s at byte %zu", pack_name(pack), off);
	if (found && image->payload) {
		*image->payload = out;
		out = (struct buf){ 0 };
	}
	buf_release(&out);
	return found;
}

static bool read_x86(struct facts *facts, struct image *image)
{
	const unsigned char *p = image->data;
	size_t setup, off, len, name;

	if (image->len < X86_HEADER)
		return false;
	setup = (1 + (p[X86_SETUP_SECTS] ? p[X86_SETUP_SECTS] : 4)) * (size_t)512;
	name = 0x200 + (size_t)(p[X86_NAME] | p[X86_NAME + 1] << 8);
	if (name > 0x200 && name < image->len)
		vmlinux_banner(facts, (const char *)p + name, image->len - name);
	if ((p[X86_VERSION] | p[X86_VERSION + 1] << 8) < 0x208)
		return false;
	off = setup + le32(p + X86_PAYLOAD);
	len = le32(p + X86_PAYLOAD + 4);
	return off < image->len && len <= image->len - off &&
	       try_payload(facts, image, off, len);
}

/* EFI zboot: "MZ" 0 0 "zimg" offset:32 size:32. */
static bool read_zboot(struct facts *facts, struct image *image)
{
	size_t off, len;

	if (image->len < 16)
		return false;
	off = le32(image->data + 8);
	len = le32(image->data + 12);
	return off < image->len && len <= image->len - off &&
	       try_payload(facts, image, off, len);
}

/* By magic, in the order of the bytes; those that say little last. */
static bool search_payload(struct facts *facts, struct image *image)
{
	static const struct {
		const char *magic;
		size_t len;
	} magics[] = {
		{ "\xfd"
		  "7zXZ\0",
		  6 },
		{ "\x28\xb5\x2f\xfd", 4 },
		{ "\x02\x21\x4c\x18", 4 },
		{ "\x89LZO\0\r\n\x1a\n", 9 },
		{ "\x1f\x8b\x08", 3 },
		{ "BZh", 3 },
		{ "\x5d\0\0", 3 },
	};
	const unsigned char *end = image->data + image->len;

	for (size_t i = 0; i < ARRAY_SIZE(magics); i++) {
		const unsigned char *p = image->data;

		while ((p = memmem(p, (size_t)(end - p), magics[i].magic,
				   magics[i].len)) &&
		       image->tries < TRIES_MAX && image->left) {
			size_t off = (size_t)(p - image->data);

			if (try_payload(facts, image, off, image->len - off))
				return true;
			p++;
		}
	}
	return false;
}

static bool read_flat(struct facts *facts, const struct image *image)
{
	facts_arch(facts, flat_arch(image->data, image->len));
	return vmlinux_search(facts, image->data, image->len);
}

static bool read_packed(struct facts *facts, struct image *image)
{
	return (is_x86(image->data, image->len) && read_x86(facts, image)) ||
	       (is_zboot(image->data, image->len) && read_zboot(facts, image)) ||
	       search_payload(facts, image);
}

int harvest_payload(struct buf *out, const void *data, size_t len,
		    const struct harvest_opts *opts, struct skep_err *err)
{
	struct image image = { .data = data,
			       .len = len,
			       .opts = opts,
			       .left = UNPACKED_MAX,
			       .payload = out };
	struct facts facts = { 0 };
	bool found = read_packed(&facts, &image);

	facts_release(&facts);
	return found ? 0
		     : skep_fail(err, SKEP_EKIND,
				 "no kernel that can be unpacked was found in the image");
}

int harvest_image(struct facts *facts, const void *data, size_t len,
		  const struct harvest_opts *opts, struct budget *budget,
		  struct skep_err *err)
{
	struct image image = { .data = data,
			       .len = len,
			       .opts = opts,
			       .budget = budget,
			       .left = UNPACKED_MAX };
	struct bytes bytes = { .data = data, .size = len };
	bool found;

	if (elf_is(data, len)) {
		int ret = vmlinux_read(facts, &bytes, opts, err);

		/* an ELF of its own may be around the payload */
		if (ret || facts->btf.data || facts->release)
			return ret;
	}
	facts_arch(facts, packed_arch(data, len));
	facts_arch(facts, pe_arch(data, len));
	if (flat_arch(data, len))
		found = read_flat(facts, &image);
	else
		found = read_packed(facts, &image);
	if (facts->btf.data)
		return 0;
	if (budget && budget_check(budget, err))
		return -SKEP_ECORRUPT;
	free(facts->why_no_btf);
	facts->why_no_btf = strdup(found ? "the kernel in the image holds no BTF"
					 : "no kernel that can be unpacked was found in "
					   "the image");
	return facts->why_no_btf ? 0 : skep_fail(err, ENOMEM, "out of memory");
}
