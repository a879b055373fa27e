/* SPDX-License-Identifier: BSD-2-Clause */
/* From needs to the words that ask a kernel's types for them. */
#include "lib/check/rule_words.h"

#include <stdlib.h>
#include <string.h>

#include <bpf/btf.h>
#include <linux/bpf.h>

#include "lib/base/buf.h"
#include "lib/base/text.h"
#include "lib/btf/index.h"
#include "lib/object/facts.h"

/* What came before the first kernel with types every kernel that can be asked has. */
#define FIRST_TYPES FACTS_VERSION(5, 2)

static bool is_new(facts_version since)
{
	return !since || since > FIRST_TYPES;
}

static char *enumerator(const char *of, const struct facts_type *t)
{
	return t && t->name && is_new(t->since)
		       ? text_fmt("enumerator %s.%s", of, t->name)
		       : NULL;
}

static char *helper(int32_t id)
{
	const struct facts_helper *h = facts_helper(id);

	if (!h || !h->name || !is_new(h->since) || strncmp(h->name, "bpf_", 4))
		return NULL;
	return text_fmt("enumerator bpf_func_id.BPF_FUNC_%s", h->name + 4);
}

static char *essential(const char *kind, const char *name)
{
	return text_fmt("%s %.*s", kind, (int)btf_essential_len(name), name);
}

char *rule_extern_words(const struct image_extern *x)
{
	if (x->kind == EXTERN_KFUNC)
		return essential("func", x->name);
	if (x->kind == EXTERN_KSYM && x->typed)
		return essential("var", x->name);
	return NULL;
}

static char *feature(int32_t id)
{
	const struct facts_feature_row *f = facts_feature(id);

	return f && f->probe && is_new(f->since) ? strdup(f->probe) : NULL;
}

/* "sched/sched_switch" -> "sched_switch"; events of system calls are no tracepoints of their own. */
static const char *tracepoint_of(const char *target)
{
	const char *slash = strchr(target, '/');

	return slash && strncmp(target, "syscalls/", 9) ? slash + 1 : "";
}

static char *tracing_hook(uint32_t attach, const char *target)
{
	switch (attach) {
	case BPF_TRACE_FENTRY:
	case BPF_TRACE_FEXIT:
	case BPF_MODIFY_RETURN:
		return text_fmt("func %s", target);
	case BPF_TRACE_RAW_TP:
		return text_fmt("typedef btf_trace_%s", target);
	case BPF_TRACE_ITER:
		return text_fmt("func bpf_iter_%s", target);
	default:
		return NULL;
	}
}

static char *hook(const struct obj_program *p)
{
	const char *colon = strrchr(p->target, ':'); /* "module:function" */
	const char *target = colon ? colon + 1 : p->target;

	if (!*target)
		return NULL;
	switch (p->prog_type) {
	case BPF_PROG_TYPE_TRACING:
		return tracing_hook(p->expected_attach_type, target);
	case BPF_PROG_TYPE_LSM:
		return text_fmt("func bpf_lsm_%s", target);
	case BPF_PROG_TYPE_RAW_TRACEPOINT:
		return text_fmt("typedef btf_trace_%s", target);
	case BPF_PROG_TYPE_TRACEPOINT:
		target = tracepoint_of(target);
		return *target ? text_fmt("typedef btf_trace_%s", target) : NULL;
	default:
		return NULL;
	}
}

static char *struct_ops(const struct obj_map *m)
{
	const char *space = m->value_type ? strrchr(m->value_type, ' ') : NULL;
	const char *name = space ? space + 1 : m->value_type;

	return name ? text_fmt("struct bpf_struct_ops_%.*s", (int)btf_essential_len(name),
			       name)
		    : NULL;
}

bool rule_is_check(const struct ext_row *relo)
{
	switch (relo->relo.kind) {
	case BPF_CORE_FIELD_EXISTS:
	case BPF_CORE_TYPE_EXISTS:
	case BPF_CORE_TYPE_MATCHES:
	case BPF_CORE_TYPE_ID_TARGET:
	case BPF_CORE_TYPE_SIZE:
	case BPF_CORE_ENUMVAL_EXISTS:
		return true;
	default:
		return false;
	}
}

static const struct btf_type *skip(const struct btf *btf, uint32_t id)
{
	const struct btf_type *t = btf__type_by_id(btf, id);

	for (int left = 128; t && left && (btf_is_mod(t) || btf_is_typedef(t)); left--)
		t = btf__type_by_id(btf, t->type);
	return t;
}

static const char *name_at(const struct btf *btf, uint32_t off)
{
	return btf__name_by_offset(btf, off) ?: "";
}

