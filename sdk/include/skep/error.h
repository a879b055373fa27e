/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * Errors: one fixed-size record that the finder fills, callers annotate and the program renders.
 */
#ifndef SKEP_ERROR_H
#define SKEP_ERROR_H

#ifdef __cplusplus
extern "C" {
#endif

/* code, exit status of a program that ends with it, what it means */
#define SKEP_CODES(X)                                                             \
	X(SKEP_ENO, 1, "the answer is no")                                        \
	X(SKEP_ECOMPILE, 1, "the source does not compile or link")                \
	X(SKEP_EVERIFY, 1, "signature missing, bad, expired or not trusted")      \
	X(SKEP_ECORRUPT, 1, "the bytes are not what their format or digest says") \
	X(SKEP_EREJECTED, 1, "the kernel refused the program")                    \
	X(SKEP_EUSAGE, 2, "misuse: option, argument or combination of them")      \
	X(SKEP_EPROJECT, 2, "error in skep.yaml")                                 \
	X(SKEP_EEXISTS, 2, "the target exists")                                   \
	X(SKEP_EKIND, 2, "wrong kind of file")                                    \
	X(SKEP_ETOOL, 3, "a program that skep calls is missing or broken")        \
	X(SKEP_EFETCH, 3, "a download failed")                                    \
	X(SKEP_EPRIV, 3, "not privileged enough to find out")                     \
	X(SKEP_ETRUST, 3, "the trust store itself cannot be relied on")

enum skep_code {
	SKEP_CODE_BASE = 5000, /* libbpf's own codes begin at 4000 */
#define SKEP_CODE_ENUM(name, status, text) name,
	SKEP_CODES(SKEP_CODE_ENUM)
#undef SKEP_CODE_ENUM
};

struct skep_err {
	int code; /* as returned, made positive; 0 when no error */
	char where[256]; /* "file", "file:line", "file:line:column" or "package@digest"; may be "" */
	char what[512]; /* lower case, no full stop */
	char note[512]; /* one "while ..." or "because ..." line per frame, innermost first */
	char hint[256]; /* what the user can do next; may be "" */
};

/**
 * skep_fail - record what went wrong.
 * @err:  record to fill, or NULL; an already filled one is kept (the finder knows best)
 * @code: errno or enum skep_code, either sign
 * @fmt:  printf format of the text: lower case, no full stop, failure first, subject in quotes
 *
 * Returns -abs(code), so that `return skep_fail(...)` reads as it should.   Since: 0.1
 */
int skep_fail(struct skep_err *err, int code, const char *fmt, ...)
	__attribute__((format(printf, 3, 4)));

/**
 * skep_err_at - say where; the first writer wins.
 * @err:  filled record, or NULL
 * @path: file name or "package@digest"; copied
 * @line: 1-based line, 0 for none
 * @col:  1-based column, 0 for none
 *
 * Returns the record's code, negative; -EINVAL for NULL.   Since: 0.1
 */
int skep_err_at(struct skep_err *err, const char *path, int line, int col);

/**
 * skep_err_hint - say what the user can do next; the first writer wins.
 * @err: filled record, or NULL
 * @fmt: printf format
 *
 * Returns the record's code, negative; -EINVAL for NULL.   Since: 0.1
 */
int skep_err_hint(struct skep_err *err, const char *fmt, ...)
	__attribute__((format(printf, 2, 3)));

/**
 * skep_err_note - add one "while ..." line, innermost first.
 * @err: filled record, or NULL
 * @fmt: printf format; the text begins with "while"
 *
 * Returns the record's code, negative; -EINVAL for NULL.   Since: 0.1
 */
int skep_err_note(struct skep_err *err, const char *fmt, ...)
	__attribute__((format(printf, 2, 3)));

/**
 * skep_err_status - exit status a program should end with.
 * @code: errno or enum skep_code, either sign; 0 is success
 *
 * Returns 0 yes, 1 the answer is no, 2 misuse, 3 could not find out (every errno).   Since: 0.1
 */
int skep_err_status(int code);

#ifdef __cplusplus
}
#endif

#endif
