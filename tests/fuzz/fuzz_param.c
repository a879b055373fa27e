/* SPDX-License-Identifier: BSD-2-Clause */
/* Parameters of the command line: first a type's name, a newline, then its value. */
#include <string.h>

#include "lib/run/params.h"
#include "tests/fuzz/fuzz.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	char text[4096], out[64], *value;
	struct skep_err err = { 0 };
	size_t wanted;

	if (size >= sizeof(text))
		return -1;
	memcpy(text, data, size);
	text[size] = '\0';
	value = strchr(text, '\n');
	if (!value)
		return 0;
	*value++ = '\0';
	wanted = param_size(text);
	FUZZ_ENSURE(wanted <= sizeof(out));
	fuzz_checked(param_encode("x", text, value, out, wanted ?: sizeof(out), &err),
		     &err);
	return 0;
}
