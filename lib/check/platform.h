/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * Platform: what else than Linux runs BPF, as sets of names in a file, and an object held against it. The file,
 * PLATFORM.json in share/skep/platforms or anywhere, is one JSON object; names are those of Linux where Linux has them:
 *
 *	platform      its name, as --platform takes it
 *	title         as people know it: "eBPF for Windows"
 *	source        where the sets were taken from
 *	note          what holds for every object that moves there; a warning in every answer; optional
 *	programs      [{ "type": name, "sections": ["cgroup/connect4" …], "context": of contexts, or null,
 *	                 "helpers": [what only these may call] }]; a section also stands for "SECTION/…"
 *	helpers       what every program may call: ["bpf_map_lookup_elem" …]
 *	maps          map types: ["hash" …]
 *	contexts      { name: { "fields": [its fields] } }
 *	instructions  what it runs beyond the first instruction set, in the words of facts_feature(): ["32-bit jumps" …]
 *	references    of "kfuncs", "kconfig", "ksyms", "relocations", "struct_ops", those that it resolves
 *	limits        { "object_name": bytes of a program's or map's name, "stack": bytes, "instructions": per program };
 *	              each optional
 *	remedies      { name of a helper, map type, field …: what to use there }; optional
 *
 * Anything else is an error, with the file's line where the JSON itself is wrong, else with the key.
 */
#ifndef LIB_CHECK_PLATFORM_H
#define LIB_CHECK_PLATFORM_H

#include <stddef.h>

#include <skep/error.h>

#include "lib/check/judge.h"
#include "lib/check/matrix.h"
#include "lib/object/image.h"
#include "lib/object/need.h"

struct platform;

/*
 * A platform by name, of share_dir/platforms, or by file, if it has a '/' or ends in ".json". share_dir NULL:
 * fs_share_dir(). -SKEP_EUSAGE: there is none of that name, with those that there are as a hint; -SKEP_ECORRUPT: the
 * file is wrong.
 */
int platform_open(struct platform **out, const char *name, const char *share_dir,
		  struct skep_err *err);
void platform_free(struct platform *p);

const char *platform_name(const struct platform *p);  /* "windows" */
const char *platform_title(const struct platform *p); /* "eBPF for Windows" */

/* Every string is owned by the answer. */
struct platform_answer {
	enum verdict_word word;      /* of all programs that are loaded by default */
	enum verdict_word *programs; /* by program of the object */
	const char *reason; /* short: of the first failure, unknown or warning; NULL: none */
	struct matrix_finding *findings; /* by program, then source */
	size_t n;
	struct platform_strings *strings;
};

/* Would the source of an object do there? needs are the image's. Errors are of memory, or of what the object is. */
int platform_check(struct platform_answer *out, const struct platform *p,
		   const struct image *im, const struct needs *needs,
		   struct skep_err *err);
void platform_answer_release(struct platform_answer *a);

#endif
