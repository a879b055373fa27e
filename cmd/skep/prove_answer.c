/* SPDX-License-Identifier: BSD-2-Clause */
/* skep prove, from options to an exit status. */
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "cmd/common/duration.h"
#include "cmd/common/home.h"
#include "cmd/common/passphrase.h"
#include "cmd/common/stop.h"
#include "cmd/skep/missing.h"
#include "cmd/skep/prove.h"

static int refuse(const struct prove_wish *w, struct skep_err *err)
{
	if (w->all + w->opts.host + !!w->kernels.n > 1)
		return skep_fail(err, SKEP_EUSAGE,
				 "--all, --host and --kernel exclude each other");
	if (w->csv && (w->common.json || w->events))
		return skep_fail(err, SKEP_EUSAGE, "--csv excludes --json and --events");
	if (w->opts.key && w->opts.cert && !w->opts.record)
		return skep_fail(err, SKEP_EUSAGE, "a key is of use only with --record");
	if (w->growth != GROWTH && !w->opts.baseline)
		return skep_fail(err, SKEP_EUSAGE,
				 "--growth is of use only with --baseline");
	for (size_t i = 0; i < w->kernels.n; i++)
		if (!strcmp(w->kernels.items[i], "host")) {
			skep_fail(err, SKEP_EUSAGE, "no guest runs the host's kernel");
			return skep_err_hint(err, "--host asks it as it runs");
		}
	for (size_t i = 0; i < w->files.n && w->files.n > 1; i++)
		if (prove_is_project(w->files.items[i]))
			return skep_fail(err, SKEP_EUSAGE,
					 "'%s' is a project, which is proved alone",
					 w->files.items[i]);
	return 0;
}

static unsigned int at_most(uint64_t v, unsigned int max)
{
	return v < max ? (unsigned int)v : max;
}

static int translate(struct prove_wish *w, struct skep_err *err)
{
	struct skep_prove_opts *o = &w->opts;
	int rc = duration_parse("--duration", w->duration, &o->duration_ns, err);

	o->path_env = getenv("PATH");
	o->terms = w->kernels.items;
	o->term_cnt = w->kernels.n;
	o->jobs = at_most(w->jobs, 256);
	if (w->accel)
		o->accel = *w->accel == 'k'   ? SKEP_ACCEL_KVM
			   : *w->accel == 'a' ? SKEP_ACCEL_AUTO
					      : SKEP_ACCEL_TCG;
	o->memory_mib = at_most(w->memory, 1 << 20);
	o->presets = w->presets.items;
	o->preset_cnt = w->presets.n;
	o->programs = w->programs.items;
	o->program_cnt = w->programs.n;
	o->hot_lines = at_most(w->lines, 1000);
	o->verbose = w->common.verbose;
	o->explain = w->common.explain;
	o->growth_percent = at_most(w->growth, 1000000);
	o->growth_none = !w->growth;
	o->passphrase = &passphrase_known;
	o->filters = w->filters.items;
	o->filter_cnt = w->filters.n;
	o->top = at_most(w->top, 1 << 30);
	return rc ? rc : duration_parse("--timeout", w->timeout, &o->boot_ns, err);
}

/* Where the table goes to standard output, what went wrong goes to the other. */
static int print(const struct prove_wish *w, const struct skep_report *report,
		 const char *csv, enum skep_proof proof, struct skep_err *err)
{
	char *text = NULL;
	int rc;

	if (!w->csv)
		return cmd_print(&w->common, report, err);
	rc = cmd_puts(csv ? csv : "", err);
	if (rc || proof == SKEP_PROVEN)
		return rc;
	rc = skep_report_text(report, &text, err);
	if (!rc)
		fputs(text, stderr);
	free(text);
	return rc;
}

static int ask(struct prove_wish *w, const char *const *files, struct skep_err *err)
{
	struct skep_report *report = skep_report_new();
	enum skep_proof proof = SKEP_UNPROVEN;
	struct prove_show show;
	char *csv = NULL;
	int rc, stopped;

	prove_show_init(&show, &w->common);
	w->opts.ctx = &show;
	w->opts.log = &show.log;
	w->opts.progress = prove_show_progress;
	w->opts.event = w->events ? prove_show_event : NULL;
	w->opts.csv = w->csv ? &csv : NULL;
	w->opts.stop_fd = rc = stop_signals(err);
	if (rc >= 0)
		rc = skep_prove(files, w->files.n, &w->opts, report, &proof, err);
	prove_show_end(&show);
	if (!rc)
		rc = print(w, report, csv, proof, err);
	if (!rc)
		rc = proof == SKEP_PROVEN    ? 0
		     : proof == SKEP_REFUSED ? 1
					     : missing_kernel(report, err);
	stopped = rc == -EINTR ? stop_status(w->opts.stop_fd) : 0;
	if (w->opts.stop_fd >= 0)
		close(w->opts.stop_fd);
	free(csv);
	skep_report_free(report);
	return stopped ? stopped : rc;
}

int prove_answer(struct prove_wish *w, struct skep_err *err)
{
	const char *const *files = w->files.items;
	char home[CMD_HOME_MAX], cache[CMD_HOME_MAX];
	struct prove_project p = { 0 };
	int rc = refuse(w, err);

	w->opts.home = cmd_home(home, sizeof(home));
	w->opts.cache_dir = cmd_cache(cache, sizeof(cache));
	if (!rc)
		rc = translate(w, err);
	if (!rc && prove_is_project(files[0])) {
		rc = prove_project_build(&p, files[0], &w->common, err);
		files = (const char *const *)&p.package;
	}
	if (p.kernel_cnt && !w->all && !w->opts.host && !w->kernels.n) {
		w->opts.terms = p.kernels;
		w->opts.term_cnt = p.kernel_cnt;
	}
	if (!rc)
		rc = ask(w, files, err);
	prove_project_release(&p);
	return rc;
}
