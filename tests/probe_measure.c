/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * What the running kernel says of an object, as the JSON of its proof:
 *
 *   probe_measure [-a] [-t] [-s SHELL] [-w MS] [-i IFNAME] [-g CGROUP] [-m MS] [-l BYTES] [-P] [-p VAR=VALUE]... [-o NAME]... OBJECT
 *   probe_measure -r                 a proof from stdin, read and written again
 *   probe_measure -c BYTES           a log from stdin, cut, and its statistics
 *
 * -a attaches, -s runs a command while programs are attached, -w watches for so long, -P passes over presets of no variable. Events come to stderr as "event:
 * LINE", programs as they are judged as "program: NAME". An error is "CODE: WHAT; HINT" on stderr and exit 1.
 */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "lib/base/buf.h"
#include "lib/base/fs.h"
#include "lib/base/json.h"
#include "lib/prove/measure.h"
#include "lib/prove/measure_parts.h"

static int fail(const struct skep_err *err)
{
	fprintf(stderr, "%d: %s; %s\n", err->code, err->what, err->hint);
	return 1;
}

static int on_program(void *ctx, const struct proof_program *p, struct skep_err *err)
{
	fprintf(stderr, "program: %s\n", p->name);
	return 0;
}

static int on_event(void *ctx, const char *line, size_t len, struct skep_err *err)
{
	fprintf(stderr, "event: %.*s\n", (int)len, line);
	return 0;
}

static void print(struct json_t *v)
{
	char *text = js_pretty(v, NULL);

	fputs(text, stdout);
	free(text);
	js_free(v);
}

static struct buf slurp(FILE *f)
{
	struct buf b = { 0 };
	char chunk[4096];
	size_t n;

	while ((n = fread(chunk, 1, sizeof(chunk), f)))
		buf_add(&b, chunk, n);
	buf_add(&b, "", 0);
	return b;
}

static int reread(void)
{
	struct buf in = slurp(stdin);
	struct skep_err err = { 0 };
	struct json_t *v = NULL;
	struct proof *p = NULL;
	int rc = js_parse(&v, in.data, in.len, "stdin", &err);

	if (!rc)
		rc = proof_read(&p, v, &err);
	if (!rc)
		print(proof_json(p));
	proof_free(p);
	js_free(v);
	buf_release(&in);
	return rc ? fail(&err) : 0;
}

static int cut(size_t max)
{
	struct buf in = slurp(stdin);
	struct proof_stats s = { 0 };
	bool was = false;
	char *log = measure_log_cut(in.data, max, &was);

	measure_log_stats(in.data, &s);
	printf("%d %lu %lu %lu %lu %lu\n%s", was, s.insns, s.states, s.peak_states,
	       s.stack, s.time_ns, log);
	free(log);
	buf_release(&in);
	return 0;
}

static int measure(const struct measure_query *q, const char *command, uint64_t ms)
{
	struct skep_err err = { 0 };
	struct measure *m = NULL;
	struct proof *proof;
	int rc = measure_load(&m, q, &err);

	if (!rc && q->attach)
		rc = measure_attach(m, &err);
	if (!rc && command && system(command))
		fprintf(stderr, "the command failed\n");
	if (!rc && q->attach)
		rc = measure_watch(m, ms * 1000000, -1, &err);
	if (!rc)
		rc = measure_finish(m, &err);
	if (rc) {
		measure_free(m);
		return fail(&err);
	}
	proof = measure_take(m);
	measure_free(m);
	print(proof_json(proof));
	proof_free(proof);
	return 0;
}

int main(int argc, char **argv)
{
	const struct measure_listener listener = { .program = on_program,
						   .event = on_event };
	struct params_place place = { 0 };
	struct measure_query q = { .place = &place, .listener = &listener };
	const char *presets[16], *only[16], *command = NULL;
	uint64_t ms = 1;
	FILE *f;
	int c;

	while ((c = getopt(argc, argv, "arc:ts:w:i:g:m:l:p:Po:")) != -1) {
		switch (c) {
		case 'a':
			q.attach = true;
			break;
		case 'r':
			return reread();
		case 'c':
			return cut((size_t)atoi(optarg));
		case 't':
			q.trace = true;
			break;
		case 's':
			command = optarg;
			break;
		case 'w':
			ms = (uint64_t)atoi(optarg);
			break;
		case 'i':
			place.ifname = optarg;
			break;
		case 'g':
			place.cgroup = optarg;
			break;
		case 'm':
			q.program_ms = (unsigned int)atoi(optarg);
			break;
		case 'l':
			q.log_max = (size_t)atoi(optarg);
			break;
		case 'p':
			presets[q.preset_cnt++ % 16] = optarg;
			break;
		case 'P':
			q.pass_presets = true;
			break;
		case 'o':
			only[q.only_cnt++ % 16] = optarg;
			break;
		default:
			return 2;
		}
	}
	f = optind < argc ? fopen(argv[optind], "r") : NULL;
	if (!f)
		return 2;
	struct buf object = slurp(f);

	fclose(f);
	q.data = object.data;
	q.size = object.len;
	q.name = q.where = argv[optind];
	q.presets = presets;
	q.only = q.only_cnt ? only : NULL;
	c = measure(&q, command, ms);
	buf_release(&object);
	return c;
}
