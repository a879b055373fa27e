/* SPDX-License-Identifier: BSD-2-Clause */
/* Doctor: programs and libraries of the toolchain. */
#include "lib/run/checkup.h"

#include <ctype.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/utsname.h>

#include <bpf/libbpf.h>

#include "lib/base/cleanup.h"
#include "lib/base/fs.h"
#include "lib/base/proc.h"
#include "lib/base/text.h"

#define CLANG_NEWEST 40 /* looked for as clang-40, as building does */
#define CLANG_OLDEST 14

/* First line of what `program argument` says; caller frees; NULL if it cannot be had. */
static char *ask(const char *program, const char *argument)
{
	const char *const argv[] = { program, argument, NULL };
	struct buf out = { 0 };
	char *line = NULL;
	int status;

	if (!proc_run(argv, &out, &status, NULL) && !status && out.data)
		line = strndup(out.data, strcspn(out.data, "\n"));
	buf_release(&out);
	return line;
}

/* Where the first digit of a version is. */
static const char *version_in(const char *line)
{
	while (*line && !(isdigit((unsigned char)*line)))
		line++;
	return line;
}

/* Newest of clang and clang-NN; its path, caller frees. */
static char *find_clang(const char *path_env, int *major)
{
	char *best = fs_find_program("clang", path_env);
	_cleanup_free_ char *line = best ? ask(best, "--version") : NULL;

	*major = line ? atoi(version_in(line)) : 0;
	for (int n = CLANG_NEWEST; n > *major && n >= CLANG_OLDEST; n--) {
		_cleanup_free_ char *name = text_fmt("clang-%d", n);
		char *path = name ? fs_find_program(name, path_env) : NULL;

		if (!path)
			continue;
		free(best);
		best = path;
		*major = n;
	}
	return best;
}

static void check_clang(struct checkup *c)
{
	int major;
	_cleanup_free_ char *path = find_clang(c->path_env, &major);
	_cleanup_free_ char *line = path ? ask(path, "--version") : NULL;
	_cleanup_free_ char *found = NULL;

	if (line)
		found = text_fmt("%.*s (%s)", (int)strcspn(version_in(line), " ("),
				 version_in(line), path);
	if (!line)
		checkup_add(c, VERDICT_LACKING, "clang", "not found",
			    "nothing can be built",
			    "apt install clang, or clang 14 or newer of another source");
	else if (major < CLANG_OLDEST)
		checkup_add(c, VERDICT_LACKING, "clang", found,
			    "no BTF decl tags, so no events and no histograms",
			    "install clang 14 or newer");
	else if (major < 18)
		checkup_add(c, VERDICT_NOTE, "clang", found,
			    "no -mcpu=v4; cuts 64-bit enumerators before 16",
			    "install clang 19, which is used if it is there");
	else
		checkup_add(c, VERDICT_OK, "clang", found, NULL, NULL);
}

static char *find_tool(const char *name, const char *path_env)
{
	char *path = fs_find_program(name, path_env);

	return path ? path : fs_find_program(name, "/usr/sbin:/sbin");
}

static void check_tool(struct checkup *c, const char *name, const char *argument,
		       const char *package, const char *cost)
{
	_cleanup_free_ char *path = find_tool(name, c->path_env);
	_cleanup_free_ char *line = path ? ask(path, argument) : NULL;
	_cleanup_free_ char *found =
		line ? text_fmt("%.*s (%s)", (int)strcspn(version_in(line), " "),
				version_in(line), path)
		     : NULL;
	_cleanup_free_ char *remedy = text_fmt("apt install %s", package);

	checkup_add(c, line ? VERDICT_OK : VERDICT_NOTE, name, line ? found : "not found",
		    cost, remedy);
}

/* The QEMU of this machine's own architecture: those of others are as good, and seldom there. */
static void check_guests(struct checkup *c)
{
	struct utsname u;
	const char *package = "qemu-system-misc";
	_cleanup_free_ char *qemu = NULL;

	if (uname(&u))
		return;
	if (!strcmp(u.machine, "x86_64"))
		package = "qemu-system-x86";
	else if (!strcmp(u.machine, "aarch64"))
		package = "qemu-system-arm";
	else if (!strcmp(u.machine, "ppc64le"))
		package = "qemu-system-ppc";
	qemu = text_fmt("qemu-system-%s",
			strcmp(u.machine, "ppc64le") ? u.machine : "ppc64");
	if (qemu)
		check_tool(c, qemu, "--version", package,
			   "skep prove cannot start kernels");
	check_tool(c, "busybox", "--help", "busybox-static",
		   "a stimulus of skep prove has no shell in its guest");
}

void checkup_tools(struct checkup *c)
{
	check_clang(c);
	checkup_add(c, VERDICT_OK, "libbpf", libbpf_version_string(), NULL, NULL);
	check_tool(c, "bpftool", "version", "bpftool",
		   "nothing for skep; it is the tool to look at what is loaded");
	check_tool(c, "pahole", "--version", "dwarves",
		   "no BTF can be made for kernels that come without it");
	check_guests(c);
}
