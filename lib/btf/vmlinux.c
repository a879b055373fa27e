/* SPDX-License-Identifier: BSD-2-Clause */
/* vmlinux.h: a selection of types as C, and the cache of such headers. */
#include "lib/btf/vmlinux.h"

#include <errno.h>
#include <stdbool.h>
#include <stdlib.h>
#include <string.h>

#include <bpf/btf.h>
#include <bpf/libbpf.h>
#include <skep/btf.h>

#include "lib/base/cleanup.h"
#include "lib/base/embed.h"
#include "lib/base/fs.h"
#include "lib/base/opts.h"
#include "lib/base/text.h"
#include "lib/btf/btf.h"
#include "lib/btf/messages.h"

#define GENERATOR    "1" /* goes up with every change of the text made from the same BTF */
#define MAX_HEADER   ((size_t)64 << 20)
#define FASTCALL_TAG "bpf_fastcall"

EMBED(vmlinux_head, "skeletons/vmlinux_head.h.in");
EMBED(vmlinux_tail, "skeletons/vmlinux_tail.h.in");

static void append(void *ctx, const char *fmt, va_list ap)
{
	struct buf *out = ctx;

	if (out->len < MAX_HEADER)
		buf_vfmt(out, fmt, ap);
}

/* By function id: is it one that keeps the caller's registers? */
static bool *fastcalls(const struct btf *btf)
{
	uint32_t id, n = btf__type_cnt(btf);
	bool *fast = calloc(n, sizeof(*fast));

	for (id = 1; fast && id < n; id++) {
		const struct btf_type *t = btf__type_by_id(btf, id);

		if (btf_is_decl_tag(t) && btf_decl_tag(t)->component_idx == -1 &&
		    !strcmp(btf__name_by_offset(btf, t->name_off), FASTCALL_TAG))
			fast[t->type] = true;
	}
	return fast;
}

static int write_kfuncs(struct buf *out, struct btf_dump *dump, const struct btf *btf,
			const struct vmlinux_select *sel, struct skep_err *err)
{
	_cleanup_free_ bool *fast = fastcalls(btf);
	const char *last = NULL;
	size_t i;

	if (!fast)
		return skep_fail(err, ENOMEM, "out of memory");
	if (!sel->kfunc_cnt)
		return 0;
	buf_str(out, "#ifndef BPF_NO_KFUNC_PROTOTYPES\n");
	for (i = 0; i < sel->kfunc_cnt && out->len < MAX_HEADER; i++) {
		const struct btf_type *func = btf__type_by_id(btf, sel->kfuncs[i]);
		const char *name = btf__name_by_offset(btf, func->name_off);
		LIBBPF_OPTS(btf_dump_emit_type_decl_opts, opts, .field_name = name);

		if (last && !strcmp(last, name))
			continue; /* tagged twice */
		last = name;
		buf_fmt(out, "extern %s", fast[sel->kfuncs[i]] ? "__bpf_fastcall " : "");
		if (btf_dump__emit_type_decl(dump, func->type, &opts))
			return skep_fail(err, SKEP_ECORRUPT,
					 "malformed BTF: type of function '%s'", name);
		buf_str(out, " __weak __ksym;\n");
	}
	buf_str(out, "#endif /* BPF_NO_KFUNC_PROTOTYPES */\n\n");
	return 0;
}

static int write_types(struct buf *out, struct btf_dump *dump,
		       const struct vmlinux_select *sel, struct skep_err *err)
{
	struct messages m;
	int ret = 0;
	size_t i;

	messages_begin(&m, NULL);
	for (i = 0; !ret && i < sel->type_cnt && out->len < MAX_HEADER; i++)
		ret = btf_dump__dump_type(dump, sel->types[i]);
	messages_end(&m);
	if (ret == -ENOMEM)
		return skep_fail(err, ENOMEM, "out of memory");
	if (ret)
		return skep_fail(err, SKEP_ECORRUPT, "malformed BTF: %s",
				 m.first[0] ? m.first : "types cannot be ordered");
	return 0;
}

int vmlinux_write(struct buf *out, const struct btf *btf,
		  const struct vmlinux_select *sel, struct skep_err *err)
{
	struct btf_dump *dump = btf_dump__new(btf, append, out, NULL);
	int ret;

	if (!dump)
		return skep_fail(err, ENOMEM, "out of memory");
	buf_str(out, vmlinux_head);
	ret = write_types(out, dump, sel, err);
	if (!ret)
		ret = write_kfuncs(out, dump, btf, sel, err);
	buf_str(out, vmlinux_tail);
	btf_dump__free(dump);
	if (!ret && out->len >= MAX_HEADER)
		ret = skep_fail(err, SKEP_ECORRUPT,
				"BTF whose header is larger than %zu MiB",
				MAX_HEADER >> 20);
	return ret ? ret : buf_check(out, err);
}

