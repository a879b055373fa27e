/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * A plan as JSON; all members are there, durations in nanoseconds:
 *
 *	{"token":"<32 hex>","objects":[{"file":"/skep/0.bpf.o","name":"exec_watch"}],"presets":["min_ns=5"],"programs":[],
 *	 "modules":["/skep/veth.ko"],"attach":true,"trace":false,"events":true,"network":true,"stimulus":false,
 *	 "duration_ns":200000000,"limit_ns":60000000000,"epoch":1700000000}
 */
#include "lib/prove/plan.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "lib/base/cleanup.h"
#include "lib/base/fs.h"
#include "lib/base/json.h"

#define PLAN_LIST_MAX 4096

DEFINE_CLEANUP(struct plan *, plan_free)
DEFINE_CLEANUP(struct json_t *, js_free)

static struct json_t *strings(char *const *list, size_t n)
{
	struct json_t *v = js_array();
	size_t i;

	for (i = 0; i < n; i++)
		js_add_str(v, list[i]);
	return v;
}

static struct json_t *objects(const struct plan *p)
{
	struct json_t *list = js_array(), *o;
	size_t i;

	for (i = 0; i < p->object_cnt; i++) {
		o = js_object();
		js_set_str(o, "file", p->objects[i].file);
		js_set_str(o, "name", p->objects[i].name);
		js_add(list, o);
	}
	return list;
}

int plan_write(const struct plan *p, struct buf *out, struct skep_err *err)
{
	_cleanup_(js_freep) struct json_t *v = js_object();
	_cleanup_free_ char *text = NULL;
	size_t len;
	int ret = 0;

	ret |= js_set_str(v, "token", p->token);
	ret |= js_set(v, "objects", objects(p));
	ret |= js_set(v, "presets", strings(p->presets, p->preset_cnt));
	ret |= js_set(v, "programs", strings(p->programs, p->program_cnt));
	ret |= js_set(v, "modules", strings(p->modules, p->module_cnt));
	ret |= js_set_bool(v, "attach", p->attach);
	ret |= js_set_bool(v, "trace", p->trace);
	ret |= js_set_bool(v, "events", p->events);
	ret |= js_set_bool(v, "network", p->network);
	ret |= js_set_bool(v, "stimulus", p->stimulus);
	ret |= js_set_int(v, "duration_ns", (int64_t)p->duration_ns);
	ret |= js_set_int(v, "limit_ns", (int64_t)p->limit_ns);
	ret |= js_set_int(v, "epoch", p->epoch);
	text = ret ? NULL : js_canonical(v, &len);
	if (!text)
		return skep_fail(err, ENOMEM, "no memory for a guest's plan");
	buf_add(out, text, len);
	return buf_check(out, err);
}

static int wrong(const char *member, const char *wants, struct skep_err *err)
{
	return skep_fail(err, SKEP_ECORRUPT, "'%s' of the plan wants %s", member, wants);
}

static int read_token(struct plan *p, const struct json_t *v, struct skep_err *err)
{
	const char *s = js_str(v, "token");

	if (!s || strspn(s, "0123456789abcdef") != PLAN_TOKEN_LEN ||
	    strlen(s) != PLAN_TOKEN_LEN)
		return wrong("token", "32 hex digits", err);
	memcpy(p->token, s, PLAN_TOKEN_LEN + 1);
	return 0;
}

/* The array, bounded; *n elements of room for size bytes each. */
static int read_list(const struct json_t *v, const char *member, size_t size,
		     const struct json_t **list, void *room, struct skep_err *err)
{
	*list = js_get(v, member);
	if (!js_is_array(*list) || js_len(*list) > PLAN_LIST_MAX)
		return wrong(member, "an array of at most 4096", err);
	*(void **)room = calloc(js_len(*list) + 1, size);
	return *(void **)room ? 0 : skep_fail(err, ENOMEM, "no memory for a plan");
}

static int read_strings(const struct json_t *v, const char *member, char ***out,
			size_t *cnt, struct skep_err *err)
{
	const struct json_t *list;
	int ret = read_list(v, member, sizeof(**out), &list, out, err);
	size_t i;

	for (i = 0; !ret && i < js_len(list); i++) {
		const char *s = js_text(js_at(list, i));

		if (!s)
			return wrong(member, "strings", err);
		(*out)[i] = strdup(s);
		if (!(*out)[i])
			return skep_fail(err, ENOMEM, "no memory for a plan");
		(*cnt)++;
	}
	return ret;
}

