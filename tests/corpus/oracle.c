/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * Oracle: what libbpf and the kernel make of objects, one fact a line, so that two objects can be compared.
 *
 *   oracle [-t NAME=BTF]... OBJECT...
 *
 * Every object begins with a line "object PATH". Then, each in file order:
 *   section NAME FLAGS SIZE DIGEST            sections that are loaded; code before relocation
 *   reloc SECTION+OFF TYPE SYMBOL             relocations of these
 *   symbol NAME TYPE BIND VISIBILITY PLACE    functions, variables, externs
 *   func, var, tag                            declarations of BTF by signature
 *   core N SECTION+OFF KIND ROOT ACCESS PATH  CO-RE records, root and path by name
 *   NAME core N ...                           what libbpf's resolver makes of it on a target, all
 *                                             records in file order with one cache of candidates
 *   NAME extern SYMBOL COMPAT                 externs of kernel functions and variables on a target
 *
 * Ids of the object's own types are never printed nor digested: two objects may number the same types
 * differently. TYPE_ID_LOCAL is compared by the layout of the type it names; the immediates of
 * TYPE_ID_LOCAL and TYPE_ID_TARGET, which hold such an id, count as zero.
 */
#include <errno.h>
#include <fcntl.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include <linux/err.h>

#include <gelf.h>
#include <libelf.h>

#include "libbpf.h"

#include "hashmap.h"
#include "libbpf_internal.h"
#include "relo_core.h"

#include "signature.h"

enum { MAX_TARGETS = 16 };

struct target {
	const char *name;
	struct btf *btf;
	struct hashmap *found; /* "kind name" -> all candidates, before any pruning */
};

struct program {
	const char *path;
	struct btf *btf;
	struct btf_ext *ext;
	Elf *elf;
	size_t shstrndx;
};

static struct target targets[MAX_TARGETS];
static int target_cnt;

static void fail(const char *path, const char *what)
{
	fprintf(stderr, "oracle: %s: %s\n", path, what);
	exit(3);
}

static int quiet(enum libbpf_print_level level, const char *fmt, va_list args)
{
	return 0;
}

static size_t hash_text(long key, void *ctx)
{
	return str_hash((const char *)key);
}

static bool equal_text(long a, long b, void *ctx)
{
	return strcmp((const char *)a, (const char *)b) == 0;
}

static size_t hash_id(long key, void *ctx)
{
	return key * 2654435761u;
}

static bool equal_id(long a, long b, void *ctx)
{
	return a == b;
}

/* --- ELF: code and data before relocation --- */

static const char *section_name(const struct program *o, size_t index)
{
	Elf_Scn *scn = elf_getscn(o->elf, index);
	GElf_Shdr sh;

	if (index == SHN_UNDEF)
		return "UNDEF";
	if (index >= SHN_LORESERVE || !gelf_getshdr(scn, &sh))
		return "?";
	return elf_strptr(o->elf, o->shstrndx, sh.sh_name);
}

static bool holds_type_id(const struct bpf_core_relo *r)
{
	return r->kind == BPF_CORE_TYPE_ID_LOCAL || r->kind == BPF_CORE_TYPE_ID_TARGET;
}

static void clear_type_ids(const struct program *o, const char *section,
			   unsigned char *bytes, size_t size)
{
	const struct btf_ext_info *seg = &o->ext->core_relo_info;
	const struct btf_ext_info_sec *sec;
	const struct bpf_core_relo *r;
	unsigned int i;

	for_each_btf_ext_sec(seg, sec)
	{
		if (strcmp(btf__name_by_offset(o->btf, sec->sec_name_off), section))
			continue;
		for_each_btf_ext_rec(seg, sec, i, r)
		{
			if (!holds_type_id(r) || r->insn_off + 8 > size)
				continue;
			memset(bytes + r->insn_off + 4, 0, 4);
			if (bytes[r->insn_off] == 0x18 && r->insn_off + 16 <= size)
				memset(bytes + r->insn_off + 12, 0, 4);
		}
	}
}

