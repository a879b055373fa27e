/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * Which programs load, each without the others. All are prepared together, so that the kernel's types are read once; what
 * libbpf cannot prepare is found by the program or map its message names and left out, and if it names none, each program
 * gets an object of its own.
 */
#include "lib/prove/measure_parts.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include <bpf/bpf.h>
#include <bpf/libbpf.h>

#include "lib/base/buf.h"
#include "lib/base/cleanup.h"
#include "lib/base/text.h"

#define MAX_REOPENED 8
#define LOG_DEFAULT  ((size_t)1 << 20)
#define REASON_LEN   16384
#define EXPLAIN_MS   2000

/* of BPF_PROG_LOAD's log_level; statistics since Linux 5.2 */
enum { LOG_PATH = 1, LOG_ALL = 2, LOG_STATS = 4 };

#define ANOTHER "another program, which a map is to hold, is refused"

static int told(struct measure *m, size_t i, struct skep_err *err)
{
	const struct measure_listener *l = m->q.listener;

	m->left[i] = false;
	return l && l->program ? l->program(l->ctx, &m->proof->programs[i], err) : 0;
}

static int refuse(struct measure *m, size_t i, int code, const char *first,
		  struct skep_err *err)
{
	struct proof_program *p = &m->proof->programs[i];

	p->load = PROOF_REFUSED;
	p->code = code;
	if (*first && !(p->message = strdup(first)))
		return skep_fail(err, ENOMEM, "out of memory");
	return told(m, i, err);
}

static int refuse_rest(struct measure *m, int code, const char *first,
		       struct skep_err *err)
{
	int rc = 0;

	for (size_t i = 0; i < m->program_cnt && !rc; i++)
		if (m->left[i])
			rc = refuse(m, i, code, first, err);
	return rc;
}

static int keep_log(struct measure *m, struct proof_program *p, struct skep_err *err)
{
	if (!m->attempt->log[0])
		return 0;
	free(p->log);
	p->log = measure_log_cut(m->attempt->log,
				 m->q.log_max ? m->q.log_max : LOG_DEFAULT, &p->log_cut);
	return p->log ? 0 : skep_fail(err, ENOMEM, "out of memory");
}

/* The end of a log that ends too early: behind the path there was no room or no time for the reason. */
static int add_reason(struct proof_program *p, const char *reason, struct skep_err *err)
{
	_cleanup_free_ char *path = TAKE(p->log);
	struct buf b = { 0 };
	bool cut;
	_cleanup_free_ char *few = measure_log_cut(reason, REASON_LEN, &cut);

	buf_fmt(&b, "%s\n... the rest left out ...\n%s", path ? path : "", few);
	p->log = buf_take(&b, NULL);
	p->log_cut = true;
	return few && p->log ? 0 : skep_fail(err, ENOMEM, "out of memory");
}

/* Of the path that led there; a million instructions take long to write down, and their beginning is enough. */
static int explain(struct measure *m, size_t i, struct skep_err *err)
{
	struct proof_program *p = &m->proof->programs[i];
	_cleanup_free_ char *reason = strdup(m->attempt->log);
	unsigned int limit = m->q.program_ms;
	int rc;

	if (!limit || limit > EXPLAIN_MS)
		limit = EXPLAIN_MS;
	rc = measure_attempt(m, i, false, LOG_PATH | LOG_STATS, limit, err);
	if (!rc)
		rc = keep_log(m, p, err);
	if (rc || !reason || (m->attempt->code != ENOSPC && m->attempt->code != ETIME))
		return rc;
	return add_reason(p, reason, err);
}

/* A map that others are put into cannot be without them. */
static int attempt(struct measure *m, size_t i, unsigned int level, struct skep_err *err)
{
	struct attempt *a = m->attempt;
	_cleanup_free_ char *mine = text_fmt("prog '%s': ", m->proof->programs[i].name);
	int rc = measure_attempt(m, i, false, level, m->q.program_ms, err);

	if (rc || !a->code || !strstr(a->first, "failed to initialize slot"))
		return rc;
	rc = measure_attempt(m, i, true, level, m->q.program_ms, err);
	if (!rc && a->code && mine && strncmp(a->first, mine, strlen(mine)))
		strcpy(a->first, ANOTHER);
	return rc;
}

static int keep_stats(struct measure *m, size_t i, struct skep_err *err)
{
	struct proof_program *p = &m->proof->programs[i];

	p->load = PROOF_LOADED;
	measure_log_stats(m->attempt->log, &p->stats);
	p->stats.jited = m->attempt->jited;
	if (!p->stats.insns)
		p->stats.insns = m->attempt->insns;
	return told(m, i, err);
}

/* A whole trace may be more than there is room or time for: that says nothing of the program. */
static int trace(struct measure *m, size_t i, bool *enough, struct skep_err *err)
{
	struct proof_program *p = &m->proof->programs[i];
	int rc = attempt(m, i, LOG_ALL | LOG_STATS, err);

	if (!rc)
		rc = keep_log(m, p, err);
	*enough = m->attempt->code != ENOSPC && m->attempt->code != ETIME;
	p->log_cut |= !*enough;
	return rc;
}

