/* SPDX-License-Identifier: BSD-2-Clause */
/* What the parts of the scanner share: names, tokens, macros, files. */
#ifndef LIB_BTF_SCAN_PARTS_H
#define LIB_BTF_SCAN_PARTS_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include <skep/error.h>

#include "lib/base/buf.h"
#include "lib/btf/scan.h"

#define SCAN_MAX_BYTES    ((size_t)64 << 20) /* of all files */
#define SCAN_MAX_FILES    4096
#define SCAN_MAX_INCLUDES 65536
#define SCAN_MAX_DEPTH    128 /* of includes */
#define SCAN_MAX_TOKENS   (16u << 20)

/* Names that mean something to the scanner, interned first. */
enum scan_known {
	KNOWN_STRUCT,
	KNOWN_UNION,
	KNOWN_ENUM,
	KNOWN_KEYWORDS, /* number of those that go before a tag */
	KNOWN_DEFINE = KNOWN_KEYWORDS,
	KNOWN_INCLUDE,
	KNOWN_INCLUDE_NEXT,
	KNOWN_IMPORT,
	KNOWN_OFFSETOF, /* of the compiler's headers, which are not read */
	KNOWN_OFFSETOF_BUILTIN,
	KNOWN_TYPE_INFO, /* what type-based relocations are made with */
	KNOWN_TYPE_ID,
	KNOWN_VA_ARGS,
	KNOWN_EXTERN,
	KNOWN_KSYM,
	KNOWN_CNT
};

/* Tokens: characters, these, and from TOK_NAME names. */
enum scan_token {
	TOK_END = 1,
	TOK_ARROW,
	TOK_PASTE,
	TOK_DOTS,
	TOK_NUMBER,
	TOK_TEXT,
	TOK_PARAM,  /* of the macro whose body this is in */
	TOK_WEAK,   /* here begins, or goes on, a file of libbpf's */
	TOK_STRONG, /* … of the user's */
	TOK_NAME = 256,
};

struct scan_name {
	uint32_t at, len; /* in text; NUL-terminated there */
	uint32_t macro;   /* the last one of that name, counted from 1 */
	uint32_t file;    /* of that path, counted from 1 */
	uint8_t use;
	uint8_t done; /* the part of use whose consequences are known */
	bool queued;
	bool argument; /* is handed to a macro */
	bool function; /* a macro with parameters */
	bool alias;    /* a macro that ends like one, whose arguments may follow */
	bool tagger;   /* a macro that ends with struct, union or enum */
	bool early;    /* a macro that changes the words of vmlinux.h */
	bool absent;   /* there is no file of that path */
	bool declared; /* as struct or union, in libbpf's headers */
};

/* What a name stands for: a macro's body, or what else using it uses. */
struct scan_macro {
	uint32_t first, cnt; /* tokens */
	uint32_t next;       /* of the same name, counted from 1 */
	bool weak;           /* libbpf's */
	bool args;           /* has parameters */
};

struct scan_path {
	char *path;
	bool early; /* before vmlinux.h */
};

struct scan_paths {
	struct scan_path *v;
	size_t n, cap;
};

struct scan_tokens {
	uint32_t *v;
	size_t n, cap;
};

struct scan {
	struct buf text;
	struct scan_name *names;
	size_t name_cnt, name_cap;
	uint32_t *slots;
	uint32_t mask;
	struct scan_macro *macros;
	size_t macro_cnt, macro_cap;
	struct scan_tokens tokens; /* of all files in the order of inclusion */
	struct scan_tokens bodies; /* of all macros */
	struct scan_tokens queue;  /* names whose use has consequences */
	struct scan_tokens args;   /* names that are handed to macros */
	struct scan_paths files, absent;
	size_t bytes, includes;
	bool vague;
	bool early;  /* vmlinux.h has not been included yet: macros change its words */
	bool pastes; /* a macro of the user's puts names together that cannot be told */
	int err;     /* 0 or the first -ENOMEM */
};

/* The number of a name, which is made if it is new; 0 and err set without memory. */
uint32_t scan_intern(struct scan *s, const char *name, size_t len);
bool scan_lookup(const struct scan *s, const char *name, size_t len, uint32_t *id);
bool scan_grow(struct scan *s, void *array, size_t n, size_t *cap, size_t size);
void scan_push(struct scan *s, struct scan_tokens *t, uint32_t token);
void scan_add_path(struct scan *s, struct scan_paths *p, const char *path);

/* Name stands for cnt tokens of bodies from first. */
struct scan_macro *scan_add_macro(struct scan *s, uint32_t name, uint32_t first,
				  uint32_t cnt);

/* Characters to tokens. */
struct scan_lexer {
	struct scan *s;
	const char *p, *end; /* NUL beyond end */
	bool directive;      /* a line ends it */
	bool fresh;          /* nothing of the line has been seen */
	bool tag;            /* the last token was struct, union or enum */
};
uint32_t scan_lex(struct scan_lexer *l);
/* Read the rest of "#define": name, parameters, body. */
void scan_define(struct scan_lexer *l, bool weak);
/* The text of "…" or <…> ahead, borrowed; 0 if neither is there. */
size_t scan_lex_include(struct scan_lexer *l, const char **name, bool *angle);

/* From tokens to uses. */
void scan_resolve(struct scan *s);

#endif
