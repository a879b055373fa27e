/* SPDX-License-Identifier: BSD-2-Clause */
/* Downloads: by apt's own helper, which goes on where it stopped and compares digests. */
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "lib/base/fs.h"
#include "lib/base/text.h"
#include "lib/kernel/fetch.h"

#define HELPER "/usr/lib/apt/apt-helper"

/* A whole file of wrong bytes would be gone on with for ever. */
static void drop_wrong(const struct apt *apt, const struct fetch_file *file)
{
	_cleanup_free_ char *path = fs_join(apt->debs, file->name);
	_cleanup_free_ char *bad = path ? text_fmt("%s.FAILED", path) : NULL;

	if (path)
		unlink(path);
	if (bad)
		unlink(bad);
}

static int download(const struct apt *apt, const struct fetch_file *file,
		    struct skep_err *err)
{
	const char *const argv[] = { HELPER,          "-o",      "APT::Status-Fd=1",
				     "download-file", file->uri, file->name,
				     file->hash,      NULL };
	const struct apt_call call = { argv, true, file->name, true };
	_cleanup_(buf_release) struct buf out = { 0 };
	char reason[300];
	int status;
	int rc;

	skep_log(apt->opts->log, SKEP_LOG_INFO, "%s: %.1f MB", file->name,
		 (double)file->size / 1e6);
	rc = apt_run(apt, &call, &out, &status, err);
	if (rc || !status)
		return rc;
	if (out.data && strstr(out.data, "Hash Sum mismatch"))
		drop_wrong(apt, file);
	apt_reason(&out, reason, sizeof(reason));
	skep_fail(err, SKEP_EFETCH, "cannot download '%s': %s", file->name, reason);
	return skep_err_hint(err, "the library is as it was; what has come is kept, the "
				  "same command goes on from there");
}

/* Of another version, or of another flavour: nobody will ask for it again. */
static void drop_old(const struct apt *apt, const struct fetch_files *files)
{
	_cleanup_free_ char *kept = text_fmt("%s.kept", apt->debs);

	if (!kept || fs_remove_tree(kept, NULL) || rename(apt->debs, kept) ||
	    fs_mkdirs(apt->debs, 0700, NULL))
		return;
	for (size_t i = 0; i < files->n; i++) {
		_cleanup_free_ char *from = fs_join(kept, files->all[i].name);
		_cleanup_free_ char *to = fs_join(apt->debs, files->all[i].name);

		if (from && to && rename(from, to))
			continue; /* not there yet */
	}
	fs_remove_tree(kept, NULL);
}

int fetch_download(const struct apt *apt, const struct fetch_files *files,
		   struct skep_err *err)
{
	int rc = 0;

	if (!fs_exists(HELPER)) {
		skep_fail(err, SKEP_ETOOL, "apt's helper '%s' is missing", HELPER);
		return skep_err_hint(err, "it belongs to the package apt");
	}
	drop_old(apt, files);
	for (size_t i = 0; !rc && i < files->n; i++)
		rc = download(apt, &files->all[i], err);
	return rc;
}
