/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * Index: all types of one kernel, vmlinux and modules, in a form that is mapped and used as it lies.
 *
 * Types are struct btf_type records in host byte order with ids of their own, 1 to cnt - 1: vmlinux'
 * types keep their ids, those of the modules follow, module by module. All ids and string offsets
 * within the records are the index's.
 */
#ifndef LIB_BTF_INDEX_H
#define LIB_BTF_INDEX_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include <skep/error.h>

#include "lib/base/buf.h"
#include "lib/base/sha256.h"

struct btf_type;

struct btf_index;

/* Raw BTF of either byte order, borrowed. Of several the first is vmlinux', the rest are split on it. */
struct btf_blob {
	const char *name; /* "vmlinux", then of modules */
	const void *data;
	size_t size;
};

/*
 * Make the bytes of an index: a function of its arguments. All types are checked as btf_from_raw()
 * does. ptr_size 0: as the BTF says, by the size of long. -SKEP_ECORRUPT, with the module's name.
 */
int btf_index_make(struct buf *out, const struct btf_blob *blobs, size_t n,
		   unsigned int ptr_size, struct skep_err *err);

/* Map a file that btf_index_make() made. -ESTALE made by another version; -SKEP_ECORRUPT no index. */
int btf_index_open(struct btf_index **out, const char *path, struct skep_err *err);
int btf_index_of(struct btf_index **out, const void *data, size_t size,
		 struct skep_err *err); /* bytes borrowed, aligned to 8 */
/* Take over the bytes of a buffer, which is empty afterwards. */
int btf_index_own(struct btf_index **out, struct buf *bytes, struct skep_err *err);
void btf_index_close(struct btf_index *ix);

struct btf_index_info {
	uint32_t cnt;      /* ids are 1 .. cnt - 1 */
	uint32_t base_cnt; /* those below are vmlinux' */
	uint32_t part_cnt; /* vmlinux and modules */
	unsigned int ptr_size;
	bool big_endian; /* of the kernel; the records are in host order */
	uint8_t digest[SKEP_SHA256_LEN]; /* of all names and bytes it was made from */
};
const struct btf_index_info *btf_index_info(const struct btf_index *ix);

/* A part: vmlinux or a module. Borrowed; NULL past the end. */
struct btf_index_part {
	const char *name;
	uint32_t first, cnt; /* ids */
};
bool btf_index_part(const struct btf_index *ix, uint32_t i, struct btf_index_part *out);
uint32_t btf_index_part_of(const struct btf_index *ix, uint32_t id);

/* NULL for 0 and ids that do not exist. Borrowed, with all records that follow it in BTF. */
const struct btf_type *btf_index_type(const struct btf_index *ix, uint32_t id);
const char *btf_index_str(const struct btf_index *ix, uint32_t off); /* never NULL */

/*
 * A digest of all that libbpf's resolver can see of a type: of two types with equal ones, of any two kernels whose
 * pointers are of one size, no relocation can make a difference.
 */
uint64_t btf_index_layout(const struct btf_index *ix, uint32_t id);

/* What is behind typedefs, const, volatile, restrict and type tags; 0 for void. */
uint32_t btf_index_skip(const struct btf_index *ix, uint32_t id);
/* Size in bytes, arrays multiplied; negative if it has none. */
int64_t btf_index_size(const struct btf_index *ix, uint32_t id);

enum btf_index_table {
	BTF_INDEX_TYPE, /* every named type that C can name, by essential name: "a" of a___b */
	BTF_INDEX_FUNC,
	BTF_INDEX_VAR,
	BTF_INDEX_MEMBER,     /* structs and unions that have a member of that name */
	BTF_INDEX_ENUMERATOR, /* enums that have that enumerator, by essential name */
	BTF_INDEX_TABLES,
};

/* Ids, ascending, filed under a name of len bytes; 0 and NULL if there are none. Borrowed. */
size_t btf_index_find(const struct btf_index *ix, enum btf_index_table table,
		      const char *name, size_t len, const uint32_t **ids);
/*
 * All names of a table, one after the other, in no order; cursor begins at 0. Where names are filed by
 * essential name, *name is the whole of one of them.
 */
bool btf_index_each(const struct btf_index *ix, enum btf_index_table table,
		    uint32_t *cursor, const char **name, const uint32_t **ids, size_t *n);

enum btf_index_hook {
	BTF_HOOK_TRACEPOINT, /* typedefs btf_trace_<name> */
	BTF_HOOK_LSM,        /* functions bpf_lsm_<name> */
	BTF_HOOK_ITER,       /* functions bpf_iter_<name> */
	BTF_HOOK_STRUCT_OPS, /* structs bpf_struct_ops_<name> */
	BTF_HOOK_KFUNC,      /* functions with the tag bpf_kfunc */
	BTF_HOOK_FASTCALL,   /* functions with the tag bpf_fastcall */
	BTF_HOOKS,
};
/* Ids of the hooks of a kind, sorted by name, equal names by id. Borrowed. */
size_t btf_index_hooks(const struct btf_index *ix, enum btf_index_hook kind,
		       const uint32_t **ids);
/* "sched_switch" of "btf_trace_sched_switch": what users write. Borrowed. */
const char *btf_index_hook_name(const struct btf_index *ix, enum btf_index_hook kind,
				uint32_t id);

/* Length of a name without flavour: the last "___" within it begins one (libbpf's rule). */
size_t btf_essential_len(const char *name);

#endif
