/* SPDX-License-Identifier: BSD-2-Clause */
/* Running the stimulus. */
#include "lib/prove/stimulus.h"

#include <errno.h>
#include <signal.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "lib/base/cleanup.h"
#include "lib/base/fs.h"

#define OUTPUT_MAX ((size_t)16 << 10) /* its end is kept */

int stimulus_start(struct stimulus *s, const char *path, struct skep_err *err)
{
	_cleanup_free_ char *script = fs_abspath(path);
	const char *const by_shell[] = { "/bin/sh", script, NULL };
	const char *const direct[] = { script, NULL };
	const struct proc_env env = { .bound = true };

	*s = (struct stimulus){ .status = -1 };
	if (!script)
		return skep_fail(err, ENOMEM, "out of memory");
	return proc_start(&s->proc, access(script, X_OK) ? by_shell : direct, &env, err);
}

bool stimulus_poll(struct stimulus *s)
{
	if (!s->ended)
		s->ended = proc_drain(&s->proc, &s->output) != 0;
	if (s->output.len > 2 * OUTPUT_MAX) {
		memmove(s->output.data, s->output.data + s->output.len - OUTPUT_MAX,
			OUTPUT_MAX + 1);
		s->output.len = OUTPUT_MAX;
	}
	return s->ended;
}

int stimulus_end(struct stimulus *s, struct skep_err *err)
{
	s->timeout = !stimulus_poll(s);
	kill(-s->proc.pid, SIGKILL); /* what it left in the background, too */
	s->status = proc_wait(&s->proc, err);
	s->proc.pid = 0;
	return s->status < 0 ? s->status : 0;
}

void stimulus_release(struct stimulus *s)
{
	if (s->proc.pid > 0)
		stimulus_end(s, NULL);
	buf_release(&s->output);
}
