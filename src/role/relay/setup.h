/* The keeper's messages, and the relay's life: birth, changes, end. */
#ifndef ROLE_RELAY_SETUP_H
#define ROLE_RELAY_SETUP_H

#include "role/relay/relay.h"

extern const struct frame_table setup_table;

/* setup_new - a relay without anything; NULL: no memory */
struct relay *setup_new(void);

/* setup_prepare - its tables, loop and keys: before the sandbox closes. E_NOMEM, E_SYS */
enum err setup_prepare(struct relay *r);

/* setup_begin - with what the keeper has sent. E_PROTO, E_SYS; *ret_why */
enum err setup_begin(struct relay *r, const char **ret_why);

/* setup_watch_keeper - the channel enters the loop. E_SYS */
enum err setup_watch_keeper(struct relay *r);

/* setup_turn - one turn, which waits at most max_ms: events, answers, deadlines. E_CLOSED: it is
 * over · E_SYS */
enum err setup_turn(struct relay *r, int max_ms);

/* setup_on_event - the loop's handler for the keeper's channel */
void setup_on_event(void *owner, struct loop_source *source, uint32_t events);

#endif
