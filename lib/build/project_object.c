/* SPDX-License-Identifier: BSD-2-Clause */
/* One object of skep.yaml: sources, mcpu, vmlinux, cflags; for variants see project_variant.c. */
#include "lib/build/project_keys.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "lib/base/cleanup.h"
#include "lib/base/text.h"

/* Names that would not compile as `struct NAME` in the skeleton. */
static const char *const keywords[] = {
	"auto",      "break",     "case",     "char",     "const",   "continue",
	"default",   "do",        "double",   "else",     "enum",    "extern",
	"float",     "for",       "goto",     "if",       "inline",  "int",
	"long",      "return",    "register", "restrict", "short",   "signed",
	"sizeof",    "static",    "struct",   "switch",   "typedef", "union",
	"unsigned",  "void",      "volatile", "while",    "class",   "new",
	"delete",    "namespace", "template", "this",     "private", "public",
	"protected", "operator",
};

/* Flags that would break the object, its digest or what skep knows of it, and why. */
static const struct {
	const char *prefix, *why;
} refused_flags[] = {
	{ "-flto", "it makes LLVM bitcode instead of an object" },
	{ "-fvisibility", "it makes maps static, which libbpf refuses" },
	{ "-fsanitize", "the kernel has no sanitiser" },
	{ "-fprofile", "the kernel keeps no profile" },
	{ "-fcoverage", "the kernel keeps no profile" },
	{ "--coverage", "the kernel keeps no profile" },
	{ "-fcf-protection", "BPF has no such instructions" },
	{ "-fstack-protector", "BPF has no stack protector" },
	{ "-fplugin", "its result would not depend on the sources alone" },
	{ "-fmodules", "its result would not depend on the sources alone" },
	{ "-fembed-bitcode", "it adds bitcode to the object" },
	{ "-ffile-prefix-map", "skep sets it" },
	{ "-fdebug-", "skep sets it" },
	{ "-fcrash-diagnostics", "it writes files elsewhere" },
	{ "-fsave-optimization-record", "it writes files elsewhere" },
	{ "-march", "'mcpu' sets it" },
	{ "-mcpu", "'mcpu' sets it" },
	{ "-O0", "the kernel refuses what clang makes of it" },
	{ "-g", "skep sets it: BTF comes with -g" },
};

/* What is left may only change how the source is read, warned about and optimised. */
static const char *const allowed_flags[] = {
	"-D",      "-U",         "-I",       "-W",       "-w",
	"-O",      "-f",         "-m",       "-std=",    "-isystem",
	"-iquote", "-idirafter", "-include", "-imacros", "-pedantic",
};

static bool begins(const char *s, const char *prefix)
{
	return !strncmp(s, prefix, strlen(prefix));
}

static bool takes_word(const char *flag)
{
	static const char *const flags[] = { "-D",       "-U",       "-I",
					     "-isystem", "-iquote",  "-idirafter",
					     "-include", "-imacros", "-mllvm" };

	for (size_t i = 0; i < ARRAY_SIZE(flags); i++)
		if (!strcmp(flag, flags[i]))
			return true;
	return false;
}

static int check_flag(const struct project *p, const struct yaml_node *n,
		      struct skep_err *err)
{
	const char *flag = n->text;

	for (size_t i = 0; i < ARRAY_SIZE(refused_flags); i++)
		if (begins(flag, refused_flags[i].prefix))
			return project_fail(p, n->at, err,
					    "flag '%.64s' cannot be used: %s", flag,
					    refused_flags[i].why);
	if (begins(flag, "-Wl,") || begins(flag, "-Wa,") || begins(flag, "-Wp,"))
		return project_fail(p, n->at, err, "flag '%.64s' cannot be used: %s",
				    flag, "it is for other tools than the compiler");
	for (size_t i = 0; i < ARRAY_SIZE(allowed_flags); i++)
		if (begins(flag, allowed_flags[i]))
			return 0;
	project_fail(p, n->at, err, "flag '%.64s' cannot be used", flag);
	return skep_err_hint(
		err, "flags that define, include, warn, optimise or begin with -f "
		     "or -m can");
}

static int read_cflags(struct project *p, const struct yaml_node *n, void *to,
		       struct skep_err *err)
{
	struct project_object *o = to;
	int rc = project_list(p, n, &o->cflags, &o->cflag_cnt, err);

	for (const struct yaml_node *c = n->child; c && !rc; c = c->next) {
		rc = check_flag(p, c, err);
		if (rc || !takes_word(c->text))
			continue;
		if (!c->next)
			return project_fail(p, c->at, err, "flag '%s' lacks its value",
					    c->text);
		c = c->next;
	}
	return rc;
}

