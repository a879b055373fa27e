/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * Min-BTF of a package: from profiles of the kernel library alone, whose digests the manifest records; the same
 * profiles give the same bytes.
 */
#include "lib/build/minbtf.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "lib/btf/bundle.h"
#include "lib/btf/index.h"
#include "lib/check/min.h"
#include "lib/kernel/library.h"
#include "lib/kernel/version.h"

DEFINE_CLEANUP(struct btf_index *, btf_index_close)

struct selection {
	const struct profile **profiles;
	size_t n;
};

struct minbtf {
	struct library *lib;
	struct selection *by_arch;
	size_t arch_cnt;
	const char **missing; /* terms of the query */
	size_t missing_cnt;
};

static bool is_empty(struct library *lib)
{
	const struct profile *const *all;
	size_t n = 0;

	return !lib || library_list(lib, &all, &n, NULL) || !n;
}

/* Of a library that nobody has filled yet, every new project's range selects nothing. */
static enum skep_log_level level_of(const struct minbtf *m, const char *term)
{
	return version_is_range(term) && is_empty(m->lib) ? SKEP_LOG_EXPLAIN
							  : SKEP_LOG_WARN;
}

static int tell_missing(const struct minbtf *m, const struct minbtf_query *q,
			const struct arch *arch, const char *term, struct skep_err *err)
{
	if (!q->strict) {
		skep_log(
			q->log, level_of(m, term),
			version_is_range(term)
				? "no kernel in range '%s' for %s in the library: it selects nothing"
				: "no kernel '%s' for %s in the library: the package has no types for it",
			term, arch->name);
		return 0;
	}
	skep_fail(err, ENOENT, "no kernel '%s' for %s in the library", term, arch->name);
	return skep_err_hint(
		err, "skep kernel list shows what there is; skep kernel add or fetch");
}

static int tell_all(struct minbtf *m, const struct minbtf_query *q,
		    const struct arch *arch, const char *const *missing, size_t n,
		    struct skep_err *err)
{
	int rc = 0;

	for (size_t i = 0; i < n && !rc; i++) {
		if (!version_is_range(missing[i]))
			m->missing[m->missing_cnt++] = missing[i];
		rc = tell_missing(m, q, arch, missing[i], err);
	}
	return rc;
}

/* Raw BTF says nothing of the kernel it is of. */
static void tell_nameless(const struct minbtf_query *q, const struct selection *s)
{
	for (size_t i = 0; i < s->n; i++)
		if (!*s->profiles[i]->release)
			skep_log(q->log, SKEP_LOG_WARN, BUNDLE_NAMELESS,
				 s->profiles[i]->id);
}

static int select_for(struct minbtf *m, const struct minbtf_query *q, size_t arch,
		      struct skep_err *err)
{
	struct selection *s = &m->by_arch[arch];
	_cleanup_free_ const char **missing = NULL;
	size_t missing_cnt = 0;
	int rc = library_select(m->lib, q->terms, q->term_cnt, q->archs[arch],
				&s->profiles, &s->n, &missing, &missing_cnt, err);

	if (!rc)
		tell_nameless(q, s);
	return rc ? rc : tell_all(m, q, q->archs[arch], missing, missing_cnt, err);
}

int minbtf_find(struct minbtf **out, const struct minbtf_query *q, struct skep_err *err)
{
	_cleanup_(minbtf_freep) struct minbtf *m = calloc(1, sizeof(*m));
	int rc = 0;

	if (m) {
		m->by_arch = calloc(q->arch_cnt + 1, sizeof(*m->by_arch));
		m->missing = calloc(q->arch_cnt * q->term_cnt + 1, sizeof(*m->missing));
	}
	if (!m || !m->by_arch || !m->missing)
		return skep_fail(err, ENOMEM, "out of memory");
	m->arch_cnt = q->arch_cnt;
	if (q->term_cnt && q->home)
		rc = library_open(&m->lib, q->home, err);
	for (size_t i = 0; i < q->arch_cnt && q->term_cnt && !rc; i++)
		rc = m->lib ? select_for(m, q, i, err)
			    : tell_all(m, q, q->archs[i], q->terms, q->term_cnt, err);
	if (!rc)
		*out = TAKE(m);
	return rc;
}

void minbtf_free(struct minbtf *m)
{
	if (!m)
		return;
	for (size_t i = 0; m->by_arch && i < m->arch_cnt; i++)
		free(m->by_arch[i].profiles);
	free(m->by_arch);
	free(m->missing);
	library_free(m->lib);
	free(m);
}

