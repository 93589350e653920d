/*
 * What audit hands on to the authority: alarms as they go into the log. Of the same action and
 * object one every ten seconds, with the count of those in between, and of all together two a
 * second after the first few: what is beyond is told as one alarm of its own (alarm.flood). A
 * writer can fill the log's share that it has, and nothing else (THREATS A22).
 *
 * While the authority is away the newest of each kind waits here.
 */
#ifndef ROLE_AUDIT_ALARMS_H
#define ROLE_AUDIT_ALARMS_H

#include "ipc/audit_authority.h"
#include "sys/loop.h"

enum { ALARMS_KINDS = 128, ALARMS_CANARIES = 32, ALARMS_BURST = 20 };

struct alarms_kind {
	uint64_t told_ms; /* 0: never */
	uint64_t owed_ms; /* since when it is to be told */
	uint64_t seq, wall_us;
	uint32_t more; /* since it was told, the newest not counted */
	uint8_t n[4];  /* lengths: action, result, origin, writer */
	uint16_t object_n, detail_n;
	bool is_used, is_owed;
	uint8_t action[AUDIT_ALARM_ACTION], object[AUDIT_ALARM_OBJECT], result[AUDIT_ALARM_RESULT],
		origin[AUDIT_ALARM_ORIGIN], writer[AUDIT_ALARM_WRITER], detail[AUDIT_ALARM_DETAIL];
};

struct alarms_canary {
	struct audit_canary told; /* its writer is set when it goes out */
	uint8_t writer[AUDIT_ALARM_WRITER], writer_n;
	bool is_owed;
};

struct alarms {
	struct loop_source authority; /* fd -1: away */
	uint64_t now_ms;	      /* of this turn */
	uint64_t refill_ms;
	uint32_t left;	/* that may be told now */
	uint32_t flood; /* that were not kept apart and are to be told */
	uint64_t flood_seq, flood_us;
	uint32_t next_canary;
	struct alarms_kind kinds[ALARMS_KINDS];
	struct alarms_canary canaries[ALARMS_CANARIES];
};

/* One of them; texts are borrowed, and cut when they are long. */
struct alarms_seen {
	uint64_t seq, wall_us;
	struct view action, object, result, origin, writer, detail;
};

/* alarms_attach - takes the authority's channel, in place of an earlier one */
enum err alarms_attach(struct alarms *as, struct loop *loop, int fd, uint8_t source_kind);

/* alarms_on_event - the authority says nothing here but its end */
void alarms_on_event(struct alarms *as);

/* alarms_see - it is in the log; s NULL-safe for a chain without alarms */
void alarms_see(struct alarms *as, const struct alarms_seen *s);

/* alarms_see_canary - a worker's event of its birth: detail has three hashes in hexadecimal behind
 * "session=", "bearer=", "password=". E_PROTO it has not */
enum err alarms_see_canary(struct alarms *as, struct view writer, struct view detail);

/* alarms_turn - tells what is due */
void alarms_turn(struct alarms *as, uint64_t now_ms);

#endif
