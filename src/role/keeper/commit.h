/* A change that is decided: what everybody is told, and who is replaced. */
#ifndef ROLE_KEEPER_COMMIT_H
#define ROLE_KEEPER_COMMIT_H

#include "role/keeper/keeper.h"

/* commit_change - the prepared change becomes what runs: PREPARE -> SWAP */
void commit_change(struct keeper *k);

/* commit_tell - says that it is done: "ready", service manager, log */
void commit_tell(struct keeper *k);

/* commit_edge_count - how many edges an image asks for */
unsigned commit_edge_count(const struct image *image);

/* commit_close_image - gives an image's memory and descriptor back */
void commit_close_image(struct keeper_image *im);

#endif
