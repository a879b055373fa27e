/* SPDX-License-Identifier: BSD-2-Clause */
/* Options: one walk over argv by a typed table. */
#include "cmd/common/opt.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

struct parse {
	const struct opt *table;
	bool *seen; /* one per table row */
	int argc, at;
	bool help; /* asked for; the rest is parsed all the same */
	char **argv;
};

static size_t table_len(const struct opt *table)
{
	size_t n = 0;

	while (table[n].kind != OPT_KIND_END)
		n++;
	return n;
}

static int list_add(struct opt_list *list, const char *item, struct skep_err *err)
{
	const char **items = realloc(list->items, (list->n + 1) * sizeof(*items));

	if (!items)
		return skep_fail(err, ENOMEM, "out of memory");
	list->items = items;
	items[list->n++] = item;
	return 0;
}

void opt_list_release(struct opt_list *list)
{
	free(list->items);
	*list = (struct opt_list){ 0 };
}

static bool is_choice(const char *choices, const char *value)
{
	size_t len = strlen(value);

	for (const char *s = choices; *s;) {
		size_t n = strcspn(s, "|");

		if (n == len && !strncmp(s, value, n))
			return true;
		s += n + (s[n] == '|');
	}
	return false;
}

static int store_uint(const struct opt *o, const char *value, struct skep_err *err)
{
	char *end;
	unsigned long long v;

	errno = 0;
	v = strtoull(value, &end, 10);
	if (*value < '0' || *value > '9' || *end || errno)
		return skep_fail(err, SKEP_EUSAGE, "--%s wants a number, not '%s'",
				 o->name, value);
	*(uint64_t *)o->value = v;
	return 0;
}

static int store(const struct opt *o, const char *value, struct skep_err *err)
{
	switch (o->kind) {
	case OPT_KIND_FLAG:
		*(bool *)o->value = true;
		return 0;
	case OPT_KIND_LIST:
		return list_add(o->value, value, err);
	case OPT_KIND_UINT:
		return store_uint(o, value, err);
	case OPT_KIND_CHOICE:
		if (!is_choice(o->arg, value))
			return skep_fail(err, SKEP_EUSAGE, "--%s wants %s, not '%s'",
					 o->name, o->arg, value);
		break;
	default:
		break;
	}
	*(const char **)o->value = value;
	return 0;
}

static int set(struct parse *p, const struct opt *o, const char *value,
	       struct skep_err *err)
{
	bool *seen = &p->seen[o - p->table];

	if (*seen && o->kind != OPT_KIND_LIST)
		return skep_fail(err, SKEP_EUSAGE, "--%s is given twice", o->name);
	*seen = true;
	if (o->kind == OPT_KIND_FLAG && value)
		return skep_fail(err, SKEP_EUSAGE, "--%s takes no value", o->name);
	if (o->kind != OPT_KIND_FLAG && !value) {
		if (p->at + 1 >= p->argc)
			return skep_fail(err, SKEP_EUSAGE, "--%s wants a value: %s",
					 o->name, o->arg);
		value = p->argv[++p->at];
	}
	return store(o, value, err);
}

static const struct opt *find_long(const struct opt *table, const char *name, size_t n)
{
	for (const struct opt *o = table; o->kind != OPT_KIND_END; o++)
		if (o->name && strlen(o->name) == n && !strncmp(o->name, name, n))
			return o;
	return NULL;
}

static int unknown(const char *arg, struct skep_err *err)
{
	return skep_fail(err, SKEP_EUSAGE, "unknown option '%s'", arg);
}

static int parse_long(struct parse *p, const char *arg, struct skep_err *err)
{
	size_t n = strcspn(arg + 2, "=");
	const struct opt *o = find_long(p->table, arg + 2, n);

	if (!strcmp(arg, "--help")) {
		p->help = true;
		return 0;
	}
	return o ? set(p, o, arg[2 + n] ? arg + 3 + n : NULL, err) : unknown(arg, err);
}

static int parse_short(struct parse *p, const char *arg, struct skep_err *err)
{
	for (const char *s = arg + 1; *s; s++) {
		const struct opt *o = p->table;
		int rc;

		while (o->kind != OPT_KIND_END && o->short_name != *s)
			o++;
		if (*s == 'h' && o->kind == OPT_KIND_END) {
			p->help = true;
			continue;
		}
		if (o->kind == OPT_KIND_END)
			return unknown(arg, err);
		if (o->kind != OPT_KIND_FLAG)
			return set(p, o, s[1] ? s + 1 : NULL, err);
		rc = set(p, o, NULL, err);
		if (rc)
			return rc;
	}
	return 0;
}

int opt_parse(const struct opt *table, int argc, char **argv, struct opt_list *operands,
	      struct skep_err *err)
{
	struct parse p = { .table = table, .argc = argc, .argv = argv };
	bool only_operands = false;
	int rc = 0;

	p.seen = calloc(table_len(table) + 1, sizeof(*p.seen));
	if (!p.seen)
		return skep_fail(err, ENOMEM, "out of memory");
	for (p.at = 1; p.at < argc && !rc; p.at++) {
		const char *arg = argv[p.at];

		if (only_operands || *arg != '-' || !arg[1])
			rc = list_add(operands, arg, err);
		else if (!strcmp(arg, "--"))
			only_operands = true;
		else if (arg[1] == '-')
			rc = parse_long(&p, arg, err);
		else
			rc = parse_short(&p, arg, err);
	}
	free(p.seen);
	return p.help ? 1 : rc;
}

static int spelling(char *out, size_t size, const struct opt *o)
{
	char dash[5] = "    ";

	if (o->short_name)
		snprintf(dash, sizeof(dash), "-%c%s", o->short_name, o->name ? ", " : "");
	return snprintf(out, size, "%s%s%s%s%s", dash, o->name ? "--" : "",
			o->name ? o->name : "", o->arg ? " " : "", o->arg ? o->arg : "");
}

char *opt_help(const struct opt *table)
{
	char *text = NULL, left[128];
	size_t len, width = 0;
	FILE *f = open_memstream(&text, &len);

	if (!f)
		return NULL;
	for (const struct opt *o = table; o->kind != OPT_KIND_END; o++) {
		int n = spelling(left, sizeof(left), o);

		width = n > (int)width ? (size_t)n : width;
	}
	for (const struct opt *o = table; o->kind != OPT_KIND_END; o++) {
		spelling(left, sizeof(left), o);
		fprintf(f, "  %-*s  %s\n", (int)width, left, o->help);
	}
	return fclose(f) ? NULL : text;
}
