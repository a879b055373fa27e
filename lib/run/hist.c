/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * Histograms. As JSON one line each:
 * {"skep":"histogram","map":"latency","hist":"log2","unit":"ns","slots":[{"low":0,"high":1,"count":2},...]}
 * from the first to the last slot in use, "high" null where the last one takes all larger values,
 * and "key" where a map holds one for each key.
 */
#include <stdbool.h>
#include <string.h>

#include "lib/base/escape.h"
#include "lib/run/decode.h"
#include "lib/run/maps.h"

#define MAX_SLOTS   512
#define MAX_SHOWN   64
#define BAR_COLUMNS 40

struct hist {
	const char *map;
	bool linear;
	const char *unit;
	uint64_t counts[MAX_SLOTS];
	uint32_t cnt;        /* slots there are */
	uint32_t first, end; /* those in use */
	uint64_t total;
	const struct mapdata *keyed; /* NULL: the map is one histogram */
	size_t entry;
};

/* The array of counters in a value, NULL if the value is one counter. */
static const struct field *slots_of(const struct shape *value)
{
	for (size_t i = 0; i < value->field_cnt; i++) {
		const struct field *f = &value->fields[i];

		if (f->array && f->kind == FIELD_UINT &&
		    (!*f->path || !strcmp(f->path, "slots")))
			return f;
	}
	return NULL;
}

static bool is_counter(const struct shape *s)
{
	return s->field_cnt == 1 && s->fields[0].kind == FIELD_UINT &&
	       !s->fields[0].array;
}

/* Keys of arrays are often declared as int. */
static bool is_index(const struct shape *s)
{
	return is_counter(s) || (s->field_cnt == 1 && s->fields[0].kind == FIELD_INT &&
				 !s->fields[0].array);
}

bool hist_fits(const struct mapdata *m)
{
	return slots_of(m->value) || (is_counter(m->value) && is_index(m->key));
}

static void close_hist(struct hist *h)
{
	h->first = h->cnt;
	h->end = h->total = 0;
	for (uint32_t i = 0; i < h->cnt; i++) {
		if (!h->counts[i])
			continue;
		h->first = i < h->first ? i : h->first;
		h->end = i + 1;
		h->total += h->counts[i];
	}
}

static uint64_t low_of(const struct hist *h, uint32_t slot)
{
	if (h->linear)
		return slot;
	return slot ? 1ULL << (slot < 63 ? slot : 63) : 0;
}

static void print_json(const struct hist *h, struct buf *out)
{
	maps_json_open("histogram", h->map, out);
	if (h->keyed) {
		buf_str(out, ",\"key\":");
		decode_json(h->keyed->key, mapdata_key(h->keyed, h->entry),
			    h->keyed->key_size, out);
	}
	buf_fmt(out, ",\"hist\":\"%s\",\"unit\":", h->linear ? "linear" : "log2");
	escape_json(out, h->unit, strlen(h->unit));
	buf_str(out, ",\"slots\":[");
	for (uint32_t i = h->first; i < h->end; i++) {
		buf_fmt(out, "%s{\"low\":%llu,\"high\":", i > h->first ? "," : "",
			(unsigned long long)low_of(h, i));
		if (i + 1 < h->cnt)
			buf_fmt(out, "%llu", (unsigned long long)low_of(h, i + 1) - 1);
		else
			buf_str(out, "null");
		buf_fmt(out, ",\"count\":%llu}", (unsigned long long)h->counts[i]);
	}
	buf_str(out, "]}\n");
}

static void print_bar(uint64_t count, uint64_t most, struct buf *out)
{
	size_t n = (size_t)((double)count * BAR_COLUMNS / (double)most);

	if (count && !n)
		n = 1;
	buf_str(out, "  |");
	buf_fill(out, '#', n);
	buf_fill(out, ' ', BAR_COLUMNS - n);
	buf_str(out, "|\n");
}

static void print_slot(const struct hist *h, uint32_t i, uint64_t most, int width,
		       struct buf *out)
{
	unsigned long long low = low_of(h, i),
			   next = i + 1 < h->cnt ? low_of(h, i + 1) : 0;

