/* SPDX-License-Identifier: BSD-2-Clause */
/* Select: the kernels that a project's list of them means for one architecture. */
#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "lib/base/cleanup.h"
#include "lib/kernel/id.h"
#include "lib/kernel/library.h"
#include "lib/kernel/version.h"

struct selection {
	struct library *lib;
	const struct arch *arch;
	const struct profile *const *all; /* of the library, sorted */
	size_t n;
	bool *chosen; /* of those */
};

static void choose(struct selection *s, const struct profile *p)
{
	for (size_t i = 0; i < s->n; i++)
		if (s->all[i] == p)
			s->chosen[i] = true;
}

static int choose_range(struct selection *s, const char *range, bool *any,
			struct skep_err *err)
{
	bool in = false;
	int rc =
		version_in_range(range, "0", &in, err); /* also without a kernel to ask */

	*any = false;
	for (size_t i = 0; !rc && i < s->n; i++) {
		if (s->all[i]->arch != s->arch)
			continue;
		rc = version_in_range(range, s->all[i]->release, &in, err);
		if (rc || !in)
			continue;
		s->chosen[i] = true;
		*any = true;
	}
	return rc;
}

/* A name that is another architecture's own is neither chosen nor missing. */
static int choose_named(struct selection *s, const char *id, bool *any,
			struct skep_err *err)
{
	struct skep_err why = { 0 };
	const struct profile *p;
	int rc = library_find(s->lib, id, s->arch, &p, &why);

	*any = !rc;
	if (!rc && p->arch == s->arch)
		choose(s, p);
	if (rc == -ENOENT)
		return 0;
	if (rc && err)
		*err = why;
	return rc;
}

static int choose_all(struct selection *s, const char *const *terms, size_t n,
		      const char **missing, size_t *missing_cnt, struct skep_err *err)
{
	for (size_t i = 0; i < n; i++) {
		bool any;
		int rc = version_is_range(terms[i])
				 ? choose_range(s, terms[i], &any, err)
				 : choose_named(s, terms[i], &any, err);

		if (rc)
			return rc;
		if (!any)
			missing[(*missing_cnt)++] = terms[i];
	}
	return 0;
}

int library_select(struct library *lib, const char *const *terms, size_t n,
		   const struct arch *arch, const struct profile ***profiles, size_t *cnt,
		   const char ***missing, size_t *missing_cnt, struct skep_err *err)
{
	struct selection s = { .lib = lib, .arch = arch };
	_cleanup_free_ const struct profile **found = NULL;
	_cleanup_free_ const char **absent = NULL;
	_cleanup_free_ bool *chosen = NULL;
	size_t found_cnt = 0, absent_cnt = 0;
	int rc = library_list(lib, &s.all, &s.n, err);

	if (rc)
		return rc;
	s.chosen = chosen = calloc(s.n + 1, sizeof(*chosen));
	found = calloc(s.n + 1, sizeof(*found));
	absent = calloc(n + 1, sizeof(*absent));
	if (!found || !absent || !chosen)
		return skep_fail(err, ENOMEM, "out of memory");
	rc = choose_all(&s, terms, n, absent, &absent_cnt, err);
	if (rc)
		return rc;
	for (size_t i = 0; i < s.n; i++)
		if (chosen[i])
			found[found_cnt++] = s.all[i];
	*profiles = TAKE(found);
	*cnt = found_cnt;
	*missing = TAKE(absent);
	*missing_cnt = absent_cnt;
	return 0;
}
