/* SPDX-License-Identifier: BSD-2-Clause */
/* Following the rule of a package. What vmlinux lacks may be a module's, so modules are asked before the answer is no. */
#include "lib/run/variant.h"

#include <dirent.h>
#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include <bpf/btf.h>

#include "lib/base/buf.h"
#include "lib/base/cleanup.h"
#include "lib/btf/btf.h"
#include "lib/btf/messages.h"
#include "lib/btf/probe.h"

#define MODULES     "/sys/kernel/btf"
#define MAX_MODULES 4096

/* The types of the running kernel, read when something first asks for them. */
struct kernel {
	const char *file; /* asked instead; NULL: the kernel's own */
	bool tried;
	struct btf *vmlinux; /* NULL: there are none */
	struct btf **modules;
	size_t module_cnt;
	bool has_modules; /* they have been read */
};

static void release(struct kernel *k)
{
	for (size_t i = 0; i < k->module_cnt; i++)
		btf__free(k->modules[i]);
	free(k->modules);
	btf__free(k->vmlinux);
}

static int read_types(struct kernel *k, struct skep_err *err)
{
	_cleanup_free_ void *data = NULL;
	struct messages m;
	size_t size;
	int rc;

	if (k->tried)
		return 0;
	k->tried = true;
	if (!k->file) {
		messages_begin(&m, NULL);
		k->vmlinux = btf__load_vmlinux_btf();
		messages_end(&m);
		return 0;
	}
	rc = btf_file_bytes(k->file, &data, &size, err);
	return rc ?: btf_from_raw(&k->vmlinux, data, size, err);
}

static int read_modules(struct kernel *k, struct skep_err *err)
{
	DIR *dir = k->file || k->has_modules ? NULL : opendir(MODULES);
	struct dirent *e;

	k->has_modules = true;
	while (dir && k->module_cnt < MAX_MODULES && (e = readdir(dir))) {
		struct btf **grown =
			reallocarray(k->modules, k->module_cnt + 1, sizeof(*grown));
		struct btf *btf = NULL;

		if (!grown) {
			closedir(dir);
			return skep_fail(err, ENOMEM, "out of memory");
		}
		k->modules = grown;
		if (*e->d_name != '.' && strcmp(e->d_name, "vmlinux"))
			btf = btf__load_module_btf(e->d_name, k->vmlinux);
		if (btf)
			k->modules[k->module_cnt++] = btf;
	}
	if (dir)
		closedir(dir);
	return 0;
}

static int has(struct kernel *k, const char *words, bool *holds, struct skep_err *err)
{
	int rc = btf_probe_types(k->vmlinux, words, holds, err);

	if (!rc && !*holds)
		rc = read_modules(k, err);
	for (size_t i = 0; i < k->module_cnt && !*holds && !rc; i++)
		rc = btf_probe_types(k->modules[i], words, holds, err);
	return rc;
}

/* Also those that this kernel is not asked: a package is whole or it is not. */
static int check_words(const struct manifest_variants *v, struct skep_err *err)
{
	int rc = 0;

	for (size_t i = 0; i < v->choice_cnt && !rc; i++)
		for (size_t j = 0; j < v->choices[i].when_cnt && !rc; j++)
			rc = btf_probe_check(v->choices[i].when[j], err);
	return rc;
}

/* The first of its words that does not hold; NULL: all do. */
static int first_lack(struct kernel *k, const struct manifest_choice *c,
		      const char **lack, struct skep_err *err)
{
	*lack = NULL;
	for (size_t i = 0; i < c->when_cnt && !*lack; i++) {
		bool holds = false;
		int rc = has(k, c->when[i], &holds, err);

		if (rc)
			return rc;
		if (!holds)
			*lack = c->when[i];
	}
	return 0;
}

static int none_fits(struct kernel *k, const struct manifest_variants *v,
		     struct skep_err *err)
{
	struct buf why = { 0 };
	int rc = 0;

