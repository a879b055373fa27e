/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * Measure: give an object to the running kernel, each program without the others, and write down what it says. In a
 * guest as on the host.
 */
#ifndef LIB_PROVE_MEASURE_H
#define LIB_PROVE_MEASURE_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include <skep/error.h>
#include <skep/log.h>

#include "lib/check/proof.h"
#include "lib/run/params.h"

/* Called as results come; a negative answer ends the work. */
struct measure_listener {
	int (*program)(void *ctx, const struct proof_program *p, struct skep_err *err);
	int (*event)(void *ctx, const char *line, size_t len, struct skep_err *err);
	void *ctx;
};

/* All that it points to must stay until measure_free(). */
struct measure_query {
	const void *data; /* the object */
	size_t size;
	const char *name, *where; /* of it, for messages */
	const char *const *presets; /* "variable=value" for .rodata, .data, .bss: preset.h */
	size_t preset_cnt;
	bool pass_presets; /* of variables that it does not have: they are another object's */
	const struct params_place *
		place; /* where to attach; NULL members: not told, such programs are not attached */
	bool attach; /* what loads, is attached */
	bool trace; /* the verifier's whole log of programs that load, too: for hot lines */
	size_t log_max; /* bytes kept of a log: head and tail, the middle goes; 0: 1 MiB */
	unsigned int
		program_ms; /* a program that takes longer is given up, refused with ETIME; 0: no limit */
	const char *const *only; /* patterns of fnmatch(3) of names of programs; NULL: all */
	size_t only_cnt;
	const struct measure_listener *listener; /* or NULL */
	const struct skep_log *log;
};

struct measure; /* an object that is loaded and attached */

/*
 * Load. What the kernel refuses is in *proof and no error; -SKEP_EPRIV it refuses everything for lack of
 * privilege. Programs that fail are left out when the rest is loaded for attaching.
 */
int measure_load(struct measure **out, const struct measure_query *q,
		 struct skep_err *err);

/* Attach what can be, start counting runs. */
int measure_attach(struct measure *m, struct skep_err *err);

/* For so long take events and count them, as lines for the listener; stop_fd readable ends it early; -1 none. */
int measure_watch(struct measure *m, uint64_t duration_ns, int stop_fd,
		  struct skep_err *err);

/* Take what is left of events, read the counts. It stays attached: detaching takes the kernel some 40 ms per program. */
int measure_finish(struct measure *m, struct skep_err *err);

/*
 * Two programs may want a place that has room for one. So what was refused a place gets it once more, each program by itself,
 * when all else is detached, that of other objects too. Before that: was any?
 */
bool measure_is_refused(const struct measure *m);
void measure_detach(struct measure *m);
int measure_again(struct measure *m, struct skep_err *err);

const struct proof *measure_proof(const struct measure *m); /* borrowed */
struct proof *measure_take(struct measure *m); /* the same, the caller's now */
void measure_free(struct measure *m);          /* detach, unload; nothing stays behind */

DEFINE_CLEANUP(struct measure *, measure_free)

#endif
