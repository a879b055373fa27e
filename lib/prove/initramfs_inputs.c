/* SPDX-License-Identifier: BSD-2-Clause */
/* Which programs of the host go into a guest, and the libraries that they cannot be without. */
#include <errno.h>
#include <fcntl.h>
#include <poll.h>
#include <signal.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/stat.h>
#include <unistd.h>

#include "lib/base/cleanup.h"
#include "lib/base/fs.h"
#include "lib/base/proc.h"
#include "lib/base/text.h"
#include "lib/kernel/boot_elf.h"
#include "lib/prove/initramfs_parts.h"

#define USUAL_PATH "/usr/local/bin:/usr/bin:/bin:/usr/sbin:/sbin"
#define ANSWER_MS  5000
#define ANSWER_MAX ((size_t)1 << 20)
#define STILL      100 /* ms between two looks at a program that says nothing */

void inputs_release(struct inputs *in)
{
	for (size_t i = 0; i < in->n; i++) {
		free(in->all[i].from);
		free(in->all[i].to);
	}
	*in = (struct inputs){ 0 };
}

/* ---- what programs say ---- */

/* Output of a program that is to answer at once; NULL: it did not. Caller frees. */
static char *answer_of(const char *const *argv)
{
	static const char *const env[] = { "PATH=" USUAL_PATH, "LC_ALL=C", NULL };
	const struct proc_env how = { .env = env };
	struct buf out = { 0 };
	int waited = 0, done = 0, status;
	struct proc p;

	if (proc_start(&p, argv, &how, NULL))
		return NULL;
	while (!done && waited < ANSWER_MS && out.len < ANSWER_MAX) {
		struct pollfd in = { .fd = p.out_fd, .events = POLLIN };

		if (poll(&in, 1, STILL) <= 0)
			waited += STILL;
		done = proc_drain(&p, &out);
	}
	if (!done)
		kill(p.pid, SIGKILL);
	status = proc_wait(&p, NULL);
	if (!status && done)
		return buf_take(&out, NULL);
	buf_release(&out);
	return NULL;
}

/* ---- libraries ---- */

static int add_input(struct inputs *in, const char *from, const char *to,
		     struct skep_err *err)
{
	struct input *input = &in->all[in->n];

	for (size_t i = 0; i < in->n; i++)
		if (!strcmp(in->all[i].to, to))
			return 0;
	if (in->n == INPUTS_MAX)
		return skep_fail(err, SKEP_ETOOL,
				 "a program for guests needs more than %d libraries",
				 INPUTS_MAX);
	*input = (struct input){ strdup(from), strdup(to) };
	if (input->from && input->to) {
		in->n++;
		return 0;
	}
	free(input->from);
	free(input->to);
	return skep_fail(err, ENOMEM, "out of memory");
}

/* Caller frees; NULL: it is linked statically. */
static char *interpreter_of(const char *program)
{
	_cleanup_close_ int fd = open(program, O_RDONLY | O_CLOEXEC);
	const char *found;
	char *path = NULL;
	struct stat st;
	void *data;

	if (fd < 0 || fstat(fd, &st) || !S_ISREG(st.st_mode) || !st.st_size)
		return NULL;
	data = mmap(NULL, (size_t)st.st_size, PROT_READ, MAP_PRIVATE, fd, 0);
	if (data == MAP_FAILED)
		return NULL;
	found = boot_elf_interpreter(data, (size_t)st.st_size);
	path = found ? strdup(found) : NULL;
	munmap(data, (size_t)st.st_size);
	return path;
}

/* "	libc.so.6 => /lib/libc.so.6 (0x7f…)", or without the first; "linux-vdso.so.1 (0x7f…)" is no file. */
static int add_library(struct inputs *in, char *line, const char *program,
		       struct skep_err *err)
{
	char *path = strstr(line, "=> "), *end = strstr(line, " (0x");

	if (strstr(line, "not found"))
		return skep_fail(err, SKEP_ETOOL, "a library of '%s' is missing: %s",
				 program, line + strspn(line, " \t"));
	path = path ? path + 3 : line + strspn(line, " \t");
	if (*path != '/' || !end || end < path)
		return 0;
	*end = '\0';
	return add_input(in, path, path, err);
}

/* The linker of the host knows best which files they are; programs of other machines have to be static. */
static int add_libraries(struct inputs *in, const char *program, const struct arch *arch,
			 struct skep_err *err)
{
	_cleanup_free_ char *linker = interpreter_of(program);
	const char *argv[] = { linker, "--list", program, NULL };
	_cleanup_free_ char *answer = NULL;
	char *rest, *line;
	int rc;

