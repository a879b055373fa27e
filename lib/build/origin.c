/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * Origin: a file is known by its stamp, a kernel of the library by its digest, the running kernel by the
 * boot it belongs to: none of them is read to see whether it is still the same.
 *
 * A 32-bit kernel's types are written with its own pointer size, as libbpf's users are used to: sizes and
 * offsets within BPF, whose longs have 64 bits, are put right by relocations.
 */
#include "lib/build/origin.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "lib/base/cleanup.h"
#include "lib/base/fs.h"
#include "lib/base/text.h"
#include "lib/btf/btf.h"
#include "lib/btf/cache.h"
#include "lib/btf/index.h"
#include "lib/build/build.h"
#include "lib/kernel/library.h"
#include "lib/kernel/version.h"

#define BOOT_ID "/proc/sys/kernel/random/boot_id"

void origin_release(struct origin *o)
{
	free(o->name);
	free(o->path);
	free(o->identity);
	*o = (struct origin){ 0 };
}

bool origin_is_header(const struct origin *o)
{
	return o->kind == ORIGIN_HEADER || o->kind == ORIGIN_PINNED;
}

char *origin_pin_path(const struct unit *u)
{
	return text_fmt("vmlinux/%s/%s/vmlinux.h", u->arch->name, u->object->name);
}

static bool is_header_name(const char *path)
{
	size_t n = strlen(path);

	return n > 2 && !strcmp(path + n - 2, ".h");
}

/* What nobody would take for the id of a kernel. */
static bool is_path(const char *text)
{
	size_t n = strlen(text);

	return *text == '/' || !strncmp(text, "./", 2) || !strncmp(text, "../", 3) ||
	       is_header_name(text) || (n > 4 && !strcmp(text + n - 4, ".btf"));
}

static int complete(const struct origin *o, struct skep_err *err)
{
	return o->name && o->identity && (o->path || !origin_is_header(o))
		       ? 0
		       : skep_fail(err, ENOMEM, "out of memory");
}

static int take_host(struct origin *o, struct skep_err *err)
{
	_cleanup_free_ char *boot = NULL;
	struct stat st;
	size_t len;

	if (stat(BTF_HOST, &st) || fs_read(BOOT_ID, 128, &boot, &len, NULL)) {
		skep_fail(err, ENOENT, "this kernel has no " BTF_HOST);
		return skep_err_hint(
			err, "set 'vmlinux' in skep.yaml to a kernel of the library "
			     "or a file: BTF of a kernel, or a header");
	}
	o->kind = ORIGIN_HOST;
	o->name = strdup("the running kernel");
	o->identity =
		text_fmt("host, boot %.36s, %lld bytes", boot, (long long)st.st_size);
	return complete(o, err);
}

static int take_profile(struct origin *o, const struct profile *p, struct skep_err *err)
{
	o->kind = ORIGIN_PROFILE;
	o->profile = p;
	o->name = strdup(p->id);
	o->identity = text_fmt("kernel %s %s", p->id, p->digest);
	return complete(o, err);
}

static int take_file(struct origin *o, const struct unit *u, char *path,
		     const struct stat *st, struct skep_err *err)
{
	o->kind = is_header_name(u->object->vmlinux) ? ORIGIN_HEADER : ORIGIN_BTF;
	o->name = strdup(u->object->vmlinux);
	o->path = path;
	o->identity = text_fmt("%s %lld.%09ld %lld", path, (long long)st->st_mtim.tv_sec,
			       st->st_mtim.tv_nsec, (long long)st->st_size);
	return complete(o, err);
}

static int nothing_to_pin(const struct build *b, const struct unit *u,
			  struct skep_err *err)
{
	return project_fail(
		b->project, u->object->vmlinux_at, err,
		"vmlinux '%.200s' is a header already: there is nothing to pin",
		u->object->vmlinux);
}

static int take_pinned(struct origin *o, const struct build *b, const char *pin,
		       struct skep_err *err)
{
	o->kind = ORIGIN_PINNED;
	o->name = strdup(pin);
	o->path = build_path(b, pin);
	o->identity = text_fmt("pinned, %s", pin);
	return complete(o, err);
}

static int open_library(struct build *b, struct skep_err *err)
{
	return b->library ? 0 : library_open(&b->library, b->opts->home, err);
}

/* One whose release nobody knows is older than all others. */
static bool is_newer(const struct profile *p, const struct profile *than)
{
	return !than || version_compare(p->release ?: "", than->release ?: "") > 0;
}

/* The newest kernel of an architecture, whoever built it. */
static int newest_of(struct build *b, const struct arch *arch,
		     const struct profile **newest, struct skep_err *err)
{
	const struct profile *const *list;
	size_t n = 0;
	int rc = open_library(b, err) ?: library_list(b->library, &list, &n, err);

	*newest = NULL;
	for (size_t i = 0; i < n && !rc; i++)
		if (list[i]->arch == arch && is_newer(list[i], *newest))
			*newest = list[i];
	return rc;
}

