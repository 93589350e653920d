/*
 * The rings that workers fill: read fairly, merged by time, released only when what was read is in
 * the log. A ring that makes no sense is closed and its writer named (THREATS A20, F).
 */
#ifndef ROLE_AUDIT_RINGS_H
#define ROLE_AUDIT_RINGS_H

#include "base/arena.h"
#include "ipc/ring.h"
#include "role/audit/render.h"
#include "role/audit/segment.h"

enum { RINGS_MAX = SEGMENT_RINGS, RINGS_NAME = 32 };

enum rings_state {
	RINGS_FREE = 0,
	RINGS_OPEN,
	RINGS_ENDING, /* its writer is gone: forgotten when empty */
	RINGS_BAD,    /* its writer broke the rules: never read again */
	RINGS_DONE    /* empty and released: the keeper has to be told */
};

struct rings_slot {
	struct ring_reader reader;
	struct view record; /* got but not yet rendered; n = 0: none */
	uint64_t time_us;   /* of record */
	uint64_t position;  /* of record in its ring; where to go back to */
	uint64_t told;	    /* of the reader, at the last release */
	uint64_t stored;    /* position up to which everything is released */
	size_t budget;	    /* bytes of lines it may still fill in this batch */
	uint8_t *buf;	    /* RING_RECORD_MAX bytes, its own */
	uint32_t id;
	uint8_t state; /* enum rings_state */
	uint8_t name_n;
	char name[RINGS_NAME]; /* "edge[0]" */
};

struct rings {
	struct rings_slot slot[RINGS_MAX];
	unsigned n; /* slots that were ever used: [0, n) */
	bool skips_access;
	uint64_t lost; /* records that did not fit, since it was last taken */
	unsigned fill; /* per cent: how full the fullest ring was when the last batch began */
};

/* rings_init - takes RINGS_MAX * RING_RECORD_MAX bytes from a. E_NOMEM */
enum err rings_init(struct rings *rs, struct arena *a);

/*
 * rings_add - a worker's ring; the descriptors stay the caller's
 * E_LIMIT too many · E_DENIED that id is there already · E_PROTO, E_SYS it can't be mapped
 */
enum err rings_add(struct rings *rs, uint32_t id, struct view name, int data_fd, int cursor_fd);

/* rings_skip - records up to and with the one at position are in the log already (P11) */
void rings_skip(struct rings *rs, const struct segment_ring *past);

/* rings_end - the writer is gone. E_DENIED no such ring */
enum err rings_end(struct rings *rs, uint32_t id);

/* What rings_collect could not turn into a line itself. */
struct rings_fault {
	const struct rings_slot *slot;
	const char *what; /* a fixed text; NULL: none */
};

/*
 * rings_collect - renders what waits, oldest first, until the batch is full
 *   ret_fault  the ring that was closed because of its contents, if any: call again afterwards
 * E_OK something may be left · E_AGAIN nothing was there · E_SYS the hash library failed
 */
enum err rings_collect(struct rings *rs, struct chain *c, int64_t wall_us,
		       struct rings_fault *ret_fault);

/* rings_release - everything rendered is in the file: gives the workers their room back */
void rings_release(struct rings *rs);

/* rings_are_empty - no worker has anything that was not rendered */
bool rings_are_empty(const struct rings *rs);

/* rings_next_done - a ring that is ended and drained; false: none. rings_forget unmaps it */
bool rings_next_done(const struct rings *rs, uint32_t *ret_id);
void rings_forget(struct rings *rs, uint32_t id);

#endif
