/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * Running a package: load its objects, attach, stream events until stopped, detach, show maps.
 * Everything is held by descriptors, so that nothing of it outlives the process either.
 */
#include <skep/run.h>

#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <sys/epoll.h>
#include <sys/timerfd.h>

#include "lib/base/arch.h"
#include "lib/base/cleanup.h"
#include "lib/base/escape.h"
#include "lib/base/opts.h"
#include "lib/base/text.h"
#include "lib/package/package.h"
#include "lib/run/attach.h"
#include "lib/run/events.h"
#include "lib/run/kernel_btf.h"
#include "lib/run/load.h"
#include "lib/run/maps.h"
#include "lib/run/params.h"
#include "lib/run/sink.h"
#include "lib/run/variant.h"

/* More than the largest buffer holds of the smallest records. */
#define LAST_BATCHES (1 << 18)

struct run {
	const struct skep_pkg *pkg;
	const struct skep_run_opts *opts;
	const struct arch *arch;
	const struct manifest *manifest;
	struct params params;
	struct kernel_btf btf;
	struct picked *picked;
	size_t picked_cnt;
	struct loaded *objects; /* by picked */
	struct attachments attachments;
	struct events *events;
	struct sink sink;
	int epoll_fd, timer_fd;
};

static int find_manifest(const struct skep_pkg *pkg, const struct arch *arch,
			 const struct manifest **out, struct skep_err *err)
{
	struct buf has = { 0 };

	*out = arch ? pkg_manifest(pkg, arch->name) : NULL;
	if (*out && params_check(*out, err))
		return skep_err_at(err, pkg_where(pkg), 0, 0);
	if (*out)
		return 0;
	for (size_t i = 0; i < pkg_platform_cnt(pkg); i++)
		buf_fmt(&has, "%s%s", i ? ", " : "", pkg_manifest_at(pkg, i)->arch);
	skep_fail(err, SKEP_EUSAGE, "the package has nothing for %s, only for %s",
		  arch ? arch->name : "this machine", has.data ? has.data : "none");
	buf_release(&has);
	return skep_err_at(err, pkg_where(pkg), 0, 0);
}

static int open_object(struct run *r, size_t i, struct skep_err *err)
{
	const struct picked *p = &r->picked[i];
	const char *name = p->object->name;
	_cleanup_free_ char *file = text_fmt("%s.bpf.o", name);
	const void *data;
	size_t size;

	if (!file)
		return skep_fail(err, ENOMEM, "out of memory");
	if (pkg_file(r->pkg, r->arch->name, file, &data, &size))
		return skep_fail(err, SKEP_ECORRUPT,
				 "the package lacks '%s', which its manifest names",
				 file);
	r->objects[i].owner = p->of ? p->of->name : name;
	return load_open(&r->objects[i], name, data, size, file,
			 *r->btf.path ? r->btf.path : NULL, err);
}

/* A parameter that no program has a use for was meant for something. */
static int check_places(const struct run *r, const struct attach_needs *needs,
			struct skep_err *err)
{
	const struct params_place *p = &r->params.place;
	const char *useless = p->ifname && !needs->ifname   ? "ifname"
			      : p->cgroup && !needs->cgroup ? "cgroup"
			      : p->pid && !needs->pid       ? "pid"
			      : p->path && !needs->path     ? "path"
							    : NULL;

	if (useless)
		return skep_fail(err, SKEP_EUSAGE,
				 "no program of '%s' has a use for --param %s",
				 r->manifest->name, useless);
	if (!needs->any)
		return skep_fail(err, SKEP_EUSAGE,
				 "'%s' has no program that can be attached",
				 r->manifest->name);
	return 0;
}

/* All that can be found wrong before the kernel is asked. */
static int open_objects(struct run *r, struct skep_err *err)
{
	struct attach_needs needs = { 0 };
	int rc = 0;

	r->objects = calloc(r->picked_cnt + 1, sizeof(*r->objects));
	if (!r->objects)
		return skep_fail(err, ENOMEM, "out of memory");
	for (size_t i = 0; i < r->picked_cnt && !rc; i++) {
		rc = open_object(r, i, err);
		if (!rc)
			rc = attach_check(&needs, r->objects[i].object, &r->params.place,
					  err);
		if (!rc)
			rc = kernel_btf_check(&r->btf, r->objects[i].name,
					      r->objects[i].object, r->opts->log, err);
	}
	return rc ? rc : check_places(r, &needs, err);
}

