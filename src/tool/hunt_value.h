/*
 * One value of an indicator from its text: addresses, networks, hosts, URLs, paths, user agents, as
 * the audit log would have them.
 */
#ifndef TOOL_HUNT_VALUE_H
#define TOOL_HUNT_VALUE_H

#include "tool/hunt_set.h"

enum { HUNT_VALUE_ROOM = HUNT_VALUE_BYTES + 256 };

/* hunt_value_refang - without the disguise that keeps people from clicking: [.] (.) {.} [dot] [:]
 * [://] [@], hxxp, fxp. True when there was any. E_LIMIT: see w */
bool hunt_value_refang(struct view text, struct wbuf *w);

/* hunt_value_ip - an address or network. E_PROTO */
enum err hunt_value_ip(struct view text, struct hunt_value *ret);

/* hunt_value_is_host - a name with at least one dot whose last label is no number
 * (RFC 1123 §2.1: letters, digits and hyphens; RFC 2181 §11 lets names have underscores too) */
bool hunt_value_is_host(struct view text);

/*
 * hunt_value_make - a text for a field, in the log's own form; written into w, which ret borrows
 * Hosts and certificates in lower case, a URL without scheme, user, port, query and fragment.
 * E_PROTO it can't be one: *ret_why (may be NULL) says what to write instead · E_LIMIT
 */
enum err hunt_value_make(enum hunt_field field, enum hunt_how how, struct view text, struct wbuf *w,
			 struct hunt_value *ret, const char **ret_why);

#endif
