/* SPDX-License-Identifier: BSD-2-Clause */
/* CO-RE relocations in words, parsed by libbpf's own resolver. */
#include "lib/object/relo.h"

#include <errno.h>
#include <stdbool.h>
#include <stdlib.h>

#include <bpf/btf.h>
#include <relo_core.h>

#include "lib/base/buf.h"
#include "lib/btf/cname.h"
#include "lib/btf/messages.h"

const char *relo_kind_name(uint32_t kind)
{
	static const char *const names[] = {
		[BPF_CORE_FIELD_BYTE_OFFSET] = "byte_off",
		[BPF_CORE_FIELD_BYTE_SIZE] = "byte_sz",
		[BPF_CORE_FIELD_EXISTS] = "field_exists",
		[BPF_CORE_FIELD_SIGNED] = "signed",
		[BPF_CORE_FIELD_LSHIFT_U64] = "lshift_u64",
		[BPF_CORE_FIELD_RSHIFT_U64] = "rshift_u64",
		[BPF_CORE_TYPE_ID_LOCAL] = "local_type_id",
		[BPF_CORE_TYPE_ID_TARGET] = "target_type_id",
		[BPF_CORE_TYPE_EXISTS] = "type_exists",
		[BPF_CORE_TYPE_SIZE] = "type_size",
		[BPF_CORE_ENUMVAL_EXISTS] = "enumval_exists",
		[BPF_CORE_ENUMVAL_VALUE] = "enumval_value",
		[BPF_CORE_TYPE_MATCHES] = "type_matches",
	};

	return kind < sizeof(names) / sizeof(names[0]) ? names[kind] : "unknown";
}

static char *path_of(const struct bpf_core_spec *spec)
{
	bool enumval = spec->relo_kind == BPF_CORE_ENUMVAL_EXISTS ||
		       spec->relo_kind == BPF_CORE_ENUMVAL_VALUE;
	struct buf path = { 0 };
	int i;

	if (enumval && spec->len)
		buf_str(&path, spec->spec[0].name);
	else if (spec->len && spec->spec[0].idx)
		buf_fmt(&path, "[%u]", spec->spec[0].idx);
	for (i = 1; i < spec->len; i++) {
		const struct bpf_core_accessor *a = &spec->spec[i];

		if (a->name)
			buf_fmt(&path, "%s%s", path.len ? "." : "", a->name);
		else
			buf_fmt(&path, "[%u]", a->idx);
	}
	return buf_take(&path, NULL);
}

int relo_describe(struct relo_text *out, const struct btf *btf, struct cname *names,
		  const struct ext_row *row, struct skep_err *err)
{
	struct bpf_core_relo relo = {
		.insn_off = row->insn_off,
		.type_id = row->relo.type_id,
		.access_str_off = row->relo.access,
		.kind = row->relo.kind,
	};
	struct bpf_core_spec spec;
	struct messages m;
	int ret;

	messages_begin(&m, NULL);
	ret = bpf_core_parse_spec("", btf, &relo, &spec);
	messages_end(&m);
	if (ret)
		return skep_fail(
			err, SKEP_ECORRUPT,
			"CO-RE relocation of type %u with access '%s' makes no sense",
			row->relo.type_id, btf__str_by_offset(btf, row->relo.access));
	out->root = cname_declare(names, row->relo.type_id, NULL);
	out->path = path_of(&spec);
	out->access = btf__str_by_offset(btf, row->relo.access);
	if (out->root && out->path)
		return 0;
	relo_text_release(out);
	return skep_fail(err, ENOMEM, "out of memory");
}

void relo_text_release(struct relo_text *t)
{
	free(t->root);
	free(t->path);
	*t = (struct relo_text){ 0 };
}
