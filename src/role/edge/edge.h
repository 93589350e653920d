/*
 * The edge's data: who owns what, and how long it lives.
 *
 * boot        struct edge, the pools, the pages; made once in main()
 * generation  one image with what was built from it; counted by the exchanges that use it
 * client      one connection from outside: a slot, reused with the same address but another life
 * exchange    one request and its answer; belongs to its client, borrows a server connection
 * upstream    one connection to a server: idle in its server's list, or lent to an exchange
 *
 * Edge-triggered: an event sets `can_read`, reading stops at a short read, and a buffer that
 * did not go out whole is a `spill` that stops the reading on the other side. That is all the flow
 * control there is: at most one spill per direction and connection.
 */
#ifndef ROLE_EDGE_EDGE_H
#define ROLE_EDGE_EDGE_H

#include "access/level.h"
#include "balance/balance.h"
#include "balance/budget.h"
#include "base/canary.h"
#include "base/list.h"
#include "base/rng.h"
#include "base/wheel.h"
#include "cache/cache_store.h"
#include "compress/compress_stream.h"
#include "conf/image.h"
#include "ipc/edge_dialer.h"
#include "ipc/keeper_role.h"
#include "ipc/pages.h"
#include "ipc/record.h"
#include "ipc/ring.h"
#include "proto/chunked.h"
#include "proto/http1.h"
#include "proto/uri.h"
#include "role/edge/queue.h"
#include "role/edge/roster.h"
#include "route/route.h"
#include "sys/heap.h"
#include "sys/loop.h"
#include "tls/tls.h"
#include "tls/tls_seal.h"
#include "tls/tls_signer_client.h"

enum {
	BUFFER_BYTES = 96 * 1024, /* room for a head, a body read and what is added around them */
	READ_BYTES = 64 * 1024,	  /* one read from a connection whose head is done */
	HEAD_BYTES = 32 * 1024,	  /* one read while an answer's head is expected: its limit too */
	FIELDS_MAX = 1024,
	REQUEST_ID_BYTES = 32, /* hexadecimal */
	DIALS_MAX = 4096,
	CACHE_KEY_MAX = 1536,
	CACHE_LEADS = 256,   /* lists of those that others wait for, by hash */
	CACHE_PASSES = 1024, /* URLs known not to be storable, by hash */
	COMPRESS_SLOTS = 64, /* answers that are compressed at one time */
	PIPES_MAX = 64,	     /* two descriptors each */
	TRIPWIRE_HEAP = 8,
	PIPE_BYTES = 256 * 1024,  /* one splice */
	SPLICE_BYTES = 64 * 1024, /* what is still to come of a body that is spliced */
	SPLICE_TAIL = 4096,	  /* ... to its end, when it was spliced before */
	FLIGHTS_MAX = 4,	  /* concurrency limits of one rule, its route's included */
	BUFFER_FRONT = 512,	  /* in front of each buffer: a canary */
	BUFFER_SLOT = BUFFER_BYTES + 8192, /* a buffer with its front, and a page that can't be
					      touched */
};

struct gate_hooks;
struct gate_state;
struct porter;
struct h2_session;
struct h2_stream;
struct h2_field;
struct nghttp2_session_callbacks;
struct nghttp2_option;

/* What a loop source is; the handler table in main.c has one row each. */
enum source_kind {
	SOURCE_KEEPER,
	SOURCE_SIGNER,
	SOURCE_DIALER,
	SOURCE_LISTENER,
	SOURCE_CLIENT,
	SOURCE_UPSTREAM,
	SOURCE_AUTHORITY, /* of a cell: gate.h */
	SOURCE_AUDIT,	  /* of a cell */
	SOURCE_N
};

#define OWNER_OF(node, T, m) LIST_OWNER(node, T, m)

/* Bytes that pass inside the kernel; pipe.h. */
struct pipe {
	int in, out;
	size_t n; /* bytes in it */
	struct pipe *next;
};

struct pipe_pool {
	struct pipe all[PIPES_MAX];
	struct pipe *free, *closed;
	uint32_t n, most; /* ever used; at most */
};

/* Bytes that wait: those in the pipe, then p[at .. n). */
struct buffer {
	struct pipe *pipe; /* of a connection's spill; NULL: none */
	uint8_t *p;
	uint32_t at, n;
	struct buffer *next;
	bool is_dirty;	/* its pages may hold memory */
	bool has_fence; /* the page behind it can't be touched */
};

