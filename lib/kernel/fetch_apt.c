/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * apt, set up apart: everything it writes is in one folder, nothing of the system's is read but how to reach
 * the network (proxies), and no hook of the system's runs.
 */
#include <errno.h>
#include <fcntl.h>
#include <poll.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/file.h>
#include <unistd.h>

#include "lib/base/fs.h"
#include "lib/base/proc.h"
#include "lib/base/text.h"
#include "lib/kernel/fetch.h"

#define USUAL_PATH "/usr/local/bin:/usr/bin:/bin"
#define MAX_OUTPUT ((size_t)64 << 20)
#define MAX_ARGS   32

static int no_memory(struct skep_err *err)
{
	return skep_fail(err, ENOMEM, "out of memory");
}

/* ---- set up ---- */

static int find_programs(struct apt *apt, struct skep_err *err)
{
	const char *path = apt->opts->path_env ? apt->opts->path_env : USUAL_PATH;

	apt->get = fs_find_program("apt-get", path);
	apt->cache = fs_find_program("apt-cache", path);
	if (apt->get && apt->cache)
		return 0;
	skep_fail(err, SKEP_ETOOL,
		  "there is no apt here, which kernels are fetched through");
	return skep_err_hint(err, "download the kernel's packages by other means, then: "
				  "skep kernel add FILE...");
}

static int make_folders(const struct apt *apt, struct skep_err *err)
{
	static const char *const names[] = { "lists/partial", "cache/archives/partial",
					     "debs" };
	int rc = 0;

	for (size_t i = 0; !rc && i < ARRAY_SIZE(names); i++) {
		_cleanup_free_ char *path = fs_join(apt->dir, names[i]);

		rc = path ? fs_mkdirs(path, 0700, err) : no_memory(err);
	}
	return rc;
}

static int take_lock(struct apt *apt, struct skep_err *err)
{
	_cleanup_free_ char *path = fs_join(apt->dir, "lock");

	if (!path)
		return no_memory(err);
	apt->lock = open(path, O_RDWR | O_CREAT | O_CLOEXEC | O_NOFOLLOW, 0600);
	if (apt->lock < 0)
		return skep_fail(err, errno, "cannot lock '%s': %s", path,
				 strerror(errno));
	if (flock(apt->lock, LOCK_EX | LOCK_NB))
		skep_log(apt->opts->log, SKEP_LOG_INFO,
			 "waiting for another fetch of the same");
	while (flock(apt->lock, LOCK_EX))
		if (errno != EINTR)
			return skep_fail(err, errno, "cannot lock '%s': %s", path,
					 strerror(errno));
	return 0;
}

/* A value of apt.conf has no way to spell a quotation mark. */
static int check_quotable(const char *s, struct skep_err *err)
{
	for (const char *c = s; *c; c++)
		if (*c == '"' || (unsigned char)*c < ' ')
			return skep_fail(err, SKEP_EUSAGE,
					 "apt cannot work in a folder of that name: '%s'",
					 s);
	return 0;
}

static int write_conf(const struct apt *apt, struct skep_err *err)
{
	const char *d = apt->dir, *arch = apt->want->arch->debian;
	_cleanup_free_ char *status = fs_join(d, "status");
	_cleanup_(buf_release) struct buf b = { 0 };
	int rc = status ? check_quotable(d, err) : no_memory(err);

	buf_fmt(&b, "Dir::Etc::SourceList \"%s/archive.sources\";\n", d);
	buf_str(&b, "Dir::Etc::SourceParts \"/dev/null\";\n"
		    "Dir::Etc::Preferences \"/dev/null\";\n"
		    "Dir::Etc::PreferencesParts \"/dev/null\";\n");
	buf_fmt(&b, "Dir::State::Lists \"%s/lists\";\n", d);
	buf_fmt(&b, "Dir::State::status \"%s/status\";\n", d);
	buf_fmt(&b, "Dir::State::extended_states \"%s/extended_states\";\n", d);
	buf_fmt(&b, "Dir::Cache \"%s/cache\";\n", d);
	/* containers turn these off, and every call would read all lists again */
	buf_str(&b, "Dir::Cache::pkgcache \"pkgcache.bin\";\n"
		    "Dir::Cache::srcpkgcache \"\";\n");
	buf_fmt(&b, "Dir::Log \"%s\";\n", d);
	buf_fmt(&b, "APT::Architecture \"%s\";\n#clear APT::Architectures;\n", arch);
	buf_fmt(&b, "APT::Architectures { \"%s\"; };\n", arch);
	/* another user, as which root would have it download, may not enter our folders */
	buf_str(&b, "APT::Sandbox::User \"root\";\n");
	buf_str(&b, "Acquire::Languages \"none\";\nAcquire::PDiffs \"false\";\n"
		    "Acquire::Retries \"2\";\nAPT::Update::Error-Mode \"any\";\n"
		    "#clear APT::Update::Pre-Invoke;\n#clear APT::Update::Post-Invoke;\n"
		    "#clear APT::Update::Post-Invoke-Success;\n"
		    "#clear Acquire::IndexTargets::deb::Contents-deb;\n"
		    "#clear Acquire::IndexTargets::deb::DEP-11;\n");
	if (!rc)
		rc = buf_check(&b, err);
	if (!rc)
		rc = fs_publish(apt->conf, b.data, b.len, 0600, err);
	return rc ? rc : fs_publish(status, "", 0, 0600, err);
}

