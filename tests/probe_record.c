/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * What was proved, as JSON, into a package:
 *
 *   probe_record PACKAGE TIME DIGEST|- [KEY CERT] < RUN
 *
 *   RUN      {"kernels":[{"id","release","arch","digest","image","accel"}],"objects":[OBJECT]}
 *   OBJECT   {"name","file","arch","variant","proofs":[proof.h's JSON or null, by kernel],"lines":[verifier's line or null]}
 *
 * "lines" are by program, the same on each kernel.
 */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "lib/base/fs.h"
#include "lib/base/json.h"
#include "lib/prove/record.h"

static void *zeroed(size_t n, size_t size)
{
	void *p = calloc(n + 1, size);

	if (!p)
		exit(4);
	return p;
}

static int fail(const struct skep_err *err)
{
	fprintf(stderr, "%s%s%s\n", err->where, *err->where ? ": " : "", err->what);
	if (*err->hint)
		fprintf(stderr, "  hint: %s\n", err->hint);
	return skep_err_status(err->code);
}

static const struct matrix_why *lines(const struct json_t *v)
{
	struct matrix_why *why = zeroed(js_len(v), sizeof(*why));

	for (size_t i = 0; i < js_len(v); i++)
		why[i].line = js_text(js_at(v, i));
	return why;
}

static int row(struct matrix_row *r, const struct json_t *v, struct skep_err *err)
{
	const struct json_t *proofs = js_get(v, "proofs"), *words = js_get(v, "lines");
	const struct matrix_proven **proven = zeroed(js_len(proofs), sizeof(*proven));
	int rc = 0;

	*r = (struct matrix_row){ .name = js_str(v, "name"),
				  .file = js_str(v, "file"),
				  .arch = js_str(v, "arch"),
				  .variant = js_str(v, "variant"),
				  .program_cnt = js_len(words),
				  .proven = proven };
	for (size_t i = 0; i < js_len(proofs) && !rc; i++) {
		struct matrix_proven *one = zeroed(1, sizeof(*one));
		struct proof *p;

		if (!js_is_object(js_at(proofs, i)))
			continue;
		rc = proof_read(&p, js_at(proofs, i), err);
		*one = (struct matrix_proven){ .proof = p, .why = lines(words) };
		proven[i] = one;
	}
	return rc;
}

static void kernel(struct matrix_kernel *k, const struct json_t *v)
{
	struct matrix_boot *boot = zeroed(1, sizeof(*boot));

	boot->accel = js_str(v, "accel");
	*k = (struct matrix_kernel){ .id = js_str(v, "id"),
				     .release = js_str(v, "release"),
				     .arch = js_str(v, "arch"),
				     .digest = js_str(v, "digest"),
				     .image = js_str(v, "image"),
				     .boot = boot };
}

/* What the matrix is made of lives as long as the process. */
static struct matrix m;
static struct json_t *v;
static char *text;

static int read_run(struct skep_err *err)
{
	const struct json_t *kernels, *objects;
	size_t len;
	int rc = fs_read_fd(0, "stdin", FS_MAX_SOURCE, &text, &len, err);

	if (!rc)
		rc = js_parse(&v, text, len, "stdin", err);
	if (rc)
		return rc;
	kernels = js_get(v, "kernels");
	objects = js_get(v, "objects");
	m.kernel_cnt = js_len(kernels);
	m.kernels = zeroed(m.kernel_cnt, sizeof(*m.kernels));
	m.row_cnt = js_len(objects);
	m.rows = zeroed(m.row_cnt, sizeof(*m.rows));
	for (size_t i = 0; i < m.kernel_cnt; i++)
		kernel(&m.kernels[i], js_at(kernels, i));
	for (size_t i = 0; i < m.row_cnt && !rc; i++)
		rc = row(&m.rows[i], js_at(objects, i), err);
	return rc;
}

int main(int argc, char **argv)
{
	struct skep_err err = {};

	if (argc < 4 || read_run(&err))
		return fail(&err);
	const struct record_query q = { .path = argv[1],
					.digest = strcmp(argv[3], "-") ? argv[3] : NULL,
					.m = &m,
					.key = argc > 4 ? argv[4] : NULL,
					.cert = argc > 5 ? argv[5] : NULL,
					.time = atoll(argv[2]) };

	return record_proof(&q, &err) ? fail(&err) : 0;
}