struct buffer_pool {
	struct buffer *all;
	struct buffer *free;
	const struct canary *canary; /* in front of each; NULL: none */
	uint32_t count, free_n;
};

/* What a generation keeps per pool. */
struct pool_state {
	struct balance_pool balance;
	bool *is_healthy; /* per server: health page, administration and configuration agree */
	struct budget retries, hedges;
	uint32_t hedge_us; /* the quantile of the times to the first byte; 0: not known yet */
	uint32_t healthy_n;
	uint32_t surveyed;	      /* where the next look at some of the servers begins */
	uint64_t survey_ms;	      /* of the last look at all, asked for */
	struct queue queue;	      /* exchanges that wait for any of its servers */
	uint32_t queue_n, queue_told; /* ... and as the load page has it */
	uint64_t refreshed_ms;	      /* of the last look at some; 0: never */
	uint64_t version;	      /* of the health page, when it was last looked at */
};

struct generation {
	struct image image;
	void *map;
	size_t map_bytes;
	uint32_t number;
	uint32_t users; /* exchanges, and one for being the newest */
	const struct image_listener *listener[IMAGE_LISTENER_SLOTS];
	struct pool_state *pools;	/* per pool */
	struct balance_server *balance; /* per server */
	void *tables;			/* of the pools that hash, one after the other */
	struct generation_work *work;	/* what of them is still to be made; NULL: nothing */
	struct roster roster;
	bool *is_healthy;		  /* per server */
	struct tls_site **sites;	  /* per listener and certificate: generation_site() */
	size_t site_n, freed_to;	  /* sites made so far; where freeing them goes on */
	bool has_told;			  /* a site that could not be made */
	struct tls_client_site **servers; /* per pool; generation_servers */
	uint64_t *tls_identity; /* per pool: what a server connection was verified against */
	struct route_regexes *regexes;
	uint16_t https_port; /* for redirect_to_https; 0 = none */
	struct generation *next;
};

/* What the edge knows of a server beyond the pages; by slot. */
struct server_state {
	uint32_t gen;
	uint32_t dialing;     /* dials asked for and not answered */
	uint32_t opening;     /* HTTP/2: connections that are not ready for streams yet */
	uint32_t waiting_n;   /* in waiting */
	struct list sessions; /* HTTP/2: struct h2_session.node */
	struct list idle;     /* struct upstream.node, newest first */
	struct list
		waiting; /* struct exchange.node, oldest first: for a connection of this server */
	bool is_used;	 /* the lists are rings */
	bool has_failed; /* a failure was told to the dialer; the next answer is told too */
	struct budget excuses; /* for what is no failure: stale connections, refused streams */
};

struct listener {
	struct loop_source source;
	uint16_t slot;
	bool is_paused; /* out of descriptors: not accepting until the next tick */
};

/*
 * One connection, to a client or to a server: bytes in, bytes out, with or without TLS.
 */
struct conn {
	struct loop_source source; /* first: an event's source is its conn */
	bool can_read;		   /* there may be more to read */
	bool sees_end;		   /* the end is in the socket's queue: read on to it */
	bool has_ended;		   /* no more bytes will come */
	bool said_end;		   /* close_notify has been sent */
	bool cant_send;		   /* the peer takes no more; what it has sent can still be read */
	bool was_cut;	   /* ended without close_notify: what has no end of its own is not whole */
	bool is_bulk;	   /* the last read was a full one: a long run of bytes */
	bool is_watched;   /* it is in the loop */
	bool wants_write;  /* EPOLLOUT is asked for, from the first spill on */
	bool is_broken;	   /* reset, or TLS failed: only to be closed */
	uint8_t canary_at; /* how much of the canaries' marker the bytes sent so far end with */
	struct tls_conn *tls;	    /* NULL: plain */
	struct h2_stream *stream;   /* HTTP/2: one of a session, without a socket; h2.h */
	struct h2_session *session; /* HTTP/2: it is the owner of one */
	struct buffer *in;	    /* received bytes that can't be used yet */
	struct buffer *out;	    /* spill: bytes the kernel did not take yet */
	struct wheel_entry timer;
	struct edge *edge; /* for the TLS library's hooks, which know only the connection */
};

