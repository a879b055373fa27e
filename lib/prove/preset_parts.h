/* SPDX-License-Identifier: BSD-2-Clause */
/* What the way to a variable and its value share. */
#ifndef LIB_PROVE_PRESET_PARTS_H
#define LIB_PROVE_PRESET_PARTS_H

#include <stddef.h>
#include <stdint.h>

#include <bpf/btf.h>

#include <skep/error.h>

/* What a path has led to. */
struct preset_place {
	const struct btf *btf;
	const char *path; /* as the user wrote it, for messages */
	uint32_t id;      /* type */
	char *data;       /* of the variable */
	size_t size, off_bits;
	uint32_t bits;      /* of a bit field; else 0 */
	unsigned int looks; /* left: types may be made to be walked for ever */
};

/* What it could have been. Borrowed of the types; items are freed by preset_suggest(). */
struct preset_names {
	const char **items;
	size_t cnt;
};

void preset_add_name(struct preset_names *n, const char *name);

/* Hint at the nearest. Returns -SKEP_EUSAGE. */
int preset_suggest(const struct preset_names *n, const char *word, struct skep_err *err);

/* Without typedefs and qualifiers; NULL for what is not there. */
const struct btf_type *preset_resolve(const struct btf *btf, uint32_t id);

const char *preset_name(const struct btf *btf,
			uint32_t off); /* "" for what is not there */

int preset_beyond(const struct preset_place *p, struct skep_err *err);

/* Write a value. */
int preset_put(const struct preset_place *p, const char *text, struct skep_err *err);

#endif
