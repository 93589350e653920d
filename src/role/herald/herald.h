/*
 * The herald's data: the gate page and images it reads, the status page drawn from them, and a
 * small HTTP server for one address. main() owns it.
 *
 * The page is drawn when what it says has changed, never for a request: a request picks one of a
 * few documents.
 */
#ifndef ROLE_HERALD_HERALD_H
#define ROLE_HERALD_HERALD_H

#include "base/arena.h"
#include "base/list.h"
#include "ipc/keeper_role.h"
#include "ipc/pages.h"
#include "proto/http1.h"
#include "role/herald/sheet.h"
#include "sys/loop.h"
#include "sys/sandbox.h"

enum {
	HERALD_CLIENTS = 256,
	HERALD_PER_SOURCE = 128, /* of them, of one network: a proxy in front is one */
	HERALD_IN = 4096,	 /* bytes a request head may have */
	HERALD_FIELDS = 64,
	HERALD_HEAD = 1024,	      /* of an answer, or a small answer whole */
	HERALD_SHEET = 2 << 20,	      /* of one document; touched as far as it is filled */
	HERALD_REQUEST_MS = 5 * 1000, /* a head has to be there within */
	HERALD_SEND_MS = 20 * 1000,   /* an answer has to be taken within, whole */
	HERALD_KEEP_MS = 15 * 1000,   /* between two requests */
	HERALD_YIELD_MS = 1000,	      /* who has been silent so long gives way to a new client */
	HERALD_SETS = 4,	      /* old ones stay while an answer is made from them */
	HERALD_IMAGES = 2,	      /* what is drawn has its texts in it: one in use, one new */
	HERALD_TICK_MS = 250,	      /* changes are looked for */
	HERALD_DRAW_MS = 100	      /* and not drawn more often */
};

enum herald_source { HERALD_KEEPER, HERALD_LISTENER, HERALD_CLIENT, HERALD_SOURCES };

enum client_state { CLIENT_FREE = 0, CLIENT_READING, CLIENT_WRITING };

/* The documents of one moment. */
struct sheets {
	uint8_t *text[SHEET_KINDS]; /* HERALD_SHEET bytes each */
	size_t n[SHEET_KINDS];	    /* 0: it did not fit */
	uint64_t tag[SHEET_KINDS];  /* of its bytes, for ETag */
	unsigned users;
};

struct client {
	struct loop_source source;
	struct ip network;
	uint64_t since_ms, due_ms;
	uint64_t turn;	 /* of the loop when it was closed: the slot rests until the next one */
	size_t progress; /* of the head's parser */
	size_t in_n, out_n, out_at;
	struct sheets *sheets; /* in use; NULL: none */
	struct view body;      /* behind the head in out; borrowed from sheets, or a constant */
	size_t body_at;
	uint8_t state; /* enum client_state */
	bool keeps_alive;
	uint8_t in[HERALD_IN], out[HERALD_HEAD];
};

struct herald_image {
	struct image image;
	void *map; /* NULL: free */
	size_t bytes;
};

struct herald {
	struct loop loop;
	struct loop_source keeper, listener;
	struct role_identity self;
	struct herald_image images[HERALD_IMAGES], *image; /* the newest; NULL: none yet */
	const struct page_gate_page *gate;
	struct sheets sets[HERALD_SETS], *now; /* NULL: nothing was drawn yet */
	struct board boards[2], *board, *before;
	uint64_t drawn_ms, born_s, tick_ms;
	uint64_t level_version, notice_version; /* that were drawn */
	bool is_stale;				/* it has to be drawn anew, whatever they are */
	bool is_ending;
	struct client client[HERALD_CLIENTS];
};

extern const struct sandbox_spec herald_sandbox;

/* sheets: what is drawn, and when */

/* sheets_init - E_NOMEM */
enum err sheets_init(struct herald *h, struct arena *a);

/* sheets_take_image, sheets_take_page - what the keeper gives; the descriptor stays the caller's.
 * E_PROTO: it is no such thing · E_SYS (logged) */
enum err sheets_take_image(struct herald *h, int fd);
enum err sheets_take_page(struct herald *h, uint8_t kind, int fd);

/* sheets_look - draws it anew when it says something else now, or was not known */
void sheets_look(struct herald *h);

/* client: one request after the other */

void client_init(struct herald *h);
void client_on_listener(void *owner, struct loop_source *source, uint32_t events);
void client_on_event(void *owner, struct loop_source *source, uint32_t events);

/* client_tick - closes those whose time is over */
void client_tick(struct herald *h);

#endif
