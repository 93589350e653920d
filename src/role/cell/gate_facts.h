/* What the head of a request says about who makes it; taken before its bytes are gone. */
#ifndef ROLE_CELL_GATE_FACTS_H
#define ROLE_CELL_GATE_FACTS_H

#include "role/cell/porter.h"

/*
 * gate_facts_read - how q was made
 *   origin   of the host it is for: "https://host[:port]"
 *   choice   the value of the cookie JAR_LANGUAGE
 */
struct gate_facts gate_facts_read(const struct gate_request *q, struct view origin,
				  struct view choice);

/*
 * gate_facts_drop - fields that applications believe are taken out: X-Sluis-* and `header`, in
 * every spelling that a server may read as the same (any case, '_' or '.' for '-': THREATS A5)
 */
void gate_facts_drop(const struct gate_request *q, struct view header);

/* gate_facts_is_own - path lies below /.sluis, however its letters are written */
bool gate_facts_is_own(struct view path);

/*
 * gate_facts_back - is text a path and query of this host to return to? It begins with one slash,
 * is in canonical form, has nothing that a header or a browser would read as something else, and is
 * none of ours
 */
bool gate_facts_back(struct view text);

/* gate_facts_param - the value of a parameter of a query, undecoded: names and values that need no
 * encoding are all we have. Empty: not there, or twice */
struct view gate_facts_param(struct view query, struct view name);

#endif
