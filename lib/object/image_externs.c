/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * Externs of an image: undefined symbols, and what the object's types say of them, by libbpf's rules. libbpf has
 * rewritten those types when it opened the object, so they are read from its bytes again.
 */
#include "lib/object/image_parts.h"

#include <elf.h>
#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include <bpf/btf.h>

#include "lib/base/cleanup.h"
#include "lib/btf/btf.h"

struct declared {
	const char *name;
	const struct btf_type *type; /* VAR or FUNC */
	bool kconfig;
};

struct declarations {
	struct declared *v;
	size_t n;
};

static bool is_extern(const struct elf_symbol *s)
{
	int bind = ELF64_ST_BIND(s->info);

	return s->shndx == SHN_UNDEF && (bind == STB_GLOBAL || bind == STB_WEAK) &&
	       ELF64_ST_TYPE(s->info) == STT_NOTYPE && *s->name;
}

static int compare(const void *a, const void *b)
{
	const struct declared *x = a, *y = b;

	return strcmp(x->name, y->name);
}

static int add_section(struct declarations *d, const struct btf *btf,
		       const struct btf_type *sec, bool kconfig, struct skep_err *err)
{
	const struct btf_var_secinfo *v = btf_var_secinfos(sec);
	struct declared *grown;
	int i;

	grown = reallocarray(d->v, d->n + btf_vlen(sec) + 1, sizeof(*grown));
	if (!grown)
		return skep_fail(err, ENOMEM, "out of memory");
	d->v = grown;
	for (i = 0; i < btf_vlen(sec); i++) {
		const struct btf_type *t = btf__type_by_id(btf, v[i].type);

		if (btf_is_var(t) || btf_is_func(t))
			d->v[d->n++] =
				(struct declared){ btf__name_by_offset(btf, t->name_off),
						   t, kconfig };
	}
	return 0;
}

static int collect(struct declarations *d, const struct btf *btf, struct skep_err *err)
{
	uint32_t i, n = btf__type_cnt(btf);
	int ret = 0;

	for (i = 1; !ret && i < n; i++) {
		const struct btf_type *t = btf__type_by_id(btf, i);
		const char *name = btf__name_by_offset(btf, t->name_off);

		if (!btf_is_datasec(t))
			continue;
		if (!strcmp(name, ".kconfig") || !strcmp(name, ".ksyms"))
			ret = add_section(d, btf, t, name[1] == 'k' && name[2] == 'c',
					  err);
	}
	if (d->n)
		qsort(d->v, d->n, sizeof(*d->v), compare);
	return ret;
}

static bool is_void(const struct btf *btf, uint32_t id)
{
	const struct btf_type *t = btf__type_by_id(btf, id);

	while (btf_is_mod(t) || btf_is_typedef(t)) {
		id = t->type;
		t = btf__type_by_id(btf, id);
	}
	return !id;
}

static void fill(struct image_extern *e, const struct btf *btf, const struct declared *d)
{
	int64_t size;

	e->type_id = d->type->type;
	e->kind = d->kconfig             ? EXTERN_KCONFIG
		  : btf_is_func(d->type) ? EXTERN_KFUNC
					 : EXTERN_KSYM;
	e->typed = e->kind == EXTERN_KSYM && !is_void(btf, e->type_id);
	if (e->kind != EXTERN_KCONFIG)
		return;
	size = btf__resolve_size(btf, e->type_id);
	e->size = size > 0 ? size : 0;
}

static int read_symbols(struct image *im, uint32_t *symbols, const struct btf *btf,
			const struct declarations *d, struct skep_err *err)
{
	size_t i;

	for (i = 0; i < im->elf.symbol_cnt; i++) {
		const struct elf_symbol *s = &im->elf.symbols[i];
		const struct declared key = { .name = s->name }, *found;
		struct image_extern *e = &im->externs[im->extern_cnt];

		if (!is_extern(s))
			continue;
		found = d->n ? bsearch(&key, d->v, d->n, sizeof(*d->v), compare) : NULL;
		if (!found)
			return skep_fail(err, SKEP_ECORRUPT,
					 "extern '%s' is in neither .kconfig nor .ksyms",
					 s->name);
		*e = (struct image_extern){
			.name = s->name,
			.weak = ELF64_ST_BIND(s->info) == STB_WEAK,
		};
		fill(e, btf, found);
		symbols[i] = ++im->extern_cnt;
	}
	return 0;
}

int image_read_externs(struct image *im, uint32_t *symbols, struct skep_err *err)
{
	const struct elf_section *s = elf_file_section(&im->elf, ".BTF");
	struct declarations d = { 0 };
	struct btf *btf = NULL;
	size_t i, n = 0;
	int ret;

	for (i = 0; i < im->elf.symbol_cnt; i++)
		n += is_extern(&im->elf.symbols[i]);
	if (!n)
		return 0;
	im->externs = calloc(n, sizeof(*im->externs));
	if (!im->externs)
		return skep_fail(err, ENOMEM, "out of memory");
	ret = btf_from_raw(&btf, s->data, s->size, err);
	if (!ret)
		ret = collect(&d, btf, err);
	if (!ret)
		ret = read_symbols(im, symbols, btf, &d, err);
	free(d.v);
	btf__free(btf);
	return ret;
}
