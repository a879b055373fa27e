/* SPDX-License-Identifier: BSD-2-Clause */
/* Which kind of bytes it is, and what is done with each: at once, or by the crew. */
#include "lib/kernel/harvest_take.h"

#include <elf.h>
#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "lib/base/cleanup.h"
#include "lib/base/fs.h"
#include "lib/kernel/harvest_btf.h"
#include "lib/kernel/harvest_config.h"
#include "lib/kernel/harvest_image.h"
#include "lib/kernel/harvest_keep.h"
#include "lib/kernel/harvest_module.h"
#include "lib/kernel/harvest_name.h"
#include "lib/kernel/harvest_set.h"
#include "lib/kernel/harvest_spool.h"
#include "lib/kernel/harvest_unpack.h"
#include "lib/kernel/harvest_vmlinux.h"

#define LAYERS_MAX 3 /* a kernel packed twice is odd, thrice is a bomb */

/* Bytes that a thread looks at while the reading goes on. */
struct piece {
	struct unit *unit;
	char release[NAME_RELEASE_MAX];
	char *path;
	bool member;
	struct buf bytes;
};

static void piece_drop(void *arg)
{
	struct piece *p = arg;

	if (!p)
		return;
	buf_release(&p->bytes);
	free(p->path);
	free(p);
}

static int add_module(struct unit *u, const char *path, const char *release,
		      struct harvest_blob *btf, struct skep_err *err)
{
	if (!btf->size) {
		blob_release(btf);
		return 0;
	}
	btf->name = name_module(path);
	if (!btf->name) {
		blob_release(btf);
		return skep_fail(err, ENOMEM, "out of memory");
	}
	return unit_add_module(u, release, btf, err);
}

/* Others are read meanwhile: where it failed is not where the caller is by then. */
static int module_failed(const char *path, bool member, struct harvest_blob *btf,
			 struct skep_err *err)
{
	blob_release(btf);
	return member ? skep_err_note(err, "while reading module '%s'", path)
		      : skep_err_at(err, path, 0, 0);
}

/* What may be loaded by a guest; too large for one it is left alone. */
static int add_file(struct unit *u, const char *path, const char *release,
		    struct harvest_blob *file, struct skep_err *err)
{
	if (!file->data || file->size > KEEP_MAX) {
		blob_release(file);
		return 0;
	}
	free(file->name);
	file->name = name_module(path);
	if (!file->name) {
		blob_release(file);
		return skep_fail(err, ENOMEM, "out of memory");
	}
	return unit_add_file(u, release, file, err);
}

static enum keep keep_path(const struct unit *u, const char *path)
{
	_cleanup_free_ char *name = name_module(path);

	return name ? keep_module(u->gather->opts, name) : KEEP_NOT;
}

static int run_module(void *arg, struct skep_err *err)
{
	struct piece *p = arg;
	enum keep keep = keep_path(p->unit, p->path);
	_cleanup_free_ char *magic = NULL;
	struct harvest_blob btf = { 0 }, file = { 0 };
	const char *release;
	int ret = module_read(&btf, *p->release ? NULL : &magic,
			      keep == KEEP ? &file : NULL, p->bytes.data, p->bytes.len,
			      &p->unit->budget, err);

	if (ret) {
		blob_release(&file);
		return module_failed(p->path, p->member, &btf, err);
	}
	if (keep == KEEP_MAYBE) /* as it came: few of them are asked for */
		file.data = buf_take(&p->bytes, &file.size);
	release = magic ? magic : p->release;
	ret = add_file(p->unit, p->path, release, &file, err);
	if (ret) {
		blob_release(&btf);
		return ret;
	}
	return add_module(p->unit, p->path, release, &btf, err);
}

static int run_image(void *arg, struct skep_err *err)
{
	struct piece *p = arg;
	struct facts facts = { 0 };
	struct harvest_blob image = { 0 };
	_cleanup_free_ char *release = NULL;
	struct gather *g = p->unit->gather;
	int ret;

	pthread_mutex_lock(&g->image_lock);
	ret = harvest_image(&facts, p->bytes.data, p->bytes.len, g->opts,
			    &p->unit->budget, err);
	pthread_mutex_unlock(&g->image_lock);
	if (ret) {
		facts_release(&facts);
		return ret;
	}
	release = facts.release ? strdup(facts.release) : NULL;
	image.name = strdup(fs_basename(p->path));
	image.data = buf_take(&p->bytes, &image.size);
	ret = unit_add_facts(p->unit, p->release, &facts, err)
		      ?: unit_add_image(p->unit, release ? release : p->release, &image,
					err);
	blob_release(&image);
	return ret;
}

