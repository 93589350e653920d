/* Asking the dialer for sockets, and telling it how servers do (ipc/edge_dialer.h). */
#ifndef ROLE_RELAY_DIAL_H
#define ROLE_RELAY_DIAL_H

#include "role/relay/relay.h"

/* dial_ask - a socket to s's server; session_connected or session_not_connected comes later */
void dial_ask(struct relay *r, struct relay_session *s);

/* dial_forget - s no longer waits for one */
void dial_forget(struct relay *r, struct relay_session *s);

/* dial_set_channel - takes fd; what waits is asked for again (promise P11). E_SYS */
enum err dial_set_channel(struct relay *r, int fd);

/* dial_tell_failure, dial_tell_success - for passive marking; success only after a failure */
void dial_tell_failure(struct relay *r, struct relay_id server, enum dial_failure why);
void dial_tell_success(struct relay *r, struct relay_id server);

/* What the dialer may say; the handlers' role is the struct relay. */
extern const struct frame_table dial_table;

/* dial_on_event - the loop's handler */
void dial_on_event(void *owner, struct loop_source *source, uint32_t events);

#endif
