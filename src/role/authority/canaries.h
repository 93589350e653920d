/*
 * Canaries that come back (base/canary.h): hashes of tokens and passwords that were made to lie in
 * a process's memory and were given to nobody. Who shows one has read it there.
 *
 * Those of edges are in the store, the newest CANARIES_STORED; those of cells, one of each, in
 * memory, as many as there is room for, and not over a restart of the authority.
 */
#ifndef ROLE_AUTHORITY_CANARIES_H
#define ROLE_AUTHORITY_CANARIES_H

#include "ipc/audit_authority.h"
#include "role/authority/authority.h"

enum { CANARIES_STORED = 10000 };

/* canaries_keep - an edge's, as audit has heard. E_SYS the store takes nothing */
enum err canaries_keep(struct authority *a, const struct audit_canary *m);

/* canaries_keep_cell - c's own; zero: it has none */
void canaries_keep_cell(struct authority_cell *c, const struct hash32 *token);

/* canaries_look - c's client has shown a token that is no session's: an alarm when it is a canary
 */
void canaries_look(struct authority_cell *c, const struct hash32 *token);

/* canaries_look_password - likewise, of a password */
void canaries_look_password(struct authority_cell *c, struct view password);

/* canaries_look_decoy - a log-in as this user is tried: an alarm when it is nobody's name */
void canaries_look_decoy(struct authority_cell *c, uint32_t user, struct view name);

#endif
