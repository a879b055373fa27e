/* SPDX-License-Identifier: BSD-2-Clause */
/* Each kernel of the library gets a guest of its own, with all objects it is asked about. */
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/random.h>
#include <time.h>
#include <unistd.h>

#include "lib/base/cleanup.h"
#include "lib/base/fs.h"
#include "lib/base/text.h"
#include "lib/btf/index.h"
#include "lib/kernel/boot.h"
#include "lib/prove/initramfs.h"
#include "lib/prove/plan.h"
#include "lib/prove/proving.h"
#include "lib/prove/wanted.h"

#define FOREIGN_FACTOR 3 /* emulating another processor is that much slower */
#define MEMORY_MIB     512

/* What one guest is made of, until it is one file. */
struct kit {
	struct plan plan; /* borrows all it has, but objects and modules */
	struct initramfs_file *files;
	size_t file_cnt;
	struct boot_module *modules;
	size_t module_cnt;
	struct wanted wanted;
};

struct guests {
	struct proving *p;
	char *guest_dir, *serial_dir;
	struct boot *boots; /* those that are started */
	size_t *kernels;    /* by boot */
	size_t n;
};

static void release_kit(struct kit *kit)
{
	for (size_t i = 0; i < kit->plan.object_cnt; i++) {
		free(kit->plan.objects[i].file);
		free(kit->plan.objects[i].name);
	}
	for (size_t i = 0; i < kit->plan.module_cnt; i++)
		free(kit->plan.modules[i]);
	free(kit->plan.objects);
	free(kit->plan.modules);
	free(kit->files);
	boot_modules_free(kit->modules, kit->module_cnt);
	wanted_release(&kit->wanted);
}

static int make_token(char token[static PLAN_TOKEN_LEN + 1], struct skep_err *err)
{
	unsigned char bytes[PLAN_TOKEN_LEN / 2];

	if (getrandom(bytes, sizeof(bytes), 0) != (ssize_t)sizeof(bytes))
		return skep_fail(err, errno, "no random numbers: %s", strerror(errno));
	for (size_t i = 0; i < sizeof(bytes); i++)
		sprintf(&token[2 * i], "%02x", bytes[i]);
	return 0;
}

/* --- what goes in --- */

static int add_objects(struct kit *kit, const struct proving *p,
		       const struct proving_kernel *k, struct skep_err *err)
{
	kit->plan.objects = calloc(k->row_cnt + 1, sizeof(*kit->plan.objects));
	kit->files = calloc(k->row_cnt + 2, sizeof(*kit->files));
	if (!kit->plan.objects || !kit->files)
		return skep_fail(err, ENOMEM, "out of memory");
	for (size_t i = 0; i < k->row_cnt; i++) {
		const struct object *o = proving_object(p, k->rows[i]);
		struct plan_object *po = &kit->plan.objects[kit->plan.object_cnt++];

		po->file = text_fmt(PLAN_FOLDER "/%zu.bpf.o", i);
		po->name = strdup(p->rows[k->rows[i]].name);
		if (!po->file || !po->name)
			return skep_fail(err, ENOMEM, "out of memory");
		kit->files[kit->file_cnt++] = (struct initramfs_file){
			.path = po->file, .mode = 0600, .data = o->data, .size = o->size
		};
		kit->plan.network |= wanted_network(o);
	}
	if (p->stimulus)
		kit->files[kit->file_cnt++] =
			(struct initramfs_file){ .path = PLAN_STIMULUS,
						 .mode = 0700,
						 .data = p->stimulus,
						 .size = p->stimulus_len };
	kit->plan.network |= kit->plan.stimulus;
	return 0;
}

static int want_modules(struct kit *kit, const struct proving *p,
			const struct proving_kernel *k, struct skep_err *err)
{
	struct btf_index *ix = NULL;
	int rc = library_index(p->in.lib, k->profile, &ix, err);

	for (size_t i = 0; i < k->row_cnt && !rc; i++)
		rc = wanted_by_object(&kit->wanted, proving_object(p, k->rows[i]), ix,
				      err);
	if (!rc && kit->plan.network)
		rc = wanted_by_network(&kit->wanted, err);
	btf_index_close(ix);
	return rc;
}