static const struct crew_work module_work = { run_module, piece_drop };
static const struct crew_work image_work = { run_image, piece_drop };

static int hand_over(const struct take *t, struct stream *s, size_t max,
		     const struct crew_work *work, struct skep_err *err)
{
	struct piece *p = calloc(1, sizeof(*p));
	int ret;

	if (!p || !(p->path = strdup(t->path))) {
		piece_drop(p);
		return skep_fail(err, ENOMEM, "out of memory");
	}
	p->unit = t->unit;
	p->member = t->member;
	memcpy(p->release, t->release, strlen(t->release) + 1);
	buf_str(&p->bytes, "");
	ret = stream_read(s, max, &p->bytes, err);
	if (ret) {
		piece_drop(p);
		return ret;
	}
	return crew_add(t->unit->gather->crew, work, p, p->bytes.len, err);
}

/* --- what is looked at at once ------------------------------------------------------------------- */

static int read_blob(struct harvest_blob *blob, const char *path, struct stream *s,
		     size_t max, struct skep_err *err)
{
	struct buf out = { 0 };
	int ret;

	buf_str(&out, "");
	ret = stream_read(s, max, &out, err);
	if (ret) {
		buf_release(&out);
		return ret;
	}
	blob->name = strdup(fs_basename(path));
	blob->data = buf_take(&out, &blob->size);
	return 0;
}

static int take_config(const struct take *t, struct stream *s, struct skep_err *err)
{
	struct harvest_blob config = { 0 };
	struct facts facts = { 0 };
	int ret = read_blob(&config, t->path, s, HARVEST_MAX_TEXT, err);

	if (ret)
		return ret;
	if (!config_is(config.data, config.size)) {
		blob_release(&config);
		return 0;
	}
	facts_arch(&facts, config_arch(config.data, config.size));
	if (!config_has(config.data, "CONFIG_DEBUG_INFO_BTF", "y"))
		facts.why_no_btf = strdup("it was built without CONFIG_DEBUG_INFO_BTF");
	ret = unit_add_facts(t->unit, t->release, &facts, err)
		      ?: unit_add_config(t->unit, t->release, &config, err);
	blob_release(&config);
	return ret;
}

static int take_btf(const struct take *t, struct stream *s, struct skep_err *err)
{
	struct facts facts = { 0 };
	struct btf_extent x;
	struct name_hub hub;
	int ret = read_blob(&facts.btf, t->path, s, FS_MAX_OBJECT, err);

	if (ret)
		return ret;
	if (!btf_extent(&x, facts.btf.data, facts.btf.size, facts.btf.size)) {
		ret = skep_fail(err, SKEP_ECORRUPT,
				"malformed BTF: a header for more than its %zu bytes",
				facts.btf.size);
		facts_release(&facts);
		return ret;
	}
	if (name_hub(t->path, &hub))
		facts_arch(&facts, hub.arch);
	facts.big_endian = x.big_endian;
	return unit_add_facts(t->unit, t->release, &facts, err);
}

static int open_bytes(const struct take *t, struct stream *s, struct bytes *bytes,
		      struct skep_err *err)
{
	const char *dir = t->unit->gather->opts->tmp_dir;
	struct stat st;

	*bytes = (struct bytes){ .fd = t->fd };
	if (t->fd < 0) {
		bytes->fd = spool_stream(s, dir ? dir : "/tmp", &bytes->size, err);
		return bytes->fd < 0 ? bytes->fd : 0;
	}
	if (fstat(t->fd, &st))
		return skep_fail(err, errno, "cannot read: %s", strerror(errno));
	bytes->size = (uint64_t)st.st_size;
	return 0;
}

/* A module in a file of its own, be it however large with what debuggers want. */
static int take_module_file(const struct take *t, struct stream *s, struct skep_err *err)
{
	_cleanup_free_ char *magic = NULL;
	struct harvest_blob btf = { 0 }, file = { 0 };
	struct bytes bytes;
	int ret = open_bytes(t, s, &bytes, err);

	if (ret)
		return ret;
	ret = module_read_elf(&btf, *t->release ? NULL : &magic, &bytes, err);
	if (!ret && bytes.size <= KEEP_MAX && keep_path(t->unit, t->path) != KEEP_NOT)
		ret = read_blob(&file, t->path, s, KEEP_MAX, err);
	if (!ret)
		ret = add_file(t->unit, t->path, magic ? magic : t->release, &file, err);
	if (ret)
		return module_failed(t->path, t->member, &btf, err);
	return add_module(t->unit, t->path, magic ? magic : t->release, &btf, err);
}

