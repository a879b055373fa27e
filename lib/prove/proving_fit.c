/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * Proofs of guests, fitted to the rows that they are about: a guest that gave up an object tells of programs in the order in
 * which it came to them, and not of all. What does not fit is believed in no part.
 */
#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "lib/base/cleanup.h"
#include "lib/base/text.h"
#include "lib/prove/proving.h"

static struct proof_program *place_of(struct proof *p, const struct matrix_row *r,
				      const char *name)
{
	for (size_t i = 0; i < r->program_cnt; i++)
		if (!p->programs[i].name && !strcmp(r->programs[i], name))
			return &p->programs[i];
	return NULL;
}

static int move_programs(struct proof *to, struct proof *from, const struct matrix_row *r,
			 struct skep_err *err)
{
	for (size_t i = 0; i < from->program_cnt; i++) {
		struct proof_program *p = &from->programs[i];
		struct proof_program *place = place_of(to, r, p->name);

		if (!place)
			return skep_fail(err, SKEP_ECORRUPT,
					 "the guest told of a program '%.64s' that '%s' "
					 "does not have",
					 p->name, r->name);
		*place = *p;
		*p = (struct proof_program){ 0 };
	}
	return 0;
}

/* Only an object that was given up may lack some. */
static int name_rest(struct proof *p, const struct matrix_row *r, bool given_up,
		     struct skep_err *err)
{
	for (size_t i = 0; i < r->program_cnt; i++) {
		if (p->programs[i].name)
			continue;
		if (!given_up)
			return skep_fail(err, SKEP_ECORRUPT,
					 "the guest did not tell of '%s' of '%s'",
					 r->programs[i], r->name);
		p->programs[i].name = strdup(r->programs[i]);
		if (!p->programs[i].name)
			return skep_fail(err, ENOMEM, "out of memory");
	}
	return 0;
}

static int fit(struct proof *p, const struct matrix_row *r, struct skep_err *err)
{
	_cleanup_(proof_freep) struct proof *fitted = proof_new(r->program_cnt, 0);
	struct proof_program *programs = p->programs;
	size_t n = p->program_cnt;
	int rc;

	if (!fitted)
		return skep_fail(err, ENOMEM, "out of memory");
	rc = move_programs(fitted, p, r, err);
	if (!rc)
		rc = name_rest(fitted, r, p->message, err);
	if (rc)
		return rc;
	p->programs = fitted->programs;
	p->program_cnt = fitted->program_cnt;
	fitted->programs = programs;
	fitted->program_cnt = n;
	return 0;
}

int proving_fit(const struct proving *p, struct proving_kernel *k, struct skep_err *err)
{
	struct skep_err why = { 0 };
	int rc = 0;

	for (size_t i = 0; i < k->row_cnt && !rc; i++)
		if (k->cells[i].proof)
			rc = fit(k->cells[i].proof, &p->rows[k->rows[i]], &why);
	if (!rc)
		return 0;
	for (size_t i = 0; i < k->row_cnt; i++)
		proof_free(TAKE(k->cells[i].proof));
	free(k->error);
	k->boot.error = k->error = text_fmt("%s", why.what);
	return k->error && rc != -ENOMEM ? 0 : skep_fail(err, ENOMEM, "out of memory");
}
