/* SPDX-License-Identifier: BSD-2-Clause */
/* Where distributions put a kernel's parts, and how they spell releases. */
#include "lib/kernel/harvest_name.h"

#include <ctype.h>
#include <stdlib.h>
#include <string.h>

#include "lib/base/buf.h"
#include "lib/base/cleanup.h"
#include "lib/base/fs.h"

static const char *const packers[] = { ".xz", ".gz", ".zst", ".lz4", ".bz2", ".lzma" };

static bool ends_with(const char *s, size_t len, const char *end)
{
	size_t n = strlen(end);

	return len >= n && !memcmp(s + len - n, end, n);
}

/* Length of a name without what says how it is packed. */
static size_t unpacked_len(const char *s)
{
	size_t len = strlen(s);

	for (size_t i = 0; i < ARRAY_SIZE(packers); i++)
		if (ends_with(s, len, packers[i]))
			return len - strlen(packers[i]);
	return len;
}

bool name_is_release(const char *s, size_t len)
{
	if (!len || len >= NAME_RELEASE_MAX || !isdigit((unsigned char)s[0]))
		return false;
	for (size_t i = 0; i < len; i++)
		if (!isalnum((unsigned char)s[i]) && !strchr("._+~-", s[i]))
			return false;
	return memchr(s, '.', len) != NULL;
}

static void set_release(char release[static NAME_RELEASE_MAX], const char *s, size_t len)
{
	if (!name_is_release(s, len))
		return;
	memcpy(release, s, len);
	release[len] = '\0';
}

static bool is_module(const char *base)
{
	size_t len = unpacked_len(base);

	return len > 3 && ends_with(base, len, ".ko");
}

static bool is_btf(const char *base)
{
	size_t len = unpacked_len(base);

	return len > 4 && ends_with(base, len, ".btf");
}

static const struct {
	const char *name;
	enum part part;
} bases[] = {
	{ "vmlinuz", PART_IMAGE },     { "bzImage", PART_IMAGE },
	{ "Image", PART_IMAGE },       { "zImage", PART_IMAGE },
	{ "image", PART_IMAGE },       { "kernel", PART_IMAGE },
	{ "vmlinuz.efi", PART_IMAGE }, { "vmlinux", PART_VMLINUX },
	{ "config", PART_CONFIG },
};

/* "vmlinuz-<release>" or "vmlinuz"; rest is what follows the dash, "" if nothing does. */
static enum part base_part(const char *base, const char **rest, size_t *rest_len)
{
	for (size_t i = 0; i < ARRAY_SIZE(bases); i++) {
		size_t len = strlen(bases[i].name), all = strlen(base);

		if (strncmp(base, bases[i].name, len))
			continue;
		*rest = base + all;
		*rest_len = 0;
		if (all == len || (unpacked_len(base) == len))
			return bases[i].part;
		if (base[len] != '-')
			continue;
		*rest = base + len + 1;
		*rest_len = unpacked_len(base) - len - 1;
		return bases[i].part;
	}
	return PART_NONE;
}

/* The path behind lib/modules/<release>/, or NULL. */
static const char *below_modules(const char *path, char release[static NAME_RELEASE_MAX])
{
	const char *at = strstr(path, "lib/modules/"), *end;

	if (!at || (at > path && at[-1] != '/'))
		return NULL;
	at += strlen("lib/modules/");
	end = strchr(at, '/');
	if (!end || !name_is_release(at, (size_t)(end - at)))
		return NULL;
	set_release(release, at, (size_t)(end - at));
	return end + 1;
}

static enum part in_modules(const char *rest)
{
	const char *unused;
	size_t unused_len;

	/* the sources that modules are built with have parts of the same names */
	if (!strncmp(rest, "build/", 6) || !strncmp(rest, "source/", 7))
		return PART_NONE;
	if (is_module(fs_basename(rest)))
		return PART_MODULE;
	return strchr(rest, '/') ? PART_NONE : base_part(rest, &unused, &unused_len);
}

static enum part by_base(const char *path, char release[static NAME_RELEASE_MAX])
{
	const char *base = fs_basename(path), *rest = base;
	enum part part;
	size_t len = 0;

	if (is_module(base))
		return PART_MODULE;
	if (is_btf(base)) {
		set_release(release, base, unpacked_len(base) - strlen(".btf"));
		return PART_BTF;
	}
	if (!strcmp(base, ".PKGINFO"))
		return PART_PKGINFO;
	if (strstr(path, "share/doc/"))
		return !strcmp(base, "changelog.Debian.gz") ||
				       !strcmp(base, "changelog.gz")
			       ? PART_CHANGELOG
			       : PART_NONE;
	part = base_part(base, &rest, &len);
	if (len)
		set_release(release, rest, len);
	return part;
}