static char *type_words(const struct btf *btf, uint32_t id)
{
	const struct btf_type *t = btf__type_by_id(btf, id);
	const char *name = t ? name_at(btf, t->name_off) : "";

	if (!*name)
		return NULL;
	if (btf_is_composite(t))
		return essential("struct", name);
	if (btf_is_any_enum(t))
		return essential("enum", name);
	return btf_is_typedef(t) ? essential("typedef", name) : NULL;
}

static char *enumerator_words(const struct btf *btf, uint32_t id, const char *access)
{
	const struct btf_type *t = skip(btf, id);
	size_t at = strtoul(access, NULL, 10);
	const char *of, *name;

	if (!t || !btf_is_any_enum(t) || at >= btf_vlen(t))
		return NULL;
	of = name_at(btf, t->name_off);
	name = name_at(btf, btf_is_enum64(t) ? btf_enum64(t)[at].name_off
					     : btf_enum(t)[at].name_off);
	return text_fmt("enumerator %.*s%s%.*s", (int)btf_essential_len(of), of,
			*of ? "." : "", (int)btf_essential_len(name), name);
}

/* The member or element that an access goes to; NULL: none. */
static const struct btf_type *step(const struct btf *btf, const struct btf_type *t,
				   size_t index, struct buf *out)
{
	const struct btf_member *m;
	const char *name;

	if (t && btf_is_array(t))
		return skip(btf, btf_array(t)->type);
	if (!t || !btf_is_composite(t) || index >= btf_vlen(t))
		return NULL;
	m = btf_members(t) + index;
	name = name_at(btf, m->name_off);
	if (*name)
		buf_fmt(out, ".%s", name);
	return skip(btf, m->type);
}

static char *field_words(const struct btf *btf, uint32_t id, const char *access)
{
	const struct btf_type *t = btf__type_by_id(btf, id);
	const char *name = t ? name_at(btf, t->name_off) : "";
	struct buf out = { 0 };
	char *end;

	if (!t || !btf_is_composite(t) || !*name)
		return NULL;
	buf_fmt(&out, "struct %.*s", (int)btf_essential_len(name), name);
	strtoul(access, &end, 10);
	while (t && *end == ':')
		t = step(btf, t, strtoul(end + 1, &end, 10), &out);
	if (t && !*end)
		return buf_take(&out, NULL);
	buf_release(&out);
	return NULL;
}

char *rule_relo_words(const struct image *im, const struct ext_row *relo)
{
	const struct btf *btf = im->o->btf;
	const char *access = name_at(btf, relo->relo.access);

	switch (relo->relo.kind) {
	case BPF_CORE_TYPE_ID_LOCAL:
		return NULL;
	case BPF_CORE_TYPE_ID_TARGET:
	case BPF_CORE_TYPE_EXISTS:
	case BPF_CORE_TYPE_SIZE:
	case BPF_CORE_TYPE_MATCHES:
		return type_words(btf, relo->relo.type_id);
	case BPF_CORE_ENUMVAL_EXISTS:
	case BPF_CORE_ENUMVAL_VALUE:
		return enumerator_words(btf, relo->relo.type_id, access);
	default:
		return field_words(btf, relo->relo.type_id, access);
	}
}

static char *relo_need(const struct image *im, int32_t id)
{
	const struct ext_row *relo = &im->ext.relos.rows[id];

	return rule_is_check(relo) ? NULL : rule_relo_words(im, relo);
}

char *rule_need_words(const struct image *im, const struct need *n)
{
	const struct facts_type *field;

	switch (n->kind) {
	case NEED_PROG_TYPE:
		return enumerator("bpf_prog_type", facts_prog_type(n->id));
	case NEED_ATTACH_TYPE:
		return enumerator("bpf_attach_type", facts_attach_type(n->id));
	case NEED_MAP_TYPE:
		return enumerator("bpf_map_type", facts_map_type(n->id));
	case NEED_HELPER:
		return helper(n->id);
	case NEED_KFUNC:
	case NEED_KSYM:
		return rule_extern_words(&im->externs[n->id]);
	case NEED_FEATURE:
		return feature(n->id);
	case NEED_RELO:
		return relo_need(im, n->id);
	case NEED_HOOK:
		return hook(&im->o->programs[n->id]);
	case NEED_STRUCT_OPS:
		return struct_ops(&im->o->maps[n->id]);
	case NEED_MAP_FIELD:
		field = facts_field(n->name);
		return field && is_new(field->since) ? text_fmt("struct %s", n->name)
						     : NULL;
	default:
		return NULL;
	}
}
