/* A relay in this process: the test is its keeper, its dialer, its clients and its server. */
#ifndef TESTS_IPC_RELAY_KIT_H
#define TESTS_IPC_RELAY_KIT_H

#include "role/relay/relay.h"

#include <netinet/in.h>

struct relay_kit {
	struct relay *r;
	int keeper, dialer; /* our ends */
	int server;	    /* where sockets of relay_kit_answer lead */
	struct sockaddr_in listener, server_at;
	uint32_t generation;
};

/* relay_kit_open - with this configuration, whose first listener of datagrams gets a socket on a
 * port of its own; "PORT" in it becomes that port */
void relay_kit_open(struct relay_kit *k, const char *yaml);
void relay_kit_close(struct relay_kit *k);

/* relay_kit_swap - another configuration, as the keeper brings it */
void relay_kit_swap(struct relay_kit *k, const char *yaml);

/* relay_kit_client - a socket connected to the listener */
int relay_kit_client(const struct relay_kit *k);

/* relay_kit_turn - turns until nothing happens */
void relay_kit_turn(struct relay_kit *k);

/* relay_kit_asked - the sequence number of the next dial; false: there is none. *ret_type: of the
 * frame */
bool relay_kit_asked(struct relay_kit *k, uint32_t *ret_seq, uint8_t *ret_type);

/* relay_kit_connect - a socket to the server, as a dialer makes it */
int relay_kit_connect(const struct relay_kit *k);

/* relay_kit_give - gives it as the answer to this dial, unless the relay has closed the channel */
void relay_kit_give(struct relay_kit *k, uint32_t seq);

/* relay_kit_answer - all dials that have been asked for, with sockets; how many */
unsigned relay_kit_answer(struct relay_kit *k);

/* relay_kit_page - the counters of the listener */
struct page_load_listener *relay_kit_page(const struct relay_kit *k);

#endif