static int load_objects(struct run *r, struct skep_err *err)
{
	int rc = events_new(&r->events, &r->sink, r->opts->json, r->opts->log, err);

	for (size_t i = 0; i < r->picked_cnt && !rc; i++) {
		rc = load_commit(&r->objects[i], &r->params, r->opts->log, err);
		if (rc && r->picked[i].of)
			skep_err_note(err,
				      "variant '%s' is what the package has for this "
				      "kernel: no other was tried",
				      r->picked[i].choice->variant);
		if (!rc)
			rc = events_add(r->events, r->objects[i].object, err);
	}
	return rc;
}

static int attach_objects(struct run *r, struct skep_err *err)
{
	int rc = 0;

	r->attachments.place = &r->params.place;
	r->attachments.log = r->opts->log;
	for (size_t i = 0; i < r->picked_cnt && !rc; i++)
		rc = attach_object(&r->attachments, r->objects[i].object, err);
	return rc;
}

static int watch(struct run *r, int fd, struct skep_err *err)
{
	struct epoll_event ev = { .events = EPOLLIN, .data.fd = fd };

	if (epoll_ctl(r->epoll_fd, EPOLL_CTL_ADD, fd, &ev))
		return skep_fail(err, errno, "cannot wait for events: %s",
				 strerror(errno));
	return 0;
}

/* A pipe whose reader is gone is an error condition, which is reported without being asked for. */
static void watch_reader(struct run *r)
{
	struct epoll_event ev = { .data.fd = fileno(r->opts->out) };

	if (ev.data.fd >= 0)
		epoll_ctl(r->epoll_fd, EPOLL_CTL_ADD, ev.data.fd,
			  &ev); /* not of files: they have no reader */
}

static int start_timer(struct run *r, struct skep_err *err)
{
	uint64_t ns = r->opts->duration_ns;
	struct itimerspec its = { .it_value = { .tv_sec = (time_t)(ns / 1000000000),
						.tv_nsec = (long)(ns % 1000000000) } };

	if (!ns)
		return 0;
	r->timer_fd = timerfd_create(CLOCK_MONOTONIC, TFD_CLOEXEC);
	if (r->timer_fd < 0 || timerfd_settime(r->timer_fd, 0, &its, NULL))
		return skep_fail(err, errno, "cannot set a timer: %s", strerror(errno));
	return watch(r, r->timer_fd, err);
}

static int start_waiting(struct run *r, struct skep_err *err)
{
	int rc;

	r->epoll_fd = epoll_create1(EPOLL_CLOEXEC);
	if (r->epoll_fd < 0)
		return skep_fail(err, errno, "cannot wait for events: %s",
				 strerror(errno));
	rc = events_watch(r->events, r->epoll_fd, err);
	if (!rc && r->opts->stop_fd >= 0)
		rc = watch(r, r->opts->stop_fd, err);
	watch_reader(r);
	return rc;
}

/* Did what woke us ask to end: the caller, the timer, or a reader that went away. */
static bool ends(const struct run *r, const struct epoll_event *ev)
{
	int fd = ev->data.fd;

	return fd == r->opts->stop_fd || fd == r->timer_fd ||
	       (fd == fileno(r->opts->out) && ev->events & (EPOLLERR | EPOLLHUP));
}

static int stream(struct run *r, struct skep_err *err)
{
	struct epoll_event woke[8];
	int more = 0;

	while (!r->sink.closed) {
		int n = epoll_wait(r->epoll_fd, woke, (int)ARRAY_SIZE(woke),
				   more > 0 ? 0 : -1);

		if (n < 0 && errno != EINTR)
			return skep_fail(err, errno, "cannot wait for events: %s",
					 strerror(errno));
		for (int i = 0; i < n; i++)
			if (ends(r, &woke[i]))
				return 0;
		more = events_drain(r->events, err);
		if (more < 0)
			return more;
	}
	return 0;
}

static void add_line(struct run *r, const char *program, const char *line, size_t len)
{
	struct buf *b = &r->sink.buf;

	if (!r->opts->json) {
		escape_text(b, line, len);
		buf_char(b, '\n');
		return;
	}
	buf_str(b, "{\"skep\":\"line\",\"program\":");
	escape_json(b, program, strlen(program));
	buf_str(b, ",\"line\":");
	escape_json(b, line, len);
	buf_str(b, "}\n");
}

/* Iterators are read once. Returns 1 if there is nothing else to wait for. */
static int read_iterators(struct run *r, struct skep_err *err)
{
	size_t read = 0;
	int rc;

	for (size_t i = 0; i < r->attachments.cnt; i++) {
		const struct attachment *at = &r->attachments.items[i];
		_cleanup_free_ char *text = NULL;
		size_t len = 0;

		rc = attach_read_iter(at, &text, &len, err);
		if (rc)
			return rc;
		if (!text)
			continue;
		read++;
		for (const char *s = text; s < text + len;) {
			size_t n = strcspn(s, "\n");

			add_line(r, at->program->name, s, n);
			s += n + 1;
		}
	}
	rc = sink_flush(&r->sink, err);
	return rc ? rc : read && read == r->attachments.cnt;
}

