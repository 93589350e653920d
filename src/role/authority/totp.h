/*
 * One-time passwords of authenticator apps: TOTP (RFC 6238) with what all apps can do, which is
 * HMAC-SHA-1 (RFC 2104, RFC 4226), steps of 30 seconds and six digits. Pure.
 */
#ifndef ROLE_AUTHORITY_TOTP_H
#define ROLE_AUTHORITY_TOTP_H

#include "base/wbuf.h"

enum {
	TOTP_KEY = 20, /* RFC 4226 §4 R6: 160 bits are recommended */
	TOTP_DIGITS = 6,
	TOTP_STEP_S = 30,
	TOTP_SKEW = 1 /* steps either way: RFC 6238 §5.2 */
};

/* totp_hmac - HMAC-SHA-1 of text (RFC 2104); a key longer than a block is refused by INVARIANT */
void totp_hmac(struct view key, struct view text, uint8_t ret[20]);

/* totp_at - the code of one step, as a number below 10^6: RFC 4226 §5.3 */
uint32_t totp_at(struct view key, uint64_t step);

/*
 * totp_check - is this the code of now, or of a step next to it, and of a later one than was used
 * last (RFC 6238 §5.2: a code is good once)?
 *   ret_step  on E_OK: its step, to be stored before anybody is told
 * E_DENIED wrong, used before, or not six digits
 */
enum err totp_check(struct view key, struct view code, uint64_t wall_s, uint64_t last_step,
		    uint64_t *ret_step);

/* totp_put_base32 - RFC 4648 §6, without padding */
void totp_put_base32(struct wbuf *w, struct view v);

#endif
