/* SPDX-License-Identifier: BSD-2-Clause */
/* The lists of a suite: where the archive is, which of the suite's pockets there are. */
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "lib/base/fs.h"
#include "lib/base/text.h"
#include "lib/kernel/fetch.h"

#define MAX_WORD 512

/* ---- where ---- */

static void set_once(char **to, const char *uri)
{
	if (!*to)
		*to = strndup(uri, strlen(uri) - (uri[strlen(uri) - 1] == '/'));
}

/* What apt knows of the sources it has read. */
static int ask_lists(const struct apt *apt, char **uri, char **security,
		     struct skep_err *err)
{
	const char *const argv[] = { apt->get,
				     "indextargets",
				     "--format",
				     "$(ORIGIN)|$(LABEL)|$(REPO_URI)",
				     "Created-By: Packages",
				     NULL };
	const struct apt_call call = { .argv = argv };
	_cleanup_(buf_release) struct buf out = { 0 };
	char line[MAX_WORD];
	const char *text;
	int status;
	int rc = apt_run(apt, &call, &out, &status, err);

	for (text = out.data; !rc && fetch_line(&text, line, sizeof(line));) {
		if (!strncmp(line, "Debian|Debian|", 14) && line[14])
			set_once(uri, line + 14);
		if (!strncmp(line, "Debian|Debian-Security|", 23) && line[23])
			set_once(security, line + 23);
	}
	return rc;
}

/* It may have read none yet: then by name, of "'URI/dists/bookworm/InRelease' …". */
static int ask_sources(const struct apt *apt, char **uri, char **security,
		       struct skep_err *err)
{
	const char *const argv[] = { apt->get, "--print-uris", "update", NULL };
	const struct apt_call call = { .argv = argv };
	_cleanup_(buf_release) struct buf out = { 0 };
	char line[MAX_WORD];
	const char *text;
	int status;
	int rc = apt_run(apt, &call, &out, &status, err);

	for (text = out.data; !rc && fetch_line(&text, line, sizeof(line));) {
		char *dists = strstr(line, "/dists/");

		if (*line != '\'' || !dists)
			continue;
		*dists = '\0';
		if (dists - line > 7 && !strcmp(dists - 7, "/debian"))
			set_once(uri, line + 1);
		else if (dists - line > 16 && !strcmp(dists - 16, "/debian-security"))
			set_once(security, line + 1);
	}
	return rc;
}

/* It goes into a file of apt's, where a blank or the end of a line would mean more. */
static int check_word(const char *what, const char *s, struct skep_err *err)
{
	for (const char *c = s; *c; c++)
		if ((unsigned char)*c <= ' ' || *c == 127)
			return skep_fail(err, SKEP_EUSAGE, "%s with a blank in it: '%s'",
					 what, s);
	if (*s)
		return 0;
	return skep_fail(err, SKEP_EUSAGE, "%s is empty", what);
}

int fetch_mirror(const struct apt *apt, char **uri, char **security, struct skep_err *err)
{
	int rc = 0;

	*uri = *security = NULL;
	if (apt->opts->mirror) {
		rc = check_word("--mirror", apt->opts->mirror, err);
		if (rc)
			return rc;
		set_once(uri, apt->opts->mirror);
	} else {
		rc = ask_lists(apt, uri, security, err);
		if (!rc && !*uri)
			rc = ask_sources(apt, uri, security, err);
		if (!rc && !*uri) {
			rc = skep_fail(err, SKEP_EFETCH,
				       "cannot find the archive: apt has no source that "
				       "is Debian's");
			skep_err_hint(err, "name one: --mirror URI");
		}
	}
	if (!rc && !*security)
		*security = text_fmt("%s-security", *uri);
	return rc;
}

static int find_keyring(const struct apt *apt, char **path, struct skep_err *err)
{
	static const char *const usual[] = {
		"/usr/share/keyrings/debian-archive-keyring.gpg",
		"/usr/share/keyrings/debian-archive-keyring.pgp",
	};
	const char *own = apt->opts->keyring;

	for (size_t i = 0; !own && i < ARRAY_SIZE(usual); i++)
		if (fs_exists(usual[i]))
			own = usual[i];
	if (!own) {
		skep_fail(err, SKEP_ETOOL, "the keys of Debian's archive are missing");
		return skep_err_hint(err, "apt-get install debian-archive-keyring, or "
					  "--keyring FILE");
	}
	if (!fs_exists(own)) {
		skep_fail(err, ENOENT, "no such keyring");
		return skep_err_at(err, own, 0, 0);
	}
	*path = fs_abspath(own);
	return *path ? check_word("--keyring", *path, err)
		     : skep_fail(err, ENOMEM, "out of memory");
}

