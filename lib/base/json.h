/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * JSON over jansson, which no other folder includes.
 * Building: every js_set* and js_add* takes a value that is NULL after lack of memory and then
 * answers -ENOMEM, so `rc |= js_set_str(...)` and one check at the end suffice.
 */
#ifndef LIB_BASE_JSON_H
#define LIB_BASE_JSON_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include <skep/error.h>

struct json_t; /* jansson's value */

/*
 * Parse exactly one value; duplicate keys, trailing bytes and NULs are -SKEP_ECORRUPT with
 * where = where:line:column.
 */
int js_parse(struct json_t **out, const char *text, size_t len, const char *where,
	     struct skep_err *err);
void js_free(struct json_t *v); /* drops a reference; NULL is fine */

char *js_canonical(
	const struct json_t *v,
	size_t *len); /* sorted keys, no white space; caller frees; len may be NULL */
char *js_pretty(
	const struct json_t *v,
	size_t *len); /* two-space indent, order of insertion, newline; caller frees */

struct json_t *js_object(void);
struct json_t *js_array(void);
struct json_t *js_string(const char *s, size_t len); /* invalid UTF-8 becomes U+FFFD */
struct json_t *js_integer(int64_t value);
struct json_t *js_boolean(bool value);
struct json_t *js_null(void);
int js_set(struct json_t *obj, const char *key,
	   struct json_t *value); /* takes value over, even on failure */
int js_set_str(struct json_t *obj, const char *key,
	       const char *value); /* NULL value sets JSON null */
int js_set_int(struct json_t *obj, const char *key, int64_t value);
int js_set_bool(struct json_t *obj, const char *key, bool value);
int js_add(struct json_t *arr, struct json_t *value); /* takes value over */
int js_add_str(struct json_t *arr, const char *value);

struct json_t *js_get(const struct json_t *obj,
		      const char *key); /* borrowed; NULL if obj is no object or lacks it */
const char *js_str(const struct json_t *obj,
		   const char *key); /* borrowed; NULL unless a string without NULs */
bool js_int(const struct json_t *obj, const char *key,
	    int64_t *value); /* false unless an integer */
bool js_bool(const struct json_t *obj, const char *key, bool *value);
size_t js_len(const struct json_t *v); /* of an array or object; 0 for anything else */
struct json_t *js_at(const struct json_t *arr, size_t i); /* borrowed */
const char *js_text(
	const struct json_t *v); /* a string value itself; NULL for anything else */
bool js_is_object(const struct json_t *v);
bool js_is_array(const struct json_t *v);
bool js_is_null(const struct json_t *v); /* JSON's null; what is not there is none */
const char *js_key_at(const struct json_t *obj, size_t i,
		      struct json_t **value); /* i-th member in insertion order */

#define js_for(arr, i, v) for ((i) = 0; (i) < js_len(arr) && ((v) = js_at(arr, i)); (i)++)

#endif
