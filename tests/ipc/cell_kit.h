/*
 * A whole cell inside a test: the edge's code with a porter at its gate, between a client of the
 * test's, servers of the test's and an authority of the test's that answers as it is told to. The
 * listener speaks plain HTTP, so that tests write what they mean.
 *
 * The portal is login.example.nl; applications: cases (header X-Sluis-Identity, JWT) and wiki
 * (header Remote-User, no JWT).
 */
#ifndef TESTS_IPC_CELL_KIT_H
#define TESTS_IPC_CELL_KIT_H

#include "ipc/cell_authority.h"
#include "role/cell/porter.h"

#include <netinet/in.h>

enum { KIT_SERVERS = 32, KIT_RECEIVED = 1 << 17, KIT_TOKENS = 64, KIT_KINDS = 64 };

struct kit_server {
	int fd;
	size_t n;
	uint8_t got[KIT_RECEIVED];
};

/* What the authority knows of a token's hash. */
struct kit_token {
	uint64_t app; /* 0: the portal */
	struct hash32 hash;
	uint8_t verdict, reason, flags;
};

struct kit {
	struct edge *edge;
	struct page_gate_page *page;
	int listener, dialer, authority, client;
	struct sockaddr_in address;
	struct image_listener plain; /* what the image says, without TLS */
	struct kit_server servers[KIT_SERVERS];
	const void *owned[5]; /* what only the edge's own memory points at, which the leak checker
				 can't see */
	unsigned server_n;
	size_t answer_n;
	uint8_t answer[KIT_RECEIVED]; /* what the client has got */
	/* the authority */
	struct kit_token tokens[KIT_TOKENS];
	unsigned token_n;
	struct hash32 code, nonce;			     /* of the last ticket */
	unsigned asked[KIT_KINDS];			     /* questions by type */
	uint8_t login_state, reason, wait_s, offers, ticket; /* what it says */
	bool is_silent;					     /* questions stay unanswered */
	bool is_hostile;				     /* answers are of the wrong kind */
	uint32_t slot;					     /* of sessions */
	uint64_t until_s, fresh_s;
	struct view user, assertion;
	uint32_t seqs[CELL_QUESTIONS]; /* of unanswered questions */
	uint8_t types[CELL_QUESTIONS];
	unsigned open_n;
};

struct kit *kit_new(void);
/* kit_free - closes what it has open; its memory stays, as a cell's does */
void kit_free(struct kit *k);

/* kit_forget - servers, tokens, answers: as new; the connection is closed */
void kit_forget(struct kit *k);

/* kit_token - the authority knows this token from now on: text of 43 characters */
struct kit_token *kit_token(struct kit *k, uint64_t app, struct view text, uint8_t verdict);

uint64_t kit_app(const struct kit *k, const char *name);

/* kit_turn - everybody does what there is to do */
void kit_turn(struct kit *k);
void kit_connect(struct kit *k);
void kit_send(struct kit *k, struct view v);

/* kit_ask - sends, turns until an answer is there, and gives it */
struct view kit_ask(struct kit *k, const char *text);

/* kit_serve - the newest server connection answers */
void kit_serve(struct kit *k, const char *text);

/* kit_new_authority - the channel is closed and there is another one; kit_lose_authority - there is
 * none */
void kit_new_authority(struct kit *k);
void kit_lose_authority(struct kit *k);

/* kit_got - all that servers got, in the order of their connections */
size_t kit_got(const struct kit *k);
bool kit_got_has(const struct kit *k, struct view text);

bool kit_has(struct view all, struct view text);

#endif
