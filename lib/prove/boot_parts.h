/* SPDX-License-Identifier: BSD-2-Clause */
/* Attempt: one start of a guest, from its process to why it ended; shared by the files boot_*.c. */
#ifndef LIB_PROVE_BOOT_PARTS_H
#define LIB_PROVE_BOOT_PARTS_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include <skep/error.h>

#include "lib/base/buf.h"
#include "lib/base/proc.h"
#include "lib/prove/boot.h"
#include "lib/prove/boot_console.h"
#include "lib/prove/frame.h"

struct json_t;

enum attempt_end {
	END_NOT_YET,
	END_DONE,    /* it said so */
	END_EXIT,    /* the process ended first */
	END_HANG,    /* its time is up */
	END_FLOOD,   /* too much on the console */
	END_DAMAGED, /* frames that are not what they should be */
	END_ERROR,   /* it said that it cannot go on */
	END_BAD,     /* it was not even started: no kernel */
};

struct attempt {
	struct boot *boot;
	const struct boot_listener *listener; /* or NULL */
	const struct skep_log *log;           /* or NULL */
	struct proc proc;
	struct frame_reader reader;
	struct console console;
	struct buf problems; /* what QEMU itself says */
	struct skep_err err; /* END_DAMAGED, END_ERROR, END_BAD */
	uint64_t start_ns;
	uint64_t word_ns;    /* the first word must have come by then, 0 once it has */
	uint64_t end_ns;     /* and the last by then */
	unsigned int number; /* 1, 2 */
	size_t proof_cnt;
	enum attempt_end end;
	int status;      /* of the process, as proc_wait() */
	bool first_word; /* that is all that is asked for */
};

uint64_t boot_now_ns(void);

/* boot_attempt.c. After attempt_start() succeeded, attempt_stop() ends and reaps. */
int attempt_start(struct attempt *a, struct skep_err *err);
void attempt_read(struct attempt *a);    /* output is there; sets end */
void attempt_time_up(struct attempt *a); /* sets end if it is */
uint64_t attempt_deadline_ns(const struct attempt *a);
void attempt_stop(struct attempt *a);
void attempt_release(struct attempt *a);

/* boot_hear.c: one message of the guest. */
int boot_hear(struct attempt *a, const struct json_t *m, struct skep_err *err);

/* boot_reason.c: why it failed, into boot's reason and hint. */
void boot_reason(const struct attempt *a);

/* boot_run.c: all of boots, each ended by its first word if that is all that is asked for. */
int boot_run_all(struct boot *boots, size_t n, const struct boot_opts *opts,
		 bool first_word, struct skep_err *err);

#endif
