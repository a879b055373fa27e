/* SPDX-License-Identifier: BSD-2-Clause */
/* The doctor's report: rows of checks, and below what each lack costs. */
#include <skep/doctor.h>

#include "lib/btf/messages.h"
#include "lib/run/checkup.h"

void checkup_add(struct checkup *c, enum verdict verdict, const char *what,
		 const char *found, const char *cost, const char *remedy)
{
	static const char *const names[] = { "ok", "note", "lacking" };
	struct skep_node *row = skep_node_row(c->checks);

	skep_node_str(row, "what", "what", what);
	skep_node_str(row, "verdict", "verdict", names[verdict]);
	skep_node_str(row, "found", "found", found);
	skep_node_str(row, "cost", NULL, verdict == VERDICT_OK ? NULL : cost);
	skep_node_str(row, "remedy", NULL, verdict == VERDICT_OK ? NULL : remedy);
	c->bad |= verdict == VERDICT_LACKING;
	if (verdict == VERDICT_OK)
		return;
	row = skep_node_section(c->lacking, what, what);
	skep_node_str(row, "cost", "cost", cost);
	skep_node_str(row, "remedy", "remedy", remedy);
}

int skep_doctor(const char *path_env, struct skep_report *report, struct skep_err *err)
{
	struct skep_node *root = skep_report_root(report);
	struct checkup c = { .path_env = path_env };
	struct messages said;

	c.checks = skep_node_table(root, "checks", "");
	c.lacking =
		skep_node_section(root, "remedies", "what it costs and how to mend it");
	messages_begin(&said, NULL);
	checkup_tools(&c);
	checkup_kernel(&c);
	checkup_security(&c);
	messages_end(&said);
	skep_node_bool(root, "ready", "a template can be built and run here", !c.bad);
	return c.bad;
}
