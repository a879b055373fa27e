/* SPDX-License-Identifier: BSD-2-Clause */
/* skep_prove(): objects in, predictions made, kernels asked, both held together, told. */
#include <skep/prove.h>

#include <errno.h>
#include <fcntl.h>
#include <fnmatch.h>
#include <linux/magic.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <sys/vfs.h>
#include <time.h>
#include <unistd.h>

#include "lib/base/buf.h"
#include "lib/base/cleanup.h"
#include "lib/base/fs.h"
#include "lib/base/opts.h"
#include "lib/check/outputs.h"
#include "lib/prove/baseline.h"
#include "lib/prove/preset.h"
#include "lib/prove/proving.h"
#include "lib/prove/record.h"
#include "lib/prove/table.h"

#define SECOND_NS      1000000000ull
#define GROWTH_PERCENT 10
#define STIMULUS_MAX   ((size_t)1 << 20)

/* Opening one waits for who writes to it, and nothing would hear meanwhile that all is to stop. */
static int refuse_fifo(const char *path, struct skep_err *err)
{
	_cleanup_close_ int fd = path ? open(path, O_PATH | O_CLOEXEC) : -1;
	struct statfs fs;
	struct stat st;

	if (fd < 0 || fstat(fd, &st) || !S_ISFIFO(st.st_mode) || fstatfs(fd, &fs) ||
	    fs.f_type == PIPEFS_MAGIC)
		return 0;
	skep_fail(err, SKEP_EUSAGE, "this is a named pipe, which may never be written to");
	return skep_err_at(err, path, 0, 0);
}

static int refuse_fifos(const struct proving *p, const char *const *paths, size_t n,
			struct skep_err *err)
{
	int rc = refuse_fifo(p->o.stimulus, err) ?: refuse_fifo(p->o.baseline, err);

	for (size_t i = 0; i < n && !rc; i++)
		rc = refuse_fifo(paths[i], err);
	return rc;
}

static int read_stimulus(struct proving *p, struct skep_err *err)
{
	size_t len;

	if (!p->o.stimulus)
		return 0;
	return fs_read(p->o.stimulus, STIMULUS_MAX, &p->stimulus, &len, err)
		       ?: (p->stimulus_len = len, 0);
}

static int take_opts(struct proving *p, const struct skep_prove_opts *given,
		     struct skep_err *err)
{
	struct skep_prove_opts *o = &p->o;
	int rc = opts_take(o, sizeof(*o), given, err);

	if (rc)
		return rc;
	if (!o->stimulus_ns)
		o->stimulus_ns = o->duration_ns ?: 30 * SECOND_NS;
	if (!o->duration_ns)
		o->duration_ns = SECOND_NS / 10;
	if (!o->boot_ns)
		o->boot_ns = 60 * SECOND_NS;
	if (!o->growth_percent && !o->growth_none)
		o->growth_percent = GROWTH_PERCENT;
	if (o->stop_fd <= 0)
		o->stop_fd = -1;
	if (!!o->key != !!o->cert)
		return skep_fail(err, SKEP_EUSAGE,
				 "a key and its certificate belong together");
	if (o->stimulus && o->no_attach)
		return skep_fail(err, SKEP_EUSAGE,
				 "a stimulus is of use only while programs are attached");
	return 0;
}

static int compare_baseline(struct proving *p, struct skep_err *err)
{
	_cleanup_free_ char *text = NULL;
	struct matrix_growth *growth = NULL;
	struct baseline *b = NULL;
	size_t len, n = 0, compared = 0;
	int rc;

	if (!p->o.baseline)
		return 0;
	rc = fs_read(p->o.baseline, FS_MAX_SOURCE, &text, &len, err);
	if (!rc)
		rc = baseline_read(&b, text, len, p->o.baseline, err);
	if (!rc)
		rc = baseline_compare(b, &p->m, p->o.growth_percent, &growth, &n,
				      &compared, err);
	if (!rc)
		baseline_tell(b, &p->m, p->o.log);
	baseline_free(b);
	if (rc)
		return rc;
	p->m.growth = growth;
	p->m.growth_cnt = n;
	skep_log(p->o.log, SKEP_LOG_INFO, "%zu programs held against '%s'", compared,
		 p->o.baseline);
	return 0;
}

static int save(const struct proving *p, struct skep_err *err)
{
	struct buf out = { 0 };
	int rc;

	if (!p->o.save)
		return 0;
	rc = baseline_write(&p->m, &out, err);
	if (!rc)
		rc = fs_publish(p->o.save, out.data, out.len, 0666, err);
	buf_release(&out);
	return rc;
}

static bool is_package(const struct proving *p, const char *path)
{
	for (size_t i = 0; i < p->in.object_cnt; i++)
		if (!strcmp(p->in.objects[i].file, path) && p->in.objects[i].arch)
			return true;
	return false;
}

static int refuse_record(const struct proving *p, const char *const *paths, size_t n,
			 struct skep_err *err)
{
	for (size_t i = 0; i < n && p->o.record; i++)
		if (!is_package(p, paths[i])) {
			skep_fail(
				err, SKEP_EUSAGE,
				"only a package can hold a proof, and this is an object");
			return skep_err_at(err, paths[i], 0, 0);
		}
	return 0;
}

/* What was proved is the package that was read; another one may lie there by now. */
static const char *digest_of(const struct proving *p, const char *path)
{
	for (size_t i = 0; i < p->in.package_cnt; i++)
		if (!strcmp(p->in.package_paths[i], path))
			return skep_pkg_digest(p->in.packages[i]);
	return NULL;
}

