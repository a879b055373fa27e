/* SPDX-License-Identifier: BSD-2-Clause */
/* Measuring one object from its bytes to the last count. */
#include "lib/prove/measure_parts.h"

#include <errno.h>
#include <fnmatch.h>
#include <stdlib.h>
#include <string.h>
#include <sys/epoll.h>
#include <time.h>
#include <unistd.h>

#include <bpf/bpf.h>
#include <bpf/libbpf.h>

#include "lib/base/arch.h"
#include "lib/base/cleanup.h"
#include "lib/base/text.h"

#define LAST_NS 200000000 /* to take what is left in buffers */

void measure_free(struct measure *m)
{
	if (!m)
		return;
	attach_release(&m->attachments);
	events_free(m->events);
	load_release(&m->opened);
	measure_attempt_release(m);
	proof_free(m->proof);
	buf_release(&m->sink.buf);
	closep(&m->stats_fd);
	free(m->left);
	free(m->ops_off);
	free(m);
}

/* An object that is no object is an answer, too. */
static int not_tried(struct measure *m, const struct skep_err *why, struct skep_err *err)
{
	m->proof = proof_new(0, 0);
	if (m->proof)
		m->proof->message = *why->hint ? text_fmt("%s; %s", why->what, why->hint)
					       : strdup(why->what);
	return m->proof && m->proof->message ? 0
					     : skep_fail(err, ENOMEM, "out of memory");
}

static bool is_asked(const struct measure_query *q, const char *name)
{
	for (size_t i = 0; i < q->only_cnt; i++)
		if (!fnmatch(q->only[i], name, 0))
			return true;
	return !q->only;
}

static bool name_program(struct proof_program *p, const struct obj_program *of)
{
	bool typed = strcmp(of->type, "unspec") != 0;

	p->name = strdup(of->name);
	p->type = typed ? strdup(of->type) : NULL;
	return p->name && (p->type || !typed);
}

static int begin_proof(struct measure *m, struct skep_err *err)
{
	const struct object *o = m->opened.object;
	size_t buffers = 0;
	bool ok;

	for (size_t i = 0; i < o->map_cnt; i++)
		buffers += events_is_buffer(&o->maps[i]);
	m->program_cnt = o->program_cnt;
	m->proof = proof_new(o->program_cnt, buffers);
	m->left = calloc(o->program_cnt + 1, sizeof(*m->left));
	m->ops_off = calloc(o->map_cnt + 1, sizeof(*m->ops_off));
	ok = m->proof && m->left && m->ops_off;
	for (size_t i = 0; ok && i < o->program_cnt; i++) {
		m->left[i] = is_asked(&m->q, o->programs[i].name);
		ok = name_program(&m->proof->programs[i], &o->programs[i]);
	}
	for (size_t i = o->map_cnt; ok && i-- > 0;)
		if (events_is_buffer(&o->maps[i])) {
			m->proof->buffers[--buffers].map = strdup(o->maps[i].name);
			ok = m->proof->buffers[buffers].map != NULL;
		}
	return ok ? 0 : skep_fail(err, ENOMEM, "out of memory");
}

static int load(struct measure *m, struct skep_err *err)
{
	struct skep_err why = { 0 };
	int rc = measure_open(m, &why);

	if (rc && rc != -ENOMEM && rc != -SKEP_EUSAGE)
		return not_tried(m, &why, err);
	if (rc) {
		*err = why;
		return rc;
	}
	if (m->opened.object->big_endian != (arch_host() && arch_host()->big_endian)) {
		skep_fail(&why, SKEP_EKIND,
			  "the object is of the other byte order than this machine");
		return not_tried(m, &why, err);
	}
	rc = begin_proof(m, err);
	if (!rc)
		rc = measure_attempt_init(m, err);
	if (!rc)
		rc = measure_judge(m, err);
	if (!rc && m->q.attach)
		rc = measure_load_together(m, err);
	measure_attempt_release(m);
	return rc;
}

int measure_load(struct measure **out, const struct measure_query *q, struct skep_err *err)
{
	_cleanup_(measure_freep) struct measure *m = calloc(1, sizeof(*m));
	struct skep_err own = { 0 };
	int rc;

	if (!m)
		return skep_fail(err, ENOMEM, "out of memory");
	m->q = *q;
	m->stats_fd = -1;
	if (q->place)
		m->place = *q->place;
	rc = load(m, err ? err : &own);
	if (!rc)
		*out = TAKE(m);
	return rc;
}

