/* A pool as one generation sees it: which of its servers may be asked, and who waits for one. */
#ifndef ROLE_EDGE_POOL_H
#define ROLE_EDGE_POOL_H

#include "role/edge/edge.h"

/* pool_init - empty queue, every server unknown until the first refresh */
void pool_init(struct edge *e, struct generation *g, uint32_t pool_index);

/* pool_state - of the exchange's pool */
struct pool_state *pool_state(const struct exchange *x);

/* pool_index_of - x's server among those of its pool */
uint32_t pool_index_of(const struct exchange *x);

/* pool_pick - the server to ask next, counted in flight; E_LIMIT all usable ones are at their limit
 * · E_NOMEM none is usable */
enum err pool_pick(struct edge *e, struct exchange *x);

/* pool_pick_kept - the same for server i of the pool, which x's client belongs to: it may drain.
 * E_LIMIT it is at its limit · E_NOMEM it is down, disabled, ejected, or was tried */
enum err pool_pick_kept(struct edge *e, struct exchange *x, uint32_t i);

/* pool_pick_hashed - the same by a key, whatever the pool's algorithm: balance_pick_key */
enum err pool_pick_hashed(struct edge *e, struct exchange *x, uint64_t key);

/* pool_has_other - a server that x has not been sent to could be asked */
bool pool_has_other(struct edge *e, const struct exchange *x);

/* pool_is_draining - the server takes no new clients, but keeps those it has */
bool pool_is_draining(const struct edge *e, const struct image_server *s);

/* pool_release - x no longer has a request on its server */
void pool_release(struct edge *e, struct exchange *x);

/* pool_release_stream - the same for one that has no generation any more: another edge, or the next
 * look at the page, sees it */
void pool_release_stream(struct edge *e, struct exchange *x);

/* pool_enqueue - x waits for any server of its pool, by the priority of its rule; in front when it
 * has waited before. E_LIMIT there is no queue, or it is full of others who are not less important
 */
enum err pool_enqueue(struct edge *e, struct exchange *x);

/* pool_count_waiting - one more exchange (1) waits for a connection of x's server, or one less (-1)
 */
void pool_count_waiting(struct edge *e, const struct exchange *x, int more);

/* pool_is_error - an answer with this status is a failure of its server: outlier.error_status */
bool pool_is_error(const struct exchange *x, uint16_t status);

/* pool_dequeue - takes x out of whatever list it waits in */
void pool_dequeue(struct edge *e, struct exchange *x);

/* pool_free_n - how many of those that wait could be sent now; all of them when no server is left
 * to wait for */
uint32_t pool_free_n(struct edge *e, const struct pool_state *p);

/* pool_next - the exchange that has waited longest, taken out of the queue; NULL when nobody waits
 */
struct exchange *pool_next(struct edge *e, struct pool_state *p);

/* pool_share - this edge's part of a limit that holds for all edges together; at least 1, 0 stays 0
 */
uint32_t pool_share(const struct edge *e, uint32_t limit);

/* pool_is_stale - the slot belongs to a newer server than this one: nothing of it is kept any more
 */
bool pool_is_stale(const struct edge *e, uint32_t slot, uint32_t slot_gen);

/*
 * pool_server - this process's state of a server; begun afresh when its slot gets a newer server.
 * For a stale one a state that nothing is kept in
 */
struct server_state *pool_server(struct edge *e, uint32_t slot, uint32_t slot_gen);

/* pool_load - this edge's counters of a server, likewise */
struct page_load_server *pool_load(struct edge *e, uint32_t slot, uint32_t slot_gen);

#endif
