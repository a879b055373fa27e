/* SPDX-License-Identifier: BSD-2-Clause */
/* Files: read them bounded, write them whole or not at all. */
#ifndef LIB_BASE_FS_H
#define LIB_BASE_FS_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <sys/types.h>

#include <skep/error.h>

#define FS_MAX_SOURCE  ((size_t)16 << 20)  /* skep.yaml, certificates, keys, JSON */
#define FS_MAX_OBJECT  ((size_t)256 << 20) /* BPF objects, BTF */
#define FS_MAX_PACKAGE ((size_t)512 << 20) /* .skep files */
#define FS_MAX_VMLINUX ((size_t)2 << 30)   /* vmlinux with DWARF */

/*
 * Read a whole file, at most max bytes, NUL-terminated beyond len. A larger file, a folder or a
 * device is an error with where = path. Caller frees.
 */
int fs_read(const char *path, size_t max, char **data, size_t *len, struct skep_err *err);
int fs_read_fd(int fd, const char *path, size_t max, char **data, size_t *len,
	       struct skep_err *err);

/*
 * Make path hold exactly these bytes: temporary beside it, write, fsync, rename. On failure nothing
 * is left behind and the old file stands. mode is of the new file, umask applied.
 * A symbolic link stays and what it leads to is replaced; a device or pipe is written to.
 */
int fs_publish(const char *path, const void *data, size_t len, mode_t mode,
	       struct skep_err *err);

/*
 * The same for a file that is there already: it keeps owner and mode. path is no link and must still be
 * that very file, else -ESTALE: somebody replaced it meanwhile.
 */
struct stat;
int fs_replace(const char *path, const struct stat *old, const void *data, size_t len,
	       struct skep_err *err);

/* The same as fs_publish(), but nothing is touched (and *changed is false) when path already holds these bytes. */
int fs_publish_if_changed(const char *path, const void *data, size_t len, mode_t mode,
			  bool *changed, struct skep_err *err);

int fs_mkdirs(const char *path, mode_t mode, struct skep_err *err); /* like mkdir -p */
int fs_remove_tree(const char *path,
		   struct skep_err *err); /* never follows links; absent is fine */
bool fs_exists(const char *path);
char *fs_join(const char *dir,
	      const char *name);           /* caller frees; absolute name stands alone */
char *fs_dirname(const char *path);        /* caller frees */
const char *fs_basename(const char *path); /* borrowed from path */
char *fs_abspath(const char *path); /* lexical, against the working folder; caller frees */
char *fs_find_program(
	const char *name,
	const char *path_env); /* in $PATH's value; caller frees; NULL if absent */
char *fs_share_dir(void);      /* ../share/skep of /proc/self/exe; caller frees */
char *fs_libexec_dir(void);    /* ../libexec/skep of it; caller frees */

#endif
