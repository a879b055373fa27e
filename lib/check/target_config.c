/* SPDX-License-Identifier: BSD-2-Clause */
/* Options of a kernel's configuration, each searched for when it is first asked for. */
#include <fcntl.h>
#include <stdio.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/stat.h>
#include <unistd.h>

#include "lib/base/cleanup.h"
#include "lib/check/target_parts.h"

#define PREFIX "CONFIG_"

void target_map_config(struct target *t, const char *path)
{
	_cleanup_close_ int fd = open(path, O_RDONLY | O_CLOEXEC | O_NONBLOCK);
	struct stat st;
	void *map;

	if (fd < 0 || fstat(fd, &st) || !S_ISREG(st.st_mode) || !st.st_size)
		return;
	map = mmap(NULL, st.st_size, PROT_READ, MAP_PRIVATE, fd, 0);
	if (map == MAP_FAILED)
		return;
	t->config = map;
	t->config_len = st.st_size;
	t->config_mapped = true;
}

/* Where the value of an option without its prefix begins; NULL: not set, or no such option. */
static const char *search(const struct target *t, const char *name)
{
	char line[128];
	int len = snprintf(line, sizeof(line), "\n" PREFIX "%s=", name);
	const char *at;

	if (len >= (int)sizeof(line) || t->config_len < (size_t)len)
		return NULL;
	/* the first line has no newline before it */
	if (!memcmp(t->config, line + 1, len - 1))
		return t->config + len - 1;
	at = memmem(t->config, t->config_len, line, len);
	return at ? at + len : NULL;
}

static const char *find(const struct target *t, const char *name)
{
	struct target_memo *memo = t->memo;
	size_t size = strlen(name) + 1;
	const char *value;

	for (size_t i = 0; memo && i < memo->n; i++)
		if (!strcmp(memo->options[i].name, name))
			return memo->options[i].value;
	value = search(t, name);
	if (memo && memo->n < TARGET_MEMO && size <= sizeof(memo->options->name)) {
		memcpy(memo->options[memo->n].name, name, size);
		memo->options[memo->n++].value = value;
	}
	return value;
}

static const char *bare(const char *option)
{
	return strncmp(option, PREFIX, strlen(PREFIX)) ? option : option + strlen(PREFIX);
}

const char *target_config_text(const struct target *t, const char *option, size_t *len)
{
	const char *value = t->config ? find(t, bare(option)) : NULL;
	const char *end, *stop = t->config + t->config_len;

	*len = 0;
	if (!value)
		return NULL;
	end = memchr(value, '\n', stop - value);
	*len = (end ? end : stop) - value;
	return value;
}

enum target_word target_option(const struct target *t, const char *option)
{
	const char *value;

	if (!t->config)
		return TARGET_UNKNOWN;
	value = find(t, bare(option));
	if (!value || value == t->config + t->config_len)
		return TARGET_NO;
	return *value == 'y' || *value == 'm' ? TARGET_YES : TARGET_NO;
}

enum target_word target_gate(const struct target *t, const char *expression)
{
	while (expression && *expression) {
		size_t n = strcspn(expression, "&");
		char option[64];
		enum target_word word;

		if (n >= sizeof(option))
			return TARGET_UNKNOWN;
		memcpy(option, expression, n);
		option[n] = '\0';
		word = target_option(t, option);
		if (word != TARGET_YES)
			return word;
		expression += n + (expression[n] == '&');
	}
	return TARGET_YES;
}
