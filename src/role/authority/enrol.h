/* Factors that are about to be added: the secret that was shown, or the challenge that was sent. */
#ifndef ROLE_AUTHORITY_ENROL_H
#define ROLE_AUTHORITY_ENROL_H

#include "role/authority/session.h"

enum { ENROL_TRIES = 10 };

/* enrol_find - of this session and kind; NULL: none is under way, or its time is over */
struct enrolment *enrol_find(struct authority *a, uint32_t session, uint8_t kind);

/* enrol_begin - with a new secret in the place of the one before; the oldest of all makes room */
struct enrolment *enrol_begin(struct authority *a, uint32_t session, uint8_t kind);

/* enrol_end - wiped */
void enrol_end(struct enrolment *e);

#endif
