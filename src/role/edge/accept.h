/* Listening sockets: they come from the keeper, one per listener, shared by all edges. */
#ifndef ROLE_EDGE_ACCEPT_H
#define ROLE_EDGE_ACCEPT_H

#include "role/edge/edge.h"

/* accept_open - fd (taken) is the socket of listener slot from now on. E_SYS (logged) */
enum err accept_open(struct edge *e, uint16_t slot, int fd);

/* accept_close - nothing more is accepted there */
void accept_close(struct edge *e, uint16_t slot);

/* accept_resume - listeners that were out of descriptors try again; a few times a second */
void accept_resume(struct edge *e);

void accept_on_event(void *owner, struct loop_source *source, uint32_t events);

struct sockaddr_storage;

/* accept_address - the IP address and port in a; others leave both as they are */
void accept_address(const struct sockaddr_storage *a, struct ip *ret_ip, uint16_t *ret_port);

#endif
