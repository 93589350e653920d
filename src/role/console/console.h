/*
 * The console role's data: the shared pages it reads, and a small HTTP server for one address.
 * main() owns it.
 */
#ifndef ROLE_CONSOLE_CONSOLE_H
#define ROLE_CONSOLE_CONSOLE_H

#include "base/arena.h"
#include "base/list.h"
#include "ipc/keeper_role.h"
#include "proto/http1.h"
#include "role/console/metrics.h"
#include "sys/loop.h"
#include "sys/sandbox.h"

enum {
	CONSOLE_CLIENTS = 64,
	CONSOLE_IN = 8192,		/* bytes a request head may have */
	CONSOLE_OUT = 64 * 1024,	/* rendered ahead of sending */
	CONSOLE_FIELDS = 64,		/* header fields a request may have */
	CONSOLE_REQUEST_MS = 10 * 1000, /* a head has to be there within */
	CONSOLE_SEND_MS = 10 * 1000,	/* the peer has to take something within */
	CONSOLE_KEEP_MS = 90 * 1000,	/* between two requests: longer than a scrape interval */
	CONSOLE_IMAGES = 4,		/* old ones stay while an answer is made from them */
	CONSOLE_TICK_MS = 1000,
	CONSOLE_EDGE_MS = 5000 /* an event loop that stands still this long is no sign of life */
};

enum console_source { CONSOLE_KEEPER, CONSOLE_LISTENER, CONSOLE_CLIENT, CONSOLE_SOURCES };

enum client_state { CLIENT_FREE = 0, CLIENT_READING, CLIENT_WRITING };

/* A configuration image, and how many answers are being made from it. */
struct console_image {
	struct image image;
	void *map; /* NULL: free */
	size_t map_bytes;
	unsigned users;
};

struct client {
	struct loop_source source;
	uint64_t due_ms;
	uint64_t turn;	 /* of the loop when it was closed: the slot rests until the next one */
	size_t progress; /* of the head's parser */
	size_t in_n;
	size_t out_n, out_at; /* rendered, and of it sent */
	struct metrics_position at;
	struct console_image *image; /* in use; NULL: none */
	uint8_t *in, *out;	     /* CONSOLE_IN, CONSOLE_OUT bytes, its own */
	uint8_t state;		     /* enum client_state */
	bool keeps_alive, is_chunked;
	bool wants_openmetrics;
	bool has_more; /* of the metrics page */
};

struct console {
	struct loop loop;
	struct loop_source keeper, listener;
	struct role_identity self;
	struct console_image images[CONSOLE_IMAGES], *image; /* the newest; NULL: none yet */
	const struct page_health_page *health;
	const struct page_keeper_page *keeper_page;
	const struct page_audit_page *audit;
	const struct page_exporter_page *exporter;
	const struct page_shipper_page *shipper;
	const struct page_gate_page *gate; /* NULL: there is no gateway */
	const struct page_cells_page *cells;
	const struct page_load_page *load[PAGE_LOADS];
	uint64_t edge_loops[ROLE_EDGES_MAX], edge_alive_ms[ROLE_EDGES_MAX];
	struct client client[CONSOLE_CLIENTS];
	uint64_t tick_ms;
	bool is_ending;
};

extern const struct sandbox_spec console_sandbox;

/* pages: */

/* pages_take_image, pages_take_page - what the keeper gives; the descriptor stays the caller's.
 * E_PROTO: it is no such thing · E_LIMIT · E_SYS (logged) */
enum err pages_take_image(struct console *c, int fd);
enum err pages_take_page(struct console *c, uint8_t kind, uint16_t index, int fd);

/* pages_tick - looks which edges are alive */
void pages_tick(struct console *c);

/* pages_source - what an answer is made from; image may be NULL */
struct metrics_source pages_source(const struct console *c, const struct console_image *image);

/* client: */

/* client_init - buffers from a. E_NOMEM */
enum err client_init(struct console *c, struct arena *a);

/* client_on_listener, client_on_event - the loop's handlers */
void client_on_listener(void *owner, struct loop_source *source, uint32_t events);
void client_on_event(void *owner, struct loop_source *source, uint32_t events);

/* client_tick - closes those whose time is over */
void client_tick(struct console *c);

#endif