static bool is_inside(const char *path)
{
	if (*path == '/' || *path == '-')
		return false;
	for (const char *s = path; *s;) {
		size_t n = strcspn(s, "/");

		if (!n || (n == 1 && s[0] == '.') ||
		    (n == 2 && s[0] == '.' && s[1] == '.'))
			return false;
		s += n;
		if (*s == '/' && !*++s)
			return false;
	}
	return true;
}

static int check_source(const struct project *p, const struct project_object *o, size_t i,
			struct skep_err *err)
{
	const char *source = o->sources[i];
	size_t n = strlen(source);

	if (!is_inside(source) || n > 200)
		return project_fail(
			p, o->source_at[i], err,
			"source '%.64s' is not a plain path inside the project", source);
	if (n < 3 || strcmp(source + n - 2, ".c"))
		return project_fail(p, o->source_at[i], err,
				    "source '%.64s' is not a .c file", source);
	for (size_t j = 0; j < i; j++)
		if (!strcmp(source, o->sources[j]))
			return project_fail(p, o->source_at[i], err,
					    "source '%.64s' is given twice", source);
	return 0;
}

static int read_sources(struct project *p, const struct yaml_node *n, void *to,
			struct skep_err *err)
{
	struct project_object *o = to;
	size_t i = 0;
	int rc = project_list(p, n, &o->sources, &o->source_cnt, err);

	if (rc)
		return rc;
	o->source_at = calloc(o->source_cnt + 1, sizeof(*o->source_at));
	if (!o->source_at)
		return skep_fail(err, ENOMEM, "out of memory");
	for (const struct yaml_node *c = n->child; c && !rc; c = c->next) {
		o->source_at[i] = c->at;
		rc = check_source(p, o, i++, err);
	}
	return rc;
}

static int read_mcpu(struct project *p, const struct yaml_node *n, void *to,
		     struct skep_err *err)
{
	struct project_object *o = to;
	int rc = project_text(p, n, &o->mcpu, err);

	if (!rc && (strlen(o->mcpu) != 2 || o->mcpu[0] != 'v' || o->mcpu[1] < '1' ||
		    o->mcpu[1] > '4'))
		return project_fail(p, n->at, err,
				    "'mcpu' wants v1, v2, v3 or v4, not '%.64s'",
				    o->mcpu);
	return rc;
}

static int read_vmlinux(struct project *p, const struct yaml_node *n, void *to,
			struct skep_err *err)
{
	struct project_object *o = to;

	o->vmlinux_at = n->at;
	return project_text(p, n, &o->vmlinux, err);
}

const struct project_key project_object_keys[] = {
	{ "variants", YAML_MAP, project_variants_read },
	{ "sources", YAML_LIST, read_sources },
	{ "mcpu", YAML_SCALAR, read_mcpu },
	{ "vmlinux", YAML_SCALAR, read_vmlinux },
	{ "cflags", YAML_LIST, read_cflags },
	{ 0 },
};

int project_object_init(struct project *p, struct project_object *o, const char *name,
			struct yaml_mark at, struct skep_err *err)
{
	o->at = at;
	o->name = strdup(name);
	if (!o->name)
		return skep_fail(err, ENOMEM, "out of memory");
	for (char *s = o->name; *s; s++)
		*s = *s == '-' ? '_' : *s;
	if (!text_is_name(name) || !text_is_cident(o->name))
		return project_fail(
			p, at, err,
			"name '%.64s' is not made of a-z, 0-9 and '-', beginning with "
			"a letter, at most 63",
			name);
	for (size_t i = 0; i < ARRAY_SIZE(keywords); i++)
		if (!strcmp(o->name, keywords[i]))
			return project_fail(p, at, err, "name '%s' is a word of C", name);
	return 0;
}

/* Defaults, and what must be there. */
int project_object_check(struct project *p, struct project_object *o, struct skep_err *err)
{
	if (o->variant_cnt)
		return 0; /* each is checked when it is complete */
	if (!o->source_cnt && o->variant)
		return project_fail(p, o->at, err, "variant '%s' of '%s' has no sources",
				    o->variant, o->base);
	if (!o->source_cnt)
		return project_fail(p, o->at, err, "object '%s' has no sources", o->name);
	if (!o->mcpu)
		o->mcpu = strdup("v3");
	if (!o->vmlinux)
		o->vmlinux = strdup("host");
	return o->mcpu && o->vmlinux ? 0 : skep_fail(err, ENOMEM, "out of memory");
}

void project_object_release(struct project_object *o)
{
	project_list_free(o->sources, o->source_cnt);
	project_list_free(o->cflags, o->cflag_cnt);
	for (size_t i = 0; i < o->variant_cnt; i++)
		project_object_release(&o->variants[i]);
	free(o->variants);
	free(o->source_at);
	free(o->name);
	free(o->variant);
	free(o->base);
	free(o->mcpu);
	free(o->vmlinux);
}
