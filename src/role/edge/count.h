/* The counters of a request, in this edge's load page. */
#ifndef ROLE_EDGE_COUNT_H
#define ROLE_EDGE_COUNT_H

#include "role/edge/edge.h"

/* count_rule, count_pool - the counters of a rule or pool: zero when its slot had another before;
 * those of an older generation whose slot is taken count nowhere. Never NULL */
struct page_load_rule *count_rule(struct edge *e, const struct image_rule *r);
struct page_load_pool *count_pool(struct edge *e, const struct image_pool *p);

/* count_request - x is over, or has become a tunnel */
void count_request(struct edge *e, const struct exchange *x);

/* count_tunnel_end - what a tunnel has moved */
void count_tunnel_end(struct edge *e, const struct exchange *x);

/* count_answer - the head of a server's final answer has come */
void count_answer(struct edge *e, const struct exchange *x);

/* count_handshake, count_handshake_failed - of a client; got is what conn_handshake said */
void count_handshake(struct edge *e, const struct client *c);
void count_handshake_failed(struct edge *e, struct client *c, enum page_tls_failure why);
enum page_tls_failure count_why(const struct client *c, enum err got);

/* count_tick - gauges that are sampled */
void count_tick(struct edge *e);

#endif
