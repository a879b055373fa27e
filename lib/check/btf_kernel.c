/* SPDX-License-Identifier: BSD-2-Clause */
/* Opening what a struct skep_types names. */
#include "lib/check/btf_kernel.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <sys/utsname.h>

#include "lib/base/cleanup.h"
#include "lib/btf/cache.h"
#include "lib/btf/index.h"
#include "lib/kernel/library.h"

static char *copy(const char *s)
{
	return s ? strdup(s) : NULL;
}

static int open_profile(struct btf_kernel *k, const char *id,
			const struct skep_btf_opts *opts, struct skep_err *err)
{
	_cleanup_(library_freep) struct library *lib = NULL;
	const struct profile *p;
	int ret;

	ret = library_open(&lib, opts->home, err);
	if (!ret)
		ret = library_find_index(lib, id, arch_host(), &p, &k->ix, err);
	if (ret)
		return ret;
	k->name = copy(p->id);
	k->release = copy(p->release);
	k->arch = p->arch;
	return 0;
}

static int open_file(struct btf_kernel *k, const char *btf,
		     const struct skep_btf_opts *opts, struct skep_err *err)
{
	struct utsname host;
	int ret = btf_cache_index(&k->ix, btf, opts->cache_dir, err);

	if (ret)
		return ret;
	k->name = copy(btf ? btf : "host");
	if (!btf && !uname(&host)) {
		k->release = copy(host.release);
		k->arch = arch_host();
	}
	return 0;
}

int btf_kernel_open(struct btf_kernel *out, const struct skep_types *types,
		    const struct skep_btf_opts *opts, struct skep_err *err)
{
	struct btf_kernel k = { 0 };
	int ret;

	if (types && types->kernel && types->btf)
		return skep_fail(err, SKEP_EUSAGE,
				 "types are of a kernel or of a file, not of both");
	if (types && types->kernel)
		ret = open_profile(&k, types->kernel, opts, err);
	else
		ret = open_file(&k, types ? types->btf : NULL, opts, err);
	if (!ret && !k.name)
		ret = skep_fail(err, ENOMEM, "out of memory");
	if (ret) {
		btf_kernel_close(&k);
		return ret;
	}
	*out = k;
	return 0;
}

void btf_kernel_close(struct btf_kernel *k)
{
	btf_index_close(k->ix);
	free(k->name);
	free(k->release);
	*k = (struct btf_kernel){ 0 };
}

/* The array, and behind it the strings that it points to. */
static struct skep_types *pack(const struct profile *const *profiles, size_t n)
{
	size_t size = n * sizeof(struct skep_types);
	struct skep_types *types;
	char *at;

	for (size_t i = 0; i < n; i++)
		size += strlen(profiles[i]->id) + 1;
	types = calloc(1, size);
	if (!types)
		return NULL;
	at = (char *)(types + n);
	for (size_t i = 0; i < n; i++) {
		size_t len = strlen(profiles[i]->id) + 1;

		types[i].kernel = memcpy(at, profiles[i]->id, len);
		at += len;
	}
	return types;
}

int skep_btf_kernels(const char *home, struct skep_types **types, size_t *n,
		     struct skep_err *err)
{
	_cleanup_(library_freep) struct library *lib = NULL;
	const struct profile *const *profiles;
	struct skep_types *packed = NULL;
	size_t cnt = 0;
	int ret = library_open(&lib, home, err);

	if (!ret)
		ret = library_list(lib, &profiles, &cnt, err);
	if (ret)
		return ret;
	if (cnt)
		packed = pack(profiles, cnt);
	if (cnt && !packed)
		return skep_fail(err, ENOMEM, "out of memory");
	*types = packed;
	*n = cnt;
	return 0;
}