enum client_state {
	CLIENT_FREE,
	CLIENT_PROXY, /* its PROXY header is awaited */
	CLIENT_HELLO, /* passed on as it is: what is needed to choose a server is awaited */
	CLIENT_HANDSHAKE,
	CLIENT_HEAD,
	CLIENT_BUSY,
	CLIENT_TUNNEL,
	CLIENT_SESSION, /* HTTP/2: its streams are clients of their own */
	CLIENT_LINGER,
	CLIENT_DEAD,
	CLIENT_STATES
};

/* A leaky bucket: abuse.c. */
struct abuse_score {
	uint32_t score, at_ms;
};

/* Of an address, and of those that share its place in the table. */
struct abuse_source {
	struct abuse_score all;
	uint32_t told_ms; /* of the last event about it */
};

/* What a PROXY header said, beside the client's address itself. */
struct client_proxy {
	struct ip peer, local; /* who sent it; where the client meant to connect to */
	uint16_t peer_port, local_port;
	bool is_used; /* there was one, with addresses */
};

struct client {
	struct conn conn;
	uint8_t state;	 /* enum client_state */
	bool is_again;	 /* stands in edge.again */
	bool was_parsed; /* the kept bytes are no whole head */
	bool has_shut;	 /* our side is shut down */
	bool is_stream;	 /* of an HTTP/2 session: no socket, its owner counts */
	bool is_counted; /* among its address's connections */
	uint16_t slot;	 /* listener */
	uint16_t port;
	uint32_t requests;
	struct abuse_score abuse;
	uint32_t handshake_us; /* how long TLS took to begin */
	uint64_t accepted_ns;
	struct ip ip; /* with a PROXY header what it says, and peer is who sent it */
	struct client_proxy proxy;
	uint64_t id; /* never another client's; 0 until it is needed */
	struct exchange *x;
	struct list proxied;   /* struct upstream.tie: connections that speak for this client; no
				  ring until there is one */
	struct client *next;   /* free or dead list */
	struct list unwatched; /* in edge.unwatched */
	struct client *again;  /* edge.again */
	size_t progress;       /* http1_parse_request's */
};

struct upstream {
	struct conn conn;
	bool is_stream;	 /* of an HTTP/2 session: no socket, its owner counts */
	bool is_opening; /* counted in its server's opening */
	bool is_reused, is_open /* plain, or the TLS handshake is done */, is_dead;
	uint32_t slot, slot_gen;
	uint64_t rests_until_ms; /* idle, but not to be lent before */
	uint64_t tls_identity;
	uint64_t of;	  /* client.id that its PROXY header speaks for: of use to no other */
	struct list tie;  /* in that client's proxied */
	bool wants_reset; /* its end must not look like one in order */
	uint8_t proxy;	  /* version of the header that it was sent; 0 = none */
	struct list node; /* idle list of its server */
	struct exchange *x;
	struct upstream *next; /* free or dead list */
};

/* How fast a request's body comes: pace.c. */
struct pace {
	uint64_t since_ms, moved; /* what had come by then */
	bool is_grpc;
	bool is_held; /* one side took nothing when the deadline was set */
};

/* A message body on its way through; body.c. */
struct body {
	uint64_t left, moved; /* bytes still to come with BODY_LENGTH; bytes of content so far */
	uint64_t limit;	      /* content may not be longer; 0 = no limit */
	struct chunked chunks;
	uint8_t kind;	     /* enum http_body: how it comes */
	bool is_chunked;     /* how it goes: in chunks */
	bool in_trailers;    /* the last chunk has been written */
	bool drops_trailers; /* they are not passed on */
	bool is_done;
};

enum exchange_flag {
	X_BODY_MOVED = 1, /* bytes of the request's body have left c->in: it can't be sent again */
	X_ANSWERED = 2,	  /* the final head has gone to the client */
	X_CLIENT_CLOSE = 4,  /* the client's connection ends with this answer */
	X_SERVER_CLOSE = 8,  /* the server's does */
	X_OLD_CLIENT = 16,   /* HTTP/1.0 */
	X_WEBSOCKET = 32,    /* an upgrade was asked for */
	X_COUNTED = 64,	     /* counted in flight on its server */
	X_QUEUED = 128,	     /* node stands in the pool's queue */
	X_WAITING = 256,     /* node stands in the server's list */
	X_ASK = 1024,	     /* it is to ask for a server in its next turn */
	X_GRANTED = 2048,    /* another try has been decided about, and what failed was counted */
	X_PAUSED = 4096,     /* waits a moment before the next try */
	X_TWIN = 8192,	     /* a second request for another exchange: hedge.c */
	X_HEDGED = 16384,    /* has had one, or was refused it */
	X_SHADOW = 32768,    /* a copy that nobody waits for: mirror.c */
	X_HEAD_HERE = 65536, /* the answer's first bytes lie in the connection's buffer */
	X_LEARNT = 131072,   /* its time is part of the pool's quantile */
	X_SENT = 512,	     /* its head is on its way to a server */
	X_GATE = 1 << 18,    /* a cell's gate has it: gate.h */
	X_RAW = 1 << 20	     /* no request: the connection itself is passed on */
};