struct library *minbtf_library(const struct minbtf *m)
{
	return m->lib;
}

const struct profile *const *minbtf_profiles(const struct minbtf *m, size_t arch,
					     size_t *n)
{
	*n = m->by_arch[arch].n;
	return m->by_arch[arch].profiles;
}

const char *const *minbtf_missing(const struct minbtf *m, size_t *n)
{
	*n = m->missing_cnt;
	return m->missing;
}

void minbtf_facts(const struct minbtf *m, struct step *step)
{
	for (size_t i = 0; i < m->arch_cnt; i++)
		for (size_t j = 0; j < m->by_arch[i].n; j++) {
			const struct profile *p = m->by_arch[i].profiles[j];

			step_fact(step, "kernel", p->id);
			step_fact(step, "profile", p->digest);
		}
}

/* The kernels of a bundle, and the bytes they borrow. */
struct kernels {
	struct bundle_kernel *all;
	struct buf *btfs;
	size_t n;
};

static int add_kernel(struct kernels *k, struct library *lib, const struct profile *p,
		      const struct object *const *objects, size_t object_cnt,
		      struct skep_err *err)
{
	_cleanup_(btf_index_closep) struct btf_index *ix = NULL;
	struct buf *btf = &k->btfs[k->n];
	int rc = library_index(lib, p, &ix, err);

	if (!rc)
		rc = min_make(btf, objects, object_cnt, ix, NULL, err);
	if (rc) {
		skep_err_note(err, "while taking types from kernel '%s'", p->id);
		return rc;
	}
	k->all[k->n++] = (struct bundle_kernel){
		.id = p->id,
		.release = p->release,
		.version = p->version ? p->version : "",
		.arch = p->arch->name,
		.btf = btf->data,
		.btf_size = btf->len,
	};
	return 0;
}

static int compare_kernels(const void *a, const void *b)
{
	const struct manifest_kernel *x = a, *y = b;

	return strcmp(x->id, y->id);
}

static int list_kernel(struct manifest *m, const struct profile *p)
{
	struct manifest_kernel *k = &m->kernels[m->kernel_cnt++];

	k->id = strdup(p->id);
	k->release = strdup(p->release);
	k->arch = strdup(p->arch->name);
	k->profile = strdup(p->digest);
	return k->id && k->release && k->arch && k->profile ? 0 : -ENOMEM;
}

static int add_arch(const struct minbtf *m, size_t arch, struct kernels *k,
		    const struct object *const *objects, size_t object_cnt,
		    struct manifest *manifest, struct skep_err *err)
{
	const struct selection *s = &m->by_arch[arch];
	int rc = 0;

	for (size_t i = 0; i < s->n && !rc; i++) {
		rc = add_kernel(k, m->lib, s->profiles[i], objects, object_cnt, err);
		if (!rc && list_kernel(manifest, s->profiles[i]))
			rc = skep_fail(err, ENOMEM, "out of memory");
	}
	return rc;
}

int minbtf_make(const struct minbtf *m, const bool *archs,
		const struct object *const *objects, size_t object_cnt,
		struct manifest *manifest, struct buf *bundle, struct skep_err *err)
{
	struct kernels k = { 0 };
	size_t n = 0;
	int rc = 0;

	for (size_t i = 0; i < m->arch_cnt; i++)
		n += archs[i] ? m->by_arch[i].n : 0;
	if (!n)
		return 0;
	k.all = calloc(n, sizeof(*k.all));
	k.btfs = calloc(n, sizeof(*k.btfs));
	manifest->kernels = calloc(n, sizeof(*manifest->kernels));
	if (!k.all || !k.btfs || !manifest->kernels)
		rc = skep_fail(err, ENOMEM, "out of memory");
	for (size_t i = 0; i < m->arch_cnt && !rc; i++)
		if (archs[i])
			rc = add_arch(m, i, &k, objects, object_cnt, manifest, err);
	if (!rc)
		rc = btf_bundle_write(bundle, k.all, k.n, BUNDLE_PLAIN, err);
	if (!rc)
		qsort(manifest->kernels, manifest->kernel_cnt, sizeof(*manifest->kernels),
		      compare_kernels);
	for (size_t i = 0; k.btfs && i < n; i++)
		buf_release(&k.btfs[i]);
	free(k.btfs);
	free(k.all);
	return rc;
}
