/*
 * Outgoing connections that don't block: begin, ask how it went, exchange bytes. Dialer only: every
 * other role's sandbox has no such system call (promise P4).
 */
#ifndef SYS_CONNECT_H
#define SYS_CONNECT_H

#include "base/ip.h"

/* Why there is no connection; CONNECT_OK: it has begun, or stands. */
enum connect_result {
	CONNECT_OK,
	CONNECT_REFUSED,     /* nobody listens, or reset */
	CONNECT_TIMEOUT,     /* the kernel gave up */
	CONNECT_UNREACHABLE, /* no route */
	CONNECT_BUSY,	     /* this machine has no descriptor, port or memory left */
	CONNECT_FORBIDDEN    /* by this process's own limits, or rules of this machine */
};

/* connect_tcp - begins; *ret_fd is non-blocking, CLOEXEC, TCP_NODELAY, writable when done */
enum connect_result connect_tcp(const struct ip *ip, uint16_t port, int *ret_fd);

/* connect_udp - a socket of datagrams that hears this address and port alone; it stands at once,
 * and whether anybody is there shows when something is sent */
enum connect_result connect_udp(const struct ip *ip, uint16_t port, int *ret_fd);

/* connect_unix - the same to a socket in the file system; a path longer than 107 bytes is
 * CONNECT_UNREACHABLE */
enum connect_result connect_unix(struct view path, int *ret_fd);

/*
 * connect_finish - how a connection that became writable or failed went
 * A TCP connection to a port of this machine where nobody listens can meet itself (RFC 9293 §3.5,
 * simultaneous open, when the kernel draws that very port): that is CONNECT_REFUSED.
 */
enum connect_result connect_finish(int fd);

/* connect_send - some of v, without blocking. E_AGAIN nothing now · E_CLOSED */
enum err connect_send(int fd, struct view v, size_t *ret_sent);

/* connect_receive - what is there, at most w's room (which is not 0). E_AGAIN nothing now · E_SHORT
 * end of stream · E_CLOSED reset */
enum err connect_receive(int fd, struct wbuf *w);

#endif
