/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * Verifier logs, read and made:
 *
 *   probe_verifier catalogue                                   all entries
 *   probe_verifier read [-o OBJECT] < LOGS                     each, as "load" writes them
 *   probe_verifier collapse < LOG                              the text
 *   probe_verifier hot [-o OBJECT -p PROGRAM] < LOG            "insns file:line text" per line
 *   probe_verifier load [-u|-n] OBJECT...                      each program alone, or $ONLY, on the running kernel; with CAP_BPF
 *                                                              alone, or without privileges
 *
 * "load" writes what the kernel and libbpf say between lines: "@program NAME CODE MESSAGE" before and "@end" behind each. As /init of a guest it loads what /args names, and powers the machine off. Else JSON, but where said.
 */
#include <linux/capability.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mount.h>
#include <sys/reboot.h>
#include <sys/resource.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <unistd.h>

#include <bpf/bpf.h>
#include <bpf/libbpf.h>
#include <jansson.h>

#include "lib/btf/messages.h"
#include "lib/object/object.h"
#include "lib/run/verifier.h"

#define LOG_SIZE (64U << 20)
#define TAIL     (1U << 14)

static char *log_text;
static bool init;

/* --- reading --- */

static struct object *object_at(const char *path)
{
	struct object *o = NULL;

	if (path && object_read_file(&o, path, NULL))
		exit(3);
	return o;
}

static void set(json_t *v, const char *key, const char *text)
{
	json_object_set_new(v, key, text ? json_string(text) : json_null());
}

static void put(json_t *v)
{
	json_dumpf(v, stdout, 0);
	putchar('\n');
	json_decref(v);
}

static void read_log(const char *name, int code, const char *message, const char *log,
		     const struct object *o)
{
	struct verifier_reading r;
	struct buf line = { 0 };
	json_t *v = json_object();

	if (verifier_read(&r, log, message, code, o, name, NULL))
		exit(3);
	set(v, "program", name);
	set(v, "line", r.line);
	set(v, "cause", r.cause);
	set(v, "remedy", r.remedy);
	set(v, "file", r.file);
	set(v, "text", r.text);
	set(v, "function", r.function);
	set(v, "key", r.key);
	json_object_set_new(v, "source_line", json_integer(r.source_line));
	json_object_set_new(v, "column", json_integer(r.column));
	json_object_set_new(v, "insn", json_integer(r.insn));
	json_object_set_new(v, "own", json_boolean(r.own));
	verifier_one_line(&r, &line);
	set(v, "one_line", line.data);
	put(v);
	buf_release(&line);
	verifier_release(&r);
}

static int read_logs(const char *object)
{
	struct object *o = object_at(object);
	char *head = log_text, *log, *end, name[128], *message;
	int code, at;

	while ((head = strstr(head, "@program ")) && (log = strchr(head, '\n')) &&
	       (end = strstr(log, "\n@end"))) {
		*log++ = *end = '\0';
		if (sscanf(head, "@program %127s %d %n", name, &code, &at) != 2)
			return 3;
		message = head + at;
		read_log(name, code, *message ? message : NULL, log > end ? "" : log, o);
		head = end + 1;
	}
	object_free(o);
	return 0;
}

static int print_catalogue(void)
{
	size_t n;
	const struct verifier_entry *e = verifier_catalogue(&n);

	for (size_t i = 0; i < n; i++) {
		json_t *v = json_object();

		set(v, "key", e[i].key);
		set(v, "pattern", e[i].pattern);
		set(v, "cause", e[i].cause);
		set(v, "remedy", e[i].remedy);
		json_object_set_new(v, "own", json_boolean(e[i].own));
		put(v);
	}
	return 0;
}

static int print_collapsed(void)
{
	struct buf out = { 0 };

	if (verifier_collapse(log_text, &out, NULL))
		return 3;
	fwrite(out.data, 1, out.len, stdout);
	buf_release(&out);
	return 0;
}

