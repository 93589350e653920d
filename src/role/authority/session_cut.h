/* Sessions that end while the store can't be written (a full disk, one that fails): nobody is let
 * in any more, at once; the store hears of it when it can. */
#ifndef ROLE_AUTHORITY_SESSION_CUT_H
#define ROLE_AUTHORITY_SESSION_CUT_H

#include "role/authority/session.h"

/* session_cut_one - the session of this slot; session_cut_all - as session_end_all. An alarm says
 * why, from t */
void session_cut_one(struct authority *a, uint32_t slot, const struct tell *t);
void session_cut_all(struct authority *a, uint32_t user, uint32_t but, const struct tell *t);

/* session_cut_write - tries to have the store know of those that were cut; some at a time */
void session_cut_write(struct authority *a);

#endif
