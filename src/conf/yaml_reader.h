/*
 * One YAML file to one tree, in the strict subset that Sluis reads: one document; no anchors,
 * aliases, tags, directives or merge keys; every key a plain word and once; no control bytes.
 * Scalars have no type of their own: the option they stand for gives them one ("no" is never
 * false by accident).
 */
#ifndef CONF_YAML_READER_H
#define CONF_YAML_READER_H

#include "conf/node.h"

enum { YAML_READER_DEPTH = 24, YAML_READER_NODES = 500000 };

struct yaml_reader {
	struct arena *region;
	struct diag *diag;
	uint32_t nodes; /* made so far, over all files */
};

/*
 * yaml_reader_parse - the tree of one file
 *   text   borrowed until return; hostile
 *   file   index of the file in diag
 * NULL when no tree could be made, which diag then says; problems that leave a tree are told too.
 */
struct node *yaml_reader_parse(struct yaml_reader *r, struct view text, uint16_t file);

#endif
