/* The document of blast_doc.h for people: a table and lines in a terminal, the same as Markdown,
 * and a picture. */
#ifndef TOOL_BLAST_DRAW_H
#define TOOL_BLAST_DRAW_H

#include <jansson.h>
#include <stdio.h>

void blast_draw_text(FILE *to, const json_t *doc);
void blast_draw_markdown(FILE *to, const json_t *doc);

/* blast_draw_svg - one row per role, one column per power, coloured by how much of it there is; in
 * light and dark, without scripts, fonts or anything from elsewhere */
void blast_draw_svg(FILE *to, const json_t *doc);

#endif
