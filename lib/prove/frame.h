/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * Frame: one message of a guest to the host, one line of its console, which the kernel and anything else in the guest
 * writes to as well:
 *
 *	@skep TOKEN SEQUENCE CRC32 PAYLOAD\n
 *
 * TOKEN is the plan's, SEQUENCE counts lines from 0, CRC32 (8 hex digits) is of PAYLOAD, which is base64 of the zlib
 * stream of one JSON object. A line that begins with "@skep " and has another token, sequence or checksum is forged or
 * damaged. Bytes may stand before "@skep " on a line: the kernel writes when it likes. Long payloads are cut into parts, of
 * whole groups of four characters each: all but the last end with one more, '+', before the newline (and in the checksum),
 * and are joined before decoding.
 *
 *	{"say":"ready","release":R,"machine":M,"uptime_ns":N}
 *	{"say":"error","where":W,"what":T,"hint":H}	the guest cannot go on
 *	{"say":"program","object":I,"program":{...}}	as it is done: proof_program_json() without log, for progress
 *	{"say":"event","object":I,"line":L}
 *	{"say":"module","module":FILE,"code":ERRNO}	one that would not load
 *	{"say":"network","code":ERRNO,"what":T}		the interfaces could not be made
 *	{"say":"stimulus","status":N,"timeout":B,"output":TEXT}	128 + signal; its last 16 KiB
 *	{"say":"proof","object":I,"proof":{...}}		whole, as proof_json()
 *	{"say":"done","uptime_ns":N}
 */
#ifndef LIB_PROVE_FRAME_H
#define LIB_PROVE_FRAME_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include <skep/error.h>

#include "lib/base/buf.h"

#define FRAME_PART_MAX    ((size_t)48 << 10) /* of a line */
#define FRAME_PAYLOAD_MAX ((size_t)16 << 20) /* of JSON, decoded */

struct json_t;

/* Guest: append one message to out, as one or more lines; *sequence goes on. */
int frame_write(struct buf *out, const char *token, uint32_t *sequence,
		const struct json_t *message, struct skep_err *err);
/* The same of JSON that is text already. */
int frame_write_text(struct buf *out, const char *token, uint32_t *sequence,
		     const char *json, size_t len, struct skep_err *err);

/* Host: the console as it comes. */
struct frame_reader {
	const char *token;
	int (*message)(void *ctx, const struct json_t *m, struct skep_err *err);
	void (*chatter)(void *ctx, const char *line,
			size_t len); /* all other lines, cut at 4 KiB; or NULL */
	void *ctx;
	uint32_t sequence; /* expected next */
	struct buf line, payload;
	bool skips;  /* the rest of a line that was cut */
	bool framed; /* the line is a frame */
	int broken;  /* what the first error was; further bytes are ignored */
};

/* -SKEP_ECORRUPT forged or damaged (what says which); what message() answers. */
int frame_feed(struct frame_reader *r, const void *data, size_t len, struct skep_err *err);
void frame_reader_release(struct frame_reader *r);

#endif
