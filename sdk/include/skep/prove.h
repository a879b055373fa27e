/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * Proving: real kernels booted and objects loaded into them, each answer held against what skep_check() predicts.
 *
 * The report is that of skep_check(), with these members besides:
 *
 *	  "kernels": [{ …, "boot": { "ms": number, "tries": number, "accel": "tcg"|"kvm"|null,
 *	      "error": string|null, "hint": string|null, "serial": path|null, "problems": [string] }|null }],
 *	  "objects"[]."kernels"[]."proof": { "message": string|null, "programs": [PROGRAM],
 *	      "silent": bool, a stimulus ran and no event came, "buffers": [{ "map", "events": number }] }|null,
 *	  "disagreements": [{ "kernel", "object", "program", "phase": "load"|"attach",
 *	      "predicted": "loads"|"attaches"|"fails", "proven": "loaded"|"attached"|"refused", "reason": string }],
 *	  "growth": [{ "kernel", "object", "program", "what", "before": number, "now": number }],
 *	  "programs": [{ "kernel", "object", "program", "verdict": "loaded"|"refused"|"untried",
 *	      "attach": "attached"|"refused"|"none", "events": number, of all buffers of the object, "runs",
 *	      "insns", "states", "peak_states", "stack", "jited", "time_ns" }],	sorted, filtered, cut as asked
 *	  "proven": true
 *
 *	PROGRAM: { "program", "type": string|null, "load": "loaded"|"refused"|"untried", "errno": name|null,
 *	  "attach": "attached"|"refused"|"none", "attach_message": string|null, "runs": number,
 *	  "stats": { "insns", "states", "peak_states", "stack": bytes, "jited": bytes, "time_ns" },
 *	  "why": { "line", "cause", "remedy", "source": "file:line"|null, "text", "function": string|null, "key": string|null,
 *	           "log": string|null }|null,
 *	  "hot": [{ "source": "file:line"|null, "text", "insns" }] }
 */
#ifndef SKEP_PROVE_H
#define SKEP_PROVE_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include <skep/error.h>
#include <skep/log.h>
#include <skep/report.h>
#include <skep/sign.h>

#ifdef __cplusplus
extern "C" {
#endif

enum skep_accel {
	SKEP_ACCEL_TCG,  /* emulation: works everywhere */
	SKEP_ACCEL_AUTO, /* KVM if a guest comes up under it, else emulation */
	SKEP_ACCEL_KVM,  /* KVM or an error */
};

struct skep_prove_opts {
	size_t sz;             /* sizeof(struct skep_prove_opts) */
	const char *home;      /* of the kernel library */
	const char *cache_dir; /* NULL: no cache, slower */
	const char *guest_dir; /* programs for guests; NULL: ../libexec/skep/guest of the program */
	const char *path_env; /* value of $PATH: where QEMU and busybox are; NULL: the usual folders */
	bool host; /* the running kernel, without a guest; needs its privileges; excludes terms */
	const char *const *terms; /* ids, suites and ranges of the library */
	size_t term_cnt;          /* 0: all that boot */
	unsigned int jobs;        /* guests at once; 0: number of processors */
	uint64_t duration_ns; /* how long programs stay attached, and until what a guest does by itself is done; default 0.1 s */
	uint64_t boot_ns; /* limit of one boot without duration; default 60 s; foreign architectures 180 s */
	const char *stimulus; /* script to run in the guest (with host: here) while programs are attached; its "#!" may be absent */
	uint64_t stimulus_ns; /* its limit; default: the duration that is given, else 30 s */
	bool no_attach;
	enum skep_accel accel;
	unsigned int memory_mib;    /* of a guest; default 512 */
	const char *const *presets; /* "variable=value" for global variables */
	size_t preset_cnt;
	const char *const *programs; /* only these; patterns of fnmatch(3) */
	size_t program_cnt;
	unsigned int
		hot_lines; /* per program: source lines on which the verifier spent most; 0 none */
	bool verbose;                     /* whole verifier logs in the report */
	const char *html, *junit, *sarif; /* files to write as well */
	const char *save;                 /* statistics to write */
	const char *baseline;             /* statistics to compare with */
	unsigned int growth_percent;      /* allowed; default 10; with growth_none: 0 */
	bool growth_none;
	bool record;            /* add the proof to each package */
	const char *key, *cert; /* to sign it with; NULL: unsigned */
	const struct skep_passphrase *passphrase;
	/* events of programs as they come, also from guests; NULL: only counted */
	void (*event)(void *ctx, const char *kernel, const char *object, const char *line);
	/* of each kernel, for people who wait: "boots", "loads 3 of 7", "done", "failed"; NULL */
	void (*progress)(void *ctx, const char *kernel, const char *state);
	void *ctx;
	int stop_fd; /* readable: end all guests, -EINTR; -1 for none (0 is taken for none) */
	const struct skep_log *log;
	bool explain; /* the text tells every finding of the prediction; JSON always does */
	/*
	 * The table of programs. Keys: insns, states, peak, stack, jited, time, runs, events, kernel, object,
	 * program, verdict, attach.
	 */
	bool stats; /* the text has it; with host, sort, filters or top it always does */
	const char *sort; /* "insns-,program": keys with commas, "-" before or behind: the most first; NULL: as in the matrix */
	const char *const *
		filters; /* "insns>1000", "time>=2ms", "verdict=refused", "program=on_*": rows that meet all */
	size_t filter_cnt;
	unsigned int top; /* only so many rows; 0: all */
	char **csv; /* set to the table as CSV (RFC 4180), which the caller frees; NULL: not asked for */
};

enum skep_proof {
	SKEP_PROVEN, /* everything loads, attaches where it was tried, and was predicted so */
	/*
	 * A kernel refused something, disagreed with the prediction, or gets no variant; statistics grew; no event came. What is
	 * SEC("?...") may be refused where that is predicted.
	 */
	SKEP_REFUSED,
	SKEP_UNPROVEN, /* nothing was refused, but a kernel could not be asked, or none was, or not about all */
};

/**
 * skep_prove - boot the kernels and load it.
 * @paths:  BPF objects and packages
 * @n:      number of them, at least 1; all share each boot
 * @opts:   required
 * @report: is filled
 * @answer: of all
 *
 * Needs QEMU, and no privileges but for host. Each program is loaded without the others, so that one that is refused does
 * not hide the rest.
 *
 * Errors: as skep_check(); -SKEP_ETOOL QEMU, busybox or the guest's programs are missing; -SKEP_EPRIV host without
 * privileges; -EINTR stopped; errno of writing.   Since: 0.1
 */
int skep_prove(const char *const *paths, size_t n, const struct skep_prove_opts *opts,
	       struct skep_report *report, enum skep_proof *answer, struct skep_err *err);

/**
 * skep_guest - be the first process of a guest that skep_prove() started.
 *
 * Does not return. Only of use as /init.   Since: 0.1
 */
void skep_guest(void) __attribute__((noreturn));

#ifdef __cplusplus
}
#endif

#endif
