/*
 * Records of cells: one packet each, on a channel of its own per cell. A record stays in the
 * socket until its line is in the file, so that nothing is lost when audit is killed: the spawner
 * keeps the same end, and gives it to the next audit.
 *
 * What a record says about where it comes from is not believed: the spawner has said which client
 * the cell serves. Each cell has one record per batch.
 */
#ifndef ROLE_AUDIT_CELLS_H
#define ROLE_AUDIT_CELLS_H

#include "base/list.h"
#include "ipc/ring.h"
#include "ipc/spawner.h"
#include "sys/loop.h"

struct audit;

enum { CELLS_MAX = 2 * CELL_SLOTS, CELLS_SPAWNERS = 128, CELLS_NAME = 24, CELLS_ORIGIN = 56 };

struct cells_slot {
	struct loop_source source; /* first */
	struct audit *audit;
	struct list node; /* in cells.ready: it has something to read, or has ended */
	uint64_t closed_turn;
	bool is_used, is_taken; /* its first record has been rendered, and not been written yet */
	uint8_t name_n, origin_n;
	uint8_t name[CELLS_NAME], origin[CELLS_ORIGIN]; /* "cell[17]"; its client */
};

struct cells {
	struct cells_slot *slot; /* CELLS_MAX; memory is taken when used */
	struct list ready;
	struct loop_source spawner[CELLS_SPAWNERS]; /* fd -1: free */
	uint32_t next, n;
	bool has_missed; /* a cell's channel found no descriptor: it will be told to the next audit
			  */
	uint64_t position; /* of the next record: makes its id */
	uint8_t record[RING_RECORD_MAX];
};

/* cells_init - reserves memory. E_NOMEM */
enum err cells_init(struct audit *a);

/* cells_attach - fd (taken) is a spawner's channel. E_SYS (logged) */
enum err cells_attach(struct audit *a, int fd);

/* cells_collect - a line for what waits, at most one per cell. E_OK something was there · E_AGAIN
 * nothing · E_SYS as chain_end */
enum err cells_collect(struct audit *a);

/* cells_release - what was rendered is in the file: it leaves the sockets */
void cells_release(struct audit *a);

/* cells_are_empty - nothing waits */
bool cells_are_empty(const struct audit *a);

void cells_on_spawner(void *owner, struct loop_source *source, uint32_t events);
void cells_on_event(void *owner, struct loop_source *source, uint32_t events);

#endif
