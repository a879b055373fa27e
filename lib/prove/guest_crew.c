/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * The crew: a process for each object, in step: each loads, in turn; all attach; all watch while there is something to
 * see; all finish. Whoever dies or is late is given up, with what it said so far as its proof.
 */
#include "lib/prove/guest.h"

#include <errno.h>
#include <poll.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/signalfd.h>
#include <sys/socket.h>
#include <sys/wait.h>
#include <unistd.h>

#include "lib/base/cleanup.h"
#include "lib/base/escape.h"
#include "lib/prove/frame.h"

#define SECOND            1000000000ull
#define MS                1000000ull
#define LIMIT_DEFAULT     (60 * SECOND)
#define ACTIVITY_PATIENCE (2 * SECOND)

enum stage {
	STAGE_LOADS,
	STAGE_LOADED,
	STAGE_ATTACHED,
	STAGE_FINISHED,
	STAGE_DETACHED,
	STAGE_PROVED,
};

struct mate {
	pid_t pid; /* 0: gone */
	int fd;    /* -1: closed */
	enum stage stage;
	bool refused;        /* a place for one of its programs */
	struct buf in;       /* of a message that is not whole yet */
	struct buf programs; /* JSON of each, with commas between */
};

struct crew {
	struct guest *g;
	struct mate *mates;
	size_t cnt; /* started so far */
	struct pollfd *polls;
	int signal_fd;
	struct guest_stimulus stimulus;
	pid_t activity; /* 0: has ended */
};

/* --- what members say --- */

static void close_mate(struct mate *m)
{
	if (m->fd >= 0)
		close(TAKE_FD(m->fd));
	buf_release(&m->in);
	buf_release(&m->programs);
}

static void give_up(struct crew *c, size_t i, const char *why, size_t len)
{
	_cleanup_(buf_release) struct buf proof = { 0 };
	struct mate *m = &c->mates[i];

	if (m->stage == STAGE_PROVED)
		return;
	m->stage = STAGE_PROVED;
	buf_str(&proof, "{\"buffers\":[],\"message\":");
	escape_json(&proof, why, len);
	buf_str(&proof, ",\"programs\":[");
	buf_add(&proof, m->programs.data, m->programs.len);
	buf_str(&proof, "]}");
	guest_say_of(c->g, "proof", i, "proof", proof.data, proof.len);
	if (m->pid > 0)
		kill(m->pid, SIGKILL);
	close_mate(m);
}

static void lose(struct crew *c, size_t i, const char *why)
{
	give_up(c, i, why, strlen(why));
}

static void take_program(struct crew *c, size_t i, const char *json, size_t len)
{
	struct buf *programs = &c->mates[i].programs;

	if (programs->len)
		buf_char(programs, ',');
	buf_add(programs, json, len);
	guest_say_of(c->g, "program", i, "program", json, len);
}

static void take_message(struct crew *c, size_t i, uint32_t word, const char *data,
			 size_t len)
{
	struct mate *m = &c->mates[i];

	switch (word) {
	case GUEST_PROGRAM:
		take_program(c, i, data, len);
		break;
	case GUEST_EVENT:
		guest_say_of(c->g, "event", i, "line", data, len);
		break;
	case GUEST_LOADED:
		m->stage = STAGE_LOADED;
		break;
	case GUEST_ATTACHED:
		m->stage = STAGE_ATTACHED;
		break;
	case GUEST_FINISHED:
		m->stage = STAGE_FINISHED;
		m->refused = len > 0;
		break;
	case GUEST_DETACHED:
		m->stage = STAGE_DETACHED;
		break;
	case GUEST_PROOF:
		m->stage = STAGE_PROVED;
		guest_say_of(c->g, "proof", i, "proof", data, len);
		break;
	case GUEST_FAILURE:
		give_up(c, i, data, len);
		break;
	}
}

/* All messages that are whole. */
static void take_messages(struct crew *c, size_t i)
{
	struct buf *in = &c->mates[i].in;
	struct guest_head head;
	size_t at = 0;

	while (c->mates[i].stage != STAGE_PROVED && in->len - at >= sizeof(head)) {
		memcpy(&head, in->data + at, sizeof(head));
		if (head.len > FRAME_PAYLOAD_MAX) {
			lose(c, i, "the process that had the object went astray");
			return;
		}
		if (in->len - at - sizeof(head) < head.len)
			break;
		at += sizeof(head);
		take_message(c, i, head.word, in->data + at, head.len);
		at += head.len;
	}
	if (at && in->len) {
		memmove(in->data, in->data + at, in->len - at);
		in->len -= at;
	}
}

/* Until there is nothing more at the moment. */
static void hear(struct crew *c, size_t i)
{
	struct mate *m = &c->mates[i];
	char chunk[65536];
	ssize_t n;

	while (m->fd >= 0) {
		n = recv(m->fd, chunk, sizeof(chunk), MSG_DONTWAIT);
		if (n <= 0 && (!n || errno != EINTR)) {
			if (!n)
				close(TAKE_FD(m->fd));
			return;
		}
		if (n > 0 && m->stage != STAGE_PROVED) {
			buf_add(&m->in, chunk, (size_t)n);
			take_messages(c, i);
		}
	}
}