static int host_of_another(struct origin *o, struct build *b, const struct unit *u,
			   struct skep_err *err)
{
	const struct profile *p;
	int rc = newest_of(b, u->arch, &p, err);

	if (rc)
		return rc;
	if (p) {
		o->chosen = true;
		return take_profile(o, p, err);
	}
	project_fail(b->project, u->arch_at, err,
		     "object '%s' for %s needs types of that architecture",
		     u->object->name, u->arch->name);
	skep_err_hint(err,
		      "skep kernel fetch debian/stable:%s, or set 'vmlinux' to a file: "
		      "BTF of a kernel of %s, or a header",
		      u->arch->debian, u->arch->name);
	return -SKEP_EPROJECT;
}

static int no_file(const struct build *b, const struct unit *u, struct skep_err *err)
{
	project_fail(b->project, u->object->vmlinux_at, err,
		     "vmlinux '%.200s' is no file", u->object->vmlinux);
	skep_err_hint(err,
		      "it is host, a kernel of the library, or a file: raw BTF, an ELF "
		      "with .BTF, a header named *.h");
	return -SKEP_EPROJECT;
}

/* What the library says, said of the place in skep.yaml. */
static int no_kernel(const struct build *b, const struct unit *u,
		     const struct skep_err *why, struct skep_err *err)
{
	project_fail(b->project, u->object->vmlinux_at, err, "%s", why->what);
	skep_err_hint(err, "%s", why->hint);
	return -SKEP_EPROJECT;
}

static int kernel_of_another(const struct build *b, const struct unit *u,
			     const struct profile *p, struct skep_err *err)
{
	project_fail(b->project, u->object->vmlinux_at, err,
		     "kernel '%.200s' is of %s, object '%s' for %s", p->id, p->arch->name,
		     u->object->name, u->arch->name);
	skep_err_hint(err, "name no more than distribution and suite: then each "
			   "architecture gets its newest kernel");
	return -SKEP_EPROJECT;
}

static int find_kernel(struct origin *o, struct build *b, const struct unit *u,
		       struct skep_err *err)
{
	const struct profile *p;
	struct skep_err why = { 0 };
	int rc = open_library(b, err);

	if (rc)
		return rc;
	rc = library_find(b->library, u->object->vmlinux, u->arch, &p, &why);
	if (rc == -ENOENT || rc == -SKEP_EUSAGE)
		return no_kernel(b, u, &why, err);
	if (rc) {
		if (err)
			*err = why;
		return rc;
	}
	if (p->arch != u->arch)
		return kernel_of_another(b, u, p, err);
	return take_profile(o, p, err);
}

static int find(struct origin *o, struct build *b, const struct unit *u,
		struct skep_err *err)
{
	_cleanup_free_ char *pin = origin_pin_path(u);
	_cleanup_free_ char *path = fs_join(b->project->dir, u->object->vmlinux);
	struct stat st;

	if (!pin || !path)
		return skep_fail(err, ENOMEM, "out of memory");
	if (!b->opts->pin && !faccessat(b->dir_fd, pin, F_OK, 0))
		return take_pinned(o, b, pin, err);
	if (!strcmp(u->object->vmlinux, "host"))
		return u->arch == arch_host() ? take_host(o, err)
					      : host_of_another(o, b, u, err);
	if (b->opts->pin && is_header_name(u->object->vmlinux))
		return nothing_to_pin(b, u, err);
	if (!stat(path, &st) && S_ISREG(st.st_mode))
		return take_file(o, u, TAKE(path), &st, err);
	return is_path(u->object->vmlinux) ? no_file(b, u, err)
					   : find_kernel(o, b, u, err);
}

int origin_find(struct origin *o, struct build *b, const struct unit *u,
		struct skep_err *err)
{
	struct origin found = { 0 };
	int rc = find(&found, b, u, err);

	if (rc)
		origin_release(&found);
	else
		*o = found;
	return rc;
}

static int check_arch(const struct origin *o, const struct build *b, const struct unit *u,
		      const struct btf_index *ix, struct skep_err *err)
{
	const struct btf_index_info *info = btf_index_info(ix);
	const struct arch *arch = u->arch;

	if (info->big_endian == arch->big_endian && info->ptr_size == arch->pointer_size)
		return 0;
	return project_fail(
		b->project, u->object->vmlinux_at, err,
		"vmlinux '%.200s' is of a %u-bit, %s-endian kernel, object '%s' for %s",
		o->name, 8 * info->ptr_size, info->big_endian ? "big" : "little",
		u->object->name, arch->name);
}

int origin_index(const struct origin *o, struct build *b, const struct unit *u,
		 struct btf_index **out, struct skep_err *err)
{
	struct btf_index *ix = NULL;
	int rc = o->profile ? library_index(b->library, o->profile, &ix, err)
			    : btf_cache_index(&ix, o->path, b->opts->cache_dir, err);

	if (!rc)
		rc = check_arch(o, b, u, ix, err);
	if (rc)
		btf_index_close(ix);
	else
		*out = ix;
	return rc;
}