enum part name_part(const char *path, char release[static NAME_RELEASE_MAX])
{
	const char *rest;
	enum part part;

	release[0] = '\0';
	rest = below_modules(path, release);
	part = rest ? in_modules(rest) : by_base(path, release);
	/* what was split off for debuggers has no BTF, but vmlinux has all */
	if (strstr(path, "lib/debug/") && part != PART_VMLINUX)
		return PART_NONE;
	return part;
}

bool name_is_package(const char *path)
{
	static const char *const ends[] = { ".deb", ".ddeb", ".rpm", ".apk" };
	const char *base = fs_basename(path);
	size_t len = strlen(base), bare = unpacked_len(base);

	for (size_t i = 0; i < ARRAY_SIZE(ends); i++)
		if (ends_with(base, len, ends[i]))
			return true;
	return ends_with(base, bare, ".btf.tar") || ends_with(base, bare, ".pkg.tar");
}

char *name_module(const char *path)
{
	const char *base = fs_basename(path);
	size_t len = unpacked_len(base);
	char *name;

	if (ends_with(base, len, ".ko"))
		len -= 3;
	name = strndup(base, len);
	for (char *p = name; p && *p; p++)
		if (*p == '-')
			*p = '_';
	return name;
}

/* --- releases ------------------------------------------------------------------------------------ */

static const struct arch *word_arch(const char *s, size_t len)
{
	char word[32];

	if (!len || len >= sizeof(word))
		return NULL;
	memcpy(word, s, len);
	word[len] = '\0';
	return arch_find(word);
}

/* Next word of a release, between dashes; false at its end. */
static bool next_word(const char **at, const char **word, size_t *len)
{
	if (!**at)
		return false;
	*word = *at;
	*len = strcspn(*at, "-");
	*at += *len + ((*at)[*len] == '-');
	return true;
}

/* Words that count: 56, 301.fc40.x86_64, rc3, arch1. */
static bool is_count(const char *word, size_t len)
{
	static const char *const counters[] = { "rc", "arch" };

	for (size_t i = 0; i < ARRAY_SIZE(counters); i++) {
		size_t n = strlen(counters[i]);

		if (len > n && !memcmp(word, counters[i], n) &&
		    isdigit((unsigned char)word[n]))
			return true;
	}
	return isdigit((unsigned char)word[0]);
}

char *name_flavour(const char *release)
{
	const char *at = release, *word, *plus;
	struct buf out = { 0 };
	bool counting = true;
	size_t len;

	/* 6.8.5-301.fc40.x86_64+debug; but 6.12.107+deb13 is the first word */
	plus = strrchr(release, '+');
	if (plus && strchr(release, '-') && plus > strchr(release, '-') &&
	    !strchr(plus, '-') && plus[1])
		return strdup(plus + 1);
	while (next_word(&at, &word, &len)) {
		if (counting && is_count(word, len))
			continue;
		counting = false;
		if (word_arch(word, len))
			continue;
		if (out.len)
			buf_char(&out, '-');
		buf_add(&out, word, len);
	}
	return out.len ? buf_take(&out, NULL) : NULL;
}

const struct arch *name_arch(const char *release)
{
	for (const char *at = release; *at;) {
		size_t len = strcspn(at, "-.+");
		const struct arch *arch = word_arch(at, len);

		if (arch)
			return arch;
		at += len + (at[len] != '\0');
	}
	return NULL;
}

/* Any folder may be called after an architecture: what is above it has to be a distribution. */
static bool is_distro(const char *word, size_t len)
{
	static const char *const distros[] = {
		"almalinux",     "alpine",
		"amazon",        "amzn",
		"arch",          "azurelinux",
		"centos",        "debian",
		"fedora",        "ol",
		"openeuler",     "opensuse",
		"opensuse-leap", "opensuse-tumbleweed",
		"oracle",        "rhel",
		"rocky",         "sles",
		"ubuntu",
	};

	for (size_t i = 0; i < ARRAY_SIZE(distros); i++)
		if (strlen(distros[i]) == len && !memcmp(distros[i], word, len))
			return true;
	return false;
}

bool name_hub(const char *path, struct name_hub *hub)
{
	const char *ends[4], *at = path + strlen(path);
	const char *starts[4];

	for (int i = 0; i < 4; i++) {
		if (at <= path)
			return false;
		ends[i] = at;
		while (at > path && at[-1] != '/')
			at--;
		starts[i] = at;
		at -= at > path;
	}
	hub->arch = word_arch(starts[1], (size_t)(ends[1] - starts[1]));
	hub->suite = starts[2];
	hub->suite_len = (size_t)(ends[2] - starts[2]);
	hub->distro = starts[3];
	hub->distro_len = (size_t)(ends[3] - starts[3]);
	return hub->arch && hub->suite_len && is_distro(hub->distro, hub->distro_len);
}