/* --- who is gone --- */

static void bury(struct crew *c, size_t i, int status)
{
	char why[128];

	c->mates[i].pid = 0;
	hear(c, i);
	if (WIFSIGNALED(status))
		snprintf(why, sizeof(why),
			 "the process that had the object was killed by signal %d (%s)",
			 WTERMSIG(status), strsignal(WTERMSIG(status)));
	else
		snprintf(why, sizeof(why), "the process that had the object ended early");
	lose(c, i, why);
	close_mate(&c->mates[i]);
}

static void end_stimulus(struct guest_stimulus *s, int status)
{
	s->pid = 0;
	s->status = WIFSIGNALED(status) ? 128 + WTERMSIG(status) : WEXITSTATUS(status);
}

static void reap(struct crew *c)
{
	struct signalfd_siginfo info;
	int status;
	pid_t pid;
	size_t i;

	while (read(c->signal_fd, &info, sizeof(info)) > 0)
		;
	while ((pid = waitpid(-1, &status, WNOHANG)) > 0) {
		if (pid == c->activity)
			c->activity = 0;
		if (pid == c->stimulus.pid)
			end_stimulus(&c->stimulus, status);
		for (i = 0; i < c->cnt; i++)
			if (c->mates[i].pid == pid)
				bury(c, i, status);
	}
}

/* --- waiting --- */

static void turn(struct crew *c, uint64_t until_ns)
{
	uint64_t now = guest_now();
	int wait_ms = until_ns <= now ? 0 : (int)((until_ns - now + MS - 1) / MS);
	size_t i;

	for (i = 0; i < c->cnt; i++)
		c->polls[i] = (struct pollfd){ .fd = c->mates[i].fd, .events = POLLIN };
	c->polls[i] = (struct pollfd){ .fd = c->signal_fd, .events = POLLIN };
	c->polls[i + 1] = (struct pollfd){ .fd = c->stimulus.out_fd, .events = POLLIN };
	if (poll(c->polls, c->cnt + 2, wait_ms) <= 0)
		return;
	for (i = 0; i < c->cnt; i++)
		if (c->polls[i].revents)
			hear(c, i);
	if (c->polls[i + 1].revents)
		guest_stimulus_drain(&c->stimulus);
	if (c->polls[i].revents)
		reap(c);
}

/* Until it is so far; if it is not by then, it is given up. */
static void await_one(struct crew *c, size_t i, enum stage stage, uint64_t until_ns,
		      const char *doing)
{
	char why[128];

	while (c->mates[i].stage < stage && guest_now() < until_ns)
		turn(c, until_ns);
	if (c->mates[i].stage >= stage)
		return;
	snprintf(why, sizeof(why), "gave up on the object: %s took too long", doing);
	lose(c, i, why);
}

static void await(struct crew *c, size_t first, enum stage stage, uint64_t until_ns,
		  const char *doing)
{
	size_t i;

	for (i = first; i < c->cnt; i++)
		await_one(c, i, stage, until_ns, doing);
}

static void order_one(struct crew *c, size_t i, char what)
{
	if (c->mates[i].fd >= 0 && c->mates[i].stage != STAGE_PROVED)
		send(c->mates[i].fd, &what, 1, MSG_NOSIGNAL | MSG_DONTWAIT);
}

static void order(struct crew *c, char what)
{
	size_t i;

	for (i = 0; i < c->cnt; i++)
		order_one(c, i, what);
}

/* --- the steps --- */

static int start(struct crew *c, size_t i, uint64_t limit_ns, struct skep_err *err)
{
	int fds[2];
	pid_t pid;
	size_t j;

	if (socketpair(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0, fds))
		return skep_fail(err, errno, "cannot make a socket: %s", strerror(errno));
	pid = fork();
	if (!pid) {
		for (j = 0; j < c->cnt; j++)
			if (c->mates[j].fd >= 0)
				close(c->mates[j].fd);
		close(c->signal_fd);
		close(fds[0]);
		guest_member(c->g, i, fds[1], (unsigned int)(limit_ns / 2 / MS));
	}
	close(fds[1]);
	if (pid < 0) {
		close(fds[0]);
		return skep_fail(err, errno, "cannot start a process: %s",
				 strerror(errno));
	}
	c->mates[i] = (struct mate){ .pid = pid, .fd = fds[0] };
	c->cnt = i + 1;
	return 0;
}

