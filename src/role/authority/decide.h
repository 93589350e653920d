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
	enum gate_verdict verdict; /* GATE_OK, GATE_STEP_UP, GATE_DENIED */
	uint8_t factors;	   /* GATE_STEP_UP: any of these would do */
	uint64_t until_s;	   /* the answer may be another one then: wall clock */
};

/* decide_app_by_id - NULL: the image has none of this id */
const struct image_app *decide_app_by_id(const struct image *im, uint64_t id);

/* decide_clock - local time of the machine, as rules ask for it */
struct access_clock decide_clock(uint64_t wall_s);

/* decide - may s, whose client is there, open the application? By the image in force. E_SYS,
 * E_LIMIT: nobody can tell, which is no */
enum err decide(struct authority *a, const struct session *s, const struct decide_from *from,
		const struct image_app *app, struct decision *ret);

/* decide_here - likewise, of a session that this cell has shown */
enum err decide_here(const struct authority_cell *c, const struct session *s,
		     const struct image_app *app, struct decision *ret);

/* decide_user_again, decide_all_again - groups, rules or applications have changed: sessions (of
 * this user) that have entered what they may no longer open are asked to show themselves anew, at
 * once */
void decide_user_again(struct authority *a, uint32_t user);
void decide_all_again(struct authority *a);

#endif