/* ---- which ---- */

enum pocket {
	POCKET_SUITE,
	POCKET_UPDATES,
	POCKET_SECURITY,
	POCKETS,
};

static const char *const pocket_ends[POCKETS] = { "", "-updates", "-security" };

struct sources {
	char *uri, *security, *keyring;
	bool has[POCKETS];
};

static void release(struct sources *s)
{
	free(s->uri);
	free(s->security);
	free(s->keyring);
}

static int write_sources(const struct apt *apt, const struct sources *s,
			 struct skep_err *err)
{
	_cleanup_free_ char *path = fs_join(apt->dir, "archive.sources");
	_cleanup_(buf_release) struct buf b = { 0 };
	int rc;

	for (size_t i = 0; i < POCKETS; i++)
		if (s->has[i])
			buf_fmt(&b,
				"Types: deb\nURIs: %s\nSuites: %s%s\nComponents: main\n"
				"Architectures: %s\nSigned-By: %s\n\n",
				i == POCKET_SECURITY ? s->security : s->uri,
				apt->want->suite, pocket_ends[i], apt->want->arch->debian,
				s->keyring);
	rc = path ? buf_check(&b, err) : skep_fail(err, ENOMEM, "out of memory");
	return rc ? rc : fs_publish(path, b.data, b.len, 0600, err);
}

/* "E: The repository 'URI SUITE Release' does not have a Release file." */
static bool is_absent(const struct apt *apt, const struct buf *out, enum pocket pocket)
{
	_cleanup_free_ char *name =
		text_fmt(" %s%s Release' ", apt->want->suite, pocket_ends[pocket]);
	const char *text = out->data;
	char line[2048];

	while (name && fetch_line(&text, line, sizeof(line)))
		if (!strncmp(line, "E: The repository", 17) && strstr(line, name) &&
		    strstr(line, "Release file"))
			return true;
	return false;
}

static int failed(const struct apt *apt, const struct buf *out, struct skep_err *err)
{
	char reason[400];

	if (is_absent(apt, out, POCKET_SUITE)) {
		skep_fail(err, SKEP_EFETCH, "the archive has no suite '%s'",
			  apt->want->suite);
		return skep_err_hint(err, "suites are named like bookworm, trixie, sid; "
					  "another archive: --mirror URI");
	}
	apt_reason(out, reason, sizeof(reason));
	skep_fail(err, SKEP_EFETCH, "cannot read the lists of debian/%s: %s",
		  apt->want->suite, reason);
	return skep_err_hint(err,
			     "the library is as it was; another archive: --mirror URI");
}

/* 1: once more, with fewer pockets. */
static int update(const struct apt *apt, struct sources *s, struct skep_err *err)
{
	const char *const argv[] = { apt->get,           "-q",     "-o",
				     "APT::Status-Fd=1", "update", NULL };
	const struct apt_call call = { argv, true, "package lists", false };
	_cleanup_(buf_release) struct buf out = { 0 };
	int rc = write_sources(apt, s, err), status = 0;
	bool fewer = false;

	if (!rc)
		rc = apt_run(apt, &call, &out, &status, err);
	if (rc || !status)
		return rc;
	for (enum pocket p = POCKET_UPDATES; p < POCKETS; p++)
		if (s->has[p] && is_absent(apt, &out, p)) {
			s->has[p] = false;
			fewer = true;
		}
	return fewer && !is_absent(apt, &out, POCKET_SUITE) ? 1 : failed(apt, &out, err);
}

int fetch_lists(const struct apt *apt, struct skep_err *err)
{
	/* bookworm-backports has no pockets of its own */
	bool whole = !strchr(apt->want->suite, '-');
	struct sources s = { .has = { true, whole, whole } };
	int rc = find_keyring(apt, &s.keyring, err);

	if (!rc)
		rc = fetch_mirror(apt, &s.uri, &s.security, err);
	if (!rc && (!s.uri || !s.security))
		rc = skep_fail(err, ENOMEM, "out of memory");
	if (!rc)
		skep_log(apt->opts->log, SKEP_LOG_INFO, "reading the lists of debian/%s",
			 apt->want->suite);
	while (!rc && (rc = update(apt, &s, err)) == 1)
		rc = 0;
	release(&s);
	return rc;
}
