/* SPDX-License-Identifier: BSD-2-Clause */
/* Requirements as a section of a report. */
#include "lib/build/require.h"

static void add_row(const struct requirement *r, struct skep_node *table,
		    const char *guarded)
{
	struct skep_node *row = skep_node_row(table);

	skep_node_str(row, "kind", "kind", r->kind);
	skep_node_str(row, "name", "name", r->name);
	skep_node_str(row, "since", "since", r->since);
	skep_node_bool(row, "guarded", guarded, r->guarded);
	skep_node_item(row, "programs", "programs", NULL);
	for (size_t i = 0; i < r->program_cnt; i++)
		skep_node_item(row, "programs", "programs", r->programs[i]);
	skep_node_item(row, "sources", NULL, NULL);
	for (size_t i = 0; i < r->source_cnt; i++)
		skep_node_item(row, "sources", NULL, r->sources[i]);
}

/* Hooks and what CO-RE captures have tables of their own, where people find them. */
static void add_list(const struct requirements *r, struct skep_node *into,
		     enum requirement_list list, bool text)
{
	const char *label = text && list == REQUIREMENT_NEEDS ? "" : NULL;
	struct skep_node *table = skep_node_table(into, requirement_lists[list], label);
	size_t i = requirement_next(r, list, 0);
	const char *guarded = NULL;

	for (; i < r->n; i = requirement_next(r, list, i + 1))
		if (r->rows[i].guarded)
			guarded = "guarded";
	i = requirement_next(r, list, 0);
	for (; i < r->n; i = requirement_next(r, list, i + 1))
		add_row(&r->rows[i], table, guarded);
}

void require_report(const struct requirements *r, struct skep_node *into, bool text)
{
	struct skep_node *root =
		skep_node_section(into, "requirements", text ? "requirements" : NULL);
	const char *known = text && r->minimum ? "" : NULL;

	skep_node_str(root, "minimum", known ? "least kernel, estimated" : NULL,
		      r->minimum);
	skep_node_str(root, "because", known ? "because of" : NULL, r->because);
	skep_node_str(root, "source", r->source && known ? "at" : NULL, r->source);
	skep_node_str(root, "isa", text ? "instruction set" : NULL, r->isa);
	for (int list = REQUIREMENT_NEEDS; list <= REQUIREMENT_CORE; list++)
		add_list(r, root, list, text);
}
