/* SPDX-License-Identifier: BSD-2-Clause */
/* Assemble: manifests hold only what follows from sources, skep.yaml and toolchain. */
#include "lib/build/assemble.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include <bpf/libbpf.h>

#include "lib/base/cleanup.h"
#include "lib/build/require.h"
#include "lib/package/layout.h"

#ifndef SKEP_LIBBPF_SOURCE
#define SKEP_LIBBPF_SOURCE "unknown"
#endif

const char *assemble_libbpf(void)
{
	const char *v = libbpf_version_string();

	return *v == 'v' ? v + 1 : v;
}

const char *assemble_libbpf_source(void)
{
	return strcmp(SKEP_LIBBPF_SOURCE, "unknown") ? SKEP_LIBBPF_SOURCE : NULL;
}

/* NULL stays NULL. */
static int copy(char **to, const char *from)
{
	*to = from ? strdup(from) : NULL;
	return from && !*to ? -ENOMEM : 0;
}

static int describe_program(struct manifest_program *to, const struct obj_program *p)
{
	to->insn_cnt = p->insn_cnt;
	to->autoload = p->autoload;
	return copy(&to->name, p->name) | copy(&to->section, p->section) |
	       copy(&to->type, p->type) | copy(&to->attach_type, p->attach_type) |
	       copy(&to->target, p->target);
}

static int describe_map(struct manifest_map *to, const struct obj_map *m)
{
	to->key_size = m->key_size;
	to->value_size = m->value_size;
	to->max_entries = m->max_entries;
	to->flags = m->flags;
	return copy(&to->name, m->name) | copy(&to->type, m->type) |
	       copy(&to->event_type, m->event_type) | copy(&to->key_type, m->key_type) |
	       copy(&to->value_type, m->value_type);
}

int assemble_object(struct manifest *m, const char *name, const struct object *o,
		    struct skep_err *err)
{
	struct manifest_object *to = &m->objects[m->object_cnt++];
	int rc = copy(&to->name, name) | copy(&to->license, o->license);

	to->programs = calloc(o->program_cnt + 1, sizeof(*to->programs));
	to->maps = calloc(o->map_cnt + 1, sizeof(*to->maps));
	if (rc || !to->programs || !to->maps)
		return skep_fail(err, ENOMEM, "out of memory");
	for (size_t i = 0; i < o->program_cnt; i++)
		rc |= describe_program(&to->programs[to->program_cnt++], &o->programs[i]);
	for (size_t i = 0; i < o->map_cnt; i++)
		if (!o->maps[i].data_section)
			rc |= describe_map(&to->maps[to->map_cnt++], &o->maps[i]);
	if (rc)
		return skep_fail(err, ENOMEM, "out of memory");
	return require_object(&to->requirements, o, err);
}

int assemble_head(struct manifest *m, const char *name, const char *version,
		  const char *license, const char *arch, struct skep_err *err)
{
	int rc = copy(&m->name, name) | copy(&m->version, version) |
		 copy(&m->license, license) | copy(&m->arch, arch) |
		 copy(&m->skep, SKEP_VERSION) | copy(&m->libbpf, assemble_libbpf()) |
		 copy(&m->libbpf_source, assemble_libbpf_source());

	return rc ? skep_fail(err, ENOMEM, "out of memory") : 0;
}

/* Not pkg_read(): to compress the layers again for a look at the index costs more than the link. */
int assemble_digest(const void *data, size_t size, char **digest, struct skep_err *err)
{
	struct layout layout = { 0 };
	int rc = layout_read(&layout, data, size, "package", err);

	if (!rc) {
		*digest = strdup(layout.index.digest);
		rc = *digest ? 0 : skep_fail(err, ENOMEM, "out of memory");
	}
	layout_release(&layout);
	return rc;
}
