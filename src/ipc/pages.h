/*
 * Shared pages, one writer each; every other process has a read-only descriptor of the same
 * memory, so the kernel refuses it a writable mapping. Sizes are sealed against change.
 *
 * Words are written with relaxed atomics: a reader may see a value that is a moment old, never a
 * torn one. Servers are found by {slot, slot_gen} of the image; an entry whose gen differs belongs
 * to another server and counts as zero.
 */
#ifndef IPC_PAGES_H
#define IPC_PAGES_H

#include "base/histogram.h"
#include "conf/image.h"
#include "ipc/level_page.h"
#include "ipc/notice_page.h"
#include "ipc/role.h"
#include "ipc/spawner.h"

#include <stdatomic.h>

enum page_kind {
	PAGE_HEALTH = 1,
	PAGE_LOAD,
	PAGE_KEEPER,
	PAGE_AUDIT,
	PAGE_EXPORTER,
	PAGE_SHIPPER,
	PAGE_GATE,
	PAGE_CELLS
};

enum page_health {
	PAGE_HEALTH_UNKNOWN = 0 /* counts as up until the first check */,
	PAGE_HEALTH_UP,
	PAGE_HEALTH_DOWN
};
enum page_admin {
	PAGE_ADMIN_CONFIGURED = 0 /* as the image says */,
	PAGE_ADMIN_ENABLED,
	PAGE_ADMIN_DRAIN,
	PAGE_ADMIN_DISABLED
};
enum page_check {
	PAGE_CHECK_NONE = 0,
	PAGE_CHECK_OK,
	PAGE_CHECK_REFUSED,
	PAGE_CHECK_TIMEOUT,
	PAGE_CHECK_UNREACHABLE,
	PAGE_CHECK_NAME,
	PAGE_CHECK_STATUS,
	PAGE_CHECK_BODY,
	PAGE_CHECK_PROTOCOL,
	PAGE_CHECK_TLS,
	PAGE_CHECK_SERVING, /* gRPC: it says that it doesn't */
	PAGE_CHECK_N
};
enum page_name {
	PAGE_NAME_NONE = 0 /* an address, or not asked for yet */,
	PAGE_NAME_FRESH,
	PAGE_NAME_STALE, /* the resolver fails: the last good answer is used, for an hour at most */
	PAGE_NAME_FAILED
};

/* Writer: the dialer of the newest generation. */
struct page_health_entry {
	_Atomic uint32_t gen;	      /* slot_gen it speaks of */
	_Atomic uint8_t health;	      /* enum page_health */
	_Atomic uint8_t admin;	      /* enum page_admin */
	_Atomic uint8_t is_ejected;   /* passive marking */
	_Atomic uint8_t is_usable;    /* all that is known together: it gets requests */
	_Atomic uint8_t last_check;   /* enum page_check */
	_Atomic uint16_t last_status; /* of the last HTTP check; 0 = none */
	_Atomic uint16_t name_state;  /* enum page_name */
	_Atomic uint32_t check_us;    /* duration of the last check */
	_Atomic uint64_t changed_wall_s, checked_wall_s;
	_Atomic uint64_t up_mono_ms; /* it could not be used before, and can since; 0: it always
					could */
	_Atomic uint32_t checks_ok, checks_failed, ejections, dials_ok, dials_failed;
	_Atomic uint32_t addresses; /* the name resolved to so many */
};

struct page_health_page {
	_Atomic uint32_t generation;   /* image generation of the writer */
	_Atomic uint32_t reach;	       /* enum page_reach: what holds the dialer to its addresses */
	_Atomic uint64_t beat_mono_ms; /* written at least once a second while the dialer lives */
	_Atomic uint64_t
		version; /* counts changes of health, admin and is_ejected: tells readers to look */
	struct page_health_entry server[IMAGE_SERVER_SLOTS];
};

enum page_reach {
	PAGE_REACH_NONE = 0,
	PAGE_REACH_PORTS /* Landlock */,
	PAGE_REACH_ADDRESSES /* cgroup BPF and Landlock */
};

