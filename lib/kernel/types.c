/* SPDX-License-Identifier: BSD-2-Clause */
/* Types: from the library where a kernel is named, else from a file or the running host. */
#include "lib/kernel/types.h"

#include "lib/btf/cache.h"
#include "lib/kernel/library.h"

int types_open(struct btf_index **out, const struct types_source *src,
	       struct skep_err *err)
{
	const struct arch *arch = src->arch ? src->arch : arch_host();
	_cleanup_(library_freep) struct library *lib = NULL;
	const struct profile *p;
	int rc;

	if (src->kernel && src->btf)
		return skep_fail(
			err, SKEP_EUSAGE,
			"the types of a kernel and of a file cannot be had at once");
	if (!src->kernel)
		return btf_cache_index(out, src->btf, src->cache_dir, err);
	rc = library_open(&lib, src->home, err);
	return rc ? rc : library_find_index(lib, src->kernel, arch, &p, out, err);
}
