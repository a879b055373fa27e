/* SPDX-License-Identifier: BSD-2-Clause */
/* What survived, loaded together and attached as far as places are told. */
#include "lib/prove/measure_parts.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <bpf/bpf.h>
#include <bpf/libbpf.h>

#include "lib/base/buf.h"
#include "lib/base/cleanup.h"
#include "lib/base/text.h"

static bool survives(const struct measure *m, size_t i)
{
	return m->proof->programs[i].load == PROOF_LOADED &&
	       m->opened.object->programs[i].autoload;
}

static int say(struct proof_program *p, const char *why, struct skep_err *err)
{
	free(p->attach_message);
	p->attach_message = strdup(why);
	return p->attach_message ? 0 : skep_fail(err, ENOMEM, "out of memory");
}

/* Each loads, together they do not: a map wants one that is refused, memory ends. */
static int say_apart(struct measure *m, const char *first, int code, struct skep_err *err)
{
	_cleanup_free_ char *why =
		text_fmt("the object does not load without those that are refused: %s",
			 *first ? first : strerror(code));
	int rc = why ? 0 : skep_fail(err, ENOMEM, "out of memory");

	for (size_t i = 0; i < m->program_cnt && !rc; i++)
		if (survives(m, i))
			rc = say(&m->proof->programs[i], why, err);
	return rc;
}

/* Prepared already, unless programs had to be judged apart. */
static int prepare_survivors(struct measure *m, bool *on, int *code,
			     char first[static 384], struct skep_err *err)
{
	bool any = false;
	int rc = 0;

	for (size_t i = 0; i < m->program_cnt; i++)
		any |= on[i] = survives(m, i);
	*code = 0;
	if (!any)
		return 1;
	if (m->apart) {
		rc = measure_open(m, err);
		if (rc)
			return rc;
		measure_choose(m, on);
		*code = measure_prepare(m, first);
	}
	for (size_t i = 0; i < m->program_cnt; i++)
		bpf_program__set_autoload(m->opened.object->programs[i].bpf, on[i]);
	return 0;
}

int measure_load_together(struct measure *m, struct skep_err *err)
{
	_cleanup_free_ bool *on = calloc(m->program_cnt + 1, sizeof(*on));
	char first[384] = "";
	int code = 0, rc = on ? prepare_survivors(m, on, &code, first, err)
			      : skep_fail(err, ENOMEM, "out of memory");

	if (rc)
		return rc < 0 ? rc : 0;
	if (!code)
		code = measure_commit(m, first);
	if (code)
		return say_apart(m, first, code, err);
	m->loaded = true;
	return 0;
}

/* Lines are for the listener one by one. */
static int take_lines(void *ctx, const char *data, size_t len, struct skep_err *err)
{
	const struct measure_listener *l = ((struct measure *)ctx)->q.listener;
	int rc = 0;

	while (len && !rc) {
		const char *end = memchr(data, '\n', len);
		size_t n = end ? (size_t)(end - data) : len;

		rc = l->event(l->ctx, data, n, err);
		n += end != NULL;
		data += n;
		len -= n;
	}
	return rc < 0 ? rc : 0;
}

static int open_buffers(struct measure *m, bool heard, struct skep_err *err)
{
	int rc = events_new(&m->events, heard ? &m->sink : NULL, false, m->q.log, err);

	return rc ? rc : events_add(m->events, m->opened.object, err);
}

/* Before anything is attached, or first events were lost. A type that cannot be shown can be counted. */
static int start_events(struct measure *m, struct skep_err *err)
{
	const struct measure_listener *l = m->q.listener;

	m->sink = (struct sink){ .take = take_lines, .ctx = m, .stop_fd = -1 };
	if (l && l->event && !open_buffers(m, true, NULL))
		return 0;
	events_free(m->events);
	m->events = NULL;
	return open_buffers(m, false, err);
}

/* Is it attached to what the caller names, and not to what its section does? */
static bool is_placed(const struct obj_program *p)
{
	switch (p->prog_type) {
	case BPF_PROG_TYPE_KPROBE:
		return *p->section == 'u'; /* uprobe, uretprobe, usdt */
	case BPF_PROG_TYPE_TRACING:
	case BPF_PROG_TYPE_LSM:
	case BPF_PROG_TYPE_TRACEPOINT:
	case BPF_PROG_TYPE_RAW_TRACEPOINT:
	case BPF_PROG_TYPE_RAW_TRACEPOINT_WRITABLE:
		return false;
	default:
		return true;
	}
}

/* The place is wrong or lacks: that is not the kernel's answer to the program. */
static bool is_of_place(const struct obj_program *p, int rc)
{
	return rc == -SKEP_EUSAGE || (rc == -ENOENT && p && is_placed(p));
}