static void print_section(const struct program *o, Elf_Scn *scn, const GElf_Shdr *sh)
{
	const char *name = elf_strptr(o->elf, o->shstrndx, sh->sh_name);
	Elf_Data *data = elf_rawdata(scn, NULL);
	unsigned long long digest = 14695981039346656037ull; /* FNV-1a */
	unsigned char *bytes;

	if (sh->sh_type == SHT_NOBITS || !data || !data->d_size) {
		printf("section %s %lx %lu\n", name, sh->sh_flags, sh->sh_size);
		return;
	}
	bytes = malloc(data->d_size);
	memcpy(bytes, data->d_buf, data->d_size);
	if (o->ext && (sh->sh_flags & SHF_EXECINSTR))
		clear_type_ids(o, name, bytes, data->d_size);
	for (size_t i = 0; i < data->d_size; i++)
		digest = (digest ^ bytes[i]) * 1099511628211ull;
	free(bytes);
	printf("section %s %lx %zu %016llx\n", name, sh->sh_flags, data->d_size, digest);
}

static void print_relocs(const struct program *o, Elf_Scn *scn, const GElf_Shdr *sh)
{
	Elf_Scn *symtab = elf_getscn(o->elf, sh->sh_link);
	Elf_Data *data = elf_getdata(scn, NULL), *syms = elf_getdata(symtab, NULL);
	const char *section = section_name(o, sh->sh_info);
	GElf_Shdr link;

	gelf_getshdr(symtab, &link);
	for (size_t i = 0; data && i < sh->sh_size / sh->sh_entsize; i++) {
		const char *name;
		GElf_Rel rel;
		GElf_Sym sym;

		gelf_getrel(data, i, &rel);
		gelf_getsym(syms, GELF_R_SYM(rel.r_info), &sym);
		name = elf_strptr(o->elf, link.sh_link, sym.st_name);
		if (GELF_ST_TYPE(sym.st_info) == STT_SECTION)
			name = section_name(o, sym.st_shndx);
		printf("reloc %s+%#lx %lu %s\n", section, rel.r_offset,
		       GELF_R_TYPE(rel.r_info), name);
	}
}

static void print_symbols(const struct program *o, Elf_Scn *scn, const GElf_Shdr *sh)
{
	Elf_Data *data = elf_getdata(scn, NULL);

	for (size_t i = 1; data && i < sh->sh_size / sh->sh_entsize; i++) {
		GElf_Sym sym;
		int type;

		gelf_getsym(data, i, &sym);
		type = GELF_ST_TYPE(sym.st_info);
		if (type == STT_SECTION || type == STT_FILE)
			continue;
		if (type == STT_NOTYPE && GELF_ST_BIND(sym.st_info) == STB_LOCAL)
			continue; /* labels */
		printf("symbol %s %d %d %d %s+%#lx %lu\n",
		       elf_strptr(o->elf, sh->sh_link, sym.st_name), type,
		       GELF_ST_BIND(sym.st_info), sym.st_other,
		       section_name(o, sym.st_shndx), sym.st_value, sym.st_size);
	}
}

static bool is_loaded(const struct program *o, size_t index)
{
	GElf_Shdr sh;

	return gelf_getshdr(elf_getscn(o->elf, index), &sh) && (sh.sh_flags & SHF_ALLOC);
}

static void print_elf(const struct program *o)
{
	Elf_Scn *scn = NULL;
	GElf_Shdr sh;

	while ((scn = elf_nextscn(o->elf, scn))) {
		if (!gelf_getshdr(scn, &sh))
			fail(o->path, "bad section header");
		if (sh.sh_flags & SHF_ALLOC)
			print_section(o, scn, &sh);
		else if (sh.sh_type == SHT_REL && is_loaded(o, sh.sh_info))
			print_relocs(o, scn, &sh);
		else if (sh.sh_type == SHT_SYMTAB)
			print_symbols(o, scn, &sh);
	}
}

/* --- declarations of BTF that the load depends on --- */

static void print_func(const struct program *o, __u32 id, const struct btf_type *t)
{
	bool seen = btf_func_linkage(t) !=
		    BTF_FUNC_STATIC; /* by the verifier, or as an extern */

	printf("func %s %d ", btf__name_by_offset(o->btf, t->name_off),
	       btf_func_linkage(t));
	signature_print(stdout, o->btf, t->type, seen ? SIGNATURE_STRICT : SIGNATURE_NAME);
	signature_tags(stdout, o->btf, id);
	printf("\n");
}

