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

/* An edge at 100,000 requests a second writes 40 MB/s: its ring holds what a disk may hold up for a
 * tenth of a second. */
enum { RING_BYTES = 1 << 22, RING_BYTES_SMALL = 1 << 16, RING_RECORD_MAX = 8192 };

struct ring_data {
	_Atomic uint64_t head;	  /* bytes ever written */
	_Atomic uint64_t dropped; /* access records that did not fit, ever */
	uint32_t bytes;		  /* capacity: a power of two */
	uint32_t pad;
	_Alignas(64) uint8_t at[]; /* frames: u32 length (native), body, padded to 4 */
};

struct ring_cursor {
	_Atomic uint64_t tail; /* bytes ever consumed */
	_Atomic uint64_t told; /* of ring_data.dropped, how many the log tells of */
};

/* One mapped end. */
struct ring_writer {
	struct ring_data *data;
	const struct ring_cursor *cursor;
	void *map[2];	/* the two mappings, for ring_writer_unmap */
	uint32_t bytes; /* own copy of the capacity */
};

struct ring_reader {
	const struct ring_data *data;
	struct ring_cursor *cursor;
	uint64_t tail; /* own copy: never read back from shared memory */
	uint64_t told; /* likewise */
	void *map[2];  /* the two mappings, for ring_reader_unmap */
	uint32_t bytes;
};

enum ring_class { RING_ACCESS, RING_EVENT };

/* ring_data_bytes - size of the memory file for a ring of capacity bytes */
size_t ring_data_bytes(uint32_t capacity);

/* ring_init - lays out an empty ring in ring_data_bytes(capacity) of zeroed shared memory, by the
 * keeper */
void ring_init(struct ring_data *d, uint32_t capacity);

/*
 * ring_writer_map, ring_reader_map - map the two ends that KEEPER_RING brought; the descriptors
 * stay the caller's and may be closed afterwards
 * E_PROTO the memory is not a ring of sealed size · E_SYS (logged)
 */
enum err ring_writer_map(int data_fd, int cursor_fd, struct ring_writer *ret);
enum err ring_reader_map(int data_fd, int cursor_fd, struct ring_reader *ret);
void ring_writer_unmap(struct ring_writer *w);
void ring_reader_unmap(struct ring_reader *r);

/*
 * ring_put - one record of 1 to RING_RECORD_MAX bytes, all or nothing
 * RING_ACCESS may use seven eighths of the ring, and when that is full counts itself dropped:
 * E_LIMIT. RING_EVENT may use all of it: E_AGAIN when full. E_PROTO: a length that is never
 * possible. No system call: audit polls.
 */
enum err ring_put(struct ring_writer *w, enum ring_class c, struct view record);

/*
 * ring_get - the oldest unread record, copied out of shared memory into buf before anything looks
 * at it E_AGAIN empty · E_PROTO the writer's frame makes no sense: the ring is closed by its reader
 */
enum err ring_get(struct ring_reader *r, uint8_t buf[RING_RECORD_MAX], struct view *ret);

/*
 * ring_lost - how many records were dropped since this was last asked
 *   ret_total  all of them, ever
 * E_PROTO the count went down: the writer lies
 */
enum err ring_lost(struct ring_reader *r, uint64_t *ret_new, uint64_t *ret_total);

/* ring_release - tells the writer that everything got and told so far is safely stored */
void ring_release(struct ring_reader *r);

/* ring_waiting - bytes not yet got, as the writer says (never more than the capacity) */
uint64_t ring_waiting(const struct ring_reader *r);

#endif
