/*
 * A purge of the caches: every edge that lives is told, and says what it did; the command hears of
 * each. What is purged is text that the keeper does not read (cache/cache_pattern.h).
 */
#ifndef ROLE_KEEPER_PURGE_H
#define ROLE_KEEPER_PURGE_H

#include "role/keeper/keeper.h"

/* purge_begin - asks every edge for the command c; body as in TOOL_CACHE_PURGE. E_PROTO: it is none
 */
enum err purge_begin(struct keeper_client *c, struct view body);

/* purge_on_done - an edge's answer. E_DENIED: it is no edge */
enum err purge_on_done(struct keeper_child *edge, struct view body);

/* purge_on_end - an edge has ended, and its cache with it: nobody waits for it any more */
void purge_on_end(struct keeper_child *edge);

/* purge_expired - c has waited long enough: it is told who was silent */
void purge_expired(struct keeper_client *c);

#endif
