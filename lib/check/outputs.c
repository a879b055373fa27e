/* SPDX-License-Identifier: BSD-2-Clause */
/* Writing the files of a matrix. */
#include "lib/check/outputs.h"

#include "lib/base/fs.h"

typedef int (*output_fn)(const struct matrix *m, struct buf *out, struct skep_err *err);

static int write_one(const struct matrix *m, const char *path, output_fn make,
		     struct skep_err *err)
{
	struct buf out = { 0 };
	int rc;

	if (!path)
		return 0;
	rc = make(m, &out, err);
	if (!rc)
		rc = fs_publish(path, out.data, out.len, 0666, err);
	buf_release(&out);
	return rc;
}

int outputs_write(const struct matrix *m, const struct outputs *to, struct skep_err *err)
{
	int rc = write_one(m, to->html, matrix_html, err);

	if (!rc)
		rc = write_one(m, to->junit, matrix_junit, err);
	return rc ?: write_one(m, to->sarif, matrix_sarif, err);
}
