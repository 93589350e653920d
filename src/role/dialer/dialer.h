/*
 * What the parts of the dialer share: its servers, its tables, its loop.
 *
 * One process, one thread, one struct dialer owned by main. Everything here is allocated at boot;
 * the tables are as large as they will ever be. What comes from an edge names a server by
 * {slot, slot_gen} and nothing else (promise P4).
 */
#ifndef ROLE_DIALER_DIALER_H
#define ROLE_DIALER_DIALER_H

#include "base/list.h"
#include "base/rng.h"
#include "base/wheel.h"
#include "conf/image.h"
#include "ipc/edge_dialer.h"
#include "ipc/keeper_role.h"
#include "ipc/pages.h"
#include "ipc/ring.h"
#include "ipc/spawner.h"
#include "sys/loop.h"

enum {
	DIALER_CALLS = 4096,		   /* dials at the same time */
	DIALER_CALLS_OF_EDGES = 3840,	   /* ... of which edges may have so many: checks go on */
	DIALER_CALLS_OF_CELLS = 2560,	   /* ... and of those cells: edges go on */
	DIALER_CELLS = 2 * CELL_SLOTS,	   /* a new cell's slot may still have an old channel */
	DIALER_EDGES = 2 * ROLE_EDGES_MAX, /* channels: a restarted edge has two for a moment */
	DIALER_PROBES = 256,		   /* health checks at the same time */
	DIALER_ADDRESSES = 16		   /* of one name; more are not used */
};

#define DIALER_NONE UINT32_MAX

/* Kinds of loop sources: the index in the handler table. */
enum dialer_source {
	DIALER_SOURCE_KEEPER,
	DIALER_SOURCE_EDGE,
	DIALER_SOURCE_TRY,
	DIALER_SOURCE_RESOLVER,
	DIALER_SOURCE_PROBE,
	DIALER_SOURCES
};

/* Kinds of timers: the index in main's table. */
enum dialer_timer_kind {
	DIALER_TIMER_BEAT,
	DIALER_TIMER_CALL,
	DIALER_TIMER_PROBE,
	DIALER_TIMER_CHECK,
	DIALER_TIMER_EJECT,
	DIALER_TIMER_NAME,
	DIALER_TIMERS
};

struct dialer_timer {
	struct wheel_entry entry;
	uint8_t kind; /* enum dialer_timer_kind */
};

/* What is known about a server; published in the health page, from which a new dialer takes it
 * over. */
struct dialer_state {
	uint64_t changed_wall_s, checked_wall_s;
	uint64_t up_mono_ms; /* since when it can be used; 0: always */
	uint32_t checks_ok, checks_failed, ejections, dials_ok, dials_failed, addresses, check_us;
	uint16_t last_status;
	uint8_t health; /* enum page_health */
	uint8_t admin;	/* enum page_admin */
	uint8_t is_ejected;
	uint8_t last_check; /* enum page_check */
	uint8_t name_state; /* enum page_name */
};

struct dialer_server {
	const struct image_server *conf; /* keeps: in the image */
	const struct image_pool *pool;	 /* keeps: in the image */
	struct dialer_state state;
	struct dialer_timer check;     /* the next health check */
	struct dialer_timer eject;     /* the end of an ejection */
	uint32_t name;		       /* in the name table; DIALER_NONE: an address or a path */
	uint32_t name_next;	       /* the next server with the same name; DIALER_NONE: none */
	uint32_t fails, passes;	       /* checks in a row */
	uint32_t errors;	       /* failed requests in a row, over all edges */
	uint32_t ejections_in_a_row;   /* makes the next one longer */
	uint64_t returned_ms;	       /* when the last ejection ended; 0 = never */
	bool is_checking;	       /* a check runs */
	bool is_name_refused;	       /* its name resolves to nothing that resolve_to permits */
	bool is_admin_told;	       /* admin is from the keeper, not from the page */
	bool is_published, was_usable; /* what the page says, since this dialer writes it */
};

struct call;
struct probe_table;
struct edge_channel;
struct name_table;
struct probe_tls;
struct cell_reach;

struct dialer {
	struct role_identity self;
	struct image image;
	void *image_map;
	size_t image_bytes;
	struct page_health_page *page; /* NULL in tests without one */
	struct ring_writer ring;       /* data NULL: no ring, events go to standard error alone */
	struct loop loop;
	struct wheel wheel;
	struct rng rng;
	struct loop_source keeper;
	struct dialer_timer beat;

	struct dialer_server *server; /* image_count(IMAGE_SERVER) */
	uint32_t server_n;
	uint16_t *server_of_slot;  /* IMAGE_SERVER_SLOTS: index + 1; 0 = none */
	uint32_t *ejected_of_pool; /* image_count(IMAGE_POOL): ejected now */

	struct call *call; /* DIALER_CALLS */
	struct list call_free;
	uint32_t calls_of_edges;

	struct edge_channel *edge; /* DIALER_EDGES, then DIALER_CELLS */
	uint32_t edge_n;
	uint32_t next_cell; /* where the search for a cell's channel begins */
	uint32_t calls_of_cells;
	uint64_t *public_pools;	       /* cell_reach.c */
	struct cell_reach *cell_reach; /* CELL_SLOTS; NULL: no listener has cells */
	uint64_t reach_lost_ms;	       /* when what cells may reach was last forgotten */
	uint64_t alarm_ms;	       /* of the last alarm */
	bool had_edge;

	struct probe_table *probes;
	struct probe_tls *tls; /* NULL: no https pool is checked */

	struct name_table *names; /* NULL: no server has a name */

	bool is_writer;		  /* of the health page */
	bool is_draining;	  /* never the writer again; ends with its last channel */
	bool is_reach_by_address; /* the keeper says that cgroup rules hold this process */
	uint8_t reach;		  /* enum page_reach, published */
	bool is_over;
	uint64_t drain_by_ms; /* 0 = no deadline */
};

/* What the dialer is given at birth beside the image. */
struct dialer_setup {
	const char *resolvers; /* "address:port,..." instead of /etc/resolv.conf; NULL: that */
	struct view hosts;     /* contents of /etc/hosts; borrowed until dialer_start returns */
};

/*
 * dialer_start - allocates the tables for d->image and sets everything up but the channels
 *   d         zeroed, with self, image and page set
 * E_NOMEM · E_SYS (logged)
 */
enum err dialer_start(struct dialer *d, const struct dialer_setup *setup);

/* dialer_stop - gives everything back (tests; the process itself just ends) */
void dialer_stop(struct dialer *d);

/* dialer_turn - one turn of the loop: events, timers, names, the beat. E_SYS: the loop is broken */
enum err dialer_turn(struct dialer *d);

/* dialer_find - index of the server with this id, or DIALER_NONE */
uint32_t dialer_find(const struct dialer *d, uint32_t slot, uint32_t slot_gen);

/* dialer_timer_set - t is due at at_ms; dialer_timer_cancel - never */
void dialer_timer_set(struct dialer *d, struct dialer_timer *t, uint64_t at_ms);
void dialer_timer_cancel(struct dialer_timer *t);

/* dialer_label - "pool/server" for events, cut to the room in w */
void dialer_label(const struct dialer *d, const struct dialer_server *s, struct wbuf *w);

#endif
