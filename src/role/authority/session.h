/*
 * Sessions: who is logged in, by which token, until when (promises P2, P7).
 *
 * A session has one token for the portal and one per application that was entered; each is known by
 * its SHA-256 alone and is replaced every gateway.rotate_s:
 *
 *   CURRENT --rotate--> FRESH (beside it; both are good: the answer may have been lost)
 *   FRESH   --used----> CURRENT, and what was CURRENT is RETIRED
 *   RETIRED             good for AUTHORITY_GRACE_S more, at most (answers cross); whoever brings it
 * later has a copy: the session and all of its applications end, with an alarm REPLACED by entering
 * the application again: good as long, and unknown after that
 */
#ifndef ROLE_AUTHORITY_SESSION_H
#define ROLE_AUTHORITY_SESSION_H

#include "role/authority/tell.h"
#include "role/authority/user.h"

enum token_state { TOKEN_CURRENT = 1, TOKEN_FRESH, TOKEN_RETIRED, TOKEN_REPLACED };

enum { SESSION_AGENT = 256, SESSION_FRESH_MAX = 4 };

struct session {
	uint32_t id, slot, invite;
	uint64_t generation;
	uint64_t began_s, seen_s, factor_s, until_s, ended_s;
	struct hash32 fingerprint, token; /* token: by which it was found */
	struct ip network, source;
	uint64_t app, token_made_s, token_until_s;
	struct user user; /* id, name, title, locale, is_disabled */
	uint16_t agent_n;
	uint8_t agent[SESSION_AGENT];
	uint8_t factors, token_state;
	bool is_enrolling;
	bool is_denied; /* the token: it was found to be good for nothing now */
};

/* session_open - seats of those that live, and the gate page, at boot. E_LIMIT, E_SYS */
enum err session_open(struct authority *a);

/* session_by_token, session_by_id, session_after (the next one that lives; user 0: of anybody) -
 * E_CLOSED there is none · E_SYS */
enum err session_by_token(struct authority *a, const struct hash32 *token, uint64_t app,
			  struct session *ret);
enum err session_by_id(struct authority *a, uint32_t id, struct session *ret);
enum err session_after(struct authority *a, uint32_t user, uint32_t id, struct session *ret);

/*
 * session_show - a cell has shown the token that s was found by: may it go on?
 * GATE_OK, GATE_ENROL (good, for enrolling alone), GATE_NONE, GATE_MISMATCH, GATE_ENDED,
 * GATE_OTHER. Ends s when its time is up, or its token is one that was rotated away. The first use
 * of a fresh token is noted here.
 */
enum gate_verdict session_show(struct authority *a, struct authority_cell *c, struct session *s);

/* session_wants_binding - s belongs to another network or client than c's */
bool session_wants_binding(const struct authority *a, const struct authority_cell *c,
			   const struct session *s);

/* session_is_fresh - a factor was shown within gateway.step_up_s */
bool session_is_fresh(const struct authority *a, const struct session *s);

/* session_wants_rotation - the token is old, and nobody was asked to replace it just now */
bool session_wants_rotation(struct authority *a, const struct session *s);

/* session_rotate - fresh beside the token that s was found by. E_DENIED not a current one · E_SYS
 */
enum err session_rotate(struct authority *a, const struct session *s, const struct hash32 *fresh);

struct session_wish {
	uint32_t user, invite;
	uint8_t factors;
	bool is_enrolling;
	struct view agent;
};

/*
 * session_make - a session of the cell's client, on disk when this returns
 *   ret  as session_by_token would give it
 * E_LIMIT no seat is free · E_SYS
 */
enum err session_make(struct authority *a, struct authority_cell *c, const struct session_wish *w,
		      const struct hash32 *token, struct session *ret);

/* session_raise - more factors were shown; it is bound to where they were, and gets a fresh token.
 * E_SYS */
enum err session_raise(struct authority *a, struct authority_cell *c, struct session *s,
		       uint8_t factors, const struct hash32 *token);

/* session_enter - token for an application; the one before it is replaced. In a transaction of its
 * own. E_SYS */
enum err session_enter(struct authority *a, const struct session *s, uint64_t app,
		       const struct hash32 *token);

/* session_set_denied - the rules say so of an application that it has entered, or no longer. E_SYS
 */
enum err session_set_denied(struct authority *a, uint32_t id, uint64_t app, bool is_denied);

/* session_forget_generation - what was granted under the old one has to be asked for again. E_SYS
 */
enum err session_forget_generation(struct authority *a, uint32_t id);

/* session_seen_s - when it was last used, whatever the store knows yet */
uint64_t session_seen_s(const struct authority *a, const struct session *s);

/* session_tick - writes when sessions were used; ends those whose time is up; forgets old ones */
void session_tick(struct authority *a);

#endif
