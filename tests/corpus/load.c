/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * What the running kernel makes of every program of BPF objects, each loaded without the others:
 *
 *   load [-t SECONDS] [-o FILE] OBJECT... | -l FILE-OF-NAMES
 *
 * One line each, fields separated by tabs; the last line of all is "done".
 *
 *   OBJECT PROGRAM TYPE WORD ERRNO MESSAGE
 *
 *   loaded     the kernel took it
 *   libbpf     refused before the kernel saw the program
 *   map        refused by the kernel: a map, or the object's BTF
 *   kernel     refused by the kernel, without a word of the verifier
 *   verifier   refused by the verifier: MESSAGE is the last line of its log that says why
 *   timeout    took longer than a program may
 *   crashed    ended libbpf
 *   unread     PROGRAM "-": libbpf does not open the object
 *
 * Nothing is attached, pinned or run. Maps without a size get the smallest one, as a loader would set it. As /init of a
 * guest it mounts what it needs, reads its arguments from /args, one per line, and powers the machine off.
 */
#include <errno.h>
#include <fcntl.h>
#include <signal.h>
#include <stdarg.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mount.h>
#include <sys/mman.h>
#include <sys/reboot.h>
#include <sys/resource.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <unistd.h>

#include <bpf/bpf.h>
#include <bpf/libbpf.h>

enum {
	LOG_SIZE = 16 << 20,
	SAID_SIZE = 1 << 16,
	MESSAGE_LEN = 300,
	MAX_OBJECTS = 8192,
	PAGE = 4096,
	STACK_DEPTH = 127,
};

#define ANOTHER "another program, which a map is to hold, is refused"

/* Shared with the parent, which goes on where a worker ended. */
struct place {
	int object, program;
	char name[128], type[64];
};

static char *verifier_log;
static char said[SAID_SIZE]; /* warnings of libbpf since the program's load began */
static size_t said_len;
static struct place *place;
static int seconds = 20;
static FILE *out;

static int hear(enum libbpf_print_level level, const char *fmt, va_list args)
{
	int n;

	if (level != LIBBPF_WARN || said_len >= SAID_SIZE - 1)
		return 0;
	n = vsnprintf(said + said_len, SAID_SIZE - said_len, fmt, args);
	if (n > 0)
		said_len += (size_t)n;
	if (said_len > SAID_SIZE - 1)
		said_len = SAID_SIZE - 1;
	return n;
}

static void print(const char *object, const char *word, int err, const char *message)
{
	char line[MESSAGE_LEN];
	size_t n = 0;

	for (; *message && n + 1 < sizeof(line); message++)
		line[n++] = *message < ' ' || *message > '~' ? ' ' : *message;
	line[n] = '\0';
	fprintf(out, "%s\t%s\t%s\t%s\t%d\t%s\n", object, place->name, place->type, word,
		err < 0 ? -err : err, line);
	fflush(out);
}

/* --- what was said --- */

/* Counts, sizes and the path that led there: not what the verifier refused. */
static bool is_chatter(const char *line)
{
	static const char *const starts[] = {
		"processed ",   "verification time", "stack depth",  "peak_states",
		"from ",        "max_states",        "mark_precise", "func#",
		"parent state", "parent didn",       "last_idx",     "regs=",
	};
	char *end;

	for (size_t i = 0; i < sizeof(starts) / sizeof(*starts); i++)
		if (!strncmp(line, starts[i], strlen(starts[i])))
			return true;
	if (*line == ';' || *line == '\0' || *line == ' ')
		return true;
	if (strtoul(line, &end, 10) || end != line)
		return *end == ':' && strstr(line, "(") != NULL;
	return false;
}

/* The last line that tells; cuts the log up. */
static const char *last_line(char *log)
{
	char *end = log + strlen(log);
	const char *any = "";

	while (end > log) {
		char *start;

		*end = '\0';
		start = strrchr(log, '\n');
		start = start ? start + 1 : log;
		if (*start && !is_chatter(start))
			return start;
		if (*start && !*any && strncmp(start, "processed ", 10))
			any = start;
		end = start - 1;
	}
	return any;
}

/* The first warning that is about what, or the first of all. */
static const char *warning(const char *what)
{
	const char *p = what ? strstr(said, what) : said;
	char *end;

	if (!p)
		return "";
	while (p > said && p[-1] != '\n')
		p--;
	end = strchr(p, '\n');
	if (end)
		*end = '\0';
	return strncmp(p, "libbpf: ", 8) ? p : p + 8;
}