static void print_datasec(const struct program *o, const struct btf_type *t)
{
	const struct btf_var_secinfo *v = btf_var_secinfos(t);

	for (__u32 i = 0; i < btf_vlen(t); i++, v++) {
		const struct btf_type *var = btf__type_by_id(o->btf, v->type);

		if (!btf_is_var(var))
			continue;
		printf("var %s %s %u ", btf__name_by_offset(o->btf, t->name_off),
		       btf__name_by_offset(o->btf, var->name_off), btf_var(var)->linkage);
		signature_print(stdout, o->btf, v->type, SIGNATURE_VALUE);
		signature_tags(stdout, o->btf, v->type);
		printf("\n");
	}
}

/*
 * A map says its key and value as pointees: "__type(value, struct v)" is a member "typeof(struct v) *value".
 * Maps that are values are arrays of pointers to such a struct.
 */
static void print_map(const struct program *o, const char *name, __u32 id, int depth)
{
	const struct btf_type *t = skip_mods_and_typedefs(o->btf, id, &id);
	const struct btf_member *m;

	if (!btf_is_struct(t) || depth > 4)
		return;
	m = btf_members(t);
	for (__u32 i = 0; i < btf_vlen(t); i++, m++) {
		const char *member = btf__name_by_offset(o->btf, m->name_off);
		const struct btf_type *to = skip_mods_and_typedefs(o->btf, m->type, NULL);

		if (btf_is_array(to))
			to = skip_mods_and_typedefs(o->btf, btf_array(to)->type, NULL);
		if (!btf_is_ptr(to))
			continue;
		printf("map %s %s ", name, member);
		signature_print(stdout, o->btf, to->type, SIGNATURE_VALUE);
		signature_tags(stdout, o->btf, to->type);
		printf("\n");
		if (!strcmp(member, "values"))
			print_map(o, member, to->type, depth + 1);
	}
}

static void print_maps(const struct program *o, const struct btf_type *t)
{
	const struct btf_var_secinfo *v = btf_var_secinfos(t);

	for (__u32 i = 0; i < btf_vlen(t); i++, v++) {
		const struct btf_type *var = btf__type_by_id(o->btf, v->type);

		if (btf_is_var(var))
			print_map(o, btf__name_by_offset(o->btf, var->name_off),
				  var->type, 0);
	}
}

/* Tags of structs say where locks and nodes of lists are. */
static void print_tags(const struct program *o, __u32 id, const struct btf_type *t)
{
	printf("tag ");
	signature_print(stdout, o->btf, id, SIGNATURE_NAME);
	signature_tags(stdout, o->btf, id);
	printf("\n");
}

static bool has_tags(const struct btf *btf, __u32 id)
{
	__u32 n = btf__type_cnt(btf);

	for (__u32 i = 1; i < n; i++) {
		const struct btf_type *t = btf__type_by_id(btf, i);

		if (btf_is_decl_tag(t) && t->type == id)
			return true;
	}
	return false;
}

static void print_declarations(const struct program *o)
{
	__u32 n = btf__type_cnt(o->btf);

	for (__u32 id = 1; id < n; id++) {
		const struct btf_type *t = btf__type_by_id(o->btf, id);

		if (btf_is_func(t))
			print_func(o, id, t);
		else if (btf_is_composite(t) && has_tags(o->btf, id))
			print_tags(o, id, t);
		if (!btf_is_datasec(t))
			continue;
		print_datasec(o, t);
		if (!strcmp(btf__name_by_offset(o->btf, t->name_off), ".maps"))
			print_maps(o, t);
	}
}

/* --- CO-RE --- */

static const char *const KINDS[] = {
	"byte_off",       "byte_sz",       "field_exists",   "signed",      "lshift_u64",
	"rshift_u64",     "local_type_id", "target_type_id", "type_exists", "type_size",
	"enumval_exists", "enumval_value", "type_matches",
};

