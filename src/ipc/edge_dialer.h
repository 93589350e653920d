/*
 * Edge and dialer: connected descriptors, asked for by server id, never by address (promise P4).
 * The relay says the same words; what it gets are connected sockets of datagrams (role/relay), and
 * only to servers that the image has for them.
 */
#ifndef IPC_EDGE_DIALER_H
#define IPC_EDGE_DIALER_H

#include "ipc/frame.h"

enum edge_dialer_message {
	EDGE_DIAL = 1, /* u32 slot, u32 slot_gen; seq names the pending slot */
	EDGE_FAILURE,  /* u32 slot, u32 slot_gen, u8 enum dial_failure: a request failed on this
			  server: passive marking; seq 0. Failed dials the dialer has counted
			  itself: TIMEOUT, RESET, ANSWER and TLS count, the others are ignored */
	EDGE_SUCCESS   /* u32 slot, u32 slot_gen: the first answer after a failure; seq 0 */
};

enum dialer_edge_message {
	DIALER_CONNECTED = 1, /* fd: connected, non-blocking, TCP_NODELAY (relay: of datagrams); seq
				 as asked */
	DIALER_FAILED	      /* u8 enum dial_failure; seq as asked */
};

enum dial_failure {
	DIAL_REFUSED = 1, /* connection refused or reset */
	DIAL_TIMEOUT,	  /* timeouts.connect */
	DIAL_UNREACHABLE,
	DIAL_NAME,    /* the name does not resolve, or to no permitted address */
	DIAL_UNKNOWN, /* no such server in this image */
	DIAL_BUSY,    /* too many pending dials */
	DIAL_RESET,   /* edge: closed before an answer */
	DIAL_ANSWER,  /* edge: a 5xx or a malformed answer */
	DIAL_TLS      /* edge: TLS to the server failed */
};

#endif
