/* SPDX-License-Identifier: BSD-2-Clause */
/* Attach: programs of a loaded object to where their sections and the caller say, for as long as we live. */
#ifndef LIB_RUN_ATTACH_H
#define LIB_RUN_ATTACH_H

#include <stdbool.h>
#include <stddef.h>

#include <bpf/libbpf.h>

#include <skep/error.h>
#include <skep/log.h>

#include "lib/object/object.h"
#include "lib/run/params.h"

/* One thing held in the kernel; it goes when it is released or when the process dies (tc excepted). */
struct attachment {
	const struct obj_program *program; /* NULL: struct_ops map */
	struct bpf_link *link;
	int *fds; /* sockets, or a link libbpf knows nothing of */
	size_t fd_cnt;
	bool tc; /* the fields below are in use */
	bool qdisc_is_ours;
	struct bpf_tc_hook hook;
	struct bpf_tc_opts filter;
};

struct attachments {
	struct attachment *items;
	size_t cnt;
	const struct params_place *place;
	const struct skep_log *log;
};

/* What an object needs to be told to attach: before anything is loaded. */
struct attach_needs {
	bool ifname, cgroup, pid, path; /* these have a use */
	bool any;                       /* something can be attached */
};

/* Add an object's needs. A parameter that lacks is -SKEP_EUSAGE and names it. */
int attach_check(struct attach_needs *needs, const struct object *o,
		 const struct params_place *place, struct skep_err *err);

int attach_object(struct attachments *a, const struct object *o, struct skep_err *err);

/*
 * Attach one program of a loaded object. Returns 0 it is; 1 it is not for attaching, or a->place does not tell where: *why
 * says so, static. What fails leaves nothing behind.
 */
int attach_program(struct attachments *a, const struct obj_program *p, const char **why,
		   struct skep_err *err);

/* Attach a map of operations with its programs. */
int attach_ops(struct attachments *a, const struct obj_map *m, struct skep_err *err);

/* Detach everything, last first. */
void attach_release(struct attachments *a);

/* Output of an iterator, all of it; caller frees. NULL text: not an iterator. */
int attach_read_iter(const struct attachment *at, char **text, size_t *len,
		     struct skep_err *err);

/* The ways in attach_*.c; each fills in *at or fails. */
int attach_xdp(struct attachments *a, struct attachment *at, struct skep_err *err);
int attach_tc(struct attachments *a, struct attachment *at, struct skep_err *err);
int attach_netkit(struct attachments *a, struct attachment *at, struct skep_err *err);
int attach_socket(struct attachments *a, struct attachment *at, struct skep_err *err);
int attach_cgroup(struct attachments *a, struct attachment *at, struct skep_err *err);
int attach_netns(struct attachments *a, struct attachment *at, struct skep_err *err);
int attach_tracepoint(struct attachments *a, struct attachment *at, struct skep_err *err);
int attach_perf(struct attachments *a, struct attachment *at, struct skep_err *err);
int attach_uprobe(struct attachments *a, struct attachment *at, struct skep_err *err);
int attach_auto(struct attachments *a, struct attachment *at, struct skep_err *err);

/* Take a link over, or fail with errno's text. */
int attach_take(struct attachment *at, struct bpf_link *link, const char *to,
		struct skep_err *err);

/* Keep a descriptor until release; closes it on failure. */
int attach_keep(struct attachment *at, int fd, struct skep_err *err);

/* Process id of the pid parameter, -1 for all. */
int attach_pid(const struct params_place *place, int *pid, struct skep_err *err);

#endif
