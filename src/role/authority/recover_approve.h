/*
 * Approving by command: user, password and code of the authenticator app, verified as a log-in is,
 * with its delays. Who has this machine has none of them.
 */
#ifndef ROLE_AUTHORITY_RECOVER_APPROVE_H
#define ROLE_AUTHORITY_RECOVER_APPROVE_H

#include "role/authority/tool.h"
#include "role/authority/verify.h"

/* recover_approve_begin - ACT_RECOVER_APPROVE; t ends now, or when the verifier has answered */
void recover_approve_begin(struct tool *t, const struct tool_act *act);

/* recover_approve_verified - the verifier has answered. Ends v, and answers the command */
void recover_approve_verified(struct authority *a, struct verify *v, bool is_right);

/* recover_approve_release - it has nothing to say: the command may try again. v is its caller's */
void recover_approve_release(struct authority *a, const struct verify *v);

#endif
