/* SPDX-License-Identifier: BSD-2-Clause */
/* Statistics of an earlier run, read and held against a kernel's answers. */
#include "lib/check/matrix.h"
#include "lib/prove/baseline.h"
#include "tests/fuzz/fuzz.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	static char a[] = "a", k[] = "k", o[] = "o";
	struct proof_program programs[] = {
		{ .name = a, .load = PROOF_LOADED, .stats = { 100, 10, 8, 64, 512, 1 } }
	};
	const struct proof proof = { .programs = programs, .program_cnt = 1 };
	const enum matrix_agreement agree[] = { MATRIX_AGREE };
	const struct matrix_proven said = { .proof = &proof,
					    .load = agree,
					    .attach = agree };
	const struct matrix_proven *proven[] = { &said };
	const struct matrix_cell cell = { 0 }, *cells[] = { &cell };
	const char *const names[] = { a };
	struct matrix_row row = { .name = o,
				  .file = o,
				  .programs = names,
				  .program_cnt = 1,
				  .cells = cells,
				  .proven = proven };
	struct matrix_kernel kernel = { .id = k };
	const struct matrix m = { .rows = &row,
				  .row_cnt = 1,
				  .kernels = &kernel,
				  .kernel_cnt = 1,
				  .proven = true };
	struct matrix_growth *grown = NULL;
	struct baseline *b = NULL;
	struct skep_err err = { 0 };
	size_t n = 0, compared = 0;

	if (fuzz_checked(baseline_read(&b, (const char *)data, size, "fuzz", &err), &err))
		return 0;
	if (!fuzz_checked(baseline_compare(b, &m, 10, &grown, &n, &compared, &err), &err))
		FUZZ_ENSURE(n <= 5 && compared <= 1);
	baseline_tell(b, &m, NULL);
	free(grown);
	baseline_free(b);
	return 0;
}
