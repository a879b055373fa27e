/* SPDX-License-Identifier: BSD-2-Clause */
/* DWARF: pahole makes BTF of it, as the kernel's own build does. */
#include <errno.h>
#include <poll.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>
#include <unistd.h>

#include "lib/base/cleanup.h"
#include "lib/base/fs.h"
#include "lib/base/proc.h"
#include "lib/base/text.h"
#include "lib/kernel/harvest_spool.h"
#include "lib/kernel/harvest_vmlinux.h"

#define TIME_MAX_S 900
#define LOG_MAX    65536

static time_t now(void)
{
	struct timespec ts;

	clock_gettime(CLOCK_MONOTONIC, &ts);
	return ts.tv_sec;
}

/* Until the end of its output; what it says is kept, bounded. */
static int attend(struct proc *p, struct buf *out, struct skep_err *err)
{
	time_t end = now() + TIME_MAX_S;

	for (;;) {
		struct pollfd pfd = { .fd = p->out_fd, .events = POLLIN };
		struct buf more = { 0 };
		int done = proc_drain(p, &more);

		if (out->len < LOG_MAX)
			buf_add(out, more.data, more.len);
		buf_release(&more);
		if (done)
			return 0;
		if (now() >= end)
			return skep_fail(err, SKEP_ETOOL,
					 "pahole does not end: stopped after %d s",
					 TIME_MAX_S);
		poll(&pfd, 1, 1000);
	}
}

static int run_pahole(const char *pahole, const char *from, const char *to,
		      const struct skep_log *log, struct skep_err *err)
{
	_cleanup_free_ char *option = text_fmt("--btf_encode_detached=%s", to);
	const char *argv[] = { pahole, option, from, NULL };
	struct buf out = { 0 };
	struct proc p;
	int ret, status;

	if (!option)
		return skep_fail(err, ENOMEM, "out of memory");
	ret = proc_start(&p, argv, NULL, err);
	if (ret)
		return ret;
	ret = attend(&p, &out, err);
	if (ret)
		kill(p.pid, SIGKILL);
	status = proc_wait(&p, err);
	if (out.len)
		skep_log(log, SKEP_LOG_DEBUG, "%s", out.data);
	if (!ret && status < 0)
		ret = status;
	if (!ret && status)
		ret = skep_fail(err, SKEP_ETOOL, "pahole ends with %d: %.*s", status,
				(int)strcspn(out.data ?: "", "\n"), out.data ?: "");
	buf_release(&out);
	return ret;
}

static char *find_pahole(const struct harvest_opts *opts, struct skep_err *err)
{
	char *path = opts->pahole ? strdup(opts->pahole)
				  : fs_find_program("pahole", opts->path_env);

	if (path)
		return path;
	skep_fail(err, SKEP_ETOOL, "vmlinux has DWARF only, and pahole is missing");
	skep_err_hint(err, "install pahole (package dwarves), or add a kernel with BTF");
	return NULL;
}

int dwarf_to_btf(struct harvest_blob *btf, int fd, const struct harvest_opts *opts,
		 struct skep_err *err)
{
	_cleanup_free_ char *pahole = find_pahole(opts, err);
	_cleanup_close_ int out = -1;
	char from[64], to[64];
	char *data;
	int ret;

	if (!pahole)
		return -SKEP_ETOOL;
	out = spool_open(opts->tmp_dir ? opts->tmp_dir : "/tmp", err);
	if (out < 0)
		return out;
	/* neither file need have a name: the child reaches them through us */
	snprintf(from, sizeof(from), "/proc/%d/fd/%d", (int)getpid(), fd);
	snprintf(to, sizeof(to), "/proc/%d/fd/%d", (int)getpid(), out);
	skep_log(opts->log, SKEP_LOG_INFO, "making BTF of DWARF with pahole");
	ret = run_pahole(pahole, from, to, opts->log, err);
	if (!ret && lseek(out, 0, SEEK_SET) < 0)
		ret = skep_fail(err, errno, "cannot read: %s", strerror(errno));
	if (!ret)
		ret = fs_read_fd(out, "pahole's BTF", FS_MAX_OBJECT, &data, &btf->size,
				 err);
	if (ret)
		return ret;
	btf->data = data;
	if (!btf->size)
		return skep_fail(err, SKEP_ETOOL, "pahole made no BTF");
	return 0;
}
