/* What the relay makes of an image; beside the one in use, then in its place (promise P10). */
#ifndef ROLE_RELAY_GENERATION_H
#define ROLE_RELAY_GENERATION_H

#include "role/relay/relay.h"

/* generation_load - borrows fd: the sealed image. E_DENIED, E_PROTO, E_NOMEM, E_SYS; *ret_why */
enum err generation_load(struct relay *r, int fd, uint32_t number, struct relay_generation **ret,
			 const char **ret_why);

/* generation_drop - nothing of it is used any more; accepts NULL */
void generation_drop(struct relay_generation *g);

#endif
