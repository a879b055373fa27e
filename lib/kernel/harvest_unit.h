/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * Unit: one package, folder or file while it is read. What is found is kept by release, and becomes part of
 * the whole harvest when the unit ends. Jobs of the crew add to it, too.
 */
#ifndef LIB_KERNEL_HARVEST_UNIT_H
#define LIB_KERNEL_HARVEST_UNIT_H

#include <pthread.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include <skep/error.h>

#include "lib/kernel/harvest.h"
#include "lib/kernel/harvest_crew.h"
#include "lib/kernel/harvest_stream.h"

/* Limits, for what is hostile. */
#define HARVEST_MAX_UNPACKED \
	((uint64_t)8 << 30) /* of one archive, as -dbg packages are */
#define HARVEST_MAX_PARTS   ((uint64_t)16 << 30) /* of all that is packed in one file */
#define HARVEST_MAX_KEPT    ((uint64_t)2 << 30)  /* of all kernels of one call */
#define HARVEST_MAX_ENTRIES ((size_t)1 << 18)    /* members of an archive */
#define HARVEST_MAX_IMAGE   ((size_t)256 << 20)  /* vmlinuz */
#define HARVEST_MAX_PAYLOAD ((size_t)512 << 20)  /* and what it unpacks to */
#define HARVEST_MAX_MODULE  ((size_t)256 << 20)  /* unpacked; each thread may hold one */
#define HARVEST_MAX_TEXT    ((size_t)16 << 20)   /* configuration, changelog, control */

/* The whole of a call. */
struct gather {
	const struct harvest_opts *opts;
	struct crew *crew;
	struct harvest_set *set;
	_Atomic uint64_t kept;
	pthread_mutex_t
		image_lock; /* one image at a time: each may take HARVEST_MAX_PAYLOAD */
};

/* What a look into an image or vmlinux tells. */
struct facts {
	char *release, *version;
	const struct arch *arch;
	unsigned int ptr_size;
	bool big_endian;
	struct harvest_blob btf, config;
	char *why_no_btf;
};

void facts_release(struct facts *facts);
void facts_arch(struct facts *facts, const struct arch *arch); /* and what follows */

struct unit {
	struct gather *gather;
	pthread_mutex_t lock;
	struct budget budget; /* for unpacking */
	struct harvest_set found;
	struct harvest_source source; /* owned */
	const char *path;             /* of the file, borrowed; NULL: a folder */
	/* what the package says of itself; owned */
	const struct arch *arch;
	char *release, *package_version, *distro, *suite;
};

void unit_init(struct unit *u, struct gather *gather);
void unit_release(struct unit *u);

/* Each takes over what it is given, also on failure. release NULL or "": what the content or unit says. */
int unit_add_facts(struct unit *u, const char *release, struct facts *facts,
		   struct skep_err *err);
int unit_add_image(struct unit *u, const char *release, struct harvest_blob *image,
		   struct skep_err *err);
int unit_add_config(struct unit *u, const char *release, struct harvest_blob *config,
		    struct skep_err *err);
int unit_add_module(struct unit *u, const char *release, struct harvest_blob *module,
		    struct skep_err *err);
int unit_add_file(struct unit *u, const char *release, struct harvest_blob *file,
		  struct skep_err *err);

/* Join what was found to the harvest. *any: there was something of a kernel. */
int unit_finish(struct unit *u, bool *any, struct skep_err *err);

#endif
