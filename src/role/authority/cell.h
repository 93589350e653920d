/*
 * Cells: who they are, what they may say, and the one answer to each question.
 *
 * A cell is one client's connection, and may belong to an attacker. What it says of itself is a
 * fingerprint; where its client is, the spawner has said.
 */
#ifndef ROLE_AUTHORITY_CELL_H
#define ROLE_AUTHORITY_CELL_H

#include "role/authority/session.h"

/* cell_add - takes fd: the channel of this cell, as its spawner says. E_DENIED: no such slot, or a
 * serial that is not newer · E_SYS */
enum err cell_add(struct authority *a, const struct spawner_cell *told, int fd);

/* cell_remember - in the gate page, which outlives this process: whose c is now. What a restart of
 * the authority must not make forgotten: a session that ends ends its cells, and a cell is one
 * user's. Others who read the page can't read this. */
void cell_remember(const struct authority_cell *c);

/* cell_on_event - the loop's handler */
void cell_on_event(void *owner, struct loop_source *source, uint32_t events);

/* cell_asks - the question that f is. E_DENIED it has no number, or the cell has not said hello ·
 * E_LIMIT too many are open: both end the cell */
enum err cell_asks(struct authority_cell *c, const struct frame *f, struct question *ret);

/* cell_of - who asked; NULL: it has ended */
struct authority_cell *cell_of(struct authority *a, const struct question *q);

/* cell_answer - the answer to q, once; a cell that does not read ends */
void cell_answer(struct authority *a, const struct question *q, uint8_t type, const struct wbuf *w);
void cell_done(struct authority *a, const struct question *q);
void cell_refuse(struct authority *a, const struct question *q, enum gate_reason why,
		 uint32_t wait_s);

/* What a question needs of the session it comes with; bits. */
enum cell_need {
	CELL_FRESH = 1,	    /* a factor shown lately */
	CELL_MAY_ENROL = 2, /* an invited person's is good too, and always fresh */
	CELL_WRITES = 4, /* it changes something: of its budget, and the audit log must have room */
	/* it adds a factor of this kind: who has shown a passkey may add any; others only what they
	 * have shown themselves, so that a stolen password can't become more (NIST SP 800-63B
	 * §6.1.2) */
	CELL_ADDS_PASSWORD = 8,
	CELL_ADDS_TOTP = 16,
	CELL_ADDS_PASSKEY = 32
};

/* cell_may_write - one change more? Each waits for the disk, so a cell has so many and no more */
bool cell_may_write(struct authority_cell *c);

/*
 * cell_session - the portal's session of this token, and that it may do what is asked
 * False: q has its answer (refused)
 */
bool cell_session(struct authority_cell *c, const struct question *q, const struct hash32 *token,
		  unsigned need, struct session *ret);

/* cell_answer_session - AUTHORITY_SESSION: s with GATE_OK or GATE_ENROL, else the verdict alone */
void cell_answer_session(struct authority *a, const struct question *q, enum gate_verdict v,
			 const struct session *s);

/* cell_tick - kills those whose session has ended, and that go on */
void cell_tick(struct authority *a);

#endif
