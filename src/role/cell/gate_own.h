/*
 * Paths of Sluis' own on the hosts of applications; nothing else below /.sluis exists, and no
 * application sees any of it.
 *
 *   GET  /.sluis/enter?code=CODE   comes back from the portal: the code is given in for a session
 *   GET  /.sluis/jwks.json         the keys that assertions are signed with (RFC 7517)
 *   POST /.sluis/logout            ends the session here
 */
#ifndef ROLE_CELL_GATE_OWN_H
#define ROLE_CELL_GATE_OWN_H

#include "role/cell/porter.h"

void gate_own_act(struct gate_state *j);

/* gate_own_answered - what the authority says to what j has asked */
void gate_own_answered(struct gate_state *j, const struct ask_answer *a);

#endif
