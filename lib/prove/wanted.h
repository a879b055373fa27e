/* SPDX-License-Identifier: BSD-2-Clause */
/* Wanted: the modules of a kernel that a guest has to have, because objects name what is in them. */
#ifndef LIB_PROVE_WANTED_H
#define LIB_PROVE_WANTED_H

#include <stdbool.h>
#include <stddef.h>

#include <skep/error.h>

struct btf_index;
struct object;

struct wanted {
	char **modules; /* names, each once; owned */
	size_t n;
};

/* Does an object have programs that see packets of an interface? */
bool wanted_network(const struct object *o);

/* Those of one more object. ix: the kernel's types, of which each module's are told apart. */
int wanted_by_object(struct wanted *w, const struct object *o, const struct btf_index *ix,
		     struct skep_err *err);
/* And those that interfaces and their classifiers are made of. */
int wanted_by_network(struct wanted *w, struct skep_err *err);
/* Is it one of those, which may be built in, and which few kernels lack? */
bool wanted_is_usual(const char *module);
void wanted_release(struct wanted *w);

#endif
