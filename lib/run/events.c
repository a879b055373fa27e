/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * Reading events. As JSON, one line each: {"skep":"event","map":"events","pid":1,...}; of a buffer without a type
 * {"skep":"event","map":"events","hex":"00ff"}. For people, columns under a header that comes again when another
 * buffer speaks.
 */
#include "lib/run/events.h"

#include <ctype.h>
#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <sys/epoll.h>

#include <bpf/btf.h>
#include <bpf/libbpf.h>

#include "lib/base/escape.h"
#include "lib/base/text.h"
#include "lib/object/object.h"
#include "lib/run/decode.h"

#define BATCH \
	1024 /* records of one buffer before the others and the stop request get their turn */
#define PERF_PAGES 64
#define FLUSH_LEN  (64U << 10)

/* Numbers could take 20 columns and rarely do: process ids have at most 7 digits. */
#define USUAL_DIGITS 7

/* One buffer map. */
struct stream {
	struct events *events;
	const char *map;          /* name; borrowed of the object */
	struct shape *shape;      /* NULL: no type, shown as hex */
	size_t *widths;           /* of the shape's fields */
	uint64_t count;           /* of samples taken */
	bool odd_told;            /* that samples are not of the type's size */
	struct perf_buffer *perf; /* NULL for ring buffers */
};

struct events {
	struct sink *sink; /* NULL: nobody reads them */
	bool json;
	const struct skep_log *log;
	struct ring_buffer *rings;
	unsigned int ring_cnt;
	struct stream **streams; /* each at an address that stays, for callbacks */
	size_t stream_cnt;
	const struct stream *spoke; /* whose header was printed last */
	struct skep_err *err;       /* of the drain under way, for callbacks */
};

static void stream_free(struct stream *s)
{
	perf_buffer__free(s->perf);
	shape_free(s->shape);
	free(s->widths);
	free(s);
}

void events_free(struct events *e)
{
	if (!e)
		return;
	ring_buffer__free(e->rings);
	for (size_t i = 0; i < e->stream_cnt; i++)
		stream_free(e->streams[i]);
	free(e->streams);
	free(e);
}

int events_new(struct events **out, struct sink *sink, bool json,
	       const struct skep_log *log, struct skep_err *err)
{
	struct events *e = calloc(1, sizeof(*e));

	if (!e)
		return skep_fail(err, ENOMEM, "out of memory");
	e->sink = sink;
	e->json = json;
	e->log = log;
	*out = e;
	return 0;
}

/* Pad the cell just written from `from` on; one that is too wide widens its column for good. */
static void align(struct buf *b, size_t from, size_t *width, bool right)
{
	size_t n = escape_columns(b, from), pad = n < *width ? *width - n : 0;

	if (!pad) {
		*width = n;
		return;
	}
	buf_fill(b, ' ', pad);
	if (right && !b->err) {
		memmove(b->data + from + pad, b->data + from, b->len - from - pad);
		memset(b->data + from, ' ', pad);
	}
}

static size_t last_value(const struct shape *shape)
{
	size_t last = 0;

	for (size_t i = 0; i < shape->field_cnt; i++)
		if (field_is_value(&shape->fields[i]))
			last = i;
	return last;
}

/* A row of cells: the heading when data is NULL. */
static void add_row(const struct stream *s, const void *data, size_t len, struct buf *b)
{
	const struct shape *shape = s->shape;
	size_t last = last_value(shape);

	for (size_t i = 0; i <= last && i < shape->field_cnt; i++) {
		const struct field *f = &shape->fields[i];
		size_t from = b->len;

		if (!field_is_value(f))
			continue;
		if (data)
			decode_text(shape, f, data, len, b);
		else if (*f->path)
			buf_str(b, f->path);
		else
			buf_str(b, "value");
		for (size_t k = from; !data && k < b->len; k++)
			b->data[k] = (char)toupper((unsigned char)b->data[k]);
		if (i != last || decode_is_number(f))
			align(b, from, &s->widths[i], decode_is_number(f));
		if (i != last)
			buf_str(b, "  ");
	}
	buf_char(b, '\n');
}

