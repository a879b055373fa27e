/* SPDX-License-Identifier: BSD-2-Clause */
/* Preset: "variable=value" for global variables of an object that is not loaded yet. */
#ifndef LIB_PROVE_PRESET_H
#define LIB_PROVE_PRESET_H

#include <stdbool.h>
#include <stddef.h>

#include <skep/error.h>

struct bpf_object;
struct btf;

/*
 * Integers, bools, enumerators by name, members ("cfg.limit=3") and elements ("ports[2]=80") of scalars. Unknown variables
 * (nearest name), values that do not fit, unsupported types are -SKEP_EUSAGE.
 */
int preset_apply(struct bpf_object *obj, const char *preset, struct skep_err *err);

/* Does an object have the variable that a preset is of; without '=' of that name. */
bool preset_is_of(struct bpf_object *obj, const char *preset);

#endif