/* One after the other, so that only one at a time needs the memory for it. Half of what is left is for the next. */
static int load_all(struct crew *c, uint64_t until_ns, struct skep_err *err)
{
	size_t i, cnt = c->g->plan->object_cnt;
	int ret = 0;

	for (i = 0; i < cnt && !ret; i++) {
		uint64_t now = guest_now();
		uint64_t left = until_ns > now ? until_ns - now : 0;
		uint64_t mine = i + 1 < cnt ? left / 2 : left;

		if (mine < MS)
			mine = MS;
		ret = start(c, i, mine, err);
		if (!ret)
			await(c, i, STAGE_LOADED, now + mine, "loading it");
	}
	return ret;
}

/* So long, and on a slow machine until there was something to see. */
static void watch_activity(struct crew *c, uint64_t until_ns)
{
	uint64_t patience = until_ns + ACTIVITY_PATIENCE;

	c->activity = guest_activity_start(c->g);
	while (guest_now() < until_ns || (c->activity > 0 && guest_now() < patience))
		turn(c, guest_now() < until_ns ? until_ns : patience);
	if (c->activity > 0)
		kill(c->activity, SIGKILL);
}

static void kill_strangers(const struct crew *c)
{
	pid_t *keep = calloc(c->cnt + 1, sizeof(*keep));
	size_t i;

	for (i = 0; keep && i < c->cnt; i++)
		keep[i] = c->mates[i].pid;
	if (keep)
		guest_stimulus_kill(keep, c->cnt);
	free(keep);
}

static void watch_stimulus(struct crew *c, uint64_t until_ns)
{
	struct guest_stimulus *s = &c->stimulus;
	struct skep_err err = { 0 };
	uint64_t patience;

	if (guest_stimulus_start(c->g, s, &err))
		buf_str(&s->output, err.what);
	while (s->pid && guest_now() < until_ns)
		turn(c, until_ns);
	s->timeout = s->pid > 0;
	kill_strangers(c);
	patience = guest_now() + SECOND;
	while (s->pid && guest_now() < patience)
		turn(c, patience);
	if (s->pid)
		end_stimulus(s, SIGKILL);
	guest_stimulus_drain(s);
	guest_stimulus_say(c->g, s);
}

/* Whoever was refused a place has the machine to itself for a while. */
static void attach_again(struct crew *c, uint64_t until_ns)
{
	bool any = false;
	size_t i;

	for (i = 0; i < c->cnt; i++)
		any |= c->mates[i].refused;
	if (any) {
		order(c, GUEST_DETACH);
		await(c, 0, STAGE_DETACHED, until_ns, "detaching it");
	}
	for (i = 0; i < c->cnt; i++)
		if (c->mates[i].refused) {
			order_one(c, i, GUEST_AGAIN);
			await_one(c, i, STAGE_PROVED, until_ns, "attaching it again");
		}
	order(c, GUEST_PROVE);
}

/* Of the whole limit an eighth each is for attaching and for finishing, and what is watched is at most half. */
static int measure_all(struct crew *c, struct skep_err *err)
{
	const struct plan *p = c->g->plan;
	uint64_t limit = p->limit_ns ?: LIMIT_DEFAULT, end = c->g->start_ns + limit;
	uint64_t most = p->duration_ns < limit / 2 ? p->duration_ns : limit / 2;
	uint64_t watch = p->attach || p->stimulus ? most : 0;
	uint64_t load_end = end - watch - limit / 4;
	int ret = load_all(c, load_end, err);

	if (!ret && p->attach) {
		order(c, GUEST_ATTACH);
		await(c, 0, STAGE_ATTACHED, load_end + limit / 8, "attaching it");
	}
	if (!ret && p->stimulus)
		watch_stimulus(c, guest_now() + watch);
	else if (!ret && watch)
		watch_activity(c, guest_now() + watch);
	order(c, GUEST_FINISH);
	if (!ret && p->attach) {
		await(c, 0, STAGE_FINISHED, end - limit / 16, "finishing it");
		attach_again(c, end - limit / 32);
	}
	await(c, 0, STAGE_PROVED, end, "finishing it");
	return ret;
}

int guest_crew(struct guest *g, struct skep_err *err)
{
	struct crew c = { .g = g, .signal_fd = -1, .stimulus = { .out_fd = -1 } };
	size_t i, cnt = g->plan->object_cnt;
	sigset_t child;
	int ret;

	sigemptyset(&child);
	sigaddset(&child, SIGCHLD);
	sigprocmask(SIG_BLOCK, &child, NULL);
	c.signal_fd = signalfd(-1, &child, SFD_CLOEXEC | SFD_NONBLOCK);
	c.mates = calloc(cnt + 1, sizeof(*c.mates));
	c.polls = calloc(cnt + 2, sizeof(*c.polls));
	ret = c.mates && c.polls ? measure_all(&c, err)
				 : skep_fail(err, ENOMEM, "no memory for a crew");
	for (i = 0; i < c.cnt; i++)
		close_mate(&c.mates[i]);
	buf_release(&c.stimulus.output);
	close(c.signal_fd);
	free(c.mates);
	free(c.polls);
	return ret;
}