static void add_header(struct stream *s, struct buf *b)
{
	if (s->events->spoke == s)
		return;
	s->events->spoke = s;
	if (s->events->stream_cnt > 1)
		buf_fmt(b, "%s:\n", s->map);
	if (s->shape)
		add_row(s, NULL, 0, b);
}

static void tell_odd(struct stream *s, size_t len)
{
	uint32_t size = s->shape->size;
	bool padded = s->perf && len >= size &&
		      len < size + 12ULL; /* perf rounds up, with a header of 4 */
	bool flexible = s->shape->fields[last_value(s->shape)].flexible;

	if (s->odd_told || len == size || padded || (flexible && len > size))
		return;
	s->odd_told = true;
	skep_log(s->events->log, SKEP_LOG_WARN,
		 "a sample of '%s' has %zu bytes, '%s' has %u", s->map, len,
		 s->shape->type_name, size);
}

static void add_json(const struct stream *s, const void *data, size_t len, struct buf *b)
{
	buf_str(b, "{\"skep\":\"event\",\"map\":");
	escape_json(b, s->map, strlen(s->map));
	if (!s->shape) {
		buf_str(b, ",\"hex\":\"");
		decode_hex(data, len, b);
		buf_char(b, '"');
	} else {
		buf_str(b, s->shape->is_struct ? "," : ",\"value\":");
		decode_json_members(s->shape, data, len, b);
	}
	buf_str(b, "}\n");
}

static void add_text(struct stream *s, const void *data, size_t len, struct buf *b)
{
	add_header(s, b);
	if (s->shape) {
		add_row(s, data, len, b);
		return;
	}
	decode_hex(data, len, b);
	buf_char(b, '\n');
}

static int on_sample(void *ctx, void *data, size_t len)
{
	struct stream *s = ctx;
	struct events *e = s->events;

	s->count++;
	if (!e->sink)
		return 0;
	if (s->shape)
		tell_odd(s, len);
	if (e->json)
		add_json(s, data, len, &e->sink->buf);
	else
		add_text(s, data, len, &e->sink->buf);
	return e->sink->buf.len < FLUSH_LEN ? 0 : sink_flush(e->sink, e->err);
}

static void on_perf_sample(void *ctx, int cpu, void *data, uint32_t len)
{
	on_sample(ctx, data, len);
}

static void on_perf_lost(void *ctx, int cpu, __u64 n)
{
	struct stream *s = ctx;

	skep_log(s->events->log, SKEP_LOG_WARN,
		 "'%s' lost %llu events on CPU %d: they came too fast", s->map,
		 (unsigned long long)n, cpu);
}

/* "skep" and "map" are ours in JSON: members of these names step aside. */
static int rename_ours(struct shape *shape, struct skep_err *err)
{
	for (size_t i = 0; i < shape->field_cnt; i++) {
		struct field *f = &shape->fields[i];
		bool ours = !strcmp(f->name, "map") || !strcmp(f->name, "skep");
		char *name;

		if (!ours || strcmp(f->path, f->name))
			continue;
		name = text_fmt("%s_", f->name);
		if (!name)
			return skep_fail(err, ENOMEM, "out of memory");
		free(f->name);
		f->name = name;
	}
	return 0;
}

static int set_shape(struct stream *s, const struct obj_map *map, const struct btf *btf,
		     struct skep_err *err)
{
	int rc;

	if (!map->event_type || !s->events->sink)
		return 0;
	if (!map->event_type_id)
		return skep_fail(err, SKEP_ECORRUPT,
				 "map '%s' carries '%s', which has no BTF", s->map,
				 map->event_type);
	rc = shape_new(&s->shape, btf, map->event_type_id, err);
	if (!rc)
		rc = rename_ours(s->shape, err);
	if (rc)
		return rc;
	if (!s->shape->field_cnt)
		return skep_fail(err, SKEP_ECORRUPT,
				 "'%s', the type of map '%s', has no members",
				 map->event_type, s->map);
	s->widths = calloc(s->shape->field_cnt, sizeof(*s->widths));
	if (!s->widths)
		return skep_fail(err, ENOMEM, "out of memory");
	for (size_t i = 0; i < s->shape->field_cnt; i++) {
		const struct field *f = &s->shape->fields[i];
		size_t width = field_is_value(f) ? decode_width(s->shape, f) : 0;

		if (decode_is_number(f) && width > USUAL_DIGITS)
			width = USUAL_DIGITS;
		s->widths[i] = width > strlen(f->path) ? width : strlen(f->path);
	}
	return 0;
}

