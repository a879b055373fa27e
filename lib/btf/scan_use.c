/* SPDX-License-Identifier: BSD-2-Clause */
/* From tokens to uses: what is written behind and before a name, and what macros make of it. */
#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "lib/btf/scan_parts.h"

#define MAX_PASTED 65536
#define STRONG     (SCAN_IDENT | SCAN_TAG | SCAN_MEMBER)

/* prefix ## parameter ## suffix, in a macro that is used. */
struct pattern {
	uint32_t prefix, suffix; /* names */
	unsigned int use;
	size_t args; /* how many arguments it has been tried with */
};

struct resolver {
	struct scan *s;
	struct pattern *patterns;
	size_t pattern_cnt, pattern_cap;
	size_t pasted;
	bool tags; /* a used macro puts struct before a parameter */
};

/* Some tokens, and where in them we are. */
struct reader {
	const uint32_t *v;
	size_t n, i;
	unsigned int inherited; /* use of the macro whose body they are */
	bool body, weak;
	uint32_t paren, brace;
	uint32_t macro_at; /* depth of the parentheses of a macro's arguments; 0: none */
};

static bool is_name(uint32_t t)
{
	return t >= TOK_NAME;
}

static uint32_t before(const struct reader *r)
{
	return r->i ? r->v[r->i - 1] : 0;
}

static uint32_t after(const struct reader *r)
{
	return r->i + 1 < r->n ? r->v[r->i + 1] : 0;
}

static void use_name(struct scan *s, uint32_t name, unsigned int use)
{
	struct scan_name *n = &s->names[name];

	n->use |= use;
	if ((n->use & ~n->done & STRONG) && n->macro && !n->queued) {
		n->queued = true;
		scan_push(s, &s->queue, name);
	}
}

static bool before_tag(const struct scan *s, uint32_t t)
{
	return is_name(t) &&
	       (t - TOK_NAME < KNOWN_KEYWORDS || s->names[t - TOK_NAME].tagger);
}

/* What the name at hand is used as. */
static unsigned int use_of(const struct scan *s, const struct reader *r)
{
	uint32_t prev = before(r);

	if (before_tag(s, prev))
		return after(r) == ';' && !r->brace && !r->body ? 0 : SCAN_TAG;
	if (prev == '.' || prev == TOK_ARROW)
		return SCAN_MEMBER;
	if (r->macro_at && (prev == '(' || prev == ',') && after(r) != '(')
		return SCAN_IDENT | SCAN_MEMBER;
	return SCAN_IDENT;
}

static void take_argument(struct scan *s, uint32_t name)
{
	if (s->names[name].argument)
		return;
	s->names[name].argument = true;
	scan_push(s, &s->args, name);
}

static void read_name(struct resolver *rs, struct reader *r)
{
	struct scan *s = rs->s;
	uint32_t name = r->v[r->i] - TOK_NAME;
	unsigned int use = use_of(s, r);

	if (r->macro_at && use != SCAN_MEMBER)
		take_argument(s, name);
	if (use)
		use_name(s, name, use | r->inherited);
	if ((s->names[name].function || s->names[name].alias) && after(r) == '(' &&
	    !r->macro_at)
		r->macro_at = r->paren + 1;
}

static void read_param(struct resolver *rs, struct reader *r)
{
	if (before_tag(rs->s, before(r)) || (r->inherited & SCAN_TAG))
		rs->tags = true;
	if (after(r) == '(' && !r->macro_at)
		r->macro_at = r->paren + 1;
}

static void read_close(struct reader *r)
{
	if (r->macro_at && r->macro_at == r->paren) {
		r->macro_at = 0;
		if (after(r) == '(') /* what the macro becomes may be one again */
			r->macro_at = r->paren;
	}
	if (r->paren)
		r->paren--;
}

struct chain {
	size_t end; /* index behind the last part */
	unsigned int params, unknown;
	char text[2][128]; /* before and behind the parameter */
};

static void add_text(struct scan *s, struct chain *c, uint32_t name)
{
	const struct scan_name *n = &s->names[name];
	char *to = c->text[c->params > 0];
	size_t len = strlen(to);

	if (n->len >= sizeof(c->text[0]) - len)
		c->unknown++;
	else
		memcpy(to + len, s->text.data + n->at, n->len + 1);
}