/*
 * A module that objects name is told if the library does not keep it; of those for interfaces only what makes them, because
 * the rest may be built in.
 */
static int tell_missing(struct proving_kernel *k, struct kit *kit,
			const char *const *missing, size_t n)
{
	int rc = 0;

	for (size_t i = 0; i < n && !rc; i++)
		if (!strcmp(missing[i], "veth")) {
			kit->plan.network = false;
			rc = proving_problem(k,
					     "no packets but those of 'lo': the library "
					     "has no module 'veth' of this kernel; add "
					     "or fetch the kernel again");
		} else if (!wanted_is_usual(missing[i])) {
			rc = proving_problem(k,
					     "module '%s' is not in the library: skep "
					     "kernel add --module %s puts it there",
					     missing[i], missing[i]);
		}
	return rc;
}

static int add_modules(struct kit *kit, const struct proving *p, struct proving_kernel *k,
		       struct skep_err *err)
{
	_cleanup_free_ const char **missing = NULL;
	size_t missing_cnt = 0;
	int rc = want_modules(kit, p, k, err);

	if (!rc)
		rc = boot_modules(p->in.lib, k->profile,
				  (const char *const *)kit->wanted.modules, kit->wanted.n,
				  &kit->modules, &kit->module_cnt, &missing, &missing_cnt,
				  err);
	if (rc)
		return rc;
	kit->plan.modules = calloc(kit->module_cnt + 1, sizeof(char *));
	if (!kit->plan.modules)
		return skep_fail(err, ENOMEM, "out of memory");
	for (size_t i = 0; i < kit->module_cnt; i++) {
		char *path = text_fmt(PLAN_FOLDER "/%s.ko", kit->modules[i].name);

		if (!path)
			return skep_fail(err, ENOMEM, "out of memory");
		kit->plan.modules[kit->plan.module_cnt++] = path;
	}
	rc = tell_missing(k, kit, missing, missing_cnt);
	return rc ? skep_fail(err, ENOMEM, "out of memory") : 0;
}

/* With a stimulus until it ends, at most. */
static uint64_t watch_ns(const struct proving *p)
{
	return p->stimulus ? p->o.stimulus_ns : p->o.duration_ns;
}

static uint64_t boot_limit_ns(const struct proving *p, const struct arch *arch)
{
	uint64_t boot = p->o.boot_ns;

	return (arch == arch_host() ? boot : FOREIGN_FACTOR * boot) + watch_ns(p);
}

static int make_plan(struct kit *kit, const struct proving *p,
		     const struct proving_kernel *k, struct skep_err *err)
{
	struct plan *plan = &kit->plan;

	*plan = (struct plan){
		.presets = (char **)p->o.presets,
		.preset_cnt = p->o.preset_cnt,
		.programs = (char **)p->o.programs,
		.program_cnt = p->o.program_cnt,
		.attach = !p->o.no_attach,
		.trace = p->o.hot_lines > 0,
		.events = p->o.event != NULL,
		.stimulus = p->stimulus != NULL,
		.duration_ns = watch_ns(p),
		.limit_ns = boot_limit_ns(p, k->profile->arch),
		.epoch = time(NULL),
	};
	return make_token(plan->token, err);
}

/* --- one guest --- */

static int make_initramfs(struct boot *b, const struct guests *g,
			  struct proving_kernel *k, struct skep_err *err)
{
	const struct proving *p = g->p;
	struct kit kit = { 0 };
	int rc = make_plan(&kit, p, k, err);

	if (!rc)
		rc = add_objects(&kit, p, k, err);
	if (!rc)
		rc = add_modules(&kit, p, k, err);
	if (!rc) {
		const struct initramfs_query q = { .arch = b->arch,
						   .guest_dir = g->guest_dir,
						   .path_env = p->o.path_env,
						   .cache_dir = p->o.cache_dir,
						   .shell = kit.plan.stimulus,
						   .plan = &kit.plan,
						   .files = kit.files,
						   .file_cnt = kit.file_cnt,
						   .modules = kit.modules,
						   .module_cnt = kit.module_cnt };
		rc = initramfs_make(&b->initrd_fd, &q, err);
	}
	if (!rc) {
		k->token = strdup(kit.plan.token);
		rc = k->token ? 0 : skep_fail(err, ENOMEM, "out of memory");
	}
	b->token = k->token;
	release_kit(&kit);
	return rc;
}