static int print_hot(const char *object, const char *program)
{
	struct object *o = object_at(object);
	struct verifier_hot *hot;
	size_t n;

	if (verifier_hot_lines(log_text, o, program, &hot, &n, NULL))
		return 3;
	for (size_t i = 0; i < n; i++)
		printf("%llu %s:%u %s\n", (unsigned long long)hot[i].insns,
		       hot[i].file ? hot[i].file : "", hot[i].line,
		       hot[i].text ? hot[i].text : "");
	verifier_hot_free(hot, n);
	object_free(o);
	return 0;
}

/* --- loading --- */

/* A console is slow. */
static const char *tail(void)
{
	size_t len = strlen(log_text);

	return len < TAIL ? log_text : strchrnul(log_text + len - TAIL, '\n');
}

static void load_program(const char *path, const char *name)
{
	struct bpf_object *o = bpf_object__open_file(path, NULL);
	struct bpf_program *p;
	struct messages m;
	int rc;

	if (!o)
		exit(3);
	bpf_object__for_each_program(p, o)
		bpf_program__set_autoload(p, !strcmp(bpf_program__name(p), name));
	p = bpf_object__find_program_by_name(o, name);
	*log_text = '\0';
	bpf_program__set_log_buf(p, log_text, LOG_SIZE);
	bpf_program__set_log_level(p,
				   getenv("LEVEL") ? (unsigned)atoi(getenv("LEVEL")) : 0);
	messages_begin(&m, NULL);
	rc = bpf_object__load(o);
	messages_end(&m);
	printf("@program %s %d %s\n%s\n@end\n", name, -rc, m.first,
	       init ? tail() : log_text);
	bpf_object__close(o);
}

static void keep_caps(__u64 caps)
{
	struct __user_cap_header_struct head = { .version = _LINUX_CAPABILITY_VERSION_3 };
	struct __user_cap_data_struct data[2] = { 0 };

	libbpf_set_memlock_rlim(0);
	for (int i = 0; i < 2; i++)
		data[i].effective = data[i].permitted = (__u32)(caps >> 32 * i);
	if (syscall(SYS_capset, &head, data))
		exit(3);
}

static int load_object(const char *path)
{
	struct bpf_object *o = bpf_object__open_file(path, NULL);
	struct bpf_program *p;

	if (!o)
		return 3;
	bpf_object__for_each_program(p,
				     o) if (!getenv("ONLY") ||
					    !strcmp(getenv("ONLY"), bpf_program__name(p)))
		load_program(path, bpf_program__name(p));
	bpf_object__close(o);
	return 0;
}

static void be_init(void)
{
	struct rlimit all = { RLIM_INFINITY, RLIM_INFINITY };
	char path[4096];
	FILE *args;

	mkdir("/sys", 0755);
	mkdir("/proc", 0755);
	mount("sysfs", "/sys", "sysfs", 0, "");
	mount("proc", "/proc", "proc", 0, "");
	setrlimit(RLIMIT_MEMLOCK, &all);
	init = true;
	args = fopen("/args", "r");
	while (args && fgets(path, sizeof(path), args)) {
		path[strcspn(path, "\n")] = '\0';
		load_object(path);
	}
	printf("@done\n");
	fflush(stdout);
	reboot(RB_POWER_OFF);
}

int main(int argc, char **argv)
{
	const char *what = argc > 1 ? argv[1] : "", *object = NULL, *program = NULL;
	int c;

	libbpf_set_print(NULL);
	log_text = calloc(1, LOG_SIZE);
	if (getpid() == 1)
		be_init();
	if (!strcmp(what, "catalogue"))
		return print_catalogue();
	for (int i = 2; !strcmp(what, "load") && i < argc; i++)
		if (!strcmp(argv[i], "-u") || !strcmp(argv[i], "-n"))
			keep_caps(argv[i][1] == 'u' ? 1ULL << CAP_BPF : 0);
		else if (load_object(argv[i]))
			return 3;
	if (!strcmp(what, "load"))
		return 0;
	optind = 2;
	while ((c = getopt(argc, argv, "o:p:")) != -1)
		*(c == 'o' ? &object : &program) = optarg;
	log_text[fread(log_text, 1, LOG_SIZE - 1, stdin)] = '\0';
	if (!strcmp(what, "read"))
		return read_logs(object);
	if (!strcmp(what, "collapse"))
		return print_collapsed();
	return !strcmp(what, "hot") ? print_hot(object, program) : 2;
}