static void print_record(const struct program *o, const char *section, int number,
			 const struct bpf_core_relo *r)
{
	const char *access = btf__name_by_offset(o->btf, r->access_str_off);
	struct bpf_core_spec spec = { 0 };

	printf("core %d %s+%#x %s ", number, section, r->insn_off,
	       r->kind < sizeof(KINDS) / sizeof(*KINDS) ? KINDS[r->kind] : "?");
	signature_print(stdout, o->btf, r->type_id,
			r->kind == BPF_CORE_TYPE_ID_LOCAL ? SIGNATURE_VALUE
							  : SIGNATURE_NAME);
	printf(" %s", access);
	if (bpf_core_parse_spec("oracle", o->btf, r, &spec))
		printf(" malformed");
	for (int i = 0; i < spec.len; i++)
		if (spec.spec[i].name)
			printf(".%s", spec.spec[i].name);
		else
			printf("[%u]", spec.spec[i].idx);
	printf("\n");
}

static struct bpf_core_cand_list *all_candidates(struct target *t, struct btf *btf,
						 __u32 id, const char *name)
{
	struct bpf_core_cand local = { .btf = btf, .id = id };
	const struct btf_type *type = btf__type_by_id(btf, id);
	int kind = btf_is_any_enum(type) ? BTF_KIND_ENUM : btf_kind(type);
	struct bpf_core_cand_list *list;
	char *key;

	if (asprintf(&key, "%d %.*s", kind, (int)bpf_core_essential_name_len(name),
		     name) < 0)
		exit(3);
	if (hashmap__find(t->found, key, &list)) {
		free(key);
		return list;
	}
	list = calloc(1, sizeof(*list));
	if (bpf_core_add_cands(&local, bpf_core_essential_name_len(name), t->btf, t->name,
			       1, list))
		exit(3);
	hashmap__add(t->found, key, list);
	return list;
}

/* By local type id, as libbpf does: relocations prune what later ones of the same type see. */
static struct bpf_core_cand_list *candidates(struct hashmap *cache, struct target *t,
					     struct btf *btf, __u32 id)
{
	const char *name = btf__name_by_offset(btf, btf__type_by_id(btf, id)->name_off);
	struct bpf_core_cand_list *list, *all;

	if (!name[0])
		return NULL;
	if (hashmap__find(cache, id, &list))
		return list;
	all = all_candidates(t, btf, id, name);
	list = calloc(1, sizeof(*list));
	list->len = all->len;
	list->cands = calloc(all->len + 1, sizeof(*list->cands));
	if (all->len)
		memcpy(list->cands, all->cands, all->len * sizeof(*list->cands));
	hashmap__add(cache, id, list);
	return list;
}

static void print_result(const struct target *t, int number, int err,
			 const struct bpf_core_relo *r,
			 const struct bpf_core_relo_res *res,
			 const struct bpf_core_cand_list *cands)
{
	printf("%s core %d err %d", t->name, number, err);
	if (!err) {
		printf(" poison %d validate %d", res->poison, res->validate);
		if (!holds_type_id(r))
			printf(" orig %llu", (unsigned long long)res->orig_val);
		if (r->kind != BPF_CORE_TYPE_ID_LOCAL)
			printf(" new %llu", (unsigned long long)res->new_val);
		printf(" size %u -> %u memsz %d", res->orig_sz, res->new_sz,
		       res->fail_memsz_adjust);
	}
	for (int i = 0; cands && i < cands->len; i++)
		printf(" [%u]", cands->cands[i].id);
	printf("\n");
}

static void resolve(const struct program *o, struct target *t, struct hashmap *cache,
		    int number, const struct bpf_core_relo *r)
{
	struct bpf_core_cand_list *cands = NULL;
	struct bpf_core_relo_res res = { 0 };
	struct bpf_core_spec specs[3] = { 0 };
	int err = 0;

	if (r->kind != BPF_CORE_TYPE_ID_LOCAL) {
		cands = candidates(cache, t, o->btf, r->type_id);
		err = cands ? 0 : -EINVAL;
	}
	if (!err)
		err = bpf_core_calc_relo_insn("oracle", r, number, o->btf, cands, specs,
					      &res);
	print_result(t, number, err, r, &res, cands);
}

static void free_cache(struct hashmap *cache)
{
	struct hashmap_entry *e;
	size_t i;

	hashmap__for_each_entry(cache, e, i) bpf_core_free_cands(e->pvalue);
	hashmap__free(cache);
}

