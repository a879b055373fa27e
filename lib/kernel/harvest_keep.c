/* SPDX-License-Identifier: BSD-2-Clause */
/* What a module depends on is told by its own .modinfo: packages do not bring depmod's tables. */
#include "lib/kernel/harvest_keep.h"

#include <elf.h>
#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "lib/base/cleanup.h"
#include "lib/kernel/harvest_elf.h"
#include "lib/kernel/harvest_set.h"
#include "lib/kernel/harvest_unit.h"
#include "lib/kernel/harvest_unpack.h"

/* With what they depend on in Linux 5.10 to 7.3, so that usually nothing else need be held until the end. */
static const char *const usual[] = {
	/* interfaces and tunnels */
	"veth", "dummy", "tun", "ifb", "macvlan", "ipvlan", "vrf", "bonding", "tls",
	"vxlan", "geneve", "ip6_udp_tunnel", "udp_tunnel", "ipip", "ip_gre", "gre",
	"ip_tunnel", "tunnel4", "sit", "ip6_gre", "ip6_tunnel", "tunnel6",
	"xfrm_interface", "xfrm6_tunnel", "fou", "bridge", "stp", "llc", "br_netfilter",
	"netdevsim",
	/* classifiers and queues */
	"sch_ingress", "cls_bpf", "act_bpf", "cls_matchall", "cls_flower", "cls_u32",
	"act_mirred", "act_gact", "sch_fq", "sch_fq_codel", "sch_htb", "sch_netem",
	"sch_prio", "sch_tbf",
	/* filters and connections */
	"nf_conntrack", "nf_defrag_ipv4", "nf_defrag_ipv6", "libcrc32c", "nf_nat",
	"nf_tables", "nfnetlink", "nft_chain_nat", "nft_ct", "nf_flow_table",
	"nf_conntrack_netlink", "x_tables", "ip_tables", "iptable_filter", "iptable_nat",
	"xt_bpf", "xt_conntrack",
	/* protocols, and who lists their sockets */
	"tcp_bbr", "tcp_dctcp", "inet_diag", "tcp_diag", "udp_diag", "unix_diag",
	"xsk_diag", "vsock", "vsock_loopback", "vmw_vsock_virtio_transport_common",
	/* others that programs hook into */
	"hid", "uhid", "fuse", "overlay", "loop", "virtio_console", "virtio",
	"virtio_ring"
};

static bool is_usual(const char *name)
{
	for (size_t i = 0; i < ARRAY_SIZE(usual); i++)
		if (!strcmp(usual[i], name))
			return true;
	return false;
}

/* As the kernel has it: "nf-conntrack" is nf_conntrack. */
static bool same_name(const char *a, const char *b)
{
	while (*a && (*a == *b || (*a == '-' && *b == '_')))
		a++, b++;
	return *a == *b;
}

enum keep keep_module(const struct harvest_opts *opts, const char *name)
{
	if (is_usual(name))
		return KEEP;
	for (size_t i = 0; i < opts->module_cnt; i++)
		if (!strcmp(opts->modules[i], KEEP_ALL) ||
		    same_name(opts->modules[i], name))
			return KEEP;
	return opts->module_cnt ? KEEP_MAYBE : KEEP_NOT;
}

/* ---- what is in a module ---- */

static void underscores(char *s)
{
	for (; *s; s++)
		if (*s == '-')
			*s = '_';
}

/* The value of the first such entry of NUL-separated ones; "" none. */
static char *info_value(const char *info, size_t len, const char *key)
{
	size_t n = strlen(key);

	for (const char *at = info, *end = info + len; at < end;) {
		size_t entry = strnlen(at, (size_t)(end - at));

		if (entry >= n && !memcmp(at, key, n))
			return strndup(at + n, entry - n);
		at += entry + 1;
	}
	return strdup("");
}

static int open_module(struct elf *elf, const void *data, size_t len, struct skep_err *err)
{
	const struct bytes bytes = { .data = data, .size = len };

	return elf_read(elf, &bytes, err);
}

int keep_depends(char **names, const void *data, size_t len, struct skep_err *err)
{
	_cleanup_free_ void *info = NULL;
	struct elf_part part;
	struct elf elf;
	int rc = open_module(&elf, data, len, err);

	if (rc)
		return rc;
	part.size = 0;
	if (elf_find(&elf, ".modinfo", &part))
		rc = elf_part_bytes(&elf, &part, HARVEST_MAX_TEXT, &info, err);
	elf_release(&elf);
	if (rc)
		return rc;
	*names = info ? info_value(info, part.size, "depends=") : strdup("");
	if (!*names)
		return skep_fail(err, ENOMEM, "out of memory");
	underscores(*names);
	return 0;
}

static bool is_loadable(const struct harvest_blob *file)
{
	struct elf_part part;
	struct elf elf;
	bool yes;

	if (open_module(&elf, file->data, file->size, NULL))
		return false;
	yes = elf.type == ET_REL && elf_find(&elf, ".modinfo", &part) &&
	      elf_find(&elf, ".gnu.linkonce.this_module", &part);
	elf_release(&elf);
	return yes;
}