static int open_ring(struct events *e, struct stream *s, int fd, struct skep_err *err)
{
	int rc = 0;

	if (e->rings)
		rc = ring_buffer__add(e->rings, fd, on_sample, s);
	else if (!(e->rings = ring_buffer__new(fd, on_sample, s, NULL)))
		rc = -errno;
	if (rc)
		return skep_fail(err, -rc, "cannot read ring buffer '%s': %s", s->map,
				 strerror(-rc));
	e->ring_cnt++;
	return 0;
}

static int add_map(struct events *e, const struct object *o, const struct obj_map *map,
		   struct skep_err *err)
{
	struct stream *s = calloc(1, sizeof(*s)), **more;
	int rc;

	more = realloc(e->streams, (e->stream_cnt + 1) * sizeof(*more));
	if (more)
		e->streams = more;
	if (!s || !more) {
		free(s);
		return skep_fail(err, ENOMEM, "out of memory");
	}
	e->streams[e->stream_cnt++] = s;
	s->events = e;
	s->map = map->name;
	rc = set_shape(s, map, o->btf, err);
	if (rc)
		return rc;
	if (map->map_type == BPF_MAP_TYPE_RINGBUF)
		return open_ring(e, s, bpf_map__fd(map->bpf), err);
	s->perf = perf_buffer__new(bpf_map__fd(map->bpf), PERF_PAGES, on_perf_sample,
				   on_perf_lost, s, NULL);
	if (!s->perf)
		return skep_fail(err, errno, "cannot read perf buffer '%s': %s", s->map,
				 strerror(errno));
	return 0;
}

bool events_is_buffer(const struct obj_map *map)
{
	return map->map_type == BPF_MAP_TYPE_RINGBUF ||
	       map->map_type == BPF_MAP_TYPE_PERF_EVENT_ARRAY;
}

int events_add(struct events *e, const struct object *o, struct skep_err *err)
{
	int rc = 0;

	for (size_t i = 0; i < o->map_cnt && !rc; i++) {
		const struct obj_map *map = &o->maps[i];

		if (bpf_map__autocreate(map->bpf) && events_is_buffer(map))
			rc = add_map(e, o, map, err);
	}
	return rc;
}

static int watch(int epoll_fd, int fd, struct skep_err *err)
{
	struct epoll_event ev = { .events = EPOLLIN, .data.fd = fd };

	if (epoll_ctl(epoll_fd, EPOLL_CTL_ADD, fd, &ev))
		return skep_fail(err, errno, "cannot wait for events: %s",
				 strerror(errno));
	return 0;
}

int events_watch(const struct events *e, int epoll_fd, struct skep_err *err)
{
	int rc = e->rings ? watch(epoll_fd, ring_buffer__epoll_fd(e->rings), err) : 0;

	for (size_t i = 0; i < e->stream_cnt && !rc; i++)
		if (e->streams[i]->perf)
			rc = watch(epoll_fd, perf_buffer__epoll_fd(e->streams[i]->perf),
				   err);
	return rc;
}

int events_drain(struct events *e, struct skep_err *err)
{
	bool more = false;
	int rc = 0;

	e->err = err;
	for (unsigned int i = 0; i < e->ring_cnt && rc >= 0; i++) {
		rc = ring__consume_n(ring_buffer__ring(e->rings, i), BATCH);
		more |= rc == BATCH;
	}
	for (size_t i = 0; i < e->stream_cnt && rc >= 0; i++)
		if (e->streams[i]->perf)
			rc = perf_buffer__consume(e->streams[i]->perf);
	if (rc < 0)
		return skep_fail(err, -rc, "cannot read events: %s", strerror(-rc));
	rc = e->sink ? sink_flush(e->sink, err) : 0;
	return rc ? rc : more;
}

uint64_t events_count(const struct events *e, const char *map)
{
	for (size_t i = 0; i < e->stream_cnt; i++)
		if (!strcmp(e->streams[i]->map, map))
			return e->streams[i]->count;
	return 0;
}
