/* SPDX-License-Identifier: BSD-2-Clause */
/* Home: the folders below which skep keeps what is the user's. */
#ifndef CMD_COMMON_HOME_H
#define CMD_COMMON_HOME_H

#include <stddef.h>

#define CMD_HOME_MAX 4096

/*
 * The kernel library's folder: $SKEP_HOME, $XDG_DATA_HOME/skep or ~/.local/share/skep. Written into buf
 * and returned; NULL where there is no home or its name is too long.
 */
const char *cmd_home(char *buf, size_t size);

/* Of what can be made again: $XDG_CACHE_HOME/skep or ~/.cache/skep. NULL as above: keep nothing. */
const char *cmd_cache(char *buf, size_t size);

#endif
