/* The edge's side of the dialer's channel: connections are asked for by server id (promise P4). */
#ifndef ROLE_EDGE_DIAL_H
#define ROLE_EDGE_DIAL_H

#include "role/edge/edge.h"

extern const struct frame_table dial_table;

/* dial_ask - one connection to a server. E_LIMIT too many are pending */
enum err dial_ask(struct edge *e, uint32_t slot, uint32_t slot_gen);

/* dial_set_channel - fd (taken) is the dialer's channel from now on; what is pending is asked for
 * again */
enum err dial_set_channel(struct edge *e, int fd);

/* dial_tell_failure, dial_tell_success - what a server did to a request, for passive marking */
void dial_tell_failure(struct edge *e, const struct image_server *s, enum dial_failure why);
void dial_tell_success(struct edge *e, const struct image_server *s);

/* dial_on_event - the loop's handler of the channel */
void dial_on_event(void *owner, struct loop_source *source, uint32_t events);

#endif
