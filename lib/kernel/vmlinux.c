/* SPDX-License-Identifier: BSD-2-Clause */
/* vmlinux.h for users: of any source of types, with all of them or with what sources need. */
#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include <skep/btf.h>

#include "lib/base/buf.h"
#include "lib/base/cleanup.h"
#include "lib/base/fs.h"
#include "lib/base/opts.h"
#include "lib/btf/index.h"
#include "lib/btf/lean.h"
#include "lib/btf/scan.h"
#include "lib/btf/vmlinux.h"
#include "lib/kernel/types.h"

DEFINE_CLEANUP(struct btf_index *, btf_index_close)
DEFINE_CLEANUP(struct scan *, scan_free)

/* The user's flags, and behind them what every build has: skep's and libbpf's folders. */
static int scan_for(struct scan **out, const struct skep_vmlinux_opts *o,
		    struct skep_err *err)
{
	_cleanup_free_ char *share = o->share_dir ? strdup(o->share_dir) : fs_share_dir();
	_cleanup_free_ char *bpf = share ? fs_join(share, "bpf") : NULL;
	_cleanup_free_ char *libbpf = share ? fs_join(share, "libbpf") : NULL;
	_cleanup_free_ const char **flags = calloc(o->cflag_cnt + 4, sizeof(*flags));
	const char *const weak[] = { libbpf };
	struct scan_opts opts = {
		.sources = o->sources,
		.source_cnt = o->source_cnt,
		.cflags = flags,
		.weak_dirs = weak,
		.weak_dir_cnt = 1,
	};

	if (!libbpf || !bpf || !flags)
		return skep_fail(err, ENOMEM, "out of memory");
	for (; opts.cflag_cnt < o->cflag_cnt; opts.cflag_cnt++)
		flags[opts.cflag_cnt] = o->cflags[opts.cflag_cnt];
	flags[opts.cflag_cnt++] = "-isystem";
	flags[opts.cflag_cnt++] = bpf;
	flags[opts.cflag_cnt++] = "-isystem";
	flags[opts.cflag_cnt++] = libbpf;
	return scan_sources(out, &opts, err);
}

static int write_header(struct buf *out, const struct skep_vmlinux_opts *o,
			struct skep_err *err)
{
	_cleanup_(btf_index_closep) struct btf_index *ix = NULL;
	_cleanup_(scan_freep) struct scan *scan = NULL;
	const struct types_source src = {
		.kernel = o->kernel,
		.btf = o->btf,
		.home = o->home,
		.cache_dir = o->cache_dir,
	};
	int ret = o->sources ? scan_for(&scan, o, err) : 0;

	if (!ret)
		ret = types_open(&ix, &src, err);
	if (ret)
		return ret;
	if (scan && !scan_vague(scan))
		return lean_header(out, ix, scan, o->cache_dir, err);
	return vmlinux_full(out, ix, o->cache_dir, err);
}

int skep_vmlinux(const struct skep_vmlinux_opts *opts, char **header, struct skep_err *err)
{
	_cleanup_(buf_release) struct buf out = { 0 };
	struct skep_vmlinux_opts o;
	int ret = opts_take(&o, sizeof(o), opts, err);

	ret = ret ? ret : write_header(&out, &o, err);
	if (ret)
		return ret;
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
