/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * Templates: a line each in templates/LIST: name, tab, program type, tab, what it does.
 */
#include "lib/build/template_list.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include <skep/build.h>

#include "lib/base/cleanup.h"
#include "lib/base/fs.h"
#include "lib/base/text.h"

void template_list_release(struct template_list *l)
{
	free(l->text);
}

int template_list_read(struct template_list *l, const char *dir, struct skep_err *err)
{
	_cleanup_free_ char *path = fs_join(dir, "LIST");
	char *save = NULL;
	size_t len;
	int rc = path ? fs_read(path, FS_MAX_SOURCE, &l->text, &len, err) : -ENOMEM;

	if (rc) {
		skep_err_hint(
			err,
			"skep's files are in share/skep beside the folder of its program");
		return rc;
	}
	for (char *line = strtok_r(l->text, "\n", &save); line && l->cnt < MAX_TEMPLATES;
	     line = strtok_r(NULL, "\n", &save)) {
		const char *name = strsep(&line, "\t"), *type = strsep(&line, "\t");

		l->names[l->cnt] = name;
		l->types[l->cnt] = type ? type : "";
		l->summaries[l->cnt++] = line ? line : "";
	}
	return 0;
}

int template_list_check(const struct template_list *l, const char *name,
			struct skep_err *err)
{
	const char *near;

	for (size_t i = 0; i < l->cnt; i++)
		if (!strcmp(l->names[i], name))
			return 0;
	near = text_nearest(name, l->names, l->cnt);
	skep_fail(err, SKEP_EUSAGE, "unknown template '%s'", name);
	if (near)
		return skep_err_hint(err, "did you mean '%s'?", near);
	return skep_err_hint(err, "skep new --list shows them");
}

char *templates_dir(const char *share_dir)
{
	_cleanup_free_ char *share = share_dir ? strdup(share_dir) : fs_share_dir();

	return share ? fs_join(share, "templates") : NULL;
}

int skep_templates(const char *share_dir, struct skep_report *report, struct skep_err *err)
{
	_cleanup_(template_list_release) struct template_list list = { 0 };
	_cleanup_free_ char *dir = templates_dir(share_dir);
	struct skep_node *table;
	int rc = dir ? template_list_read(&list, dir, err)
		     : skep_fail(err, ENOMEM, "out of memory");

	if (rc)
		return rc;
	table = skep_node_table(skep_report_root(report), "templates", "");
	for (size_t i = 0; i < list.cnt; i++) {
		struct skep_node *row = skep_node_row(table);

		skep_node_str(row, "name", "template", list.names[i]);
		skep_node_str(row, "type", "program type", list.types[i]);
		skep_node_str(row, "summary", "what it does", list.summaries[i]);
	}
	return 0;
}
