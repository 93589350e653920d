/*
 * Datagrams, many with one system call, and from which of this machine's addresses they go. Relay
 * only: no other role's sandbox has these calls.
 */
#ifndef SYS_DATAGRAM_H
#define SYS_DATAGRAM_H

#include "base/ip.h"

#include <netinet/in.h>
#include <sys/socket.h>

enum { DATAGRAM_BATCH = 32, DATAGRAM_BYTES = 65536, DATAGRAM_CONTROL = 64 };

struct datagram {
	struct view bytes;
	struct ip remote; /* who sent it, or gets it */
	struct ip local;  /* of this machine: where it went to, or where it is to come from */
	uint32_t scope;	  /* interface of a link-local remote; 0: none */
	uint16_t port;	  /* remote's */
	bool is_cut;	  /* it was longer than max: only its beginning is here */
	bool is_bogus; /* no answer could go back: port 0, or sent to many (RFC 1122 §4.1.3.5) */
};

union datagram_name {
	struct sockaddr any;
	struct sockaddr_in v4;
	struct sockaddr_in6 v6;
};

union datagram_control {
	struct cmsghdr head;
	uint8_t bytes[DATAGRAM_CONTROL];
};

/* What one call receives, or sends; large, and made once. */
struct datagram_batch {
	unsigned n; /* of at */
	struct datagram at[DATAGRAM_BATCH];
	uint8_t *memory; /* keeps: DATAGRAM_BYTES for each */
	/* for the kernel */
	struct mmsghdr message[DATAGRAM_BATCH];
	struct iovec piece[2 * DATAGRAM_BATCH];
	union datagram_name name[DATAGRAM_BATCH];
	union datagram_control control[DATAGRAM_BATCH];
};

/*
 * datagram_receive_from - what waits on a bound socket, into an empty b
 *   max   bytes of the longest
 * E_AGAIN nothing waits · E_SYS (not logged)
 */
enum err datagram_receive_from(int fd, uint32_t max, struct datagram_batch *b);

/*
 * datagram_receive - what waits on a connected socket, behind the b->n that are there; the caller
 * says whom they are for. b is not full
 * E_AGAIN nothing waits · E_CLOSED nobody is there (ICMP: RFC 1122 §4.1.3.3)
 */
enum err datagram_receive(int fd, uint32_t max, struct datagram_batch *b);

/* datagram_send_to - all of b from a bound socket; how many the kernel took */
unsigned datagram_send_to(int fd, struct datagram_batch *b);

/* What one call sends to a connected socket. */
struct datagram_run {
	struct view prefix; /* in front of each; may be empty */
	unsigned first, n;  /* of the batch */
};

/*
 * datagram_send - a run of b to a connected socket, of which b was received from others
 *   ret_sent   how many the kernel took, whatever comes back
 * E_AGAIN it did not take one · E_CLOSED nobody is there
 */
enum err datagram_send(int fd, struct datagram_batch *b, const struct datagram_run *run,
		       unsigned *ret_sent);

/* datagram_send_one - the same for one that lies elsewhere */
enum err datagram_send_one(int fd, struct view prefix, struct view bytes);

/* datagram_is - fd is a socket of datagrams */
bool datagram_is(int fd);

#endif
