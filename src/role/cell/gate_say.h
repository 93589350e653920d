/* Answers of the gate's own. Whatever a client sent appears in none of them but for its path in a
 * cookie of its own. All end the exchange. */
#ifndef ROLE_CELL_GATE_SAY_H
#define ROLE_CELL_GATE_SAY_H

#include "role/cell/porter.h"

/* gate_say_error - a page that says the status and the request's id; why is for the log */
void gate_say_error(struct gate_state *j, uint16_t status, const char *why);

/* gate_say_problem - RFC 9457: 401 with where to log in, 403, 404 */
void gate_say_problem(struct gate_state *j, uint16_t status);

/* gate_say_method - 405; allow: the methods that j's path takes */
void gate_say_method(struct gate_state *j, struct view allow);

/*
 * gate_say_enter - to the portal, and back to where j wanted to go
 *   nonce   its text goes into a cookie, its hash into the address
 *   back    path and query to return to, checked; empty: the first page
 */
void gate_say_enter(struct gate_state *j, const struct token_fresh *nonce, struct view back);

/* gate_say_denied - who is logged in may not: the portal says so to a person, 403 to others */
void gate_say_denied(struct gate_state *j);

/* gate_say_last - the connection ends with this answer: the process belongs to a session that has
 * ended, and another one gets a process of its own */
void gate_say_last(struct gate_state *j);

/* gate_say_other - 421: this connection is another user's, and ends; the client makes one of its
 * own (RFC 9110 §15.5.20) */
void gate_say_other(struct gate_state *j);

/* gate_say_isolated - a level of isolation holds it back, as the authority says */
void gate_say_isolated(struct gate_state *j);

/* gate_say_to - 303 to a place of ours; lines: more of the head, whole ones (cookies) */
void gate_say_to(struct gate_state *j, struct view location, struct view lines);

#endif
