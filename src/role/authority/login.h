/*
 * Log-ins under way: in memory, each known by the hash of the cookie that the cell has made. So
 * many of one network and in all; the oldest makes room.
 *
 *   FIRST --password--> CODE --code--> DONE --CELL_LOGIN_END--> a session
 *     |                  +-----------> FAILED (whatever was wrong; begins again)
 *     +----passkey-------------------> DONE
 */
#ifndef ROLE_AUTHORITY_LOGIN_H
#define ROLE_AUTHORITY_LOGIN_H

#include "role/authority/cell.h"

/* login_open - an empty table, at boot */
void login_open(struct authority *a);

/* login_find - NULL: there is none, or it is too old */
struct login *login_find(struct authority *a, const struct hash32 *hash);

/* login_begin - a new one from this cell's network; one of the same hash ends */
struct login *login_begin(struct authority *a, const struct authority_cell *c,
			  const struct hash32 *hash);

/* login_end - l is nobody's any more */
void login_end(struct authority *a, struct login *l);

/* login_reset - l begins again: nothing has been shown */
void login_reset(struct login *l);

/* login_answer - AUTHORITY_LOGIN: how far l is; l NULL: LOGIN_GONE */
void login_answer(struct authority *a, const struct question *q, const struct login *l,
		  enum gate_reason why);

#endif
