/* SPDX-License-Identifier: BSD-2-Clause */
/* skep_kernel_unpack: what an image is made of, as a file. */
#include <errno.h>
#include <stdlib.h>

#include <skep/kernel.h>

#include "lib/base/cleanup.h"
#include "lib/base/fs.h"
#include "lib/base/opts.h"
#include "lib/kernel/harvest_image.h"

static int unpack(const char *path, const char *output, const struct harvest_opts *how,
		  struct skep_report *report, struct skep_err *err)
{
	_cleanup_free_ char *image = NULL;
	struct buf kernel = { 0 };
	size_t len;
	int rc = fs_read(path, HARVEST_MAX_IMAGE, &image, &len, err);

	if (rc)
		return rc;
	rc = harvest_payload(&kernel, image, len, how, err);
	if (rc)
		return skep_err_at(err, path, 0, 0);
	rc = fs_publish(output, kernel.data, kernel.len, 0644, err);
	if (!rc) {
		skep_node_str(skep_report_root(report), "output", "output", output);
		skep_node_uint(skep_report_root(report), "bytes", "bytes", kernel.len);
	}
	buf_release(&kernel);
	return rc;
}

int skep_kernel_unpack(const char *image, const char *output,
		       const struct skep_kernel_opts *given, struct skep_report *report,
		       struct skep_err *err)
{
	struct skep_kernel_opts opts;
	int rc = opts_take(&opts, sizeof(opts), given, err);
	const struct harvest_opts how = { .log = opts.log,
					  .path_env = opts.path_env,
					  .tmp_dir = opts.tmp_dir };

	if (rc)
		return rc;
	if (!output) {
		skep_fail(err, SKEP_EUSAGE, "nothing says where to");
		return skep_err_hint(err, "-o FILE");
	}
	return unpack(image, output, &how, report, err);
}
