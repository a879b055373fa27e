/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * Record: the predicate of a proof, "https://skep.dev/proof/v1":
 *
 *   {"kernels":[KERNEL…],"time":"2026-11-22T12:00:00Z","tool":{"libbpf":"1.7","skep":"0.1.0"}}
 *
 *   KERNEL   {"accelerator":"tcg"|"kvm"|null,"arch","id","image":"sha256:…"|null,"objects":[OBJECT…],
 *             "profile":"sha256:…"|null,"release"}; null, null and null of the running kernel
 *   OBJECT   {"arch":string|null,"buffers":[{"events":number,"map"}],"message":string|null,"object",
 *             "programs":[PROGRAM…],"variant":string|null}
 *   PROGRAM  {"attach":"attached"|"refused"|"none","program","refusal":line|null,"runs":number,
 *             "stats":{"insns","jited","peak_states","stack","states","time_ns"},"type":string|null,
 *             "verdict":"loaded"|"refused"|"untried"}
 *
 * Kernels that were not asked are not in it, and nothing that names the machine it was made on.
 */
#include "lib/prove/record.h"

#include <errno.h>
#include <string.h>
#include <time.h>

#include "lib/base/json.h"
#include "lib/build/assemble.h"
#include "lib/sign/attest.h"
#include "lib/sign/statement.h"

/* Why it was refused in one line: the verifier's, or what libbpf said first. */
static const char *refusal(const struct proof_program *p, const struct matrix_why *why)
{
	if (p->load == PROOF_LOADED)
		return p->attach == PROOF_ATTACH_REFUSED ? p->attach_message : NULL;
	return why && why->line ? why->line : p->message;
}

static int add_program(struct json_t *programs, const struct proof_program *p,
		       const struct matrix_why *why)
{
	struct json_t *v = js_object();
	int rc = js_set_str(v, "program", p->name);

	rc |= js_set_str(v, "type", p->type);
	rc |= js_set_str(v, "verdict", proof_load_word(p->load));
	rc |= js_set_str(v, "attach", proof_attach_word(p->attach));
	rc |= js_set_int(v, "runs", p->runs);
	rc |= js_set(v, "stats", proof_stats_json(&p->stats));
	rc |= js_set_str(v, "refusal", refusal(p, why));
	return rc | js_add(programs, v);
}

static int add_buffer(struct json_t *buffers, const struct proof_buffer *b)
{
	struct json_t *v = js_object();
	int rc = js_set_str(v, "map", b->map);

	rc |= js_set_int(v, "events", b->events);
	return rc | js_add(buffers, v);
}

static int add_object(struct json_t *objects, const struct matrix_row *row,
		      const struct matrix_proven *proven)
{
	const struct proof *p = proven->proof;
	struct json_t *v = js_object(), *programs = js_array(), *buffers = js_array();
	int rc = js_set_str(v, "object", row->name);

	for (size_t i = 0; i < p->program_cnt; i++)
		rc |= add_program(programs, &p->programs[i],
				  proven->why && i < row->program_cnt ? &proven->why[i]
								      : NULL);
	for (size_t i = 0; i < p->buffer_cnt; i++)
		rc |= add_buffer(buffers, &p->buffers[i]);
	rc |= js_set_str(v, "arch", row->arch);
	rc |= js_set_str(v, "variant", row->variant);
	rc |= js_set_str(v, "message", p->message);
	rc |= js_set(v, "programs", programs);
	rc |= js_set(v, "buffers", buffers);
	return rc | js_add(objects, v);
}

/* The file's objects on one kernel; there may be none. */
static struct json_t *objects_json(const struct record_query *q, size_t kernel)
{
	struct json_t *objects = js_array();
	int rc = 0;

	for (size_t i = 0; i < q->m->row_cnt; i++) {
		const struct matrix_row *row = &q->m->rows[i];

		if (strcmp(row->file, q->path) || !row->proven || !row->proven[kernel] ||
		    !row->proven[kernel]->proof)
			continue;
		rc |= add_object(objects, row, row->proven[kernel]);
	}
	if (!rc)
		return objects;
	js_free(objects);
	return NULL;
}