	if (next && next == low + 1)
		buf_fmt(out, "  %*llu    %-*s", width, low, width, "");
	else if (next)
		buf_fmt(out, "  %*llu .. %-*llu", width, low, width, next - 1);
	else
		buf_fmt(out, "  %*llu .. %-*s", width, low, width, "");
	buf_fmt(out, "  %12llu", (unsigned long long)h->counts[i]);
	print_bar(h->counts[i], most, out);
}

static void print_text(const struct hist *h, struct buf *out)
{
	uint64_t most = 0;
	char widest[24];
	int width;

	buf_char(out, '\n');
	escape_text(out, h->map, strlen(h->map));
	if (h->keyed) {
		buf_char(out, '[');
		maps_line(h->keyed->key, mapdata_key(h->keyed, h->entry),
			  h->keyed->key_size, out);
		buf_char(out, ']');
	}
	if (!h->total) {
		buf_str(out, ": empty\n");
		return;
	}
	buf_fmt(out, ": %llu counted", (unsigned long long)h->total);
	if (*h->unit)
		buf_str(out, ", in ");
	escape_text(out, h->unit, strlen(h->unit));
	buf_char(out, '\n');
	for (uint32_t i = h->first; i < h->end; i++)
		most = h->counts[i] > most ? h->counts[i] : most;
	width = snprintf(widest, sizeof(widest), "%llu",
			 (unsigned long long)low_of(h, h->end));
	for (uint32_t i = h->first; i < h->end; i++)
		print_slot(h, i, most, width, out);
}

static void print_hist(const struct hist *h, bool json, struct buf *out)
{
	if (json)
		print_json(h, out);
	else
		print_text(h, out);
}

/* The whole map is one histogram: its keys are the slots. */
static void print_whole(struct hist *h, const struct mapdata *m, bool json,
			struct buf *out)
{
	for (size_t i = 0; i < m->cnt; i++) {
		uint64_t slot = 0, count = 0;

		decode_u64(&m->key->fields[0], 0, mapdata_key(m, i), m->key_size, &slot);
		decode_u64(&m->value->fields[0], 0, mapdata_value(m, i), m->value_size,
			   &count);
		if (slot >= MAX_SLOTS)
			continue;
		h->counts[slot] = count;
		h->cnt = slot >= h->cnt ? (uint32_t)slot + 1 : h->cnt;
	}
	close_hist(h);
	print_hist(h, json, out);
}

/* The one entry of a map of one: its key, 0, says nothing. */
static bool is_only(const struct mapdata *m)
{
	uint64_t key;

	return m->cnt == 1 && is_index(m->key) &&
	       decode_u64(&m->key->fields[0], 0, mapdata_key(m, 0), m->key_size, &key) &&
	       !key;
}

void hist_print(const struct mapdata *m, const char *map, const char *tag, bool json,
		struct buf *out)
{
	const struct field *slots = slots_of(m->value);
	const char *colon = strchr(tag, ':');
	const struct hist base = { .map = map,
				   .linear = !strncmp(tag, "linear", 6),
				   .unit = colon ? colon + 1 : "" };
	struct hist h = base;
	size_t shown = 0, last = 0;

	if (!slots) {
		print_whole(&h, m, json, out);
		return;
	}
	for (size_t i = 0; i < m->cnt && (json || shown < MAX_SHOWN); i++) {
		h = base;
		h.keyed = is_only(m) ? NULL : m;
		h.entry = i;
		h.cnt = slots->count < MAX_SLOTS ? slots->count : MAX_SLOTS;
		for (uint32_t k = 0; k < h.cnt; k++)
			decode_u64(slots, k, mapdata_value(m, i), m->value_size,
				   &h.counts[k]);
		close_hist(&h);
		if (h.keyed && !h.total)
			continue; /* arrays have all their entries, used or not */
		print_hist(&h, json, out);
		shown++;
		last = i;
	}
	if (!shown)
		print_hist(&h, json, out);
	else if (last + 1 < m->cnt && !json)
		buf_fmt(out, "  … up to %zu more\n", m->cnt - last - 1);
}
