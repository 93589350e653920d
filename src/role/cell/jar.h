/*
 * The cookies of Sluis itself: found in a request's Cookie fields, left out of what applications
 * get, and set in answers. Each is of one host (`__Host-`: RFC 6265bis §4.1.3.2), for encrypted
 * connections alone, out of reach of scripts, and not sent along with what other sites post
 * (SameSite=Lax).
 */
#ifndef ROLE_CELL_JAR_H
#define ROLE_CELL_JAR_H

#include "base/wbuf.h"
#include "proto/http1.h"

enum jar_cookie {
	JAR_SESSION, /* of the portal */
	JAR_LOGIN,   /* a log-in under way */
	JAR_APP,     /* a session at an application */
	JAR_ENTER,   /* nonce "." return path: on the way to the portal and back */
	JAR_LANGUAGE,
	JAR_COOKIES
};

/* Values, borrowed from the head; empty: not there, or there twice (whoever can set a second one
 * decides nothing: THREATS A5). */
struct jar {
	struct view value[JAR_COOKIES];
	bool has_any; /* some field has one of ours, good or not */
};

void jar_read(struct jar *ret, struct view head, const struct http1_head *h);

/*
 * jar_take_out - Cookie fields that have one of ours are marked as taken out; what else is in them
 * is appended, as whole lines, byte for byte. Every name that begins like ours goes, in any case.
 */
void jar_take_out(struct wbuf *w, struct view head, const struct http1_head *h);

/* jar_take_out_set - Set-Cookie fields of a server for one of ours are marked as taken out */
void jar_take_out_set(struct view head, const struct http1_head *h);

/* jar_put - a Set-Cookie line; max_age_s 0: until the browser is closed. jar_put_gone - one that
 * takes the cookie away */
void jar_put(struct wbuf *w, enum jar_cookie cookie, struct view value, uint32_t max_age_s);
void jar_put_gone(struct wbuf *w, enum jar_cookie cookie);

#endif