static int unpack(struct harvest_blob *file, struct skep_err *err)
{
	_cleanup_(stream_closep) struct stream *s = NULL;
	enum pack pack = pack_of(file->data, file->size);
	struct stream_memory memory;
	struct buf out = { 0 };
	int rc;

	if (pack == PACK_NONE)
		return 0;
	rc = stream_unpack(&s, stream_memory(&memory, file->data, file->size), pack, 1,
			   KEEP_MAX, err);
	if (!rc)
		rc = stream_read(s, KEEP_MAX, &out, err);
	if (rc) {
		buf_release(&out);
		return skep_err_note(err, "while unpacking module '%s'", file->name);
	}
	free(file->data);
	file->data = buf_take(&out, &file->size);
	return file->data ? 0 : skep_fail(err, ENOMEM, "out of memory");
}

/* ---- which of them ---- */

static int by_name(const void *a, const void *b)
{
	const struct harvest_blob *x = a, *y = b;

	return strcmp(x->name, y->name);
}

static struct harvest_blob *find(const struct harvest *h, const char *name)
{
	const struct harvest_blob key = { .name = (char *)name };

	return bsearch(&key, h->files, h->file_cnt, sizeof(key), by_name);
}

/* Those that are to stay, and how far they were looked into. */
struct settling {
	struct harvest *h;
	bool *chosen;
	size_t *todo, cnt, done;
};

static void choose(struct settling *s, size_t i)
{
	if (!s->chosen[i])
		s->todo[s->cnt++] = i;
	s->chosen[i] = true;
}

static int settle_next(struct settling *s, struct skep_err *err)
{
	size_t i = s->todo[s->done++];
	struct harvest_blob *file = &s->h->files[i];
	_cleanup_free_ char *names = NULL;
	char *rest, *name;
	int rc = unpack(file, err);

	if (!rc && !is_loadable(file))
		free(TAKE(file->data));
	if (rc || !file->data)
		return rc;
	rc = keep_depends(&names, file->data, file->size, err);
	for (name = rc ? NULL : strtok_r(names, ",", &rest); name;
	     name = strtok_r(NULL, ",", &rest)) {
		const struct harvest_blob *needed = find(s->h, name);

		if (needed)
			choose(s, (size_t)(needed - s->h->files));
	}
	return rc;
}

static void drop_others(struct settling *s)
{
	struct harvest *h = s->h;
	size_t n = 0;

	for (size_t i = 0; i < h->file_cnt; i++)
		if (s->chosen[i] && h->files[i].data)
			h->files[n++] = h->files[i];
		else
			blob_release(&h->files[i]);
	h->file_cnt = n;
}
static void keep_better(struct harvest_blob *kept, struct harvest_blob *other)
{
	if (unpack(kept, NULL) || !is_loadable(kept)) {
		blob_release(kept);
		*kept = TAKE_BLOB(other);
	}
	blob_release(other);
}

/* Of several of one name one that can be loaded, as debuggers' files cannot. */
static void drop_twins(struct harvest *h)
{
	size_t n = 0;

	if (h->file_cnt)
		qsort(h->files, h->file_cnt, sizeof(*h->files), by_name);
	for (size_t i = 0; i < h->file_cnt; i++)
		if (!n || strcmp(h->files[n - 1].name, h->files[i].name))
			h->files[n++] = h->files[i];
		else
			keep_better(&h->files[n - 1], &h->files[i]);
	h->file_cnt = n;
}

/* It may be built in, which nothing tells. */
static void tell_missing(const struct harvest *h, const struct harvest_opts *opts,
			 const char *name)
{
	for (size_t i = 0; i < h->file_cnt; i++)
		if (same_name(name, h->files[i].name))
			return;
	if (strcmp(name, KEEP_ALL))
		skep_log(opts->log, SKEP_LOG_WARN, "%s: no module '%s' to keep",
			 h->release ? h->release : "kernel without a release", name);
}

int keep_settle(struct harvest *h, const struct harvest_opts *opts, struct skep_err *err)
{
	_cleanup_free_ bool *chosen = calloc(h->file_cnt + 1, sizeof(*chosen));
	_cleanup_free_ size_t *todo = calloc(h->file_cnt + 1, sizeof(*todo));
	struct settling s = { .h = h, .chosen = chosen, .todo = todo };
	int rc = 0;

	if (!chosen || !todo)
		return skep_fail(err, ENOMEM, "out of memory");
	drop_twins(h);
	for (size_t i = 0; i < h->file_cnt; i++)
		if (keep_module(opts, h->files[i].name) == KEEP)
			choose(&s, i);
	while (s.done < s.cnt && !rc)
		rc = settle_next(&s, err);
	if (rc)
		return rc;
	drop_others(&s);
	for (size_t i = 0; i < opts->module_cnt; i++)
		tell_missing(h, opts, opts->modules[i]);
	return 0;
}