static void tell(const char *object, int err)
{
	if (!err)
		print(object, "loaded", 0, "");
	else if (strstr(said, "BPF program load failed")) {
		const char *why = last_line(verifier_log);
		const char *word = *why ? "verifier" : "kernel";

		print(object, word, err, *why ? why : warning("BPF program load failed"));
	} else if (strstr(said, "failed to create") || strstr(said, "Error loading .BTF"))
		print(object, "map", err, warning("failed to create"));
	else
		print(object, "libbpf", err, warning(NULL));
}

/* --- one program --- */

static bool sized(enum bpf_map_type type)
{
	switch (type) {
	case BPF_MAP_TYPE_CGROUP_STORAGE:
	case BPF_MAP_TYPE_PERCPU_CGROUP_STORAGE:
	case BPF_MAP_TYPE_SK_STORAGE:
	case BPF_MAP_TYPE_INODE_STORAGE:
	case BPF_MAP_TYPE_TASK_STORAGE:
	case BPF_MAP_TYPE_CGRP_STORAGE:
	case BPF_MAP_TYPE_STRUCT_OPS:
	case BPF_MAP_TYPE_PERF_EVENT_ARRAY:
		return false;
	default:
		return true;
	}
}

/* What a loader sets before it loads: sizes that the source leaves open. */
static void fix_size(struct bpf_map *map)
{
	enum bpf_map_type type = bpf_map__type(map);
	bool pages = type == BPF_MAP_TYPE_RINGBUF || type == BPF_MAP_TYPE_USER_RINGBUF;

	if (!bpf_map__max_entries(map) && sized(type))
		bpf_map__set_max_entries(map, pages ? PAGE : 1);
	if (!bpf_map__value_size(map) && type == BPF_MAP_TYPE_STACK_TRACE)
		bpf_map__set_value_size(map, STACK_DEPTH * sizeof(__u64));
}

/* libbpf lets nobody size the map within a map, but takes another in its place. */
static void fix_inner(struct bpf_map *map, const struct bpf_map *inner)
{
	LIBBPF_OPTS(bpf_map_create_opts, opts, .map_flags = bpf_map__map_flags(inner));
	enum bpf_map_type type = bpf_map__type(inner);
	int fd;

	if (bpf_map__max_entries(inner) || !sized(type))
		return;
	fd = bpf_map_create(type, NULL, bpf_map__key_size(inner),
			    bpf_map__value_size(inner),
			    type == BPF_MAP_TYPE_RINGBUF ? PAGE : 1, &opts);
	if (fd >= 0 && bpf_map__set_inner_map_fd(map, fd))
		close(fd);
}

static void fix_maps(struct bpf_object *o, bool struct_ops)
{
	const struct bpf_map *inner;
	struct bpf_map *map;

	bpf_object__for_each_map(map, o)
	{
		bpf_map__set_pin_path(map, NULL);
		if (bpf_map__type(map) == BPF_MAP_TYPE_STRUCT_OPS)
			bpf_map__set_autocreate(map, struct_ops);
		else
			fix_size(map);
		inner = bpf_map__inner_map(map);
		if (inner)
			fix_inner(map, inner);
	}
}

/* Alone also when maps of operations, which libbpf prepares as a whole, ask for others. */
static void choose(struct bpf_object *o, const struct bpf_program *only)
{
	struct bpf_program *p;

	bpf_object__for_each_program(p, o) bpf_program__set_autoload(p, p == only);
}

static int load_one(struct bpf_object *o, struct bpf_program *p, bool alone)
{
	int err;

	fix_maps(o, bpf_program__type(p) == BPF_PROG_TYPE_STRUCT_OPS);
	if (alone)
		choose(o, p);
	bpf_program__set_autoload(p, true);
	bpf_program__set_log_buf(p, verifier_log, LOG_SIZE);
	verifier_log[0] = '\0';
	said_len = 0;
	said[0] = '\0';
	err = bpf_object__prepare(o);
	if (err)
		return err;
	if (alone)
		choose(o, p);
	err = bpf_object__load(o);
	return err ?: bpf_program__fd(p) < 0 ? -EBADF : 0;
}

static struct bpf_program *program_at(struct bpf_object *o, int at)
{
	struct bpf_program *p;
	int i = 0;

	bpf_object__for_each_program(p, o) if (i++ == at) return p;
	return NULL;
}

/* A map that others are put into cannot be without them. */
static int load_with_others(const char *object, int at)
{
	struct bpf_object *o = bpf_object__open_file(object, NULL);
	char refused[PAGE];
	int err;

	if (!o)
		return -errno;
	err = load_one(o, program_at(o, at), false);
	bpf_object__close(o);
	snprintf(refused, sizeof(refused), "prog '%s': BPF program load failed",
		 place->name);
	if (err && !strstr(said, refused))
		strcpy(said, ANOTHER);
	return err;
}

