/*
 * Channels to the edges, to the relay, and to cells; and those on which the spawner introduces
 * cells and the authority says what they may reach. An edge may be hostile (THREATS A20): it can
 * name a server that is in the image, say that one failed, and fill its own share of the table;
 * anything else ends its channel.
 */
#ifndef ROLE_DIALER_EDGE_CHANNEL_H
#define ROLE_DIALER_EDGE_CHANNEL_H

#include "role/dialer/call.h"

enum {
	EDGE_CHANNEL_PENDING = 1024, /* calls of one edge at the same time */
	/* ... of one cell: a page that asks for a hundred things at once gets them (the default of
	 * limits.streams_per_connection) */
	EDGE_CHANNEL_CELL_PENDING = 128,
	EDGE_CHANNEL_CELL_BLOCKED_MS = 5000, /* a cell that reads no answers for so long is closed:
						they are descriptors, of which there are few */
	EDGE_CHANNEL_FRAMES = 64	     /* handled per turn, so that others get theirs */
};

struct edge_channel {
	struct loop_source source;
	struct dialer *dialer;
	struct list outbox; /* calls that ended while the edge did not read */
	uint64_t closed_turn;
	uint64_t blocked_ms; /* since when it does not read */
	uint64_t since_ms;   /* it has this dialer */
	uint32_t pending;
	uint32_t refused_seq; /* an answer without a call: waits in front of the outbox */
	uint8_t refused_why;  /* 0: none waits */
	uint16_t edge;
	uint8_t role; /* enum role: edge, relay (it gets sockets of datagrams), cell, spawner or
			 authority */
	struct spawner_cell cell; /* of a cell: who that is */
	bool is_used;		  /* has a channel; the slot rests a turn after it is gone */
	bool is_broken;		  /* to be closed as soon as its handler has returned */
	bool is_blocked;	  /* it does not read: nothing is read from it either */
};

/* edge_channel_init - the table, at boot. E_NOMEM */
enum err edge_channel_init(struct dialer *d);
void edge_channel_done(struct dialer *d);

/* Whose channel it is. */
struct edge_channel_peer {
	uint16_t edge;
	uint8_t role;		  /* enum role */
	struct spawner_cell cell; /* ROLE_CELL */
};

/* edge_channel_add - takes fd: the channel to this edge, or to the relay. E_NOMEM too many · E_SYS
 */
enum err edge_channel_add(struct dialer *d, const struct edge_channel_peer *peer, int fd);

/* edge_channel_answer - tells c's edge how c ended, and frees c, now or when the edge reads */
void edge_channel_answer(struct dialer *d, struct call *c);

/* edge_channel_tick - about once a second: cells that read no answers */
void edge_channel_tick(struct dialer *d);

/* edge_channel_on_event - from the loop */
void edge_channel_on_event(void *owner, struct loop_source *source, uint32_t events);

/* The messages that may come, by role: their handlers' role is the struct edge_channel. */
extern const struct frame_table edge_channel_tables[ROLE_N];

#endif