static int read_objects(struct plan *p, const struct json_t *v, struct skep_err *err)
{
	const struct json_t *list;
	int ret = read_list(v, "objects", sizeof(*p->objects), &list, &p->objects, err);
	size_t i;

	for (i = 0; !ret && i < js_len(list); i++) {
		const char *file = js_str(js_at(list, i), "file");
		const char *name = js_str(js_at(list, i), "name");
		struct plan_object *o = &p->objects[p->object_cnt++];

		if (!file || file[0] != '/' || !name)
			return wrong("objects",
				     "an absolute path 'file' and a 'name' each", err);
		o->file = strdup(file);
		o->name = strdup(name);
		if (!o->file || !o->name)
			return skep_fail(err, ENOMEM, "no memory for a plan");
	}
	return ret;
}

static int read_switches(struct plan *p, const struct json_t *v, struct skep_err *err)
{
	const struct {
		const char *name;
		bool *value;
	} switches[] = {
		{ "attach", &p->attach },     { "trace", &p->trace },
		{ "events", &p->events },     { "network", &p->network },
		{ "stimulus", &p->stimulus },
	};
	size_t i;

	for (i = 0; i < ARRAY_SIZE(switches); i++)
		if (!js_bool(v, switches[i].name, switches[i].value))
			return wrong(switches[i].name, "true or false", err);
	return 0;
}

static int read_times(struct plan *p, const struct json_t *v, struct skep_err *err)
{
	const char *const names[] = { "duration_ns", "limit_ns", "epoch" };
	int64_t values[ARRAY_SIZE(names)];
	size_t i;

	for (i = 0; i < ARRAY_SIZE(names); i++)
		if (!js_int(v, names[i], &values[i]) || values[i] < 0)
			return wrong(names[i], "a number, not negative", err);
	p->duration_ns = (uint64_t)values[0];
	p->limit_ns = (uint64_t)values[1];
	p->epoch = values[2];
	return 0;
}

static int read_members(struct plan *p, const struct json_t *v, struct skep_err *err)
{
	int ret = read_token(p, v, err);

	if (!ret)
		ret = read_objects(p, v, err);
	if (!ret)
		ret = read_strings(v, "presets", &p->presets, &p->preset_cnt, err);
	if (!ret)
		ret = read_strings(v, "programs", &p->programs, &p->program_cnt, err);
	if (!ret)
		ret = read_strings(v, "modules", &p->modules, &p->module_cnt, err);
	if (!ret)
		ret = read_switches(p, v, err);
	return ret ? ret : read_times(p, v, err);
}

int plan_read(struct plan **out, const char *json, size_t len, struct skep_err *err)
{
	_cleanup_(js_freep) struct json_t *v = NULL;
	_cleanup_(plan_freep) struct plan *p = NULL;
	int ret;

	if (len > FS_MAX_SOURCE)
		return skep_fail(err, SKEP_ECORRUPT, "the plan is larger than 16 MiB");
	ret = js_parse(&v, json, len, PLAN_PATH, err);
	if (ret)
		return ret;
	p = calloc(1, sizeof(*p));
	if (!p)
		return skep_fail(err, ENOMEM, "no memory for a plan");
	ret = read_members(p, v, err);
	if (ret) {
		skep_err_at(err, PLAN_PATH, 0, 0);
		return ret;
	}
	*out = TAKE(p);
	return 0;
}

bool plan_token(const char *json, size_t len, char token[static PLAN_TOKEN_LEN + 1])
{
	_cleanup_(js_freep) struct json_t *v = NULL;
	struct plan p;

	if (len > FS_MAX_SOURCE || js_parse(&v, json, len, PLAN_PATH, NULL) ||
	    read_token(&p, v, NULL))
		return false;
	memcpy(token, p.token, PLAN_TOKEN_LEN + 1);
	return true;
}

static void free_strings(char **list, size_t n)
{
	while (n)
		free(list[--n]);
	free(list);
}

void plan_free(struct plan *p)
{
	size_t i;

	if (!p)
		return;
	for (i = 0; i < p->object_cnt; i++) {
		free(p->objects[i].file);
		free(p->objects[i].name);
	}
	free(p->objects);
	free_strings(p->presets, p->preset_cnt);
	free_strings(p->programs, p->program_cnt);
	free_strings(p->modules, p->module_cnt);
	free(p);
}
