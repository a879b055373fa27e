/* SPDX-License-Identifier: BSD-2-Clause */
/* Proofs as structs and as JSON, which comes back from guests that may say anything. */
#include "lib/check/proof.h"

#include <errno.h>
#include <limits.h>
#include <string.h>

#include "lib/base/json.h"

#define MAX_ITEMS 4096 /* programs, buffers */

static const char *const loads[] = {
	[PROOF_UNTRIED] = "untried",
	[PROOF_LOADED] = "loaded",
	[PROOF_REFUSED] = "refused",
};

static const char *const attaches[] = {
	[PROOF_NOT_ATTACHED] = "none",
	[PROOF_ATTACHED] = "attached",
	[PROOF_ATTACH_REFUSED] = "refused",
};

/* Numbers of the statistics, for both ways. */
static const struct number {
	const char *key;
	size_t off;
} numbers[] = {
	{ "insns", offsetof(struct proof_stats, insns) },
	{ "states", offsetof(struct proof_stats, states) },
	{ "peak_states", offsetof(struct proof_stats, peak_states) },
	{ "stack", offsetof(struct proof_stats, stack) },
	{ "jited", offsetof(struct proof_stats, jited) },
	{ "time_ns", offsetof(struct proof_stats, time_ns) },
};

struct proof *proof_new(size_t program_cnt, size_t buffer_cnt)
{
	struct proof *p = calloc(1, sizeof(*p));

	if (!p)
		return NULL;
	p->programs = calloc(program_cnt + 1, sizeof(*p->programs));
	p->buffers = calloc(buffer_cnt + 1, sizeof(*p->buffers));
	if (!p->programs || !p->buffers) {
		proof_free(p);
		return NULL;
	}
	p->program_cnt = program_cnt;
	p->buffer_cnt = buffer_cnt;
	return p;
}

void proof_program_release(struct proof_program *p)
{
	free(p->name);
	free(p->type);
	free(p->message);
	free(p->log);
	free(p->attach_message);
	*p = (struct proof_program){ 0 };
}

void proof_free(struct proof *p)
{
	if (!p)
		return;
	for (size_t i = 0; i < p->program_cnt; i++)
		proof_program_release(&p->programs[i]);
	for (size_t i = 0; i < p->buffer_cnt; i++)
		free(p->buffers[i].map);
	free(p->programs);
	free(p->buffers);
	free(p->message);
	free(p);
}

/* --- out --- */

const char *proof_load_word(enum proof_load load)
{
	return loads[load];
}

const char *proof_attach_word(enum proof_attach attach)
{
	return attaches[attach];
}

/* Of libbpf, kernels and objects: not always UTF-8. */
static int set_text(struct json_t *obj, const char *key, const char *s)
{
	return js_set(obj, key, s ? js_string(s, strlen(s)) : js_null());
}

static int set_number(struct json_t *obj, const char *key, uint64_t n)
{
	return js_set_int(obj, key, n > INT64_MAX ? INT64_MAX : (int64_t)n);
}

struct json_t *proof_stats_json(const struct proof_stats *s)
{
	struct json_t *v = js_object();
	int rc = 0;

	for (size_t i = 0; i < ARRAY_SIZE(numbers); i++) {
		uint64_t n;

		memcpy(&n, (const char *)s + numbers[i].off, sizeof(n));
		rc |= set_number(v, numbers[i].key, n);
	}
	if (!rc)
		return v;
	js_free(v);
	return NULL;
}

struct json_t *proof_program_json(const struct proof_program *p)
{
	struct json_t *v = js_object();
	int rc = set_text(v, "name", p->name);

	rc |= set_text(v, "type", p->type);
	rc |= js_set_str(v, "load", loads[p->load]);
	rc |= js_set_int(v, "code", p->code);
	rc |= set_text(v, "message", p->message);
	rc |= set_text(v, "log", p->log);
	rc |= js_set_bool(v, "log_cut", p->log_cut);
	rc |= js_set(v, "stats", proof_stats_json(&p->stats));
	rc |= js_set_str(v, "attach", attaches[p->attach]);
	rc |= set_text(v, "attach_message", p->attach_message);
	rc |= set_number(v, "runs", p->runs);
	if (!rc)
		return v;
	js_free(v);
	return NULL;
}

static struct json_t *buffer_json(const struct proof_buffer *b)
{
	struct json_t *v = js_object();
	int rc = set_text(v, "map", b->map);

	rc |= set_number(v, "events", b->events);
	if (!rc)
		return v;
	js_free(v);
	return NULL;
}

struct json_t *proof_json(const struct proof *p)
{
	struct json_t *v = js_object(), *programs = js_array(), *buffers = js_array();
	int rc = set_text(v, "message", p->message);

	for (size_t i = 0; i < p->program_cnt; i++)
		rc |= js_add(programs, proof_program_json(&p->programs[i]));
	for (size_t i = 0; i < p->buffer_cnt; i++)
		rc |= js_add(buffers, buffer_json(&p->buffers[i]));
	rc |= js_set(v, "programs", programs);
	rc |= js_set(v, "buffers", buffers);
	if (!rc)
		return v;
	js_free(v);
	return NULL;
}

/* --- in --- */

