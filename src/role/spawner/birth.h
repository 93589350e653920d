/*
 * Starting a cell: a row in the page, channels of its own, introductions to those behind them, and
 * the branch. And its end.
 */
#ifndef ROLE_SPAWNER_BIRTH_H
#define ROLE_SPAWNER_BIRTH_H

#include "role/spawner/spawner.h"

struct birth_client {
	struct ip ip;
	uint64_t key;	  /* of its address */
	uint64_t seen_ns; /* when its first bytes were seen */
	int fd;		  /* borrowed */
	uint16_t port, listener;
};

void birth_init(struct spawner *s);

/* birth_start - a cell for this client runs. E_LIMIT no row is free · E_SYS (logged) */
enum err birth_start(struct spawner *s, const struct birth_client *c);

/* birth_kill - that cell ends now; another serial: it has ended already */
void birth_kill(struct spawner *s, uint32_t slot, uint64_t serial);

/* birth_kill_all - every cell ends now; want_frozen: those that are kept as evidence too */
void birth_kill_all(struct spawner *s, bool want_frozen);

/* birth_freeze - c says that a canary (kind: enum canary_kind) was about to leave it: it is stopped
 * and kept, or ended when there are enough. E_DENIED it has said so before */
enum err birth_freeze(struct spawner_cell_slot *c, uint8_t kind);

/* birth_tick - those that were kept long enough, or released, end */
void birth_tick(struct spawner *s);

/* birth_drain_all - every cell finishes what it has and ends, within ms */
void birth_drain_all(struct spawner *s, uint32_t ms);

void birth_on_lifeline(void *owner, struct loop_source *source, uint32_t events);
void birth_on_pidfd(void *owner, struct loop_source *source, uint32_t events);

#endif
