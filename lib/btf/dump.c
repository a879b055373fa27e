/* SPDX-License-Identifier: BSD-2-Clause */
/* C of some types: a subset, small enough to be parsed, through libbpf's dumper. */
#include "lib/btf/dump.h"

#include <errno.h>
#include <stdlib.h>

#include <bpf/btf.h>

#include "lib/base/cleanup.h"
#include "lib/btf/index.h"
#include "lib/btf/messages.h"
#include "lib/btf/subset.h"

#define MAX_TEXT ((size_t)64 << 20)

static void append(void *ctx, const char *fmt, va_list ap)
{
	struct buf *out = ctx;

	if (out->len < MAX_TEXT)
		buf_vfmt(out, fmt, ap);
}

static int write_function(struct btf_dump *dump, struct buf *out, const struct btf *btf,
			  const struct btf_type *t)
{
	LIBBPF_OPTS(btf_dump_emit_type_decl_opts, opts,
		    .field_name = btf__name_by_offset(btf, t->name_off));
	int ret;

	buf_str(out, "extern ");
	ret = btf_dump__emit_type_decl(dump, t->type, &opts);
	buf_str(out, ";\n");
	return ret;
}

/* Types first: prototypes name them. */
static int write_all(struct btf_dump *dump, struct buf *out, const struct btf *btf)
{
	uint32_t id, n = btf__type_cnt(btf);
	int ret = 0;

	for (id = 1; !ret && id < n; id++)
		ret = btf_dump__dump_type(dump, id);
	for (id = 1; !ret && id < n; id++)
		if (btf_is_func(btf__type_by_id(btf, id)))
			ret = write_function(dump, out, btf, btf__type_by_id(btf, id));
	return ret;
}

static int write_subset(struct buf *out, const struct subset *s, struct skep_err *err)
{
	struct btf_dump *dump = NULL;
	struct messages m;
	struct btf *btf;
	int ret;

	ret = subset_btf(s, &btf, NULL, err);
	if (ret)
		return ret;
	messages_begin(&m, NULL);
	dump = btf_dump__new(btf, append, out, NULL);
	ret = dump ? write_all(dump, out, btf) : -ENOMEM;
	messages_end(&m);
	btf_dump__free(dump);
	btf__free(btf);
	if (ret == -ENOMEM)
		return skep_fail(err, ENOMEM, "out of memory");
	if (ret)
		return skep_fail(err, SKEP_ECORRUPT, "malformed BTF: %s",
				 m.first[0] ? m.first : "types cannot be ordered");
	if (out->len >= MAX_TEXT)
		return skep_fail(err, SKEP_ECORRUPT,
				 "types whose text is larger than %zu MiB",
				 MAX_TEXT >> 20);
	return buf_check(out, err);
}

int dump_c(struct buf *out, const struct btf_index *ix, const uint32_t *ids, size_t n,
	   struct skep_err *err)
{
	_cleanup_(subset_release) struct subset s = { 0 };
	int ret = subset_init(&s, ix, err);

	if (ret)
		return ret;
	for (size_t i = 0; i < n; i++) {
		const struct btf_type *t = btf_index_type(ix, ids[i]);

		subset_add(&s, ids[i], SUBSET_WHOLE);
		if (t && btf_is_func(t))
			subset_add(&s, t->type, SUBSET_NAME);
	}
	return write_subset(out, &s, err);
}
