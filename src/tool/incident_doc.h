/* A report as one document: what is exported as JSON, and what Markdown is drawn from. */
#ifndef TOOL_INCIDENT_DOC_H
#define TOOL_INCIDENT_DOC_H

#include "tool/incident_form.h"
#include "tool/incident_gather.h"

#include <jansson.h>

/* incident_doc_make - of what was gathered; the caller's. NULL: no memory */
json_t *incident_doc_make(const struct gather *g, enum form_kind form, enum form_language language);

#endif