/* How an exchange ended, where it did not end well. */
enum exchange_end {
	X_END_WELL = 0 /* or with an answer of ours, which says why */,
	X_END_CLIENT /* it went away */,
	X_END_SERVER /* cut in the middle of its answer */,
	X_END_TIMEOUT
};

struct span16 {
	uint16_t at, n;
};

/* Where x's client belongs: persist.c. */
struct persist_state {
	uint64_t hash;	   /* of its address */
	uint32_t index;	   /* its server in the pool; BALANCE_NONE: none */
	uint32_t issued_s; /* its cookie */
	uint8_t opens;	   /* cookies looked at */
	bool is_kept;	   /* index is known */
	bool is_guest;	   /* its server has no room now: it is elsewhere for this request */
};

/* Of a request: trace.c. */
struct trace {
	bool is_sampled;   /* it is told to the exporter */
	bool is_continued; /* it began with a trusted sender */
	bool is_trying;	   /* a server has been asked */
	uint64_t wall_ns;  /* when it began, since 1970: the one clock of all its spans */
	uint16_t at;	   /* of the try's id in the head that servers are sent; 0: not there */
	char trace_id[32], parent_id[16], id[16], try_id[16]; /* hexadecimal */
};

/* Who reads why a level refused. */
enum exchange_level_reader {
	X_LEVEL_PAGE = 1 /* a person */,
	X_LEVEL_DUTCH = 2,
	X_LEVEL_BANNER = 4 /* is told so with a page that is let through */
};

struct exchange {
	struct client *c;
	struct upstream *u;
	struct exchange *twin, *mirror; /* hedge.c; mirror.c: while its body comes */
	struct generation *g;
	const struct image_listener *listener;
	const struct image_rule *rule; /* NULL: none took it */
	const struct image_pool *pool;
	const struct image_server *server; /* the one being asked */
	struct buffer *head; /* the request head as servers are sent it; host, path, ... are
				positions in it */
	struct list node;
	struct body request, answer;
	struct pace pace;
	uint64_t start_ns, asked_ns, first_byte_ns, queued_until_ms;
	uint64_t connected_ns, sent_ns; /* of the last try; connected 0: the connection was there */
	uint64_t bytes_out;		/* to the client, heads included */
	size_t progress;		/* http1_parse_response's */
	uint32_t pool_index;
	uint32_t flags; /* enum exchange_flag */
	struct balance_tried tried;
	struct persist_state persist;
	uint64_t key_hash;
	uint32_t query_n;
	uint32_t queue_ms; /* waited for a server to become free */
	uint16_t status;
	uint8_t compress, coding; /* enum compress_state; enum encoding: what the client takes */
	struct cache_job *job;	  /* its rule has a cache */
	struct compress_slot *z;  /* its answer is being compressed */
	uint8_t tries, method, failure /* enum dial_failure: of the last try */;
	uint8_t end;	   /* enum exchange_end */
	uint8_t key_state; /* enum key_state: of key_hash */
	bool was_stale;	   /* a try met an idle connection that had ended: the next one counts */
	struct span16 method_at, path_at, host_at, agent_at; /* in head->p */
	const char *why;		 /* it was answered here; a fixed text */
	const struct image_limit *limit; /* that refused it */
	uint32_t retry_after_s;
	struct span16 origin_at, asked_method_at, asked_fields_at; /* in head->p: cors.c */
	uint32_t flights[FLIGHTS_MAX]; /* what it is counted in: flight.c */
	uint8_t flight_n;
	const char *cause; /* of a failure towards a server; a fixed text; may be NULL */
	uint64_t ends_ms;  /* of a tunnel; 0 = not before it is idle */
	uint32_t tunnel_idle_ms;
	struct span16 where_at; /* in head->p: fields for the record of a stream, ready made */
	char request_id[REQUEST_ID_BYTES];
	struct trace trace;
	struct gate_state *gate;		 /* what a cell knows of it; NULL: nothing */
	uint64_t level_app;			 /* id of the application it is for; 0: none */
	uint8_t level_what;			 /* enum level_of; 0: not looked at yet */
	uint8_t level, level_by, level_exercise; /* enum level: the strictest in force; that refused
						    it; that would have */
	uint8_t level_reader;			 /* enum exchange_level_reader */
	bool level_is_safe;			 /* it changes nothing */
	struct exchange *next;			 /* free list */
};