static int wrong(const char *key, const char *wants, struct skep_err *err)
{
	return skep_fail(err, SKEP_ECORRUPT, "a proof's '%s' is not %s", key, wants);
}

/* null and what is not there are NULL. */
static int get_text(const struct json_t *v, const char *key, char **out,
		    struct skep_err *err)
{
	const struct json_t *member = js_get(v, key);
	const char *s = js_str(v, key);

	if (!member || js_is_null(member))
		return 0;
	if (!s)
		return wrong(key, "text", err);
	*out = strdup(s);
	return *out ? 0 : skep_fail(err, ENOMEM, "out of memory");
}

static int get_name(const struct json_t *v, const char *key, char **out,
		    struct skep_err *err)
{
	int rc = get_text(v, key, out, err);

	return rc || *out ? rc : wrong(key, "text", err);
}

static int get_number(const struct json_t *v, const char *key, uint64_t max,
		      uint64_t *out, struct skep_err *err)
{
	int64_t n;

	if (!js_int(v, key, &n) || n < 0 || (uint64_t)n > max)
		return wrong(key, "a number from 0 on", err);
	*out = (uint64_t)n;
	return 0;
}

static int get_word(const struct json_t *v, const char *key, const char *const *words,
		    size_t n, unsigned int *out, struct skep_err *err)
{
	const char *s = js_str(v, key);

	for (size_t i = 0; s && i < n; i++)
		if (!strcmp(s, words[i])) {
			*out = (unsigned int)i;
			return 0;
		}
	return wrong(key, "one of its words", err);
}

static int read_stats(struct proof_stats *s, const struct json_t *v, struct skep_err *err)
{
	int rc = 0;

	for (size_t i = 0; i < ARRAY_SIZE(numbers) && !rc; i++) {
		uint64_t n = 0;

		rc = get_number(v, numbers[i].key, INT64_MAX, &n, err);
		memcpy((char *)s + numbers[i].off, &n, sizeof(n));
	}
	return rc;
}

static int read_texts(struct proof_program *p, const struct json_t *v,
		      struct skep_err *err)
{
	int rc = get_name(v, "name", &p->name, err);

	if (!rc)
		rc = get_text(v, "type", &p->type, err);
	if (!rc)
		rc = get_text(v, "message", &p->message, err);
	if (!rc)
		rc = get_text(v, "log", &p->log, err);
	if (!rc)
		rc = get_text(v, "attach_message", &p->attach_message, err);
	return rc;
}

static int read_rest(struct proof_program *p, const struct json_t *v, struct skep_err *err)
{
	unsigned int load = 0, attach = 0;
	uint64_t code = 0;
	int rc = get_word(v, "load", loads, ARRAY_SIZE(loads), &load, err);

	if (!rc)
		rc = get_word(v, "attach", attaches, ARRAY_SIZE(attaches), &attach, err);
	if (!rc)
		rc = get_number(v, "code", INT_MAX, &code, err);
	if (!rc)
		rc = get_number(v, "runs", INT64_MAX, &p->runs, err);
	if (!rc && !js_bool(v, "log_cut", &p->log_cut))
		rc = wrong("log_cut", "true or false", err);
	if (!rc)
		rc = read_stats(&p->stats, js_get(v, "stats"), err);
	p->load = (enum proof_load)load;
	p->attach = (enum proof_attach)attach;
	p->code = (int)code;
	return rc;
}

int proof_program_read(struct proof_program *out, const struct json_t *v,
		       struct skep_err *err)
{
	struct proof_program p = { 0 };
	int rc = read_texts(&p, v, err);

	if (!rc)
		rc = read_rest(&p, v, err);
	if (rc)
		proof_program_release(&p);
	else
		*out = p;
	return rc;
}

static int get_list(const struct json_t *v, const char *key, const struct json_t **out,
		    struct skep_err *err)
{
	*out = js_get(v, key);
	if (!*out || !js_is_array(*out))
		return wrong(key, "a list", err);
	if (js_len(*out) > MAX_ITEMS)
		return skep_fail(err, SKEP_ECORRUPT, "a proof has %zu %s, more than 4096",
				 js_len(*out), key);
	return 0;
}

static int read_buffer(struct proof_buffer *b, const struct json_t *v,
		       struct skep_err *err)
{
	int rc = get_name(v, "map", &b->map, err);

	return rc ? rc : get_number(v, "events", INT64_MAX, &b->events, err);
}

int proof_read(struct proof **out, const struct json_t *v, struct skep_err *err)
{
	const struct json_t *programs = NULL, *buffers = NULL;
	_cleanup_(proof_freep) struct proof *p = NULL;
	int rc = get_list(v, "programs", &programs, err);

	if (!rc)
		rc = get_list(v, "buffers", &buffers, err);
	if (rc)
		return rc;
	p = proof_new(js_len(programs), js_len(buffers));
	if (!p)
		return skep_fail(err, ENOMEM, "out of memory");
	rc = get_text(v, "message", &p->message, err);
	for (size_t i = 0; i < p->program_cnt && !rc; i++)
		rc = proof_program_read(&p->programs[i], js_at(programs, i), err);
	for (size_t i = 0; i < p->buffer_cnt && !rc; i++)
		rc = read_buffer(&p->buffers[i], js_at(buffers, i), err);
	if (!rc)
		*out = TAKE(p);
	return rc;
}
