/*
 * Connections that have said nothing yet. No process is started for silence, nor for what is not
 * TLS: the first six bytes are looked at where they lie in the socket, and forgotten.
 */
#ifndef ROLE_SPAWNER_PENDING_H
#define ROLE_SPAWNER_PENDING_H

#include "role/spawner/spawner.h"

void pending_init(struct spawner *s);

/* pending_listen - fd (taken) is the socket of that listener. E_SYS (logged) */
enum err pending_listen(struct spawner *s, uint16_t slot, int fd);

/* pending_stop - nothing more is accepted; who has not begun yet is let go */
void pending_stop(struct spawner *s);

/* pending_tick - who has been silent for too long is let go; listeners that were out of descriptors
 * try again; who waits for its cell gets it */
void pending_tick(struct spawner *s);

void pending_on_listener(void *owner, struct loop_source *source, uint32_t events);
void pending_on_peer(void *owner, struct loop_source *source, uint32_t events);

/* pending_is_hello - the six bytes that a TLS client begins with: a handshake record of version 3.x
 * that holds a ClientHello (RFC 8446 §5.1, §4) */
bool pending_is_hello(const uint8_t b[6]);

#endif
