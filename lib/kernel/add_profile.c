/* SPDX-License-Identifier: BSD-2-Clause */
/* Add: what was harvested of kernels becomes profiles of the library. */
#include <errno.h>
#include <pthread.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "lib/base/cleanup.h"
#include "lib/base/fs.h"
#include "lib/base/sha256.h"
#include "lib/btf/index.h"
#include "lib/kernel/add_files.h"
#include "lib/kernel/harvest.h"
#include "lib/kernel/id.h"
#include "lib/kernel/library.h"
#include "lib/kernel/modules.h"
#include "lib/kernel/store.h"

/* One kernel on its way into the library. */
struct addition {
	struct library_new *new;
	struct profile *p;
	const struct profile *old; /* of that id, borrowed from the library */
	struct buf modules, index;
	struct btf_index *types;
	const struct store *store;
	struct skep_err put_err;
	int put_rc;
};

static void release_bytes(struct addition *a)
{
	btf_index_close(TAKE(a->types));
	buf_release(&a->modules);
	buf_release(&a->index);
}

static int set(char **to, char *value, struct skep_err *err)
{
	*to = value;
	return value ? 0 : skep_fail(err, ENOMEM, "out of memory");
}

static int fill_sources(struct profile *p, const struct harvest *h, struct skep_err *err)
{
	int rc = 0;

	p->sources = calloc(h->source_cnt + 1, sizeof(*p->sources));
	if (!p->sources)
		return skep_fail(err, ENOMEM, "out of memory");
	for (size_t i = 0; !rc && i < h->source_cnt; i++) {
		p->source_cnt++;
		rc = set(&p->sources[i].name, strdup(h->sources[i].name), err);
		if (!rc)
			rc = set(&p->sources[i].digest, strdup(h->sources[i].digest), err);
	}
	return rc;
}

/* ---- blobs ---- */

static int put_blob(const struct addition *a, char **digest, const void *data,
		    size_t size, struct skep_err *err)
{
	char text[SKEP_DIGEST_STR];

	if (!data)
		return 0;
	digest_str(data, size, text);
	*digest = strdup(text);
	if (!*digest)
		return skep_fail(err, ENOMEM, "out of memory");
	return store_put(a->store, *digest, data, size, err);
}

static void *put_blobs(void *arg)
{
	struct addition *a = arg;
	const struct harvest *h = a->new->h;
	struct skep_err *err = &a->put_err;
	struct profile *p = a->p;

	a->put_rc = put_blob(a, &p->image, h->image.data, h->image.size, err) ?:
		    put_blob(a, &p->modules, a->modules.data, a->modules.len, err) ?:
		    put_blob(a, &p->btf, h->btf.data, h->btf.size, err) ?:
		    put_blob(a, &p->config, h->config.data, h->config.size, err);
	return NULL;
}

/* ---- what nothing says, the types tell ---- */

/* Structs that have these members on one architecture alone. */
static const struct {
	const char *arch, *owner, *member;
} registers[] = {
	{ "x86_64", "pt_regs", "r15" },
	{ "arm64", "user_pt_regs", "pstate" },
	{ "s390x", "pt_regs", "orig_gpr2" },
	{ "riscv64", "pt_regs", "epc" },
	{ "ppc64le", "user_pt_regs", "orig_gpr3" },
	{ "arm", "pt_regs", "uregs" },
	{ "loongarch64", "pt_regs", "csr_era" },
};

static bool has(const struct btf_index *ix, const char *owner, const char *member)
{
	const uint32_t *types, *owners;
	size_t n = btf_index_find(ix, BTF_INDEX_TYPE, owner, strlen(owner), &types);
	size_t m = btf_index_find(ix, BTF_INDEX_MEMBER, member, strlen(member), &owners);

	for (size_t i = 0; i < n; i++)
		for (size_t k = 0; k < m; k++)
			if (types[i] == owners[k])
				return true;
	return false;
}

static const struct arch *arch_of(const struct btf_index *ix)
{
	const struct btf_index_info *info = btf_index_info(ix);

	for (size_t i = 0; i < ARRAY_SIZE(registers); i++) {
		const struct arch *arch = arch_find(registers[i].arch);

		if (arch && arch->big_endian == info->big_endian &&
		    arch->pointer_size == info->ptr_size &&
		    has(ix, registers[i].owner, registers[i].member))
			return arch;
	}
	return NULL;
}

static int settle_machine(struct addition *a, const struct harvest *h,
			  struct skep_err *err)
{
	const struct btf_index_info *info = btf_index_info(a->types);

