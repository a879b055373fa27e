/* SPDX-License-Identifier: BSD-2-Clause */
/* The running kernel is asked in this process: the same measuring as in a guest. */
#include "lib/prove/proving.h"

#include <errno.h>
#include <poll.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

#include "lib/base/cleanup.h"
#include "lib/prove/measure.h"
#include "lib/prove/stimulus.h"

#define TRACE_MAX  ((size_t)64 << 20) /* bytes of a program's log */
#define PROGRAM_MS 60000              /* that loading one may take */
#define SLICE_NS \
	10000000 /* events of one object are taken for so long before the next one's turn */

struct host {
	struct proving *p;
	struct proving_kernel *k;
	struct measure **measures; /* by row of the kernel */
	size_t row;                /* that is measured: for the listener */
};

static int take_event(void *ctx, const char *line, size_t len, struct skep_err *err)
{
	struct host *h = ctx;
	struct proving *p = h->p;
	_cleanup_free_ char *copy = strndup(line, len);

	if (!copy)
		return skep_fail(err, ENOMEM, "out of memory");
	p->o.event(p->o.ctx, "host", p->rows[h->k->rows[h->row]].name, copy);
	return 0;
}

static int load(struct host *h, size_t i, const struct measure_listener *listener,
		struct skep_err *err)
{
	static const struct params_place place = { .ifname = "lo",
						   .cgroup = "/sys/fs/cgroup" };
	struct proving *p = h->p;
	const struct object *o = proving_object(p, h->k->rows[i]);
	const struct measure_query q = {
		.data = o->data,
		.size = o->size,
		.name = p->rows[h->k->rows[i]].name,
		.where = o->where,
		.presets = p->o.presets,
		.preset_cnt = p->o.preset_cnt,
		.pass_presets = true,
		.only = p->o.program_cnt ? p->o.programs : NULL,
		.only_cnt = p->o.program_cnt,
		.place = &place,
		.attach = !p->o.no_attach,
		.trace = p->o.hot_lines > 0,
		.log_max = p->o.hot_lines ? TRACE_MAX : 0,
		.program_ms = PROGRAM_MS,
		.listener = listener,
		.log = p->o.log,
	};

	return measure_load(&h->measures[i], &q, err);
}

static uint64_t now_ns(void)
{
	struct timespec t;

	clock_gettime(CLOCK_MONOTONIC, &t);
	return (uint64_t)t.tv_sec * 1000000000 + (uint64_t)t.tv_nsec;
}

static int check_stop(const struct proving *p, struct skep_err *err)
{
	struct pollfd fd = { .fd = p->o.stop_fd, .events = POLLIN };

	return poll(&fd, 1, 0) > 0 ? skep_fail(err, EINTR, "stopped") : 0;
}

/* All objects in turn, until the time is up or, if there is a stimulus, that has ended. */
static int watch(struct host *h, struct stimulus *s, struct skep_err *err)
{
	const struct skep_prove_opts *o = &h->p->o;
	uint64_t end = now_ns() + (s ? o->stimulus_ns : o->duration_ns);
	int rc = 0;

	while (!rc && now_ns() < end && !(s && stimulus_poll(s))) {
		for (h->row = 0; h->row < h->k->row_cnt && !rc; h->row++)
			rc = measure_watch(h->measures[h->row], SLICE_NS / h->k->row_cnt,
					   o->stop_fd, err);
		if (!rc)
			rc = check_stop(h->p, err);
	}
	return rc;
}

static int watch_stimulus(struct host *h, struct skep_err *err)
{
	struct stimulus s = { 0 };
	int rc = stimulus_start(&s, h->p->o.stimulus, err);

	if (!rc)
		rc = watch(h, &s, err);
	if (!rc)
		rc = stimulus_end(&s, err);
	if (!rc)
		rc = proving_stimulus(h->k, s.status, s.timeout, s.output.data, err);
	stimulus_release(&s);
	return rc;
}

static int attach(struct host *h, struct skep_err *err)
{
	bool again = false;
	int rc = 0;

	for (size_t i = 0; i < h->k->row_cnt && !rc; i++)
		rc = measure_attach(h->measures[i], err);
	if (!rc)
		rc = h->p->stimulus ? watch_stimulus(h, err) : watch(h, NULL, err);
	for (size_t i = 0; i < h->k->row_cnt && !rc; i++)
		rc = measure_finish(h->measures[i], err);
	for (size_t i = 0; i < h->k->row_cnt && !rc; i++)
		again |= measure_is_refused(h->measures[i]);
	for (size_t i = 0; i < h->k->row_cnt && again; i++)
		measure_detach(h->measures[i]);
	for (size_t i = 0; i < h->k->row_cnt && again && !rc; i++)
		rc = measure_again(h->measures[i], err);
	return rc;
}

int proving_host(struct proving *p, struct skep_err *err)
{
	struct host h = { .p = p, .k = &p->kernels[0] };
	const struct measure_listener listener = { .event = p->o.event ? take_event : NULL,
						   .ctx = &h };
	int rc = 0;

	h.measures = calloc(h.k->row_cnt + 1, sizeof(struct measure *));
	if (!h.measures)
		return skep_fail(err, ENOMEM, "out of memory");
	for (size_t i = 0; i < h.k->row_cnt && !rc; i++)
		rc = load(&h, i, &listener, err);
	if (!rc && !p->o.no_attach)
		rc = attach(&h, err);
	for (size_t i = 0; i < h.k->row_cnt; i++) {
		if (!rc)
			h.k->cells[i].proof = measure_take(h.measures[i]);
		measure_free(h.measures[i]);
	}
	h.k->boot.tries = 1;
	free(h.measures);
	return rc ?: proving_fit(p, h.k, err);
}
