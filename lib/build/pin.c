/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * Pin: the headers that a build was made with, written into the project. Whoever builds it then gets the
 * same objects, whatever kernel is running, until they are pinned again or removed.
 */
#include <errno.h>
#include <stdlib.h>

#include "lib/base/cleanup.h"
#include "lib/base/fs.h"
#include "lib/base/text.h"
#include "lib/build/build.h"

static int pin(const struct build *b, struct unit *u, struct skep_err *err)
{
	_cleanup_free_ char *name = text_fmt("%s/vmlinux.h", u->gen);
	_cleanup_free_ char *pin = origin_pin_path(u);
	_cleanup_free_ char *path = pin ? build_path(b, pin) : NULL;
	_cleanup_free_ char *dir = path ? fs_dirname(path) : NULL;
	_cleanup_free_ char *text = NULL;
	bool changed;
	size_t len;
	int rc;

	if (!name || !dir)
		return skep_fail(err, ENOMEM, "out of memory");
	rc = build_read(b, name, &text, &len, err);
	if (!rc)
		rc = fs_mkdirs(dir, 0777, err);
	if (!rc)
		rc = fs_publish_if_changed(path, text, len, 0666, &changed, err);
	if (rc)
		return rc;
	skep_log(b->log, SKEP_LOG_EXPLAIN, "%s: %s", pin,
		 changed ? "written; builds take it from now on" : "is up to date");
	u->pin = TAKE(pin);
	return 0;
}

int build_pin(struct build *b, struct skep_err *err)
{
	int rc = 0;

	for (size_t i = 0; i < b->unit_cnt && !rc; i++)
		rc = pin(b, &b->units[i], err);
	return rc;
}
