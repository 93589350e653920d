/*
 * The signer's state: keys, the audit key, and who may ask. Owned by main().
 */
#ifndef ROLE_SIGNER_SIGNER_H
#define ROLE_SIGNER_SIGNER_H

#include "base/list.h"
#include "conf/image.h"
#include "ipc/edge_signer.h"
#include "ipc/evidence_signer.h"
#include "ipc/keeper_role.h"
#include "ipc/ring.h"
#include "ipc/spawner.h"
#include "role/signer/keys.h"
#include "role/signer/seal.h"
#include "role/signer/token.h"
#include "sys/loop.h"
#include "sys/sandbox.h"

enum {
	SIGNER_PEERS =
		2 * (ROLE_EDGES_MAX + 1), /* a restarted peer's old channel may still stand */
	SIGNER_PER_S = 20000,		  /* signatures per channel; a core makes fewer */
	SIGNER_BURST = 4000,
	SIGNER_COMMANDS = 4,   /* channels of `sluis evidence` at a time */
	SIGNER_AUTHORITIES = 4 /* channels at a time: a restarted one's old one may still stand */
};

enum signer_source { SIGNER_KEEPER, SIGNER_PEER, SIGNER_CELL, SIGNER_SOURCES };

enum { SIGNER_CELLS = 2 * CELL_SLOTS /* a new cell's slot may still have an old channel */ };

struct signer;

/* A channel to an edge, to audit, to an authority, to a spawner or to a command. */
struct signer_peer {
	struct loop_source source; /* first: an event's source is its peer */
	struct signer *signer;
	uint64_t filled_ms; /* when tokens were last added */
	uint32_t tokens;    /* signatures it may ask for at once */
	uint32_t refused;   /* since the last event about it */
	uint64_t told_ms;
	uint16_t index;
	uint8_t role;  /* enum role */
	bool is_stuck; /* its queue is full: an answer waits, nothing more is read from it */
	uint8_t stuck_type;
	uint32_t stuck_seq;
	struct wbuf stuck; /* body, in room */
	uint8_t room[2 + SIGNER_SIGNATURE_MAX];
	uint8_t *large; /* the authority's, whose answers are longer: room of SIGNER_ANSWER_MAX */
};

enum { SIGNER_ANSWER_MAX = 2 + (GATE_JWT_MAX > 2048 ? GATE_JWT_MAX : 2048) };

/* A channel to a cell: cells.c. */
struct signer_cell {
	struct loop_source source; /* first */
	struct signer *signer;
	uint64_t filled_ms, closed_turn;
	struct ip ip; /* of its client, as the spawner says */
	uint16_t port, tokens, listener;
	bool is_used;
};

struct signer {
	struct loop loop;
	struct loop_source keeper;
	struct role_identity self;
	struct keys keys;
	struct seal seal;
	struct token token;
	uint8_t answers[SIGNER_AUTHORITIES][SIGNER_ANSWER_MAX];
	struct ring_writer ring;
	int image_fd, dir_fd; /* boot only */
	unsigned peer_n;
	bool had_peer, is_draining;
	uint64_t drain_ms;
	struct signer_peer peers[SIGNER_PEERS];
	uint64_t cells_told_ms; /* when a cell was last told of */
	/* of listeners with isolation: cell; the others' cells, which there are none of, get
	 * nothing */
	struct keys_scope cell_scope[IMAGE_LISTENER_SLOTS];
	uint32_t next_cell; /* where the search for a place begins */
	struct signer_cell cells[SIGNER_CELLS];
};

extern const struct sandbox_spec signer_sandbox;

#endif