/* The cache's part in an exchange; cache.c. */
struct cache_job {
	struct cache_entry *entry; /* held: it is served, or the server is asked about it */
	struct cache_entry *fill;  /* held: it is being stored */
	struct buffer *sent;	   /* what the server is sent instead of the exchange's head */
	struct list leads;	   /* stands in cache_pool.leads */
	struct list waiters;	   /* struct exchange.node: they ask the same */
	uint64_t hash, wait_until_ms;
	int64_t asked_wall_s;
	uint64_t asked_turn; /* cache_store_turn */
	size_t at;	     /* bytes of the entry's body that have been given */
	uint16_t fwd_status; /* what the server said to our conditions */
	uint8_t state, how;  /* enum cache_state, enum cache_how */
	bool was_collapsed, may_store;
	struct cache_job *next; /* free list */
};

struct cache_pass {
	uint64_t hash, until_ms;
};

struct cache_pool {
	struct cache_store store;
	struct cache_job *jobs, *free; /* NULL: no rule has used a cache yet */
	uint32_t job_high;
	uint32_t generation; /* that the limit is of */
	struct list leads[CACHE_LEADS];
	struct cache_pass pass[CACHE_PASSES];
	struct field fields[FIELDS_MAX], stored[FIELDS_MAX]; /* of the request, of an entry */
};

/* A stream for compressing one answer; compress.c. */
struct compress_slot {
	struct compress_stream stream;
	uint64_t used_ms;	    /* when it was last given back */
	uint8_t canary_at;	    /* as in struct conn, of what goes in */
	struct compress_slot *next; /* free list */
};

struct compress_pool {
	struct compress_slot all[COMPRESS_SLOTS];
	struct compress_slot *free;
	uint32_t n; /* ever used */
};

struct dial {
	uint32_t slot, slot_gen;
	bool is_used, is_sent;
};

/* Count of connections per address and listener. */
struct address {
	struct ip ip;
	uint32_t n;
	uint16_t slot;
};

enum { AUDIT_KEPT = 16384 };
enum { PERSIST_KEYS = 2 };

/* Secrets of nobody, and where they lie beside the others; tripwire.c. */
struct tripwire {
	struct canary canary;
	uint8_t *page;		      /* of their own, with a guard behind it */
	bool is_out;		      /* those between the scratch arrays are to be put back */
	uint8_t *heap[TRIPWIRE_HEAP]; /* blocks of the TLS heap */
};

/* A key of persistence cookies; id 0: none. The first one makes them. */
struct persist_key {
	struct tls_seal *seal;
	uint8_t id;
};

struct edge {
	struct role_identity self;
	struct loop loop;
	struct wheel wheel;
	struct rng rng;
	uint64_t date_until_ns; /* date is this second's until then */
	uint8_t date[29];	/* RFC 9110 §5.6.7 */
	struct generation *now, *coming;
	struct generation *ending; /* used no more, freed in pieces */
	struct loop_source keeper, dialer;
	struct loop_source signers[TLS_SIGNER_CHANNELS];
	struct loop_source authority;		/* of a cell */
	const struct gate_hooks *gate;		/* of a cell; NULL: this is an edge */
	struct porter *porter;			/* of a cell: what its gate knows */
	const struct page_gate_page *gate_page; /* read-only; NULL in tests: nothing is closed */
	struct level_map levels;		/* what it says of levels: role/edge/level.c */
	uint64_t levels_looked;			/* levels.made that what runs was judged by */
	bool serves_cells;	  /* the spawner, or a cell: listeners with isolation: cell alone */
	uint32_t most_fds;	  /* descriptors to reserve slots for; 0: as many as there may be */
	struct spawner_cell me;	  /* of a cell: who its client is */
	struct loop_source audit; /* of a cell: where its records go; edges have a ring */
	uint64_t audit_lost;	  /* records that did not fit there */
	uint32_t audit_kept_n;	  /* bytes of records that wait for the next audit's channel */
	uint8_t audit_kept[AUDIT_KEPT]; /* u16 length and record, one behind the other */
	int image_fd, coming_dialer_fd, coming_signer_fd;
	uint32_t coming_number;
	bool swap_is_due; /* to the coming generation, when it is ready */
	struct listener listeners[IMAGE_LISTENER_SLOTS];
	int coming_listener_fd[IMAGE_LISTENER_SLOTS];
	uint32_t mirror_n; /* shadows */
	bool is_draining;
	uint64_t drain_began_ms, drain_until_ms, drain_told_ms, trimmed_ms, tick;

