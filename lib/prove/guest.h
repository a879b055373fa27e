/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * Guest: the first process of a guest: makes a system of what there is, does the plan, tells the host, ends the machine.
 *
 * Each object has a process of its own (a member of the crew), so that one that kills libbpf or takes for ever takes no
 * other along. They load one after the other, attach, watch and finish together. Members tell the first process by
 * messages on a socket; it alone has the console.
 */
#ifndef LIB_PROVE_GUEST_H
#define LIB_PROVE_GUEST_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <sys/types.h>

#include <skep/error.h>

#include "lib/base/buf.h"
#include "lib/prove/plan.h"

struct json_t;

#define GUEST_OUTPUT_MAX 16384 /* bytes kept of a stimulus' output: the last */
#define GUEST_EVENTS_MAX 256   /* lines sent of an object's events; all are counted */

/* What it says goes to the console as frames. */
struct guest {
	struct plan *plan;
	char token[PLAN_TOKEN_LEN + 1]; /* the plan's; of a bad one, if that has one */
	int console_fd;
	uint32_t sequence;
	bool network;      /* skep0 is there */
	uint64_t start_ns; /* guest_now() of the first instruction */
};

uint64_t guest_now(void); /* nanoseconds since the kernel started */

/* --- what it is made of; each may fail without the others --- */

/* Mounts: proc, sysfs, devtmpfs, tracefs, bpffs, cgroup2, tmpfs at /tmp and /run. What a kernel lacks stays away. */
void guest_mount(void);
/* The console, raw, so that what is written arrives as it is; standard descriptors are /dev/null. -1: there is none. */
int guest_console(void);
/* No device that leads to the console or to memory has a name any more, and CAP_MKNOD is not given away. */
void guest_hide_devices(void);
/* Interfaces skep0 and, in the namespace /run/netns/peer, skep1: 10.99.0.1/24 and .2, fd99::1/64 and ::2; lo up. */
int guest_network(struct skep_err *err);
int guest_loopback(struct skep_err *err); /* lo up, alone */
int guest_module(const char *path, struct skep_err *err);

/* --- saying --- */

/* Takes the message over. */
void guest_say(struct guest *g, struct json_t *message);
/* {"say":WORD,"object":I,MEMBER:JSON} with JSON as it is. */
void guest_say_of(struct guest *g, const char *word, size_t object, const char *member,
		  const char *json, size_t len);

/* --- things to see --- */

/*
 * Something for programs to run at, when there is no stimulus: in a process of its own a file is written and removed,
 * /init started and told to say how it is used, a datagram and a TCP connection go over lo; with the network a datagram of either family
 * and a TCP connection go from the peer to skep0.
 */
pid_t guest_activity_start(const struct guest *g);

/*
 * The script: root without the capabilities to look into other processes and memory, to load modules, to make devices, to
 * switch off. Its environment: PATH, HOME=/, SKEP_IF the interface that programs are attached to, SKEP_PEER words before a
 * command that is to run at the other end of it. Its standard output and error are kept.
 */
struct guest_stimulus {
	pid_t pid; /* 0: does not run */
	int out_fd;
	struct buf output;
	int status; /* of exit, 128 + signal; -1: not ended */
	bool timeout;
};
int guest_stimulus_start(const struct guest *g, struct guest_stimulus *s,
			 struct skep_err *err);
/* End all processes but the first, the kernel's own and these: what a script started may have left its group and parent. */
void guest_stimulus_kill(const pid_t *keep, size_t n);
void guest_stimulus_drain(struct guest_stimulus *s);
void guest_stimulus_say(struct guest *g, const struct guest_stimulus *s);

/* --- objects --- */

/* What a member says: a word, how many bytes follow, these. */
enum guest_word {
	GUEST_PROGRAM, /* JSON of a program, as it is done */
	GUEST_EVENT,   /* JSON of a line: a string */
	GUEST_LOADED,  /* waits for an order */
	GUEST_ATTACHED,
	GUEST_FINISHED, /* a byte, if a program was refused a place; waits for an order */
	GUEST_DETACHED,
	GUEST_PROOF,   /* JSON of the proof: it is done */
	GUEST_FAILURE, /* text: it cannot go on */
};
struct guest_head {
	uint32_t word, len;
};

/* What a member is told, a byte. */
#define GUEST_ATTACH 'a'
#define GUEST_FINISH 'f'
#define GUEST_DETACH 'd' /* because somebody was refused a place */
#define GUEST_AGAIN  'r' /* whose turn it is: measure_again(), and the proof */
#define GUEST_PROVE  'p' /* the proof */

/* Be a member: does not return. program_ms: limit of one program. */
void guest_member(const struct guest *g, size_t object, int fd, unsigned int program_ms)
	__attribute__((noreturn));

/* Have all objects measured, their proofs said. */
int guest_crew(struct guest *g, struct skep_err *err);

#endif
