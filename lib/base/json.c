/* SPDX-License-Identifier: BSD-2-Clause */
/* JSON over jansson: strict parsing, canonical and pretty dumps. */
#include "lib/base/json.h"

#include <errno.h>
#include <jansson.h>
#include <string.h>

#include "lib/base/buf.h"
#include "lib/base/escape.h"

int js_parse(struct json_t **out, const char *text, size_t len, const char *where,
	     struct skep_err *err)
{
	json_error_t e;
	json_t *v = json_loadb(text, len, JSON_REJECT_DUPLICATES | JSON_DECODE_ANY, &e);

	if (!v) {
		skep_fail(err, SKEP_ECORRUPT, "malformed JSON: %s", e.text);
		skep_err_at(err, where, e.line > 0 ? e.line : 0,
			    e.column > 0 ? e.column : 0);
		return -SKEP_ECORRUPT;
	}
	*out = v;
	return 0;
}

void js_free(struct json_t *v)
{
	json_decref(v);
}

char *js_canonical(const struct json_t *v, size_t *len)
{
	char *text = json_dumps(v, JSON_COMPACT | JSON_SORT_KEYS | JSON_ENCODE_ANY);

	if (text && len)
		*len = strlen(text);
	return text;
}

char *js_pretty(const struct json_t *v, size_t *len)
{
	struct buf b = { 0 };
	char *text = json_dumps(v, JSON_INDENT(2) | JSON_ENCODE_ANY);

	if (!text)
		return NULL;
	buf_str(&b, text);
	buf_char(&b, '\n');
	free(text);
	return buf_take(&b, len);
}

struct json_t *js_object(void)
{
	return json_object();
}

struct json_t *js_array(void)
{
	return json_array();
}

struct json_t *js_string(const char *s, size_t len)
{
	struct json_t *v = json_stringn(s, len);
	struct buf b = { 0 };

	if (v && !memchr(s, 0, len))
		return v;
	json_decref(v);
	for (size_t i = 0, n; i < len; i += n ? n : 1) {
		uint32_t c = 0;

		n = utf8_next((const unsigned char *)s + i, len - i, &c);
		if (n && c)
			buf_add(&b, s + i, n);
		else
			buf_str(&b, "\xef\xbf\xbd");
	}
	v = b.err ? NULL : json_stringn(b.data ? b.data : "", b.len);
	buf_release(&b);
	return v;
}

struct json_t *js_integer(int64_t value)
{
	return json_integer(value);
}

struct json_t *js_boolean(bool value)
{
	return json_boolean(value);
}

struct json_t *js_null(void)
{
	return json_null();
}

int js_set(struct json_t *obj, const char *key, struct json_t *value)
{
	return json_object_set_new(obj, key, value) ? -ENOMEM : 0;
}

int js_set_str(struct json_t *obj, const char *key, const char *value)
{
	return js_set(obj, key, value ? js_string(value, strlen(value)) : json_null());
}

int js_set_int(struct json_t *obj, const char *key, int64_t value)
{
	return js_set(obj, key, js_integer(value));
}

int js_set_bool(struct json_t *obj, const char *key, bool value)
{
	return js_set(obj, key, js_boolean(value));
}

int js_add(struct json_t *arr, struct json_t *value)
{
	return json_array_append_new(arr, value) ? -ENOMEM : 0;
}

int js_add_str(struct json_t *arr, const char *value)
{
	return js_add(arr, js_string(value, strlen(value)));
}

struct json_t *js_get(const struct json_t *obj, const char *key)
{
	return json_object_get(obj, key);
}

const char *js_text(const struct json_t *v)
{
	const char *s = json_string_value(v);

	return s && strlen(s) == json_string_length(v) ? s : NULL;
}

const char *js_str(const struct json_t *obj, const char *key)
{
	return js_text(json_object_get(obj, key));
}

bool js_int(const struct json_t *obj, const char *key, int64_t *value)
{
	const json_t *v = json_object_get(obj, key);

	if (!json_is_integer(v))
		return false;
	*value = json_integer_value(v);
	return true;
}

bool js_bool(const struct json_t *obj, const char *key, bool *value)
{
	const json_t *v = json_object_get(obj, key);

	if (!json_is_boolean(v))
		return false;
	*value = json_is_true(v);
	return true;
}

size_t js_len(const struct json_t *v)
{
	return json_is_object(v) ? json_object_size(v) : json_array_size(v);
}

struct json_t *js_at(const struct json_t *arr, size_t i)
{
	return json_array_get(arr, i);
}

bool js_is_object(const struct json_t *v)
{
	return json_is_object(v);
}

bool js_is_array(const struct json_t *v)
{
	return json_is_array(v);
}

bool js_is_null(const struct json_t *v)
{
	return json_is_null(v);
}

const char *js_key_at(const struct json_t *obj, size_t i, struct json_t **value)
{
	void *iter = json_object_iter((json_t *)obj);

	while (iter && i--)
		iter = json_object_iter_next((json_t *)obj, iter);
	if (!iter)
		return NULL;
	*value = json_object_iter_value(iter);
	return json_object_iter_key(iter);
}
