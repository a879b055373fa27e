/* SPDX-License-Identifier: BSD-2-Clause */
/* Texts of packages: "Key: value" lines, a changelog's first, "key = value" lines. */
#include "lib/kernel/harvest_package.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "lib/base/cleanup.h"
#include "lib/kernel/harvest_name.h"

/* The rest of the line that begins with key, without blanks around it; NULL without one or memory. */
static char *value_of(const char *text, const char *key)
{
	size_t n = strlen(key);

	for (const char *line = text; *line;) {
		size_t len = strcspn(line, "\n");

		if (len > n && !strncmp(line, key, n)) {
			const char *at = line + n, *end = line + len;

			while (at < end && (*at == ' ' || *at == '\t'))
				at++;
			while (end > at && (end[-1] == ' ' || end[-1] == '\r'))
				end--;
			return end > at ? strndup(at, (size_t)(end - at)) : NULL;
		}
		line += len + (line[len] == '\n');
	}
	return NULL;
}

static void set_text(char **to, char *from)
{
	if (*to)
		free(from);
	else
		*to = from;
}

/* linux-image-6.1.0-56-cloud-amd64-unsigned: the release within a name. */
static void release_of_package(struct unit *u, const char *name)
{
	for (const char *at = name; (at = strchr(at, '-')); at++) {
		size_t len = strlen(at + 1);
		const char *tail = strstr(at + 1, "-unsigned");

		if (tail && !tail[strlen("-unsigned")])
			len = (size_t)(tail - at - 1);
		if (name_is_release(at + 1, len)) {
			set_text(&u->release, strndup(at + 1, len));
			return;
		}
	}
}

int package_control(struct unit *u, const char *text, struct skep_err *err)
{
	_cleanup_free_ char *name = value_of(text, "Package:");
	_cleanup_free_ char *arch = value_of(text, "Architecture:");
	_cleanup_free_ char *who = value_of(text, "Maintainer:");

	set_text(&u->package_version, value_of(text, "Version:"));
	if (arch)
		u->arch = arch_find(arch);
	if (name && !strncmp(name, "linux-", 6))
		release_of_package(u, name);
	if (who)
		set_text(&u->distro,
			 strdup(strstr(who, "ubuntu.com") ? "ubuntu" : "debian"));
	return 0;
}

/* Debian's releases by the number in "+deb13"; Ubuntu's by their names. */
static const char *const debian_suites[] = {
	[10] = "buster", [11] = "bullseye", [12] = "bookworm",
	[13] = "trixie", [14] = "forky",    [15] = "duke",
};
static const struct {
	const char *name, *number;
} ubuntu_suites[] = {
	{ "xenial", "16.04" },   { "bionic", "18.04" }, { "focal", "20.04" },
	{ "jammy", "22.04" },    { "noble", "24.04" },  { "plucky", "25.04" },
	{ "questing", "25.10" },
};

/* An upload to unstable is of the release that its version counts for. */
static const char *suite_of(const struct unit *u, const char *suite)
{
	const char *number = u->release ? strstr(u->release, "+deb") : NULL;
	unsigned long n = number ? strtoul(number + 4, NULL, 10) : 0;

	if (!strcmp(suite, "unstable") && n < ARRAY_SIZE(debian_suites) &&
	    debian_suites[n])
		return debian_suites[n];
	for (size_t i = 0; i < ARRAY_SIZE(ubuntu_suites); i++)
		if (!strcmp(suite, ubuntu_suites[i].name))
			return ubuntu_suites[i].number;
	return suite;
}

int package_changelog(struct unit *u, const char *text, struct skep_err *err)
{
	static const char *const pockets[] = { "-security", "-updates",
					       "-proposed-updates", "-proposed" };
	size_t line = strcspn(text, "\n");
	const char *at = memchr(text, ')', line);
	_cleanup_free_ char *suite = NULL;
	size_t len;

	if (!at || strncmp(text, "linux", 5))
		return 0;
	at += 1 + strspn(at + 1, " ");
	len = strspn(at, "abcdefghijklmnopqrstuvwxyz0123456789.-");
	if (!len || at[len] != ';')
		return 0;
	for (size_t i = 0; i < ARRAY_SIZE(pockets); i++) {
		size_t n = strlen(pockets[i]);

		if (len > n && !memcmp(at + len - n, pockets[i], n))
			len -= n;
	}
	suite = strndup(at, len);
	if (!suite)
		return skep_fail(err, ENOMEM, "out of memory");
	set_text(&u->suite, strdup(suite_of(u, suite)));
	return 0;
}

int package_pkginfo(struct unit *u, const char *text, struct skep_err *err)
{
	_cleanup_free_ char *arch = value_of(text, "arch =");

	set_text(&u->package_version, value_of(text, "pkgver ="));
	set_text(&u->distro, strdup("arch"));
	if (arch)
		u->arch = arch_find(arch);
	return 0;
}
