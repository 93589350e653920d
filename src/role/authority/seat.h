/* Places of sessions in the gate page: what cells look at before each request (promise P7). */
#ifndef ROLE_AUTHORITY_SEAT_H
#define ROLE_AUTHORITY_SEAT_H

#include "role/authority/session.h"

/* seat_new_generation - random, never 0, below 2^62 */
uint64_t seat_new_generation(void);

/* seat_take - a free one; 0: there is none */
uint32_t seat_take(struct authority *a);

/* seat_sit - s has its slot from now on; seat_free - nobody has */
void seat_sit(struct authority *a, const struct session *s);
void seat_free(struct authority *a, uint32_t slot);

/* seat_cut - s keeps its slot, but nobody is let in (P7), after a restart of the authority neither.
 * False: nobody sits there, or it has been cut before */
bool seat_cut(struct authority *a, uint32_t slot);

/* seat_free_rest - at boot: all that nobody sits on */
void seat_free_rest(struct authority *a);

#endif
