/* SPDX-License-Identifier: BSD-2-Clause */
/* Characters to tokens: comments, literals and joined lines are gone; and how #define is read. */
#include <string.h>

#include "lib/btf/scan_parts.h"

#define MAX_PARAMS 64

static bool is_digit(char c)
{
	return c >= '0' && c <= '9';
}

static bool begins_name(char c)
{
	return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || c == '_' || c == '$' ||
	       (unsigned char)c >= 0x80;
}

static bool in_name(char c)
{
	return begins_name(c) || is_digit(c);
}

/* Length of a backslash and the line's end it hides, 0 if there is none. */
static size_t joint(const char *p)
{
	if (p[0] != '\\')
		return 0;
	return p[1] == '\n' ? 2 : p[1] == '\r' && p[2] == '\n' ? 3 : 0;
}

static void skip_line_comment(struct scan_lexer *l)
{
	while (l->p < l->end && *l->p != '\n')
		l->p += joint(l->p) ?: 1;
}

static void skip_block_comment(struct scan_lexer *l)
{
	const char *close;

	l->p += 2;
	do {
		close = memchr(l->p, '*', l->end - l->p);
		l->p = close ? close + 1 : l->end;
	} while (l->p < l->end && *l->p != '/');
	if (l->p < l->end)
		l->p++;
}

static void skip_blank(struct scan_lexer *l)
{
	while (l->p < l->end) {
		if (*l->p == '\n') {
			if (l->directive)
				return;
			l->fresh = true;
			l->p++;
		} else if (*l->p == ' ' || (unsigned char)*l->p < ' ') {
			l->p++;
		} else if (l->p[0] == '/' && l->p[1] == '*') {
			skip_block_comment(l);
		} else if (l->p[0] == '/' && l->p[1] == '/') {
			skip_line_comment(l);
		} else if (joint(l->p)) {
			l->p += joint(l->p);
		} else {
			return;
		}
	}
}

/* A literal ends with its quote, or, as clang sees it, with the line. */
static void skip_literal(struct scan_lexer *l)
{
	char quote = *l->p++;

	while (l->p < l->end && *l->p != quote && *l->p != '\n') {
		if (*l->p == '\\' && l->p + 1 < l->end)
			l->p += joint(l->p) ?: 2;
		else
			l->p++;
	}
	if (l->p < l->end && *l->p == quote)
		l->p++;
}

static void skip_number(struct scan_lexer *l)
{
	while (l->p < l->end && (in_name(*l->p) || *l->p == '.'))
		l->p += strchr("eEpP", *l->p) && (l->p[1] == '+' || l->p[1] == '-') ? 2
										    : 1;
}

static uint32_t lex_name(struct scan_lexer *l)
{
	const char *begin = l->p;

	while (l->p < l->end && in_name(*l->p))
		l->p++;
	if (joint(l->p) && in_name(l->p[joint(l->p)]))
		l->s->vague = true; /* the name goes on in the next line */
	return TOK_NAME + scan_intern(l->s, begin, l->p - begin);
}

/* Two or three characters that are one token; 0 if the next is one alone. */
static uint32_t lex_operator(struct scan_lexer *l)
{
	if (l->p[0] == '-' && l->p[1] == '>') {
		l->p += 2;
		return TOK_ARROW;
	}
	if (l->p[0] == '#' && l->p[1] == '#') {
		l->p += 2;
		return TOK_PASTE;
	}
	if (l->p[0] == '%' && l->p[1] == ':')
		l->s->vague = true; /* the other spelling of '#' */
	if (!strncmp(l->p, "...", 3)) {
		l->p += 3;
		return TOK_DOTS;
	}
	return 0;
}

static uint32_t lex(struct scan_lexer *l)
{
	uint32_t t;

	skip_blank(l);
	if (l->p >= l->end || *l->p == '\n')
		return TOK_END;
	if (begins_name(*l->p))
		return lex_name(l);
	if (is_digit(*l->p) || (*l->p == '.' && is_digit(l->p[1]))) {
		skip_number(l);
		return TOK_NUMBER;
	}
	if (*l->p == '"' || *l->p == '\'') {
		skip_literal(l);
		return TOK_TEXT;
	}
	t = lex_operator(l);
	return t ? t : (unsigned char)*l->p++;
}