static int send_lines(struct measure *m, const char *text, size_t len,
		      struct skep_err *err)
{
	const struct measure_listener *l = m->q.listener;

	return l && l->event ? m->sink.take(m, text, len, err) : 0;
}

/* Read once: the kernel counts that as runs. */
static int read_iterators(struct measure *m, struct skep_err *err)
{
	int rc = 0;

	for (size_t i = 0; i < m->attachments.cnt && !m->iterators_read && !rc; i++) {
		_cleanup_free_ char *text = NULL;
		size_t len = 0;

		if (!attach_read_iter(&m->attachments.items[i], &text, &len, NULL) && text)
			rc = send_lines(m, text, len, err);
	}
	m->iterators_read = true;
	return rc;
}

static uint64_t now_ns(void)
{
	struct timespec ts;

	clock_gettime(CLOCK_MONOTONIC, &ts);
	return (uint64_t)ts.tv_sec * 1000000000 + (uint64_t)ts.tv_nsec;
}

static int start_waiting(const struct measure *m, int stop_fd, int *epoll_fd,
			 struct skep_err *err)
{
	struct epoll_event ev = { .events = EPOLLIN, .data.fd = stop_fd };

	*epoll_fd = epoll_create1(EPOLL_CLOEXEC);
	if (*epoll_fd < 0 ||
	    (stop_fd >= 0 && epoll_ctl(*epoll_fd, EPOLL_CTL_ADD, stop_fd, &ev)))
		return skep_fail(err, errno, "cannot wait for events: %s",
				 strerror(errno));
	return m->events ? events_watch(m->events, *epoll_fd, err) : 0;
}

/* 1: somebody asked to stop. */
static int wait_some(int epoll_fd, int stop_fd, uint64_t left_ns, struct skep_err *err)
{
	uint64_t ms = (left_ns + 999999) / 1000000;
	struct epoll_event woke[8];
	int n = epoll_wait(epoll_fd, woke, (int)ARRAY_SIZE(woke),
			   ms > 60000 ? 60000 : (int)ms);

	if (n < 0 && errno != EINTR)
		return skep_fail(err, errno, "cannot wait for events: %s",
				 strerror(errno));
	for (int i = 0; i < n; i++)
		if (woke[i].data.fd == stop_fd)
			return 1;
	return 0;
}

int measure_watch(struct measure *m, uint64_t duration_ns, int stop_fd,
		  struct skep_err *err)
{
	_cleanup_close_ int epoll_fd = -1;
	uint64_t now = now_ns(), end = now + duration_ns;
	int rc = start_waiting(m, stop_fd, &epoll_fd, err), more = 0;

	if (!rc)
		rc = read_iterators(m, err);
	for (; !rc && now < end; now = now_ns()) {
		rc = wait_some(epoll_fd, stop_fd, more ? 0 : end - now, err);
		more = !rc && m->events ? events_drain(m->events, err) : 0;
		if (more < 0)
			rc = more;
	}
	return rc < 0 ? rc : 0;
}

static void count_runs(struct measure *m)
{
	for (size_t i = 0; i < m->program_cnt; i++) {
		int fd = bpf_program__fd(m->opened.object->programs[i].bpf);
		struct bpf_prog_info info = { 0 };
		uint32_t len = sizeof(info);

		if (fd >= 0 && !bpf_prog_get_info_by_fd(fd, &info, &len))
			m->proof->programs[i].runs = info.run_cnt;
	}
}

/* Programs are still attached, and events may come faster than they are taken. */
static int drain(struct measure *m, struct skep_err *err)
{
	uint64_t end = now_ns() + LAST_NS;
	int rc;

	do
		rc = events_drain(m->events, err);
	while (rc > 0 && now_ns() < end);
	return rc < 0 ? rc : 0;
}

int measure_finish(struct measure *m, struct skep_err *err)
{
	int rc = m->events ? drain(m, err) : 0;

	if (m->loaded)
		count_runs(m);
	for (size_t i = 0; m->events && i < m->proof->buffer_cnt; i++)
		m->proof->buffers[i].events =
			events_count(m->events, m->proof->buffers[i].map);
	return rc;
}

const struct proof *measure_proof(const struct measure *m)
{
	return m->proof;
}

struct proof *measure_take(struct measure *m)
{
	return TAKE(m->proof);
}
