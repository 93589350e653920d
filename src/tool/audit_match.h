/*
 * Which records of the log somebody wants, and the parts of a record that such questions are about.
 * Records are hostile; what is compared is what they mean, however they spell it.
 */
#ifndef TOOL_AUDIT_MATCH_H
#define TOOL_AUDIT_MATCH_H

#include "base/ip.h"
#include "tool/log_scan.h"

enum { AUDIT_MATCH_TEXT = 512, AUDIT_MATCH_ROOM = 8192 };

enum audit_match_by {
	AUDIT_MATCH_USER,
	AUDIT_MATCH_APP,
	AUDIT_MATCH_ROUTE,
	AUDIT_MATCH_HOST,
	AUDIT_MATCH_METHOD,
	AUDIT_MATCH_STATUS,
	AUDIT_MATCH_KIND,
	AUDIT_MATCH_ACTION,
	AUDIT_MATCH_TEXTS,
	AUDIT_MATCH_SESSION,
	AUDIT_MATCH_SOURCE,
	AUDIT_MATCH_N
};

/* Zeroed: every record. */
struct audit_match {
	struct view by[AUDIT_MATCH_N];	    /* as asked; p NULL: any */
	struct view written[AUDIT_MATCH_N]; /* ... as it stands in a line */
	struct ip_net source;
	uint8_t room[AUDIT_MATCH_ROOM]; /* of written */
	size_t room_n;
};

/*
 * audit_match_add - one more that a record has to have
 *   text  kept
 *   ret_why  on E_PROTO: what is wrong with it, a fixed text
 */
enum err audit_match_add(struct audit_match *m, enum audit_match_by by, const char *text,
			 const char **ret_why);

/* audit_match_line - has it all that was asked? */
bool audit_match_line(const struct audit_match *m, const struct log_line *l);

/* audit_match_event - the same for what is told beside requests: an event about that user,
 * application or session counts too, not only one of it */
bool audit_match_event(const struct audit_match *m, const struct log_line *l);

/* audit_match_host - of an object that is a URL: what stands between scheme and port; else empty.
 * Borrows from it */
struct view audit_match_host(struct view object);

/* audit_match_address - of an origin. E_PROTO: it names no address */
enum err audit_match_address(struct view origin, struct ip *ret);

#endif
