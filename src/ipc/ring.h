/*
 * The audit ring: records from one worker to the audit role, through memory (promise P9).
 *
 * Two mappings: data, which only the worker writes, and cursor, which only audit writes. The
 * worker can't take back what audit has read, audit never trusts a length or position it finds in
 * data further than the ring's own size. What does not fit is counted, and the count is itself a
 * record. Events of security are never dropped: their writer is told E_AGAIN and must refuse what
 * it was about to do.
 */
#ifndef IPC_RING_H
#define IPC_RING_H

#include "base/wbuf.h"

#include <stdatomic.h>

enum { RING_BYTES = 1 << 20, RING_BYTES_SMALL = 1 << 16, RING_RECORD_MAX = 8192 };

struct ring_data {
	_Atomic uint64_t head;	  /* bytes ever written */
	_Atomic uint64_t dropped; /* access records that did not fit, ever */
	uint32_t bytes;		  /* capacity: a power of two */
	uint32_t pad;
	_Alignas(64) uint8_t at[]; /* frames: u32 length (native), body, padded to 4 */
};

struct ring_cursor {
	_Atomic uint64_t tail; /* bytes ever consumed */
	_Atomic uint32_t
		is_asleep; /* audit waits: a writer that sees 1 wakes it through the eventfd */
};

/* One mapped end. */
struct ring_writer {
	struct ring_data *data;
	const struct ring_cursor *cursor;
	uint32_t bytes; /* own copy of the capacity */
	int wake_fd;	/* eventfd shared by all writers; -1: audit polls */
};

struct ring_reader {
	const struct ring_data *data;
	struct ring_cursor *cursor;
	uint64_t tail; /* own copy: never read back from shared memory */
	uint32_t bytes;
	uint64_t dropped_seen;
};

enum ring_class { RING_ACCESS, RING_EVENT };

/*
 * ring_put - one record, at most RING_RECORD_MAX bytes, all or nothing
 * RING_ACCESS may use seven eighths of the ring, and when that is full counts itself dropped:
 * E_LIMIT. RING_EVENT may use all of it: E_AGAIN when full. No system call unless audit sleeps.
 */
enum err ring_put(struct ring_writer *w, enum ring_class c, struct view record);

/*
 * ring_get - the oldest unread record, copied out of shared memory into buf before anything looks
 * at it E_AGAIN empty · E_PROTO the writer's frame makes no sense: the ring is closed by its reader
 */
enum err ring_get(struct ring_reader *r, uint8_t buf[RING_RECORD_MAX], struct view *ret);

/* ring_release - tells the writer that everything got so far is safely stored */
void ring_release(struct ring_reader *r);

/* ring_init - lays out an empty ring in size bytes of zeroed shared memory, by the keeper */
void ring_init(struct ring_data *d, uint32_t bytes);

#endif