/* o: NULL: one of several of a map of operations. */
static int write_down(struct proof_program *p, const struct obj_program *o, int rc,
		      const char *why, const struct skep_err *failed,
		      struct skep_err *err)
{
	p->attach = !rc                            ? PROOF_ATTACHED
		    : rc > 0 || is_of_place(o, rc) ? PROOF_NOT_ATTACHED
						   : PROOF_ATTACH_REFUSED;
	if (rc)
		return say(p, rc > 0 ? why : failed->what, err);
	free(p->attach_message);
	p->attach_message = NULL;
	return 0;
}

static int attach_one(struct measure *m, size_t i, struct skep_err *err)
{
	const struct obj_program *p = &m->opened.object->programs[i];
	struct skep_err failed = { 0 };
	const char *why = NULL;
	int rc;

	if (p->prog_type == BPF_PROG_TYPE_STRUCT_OPS)
		return 0;
	rc = attach_program(&m->attachments, p, &why, &failed);
	return rc == -ENOMEM
		       ? skep_fail(err, ENOMEM, "out of memory")
		       : write_down(&m->proof->programs[i], p, rc, why, &failed, err);
}

static bool outweighs(int rc, const struct proof_program *p)
{
	return p->attach == PROOF_NOT_ATTACHED || (p->attach == PROOF_ATTACHED && rc < 0);
}

/* Operations need all their programs. One that is of several is attached if any of those is, and refused if any is. */
static int attach_map(struct measure *m, size_t map, struct skep_err *err)
{
	const struct obj_map *ops = &m->opened.object->maps[map];
	const char *why = NULL;
	struct skep_err failed = { 0 };
	int rc = 0;

	for (size_t i = 0; i < m->program_cnt; i++)
		if (measure_is_ops_of(m, map, i) && !survives(m, i))
			why = "another program of the same operations does not load";
	rc = why ? 1 : attach_ops(&m->attachments, ops, &failed);
	for (size_t i = 0; i < m->program_cnt; i++)
		if (measure_is_ops_of(m, map, i) && survives(m, i) &&
		    outweighs(rc, &m->proof->programs[i]) &&
		    write_down(&m->proof->programs[i], NULL, rc, why, &failed, err))
			return -ENOMEM;
	return 0;
}

int measure_attach(struct measure *m, struct skep_err *err)
{
	const struct object *o = m->opened.object;
	int rc;

	if (!m->loaded)
		return 0;
	rc = start_events(m, err);
	/* kernels before 5.8 count no runs, which is no reason not to attach */
	m->stats_fd = bpf_enable_stats(BPF_STATS_RUN_TIME);
	m->attachments.place = &m->place;
	m->attachments.log = m->q.log;
	for (size_t i = 0; i < m->program_cnt && !rc; i++)
		if (m->proof->programs[i].load == PROOF_LOADED)
			rc = attach_one(m, i, err);
	for (size_t i = 0; i < o->map_cnt && !rc; i++)
		if (o->maps[i].map_type == BPF_MAP_TYPE_STRUCT_OPS &&
		    bpf_map__autocreate(o->maps[i].bpf))
			rc = attach_map(m, i, err);
	return rc;
}

bool measure_is_refused(const struct measure *m)
{
	for (size_t i = 0; m->loaded && i < m->program_cnt; i++)
		if (m->proof->programs[i].attach == PROOF_ATTACH_REFUSED)
			return true;
	return false;
}

void measure_detach(struct measure *m)
{
	attach_release(&m->attachments);
}

/* What it said the first time is of no interest any more. */
static bool forget(struct proof_program *p)
{
	if (p->attach != PROOF_ATTACH_REFUSED)
		return false;
	p->attach = PROOF_NOT_ATTACHED;
	free(p->attach_message);
	p->attach_message = NULL;
	return true;
}

static bool forget_ops(struct measure *m, size_t map)
{
	bool any = false;

	for (size_t i = 0; i < m->program_cnt; i++)
		if (measure_is_ops_of(m, map, i))
			any |= forget(&m->proof->programs[i]);
	return any;
}

int measure_again(struct measure *m, struct skep_err *err)
{
	const struct object *o = m->opened.object;
	int rc = 0;

	if (!m->loaded)
		return 0;
	for (size_t i = 0; i < o->map_cnt && !rc; i++)
		if (o->maps[i].map_type == BPF_MAP_TYPE_STRUCT_OPS &&
		    bpf_map__autocreate(o->maps[i].bpf) && forget_ops(m, i)) {
			rc = attach_map(m, i, err);
			measure_detach(m);
		}
	for (size_t i = 0; i < m->program_cnt && !rc; i++)
		if (o->programs[i].prog_type != BPF_PROG_TYPE_STRUCT_OPS &&
		    forget(&m->proof->programs[i])) {
			rc = attach_one(m, i, err);
			measure_detach(m);
		}
	return rc;
}