	struct page_health_page *health; /* read-only */
	struct page_load_page *load;	 /* ours */
	const struct page_load_page
		*loads[ROLE_EDGES_MAX]; /* every edge's, ours included; NULL: there is none */
	unsigned load_n;
	struct ring_writer ring;

	struct tls_library *tls;
	struct tls_ticket_keys tickets;
	struct persist_key persist[PERSIST_KEYS];
	uint8_t persist_keys[PERSIST_KEYS_BYTES]; /* until they are in persist */

	struct buffer_pool buffers;
	struct pipe_pool pipes;
	struct compress_pool compress;
	struct cache_pool cache;
	struct client *clients, *free_clients, *dead_clients;
	struct client *again, *again_last; /* to be run in the next turn, in this order */
	struct list unwatched;		   /* clients that need not be waited for yet */
	uint32_t stream_upstream_n;
	uint32_t client_cap, client_n, client_high;
	struct upstream *upstreams, *free_upstreams, *dead_upstreams;
	uint32_t upstream_cap, upstream_high;
	uint32_t stream_client_n; /* clients that are streams */
	struct exchange *exchanges, *free_exchanges;
	uint32_t exchange_cap, exchange_high;
	struct server_state *servers; /* by slot */
	uint32_t server_high;	      /* slots ever used */
	struct server_state
		stale_server; /* of servers whose slot has a newer one: nothing is kept */
	struct page_load_server stale_load; /* likewise */
	struct page_load_rule stale_rule;
	struct page_load_pool stale_pool;
	uint32_t upstream_n;	      /* open */
	uint32_t fds_kept;	      /* descriptors that connections may not take */
	struct abuse_source *sources; /* ABUSE_SOURCES */
	struct h2_session *h2_sessions, *free_h2_sessions;
	uint32_t h2_session_cap, h2_session_high;
	struct h2_stream *h2_streams, *free_h2_streams;
	uint32_t h2_stream_cap, h2_stream_high;
	struct list h2_dirty; /* sessions with something to send */
	struct heap h2_heap;
	struct nghttp2_session_callbacks *h2_callbacks;
	struct nghttp2_option *h2_options;
	struct h2_field *h2_fields; /* FIELDS_MAX of each: of a head being sent */
	void *h2_nv;		    /* nghttp2_nv */
	uint64_t client_ids;
	uint64_t proxy_told_ms; /* when a bad PROXY header was last told */
	struct dial dials[DIALS_MAX];
	uint32_t dial_at;
	bool dial_rest; /* some are used and not sent */
	struct address *addresses;
	uint32_t address_mask;
	uint64_t address_key[2];
	uint64_t hash_key[2]; /* of what leads to servers: all edges have the same */

	int exporter_fd;
	uint32_t spans_n;
	struct wbuf spans;
	uint8_t spans_bytes[FRAME_BODY_MAX]; /* waiting for the end of this turn */

	struct tripwire tripwire;

	/* Scratch; gap_x: canaries behind x */
	struct field fields[FIELDS_MAX];
	uint8_t gap_fields[CANARY_TEXT];
	uint8_t in[READ_BYTES]; /* what a connection was read into */
	uint8_t gap_in[CANARY_TEXT];
	uint8_t plain[BUFFER_BYTES]; /* ... decrypted */
	uint8_t gap_plain[CANARY_TEXT];
	uint8_t piece[BUFFER_BYTES]; /* a message part being built */
	uint8_t gap_piece[CANARY_TEXT];
	uint8_t frame[BUFFER_BYTES]; /* ... of a body in chunks */
	uint8_t gap_frame[CANARY_TEXT];
	uint8_t wire[BUFFER_BYTES]; /* ... encrypted */
	uint8_t gap_wire[CANARY_TEXT];
	uint8_t path[3 * READ_BYTES];
	uint8_t gap_path[CANARY_TEXT];
};

#endif
