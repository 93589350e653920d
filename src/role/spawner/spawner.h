/*
 * The spawner's data. All of it lies in memory of its own that no cell inherits (branch_hide), but
 * for the struct edge, which is made ready for cells and never used by the spawner itself.
 *
 *   pending   a connection that was accepted and has not said anything yet
 *   cell      a living cell of ours, by its row in the page of all cells
 *   link      the channel to one of the four roles that cells are introduced to
 *   census    how many cells there are, of all spawners: by address, listener, before log-in
 */
#ifndef ROLE_SPAWNER_SPAWNER_H
#define ROLE_SPAWNER_SPAWNER_H

#include "base/list.h"
#include "ipc/cell_spawner.h"
#include "ipc/spawner.h"
#include "role/cell/cell.h"
#include "role/edge/edge.h"
#include "sys/loop.h"
#include "sys/sandbox.h"

_Static_assert((int)IMAGE_CELLS_MAX == (int)CELL_SLOTS, "no more may be configured than fit");

enum {
	SPAWNER_PENDING = 4096,
	SPAWNER_PENDING_SOURCE = 64,	  /* of one address; the oldest gives way */
	SPAWNER_SOURCES = 4 * CELL_SLOTS, /* places in the census; a power of two */
	SPAWNER_PENDING_SOURCES = 4 * SPAWNER_PENDING,
	SPAWNER_LOW_FDS = 16, /* numbers that cells use for their own */
	SPAWNER_FDS_KEPT = 256,
	SPAWNER_TICK_MS = 100,
	SPAWNER_FROZEN_MAX = 2,	     /* cells that are kept as evidence, of all spawners */
	SPAWNER_FROZEN_S = 24 * 3600 /* for so long */
};

enum spawner_source {
	SPAWNER_KEEPER,
	SPAWNER_LINK,
	SPAWNER_LISTENER,
	SPAWNER_PEER, /* a pending connection */
	SPAWNER_LIFELINE,
	SPAWNER_PIDFD,
	SPAWNER_KINDS
};

enum spawner_link_kind { LINK_SIGNER, LINK_DIALER, LINK_AUTHORITY, LINK_AUDIT, LINKS };

struct spawner;

struct spawner_link {
	struct loop_source source; /* first; fd -1: that role is away */
	struct spawner *s;
	uint32_t epoch;	 /* of the channel: counts up; 0: there was none yet */
	uint32_t cursor; /* the next cell to be introduced on a new channel */
	bool is_behind;	 /* some cells are not introduced on this channel */
};

struct spawner_listener {
	struct loop_source source; /* first */
	struct spawner *s;
	uint16_t slot;
	bool is_paused;
};

struct spawner_pending {
	struct loop_source source; /* first */
	struct spawner *s;
	struct list node; /* in order of age, or among the free ones */
	struct ip ip;
	uint64_t key; /* of its address */
	uint64_t due_ms, seen_ns, freed_turn;
	uint16_t port, listener;
	bool is_ready; /* it has said something that begins TLS, and waits for its cell */
};

struct spawner_cell_slot {
	struct loop_source lifeline, pidfd;
	struct spawner *s;
	struct spawner_cell who;
	uint64_t key, serial; /* serial 0: no cell of ours */
	uint64_t began_ms, heard_s, freed_turn;
	uint32_t heard;	       /* messages in second heard_s */
	uint32_t epoch[LINKS]; /* of the channel it was introduced on */
	int records;	       /* audit's end of its channel: what is in it outlives audit; -1 */
	bool is_told;	       /* to drain */
	bool is_killed;	       /* by us */
	bool is_frozen;	       /* stopped, and kept as evidence */
};

/* How many there are of an address; rebuilt every tick from the page. */
struct spawner_count {
	uint64_t key; /* 0: free */
	uint16_t n, at_work;
};

struct spawner_census {
	uint32_t all, strangers;
	uint32_t of_listener[IMAGE_LISTENER_SLOTS];
	struct spawner_count source[SPAWNER_SOURCES];
};

struct spawner {
	struct edge *e;		       /* what cells begin with */
	struct sandbox_filter *filter; /* of cells; theirs too */
	struct role_identity self;
	struct loop loop;
	struct loop_source keeper;
	struct page_cells_page *page;
	struct page_load_page *load; /* PAGE_LOAD_CELLS: of all spawners */
	struct ring_writer ring;
	struct spawner_link links[LINKS];
	struct spawner_listener listeners[IMAGE_LISTENER_SLOTS];
	uint64_t source_key[2];
	uint64_t tick_ms;
	uint32_t cell_n;     /* of ours */
	uint32_t frozen_n;   /* of these: stopped */
	uint32_t next_slot;  /* where the search for a free row begins */
	uint32_t most_cells; /* that descriptors allow */
	bool is_alone;	     /* cells have PID namespaces */
	bool needs_signer;   /* cells sign to servers too, as long as they live */
	bool is_draining, has_told_full;
	bool is_stopping; /* draining, and nobody takes its place */
	uint64_t drain_until_ms;
	struct list pending, free_pending;
	uint32_t pending_n;
	struct spawner_pending all_pending[SPAWNER_PENDING];
	struct spawner_cell_slot cells[CELL_SLOTS];
	struct spawner_census census;
};

extern const struct sandbox_spec spawner_sandbox;

#endif
