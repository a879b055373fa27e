/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * Log: how the library speaks while it works; it never prints by itself.
 */
#ifndef SKEP_LOG_H
#define SKEP_LOG_H

#ifdef __cplusplus
extern "C" {
#endif

enum skep_log_level {
	SKEP_LOG_WARN, /* the user should know: "vmlinux.h beside the source shadows ours" */
	SKEP_LOG_INFO, /* progress: one line per step */
	SKEP_LOG_EXPLAIN, /* --explain: one line per decision, with the two values compared */
	SKEP_LOG_DEBUG, /* -v: whole tool output, libbpf's own messages */
};

/* A receiver of lines. @line has no newline and is borrowed for the call. */
struct skep_log {
	void (*line)(void *ctx, enum skep_log_level level, const char *line);
	void *ctx;
};

/**
 * skep_log - send one formatted line to a receiver.
 * @log:   receiver, or NULL for nobody
 * @level: see enum skep_log_level
 * @fmt:   printf format, no newline; lines longer than 4 KiB are cut
 *
 * Since: 0.1
 */
void skep_log(const struct skep_log *log, enum skep_log_level level, const char *fmt, ...)
	__attribute__((format(printf, 3, 4)));

#ifdef __cplusplus
}
#endif

#endif