static int record(const struct proving *p, const char *const *paths, size_t n,
		  struct skep_err *err)
{
	int rc = 0;

	for (size_t i = 0; i < n && p->o.record && !rc; i++) {
		const struct record_query q = { .path = paths[i],
						.digest = digest_of(p, paths[i]),
						.m = &p->m,
						.key = p->o.key,
						.cert = p->o.cert,
						.passphrase = p->o.passphrase,
						.time = time(NULL) };
		rc = record_proof(&q, err);
	}
	return rc;
}

/* Before anything is started: each is of an object, and fits there. The objects are opened anew for that. */
static int try_preset(const struct proving *p, const char *preset, struct skep_err *err)
{
	struct object *o = NULL;
	bool any = false;
	int rc = 0;

	for (size_t i = 0; i < p->in.object_cnt && !rc; i++) {
		const struct object *in = p->in.objects[i].o;

		if (!preset_is_of(in->bpf, preset))
			continue;
		any = true;
		rc = object_read(&o, in->data, in->size, in->where, p->in.names[i], err);
		if (!rc)
			rc = preset_apply(o->bpf, preset, err);
		object_free(o);
		o = NULL;
	}
	/* says which names are near */
	return rc || any ? rc : preset_apply(p->in.objects[0].o->bpf, preset, err);
}

static int try_presets(const struct proving *p, struct skep_err *err)
{
	int rc = 0;

	for (size_t i = 0; i < p->o.preset_cnt && !rc; i++)
		rc = try_preset(p, p->o.presets[i], err);
	return rc;
}

static bool is_program(const struct proving *p, const char *pattern)
{
	for (size_t i = 0; i < p->in.object_cnt; i++) {
		const struct object *o = p->in.objects[i].o;

		for (size_t j = 0; j < o->program_cnt; j++)
			if (!fnmatch(pattern, o->programs[j].name, 0))
				return true;
	}
	return false;
}

/* Or nothing would be asked, and all be well. */
static int try_programs(const struct proving *p, struct skep_err *err)
{
	for (size_t i = 0; i < p->o.program_cnt; i++)
		if (!is_program(p, p->o.programs[i])) {
			skep_fail(err, SKEP_EUSAGE, "no program is called '%s'",
				  p->o.programs[i]);
			return skep_err_hint(err, "skep inspect FILE lists them");
		}
	return 0;
}

static int ask(struct proving *p, struct skep_err *err)
{
	int rc = proving_choose(p, err);

	if (!rc)
		rc = proving_assign(p, err);
	if (!rc)
		rc = p->o.host ? proving_host(p, err) : proving_guests(p, err);
	return rc ?: proving_explain(p, err);
}

static int tell_table(const struct proving *p, const struct table_query *q,
		      struct skep_report *report, struct skep_err *err)
{
	struct buf csv = { 0 };
	int rc;

	table_report(&p->m, q, report);
	if (!p->o.csv)
		return 0;
	rc = table_csv(&p->m, q, &csv, err);
	if (!rc && !(*p->o.csv = buf_take(&csv, NULL)))
		rc = skep_fail(err, ENOMEM, "out of memory");
	buf_release(&csv);
	return rc;
}

/* What was given to be read, and is another file now. */
static void tell_recorded(const struct proving *p, const char *const *paths, size_t n,
			  struct skep_report *report)
{
	struct skep_node *at = skep_node_section(skep_report_root(report), NULL, "");

	for (size_t i = 0; i < n && p->o.record; i++)
		skep_node_fmt(at, NULL, "recorded", "%s, %s", paths[i],
			      p->o.key ? "signed" : "unsigned");
}

static int tell(struct proving *p, const struct table_query *q, const char *const *paths,
		size_t n, struct skep_report *report, struct skep_err *err)
{
	const struct outputs to = { .html = p->o.html,
				    .junit = p->o.junit,
				    .sarif = p->o.sarif };
	int rc = compare_baseline(p, err);

	if (!rc)
		rc = save(p, err);
	if (!rc)
		rc = outputs_write(&p->m, &to, err);
	if (!rc)
		rc = record(p, paths, n, err);
	if (rc)
		return rc;
	matrix_report(&p->m, p->o.explain, report);
	tell_recorded(p, paths, n, report);
	return tell_table(p, q, report, err);
}

int skep_prove(const char *const *paths, size_t n, const struct skep_prove_opts *opts,
	       struct skep_report *report, enum skep_proof *answer, struct skep_err *err)
{
	struct proving p = { 0 };
	struct table_query table;
	int rc = take_opts(&p, opts, err);

	if (!rc)
		rc = refuse_fifos(&p, paths, n, err) ?: read_stimulus(&p, err);
	if (!rc)
		rc = table_query_read(&table, &p.o, err);
	if (!rc && !n)
		rc = skep_fail(err, SKEP_EUSAGE, "nothing to prove");
	if (!rc)
		rc = check_inputs_objects(&p.in, paths, n, err);
	if (!rc)
		rc = refuse_record(&p, paths, n, err);
	if (!rc)
		rc = try_presets(&p, err);
	if (!rc)
		rc = try_programs(&p, err);
	if (!rc)
		rc = ask(&p, err);
	if (!rc)
		rc = tell(&p, &table, paths, n, report, err);
	if (!rc)
		*answer = proving_answer(&p);
	proving_release(&p);
	return rc;
}
