/* SPDX-License-Identifier: BSD-2-Clause */
/* params: of skep.yaml: typed run-time parameters and what in the object each one sets. */
#include "lib/build/project_keys.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "lib/base/buf.h"
#include "lib/base/cleanup.h"
#include "lib/base/text.h"
#include "lib/package/value.h"

/* What `skep run` takes for itself. */
static const char *const reserved[] = { "ifname", "cgroup", "pid", "path" };

static int bind_to(struct project *p, const struct yaml_node *n, struct param *to,
		   enum param_bind bind, struct skep_err *err)
{
	int rc;

	if (to->target)
		return project_fail(
			p, n->key_at, err,
			"a parameter sets one of rodata, max_entries and entries");
	rc = project_text(p, n, &to->target, err);
	if (!rc && !text_is_cident(to->target))
		return project_fail(p, n->at, err, "'%.64s' is no name of C", to->target);
	to->bind = bind;
	return rc;
}

static int read_rodata(struct project *p, const struct yaml_node *n, void *to,
		       struct skep_err *err)
{
	return bind_to(p, n, to, PARAM_RODATA, err);
}

static int read_max_entries(struct project *p, const struct yaml_node *n, void *to,
			    struct skep_err *err)
{
	return bind_to(p, n, to, PARAM_MAX_ENTRIES, err);
}

static int read_entries(struct project *p, const struct yaml_node *n, void *to,
			struct skep_err *err)
{
	return bind_to(p, n, to, PARAM_ENTRIES, err);
}

static int read_type(struct project *p, const struct yaml_node *n, void *to,
		     struct skep_err *err)
{
	struct param *param = to;
	const char *names[32], *near;
	size_t cnt = 0;
	bool list;
	int rc = project_text(p, n, &param->type, err);

	if (rc || value_type_find(param->type, &list))
		return rc;
	rc = project_fail(p, n->at, err, "unknown type '%.64s'", param->type);
	while (cnt < ARRAY_SIZE(names) && value_type_at(cnt)) {
		names[cnt] = value_type_at(cnt)->name;
		cnt++;
	}
	near = text_nearest(param->type, names, cnt);
	skep_err_hint(
		err,
		near ? "did you mean '%s'?"
		     : "types are u8 to u64, s8 to s64, bool, string, duration, ipv4, "
		       "ipv6, mac",
		near);
	return rc;
}

/* A list of defaults is kept as the user would write it after --param: comma between. */
static int read_default(struct project *p, const struct yaml_node *n, void *to,
			struct skep_err *err)
{
	_cleanup_(buf_release) struct buf b = { 0 };
	struct param *param = to;

	if (n->kind == YAML_MAP)
		return project_fail(p, n->at, err,
				    "'default' wants text or a list, not a map");
	if (n->kind == YAML_SCALAR) {
		param->def = strdup(n->text);
		return param->def ? 0 : skep_fail(err, ENOMEM, "out of memory");
	}
	for (const struct yaml_node *c = n->child; c; c = c->next) {
		int rc = project_kind(p, c, YAML_SCALAR, err);

		if (rc)
			return rc;
		buf_str(&b, b.len ? "," : "");
		buf_str(&b, c->text);
	}
	param->def = b.len ? buf_take(&b, NULL) : strdup("");
	return param->def ? 0 : skep_fail(err, ENOMEM, "out of memory");
}

static int read_help(struct project *p, const struct yaml_node *n, void *to,
		     struct skep_err *err)
{
	return project_text(p, n, &((struct param *)to)->help, err);
}

static int read_object(struct project *p, const struct yaml_node *n, void *to,
		       struct skep_err *err)
{
	struct param *param = to;
	int rc = project_text(p, n, &param->object, err);

	if (rc)
		return rc;
	for (char *s = param->object; *s; s++)
		*s = *s == '-' ? '_' : *s;
	for (size_t i = 0; i < p->object_cnt; i++)
		if (!strcmp(p->objects[i].name, param->object))
			return 0;
	return project_fail(p, n->at, err, "there is no object '%.64s'", n->text);
}

