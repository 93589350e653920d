/*
 * Asking the verifier: passwords and passkeys. Its queue is short, and strangers may have three
 * quarters of it: those at networks that are known go on when it is flooded.
 */
#ifndef ROLE_AUTHORITY_VERIFY_H
#define ROLE_AUTHORITY_VERIFY_H

#include "role/authority/cell.h"

/* verify_set_channel - takes fd; who waits is refused, for the questions are not kept. E_SYS */
enum err verify_set_channel(struct authority *a, int fd);

/* verify_take - a place in the queue; NULL: it is full (GATE_WHY_BUSY) */
struct verify *verify_take(struct authority *a, enum verify_kind kind, const struct question *q,
			   bool is_stranger);

/* verify_send - sends it. E_CLOSED, E_AGAIN: v is free again, and q has no answer yet */
enum err verify_send(struct authority *a, struct verify *v, uint8_t type, const struct wbuf *w);

/* verify_password, verify_hash - the two that are sent more than once. As verify_send; wiped */
enum err verify_password(struct authority *a, struct verify *v, struct view encoded,
			 struct view password);
enum err verify_hash(struct authority *a, struct verify *v, struct view password);

/* verify_free - it is over; secrets in it are wiped */
void verify_free(struct authority *a, struct verify *v);

/* verify_on_event - the loop's handler; verify_tick - who has waited too long is refused */
void verify_on_event(void *owner, struct loop_source *source, uint32_t events);
void verify_tick(struct authority *a);

#endif
