/* SPDX-License-Identifier: BSD-2-Clause */
/* Clang's flags: fixed ones, those of the target, those of skep.yaml. */
#include "lib/build/clang.h"

#include <string.h>

#include "lib/base/cleanup.h"

/*
 * -mcpu is always given, as its default differs between versions of clang; -fno-ident and the
 * prefix maps keep the object free of this machine; -fms-extensions is for vmlinux.h of Linux 6.19
 * and later; tagged anonymous members would vanish without.
 */
static const char *const fixed[] = {
	"-g",
	"-O2",
	"-std=gnu11",
	"-fno-stack-protector",
	"-fms-extensions",
	"-Wno-microsoft-anon-tag",
	"-Wall",
	"-Wextra",
	"-Wno-unused-parameter",
	"-Wno-compare-distinct-pointer-types",
	"-Wno-unknown-attributes",
	"-Wno-address-of-packed-member",
	"-Wno-unknown-warning-option",
	"-Werror=implicit-function-declaration",
	"-Werror=undef",
	"-Werror=date-time",
	"-fno-ident",
	"-fdebug-compilation-dir=.",
};

/* Flags of skep.yaml that name places, alone or with the next word. */
static const char *const place_flags[] = { "-I",         "-isystem", "-iquote",
					   "-idirafter", "-include", "-imacros" };

static bool names_place(const char *flag, bool *next)
{
	for (size_t i = 0; i < ARRAY_SIZE(place_flags); i++)
		if (!strncmp(flag, place_flags[i], strlen(place_flags[i]))) {
			*next = !flag[strlen(place_flags[i])];
			return true;
		}
	return false;
}

void clang_plain_flags(struct words *argv, const struct clang_target *t)
{
	const struct project_object *o = t->object;

	words_fmt(argv, "--target=%s", t->arch->big_endian ? "bpfeb" : "bpfel");
	words_fmt(argv, "-mcpu=%s", o->mcpu);
	for (size_t i = 0; i < ARRAY_SIZE(fixed); i++)
		words_add(argv, fixed[i]);
	for (size_t i = 0; i < o->cflag_cnt; i++) {
		bool next = false;

		if (!names_place(o->cflags[i], &next))
			words_add(argv, o->cflags[i]);
		i += next;
	}
}

/* The last map that fits counts: the more particular places come later. */
static void add_places(struct words *argv, const struct clang_target *t)
{
	words_fmt(argv, "-ffile-prefix-map=%s=.", t->project);
	words_fmt(argv, "-ffile-prefix-map=%s=gen", t->gen);
	words_fmt(argv, "-ffile-prefix-map=%s=skep", t->share);
	words_fmt(argv, "-I%s", t->gen);
	for (size_t i = 0; i < t->object->cflag_cnt; i++) {
		bool next = false;

		if (!names_place(t->object->cflags[i], &next))
			continue;
		words_add(argv, t->object->cflags[i]);
		if (next && i + 1 < t->object->cflag_cnt)
			words_add(argv, t->object->cflags[++i]);
	}
	words_add(argv, "-isystem");
	words_fmt(argv, "%s/bpf", t->share);
	words_add(argv, "-isystem");
	words_fmt(argv, "%s/libbpf", t->share);
	words_add(argv, "-idirafter");
	words_fmt(argv, "/usr/include/%s", t->arch->triplet);
}

void clang_flags(struct words *argv, const struct clang *c, const struct clang_target *t)
{
	words_add(argv, c->path);
	clang_plain_flags(argv, t);
	words_fmt(argv, "-D__TARGET_ARCH_%s", t->arch->srcarch);
	add_places(argv, t);
}