static const struct project_key param_keys[] = {
	{ "type", YAML_SCALAR, read_type },
	{ "default", YAML_ANY, read_default },
	{ "help", YAML_SCALAR, read_help },
	{ "rodata", YAML_SCALAR, read_rodata },
	{ "max_entries", YAML_SCALAR, read_max_entries },
	{ "entries", YAML_SCALAR, read_entries },
	{ "object", YAML_SCALAR, read_object },
	{ 0 },
};

static int check_name(const struct project *p, const struct yaml_node *n,
		      struct skep_err *err)
{
	size_t len = strlen(n->key);

	for (size_t i = 0; i < ARRAY_SIZE(reserved); i++)
		if (!strcmp(n->key, reserved[i]))
			return project_fail(
				p, n->key_at, err,
				"parameter name '%s' is reserved for attaching", n->key);
	if (len && len <= 63 && n->key[0] != '-' &&
	    strspn(n->key, "abcdefghijklmnopqrstuvwxyz0123456789_-") == len)
		return 0;
	return project_fail(p, n->key_at, err,
			    "parameter name '%.64s' is not made of a-z, 0-9, '_' and '-'",
			    n->key);
}

/* Each default must be a value of the type, so that a package never holds one that is not. */
static int check_default(const struct project *p, struct yaml_mark at,
			 const struct param *param, struct skep_err *err)
{
	bool list;
	const struct value_type *type = value_type_find(param->type, &list);
	_cleanup_free_ char *copy = strdup(param->def ?: "");
	char *rest = copy, *part;
	uint8_t bytes[VALUE_MAX];

	if (!copy)
		return skep_fail(err, ENOMEM, "out of memory");
	if (!param->def || !type->size || (list && !*copy))
		return 0;
	while ((part = list ? strsep(&rest, ",") : TAKE(rest))) {
		if (value_encode(type, part, false, bytes, sizeof(bytes), NULL))
			return project_fail(p, at, err,
					    "default '%.64s' is no value of type %s",
					    part, type->name);
	}
	return 0;
}

static int check_param(const struct project *p, const struct yaml_node *n,
		       struct param *param, struct skep_err *err)
{
	const struct value_type *type;
	bool list = false;

	if (!param->type)
		return project_fail(p, n->key_at, err, "parameter '%s' has no type",
				    param->name);
	if (!param->target)
		return project_fail(
			p, n->key_at, err,
			"parameter '%s' sets nothing: it lacks rodata, max_entries or "
			"entries",
			param->name);
	type = value_type_find(param->type, &list);
	if (param->bind != PARAM_ENTRIES && (list || type->entries_only))
		return project_fail(p, n->key_at, err,
				    "type '%s' is for entries of a map", param->type);
	if (param->bind == PARAM_MAX_ENTRIES && strcmp(param->type, "u32"))
		return project_fail(p, n->key_at, err,
				    "max_entries wants type u32, not %s", param->type);
	if (p->object_cnt > 1 && !param->object)
		return project_fail(p, n->key_at, err, "parameter '%s' lacks 'object'",
				    param->name);
	if (p->object_cnt == 1)
		free(TAKE(param->object));
	return check_default(p, n->key_at, param, err);
}

int project_params(struct project *p, const struct yaml_node *map, struct skep_err *err)
{
	size_t cnt = project_count(map);

	p->params = calloc(cnt + 1, sizeof(*p->params));
	p->param_at = calloc(cnt + 1, sizeof(*p->param_at));
	if (!p->params || !p->param_at)
		return skep_fail(err, ENOMEM, "out of memory");
	for (const struct yaml_node *c = map->child; c; c = c->next) {
		struct param *param = &p->params[p->param_cnt];
		int rc = check_name(p, c, err);

		if (!rc)
			rc = project_kind(p, c, YAML_MAP, err);
		if (rc)
			return rc;
		p->param_at[p->param_cnt++] = c->key_at;
		param->name = strdup(c->key);
		if (!param->name)
			return skep_fail(err, ENOMEM, "out of memory");
		rc = project_keys(p, c, param_keys, param, err);
		if (!rc)
			rc = check_param(p, c, param, err);
		if (rc)
			return rc;
	}
	return 0;
}

void project_param_release(struct param *param)
{
	free(param->name);
	free(param->type);
	free(param->def);
	free(param->help);
	free(param->target);
	free(param->object);
}