static int make_machine(struct boot *b, struct guests *g, struct proving_kernel *k,
			struct skep_err *err)
{
	const struct proving *p = g->p;
	struct machine_query *m = &b->machine;
	int rc = machine_find(b->arch, p->o.path_env, &k->qemu, err);

	if (!rc)
		rc = boot_kernel(p->in.lib, k->profile, p->o.cache_dir, &k->kernel,
				 &m->direct, err);
	if (rc)
		return rc;
	k->image = library_blob(p->in.lib, k->profile->image);
	if (!k->image)
		return skep_fail(err, ENOMEM, "out of memory");
	m->arch = b->arch;
	m->qemu = k->qemu;
	m->kernel = k->kernel;
	m->memory_mib = p->o.memory_mib;
	b->image = k->image;
	return 0;
}

/* KVM only when it has been seen to start this kernel. */
static int choose_accel(struct boot *b, const struct proving *p, struct skep_err *err)
{
	bool works = false;

	if (p->o.accel == SKEP_ACCEL_TCG)
		return 0;
	if (machine_may_kvm(b->arch)) {
		b->machine.accel = MACHINE_KVM;
		works = boot_kvm_works(b, p->o.cache_dir, p->o.log);
	}
	b->machine.accel = works ? MACHINE_KVM : MACHINE_TCG;
	if (works || p->o.accel == SKEP_ACCEL_AUTO)
		return 0;
	skep_fail(err, SKEP_ETOOL, "KVM does not start '%s' here", b->id);
	return skep_err_hint(err, "--accel tcg emulates, which works everywhere");
}

static int make_boot(struct guests *g, size_t kernel, struct skep_err *err)
{
	struct proving_kernel *k = &g->p->kernels[kernel];
	struct boot *b = &g->boots[g->n];
	int rc;

	*b = (struct boot){ .id = k->profile->id,
			    .arch = k->profile->arch,
			    .initrd_fd = -1,
			    .object_cnt = k->row_cnt,
			    .limit_ns = boot_limit_ns(g->p, k->profile->arch),
			    .stimulus_status = -1 };
	rc = make_machine(b, g, k, err);
	if (!rc)
		rc = make_initramfs(b, g, k, err);
	if (!rc)
		rc = choose_accel(b, g->p, err);
	if (rc) {
		closep(&b->initrd_fd);
		return rc;
	}
	g->kernels[g->n++] = kernel;
	return 0;
}

/* What lacks for one kernel - an image, a QEMU for its processor - is no reason not to ask the others. */
static int make_or_tell(struct guests *g, size_t kernel, struct skep_err *err)
{
	struct proving_kernel *k = &g->p->kernels[kernel];
	struct skep_err why = { 0 };
	int rc = make_boot(g, kernel, &why);

	if (!rc)
		return 0;
	if (rc != -SKEP_ETOOL && rc != -SKEP_EKIND && rc != -SKEP_ECORRUPT) {
		if (err)
			*err = why;
		return rc;
	}
	k->error = text_fmt("%s", why.what);
	k->hint = *why.hint ? text_fmt("%s", why.hint) : NULL;
	k->boot.error = k->error;
	k->boot.hint = k->hint;
	return k->error ? 0 : skep_fail(err, ENOMEM, "out of memory");
}

/* --- all of them --- */

static void say_state(void *ctx, const struct boot *b)
{
	static const char *const words[] = { [BOOT_WAITS] = "waits",
					     [BOOT_RUNS] = "boots",
					     [BOOT_DONE] = "done",
					     [BOOT_FAILED] = "failed" };
	const struct guests *g = ctx;
	const struct proving *p = g->p;

	if (p->o.progress)
		p->o.progress(p->o.ctx, b->id, words[b->state]);
}

