/* SPDX-License-Identifier: BSD-2-Clause */
/* The way of a guest from its first instruction to the machine's end. */
#include "lib/prove/guest.h"

#include <errno.h>
#include <signal.h>
#include <string.h>
#include <sys/klog.h>
#include <sys/prctl.h>
#include <sys/reboot.h>
#include <sys/resource.h>
#include <sys/utsname.h>
#include <termios.h>
#include <time.h>
#include <unistd.h>

#include <skep/prove.h>

#include "lib/base/cleanup.h"
#include "lib/base/fs.h"
#include "lib/base/json.h"
#include "lib/prove/frame.h"

#define CONSOLE_LEVEL 8 /* syslog(2): what of the kernel's messages reaches the console */

uint64_t guest_now(void)
{
	struct timespec t;

	clock_gettime(CLOCK_BOOTTIME, &t);
	return (uint64_t)t.tv_sec * 1000000000 + (uint64_t)t.tv_nsec;
}

/* --- saying --- */

static void put(const struct guest *g, const char *data, size_t len)
{
	while (len) {
		ssize_t n = write(g->console_fd, data, len);

		if (n < 0 && errno != EINTR && errno != EAGAIN)
			return;
		data += n > 0 ? n : 0;
		len -= n > 0 ? (size_t)n : 0;
	}
}

static void say_text(struct guest *g, const char *json, size_t len)
{
	_cleanup_(buf_release) struct buf out = { 0 };

	if (!frame_write_text(&out, g->token, &g->sequence, json, len, NULL))
		put(g, out.data, out.len);
}

void guest_say(struct guest *g, struct json_t *message)
{
	size_t len;
	_cleanup_free_ char *json = js_canonical(message, &len);

	if (json)
		say_text(g, json, len);
	js_free(message);
}

void guest_say_of(struct guest *g, const char *word, size_t object, const char *member,
		  const char *json, size_t len)
{
	_cleanup_(buf_release) struct buf text = { 0 };

	buf_fmt(&text, "{\"say\":\"%s\",\"object\":%zu,\"%s\":", word, object, member);
	buf_add(&text, json, len);
	buf_char(&text, '}');
	if (!buf_check(&text, NULL))
		say_text(g, text.data, text.len);
}

static struct json_t *message(const char *word)
{
	struct json_t *m = js_object();

	js_set_str(m, "say", word);
	return m;
}

static void say_ready(struct guest *g)
{
	struct json_t *m = message("ready");
	struct utsname u = { 0 };

	uname(&u);
	js_set_str(m, "release", u.release);
	js_set_str(m, "machine", u.machine);
	js_set_int(m, "uptime_ns", (int64_t)g->start_ns);
	guest_say(g, m);
}

static void say_done(struct guest *g)
{
	struct json_t *m = message("done");

	js_set_int(m, "uptime_ns", (int64_t)guest_now());
	guest_say(g, m);
}

static void say_error(struct guest *g, const struct skep_err *err)
{
	struct json_t *m = message("error");

	js_set_str(m, "where", err->where);
	js_set_str(m, "what", err->what);
	js_set_str(m, "hint", err->hint);
	guest_say(g, m);
}

/* --- doing --- */

/* Read, and no longer there for anybody else. */
static int take_plan(struct guest *g, struct skep_err *err)
{
	_cleanup_free_ char *json = NULL;
	size_t len;
	int ret = fs_read(PLAN_PATH, FS_MAX_SOURCE, &json, &len, err);

	if (ret)
		return ret;
	plan_token(json, len, g->token);
	ret = plan_read(&g->plan, json, len, err);
	unlink(PLAN_PATH);
	explicit_bzero(json, len);
	return ret;
}

static void set_clock(const struct plan *p)
{
	struct timespec t = { .tv_sec = p->epoch };

	if (p->epoch)
		clock_settime(CLOCK_REALTIME, &t);
}

static void load_modules(struct guest *g)
{
	size_t i;

	for (i = 0; i < g->plan->module_cnt; i++) {
		struct json_t *m;
		int ret = guest_module(g->plan->modules[i], NULL);

		if (!ret)
			continue;
		m = message("module");
		js_set_str(m, "module", g->plan->modules[i]);
		js_set_int(m, "code", -ret);
		guest_say(g, m);
	}
}

static void make_network(struct guest *g)
{
	struct skep_err err = { 0 };
	struct json_t *m;
	int ret = g->plan->network ? guest_network(&err) : guest_loopback(&err);

	g->network = g->plan->network && !ret;
	if (!ret)
		return;
	m = message("network");
	js_set_int(m, "code", -ret);
	js_set_str(m, "what", err.what);
	guest_say(g, m);
}

static int work(struct guest *g, struct skep_err *err)
{
	const struct rlimit files = { 65536, 65536 };

	set_clock(g->plan);
	setrlimit(RLIMIT_NOFILE, &files);
	load_modules(g);
	make_network(g);
	if (g->plan->stimulus)
		guest_hide_devices();
	return guest_crew(g, err);
}

static void power_off(const struct guest *g) __attribute__((noreturn));
static void power_off(const struct guest *g)
{
	tcdrain(g->console_fd);
	reboot(RB_POWER_OFF);
	for (;;)
		pause();
}

/* There is no token to say it with. */
static void complain(const struct guest *g, const struct skep_err *err)
{
	_cleanup_(buf_release) struct buf text = { 0 };

	buf_fmt(&text, "skep guest: %s%s%s\n", err->where, err->where[0] ? ": " : "",
		err->what);
	if (text.data)
		put(g, text.data, text.len);
}

/* Whoever calls this elsewhere has a system that is none of ours to mount over and to switch off. */
static void stop_if_misplaced(void)
{
	if (getpid() != 1)
		_exit(2);
}

void skep_guest(void)
{
	struct guest g = { .start_ns = guest_now() };
	struct skep_err err = { 0 };
	int ret;

	stop_if_misplaced();
	prctl(PR_SET_DUMPABLE, 0);
	guest_mount();
	klogctl(CONSOLE_LEVEL, NULL, 1);
	g.console_fd = guest_console();
	ret = take_plan(&g, &err);
	if (ret && !g.token[0]) {
		complain(&g, &err);
		power_off(&g);
	}
	say_ready(&g);
	if (!ret)
		ret = work(&g, &err);
	if (ret)
		say_error(&g, &err);
	else
		say_done(&g);
	power_off(&g);
}
