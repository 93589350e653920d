/*
 * The health page: one writer at any time, the dialer of the newest generation.
 *
 * A new dialer is started before the edges change over, and is ended again when the change fails,
 * so it must not touch the page before the old one lets go. The page itself says when: an old
 * writer that is told to drain sets the beat to 0; one that died no longer beats; one of the same
 * generation is dead already, or this one would not have been started.
 */
#ifndef ROLE_DIALER_HEALTH_H
#define ROLE_DIALER_HEALTH_H

#include "role/dialer/dialer.h"

enum { HEALTH_BEAT_MS = 1000, HEALTH_DEAD_MS = 3000 };

/* health_try_take_over - becomes the writer when nobody else is: takes over what the page knows of
 * our servers and forgets the others. Asked every turn until it is so; true from then on */
bool health_try_take_over(struct dialer *d);

/* health_let_go - never writes again, and says so to the next dialer */
void health_let_go(struct dialer *d);

/* health_beat - the sign of life, once a second */
void health_beat(struct dialer *d);

/* health_publish - server s as it is now; nothing when this dialer is not the writer */
void health_publish(struct dialer *d, struct dialer_server *s);

#endif
