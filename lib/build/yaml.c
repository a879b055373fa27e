/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * libfyaml's event stream, made into a bounded tree. Events and not documents: what a hostile file
 * could blow up (aliases, depth, number of nodes) is refused before it is held.
 */
#include "lib/build/yaml.h"

#include <errno.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <libfyaml.h>

#include "lib/base/cleanup.h"

struct reader {
	struct fy_parser *parser;
	struct fy_diag *diag;
	const char *file;
	const char *text;
	size_t len;
	struct skep_err *err;
	size_t nodes;
	int depth;
};

static int fail_at(struct reader *r, struct yaml_mark at, const char *what)
{
	skep_fail(r->err, SKEP_EPROJECT, "%s", what);
	skep_err_at(r->err, r->file, at.line, at.col);
	return -SKEP_EPROJECT;
}

static int no_memory(struct reader *r)
{
	return skep_fail(r->err, ENOMEM, "out of memory");
}

const char *yaml_kind_name(enum yaml_kind kind)
{
	static const char *const names[] = { "text", "a list", "a map" };

	return names[kind];
}

void yaml_free(struct yaml_node *n)
{
	while (n) {
		struct yaml_node *next = n->next;

		yaml_free(n->child);
		free(n->key);
		free(n->text);
		free(n);
		n = next;
	}
}

/* Length of the UTF-8 sequence at s, 0 if there is none. */
static size_t utf8_len(const unsigned char *s, size_t left)
{
	static const unsigned int least[] = { 0, 0, 0x80, 0x800, 0x10000 };
	size_t n = *s < 0x80   ? 1
		   : *s < 0xc2 ? 0
		   : *s < 0xe0 ? 2
		   : *s < 0xf0 ? 3
		   : *s < 0xf5 ? 4
			       : 0;
	unsigned int c = n == 1 ? *s : *s & (0x7fu >> n);

	if (!n || n > left)
		return 0;
	for (size_t i = 1; i < n; i++) {
		if ((s[i] & 0xc0) != 0x80)
			return 0;
		c = c << 6 | (s[i] & 0x3f);
	}
	return (n > 1 && (c < least[n] || c > 0x10ffff || (c & 0xfffff800) == 0xd800))
		       ? 0
		       : n;
}

/* libfyaml stops without a word at bytes that are no text: say where they are. */
static int check_text(struct reader *r, const char *text, size_t len)
{
	const unsigned char *s = (const unsigned char *)text;
	struct yaml_mark at = { 1, 1 };

	if (len > YAML_MAX_TEXT)
		return fail_at(r, at, "file is larger than 64 KiB");
	for (size_t i = 0, n; i < len; i += n) {
		n = utf8_len(s + i, len - i);
		if (!n)
			return fail_at(r, at, "not UTF-8 text");
		if ((s[i] < ' ' && !strchr("\t\n\r", s[i])) || !s[i] || s[i] == 0x7f)
			return fail_at(r, at, "control character in text");
		at.col++;
		if (s[i] == '\n')
			at = (struct yaml_mark){ at.line + 1, 1 };
	}
	return 0;
}

/* libfyaml marks what is within the quotes or behind the star: users count from these. */
static struct yaml_mark mark_of(const struct reader *r, struct fy_event *e)
{
	const struct fy_mark *m = fy_event_start_mark(e);
	bool inside;
	char before;

	if (!m)
		return (struct yaml_mark){ 0, 0 };
	before = m->input_pos && m->input_pos <= r->len ? r->text[m->input_pos - 1] : ' ';
	inside = e->type == FYET_ALIAS
			 ? before == '*'
			 : e->type == FYET_SCALAR && (before == '"' || before == '\'') &&
				   fy_token_scalar_style(e->scalar.value) != FYSS_PLAIN;
	return (struct yaml_mark){ m->line + 1, m->column + 1 - (m->column && inside) };
}

/* The parser gave up: its first collected message says why. */
static int parser_error(struct reader *r)
{
	struct fy_diag_error *e;
	void *at = NULL;

	e = fy_diag_errors_iterate(r->diag, &at);
	if (!e || !e->msg)
		return fail_at(r, (struct yaml_mark){ 1, 1 }, "not YAML");
	return fail_at(r, (struct yaml_mark){ e->line, e->column }, e->msg);
}

static int next_event(struct reader *r, struct fy_event **e)
{
	*e = fy_parser_parse(r->parser);
	if (!*e || fy_parser_get_stream_error(r->parser)) {
		fy_parser_event_free(r->parser, *e);
		return parser_error(r);
	}
	return 0;
}

static bool has_anchor_or_tag(const struct fy_event *e)
{
	switch (e->type) {
	case FYET_SCALAR:
		return e->scalar.anchor || e->scalar.tag;
	case FYET_SEQUENCE_START:
		return e->sequence_start.anchor || e->sequence_start.tag;
	case FYET_MAPPING_START:
		return e->mapping_start.anchor || e->mapping_start.tag;
	default:
		return e->type == FYET_ALIAS;
	}
}

static int scalar_text(struct reader *r, struct fy_event *e, char **out)
{
	size_t len = 0;
	const char *text =
		e->scalar.value ? fy_token_get_text(e->scalar.value, &len) : NULL;

	if (text && memchr(text, '\0', len))
		return fail_at(r, mark_of(r, e), "control character in text");
	*out = text ? strndup(text, len) : strdup("");
	return *out ? 0 : no_memory(r);
}

static int read_node(struct reader *r, struct fy_event *e, struct yaml_node **out);

