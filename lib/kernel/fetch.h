/* SPDX-License-Identifier: BSD-2-Clause */
/* Fetch: a distribution's archive through an apt with a configuration, lists and folders of its own. */
#ifndef LIB_KERNEL_FETCH_H
#define LIB_KERNEL_FETCH_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include <skep/error.h>
#include <skep/kernel.h>

#include "lib/base/arch.h"
#include "lib/base/buf.h"
#include "lib/base/cleanup.h"

/* "debian/bookworm:arm64/cloud", taken apart. */
struct fetch_want {
	char suite[64];
	char flavour[64]; /* "" any */
	const struct arch *arch;
};
int fetch_want(struct fetch_want *w, const char *text, struct skep_err *err);

struct apt {
	const struct skep_kernel_opts *opts;
	const struct fetch_want *want;
	char *dir, *conf, *debs; /* debs: what is downloaded, also in part */
	char *get, *cache;       /* programs */
	int lock; /* also its children's: an apt that outlives us still holds it */
};

/* Find the programs, make the folders, wait for others who use them. -SKEP_ETOOL no apt. */
int apt_open(struct apt *apt, const struct skep_kernel_opts *opts,
	     const struct fetch_want *want, struct skep_err *err);
void apt_close(struct apt *apt);

/*
 * Run a program of apt's to its end, output gathered. conf: with our configuration, else with the system's.
 * progress names what is under way; NULL: nobody is told. *status: its exit status.
 */
struct apt_call {
	const char *const *argv;
	bool conf;
	const char *progress;
	bool among_debs; /* where it works: apt removes what is there of a package it is asked about */
};
int apt_run(const struct apt *apt, const struct apt_call *call, struct buf *out,
	    int *status, struct skep_err *err);
/* The first line in which apt says what went wrong; within size. */
void apt_reason(const struct buf *out, char *line, size_t size);

/* The archive, and the one of its security updates; callers free. */
int fetch_mirror(const struct apt *apt, char **uri, char **security, struct skep_err *err);
/* Bring the lists of the suite, its updates and security updates up to date. */
int fetch_lists(const struct apt *apt, struct skep_err *err);
/* What the suite is called; "stable" is not what a kernel should be filed under. Caller frees. */
int fetch_codename(const struct apt *apt, char **name, struct skep_err *err);

/* A file of a kernel's as the lists describe it. */
struct fetch_file {
	char *uri, *name, *hash; /* "SHA256:…" */
	uint64_t size;
};
struct fetch_files {
	struct fetch_file *all;
	size_t n;
	char flavour[64]; /* that they are of */
};
int fetch_resolve(const struct apt *apt, struct fetch_files *files, struct skep_err *err);
int fetch_download(const struct apt *apt, const struct fetch_files *files,
		   struct skep_err *err);
void fetch_files_release(struct fetch_files *files);

/* Next line of a text, without its end; false when there is none. */
bool fetch_line(const char **text, char *line, size_t size);

#endif