static int judge(struct measure *m, size_t i, struct skep_err *err)
{
	struct proof_program *p = &m->proof->programs[i];
	bool enough = false;
	char first[384];
	int rc, code;

	if (!bpf_program__autoload(m->opened.object->programs[i].bpf) && m->ops_code)
		return refuse(m, i, m->ops_code, m->ops_first, err);
	rc = m->q.trace ? trace(m, i, &enough, err) : 0;
	if (!rc && !enough)
		rc = attempt(m, i, LOG_STATS, err);
	if (rc || !m->attempt->code)
		return rc ? rc : keep_stats(m, i, err);
	code = m->attempt->code;
	memcpy(first, m->attempt->first, sizeof(first));
	measure_log_stats(m->attempt->log, &p->stats);
	if (!p->log && m->attempt->log[0] && code != ETIME)
		rc = explain(m, i, err);
	return rc ? rc : refuse(m, i, code, first, err);
}

static int judge_prepared(struct measure *m, struct skep_err *err)
{
	int rc = 0;

	for (size_t i = 0; i < m->program_cnt && !rc; i++)
		if (m->left[i])
			rc = judge(m, i, err);
	return rc;
}

/* "prog 'name': relo #0: …" */
static bool names_program(const struct measure *m, const char *first, size_t *program)
{
	for (size_t i = 0; i < m->program_cnt; i++) {
		const char *name = m->proof->programs[i].name;
		size_t len = strlen(name);

		*program = i;
		if (m->left[i] && !strncmp(first, "prog '", 6) &&
		    !strncmp(first + 6, name, len) && first[6 + len] == '\'')
			return true;
	}
	return false;
}

static bool names_ops(const struct measure *m, const char *first, size_t *map)
{
	const struct object *o = m->opened.object;

	for (size_t i = 0; i < o->map_cnt && strstr(first, "struct_ops"); i++) {
		*map = i;
		if (o->maps[i].map_type == BPF_MAP_TYPE_STRUCT_OPS && !m->ops_off[i] &&
		    strstr(first, o->maps[i].name))
			return true;
	}
	return false;
}

/* Without the culprit, if it is told. 1: it is not. */
static int leave_out(struct measure *m, int code, const char *first, struct skep_err *err)
{
	size_t i = 0;

	if (names_program(m, first, &i))
		return refuse(m, i, code, first, err);
	if (!names_ops(m, first, &i))
		return 1;
	m->ops_off[i] = true;
	if (!m->ops_code) {
		m->ops_code = code;
		memcpy(m->ops_first, first, sizeof(m->ops_first));
	}
	return 0;
}

/* A program that does nothing and is refused all the same. */
static bool may_load(void)
{
	const struct bpf_insn nothing[] = {
		{ .code = BPF_ALU64 | BPF_MOV | BPF_K, .dst_reg = BPF_REG_0 },
		{ .code = BPF_JMP | BPF_EXIT },
	};
	int fd = bpf_prog_load(BPF_PROG_TYPE_SOCKET_FILTER, NULL, "GPL", nothing,
			       ARRAY_SIZE(nothing), NULL);

	if (fd >= 0)
		close(fd);
	return fd >= 0 || errno != EPERM;
}

static int check_privilege(int code, struct skep_err *err)
{
	if (code != EPERM || may_load())
		return 0;
	skep_fail(err, SKEP_EPRIV, "the kernel lets this user load no program");
	return skep_err_hint(
		err, "run as root, or with CAP_BPF, CAP_PERFMON and CAP_NET_ADMIN");
}

static int alone(struct measure *m, size_t i, struct skep_err *err)
{
	_cleanup_free_ bool *on = calloc(m->program_cnt + 1, sizeof(*on));
	char first[384];
	int rc = on ? measure_open(m, err) : skep_fail(err, ENOMEM, "out of memory");
	int code;

	if (rc)
		return rc;
	on[i] = true;
	measure_choose(m, on);
	code = measure_prepare(m, first);
	return code ? refuse(m, i, code, first, err) : judge(m, i, err);
}

/* What fails without any program is the object's fault, and said of all. */
static int judge_apart(struct measure *m, struct skep_err *err)
{
	char first[384];
	int rc = measure_open(m, err), code = 0;

	m->apart = true;
	if (!rc) {
		measure_choose(m, NULL);
		code = measure_prepare(m, first);
	}
	if (!rc && code)
		return refuse_rest(m, code, first, err);
	for (size_t i = 0; i < m->program_cnt && !rc; i++)
		if (m->left[i])
			rc = alone(m, i, err);
	return rc;
}

int measure_judge(struct measure *m, struct skep_err *err)
{
	char first[384];
	int rc = 0;

	for (int n = 0; n < MAX_REOPENED && !rc; n++) {
		int code;

		rc = n ? measure_open(m, err) : 0;
		if (rc)
			return rc;
		measure_choose(m, m->left);
		code = measure_prepare(m, first);
		if (!code)
			return judge_prepared(m, err);
		rc = check_privilege(code, err);
		if (!rc)
			rc = leave_out(m, code, first, err);
	}
	return rc < 0 ? rc : judge_apart(m, err);
}