/* What is left once nothing happens any more. */
static int finish(struct run *r, struct skep_err *err)
{
	int rc = 1;

	attach_release(&r->attachments);
	/* a pinned buffer may be filled by others for ever */
	for (int i = 0; i < LAST_BATCHES && rc > 0; i++)
		rc = events_drain(r->events, err);
	for (size_t i = 0; i < r->picked_cnt && rc >= 0 && !r->sink.closed; i++)
		rc = maps_print(r->objects[i].object, r->opts->json, &r->sink.buf, err);
	return rc < 0 ? rc : sink_flush(&r->sink, err);
}

/* With --btf FILE that is asked for what tells variants apart, too. */
static int pick(struct run *r, struct skep_err *err)
{
	const char *btf = r->opts->btf;
	bool file = btf && strcmp(btf, "auto") && strcmp(btf, "package");
	int rc = variant_pick(&r->picked, &r->picked_cnt, r->manifest, file ? btf : NULL,
			      r->opts->log, err);

	for (size_t i = 0; i < r->picked_cnt && r->opts->json && !rc; i++)
		if (r->picked[i].of)
			buf_fmt(&r->sink.buf,
				"{\"skep\":\"variant\",\"of\":\"%s\",\"variant\":\"%s\","
				"\"object\":\"%s\"}\n",
				r->picked[i].of->name, r->picked[i].choice->variant,
				r->picked[i].object->name);
	return rc;
}

static int run_all(struct run *r, struct skep_err *err)
{
	int rc;

	rc = params_init(&r->params, r->manifest, r->opts->params, r->opts->param_cnt,
			 err);
	if (!rc)
		rc = kernel_btf_choose(&r->btf, r->pkg, r->arch, r->opts->btf,
				       r->opts->log, err);
	if (!rc)
		rc = pick(r, err);
	if (!rc)
		rc = open_objects(r, err);
	if (!rc)
		rc = load_objects(r, err);
	if (!rc)
		rc = start_waiting(r, err);
	if (!rc)
		rc = attach_objects(r, err);
	if (!rc)
		rc = start_timer(r, err);
	if (rc)
		return rc;
	skep_log(r->opts->log, SKEP_LOG_INFO, "'%s' is running%s", r->manifest->name,
		 r->opts->duration_ns ? "" : "; Ctrl-C ends it");
	rc = read_iterators(r, err);
	if (!rc)
		rc = stream(r, err);
	return rc < 0 ? rc : finish(r, err);
}

static void release(struct run *r)
{
	attach_release(&r->attachments);
	events_free(r->events);
	for (size_t i = 0; r->objects && i < r->picked_cnt; i++)
		load_release(&r->objects[i]);
	free(r->objects);
	free(r->picked);
	kernel_btf_release(&r->btf);
	params_release(&r->params);
	buf_release(&r->sink.buf);
	closep(&r->epoll_fd);
	closep(&r->timer_fd);
}

int skep_run(const struct skep_pkg *pkg, const struct skep_run_opts *opts,
	     struct skep_err *err)
{
	struct skep_run_opts o;
	struct run r = {
		.pkg = pkg,
		.opts = &o,
		.arch = arch_host(),
		.btf.fd = -1,
		.epoll_fd = -1,
		.timer_fd = -1,
	};
	int rc = opts_take(&o, sizeof(o), opts, err);

	if (!rc && !o.out)
		rc = skep_fail(err, EINVAL, "no stream to write events to");
	if (!rc)
		rc = find_manifest(pkg, r.arch, &r.manifest, err);
	if (rc)
		return rc;
	r.sink = (struct sink){ .file = o.out, .stop_fd = o.stop_fd };
	rc = run_all(&r, err);
	release(&r);
	return rc;
}

int skep_run_params(const struct skep_pkg *pkg, struct skep_report *report,
		    struct skep_err *err)
{
	const struct manifest *m;
	struct skep_node *table;
	int rc = find_manifest(pkg, arch_host(), &m, err);

	if (rc)
		return rc;
	table = skep_node_table(skep_report_root(report), "params", "");
	for (size_t i = 0; i < m->param_cnt; i++) {
		const struct param *p = &m->params[i];
		struct skep_node *row = skep_node_row(table);

		skep_node_str(row, "name", "param", p->name);
		skep_node_str(row, "type", "type", p->type);
		skep_node_str(row, "default", "default", p->def);
		skep_node_str(row, "help", "help", p->help);
	}
	return 0;
}
