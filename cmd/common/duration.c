/* SPDX-License-Identifier: BSD-2-Clause */
/* Duration: a number and its unit. */
#include "cmd/common/duration.h"

#include <errno.h>
#include <stddef.h>
#include <stdlib.h>
#include <string.h>

/* Nanoseconds of a unit; 0 for none. */
static double unit_ns(const char *unit)
{
	static const struct {
		const char *unit;
		double ns;
	} units[] = { { "", 1e9 }, { "s", 1e9 },  { "ms", 1e6 },  { "us", 1e3 },
		      { "ns", 1 }, { "m", 60e9 }, { "h", 3600e9 } };

	for (size_t i = 0; i < sizeof(units) / sizeof(*units); i++)
		if (!strcmp(units[i].unit, unit))
			return units[i].ns;
	return 0;
}

int duration_parse(const char *option, const char *text, uint64_t *ns,
		   struct skep_err *err)
{
	size_t digits = text ? strspn(text, "0123456789.") : 0;
	char *end;
	double v;

	if (!text)
		return 0;
	errno = 0;
	v = strtod(text, &end) * unit_ns(text + digits);
	/* less than a nanosecond would be 0, which is for ever */
	if (errno || end != text + digits || !(v >= 1 && v <= 1e18)) {
		skep_fail(err, SKEP_EUSAGE, "%s wants a duration, not '%s'", option, text);
		return skep_err_hint(err, "a number with ns, us, ms, s, m or h; bare: s");
	}
	*ns = (uint64_t)v;
	return 0;
}
