/* SPDX-License-Identifier: BSD-2-Clause */
/* What verifying and building reported, as far as running needs it. */
#include <skep/run.h>

#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "lib/base/cleanup.h"
#include "lib/base/fs.h"
#include "lib/base/json.h"
#include "lib/base/text.h"

static int read_report(const struct skep_report *report, struct json_t **out,
		       struct skep_err *err)
{
	_cleanup_free_ char *text = NULL;
	int rc = skep_report_json(report, &text, err);

	return rc ? rc : js_parse(out, text, strlen(text), "report", err);
}

/* Fingerprint of the first signature that counted. */
static const char *good_key(const struct json_t *report)
{
	const struct json_t *rows = js_get(report, "signatures"), *row;
	size_t i;

	js_for(rows, i, row) {
		const char *status = js_str(row, "status");

		if (status && !strncmp(status, "good", 4))
			return js_str(row, "fingerprint");
	}
	return NULL;
}

static char *describe(const struct json_t *report, const char *digest)
{
	const char *by = js_str(report, "verified_by"), *key = good_key(report);
	bool late = false;

	if (!by || strcmp(by, "skep") || !key)
		return text_fmt("verified by nobody: no trusted signature over %s",
				digest);
	js_bool(report, "expiry_ignored", &late);
	return text_fmt("verified by skep: key %s over %s%s", key, digest,
			late ? ", expiry ignored" : "");
}

int skep_run_verdict(const struct skep_report *verified, char **line, struct skep_err *err)
{
	struct json_t *report = NULL;
	const char *digest;
	char *text = NULL;
	int rc = read_report(verified, &report, err);

	if (rc)
		return rc;
	digest = js_str(report, "digest");
	if (!digest)
		rc = skep_fail(err, SKEP_EKIND, "this is no report of a verification");
	else if (!(text = describe(report, digest)))
		rc = skep_fail(err, ENOMEM, "out of memory");
	else
		*line = text;
	js_free(report);
	return rc;
}

int skep_run_built(const struct skep_report *built, const char *project, char **path,
		   struct skep_err *err)
{
	struct json_t *report = NULL;
	const char *package;
	char *joined = NULL;
	int rc = read_report(built, &report, err);

	if (rc)
		return rc;
	package = js_str(report, "package");
	if (!package)
		rc = skep_fail(err, SKEP_EKIND, "the build made no package");
	else if (!(joined = fs_join(project, package)))
		rc = skep_fail(err, ENOMEM, "out of memory");
	else
		*path = joined;
	js_free(report);
	return rc;
}
