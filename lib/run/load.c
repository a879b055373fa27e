/* SPDX-License-Identifier: BSD-2-Clause */
/* Loading objects with libbpf. */
#include "lib/run/load.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>

#include <bpf/libbpf.h>

#include "lib/base/cleanup.h"
#include "lib/base/escape.h"
#include "lib/base/fs.h"
#include "lib/btf/messages.h"
#include "lib/run/explain.h"

#define LOG_SIZE \
	((size_t)16 << 20) /* of the verifier; pages are taken as they are written */

/* Names reach messages and the terminal. */
static bool is_plain(const char *name)
{
	while (*name > 0x20 && *name < 0x7f)
		name++;
	return !*name;
}

static int check_names(const struct object *o, struct skep_err *err)
{
	bool plain = true;

	for (size_t i = 0; i < o->program_cnt; i++)
		plain &=
			is_plain(o->programs[i].name) && is_plain(o->programs[i].section);
	for (size_t i = 0; i < o->map_cnt; i++)
		plain &= is_plain(o->maps[i].name);
	if (plain)
		return 0;
	skep_fail(err, SKEP_ECORRUPT, "the name of a program or map is not printable");
	return skep_err_at(err, o->where, 0, 0);
}

int load_open(struct loaded *l, const char *name, const void *data, size_t size,
	      const char *where, const char *kernel_btf, struct skep_err *err)
{
	int rc;

	l->name = name;
	rc = object_read_for(&l->object, data, size, where, name, kernel_btf, err);
	return rc ? rc : check_names(l->object, err);
}

static int remember_pins(struct loaded *l, struct skep_err *err)
{
	l->pinned_before = calloc(l->object->map_cnt + 1, sizeof(bool));
	if (!l->pinned_before)
		return skep_fail(err, ENOMEM, "out of memory");
	for (size_t i = 0; i < l->object->map_cnt; i++) {
		const char *path = bpf_map__pin_path(l->object->maps[i].bpf);

		l->pinned_before[i] = path && fs_exists(path);
	}
	return 0;
}

/* One buffer for all programs: they are loaded one by one, and the first that fails ends it. */
static int set_log(struct loaded *l, struct skep_err *err)
{
	struct bpf_program *prog;

	l->verifier_log = mmap(NULL, LOG_SIZE, PROT_READ | PROT_WRITE,
			       MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
	if (l->verifier_log == MAP_FAILED) {
		l->verifier_log = NULL;
		return skep_fail(err, ENOMEM, "out of memory");
	}
	bpf_object__for_each_program(prog, l->object->bpf)
		bpf_program__set_log_buf(prog, l->verifier_log, LOG_SIZE);
	return 0;
}

static void send_log(const char *text, const struct skep_log *log)
{
	while (*text) {
		size_t len = strcspn(text, "\n");
		struct buf line = { 0 };

		escape_text(&line, text, len);
		skep_log(log, SKEP_LOG_DEBUG, "%s", line.data ? line.data : "");
		buf_release(&line);
		text += len + (text[len] == '\n');
	}
}

static int load(struct loaded *l, const struct skep_log *log, struct skep_err *err)
{
	struct messages m;
	int rc;

	messages_begin(&m, log);
	rc = bpf_object__load(l->object->bpf);
	messages_end(&m);
	if (!rc)
		return 0;
	l->verifier_log[LOG_SIZE - 1] = '\0';
	send_log(l->verifier_log, log);
	rc = explain_load(rc, m.first, l->verifier_log, l->object, err);
	skep_err_note(err, "while loading '%s'", l->name);
	return rc;
}

int load_commit(struct loaded *l, const struct params *params, const struct skep_log *log,
		struct skep_err *err)
{
	int rc = remember_pins(l, err);

	if (!rc)
		rc = params_set(params, l->owner, l->object->bpf, err);
	if (!rc)
		rc = set_log(l, err);
	if (!rc)
		rc = load(l, log, err);
	if (!rc)
		rc = params_fill(params, l->owner, l->object->bpf, err);
	return rc;
}

void load_release(struct loaded *l)
{
	for (size_t i = 0; l->pinned_before && i < l->object->map_cnt; i++) {
		struct bpf_map *map = l->object->maps[i].bpf;

		if (bpf_map__is_pinned(map) && !l->pinned_before[i])
			bpf_map__unpin(map, NULL);
	}
	object_free(l->object);
	free(l->pinned_before);
	if (l->verifier_log)
		munmap(l->verifier_log, LOG_SIZE);
	*l = (struct loaded){ 0 };
}
