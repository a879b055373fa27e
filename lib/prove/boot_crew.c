/* SPDX-License-Identifier: BSD-2-Clause */
/* Crew: so many guests at once, each with a second try, and what is left of those that failed. */
#include <errno.h>
#include <poll.h>
#include <sched.h>
#include <stdlib.h>
#include <string.h>

#include "lib/base/cleanup.h"
#include "lib/base/fs.h"
#include "lib/prove/boot_parts.h"

#define JOBS_MAX 64
#define MS_NS    1000000ull

/* Where one boot at a time runs; the first attempt is kept for its console. */
struct seat {
	struct attempt attempts[2];
	struct attempt *now; /* NULL: free */
};

struct crew {
	struct boot *boots;
	size_t n, next;
	struct seat *seats;
	size_t seat_cnt, busy;
	const struct boot_opts *opts;
	bool first_word;
};

static void tell(const struct crew *c, const struct boot *b)
{
	const struct boot_listener *l = c->opts->listener;

	if (l && l->state)
		l->state(l->ctx, b);
}

static size_t processors(void)
{
	cpu_set_t set;

	return sched_getaffinity(0, sizeof(set), &set) ? 1 : (size_t)CPU_COUNT(&set);
}

static int try_once(struct crew *c, struct seat *s, struct boot *b, struct skep_err *err)
{
	int rc;

	s->now = &s->attempts[b->tries++];
	*s->now = (struct attempt){
		.boot = b,
		.listener = c->opts->listener,
		.log = c->opts->log,
		.number = b->tries,
		.first_word = c->first_word,
	};
	rc = attempt_start(s->now, err);
	if (!rc && s->now->end == END_NOT_YET)
		skep_log(c->opts->log, SKEP_LOG_DEBUG, "%s: process %d", b->id,
			 (int)s->now->proc.pid);
	return rc;
}

/* Only what never said a word, and only once; a file that is no kernel stays none. */
static bool worth_another(const struct attempt *a)
{
	const struct boot *b = a->boot;

	if (a->number > 1 || a->first_word || !a->word_ns)
		return false;
	if (a->end == END_BAD)
		return b->image && strcmp(b->image, b->machine.kernel);
	return a->end == END_EXIT || a->end == END_HANG;
}

/* dir/debian_bookworm_x86_64_cloud_6.1.0-56.1.log */
static char *serial_path(const char *dir, const struct attempt *a)
{
	_cleanup_(buf_release) struct buf name = { 0 };
	_cleanup_free_ char *base = NULL;

	for (const char *c = a->boot->id; *c; c++)
		buf_char(&name, *c == '/' ? '_' : *c);
	buf_fmt(&name, ".%u.log", a->number);
	base = buf_take(&name, NULL);
	return base ? fs_join(dir, base) : NULL;
}

static void keep_serial(const struct crew *c, const struct attempt *a)
{
	_cleanup_(buf_release) struct buf text = { 0 };
	struct boot *b = a->boot;
	struct skep_err err = { 0 };
	char *path;

	if (!c->opts->serial_dir || (!a->console.size && !a->problems.len))
		return;
	console_text(&a->console, &text);
	if (a->problems.len)
		buf_fmt(&text, "\n[QEMU says]\n");
	buf_add(&text, a->problems.data, a->problems.len);
	path = serial_path(c->opts->serial_dir, a);
	if (!path || text.err || fs_mkdirs(c->opts->serial_dir, 0700, &err) ||
	    fs_publish(path, text.data, text.len, 0600, &err)) {
		skep_log(c->opts->log, SKEP_LOG_WARN, "%s: console not kept: %s", b->id,
			 err.what);
		free(path);
		return;
	}
	free(b->serial);
	b->serial = path;
}

static void leave(struct crew *c, struct seat *s)
{
	attempt_release(&s->attempts[0]);
	if (s->now == &s->attempts[1])
		attempt_release(s->now);
	s->now = NULL;
	c->busy--;
}

static void finish(struct crew *c, struct seat *s)
{
	struct attempt *a = s->now;
	struct boot *b = a->boot;

	b->state = a->end == END_DONE && (a->first_word || a->proof_cnt == b->object_cnt)
			   ? BOOT_DONE
			   : BOOT_FAILED;
	if (b->state == BOOT_FAILED) {
		boot_reason(a);
		for (struct attempt *t = s->attempts; t <= a; t++)
			keep_serial(c, t);
	}
	tell(c, b);
	leave(c, s);
}