	if (!linker)
		return 0;
	if (arch == arch_host())
		answer = answer_of(argv);
	if (!answer) {
		skep_fail(err, SKEP_ETOOL, "cannot tell which libraries '%s' needs",
			  program);
		return skep_err_hint(err, "put one there that is linked statically");
	}
	rc = add_input(in, linker, linker, err);
	for (line = strtok_r(answer, "\n", &rest); line && !rc;
	     line = strtok_r(NULL, "\n", &rest))
		rc = add_library(in, line, program, err);
	return rc;
}

/* ---- programs ---- */

static char *of_guest_dir(const struct initramfs_query *q, const char *name)
{
	_cleanup_free_ char *libexec = q->guest_dir ? NULL : fs_libexec_dir();
	_cleanup_free_ char *dir = q->guest_dir ? strdup(q->guest_dir)
				   : libexec    ? text_fmt("%s/guest", libexec)
						: NULL;

	return dir ? text_fmt("%s/%s/%s", dir, q->arch->name, name) : NULL;
}

static int add_runner(struct inputs *in, const struct initramfs_query *q,
		      struct skep_err *err)
{
	_cleanup_free_ char *path = of_guest_dir(q, "skep-run");

	if (!path)
		return skep_fail(err, ENOMEM, "out of memory");
	if (!fs_exists(path)) {
		skep_fail(err, SKEP_ETOOL, "there is no skep-run for guests of %s: '%s'",
			  q->arch->name, path);
		return skep_err_hint(err,
				     q->arch == arch_host()
					     ? "it is installed together with skep, by "
					       "make install"
					     : "make guests builds those of other "
					       "architectures");
	}
	return add_input(in, path, "/init", err) ?: add_libraries(in, path, q->arch, err);
}

static int add_shell(struct inputs *in, const struct initramfs_query *q,
		     struct skep_err *err)
{
	_cleanup_free_ char *path = of_guest_dir(q, "busybox");
	size_t at = in->n;
	int rc;

	if (path && !fs_exists(path) && q->arch == arch_host()) {
		free(path);
		path = fs_find_program("busybox", q->path_env ? q->path_env : USUAL_PATH);
	}
	if (!path || !fs_exists(path)) {
		skep_fail(err, SKEP_ETOOL,
			  "a shell for guests of %s: there is no busybox", q->arch->name);
		return q->arch == arch_host()
			       ? skep_err_hint(err, "apt install busybox-static")
			       : skep_err_hint(err, "put a static one there: %s",
					       path ? path : "");
	}
	rc = add_input(in, path, "/bin/busybox", err);
	if (!rc)
		in->shell = in->all[at].from;
	return rc ?: add_libraries(in, path, q->arch, err);
}

int inputs_find(struct inputs *in, const struct initramfs_query *q, struct skep_err *err)
{
	int rc;

	*in = (struct inputs){ 0 };
	rc = add_runner(in, q, err);
	if (!rc && q->shell)
		rc = add_shell(in, q, err);
	if (rc)
		inputs_release(in);
	return rc;
}

/* What about every busybox does; for one that cannot be asked. */
static const char usual_applets[] =
	"[\n[[\nash\nawk\nbasename\ncat\nchmod\nchown\ncp\ncut\ndate\ndd\ndf\ndirname\n"
	"dmesg\ndu\necho\negrep\nenv\nexpr\nfalse\nfgrep\nfind\nfree\ngrep\nhead\n"
	"hexdump\nhostname\nid\nifconfig\nip\nkill\nkillall\nln\nls\nmd5sum\nmkdir\n"
	"mkfifo\nmknod\nmktemp\nmount\nmv\nnc\nnproc\nod\npidof\nping\nping6\nprintf\n"
	"ps\npwd\nreadlink\nrealpath\nrm\nrmdir\nroute\nsed\nseq\nsetsid\nsh\n"
	"sha256sum\nsleep\nsort\nstat\nstty\nsync\nsysctl\ntail\ntar\ntee\ntelnet\n"
	"test\ntimeout\ntop\ntouch\ntr\ntrue\ntruncate\numount\nuname\nuniq\nusleep\n"
	"wc\nwget\nwhich\nxargs\nxxd\nyes\n";

int inputs_applets(const struct inputs *in, const struct initramfs_query *q, char **names,
		   struct skep_err *err)
{
	const char *argv[] = { in->shell, "--list", NULL };

	*names = q->arch == arch_host() ? answer_of(argv) : NULL;
	if (!*names)
		*names = strdup(usual_applets);
	return *names ? 0 : skep_fail(err, ENOMEM, "out of memory");
}
