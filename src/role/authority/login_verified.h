/* What becomes of a log-in when the verifier has answered, or a code was shown. */
#ifndef ROLE_AUTHORITY_LOGIN_VERIFIED_H
#define ROLE_AUTHORITY_LOGIN_VERIFIED_H

#include "role/authority/login.h"
#include "role/authority/verify.h"

/* Each ends v, and answers who asked. */
void login_verified_password(struct authority *a, struct verify *v, bool is_right, bool is_old);
void login_verified_passkey(struct authority *a, struct verify *v,
			    const struct verified_assertion *got);

/* login_verified_release - the verifier has nothing to say: the log-in is where it was */
void login_verified_release(struct authority *a, const struct verify *v);

/* login_verified_conclude - something was shown; is it enough now? Tells of failures, and answers
 */
void login_verified_conclude(struct authority *a, const struct question *q, struct login *l);

/* login_verified_fail - something was wrong; what, nobody says */
void login_verified_fail(struct authority *a, const struct question *q, struct login *l,
			 const char *detail);

#endif