	a->p->ptr_size = info->ptr_size;
	a->p->big_endian = info->big_endian;
	a->p->arch = h->arch ? h->arch : a->new->arch;
	if (!a->p->arch)
		a->p->arch = arch_of(a->types);
	if (!a->p->arch) {
		skep_fail(err, SKEP_EKIND,
			  "nothing says which architecture this kernel is of");
		skep_err_hint(err, "name it: --arch ARCH");
	} else if (a->p->arch->big_endian != info->big_endian) {
		skep_fail(err, SKEP_ECORRUPT, "the byte order of its types is not %s's",
			  a->p->arch->name);
	} else {
		return 0;
	}
	return skep_err_at(err, h->source_cnt ? h->sources[0].name : "", 0, 0);
}

/* ---- one kernel ---- */

static int no_btf(const struct harvest *h, struct skep_err *err)
{
	skep_fail(err, SKEP_EKIND, "kernel%s%s has no BTF%s%s", h->release ? " " : "",
		  h->release ? h->release : "", h->why_no_btf ? ": " : "",
		  h->why_no_btf ? h->why_no_btf : "");
	skep_err_hint(
		err,
		"a kernel with CONFIG_DEBUG_INFO_BTF=y, its vmlinux with DWARF from a "
		"-dbg package, or a file of BTFHub's archive");
	return skep_err_at(err, h->source_cnt ? h->sources[0].name : "", 0, 0);
}

static int make_index(struct addition *a, struct skep_err *err)
{
	const struct harvest *h = a->new->h;
	const struct library_types types = { .btf = h->btf.data,
					     .btf_size = h->btf.size,
					     .modules = a->modules.data,
					     .modules_size = a->modules.len,
					     .ptr_size = h->ptr_size };
	int rc = library_index_make(&a->index, &types, err);

	return rc ? rc : btf_index_of(&a->types, a->index.data, a->index.len, err);
}

/*
 * The blobs go to the disk while their index is made. Should it turn out that they are none of a kernel, or
 * of one that may not be stored, no profile will name them and the sweep takes them.
 */
static int make_types(struct addition *a, const struct harvest *h, struct skep_err *err)
{
	pthread_t writer;
	bool apart;
	int rc = 0;

	if (!h->btf.data)
		return no_btf(h, err);
	if (h->module_cnt)
		rc = modules_write(&a->modules, h->modules, h->module_cnt, err);
	if (rc)
		return skep_err_at(err, h->source_cnt ? h->sources[0].name : "", 0, 0);
	apart = !pthread_create(&writer, NULL, put_blobs, a);
	rc = make_index(a, err);
	if (rc)
		skep_err_at(err, h->source_cnt ? h->sources[0].name : "", 0, 0);
	if (apart)
		pthread_join(writer, NULL);
	else
		put_blobs(a);
	if (!rc && a->put_rc && err)
		*err = a->put_err;
	return rc ? rc : a->put_rc;
}

static int prepare(struct addition *a, struct skep_err *err)
{
	const struct harvest *h = a->new->h;
	int rc;

	a->p = calloc(1, sizeof(*a->p));
	if (!a->p)
		return skep_fail(err, ENOMEM, "out of memory");
	rc = make_types(a, h, err);
	if (!rc)
		rc = settle_machine(a, h, err);
	if (!rc)
		rc = set(&a->p->id,
			 a->new->id ? strdup(a->new->id) : id_make(h, a->p->arch), err);
	if (!rc)
		rc = set(&a->p->release, strdup(h->release ? h->release : ""), err);
	if (!rc && h->version)
		rc = set(&a->p->version, strdup(h->version), err);
	if (!rc)
		rc = fill_sources(a->p, h, err);
	return rc ? rc : profile_seal(a->p, err);
}

/* ---- into the store ---- */

static int judge(struct addition *a, struct library *lib, struct skep_err *err)
{
	int rc = library_get(lib, a->p->id, &a->old, err);

	a->new->status = LIBRARY_NEW;
	if (rc)
		return rc == -ENOENT ? 0 : rc;
	a->new->status = LIBRARY_REPLACED;
	if (!strcmp(a->old->digest, a->p->digest))
		a->new->status = LIBRARY_KNOWN;
	if (a->new->status == LIBRARY_KNOWN || a->new->replace)
		return 0;
	skep_fail(err, SKEP_EEXISTS, "'%s' is in the library, and is another kernel",
		  a->p->id);
	return skep_err_hint(err,
			     "--replace puts this one in its place, --id NAME beside it");
}

