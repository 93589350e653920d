/* The shared pages: made by the keeper, alive as long as it, written by one role each. */
#ifndef ROLE_KEEPER_PAGE_H
#define ROLE_KEEPER_PAGE_H

#include "ipc/pages.h"
#include "role/keeper/keeper.h"

/* page_health - makes the page when it is not there yet; k keeps it. E_SYS (logged) */
enum err page_health(struct keeper *k);

/* page_own - the keeper's page, audit's, the exporter's and the relay's stripe, likewise */
enum err page_own(struct keeper *k);

/* page_loads - the stripes of n edges, as far as they are missing; k->fresh_loads says which were.
 * E_SYS (logged) */
enum err page_loads(struct keeper *k, unsigned n);

/*
 * page_renew - n new stripes for edges that an upgrade prepares: the old edges write on in theirs.
 * page_renew_commit uses them, page_renew_discard drops them
 */
enum err page_renew(struct keeper *k, unsigned n);
void page_renew_commit(struct keeper *k);
void page_renew_discard(struct keeper *k);

/* page_post - one page to a role; index as in KEEPER_PAGE */
enum err page_post(struct keeper_child *c, enum page_kind kind, uint16_t index, bool is_writable);

/* page_post_loads - the stripes of all edges (only_fresh: of those that are new), an edge's own one
 * writable. E_CLOSED, E_NOMEM, E_SYS */
enum err page_post_loads(struct keeper_child *c, bool only_fresh);

#endif
