/* SPDX-License-Identifier: BSD-2-Clause */
/* What became of a field of a kernel that another one has. */
#ifndef LIB_CHECK_EXPLAIN_FIELD_H
#define LIB_CHECK_EXPLAIN_FIELD_H

#include <stdint.h>

#include "lib/base/buf.h"
#include "lib/btf/index.h"

struct bpf_core_spec;
struct btf;

/* The member at which a path ends that the kernel does not have. */
struct lost {
	const struct btf *local;
	const char *name; /* NULL: none was found to be lost */
	uint32_t local_type;
	uint32_t in;    /* the kernel's struct that it was looked for in */
	uint32_t there; /* the type it has there, which is another; 0: it is not there */
};

struct lost explain_lost(const struct btf *local, const struct bpf_core_spec *spec,
			 const struct btf_index *ix);
/* The last member of a path that the kernel has, as if it were lost. */
struct lost explain_last(const struct btf *local, const struct bpf_core_spec *spec,
			 const struct btf_index *ix);

/* "it is task_struct.state there"; nothing if nothing is near. */
void explain_replacement(struct buf *out, const struct lost *l,
			 const struct btf_index *ix);

#endif