	for (size_t i = 0; i < v->choice_cnt && !rc; i++) {
		const struct manifest_choice *c = &v->choices[i];
		const char *sep = "; ";

		buf_fmt(&why, "%s'%s' wants", i ? sep : "", c->variant);
		sep = " ";
		for (size_t j = 0; j < c->when_cnt && !rc; j++) {
			bool holds = false;

			rc = has(k, c->when[j], &holds, err);
			if (rc || holds)
				continue;
			buf_fmt(&why, "%s%s", sep, c->when[j]);
			sep = ", ";
		}
	}
	if (!rc)
		rc = skep_fail(err, SKEP_ENO, "no variant of '%s' is for this kernel: %s",
			       v->name, why.data ? why.data : "");
	buf_release(&why);
	return rc;
}

static int no_types(const struct manifest_variants *v, struct skep_err *err)
{
	skep_fail(err, ENOTSUP,
		  "this kernel has no types to ask which variant of '%s' it gets",
		  v->name);
	return skep_err_hint(err, "--btf FILE names the kernel's types");
}

static int choose(struct kernel *k, const struct manifest_variants *v,
		  const struct manifest_choice **out, const struct skep_log *log,
		  struct skep_err *err)
{
	int rc = check_words(v, err);

	for (size_t i = 0; i < v->choice_cnt && !rc; i++) {
		const struct manifest_choice *c = &v->choices[i];
		const char *lack = NULL;

		if (c->when_cnt)
			rc = read_types(k, err);
		if (c->when_cnt && !rc && !k->vmlinux)
			continue;
		if (!rc)
			rc = first_lack(k, c, &lack, err);
		if (rc)
			return rc;
		if (!lack) {
			*out = c;
			return 0;
		}
		skep_log(log, SKEP_LOG_DEBUG, "variant '%s' of '%s' wants %s", c->variant,
			 v->name, lack);
	}
	if (rc)
		return rc;
	return k->vmlinux ? none_fits(k, v, err) : no_types(v, err);
}

static void tell(const struct kernel *k, const struct manifest_variants *v,
		 const struct manifest_choice *c, const struct skep_log *log)
{
	bool blind = k->tried && !k->vmlinux;

	skep_log(log, SKEP_LOG_WARN, "variant '%s' of '%s'%s", c->variant, v->name,
		 blind ? ", which any kernel can have: this one has no types to ask" : "");
}

static int pick(struct picked *to, size_t *n, struct kernel *k, const struct manifest *m,
		const struct skep_log *log, struct skep_err *err)
{
	_cleanup_free_ const struct manifest_choice **chosen =
		calloc(m->variants_cnt + 1, sizeof(*chosen));
	int rc = chosen ? 0 : skep_fail(err, ENOMEM, "out of memory");

	for (size_t i = 0; i < m->variants_cnt && !rc; i++) {
		rc = choose(k, &m->variants[i], &chosen[i], log, err);
		if (!rc)
			tell(k, &m->variants[i], chosen[i], log);
	}
	for (size_t i = 0; i < m->object_cnt && !rc; i++) {
		struct picked p = { .object = &m->objects[i] };

		p.choice = manifest_choice(m, p.object->name, &p.of);
		if (!p.choice || p.choice == chosen[p.of - m->variants])
			to[(*n)++] = p;
	}
	return rc;
}

int variant_pick(struct picked **out, size_t *n, const struct manifest *m,
		 const char *types, const struct skep_log *log, struct skep_err *err)
{
	struct kernel k = { .file = types };
	struct picked *all = calloc(m->object_cnt + 1, sizeof(*all));
	size_t cnt = 0;
	int rc = all ? pick(all, &cnt, &k, m, log, err)
		     : skep_fail(err, ENOMEM, "out of memory");

	release(&k);
	if (rc) {
		free(all);
		return rc;
	}
	*out = all;
	*n = cnt;
	return 0;
}
