/* What all cells begin with: the spawner's birth, its messages from the keeper, its turns. */
#ifndef ROLE_SPAWNER_ZYGOTE_H
#define ROLE_SPAWNER_ZYGOTE_H

#include "role/spawner/spawner.h"

/* zygote_new - empty, in memory of its own; NULL: there is none */
struct spawner *zygote_new(void);

/* zygote_boot - from the keeper's first message to READY; what fails has told the keeper why */
enum err zygote_boot(struct spawner *s);

/* zygote_turn - E_OK it goes on · E_CLOSED it is over, in order · E_SYS */
enum err zygote_turn(struct spawner *s);

/* The messages of the keeper: their handlers' role is the struct spawner. */
extern const struct frame_table zygote_table;

#endif
