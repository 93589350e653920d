/* A report for people: the document of tool/incident_doc.h as Markdown. */
#ifndef TOOL_INCIDENT_MARKDOWN_H
#define TOOL_INCIDENT_MARKDOWN_H

#include "tool/incident_form.h"

#include <jansson.h>
#include <stdio.h>

/* incident_markdown_text - text of anybody's so that it shows as it is: no markup, no link, no
 * second line (CommonMark 2.4, GitHub's autolinks) */
void incident_markdown_text(FILE *to, struct view text);

void incident_markdown_put(FILE *to, const json_t *doc, enum form_language language);

#endif
