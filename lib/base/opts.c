/* SPDX-License-Identifier: BSD-2-Clause */
/* Option structs across versions of the header. */
#include "lib/base/opts.h"

#include <errno.h>
#include <string.h>

int opts_take(void *ours, size_t our_size, const void *theirs, struct skep_err *err)
{
	const unsigned char *bytes = theirs;
	size_t size;

	memset(ours, 0, our_size);
	if (!theirs)
		return 0;
	memcpy(&size, theirs, sizeof(size));
	if (size < sizeof(size))
		return skep_fail(err, EINVAL, "options without their size in 'sz'");
	for (size_t i = our_size; i < size; i++)
		if (bytes[i])
			return skep_fail(err, EINVAL,
					 "options ask for what skep %s does not know",
					 SKEP_VERSION);
	memcpy(ours, theirs, size < our_size ? size : our_size);
	return 0;
}
