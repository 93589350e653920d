/* The outcome as one JSON document: what programs get, and what all pictures of it are drawn from.
 */
#ifndef TOOL_BLAST_DOC_H
#define TOOL_BLAST_DOC_H

#include "tool/blast_look.h"

#include <jansson.h>

enum { BLAST_DOC_FORMAT = 1 };

/* blast_doc_make - all of it; gives. Every text in it is UTF-8 that no terminal obeys. NULL: no
 * memory */
json_t *blast_doc_make(const struct blast_look *l);

#endif
