/* SPDX-License-Identifier: BSD-2-Clause */
/* Boots: guests started, watched and ended, several at once, none left behind. */
#ifndef LIB_PROVE_BOOT_H
#define LIB_PROVE_BOOT_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include <skep/error.h>
#include <skep/log.h>

#include "lib/base/arch.h"
#include "lib/check/proof.h"
#include "lib/prove/machine.h"

enum boot_state {
	BOOT_WAITS,
	BOOT_RUNS,
	BOOT_DONE,   /* proofs are all there */
	BOOT_FAILED, /* reason says why, also of a guest that said part of what it should */
};

/* One kernel to start; in: as the caller wants it. */
struct boot {
	const char *id; /* of the kernel, for messages */
	const struct arch *arch;
	struct machine_query
		machine; /* arch, qemu, kernel, direct, accel, memory; the rest is filled in */
	const char *image; /* for the second try: the image as the distribution ships it */
	int initrd_fd;
	const char *token; /* the plan's */
	size_t object_cnt; /* proofs expected */
	uint64_t limit_ns; /* for one try: then it hangs */

	/* out; owned by it: boot_release() */
	enum boot_state state;
	char *reason; /* failed: "the kernel panicked: …", "did not boot within 60 s", … */
	char *hint;
	char *release;         /* uname -r, as the guest says */
	struct proof **proofs; /* by object; NULL: not proved */
	char *stimulus;        /* its output; NULL: none ran */
	int stimulus_status;   /* -1: none ran */
	bool stimulus_timeout;
	char *problems; /* what else the guest could not do, lines; NULL none */
	char *serial;   /* path of the kept console; NULL: not kept */
	uint64_t ready_ns, total_ns; /* from start to the first word, to the end */
	unsigned int tries;
};

/* All are called from the thread of boots_run(). Any may be NULL. */
struct boot_listener {
	void (*state)(void *ctx, const struct boot *b);
	void (*program)(void *ctx, const struct boot *b, size_t object,
			const struct proof_program *p);
	void (*event)(void *ctx, const struct boot *b, size_t object, const char *line);
	void *ctx;
};

struct boot_opts {
	unsigned int jobs;      /* at once; 0: number of processors */
	const char *serial_dir; /* where the console of a failed boot is kept; NULL: nowhere */
	int stop_fd;            /* readable: kill all and end with -EINTR; -1 none */
	const struct boot_listener *listener;
	const struct skep_log *log;
};

/*
 * Run all of them; what one guest does is in its boot, and no error. A hang or a panic before its first word is tried
 * once more, on the plain machine. Whatever happens, no process is left: guests die with their parent, too.
 *
 * Errors: -SKEP_ETOOL QEMU cannot be started; -EINTR; errno of the host.
 */
int boots_run(struct boot *boots, size_t n, const struct boot_opts *opts,
	      struct skep_err *err);
void boot_release(struct boot *b);

/*
 * Does KVM start this kernel within a few seconds; it is asked once per QEMU, kernel and boot of the host, the answer kept in
 * cache_dir.
 */
bool boot_kvm_works(const struct boot *b, const char *cache_dir,
		    const struct skep_log *log);

#endif
