/*
 * Frames between processes: AF_UNIX SOCK_SEQPACKET, one frame per packet, at most FRAME_MAX bytes.
 *
 * On the wire, big-endian: version u8, type u8, number of descriptors u16, sequence u32, body.
 * Each pair of roles has one table of messages (struct frame_def); a frame that is not in the
 * table, comes in the wrong phase, or has the wrong length or number of descriptors ends the
 * conversation (THREATS A20). Descriptors that were not asked for are closed.
 */
#ifndef IPC_FRAME_H
#define IPC_FRAME_H

#include "base/wbuf.h"

enum {
	FRAME_VERSION = 1,
	FRAME_HEADER = 8,
	FRAME_MAX = 4096,
	FRAME_BODY_MAX = FRAME_MAX - FRAME_HEADER,
	FRAME_FDS = 4
};

/*
 * Phases, as bits of a row. FRAME_SHORT beside them: the handler is also given the frame when this
 * process had no descriptor left for what came with it, which is nobody's fault but its own:
 * without any, fd_n 0. To other rows such a frame is one with the wrong number of descriptors.
 */
enum frame_phase { FRAME_BOOT = 1, FRAME_RUN = 2, FRAME_SHORT = 4 };

struct frame {
	uint8_t type;
	uint32_t seq;	  /* of a request, repeated in its reply; 0 when there is none */
	struct view body; /* borrowed from the receive buffer */
	int fds[FRAME_FDS];
	unsigned fd_n; /* descriptors still owned by the frame; frame_take_fd gives one away */
	bool is_short; /* it came with descriptors that this process had no room for: fd_n is 0 */
};

struct frame_def {
	uint8_t type;
	uint8_t fds;				     /* exact number of descriptors */
	uint8_t phases;				     /* bits of enum frame_phase */
	uint16_t min, max;			     /* body length, bytes */
	enum err (*on)(void *role, struct frame *f); /* any error ends the conversation */
};

struct frame_table {
	const struct frame_def *defs;
	size_t n;
};

/*
 * frame_send - one frame to fd, never partly
 *   fds     borrows; descriptors to pass; they stay open here
 * E_AGAIN the peer's queue is full · E_CLOSED the peer is gone · E_LIMIT body too long · E_SYS
 */
enum err frame_send(int fd, uint8_t type, uint32_t seq, struct view body, const int *fds,
		    unsigned fd_n);

/*
 * frame_receive - the next frame from fd (not blocking when fd is not)
 *   buf     where body will point; FRAME_MAX bytes
 *   ret     owns the received descriptors
 * E_AGAIN nothing there · E_CLOSED end of conversation · E_PROTO bad header, truncated, stray
 * control message · E_NOMEM no descriptor was left here for what came with it
 */
enum err frame_receive(int fd, uint8_t buf[FRAME_MAX], struct frame *ret);

/* frame_receive_short - the same, but what would be E_NOMEM is a frame that is_short */
enum err frame_receive_short(int fd, uint8_t buf[FRAME_MAX], struct frame *ret);

/* frame_take_fd - gives descriptor i (it is then the caller's to close); INVARIANT i < fd_n and not
 * yet taken */
int frame_take_fd(struct frame *f, unsigned i);

/* frame_done - closes what nobody took */
void frame_done(struct frame *f);

/*
 * frame_dispatch - looks f up in the table and runs its handler, then frame_done
 * E_DENIED not in the table, wrong phase, length or descriptors; else what the handler returned
 */
enum err frame_dispatch(const struct frame_table *t, enum frame_phase phase, void *role,
			struct frame *f);

/*
 * frame_pump - receives and dispatches until fd has nothing more, at most budget frames
 *   E_OK and E_AGAIN (nothing more) continue · anything else: close fd, the peer is gone or hostile
 */
enum err frame_pump(int fd, const struct frame_table *t, enum frame_phase phase, void *role,
		    unsigned budget);

#endif
