/* SPDX-License-Identifier: BSD-2-Clause */
/* # Linux/x86 6.1.192 Kernel Configuration */
#include "lib/kernel/harvest_config.h"

#include <string.h>

#define HEAD 512

static const char *find(const char *text, size_t len, const char *what)
{
	return memmem(text, len < HEAD ? len : HEAD, what, strlen(what));
}

bool config_is(const char *text, size_t len)
{
	return find(text, len, "Kernel Configuration\n") && !memchr(text, '\0', len);
}

bool config_has(const char *text, const char *option, const char *value)
{
	size_t n = strlen(option), m = strlen(value);

	for (const char *p = text; (p = strstr(p, option)); p += n)
		if ((p == text || p[-1] == '\n') && p[n] == '=' &&
		    !strncmp(p + n + 1, value, m) && p[n + 1 + m] == '\n')
			return true;
	return false;
}

const struct arch *config_arch(const char *text, size_t len)
{
	const char *at = find(text, len, "# Linux/");
	const struct arch *arch;
	char word[32];
	size_t n;

	if (!at)
		return NULL;
	at += strlen("# Linux/");
	n = strcspn(at, " \n");
	if (!n || n >= sizeof(word))
		return NULL;
	memcpy(word, at, n);
	word[n] = '\0';
	arch = arch_find(word);
	/* one folder of the sources may hold a narrow and a wide architecture */
	if (arch && arch->pointer_size == 8 && !config_has(text, "CONFIG_64BIT", "y") &&
	    !config_has(text, "CONFIG_PPC64", "y"))
		return NULL;
	if (arch && !strcmp(word, "powerpc") &&
	    !config_has(text, "CONFIG_CPU_LITTLE_ENDIAN", "y"))
		return NULL;
	return arch;
}
