/* SPDX-License-Identifier: BSD-2-Clause */
/* Project: skep.yaml, read and checked. */
#ifndef LIB_BUILD_PROJECT_H
#define LIB_BUILD_PROJECT_H

#include <stdbool.h>
#include <stddef.h>

#include <skep/error.h>

#include "lib/base/arch.h"
#include "lib/build/yaml.h"
#include "lib/package/manifest.h"

struct project_object {
	char *name;    /* C identifier: "exec_watch"; of a variant "exec_watch_ringbuf" */
	char *variant; /* "ringbuf"; NULL: it is none */
	char *base;    /* of a variant: "exec_watch" */
	char **sources; /* relative to the project */
	struct yaml_mark *source_at;
	size_t source_cnt;
	char *mcpu;    /* "v3" */
	char *vmlinux; /* "host", profile id, or path */
	struct yaml_mark vmlinux_at;
	char **cflags;
	size_t cflag_cnt;
	struct yaml_mark at;
	struct project_object *variants; /* only while skep.yaml is read */
	size_t variant_cnt;
};

/* Objects of which each kernel gets one, next to each other, most preferred first. */
struct project_variants {
	char *name;        /* "exec_watch" */
	size_t first, cnt; /* in objects */
};

struct project {
	char *dir;                      /* absolute */
	char *file;                     /* "skep.yaml" as shown in messages */
	char *name, *version, *license; /* license may be NULL */
	const struct arch **archs;
	struct yaml_mark *arch_mark;
	size_t arch_cnt;
	char **kernels;
	struct yaml_mark *kernel_at;
	size_t kernel_cnt;
	struct param *params;
	struct yaml_mark *param_at;
	size_t param_cnt;
	struct project_object *objects; /* variants in the place of what they are of */
	size_t object_cnt;
	struct project_variants *variants;
	size_t variants_cnt;
};

/* Read dir/skep.yaml. Errors carry skep.yaml:line:column and are -SKEP_EPROJECT; absent -SKEP_EUSAGE. */
int project_read(struct project **out, const char *dir, struct skep_err *err);
int project_parse(struct project **out, const char *dir, const char *text, size_t len,
		  struct skep_err *err);
void project_free(struct project *p);

/* Does a parameter set something in an object, or in all variants it is one of? */
bool project_param_is_of(const struct param *param, const struct project_object *o);

/* Record an error of skep.yaml at a place in it; returns -SKEP_EPROJECT. */
int project_fail(const struct project *p, struct yaml_mark at, struct skep_err *err,
		 const char *fmt, ...) __attribute__((format(printf, 4, 5)));

#endif
