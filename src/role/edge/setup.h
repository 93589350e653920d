/* What the keeper sends: boot, a new generation, the end. */
#ifndef ROLE_EDGE_SETUP_H
#define ROLE_EDGE_SETUP_H

#include "role/edge/edge.h"

extern const struct frame_table setup_table;

/* setup_begin - after the sandbox is closed: the first generation with the channels and listeners
 * that boot brought */
enum err setup_begin(struct edge *e, const char **ret_why);

/* setup_add_signer - fd (taken) is the channel to that generation's signer. E_LIMIT, E_SYS (logged)
 */
enum err setup_add_signer(struct edge *e, int fd, uint32_t generation);

/* setup_go_on - makes the coming generation (there is one) ready, a little more each turn */
void setup_go_on(struct edge *e);

/* setup_tick - a few times a second: draining, signer deadlines, idle memory */
void setup_tick(struct edge *e);

/* setup_on_event - the loop's handler of the keeper's channel; setup_on_signer of a signer's */
void setup_on_event(void *owner, struct loop_source *source, uint32_t events);
void setup_on_signer(void *owner, struct loop_source *source, uint32_t events);

#endif
