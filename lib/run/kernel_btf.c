/* SPDX-License-Identifier: BSD-2-Clause */
/* Choosing kernel types. What is not the kernel's own goes to libbpf as a file, which a memfd is. */
#include "lib/run/kernel_btf.h"

#include <errno.h>
#include <stdio.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/utsname.h>
#include <unistd.h>

#include <bpf/btf.h>
#include <linux/bpf.h>

#include "lib/base/buf.h"
#include "lib/base/cleanup.h"
#include "lib/btf/btf.h"
#include "lib/btf/bundle.h"
#include "lib/object/elffile.h"
#include "lib/object/ext.h"
#include "lib/package/package.h"

DEFINE_CLEANUP(struct btf_bundle *, btf_bundle_free)

/* Where libbpf looks when /sys has none; '*' is the release. */
static const char *const places[] = {
	"/boot/vmlinux-*",
	"/lib/modules/*/vmlinux-*",
	"/lib/modules/*/build/vmlinux",
	"/usr/lib/modules/*/kernel/vmlinux",
	"/usr/lib/debug/boot/vmlinux-*",
	"/usr/lib/debug/boot/vmlinux-*.debug",
	"/usr/lib/debug/lib/modules/*/vmlinux",
};

static bool holds_btf(const char *path)
{
	_cleanup_free_ void *data = NULL;
	size_t size;

	return !access(path, R_OK) && !btf_file_bytes(path, &data, &size, NULL);
}

static bool kernel_has_btf(const char *release)
{
	bool found = !access(BTF_HOST, R_OK);

	for (size_t i = 0; i < ARRAY_SIZE(places) && !found; i++) {
		_cleanup_(buf_release) struct buf path = { 0 };

		for (const char *p = places[i]; *p; p++)
			if (*p == '*')
				buf_str(&path, release);
			else
				buf_char(&path, *p);
		found = !path.err && holds_btf(path.data);
	}
	return found;
}

static int hold(struct kernel_btf *k, const void *data, size_t size, struct skep_err *err)
{
	const char *p = data;

	k->fd = memfd_create("skep-btf", MFD_CLOEXEC);
	if (k->fd < 0)
		return skep_fail(err, errno, "cannot hold kernel types in memory: %s",
				 strerror(errno));
	while (size) {
		ssize_t n = write(k->fd, p, size);

		if (n < 0 && errno != EINTR)
			return skep_fail(err, errno,
					 "cannot hold kernel types in memory: %s",
					 strerror(errno));
		p += n > 0 ? n : 0;
		size -= n > 0 ? (size_t)n : 0;
	}
	snprintf(k->path, sizeof(k->path), "/proc/self/fd/%d", k->fd);
	k->given = true;
	return 0;
}

static int use_file(struct kernel_btf *k, const char *path, const struct skep_log *log,
		    struct skep_err *err)
{
	_cleanup_free_ void *data = NULL;
	struct btf *btf = NULL;
	size_t size;
	int rc = btf_file_bytes(path, &data, &size, err);

	if (!rc) {
		rc = btf_from_raw(&btf, data, size, err);
		btf__free(btf);
		if (rc)
			skep_err_at(err, path, 0, 0);
	}
	if (!rc)
		rc = hold(k, data, size, err);
	if (!rc)
		skep_log(log, SKEP_LOG_INFO, "kernel types from %s", path);
	return rc;
}

static int no_entry(const struct btf_bundle *b, const struct utsname *u,
		    struct skep_err *err)
{
	struct buf has = { 0 };
	size_t n = b ? btf_bundle_cnt(b) : 0;

	for (size_t i = 0; i < n && i < 4; i++)
		buf_fmt(&has, "%s%s", i ? ", " : "", btf_bundle_at(b, i)->id);
	if (n > 4)
		buf_fmt(&has, " and %zu more", n - 4);
	skep_fail(err, SKEP_ENO, "the package has no types for kernel %s %s", u->release,
		  u->version);
	if (n)
		skep_err_hint(err,
			      "it has them for %s; add this kernel to kernels: and build",
			      has.data ? has.data : "");
	else
		skep_err_hint(
			err,
			"name kernels in kernels: of skep.yaml, or with skep pack --kernel");
	buf_release(&has);
	return -SKEP_ENO;
}

/* What the package has for the running kernel; nothing is -SKEP_ENO if it is needed. */
static int use_package(struct kernel_btf *k, const struct skep_pkg *pkg,
		       const struct arch *arch, bool needed, const struct skep_log *log,
		       struct skep_err *err)
{
	_cleanup_(btf_bundle_freep) struct btf_bundle *b = NULL;
	const struct bundle_kernel *found = NULL;
	struct utsname u;
	const void *data;
	size_t size;
	int rc;

	if (uname(&u))
		return skep_fail(err, errno, "cannot ask for the kernel's release");
	if (!pkg_file(pkg, arch->name, PKG_BTF_BUNDLE, &data, &size)) {
		rc = btf_bundle_read(&b, data, size, PKG_BTF_BUNDLE, err);
		if (rc)
			return rc;
		found = btf_bundle_pick(b, u.release, u.version, arch->name);
	}
	if (!found)
		return needed ? no_entry(b, &u, err) : 0;
	rc = hold(k, found->btf, found->btf_size, err);
	if (!rc)
		skep_log(log, SKEP_LOG_WARN, "kernel types from the package: %s",
			 found->id);
	return rc;
}

