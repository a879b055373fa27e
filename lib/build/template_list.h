/* SPDX-License-Identifier: BSD-2-Clause */
/* Which templates there are: templates/LIST of the share folder. */
#ifndef LIB_BUILD_TEMPLATE_LIST_H
#define LIB_BUILD_TEMPLATE_LIST_H

#include <stddef.h>

#include <skep/error.h>

#define MAX_TEMPLATES 64

struct template_list {
	char *text; /* the lines are cut up in place */
	const char *names[MAX_TEMPLATES], *types[MAX_TEMPLATES],
		*summaries[MAX_TEMPLATES];
	size_t cnt;
};

char *templates_dir(const char *share_dir); /* NULL: the program's; caller frees */

int template_list_read(struct template_list *l, const char *dir, struct skep_err *err);
void template_list_release(struct template_list *l);

/* Is name one of them? If not, says which was meant. */
int template_list_check(const struct template_list *l, const char *name,
			struct skep_err *err);

#endif