/* Stripes of load: each edge has its own, and behind them the relay, whom edges don't read: what
 * datagrams have on a server is no request of theirs. The last one is the spawners': what cells
 * have told them that they counted (ipc/cell_spawner.h), added up. */
enum { PAGE_LOAD_RELAY = ROLE_EDGES_MAX, PAGE_LOAD_CELLS, PAGE_LOADS };

/* Writer: one edge, or the relay. Counters only go up, but for the gauges. */
struct page_load_server {
	_Atomic uint32_t gen;
	_Atomic uint32_t in_flight;   /* gauge: requests */
	_Atomic uint32_t connections; /* gauge: open, idle ones included */
	_Atomic uint32_t peak_us;     /* peak_ewma's estimate: balance/peak_ewma.h; 0: none */
	_Atomic uint32_t peak_at_ms;  /* ... when it was that; monotonic, lower 32 bits */
	_Atomic uint32_t h2_sessions; /* gauge: connections that speak HTTP/2 */
	_Atomic uint32_t h2_streams;  /* gauge: requests on them */
	_Atomic uint32_t pad;
	_Atomic uint64_t h2_refused; /* by the server, unprocessed */
	_Atomic uint64_t requests, failures, retries, bytes_in /* from the server */, bytes_out,
		latency_us /* sum, to the first byte of the answer */;
	_Atomic uint64_t status[6]; /* [1]..[5]: answers by class */
	_Atomic uint64_t connects, reuses;
	_Atomic uint64_t kept; /* requests of clients that belong there: persistence */
	_Atomic uint64_t first_byte[HISTOGRAM_BUCKETS]; /* from asking to the head of the answer */
};

/* Of a rule, by {slot, slot_gen} as servers; memory is touched when a request first matches it. */
struct page_load_rule {
	_Atomic uint32_t gen;
	_Atomic uint32_t pad;
	_Atomic uint64_t bytes_in /* of the request's content */, bytes_out,
		duration_us;	    /* sum, from the head of the request to the last byte */
	_Atomic uint64_t status[6]; /* [0]: ended without an answer */
	_Atomic uint64_t denied /* by networks */, limited /* by rate */, busy /* by concurrency */;
	_Atomic uint64_t duration[HISTOGRAM_BUCKETS];
};

/* Of a pool, likewise: what happens before there is a server. */
struct page_load_pool {
	_Atomic uint32_t gen;
	_Atomic uint32_t queue;	    /* gauge: requests that wait for a server */
	_Atomic uint32_t in_flight; /* gauge: requests, of pools with a limit on them */
	_Atomic uint32_t pad;
	_Atomic uint64_t queued, queue_us /* sum */, queue_refused /* it was full */,
		queue_expired /* no server became free in time */,
		unavailable /* no server was usable */;
	_Atomic uint64_t persist_kept, persist_new; /* requests: to their own server, to another */
	_Atomic uint64_t persist_refused;	    /* cookies: forged, damaged, old, foreign */
	_Atomic uint64_t persist_lost;		    /* cookies of servers that have left */
	_Atomic uint64_t retries_refused;	    /* by the budget */
	_Atomic uint64_t hedges, hedges_won, hedges_refused;
	_Atomic uint64_t mirrors, mirrors_skipped, mirrors_failed; /* copies to this pool */
};

/* Why a client's handshake failed. */
enum page_tls_failure {
	PAGE_TLS_OTHER = 0,
	PAGE_TLS_NAME /* no certificate for the name it asked for */,
	PAGE_TLS_PROTOCOL /* a version that is not offered, or no TLS at all */,
	PAGE_TLS_PARAMETERS /* no cipher suite, group or signature in common */,
	PAGE_TLS_ALERT /* the client refused */,
	PAGE_TLS_CLOSED,
	PAGE_TLS_TIMEOUT,
	PAGE_TLS_FAILURES
};

