/*
 * The relay's data. main() owns it; everything is reserved at boot and touched as it is used.
 *
 *   client --listener's socket--> session --connected socket--> server
 *          <--- from the same address ---     <---
 *
 * A session is what one client (address and port) and one address of this machine say to each
 * other; it has a socket of its own to its server, so that what comes on it is that client's.
 */
#ifndef ROLE_RELAY_RELAY_H
#define ROLE_RELAY_RELAY_H

#include "access/level.h"
#include "balance/balance.h"
#include "balance/peak_ewma.h"
#include "base/list.h"
#include "base/wheel.h"
#include "conf/image.h"
#include "ipc/edge_dialer.h"
#include "ipc/keeper_role.h"
#include "ipc/pages.h"
#include "ipc/ring.h"
#include "sys/datagram.h"
#include "sys/loop.h"
#include "sys/sandbox.h"

enum {
	RELAY_SESSIONS = 1 << 16,
	RELAY_BUCKETS = 1 << 17,
	RELAY_ADDRESSES = 1 << 16,
	RELAY_FDS_KEPT = 512, /* descriptors for listeners, channels and images */
	RELAY_DIALS = 1000,   /* sessions whose way is being made: the dialer takes 1024 */
	RELAY_TRIES = 3,      /* servers asked for one session */
	RELAY_WAITING = 2048, /* datagrams that wait for a way */
	RELAY_WAITING_BYTES = 16 << 20,
	RELAY_WHERE = 192,
	RELAY_PROXY = 56, /* bytes of a PROXY header of version 2 with addresses */
	RELAY_DIAL_MS = 5000,
	RELAY_DRAIN_MS = 500
};

enum relay_source { RELAY_KEEPER, RELAY_DIALER, RELAY_LISTENER, RELAY_SERVER, RELAY_SOURCES };

/* Why a session ends: record.c has the words. */
enum relay_end {
	RELAY_END_IDLE,
	RELAY_END_ANSWERED,   /* it had the answers that datagrams.replies promises */
	RELAY_END_UNANSWERED, /* ... or not, for as long as it may last */
	RELAY_END_REFUSED,    /* nobody is at the server's port */
	RELAY_END_LEFT,	      /* its server was disabled, failed its checks, or was ejected */
	RELAY_END_NO_SERVER,
	RELAY_END_EVICTED,
	RELAY_END_LISTENER, /* which the configuration has no more */
	RELAY_END_STOP,
	RELAY_END_ISOLATED, /* by a level of isolation */
	RELAY_ENDS
};

enum relay_state { SESSION_FREE, SESSION_DIALING, SESSION_OPEN };

/* A datagram that waits for its session's way. */
struct relay_waiting {
	uint32_t next; /* of the session, or free; RELAY_NONE */
	uint32_t n;
};

#define RELAY_NONE UINT32_MAX

struct relay_id {
	uint32_t slot, gen;
};

struct relay_session {
	struct loop_source source; /* to the server; -1 while there is none */
	struct wheel_entry timer;
	struct list young;   /* among its listener's, until the client has shown that it is there */
	struct list dialing; /* among those that wait for the dialer */
	uint64_t started_ns, asked_ns; /* asked: the newest datagram that went to the server */
	uint64_t bytes_in, bytes_out, datagrams_in, datagrams_out;
	struct ip client, local;
	uint32_t next; /* in its bucket, or free */
	uint32_t bucket, address;
	uint32_t scope, gen; /* gen counts uses of the slot */
	struct relay_id server, pool, rule;
	uint32_t owed; /* datagrams without all their answers */
	uint32_t first_waiting, last_waiting;
	uint16_t waiting_n;
	uint16_t port, slot; /* the client's; the listener's */
	uint8_t state;	     /* enum relay_state */
	uint8_t tries;
	bool is_sent;	   /* SESSION_DIALING: the dialer has been asked */
	bool has_reply;	   /* the client has been sent something */
	bool is_confirmed; /* ... and has said something after that */
	uint8_t where_n, proxy_n;
	struct balance_tried tried;
	uint8_t proxy[RELAY_PROXY]; /* in front of each datagram to the server */
	uint8_t where[RELAY_WHERE]; /* of its record: route, pool and server, whatever becomes of
				       their configuration */
};

/* A listening socket, which outlives generations. */
struct relay_listener {
	struct loop_source source;
	struct list young; /* sessions that may make room, the oldest first */
	uint32_t sessions;
};

struct relay_pool {
	struct balance_pool balance;
	uint64_t version; /* of the health page, when it was looked at */
	uint64_t refreshed_ms;
	uint32_t sessions;
};

/* What the relay made of one image; sessions know its things by {slot, gen} alone. */
struct relay_generation {
	struct image image;
	void *map;
	size_t map_bytes;
	uint32_t number;
	const struct image_listener *listener[IMAGE_LISTENER_SLOTS]; /* udp ones */
	struct relay_pool *pools;	/* of the image; those without datagrams stay empty */
	struct balance_server *balance; /* of the image's servers */
	struct peak_ewma *ewma;		/* likewise */
	uint8_t *is_healthy, *may_stay; /* likewise: for new sessions, for those it has */
	uint16_t *server_of_slot;	/* IMAGE_SERVER_SLOTS: index + 1; 0 = none */
	void *tables;
};

struct relay {
	struct loop loop;
	struct wheel wheel;
	struct role_identity self;
	struct rng rng;
	uint64_t hash_key[2];  /* of all that balance: ipc/keeper_role.h */
	uint64_t table_key[2]; /* of this process's own tables */
	struct loop_source keeper, dialer;
	struct relay_generation *now, *coming;
	int image_fd, coming_dialer_fd;
	uint32_t coming_number;
	const struct page_health_page *health;
	const struct page_gate_page *gate; /* its levels alone are looked at */
	struct level_map levels;	   /* ... as taken: level.c */
	uint64_t levels_looked;		   /* levels.made that sessions were judged by */
	struct page_load_page *load;	   /* its own stripe */
	struct ring_writer ring;
	uint64_t tick;
	bool is_draining;
	uint64_t drain_until_ms;

	int coming_listener_fd[IMAGE_LISTENER_SLOTS];
	struct relay_listener listeners[IMAGE_LISTENER_SLOTS];
	bool has_failed[IMAGE_SERVER_SLOTS];	 /* told to the dialer: the next answer is too */
	uint64_t replied_ns[IMAGE_SERVER_SLOTS]; /* when it last said anything to anybody */

	struct relay_session *session; /* RELAY_SESSIONS */
	uint32_t session_cap, session_high, session_n;
	uint32_t session_free, session_dead; /* dead: free when the turn is over */
	uint32_t bucket[RELAY_BUCKETS];	     /* index of the first session; RELAY_NONE */
	uint32_t address_n[RELAY_ADDRESSES]; /* sessions by a keyed hash of address and listener */
	struct list dialing;		     /* sessions; those not yet asked for first */
	uint32_t dialing_n;
	bool dial_rest; /* some could not be sent */

	struct relay_waiting waiting[RELAY_WAITING];
	uint8_t *waiting_memory; /* DATAGRAM_BYTES for each */
	uint32_t waiting_high, waiting_free;
	size_t waiting_bytes;

	struct datagram_batch in, out;
	uint16_t out_slot; /* the listener that all of out goes through */
};

extern const struct sandbox_spec relay_sandbox;

#endif
