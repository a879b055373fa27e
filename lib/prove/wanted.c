/* SPDX-License-Identifier: BSD-2-Clause */
/* What an object names is looked up in the kernel's types: a module's own are there under the module's name. */
#include "lib/prove/wanted.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <linux/bpf.h>

#include "lib/base/cleanup.h"
#include "lib/btf/index.h"
#include "lib/object/need.h"
#include "lib/object/object.h"

#define NAME_MAX_LEN 256

static int add(struct wanted *w, const char *name, struct skep_err *err)
{
	char **grown;

	for (size_t i = 0; i < w->n; i++)
		if (!strcmp(w->modules[i], name))
			return 0;
	grown = reallocarray(w->modules, w->n + 1, sizeof(*grown));
	if (grown)
		w->modules = grown;
	if (!grown || !(grown[w->n] = strdup(name)))
		return skep_fail(err, ENOMEM, "out of memory");
	w->n++;
	return 0;
}

/* The first module that has a name which the kernel itself has not. */
static const char *module_of(const struct btf_index *ix, enum btf_index_table table,
			     const char *name, size_t len)
{
	const uint32_t *ids;
	size_t n = btf_index_find(ix, table, name, len, &ids);
	struct btf_index_part part;

	for (size_t i = 0; i < n; i++)
		if (!btf_index_part_of(ix, ids[i]))
			return NULL;
	return n && btf_index_part(ix, btf_index_part_of(ix, ids[0]), &part) ? part.name
									     : NULL;
}

/* "struct nf_conn.mark" -> "nf_conn" */
static const char *root_of(const char *name, size_t *len)
{
	size_t word = strcspn(name, " .");

	if (name[word] == ' ')
		name += word + 1;
	*len = strcspn(name, ".[ :");
	return name;
}

/* A function, or the tracepoint that types call btf_trace_NAME. */
static const char *module_of_hook(const struct btf_index *ix, const char *section)
{
	const char *base = strrchr(section, '/') ?: section;
	char trace[NAME_MAX_LEN];
	const char *module;
	size_t len;
	int n;

	base += *base == '/';
	len = strcspn(base, "+%");
	module = module_of(ix, BTF_INDEX_FUNC, base, len);
	n = snprintf(trace, sizeof(trace), "btf_trace_%s", base);
	if (module || n < 0 || n >= (int)sizeof(trace))
		return module;
	return module_of(ix, BTF_INDEX_TYPE, trace, n);
}

static const char *module_of_need(const struct btf_index *ix, const struct need *need)
{
	const char *name = need->name;
	size_t len = strlen(name);

	switch (need->kind) {
	case NEED_KFUNC:
		return module_of(ix, BTF_INDEX_FUNC, name, len);
	case NEED_KSYM:
		return module_of(ix, BTF_INDEX_VAR, name, len);
	case NEED_HOOK:
		return module_of_hook(ix, name);
	case NEED_STRUCT_OPS:
	case NEED_RELO:
		name = root_of(name, &len);
		return module_of(ix, BTF_INDEX_TYPE, name, len);
	default:
		return NULL;
	}
}

int wanted_by_object(struct wanted *w, const struct object *o, const struct btf_index *ix,
		     struct skep_err *err)
{
	struct image im = { 0 };
	struct needs needs = { 0 };
	int rc = image_read(&im, o, err);

	if (!rc)
		rc = needs_read(&needs, &im, err);
	for (size_t i = 0; i < needs.n && !rc; i++) {
		const char *module = module_of_need(ix, &needs.rows[i]);

		if (module)
			rc = add(w, module, err);
	}
	needs_release(&needs);
	image_release(&im);
	return rc;
}

bool wanted_network(const struct object *o)
{
	for (size_t i = 0; i < o->program_cnt; i++)
		switch (o->programs[i].prog_type) {
		case BPF_PROG_TYPE_SCHED_CLS:
		case BPF_PROG_TYPE_SCHED_ACT:
		case BPF_PROG_TYPE_XDP:
		case BPF_PROG_TYPE_LWT_IN:
		case BPF_PROG_TYPE_LWT_OUT:
		case BPF_PROG_TYPE_LWT_XMIT:
		case BPF_PROG_TYPE_LWT_SEG6LOCAL:
		case BPF_PROG_TYPE_CGROUP_SKB:
		case BPF_PROG_TYPE_SK_LOOKUP:
		case BPF_PROG_TYPE_SOCKET_FILTER:
		case BPF_PROG_TYPE_NETFILTER:
			return true;
		default:
			break;
		}
	return false;
}

static const char *const of_network[] = { "veth", "sch_ingress", "cls_bpf" };

int wanted_by_network(struct wanted *w, struct skep_err *err)
{
	int rc = 0;

	for (size_t i = 0; i < ARRAY_SIZE(of_network) && !rc; i++)
		rc = add(w, of_network[i], err);
	return rc;
}

bool wanted_is_usual(const char *module)
{
	for (size_t i = 0; i < ARRAY_SIZE(of_network); i++)
		if (!strcmp(of_network[i], module))
			return true;
	return false;
}

void wanted_release(struct wanted *w)
{
	for (size_t i = 0; i < w->n; i++)
		free(w->modules[i]);
	free(w->modules);
	*w = (struct wanted){ 0 };
}
