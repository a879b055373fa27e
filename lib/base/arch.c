/* SPDX-License-Identifier: BSD-2-Clause */
/* The table of architectures; spellings from GOARCH, dpkg, the kernel's arch/ and gcc triplets. */
#include "lib/base/arch.h"

#include <string.h>
#include <sys/utsname.h>

#include "lib/base/cleanup.h"

static const struct arch table[] = {
	{ "x86_64", "amd64", "amd64", "x86", "x86_64-linux-gnu", false, 8 },
	{ "arm64", "arm64", "arm64", "arm64", "aarch64-linux-gnu", false, 8 },
	{ "s390x", "s390x", "s390x", "s390", "s390x-linux-gnu", true, 8 },
	{ "riscv64", "riscv64", "riscv64", "riscv", "riscv64-linux-gnu", false, 8 },
	{ "ppc64le", "ppc64le", "ppc64el", "powerpc", "powerpc64le-linux-gnu", false, 8 },
	{ "arm", "arm", "armhf", "arm", "arm-linux-gnueabihf", false, 4 },
	{ "loongarch64", "loong64", "loong64", "loongarch", "loongarch64-linux-gnu",
	  false, 8 },
};

static const struct {
	const char *spelling, *name;
} aliases[] = {
	{ "aarch64", "arm64" },
	{ "armv7l", "arm" },
	{ "powerpc64le", "ppc64le" },
	{ "loongarch", "loongarch64" },
};

const struct arch *arch_find(const char *any_spelling)
{
	for (size_t i = 0; i < ARRAY_SIZE(aliases); i++)
		if (!strcmp(any_spelling, aliases[i].spelling))
			any_spelling = aliases[i].name;
	for (size_t i = 0; i < ARRAY_SIZE(table); i++) {
		const struct arch *a = &table[i];

		if (!strcmp(any_spelling, a->name) || !strcmp(any_spelling, a->goarch) ||
		    !strcmp(any_spelling, a->debian) || !strcmp(any_spelling, a->srcarch))
			return a;
	}
	return NULL;
}

const struct arch *arch_host(void)
{
	struct utsname u;

	return uname(&u) ? NULL : arch_find(u.machine);
}

const struct arch *arch_at(size_t i)
{
	return i < ARRAY_SIZE(table) ? &table[i] : NULL;
}
