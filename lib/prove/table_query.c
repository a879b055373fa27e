/* SPDX-License-Identifier: BSD-2-Clause */
/* What is asked of the table: "--sort insns-,program", "--filter time>=2ms". */
#include <errno.h>
#include <fnmatch.h>
#include <string.h>

#include "lib/base/text.h"
#include "lib/prove/table_parts.h"

#define LEGAL                                                                     \
	"insns, states, peak, stack, jited, time, runs, events, kernel, object, " \
	"program, verdict, attach"

const char *table_word(unsigned int column)
{
	static const char *const words[] = {
		[COLUMN_KERNEL] = "kernel",   [COLUMN_OBJECT] = "object",
		[COLUMN_PROGRAM] = "program", [COLUMN_VERDICT] = "verdict",
		[COLUMN_ATTACH] = "attach",   [COLUMN_EVENTS] = "events",
		[COLUMN_RUNS] = "runs",       [COLUMN_INSNS] = "insns",
		[COLUMN_STATES] = "states",   [COLUMN_PEAK] = "peak",
		[COLUMN_STACK] = "stack",     [COLUMN_JITED] = "jited",
		[COLUMN_TIME] = "time",
	};

	return words[column];
}

static unsigned int column_of(const char *word, size_t len)
{
	unsigned int i = 0;

	while (i < COLUMN_CNT &&
	       (strlen(table_word(i)) != len || memcmp(table_word(i), word, len)))
		i++;
	return i;
}

static int no_column(const char *option, const char *word, size_t len,
		     struct skep_err *err)
{
	skep_fail(err, SKEP_EUSAGE, "%s: there is no column '%.*s'", option,
		  (int)(len < 64 ? len : 64), word);
	return skep_err_hint(err, "one of " LEGAL);
}

static int read_key(struct table_query *q, const char *word, size_t len,
		    struct skep_err *err)
{
	struct table_key k = { 0 };

	if (len && *word == '-') {
		k.down = true;
		word++;
		len--;
	} else if (len && word[len - 1] == '-') {
		k.down = true;
		len--;
	}
	k.column = column_of(word, len);
	if (k.column == COLUMN_CNT)
		return no_column("--sort", word, len, err);
	if (q->key_cnt == TABLE_KEYS)
		return skep_fail(err, SKEP_EUSAGE, "--sort takes at most %d keys",
				 TABLE_KEYS);
	q->keys[q->key_cnt++] = k;
	return 0;
}

static int read_sort(struct table_query *q, const char *sort, struct skep_err *err)
{
	int rc = 0;

	for (const char *s = sort; s && !rc;) {
		size_t n = strcspn(s, ",");

		rc = read_key(q, s, n, err);
		s = s[n] ? s + n + 1 : NULL;
	}
	return rc;
}

static bool read_number(struct table_filter *f)
{
	if (f->column == COLUMN_TIME)
		return text_duration_ns(f->text, 1, &f->number);
	return text_u64(f->text, &f->number);
}

static int bad_value(const struct table_filter *f, struct skep_err *err)
{
	const char *word = table_word(f->column);

	if (table_is_text(f->column))
		return skep_fail(err, SKEP_EUSAGE,
				 "--filter: '%s' is text: only = and != compare it",
				 word);
	return skep_fail(err, SKEP_EUSAGE, "--filter: %s wants %s, not '%s'", word,
			 f->column == COLUMN_TIME ? "a duration as 2ms" : "a number",
			 f->text);
}

static int read_filter(struct table_query *q, const char *expr, struct skep_err *err)
{
	size_t len = strcspn(expr, "<>=!"), op = strspn(expr + len, "<>=!");
	struct table_filter f = { column_of(expr, len), "", expr + len + op, 0 };
	static const char *const ops[] = { "=", "!=", "<", "<=", ">", ">=" };
	bool known = false;

	for (size_t i = 0; i < sizeof(ops) / sizeof(*ops); i++)
		known = known ||
			(strlen(ops[i]) == op && !memcmp(ops[i], expr + len, op));
	if (!known) {
		skep_fail(err, SKEP_EUSAGE,
			  "--filter wants COLUMN, =, !=, <, <=, > or >=, "
			  "and a value, not '%s'",
			  expr);
		return skep_err_hint(err, "as in insns>1000, verdict=refused or "
					  "'program=on_*'");
	}
	memcpy(f.op, expr + len, op);
	if (f.column == COLUMN_CNT)
		return no_column("--filter", expr, len, err);
	if (table_is_text(f.column) ? *f.op == '<' || *f.op == '>' : !read_number(&f))
		return bad_value(&f, err);
	if (q->filter_cnt == TABLE_FILTERS)
		return skep_fail(err, SKEP_EUSAGE, "there are more than %d --filter",
				 TABLE_FILTERS);
	q->filters[q->filter_cnt++] = f;
	return 0;
}

int table_query_read(struct table_query *out, const struct skep_prove_opts *opts,
		     struct skep_err *err)
{
	struct table_query q = { .top = opts->top, .lines = opts->hot_lines };
	int rc = read_sort(&q, opts->sort, err);

	for (size_t i = 0; i < opts->filter_cnt && !rc; i++)
		rc = read_filter(&q, opts->filters[i], err);
	if (rc)
		return rc;
	q.text = opts->host || opts->stats || opts->hot_lines || q.top || q.key_cnt ||
		 q.filter_cnt;
	*out = q;
	return 0;
}

static bool takes(const struct table_filter *f, const struct table_row *r)
{
	uint64_t v = r->number[f->column];
	bool equal;

	if (table_is_text(f->column))
		equal = r->text[f->column] && !fnmatch(f->text, r->text[f->column], 0);
	else
		equal = v == f->number;
	if (*f->op == '!')
		return !equal;
	if ((f->op[0] == '=' || f->op[1] == '=') && equal)
		return true;
	return (*f->op == '<' && v < f->number) || (*f->op == '>' && v > f->number);
}

bool table_query_takes(const struct table_query *q, const struct table_row *r)
{
	for (size_t i = 0; i < q->filter_cnt; i++)
		if (!takes(&q->filters[i], r))
			return false;
	return true;
}

int table_query_order(const struct table_query *q, const struct table_row *a,
		      const struct table_row *b)
{
	int order = 0;

	for (size_t i = 0; i < q->key_cnt && !order; i++) {
		unsigned int c = q->keys[i].column;

		if (table_is_text(c))
			order = strcmp(a->text[c], b->text[c]);
		else
			order = (a->number[c] > b->number[c]) -
				(a->number[c] < b->number[c]);
		order = q->keys[i].down ? -order : order;
	}
	return order ? order : (a->place > b->place) - (a->place < b->place);
}
