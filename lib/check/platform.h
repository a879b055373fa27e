/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * Platform: what else than Linux runs BPF, as sets of names in a file, and an object held against it. The file,
 * share/skep/platforms/NAME.json or any other, is one JSON object; names are those of Linux where Linux has them:
 *
 *	platform    its name, as --platform takes it
 *	title       as people know it: "eBPF for Windows"
 *	source      where the sets were taken from
 *	note        what holds for every object that moves there: a warning in every answer; null: nothing
 *	programs    [{ "type": name, "sections": ["cgroup/connect4" …], "context": [fields] or null (not looked at),
 *	            "helpers": [what only these may call] }]; a section also stands for "SECTION/…"
 *	helpers     what every program may call: ["bpf_map_lookup_elem" …]
 *	maps        map types as libbpf calls them: ["lru_hash" …]
 *	map_fields  types in the values of maps that mean something to it: ["bpf_timer" …]
 *	features    instructions and the like, in the words of facts_feature(): ["32-bit jumps" …], and "packet loads":
 *	            BPF_ABS and BPF_IND
 *	unknown     of those what nobody tells of: programs with them are neither said to load nor to fail
 *	references  of "kconfig", "kfuncs", "ksyms", "relocations", "struct_ops" those that it resolves
 *	limits      { "object_name": longest name of a program or map, "instructions": of one program }; null: none
 *	remedies    { name of a helper, map type, feature, field …: what to do about it }
 *
 * All keys must be there, and no other. Errors have the file's line where it is no JSON, else the key.
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