/* More of a kernel that is there does not make it another. */
static int put_files(struct addition *a, struct skep_err *err)
{
	const struct profile *same = a->new->status == LIBRARY_KNOWN ? a->old : NULL;

	return add_files(a->p, a->new->h, same, a->store, err);
}

static int put_index(const struct addition *a, struct library *lib, struct skep_err *err)
{
	_cleanup_free_ char *path = library_index_path(lib, a->p);
	struct btf_index *there;

	if (!path)
		return skep_fail(err, ENOMEM, "out of memory");
	if (!btf_index_open(&there, path, NULL)) {
		btf_index_close(there);
		return 0;
	}
	return fs_publish(path, a->index.data, a->index.len, 0600, err);
}

static char *profile_path(const struct library *lib, const struct profile *p)
{
	_cleanup_free_ char *name = id_to_file(p->id);

	return name ? fs_join(library_store(lib)->kernels, name) : NULL;
}

static int put_profile(const struct library *lib, const struct profile *p,
		       struct skep_err *err)
{
	_cleanup_free_ char *path = profile_path(lib, p);
	_cleanup_free_ char *text = NULL;
	size_t len;

	text = path ? profile_write(p, &len, err) : NULL;
	if (!text)
		return skep_fail(err, ENOMEM, "out of memory");
	return fs_publish(path, text, len, 0600, err);
}

/* As if nothing had been. */
static void take_back(const struct library *lib, const struct addition *a)
{
	_cleanup_free_ char *path = profile_path(lib, a->p);

	if (a->new->status != LIBRARY_NEW)
		put_profile(lib, a->old, NULL);
	else if (path && a->new->status == LIBRARY_NEW)
		unlink(path);
}

/* A known one that may be replaced: now made of other files, perhaps. Else it stays what it is, with more modules. */
static int publish_one(const struct library *lib, const struct addition *a,
		       struct skep_err *err)
{
	struct profile more;

	if (a->new->status != LIBRARY_KNOWN || a->new->replace)
		return put_profile(lib, a->p, err);
	if (!a->p->module_files ||
	    (a->old->module_files && !strcmp(a->old->module_files, a->p->module_files)))
		return 0;
	more = *a->old;
	more.module_files = a->p->module_files;
	return put_profile(lib, &more, err);
}

static int publish(const struct library *lib, const struct addition *all, size_t n,
		   struct skep_err *err)
{
	for (size_t i = 0; i < n; i++) {
		int rc = publish_one(lib, &all[i], err);

		if (!rc)
			continue;
		while (i--)
			take_back(lib, &all[i]);
		return rc;
	}
	return 0;
}

static int check_twins(const struct addition *all, size_t i, struct skep_err *err)
{
	for (size_t k = 0; k < i; k++) {
		if (strcmp(all[k].p->id, all[i].p->id))
			continue;
		skep_fail(err, SKEP_EEXISTS, "two of these kernels would be '%s'",
			  all[i].p->id);
		return skep_err_hint(err, "add them one by one, each with --id");
	}
	return 0;
}

static int add_locked(struct library *lib, struct addition *all, size_t n,
		      struct skep_err *err)
{
	int rc = library_refresh(lib, err);

	for (size_t i = 0; !rc && i < n; i++) {
		all[i].store = library_store(lib);
		rc = prepare(&all[i], err);
		if (!rc)
			rc = check_twins(all, i, err);
		if (!rc)
			rc = judge(&all[i], lib, err);
		if (!rc)
			rc = put_files(&all[i], err);
		if (!rc)
			rc = put_index(&all[i], lib, err);
		release_bytes(&all[i]);
	}
	if (!rc)
		rc = publish(lib, all, n, err);
	library_sweep(lib);
	for (size_t i = 0; !rc && i < n; i++)
		rc = library_get(lib, all[i].p->id, &all[i].new->profile, err);
	return rc;
}

int library_add(struct library *lib, struct library_new *kernels, size_t n,
		struct skep_err *err)
{
	struct addition *all = calloc(n + 1, sizeof(*all));
	_cleanup_close_ int lock = -1;
	int rc;

	if (!all)
		return skep_fail(err, ENOMEM, "out of memory");
	for (size_t i = 0; i < n; i++)
		all[i].new = &kernels[i];
	rc = store_lock(library_store(lib), &lock, err);
	if (!rc)
		rc = add_locked(lib, all, n, err);
	for (size_t i = 0; i < n; i++)
		profile_free(all[i].p);
	free(all);
	return rc;
}
