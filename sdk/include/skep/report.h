/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * Report: one value that a command builds and that text and JSON both walk.
 *
 * A report is a tree. A section is an object, a table is an array of rows, a row is an object, the
 * rest are scalars. Every node has a JSON key and a label for people; a node with a NULL label is
 * in the JSON only, one with a NULL key in the text only. In text, scalars are "label: value" lines, a table is aligned columns headed
 * by its rows' labels, a section is its label and then its children, indented.
 *
 * Adding to a report never fails visibly: lack of memory is remembered and told when it is
 * rendered. Strings are copied; bytes that are not UTF-8 become U+FFFD.
 */
#ifndef SKEP_REPORT_H
#define SKEP_REPORT_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include <skep/error.h>

#ifdef __cplusplus
extern "C" {
#endif

struct skep_report; /* the whole */
struct skep_node;   /* a section, table or row of one, owned by it */

/**
 * skep_report_new - an empty report; its root is a section.
 *
 * Returns it, or NULL without memory; every function here takes that NULL. Free with
 * skep_report_free().   Since: 0.1
 */
struct skep_report *skep_report_new(void);

/**
 * skep_report_free - free a report and all its nodes.
 * @r: report or NULL
 *
 * Since: 0.1
 */
void skep_report_free(struct skep_report *r);

/**
 * skep_report_root - the root section.
 * @r: report or NULL
 *
 * Returns a borrowed node, valid as long as the report.   Since: 0.1
 */
struct skep_node *skep_report_root(struct skep_report *r);

/**
 * skep_node_section - add an object.
 * @parent: section or row
 * @key:    JSON key
 * @label:  heading for people, NULL for JSON only
 *
 * Returns the borrowed new node.   Since: 0.1
 */
struct skep_node *skep_node_section(struct skep_node *parent, const char *key,
				    const char *label);

/**
 * skep_node_table - add an array of rows; it may stay empty ("[]", no text).
 * @parent: section or row (a table within a row is in the JSON only)
 * @key:    JSON key
 * @label:  heading for people, NULL for JSON only, "" for no heading line
 *
 * Returns the borrowed new node.   Since: 0.1
 */
struct skep_node *skep_node_table(struct skep_node *parent, const char *key,
				  const char *label);

/**
 * skep_node_row - add a row to a table.
 * @table: a table
 *
 * Returns the borrowed new node, to be filled with scalars.   Since: 0.1
 */
struct skep_node *skep_node_row(struct skep_node *table);

/**
 * skep_node_str - add a string.
 * @parent: section or row
 * @key:    JSON key
 * @label:  text before it, or column heading; NULL for JSON only
 * @value:  NULL is JSON null and "-" in text
 *
 * Since: 0.1
 */
void skep_node_str(struct skep_node *parent, const char *key, const char *label,
		   const char *value);

/**
 * skep_node_fmt - add a string made by a printf format.
 * @parent: section or row
 * @key:    JSON key
 * @label:  text before it, or column heading; NULL for JSON only
 * @fmt:    printf format
 *
 * Since: 0.1
 */
void skep_node_fmt(struct skep_node *parent, const char *key, const char *label,
		   const char *fmt, ...) __attribute__((format(printf, 4, 5)));

/**
 * skep_node_uint - add a number; text aligns a column of them to the right.
 * @parent: section or row
 * @key:    JSON key
 * @label:  text before it, or column heading; NULL for JSON only
 * @value:  at most INT64_MAX
 *
 * Since: 0.1
 */
void skep_node_uint(struct skep_node *parent, const char *key, const char *label,
		    uint64_t value);

/**
 * skep_node_bool - add a truth; "yes" and "no" in text.
 * @parent: section or row
 * @key:    JSON key
 * @label:  text before it, or column heading; NULL for JSON only
 * @value:  the truth
 *
 * Since: 0.1
 */
void skep_node_bool(struct skep_node *parent, const char *key, const char *label,
		    bool value);

/**
 * skep_node_item - add a string to an array of strings, made when first named.
 * @parent: section or row
 * @key:    JSON key of the array
 * @label:  text before them, joined by ", "; NULL for JSON only
 * @value:  the string; NULL only makes the array
 *
 * Since: 0.1
 */
void skep_node_item(struct skep_node *parent, const char *key, const char *label,
		    const char *value);

/**
 * skep_report_str - read a string back from the top of a report.
 * @r:   report or NULL
 * @key: JSON key of a string, or of an array of strings, whose first it is; not in a section or table
 *
 * Returns it, borrowed until the report is freed; NULL if there is none of that key.   Since: 0.1
 */
const char *skep_report_str(const struct skep_report *r, const char *key);

/**
 * skep_report_item - read an item back of an array of strings at the top of a report.
 * @r:   report or NULL
 * @key: JSON key of the array
 * @i:   which, from 0 on
 *
 * Returns it, borrowed until the report is freed; NULL if there are no more.   Since: 0.1
 */
const char *skep_report_item(const struct skep_report *r, const char *key, size_t i);

/**
 * skep_report_text - render for people.
 * @r:    report
 * @text: on success a NUL-terminated string the caller frees
 *
 * Errors: -ENOMEM.   Since: 0.1
 */
int skep_report_text(const struct skep_report *r, char **text, struct skep_err *err);

/**
 * skep_report_json - render as JSON: two-space indent, keys in the order they were added, newline at the end.
 * @r:    report
 * @text: on success a NUL-terminated string the caller frees
 *
 * Errors: -ENOMEM.   Since: 0.1
 */
int skep_report_json(const struct skep_report *r, char **text, struct skep_err *err);

#ifdef __cplusplus
}
#endif

#endif
