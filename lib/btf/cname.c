/* SPDX-License-Identifier: BSD-2-Clause */
/* C names of types, by libbpf's dumper; inline definitions are brought onto one line. */
#include "lib/btf/cname.h"

#include <ctype.h>
#include <stdlib.h>

#include <bpf/btf.h>

#include "lib/base/buf.h"
#include "lib/btf/messages.h"

struct cname {
	struct btf_dump *dump;
	struct buf out;
};

static void append(void *ctx, const char *fmt, va_list ap)
{
	struct cname *c = ctx;

	buf_vfmt(&c->out, fmt, ap);
}

struct cname *cname_new(const struct btf *btf)
{
	struct cname *c = calloc(1, sizeof(*c));

	if (!c)
		return NULL;
	c->dump = btf_dump__new(btf, append, c, NULL);
	if (!c->dump) {
		free(c);
		return NULL;
	}
	return c;
}

void cname_free(struct cname *c)
{
	if (!c)
		return;
	btf_dump__free(c->dump);
	buf_release(&c->out);
	free(c);
}

/* "struct {\n\tint a;\n}" -> "struct { int a; }" */
static void one_line(char *s)
{
	char *to = s;

	for (; *s; s++) {
		if (!isspace((unsigned char)*s))
			*to++ = *s;
		else if (!isspace((unsigned char)s[1]))
			*to++ = ' ';
	}
	*to = '\0';
}

char *cname_declare(struct cname *c, uint32_t id, const char *name)
{
	LIBBPF_OPTS(btf_dump_emit_type_decl_opts, opts, .field_name = name ? name : "");
	struct messages m;
	char *text;
	int ret;

	messages_begin(&m, NULL);
	ret = btf_dump__emit_type_decl(c->dump, id, &opts);
	messages_end(&m);
	text = buf_take(&c->out, NULL);
	if (ret) {
		free(text);
		return NULL;
	}
	if (text)
		one_line(text);
	return text;
}