static void judge_program(const char *object, int at, struct bpf_object *o,
			  struct bpf_program *p)
{
	const char *type = libbpf_bpf_prog_type_str(bpf_program__type(p));
	int err;

	snprintf(place->name, sizeof(place->name), "%s", bpf_program__name(p));
	snprintf(place->type, sizeof(place->type), "%s", type ?: "-");
	alarm((unsigned int)seconds);
	err = load_one(o, p, true);
	if (err && strstr(said, "failed to initialize slot"))
		err = load_with_others(object, at);
	alarm(0);
	tell(object, err);
}

/* False: there is no such program. */
static bool judge(const char *object, int at)
{
	struct bpf_program *p;
	struct bpf_object *o;

	strcpy(place->name, "-");
	strcpy(place->type, "-");
	said_len = 0;
	said[0] = '\0';
	o = bpf_object__open_file(object, NULL);
	if (!o) {
		print(object, "unread", errno, warning(NULL));
		return false;
	}
	p = program_at(o, at);
	if (p)
		judge_program(object, at, o, p);
	bpf_object__close(o);
	return p != NULL;
}

/* --- all of them --- */

static void work(char **objects, int n)
{
	for (; place->object < n; place->object++, place->program = 0)
		for (; judge(objects[place->object], place->program); place->program++)
			;
	_exit(0);
}

static void supervise(char **objects, int n)
{
	int status = 0;

	while (place->object < n) {
		pid_t pid = fork();

		if (!pid)
			work(objects, n);
		if (pid < 0 || waitpid(pid, &status, 0) < 0)
			break;
		if (!WIFSIGNALED(status))
			continue;
		print(objects[place->object],
		      WTERMSIG(status) == SIGALRM ? "timeout" : "crashed",
		      WTERMSIG(status), "");
		if (!strcmp(place->name, "-")) {
			place->object++;
			place->program = 0;
		} else {
			place->program++;
		}
	}
	fprintf(out, "done\n");
	fflush(out);
}

static int names_of(const char *path, char **names, int n)
{
	char line[PAGE];
	FILE *f = fopen(path, "r");

	if (!f) {
		perror(path);
		exit(3);
	}
	while (n < MAX_OBJECTS && fgets(line, sizeof(line), f)) {
		line[strcspn(line, "\n")] = '\0';
		if (line[0])
			names[n++] = strdup(line);
	}
	fclose(f);
	return n;
}

static void be_init(void)
{
	static const char *const mounts[][2] = {
		{ "proc", "/proc" },
		{ "sysfs", "/sys" },
		{ "devtmpfs", "/dev" },
		{ "bpf", "/sys/fs/bpf" },
		{ "tracefs", "/sys/kernel/tracing" },
	};

	for (size_t i = 0; i < sizeof(mounts) / sizeof(*mounts); i++) {
		mkdir(mounts[i][1], 0755);
		mount(mounts[i][0], mounts[i][1], mounts[i][0], 0, "");
	}
}

static bool raise_limits(void)
{
	struct rlimit all = { RLIM_INFINITY, RLIM_INFINITY };

	return !setrlimit(RLIMIT_MEMLOCK, &all); /* kernels before 5.11 */
}

int main(int argc, char **argv)
{
	static char *objects[MAX_OBJECTS];
	bool init = getpid() == 1;
	int c, n = 0;

	out = stdout;
	if (init) {
		be_init();
		n = names_of("/args", objects, n);
	}
	while ((c = getopt(argc, argv, "t:o:l:")) != -1) {
		if (c == 't')
			seconds = atoi(optarg);
		else if (c == 'o')
			out = fopen(optarg, "w");
		else if (c == 'l')
			n = names_of(optarg, objects, n);
		else
			return 2;
	}
	for (; !init && optind < argc && n < MAX_OBJECTS; optind++)
		objects[n++] = argv[optind];
	verifier_log = malloc(LOG_SIZE);
	place = mmap(NULL, sizeof(*place), PROT_READ | PROT_WRITE,
		     MAP_SHARED | MAP_ANONYMOUS, -1, 0);
	if (!out || !verifier_log || place == MAP_FAILED)
		return 3;
	raise_limits();
	libbpf_set_print(hear);
	supervise(objects, n);
	if (init) {
		sync();
		reboot(RB_POWER_OFF);
	}
	return 0;
}