/* Takes objects over. */
static int add_kernel(struct json_t *kernels, const struct matrix_kernel *k,
		      struct json_t *objects)
{
	struct json_t *v = js_object();
	int rc = js_set_str(v, "id", k->id);

	rc |= js_set_str(v, "release", k->release);
	rc |= js_set_str(v, "arch", k->arch);
	rc |= js_set_str(v, "profile", k->digest);
	rc |= js_set_str(v, "image", k->image);
	rc |= js_set_str(v, "accelerator", k->boot ? k->boot->accel : NULL);
	rc |= js_set(v, "objects", objects);
	return rc | js_add(kernels, v);
}

static int kernels_json(struct json_t **out, const struct record_query *q,
			struct skep_err *err)
{
	struct json_t *kernels = js_array();
	int rc = kernels ? 0 : -ENOMEM;

	for (size_t i = 0; i < q->m->kernel_cnt && !rc; i++) {
		struct json_t *objects = objects_json(q, i);

		if (objects && !js_len(objects))
			js_free(objects);
		else
			rc = add_kernel(kernels, &q->m->kernels[i], objects);
	}
	if (rc)
		skep_fail(err, ENOMEM, "out of memory");
	else if (!js_len(kernels))
		rc = skep_fail(err, ENODATA, "no kernel was asked about '%s'", q->path);
	if (rc)
		js_free(kernels);
	else
		*out = kernels;
	return rc;
}

static struct json_t *tool_json(void)
{
	struct json_t *v = js_object();
	int rc = js_set_str(v, "skep", SKEP_VERSION);

	rc |= js_set_str(v, "libbpf", assemble_libbpf());
	if (!rc)
		return v;
	js_free(v);
	return NULL;
}

static int predicate_json(struct json_t **out, const struct record_query *q,
			  struct skep_err *err)
{
	const time_t when = q->time;
	char text[sizeof("-2147483648-01-01T00:00:00Z")] = "";
	struct json_t *v, *kernels;
	struct tm tm;
	int rc = kernels_json(&kernels, q, err);

	if (rc)
		return rc;
	if (gmtime_r(&when, &tm))
		strftime(text, sizeof(text), "%Y-%m-%dT%H:%M:%SZ", &tm);
	v = js_object();
	rc = js_set(v, "kernels", kernels);
	rc |= js_set_str(v, "time", text);
	rc |= js_set(v, "tool", tool_json());
	if (rc) {
		js_free(v);
		return skep_fail(err, ENOMEM, "out of memory");
	}
	*out = v;
	return 0;
}

/* The file may have been built anew while kernels booted. */
static int check_digest(const struct record_query *q, const struct revision *r,
			struct skep_err *err)
{
	if (!q->digest || !strcmp(q->digest, skep_pkg_digest(r->pkg)))
		return 0;
	skep_fail(err, ESTALE, "package was replaced while it was proved: it is %s now",
		  skep_pkg_digest(r->pkg));
	skep_err_hint(err, "prove it again");
	return skep_err_at(err, q->path, 0, 0);
}

static int record(const struct record_query *q, const struct signer *s,
		  struct skep_err *err)
{
	struct earlier earlier = {};
	struct json_t *predicate = NULL;
	struct revision r;
	int rc = revise_open(&r, q->path, err);

	if (rc)
		return rc;
	rc = check_digest(q, &r, err);
	if (!rc)
		rc = earlier_find(&earlier, r.pkg, STATEMENT_PROOF, s ? &s->cert : NULL,
				  err);
	if (!rc)
		rc = predicate_json(&predicate, q, err);
	if (!rc)
		rc = attest(&r, s, STATEMENT_PROOF, predicate, &earlier, err);
	earlier_release(&earlier);
	revise_release(&r);
	return rc;
}

int record_proof(const struct record_query *q, struct skep_err *err)
{
	struct signer s = {};
	int rc;

	if (!q->key && !q->cert)
		return record(q, NULL, err);
	if (!q->key || !q->cert)
		return skep_fail(err, SKEP_EUSAGE,
				 "signing wants both a key and its certificate");
	rc = signer_open(&s, q->key, q->cert, q->passphrase, err);
	if (rc)
		return rc;
	rc = record(q, &s, err);
	signer_release(&s);
	return rc;
}
