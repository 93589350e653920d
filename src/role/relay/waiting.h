/* Datagrams of sessions whose way to a server is not made yet; few, copied, in order. */
#ifndef ROLE_RELAY_WAITING_H
#define ROLE_RELAY_WAITING_H

#include "role/relay/relay.h"

/* waiting_init - E_NOMEM */
enum err waiting_init(struct relay *r);

/* waiting_add - a copy of v, the last of s's. E_LIMIT s has as many as it may (most), or all memory
 * for them is in use */
enum err waiting_add(struct relay *r, struct relay_session *s, struct view v, uint32_t most);

/* waiting_take - the first of s's, gone from it; its bytes stay until the next waiting_add. False:
 * there is none */
bool waiting_take(struct relay *r, struct relay_session *s, struct view *ret);

/* waiting_forget - all of s's; how many they were */
uint32_t waiting_forget(struct relay *r, struct relay_session *s);

#endif
