/* SPDX-License-Identifier: BSD-2-Clause */
/* skep/manifest.json: what a package says of itself; drawn at the top of manifest.c. */
#ifndef LIB_PACKAGE_MANIFEST_H
#define LIB_PACKAGE_MANIFEST_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include <skep/error.h>

#define MANIFEST_SCHEMA 1

enum param_bind { PARAM_RODATA, PARAM_MAX_ENTRIES, PARAM_ENTRIES };

/* A run-time parameter of skep.yaml. */
struct param {
	char *name;
	char *type; /* u8 u16 u32 u64 s8 s16 s32 s64 bool string ipv4 ipv6 mac duration, with [] for entries */
	char *def;  /* default as the user would write it; NULL: none (entries: empty) */
	char *help;
	enum param_bind bind;
	char *target; /* .rodata variable, or map */
	char *object; /* whose, or of whose variants; NULL when skep.yaml has one object */
};

struct manifest_program {
	char *name, *section, *type, *attach_type, *target; /* attach_type may be NULL */
	size_t insn_cnt;
	bool autoload;
};

struct manifest_map {
	char *name, *type, *event_type; /* event_type NULL unless SKEP_EVENTS() */
	uint32_t key_size, value_size, max_entries, flags;
	char *key_type, *value_type; /* NULL if untyped */
};

struct requirements;

struct manifest_object {
	char *name;    /* C identifier: "exec_watch" */
	char *license; /* SEC("license") */
	struct manifest_program *programs;
	size_t program_cnt;
	struct manifest_map *maps; /* data sections left out */
	size_t map_cnt;
	struct requirements *requirements; /* NULL: the package does not say */
};

struct manifest_file {
	char *name;   /* layer entry: "exec_watch.bpf.o" */
	char *digest; /* "sha256:…" */
	uint64_t size;
};

/* A kernel whose types are in the package. */
struct manifest_kernel {
	char *id;      /* of the library: "debian/bookworm/x86_64/cloud/6.1.0-56" */
	char *release; /* uname -r; "" unknown */
	char *arch;
	char *profile; /* "sha256:…" of the profile they were taken from */
};

#define MANIFEST_MAX_WHEN 512 /* that one variant asks a kernel for */

/* One of several objects for the same programs, and what a kernel must have for it. */
struct manifest_choice {
	char *variant; /* as in skep.yaml: "ringbuf" */
	char *object;  /* name of one of objects: "exec_watch_ringbuf" */
	char **when;   /* words of lib/btf/probe.h, sorted; all must hold */
	size_t when_cnt;
};

/* Objects of which a kernel gets one: the first whose words all hold. */
struct manifest_variants {
	char *name;                      /* C identifier, none of objects: "exec_watch" */
	struct manifest_choice *choices; /* most preferred first; never empty */
	size_t choice_cnt;
};

struct manifest {
	char *name, *version, *license;
	char *arch; /* x86_64 …; NULL before it is known whose platform a shared one is read for */
	char *clang, *skep; /* versions */
	char *libbpf,
		*libbpf_source; /* version; "sha256:…" of the source it was built from */
	char **flags;           /* clang flags that decide the object's bytes, no paths */
	size_t flag_cnt;
	struct manifest_object *objects; /* in skep.yaml's order */
	size_t object_cnt;
	struct manifest_file *files; /* every other layer entry, sorted by name */
	size_t file_cnt;
	struct param *params;
	size_t param_cnt;
	struct manifest_kernel *kernels; /* sorted by id */
	size_t kernel_cnt;
	struct manifest_variants *variants; /* in skep.yaml's order */
	size_t variants_cnt;
};

char *manifest_write(const struct manifest *m, size_t *len,
		     struct skep_err *err); /* canonical JSON; caller frees */
int manifest_read(struct manifest **out, const char *json, size_t len, const char *where,
		  struct skep_err *err);
void manifest_release(struct manifest *m); /* frees what it holds, zeroes it */
void manifest_free(struct manifest *m);    /* and itself */

/* The choice that an object is, NULL if it is no variant; *of (may be NULL) is what it is a variant of. Borrowed. */
const struct manifest_choice *manifest_choice(const struct manifest *m,
					      const char *object,
					      const struct manifest_variants **of);

#endif