int kernel_btf_choose(struct kernel_btf *k, const struct skep_pkg *pkg,
		      const struct arch *arch, const char *choice,
		      const struct skep_log *log, struct skep_err *err)
{
	struct utsname u;

	*k = (struct kernel_btf){ .fd = -1 };
	k->own = !uname(&u) && kernel_has_btf(u.release);
	if (!choice || !strcmp(choice, "auto")) {
		k->given = k->own;
		return k->own ? 0 : use_package(k, pkg, arch, false, log, err);
	}
	if (!strcmp(choice, "package"))
		return use_package(k, pkg, arch, true, log, err);
	return use_file(k, choice, log, err);
}

struct relocations {
	size_t all, type_ids;
};

static struct relocations count_relocations(const struct object *o)
{
	struct relocations has = { 0 };
	struct elf_file elf;
	struct ext ext;

	if (elf_file_read(&elf, o->data, o->size, NULL))
		return has;
	if (!ext_read(&ext, &elf, o->btf, NULL)) {
		has.all = ext.relos.n;
		for (size_t i = 0; i < ext.relos.n; i++)
			has.type_ids +=
				ext.relos.rows[i].relo.kind == BPF_CORE_TYPE_ID_TARGET;
		ext_release(&ext);
	}
	elf_file_release(&elf);
	return has;
}

/* Attached by the id of a type or function, which only the kernel itself can tell. */
static bool wants_ids(const struct obj_program *p)
{
	return p->prog_type == BPF_PROG_TYPE_TRACING ||
	       p->prog_type == BPF_PROG_TYPE_LSM ||
	       p->prog_type == BPF_PROG_TYPE_STRUCT_OPS;
}

static const struct btf_type *bare(const struct btf *btf, uint32_t id)
{
	const struct btf_type *t = btf__type_by_id(btf, id);

	while (t && (btf_is_mod(t) || btf_is_typedef(t)))
		t = btf__type_by_id(btf, t->type);
	return t;
}

/* A function or variable of the kernel that libbpf finds by its type; those of no type are found by their names. */
static const char *typed_ksym(const struct btf *btf)
{
	int32_t id = btf__find_by_name_kind(btf, ".ksyms", BTF_KIND_DATASEC);
	const struct btf_type *sec = id > 0 ? btf__type_by_id(btf, id) : NULL;

	for (unsigned int i = 0; sec && i < btf_vlen(sec); i++) {
		const struct btf_type *t =
			btf__type_by_id(btf, btf_var_secinfos(sec)[i].type);
		const struct btf_type *of = t && btf_is_var(t) ? bare(btf, t->type) : t;

		if (of && !btf_is_void(of))
			return btf__name_by_offset(btf, t->name_off);
	}
	return NULL;
}

static void tell_ksym(const char *name, const char *ksym, struct skep_err *err)
{
	skep_fail(
		err, SKEP_ENO,
		"'%s' uses the kernel's '%s', which is found by the kernel's own types, and this kernel has none",
		name, ksym);
	skep_err_hint(err, "use a kernel with CONFIG_DEBUG_INFO_BTF");
}

static int check_ksyms(const char *name, const struct object *o, struct skep_err *err)
{
	const struct elf_section *section;
	const char *ksym = NULL;
	struct btf *btf = NULL;
	struct elf_file elf;
	int rc = elf_file_read(&elf, o->data, o->size, err);

	if (rc)
		return rc;
	/* libbpf has changed those of o->btf */
	section = elf_file_section(&elf, ".BTF");
	if (section && section->data)
		rc = btf_from_raw(&btf, section->data, section->size, err);
	if (btf)
		ksym = typed_ksym(btf);
	if (ksym)
		tell_ksym(name, ksym, err);
	btf__free(btf);
	elf_file_release(&elf);
	return ksym ? -SKEP_ENO : rc;
}

int kernel_btf_check(const struct kernel_btf *k, const char *name, const struct object *o,
		     const struct skep_log *log, struct skep_err *err)
{
	struct relocations has;
	int rc;

	for (size_t i = 0; !k->own && i < o->program_cnt; i++) {
		const struct obj_program *p = &o->programs[i];

		if (!p->autoload || !wants_ids(p))
			continue;
		skep_fail(
			err, SKEP_ENO,
			"'%s' (%s) is attached by the kernel's own types, and this kernel has none",
			p->name, p->section);
		return skep_err_hint(
			err,
			"use a kprobe or tracepoint, or a kernel with CONFIG_DEBUG_INFO_BTF");
	}
	if (k->given && !*k->path)
		return 0;
	rc = k->own ? 0 : check_ksyms(name, o, err);
	if (rc)
		return rc;
	has = count_relocations(o);
	if (has.type_ids && *k->path)
		skep_log(
			log, SKEP_LOG_WARN,
			"'%s' asks for ids of kernel types, and gets those of other types",
			name);
	if (k->given || !has.all)
		return 0;
	skep_fail(
		err, SKEP_ENO,
		"this kernel has no types (BTF), and neither has the package for this kernel");
	return skep_err_hint(err,
			     "add it to kernels: of skep.yaml and build; or --btf FILE");
}

void kernel_btf_release(struct kernel_btf *k)
{
	closep(&k->fd);
	k->fd = -1;
}
