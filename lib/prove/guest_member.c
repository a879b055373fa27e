/* SPDX-License-Identifier: BSD-2-Clause */
/* A member of the crew: the process that has one object, and tells the first process what comes of it. */
#include "lib/prove/guest.h"

#include <errno.h>
#include <signal.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

#include "lib/base/cleanup.h"
#include "lib/base/fs.h"
#include "lib/base/json.h"
#include "lib/prove/frame.h"
#include "lib/prove/measure.h"

#define LOG_MAX   ((size_t)256 << 10) /* of a program */
#define TRACE_MAX ((size_t)8 << 20)   /* if all of it is asked for */
#define PROOF_MAX (FRAME_PAYLOAD_MAX - 4096)
#define LINE_MAX  4096

struct member {
	int fd;
	bool wants_events;
	unsigned int events; /* said so far */
};

static int tell(int fd, enum guest_word word, const void *data, size_t len)
{
	const struct guest_head head = { word, (uint32_t)len };
	const char *p = data;
	ssize_t n = send(fd, &head, sizeof(head), MSG_NOSIGNAL);

	while (n > 0 && len) {
		n = send(fd, p, len, MSG_NOSIGNAL);
		p += n > 0 ? n : 0;
		len -= n > 0 ? (size_t)n : 0;
	}
	return len ? -EPIPE : 0;
}

/* Takes the value over. */
static int tell_json(int fd, enum guest_word word, struct json_t *v)
{
	size_t len;
	_cleanup_free_ char *text = js_canonical(v, &len);

	js_free(v);
	return text ? tell(fd, word, text, len) : -ENOMEM;
}

static int on_program(void *ctx, const struct proof_program *p, struct skep_err *err)
{
	struct member *m = ctx;
	struct proof_program brief = *p;

	brief.log = NULL;
	return tell_json(m->fd, GUEST_PROGRAM, proof_program_json(&brief));
}

static int on_event(void *ctx, const char *line, size_t len, struct skep_err *err)
{
	struct member *m = ctx;

	if (!m->wants_events || m->events >= GUEST_EVENTS_MAX)
		return 0;
	m->events++;
	return tell_json(m->fd, GUEST_EVENT,
			 js_string(line, strnlen(line, len < LINE_MAX ? len : LINE_MAX)));
}

/* Head and tail stay. */
static void cut_log(struct proof_program *p, size_t most)
{
	static const char gap[] = "\n...\n";
	size_t len = p->log ? strlen(p->log) : 0, half = most / 2;

	if (len <= most + sizeof(gap))
		return;
	memcpy(p->log + half, gap, sizeof(gap) - 1);
	memmove(p->log + half + sizeof(gap) - 1, p->log + len - half, half + 1);
	p->log_cut = true;
}

/* As a message it has to end somewhere: logs are cut until it fits. */
static int tell_proof(int fd, const struct proof *p, struct skep_err *err)
{
	size_t most = PROOF_MAX, len, i;

	for (;;) {
		struct json_t *v = proof_json(p);
		_cleanup_free_ char *text = js_canonical(v, &len);

		js_free(v);
		if (!text)
			return skep_fail(err, ENOMEM, "no memory for the proof");
		if (len <= PROOF_MAX)
			return tell(fd, GUEST_PROOF, text, len);
		most /= 4;
		if (most < 64)
			return skep_fail(err, EMSGSIZE,
					 "the proof is too long to be told");
		for (i = 0; i < p->program_cnt; i++)
			cut_log(&p->programs[i], most);
	}
}

static char next_order(int fd)
{
	char order = GUEST_FINISH;

	while (read(fd, &order, 1) < 0 && errno == EINTR)
		;
	return order;
}

/* The watch ends with the next order; it is the crew that has the clock. */
static int follow(struct member *m, struct measure *measure, struct skep_err *err)
{
	int ret = tell(m->fd, GUEST_LOADED, NULL, 0);

	if (!ret && next_order(m->fd) == GUEST_ATTACH) {
		ret = measure_attach(measure, err);
		if (!ret)
			ret = tell(m->fd, GUEST_ATTACHED, NULL, 0);
		if (!ret)
			ret = measure_watch(measure, UINT64_MAX / 4, m->fd, err);
		if (!ret)
			next_order(m->fd); /* which ended the watch */
	}
	return ret ? ret : measure_finish(measure, err);
}

/* Programs of several objects may want the same place: then one after the other has it. */
static int follow_again(struct member *m, struct measure *measure, struct skep_err *err)
{
	int ret = tell(m->fd, GUEST_FINISHED, "r", measure_is_refused(measure));
	char order = ret ? GUEST_PROVE : next_order(m->fd);

	if (order == GUEST_DETACH) {
		measure_detach(measure);
		ret = tell(m->fd, GUEST_DETACHED, NULL, 0);
		order = ret ? GUEST_PROVE : next_order(m->fd);
	}
	return order == GUEST_AGAIN ? measure_again(measure, err) : ret;
}

static int measure_object(const struct guest *g, size_t object, struct member *m,
			  unsigned int program_ms, struct skep_err *err)
{
	const struct plan *p = g->plan;
	const struct plan_object *o = &p->objects[object];
	const struct params_place place = { .ifname = g->network ? "skep0" : "lo",
					    .cgroup = "/sys/fs/cgroup" };
	const struct measure_listener listener = { on_program, on_event, m };
	_cleanup_(measure_freep) struct measure *measure = NULL;
	_cleanup_free_ char *data = NULL;
	struct measure_query q = {
		.name = o->name,
		.where = o->name,
		.presets = (const char *const *)p->presets,
		.preset_cnt = p->preset_cnt,
		.pass_presets = true, /* the host has seen that each is of some object */
		.place = &place,
		.attach = p->attach,
		.trace = p->trace,
		.log_max = p->trace ? TRACE_MAX : LOG_MAX,
		.program_ms = program_ms,
		.only = p->program_cnt ? (const char *const *)p->programs : NULL,
		.only_cnt = p->program_cnt,
		.listener = &listener,
	};
	int ret = fs_read(o->file, FS_MAX_OBJECT, &data, &q.size, err);

	q.data = data;
	if (!ret)
		ret = measure_load(&measure, &q, err);
	if (!ret)
		ret = follow(m, measure, err);
	if (!ret && p->attach)
		ret = follow_again(m, measure, err);
	return ret ? ret : tell_proof(m->fd, measure_proof(measure), err);
}

void guest_member(const struct guest *g, size_t object, int fd, unsigned int program_ms)
{
	struct member m = { .fd = fd, .wants_events = g->plan->events };
	struct skep_err err = { 0 };
	sigset_t none;

	sigemptyset(&none);
	sigprocmask(SIG_SETMASK, &none, NULL);
	close(g->console_fd);
	if (measure_object(g, object, &m, program_ms, &err))
		tell(fd, GUEST_FAILURE, err.what, strlen(err.what));
	_exit(0);
}
