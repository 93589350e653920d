/* What roles say to the keeper: the table of their messages and its handlers. */
#ifndef ROLE_KEEPER_HEAR_H
#define ROLE_KEEPER_HEAR_H

#include "role/keeper/keeper.h"

extern const struct frame_table hear_table;

/* hear_pump - at most budget messages of c. E_OK, E_AGAIN go on; E_CLOSED its end of the channel is
 * closed; anything else: it broke the protocol */
enum err hear_pump(struct keeper_child *c, unsigned budget);

#endif
