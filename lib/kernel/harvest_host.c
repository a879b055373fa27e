/* SPDX-License-Identifier: BSD-2-Clause */
/* The running kernel, by what it says of itself and by what lies where distributions install it. */
#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <stdlib.h>
#include <string.h>
#include <sys/utsname.h>

#include "lib/base/cleanup.h"
#include "lib/base/fs.h"
#include "lib/base/sha256.h"
#include "lib/base/text.h"
#include "lib/btf/btf.h"
#include "lib/kernel/harvest_places.h"
#include "lib/kernel/harvest_set.h"
#include "lib/kernel/harvest_take.h"

#define BTF_FOLDER "/sys/kernel/btf"

/* Where a file of the kernel may be: the release stands between the two. */
struct place {
	const char *before, *after;
};

/* The first that can be read; none is fine. */
static int take_first(struct unit *u, const char *release, const struct place *places,
		      size_t n, struct skep_err *err)
{
	for (size_t i = 0; i < n; i++) {
		_cleanup_free_ char *path =
			text_fmt("%s%s%s", places[i].before, release, places[i].after);
		_cleanup_close_ int fd = -1;
		_cleanup_(stream_closep) struct stream *s = NULL;
		struct take t = { .unit = u, .path = path, .release = release, .fd = -1 };
		int ret;

		if (!path)
			return skep_fail(err, ENOMEM, "out of memory");
		fd = open(path, O_RDONLY | O_CLOEXEC | O_NOCTTY);
		if (fd < 0)
			continue;
		ret = stream_file(&s, fd, err) ?: take(&t, s, err);
		return ret ? skep_err_at(err, path, 0, 0) : 0;
	}
	return 0;
}

static int take_config(struct unit *u, const char *release, struct skep_err *err)
{
	static const struct place places[] = {
		{ "/boot/config-", "" },
		{ "/usr/lib/modules/", "/config" },
		{ "/lib/modules/", "/config" },
	};
	static const char proc[] = "/proc/config.gz";
	struct take t = { .unit = u, .path = proc, .release = release, .fd = -1 };
	_cleanup_(stream_closep) struct stream *s = NULL;
	_cleanup_close_ int fd = open(proc, O_RDONLY | O_CLOEXEC);

	if (fd < 0)
		return take_first(u, release, places, ARRAY_SIZE(places), err);
	return stream_file(&s, fd, err) ?: take(&t, s, err);
}

static int take_image(struct unit *u, const char *release, struct skep_err *err)
{
	static const struct place places[] = {
		{ "/boot/vmlinuz-", "" },
		{ "/usr/lib/modules/", "/vmlinuz" },
		{ "/lib/modules/", "/vmlinuz" },
	};

	return take_first(u, release, places, ARRAY_SIZE(places), err);
}

static int take_vmlinux(struct unit *u, const struct utsname *uts, struct skep_err *err)
{
	struct facts facts = { 0 };
	char *data;
	int ret = fs_read(BTF_HOST, FS_MAX_OBJECT, &data, &facts.btf.size, err);

	if (ret)
		return skep_err_hint(err, "this kernel was built without "
					  "CONFIG_DEBUG_INFO_BTF: add its vmlinux");
	facts.btf.data = data;
	facts.version = strdup(uts->version);
	facts_arch(&facts, arch_find(uts->machine));
	u->source.name = strdup(fs_basename(BTF_HOST));
	u->source.digest = malloc(SKEP_DIGEST_STR);
	if (!facts.version || !u->source.name || !u->source.digest) {
		facts_release(&facts);
		return skep_fail(err, ENOMEM, "out of memory");
	}
	digest_str(facts.btf.data, facts.btf.size, u->source.digest);
	return unit_add_facts(u, uts->release, &facts, err);
}

static int take_module(struct unit *u, const char *release, const char *name,
		       struct skep_err *err)
{
	_cleanup_free_ char *path = fs_join(BTF_FOLDER, name);
	struct harvest_blob btf = { 0 };
	char *data;
	int ret;

	if (!path)
		return skep_fail(err, ENOMEM, "out of memory");
	/* a module may be unloaded meanwhile */
	ret = fs_read(path, FS_MAX_OBJECT, &data, &btf.size, NULL);
	if (ret)
		return ret == -ENOMEM ? skep_fail(err, ENOMEM, "out of memory") : 0;
	btf.data = data;
	btf.name = strdup(name);
	return unit_add_module(u, release, &btf, err);
}

static int take_modules(struct unit *u, const char *release, struct skep_err *err)
{
	DIR *dir = opendir(BTF_FOLDER);
	struct dirent *entry;
	int ret = 0;

	while (dir && !ret && (entry = readdir(dir)))
		if (entry->d_name[0] != '.' && strcmp(entry->d_name, "vmlinux"))
			ret = take_module(u, release, entry->d_name, err);
	if (dir)
		closedir(dir);
	return ret;
}

/* ID=debian, VERSION_CODENAME=bookworm, VERSION_ID="12" */
static char *os_value(const char *text, const char *key)
{
	size_t n = strlen(key);

	for (const char *p = text; (p = strstr(p, key)); p += n) {
		if ((p > text && p[-1] != '\n') || p[n] != '=')
			continue;
		p += n + 1;
		p += strspn(p, "\"'");
		return strndup(p, strcspn(p, "\"'\n"));
	}
	return NULL;
}

static void read_os(struct unit *u)
{
	_cleanup_free_ char *text = NULL;
	size_t len;

	if (fs_read("/etc/os-release", FS_MAX_SOURCE, &text, &len, NULL) &&
	    fs_read("/usr/lib/os-release", FS_MAX_SOURCE, &text, &len, NULL))
		return;
	u->distro = os_value(text, "ID");
	u->suite = os_value(text, "VERSION_CODENAME");
	if (!u->suite)
		u->suite = os_value(text, "VERSION_ID");
}

int harvest_host(struct gather *g, struct skep_err *err)
{
	struct utsname uts;
	struct unit u;
	bool any;
	int ret, late;

	if (uname(&uts))
		return skep_fail(err, errno, "cannot ask the kernel for its name: %s",
				 strerror(errno));
	skep_log(g->opts->log, SKEP_LOG_INFO, "reading the running kernel %s",
		 uts.release);
	unit_init(&u, g);
	u.path = BTF_HOST;
	read_os(&u);
	ret = take_vmlinux(&u, &uts, err) ?:
		      take_modules(&u, uts.release, err) ?:
		      take_config(&u, uts.release, err) ?:
		      take_image(&u, uts.release, err);
	late = crew_wait(g->crew, err);
	ret = ret ?: late;
	if (!ret)
		ret = unit_finish(&u, &any, err);
	unit_release(&u);
	return ret;
}
