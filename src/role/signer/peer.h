/*
 * The signer's channels to those who ask (A20): edges and audit. Each is treated as hostile: what
 * is not in its table ends it, what it may not have is refused and told to the log.
 */
#ifndef ROLE_SIGNER_PEER_H
#define ROLE_SIGNER_PEER_H

#include "role/signer/signer.h"

/* peer_add - fd (taken, also on failure) is a channel to that role. E_DENIED no role that asks ·
 * E_LIMIT no slot · E_SYS */
enum err peer_add(struct signer *s, enum role role, uint16_t index, int fd);

/* peer_on_event - loop handler */
void peer_on_event(void *owner, struct loop_source *source, uint32_t events);

/*
 * peer_handle - one frame from a peer, answered; what the loop, the tests and the fuzzer share
 * E_AGAIN its queue is full: the answer waits in the peer · E_DENIED, E_PROTO the peer broke the
 * rules · E_CLOSED it is gone
 */
enum err peer_handle(struct signer_peer *p, struct frame *f);

#endif
