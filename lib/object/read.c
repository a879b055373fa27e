/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * Reading an object: our own checks first, then libbpf, then tables of what it found, so that nobody above
 * needs to ask libbpf for what the object holds.
 */
#include "lib/object/object.h"

#include <ctype.h>
#include <elf.h>
#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include <bpf/btf.h>
#include <bpf/libbpf.h>

#include "lib/base/cleanup.h"
#include "lib/base/fs.h"
#include "lib/btf/btf.h"
#include "lib/btf/messages.h"
#include "lib/object/code.h"
#include "lib/object/elffile.h"
#include "lib/object/ext.h"
#include "lib/object/tables.h"

static int read_license(struct object *o, const struct elf_file *elf, struct skep_err *err)
{
	const struct elf_section *s = elf_file_section(elf, "license");
	const char *p;

	if (s && s->data && s->size && s->data[s->size - 1])
		return skep_fail(err, SKEP_ECORRUPT,
				 "license is not a NUL-terminated string");
	o->license = strdup(s && s->data && s->size ? (const char *)s->data : "");
	if (!o->license)
		return skep_fail(err, ENOMEM, "out of memory");
	for (p = o->license; *p; p++)
		if (!isprint((unsigned char)*p))
			return skep_fail(err, SKEP_ECORRUPT,
					 "license is not printable text");
	return 0;
}

/* libbpf takes the last of several sections, we the first; and it ignores some by their type. */
static int check_section(const struct elf_file *elf, const char *name,
			 struct skep_err *err)
{
	const struct elf_section *s = elf_file_section(elf, name);
	size_t i;

	for (i = s ? (size_t)(s - elf->sections) + 1 : elf->section_cnt;
	     i < elf->section_cnt; i++)
		if (!strcmp(elf->sections[i].name, name))
			return skep_fail(err, SKEP_ECORRUPT,
					 "malformed ELF: two sections '%s'", name);
	if (s && s->type != SHT_PROGBITS)
		return skep_fail(err, SKEP_ECORRUPT,
				 "malformed ELF: type of section '%s'", name);
	return 0;
}

static int check_special_sections(const struct elf_file *elf, struct skep_err *err)
{
	static const char *const names[] = { ".BTF", ".BTF.ext", ".maps", "license",
					     "version" };
	size_t i;
	int ret = 0;

	for (i = 0; !ret && i < ARRAY_SIZE(names); i++)
		ret = check_section(elf, names[i], err);
	return ret;
}

/* What libbpf would do with it is undefined unless all of this holds. */
static int check_bytes(struct object *o, struct skep_err *err)
{
	const struct elf_section *s;
	struct btf *btf = NULL;
	struct elf_file elf;
	struct code code;
	struct ext ext;
	int ret;

	ret = elf_file_read(&elf, o->data, o->size, err);
	if (ret)
		return ret;
	o->big_endian = elf.big_endian;
	ret = check_special_sections(&elf, err);
	if (!ret)
		ret = read_license(o, &elf, err);
	if (ret)
		goto out;
	s = elf_file_section(&elf, ".BTF");
	if (!s || !s->data || !s->size) {
		skep_fail(err, SKEP_ECORRUPT, "object without BTF");
		ret = skep_err_hint(
			err, "compile with -g, and strip with `llvm-strip -g` only");
		goto out;
	}
	ret = btf_from_raw(&btf, s->data, s->size, err);
	if (ret)
		goto out;
	ret = ext_read(&ext, &elf, btf, err);
	if (ret)
		goto out;
	ext_release(&ext);
	ret = code_read(&code, &elf, err);
	if (!ret)
		code_release(&code);
out:
	btf__free(btf);
	elf_file_release(&elf);
	return ret;
}

/* As bpftool names objects: the file's name up to the first dot, made an identifier. */
static char *name_from(const char *where)
{
	const char *base = fs_basename(where);
	char *name = strndup(base, strcspn(base, "."));
	char *p;

	for (p = name; p && *p; p++)
		if (!isalnum((unsigned char)*p))
			*p = '_';
	return name;
}

static int open_libbpf(struct object *o, const char *name, const char *kernel_btf,
		       struct skep_err *err)
{
	LIBBPF_OPTS(bpf_object_open_opts, opts, .object_name = name,
		    .btf_custom_path = kernel_btf);
	struct messages m;
	int code;

	messages_begin(&m, NULL);
	o->bpf = bpf_object__open_mem(o->data, o->size, &opts);
	code = errno;
	messages_end(&m);
	if (!o->bpf && code == ENOMEM)
		return skep_fail(err, ENOMEM, "out of memory");
	if (!o->bpf)
		return messages_fail(&m, err, SKEP_ECORRUPT,
				     "libbpf cannot open the object");
	o->btf = bpf_object__btf(o->bpf);
	if (!o->btf)
		return skep_fail(err, SKEP_ECORRUPT, "libbpf finds no BTF in the object");
	return 0;
}

static int fill(struct object *o, const char *name, const char *kernel_btf,
		struct skep_err *err)
{
	char *own;
	int ret;

	ret = check_bytes(o, err);
	if (ret)
		return ret;
	own = name ? strdup(name) : name_from(o->where);
	if (!own)
		return skep_fail(err, ENOMEM, "out of memory");
	ret = open_libbpf(o, own, kernel_btf, err);
	free(own);
	return ret ? ret : tables_fill(o, err);
}

int object_read(struct object **out, const void *data, size_t size, const char *where,
		const char *name, struct skep_err *err)
{
	return object_read_for(out, data, size, where, name, NULL, err);
}

int object_read_for(struct object **out, const void *data, size_t size, const char *where,
		    const char *name, const char *kernel_btf, struct skep_err *err)
{
	struct object *o = calloc(1, sizeof(*o));
	void *copy = malloc(size ? size : 1);
	int ret;

	if (o)
		o->where = strdup(where);
	if (!o || !o->where || !copy) {
		free(copy);
		object_free(o);
		return skep_fail(err, ENOMEM, "out of memory");
	}
	memcpy(copy, data, size);
	o->data = copy;
	o->size = size;
	ret = fill(o, name, kernel_btf, err);
	if (ret) {
		skep_err_at(err, where, 0, 0);
		object_free(o);
		return ret;
	}
	*out = o;
	return 0;
}

int object_read_file(struct object **out, const char *path, struct skep_err *err)
{
	size_t size;
	char *data;
	int ret;

	ret = fs_read(path, FS_MAX_OBJECT, &data, &size, err);
	if (ret)
		return ret;
	ret = object_read(out, data, size, path, NULL, err);
	free(data);
	return ret;
}

void object_free(struct object *o)
{
	if (!o)
		return;
	tables_free(o);
	bpf_object__close(o->bpf);
	free((void *)o->license);
	free((void *)o->data);
	free((void *)o->where);
	free(o);
}

const struct obj_map *object_map(const struct object *o, const char *name)
{
	size_t i;

	for (i = 0; i < o->map_cnt; i++)
		if (!strcmp(o->maps[i].name, name))
			return &o->maps[i];
	return NULL;
}

const struct obj_global *object_global(const struct object *o, const char *name)
{
	size_t i;

	for (i = 0; i < o->global_cnt; i++)
		if (!strcmp(o->globals[i].name, name))
			return &o->globals[i];
	return NULL;
}
