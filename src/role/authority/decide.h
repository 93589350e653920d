/* What a session may open: the rules of the image (src/access) with what the store knows. */
#ifndef ROLE_AUTHORITY_DECIDE_H
#define ROLE_AUTHORITY_DECIDE_H

#include "access/access.h"
#include "role/authority/session.h"

/* Where a session's client is just now. */
struct decide_from {
	struct ip ip;
	bool has_certificate;
};

struct decision {
	uint8_t verdict;	    /* enum gate_verdict: GATE_OK, GATE_STEP_UP, GATE_DENIED */
	uint8_t factors;	    /* GATE_STEP_UP: any of these would do */
	uint32_t position, waiting; /* GATE_WAIT */
	uint64_t until_s;	    /* the answer may be another one then: wall clock */
};

/* decide_app_by_id - NULL: the image has none of this id */
const struct image_app *decide_app_by_id(const struct image *im, uint64_t id);

/* decide_clock - local time of the machine, as rules ask for it */
struct access_clock decide_clock(uint64_t wall_s);

/* What is known of a session and its client; borrows both. */
struct decide_facts {
	struct access_facts facts;
	uint8_t groups[GATE_GROUPS_MAX];
};

/* decide_facts - E_SYS, E_LIMIT: they can't be told, and then the answer is no */
enum err decide_facts(struct authority *a, const struct session *s, const struct decide_from *from,
		      struct decide_facts *ret);

/* decide - may it open the application? By the image in force */
struct decision decide(const struct authority *a, const struct image_app *app,
		       const struct decide_facts *facts);

/* decide_here - likewise, of a session that this cell has shown. E_SYS, E_LIMIT */
enum err decide_here(const struct authority_cell *c, const struct session *s,
		     const struct image_app *app, struct decision *ret);

/* decide_user_again, decide_all_again - groups, rules or applications have changed: sessions (of
 * this user) that have entered what they may no longer open are asked to show themselves anew, at
 * once */
void decide_user_again(struct authority *a, uint32_t user);
void decide_all_again(struct authority *a);

/* decide_tick - ... or a rule's time has begun or ended: streams ask for nothing anew themselves */
void decide_tick(struct authority *a);

#endif
