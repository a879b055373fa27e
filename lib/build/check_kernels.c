/* SPDX-License-Identifier: BSD-2-Clause */
/* Kernels to check against: of the library by name and range, files of types, the running one. */
#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "lib/base/arch.h"
#include "lib/base/cleanup.h"
#include "lib/base/text.h"
#include "lib/build/check_inputs.h"
#include "lib/kernel/version.h"

struct chooser {
	struct check_inputs *in;
	const struct profile **all; /* of the library, sorted */
	size_t n;
	bool *chosen; /* of those */
	size_t cap;   /* of in->kernels */
};

static int add(struct chooser *c, const struct survey_kernel *k, struct skep_err *err)
{
	struct check_inputs *in = c->in;

	if (in->kernel_cnt == c->cap) {
		size_t cap = c->cap ? 2 * c->cap : 16;
		void *grown = reallocarray(in->kernels, cap, sizeof(*in->kernels));

		if (!grown)
			return skep_fail(err, ENOMEM, "out of memory");
		in->kernels = grown;
		c->cap = cap;
	}
	in->kernels[in->kernel_cnt++] = *k;
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

static void choose(struct chooser *c, const struct profile *p)
{
	for (size_t i = 0; i < c->n; i++)
		if (c->all[i] == p)
			c->chosen[i] = true;
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
		choose(c, found[i]);
	*any |= cnt > 0;
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
	const struct profile *p;
	bool any = false;
	int rc = 0;

	if (!c->in->lib)
		return miss(c->in, term, err);
	if (!version_is_range(term)) {
		struct skep_err why = { 0 };

		/* an id that names its architecture is taken at its word */
		rc = library_find(c->in->lib, term, arch_host(), &p, &why);
		if (!rc)
			choose(c, p);
		any = !rc;
		if (rc && rc != -ENOENT && err)
			*err = why;
		rc = rc == -ENOENT ? 0 : rc;
	}
	for (size_t i = 0; i < c->in->object_cnt && !rc; i++)
		if (is_first_of(c->in, i))
			rc = choose_for(c, term, c->in->objects[i].arch ?: arch_host(),
					&any, err);
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

static int add_chosen(struct chooser *c, bool all, struct skep_err *err)
{
	int rc = 0;

	for (size_t i = 0; i < c->n && !rc; i++)
		if (all || c->chosen[i])
			rc = add(c, &(struct survey_kernel){ .profile = c->all[i] }, err);
	return rc;
}

static int choose_all(struct chooser *c, const struct skep_check_opts *opts,
		      struct skep_err *err)
{
	bool none = !opts->kernel_cnt && !opts->term_cnt;
	int rc = 0;

	for (size_t i = 0; i < opts->term_cnt && !rc; i++)
		rc = choose_term(c, opts->terms[i], err);
	for (size_t i = 0; i < opts->kernel_cnt && !rc; i++)
		if (opts->kernels[i].kernel)
			rc = choose_types(c, &opts->kernels[i], err);
	if (!rc)
		rc = add_chosen(c, none, err);
	for (size_t i = 0; i < opts->kernel_cnt && !rc; i++)
		if (!opts->kernels[i].kernel)
			rc = choose_types(c, &opts->kernels[i], err);
	if (!rc && none && !c->n) {
		skep_log(opts->log, SKEP_LOG_INFO,
			 "no kernels in the library: checking the running one (skep "
			 "kernel fetch debian/SUITE adds others)");
		rc = add(c, &(struct survey_kernel){ 0 }, err);
	}
	return rc;
}

/* The library's own list lasts until the next question. */
static int copy_list(struct chooser *c, struct skep_err *err)
{
	const struct profile *const *all;
	int rc = library_list(c->in->lib, &all, &c->n, err);

	if (rc)
		return rc;
	c->all = calloc(c->n + 1, sizeof(*c->all));
	if (!c->all)
		return skep_fail(err, ENOMEM, "out of memory");
	memcpy(c->all, all, c->n * sizeof(*c->all));
	return 0;
}

int check_inputs_kernels(struct check_inputs *in, const struct skep_check_opts *opts,
			 struct skep_err *err)
{
	struct chooser c = { .in = in };
	int rc = 0;

	if (opts->home)
		rc = library_open(&in->lib, opts->home, err);
	if (!rc && in->lib)
		rc = copy_list(&c, err);
	if (!rc) {
		c.chosen = calloc(c.n + 1, sizeof(*c.chosen));
		rc = c.chosen ? choose_all(&c, opts, err)
			      : skep_fail(err, ENOMEM, "out of memory");
	}
	free(c.chosen);
	free(c.all);
	return rc;
}
