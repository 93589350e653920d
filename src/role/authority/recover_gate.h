/* What the machine sees before a step of the return: one row of a table per gate. */
#ifndef ROLE_AUTHORITY_RECOVER_GATE_H
#define ROLE_AUTHORITY_RECOVER_GATE_H

#include "role/authority/recover.h"

/* recover_gate_next - the step behind r's; RECOVER_NONE: it is open */
enum recover_step recover_gate_next(const struct recover_app *r);

/*
 * recover_gate_look - is this gate open for r's next step?
 *   told  bits of enum recover_told
 *   why   what was found, for people; 256 bytes are enough
 */
enum recover_state recover_gate_look(struct authority *a, struct recover_app *r,
				     enum recover_gate gate, unsigned told, struct wbuf *why);

/* recover_gate_is_told - what the command says, and not what is seen here */
bool recover_gate_is_told(enum recover_gate gate);

/* recover_gate_refuses - a gate that is not open, and why; RECOVER_GATES: none */
enum recover_gate recover_gate_refuses(struct authority *a, struct recover_app *r, unsigned told,
				       struct wbuf *why);

#endif
