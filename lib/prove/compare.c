/* SPDX-License-Identifier: BSD-2-Clause */
/* Comparing: loading and attaching apart, because a kernel may do the one and not the other. */
#include "lib/prove/compare.h"

#include <errno.h>

/* Neither the program nor the kernel is to blame: privileges, memory, time. */
static bool of_the_machine(int code)
{
	switch (code) {
	case EPERM:
	case ENOMEM:
	case EINTR:
	case ETIME:
	case ETIMEDOUT:
		return true;
	default:
		return false;
	}
}

static enum matrix_agreement load_of(enum verdict_word said,
				     const struct proof_program *p, bool blind)
{
	if (said == VERDICT_UNKNOWN || p->load == PROOF_UNTRIED)
		return MATRIX_OPEN;
	if (p->load == PROOF_LOADED)
		return said == VERDICT_LOADS ? MATRIX_AGREE : MATRIX_DISAGREE;
	if (said == VERDICT_FAILS)
		return MATRIX_AGREE;
	if (of_the_machine(p->code))
		return MATRIX_OPEN;
	return blind ? MATRIX_VERIFIER : MATRIX_DISAGREE;
}

/* said is of loading and attaching together, loads of loading alone. */
static enum matrix_agreement attach_of(enum verdict_word said, enum verdict_word loads,
				       const struct proof_program *p, bool blind)
{
	bool attached = p->attach == PROOF_ATTACHED;

	if (loads != VERDICT_LOADS || said == VERDICT_UNKNOWN ||
	    p->attach == PROOF_NOT_ATTACHED)
		return MATRIX_OPEN;
	if ((said == VERDICT_LOADS) == attached)
		return MATRIX_AGREE;
	return blind && !attached ? MATRIX_VERIFIER : MATRIX_DISAGREE;
}

void compare_row(const struct matrix_row *row, const struct matrix_cell *cell,
		 const struct proof *proof, const struct compare_blind *blind,
		 enum matrix_agreement *load, enum matrix_agreement *attach)
{
	for (size_t i = 0; i < row->program_cnt; i++) {
		bool asked = cell->loads && i < proof->program_cnt;

		load[i] = attach[i] = MATRIX_OPEN;
		if (!asked)
			continue;
		load[i] = load_of(cell->loads[i], &proof->programs[i], blind[i].load);
		attach[i] = attach_of(cell->programs[i], cell->loads[i],
				      &proof->programs[i], blind[i].attach);
	}
}
