/* A keeper that keeps nobody yet. */
#ifndef ROLE_KEEPER_FRESH_H
#define ROLE_KEEPER_FRESH_H

#include "role/keeper/keeper.h"

/* fresh_init - k is zeroed; everything that is empty without being zero */
void fresh_init(struct keeper *k);

#endif
