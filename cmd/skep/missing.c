/* SPDX-License-Identifier: BSD-2-Clause */
/* What is left to say where a report has been printed and a kernel is missing. */
#include "cmd/skep/missing.h"

#include <errno.h>
#include <string.h>

int missing_kernel(const struct skep_report *report, struct skep_err *err)
{
	const char *missing = skep_report_str(report, "missing");

	if (!missing)
		return 3;
	skep_fail(err, ENOENT, "no kernel of the library is '%s'", missing);
	if (!strncmp(missing, "debian/", 7))
		skep_err_hint(err, "skep kernel fetch debian/%.*s",
			      (int)strcspn(missing + 7, "/"), missing + 7);
	return skep_err_hint(err, "skep kernel fetch debian/SUITE, or skep kernel add "
				  "its packages");
}
