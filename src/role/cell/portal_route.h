/*
 * The portal's paths: which method each takes, who may use it, what reads the request. Before
 * anything of a path runs: the method fits, a form was posted by a page of the portal itself (Fetch
 * Metadata or Origin, and field t), and who must be logged in is.
 */
#ifndef ROLE_CELL_PORTAL_ROUTE_H
#define ROLE_CELL_PORTAL_ROUTE_H

#include "role/cell/porter.h"

/* What is awaited from the authority: one row each in portal_route.c. */
enum portal_step {
	PORTAL_STEP_NONE = 0,
	PORTAL_STEP_SESSION,
	PORTAL_STEP_ROTATED,
	PORTAL_STEP_LOGIN_BEGUN,
	PORTAL_STEP_LOGIN_CHALLENGE,
	PORTAL_STEP_LOGIN_SHOWN,
	PORTAL_STEP_LOGIN_ENDED,
	PORTAL_STEP_HOME,
	PORTAL_STEP_TICKET,
	PORTAL_STEP_LOGOUT,
	PORTAL_STEP_SESSIONS,
	PORTAL_STEP_SESSION_END,
	PORTAL_STEP_INVITE_LOOK,
	PORTAL_STEP_INVITED,
	PORTAL_STEP_LOCALE,
	PORTAL_STEP_FACTORS,
	PORTAL_STEP_PASSWORD_FORM,
	PORTAL_STEP_PASSWORD_SET,
	PORTAL_STEP_TOTP,
	PORTAL_STEP_TOTP_END,
	PORTAL_STEP_PASSKEY,
	PORTAL_STEP_PASSKEY_END,
	PORTAL_STEP_REMOVED,
	PORTAL_STEP_CODES,
	PORTAL_STEPS
};

/* portal_route_act - j's head is there */
void portal_route_act(struct gate_state *j);

/* portal_route_read - something of the form may have come */
void portal_route_read(struct gate_state *j);

/* portal_route_answered - what the authority says to j->step */
void portal_route_answered(struct gate_state *j, const struct ask_answer *a);

/* portal_route_field - a field of the form; empty when there is none */
struct view portal_route_field(const struct gate_state *j, struct view name);

/* portal_route_param - of the form when there is one, else of the query */
struct view portal_route_param(const struct gate_state *j, struct view name);

/* portal_route_ask_number - asks the authority about what the form's field `number` names, one of
 * j's session's own; without a number it answers 400 and says why, which ends j */
void portal_route_ask_number(struct gate_state *j, uint8_t type, uint8_t step, const char *why);

/* portal_route_is_page - a path of the portal that shows something: fit to go back to */
bool portal_route_is_page(struct view path);

#endif
