/* A report for people: the document of tool/incident_doc.h as Markdown. */
#ifndef TOOL_INCIDENT_MARKDOWN_H
#define TOOL_INCIDENT_MARKDOWN_H

#include "tool/incident_form.h"

#include <jansson.h>
#include <stdio.h>

/*
 * incident_markdown_put - all of it. Text of anybody's shows as it is: no markup, no link to where
 * it says, no second line (CommonMark 2.4)
 */
void incident_markdown_put(FILE *to, const json_t *doc, enum form_language language);

#endif
