/* Stopping: edges first, audit and the signer that signs its last checkpoint last. */
#ifndef ROLE_KEEPER_STOP_H
#define ROLE_KEEPER_STOP_H

#include "role/keeper/keeper.h"

/* stop_begin - no way back; called again, or hasty: what drains is ended now */
void stop_begin(struct keeper *k, bool is_hasty, int exit_status);

/* stop_tick - the next stage, when the present one has ended; stage is STOP_DONE after the last */
void stop_tick(struct keeper *k);

#endif
