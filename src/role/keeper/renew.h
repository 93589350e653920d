/*
 * Fresh keys by command (`sluis rotate`): of session tickets, persistence cookies, balancing and
 * the authority's store. It is a change like an upgrade (change.h), with the programs and the
 * configuration that are in force: new processes are born with the new keys while the old ones
 * finish what they have. What fails before the decision leaves the old keys in force.
 */
#ifndef ROLE_KEEPER_RENEW_H
#define ROLE_KEEPER_RENEW_H

#include "role/keeper/keeper.h"

/* renew_request - TOOL_ROTATE: a record of what the command has done, or fresh keys. E_PROTO */
enum err renew_request(struct keeper_client *c, struct view body);

/* renew_begin - new keys of that set (enum tool_rotate_key) for who starts from now on. E_SYS,
 * E_NOMEM (logged): nothing is changed */
enum err renew_begin(struct keeper *k, uint8_t keys);

/* renew_keep - writes the new ones, before the change is decided. E_SYS (logged) */
enum err renew_keep(struct keeper *k);

/* renew_undo - the old ones again; nothing when there are none */
void renew_undo(struct keeper *k);

/* renew_done - forgets the old ones */
void renew_done(struct keeper *k);

#endif