uint32_t scan_lex(struct scan_lexer *l)
{
	uint32_t t = lex(l);

	/* "struct" handed to a macro, whose tag comes in another argument */
	if (l->tag && (t == ',' || t == ')'))
		l->s->vague = true;
	l->tag = t >= TOK_NAME && t - TOK_NAME < KNOWN_KEYWORDS;
	return t;
}

size_t scan_lex_include(struct scan_lexer *l, const char **name, bool *angle)
{
	const char *begin, *end;

	skip_blank(l);
	if (l->p >= l->end || (*l->p != '"' && *l->p != '<'))
		return 0;
	*angle = *l->p == '<';
	begin = l->p + 1;
	for (end = begin; end < l->end && *end != '\n'; end++)
		if (*end == (*angle ? '>' : '"')) {
			l->p = end + 1;
			*name = begin;
			return end - begin;
		}
	return 0;
}

struct params {
	uint32_t v[MAX_PARAMS + 1];
	size_t n;
};

static void lex_params(struct scan_lexer *l, struct params *params)
{
	uint32_t t;

	l->p++; /* ( */
	while ((t = scan_lex(l)) != TOK_END && t != ')')
		if (t >= TOK_NAME && params->n < MAX_PARAMS)
			params->v[params->n++] = t;
	params->v[params->n++] = TOK_NAME + KNOWN_VA_ARGS;
}

static bool is_param(const struct params *params, uint32_t t)
{
	for (size_t i = 0; i < params->n; i++)
		if (params->v[i] == t)
			return true;
	return false;
}

/* "bpf_core_read3" is what bpf_core_read ## n may become; likewise N, which libbpf takes for "and more". */
static size_t stem_of(const char *name, size_t len)
{
	size_t n = len;

	while (n && is_digit(name[n - 1]))
		n--;
	return n == len && n > 1 && name[n - 1] == 'N' ? n - 1 : n;
}

static void add_stem(struct scan *s, uint32_t name)
{
	char stem[128];
	size_t len = s->names[name].len,
	       n = stem_of(s->text.data + s->names[name].at, len);
	uint32_t id, first = s->bodies.n;

	if (n == len || !n || n >= sizeof(stem))
		return;
	memcpy(stem, s->text.data + s->names[name].at, n);
	id = scan_intern(s, stem, n);
	scan_push(s, &s->bodies, TOK_NAME + name);
	if (!s->err)
		scan_add_macro(s, id, first, s->bodies.n - first);
}

static bool is_keyword(uint32_t t)
{
	return t >= TOK_NAME && t < TOK_NAME + KNOWN_KEYWORDS;
}

void scan_define(struct scan_lexer *l, bool weak)
{
	struct scan *s = l->s;
	struct params params = { .n = 0 };
	uint32_t t = scan_lex(l), first = s->bodies.n, name;
	struct scan_macro *m;

	if (t < TOK_NAME || s->err)
		return;
	name = t - TOK_NAME;
	if (l->p < l->end && *l->p == '(')
		lex_params(l, &params);
	while ((t = scan_lex(l)) != TOK_END)
		scan_push(s, &s->bodies, is_param(&params, t) ? (uint32_t)TOK_PARAM : t);
	m = s->err ? NULL : scan_add_macro(s, name, first, s->bodies.n - first);
	if (!m)
		return;
	m->weak = weak;
	m->args = params.n;
	if (s->bodies.n > first) {
		uint32_t last = s->bodies.v[s->bodies.n - 1];

		s->names[name].tagger |= is_keyword(last);
		s->names[name].alias |= last >= TOK_NAME || last == ')';
	}
	s->names[name].function |= params.n > 0;
	if (s->early && !weak)
		s->names[name].early = true;
	add_stem(s, name);
}
