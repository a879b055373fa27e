/* SPDX-License-Identifier: BSD-2-Clause */
/* Hear: messages of a guest, from which nothing is believed that does not fit, into its boot. */
#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "lib/base/cleanup.h"
#include "lib/base/json.h"
#include "lib/base/text.h"
#include "lib/prove/boot_parts.h"

#define RELEASE_MAX  64
#define PROBLEMS_MAX ((size_t)16 << 10)

static int misfit(const char *what, struct skep_err *err)
{
	return skep_fail(err, SKEP_ECORRUPT, "message without a fitting '%s'", what);
}

static int hear_ready(struct attempt *a, const struct json_t *m, struct skep_err *err)
{
	const char *release = js_str(m, "release");

	if (!release || strlen(release) > RELEASE_MAX || a->boot->release)
		return misfit("release", err);
	a->boot->release = strdup(release);
	return a->boot->release ? 0 : skep_fail(err, ENOMEM, "out of memory");
}

static int hear_error(struct attempt *a, const struct json_t *m, struct skep_err *err)
{
	const char *where = js_str(m, "where"), *hint = js_str(m, "hint");
	const char *what = js_str(m, "what");

	if (!what)
		return misfit("what", err);
	skep_fail(&a->err, SKEP_ENO, "%s%s%s", where ? where : "",
		  where && *where ? ": " : "", what);
	if (hint && *hint)
		skep_err_hint(&a->err, "%s", hint);
	a->end = END_ERROR;
	return 0;
}

static int object_index(const struct attempt *a, const struct json_t *m, size_t *index,
			struct skep_err *err)
{
	int64_t i;

	if (!js_int(m, "object", &i) || i < 0 || (uint64_t)i >= a->boot->object_cnt)
		return misfit("object", err);
	*index = (size_t)i;
	return 0;
}

static int hear_program(struct attempt *a, const struct json_t *m, struct skep_err *err)
{
	struct proof_program p = { 0 };
	size_t object = 0;
	int rc = object_index(a, m, &object, err);

	if (rc)
		return rc;
	rc = proof_program_read(&p, js_get(m, "program"), err);
	if (!rc && a->listener && a->listener->program)
		a->listener->program(a->listener->ctx, a->boot, object, &p);
	proof_program_release(&p);
	return rc;
}

static int hear_event(struct attempt *a, const struct json_t *m, struct skep_err *err)
{
	const char *line = js_str(m, "line");
	size_t object = 0;
	int rc = object_index(a, m, &object, err);

	if (rc)
		return rc;
	if (!line)
		return misfit("line", err);
	if (a->listener && a->listener->event)
		a->listener->event(a->listener->ctx, a->boot, object, line);
	return 0;
}

/* One more line of what the guest could not do. */
static int problem(struct boot *b, const char *what, const char *detail,
		   struct skep_err *err)
{
	char *all;

	if (b->problems && strlen(b->problems) > PROBLEMS_MAX)
		return 0;
	all = text_fmt("%s%s%.200s: %.1000s\n", b->problems ? b->problems : "", "", what,
		       detail);
	if (!all)
		return skep_fail(err, ENOMEM, "out of memory");
	free(b->problems);
	b->problems = all;
	return 0;
}

static const char *code_text(const struct json_t *m)
{
	int64_t code;

	return js_int(m, "code", &code) && code > 0 && code < 4096 ? strerror((int)code)
								   : "unknown error";
}

static int hear_module(struct attempt *a, const struct json_t *m, struct skep_err *err)
{
	const char *file = js_str(m, "module");
	_cleanup_free_ char *what = NULL;

	if (!file)
		return misfit("module", err);
	what = text_fmt("module %s", file);
	return what ? problem(a->boot, what, code_text(m), err)
		    : skep_fail(err, ENOMEM, "out of memory");
}

static int hear_network(struct attempt *a, const struct json_t *m, struct skep_err *err)
{
	const char *what = js_str(m, "what");

	return problem(a->boot, "network", what ? what : code_text(m), err);
}

static int hear_stimulus(struct attempt *a, const struct json_t *m, struct skep_err *err)
{
	const char *output = js_str(m, "output");
	int64_t status;

	if (a->boot->stimulus || !output)
		return misfit("output", err);
	if (!js_int(m, "status", &status) || status < 0 || status > 255)
		return misfit("status", err);
	a->boot->stimulus = strdup(output);
	if (!a->boot->stimulus)
		return skep_fail(err, ENOMEM, "out of memory");
	a->boot->stimulus_status = (int)status;
	js_bool(m, "timeout", &a->boot->stimulus_timeout);
	return 0;
}

static int hear_proof(struct attempt *a, const struct json_t *m, struct skep_err *err)
{
	size_t object = 0;
	int rc = object_index(a, m, &object, err);

	if (rc)
		return rc;
	if (a->boot->proofs[object])
		return skep_fail(err, SKEP_ECORRUPT, "second proof of object %zu", object);
	rc = proof_read(&a->boot->proofs[object], js_get(m, "proof"), err);
	a->proof_cnt += !rc;
	return rc;
}

static int hear_done(struct attempt *a, const struct json_t *m, struct skep_err *err)
{
	a->end = END_DONE;
	return 0;
}

int boot_hear(struct attempt *a, const struct json_t *m, struct skep_err *err)
{
	static const struct {
		const char *say;
		int (*hear)(struct attempt *a, const struct json_t *m,
			    struct skep_err *err);
	} all[] = {
		{ "ready", hear_ready },     { "error", hear_error },
		{ "program", hear_program }, { "event", hear_event },
		{ "module", hear_module },   { "network", hear_network },
		{ "proof", hear_proof },     { "stimulus", hear_stimulus },
		{ "done", hear_done },
	};
	const char *say = js_str(m, "say");

	for (size_t i = 0; say && i < ARRAY_SIZE(all); i++)
		if (!strcmp(say, all[i].say))
			return all[i].hear(a, m, err);
	return misfit("say", err);
}