/* What connections of clients were ended for: role/edge/abuse.c. */
enum page_abuse {
	PAGE_ABUSE_RESET,     /* streams that the client took back */
	PAGE_ABUSE_MALFORMED, /* ... that had to be reset because of what it sent */
	PAGE_ABUSE_SETTINGS,
	PAGE_ABUSE_PING,
	PAGE_ABUSE_PRIORITY,
	PAGE_ABUSE_WINDOW,
	PAGE_ABUSE_EMPTY,
	PAGE_ABUSE_UNKNOWN,
	PAGE_ABUSE_HEADER,    /* heads that are too large */
	PAGE_ABUSE_REFUSED,   /* streams over the limit */
	PAGE_ABUSE_REQUEST,   /* requests that are none */
	PAGE_ABUSE_SLOW,      /* heads and bodies that did not come, answers that were not taken */
	PAGE_ABUSE_PROTOCOL,  /* HTTP/2 broken in a way that only the connection can end for */
	PAGE_ABUSE_HANDSHAKE, /* TLS that did not begin */
	PAGE_ABUSES
};

/* Why a datagram went nowhere: role/relay. */
enum page_drop {
	PAGE_DROP_SIZE,	    /* longer than datagrams.size */
	PAGE_DROP_SESSIONS, /* limits.connections */
	PAGE_DROP_ADDRESS,  /* limits.connections_per_address */
	PAGE_DROP_WAITING,  /* more than datagrams.waiting, or no memory for it */
	PAGE_DROP_ROUTE,    /* no rule takes it */
	PAGE_DROP_SERVER,   /* none can be had */
	PAGE_DROP_RATIO,    /* a reply beyond datagrams.reply_ratio */
	PAGE_DROP_BOGUS,    /* from or to an address that can't be answered */
	PAGE_DROP_SEND,	    /* the kernel did not take it */
	PAGE_DROP_ISOLATED, /* a level of isolation */
	PAGE_DROPS
};

struct page_load_listener {
	_Atomic uint32_t connections; /* gauge */
	_Atomic uint32_t pad;
	_Atomic uint64_t accepted, refused /* limits */, requests, bad_requests, handshakes,
		handshakes_resumed, handshakes_failed, bytes_in, bytes_out;
	_Atomic uint64_t status[6];		  /* [0]: ended without an answer */
	_Atomic uint64_t abuse[PAGE_ABUSES];	  /* connections ended for it */
	_Atomic uint32_t h2_sessions, h2_streams; /* gauges */
	_Atomic uint64_t h2_requests, h2_resets_received, h2_resets_sent, h2_goaways;
	_Atomic uint64_t tls_versions[2]; /* 1.2, 1.3: resumed ones included */
	_Atomic uint64_t tls_failures[PAGE_TLS_FAILURES];
	_Atomic uint64_t handshake_us; /* sum, of those that were completed */
	_Atomic uint64_t bad_proxy_headers;
	_Atomic uint64_t duration_us; /* sum, of requests */
	_Atomic uint64_t duration[HISTOGRAM_BUCKETS];
	_Atomic uint64_t datagrams_in, datagrams_out; /* passed on: from clients, to clients */
	_Atomic uint64_t evicted; /* sessions that made room for others before their client had
				     shown that it is there */
	_Atomic uint64_t drops[PAGE_DROPS]; /* datagrams, either way */
	_Atomic uint64_t isolated;  /* requests and streams that a level held back, or cut */
	_Atomic uint64_t exercised; /* ... would have */
};

/* What became of answers on their way to clients. */
struct page_load_delivery {
	_Atomic uint64_t compressed, compress_refused /* no stream was free: it went as it was */,
		compress_in, compress_out;
	_Atomic uint64_t cache_hits, cache_stale /* served although stale */, cache_misses,
		cache_passed /* not for the cache */, cache_validated, cache_collapsed,
		cache_stored, cache_evicted, cache_bytes /* gauge */, cache_purged;
};

/* What one key has used of a rate limit, as this edge knows it: role/edge/rate.c. */
struct page_rate {
	_Atomic uint64_t tag;	 /* keyed hash of limit and key; 0: nobody's */
	_Atomic uint64_t tat_ns; /* until then, by the monotonic clock, it has used everything up */
};

