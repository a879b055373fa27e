/* SPDX-License-Identifier: BSD-2-Clause */
/* Raw dump: one line per record, and one, indented, per thing in it. */
#include <bpf/btf.h>

#include "lib/base/cleanup.h"
#include "lib/btf/dump.h"
#include "lib/btf/index.h"

static const char *const kinds[] = {
	"UNKNOWN", "INT",     "PTR",      "ARRAY",    "STRUCT",   "UNION",  "ENUM",
	"FWD",     "TYPEDEF", "VOLATILE", "CONST",    "RESTRICT", "FUNC",   "FUNC_PROTO",
	"VAR",     "DATASEC", "FLOAT",    "DECL_TAG", "TYPE_TAG", "ENUM64",
};

struct dump {
	struct buf *out;
	const struct btf_index *ix;
};

static const char *str(const struct dump *d, uint32_t off)
{
	return off ? btf_index_str(d->ix, off) : "(anon)";
}

static const char *encoding(const struct btf_type *t)
{
	static const char *const names[] = { "(none)", "SIGNED", "CHAR", "UNKN", "BOOL" };
	unsigned int e = btf_int_encoding(t);

	return names[e < ARRAY_SIZE(names) ? e : BTF_INT_SIGNED | BTF_INT_CHAR];
}

static const char *linkage(uint32_t value)
{
	static const char *const names[] = { "static", "global", "extern" };

	return value < ARRAY_SIZE(names) ? names[value] : "(unknown)";
}

static void members(const struct dump *d, const struct btf_type *t)
{
	const struct btf_member *m = btf_members(t);

	buf_fmt(d->out, " size=%u vlen=%u", t->size, btf_vlen(t));
	for (unsigned int i = 0; i < btf_vlen(t); i++) {
		buf_fmt(d->out, "\n\t'%s' type_id=%u bits_offset=%u",
			str(d, m[i].name_off), m[i].type, btf_member_bit_offset(t, i));
		if (btf_member_bitfield_size(t, i))
			buf_fmt(d->out, " bitfield_size=%u",
				btf_member_bitfield_size(t, i));
	}
}

static void enumerators(const struct dump *d, const struct btf_type *t)
{
	const struct btf_enum *e = btf_enum(t);

	buf_fmt(d->out, " encoding=%s size=%u vlen=%u",
		btf_kflag(t) ? "SIGNED" : "UNSIGNED", t->size, btf_vlen(t));
	for (unsigned int i = 0; i < btf_vlen(t); i++)
		buf_fmt(d->out, btf_kflag(t) ? "\n\t'%s' val=%d" : "\n\t'%s' val=%u",
			str(d, e[i].name_off), e[i].val);
}

static void enumerators64(const struct dump *d, const struct btf_type *t)
{
	const struct btf_enum64 *e = btf_enum64(t);

	buf_fmt(d->out, " encoding=%s size=%u vlen=%u",
		btf_kflag(t) ? "SIGNED" : "UNSIGNED", t->size, btf_vlen(t));
	for (unsigned int i = 0; i < btf_vlen(t); i++)
		buf_fmt(d->out,
			btf_kflag(t) ? "\n\t'%s' val=%lldLL" : "\n\t'%s' val=%lluULL",
			str(d, e[i].name_off), (long long)btf_enum64_value(e + i));
}

static void params(const struct dump *d, const struct btf_type *t)
{
	const struct btf_param *p = btf_params(t);

	buf_fmt(d->out, " ret_type_id=%u vlen=%u", t->type, btf_vlen(t));
	for (unsigned int i = 0; i < btf_vlen(t); i++)
		buf_fmt(d->out, "\n\t'%s' type_id=%u", str(d, p[i].name_off), p[i].type);
}

static void sections(const struct dump *d, const struct btf_type *t)
{
	const struct btf_var_secinfo *v = btf_var_secinfos(t);

	buf_fmt(d->out, " size=%u vlen=%u", t->size, btf_vlen(t));
	for (unsigned int i = 0; i < btf_vlen(t); i++) {
		const struct btf_type *of = btf_index_type(d->ix, v[i].type);

		buf_fmt(d->out, "\n\ttype_id=%u offset=%u size=%u", v[i].type,
			v[i].offset, v[i].size);
		if (of)
			buf_fmt(d->out, " (%s '%s')", kinds[btf_kind(of)],
				str(d, of->name_off));
	}
}

static void details(const struct dump *d, const struct btf_type *t)
{
	switch (btf_kind(t)) {
	case BTF_KIND_INT:
		buf_fmt(d->out, " size=%u bits_offset=%u nr_bits=%u encoding=%s", t->size,
			btf_int_offset(t), btf_int_bits(t), encoding(t));
		break;
	case BTF_KIND_ARRAY:
		buf_fmt(d->out, " type_id=%u index_type_id=%u nr_elems=%u",
			btf_array(t)->type, btf_array(t)->index_type,
			btf_array(t)->nelems);
		break;
	case BTF_KIND_STRUCT:
	case BTF_KIND_UNION:
		members(d, t);
		break;
	case BTF_KIND_ENUM:
		enumerators(d, t);
		break;
	case BTF_KIND_ENUM64:
		enumerators64(d, t);
		break;
	case BTF_KIND_FWD:
		buf_fmt(d->out, " fwd_kind=%s", btf_kflag(t) ? "union" : "struct");
		break;
	case BTF_KIND_FUNC:
		buf_fmt(d->out, " type_id=%u linkage=%s", t->type, linkage(btf_vlen(t)));
		break;
	case BTF_KIND_FUNC_PROTO:
		params(d, t);
		break;
	case BTF_KIND_VAR:
		buf_fmt(d->out, " type_id=%u, linkage=%s", t->type,
			linkage(btf_var(t)->linkage));
		break;
	case BTF_KIND_DATASEC:
		sections(d, t);
		break;
	case BTF_KIND_FLOAT:
		buf_fmt(d->out, " size=%u", t->size);
		break;
	case BTF_KIND_DECL_TAG:
		buf_fmt(d->out, " type_id=%u component_idx=%d", t->type,
			btf_decl_tag(t)->component_idx);
		break;
	default:
		buf_fmt(d->out, " type_id=%u", t->type);
	}
}

void dump_raw(struct buf *out, const struct btf_index *ix, uint32_t first, uint32_t cnt)
{
	struct dump d = { out, ix };

	for (uint32_t id = first; id < first + cnt; id++) {
		const struct btf_type *t = btf_index_type(ix, id);

		if (!t)
			continue;
		buf_fmt(out, "[%u] %s '%s'", id, kinds[btf_kind(t)], str(&d, t->name_off));
		details(&d, t);
		buf_char(out, '\n');
	}
}