static bool has_key(const struct yaml_node *map, const char *key)
{
	for (const struct yaml_node *c = map->child; c; c = c->next)
		if (c->key && !strcmp(c->key, key))
			return true;
	return false;
}

static int read_key(struct reader *r, struct yaml_node *map, struct fy_event *e,
		    char **key, struct yaml_mark *at)
{
	char what[128];
	int rc;

	*at = mark_of(r, e);
	if (has_anchor_or_tag(e))
		return fail_at(r, *at, "anchors, aliases and tags are not supported");
	if (e->type != FYET_SCALAR)
		return fail_at(r, *at, "key is not text");
	rc = scalar_text(r, e, key);
	if (rc || !has_key(map, *key))
		return rc;
	snprintf(what, sizeof(what), "key '%.64s' is given twice", *key);
	return fail_at(r, *at, what);
}

/* One member of a list or map, beginning with event e; frees e. */
static int read_member(struct reader *r, struct yaml_node *parent, struct fy_event *e,
		       struct yaml_node ***tail)
{
	_cleanup_free_ char *key = NULL;
	struct yaml_mark key_at = { 0, 0 };
	struct yaml_node *child = NULL;
	int rc = 0;

	if (parent->kind == YAML_MAP) {
		rc = read_key(r, parent, e, &key, &key_at);
		fy_parser_event_free(r->parser, e);
		if (!rc)
			rc = next_event(r, &e);
		if (rc)
			return rc;
	}
	rc = read_node(r, e, &child);
	fy_parser_event_free(r->parser, e);
	if (rc)
		return rc;
	child->key = TAKE(key);
	child->key_at = key_at;
	if (!child->at.line)
		child->at = key_at; /* an empty value has no place of its own */
	**tail = child;
	*tail = &child->next;
	return 0;
}

static int read_members(struct reader *r, struct yaml_node *parent)
{
	struct yaml_node **tail = &parent->child;
	struct fy_event *e;
	int rc;

	if (++r->depth > YAML_MAX_DEPTH)
		return fail_at(r, parent->at, "nested too deeply");
	for (;;) {
		rc = next_event(r, &e);
		if (rc)
			return rc;
		if (e->type == FYET_SEQUENCE_END || e->type == FYET_MAPPING_END)
			break;
		rc = read_member(r, parent, e, &tail);
		if (rc)
			return rc;
	}
	fy_parser_event_free(r->parser, e);
	r->depth--;
	return 0;
}

static int read_node(struct reader *r, struct fy_event *e, struct yaml_node **out)
{
	struct yaml_node *n;
	int rc = 0;

	if (has_anchor_or_tag(e))
		return fail_at(r, mark_of(r, e),
			       "anchors, aliases and tags are not supported");
	if (++r->nodes > YAML_MAX_NODES)
		return fail_at(r, mark_of(r, e), "too many values");
	n = calloc(1, sizeof(*n));
	if (!n)
		return no_memory(r);
	n->at = mark_of(r, e);
	n->kind = e->type == FYET_MAPPING_START    ? YAML_MAP
		  : e->type == FYET_SEQUENCE_START ? YAML_LIST
						   : YAML_SCALAR;
	if (n->kind == YAML_SCALAR) {
		rc = scalar_text(r, e, &n->text);
	} else {
		rc = read_members(r, n);
	}
	if (rc) {
		yaml_free(n);
		return rc;
	}
	*out = n;
	return 0;
}

/* STREAM_START, then at most one document, then STREAM_END. */
static int read_stream(struct reader *r, struct yaml_node **root)
{
	struct fy_event *e;
	enum fy_event_type type;
	int rc;

	do {
		rc = next_event(r, &e);
		if (rc)
			return rc;
		type = e->type;
		if (type == FYET_DOCUMENT_START && *root)
			rc = fail_at(r, mark_of(r, e), "more than one document");
		else if (type == FYET_SCALAR || type == FYET_ALIAS ||
			 type == FYET_SEQUENCE_START || type == FYET_MAPPING_START)
			rc = read_node(r, e, root);
		fy_parser_event_free(r->parser, e);
	} while (!rc && type != FYET_STREAM_END);
	return rc;
}

static int open_parser(struct reader *r, const char *text, size_t len)
{
	struct fy_diag_cfg diag;
	struct fy_parse_cfg cfg = { .search_path = "",
				    .flags = FYPCF_QUIET | FYPCF_COLLECT_DIAG |
					     FYPCF_JSON_NONE |
					     FYPCF_DEFAULT_VERSION_1_2 };

	fy_diag_cfg_default(&diag);
	diag.fp = NULL;
	diag.colorize = false;
	r->diag = fy_diag_create(&diag);
	if (!r->diag)
		return no_memory(r);
	fy_diag_set_collect_errors(r->diag, true);
	cfg.diag = r->diag;
	r->parser = fy_parser_create(&cfg);
	if (!r->parser || fy_parser_set_string(r->parser, text, len))
		return no_memory(r);
	return 0;
}

int yaml_parse(struct yaml_node **out, const char *text, size_t len, const char *file,
	       struct skep_err *err)
{
	struct reader r = { .file = file, .text = text, .len = len, .err = err };
	struct yaml_node *root = NULL;
	int rc = check_text(&r, text, len);

	if (!rc)
		rc = open_parser(&r, text, len);
	if (!rc)
		rc = read_stream(&r, &root);
	if (r.parser)
		fy_parser_destroy(r.parser);
	fy_diag_destroy(r.diag);
	if (rc) {
		yaml_free(root);
		return rc;
	}
	*out = root;
	return 0;
}
