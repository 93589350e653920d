/* A whole edge inside a test: pages of several edges, an image, a listener, and the dialer's end.
 */
#ifndef TESTS_UNIT_ROLE_EDGE_EDGE_RIG_H
#define TESTS_UNIT_ROLE_EDGE_EDGE_RIG_H

#include "role/edge/edge.h"

enum { EDGE_RIG_PEERS = 4, EDGE_RIG_SERVERS = 64 };

struct edge_rig {
	struct edge *edge;			     /* index 0 */
	struct page_load_page *page[EDGE_RIG_PEERS]; /* one per edge, ours first */
	struct generation *g;
	int listener, dialer;
	uint16_t port;		      /* of the listener, on 127.0.0.1 */
	int server[EDGE_RIG_SERVERS]; /* our ends of the connections that it was given */
	uint32_t server_slot[EDGE_RIG_SERVERS];
	unsigned server_n;
	const void *owned[2]; /* what only the edge's own memory points at, which the leak checker
				 can't see */
};

/* edge_rig_start - of a configuration whose first listener is http; aborts when anything fails. A
 * process has one rig, static, which may be started again after it was stopped */
void edge_rig_start(struct edge_rig *r, const char *yaml);
void edge_rig_stop(struct edge_rig *r);

/* edge_rig_image - a configuration, compiled; the caller closes it */
int edge_rig_image(const char *yaml, uint32_t generation);

/* edge_rig_turn - lets it run, answers its dials */
void edge_rig_turn(struct edge_rig *r);

/* edge_rig_client - a connection to its listener that sends text; the caller closes it */
int edge_rig_client(const struct edge_rig *r, const char *text);

/* edge_rig_asked - the index of a connection to a server on which something has come since the last
 * call, which is thrown away; -1: none */
int edge_rig_asked(struct edge_rig *r);

/* edge_rig_say - sends text */
void edge_rig_say(int fd, const char *text);

/* edge_rig_hear - has fd received bytes that begin with text? They are taken. */
bool edge_rig_hears(int fd, const char *text);

/* edge_rig_exchange - an exchange of pool i by its order in the image, for functions that look at
 * pools; belongs to no client */
struct exchange edge_rig_exchange(struct edge_rig *r, uint32_t i);

#endif
