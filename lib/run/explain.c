/* SPDX-License-Identifier: BSD-2-Clause */
/* What libbpf's and the verifier's messages come to, as one error. */
#include "lib/run/explain.h"

#include <errno.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "lib/base/cleanup.h"
#include "lib/object/object.h"
#include "lib/run/hook.h"
#include "lib/run/host.h"
#include "lib/run/verifier.h"

/* "prog 'filter': BPF program load failed" -> filter. */
static char *program_of(const char *message)
{
	const char *name = strstr(message, "prog '");

	return name ? strndup(name + 6, strcspn(name + 6, "'")) : NULL;
}

/* What the catalogue, or the kernel itself, says of why. */
static void add_cause(const struct verifier_reading *r, struct skep_err *err)
{
	if (r->cause)
		skep_err_note(err, "because %s", r->cause);
	if (r->remedy)
		skep_err_hint(err, "%s", r->remedy);
}

static int explain_verifier(const struct verifier_reading *r, const char *program,
			    struct skep_err *err)
{
	skep_fail(err, SKEP_EREJECTED, "the verifier refuses '%s': %s",
		  program ? program : "program", r->line);
	if (r->file)
		skep_err_at(err, r->file, (int)r->source_line, 0);
	if (r->text)
		skep_err_note(err, "while checking '%s'", r->text);
	add_cause(r, err);
	return skep_err_hint(err, "-v shows the verifier's whole log");
}

/* libbpf looks the hook up before the kernel does. */
static void add_hook(const char *message, const struct object *o, struct skep_err *err)
{
	_cleanup_free_ char *prog = program_of(message);

	if (!strstr(message, "failed to find kernel BTF type ID"))
		return;
	for (size_t i = 0; prog && i < o->program_cnt; i++)
		if (!strcmp(o->programs[i].name, prog))
			hook_hint(&o->programs[i], err);
}

static int explain_permission(const char *message, struct skep_err *err)
{
	const char *lockdown = host_lockdown();
	_cleanup_free_ char *prog = program_of(message);

	if (!host_has_cap(CAP_BPF) && !host_has_cap(CAP_SYS_ADMIN)) {
		skep_fail(err, SKEP_EPRIV, "not privileged to load BPF programs");
		return skep_err_hint(
			err,
			"run as root, or with CAP_BPF, CAP_PERFMON and CAP_NET_ADMIN");
	}
	skep_fail(err, SKEP_EREJECTED, "the kernel does not permit it: %s", message);
	if (lockdown && strcmp(lockdown, "none"))
		return skep_err_hint(
			err,
			"the kernel is locked down (%s), which forbids some programs",
			lockdown);
	if (strstr(message, "map '") && !host_has_cap(CAP_SYS_RESOURCE))
		return skep_err_hint(
			err, "raise the limit of locked memory: ulimit -l unlimited");
	if (prog)
		return skep_err_hint(
			err,
			"a locked-down kernel refuses some types of programs; skep doctor tells");
	return -SKEP_EREJECTED;
}

static int explain_reading(const struct verifier_reading *r, int code,
			   const char *message, const char *log, const struct object *o,
			   const char *program, struct skep_err *err)
{
	if (code == -ENOMEM) {
		skep_fail(err, ENOMEM, "out of memory%s%s", *message ? ": " : "", message);
		if (r->remedy)
			skep_err_hint(err, "%s", r->remedy);
		return -ENOMEM;
	}
	if (*log)
		return explain_verifier(r, program, err);
	skep_fail(err, SKEP_EREJECTED, "the kernel does not take it: %s",
		  *message ? message : strerror(-code));
	add_hook(message, o, err);
	add_cause(r, err);
	return -SKEP_EREJECTED;
}

int explain_load(int code, const char *message, const char *verifier,
		 const struct object *o, struct skep_err *err)
{
	_cleanup_free_ char *program = program_of(message);
	struct verifier_reading r;
	int rc;

	if ((code == -EPERM && !*verifier) ||
	    (code == -EACCES && !host_has_cap(CAP_BPF) && !host_has_cap(CAP_SYS_ADMIN)))
		return explain_permission(message, err);
	rc = verifier_read(&r, verifier, message, -code, o, program, err);
	if (rc)
		return rc;
	rc = explain_reading(&r, code, message, verifier, o, program, err);
	verifier_release(&r);
	return rc;
}