static int write_all(struct buf *out, const void *data, size_t size, struct skep_err *err)
{
	struct vmlinux_select sel;
	struct btf *btf;
	int ret;

	ret = btf_from_raw(&btf, data, size, err);
	if (ret)
		return ret;
	ret = vmlinux_select_all(&sel, btf, err);
	if (!ret) {
		ret = vmlinux_write(out, btf, &sel, err);
		vmlinux_select_release(&sel);
	}
	btf__free(btf);
	return ret;
}

/* The text depends on BTF, on this file and on libbpf's dumper; so does the name. */
static char *cached_path(const char *dir, const uint8_t digest[static SKEP_SHA256_LEN])
{
	_cleanup_free_ char *name = NULL;
	char hex[SKEP_SHA256_HEX];

	hex_encode(digest, SKEP_SHA256_LEN, hex);
	name = text_fmt("%s-" GENERATOR "-%s.h", hex, libbpf_version_string());
	return name ? fs_join(dir, name) : NULL;
}

static int fail_at(struct skep_err *err, const char *btf, int ret)
{
	skep_err_at(err, btf ? btf : BTF_HOST, 0, 0);
	return ret;
}

int vmlinux_header(const char *btf, const char *dir, char **path,
		   uint8_t digest[static SKEP_SHA256_LEN], struct skep_err *err)
{
	_cleanup_(buf_release) struct buf out = { 0 };
	_cleanup_free_ void *data = NULL;
	_cleanup_free_ char *file = NULL;
	uint8_t found[SKEP_SHA256_LEN];
	size_t size;
	int ret;

	ret = btf_file_bytes(btf, &data, &size, err);
	if (ret)
		return ret;
	sha256(data, size, found);
	file = cached_path(dir, found);
	if (!file)
		return skep_fail(err, ENOMEM, "out of memory");
	if (!fs_exists(file)) {
		ret = write_all(&out, data, size, err);
		if (ret)
			return fail_at(err, btf, ret);
		ret = fs_mkdirs(dir, 0700, err);
		if (!ret)
			ret = fs_publish(file, out.data, out.len, 0644, err);
		if (ret)
			return ret;
	}
	*path = TAKE(file);
	memcpy(digest, found, sizeof(found));
	return 0;
}

/* A cache that cannot be read or written is none. */
static char *cache_get(const char *file)
{
	char *header = NULL;
	size_t len;

	return file && !fs_read(file, MAX_HEADER, &header, &len, NULL) ? header : NULL;
}

static void cache_put(const char *dir, const char *file, const struct buf *out)
{
	if (file && !fs_mkdirs(dir, 0700, NULL))
		fs_publish(file, out->data, out->len, 0644, NULL);
}

int skep_vmlinux(const struct skep_vmlinux_opts *opts, char **header, struct skep_err *err)
{
	_cleanup_(buf_release) struct buf out = { 0 };
	_cleanup_free_ char *file = NULL;
	_cleanup_free_ void *data = NULL;
	uint8_t digest[SKEP_SHA256_LEN];
	struct skep_vmlinux_opts o;
	size_t size;
	int ret = opts_take(&o, sizeof(o), opts, err);

	ret = ret ? ret : btf_file_bytes(o.btf, &data, &size, err);
	if (ret)
		return ret;
	if (o.cache_dir) {
		sha256(data, size, digest);
		file = cached_path(o.cache_dir, digest);
		*header = cache_get(file);
		if (*header)
			return 0;
	}
	ret = write_all(&out, data, size, err);
	if (ret)
		return fail_at(err, o.btf, ret);
	cache_put(o.cache_dir, file, &out);
	*header = buf_take(&out, NULL);
	return *header ? 0 : skep_fail(err, ENOMEM, "out of memory");
}

int skep_vmlinux_file(const struct skep_vmlinux_opts *opts, const char *path,
		      struct skep_err *err)
{
	_cleanup_free_ char *header = NULL;
	int ret;

	ret = skep_vmlinux(opts, &header, err);
	return ret ? ret : fs_publish(path, header, strlen(header), 0644, err);
}