static void read_chain(struct scan *s, const struct reader *r, struct chain *c)
{
	size_t i = r->i;

	*c = (struct chain){ .end = i + 1 };
	for (;; i += 2) {
		if (r->v[i] == TOK_PARAM)
			c->params++;
		else if (is_name(r->v[i]))
			add_text(s, c, r->v[i] - TOK_NAME);
		else
			c->unknown++;
		c->end = i + 1;
		if (i + 2 >= r->n || r->v[i + 1] != TOK_PASTE)
			return;
	}
}

/*
 * Can a name that nobody knows be that of a type? One before parentheses is a function's or a macro's, which
 * clang misses if it is not there; unless the program declares it itself, as it may a kfunc.
 */
static bool may_be_type(const struct reader *r, const struct chain *c)
{
	for (size_t i = 0; i < r->n; i++)
		if (r->v[i] == TOK_NAME + KNOWN_KSYM)
			return true;
	return c->end + 1 >= r->n || r->v[c->end] != '(' || r->v[c->end + 1] == '*';
}

/* The parts of a name that ## puts together. One parameter can be tried with all that macros are given. */
static void read_paste(struct resolver *rs, struct reader *r)
{
	struct scan *s = rs->s;
	bool tag = before_tag(s, before(r)) || (r->inherited & SCAN_TAG);
	unsigned int use = SCAN_IDENT | SCAN_MEMBER | (tag ? SCAN_TAG : 0);
	struct chain c;

	if (r->v[r->i] == ',')
		return; /* , ## __VA_ARGS__ */
	read_chain(s, r, &c);
	if (c.params > 1 || c.unknown) {
		s->vague |= tag;
		s->pastes |= !r->weak && may_be_type(r, &c);
		return;
	}
	if (!c.params) {
		use_name(s, scan_intern(s, c.text[0], strlen(c.text[0])), use);
		return;
	}
	if (!scan_grow(s, &rs->patterns, rs->pattern_cnt, &rs->pattern_cap,
		       sizeof(*rs->patterns)))
		return;
	rs->patterns[rs->pattern_cnt++] = (struct pattern){
		.prefix = scan_intern(s, c.text[0], strlen(c.text[0])),
		.suffix = scan_intern(s, c.text[1], strlen(c.text[1])),
		.use = use,
	};
}

static void read_tokens(struct resolver *rs, struct reader *r)
{
	for (r->i = 0; r->i < r->n; r->i++) {
		uint32_t t = r->v[r->i];

		if (after(r) == TOK_PASTE && before(r) != TOK_PASTE)
			read_paste(rs, r);
		if (is_name(t))
			read_name(rs, r);
		else if (t == TOK_PARAM)
			read_param(rs, r);
		else if (t == '(')
			r->paren++;
		else if (t == ')')
			read_close(r);
		else if (t == '{')
			r->brace++;
		else if (t == '}' && r->brace)
			r->brace--;
	}
}

/* Tokens may move while bodies are read only if bodies grow, which ended with the last file. */
static void drain(struct resolver *rs)
{
	struct scan *s = rs->s;

	while (s->queue.n && !s->err) {
		struct scan_name *n = &s->names[s->queue.v[--s->queue.n]];
		unsigned int inherited = n->use & (SCAN_TAG | SCAN_MEMBER);
		uint32_t next;

		n->queued = false;
		n->done = n->use;
		for (next = n->macro; next;) {
			struct scan_macro m = s->macros[next - 1];
			struct reader r = {
				.v = s->bodies.v + m.first,
				.n = m.cnt,
				.inherited = inherited,
				.body = true,
				.weak = m.weak,
			};

			read_tokens(rs, &r);
			next = m.next;
		}
	}
}

/* Try a pattern with the arguments that it has not seen. */
static void paste(struct resolver *rs, size_t at)
{
	struct scan *s = rs->s;

	while (rs->patterns[at].args < s->args.n && !s->err) {
		struct pattern *p = &rs->patterns[at];
		uint32_t parts[] = { p->prefix, s->args.v[p->args++], p->suffix };
		char name[512];
		size_t len = 0;

		for (size_t i = 0; i < 3; i++) {
			const struct scan_name *n = &s->names[parts[i]];

			if (n->len >= sizeof(name) - len)
				return;
			memcpy(name + len, s->text.data + n->at, n->len);
			len += n->len;
		}
		if (++rs->pasted > MAX_PASTED) {
			s->vague = true;
			return;
		}
		use_name(s, scan_intern(s, name, len), p->use);
	}
}

