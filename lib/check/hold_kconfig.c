/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * Externs of .kconfig: the bytes that libbpf writes for one, or why it refuses.
 * Source: set_kcfg_value_tri(), _str() and _num(), find_kcfg_type(), libbpf's src/libbpf.c.
 */
#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "lib/check/hold_parts.h"

#define MAX_NUMBER 64

enum kind {
	KIND_OTHER,
	KIND_CHAR,
	KIND_BOOL,
	KIND_INT,
	KIND_TRISTATE,
	KIND_STRING,
};

/* enum libbpf_tristate, which is BPF C's. */
enum { TRI_NO, TRI_YES, TRI_MODULE };

struct shape {
	enum kind kind;
	bool is_signed;
	uint32_t size;
	bool big_endian;
};

static enum kind kind_of_int(const struct btf_type *t, bool *is_signed)
{
	uint8_t encoding = btf_int_encoding(t);

	if (encoding & BTF_INT_BOOL)
		return t->size == 1 ? KIND_BOOL : KIND_OTHER;
	*is_signed = encoding & BTF_INT_SIGNED;
	if (t->size == 1)
		return KIND_CHAR;
	return t->size && t->size <= 8 && !(t->size & (t->size - 1)) ? KIND_INT
								     : KIND_OTHER;
}

static enum kind kind_of(const struct btf *btf, uint32_t id, bool *is_signed, bool inner)
{
	const struct btf_type *t = btf__type_by_id(btf, id);
	bool sign;

	while (t && (btf_is_mod(t) || btf_is_typedef(t)))
		t = btf__type_by_id(btf, t->type);
	*is_signed = false;
	if (!t)
		return KIND_OTHER;
	switch (btf_kind(t)) {
	case BTF_KIND_INT:
		return kind_of_int(t, is_signed);
	case BTF_KIND_ENUM:
	case BTF_KIND_ENUM64:
		return strcmp(btf__name_by_offset(btf, t->name_off), "libbpf_tristate")
			       ? KIND_OTHER
			       : KIND_TRISTATE;
	case BTF_KIND_ARRAY:
		if (inner || !btf_array(t)->nelems ||
		    kind_of(btf, btf_array(t)->type, &sign, true) != KIND_CHAR)
			return KIND_OTHER;
		return KIND_STRING;
	default:
		return KIND_OTHER;
	}
}

/* A number of so many bytes, in the object's byte order. */
static void put(struct flow_extern *out, const struct shape *s, uint64_t v)
{
	out->word = FLOW_VALUE;
	out->size = s->size;
	for (uint32_t i = 0; i < s->size && i < sizeof(out->value); i++)
		out->value[s->big_endian ? s->size - 1 - i : i] = v >> (8 * i);
}

static bool put_tristate(struct flow_extern *out, const struct shape *s, char value)
{
	switch (s->kind) {
	case KIND_BOOL:
		put(out, s, value == 'y');
		return value != 'm';
	case KIND_TRISTATE:
		put(out, s, value == 'y' ? TRI_YES : value == 'm' ? TRI_MODULE : TRI_NO);
		return true;
	case KIND_CHAR:
		put(out, s, (unsigned char)value);
		return true;
	default:
		return false;
	}
}

static bool put_string(struct flow_extern *out, const struct shape *s, const char *value,
		       size_t len)
{
	if (s->kind != KIND_STRING || len < 2 || value[len - 1] != '"')
		return false;
	len -= 2;
	if (len >= s->size)
		len = s->size - 1;
	out->size = s->size;
	/* longer ones are not told apart */
	out->word = s->size <= sizeof(out->value) ? FLOW_VALUE : FLOW_UNKNOWN;
	if (out->word == FLOW_VALUE)
		memcpy(out->value, value + 1, len);
	return true;
}

static bool fits(const struct shape *s, uint64_t v)
{
	unsigned int bits = 8 * s->size;

	if (s->size >= 8)
		return true;
	return s->is_signed ? v + (1ULL << (bits - 1)) < 1ULL << bits : !(v >> bits);
}

static bool put_number(struct flow_extern *out, const struct shape *s, const char *value,
		       size_t len)
{
	char text[MAX_NUMBER], *end;
	uint64_t v;

	if (len >= sizeof(text) || (s->kind != KIND_INT && s->kind != KIND_CHAR))
		return false;
	memcpy(text, value, len);
	text[len] = '\0';
	errno = 0;
	v = strtoull(text, &end, 0);
	if (errno || *end || end == text || !fits(s, v))
		return false;
	put(out, s, v);
	return true;
}

/* "m" for a bool, a word for a number: libbpf fails the load, weak or not. */
static struct answer from_config(struct flow_extern *out, const struct image_extern *e,
				 const struct shape *s, const struct target *t)
{
	size_t len;
	const char *value = target_config_text(t, e->name, &len);
	bool ok;

	if (!t->config)
		return e->weak ? hold_yes() : hold_unknown(WHY_KCONFIG_UNKNOWN);
	if (!value || !len) {
		put(out, s, 0);
		return e->weak ? hold_yes() : hold_no(WHY_NO_KCONFIG, 0);
	}
	if (*value == 'y' || *value == 'n' || *value == 'm')
		ok = put_tristate(out, s, *value);
	else if (*value == '"')
		ok = put_string(out, s, value, len);
	else
		ok = put_number(out, s, value, len);
	return ok ? hold_yes() : hold_no(WHY_BAD_KCONFIG, 0);
}

static struct answer put_known(struct flow_extern *out, const struct shape *s, uint64_t v)
{
	bool is_number = s->kind == KIND_INT || s->kind == KIND_CHAR ||
			 (s->kind == KIND_BOOL && v <= 1);

	if (!is_number || !fits(s, v))
		return hold_no(WHY_BAD_KCONFIG, 0);
	put(out, s, v);
	return hold_yes();
}

/* What libbpf finds out by itself. */
static struct answer from_libbpf(struct flow_extern *out, const struct image_extern *e,
				 const struct shape *s, const struct target *t)
{
	enum target_word word;

	if (!strcmp(e->name, "LINUX_KERNEL_VERSION")) {
		if (!t->version)
			return hold_unknown(WHY_NO_RELEASE);
		return put_known(out, s, t->version);
	}
	if (!strcmp(e->name, "LINUX_HAS_BPF_COOKIE"))
		word = hold_has_helper(t, BPF_FUNC_get_attach_cookie);
	else if (!strcmp(e->name, "LINUX_HAS_SYSCALL_WRAPPER"))
		word = hold_has_syscall_wrapper(t);
	else if (strncmp(e->name, "LINUX_", strlen("LINUX_")) || !e->weak)
		return hold_no(WHY_NO_KCONFIG, 0);
	else
		word = TARGET_NO;
	return word == TARGET_UNKNOWN ? hold_yes()
				      : put_known(out, s, word == TARGET_YES);
}

struct answer hold_kconfig_value(const struct image *im, const struct image_extern *e,
				 const struct target *t, struct flow_extern *out)
{
	struct shape s = { .size = e->size, .big_endian = im->o->big_endian };

	*out = (struct flow_extern){ .word = FLOW_UNKNOWN, .size = e->size };
	s.kind = kind_of(im->o->btf, e->type_id, &s.is_signed, false);
	if (!strncmp(e->name, "CONFIG_", strlen("CONFIG_")))
		return from_config(out, e, &s, t);
	return from_libbpf(out, e, &s, t);
}

struct answer hold_kconfig(const struct question *q)
{
	struct flow_extern value;

	return hold_kconfig_value(q->s->im, &q->s->im->externs[q->n->id], q->t, &value);
}