enum {
	PAGE_RATE_WAYS = 4,
	PAGE_RATE_CLASSES = 8,	  /* by how long a limit remembers */
	PAGE_RATE_SETS = 1 << 14, /* of each class */
	PAGE_RATES = PAGE_RATE_WAYS * PAGE_RATE_CLASSES * PAGE_RATE_SETS,
	PAGE_FLIGHT_ROWS = 2,
	PAGE_FLIGHTS = 1 << 16
};

enum { PAGE_ADDRESSES = 1 << 16, PAGE_STICKY = 1 << 16 };

struct page_load_page {
	_Atomic uint32_t generation;
	_Atomic uint32_t pid;
	_Atomic uint64_t loops; /* event loop turns: a stuck edge stands still */
	_Atomic uint32_t connections, connections_max; /* gauges: to clients and servers */
	_Atomic uint64_t spans, spans_dropped; /* told to the exporter; lost on the way there */
	_Atomic uint32_t rule_high, pool_high, server_high; /* slots beyond have never been used */
	struct page_load_delivery delivery;
	struct page_load_listener listener[IMAGE_LISTENER_SLOTS];
	struct page_load_server server[IMAGE_SERVER_SLOTS];
	_Atomic uint32_t has_addresses;		  /* 0: address has never been written to */
	_Atomic uint32_t address[PAGE_ADDRESSES]; /* open connections by a keyed hash of address and
						     listener: gauges */
	struct page_load_pool pool[IMAGE_POOL_SLOTS];
	struct page_load_rule rule[IMAGE_RULE_SLOTS];
	_Atomic uint64_t sticky[PAGE_STICKY]; /* clients by address: role/edge/persist.c */
	struct page_rate rate[PAGE_RATES];
	_Atomic uint32_t has_flights; /* 0: flight has never been written to */
	_Atomic uint32_t flight[PAGE_FLIGHT_ROWS][PAGE_FLIGHTS]; /* requests under way by keyed
								    hashes: role/edge/flight.c */
};

/* Writer: the keeper. One row per place that a role should always take. */
struct page_keeper_role {
	_Atomic uint8_t role; /* enum role; 0: nobody */
	_Atomic uint8_t is_running;
	_Atomic uint16_t index;
	_Atomic uint32_t pid, restarts;
	_Atomic uint64_t cpu_us;		       /* of this process: user and system */
	_Atomic uint64_t resident_bytes, shared_bytes; /* of these, those shared with others */
	_Atomic uint64_t started_wall_s;
};

enum { PAGE_KEEPER_ROLES = ROLE_N + ROLE_EDGES_MAX };

struct page_keeper_page {
	_Atomic uint32_t generation;   /* configuration in force */
	_Atomic uint32_t is_last_good; /* the last one asked for was applied */
	_Atomic uint64_t reloads, reloads_failed;
	_Atomic uint64_t last_wall_s; /* when the last one was decided */
	_Atomic uint64_t started_wall_s;
	_Atomic uint64_t cpu_us; /* of processes that have ended */
	struct page_keeper_role role[PAGE_KEEPER_ROLES];
};

/* Writer: the exporter. */
struct page_exporter_page {
	_Atomic uint64_t received, exported, dropped; /* spans */
	_Atomic uint64_t posts, posts_failed;	      /* requests to the collector */
	_Atomic uint64_t waiting;		      /* gauge: spans in its batches */
};

/* Writer: the shipper. */
struct page_shipper_page {
	_Atomic uint64_t messages;  /* sent to receivers, those sent again too */
	_Atomic uint64_t failing;   /* gauge: receivers and witnesses that can't be reached */
	_Atomic uint64_t behind_ms; /* gauge: since when the one farthest behind has had all */
	_Atomic uint64_t cosigned_wall_s; /* last countersignature of a witness */
};

enum { PAGE_SESSIONS = 1 << 16 };

/*
 * Writer: authority; readers: cells, spawner, console. No name, no token: numbers only.
 *
 * A grant names {slot, generation}; it counts as long as session[slot] still has that generation.
 * Revocation writes another one: cells look before each request and, for streams, every quarter of
 * a second (P7). Slot 0 is nobody's.
 */