int apt_open(struct apt *apt, const struct skep_kernel_opts *opts,
	     const struct fetch_want *want, struct skep_err *err)
{
	_cleanup_free_ char *place = NULL;
	int rc;

	*apt = (struct apt){ .opts = opts, .want = want, .lock = -1 };
	place = opts->cache_dir ? fs_abspath(opts->cache_dir) : fs_abspath(opts->home);
	apt->dir =
		place ? text_fmt("%s/apt/%s-%s", place, want->suite, want->arch->debian)
		      : NULL;
	apt->conf = apt->dir ? fs_join(apt->dir, "apt.conf") : NULL;
	apt->debs = apt->dir ? fs_join(apt->dir, "debs") : NULL;
	if (!apt->conf || !apt->debs)
		return no_memory(err);
	rc = find_programs(apt, err);
	if (!rc)
		rc = fs_mkdirs(apt->dir, 0700, err);
	if (!rc)
		rc = take_lock(apt, err);
	if (!rc)
		rc = make_folders(apt, err);
	return rc ? rc : write_conf(apt, err);
}

void apt_close(struct apt *apt)
{
	_cleanup_free_ char *cache = apt->dir ? fs_join(apt->dir, "cache") : NULL;

	if (apt->lock >= 0) {
		if (cache) /* 50 MB that are made again in a second */
			fs_remove_tree(cache, NULL);
		close(apt->lock);
	}
	free(apt->dir);
	free(apt->conf);
	free(apt->debs);
	free(apt->get);
	free(apt->cache);
	*apt = (struct apt){ .lock = -1 };
}

/* ---- run ---- */

bool fetch_line(const char **text, char *line, size_t size)
{
	size_t n = *text ? strcspn(*text, "\n") : 0;

	if (!*text || !**text)
		return false;
	snprintf(line, size, "%.*s", (int)n, *text);
	*text += n + ((*text)[n] == '\n');
	return true;
}

/* What has come since: "dlstatus:1:29.4391:Retrieving file 1 of 1". */
struct progress {
	const struct skep_log *log;
	const char *what; /* NULL: nobody is told */
	size_t seen;      /* bytes of the output */
	int told;         /* per cent */
};

static void tell(struct progress *p, const char *line)
{
	const char *percent;
	int now;

	if (strncmp(line, "dlstatus:", 9)) {
		skep_log(p->log, SKEP_LOG_DEBUG, "%s", line);
		return;
	}
	percent = strchr(line + 9, ':');
	now = percent ? atoi(percent + 1) / 10 * 10 : 0;
	if (!p->what || now <= p->told)
		return;
	p->told = now;
	skep_log(p->log, SKEP_LOG_INFO, "%s: %d %%", p->what, now);
}

static void look(struct progress *p, const struct buf *out)
{
	const char *end;
	char line[1024];

	while (out->data &&
	       (end = memchr(out->data + p->seen, '\n', out->len - p->seen))) {
		const char *at = out->data + p->seen;

		fetch_line(&at, line, sizeof(line));
		p->seen = (size_t)(end - out->data) + 1;
		tell(p, line);
	}
}

static int gather(struct proc *proc, struct progress *p, struct buf *out,
		  struct skep_err *err)
{
	while (!proc_drain(proc, out)) {
		struct pollfd pfd = { .fd = proc->out_fd, .events = POLLIN };

		look(p, out);
		if (out->len > MAX_OUTPUT)
			return skep_fail(err, SKEP_ETOOL, "apt says too much");
		poll(&pfd, 1, -1);
	}
	look(p, out);
	return buf_check(out, err);
}

int apt_run(const struct apt *apt, const struct apt_call *call, struct buf *out,
	    int *status, struct skep_err *err)
{
	const char *argv[MAX_ARGS + 8] = { "/usr/bin/env", "LC_ALL=C", call->argv[0] };
	const struct proc_env env = { .cwd = call->among_debs ? apt->debs : apt->dir,
				      .inherit_fd = apt->lock };
	struct progress p = { apt->opts->log, apt->opts->progress ? call->progress : NULL,
			      0, 0 };
	struct proc proc;
	size_t n = 3;
	int rc, end;

	if (call->conf) {
		argv[n++] = "-c";
		argv[n++] = apt->conf;
	}
	for (size_t i = 1; call->argv[i] && i < MAX_ARGS; i++)
		argv[n++] = call->argv[i];
	rc = proc_start(&proc, argv, &env, err);
	if (rc)
		return rc;
	rc = gather(&proc, &p, out, err);
	end = proc_wait(&proc, err);
	if (rc || end < 0)
		return rc ? rc : end;
	*status = end;
	return 0;
}

void apt_reason(const struct buf *out, char *line, size_t size)
{
	static const char *const marks[] = { "E: ", "W: " };
	const char *text;

	for (size_t i = 0; i < ARRAY_SIZE(marks); i++)
		for (text = out->data; fetch_line(&text, line, size);)
			if (!strncmp(line, marks[i], 3)) {
				memmove(line, line + 3, strlen(line + 3) + 1);
				return;
			}
	snprintf(line, size, "apt does not say why");
}
