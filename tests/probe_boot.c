/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * Guests as skep starts them:
 *
 *   probe_boot NAME=VALUE... KERNEL...	boot each KERNEL, tell what became of it
 *   probe_boot NAME=VALUE... kvm=1 KERNEL	does KVM start it
 *   probe_boot NAME=VALUE... argv=1 KERNEL	the arguments of QEMU, one a line
 *
 *   path	where QEMU is looked for
 *   arch, memory, jobs, objects, token, image, initrd, limit_ms, serial, cache	as struct boot has them
 *   stop=1	standard input becoming readable ends all
 */
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "lib/base/json.h"
#include "lib/prove/boot.h"

#define BOOTS_MAX 16

static const struct {
	const char *name, *usual;
} names[] = {
	{ "path", "/usr/bin" },  { "arch", "x86_64" },
	{ "memory", "256" },     { "jobs", "1" },
	{ "objects", "1" },      { "token", "0123456789abcdef0123456789abcdef" },
	{ "image", NULL },       { "initrd", NULL },
	{ "limit_ms", "20000" }, { "serial", NULL },
	{ "cache", NULL },       { "stop", NULL },
	{ "kvm", NULL },         { "argv", NULL },
	{ "plain", NULL },
};
static const char *values[sizeof(names) / sizeof(names[0])];

static const char *value(const char *name)
{
	for (size_t i = 0; i < sizeof(names) / sizeof(names[0]); i++)
		if (!strcmp(names[i].name, name))
			return values[i] ? values[i] : names[i].usual;
	abort();
}

static unsigned long number(const char *name)
{
	return strtoul(value(name), NULL, 10);
}

static int give(const char *arg)
{
	const char *eq = strchr(arg, '=');

	for (size_t i = 0; eq && i < sizeof(names) / sizeof(names[0]); i++)
		if (!strncmp(names[i].name, arg, (size_t)(eq - arg)) &&
		    !names[i].name[eq - arg]) {
			values[i] = eq + 1;
			return 1;
		}
	return 0;
}

static int fail(const struct skep_err *err)
{
	fprintf(stderr, "probe_boot: %s\n", err->what);
	if (err->hint[0])
		fprintf(stderr, "hint: %s\n", err->hint);
	return skep_err_status(err->code);
}

static void on_line(void *ctx, enum skep_log_level level, const char *line)
{
	fprintf(stderr, "%d %s\n", level, line);
}

static void on_state(void *ctx, const struct boot *b)
{
	static const char *const states[] = { "waits", "runs", "done", "failed" };

	fprintf(stderr, "state %s %s\n", b->id, states[b->state]);
}

static void on_program(void *ctx, const struct boot *b, size_t object,
		       const struct proof_program *p)
{
	fprintf(stderr, "program %s %zu %s\n", b->id, object, p->name);
}

static void on_event(void *ctx, const struct boot *b, size_t object, const char *line)
{
	fprintf(stderr, "event %s %zu %s\n", b->id, object, line);
}

static void print(const struct boot *b)
{
	struct json_t *o = js_object(), *proofs = js_array();
	char *text;

	js_set_str(o, "id", b->id);
	js_set_bool(o, "done", b->state == BOOT_DONE);
	js_set_str(o, "reason", b->reason);
	js_set_str(o, "hint", b->hint);
	js_set_str(o, "release", b->release);
	js_set_str(o, "stimulus", b->stimulus);
	js_set_int(o, "stimulus_status", b->stimulus_status);
	js_set_bool(o, "stimulus_timeout", b->stimulus_timeout);
	js_set_str(o, "problems", b->problems);
	js_set_str(o, "serial", b->serial);
	js_set_int(o, "ready_ns", (int64_t)b->ready_ns);
	js_set_int(o, "total_ns", (int64_t)b->total_ns);
	js_set_int(o, "tries", b->tries);
	for (size_t i = 0; b->proofs && i < b->object_cnt; i++)
		js_add(proofs, b->proofs[i] ? proof_json(b->proofs[i]) : js_null());
	js_set(o, "proofs", proofs);
	text = js_canonical(o, NULL);
	puts(text);
	free(text);
	js_free(o);
}

static void fill(struct boot *b, const char *kernel, char *qemu, int initrd_fd)
{
	*b = (struct boot){
		.id = kernel,
		.arch = arch_find(value("arch")),
		.image = value("image"),
		.initrd_fd = initrd_fd,
		.token = value("token"),
		.object_cnt = number("objects"),
		.limit_ns = number("limit_ms") * 1000000,
	};
	b->machine = (struct machine_query){
		.arch = b->arch,
		.qemu = qemu,
		.kernel = kernel,
		.memory_mib = (unsigned int)number("memory"),
		.plain = value("plain") != NULL,
	};
}

static int print_argv(const struct boot *b)
{
	struct skep_err err = { 0 };
	char **argv;

	if (machine_argv(&b->machine, &argv, &err))
		return fail(&err);
	for (char **a = argv; *a; a++)
		puts(*a);
	free(argv);
	return 0;
}

static int run(struct boot *boots, size_t n, const struct boot_opts *opts)
{
	struct skep_err err = { 0 };
	int rc = boots_run(boots, n, opts, &err);

	for (size_t i = 0; i < n; i++) {
		if (!rc)
			print(&boots[i]);
		boot_release(&boots[i]);
	}
	return rc ? fail(&err) : 0;
}

int main(int argc, char **argv)
{
	const struct boot_listener listener = { on_state, on_program, on_event, NULL };
	const struct skep_log log = { on_line, NULL };
	struct boot_opts opts = { .stop_fd = -1, .listener = &listener, .log = &log };
	struct boot boots[BOOTS_MAX];
	struct skep_err err = { 0 };
	int i = 1, n = 0, initrd_fd = -1, rc;
	char *qemu;

	while (i < argc && give(argv[i]))
		i++;
	opts.jobs = (unsigned int)number("jobs");
	opts.serial_dir = value("serial");
	if (value("stop"))
		opts.stop_fd = 0;
	if (machine_find(arch_find(value("arch")), value("path"), &qemu, &err))
		return fail(&err);
	if (value("initrd"))
		initrd_fd = open(value("initrd"), O_RDONLY | O_CLOEXEC);
	for (; i < argc && n < BOOTS_MAX; i++)
		fill(&boots[n++], argv[i], qemu, initrd_fd);
	if (value("argv"))
		rc = print_argv(&boots[0]);
	else if (value("kvm"))
		rc = puts(boot_kvm_works(&boots[0], value("cache"), &log) ? "yes"
									  : "no") < 0;
	else
		rc = run(boots, (size_t)n, &opts);
	free(qemu);
	return rc;
}