/* The attempt has ended. */
static int turn(struct crew *c, struct seat *s, struct skep_err *err)
{
	struct attempt *a = s->now;

	attempt_stop(a);
	if (!worth_another(a)) {
		finish(c, s);
		return 0;
	}
	boot_reason(a);
	skep_log(c->opts->log, SKEP_LOG_EXPLAIN, "%s: %s; once more on a plain machine",
		 a->boot->id, a->boot->reason ? a->boot->reason : "");
	free(TAKE(a->boot->reason));
	free(TAKE(a->boot->hint));
	return try_once(c, s, a->boot, err);
}

static int sit_down(struct crew *c, struct seat *s, struct skep_err *err)
{
	struct boot *b = &c->boots[c->next++];
	int rc;

	b->proofs = calloc(b->object_cnt + 1, sizeof(*b->proofs));
	if (!b->proofs)
		return skep_fail(err, ENOMEM, "out of memory");
	b->stimulus_status = -1;
	c->busy++;
	rc = try_once(c, s, b, err);
	if (rc)
		return rc;
	b->state = BOOT_RUNS;
	tell(c, b);
	return 0;
}

static int timeout_ms(const struct crew *c)
{
	uint64_t now = boot_now_ns(), until = UINT64_MAX;

	for (size_t i = 0; i < c->seat_cnt; i++) {
		const struct attempt *a = c->seats[i].now;

		if (a && a->end != END_NOT_YET)
			return 0;
		if (a && attempt_deadline_ns(a) < until)
			until = attempt_deadline_ns(a);
	}
	if (until <= now)
		return 0;
	return until - now > 1000 * MS_NS ? 1000 : (int)((until - now) / MS_NS) + 1;
}

/* Wait until one of them says something, its time is up, or all is to stop. */
static int attend(struct crew *c, struct skep_err *err)
{
	struct pollfd fds[2 * JOBS_MAX + 1];
	size_t i;

	for (i = 0; i < c->seat_cnt; i++) {
		const struct attempt *a = c->seats[i].now;
		bool runs = a && a->proc.pid > 0;

		fds[2 * i] = (struct pollfd){ runs ? a->proc.out_fd : -1, POLLIN, 0 };
		fds[2 * i + 1] = (struct pollfd){ runs ? a->proc.err_fd : -1, POLLIN, 0 };
	}
	fds[2 * i] = (struct pollfd){ c->opts->stop_fd, POLLIN, 0 };
	if (poll(fds, 2 * i + 1, timeout_ms(c)) < 0 && errno != EINTR)
		return skep_fail(err, errno, "cannot wait for guests: %s",
				 strerror(errno));
	if (fds[2 * i].revents)
		return skep_fail(err, EINTR, "interrupted");
	for (i = 0; i < c->seat_cnt; i++)
		if (fds[2 * i].revents || fds[2 * i + 1].revents)
			attempt_read(c->seats[i].now);
	return 0;
}

static int work(struct crew *c, struct skep_err *err)
{
	int rc = 0;

	while (!rc && (c->busy || c->next < c->n)) {
		for (size_t i = 0; !rc && i < c->seat_cnt; i++)
			if (!c->seats[i].now && c->next < c->n)
				rc = sit_down(c, &c->seats[i], err);
		if (!rc)
			rc = attend(c, err);
		for (size_t i = 0; !rc && i < c->seat_cnt; i++) {
			struct seat *s = &c->seats[i];

			if (s->now)
				attempt_time_up(s->now);
			if (s->now && s->now->end != END_NOT_YET)
				rc = turn(c, s, err);
		}
	}
	return rc;
}

int boot_run_all(struct boot *boots, size_t n, const struct boot_opts *opts,
		 bool first_word, struct skep_err *err)
{
	struct crew c = { .boots = boots, .n = n, .opts = opts, .first_word = first_word };
	int rc;

	c.seat_cnt = opts->jobs ? opts->jobs : processors();
	if (c.seat_cnt > n)
		c.seat_cnt = n;
	if (c.seat_cnt > JOBS_MAX)
		c.seat_cnt = JOBS_MAX;
	c.seats = calloc(c.seat_cnt + 1, sizeof(*c.seats));
	if (!c.seats)
		return skep_fail(err, ENOMEM, "out of memory");
	rc = work(&c, err);
	for (size_t i = 0; i < c.seat_cnt; i++)
		if (c.seats[i].now)
			leave(&c, &c.seats[i]);
	free(c.seats);
	return rc;
}