static int take_module(const struct take *t, struct stream *s, struct skep_err *err)
{
	const void *head;
	size_t len;
	int ret = stream_peek(s, PACK_MAGIC_MAX, &head, &len, err);

	if (ret)
		return ret;
	return t->fd >= 0 && pack_of(head, len) == PACK_NONE
		       ? take_module_file(t, s, err)
		       : hand_over(t, s, HARVEST_MAX_MODULE, &module_work, err);
}

static int take_vmlinux(const struct take *t, struct stream *s, struct skep_err *err)
{
	struct facts facts = { 0 };
	struct bytes bytes;
	int ret = open_bytes(t, s, &bytes, err);

	if (ret)
		return ret;
	ret = vmlinux_read(&facts, &bytes, t->unit->gather->opts, err);
	if (bytes.fd != t->fd)
		close(bytes.fd);
	/* any program is an ELF; a kernel has types or at least says that it is one */
	if (ret || (!facts.btf.data && !facts.release)) {
		facts_release(&facts);
		return ret;
	}
	return unit_add_facts(t->unit, t->release, &facts, err);
}

/* --- which it is --------------------------------------------------------------------------------- */

static bool is_module(const unsigned char *head, size_t len)
{
	size_t at = offsetof(Elf64_Ehdr, e_type);
	bool be = head[EI_DATA] == ELFDATA2MSB;

	return len >= at + 4 && head[at + be] == ET_REL && !head[at + !be] &&
	       head[at + 2 + be] != EM_BPF;
}

static int dispatch(const struct take *t, enum part part, struct stream *s,
		    struct skep_err *err)
{
	const void *head;
	size_t len;
	int ret = stream_peek(s, part == PART_IMAGE ? IMAGE_S390 : IMAGE_HEAD, &head,
			      &len, err);

	if (ret || !len)
		return ret;
	if (image_is(head, len, part == PART_IMAGE))
		return hand_over(t, s, HARVEST_MAX_IMAGE, &image_work, err);
	if (elf_is(head, len))
		return is_module(head, len) ? take_module(t, s, err)
		       : ((const unsigned char *)head)[16] == ET_REL ||
				       ((const unsigned char *)head)[17] == ET_REL
			       ? 0
			       : take_vmlinux(t, s, err);
	if (btf_is(head, len))
		return take_btf(t, s, err);
	if (config_is(head, len))
		return take_config(t, s, err);
	if (archive_is(head, len) && !t->member)
		return archive_take(t->unit, s, err);
	return 0;
}

/* Take off what it is packed in, layer by layer. */
static int unwrap(const struct take *t, enum part part, struct stream *s, int layers,
		  struct skep_err *err)
{
	_cleanup_(stream_closep) struct stream *inner = NULL;
	struct take unpacked = *t;
	const void *head;
	size_t len;
	enum pack pack;
	int ret = stream_peek(s, PACK_MAGIC_MAX, &head, &len, err);

	if (ret)
		return ret;
	pack = pack_of(head, len);
	if (pack == PACK_NONE || pack == PACK_LZOP)
		return dispatch(t, part, s, err);
	if (layers == LAYERS_MAX)
		return skep_fail(err, SKEP_ECORRUPT, "packed more than %d times: refused",
				 LAYERS_MAX);
	unpacked.fd = -1;
	ret = stream_unpack(&inner, s, pack, crew_size(t->unit->gather->crew),
			    HARVEST_MAX_UNPACKED, err);
	if (ret)
		return ret;
	inner->budget = &t->unit->budget;
	return unwrap(&unpacked, part, inner, layers + 1, err);
}

int take(const struct take *t, struct stream *s, struct skep_err *err)
{
	char release[NAME_RELEASE_MAX];
	enum part part = name_part(t->path, release);
	struct take known = *t;

	if (!t->release)
		known.release = release;
	if (part == PART_MODULE)
		return take_module(&known, s, err);
	return unwrap(&known, part, s, 0, err);
}