struct page_gate_page {
	_Atomic uint32_t image;	   /* generation of the image that decides: a cell of an older
				      one ends when it is quiet */
	_Atomic uint32_t sessions; /* gauge */
	_Atomic uint64_t alarms;   /* gauge: that nobody has closed */
	_Atomic uint64_t
		beat_mono_ms; /* written at least once a second while the authority lives */
	_Atomic uint64_t logins, logins_failed, logins_delayed, grants, denials, step_ups,
		mismatches, reuses /* of rotated tokens */, revocations, invitations;
	_Atomic uint64_t session[PAGE_SESSIONS];
	/* serial of a cell that has shown a session: it counts among those at work */
	_Atomic uint64_t logged_in[CELL_SLOTS];
	/* for the next authority alone: which session a cell belongs to, under a key of its own */
	_Atomic uint64_t belongs[CELL_SLOTS];
	/* serial of a cell that has to end: the keeper sees to those whose spawner is gone */
	_Atomic uint64_t killed[CELL_SLOTS];
	struct level_page levels; /* read by edges, the relay and the herald too (P8) */
	struct notice_page notice;
};

enum { PAGE_CELL_RELEASED = 1 };

enum page_cell_refusal {
	PAGE_CELL_ADDRESS,   /* cells_per_address */
	PAGE_CELL_STRANGERS, /* cells_before_login */
	PAGE_CELL_ALL,	     /* cells */
	PAGE_CELL_SILENT,    /* nothing was said in time */
	PAGE_CELL_NO_TLS,    /* what was said is no ClientHello */
	PAGE_CELL_SYSTEM,    /* the machine has no room */
	PAGE_CELL_REFUSALS
};

/* Writers: spawners, each its own rows, and the keeper the rows of those that have ended; readers:
 * console, the next spawner. Words outside rows are added to atomically. */
struct page_cell {
	_Atomic uint64_t serial;  /* 0: free */
	_Atomic uint32_t spawner; /* index of who started it */
	_Atomic uint32_t pid;	  /* as the keeper sees it */
	_Atomic uint64_t began_wall_s;
	_Atomic uint64_t source; /* of its client's address, under source_key: what has one number
				    is counted together */
	_Atomic uint16_t listener;
	_Atomic uint32_t frozen_wall_s; /* stopped since then, and kept as evidence; 0: it runs;
					   PAGE_CELL_RELEASED: it is to be ended */
};

struct page_cells_page {
	_Atomic uint64_t last_serial;
	_Atomic uint64_t source_key[2]; /* made by the first spawner */
	_Atomic uint64_t started, ended, crashed, killed;
	_Atomic uint64_t refused[PAGE_CELL_REFUSALS];
	_Atomic uint64_t spawn_us; /* sum: from the first bytes to the cell's own first step */
	_Atomic uint32_t pending;  /* gauge: accepted, and silent so far */
	_Atomic uint32_t strangers, at_work; /* gauges */
	struct page_cell cell[CELL_SLOTS];
};

/* Writer: audit. */
struct page_audit_page {
	_Atomic uint64_t lines, bytes; /* written */
	_Atomic uint64_t lost;	       /* records that workers could not hand over */
	_Atomic uint64_t waiting;      /* gauge: bytes in the rings */
	_Atomic uint64_t written_wall_s, signed_wall_s; /* last line, last signature */
	_Atomic uint64_t trouble_ms; /* gauge: for how long the disk has refused */
};

/* Single-writer increments: no locked instruction is needed, only that readers never see a torn
 * word. */
#define PAGE_ADD(word, x)                                                                          \
	atomic_store_explicit(&(word), atomic_load_explicit(&(word), memory_order_relaxed) + (x),  \
			      memory_order_relaxed)
#define PAGE_SET(word, x) atomic_store_explicit(&(word), (x), memory_order_relaxed)
#define PAGE_GET(word)	  atomic_load_explicit(&(word), memory_order_relaxed)

#endif
