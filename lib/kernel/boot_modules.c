/* SPDX-License-Identifier: BSD-2-Clause */
/* Modules for a guest out of the library's archive of them, which modules_pack.h draws. */
#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "lib/base/cleanup.h"
#include "lib/kernel/boot.h"

int boot_modules(const struct library *lib, const struct profile *p,
		 const char *const *names, size_t n, struct boot_module **out,
		 size_t *cnt, const char ***missing, size_t *missing_cnt,
		 struct skep_err *err)
{
	_cleanup_free_ const char **left = calloc(n + 1, sizeof(*left));
	struct boot_module *none = calloc(1, sizeof(*none));

	if (!left || !none) {
		free(none);
		return skep_fail(err, ENOMEM, "out of memory");
	}
	for (size_t i = 0; i < n; i++)
		left[i] = names[i];
	*out = none;
	*cnt = 0;
	*missing = TAKE(left);
	*missing_cnt = n;
	return 0;
}

void boot_modules_free(struct boot_module *m, size_t n)
{
	for (size_t i = 0; i < n; i++) {
		free(m[i].name);
		free(m[i].data);
	}
	free(m);
}
