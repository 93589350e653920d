/*
 * What an assertion says (RFC 7519 §4), as JSON: composed here from fields that come from an
 * authority that may have been taken over (A20, P3). A field that is not what its name says is
 * refused, so that no field can say two things, or end the text of another.
 */
#ifndef ROLE_SIGNER_CLAIMS_H
#define ROLE_SIGNER_CLAIMS_H

#include "base/wbuf.h"

struct claims {
	struct view issuer, audience; /* of the signer's own image */
	struct view user;	      /* [a-z0-9._-] */
	struct view title;	      /* a name for people, UTF-8; may be empty */
	struct view groups;	      /* names as of users, a line each; may be empty */
	uint8_t factors;	      /* bits of enum gate_factor */
	uint64_t now_s, lifetime_s, auth_s;
	struct view id, session; /* jti, sid: base64url */
};

/* claims_put - the object. E_DENIED and ret_why (a fixed text): a field is wrong · E_LIMIT: w is
 * full */
enum err claims_put(struct wbuf *w, const struct claims *c, const char **ret_why);

#endif
