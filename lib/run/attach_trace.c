/* SPDX-License-Identifier: BSD-2-Clause */
/* Attaching to tracepoints, timers, user functions and control groups. */
#include "lib/run/attach.h"

#include <errno.h>
#include <fcntl.h>
#include <linux/perf_event.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/ioctl.h>
#include <sys/syscall.h>
#include <unistd.h>

#include "lib/base/cleanup.h"
#include "lib/base/text.h"
#include "lib/btf/messages.h"
#include "lib/run/host.h"

#define SAMPLES_PER_SECOND 99 /* not in step with timers of 100 */

static int perf_open(struct perf_event_attr *attr, int pid, int cpu)
{
	attr->size = sizeof(*attr);
	return (int)syscall(SYS_perf_event_open, attr, pid, cpu, -1, PERF_FLAG_FD_CLOEXEC);
}

/* Number of "sched/sched_process_exec" under a tracefs; negative if there is none. */
static int tracepoint_id(int tracefs, const char *target)
{
	_cleanup_free_ char *path = text_fmt("events/%s/id", target);
	_cleanup_close_ int fd = path ? openat(tracefs, path, O_RDONLY | O_CLOEXEC) : -1;
	char text[16] = "";
	uint64_t id;

	if (fd < 0 || strstr(target, "..") || read(fd, text, sizeof(text) - 1) <= 0)
		return -ENOENT;
	text[strcspn(text, "\n")] = '\0';
	return text_u64(text, &id) && id <= INT32_MAX ? (int)id : -ENOENT;
}

static int attach_unmounted(struct attachment *at, struct skep_err *err)
{
	_cleanup_close_ int tracefs = host_private_fs("tracefs");
	int id = tracefs < 0 ? -1 : tracepoint_id(tracefs, at->program->target);
	struct perf_event_attr attr = { .type = PERF_TYPE_TRACEPOINT,
					.config = (uint32_t)id };
	struct bpf_link *link;
	int fd, rc;

	if (tracefs < 0) {
		skep_fail(err, errno, "'%s' needs tracefs, which is not mounted: %s",
			  at->program->name, strerror(errno));
		return skep_err_hint(err, "mount -t tracefs tracefs /sys/kernel/tracing");
	}
	if (id < 0)
		return skep_fail(err, SKEP_EREJECTED,
				 "this kernel has no tracepoint '%s', which '%s' is for",
				 at->program->target, at->program->name);
	fd = perf_open(&attr, -1, 0);
	if (fd < 0)
		return skep_fail(err, errno, "cannot open tracepoint '%s': %s",
				 at->program->target, strerror(errno));
	link = bpf_program__attach_perf_event(at->program->bpf, fd);
	rc = attach_take(at, link, at->program->target, err);
	if (rc)
		close(fd);
	return rc;
}

int attach_tracepoint(struct attachments *a, struct attachment *at, struct skep_err *err)
{
	bool mounted = !access("/sys/kernel/tracing/events", F_OK) ||
		       !access("/sys/kernel/debug/tracing/events", F_OK);

	if (!mounted && strchr(at->program->target, '/'))
		return attach_unmounted(at, err);
	return attach_auto(a, at, err);
}

/* One sampling clock per CPU; the first link is kept as the attachment, the others as descriptors. */
int attach_perf(struct attachments *a, struct attachment *at, struct skep_err *err)
{
	struct perf_event_attr attr = { .type = PERF_TYPE_SOFTWARE,
					.config = PERF_COUNT_SW_CPU_CLOCK,
					.sample_freq = SAMPLES_PER_SECOND,
					.freq = 1 };
	int pid, rc = attach_pid(a->place, &pid, err), cpus = libbpf_num_possible_cpus();

	for (int cpu = 0; cpu < cpus && !rc; cpu++) {
		int fd = perf_open(&attr, pid, cpu),
		    prog = bpf_program__fd(at->program->bpf);

		if (fd < 0 && errno == ENODEV)
			continue; /* this CPU is offline */
		if (fd < 0)
			return skep_fail(err, errno, "cannot sample CPU %d for '%s': %s",
					 cpu, at->program->name, strerror(errno));
		rc = attach_keep(at, fd, err);
		if (!rc && (ioctl(fd, PERF_EVENT_IOC_SET_BPF, prog) ||
			    ioctl(fd, PERF_EVENT_IOC_ENABLE, 0)))
			rc = skep_fail(err, errno,
				       "cannot attach '%s' to the clock of CPU %d: %s",
				       at->program->name, cpu, strerror(errno));
	}
	return rc;
}

/* path is BINARY:FUNCTION; what the section says already need not be said again. */
static int attach_function(struct attachments *a, struct attachment *at, int pid,
			   struct skep_err *err)
{
	LIBBPF_OPTS(bpf_uprobe_opts, opts,
		    .retprobe = !strncmp(at->program->section, "uret", 4));
	const char *where = a->place->path ? a->place->path : at->program->target;
	const char *colon = strrchr(where, ':');
	_cleanup_free_ char *binary =
		colon ? strndup(where, (size_t)(colon - where)) : NULL;
	struct bpf_link *link;
	struct messages m;
	int rc;

	if (!colon || !colon[1])
		return skep_fail(err, SKEP_EUSAGE,
				 "--param path wants BINARY:FUNCTION, not '%s'", where);
	if (!binary)
		return skep_fail(err, ENOMEM, "out of memory");
	opts.func_name = colon + 1;
	messages_begin(&m, a->log);
	link = bpf_program__attach_uprobe_opts(at->program->bpf, pid, binary, 0, &opts);
	rc = attach_take(at, link, where, err);
	messages_end(&m);
	return rc;
}

int attach_uprobe(struct attachments *a, struct attachment *at, struct skep_err *err)
{
	bool usdt = !strncmp(at->program->section, "usdt", 4);
	int pid, rc = attach_pid(a->place, &pid, err);

	if (rc)
		return rc;
	if (usdt && (pid != -1 || a->place->path))
		return skep_fail(err, SKEP_EUSAGE, "'%s' (%s) takes neither pid nor path",
				 at->program->name, at->program->section);
	if (!a->place->path && pid == -1)
		return attach_auto(a, at, err);
	return attach_function(a, at, pid, err);
}

int attach_cgroup(struct attachments *a, struct attachment *at, struct skep_err *err)
{
	_cleanup_free_ char *root = a->place->cgroup ? NULL : host_mount("cgroup2");
	const char *path = a->place->cgroup ? a->place->cgroup : root;
	_cleanup_close_ int fd = -1;

	if (!path) {
		skep_fail(err, ENOENT,
			  "'%s' is attached to a control group, and no cgroup2 is mounted",
			  at->program->name);
		return skep_err_hint(
			err,
			"mount -t cgroup2 cgroup2 /sys/fs/cgroup, or --param cgroup=PATH");
	}
	fd = open(path, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
	if (fd < 0) {
		skep_fail(err, errno, "cannot open control group: %s", strerror(errno));
		return skep_err_at(err, path, 0, 0);
	}
	return attach_take(at, bpf_program__attach_cgroup(at->program->bpf, fd), path,
			   err);
}
