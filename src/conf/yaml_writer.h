/* A tree back to YAML, in the subset that yaml_reader reads. */
#ifndef CONF_YAML_WRITER_H
#define CONF_YAML_WRITER_H

#include "base/wbuf.h"
#include "conf/node.h"

/* yaml_writer_text - one scalar: plain where that is safe, else in double quotes */
void yaml_writer_text(struct wbuf *w, struct view text);

/* yaml_writer_flow - n on one line: {name: b, weight: 2}; NULL: nothing */
void yaml_writer_flow(struct wbuf *w, const struct node *n);

/* yaml_writer_document - a whole configuration: its lists item by item, an option per line */
void yaml_writer_document(struct wbuf *w, const struct node *root);

#endif
