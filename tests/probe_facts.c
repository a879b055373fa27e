/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * What the tables of facts say, one line each, fields with tabs between:
 *
 *	probe_facts			"prog" | "map" | "attach" | "helper", number, name, since, gpl; "feature", name, since, probe
 *	probe_facts allowed ID TYPE ATTACH	word, since, options, limited to
 *	probe_facts kfunc NAME TYPE ATTACH	word, since
 *	probe_facts kernel HOME ID	of each feature with a probe: name, 1 or 0
 */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "lib/base/arch.h"
#include "lib/check/target.h"
#include "lib/kernel/library.h"
#include "lib/object/facts.h"

static void tell(const char *kind, int number, const char *name, facts_version since,
		 bool gpl)
{
	printf("%s\t%d\t%s\t%u.%u\t%d\n", kind, number, name, since >> 16,
	       since >> 8 & 0xff, gpl);
}

static void tell_types(const char *kind, const struct facts_type *(*of)(uint32_t type))
{
	const struct facts_type *t;

	for (uint32_t i = 0; (t = of(i)); i++)
		tell(kind, i, t->name, t->since, false);
}

static int tell_all(void)
{
	tell_types("prog", facts_prog_type);
	tell_types("map", facts_map_type);
	tell_types("attach", facts_attach_type);
	for (int32_t i = 1; i < facts_helper_cnt(); i++) {
		const struct facts_helper *h = facts_helper(i);

		tell("helper", i, h->name, h->since, h->gpl_only);
	}
	for (int f = FEATURE_NONE + 1; f < FEATURES; f++) {
		const struct facts_feature_row *r = facts_feature(f);

		printf("feature\t%s\t%u.%u\t%s\n", r->name, r->since >> 16,
		       r->since >> 8 & 0xff, r->probe ? r->probe : "");
	}
	return 0;
}

static const char *const words[] = { "never", "allowed", "unknown" };

static int tell_allowed(char **argv)
{
	struct facts_allowed a =
		facts_helper_allowed(atoi(argv[2]), atoi(argv[3]), atoi(argv[4]));

	printf("%s\t%u.%u\t%s\t%s\n", words[a.word], a.since >> 16, a.since >> 8 & 0xff,
	       a.kconfig ? a.kconfig : "", a.only ? a.only : "");
	return 0;
}

static int tell_kfunc(char **argv)
{
	struct facts_allowed a =
		facts_kfunc_allowed(argv[2], atoi(argv[3]), atoi(argv[4]));

	printf("%s\t%u.%u\n", words[a.word], a.since >> 16, a.since >> 8 & 0xff);
	return 0;
}

static int ask_kernel(char **argv)
{
	struct skep_err err = { 0 };
	struct library *lib = NULL;
	const struct profile *p;
	struct target t;
	int rc = library_open(&lib, argv[2], &err);

	if (!rc)
		rc = library_find(lib, argv[3], arch_host(), &p, &err);
	if (!rc)
		rc = target_of_profile(&t, lib, p, &err);
	if (rc) {
		fprintf(stderr, "%s: %s\n", err.where, err.what);
		return 3;
	}
	for (int f = FEATURE_NONE + 1; f < FEATURES; f++) {
		const struct facts_feature_row *r = facts_feature(f);

		if (r->probe)
			printf("%s\t%d\n", r->name,
			       target_probe(&t, r->probe) == TARGET_YES);
	}
	target_release(&t);
	library_free(lib);
	return 0;
}

int main(int argc, char **argv)
{
	if (argc == 5 && !strcmp(argv[1], "allowed"))
		return tell_allowed(argv);
	if (argc == 5 && !strcmp(argv[1], "kfunc"))
		return tell_kfunc(argv);
	if (argc == 4 && !strcmp(argv[1], "kernel"))
		return ask_kernel(argv);
	return tell_all();
}
