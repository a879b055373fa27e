/* SPDX-License-Identifier: BSD-2-Clause */
/* Values as users write them, held against the type of what they are for, and put there bit by bit. */
#include "lib/prove/preset_parts.h"

#include <ctype.h>
#include <stdlib.h>
#include <string.h>

#include "lib/base/buf.h"
#include "lib/base/text.h"

/* First the lowest bit, or on machines of the other byte order the highest. */
static void put_bits(const struct preset_place *p, uint64_t value, uint32_t bits)
{
	bool big = __BYTE_ORDER__ == __ORDER_BIG_ENDIAN__;

	for (uint32_t i = 0; i < bits; i++) {
		size_t at = p->off_bits + i;
		unsigned int shift = (unsigned int)(big ? 7 - at % 8 : at % 8);
		unsigned char bit = value >> (big ? bits - 1 - i : i) & 1;
		unsigned char *byte = (unsigned char *)p->data + at / 8;

		*byte = (unsigned char)((*byte & ~(1U << shift)) | (unsigned int)bit
									   << shift);
	}
}

static int64_t lowest(uint32_t bits)
{
	return bits >= 64 ? INT64_MIN : -((int64_t)1 << (bits - 1));
}

static uint64_t highest(uint32_t bits, bool sign)
{
	uint32_t n = bits - sign;

	return n >= 64 ? UINT64_MAX : ((uint64_t)1 << n) - 1;
}

static bool parse_number(const char *text, uint32_t bits, bool sign, uint64_t *value)
{
	int64_t v;

	if (*text == '-') {
		if (!text_s64(text, &v) || v > 0 || v < (sign ? lowest(bits) : 0))
			return false;
		*value = (uint64_t)v;
		return true;
	}
	return text_u64(text, value) && *value <= highest(bits, sign);
}

static int put_number(const struct preset_place *p, const char *text, uint32_t bits,
		      bool sign, struct skep_err *err)
{
	uint64_t value;

	if (parse_number(text, bits, sign, &value)) {
		put_bits(p, value, bits);
		return 0;
	}
	if (sign)
		return skep_fail(err, SKEP_EUSAGE, "'%s' wants %lld to %llu, not '%s'",
				 p->path, (long long)lowest(bits),
				 (unsigned long long)highest(bits, true), text);
	return skep_fail(err, SKEP_EUSAGE, "'%s' wants 0-%llu, not '%s'", p->path,
			 (unsigned long long)highest(bits, false), text);
}

static int put_bool(const struct preset_place *p, const char *text, uint32_t bits,
		    struct skep_err *err)
{
	bool yes = !strcmp(text, "true") || !strcmp(text, "1");

	if (!yes && strcmp(text, "false") && strcmp(text, "0"))
		return skep_fail(err, SKEP_EUSAGE, "'%s' wants true or false, not '%s'",
				 p->path, text);
	put_bits(p, yes, bits);
	return 0;
}

static bool find_enumerator(const struct btf *btf, const struct btf_type *t,
			    const char *text, uint64_t *value, struct preset_names *names)
{
	bool wide = btf_is_enum64(t);

	for (uint32_t i = 0; i < btf_vlen(t); i++) {
		const char *name = preset_name(btf, wide ? btf_enum64(t)[i].name_off
							 : btf_enum(t)[i].name_off);

		preset_add_name(names, name);
		if (strcmp(name, text))
			continue;
		*value = wide ? btf_enum64_value(&btf_enum64(t)[i])
			      : (uint64_t)(int64_t)btf_enum(t)[i].val;
		return true;
	}
	return false;
}

static int put_enum(const struct preset_place *p, const struct btf_type *t,
		    const char *text, uint32_t bits, struct skep_err *err)
{
	struct preset_names names = { 0 };
	struct buf few = { 0 };
	uint64_t value;
	bool found;

	if (*text == '-' || isdigit((unsigned char)*text))
		return put_number(p, text, bits, btf_kflag(t), err);
	found = find_enumerator(p->btf, t, text, &value, &names);
	if (found) {
		free(names.items);
		put_bits(p, value, bits);
		return 0;
	}
	for (size_t i = 0; i < names.cnt && i < 8; i++)
		buf_fmt(&few, "%s%s", i ? ", " : "", names.items[i]);
	skep_fail(err, SKEP_EUSAGE, "'%s' wants one of %s%s, not '%s'", p->path,
		  few.data ? few.data : "none", names.cnt > 8 ? " …" : "", text);
	buf_release(&few);
	return preset_suggest(&names, text, err);
}

int preset_put(const struct preset_place *p, const char *text, struct skep_err *err)
{
	const struct btf_type *t = preset_resolve(p->btf, p->id);
	bool whole = t && (btf_is_int(t) || btf_is_any_enum(t)) && t->size <= 8;
	uint32_t bits = !whole ? 0 : p->bits ? p->bits : t->size * 8;

	if (!bits || bits > 64)
		return skep_fail(err, SKEP_EUSAGE,
				 "'%s' is no number, bool or enum of at most 64 bits%s",
				 p->path,
				 t && btf_is_composite(t) ? ": name one of its members"
				 : t && btf_is_array(t)   ? ": name one of its elements"
							  : "");
	if (p->off_bits + bits > p->size * 8)
		return preset_beyond(p, err);
	if (btf_is_any_enum(t))
		return put_enum(p, t, text, bits, err);
	if (btf_int_encoding(t) & BTF_INT_BOOL)
		return put_bool(p, text, bits, err);
	return put_number(p, text, bits, btf_int_encoding(t) & BTF_INT_SIGNED, err);
}
