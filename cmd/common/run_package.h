/* SPDX-License-Identifier: BSD-2-Clause */
/* Run: what `skep run` and `skep-run` share: open, verify, say who verified, run. */
#ifndef CMD_COMMON_RUN_PACKAGE_H
#define CMD_COMMON_RUN_PACKAGE_H

#include "cmd/common/cmd.h"

#define RUN_OPTIONS                                                                  \
	"[--duration S] [--json] [--param K=V]... [--trust DIR] [--allow-unsigned] " \
	"[--ignore-expiry] [--verifier auto|kernel|user] [--btf auto|package|FILE]"

#define RUN_DETAILS                                                                                         \
	"A package is verified, loaded and attached; its events are printed as they come. On\n"             \
	"Ctrl-C, SIGTERM, at the end of --duration or on any error everything is detached; then\n"          \
	"its maps are printed. --help behind a package lists its parameters.\n"                             \
	"\n"                                                                                                \
	"Parameters for attaching, where programs need them: ifname=NAME (xdp, tc, socket),\n"              \
	"cgroup=PATH, pid=N (perf_event, uprobe), path=BINARY:FUNCTION (uprobe) or =NETNS.\n"               \
	"\n"                                                                                                \
	"With --json, the first member of every line says what it is: {\"skep\":\"event\",\"map\":M,\n"     \
	"fields} (or \"hex\" without a type), {\"skep\":\"entry\",\"map\",\"key\",\"value\"}, {\"skep\":\n" \
	"\"histogram\",\"map\",\"hist\",\"unit\",\"slots\"}, {\"skep\":\"global\",\"global\",\"value\"},\n" \
	"{\"skep\":\"line\",\"program\",\"line\"}, {\"skep\":\"map\",\"map\",\"empty\" or \"more\"}."

/*
 * Builds the project in a folder and yields the package's file name, which the caller frees. NULL in
 * a program that cannot build.
 */
typedef int (*run_build_fn)(const char *folder, const struct cmd_common *common,
			    char **package, struct skep_err *err);

int run_package(const struct cmd *cmd, int argc, char **argv, run_build_fn build,
		struct skep_err *err);

#endif
