/*
 * A whole dialer inside a test: an image made by hand, a health page, edges at the other end of
 * socket pairs. Time is real; what needs waiting is waited for with kit_until.
 */
#ifndef TESTS_IPC_DIALER_KIT_H
#define TESTS_IPC_DIALER_KIT_H

#include "role/dialer/dialer.h"

enum { KIT_POOLS = 4, KIT_SERVERS = 16, KIT_BYTES = 8192 };

/* The parts of an image, laid out as the compiler would. */
struct kit_image {
	struct image_header header;
	_Alignas(8) uint8_t bytes[KIT_BYTES];
	struct image_str der[4];
	_Alignas(8) struct ip_net network[4];
	_Alignas(8) struct image_pool pool[KIT_POOLS];
	_Alignas(8) struct image_server server[KIT_SERVERS];
	_Alignas(8) struct image_status_range status[4];
	_Alignas(8) uint8_t end[8];
	uint32_t byte_n, der_n, network_n, pool_n, server_n, status_n;
};

struct kit {
	struct kit_image image;
	struct dialer *d;
	struct page_health_page *page;
	int edge; /* the edge's end of its channel; -1: none yet */
};

/* kit_image_init - generation 1, nothing in it */
void kit_image_init(struct kit_image *im);

struct image_str kit_text(struct kit_image *im, const char *text);

/* kit_pool - a pool with sensible times and no checks; its servers are those added next */
struct image_pool *kit_pool(struct kit_image *im, const char *name);

/* kit_server - an address, a name or (port 0) a path as server of the last pool; slot = its index,
 * slot_gen 1 */
struct image_server *kit_server(struct kit_image *im, const char *address, uint16_t port);

/* kit_check - the image as bytes, checked; aborts when it is not good */
void kit_check(struct kit_image *im, struct image *ret);

/* kit_start - a dialer of this image, with the page of an earlier one or a new one */
void kit_start(struct kit *k, const struct dialer_setup *setup, struct page_health_page *page);
void kit_stop(struct kit *k);

/* kit_edge - a new edge channel; returns the edge's end, non-blocking */
int kit_edge(struct kit *k);

/* kit_relay - the same for the relay, whose end becomes k->edge */
int kit_relay(struct kit *k);

/* kit_shipper - the same for the shipper */
int kit_shipper(struct kit *k);

/* kit_turns - turns for ms milliseconds */
void kit_turns(struct kit *k, unsigned ms);

/* kit_spin - so many turns without waiting for anything */
void kit_spin(struct kit *k, unsigned turns);

/* kit_until - turns until is(k, arg) or ms have passed; what is() said last */
bool kit_until(struct kit *k, unsigned ms, bool (*is)(struct kit *k, void *arg), void *arg);

/* kit_dial - EDGE_DIAL to the edge's end */
void kit_dial(int edge, uint32_t seq, uint32_t slot, uint32_t slot_gen);

/* kit_tell - EDGE_FAILURE (why) or EDGE_SUCCESS (why 0) */
void kit_tell(int edge, uint32_t slot, uint32_t slot_gen, uint8_t why);

/* kit_answer - turns until an answer has come: its type, sequence, and reason or (in *ret_fd, to be
 * closed) descriptor. 0: nothing in ms; -1: the channel was closed */
int kit_answer(struct kit *k, int edge, unsigned ms, uint32_t *ret_seq, uint8_t *ret_why,
	       int *ret_fd);

/* kit_listen - a listening socket on 127.0.0.1 (or ::1), non-blocking; *ret_port its port */
int kit_listen(const char *address, int backlog, uint16_t *ret_port);

/* kit_closed_port - a port of 127.0.0.1 where nobody listens */
uint16_t kit_closed_port(void);

#endif
