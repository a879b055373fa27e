/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * State as text, one line of JSON:
 *
 *	{"files": {PATH: [STAMP, DIGEST], …},
 *	 "steps": {NAME: {"absent": [PATH, …], "facts": [NAME, VALUE, …], "inputs": [PATH, DIGEST, …],
 *	                  "note": TEXT, "outputs": [PATH, DIGEST, …]}, …},
 *	 "version": 1}
 */
#include "lib/build/state_file.h"

#include <errno.h>
#include <string.h>

#include "lib/base/json.h"

#define STATE_VERSION 1

static int decode_files(struct state *s, const struct json_t *files)
{
	for (size_t i = 0; i < js_len(files); i++) {
		struct json_t *pair = NULL;
		const char *path = js_key_at(files, i, &pair);
		const char *stamp = js_text(js_at(pair, 0)),
			   *digest = js_text(js_at(pair, 1));
		uint8_t bytes[SKEP_SHA256_LEN];
		struct state_file *f;

		if (!stamp || !digest || strlen(stamp) >= STATE_STAMP_MAX ||
		    !digest_parse(digest, bytes))
			continue;
		f = state_file(s, path);
		if (!f)
			return -ENOMEM;
		strncpy(f->stamp, stamp, sizeof(f->stamp) - 1);
		memcpy(f->digest, digest, SKEP_DIGEST_STR);
	}
	return 0;
}

static void decode_words(struct words *to, const struct json_t *list)
{
	struct json_t *v;
	size_t i;

	js_for(list, i, v)
		words_add(to, js_text(v) ?: "");
}

static int decode_steps(struct state *s, const struct json_t *steps)
{
	for (size_t i = 0; i < js_len(steps); i++) {
		struct json_t *record = NULL;
		const char *name = js_key_at(steps, i, &record);
		struct state_step *step = state_step(s, name);
		const char *note = js_str(record, "note");

		if (!step)
			return -ENOMEM;
		decode_words(&step->facts, js_get(record, "facts"));
		decode_words(&step->inputs, js_get(record, "inputs"));
		decode_words(&step->absent, js_get(record, "absent"));
		decode_words(&step->outputs, js_get(record, "outputs"));
		step->note = note ? strdup(note) : NULL;
	}
	return 0;
}

int state_decode(struct state *s, const char *text, size_t len)
{
	struct json_t *root = NULL;
	int64_t version = 0;
	int rc = js_parse(&root, text, len, "state", NULL);

	if (!rc && (!js_int(root, "version", &version) || version != STATE_VERSION))
		rc = -EINVAL;
	if (!rc)
		rc = decode_files(s, js_get(root, "files"));
	if (!rc)
		rc = decode_steps(s, js_get(root, "steps"));
	js_free(root);
	return rc;
}

static struct json_t *encode_words(const struct words *w)
{
	struct json_t *list = js_array();

	for (size_t i = 0; i < w->n; i++)
		if (js_add_str(list, w->v[i])) {
			js_free(list);
			return NULL;
		}
	return list;
}

static struct json_t *encode_file(const struct state_file *f)
{
	struct json_t *pair = js_array();

	if (!js_add_str(pair, f->stamp) && !js_add_str(pair, f->digest))
		return pair;
	js_free(pair);
	return NULL;
}

static struct json_t *encode_step(const struct state_step *step)
{
	struct json_t *record = js_object();
	int rc = js_set(record, "facts", encode_words(&step->facts));

	rc |= js_set(record, "inputs", encode_words(&step->inputs));
	rc |= js_set(record, "absent", encode_words(&step->absent));
	rc |= js_set(record, "outputs", encode_words(&step->outputs));
	if (step->note)
		rc |= js_set_str(record, "note", step->note);
	if (!rc)
		return record;
	js_free(record);
	return NULL;
}

char *state_encode(const struct state *s, bool all, size_t *len)
{
	struct json_t *root = js_object(), *files = js_object(), *steps = js_object();
	char *text = NULL;
	int rc = 0;

	for (size_t i = 0; i < s->file_cnt; i++)
		if (all || s->files[i].used)
			rc |= js_set(files, s->files[i].path, encode_file(&s->files[i]));
	for (size_t i = 0; i < s->step_cnt; i++)
		if (all || s->steps[i].used)
			rc |= js_set(steps, s->steps[i].name, encode_step(&s->steps[i]));
	rc |= js_set(root, "files", files);
	rc |= js_set(root, "steps", steps);
	rc |= js_set_int(root, "version", STATE_VERSION);
	if (!rc)
		text = js_canonical(root, len);
	js_free(root);
	return text;
}
