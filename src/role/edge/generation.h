/* One compiled configuration in use: mapped, checked, and with what is built from it (promise P10).
 */
#ifndef ROLE_EDGE_GENERATION_H
#define ROLE_EDGE_GENERATION_H

#include "role/edge/edge.h"

enum { GENERATION_STEPS = 20000 /* of generation_go_on: some 0.2 ms */ };

/*
 * generation_load - maps the sealed image fd (borrowed) and builds TLS sites, pools and regexes
 *   ret_why   on failure one line for the keeper
 * E_PROTO not usable · E_NOMEM · E_SYS (logged). The caller holds one use of it. While another one
 * is in use its tables are not made yet: generation_go_on
 */
enum err generation_load(struct edge *e, int fd, uint32_t number, struct generation **ret,
			 const char **ret_why);

/* generation_go_on - makes g ready, about so many steps of some nanoseconds at a time. True: it is
 */
bool generation_go_on(struct generation *g, uint32_t steps);

struct generation *generation_hold(struct generation *g);

/* generation_drop - one use less; the last one ends it, at once or in the next ticks. NULL is fine
 */
void generation_drop(struct edge *e, struct generation *g);

/* generation_tick - goes on freeing what has ended */
void generation_tick(struct edge *e);

/* generation_site - the TLS site of a certificate that the listener names, made when it is first
 * asked for; NULL: there is none (IMAGE_NONE), or it can't be made (logged) */
struct tls_site *generation_site(struct edge *e, struct generation *g,
				 const struct image_listener *l, uint32_t certificate);

/* generation_servers - how servers of a pool with TLS are spoken to, made when it is first asked
 * for; NULL: it can't be made (logged) */
struct tls_client_site *generation_servers(struct edge *e, struct generation *g, uint32_t pool);

/* generation_any_site - the site of the listener's first certificate: before a client has said its
 * name */
struct tls_site *generation_any_site(struct edge *e, struct generation *g,
				     const struct image_listener *l);

#endif
