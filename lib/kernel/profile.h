/* SPDX-License-Identifier: BSD-2-Clause */
/* Profile: what the library knows of one kernel; its JSON form is drawn at the top of profile.c. */
#ifndef LIB_KERNEL_PROFILE_H
#define LIB_KERNEL_PROFILE_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include <skep/error.h>

#include "lib/base/arch.h"
#include "lib/base/cleanup.h"

#define PROFILE_SCHEMA 1

/* A file the profile was harvested from. */
struct profile_source {
	char *name;   /* of the file, without folders */
	char *digest; /* "sha256:…" */
};

struct profile {
	char *id;      /* "debian/bookworm/x86_64/cloud/6.1.0-56" */
	char *release; /* uname -r: "6.1.0-56-cloud-amd64"; "" unknown, as of raw BTF */
	char *version; /* uname -v: "#1 SMP PREEMPT_DYNAMIC Debian 6.1.192-1 (…)"; NULL unknown */
	const struct arch *arch;
	unsigned int ptr_size;
	bool big_endian;
	char *btf;     /* digest of vmlinux' BTF as it was found */
	char *modules; /* digest of the blob with the modules' split BTF; NULL: none */
	char *config;  /* digest of the kernel's configuration; NULL: unknown */
	char *image;   /* digest of what boots; NULL: there was none */
	char *module_files; /* digest of the modules that guests can load (kept.c); NULL: none */
	struct profile_source *sources;
	size_t source_cnt;
	/* of the canonical JSON of all above but id, module_files and sources: the same kernel, the same digest */
	char *digest;
};

/* Set the digest of what is filled in. */
int profile_seal(struct profile *p, struct skep_err *err);
char *profile_write(const struct profile *p, size_t *len, struct skep_err *err);
int profile_read(struct profile **out, const char *json, size_t len, const char *where,
		 struct skep_err *err);
void profile_free(struct profile *p);

DEFINE_CLEANUP(struct profile *, profile_free)

#endif
