/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * Link: what clang made of a unit's sources becomes its object and skeleton, in memory: libbpf's
 * static linker into a memfd, then object_finish(), the defaults of params:, and skeleton_emit().
 */
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <unistd.h>

#include <bpf/libbpf.h>

#include "lib/base/cleanup.h"
#include "lib/base/fs.h"
#include "lib/btf/messages.h"
#include "lib/build/bind.h"
#include "lib/build/build.h"
#include "lib/build/explain.h"
#include "lib/build/link_order.h"
#include "lib/build/section.h"
#include "lib/build/skeleton.h"

static int link_failed(const struct unit *u, const struct messages *m,
		       struct skep_err *err)
{
	const struct explain *known = explain_find(m->first);

	messages_fail(m, err, SKEP_ECOMPILE, "the linker failed");
	skep_err_at(err, u->out, 0, 0);
	if (known)
		skep_err_hint(err, "%s: %s", known->cause, known->fix);
	return -SKEP_ECOMPILE;
}

static int add_parts(const struct build *b, const struct unit *u, const size_t *order,
		     struct bpf_linker *linker)
{
	for (size_t i = 0; i < u->parts.n; i++) {
		_cleanup_free_ char *path = build_path(b, u->parts.v[order[i]]);

		if (!path || bpf_linker__add_file(linker, path, NULL))
			return -SKEP_ECOMPILE;
	}
	return bpf_linker__finalize(linker) ? -SKEP_ECOMPILE : 0;
}

static int link_parts(const struct build *b, const struct unit *u, char **elf,
		      size_t *size, struct skep_err *err)
{
	_cleanup_close_ int fd = memfd_create("skep-link", MFD_CLOEXEC);
	_cleanup_free_ size_t *order = NULL;
	struct bpf_linker *linker;
	struct messages messages;
	int rc = link_order(b, u, &order, err);

	if (rc)
		return rc;
	if (fd < 0)
		return skep_fail(err, errno, "cannot make a memory file: %s",
				 strerror(errno));
	messages_begin(&messages, b->log);
	linker = bpf_linker__new_fd(fd, NULL);
	rc = linker ? add_parts(b, u, order, linker) : -SKEP_ECOMPILE;
	bpf_linker__free(linker);
	messages_end(&messages);
	if (rc)
		return link_failed(u, &messages, err);
	if (lseek(fd, 0, SEEK_SET))
		return skep_fail(err, errno, "cannot read a memory file: %s",
				 strerror(errno));
	return fs_read_fd(fd, u->out, FS_MAX_OBJECT, elf, size, err);
}

static int read_object(const struct unit *u, const void *elf, size_t size,
		       struct object **out, struct skep_err *err)
{
	int rc = object_read(out, elf, size, u->out, u->object->name, err);
	const struct explain *known = rc && err ? explain_find(err->what) : NULL;

	if (known)
		snprintf(err->hint, sizeof(err->hint), "%s: %s", known->cause, known->fix);
	/* the bytes are our own: that they do not hold together is the source's fault */
	if (rc && err && (rc == -SKEP_ECORRUPT || rc == -SKEP_EKIND))
		err->code = SKEP_ECOMPILE;
	return rc == -SKEP_ECORRUPT || rc == -SKEP_EKIND ? -SKEP_ECOMPILE : rc;
}

/* The finished bytes and what they hold. */
static int make_object(const struct build *b, const struct unit *u, void **elf,
		       size_t *size, struct object **out, struct skep_err *err)
{
	_cleanup_free_ char *linked = NULL;
	size_t linked_size = 0;
	bool changed = false;
	int rc = link_parts(b, u, &linked, &linked_size, err);

	if (!rc)
		rc = object_finish(linked, linked_size, u->out, elf, size, err);
	if (!rc)
		rc = read_object(u, *elf, *size, out, err);
	if (!rc)
		rc = bind_params(b->project, u->object, *out, *elf, *size, &changed, err);
	if (rc || !changed)
		return rc;
	object_free(TAKE(*out));
	return read_object(u, *elf, *size, out, err);
}

static int publish_skeleton(const struct build *b, const struct unit *u,
			    const struct object *o, struct skep_err *err)
{
	_cleanup_free_ char *text = NULL;
	size_t len;
	int rc = skeleton_emit(o, u->object->name, &text, &len, err);

	return rc ?: build_publish(b, u->skeleton, text, len, err);
}

static int do_link(struct build *b, struct unit *u, struct skep_err *err)
{
	_cleanup_free_ void *elf = NULL;
	size_t size = 0;
	int rc;

	b->steps++;
	skep_log(b->log, SKEP_LOG_INFO, "link %s", u->out);
	object_free(TAKE(u->parsed));
	rc = make_object(b, u, &elf, &size, &u->parsed, err);
	if (rc)
		return rc;
	section_check(u->parsed, b->log);
	rc = build_publish(b, u->out, elf, size, err);
	if (!rc && u->skeleton)
		rc = publish_skeleton(b, u, u->parsed, err);
	return rc;
}

static int add_facts(const struct build *b, const struct unit *u, struct step *step,
		     struct skep_err *err)
{
	const struct project *p = b->project;

	step_fact(step, "skep", b->self);
	step_fact(step, "name", u->object->name);
	for (size_t i = 0; i < u->parts.n; i++)
		step_fact(step, "part", u->parts.v[i]);
	for (size_t i = 0; i < p->param_cnt; i++) {
		const struct param *param = &p->params[i];

		if (!project_param_is_of(param, u->object))
			continue;
		step_fact(step, "parameter", param->name);
		step_fact(step, "kind of parameter",
			  param->bind == PARAM_RODATA    ? "rodata"
			  : param->bind == PARAM_ENTRIES ? "entries"
							 : "max_entries");
		step_fact(step, "type of parameter", param->type);
		step_fact(step, "default of parameter", param->def);
		step_fact(step, "target of parameter", param->target);
	}
	return words_check(&step->facts, err);
}

int build_link(struct build *b, struct unit *u, struct skep_err *err)
{
	_cleanup_(words_release) struct words made = { 0 };
	_cleanup_(step_release) struct step step;
	struct step_result result = { .inputs = &u->parts, .outputs = &made };
	int rc;

	step_init(&step, &b->state, b->log, u->out);
	rc = add_facts(b, u, &step, err);
	if (rc || step_fresh(&step))
		return rc;
	words_add(&made, u->out);
	if (u->skeleton)
		words_add(&made, u->skeleton);
	rc = words_check(&made, err);
	if (!rc)
		rc = do_link(b, u, err);
	return rc ?: step_done(&step, &result, err);
}

int unit_object(const struct build *b, struct unit *u, const struct object **out,
		struct skep_err *err)
{
	_cleanup_free_ char *elf = NULL;
	size_t size;
	int rc;

	if (!u->parsed) {
		rc = build_read(b, u->out, &elf, &size, err);
		if (!rc)
			rc = read_object(u, elf, size, &u->parsed, err);
		if (rc)
			return rc;
	}
	*out = u->parsed;
	return 0;
}
