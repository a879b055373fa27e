/* SPDX-License-Identifier: BSD-2-Clause */
/* Words of records, as linux/btf.h draws them. */
#include "lib/btf/words.h"

#include <stdbool.h>
#include <string.h>

#include <bpf/btf.h>

#include "lib/base/cleanup.h"

static const struct {
	const char *head, *rest;
	bool repeats;
} kinds[] = {
	[BTF_KIND_INT] = { "nis", "s", false },
	[BTF_KIND_PTR] = { "nit", "", false },
	[BTF_KIND_ARRAY] = { "nis", "tts", false },
	[BTF_KIND_STRUCT] = { "nis", "nto", true },
	[BTF_KIND_UNION] = { "nis", "nto", true },
	[BTF_KIND_ENUM] = { "nis", "ns", true },
	[BTF_KIND_FWD] = { "nis", "", false },
	[BTF_KIND_TYPEDEF] = { "nit", "", false },
	[BTF_KIND_FUNC_PROTO] = { "nit", "nt", true },
	[BTF_KIND_FLOAT] = { "nis", "", false },
	[BTF_KIND_ENUM64] = { "nis", "nss", true },
};

struct words words_of(uint32_t info)
{
	uint32_t kind = BTF_INFO_KIND(info);

	if (kind >= ARRAY_SIZE(kinds) || !kinds[kind].head)
		return (struct words){ 0 };
	return (struct words){ kinds[kind].head, kinds[kind].rest,
			       kinds[kind].repeats ? BTF_INFO_VLEN(info) : 1 };
}

size_t words_cnt(const struct words *w)
{
	return WORDS_HEAD + strlen(w->rest) * w->times;
}

char words_role(const struct words *w, size_t i)
{
	return i < WORDS_HEAD ? w->head[i] : w->rest[(i - WORDS_HEAD) % strlen(w->rest)];
}
