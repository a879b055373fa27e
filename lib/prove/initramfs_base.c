/* SPDX-License-Identifier: BSD-2-Clause */
/* The root of every guest: skep-run as /init, the folders that it mounts things on, and busybox under all its names. */
#include <stdio.h>
#include <string.h>
#include <sys/stat.h>

#include "lib/base/cleanup.h"
#include "lib/base/cpio.h"
#include "lib/base/fs.h"
#include "lib/prove/initramfs_parts.h"

static const char *const folders[] = { "dev",  "proc", "sys", "run", "etc",
				       "root", "mnt",  "var", "bin" };

static int add_folders(struct tree *t, struct skep_err *err)
{
	int rc = tree_folder(t, "tmp", 01777, err);

	for (size_t i = 0; !rc && i < ARRAY_SIZE(folders); i++)
		rc = tree_folder(t, folders[i], 0755, err);
	if (!rc)
		rc = cpio_device(&t->out, "dev/console", S_IFCHR | 0600, 5, 1, err);
	return rc ?: cpio_device(&t->out, "dev/null", S_IFCHR | 0666, 1, 3, err);
}

static int add_inputs(struct tree *t, const struct inputs *in, struct skep_err *err)
{
	int rc = 0;

	for (size_t i = 0; !rc && i < in->n; i++) {
		_cleanup_free_ char *data = NULL;
		struct initramfs_file file = { .path = in->all[i].to, .mode = 0755 };

		rc = fs_read(in->all[i].from, FS_MAX_OBJECT, &data, &file.size, err);
		file.data = data;
		if (!rc)
			rc = tree_file(t, &file, err);
	}
	return rc ?: tree_link(t, "bin/skep-run", "../init", err);
}

/* Applets are words: what else a busybox may say is no name of a file. */
static bool is_applet(const char *name)
{
	static const char set[] = "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ"
				  "0123456789._-+[";
	size_t len = strlen(name);

	return len && len < 64 && strspn(name, set) == len && *name != '.' &&
	       strcmp(name, "busybox") && strcmp(name, "skep-run");
}

/* Names that a script or a program from elsewhere may want to look up. */
static int add_etc(struct tree *t, struct skep_err *err)
{
	static const char hosts[] = "127.0.0.1 localhost\n::1 localhost\n";
	static const char users[] = "root:x:0:0:root:/root:/bin/sh\n";
	static const char groups[] = "root:x:0:\n";
	static const struct initramfs_file files[] = {
		{ "etc/hosts", 0644, hosts, sizeof(hosts) - 1 },
		{ "etc/passwd", 0644, users, sizeof(users) - 1 },
		{ "etc/group", 0644, groups, sizeof(groups) - 1 },
	};
	int rc = 0;

	for (size_t i = 0; !rc && i < ARRAY_SIZE(files); i++)
		rc = tree_file(t, &files[i], err);
	return rc;
}

static int add_shell(struct tree *t, const struct inputs *in,
		     const struct initramfs_query *q, struct skep_err *err)
{
	_cleanup_free_ char *names = NULL;
	char *rest, *name;
	int rc = inputs_applets(in, q, &names, err);

	for (name = rc ? NULL : strtok_r(names, "\n", &rest); name && !rc;
	     name = strtok_r(NULL, "\n", &rest)) {
		char path[80];

		snprintf(path, sizeof(path), "bin/%s", name);
		if (is_applet(name))
			rc = tree_link(t, path, "busybox", err);
	}
	/* "#!/usr/bin/env sh" is as usual as "#!/bin/sh" */
	if (!rc)
		rc = tree_link(t, "usr/bin", "../bin", err);
	return rc ?: add_etc(t, err);
}

int initramfs_base(struct buf *out, const struct inputs *in,
		   const struct initramfs_query *q, struct skep_err *err)
{
	struct tree t = { 0 };
	int rc = add_folders(&t, err) ?: add_inputs(&t, in, err);

	if (!rc && in->shell)
		rc = add_shell(&t, in, q, err);
	if (!rc) {
		*out = t.out;
		t.out = (struct buf){ 0 };
	}
	tree_release(&t);
	return rc;
}
