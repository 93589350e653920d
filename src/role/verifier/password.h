/*
 * Passwords: argon2id (RFC 9106) in memory that was reserved, and locked where the limit allows it,
 * when the role started. One password is worked on at a time, so that a flood of log-ins costs time
 * and never memory; libargon2 wipes the memory after each.
 *
 * A password of an account that does not exist costs what any other costs.
 */
#ifndef ROLE_VERIFIER_PASSWORD_H
#define ROLE_VERIFIER_PASSWORD_H

#include "base/wbuf.h"

enum {
	PASSWORD_KIB_MIN = 19 * 1024, /* OWASP's least: 19 MiB and two passes */
	PASSWORD_PASSES_MIN = 2,
	PASSWORD_KIB = 64 * 1024,      /* when the configuration names none */
	PASSWORD_KIB_MAX = 256 * 1024, /* of a stored hash, and of the configuration */
	PASSWORD_PASSES_MAX = 64,
	PASSWORD_MS = 150, /* that one is tuned to take */
	PASSWORD_SALT = 16,
	PASSWORD_TAG = 32
};

struct password_cost {
	uint32_t kib, passes;
};

/* The outcome of a comparison. */
struct password_verdict {
	bool is_right;
	bool is_old; /* right, and made at a lower cost than today's */
};

struct password {
	struct password_cost cost; /* of new hashes */
	size_t bytes;		   /* reserved */
	bool is_locked;
};

/*
 * password_open - reserves the memory, and finds the cost that this machine can bear
 *   wanted  a zero in it: tuned, to PASSWORD_MS within PASSWORD_KIB
 * E_LIMIT more memory than PASSWORD_KIB_MAX, or more passes than PASSWORD_PASSES_MAX · E_SYS
 * (logged). Memory that can't be locked is used unlocked: is_locked tells.
 */
enum err password_open(struct password *p, const struct password_cost *wanted);
void password_done(struct password *p);

/* password_tune - the cost that takes PASSWORD_MS, when one pass over PASSWORD_KIB took pass_us;
 * never below OWASP's least. A pure function. */
struct password_cost password_tune(uint64_t pass_us);

/* password_hash - "$argon2id$v=19$m=...,t=...,p=1$salt$tag" with a random salt. E_SYS */
enum err password_hash(const struct password *p, struct view password, struct wbuf *ret_encoded);

/*
 * password_check - is it the one?
 *   encoded  as password_hash made it; empty: nobody's, the same time is spent and it is wrong
 * A hash of lower cost than today's takes today's time too. E_PROTO encoded is no such hash, or
 * asks for more than is reserved · E_SYS
 */
enum err password_check(const struct password *p, struct view encoded, struct view password,
			struct password_verdict *ret);

#endif
