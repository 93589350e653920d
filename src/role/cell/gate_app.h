/* Requests to applications: only with a grant of the authority does a byte of them go on. */
#ifndef ROLE_CELL_GATE_APP_H
#define ROLE_CELL_GATE_APP_H

#include "role/cell/porter.h"

/* gate_app_act - j's head is there. Passes it on, answers, or waits for the authority */
void gate_app_act(struct gate_state *j);

/* gate_app_granted - what the authority says of g; those that wait for it go on */
void gate_app_granted(struct porter *p, struct porter_grant *g, const struct ask_answer *a);

/* gate_app_answered - to what j has asked itself: for a fresh token */
void gate_app_answered(struct gate_state *j, const struct ask_answer *a);

/*
 * gate_app_hold - what a grant says, checked; p has shown this session from now on
 * E_DENIED it is none that may be used: verdict says so, or it makes no sense (THREATS A20)
 */
enum err gate_app_hold(struct porter *p, const struct authority_grant *grant,
		       struct porter_hold *ret);

#endif