/* Until nothing new comes: bodies bring patterns and arguments, these bring names of macros. */
static void settle(struct resolver *rs)
{
	struct scan *s = rs->s;
	size_t args = 0, tagged = 0;

	do {
		drain(rs);
		args = s->args.n;
		for (size_t i = 0; i < rs->pattern_cnt && !s->vague; i++)
			paste(rs, i);
		for (; rs->tags && tagged < s->args.n; tagged++)
			if (!s->names[s->args.v[tagged]].function)
				use_name(s, s->args.v[tagged], SCAN_TAG);
	} while ((s->queue.n || args != s->args.n) && !s->err && !s->vague);
}

/* A function's name, and where its parameters begin; n if it is none. */
static size_t find_params(const struct reader *r, uint32_t *name)
{
	size_t open = 0, i;

	while (open < r->n && r->v[open] != '(')
		open++;
	if (open + 1 >= r->n)
		return r->n;
	if (r->v[open + 1] != '*') {
		*name = open && is_name(r->v[open - 1]) ? r->v[open - 1] - TOK_NAME : 0;
		return open;
	}
	for (i = open; i < r->n && r->v[i] != ')'; i++)
		if (is_name(r->v[i]))
			*name = r->v[i] - TOK_NAME;
	return open;
}

/*
 * Who uses a helper needs what it returns; who uses a kfunc, also what it takes, as libbpf compares all of it
 * with the kernel's.
 */
static void link_function(struct resolver *rs, const struct reader *r)
{
	struct scan *s = rs->s;
	uint32_t name = 0, first = s->bodies.n;
	size_t n = find_params(r, &name);
	struct scan_macro *m;

	if (n == r->n || !name)
		return;
	if (r->v[0] == TOK_NAME + KNOWN_EXTERN)
		n = r->n;
	for (size_t i = 0; i < n; i++)
		if (r->v[i] != TOK_NAME + name)
			scan_push(s, &s->bodies, r->v[i]);
	m = scan_add_macro(s, name, first, s->bodies.n - first);
	if (!m)
		return;
	m->weak = true;
	s->names[name].done = 0;
	use_name(s, name, 0);
}

/* A declaration without a body: its names need not be more than declared. */
static void read_weak(struct resolver *rs, struct reader *r)
{
	struct scan *s = rs->s;

	link_function(rs, r);
	for (r->i = 0; r->i < r->n; r->i++) {
		uint32_t name = r->v[r->i] - TOK_NAME;

		if (!is_name(r->v[r->i]))
			continue;
		if (!before_tag(s, before(r)))
			use_name(s, name, SCAN_WEAK);
		else if (r->i == 1 && r->n == 2)
			s->names[name].declared = true;
		else if (!s->names[name].declared)
			use_name(s, name, SCAN_WEAK_TAG);
	}
}

/* libbpf's headers: function by function and declaration by declaration. */
static void read_weak_file(struct resolver *rs, const uint32_t *v, size_t n)
{
	size_t begin = 0, depth = 0, i;

	for (i = 0; i < n; i++) {
		struct reader r = { .v = v + begin, .n = i - begin, .weak = true };

		if (v[i] == '{')
			depth++;
		if (v[i] == ';' && !depth)
			read_weak(rs, &r);
		else if (v[i] != '}' || !depth || --depth)
			continue;
		else
			read_tokens(rs, &r);
		begin = i + 1;
	}
	read_tokens(rs, &(struct reader){ .v = v + begin, .n = n - begin, .weak = true });
}

void scan_resolve(struct scan *s)
{
	struct resolver rs = { .s = s };
	size_t i, begin = 0;
	bool weak = false;

	for (i = 0; i <= s->tokens.n && !s->err; i++) {
		struct reader r = { .v = s->tokens.v + begin, .n = i - begin };

		if (i < s->tokens.n && s->tokens.v[i] != TOK_WEAK &&
		    s->tokens.v[i] != TOK_STRONG)
			continue;
		if (weak)
			read_weak_file(&rs, r.v, r.n);
		else
			read_tokens(&rs, &r);
		weak = i < s->tokens.n && s->tokens.v[i] == TOK_WEAK;
		begin = i + 1;
	}
	settle(&rs);
	if (s->pastes &&
	    ((s->names[KNOWN_TYPE_INFO].use | s->names[KNOWN_TYPE_ID].use) & SCAN_IDENT))
		s->vague = true;
	free(rs.patterns);
}
