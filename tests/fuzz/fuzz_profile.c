/* SPDX-License-Identifier: BSD-2-Clause */
/* What the library reads back: profiles, blobs of modules; and what users call kernels. */
#include <string.h>

#include "lib/kernel/harvest.h"
#include "lib/kernel/id.h"
#include "lib/kernel/modules.h"
#include "lib/kernel/profile.h"
#include "lib/kernel/version.h"
#include "tests/fuzz/fuzz.h"

/* What is accepted is written again as it was. */
static void try_modules(const uint8_t *data, size_t size)
{
	struct harvest_blob *blobs;
	struct skep_err err = { 0 };
	struct modules m = { 0 };
	struct buf again = { 0 };

	if (fuzz_checked(modules_read(&m, data, size, &err), &err))
		return;
	blobs = calloc(m.n + 1, sizeof(*blobs));
	for (size_t i = 0; blobs && i < m.n; i++)
		blobs[i] = (struct harvest_blob){ m.all[i].name, (void *)m.all[i].data,
						  m.all[i].size };
	FUZZ_ENSURE(!blobs || !modules_write(&again, blobs, m.n, &err));
	FUZZ_ENSURE(!blobs || (again.len == size && !memcmp(again.data, data, size)));
	free(blobs);
	buf_release(&again);
	modules_release(&m);
}

static void try_profile(const uint8_t *data, size_t size)
{
	struct profile *p = NULL, *same = NULL;
	struct skep_err err = { 0 };
	size_t len;
	char *text;

	if (fuzz_checked(profile_read(&p, (const char *)data, size, "x.json", &err), &err))
		return;
	text = profile_write(p, &len, &err);
	FUZZ_ENSURE(text && !profile_read(&same, text, len, "again.json", &err));
	FUZZ_ENSURE(!strcmp(p->digest, same->digest) && !strcmp(p->id, same->id));
	free(text);
	profile_free(p);
	profile_free(same);
}

static void try_words(const uint8_t *data, size_t size)
{
	char *a = strndup((const char *)data, size), *b = a ? strchr(a, '\n') : NULL;
	struct skep_err err = { 0 };
	struct id_query q;
	bool in;

	if (b)
		*b++ = '\0';
	if (a && b) {
		int one = version_compare(a, b), other = version_compare(b, a);

		FUZZ_ENSURE((one < 0) == (other > 0) && (one > 0) == (other < 0));
		if (id_query(&q, a))
			id_matches(&q, b);
		if (id_valid(a) && id_valid(b))
			FUZZ_ENSURE(!id_compare(a, b) == !strcmp(a, b));
		fuzz_checked(version_in_range(a, b, &in, &err), &err);
	}
	free(a);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	try_profile(data, size);
	try_modules(data, size);
	try_words(data, size);
	return 0;
}
