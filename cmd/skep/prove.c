/* SPDX-License-Identifier: BSD-2-Clause */
/* skep prove: boot the kernels and load it. */
#include "cmd/skep/prove.h"

static int run(const struct cmd *cmd, int argc, char **argv, struct skep_err *err)
{
	struct prove_wish w = { .opts.sz = sizeof(w.opts), .growth = GROWTH };
	struct skep_prove_opts *o = &w.opts;
	const struct opt table[] = {
		OPT_LIST(0, "kernel", &w.kernels, "ID",
			 "of the library: id, prefix, suite or \">=5.15\""),
		OPT_FLAG(0, "all", &w.all, "all kernels of the library: the default"),
		OPT_FLAG(0, "host", &o->host, "the running kernel; needs its privileges"),
		OPT_UINT('j', "jobs", &w.jobs, "N", "guests at once; default: processors"),
		OPT_STRING(0, "duration", &w.duration, "S",
			   "how long programs stay attached; default 100ms"),
		OPT_STRING(0, "stimulus", &o->stimulus, "SCRIPT",
			   "run it in the guest meanwhile; events must come of it"),
		OPT_LIST(0, "set", &w.presets, "VAR=VALUE",
			 "give a global variable a value"),
		OPT_LIST(0, "program", &w.programs, "PATTERN",
			 "only these programs, as in \"on_*\""),
		OPT_FLAG(0, "no-attach", &o->no_attach, "load only"),
		OPT_CHOICE(0, "accel", &w.accel, "tcg|auto|kvm", "default tcg: emulate"),
		OPT_UINT(0, "memory", &w.memory, "MIB", "of each guest; default 512"),
		OPT_STRING(
			0, "timeout", &w.timeout, "S",
			"limit of one boot; default 60; other architectures get thrice that"),
		OPT_FLAG(0, "events", &w.events, "print events as they come"),
		OPT_FLAG(0, "record", &o->record, "add the proof to each package"),
		OPT_STRING(0, "key", &o->key, "K", "sign it with this key"),
		OPT_STRING(0, "cert", &o->cert, "C", "and its certificate"),
		OPT_STRING(0, "save", &o->save, "FILE", "keep the verifier's statistics"),
		OPT_STRING(0, "baseline", &o->baseline, "FILE",
			   "compare with what --save kept"),
		OPT_UINT(0, "growth", &w.growth, "PERCENT",
			 "that statistics may grow; default 10"),
		OPT_FLAG(0, "stats", &o->stats, "show the table, as --host does"),
		OPT_STRING(0, "sort", &o->sort, "KEYS", "\"insns-,program\", - descends"),
		OPT_LIST(0, "filter", &w.filters, "EXPR",
			 "\"insns>1000\", \"time>=2ms\", \"program=on_*\""),
		OPT_UINT(0, "top", &w.top, "N", "so many rows of the table"),
		OPT_FLAG(0, "csv", &w.csv, "print the table alone, as CSV"),
		OPT_UINT(0, "lines", &w.lines, "N",
			 "source lines of each program that cost the verifier most"),
		OPT_FLAG(0, "explain", &w.common.explain,
			 "all that is predicted, and the logs of verifiers that refused"),
		OPT_STRING(0, "html", &o->html, "FILE", "also write a page to look at"),
		OPT_STRING(0, "junit", &o->junit, "FILE", "also write JUnit's XML"),
		OPT_STRING(0, "sarif", &o->sarif, "FILE", "also write SARIF 2.1.0"),
		OPT_END,
	};
	int rc = cmd_options(cmd, table, argc, argv, 1, 1024, &w.files, &w.common, err);

	if (rc)
		rc = rc < 0 ? rc : 0;
	else
		rc = prove_answer(&w, err);
	opt_list_release(&w.files);
	opt_list_release(&w.kernels);
	opt_list_release(&w.presets);
	opt_list_release(&w.programs);
	opt_list_release(&w.filters);
	return rc;
}

const struct cmd cmd_prove = {
	"prove",
	"FILE...|PROJECT [--kernel ID]... [--all] [--host] [-j N] [--duration S] [--stimulus SCRIPT] "
	"[--set VAR=VALUE]... [--program PATTERN]... [--no-attach] [--accel tcg|auto|kvm] [--memory MIB] "
	"[--timeout S] [--events] [--record] [--key K --cert C] [--save FILE] [--baseline FILE] [--growth PERCENT] "
	"[--stats] [--sort KEYS] [--filter EXPR]... [--top N] [--csv] [--lines N] [--explain] [--json] [--html FILE] "
	"[--junit FILE] [--sarif FILE]",
	"boot the kernels and load it: what they say beside what was predicted",
	"Each kernel of the library is started under QEMU, without root, KVM or network, and given every program by\n"
	"itself. A PROJECT is built, and its package proved on the kernels that skep.yaml names, unless options name\n"
	"others.\n"
	"\n"
	"A SCRIPT for guests runs with busybox's commands. Programs for interfaces are attached to $SKEP_IF;\n"
	"$SKEP_PEER COMMAND runs at its other end: $SKEP_PEER ping -c 3 10.99.0.1\n"
	"\n"
	"The table has a row per kernel, object and program: kernel, object, program, verdict (loaded, refused,\n"
	"untried), attach, events, runs, insns, states, peak, stack, jited, time. --sort and --filter take these.\n"
	"\n"
	"With --events a line \"KERNEL OBJECT | EVENT\" is printed for each as it comes, or with --json an object\n"
	"{\"skep\":\"event\",\"kernel\",\"object\",\"line\"}; the report follows.\n"
	"\n"
	"Exit status: 0 proven; 1 a kernel refused something, or disagrees with the prediction, statistics grew, or no\n"
	"event came of a stimulus; 3 a kernel could not be asked.",
	0,
	run,
};
