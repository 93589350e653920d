/* The side of the clients: listening sockets. */
#ifndef ROLE_RELAY_CLIENT_H
#define ROLE_RELAY_CLIENT_H

#include "role/relay/relay.h"

/* client_open - takes fd, a bound socket, for listener `slot`; client_close - its sessions end,
 * with this reason. E_SYS */
enum err client_open(struct relay *r, uint16_t slot, int fd);
void client_close(struct relay *r, uint16_t slot, enum relay_end why);

/* client_on_event - the loop's handler */
void client_on_event(void *owner, struct loop_source *source, uint32_t events);

#endif