static void say_program(void *ctx, const struct boot *b, size_t object,
			const struct proof_program *pp)
{
	const struct guests *g = ctx;
	const struct proving *p = g->p;
	const struct proving_kernel *k = &p->kernels[g->kernels[b - g->boots]];
	char state[256];

	if (!p->o.progress || object >= k->row_cnt)
		return;
	snprintf(state, sizeof(state), "%s: %s", p->rows[k->rows[object]].name, pp->name);
	p->o.progress(p->o.ctx, b->id, state);
}

static void say_event(void *ctx, const struct boot *b, size_t object, const char *line)
{
	const struct guests *g = ctx;
	const struct proving *p = g->p;
	const struct proving_kernel *k = &p->kernels[g->kernels[b - g->boots]];

	if (p->o.event && object < k->row_cnt)
		p->o.event(p->o.ctx, b->id, p->rows[k->rows[object]].name, line);
}

static int take_answers(const struct proving *p, struct proving_kernel *k, struct boot *b,
			struct skep_err *err)
{
	int rc = 0;

	for (size_t i = 0; i < k->row_cnt && b->proofs; i++)
		k->cells[i].proof = TAKE(b->proofs[i]);
	if (b->problems) /* each is a line */
		rc = proving_problem(k, "%.*s", (int)strlen(b->problems) - 1, b->problems);
	k->boot = (struct matrix_boot){ .total_ns = b->total_ns,
					.tries = b->tries,
					.accel = b->machine.accel == MACHINE_KVM ? "kvm"
										 : "tcg",
					.error = b->reason,
					.hint = b->hint,
					.serial = b->serial,
					.problems = k->problems };
	k->guest = *b;
	if (rc)
		return skep_fail(err, ENOMEM, "out of memory");
	if (b->stimulus_status >= 0)
		rc = proving_stimulus(k, b->stimulus_status, b->stimulus_timeout,
				      b->stimulus, err);
	return rc ?: proving_fit(p, k, err);
}

static int run(struct guests *g, struct skep_err *err)
{
	const struct boot_listener listener = {
		.state = say_state, .program = say_program, .event = say_event, .ctx = g
	};
	const struct boot_opts opts = { .jobs = g->p->o.jobs,
					.serial_dir = g->serial_dir,
					.stop_fd = g->p->o.stop_fd,
					.listener = &listener,
					.log = g->p->o.log };
	int rc = boots_run(g->boots, g->n, &opts, err);

	for (size_t i = 0; i < g->n; i++) {
		closep(&g->boots[i].initrd_fd);
		if (!rc)
			rc = take_answers(g->p, &g->p->kernels[g->kernels[i]],
					  &g->boots[i], err);
		else
			boot_release(&g->boots[i]);
	}
	return rc;
}

static int find_folders(struct guests *g, struct skep_err *err)
{
	const struct skep_prove_opts *o = &g->p->o;
	_cleanup_free_ char *share = fs_share_dir();

	g->guest_dir = o->guest_dir ? strdup(o->guest_dir)
		       : share      ? text_fmt("%s/../../libexec/skep/guest", share)
				    : NULL;
	g->serial_dir = o->cache_dir ? fs_join(o->cache_dir, "consoles") : NULL;
	if (!g->guest_dir || (o->cache_dir && !g->serial_dir))
		return skep_fail(err, ENOMEM, "out of memory");
	return 0;
}

int proving_guests(struct proving *p, struct skep_err *err)
{
	struct guests g = { .p = p };
	int rc;

	g.boots = calloc(p->m.kernel_cnt + 1, sizeof(*g.boots));
	g.kernels = calloc(p->m.kernel_cnt + 1, sizeof(*g.kernels));
	rc = g.boots && g.kernels ? find_folders(&g, err)
				  : skep_fail(err, ENOMEM, "out of memory");
	if (!p->o.memory_mib)
		p->o.memory_mib = MEMORY_MIB;
	for (size_t k = 0; k < p->m.kernel_cnt && !rc; k++)
		if (p->kernels[k].asked)
			rc = make_or_tell(&g, k, err);
	if (!rc)
		rc = run(&g, err);
	else
		for (size_t i = 0; i < g.n; i++)
			closep(&g.boots[i].initrd_fd);
	free(g.boots);
	free(g.kernels);
	free(g.guest_dir);
	free(g.serial_dir);
	return rc;
}
