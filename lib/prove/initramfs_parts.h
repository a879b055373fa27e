/* SPDX-License-Identifier: BSD-2-Clause */
/* Parts of an initramfs: a tree on its way into an archive, and the programs of the host that go into it. */
#ifndef LIB_PROVE_INITRAMFS_PARTS_H
#define LIB_PROVE_INITRAMFS_PARTS_H

#include <stddef.h>
#include <sys/types.h>

#include <skep/error.h>

#include "lib/base/buf.h"
#include "lib/prove/initramfs.h"

/* An archive, and the folders that it has. */
struct tree {
	struct buf out;
	char **folders;
	size_t folder_cnt;
};

/* Each makes the folders above it where they are not. */
int tree_folder(struct tree *t, const char *path, mode_t mode, struct skep_err *err);
int tree_file(struct tree *t, const struct initramfs_file *file, struct skep_err *err);
int tree_link(struct tree *t, const char *path, const char *target, struct skep_err *err);
void tree_release(struct tree *t);

/* A file of the host, and where it is in the guest. */
struct input {
	char *from, *to;
};

#define INPUTS_MAX 64

struct inputs {
	struct input all[INPUTS_MAX];
	size_t n;
	const char *shell; /* busybox of the host, borrowed from all; NULL: none wanted */
};

/* skep-run, busybox if there is to be a shell, and the libraries of both. */
int inputs_find(struct inputs *in, const struct initramfs_query *q, struct skep_err *err);
void inputs_release(struct inputs *in);

/* What busybox is called for each thing it does: by its own word if it can be run here. Caller frees the text: lines. */
int inputs_applets(const struct inputs *in, const struct initramfs_query *q, char **names,
		   struct skep_err *err);

/* What is the same for every boot, without the end of an archive. */
int initramfs_base(struct buf *out, const struct inputs *in,
		   const struct initramfs_query *q, struct skep_err *err);

#endif
