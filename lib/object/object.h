/* SPDX-License-Identifier: BSD-2-Clause */
/* Object: programs, maps, globals and relocations of one BPF ELF, parsed once, borrowed by all. */
#ifndef LIB_OBJECT_OBJECT_H
#define LIB_OBJECT_OBJECT_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include <skep/error.h>

struct bpf_object;
struct bpf_program;
struct bpf_map;
struct btf;

struct obj_program {
	const char *name;    /* C function */
	const char *section; /* "tp/sched/sched_process_exec" */
	const char *type; /* libbpf_bpf_prog_type_str(): "tracepoint", "unspec" if unknown */
	const char *attach_type; /* libbpf_bpf_attach_type_str(), NULL where none applies */
	const char *target; /* what follows the first '/' of the section, "" if nothing does */
	uint32_t prog_type; /* enum bpf_prog_type */
	uint32_t expected_attach_type;
	size_t insn_cnt; /* of the entry program itself, without subprograms */
	bool autoload;   /* false for SEC("?…") */
	struct bpf_program *bpf;
};

struct obj_map {
	char *name;       /* as in the source; ".rodata", ".bss.x" for data sections */
	const char *type; /* libbpf_bpf_map_type_str(): "ringbuf" */
	const char *event_type; /* struct name given by SKEP_EVENTS(), NULL if none */
	const char *hist; /* "log2:ns", given by SKEP_HIST() and its like, NULL if none */
	uint32_t map_type; /* enum bpf_map_type */
	uint32_t key_size, value_size, max_entries, flags;
	uint32_t key_type_id, value_type_id; /* in the object's BTF, 0 if untyped */
	uint32_t event_type_id;              /* of event_type, 0 if none */
	char *key_type, *value_type;         /* as C writes them, NULL if untyped */
	bool pinned;                         /* LIBBPF_PIN_BY_NAME */
	bool data_section; /* .rodata, .data, .bss and named variants of them, .kconfig */
	struct bpf_map *bpf;
};

struct obj_global {
	const char *section; /* ".rodata" */
	const char *name;
	char *type; /* as C declares it: "unsigned long long", "char[16]" */
	uint32_t type_id;
	uint32_t offset, size; /* bytes within the section */
	bool is_static; /* not visible to other objects; in no skeleton before libbpf made them so */
};

struct object {
	const char *where; /* file name for messages; owned copy */
	const void *data;  /* the ELF; owned copy */
	size_t size;
	bool big_endian;
	const char *license;    /* "" if the object has none */
	struct btf *btf;        /* owned by bpf */
	struct bpf_object *bpf; /* opened, never loaded */
	struct obj_program *programs;
	size_t program_cnt;
	struct obj_map *maps; /* in libbpf's order: data sections included */
	size_t map_cnt;
	struct obj_global *globals; /* by section, then offset */
	size_t global_cnt;
};

/*
 * Open an object from bytes (copied). name is libbpf's object name: the prefix of data section maps
 * and of the skeleton's identifiers; NULL takes it from where. libbpf's own messages become the
 * error's text. -SKEP_EKIND not an ELF or not BPF; -SKEP_ECORRUPT malformed, truncated, no BTF.
 */
int object_read(struct object **out, const void *data, size_t size, const char *where,
		const char *name, struct skep_err *err);
/* The same, to be loaded with the types in a file in place of the kernel's own; NULL: with those. */
int object_read_for(struct object **out, const void *data, size_t size, const char *where,
		    const char *name, const char *kernel_btf, struct skep_err *err);
int object_read_file(struct object **out, const char *path, struct skep_err *err);
void object_free(struct object *o);

const struct obj_map *object_map(const struct object *o,
				 const char *name); /* NULL if absent */
const struct obj_global *object_global(const struct object *o, const char *name);

/*
 * From the linker's output to what ships: drops section .skep.types (its BTF types stay), DWARF if any
 * is left. Same input, same bytes. Caller frees *out.
 */
int object_finish(const void *elf, size_t size, const char *where, void **out,
		  size_t *out_size, struct skep_err *err);

/*
 * Write bytes of initial values into a data section of a finished object (defaults of params:).
 * section ".rodata" …; -SKEP_EPROJECT when the section or range does not exist.
 */
int object_patch_data(void *elf, size_t size, const char *section, size_t offset,
		      const void *value, size_t len, struct skep_err *err);

#endif