/* NULL: the records themselves. */
static void print_core(const struct program *o, struct target *t)
{
	const struct btf_ext_info *seg = &o->ext->core_relo_info;
	struct hashmap *cache = hashmap__new(hash_id, equal_id, NULL);
	const struct btf_ext_info_sec *sec;
	const struct bpf_core_relo *r;
	unsigned int i;
	int number = 0;

	for_each_btf_ext_sec(seg, sec)
	{
		const char *section = btf__name_by_offset(o->btf, sec->sec_name_off);

		for_each_btf_ext_rec(seg, sec, i, r)
		{
			if (t)
				resolve(o, t, cache, number++, r);
			else
				print_record(o, section, number++, r);
		}
	}
	free_cache(cache);
}

/* --- externs --- */

static int extern_compat(const struct program *o, const struct target *t,
			 const struct btf_type *decl, const char *name, bool *found)
{
	char essential[512];
	__u32 kind = btf_kind(decl), local, theirs;
	__s32 id;

	snprintf(essential, sizeof(essential), "%.*s",
		 (int)bpf_core_essential_name_len(name), name);
	id = btf__find_by_name_kind(t->btf, btf_is_func(decl) ? essential : name, kind);
	*found = id > 0;
	if (id <= 0)
		return 0;
	local = decl->type;
	theirs = btf__type_by_id(t->btf, id)->type;
	if (!btf_is_func(decl)) {
		skip_mods_and_typedefs(o->btf, local, &local);
		skip_mods_and_typedefs(t->btf, theirs, &theirs);
	}
	return bpf_core_types_are_compat(o->btf, local, t->btf, theirs);
}

static void print_externs(const struct program *o, const struct target *t)
{
	__s32 id = btf__find_by_name_kind(o->btf, ".ksyms", BTF_KIND_DATASEC);
	const struct btf_type *sec = btf__type_by_id(o->btf, id > 0 ? id : 0);
	const struct btf_var_secinfo *v = btf_var_secinfos(sec);

	for (__u32 i = 0; id > 0 && i < btf_vlen(sec); i++, v++) {
		const struct btf_type *decl = btf__type_by_id(o->btf, v->type);
		const char *name = btf__name_by_offset(o->btf, decl->name_off);
		bool found;
		int compat = extern_compat(o, t, decl, name, &found);

		printf("%s extern %s %s %d\n", t->name, name, found ? "found" : "absent",
		       compat);
	}
}

/* --- the whole --- */

static void print_program(const char *path)
{
	struct program o = { .path = path };
	int fd = open(path, O_RDONLY | O_CLOEXEC);

	if (fd < 0)
		fail(path, strerror(errno));
	o.elf = elf_begin(fd, ELF_C_READ_MMAP, NULL);
	if (!o.elf || elf_getshdrstrndx(o.elf, &o.shstrndx))
		fail(path, "no ELF");
	o.btf = btf__parse_elf(path, &o.ext);
	printf("object %s\n", path);
	if (!o.btf)
		o.ext = NULL;
	print_elf(&o);
	if (o.btf)
		print_declarations(&o);
	if (o.ext)
		print_core(&o, NULL);
	for (struct target *t = targets; o.btf && t < targets + target_cnt; t++) {
		if (o.ext)
			print_core(&o, t);
		print_externs(&o, t);
	}
	btf_ext__free(o.ext);
	btf__free(o.btf);
	elf_end(o.elf);
	close(fd);
}

static void add_target(char *arg)
{
	struct target *t = &targets[target_cnt++];
	char *path = strchr(arg, '=');

	if (!path || target_cnt == MAX_TARGETS)
		fail(arg, "not NAME=BTF");
	*path++ = 0;
	t->name = arg;
	t->btf = btf__parse(path, NULL);
	if (!t->btf)
		fail(path, "no BTF");
	t->found = hashmap__new(hash_text, equal_text, NULL);
}

int main(int argc, char **argv)
{
	int opt;

	elf_version(EV_CURRENT);
	libbpf_set_print(quiet);
	while ((opt = getopt(argc, argv, "t:")) != -1) {
		if (opt != 't')
			return 2;
		add_target(optarg);
	}
	for (int i = optind; i < argc; i++)
		print_program(argv[i]);
	return 0;
}
