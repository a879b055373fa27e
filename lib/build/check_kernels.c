/* SPDX-License-Identifier: BSD-2-Clause */
/* Kernels to check against: of the library by name and range, files of types, the running one. */
#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "lib/base/arch.h"
#include "lib/base/cleanup.h"
#include "lib/base/text.h"
#include "lib/build/check_inputs.h"
#include "lib/kernel/id.h"
#include "lib/kernel/version.h"

struct chooser {
	struct check_inputs *in;
	const struct profile **chosen; /* of the library */
	size_t chosen_cnt;
};

static int add(struct chooser *c, const struct survey_kernel *k, struct skep_err *err)
{
	struct check_inputs *in = c->in;
	void *grown = reallocarray(in->kernels, in->kernel_cnt + 1, sizeof(*in->kernels));

	if (!grown)
		return skep_fail(err, ENOMEM, "out of memory");
	in->kernels = grown;
	in->kernels[in->kernel_cnt++] = *k;
	return 0;
}

static int choose(struct chooser *c, const struct profile *p, struct skep_err *err)
{
	const struct profile **grown =
		reallocarray(c->chosen, c->chosen_cnt + 1, sizeof(*grown));

	if (!grown)
		return skep_fail(err, ENOMEM, "out of memory");
	c->chosen = grown;
	c->chosen[c->chosen_cnt++] = p;
	return 0;
}

static int miss(struct check_inputs *in, const char *term, struct skep_err *err)
{
	char **grown = reallocarray(in->missing, in->missing_cnt + 1, sizeof(*grown));
	char *copy = strdup(term);

	if (grown)
		in->missing = grown;
	if (!grown || !copy) {
		free(copy);
		return skep_fail(err, ENOMEM, "out of memory");
	}
	in->missing[in->missing_cnt++] = copy;
	return 0;
}

/* For one of the architectures that the objects are of. */
static int choose_for(struct chooser *c, const char *term, const struct arch *arch,
		      bool *any, struct skep_err *err)
{
	_cleanup_free_ const struct profile **found = NULL;
	_cleanup_free_ const char **missing = NULL;
	size_t cnt = 0, missing_cnt = 0;
	int rc = library_select(c->in->lib, &term, 1, arch, &found, &cnt, &missing,
				&missing_cnt, err);

	for (size_t i = 0; !rc && i < cnt; i++)
		rc = choose(c, found[i], err);
	*any |= cnt > 0;
	return rc;
}

/* An id, or what a suite means for this machine; an id that names its architecture is taken at its word. */
static int choose_named(struct chooser *c, const char *term, bool *any,
			struct skep_err *err)
{
	struct skep_err why = { 0 };
	const struct profile *p;
	int rc = library_find(c->in->lib, term, arch_host(), &p, &why);

	*any = !rc;
	if (!rc)
		return choose(c, p, err);
	if (rc == -ENOENT)
		return 0;
	if (err)
		*err = why;
	return rc;
}

static bool is_first_of(const struct check_inputs *in, size_t object)
{
	for (size_t i = 0; i < object; i++)
		if (in->objects[i].arch == in->objects[object].arch)
			return false;
	return true;
}

/* Plain objects say nothing of an architecture: what they are not of, a suite means this machine's for. */
static int choose_term(struct chooser *c, const char *term, struct skep_err *err)
{
	bool range = version_is_range(term), any = false;
	int rc = 0;

	if (!c->in->lib)
		return miss(c->in, term, err);
	if (!range)
		rc = choose_named(c, term, &any, err);
	for (size_t i = 0; i < c->in->object_cnt && !rc; i++) {
		const struct arch *arch = c->in->objects[i].arch ?: arch_host();

		/* of this machine's, the only one that a name means is there already */
		if (is_first_of(c->in, i) && (range || arch != arch_host()))
			rc = choose_for(c, term, arch, &any, err);
	}
	if (!rc && !any)
		rc = miss(c->in, term, err);
	return rc;
}

static int choose_types(struct chooser *c, const struct skep_types *t,
			struct skep_err *err)
{
	if (t->kernel && t->btf)
		return skep_fail(err, SKEP_EUSAGE,
				 "a kernel is an id or a file, not both");
	if (t->kernel)
		return choose_term(c, t->kernel, err);
	return add(c, &(struct survey_kernel){ .file = t->btf }, err);
}

static int compare_profiles(const void *a, const void *b)
{
	const struct profile *const *x = a, *const *y = b;

	return id_compare((*x)->id, (*y)->id);
}

/* In the library's order, each once. */
static int add_chosen(struct chooser *c, struct skep_err *err)
{
	int rc = 0;

	if (c->chosen_cnt)
		qsort(c->chosen, c->chosen_cnt, sizeof(*c->chosen), compare_profiles);
	for (size_t i = 0; i < c->chosen_cnt && !rc; i++)
		if (!i || c->chosen[i] != c->chosen[i - 1])
			rc = add(c, &(struct survey_kernel){ .profile = c->chosen[i] },
				 err);
	return rc;
}

static int choose_library(struct chooser *c, const struct skep_check_opts *opts,
			  struct skep_err *err)
{
	const struct profile *const *all = NULL;
	size_t n = 0;
	int rc = c->in->lib ? library_list(c->in->lib, &all, &n, err) : 0;

	for (size_t i = 0; i < n && !rc; i++)
		rc = choose(c, all[i], err);
	if (rc || n)
		return rc;
	skep_log(opts->log, SKEP_LOG_INFO,
		 "no kernels in the library: checking the running one (skep kernel fetch "
		 "debian/SUITE adds others)");
	return add(c, &(struct survey_kernel){ 0 }, err);
}

static int choose_all(struct chooser *c, const struct skep_check_opts *opts,
		      struct skep_err *err)
{
	int rc = 0;

	if (!opts->kernel_cnt && !opts->term_cnt)
		rc = choose_library(c, opts, err);
	for (size_t i = 0; i < opts->term_cnt && !rc; i++)
		rc = choose_term(c, opts->terms[i], err);
	for (size_t i = 0; i < opts->kernel_cnt && !rc; i++)
		if (opts->kernels[i].kernel)
			rc = choose_types(c, &opts->kernels[i], err);
	if (!rc)
		rc = add_chosen(c, err);
	for (size_t i = 0; i < opts->kernel_cnt && !rc; i++)
		if (!opts->kernels[i].kernel)
			rc = choose_types(c, &opts->kernels[i], err);
	return rc;
}

int check_inputs_kernels(struct check_inputs *in, const struct skep_check_opts *opts,
			 struct skep_err *err)
{
	struct chooser c = { .in = in };
	int rc = 0;

	if (opts->home)
		rc = library_open(&in->lib, opts->home, err);
	if (!rc)
		rc = choose_all(&c, opts, err);
	free(c.chosen);
	return rc;
}
