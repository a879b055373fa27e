/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * Config: the OCI image config, manifest and index. The config carries the labels by which bpfman knows programs
 * and maps: JSON in a string, in bpfman's spelling. They tell of the first object alone, which is the
 * only one it loads.
 */
#include <stdlib.h>
#include <string.h>
#include <time.h>

#include "lib/base/arch.h"
#include "lib/base/buf.h"
#include "lib/base/cleanup.h"
#include "lib/base/json.h"
#include "lib/package/pkg.h"

static bool starts(const char *s, const char *prefix)
{
	return !strncmp(s, prefix, strlen(prefix));
}

/* libbpf knows kprobe, tracing and sched_cls; bpfman tells them apart as sections do. */
static const char *program_label(const struct manifest_program *p)
{
	static const char *const by_section[][2] = {
		{ "kretprobe", "kretprobe" },
		{ "uretprobe", "uretprobe" },
		{ "kprobe", "kprobe" },
		{ "uprobe", "uprobe" },
		{ "fentry", "fentry" },
		{ "fexit", "fexit" },
		{ "tcx", "tcx" },
	};
	const char *section = p->section + (p->section[0] == '?');

	for (size_t i = 0; i < ARRAY_SIZE(by_section); i++)
		if (starts(section, by_section[i][0]))
			return by_section[i][1];
	return strcmp(p->type, "sched_cls") ? p->type : "tc";
}

static int set_map_label(struct json_t *labels, const struct manifest_map *m)
{
	const char *at = strstr(m->type, "percpu");
	struct buf b = {};
	int rc;

	buf_add(&b, m->type, at ? (size_t)(at - m->type) : strlen(m->type));
	buf_str(&b, at ? "per_cpu" : "");
	buf_str(&b, at ? at + strlen("percpu") : "");
	rc = buf_check(&b, NULL);
	if (!rc)
		rc = js_set_str(labels, m->name, b.data ? b.data : "");
	buf_release(&b);
	return rc;
}

static int set_json_string(struct json_t *v, const char *key, struct json_t *value, int rc)
{
	char *text = rc ? NULL : js_canonical(value, NULL);

	rc = text ? js_set_str(v, key, text) : -1;
	free(text);
	js_free(value);
	return rc;
}

static struct json_t *labels_json(const struct manifest_object *o)
{
	struct json_t *v = js_object(), *programs = js_object(), *maps = js_object();
	int rc = 0;

	for (size_t i = 0; i < o->program_cnt; i++)
		rc |= js_set_str(programs, o->programs[i].name,
				 program_label(&o->programs[i]));
	rc = set_json_string(v, "io.ebpf.programs", programs, rc);
	for (size_t i = 0; i < o->map_cnt; i++)
		rc |= set_map_label(maps, &o->maps[i]);
	rc = set_json_string(v, "io.ebpf.maps", maps, rc);
	if (!rc)
		return v;
	js_free(v);
	return NULL;
}

static struct json_t *rootfs_json(const char *diff_id)
{
	struct json_t *v = js_object(), *ids = js_array();
	int rc = js_add_str(ids, diff_id);

	rc |= js_set_str(v, "type", "layers");
	rc |= js_set(v, "diff_ids", ids);
	if (!rc)
		return v;
	js_free(v);
	return NULL;
}

static char *canonical(struct json_t *v, int rc, size_t *len)
{
	char *text = rc ? NULL : js_canonical(v, len);

	js_free(v);
	return text;
}

char *pkg_config(const struct manifest *m, const char *diff_id, int64_t epoch, size_t *len)
{
	struct json_t *v = js_object(), *config = js_object();
	time_t at = epoch;
	struct tm tm;
	char created[64];
	int rc = js_set(config, "Labels", labels_json(&m->objects[0]));

	strftime(created, sizeof(created), "%Y-%m-%dT%H:%M:%SZ", gmtime_r(&at, &tm));
	rc |= js_set(v, "config", config);
	rc |= js_set_str(v, "created", created);
	rc |= js_set_str(v, "architecture", arch_find(m->arch)->goarch);
	rc |= js_set_str(v, "os", "linux");
	rc |= js_set(v, "rootfs", rootfs_json(diff_id));
	return canonical(v, rc, len);
}

char *pkg_image(const struct oci_desc *config, const struct oci_desc *layer, size_t *len)
{
	struct json_t *v = js_object(), *layers = js_array();
	int rc = js_add(layers, oci_desc_json(layer));

	rc |= js_set_int(v, "schemaVersion", 2);
	rc |= js_set_str(v, "mediaType", OCI_MANIFEST);
	rc |= js_set(v, "config", oci_desc_json(config));
	rc |= js_set(v, "layers", layers);
	return canonical(v, rc, len);
}

static struct json_t *platform_json(const struct platform *p)
{
	struct json_t *v = oci_desc_json(&p->desc), *platform = js_object();
	int rc = js_set_str(platform, "architecture", p->arch->goarch);

	rc |= js_set_str(platform, "os", "linux");
	rc |= js_set(v, "platform", platform);
	if (!rc)
		return v;
	js_free(v);
	return NULL;
}

char *pkg_index(const struct platform *platforms, size_t n, size_t *len)
{
	struct json_t *v = js_object(), *list = js_array();
	int rc = js_set_int(v, "schemaVersion", 2);

	for (size_t i = 0; i < n; i++)
		rc |= js_add(list, platform_json(&platforms[i]));
	rc |= js_set_str(v, "mediaType", OCI_INDEX);
	rc |= js_set(v, "manifests", list);
	return canonical(v, rc, len);
}
